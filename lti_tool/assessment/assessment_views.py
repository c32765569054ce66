"""Behaviour assessments: the form, the comparison of assessments, and the calibration exercise
for raters.
"""

from __future__ import annotations

import uuid

from flask import request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, RequestError
from lti_tool.assessment import behaviour_assessment
from lti_tool.base.forms import form_text, form_uuid
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import ALL_ROLES, LEADING_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS

ROUTES = Routes("assessments", "/t/<uuid:launch_id>/assessments", open_page)


@ROUTES.get("", roles=ALL_ROLES)
def show_own_assessments(page: PageContext) -> ResponseReturnValue:
    return _render_assessments(page, None)


@ROUTES.get("/of/<uuid:episode_id>", roles=LEADING_ROLES)
def show_learner_assessments(page: PageContext, episode_id: uuid.UUID) -> ResponseReturnValue:
    return _render_assessments(page, episode_id)


@ROUTES.post("/wishes", roles=ALL_ROLES)
def request_assessment(page: PageContext) -> ResponseReturnValue:
    try:
        behaviour_assessment.request_assessment(
            page.work,
            session=page.who,
            form_id=form_uuid("form_id"),
            rater=form_text("rater"),
            words=form_text("words"),
            now=clock.now(),
        )
    except BadInput as error:
        return _render_assessments(page, None, error)
    page.request_jobs(SEND_STATEMENTS, SEND_MAILS)
    return page.redirect("assessments?done=asked")


@ROUTES.get("/form", roles=ALL_ROLES)
def show_own_form(page: PageContext) -> ResponseReturnValue:
    return _render_form(page, None)


@ROUTES.post("/form", roles=ALL_ROLES)
def submit_own_form(page: PageContext) -> ResponseReturnValue:
    return _submit_assessment(page, None, "assessments")


@ROUTES.get("/form/<uuid:episode_id>", roles=ALL_ROLES)
def show_learner_form(page: PageContext, episode_id: uuid.UUID) -> ResponseReturnValue:
    return _render_form(page, episode_id)


@ROUTES.post("/form/<uuid:episode_id>", roles=ALL_ROLES)
def submit_learner_form(page: PageContext, episode_id: uuid.UUID) -> ResponseReturnValue:
    return _submit_assessment(page, episode_id, "inbox")


@ROUTES.get("/cases/<programme>", roles=ALL_ROLES)
def show_cases(page: PageContext, programme: str) -> ResponseReturnValue:
    return _render_cases(page, programme)


@ROUTES.post("/cases/<programme>", roles=ALL_ROLES)
def rate_case(page: PageContext, programme: str) -> ResponseReturnValue:
    try:
        behaviour_assessment.submit_calibration(
            page.work,
            session=page.who,
            programme=programme,
            case_key=form_text("case"),
            levels=_chosen_levels(),
            now=clock.now(),
        )
    except BadInput as error:
        return _render_cases(page, programme, error)
    page.request_jobs(SEND_STATEMENTS, SEND_MAILS)
    return page.redirect(f"assessments/cases/{programme}?done=rated")


def _submit_assessment(
    page: PageContext, episode_id: uuid.UUID | None, back: str
) -> ResponseReturnValue:
    try:
        behaviour_assessment.submit_assessment(
            page.work,
            session=page.who,
            form_id=form_uuid("form_id"),
            episode_id=episode_id,
            method=form_text("method"),
            levels=_chosen_levels(),
            words=form_text("words"),
            now=clock.now(),
        )
    except (BadInput, Conflict) as error:
        return _render_form(page, episode_id, error)
    page.request_jobs(SEND_STATEMENTS, SEND_MAILS)
    return page.redirect(f"{back}?done=assessed")


def _chosen_levels() -> dict[str, str]:
    """Return criterion → chosen level."""
    return {
        name.removeprefix("level-"): value
        for name, value in request.form.items()
        if name.startswith("level-")
    }


def _render_assessments(
    page: PageContext, episode_id: uuid.UUID | None, error: RequestError | None = None
) -> ResponseReturnValue:
    return page.render(
        "assessments.html",
        error.status if error else 200,
        view=behaviour_assessment.load_comparison(
            page.work, session=page.who, episode_id=episode_id
        ),
        error=error,
        mine=episode_id is None,
        form_id=uuid.uuid4(),
    )


def _render_form(
    page: PageContext, episode_id: uuid.UUID | None, error: RequestError | None = None
) -> ResponseReturnValue:
    return page.render(
        "assess.html",
        error.status if error else 200,
        view=behaviour_assessment.load_assessment_form(
            page.work, session=page.who, episode_id=episode_id
        ),
        error=error,
        # After BadInput the form keeps its id; after Conflict (other content was stored under it)
        # it gets a new one.
        form_id=form_text("form_id") if isinstance(error, BadInput) else str(uuid.uuid4()),
        methods=behaviour_assessment.ASSESSMENT_METHODS,
    )


def _render_cases(
    page: PageContext, programme: str, error: RequestError | None = None
) -> ResponseReturnValue:
    return page.render(
        "cases.html",
        error.status if error else 200,
        view=behaviour_assessment.load_calibration(
            page.work, session=page.who, programme=programme
        ),
        error=error,
        sent=request.form.to_dict() if error else {},
    )
