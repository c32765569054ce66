"""The coaching groups of a programme, as its manager forms them."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from core import clock
from lti_tool.base.deps import ToolDeps
from lti_tool.base.staff_context import ContextOpener
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.coaching import coaching_groups
from lti_tool.programmes import authoring


def blueprint(deps: ToolDeps, opening: ContextOpener) -> Blueprint:
    """The routes below ``/t/<visit>/programmes``."""
    pages = Blueprint("groups", __name__, url_prefix="/t/<uuid:visit_id>/programmes")
    work = deps.unit_of_work

    @pages.get("/<key>/groups")
    def show_groups(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff = opening(visit_id)
        title = authoring.load_draft(work, tenant_id=staff.tenant_id, key=key).programme.title
        view = coaching_groups.load_coaching_overview(
            work, tenant_id=staff.tenant_id, programme=key, now=clock.now()
        )
        return staff.render("groups.html", view=view, key=key, title=title)

    @pages.post("/<key>/groups")
    def form_groups(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff = opening(visit_id)
        created = coaching_groups.form_groups(
            work, tenant_id=staff.tenant_id, programme=key, who=staff.who, now=clock.now()
        )
        deps.job_requests.request_job(SEND_STATEMENTS)
        return redirect(f"{staff.home}programmes/{key}/groups?formed={created}", code=303)

    return pages
