"""The course page for teachers: its roster, its gradebook columns, pending grades."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Forbidden, NotFound, RequestError
from core.http_client import OutsideCallFailed
from core.queue import Job
from lti_tool.base.deps import ToolDeps
from lti_tool.base.forms import form_text
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import TEACHING_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import audit_name
from lti_tool.base.statement_outbox_store import SEND_GRADES
from lti_tool.checks import gradebook
from lti_tool.people.courses_store import SYNC_ROSTERS
from lti_tool.programmes.certification_sources_store import READ_CERTIFICATIONS


def _open_course(
    deps: ToolDeps, allowed: frozenset[str], visit_id: uuid.UUID | None
) -> PageContext:
    page = open_page(deps, allowed, visit_id)
    if not page.who.programme:
        raise Forbidden("No programme is set up for this activity yet.")
    return page


ROUTES = Routes("course", "/t/<uuid:launch_id>/course", _open_course)


@ROUTES.get("/", roles=TEACHING_ROLES)
def show_course(page: PageContext) -> ResponseReturnValue:
    return _render_course(page)


@ROUTES.post("/roster", roles=TEACHING_ROLES)
def request_roster_sync(page: PageContext) -> ResponseReturnValue:
    return _run_course_change(
        page,
        lambda: gradebook.request_roster_sync(page.deps, session=page.who, now=clock.now()),
        "roster",
        SYNC_ROSTERS,
    )


@ROUTES.post("/grades/<int:grade_id>", roles=TEACHING_ROLES)
def resend_course_grade(page: PageContext, grade_id: int) -> ResponseReturnValue:
    return _run_course_change(
        page,
        lambda: gradebook.resend_course_grade(
            page.deps, session=page.who, grade_id=grade_id, now=clock.now()
        ),
        "resend",
        SEND_GRADES,
    )


@ROUTES.post("/columns", roles=TEACHING_ROLES)
def create_columns(page: PageContext) -> ResponseReturnValue:
    return _run_course_change(
        page, lambda: gradebook.ensure_check_columns(page.deps, session=page.who), "columns"
    )


@ROUTES.post("/columns/rename", roles=TEACHING_ROLES)
def rename_grade_column(page: PageContext) -> ResponseReturnValue:
    return _run_course_change(
        page,
        lambda: gradebook.rename_column(
            page.deps, session=page.who, place=form_text("place"), label=form_text("label")
        ),
        "renamed",
    )


@ROUTES.post("/columns/remove", roles=TEACHING_ROLES)
def remove_grade_column(page: PageContext) -> ResponseReturnValue:
    return _run_course_change(page, lambda: _remove_confirmed_column(page), "removed")


@ROUTES.post("/wave", roles=TEACHING_ROLES)
def set_course_wave(page: PageContext) -> ResponseReturnValue:
    return _run_course_change(
        page,
        lambda: gradebook.set_course_wave(
            page.deps, session=page.who, name=form_text("wave"), who=audit_name(page.who)
        ),
        "wave",
    )


@ROUTES.post("/columns/merge", roles=TEACHING_ROLES)
def merge_columns(page: PageContext) -> ResponseReturnValue:
    """Of two columns of a check: send the grades to the activity's one, or (``remove``) remove the
    tool's own one, whose grades went there."""
    url = form_text("column")
    if form_text("remove") == "1":
        return _run_course_change(
            page,
            lambda: gradebook.remove_double_column(page.deps, session=page.who, url=url),
            "removed",
        )
    return _run_course_change(
        page,
        lambda: gradebook.merge_columns(page.deps, session=page.who, url=url, now=clock.now()),
        "merged",
        SEND_GRADES,
    )


@ROUTES.post("/certifying", roles=TEACHING_ROLES)
def set_certifying_column(page: PageContext) -> ResponseReturnValue:
    """Let a gradebook column certify learners, or (``stop``) end that."""
    who = audit_name(page.who)
    if form_text("stop") == "1":
        return _run_course_change(
            page,
            lambda: gradebook.disable_certifying_column(page.deps, session=page.who, who=who),
            "stopped",
        )
    return _run_course_change(
        page,
        lambda: gradebook.enable_certifying_column(
            page.deps,
            session=page.who,
            percent=form_text("percent"),
            who=who,
            now=clock.now(),
        ),
        "certifying",
        READ_CERTIFICATIONS,
    )


def _remove_confirmed_column(page: PageContext) -> None:
    if form_text("sure") != "1":
        raise BadInput("Tick that the grades in the column may go with it, then remove it.")
    gradebook.remove_column(page.deps, session=page.who, place=form_text("place"))


def _run_course_change(
    page: PageContext, change: Callable[[], object], done: str, *jobs: Job
) -> ResponseReturnValue:
    try:
        change()
    except (BadInput, NotFound, OutsideCallFailed) as error:
        return _render_course(page, error)
    page.request_jobs(*jobs)
    return page.redirect(f"course/?done={done}")


def _render_course(page: PageContext, error: RequestError | None = None) -> ResponseReturnValue:
    view = gradebook.load_course_details(page.deps, session=page.who)
    return page.render(
        "course.html",
        error.status if error else 200,
        view=view,
        doubles=gradebook.list_double_columns(page.deps, session=page.who, details=view),
        error=error.message if error else "",
    )
