"""The learner's pages: today, a check question by question, the plan, uses on the job."""

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
from lti_tool.base.manager_context import allow_large_upload
from lti_tool.base.page_context import template_values
from lti_tool.base.page_responses import picture_response
from lti_tool.base.statement_outbox_store import SEND_GRADES, SEND_STATEMENTS
from lti_tool.checks import item_remarks, quiz_attempts
from lti_tool.home import read_models
from lti_tool.people.people_store import LaunchSession
from lti_tool.programmes import badges
from lti_tool.questions import item_responses
from lti_tool.transfer import transfer_plan, work_page

_PLAN_FIELDS = ("task", "what", "by_when", "with_whom", "evidence", "obstacle")


def blueprint(deps: ToolDeps) -> Blueprint:
    """The learner's routes below ``/t/<launch>``."""
    pages = Blueprint("learner", __name__, url_prefix="/t/<uuid:launch_id>")

    def render_learner(template: str, who: LaunchSession, status: int = 200, **values: Any) -> ResponseReturnValue:
        return render_template(template, **template_values(deps, request, who), **values), status

    def enqueue_statement_job() -> None:
        deps.job_requests.request_job(SEND_STATEMENTS)

    @pages.post("/checks/<interval>")
    def begin_check(launch_id: uuid.UUID, interval: str) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        attempt = quiz_attempts.begin_check(deps.unit_of_work, session=who, interval=interval, now=clock.now())
        enqueue_statement_job()
        return redirect(f"/t/{launch_id}/attempts/{attempt}", code=303)

    @pages.post("/quizzes/<kind>")
    def begin_quiz(launch_id: uuid.UUID, kind: str) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        attempt = quiz_attempts.begin_quiz(deps.unit_of_work, session=who, kind=kind, now=clock.now())
        enqueue_statement_job()
        return redirect(f"/t/{launch_id}/attempts/{attempt}", code=303)

    @pages.get("/attempts/<uuid:attempt_id>")
    def show_attempt(launch_id: uuid.UUID, attempt_id: uuid.UUID) -> ResponseReturnValue:
        """The next question, or the result."""
        who = sessions.require_session(deps, request, launch_id)
        progress = quiz_attempts.load_attempt_progress(deps.unit_of_work, session=who, attempt_id=attempt_id)
        if progress.position is None:
            grade = read_models.find_grade_state(deps.unit_of_work, session=who, attempt_id=attempt_id)
            return render_learner("result.html", who, progress=progress, grade=grade)
        return render_question(who, progress)

    def render_question(who: LaunchSession, progress: quiz_attempts.AttemptProgress, status: int = 200, error: str = "") -> ResponseReturnValue:
        assert progress.position is not None
        return render_learner(
            "question.html", who, status, progress=progress, item=progress.item(progress.position), error=error, form_id=uuid.uuid4()
        )

    @pages.post("/attempts/<uuid:attempt_id>")
    def submit_answer(launch_id: uuid.UUID, attempt_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        position = _parse_position(request.form.get("position", ""))
        form = request.form.to_dict(flat=False)
        try:
            quiz_attempts.submit_answer(deps.unit_of_work, session=who, attempt_id=attempt_id, position=position, form=form, now=clock.now())
        except BadInput as error:
            progress = quiz_attempts.load_attempt_progress(deps.unit_of_work, session=who, attempt_id=attempt_id)
            if progress.position != position:
                raise
            return render_question(who, progress, error.status, error.message)
        enqueue_statement_job()
        deps.job_requests.request_job(SEND_GRADES)
        return redirect(f"/t/{launch_id}/attempts/{attempt_id}/answers/{position}", code=303)

    @pages.get("/attempts/<uuid:attempt_id>/answers/<int:position>")
    def show_feedback(launch_id: uuid.UUID, attempt_id: uuid.UUID, position: int) -> ResponseReturnValue:
        """The feedback on a submitted answer, with the next question below it, so that each
        question costs two taps."""
        who = sessions.require_session(deps, request, launch_id)
        progress = quiz_attempts.load_attempt_progress(deps.unit_of_work, session=who, attempt_id=attempt_id)
        if not 1 <= position <= len(progress.answers):
            return redirect(f"/t/{launch_id}/attempts/{attempt_id}")
        given, item = progress.answers[position - 1], progress.item(position)
        return render_learner(
            "feedback.html",
            who,
            progress=progress,
            answer=given,
            item=item,
            shown=item_responses.render_response(item, given.response),
            right_answer=item_responses.render_correct_answer(item),
            said_to=item_responses.select_feedback(item, given.response),
            form_id=uuid.uuid4(),
            next_form_id=uuid.uuid4(),
            next_item=progress.item(position + 1) if progress.position == position + 1 else None,
        )

    @pages.post("/attempts/<uuid:attempt_id>/answers/<int:position>/remarks")
    def submit_remark(launch_id: uuid.UUID, attempt_id: uuid.UUID, position: int) -> ResponseReturnValue:
        """The learner's remark on the question itself."""
        who = sessions.require_session(deps, request, launch_id)
        answered = item_remarks.save_remark(
            deps.unit_of_work,
            session=who,
            form_id=_parse_form_id(request.form.get("form_id", "")),
            attempt_id=attempt_id,
            position=position,
            words=request.form.get("words", "").replace("\0", ""),
            now=clock.now(),
        )
        enqueue_statement_job()
        place = f"/answers/{position}" if answered else ""  # a remark on the question that is open returns to it
        return redirect(f"/t/{launch_id}/attempts/{attempt_id}{place}?done=told", code=303)

    @pages.get("/pictures/<digest>")
    def show_picture(launch_id: uuid.UUID, digest: str) -> ResponseReturnValue:
        """A picture of a question."""
        who = sessions.require_session(deps, request, launch_id)
        return picture_response(read_models.find_picture(deps.unit_of_work, tenant_id=who.tenant_id, digest=digest))

    @pages.post("/badge")
    def redeem_badge(launch_id: uuid.UUID) -> ResponseReturnValue:
        """Start the programme with a badge."""
        allow_large_upload()
        who = sessions.require_session(deps, request, launch_id)
        brought = request.files.get("file")
        content = brought.read() if brought and brought.filename else request.form.get("badge", "").replace("\0", "").strip().encode()
        try:
            badges.certify_by_badge(deps, session=who, content=content, now=clock.now())
        except BadInput as error:
            return render_learner("not_certified.html", who, error.status, badges=True, error=error)
        enqueue_statement_job()
        return redirect(f"/t/{launch_id}/today", code=303)

    @pages.get("/plan")
    def show_plan(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        return render_plan(who, None)

    def render_plan(who: LaunchSession, error: RequestError | None, status: int = 200) -> ResponseReturnValue:
        view = read_models.load_plan(deps.unit_of_work, session=who)
        sent = request.form.to_dict() if error is not None else {}
        field = str(error.where.get("field", "")) if error is not None else ""
        today = clock.now().date().isoformat()
        return render_learner(
            "plan.html",
            who,
            status,
            view=view,
            titles=work_page.list_task_titles(deps.unit_of_work, session=who),
            revisions=work_page.list_plan_revisions(deps.unit_of_work, session=who),
            sent=sent,
            error=error.message if error else "",
            field=field,
            form_id=uuid.uuid4(),
            today=today,
        )

    @pages.post("/plan")
    def save_plan(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        words = {name: request.form.get(name, "").replace("\0", "").strip() for name in _PLAN_FIELDS}
        commit = request.form.get("act") == "commit"
        try:
            transfer_plan.submit_plan(
                deps.unit_of_work,
                session=who,
                task=words["task"],
                what=words["what"],
                by_when=_parse_form_day(words["by_when"], "by_when"),
                with_whom=words["with_whom"],
                evidence=words["evidence"],
                obstacle=words["obstacle"],
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


def _parse_position(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 3:
        raise BadInput("The form is not complete; go back and send it again.", field="position")
    return int(text)


def _parse_form_day(text: str, field: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("Enter the day as year-month-day, for example 2026-12-31.", field=field) from None


def _parse_form_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadInput("The form is not complete; open your plan again.", field="words") from None
