"""Access without an LMS: e-mailed links, requesting one, unsubscribing from a kind of mail. GET
changes nothing; only POST acts."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import TooMany
from lti_tool.actions import calendars, signing_in, visiting
from lti_tool.lti.deps import ToolDeps
from lti_tool.store.mails import SEND_MAILS
from lti_tool.views import language, session
from lti_tool.views import pages as page_rules

# Per requested address, which limits one person; a whole training room, or everybody behind a
# proxy, shares one network.
ASKED_FOR_AN_ADDRESS, WITHIN_SECONDS = 3, 3_600
BY_A_NETWORK = 3_000


def blueprint(deps: ToolDeps) -> Blueprint:
    """``/s/<link>``, ``/sign-in`` and ``/stop/<link>``."""
    pages = Blueprint("visit", __name__)

    @pages.before_request
    def their_language() -> None:
        language.follow_browser(request)
        page_rules.never_framed()

    @pages.get("/s/<text>")
    def look(text: str) -> ResponseReturnValue:
        return render_template("visit.html", usable=visiting.read(deps.secrets, text).is_open(clock.now()))

    @pages.post("/s/<text>")
    def enter(text: str) -> ResponseReturnValue:
        session.own_origin(deps, request)
        link = visiting.read(deps.secrets, text)
        visit_id, secret = visiting.open_visit(deps, link=link, now=clock.now())
        response = redirect(f"/t/{visit_id}/{link.path}", code=303)
        assert isinstance(response, Response)
        session.open_visit(request, response, visit_id, secret)
        return response

    @pages.post("/s/<text>/again")
    def again(text: str) -> ResponseReturnValue:
        session.own_origin(deps, request)
        visiting.send_again(deps.unit_of_work, link=visiting.read(deps.secrets, text), now=clock.now())
        deps.nudges.nudge(SEND_MAILS)
        return render_template("asked.html")

    @pages.get("/sign-in")
    def sign_in() -> ResponseReturnValue:
        return render_template("sign_in.html", provider=signing_in.offered(deps))

    @pages.get("/sign-in/with/<uuid:provider_id>")
    def leave(provider_id: uuid.UUID) -> ResponseReturnValue:
        """Redirect to the organisation's own sign-in, which returns to ``/sign-in/back``."""
        leaving = signing_in.leave(deps, provider_id=provider_id)
        response = redirect(leaving.address, code=303)
        assert isinstance(response, Response)
        session.remember_leaving(response, leaving.kept)
        return response

    @pages.get("/sign-in/back")
    def come_back() -> ResponseReturnValue:
        if not deps.limiter.allows("sign-in-back", request.remote_addr or "", BY_A_NETWORK, WITHIN_SECONDS):
            raise TooMany("Too many sign-ins came from your network. Wait an hour, or open the activity in your course.")
        given = {name: request.args.get(name, "") for name in ("state", "code")}
        visit_id, secret = signing_in.come_back(deps, kept=session.leaving(request), **given, now=clock.now())
        response = redirect(f"/t/{visit_id}/", code=303)
        assert isinstance(response, Response)
        session.remember_leaving(response, "")
        session.open_visit(request, response, visit_id, secret)
        return response

    @pages.post("/sign-in")
    def ask() -> ResponseReturnValue:
        session.own_origin(deps, request)
        email = request.form.get("email", "").replace("\0", "").strip()[:320]
        if not deps.limiter.allows("sign-in", request.remote_addr or "", BY_A_NETWORK, WITHIN_SECONDS):
            raise TooMany("Too many links were asked for from your network. Wait an hour, or open the activity in your course.")
        if deps.limiter.allows("sign-in-to", email.lower(), ASKED_FOR_AN_ADDRESS, WITHIN_SECONDS):
            visiting.ask_for_link(deps, email=email, now=clock.now())
            deps.nudges.nudge(SEND_MAILS)
        return render_template("asked.html")

    @pages.get("/stop/<text>")
    def look_at_stop(text: str) -> ResponseReturnValue:
        visiting.read_stop(deps.secrets, text)
        return render_template("stop.html", done=False)

    @pages.post("/stop/<text>")
    def stop(text: str) -> ResponseReturnValue:
        # No origin check: mail programs send this by themselves (RFC 8058), and the link
        # contains everything that is needed.
        tenant_id, person_id, kind = visiting.read_stop(deps.secrets, text)
        visiting.stop(deps.unit_of_work, tenant_id=tenant_id, person_id=person_id, kind=kind)
        return render_template("stop.html", done=True)

    @pages.get("/calendar/<text>.ics")
    def calendar(text: str) -> ResponseReturnValue:
        return Response(calendars.feed(deps, text=text), content_type="text/calendar; charset=utf-8")

    return pages
