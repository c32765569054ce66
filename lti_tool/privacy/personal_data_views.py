"""The personal data stored about the visitor: to view, to download, and to have erased."""

from __future__ import annotations

import json

from flask.typing import ResponseReturnValue

from core import clock
from lti_tool.base.forms import form_text
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import ALL_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import download_response
from lti_tool.privacy import person_erasure

ROUTES = Routes("me", "/t/<uuid:launch_id>/me", open_page)


@ROUTES.get("", roles=ALL_ROLES)
def show_personal_data(page: PageContext) -> ResponseReturnValue:
    tenant_id, person_id = page.who.tenant_id, page.who.person_id
    rows = person_erasure.load_personal_data(page.work, tenant_id=tenant_id, person_id=person_id)
    return page.render(
        "me.html",
        counts={name: len(result) for name, result in rows.items()},
        asked=person_erasure.find_erasure_request(
            page.work, tenant_id=tenant_id, person_id=person_id
        ),
    )


@ROUTES.get("/data.json", roles=ALL_ROLES)
def download_personal_data(page: PageContext) -> ResponseReturnValue:
    """All of it as one file. Statements in the record store belong to the account that the
    file names."""
    rows = person_erasure.load_personal_data(
        page.work, tenant_id=page.who.tenant_id, person_id=page.who.person_id
    )
    text = json.dumps(
        {"person": str(page.who.person_id), "tables": rows}, ensure_ascii=False, indent=1
    )
    return download_response("carryover-my-data.json", "application/json", text.encode())


@ROUTES.post("/erase", roles=ALL_ROLES)
def request_erasure(page: PageContext) -> ResponseReturnValue:
    if form_text("sure") == "1":
        person_erasure.request_erasure(
            page.work,
            tenant_id=page.who.tenant_id,
            person_id=page.who.person_id,
            now=clock.now(),
        )
    return page.redirect("me?done=1")
