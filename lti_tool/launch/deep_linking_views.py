"""The content picker for a course (deep linking), and the form that returns the choice to the
LMS."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from core.errors import BadInput
from core.http_client import url_origin
from lti_tool.base import page_responses as page_rules
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.launch import deep_linking


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes below ``/t/<launch>``."""
    pages = Blueprint("picker", __name__, url_prefix="/t/<uuid:launch_id>")

    def render_picker(who: LaunchSession, error: BadInput | None = None) -> ResponseReturnValue:
        wanted = request.values.get("programme", "")
        view = deep_linking.load_picker(deps, session=who, programme=wanted)
        assert who.deep_linking is not None
        page = render_template(
            "pick.html",
            **template_values(deps, request, who),
            view=view,
            goes_to=url_origin(who.deep_linking["return_url"]),
            error=error,
            sent=request.form if error else {},
            chosen=request.form.getlist("page") if error else ["today"],
        )
        return page, error.status if error else 200

    @pages.get("/pick")
    def show_picker(launch_id: uuid.UUID) -> ResponseReturnValue:
        return render_picker(sessions.require_session(deps, request, launch_id))

    @pages.post("/pick")
    def submit_picks(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        nothing = request.form.get("act") == "cancel"
        try:
            url, token = deep_linking.build_deep_linking_response(
                deps,
                session=who,
                programme=request.form.get("programme", ""),
                pages=[] if nothing else request.form.getlist("page") or [""],
                columns=request.form.get("columns") == "1",
                opens_at=_parse_instant(request.form.get("opens_on", ""), time(0), "opens_on"),
                closes_at=_parse_instant(
                    request.form.get("closes_on", ""), time(23, 59, 59), "closes_on"
                ),
            )
        except BadInput as error:
            return render_picker(who, error)
        values = template_values(deps, request, who)
        page_rules.allow_form_target(url)
        return render_template("send.html", **values, url=url, token=token, nothing=nothing)

    return pages


def _parse_instant(text: str, at: time, field: str) -> datetime | None:
    """The given time (UTC) on the day that was entered; None if no day was entered."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), at, UTC)
    except ValueError:
        raise BadInput(
            "Enter the day as year-month-day, for example 2026-12-31.", field=field
        ) from None
