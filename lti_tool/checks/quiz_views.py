"""The pages of a quiz: question by question, feedback, the result."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import template_values
from lti_tool.base.page_responses import picture_response
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.statement_outbox_store import SEND_GRADES, SEND_STATEMENTS
from lti_tool.checks import grade_states, item_remarks, quiz_attempts
from lti_tool.programmes import pictures
from lti_tool.questions import item_responses


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes below ``/t/<launch>``: checks, quizzes, attempts, pictures of questions."""
    pages = Blueprint("quizzes", __name__, url_prefix="/t/<uuid:launch_id>")

    def render_learner(
        template: str, who: LaunchSession, status: int = 200, **values: Any
    ) -> ResponseReturnValue:
        return render_template(template, **template_values(deps, request, who), **values), status

    def enqueue_statement_job() -> None:
        deps.job_requests.request_job(SEND_STATEMENTS)

    @pages.post("/checks/<interval>")
    def begin_check(launch_id: uuid.UUID, interval: str) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        attempt = quiz_attempts.begin_check(
            deps.unit_of_work, session=who, interval=interval, now=clock.now()
        )
        enqueue_statement_job()
        return redirect(f"/t/{launch_id}/attempts/{attempt}", code=303)

    @pages.post("/quizzes/<kind>")
    def begin_quiz(launch_id: uuid.UUID, kind: str) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        attempt = quiz_attempts.begin_quiz(
            deps.unit_of_work, session=who, kind=kind, now=clock.now()
        )
        enqueue_statement_job()
        return redirect(f"/t/{launch_id}/attempts/{attempt}", code=303)

    @pages.get("/attempts/<uuid:attempt_id>")
    def show_attempt(launch_id: uuid.UUID, attempt_id: uuid.UUID) -> ResponseReturnValue:
        """The next question, or the result."""
        who = sessions.require_session(deps, request, launch_id)
        progress = quiz_attempts.load_attempt_progress(
            deps.unit_of_work, session=who, attempt_id=attempt_id
        )
        if progress.position is None:
            grade = grade_states.find_grade_state(
                deps.unit_of_work, session=who, attempt_id=attempt_id
            )
            return render_learner("result.html", who, progress=progress, grade=grade)
        return render_question(who, progress)

    def render_question(
        who: LaunchSession,
        progress: quiz_attempts.AttemptProgress,
        status: int = 200,
        error: str = "",
    ) -> ResponseReturnValue:
        assert progress.position is not None
        return render_learner(
            "question.html",
            who,
            status,
            progress=progress,
            item=progress.item(progress.position),
            error=error,
            form_id=uuid.uuid4(),
        )

    @pages.post("/attempts/<uuid:attempt_id>")
    def submit_answer(launch_id: uuid.UUID, attempt_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        position = _parse_position(request.form.get("position", ""))
        form = request.form.to_dict(flat=False)
        try:
            quiz_attempts.submit_answer(
                deps.unit_of_work,
                session=who,
                attempt_id=attempt_id,
                position=position,
                form=form,
                now=clock.now(),
            )
        except BadInput as error:
            progress = quiz_attempts.load_attempt_progress(
                deps.unit_of_work, session=who, attempt_id=attempt_id
            )
            if progress.position != position:
                raise
            return render_question(who, progress, error.status, str(error.message))
        enqueue_statement_job()
        deps.job_requests.request_job(SEND_GRADES)
        return redirect(f"/t/{launch_id}/attempts/{attempt_id}/answers/{position}", code=303)

    @pages.get("/attempts/<uuid:attempt_id>/answers/<int:position>")
    def show_feedback(
        launch_id: uuid.UUID, attempt_id: uuid.UUID, position: int
    ) -> ResponseReturnValue:
        """The feedback on a submitted answer, with the next question below it, so that each
        question costs two taps."""
        who = sessions.require_session(deps, request, launch_id)
        progress = quiz_attempts.load_attempt_progress(
            deps.unit_of_work, session=who, attempt_id=attempt_id
        )
        if not 1 <= position <= len(progress.answers):
            return redirect(f"/t/{launch_id}/attempts/{attempt_id}")
        answer, item = progress.answers[position - 1], progress.item(position)
        return render_learner(
            "feedback.html",
            who,
            progress=progress,
            answer=answer,
            item=item,
            shown=item_responses.render_response(item, answer.response),
            right_answer=item_responses.render_correct_answer(item),
            said_to=item_responses.select_feedback(item, answer.response),
            form_id=uuid.uuid4(),
            next_form_id=uuid.uuid4(),
            next_item=progress.item(position + 1) if progress.position == position + 1 else None,
        )

    @pages.post("/attempts/<uuid:attempt_id>/answers/<int:position>/remarks")
    def submit_remark(
        launch_id: uuid.UUID, attempt_id: uuid.UUID, position: int
    ) -> ResponseReturnValue:
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
        place = (
            f"/answers/{position}" if answered else ""
        )  # a remark on the question that is open returns to it
        return redirect(f"/t/{launch_id}/attempts/{attempt_id}{place}?done=told", code=303)

    @pages.get("/pictures/<digest>")
    def show_picture(launch_id: uuid.UUID, digest: str) -> ResponseReturnValue:
        """A picture of a question."""
        who = sessions.require_session(deps, request, launch_id)
        return picture_response(
            pictures.find_picture(deps.unit_of_work, tenant_id=who.tenant_id, digest=digest)
        )

    return pages


def _parse_position(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 3:
        raise BadInput("The form is not complete; go back and send it again.", field="position")
    return int(text)


def _parse_form_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadInput("The form is not complete; open your plan again.", field="words") from None
