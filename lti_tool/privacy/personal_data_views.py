"""The personal data stored about the visitor: to view, to download, and to have erased."""

from __future__ import annotations

import json
import uuid

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import template_values
from lti_tool.privacy import person_erasure


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes below ``/t/<launch>/me``."""
    pages = Blueprint("me", __name__, url_prefix="/t/<uuid:launch_id>/me")
    work = deps.unit_of_work

    @pages.get("")
    def show_personal_data(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        rows = person_erasure.load_personal_data(
            work, tenant_id=who.tenant_id, person_id=who.person_id
        )
        erasure_request = person_erasure.find_erasure_request(
            work, tenant_id=who.tenant_id, person_id=who.person_id
        )
        return render_template(
            "me.html",
            **template_values(deps, request, who),
            counts={name: len(result) for name, result in rows.items()},
            asked=erasure_request,
        )

    @pages.get("/data.json")
    def download_personal_data(launch_id: uuid.UUID) -> ResponseReturnValue:
        """All of it as one file. Statements in the record store belong to the account that the
        file names."""
        who = sessions.require_session(deps, request, launch_id)
        rows = person_erasure.load_personal_data(
            work, tenant_id=who.tenant_id, person_id=who.person_id
        )
        answer = Response(
            json.dumps(
                {"person": str(who.person_id), "tables": rows}, ensure_ascii=False, indent=1
            ),
            content_type="application/json",
        )
        answer.headers["Content-Disposition"] = "attachment; filename=carryover-my-data.json"
        return answer

    @pages.post("/erase")
    def request_erasure(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        if request.form.get("sure") == "1":
            person_erasure.request_erasure(
                work, tenant_id=who.tenant_id, person_id=who.person_id, now=clock.now()
            )
        return redirect(f"/t/{launch_id}/me?done=1", code=303)

    @pages.get("/wishes")
    def show_erasure_requests(launch_id: uuid.UUID) -> ResponseReturnValue:
        """For the data protection officer: open erasure requests."""
        who = sessions.require_session(deps, request, launch_id)
        result = person_erasure.list_open_requests(work, tenant_id=who.tenant_id)
        return render_template("wishes.html", **template_values(deps, request, who), wishes=result)

    return pages
