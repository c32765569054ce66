"""The inbox of managers, mentors and peers: what waits for their answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, RequestError
from lti_tool.base.forms import form_text
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import ALL_ROLES, LEADING_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.home import inbox
from lti_tool.transfer import transfer_protocol
from lti_tool.transfer.transfer_views import save_follow_up

ROUTES = Routes("inbox", "/t/<uuid:launch_id>", open_page)


# Peers answer what they were asked: each action checks again that the request was addressed to
# them.
@ROUTES.get("/inbox", roles=ALL_ROLES)
def show_inbox(page: PageContext) -> ResponseReturnValue:
    return _render_inbox(page)


@ROUTES.post("/inbox/reviews/<uuid:handed_id>", roles=ALL_ROLES)
def submit_review(page: PageContext, handed_id: uuid.UUID) -> ResponseReturnValue:
    review = partial(
        transfer_protocol.review_work,
        page.work,
        session=page.who,
        handed_id=handed_id,
        good=form_text("good"),
        next_step=form_text("next_step"),
        weak_content=form_text("weak_content"),
        now=clock.now(),
    )
    return _answer(page, review, "reviewed")


@ROUTES.post("/inbox/uses/<uuid:use_id>", roles=ALL_ROLES)
def confirm_use(page: PageContext, use_id: uuid.UUID) -> ResponseReturnValue:
    seen = form_text("seen") == "yes"
    confirm = partial(
        transfer_protocol.confirm_use,
        page.work,
        session=page.who,
        use_id=use_id,
        seen=seen,
        words=form_text("words"),
        record=form_text("record"),
        now=clock.now(),
    )
    return _answer(page, confirm, "confirmed" if seen else "unseen")


@ROUTES.post("/inbox/follow-ups/<uuid:episode_id>", roles=LEADING_ROLES)
def answer_as_supervisor(page: PageContext, episode_id: uuid.UUID) -> ResponseReturnValue:
    return _answer(page, partial(save_follow_up, page.deps, page.who, episode_id), "followed")


@ROUTES.post("/inbox/tasks/<uuid:episode_id>", roles=LEADING_ROLES)
def add_learner_task(page: PageContext, episode_id: uuid.UUID) -> ResponseReturnValue:
    add = partial(
        transfer_protocol.add_task,
        page.work,
        session=page.who,
        episode_id=episode_id,
        key=form_text("task"),
        title=form_text("title"),
        competency=form_text("competency"),
        now=clock.now(),
    )
    return _answer(page, add, "mapped")


def _answer(page: PageContext, act: Callable[[], object], done: str) -> ResponseReturnValue:
    try:
        act()
    except (BadInput, Conflict) as error:
        return _render_inbox(page, error)
    page.request_jobs(SEND_STATEMENTS, SEND_MAILS)
    return page.redirect(f"inbox?done={done}")


def _render_inbox(page: PageContext, error: RequestError | None = None) -> ResponseReturnValue:
    return page.render(
        "inbox.html",
        error.status if error else 200,
        view=inbox.load_inbox(page.work, session=page.who, now=clock.now()),
        error=error,
        how_often=transfer_protocol.USE_FREQUENCIES,
    )
