"""``/lti``: login, launch, the tool's public keys."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from lrs.ground import clock
from lti_tool.actions import launching
from lti_tool.lti import keys
from lti_tool.lti.deps import ToolDeps
from lti_tool.lti.errors import LaunchInvalid
from lti_tool.views import session

KEY_SET_SECONDS = 300  # platforms may keep our keys this long


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes below ``/lti``."""
    pages = Blueprint("launch", __name__, url_prefix="/lti")

    @pages.route("/login", methods=["GET", "POST"])
    def login() -> ResponseReturnValue:
        parameters = (request.form if request.method == "POST" else request.args).to_dict()
        begun = launching.begin(
            deps.engine,
            deps.unit_of_work,
            parameters=parameters,
            base_url=deps.settings.base_url,
            launch_url=f"{deps.settings.base_url}/lti/launch",
            now=clock.now(),
        )
        response = redirect(begun.address)
        assert isinstance(response, Response)
        session.remember_login(response, begun)
        return response

    @pages.post("/launch")
    def launch() -> ResponseReturnValue:
        if "error" in request.form:
            # The platform could not sign the person in; its words are shown as text, never as markup.
            words = request.form.get("error_description") or request.form["error"]
            raise LaunchInvalid(f"The LMS did not start the activity: {words[:300]}. Sign in there again and open the activity once more.")
        state = request.form.get("state", "")
        entered = launching.enter(
            deps.engine,
            deps.unit_of_work,
            deps.platform_keys,
            state=state,
            id_token=request.form.get("id_token", ""),
            browser_secret=session.login_secret(request, state),
            now=clock.now(),
        )
        # After the redirect, reloading the page is a harmless GET.
        response = redirect(f"{deps.settings.base_url}/t/{entered.launch_id}/", code=303)
        assert isinstance(response, Response)
        session.open_session(request, response, state, entered)
        return response

    @pages.get("/jwks.json")
    def jwks() -> ResponseReturnValue:
        response = jsonify({"keys": keys.public_keys(deps.engine, deps.secrets)})
        response.headers["Cache-Control"] = f"public, max-age={KEY_SET_SECONDS}"
        return response

    return pages
