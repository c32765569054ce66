"""What people type is kept while they type it. Without scripts it is kept when a form is sent after
its session ended (lti_tool.base.sessions)."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from core import clock
from lti_tool.base import form_drafts
from lti_tool.base.forms import form_text
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import ALL_ROLES
from lti_tool.base.routes import Routes

ROUTES = Routes("form_drafts", "/t/<uuid:launch_id>", open_page)


@ROUTES.post("/drafts", roles=ALL_ROLES)
def keep_draft(page: PageContext) -> ResponseReturnValue:
    form_drafts.keep_draft(
        page.work,
        tenant_id=page.who.tenant_id,
        person_id=page.who.person_id,
        form=form_text(form_drafts.FORM_FIELD),
        fields=request.form.to_dict(),
        now=clock.now(),
    )
    return "", 204
