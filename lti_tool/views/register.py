"""``/lti/register/<invite>``: the URL that an LMS administrator pastes into the LMS, which
opens it in a frame or a window."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from adapters.lms import dialect
from core import clock
from core.http import origin
from lti_tool.actions import registering
from lti_tool.lti.deps import ToolDeps
from lti_tool.views import pages as page_rules

LONGEST = 8_000  # of a URL or a token that an LMS sends


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes."""
    pages = Blueprint("register", __name__, url_prefix="/lti/register")

    @pages.get("/")
    @pages.get("/<secret>")
    def look(secret: str = "") -> ResponseReturnValue:
        """Preview what would be registered; nothing is changed."""
        url, token = (request.args.get(name, "")[:LONGEST] for name in ("openid_configuration", "registration_token"))
        offer = registering.look(deps, secret=secret, configuration_url=url, registration_token=token, now=clock.now())
        page_rules.frame_by(origin(offer.configuration.issuer), origin(url))
        lms = dialect(offer.configuration.family)
        return render_template(
            "register.html", offer=offer, lms=lms, facts=registering.facts(deps.settings.base_url), openid_configuration=url, registration_token=token
        )

    @pages.post("/<secret>")
    def register(secret: str) -> ResponseReturnValue:
        url, token = (request.form.get(name, "")[:LONGEST] for name in ("openid_configuration", "registration_token"))
        outcome = registering.register(deps, secret=secret, configuration_url=url, registration_token=token, now=clock.now())
        page_rules.frame_by(origin(outcome.platform.issuer), origin(url))
        return render_template("registered.html", outcome=outcome, lms=dialect(outcome.platform.family))

    return pages
