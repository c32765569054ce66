"""``/lti/register/<invite>``: the URL that an LMS administrator pastes into the LMS, which
opens it in a frame or a window."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from adapters.lms import dialect_for
from core import clock
from core.http_client import url_origin
from lti_tool.base import page_responses
from lti_tool.base.deps import ToolDeps
from lti_tool.base.forms import form_text
from lti_tool.base.page_context import open_public_page
from lti_tool.base.routes import Routes
from lti_tool.launch import platform_registration

ROUTES = Routes("register", "/lti/register", open_public_page)
MAX_LENGTH = 8_000  # of a URL or a token that an LMS sends
_INVITE_IN_ADDRESS = "a one-time invite is in the address"


@ROUTES.get("/", public=_INVITE_IN_ADDRESS)
@ROUTES.get("/<secret>", public=_INVITE_IN_ADDRESS)
def preview_registration(deps: ToolDeps, secret: str = "") -> ResponseReturnValue:
    """Preview what would be registered; nothing is changed."""
    url = request.args.get("openid_configuration", "")[:MAX_LENGTH]
    token = request.args.get("registration_token", "")[:MAX_LENGTH]
    offer = platform_registration.preview_registration(
        deps, secret=secret, configuration_url=url, registration_token=token, now=clock.now()
    )
    page_responses.allow_frames(url_origin(offer.configuration.issuer), url_origin(url))
    return render_template(
        "register.html",
        offer=offer,
        lms=dialect_for(offer.configuration.family),
        facts=platform_registration.tool_facts(deps.settings.base_url),
        openid_configuration=url,
        registration_token=token,
    )


@ROUTES.post("/<secret>", public=_INVITE_IN_ADDRESS)
def submit_registration(deps: ToolDeps, secret: str) -> ResponseReturnValue:
    url = form_text("openid_configuration", MAX_LENGTH)
    outcome = platform_registration.register_by_invite(
        deps,
        secret=secret,
        configuration_url=url,
        registration_token=form_text("registration_token", MAX_LENGTH),
        now=clock.now(),
    )
    page_responses.allow_frames(url_origin(outcome.platform.issuer), url_origin(url))
    return render_template(
        "registered.html", outcome=outcome, lms=dialect_for(outcome.platform.family)
    )
