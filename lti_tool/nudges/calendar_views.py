"""A person's due dates as a calendar feed, at a signed address."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from lti_tool.base import page_responses
from lti_tool.base.deps import ToolDeps
from lti_tool.nudges import calendar_feed


def blueprint(deps: ToolDeps) -> Blueprint:
    """``/calendar/<text>.ics``."""
    pages = Blueprint("calendars", __name__)
    pages.before_request(page_responses.forbid_frames)

    @pages.get("/calendar/<text>.ics")
    def get_calendar_feed(text: str) -> ResponseReturnValue:
        return Response(
            calendar_feed.build_calendar_feed(deps, text=text),
            content_type="text/calendar; charset=utf-8",
        )

    return pages
