"""The page of a question that came by mail. GET changes nothing; only its button answers."""

from __future__ import annotations

import uuid

from flask import render_template, request
from flask.typing import ResponseReturnValue

from adapters.questions.models import QuestionItem
from core import clock, page_language
from core.errors import BadInput, RequestError
from core.messages import lazy_gettext
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.forms import form_text, form_uuid
from lti_tool.base.page_context import open_unframed_page
from lti_tool.base.page_responses import picture_response
from lti_tool.base.routes import Routes
from lti_tool.base.statement_outbox_store import SEND_GRADES, SEND_STATEMENTS
from lti_tool.nudges import mailed_questions
from lti_tool.nudges.mailed_questions import CHOICE_LETTERS, QuestionView
from lti_tool.questions import item_responses

ROUTES = Routes("mailed_questions", "/question/<token>", open_unframed_page)
_REOPEN_QUESTION = lazy_gettext("The form is not complete; open the link again.")
_LINK_IN_ADDRESS = "a secret link in the address opens one question of one person, nothing else"


@ROUTES.get("", public=_LINK_IN_ADDRESS)
def show_question(deps: ToolDeps, token: str) -> ResponseReturnValue:
    return _render_view(_load_view(deps, token), token)


@ROUTES.get("/<letter>", public=_LINK_IN_ADDRESS)
def show_choice(deps: ToolDeps, token: str, letter: str) -> ResponseReturnValue:
    """The question with the choice of the mail chosen already; nothing is stored."""
    view = _load_view(deps, token)
    return _render_view(view, token, chosen=_choice_key(view.item, letter))


@ROUTES.post("", public=_LINK_IN_ADDRESS)
def confirm_answer(deps: ToolDeps, token: str) -> ResponseReturnValue:
    """Store the answer; what is said to it stands on the page that this returns."""
    sessions.require_own_origin(deps, request)
    view = _load_view(deps, token)
    try:
        view = mailed_questions.answer_question(
            deps, token=token, form=request.form.to_dict(flat=False), now=clock.now()
        )
    except BadInput as error:
        return _render_view(view, token, error=error)
    for job in (SEND_STATEMENTS, SEND_GRADES):
        deps.job_requests.request_job(job)
    return _render_view(view, token)


@ROUTES.post("/remarks", public=_LINK_IN_ADDRESS)
def submit_question_remark(deps: ToolDeps, token: str) -> ResponseReturnValue:
    """What the learner says of the question itself; the page goes on where it was."""
    sessions.require_own_origin(deps, request)
    view = _load_view(deps, token)
    try:
        view = mailed_questions.remark_on_question(
            deps,
            token=token,
            form_id=form_uuid("form_id", _REOPEN_QUESTION),
            words=form_text("words"),
            now=clock.now(),
        )
    except BadInput as error:
        return _render_view(view, token, error=error)
    deps.job_requests.request_job(SEND_STATEMENTS)
    return _render_view(view, token, remarked=True)


@ROUTES.get("/pictures/<digest>", public=_LINK_IN_ADDRESS)
def show_question_picture(deps: ToolDeps, token: str, digest: str) -> ResponseReturnValue:
    """A picture of the question."""
    return picture_response(
        mailed_questions.find_question_picture(deps, token=token, digest=digest)
    )


def _load_view(deps: ToolDeps, token: str) -> QuestionView:
    view = mailed_questions.load_question(deps, token=token)
    if view.language:
        page_language.use_launch_language(view.language)
    return view


def _choice_key(item: QuestionItem, letter: str) -> str:
    """The key of the choice with this letter; empty if there is none."""
    place = CHOICE_LETTERS.find(letter) if len(letter) == 1 else -1
    return item.choices[place].key if 0 <= place < len(item.choices) else ""


def _render_view(
    view: QuestionView,
    token: str,
    chosen: str = "",
    error: RequestError | None = None,
    remarked: bool = False,
) -> ResponseReturnValue:
    common = {
        "view": view,
        "item": view.item,
        "place": f"/question/{token}/",
        "address": f"/question/{token}",
        "error": error.message if error else "",
    }
    status = error.status if error else 200
    if view.answered is None:
        page = render_template(
            "mailed_question.html",
            chosen=chosen,
            closed=clock.now() >= view.question.closes_at,
            **common,
        )
        return page, status
    progress, answer = view.answered
    page = render_template(
        "mailed_feedback.html",
        remarked=remarked,
        form_id=uuid.uuid4(),
        progress=progress,
        answer=answer,
        shown=item_responses.render_response(view.item, answer.response),
        right_answer=item_responses.render_correct_answer(view.item),
        said_to=item_responses.select_feedback(view.item, answer.response),
        **common,
    )
    return page, status
