"""What the training left open, as the author of a programme reads it."""

from __future__ import annotations

import uuid

from flask import Blueprint
from flask.typing import ResponseReturnValue

from lti_tool.base.deps import ToolDeps
from lti_tool.base.staff_context import ContextOpener
from lti_tool.programmes import authoring
from lti_tool.transfer import content_gap_report


def blueprint(deps: ToolDeps, opening: ContextOpener) -> Blueprint:
    """The routes below ``/t/<visit>/programmes``."""
    pages = Blueprint("content_gaps", __name__, url_prefix="/t/<uuid:visit_id>/programmes")
    work = deps.unit_of_work

    @pages.get("/<key>/left-open")
    def show_content_gaps(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff = opening(visit_id)
        programme = authoring.load_draft(work, tenant_id=staff.tenant_id, key=key).programme
        gaps = content_gap_report.list_content_gaps(work, tenant_id=staff.tenant_id, key=key)
        return staff.render("left_open.html", programme=programme, said=gaps)

    return pages
