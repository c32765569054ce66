"""Behaviour assessments: the form, the comparison of assessments, and the calibration exercise
for raters.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, RequestError
from lti_tool.assessment import behaviour_assessment
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.staff_context import form_text, parse_uuid
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS


def blueprint(deps: ToolDeps) -> Blueprint:
    """The pages below ``/t/<visit>/assessments``."""
    pages = Blueprint("assessments", __name__, url_prefix="/t/<uuid:launch_id>/assessments")
    work = deps.unit_of_work

    def render_page(
        who: LaunchSession, template: str, error: RequestError | None, **values: Any
    ) -> ResponseReturnValue:
        return render_template(
            template, **template_values(deps, request, who), error=error, **values
        ), error.status if error else 200

    def enqueue_deliveries() -> None:
        deps.job_requests.request_job(SEND_STATEMENTS)
        deps.job_requests.request_job(SEND_MAILS)

    def render_assessments(
        who: LaunchSession, episode_id: uuid.UUID | None, error: RequestError | None = None
    ) -> ResponseReturnValue:
        view = behaviour_assessment.load_comparison(work, session=who, episode_id=episode_id)
        return render_page(
            who, "assessments.html", error, view=view, mine=episode_id is None, form_id=uuid.uuid4()
        )

    def render_form(
        who: LaunchSession, episode_id: uuid.UUID | None, error: RequestError | None = None
    ) -> ResponseReturnValue:
        view = behaviour_assessment.load_assessment_form(work, session=who, episode_id=episode_id)
        # After BadInput the form keeps its id; after Conflict (other content was stored under
        # it) it gets a new one.
        form_id = (
            request.form.get("form_id", "") if isinstance(error, BadInput) else str(uuid.uuid4())
        )
        return render_page(
            who,
            "assess.html",
            error,
            view=view,
            form_id=form_id,
            sent=request.form.to_dict() if error else {},
            methods=behaviour_assessment.ASSESSMENT_METHODS,
        )

    def submit_assessment(
        who: LaunchSession, episode_id: uuid.UUID | None, back: str
    ) -> ResponseReturnValue:
        try:
            behaviour_assessment.submit_assessment(
                work,
                session=who,
                form_id=parse_uuid(form_text("form_id")),
                episode_id=episode_id,
                method=form_text("method"),
                levels=_chosen_levels(),
                words=form_text("words"),
                now=clock.now(),
            )
        except (BadInput, Conflict) as error:
            return render_form(who, episode_id, error)
        enqueue_deliveries()
        return redirect(f"/t/{who.id}/{back}?done=assessed&of={_draft_key(who)}", code=303)

    @pages.get("")
    def show_own_assessments(launch_id: uuid.UUID) -> ResponseReturnValue:
        return render_assessments(sessions.require_session(deps, request, launch_id), None)

    @pages.get("/of/<uuid:episode_id>")
    def show_learner_assessments(
        launch_id: uuid.UUID, episode_id: uuid.UUID
    ) -> ResponseReturnValue:
        return render_assessments(sessions.require_session(deps, request, launch_id), episode_id)

    @pages.post("/wishes")
    def request_assessment(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        try:
            form_id, rater, words = (
                parse_uuid(form_text("form_id")),
                form_text("rater"),
                form_text("words"),
            )
            behaviour_assessment.request_assessment(
                work, session=who, form_id=form_id, rater=rater, words=words, now=clock.now()
            )
        except BadInput as error:
            return render_assessments(who, None, error)
        enqueue_deliveries()
        return redirect(f"/t/{launch_id}/assessments?done=asked", code=303)

    @pages.get("/form")
    def show_own_form(launch_id: uuid.UUID) -> ResponseReturnValue:
        return render_form(sessions.require_session(deps, request, launch_id), None)

    @pages.post("/form")
    def submit_own_form(launch_id: uuid.UUID) -> ResponseReturnValue:
        return submit_assessment(
            sessions.require_session(deps, request, launch_id), None, "assessments"
        )

    @pages.get("/form/<uuid:episode_id>")
    def show_learner_form(launch_id: uuid.UUID, episode_id: uuid.UUID) -> ResponseReturnValue:
        return render_form(sessions.require_session(deps, request, launch_id), episode_id)

    @pages.post("/form/<uuid:episode_id>")
    def submit_learner_form(launch_id: uuid.UUID, episode_id: uuid.UUID) -> ResponseReturnValue:
        return submit_assessment(
            sessions.require_session(deps, request, launch_id), episode_id, "inbox"
        )

    def render_cases(
        who: LaunchSession, programme: str, error: RequestError | None = None
    ) -> ResponseReturnValue:
        view = behaviour_assessment.load_calibration(work, session=who, programme=programme)
        return render_page(
            who, "cases.html", error, view=view, sent=request.form.to_dict() if error else {}
        )

    @pages.get("/cases/<programme>")
    def show_cases(launch_id: uuid.UUID, programme: str) -> ResponseReturnValue:
        return render_cases(sessions.require_session(deps, request, launch_id), programme)

    @pages.post("/cases/<programme>")
    def rate_case(launch_id: uuid.UUID, programme: str) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        try:
            behaviour_assessment.submit_calibration(
                work,
                session=who,
                programme=programme,
                case_key=form_text("case"),
                levels=_chosen_levels(),
                now=clock.now(),
            )
        except BadInput as error:
            return render_cases(who, programme, error)
        enqueue_deliveries()
        return redirect(f"/t/{launch_id}/assessments/cases/{programme}?done=rated", code=303)

    return pages


def _draft_key(who: LaunchSession) -> str:
    """Return the key of the draft on the device that was submitted: the form's own draft of
    this person.
    """
    return f"{who.person_id}-{request.form.get('draft', '')[:40]}"


def _chosen_levels() -> dict[str, str]:
    """Return criterion → chosen level."""
    return {
        name.removeprefix("level-"): value
        for name, value in request.form.items()
        if name.startswith("level-")
    }
