"""What the training left open, as the author of a programme reads it."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from lti_tool.base.roles import STAFF_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import StaffContext, open_staff
from lti_tool.programmes import authoring
from lti_tool.transfer import content_gap_report

ROUTES = Routes("content_gaps", "/t/<uuid:visit_id>/programmes", open_staff)


@ROUTES.get("/<key>/left-open", roles=STAFF_ROLES)
def show_content_gaps(staff: StaffContext, key: str) -> ResponseReturnValue:
    programme = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key).programme
    gaps = content_gap_report.list_content_gaps(staff.work, tenant_id=staff.tenant_id, key=key)
    return staff.render("left_open.html", programme=programme, said=gaps)
