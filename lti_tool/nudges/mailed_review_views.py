"""The page of a use at work or a work sample that is answered from its mail. GET changes nothing;
only its button answers."""

from __future__ import annotations

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from core import clock, page_language
from core.errors import BadInput, RequestError
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.forms import form_text
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import open_unframed_page
from lti_tool.base.page_responses import download_response
from lti_tool.base.routes import Routes
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.nudges import mailed_reviews
from lti_tool.nudges.mailed_reviews import ReviewView

ROUTES = Routes("mailed_reviews", "/review/<token>", open_unframed_page)
_LINK_IN_ADDRESS = "a secret link in the address opens one thing to answer, nothing else"


@ROUTES.get("", public=_LINK_IN_ADDRESS)
def show_review(deps: ToolDeps, token: str) -> ResponseReturnValue:
    return _render_view(_load_view(deps, token), token)


@ROUTES.get("/<answer>", public=_LINK_IN_ADDRESS)
def show_answer(deps: ToolDeps, token: str, answer: str) -> ResponseReturnValue:
    """The same with the answer of the mail chosen already (yes, no); nothing is stored."""
    return _render_view(_load_view(deps, token), token, chosen=answer)


@ROUTES.post("", public=_LINK_IN_ADDRESS)
def confirm_review(deps: ToolDeps, token: str) -> ResponseReturnValue:
    """Store the answer; the page that this returns says so."""
    sessions.require_own_origin(deps, request)
    view, now = _load_view(deps, token), clock.now()
    try:
        if view.use is not None:
            view = mailed_reviews.answer_use(deps, token=token, seen=form_text("seen"), now=now)
        else:
            view = mailed_reviews.answer_work(
                deps,
                token=token,
                good=form_text("good"),
                next_step=form_text("next_step"),
                now=now,
            )
    except BadInput as error:
        return _render_view(view, token, error=error)
    for job in (SEND_STATEMENTS, SEND_MAILS):
        deps.job_requests.request_job(job)
    return _render_view(view, token)


@ROUTES.get("/document", public=_LINK_IN_ADDRESS)
def download_work(deps: ToolDeps, token: str) -> Response:
    """The file of a work sample."""
    name, content = mailed_reviews.load_work_document(deps, token=token, now=clock.now())
    return download_response(name, content)


def _load_view(deps: ToolDeps, token: str) -> ReviewView:
    view = mailed_reviews.load_review(deps, token=token, now=clock.now())
    if view.language:
        page_language.use_launch_language(view.language)
    return view


def _render_view(
    view: ReviewView, token: str, chosen: str = "", error: RequestError | None = None
) -> ResponseReturnValue:
    page = render_template(
        "mailed_review.html",
        view=view,
        chosen=chosen or request.form.get("seen", ""),
        address=f"/review/{token}",
        error=error.message if error else "",
    )
    return page, error.status if error else 200
