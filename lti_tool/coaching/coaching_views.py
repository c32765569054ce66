"""The coaching group's page: members, meetings, attendance, agreed actions."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, RequestError
from lti_tool.base.forms import form_day, form_text, form_texts, form_uuid
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import ALL_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.coaching import coaching_groups

ROUTES = Routes("coaching", "/t/<uuid:launch_id>/group", open_page)


@ROUTES.get("", roles=ALL_ROLES)
def show_group(page: PageContext) -> ResponseReturnValue:
    return _render_group(page)


@ROUTES.post("/meetings/<uuid:meeting_id>", roles=ALL_ROLES)
def record_meeting(page: PageContext, meeting_id: uuid.UUID) -> ResponseReturnValue:
    return _run_group_change(
        page,
        lambda: coaching_groups.record_meeting(
            page.work,
            session=page.who,
            meeting_id=meeting_id,
            present_keys=form_texts("there"),
            now=clock.now(),
        ),
        "held",
    )


@ROUTES.post("/actions", roles=ALL_ROLES)
def add_agreed_action(page: PageContext) -> ResponseReturnValue:
    return _run_group_change(
        page,
        lambda: coaching_groups.agree_action(
            page.work,
            session=page.who,
            due_on=form_day("due_on"),
            form_id=form_uuid("form_id"),
            whose=form_text("whose"),
            words=form_text("words"),
            now=clock.now(),
        ),
        "agreed",
    )


@ROUTES.post("/actions/<uuid:action_id>", roles=ALL_ROLES)
def close_agreed_action(page: PageContext, action_id: uuid.UUID) -> ResponseReturnValue:
    return _run_group_change(
        page,
        lambda: coaching_groups.close_action(
            page.work, session=page.who, action_id=action_id, now=clock.now()
        ),
        "closed",
    )


def _run_group_change(
    page: PageContext, change: Callable[[], object], done: str
) -> ResponseReturnValue:
    try:
        change()
    except BadInput as error:
        return _render_group(page, error)
    page.request_jobs(SEND_STATEMENTS)
    return page.redirect(f"group?done={done}")


def _render_group(page: PageContext, error: RequestError | None = None) -> ResponseReturnValue:
    return page.render(
        "group.html",
        error.status if error else 200,
        view=coaching_groups.load_own_group(page.work, session=page.who),
        error=error,
        now=clock.now(),
        form_id=uuid.uuid4(),
    )
