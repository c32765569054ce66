"""The data protection officer's page: export and erase somebody; one asks, another confirms."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import partial

from flask import request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, Forbidden, NotFound, RequestError
from lti_tool.base.forms import form_text
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import ADMINS, ERASURE_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import audit_name, download_response
from lti_tool.privacy import erasure_decisions
from lti_tool.privacy.erasure_decisions import ERASE_PEOPLE, Decider

ROUTES = Routes("erasures", "/t/<uuid:launch_id>/me/wishes", open_page)
_MAX_SEARCH_CHARS = 200


@ROUTES.get("", roles=ERASURE_ROLES)
def show_erasures(page: PageContext) -> ResponseReturnValue:
    return _render_erasures(page)


@ROUTES.post("/people/<uuid:person_id>/data.json", roles=ERASURE_ROLES)
def export_person(page: PageContext, person_id: uuid.UUID) -> ResponseReturnValue:
    """All that the tool stores about somebody, as a file; it is on record who took it."""
    rows = erasure_decisions.export_data(
        page.work, tenant_id=page.who.tenant_id, person_id=person_id, decider=_decider(page)
    )
    text = json.dumps({"person": str(person_id), "tables": rows}, ensure_ascii=False, indent=1)
    return download_response("carryover-data.json", "application/json", text.encode())


@ROUTES.post("/people/<uuid:person_id>/erase", roles=ERASURE_ROLES)
def ask_for_erasure(page: PageContext, person_id: uuid.UUID) -> ResponseReturnValue:
    ask = partial(
        erasure_decisions.ask_for_erasure,
        page.work,
        tenant_id=page.who.tenant_id,
        person_id=person_id,
        decider=_decider(page),
        now=clock.now(),
    )
    return _decide(page, ask, "asked", sure=form_text("sure") == "1")


@ROUTES.post("/<uuid:request_id>/confirm", roles=ERASURE_ROLES)
def confirm_erasure(page: PageContext, request_id: uuid.UUID) -> ResponseReturnValue:
    confirm = partial(
        erasure_decisions.confirm_erasure,
        page.work,
        tenant_id=page.who.tenant_id,
        request_id=request_id,
        decider=_decider(page),
        now=clock.now(),
    )
    return _decide(page, confirm, "confirmed", sure=form_text("sure") == "1")


@ROUTES.post("/<uuid:request_id>/withdraw", roles=ERASURE_ROLES)
def withdraw_erasure(page: PageContext, request_id: uuid.UUID) -> ResponseReturnValue:
    withdraw = partial(
        erasure_decisions.withdraw_request,
        page.work,
        tenant_id=page.who.tenant_id,
        request_id=request_id,
        decider=_decider(page),
    )
    return _decide(page, withdraw, "withdrawn")


@ROUTES.post("/<uuid:request_id>/finish", roles=ERASURE_ROLES)
def finish_erasure(page: PageContext, request_id: uuid.UUID) -> ResponseReturnValue:
    """Where the record store is another product: it is erased there, too."""
    finish = partial(
        erasure_decisions.finish_externally,
        page.work,
        tenant_id=page.who.tenant_id,
        request_id=request_id,
        decider=_decider(page),
        now=clock.now(),
    )
    return _decide(page, finish, "finished")


@ROUTES.post("/rule", roles=ADMINS)
def set_two_erase(page: PageContext) -> ResponseReturnValue:
    erasure_decisions.set_two_erase(
        page.work,
        tenant_id=page.who.tenant_id,
        two=form_text("two") == "1",
        who=audit_name(page.who),
    )
    return page.redirect("me/wishes?done=rule")


def _decider(page: PageContext) -> Decider:
    return Decider(page.who.person_id, audit_name(page.who))


def _decide(
    page: PageContext, act: Callable[[], None], done: str, sure: bool = True
) -> ResponseReturnValue:
    try:
        if not sure:
            raise BadInput("Tick the box: an erasure cannot be undone.")
        act()
    except (BadInput, Conflict, Forbidden, NotFound) as error:
        return _render_erasures(page, error)
    page.request_jobs(ERASE_PEOPLE)
    return page.redirect(f"me/wishes?done={done}")


def _render_erasures(page: PageContext, error: RequestError | None = None) -> ResponseReturnValue:
    search = request.args.get("person", "").replace("\0", "").strip()[:_MAX_SEARCH_CHARS]
    return page.render(
        "wishes.html",
        error.status if error else 200,
        view=erasure_decisions.load_erasures(
            page.work, tenant_id=page.who.tenant_id, reader=page.who.person_id, search=search
        ),
        search=search,
        error=error.message if error else "",
        decides_rule=bool(page.who.roles & ADMINS),
    )
