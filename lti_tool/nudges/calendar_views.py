"""A person's due dates as a calendar feed, at a signed address."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from core import clock, page_language
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import open_unframed_page
from lti_tool.base.routes import Routes
from lti_tool.launch import sign_in
from lti_tool.nudges import calendar_feed

ROUTES = Routes("calendars", "", open_unframed_page)


_LINK_IN_ADDRESS = "a signed text in the address opens one person's due dates, nothing else"


@ROUTES.get("/calendar/<text>.ics", public=_LINK_IN_ADDRESS)
def get_calendar_feed(deps: ToolDeps, text: str) -> ResponseReturnValue:
    return Response(
        calendar_feed.build_calendar_feed(deps, text=text),
        content_type="text/calendar; charset=utf-8",
    )


@ROUTES.get("/calendar/<text>/<key>", public=_LINK_IN_ADDRESS)
def show_entry(deps: ToolDeps, text: str, key: str) -> ResponseReturnValue:
    """The page of one event: what it is, until when, and how to get at it."""
    owner = calendar_feed.verify_feed_token(deps, text)
    page_language.use_launch_language(owner.language)
    entry = next(
        (entry for entry in calendar_feed.list_entries(deps, owner) if entry.key == key), None
    )
    zone = ZoneInfo(owner.time_zone or "UTC")
    return render_template(
        "calendar_entry.html",
        entry=entry,
        due_on=entry.due_at.astimezone(zone).date() if entry else None,
        has_email=owner.has_email,
        provider=sign_in.find_offered_provider(deps),
    )


@ROUTES.post("/calendar/<text>/<key>", public=_LINK_IN_ADDRESS)
def send_entry_link(deps: ToolDeps, text: str, key: str) -> ResponseReturnValue:
    """Mail a link to the own page to this person, whose address is on the list."""
    sessions.require_own_origin(deps, request)
    calendar_feed.send_page_link(deps, text=text, key=key, now=clock.now())
    deps.job_requests.request_job(SEND_MAILS)
    return render_template("asked.html")
