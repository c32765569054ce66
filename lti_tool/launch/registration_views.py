"""``/lti/register/<invite>``: the URL that an LMS administrator pastes into the LMS, which
opens it in a frame or a window."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from adapters.lms import dialect_for
from core import clock
from core.http_client import url_origin
from lti_tool.base import page_responses as page_rules
from lti_tool.base.deps import ToolDeps
from lti_tool.launch import platform_registration

MAX_LENGTH = 8_000  # of a URL or a token that an LMS sends


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes."""
    pages = Blueprint("register", __name__, url_prefix="/lti/register")

    @pages.get("/")
    @pages.get("/<secret>")
    def preview_registration(secret: str = "") -> ResponseReturnValue:
        """Preview what would be registered; nothing is changed."""
        url, token = (
            request.args.get(name, "")[:MAX_LENGTH]
            for name in ("openid_configuration", "registration_token")
        )
        offer = platform_registration.preview_registration(
            deps, secret=secret, configuration_url=url, registration_token=token, now=clock.now()
        )
        page_rules.allow_frames(url_origin(offer.configuration.issuer), url_origin(url))
        lms = dialect_for(offer.configuration.family)
        return render_template(
            "register.html",
            offer=offer,
            lms=lms,
            facts=platform_registration.tool_facts(deps.settings.base_url),
            openid_configuration=url,
            registration_token=token,
        )

    @pages.post("/<secret>")
    def submit_registration(secret: str) -> ResponseReturnValue:
        url, token = (
            request.form.get(name, "")[:MAX_LENGTH]
            for name in ("openid_configuration", "registration_token")
        )
        outcome = platform_registration.register_by_invite(
            deps, secret=secret, configuration_url=url, registration_token=token, now=clock.now()
        )
        page_rules.allow_frames(url_origin(outcome.platform.issuer), url_origin(url))
        return render_template(
            "registered.html", outcome=outcome, lms=dialect_for(outcome.platform.family)
        )

    return pages
