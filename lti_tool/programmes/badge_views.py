"""Starting a programme with an Open Badge."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput
from lti_tool.base.forms import form_text, optional_file
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import ALL_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.programmes import badges

ROUTES = Routes("badges", "/t/<uuid:launch_id>", open_page)


@ROUTES.post("/badge", roles=ALL_ROLES, upload=True)
def redeem_badge(page: PageContext) -> ResponseReturnValue:
    """Start the programme with a badge: its file, or its text."""
    file = optional_file()
    content = file[1] if file else form_text("badge").encode()
    try:
        badges.certify_by_badge(page.deps, session=page.who, content=content, now=clock.now())
    except BadInput as error:
        return page.render("not_certified.html", error.status, badges=True, error=error)
    page.request_jobs(SEND_STATEMENTS)
    return page.redirect("today")
