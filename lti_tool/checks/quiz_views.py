"""The pages of a quiz: question by question, feedback, the result."""

from __future__ import annotations

import uuid

from flask import request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, RequestError
from core.messages import lazy_gettext
from lti_tool.base.forms import form_text, form_uuid
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.page_responses import picture_response
from lti_tool.base.roles import ALL_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.statement_outbox_store import SEND_GRADES, SEND_STATEMENTS
from lti_tool.checks import grade_states, item_remarks, quiz_attempts
from lti_tool.programmes import pictures
from lti_tool.questions import item_responses

ROUTES = Routes("quizzes", "/t/<uuid:launch_id>", open_page)
_MAX_POSITION_DIGITS = 3
_REOPEN_QUESTION = lazy_gettext("The form is not complete; open your plan again.")


@ROUTES.post("/checks/<interval>", roles=ALL_ROLES)
def begin_check(page: PageContext, interval: str) -> ResponseReturnValue:
    attempt = quiz_attempts.begin_check(
        page.work, session=page.who, interval=interval, now=clock.now()
    )
    page.request_jobs(SEND_STATEMENTS)
    return page.redirect(f"attempts/{attempt}")


@ROUTES.post("/quizzes/<kind>", roles=ALL_ROLES)
def begin_quiz(page: PageContext, kind: str) -> ResponseReturnValue:
    attempt = quiz_attempts.begin_quiz(page.work, session=page.who, kind=kind, now=clock.now())
    page.request_jobs(SEND_STATEMENTS)
    return page.redirect(f"attempts/{attempt}")


@ROUTES.get("/attempts/<uuid:attempt_id>", roles=ALL_ROLES)
def show_attempt(page: PageContext, attempt_id: uuid.UUID) -> ResponseReturnValue:
    """The next question, or the result."""
    progress = _load_progress(page, attempt_id)
    if progress.position is not None:
        return _render_question(page, progress, progress.position)
    grade = grade_states.find_grade_state(page.work, session=page.who, attempt_id=attempt_id)
    return page.render("result.html", progress=progress, grade=grade)


@ROUTES.post("/attempts/<uuid:attempt_id>", roles=ALL_ROLES)
def submit_answer(page: PageContext, attempt_id: uuid.UUID) -> ResponseReturnValue:
    position = _form_position()
    try:
        quiz_attempts.submit_answer(
            page.work,
            session=page.who,
            attempt_id=attempt_id,
            position=position,
            form=request.form.to_dict(flat=False),
            now=clock.now(),
        )
    except BadInput as error:
        progress = _load_progress(page, attempt_id)
        if progress.position != position:
            raise
        return _render_question(page, progress, position, error)
    page.request_jobs(SEND_STATEMENTS, SEND_GRADES)
    return page.redirect(f"attempts/{attempt_id}/answers/{position}")


@ROUTES.get("/attempts/<uuid:attempt_id>/answers/<int:position>", roles=ALL_ROLES)
def show_feedback(page: PageContext, attempt_id: uuid.UUID, position: int) -> ResponseReturnValue:
    """The feedback on a submitted answer, with the next question below it, so that each question
    costs two taps."""
    progress = _load_progress(page, attempt_id)
    if not 1 <= position <= len(progress.answers):
        return page.redirect(f"attempts/{attempt_id}")
    answer, item = progress.answers[position - 1], progress.item(position)
    return page.render(
        "feedback.html",
        progress=progress,
        answer=answer,
        item=item,
        shown=item_responses.render_response(item, answer.response),
        right_answer=item_responses.render_correct_answer(item),
        said_to=item_responses.select_feedback(item, answer.response),
        form_id=uuid.uuid4(),
    )


@ROUTES.post("/attempts/<uuid:attempt_id>/answers/<int:position>/remarks", roles=ALL_ROLES)
def submit_remark(page: PageContext, attempt_id: uuid.UUID, position: int) -> ResponseReturnValue:
    """The learner's remark on the question itself."""
    answered = item_remarks.save_remark(
        page.work,
        session=page.who,
        form_id=form_uuid("form_id", _REOPEN_QUESTION),
        attempt_id=attempt_id,
        position=position,
        words=form_text("words"),
        now=clock.now(),
    )
    page.request_jobs(SEND_STATEMENTS)
    # a remark on the question that is open returns to it
    place = f"/answers/{position}" if answered else ""
    return page.redirect(f"attempts/{attempt_id}{place}?done=told")


@ROUTES.get("/pictures/<digest>", roles=ALL_ROLES)
def show_picture(page: PageContext, digest: str) -> ResponseReturnValue:
    """A picture of a question."""
    return picture_response(
        pictures.find_picture(page.work, tenant_id=page.who.tenant_id, digest=digest)
    )


def _load_progress(page: PageContext, attempt_id: uuid.UUID) -> quiz_attempts.AttemptProgress:
    return quiz_attempts.load_attempt_progress(page.work, session=page.who, attempt_id=attempt_id)


def _render_question(
    page: PageContext,
    progress: quiz_attempts.AttemptProgress,
    position: int,
    error: RequestError | None = None,
) -> ResponseReturnValue:
    return page.render(
        "question.html",
        error.status if error else 200,
        progress=progress,
        item=progress.item(position),
        error=error.message if error else "",
        form_id=uuid.uuid4(),
    )


def _form_position() -> int:
    text = form_text("position")
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_POSITION_DIGITS:
        raise BadInput("The form is not complete; go back and send it again.", field="position")
    return int(text)
