"""The course page for teachers: its roster, its gradebook columns, pending grades."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Forbidden, NotFound, RequestError
from core.http_client import OutsideCallFailed
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.staff_context import audit_name
from lti_tool.base.statement_outbox_store import SEND_GRADES
from lti_tool.checks import gradebook
from lti_tool.people.courses_store import SYNC_ROSTERS
from lti_tool.programmes.certification_sources_store import READ_CERTIFICATIONS


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes below ``/t/<launch>/course``."""
    pages = Blueprint("course", __name__, url_prefix="/t/<uuid:launch_id>/course")

    def load_teacher_session(launch_id: uuid.UUID) -> LaunchSession:
        who = sessions.require_session(deps, request, launch_id)
        if not who.programme:
            raise Forbidden("No programme is set up for this activity yet.")
        return who

    def render_course(who: LaunchSession, error: RequestError | None = None) -> ResponseReturnValue:
        view = gradebook.load_course_details(deps, session=who)
        page = render_template(
            "course.html",
            **template_values(deps, request, who),
            view=view,
            error=error.message if error else "",
        )
        return page, error.status if error else 200

    @pages.get("/")
    def show_course(launch_id: uuid.UUID) -> ResponseReturnValue:
        return render_course(load_teacher_session(launch_id))

    def run_course_change(
        launch_id: uuid.UUID, what: Callable[[LaunchSession], object], done: str
    ) -> ResponseReturnValue:
        who = load_teacher_session(launch_id)
        try:
            what(who)
        except (BadInput, NotFound, OutsideCallFailed) as error:
            return render_course(who, error)
        return redirect(f"/t/{launch_id}/course/?done={done}", code=303)

    @pages.post("/roster")
    def request_roster_sync(launch_id: uuid.UUID) -> ResponseReturnValue:
        answer = run_course_change(
            launch_id,
            lambda who: gradebook.request_roster_sync(deps, session=who, now=clock.now()),
            "roster",
        )
        deps.job_requests.request_job(SYNC_ROSTERS)
        return answer

    @pages.post("/grades/<int:grade_id>")
    def resend_course_grade(launch_id: uuid.UUID, grade_id: int) -> ResponseReturnValue:
        answer = run_course_change(
            launch_id,
            lambda who: gradebook.resend_course_grade(
                deps, session=who, grade_id=grade_id, now=clock.now()
            ),
            "resend",
        )
        deps.job_requests.request_job(SEND_GRADES)
        return answer

    @pages.post("/columns")
    def create_columns(launch_id: uuid.UUID) -> ResponseReturnValue:
        return run_course_change(
            launch_id, lambda who: gradebook.ensure_check_columns(deps, session=who), "columns"
        )

    @pages.post("/columns/rename")
    def rename_grade_column(launch_id: uuid.UUID) -> ResponseReturnValue:
        place, label = request.form.get("place", ""), request.form.get("label", "")
        return run_course_change(
            launch_id,
            lambda who: gradebook.rename_column(deps, session=who, place=place, label=label),
            "renamed",
        )

    @pages.post("/columns/remove")
    def remove_grade_column(launch_id: uuid.UUID) -> ResponseReturnValue:
        place = request.form.get("place", "")
        if request.form.get("sure") != "1":
            return run_course_change(launch_id, _require_confirmation, "")
        return run_course_change(
            launch_id,
            lambda who: gradebook.remove_column(deps, session=who, place=place),
            "removed",
        )

    @pages.post("/certifying")
    def set_certifying_column(launch_id: uuid.UUID) -> ResponseReturnValue:
        """Let a gradebook column certify learners, or (``stop``) end that."""
        percent, stop = request.form.get("percent", ""), request.form.get("stop") == "1"
        if stop:
            return run_course_change(
                launch_id,
                lambda who: gradebook.disable_certifying_column(
                    deps, session=who, who=audit_name(who)
                ),
                "stopped",
            )
        answer = run_course_change(
            launch_id,
            lambda who: gradebook.enable_certifying_column(
                deps, session=who, percent=percent, who=audit_name(who), now=clock.now()
            ),
            "certifying",
        )
        deps.job_requests.request_job(READ_CERTIFICATIONS)
        return answer

    return pages


def _require_confirmation(who: LaunchSession) -> None:
    raise BadInput("Tick that the grades in the column may go with it, then remove it.")
