"""The coaching group's page: members, meetings, attendance, agreed actions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, RequestError
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.staff_context import form_text, parse_uuid
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.coaching import coaching_groups


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes below ``/t/<launch>/group``."""
    pages = Blueprint("coaching", __name__, url_prefix="/t/<uuid:launch_id>/group")
    work = deps.unit_of_work

    def render_group(who: LaunchSession, error: RequestError | None = None) -> ResponseReturnValue:
        view = coaching_groups.load_own_group(work, session=who)
        values: dict[str, Any] = {
            "view": view,
            "error": error,
            "now": clock.now(),
            "form_id": uuid.uuid4(),
        }
        return render_template(
            "group.html", **template_values(deps, request, who), **values
        ), error.status if error else 200

    def run_group_change(
        launch_id: uuid.UUID, what: Callable[[LaunchSession], object], done: str
    ) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        try:
            what(who)
        except BadInput as error:
            return render_group(who, error)
        deps.job_requests.request_job(SEND_STATEMENTS)
        return redirect(f"/t/{launch_id}/group?done={done}", code=303)

    @pages.get("")
    def show_group(launch_id: uuid.UUID) -> ResponseReturnValue:
        return render_group(sessions.require_session(deps, request, launch_id))

    @pages.post("/meetings/<uuid:meeting_id>")
    def record_meeting(launch_id: uuid.UUID, meeting_id: uuid.UUID) -> ResponseReturnValue:
        present_keys = request.form.getlist("there")
        return run_group_change(
            launch_id,
            lambda who: coaching_groups.record_meeting(
                work, session=who, meeting_id=meeting_id, present_keys=present_keys, now=clock.now()
            ),
            "held",
        )

    @pages.post("/actions")
    def add_agreed_action(launch_id: uuid.UUID) -> ResponseReturnValue:
        def save_agreed_action(who: LaunchSession) -> None:
            due_on = _parse_due_date(form_text("due_on"))
            form_id = parse_uuid(form_text("form_id"))
            coaching_groups.agree_action(
                work,
                session=who,
                form_id=form_id,
                whose=form_text("whose"),
                words=form_text("words"),
                due_on=due_on,
                now=clock.now(),
            )

        return run_group_change(launch_id, save_agreed_action, "agreed")

    @pages.post("/actions/<uuid:action_id>")
    def close_agreed_action(launch_id: uuid.UUID, action_id: uuid.UUID) -> ResponseReturnValue:
        return run_group_change(
            launch_id,
            lambda who: coaching_groups.close_action(
                work, session=who, action_id=action_id, now=clock.now()
            ),
            "closed",
        )

    return pages


def _parse_due_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(
            "Enter the day as year-month-day, for example 2026-12-31.", field="due_on"
        ) from None
