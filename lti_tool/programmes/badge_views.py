"""Starting a programme with an Open Badge."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.staff_context import allow_large_upload
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.programmes import badges


def blueprint(deps: ToolDeps) -> Blueprint:
    """The route below ``/t/<launch>``."""
    pages = Blueprint("badges", __name__, url_prefix="/t/<uuid:launch_id>")

    def render_learner(
        template: str, who: LaunchSession, status: int = 200, **values: Any
    ) -> ResponseReturnValue:
        return render_template(template, **template_values(deps, request, who), **values), status

    def enqueue_statement_job() -> None:
        deps.job_requests.request_job(SEND_STATEMENTS)

    @pages.post("/badge")
    def redeem_badge(launch_id: uuid.UUID) -> ResponseReturnValue:
        """Start the programme with a badge."""
        allow_large_upload()
        who = sessions.require_session(deps, request, launch_id)
        uploaded = request.files.get("file")
        content = (
            uploaded.read()
            if uploaded and uploaded.filename
            else request.form.get("badge", "").replace("\0", "").strip().encode()
        )
        try:
            badges.certify_by_badge(deps, session=who, content=content, now=clock.now())
        except BadInput as error:
            return render_learner("not_certified.html", who, error.status, badges=True, error=error)
        enqueue_statement_job()
        return redirect(f"/t/{launch_id}/today", code=303)

    return pages
