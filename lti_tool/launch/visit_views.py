"""Access without an LMS: e-mailed links, requesting one, unsubscribing from a kind of mail. GET
changes nothing; only POST acts."""

from __future__ import annotations

import uuid
from dataclasses import replace

from flask import render_template, request
from flask.typing import ResponseReturnValue

from core import clock, page_language
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.forms import MAX_EMAIL_LENGTH, form_text
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import open_unframed_page
from lti_tool.base.page_responses import redirect_to
from lti_tool.base.routes import Routes, require_rate
from lti_tool.launch import rate_limits, sign_in, visits
from lti_tool.launch.visits import VisitLink

ROUTES = Routes("visit", "", open_unframed_page)
_LINK_IN_ADDRESS = "a secret link is in the address"


@ROUTES.get("/s/<text>", public=_LINK_IN_ADDRESS)
def preview_link(deps: ToolDeps, text: str) -> ResponseReturnValue:
    return _preview(deps, text)


@ROUTES.get("/s/<text>/times", public=_LINK_IN_ADDRESS)
def preview_times_link(deps: ToolDeps, text: str) -> ResponseReturnValue:
    """The same link, to the page on which its person chooses when mails come."""
    return _preview(deps, text)


def _verify(deps: ToolDeps, text: str) -> VisitLink:
    """The link, from which on the pages are in the language of its person."""
    link = visits.verify_link(deps, text)
    _use_language_of(deps, link.tenant_id, link.person_id)
    return link


def _use_language_of(deps: ToolDeps, tenant_id: int, person_id: uuid.UUID) -> None:
    known = visits.find_language(deps.unit_of_work, tenant_id, person_id)
    if known:
        page_language.use_launch_language(known)


def _preview(deps: ToolDeps, text: str) -> ResponseReturnValue:
    link = _verify(deps, text)
    return render_template("visit.html", usable=link.is_open(clock.now()), again=f"/s/{text}/again")


@ROUTES.post("/s/<text>", public=_LINK_IN_ADDRESS)
def open_link(deps: ToolDeps, text: str) -> ResponseReturnValue:
    return _open(deps, _verify(deps, text))


@ROUTES.post("/s/<text>/times", public=_LINK_IN_ADDRESS)
def open_times_link(deps: ToolDeps, text: str) -> ResponseReturnValue:
    return _open(deps, replace(_verify(deps, text), path="times"))


def _open(deps: ToolDeps, link: VisitLink) -> ResponseReturnValue:
    sessions.require_own_origin(deps, request)
    visit_id, secret = visits.open_visit_by_link(deps, link=link, now=clock.now())
    response = redirect_to(f"/t/{visit_id}/{link.path}")
    sessions.set_session_cookie(request, response, visit_id, secret)
    return response


@ROUTES.post("/s/<text>/again", public=_LINK_IN_ADDRESS)
def resend_link(deps: ToolDeps, text: str) -> ResponseReturnValue:
    sessions.require_own_origin(deps, request)
    link = _verify(deps, text)
    visits.resend_link(deps.unit_of_work, link=link, now=clock.now())
    deps.job_requests.request_job(SEND_MAILS)
    return render_template("asked.html")


@ROUTES.get("/sign-in", public="asks for an address")
def show_sign_in(deps: ToolDeps) -> ResponseReturnValue:
    return render_template("sign_in.html", provider=sign_in.find_offered_provider(deps))


@ROUTES.get("/sign-in/with/<uuid:provider_id>", public="goes to the organisation's own sign-in")
def start_sign_in(deps: ToolDeps, provider_id: uuid.UUID) -> ResponseReturnValue:
    """Redirect to the organisation's own sign-in, which returns to ``/sign-in/back``."""
    leaving = sign_in.begin_sign_in(deps, provider_id=provider_id)
    response = redirect_to(leaving.address)
    sessions.set_sign_in_cookie(response, leaving.kept)
    return response


@ROUTES.get(
    "/sign-in/back",
    public="comes from there, with what only this browser holds",
    rate=rate_limits.FINISHED_SIGN_INS,
)
def finish_sign_in(deps: ToolDeps) -> ResponseReturnValue:
    visit_id, secret = sign_in.complete_sign_in(
        deps,
        saved=sessions.read_sign_in_cookie(request),
        state=request.args.get("state", ""),
        code=request.args.get("code", ""),
        now=clock.now(),
    )
    response = redirect_to(f"/t/{visit_id}/")
    sessions.set_sign_in_cookie(response, "")
    sessions.set_session_cookie(request, response, visit_id, secret)
    return response


@ROUTES.post(
    "/sign-in", public="sends a link to an address of a list, and tells nobody whether it did"
)
def request_link(deps: ToolDeps) -> ResponseReturnValue:
    sessions.require_own_origin(deps, request)
    require_rate(deps, rate_limits.REQUESTED_LINKS)
    email = form_text("email", MAX_EMAIL_LENGTH)
    if deps.limiter.allows(
        "sign-in-to", email.lower(), rate_limits.MAX_LINKS_PER_ADDRESS, rate_limits.HOUR_SECONDS
    ):
        visits.request_link(deps, email=email, now=clock.now())
        deps.job_requests.request_job(SEND_MAILS)
    return render_template("asked.html")


@ROUTES.get("/stop/<text>", public=_LINK_IN_ADDRESS)
def preview_stop(deps: ToolDeps, text: str) -> ResponseReturnValue:
    tenant_id, person_id, _ = visits.verify_stop_link(deps, text)
    _use_language_of(deps, tenant_id, person_id)
    return render_template("stop.html", done=False)


@ROUTES.post("/stop/<text>", public=_LINK_IN_ADDRESS)
def stop_mail(deps: ToolDeps, text: str) -> ResponseReturnValue:
    # No origin check: mail programs send this by themselves (RFC 8058), and the link
    # contains everything that is needed.
    tenant_id, person_id, kind = visits.verify_stop_link(deps, text)
    _use_language_of(deps, tenant_id, person_id)
    visits.stop_mails(deps.unit_of_work, tenant_id=tenant_id, person_id=person_id, kind=kind)
    return render_template("stop.html", done=True)
