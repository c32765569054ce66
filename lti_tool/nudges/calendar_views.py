"""A person's due dates as a calendar feed, at a signed address."""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue

from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import open_unframed_page
from lti_tool.base.routes import Routes
from lti_tool.nudges import calendar_feed

ROUTES = Routes("calendars", "", open_unframed_page)


@ROUTES.get(
    "/calendar/<text>.ics",
    public="a signed text in the address opens one person's due dates, nothing else",
)
def get_calendar_feed(deps: ToolDeps, text: str) -> ResponseReturnValue:
    return Response(
        calendar_feed.build_calendar_feed(deps, text=text),
        content_type="text/calendar; charset=utf-8",
    )
