"""Transfer of learning to work: the learner's page of the transfer protocol, and the inbox for
managers, mentors and peers."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, RequestError
from lti_tool.base.deps import ToolDeps
from lti_tool.base.forms import form_text, form_uuid, optional_file
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.page_responses import download_response
from lti_tool.base.roles import ALL_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.transfer import transfer_protocol, work_page

ROUTES = Routes("transfer", "/t/<uuid:launch_id>", open_page)


@ROUTES.get("/work", roles=ALL_ROLES)
def show_work(page: PageContext) -> ResponseReturnValue:
    return _render_work(page)


@ROUTES.post("/tasks", roles=ALL_ROLES)
def add_task(page: PageContext) -> ResponseReturnValue:
    return _run_act(
        page,
        lambda: transfer_protocol.add_task(
            page.work,
            session=page.who,
            episode_id=None,
            key=form_text("task"),
            title=form_text("title"),
            competency=form_text("competency"),
            now=clock.now(),
        ),
        "mapped",
    )


@ROUTES.post("/tasks/drop", roles=ALL_ROLES)
def remove_task(page: PageContext) -> ResponseReturnValue:
    return _run_act(
        page,
        lambda: transfer_protocol.remove_task(page.work, session=page.who, key=form_text("key")),
        "dropped",
    )


@ROUTES.post("/hand-in/<kind>", roles=ALL_ROLES, upload=True)
def submit_work(page: PageContext, kind: str) -> ResponseReturnValue:
    return _run_act(
        page,
        lambda: transfer_protocol.hand_in_work(
            page.work,
            session=page.who,
            kind=kind.replace("-", " "),
            task=form_text("task"),
            words=form_text("words"),
            file=optional_file(),
            peer=form_text("peer"),
            now=clock.now(),
        ),
        "handed",
    )


@ROUTES.post("/no-opportunity", roles=ALL_ROLES)
def report_no_opportunity(page: PageContext) -> ResponseReturnValue:
    return _run_act(
        page,
        lambda: transfer_protocol.report_no_opportunity(
            page.work,
            session=page.who,
            form_id=form_uuid("form_id"),
            words=form_text("words"),
            now=clock.now(),
        ),
        "told",
    )


@ROUTES.post("/follow-up", roles=ALL_ROLES)
def submit_follow_up(page: PageContext) -> ResponseReturnValue:
    return _run_act(page, lambda: save_follow_up(page.deps, page.who, None), "followed")


@ROUTES.get("/documents/<uuid:document_id>", roles=ALL_ROLES)
def download_document(page: PageContext, document_id: uuid.UUID) -> ResponseReturnValue:
    """A submitted file."""
    name, content = transfer_protocol.load_document(
        page.work, session=page.who, document_id=document_id
    )
    return download_response(name, content)


def save_follow_up(deps: ToolDeps, who: LaunchSession, episode_id: uuid.UUID | None) -> None:
    """Save the answers of a follow-up form: the learner's own, or (``episode_id``) the
    supervisor's.
    """
    if form_text("still") not in ("yes", "no"):
        raise BadInput("Say whether it is still used.", field="still")
    still = form_text("still") == "yes"
    transfer_protocol.answer_follow_up(
        deps.unit_of_work,
        session=who,
        episode_id=episode_id,
        still_used=still,
        how_often=form_text("how_often"),
        now=clock.now(),
    )


def _run_act(page: PageContext, act: Callable[[], object], done: str) -> ResponseReturnValue:
    try:
        act()
    except (BadInput, Conflict) as error:
        return _render_work(page, error)
    page.request_jobs(SEND_STATEMENTS, SEND_MAILS)
    return page.redirect(f"work?done={done}")


def _render_work(page: PageContext, error: RequestError | None = None) -> ResponseReturnValue:
    return page.render(
        "work.html",
        error.status if error else 200,
        view=work_page.load_work_page(page.work, session=page.who, now=clock.now()),
        error=error,
        field=str(error.where.get("field", "")) if error else "",
        form_id=uuid.uuid4(),
        how_often=transfer_protocol.USE_FREQUENCIES,
    )
