"""The inbox of managers, mentors and peers: what waits for their answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlencode

from flask import request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, NotFound, RequestError
from lti_tool.assessment.review_queue import ANSWER_FOLLOW_UP, CONFIRM, REVIEW
from lti_tool.base import form_drafts
from lti_tool.base.forms import form_text, form_texts, parse_uuid
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.page_responses import redirect_to
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
    return _render_inbox(page, wanted=request.args.get("item", ""))


@ROUTES.post("/inbox/later", roles=ALL_ROLES)
def postpone(page: PageContext) -> ResponseReturnValue:
    """Go on with the next item; what was typed into this one is kept."""
    form_drafts.keep_draft(
        page.work,
        tenant_id=page.who.tenant_id,
        person_id=page.who.person_id,
        form=form_text(form_drafts.FORM_FIELD),
        fields=request.form.to_dict(),
        now=clock.now(),
    )
    following = urlencode({"item": form_text("following")})
    return redirect_to(f"/t/{page.who.id}/inbox?{following}")


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
    return _answer(page, review, "reviewed", f"{REVIEW}-{handed_id}")


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
    more = {} if seen else {"undo": str(use_id)}
    return _answer(page, confirm, "confirmed" if seen else "unseen", f"{CONFIRM}-{use_id}", more)


@ROUTES.post("/inbox/uses", roles=ALL_ROLES)
def confirm_uses(page: PageContext) -> ResponseReturnValue:
    """Confirm the uses that were ticked."""
    confirm = partial(
        transfer_protocol.confirm_uses,
        page.work,
        session=page.who,
        use_ids=[parse_uuid(text) for text in form_texts("use")],
        now=clock.now(),
    )
    return _answer(page, confirm, "confirmed", inbox.BATCH)


@ROUTES.post("/inbox/uses/<uuid:use_id>/undo", roles=ALL_ROLES)
def withdraw_unseen(page: PageContext, use_id: uuid.UUID) -> ResponseReturnValue:
    """Take back that one could not see a use."""
    if not transfer_protocol.withdraw_unseen(page.work, session=page.who, use_id=use_id):
        raise NotFound("There is nothing to take back any more.")
    return page.redirect(f"inbox?{urlencode({'done': 'undone', 'item': f'{CONFIRM}-{use_id}'})}")


@ROUTES.post("/inbox/follow-ups/<uuid:episode_id>", roles=LEADING_ROLES)
def answer_as_supervisor(page: PageContext, episode_id: uuid.UUID) -> ResponseReturnValue:
    save = partial(save_follow_up, page.deps, page.who, episode_id)
    return _answer(page, save, "followed", f"{ANSWER_FOLLOW_UP}-{episode_id}")


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
    return _answer(page, add, "mapped", "")


def _answer(
    page: PageContext,
    act: Callable[[], object],
    done: str,
    item: str,
    more: Mapping[str, str] | None = None,
) -> ResponseReturnValue:
    """Act, and go on with the item that follows; ``item`` stays open if it was refused. ``more``:
    what the page that comes must know of the answer.
    """
    try:
        act()
    except (BadInput, Conflict) as error:
        return _render_inbox(page, error, item)
    page.request_jobs(SEND_STATEMENTS, SEND_MAILS)
    query = {"done": done, "item": form_text("following"), **(more or {})}
    return page.redirect(f"inbox?{urlencode(query)}")


def _render_inbox(
    page: PageContext, error: RequestError | None = None, wanted: str = ""
) -> ResponseReturnValue:
    return page.render(
        "inbox.html",
        error.status if error else 200,
        view=inbox.load_inbox(page.work, session=page.who, now=clock.now(), wanted=wanted),
        error=error,
        how_often=transfer_protocol.USE_FREQUENCIES,
        undo=request.args.get("undo", type=uuid.UUID),
    )
