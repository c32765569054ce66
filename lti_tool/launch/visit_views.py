"""Access without an LMS: e-mailed links, requesting one, unsubscribing from a kind of mail. GET
changes nothing; only POST acts."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import TooManyRequests
from lti_tool.base import page_language, sessions
from lti_tool.base import page_responses as page_rules
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.launch import rate_limits, sign_in, visits


def blueprint(deps: ToolDeps) -> Blueprint:
    """``/s/<link>``, ``/sign-in`` and ``/stop/<link>``."""
    pages = Blueprint("visit", __name__)

    @pages.before_request
    def prepare_page() -> None:
        page_language.use_browser_language(request)
        page_rules.forbid_frames()

    @pages.get("/s/<text>")
    def preview_link(text: str) -> ResponseReturnValue:
        return render_template(
            "visit.html", usable=visits.verify_link(deps.secrets, text).is_open(clock.now())
        )

    @pages.post("/s/<text>")
    def open_link(text: str) -> ResponseReturnValue:
        sessions.require_own_origin(deps, request)
        link = visits.verify_link(deps.secrets, text)
        visit_id, secret = visits.open_visit_by_link(deps, link=link, now=clock.now())
        response = redirect(f"/t/{visit_id}/{link.path}", code=303)
        assert isinstance(response, Response)
        sessions.set_session_cookie(request, response, visit_id, secret)
        return response

    @pages.post("/s/<text>/again")
    def resend_link(text: str) -> ResponseReturnValue:
        sessions.require_own_origin(deps, request)
        visits.resend_link(
            deps.unit_of_work, link=visits.verify_link(deps.secrets, text), now=clock.now()
        )
        deps.job_requests.request_job(SEND_MAILS)
        return render_template("asked.html")

    @pages.get("/sign-in")
    def show_sign_in() -> ResponseReturnValue:
        return render_template("sign_in.html", provider=sign_in.find_offered_provider(deps))

    @pages.get("/sign-in/with/<uuid:provider_id>")
    def start_sign_in(provider_id: uuid.UUID) -> ResponseReturnValue:
        """Redirect to the organisation's own sign-in, which returns to ``/sign-in/back``."""
        leaving = sign_in.begin_sign_in(deps, provider_id=provider_id)
        response = redirect(leaving.address, code=303)
        assert isinstance(response, Response)
        sessions.set_sign_in_cookie(response, leaving.kept)
        return response

    @pages.get("/sign-in/back")
    def finish_sign_in() -> ResponseReturnValue:
        if not deps.limiter.allows(
            "sign-in-back",
            request.remote_addr or "",
            rate_limits.MAX_LINKS_PER_NETWORK,
            rate_limits.HOUR_SECONDS,
        ):
            raise TooManyRequests(
                "Too many sign-ins came from your network. Wait an hour, or open the activity in "
                "your course."
            )
        parameters = {name: request.args.get(name, "") for name in ("state", "code")}
        visit_id, secret = sign_in.complete_sign_in(
            deps, saved=sessions.read_sign_in_cookie(request), **parameters, now=clock.now()
        )
        response = redirect(f"/t/{visit_id}/", code=303)
        assert isinstance(response, Response)
        sessions.set_sign_in_cookie(response, "")
        sessions.set_session_cookie(request, response, visit_id, secret)
        return response

    @pages.post("/sign-in")
    def request_link() -> ResponseReturnValue:
        sessions.require_own_origin(deps, request)
        email = request.form.get("email", "").replace("\0", "").strip()[:320]
        if not deps.limiter.allows(
            "sign-in",
            request.remote_addr or "",
            rate_limits.MAX_LINKS_PER_NETWORK,
            rate_limits.HOUR_SECONDS,
        ):
            raise TooManyRequests(
                "Too many links were asked for from your network. Wait an hour, or open the "
                "activity in your course."
            )
        if deps.limiter.allows(
            "sign-in-to", email.lower(), rate_limits.MAX_LINKS_PER_ADDRESS, rate_limits.HOUR_SECONDS
        ):
            visits.request_link(deps, email=email, now=clock.now())
            deps.job_requests.request_job(SEND_MAILS)
        return render_template("asked.html")

    @pages.get("/stop/<text>")
    def preview_stop(text: str) -> ResponseReturnValue:
        visits.verify_stop_link(deps.secrets, text)
        return render_template("stop.html", done=False)

    @pages.post("/stop/<text>")
    def stop_mail(text: str) -> ResponseReturnValue:
        # No origin check: mail programs send this by themselves (RFC 8058), and the link
        # contains everything that is needed.
        tenant_id, person_id, kind = visits.verify_stop_link(deps.secrets, text)
        visits.stop_mails(deps.unit_of_work, tenant_id=tenant_id, person_id=person_id, kind=kind)
        return render_template("stop.html", done=True)

    return pages
