"""The learner's pages of the transfer plan and of uses on the job."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, RequestError
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.transfer import plan_page, transfer_plan

_PLAN_FIELDS = ("task", "what", "by_when", "with_whom", "evidence", "obstacle")


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes below ``/t/<launch>``: plan, uses."""
    pages = Blueprint("plan", __name__, url_prefix="/t/<uuid:launch_id>")

    def render_learner(
        template: str, who: LaunchSession, status: int = 200, **values: Any
    ) -> ResponseReturnValue:
        return render_template(template, **template_values(deps, request, who), **values), status

    def enqueue_statement_job() -> None:
        deps.job_requests.request_job(SEND_STATEMENTS)

    @pages.get("/plan")
    def show_plan(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        return render_plan(who, None)

    def render_plan(
        who: LaunchSession, error: RequestError | None, status: int = 200
    ) -> ResponseReturnValue:
        view = plan_page.load_plan(deps.unit_of_work, session=who)
        sent = request.form.to_dict() if error is not None else {}
        field = str(error.where.get("field", "")) if error is not None else ""
        today = clock.now().date().isoformat()
        return render_learner(
            "plan.html",
            who,
            status,
            view=view,
            titles=plan_page.list_task_titles(deps.unit_of_work, session=who),
            revisions=plan_page.list_plan_revisions(deps.unit_of_work, session=who),
            sent=sent,
            error=error.message if error else "",
            field=field,
            form_id=uuid.uuid4(),
            today=today,
        )

    @pages.post("/plan")
    def save_plan(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        texts = {
            name: request.form.get(name, "").replace("\0", "").strip() for name in _PLAN_FIELDS
        }
        commit = request.form.get("act") == "commit"
        try:
            transfer_plan.submit_plan(
                deps.unit_of_work,
                session=who,
                task=texts["task"],
                what=texts["what"],
                by_when=_parse_form_day(texts["by_when"], "by_when"),
                with_whom=texts["with_whom"],
                evidence=texts["evidence"],
                obstacle=texts["obstacle"],
                commit=commit,
                now=clock.now(),
            )
        except BadInput as error:
            return render_plan(who, error, error.status)
        enqueue_statement_job()
        return redirect(f"/t/{launch_id}/plan?done={'committed' if commit else 'saved'}", code=303)

    @pages.post("/uses")
    def report_use(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        try:
            transfer_plan.report_job_use(
                deps.unit_of_work,
                session=who,
                form_id=_parse_form_id(request.form.get("form_id", "")),
                task=request.form.get("task", ""),
                used_on=_parse_form_day(request.form.get("used_on", ""), "used_on"),
                words=request.form.get("words", "").replace("\0", "").strip(),
                peer=request.form.get("peer", ""),
                now=clock.now(),
            )
        except BadInput as error:
            return render_plan(who, error, error.status)
        enqueue_statement_job()
        deps.job_requests.request_job(SEND_MAILS)
        return redirect(f"/t/{launch_id}/plan?done=reported", code=303)

    return pages


def _parse_form_day(text: str, field: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(
            "Enter the day as year-month-day, for example 2026-12-31.", field=field
        ) from None


def _parse_form_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadInput("The form is not complete; open your plan again.", field="words") from None
