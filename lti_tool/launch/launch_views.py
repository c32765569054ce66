"""``/lti``: login, launch, the tool's public keys, and what Canvas reads to install it."""

from __future__ import annotations

import ipaddress
from typing import Any

import msgspec
from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from adapters.lms.canvas import CanvasDialect
from core import clock
from core.errors import BadInput
from lti_tool.base import page_language, platforms_store, sessions, signing_keys
from lti_tool.base import page_responses as page_rules
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import LaunchInvalid
from lti_tool.base.token_hash import hash_token
from lti_tool.launch import launches, platform_registration, rate_limits
from lti_tool.launch.launch_recording import AcceptedLaunch
from lti_tool.launch.launches import StartedLogin, StorageProofRequired
from lti_tool.people.courses_store import SYNC_ROSTERS

MAX_CONFIRMATION_BYTES = 100_000  # bytes: an id_token and two short texts
KEY_SET_MAX_AGE = 300  # how long platforms may cache our keys


class _Confirmation(msgspec.Struct):
    """A launch with the proof that was stored in the LMS's window (LTI postMessage storage)."""

    state: str
    id_token: str
    proof: str


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes below ``/lti``."""
    pages = Blueprint("launch", __name__, url_prefix="/lti")

    @pages.before_request
    def set_browser_language() -> None:
        page_language.use_browser_language(request)

    def limit_requests(what: str) -> None:
        if not deps.limiter.allows(
            what,
            _network_prefix(request.remote_addr or ""),
            rate_limits.MAX_LAUNCHES_PER_MINUTE,
            60,
        ):
            raise LaunchInvalid(
                "Too many activities are opened from your network at once. Wait a minute, then "
                "open it again.",
                status=429,
            )

    @pages.route("/login", methods=["GET", "POST"])
    def login() -> ResponseReturnValue:
        limit_requests("login")
        parameters = (request.form if request.method == "POST" else request.args).to_dict()
        begun = launches.begin_login(
            deps, parameters=parameters, client=_describe_client(), now=clock.now()
        )
        response = _storage_response(begun) if begun.storage_target else redirect(begun.address)
        assert isinstance(response, Response)
        sessions.set_login_cookie(response, begun.state, begun.browser_secret)
        return response

    @pages.post("/launch")
    def receive_launch() -> ResponseReturnValue:
        limit_requests("launch")
        if "error" in request.form:
            # The platform could not sign the person in; its message is shown as text, never as
            # markup, and only if this login was started here.
            words = request.form.get("error_description") or request.form["error"]
            known = platforms_store.peek_login(
                deps.engine, hash_token(request.form.get("state", ""))
            )
            reason = f": {words[:300]}" if known else ""
            raise LaunchInvalid(
                f"The LMS did not start the activity{reason}. Sign in there again and open the "
                "activity once more."
            )
        state, id_token = request.form.get("state", ""), request.form.get("id_token", "")
        entered = launches.process_launch(
            deps,
            state=state,
            id_token=id_token,
            browser_secret=sessions.read_login_secret(request, state),
            storage_target=request.form.get("lti_storage_target", ""),
            now=clock.now(),
        )
        if isinstance(entered, StorageProofRequired):
            page_rules.allow_platform_frames(entered.platform)
            return _render_storage_page(
                "ask",
                entered.storage_target,
                entered.storage_origin,
                state,
                deep_link=entered.deep_link_url,
                fields={"state": state, "id_token": id_token},
            )
        enqueue_roster_sync(deps, entered)
        # After the redirect, reloading the page is a harmless GET.
        response = redirect(f"{deps.settings.base_url}/t/{entered.launch_id}/", code=303)
        assert isinstance(response, Response)
        sessions.start_launch_session(request, response, state, entered.launch_id, entered.secret)
        return response

    @pages.post("/launch/confirm")
    def confirm_launch() -> ResponseReturnValue:
        """The same launch again, with the proof that was stored in the LMS's window. Only our
        own page can send this and read the response."""
        sessions.require_own_origin(deps, request, required=True)
        limit_requests("confirm")
        sent = _read_confirmation()
        entered = launches.confirm_launch(
            deps,
            state=sent.state,
            id_token=sent.id_token,
            browser_secret=sent.proof,
            now=clock.now(),
        )
        enqueue_roster_sync(deps, entered)
        return jsonify({"home": f"/t/{entered.launch_id}/", "token": entered.secret})

    @pages.post("/launch/window")
    def accept_in_window() -> ResponseReturnValue:
        """In a top-level window, which cannot be framed: show what would be opened, and as
        whom. The person accepts or closes it."""
        page_rules.forbid_frames()
        limit_requests("window")
        state, id_token = request.form.get("state", ""), request.form.get("id_token", "")
        if request.form.get("accept") == "1":
            sessions.require_own_origin(deps, request, required=True)
            entered = launches.accept_launch(
                deps, state=state, id_token=id_token, client=_describe_client(), now=clock.now()
            )
            enqueue_roster_sync(deps, entered)
            response = redirect(f"{deps.settings.base_url}/t/{entered.launch_id}/", code=303)
            assert isinstance(response, Response)
            sessions.start_launch_session(
                request, response, state, entered.launch_id, entered.secret
            )
            return response
        platform, launch = launches.preview_launch(
            deps, state=state, id_token=id_token, client=_describe_client(), now=clock.now()
        )
        return render_template(
            "window.html", platform=platform, launch=launch, state=state, id_token=id_token
        )

    @pages.get("/jwks.json")
    def jwks() -> ResponseReturnValue:
        response = jsonify({"keys": signing_keys.list_public_jwks(deps.engine, deps.secrets)})
        response.headers["Cache-Control"] = f"public, max-age={KEY_SET_MAX_AGE}"
        return response

    @pages.get("/canvas.json")
    def canvas_configuration() -> ResponseReturnValue:
        """The configuration that Canvas fetches when a Developer Key is created from this URL."""
        return jsonify(
            CanvasDialect().developer_key_json(
                platform_registration.tool_facts(deps.settings.base_url)
            )
        )

    return pages


def _read_confirmation() -> _Confirmation:
    """Parse the request body; only JSON is accepted, because a form of another site cannot send
    that."""
    try:
        if (
            request.mimetype != "application/json"
            or (request.content_length or 0) > MAX_CONFIRMATION_BYTES
        ):
            raise ValueError("no JSON, or too much of it")
        return msgspec.json.decode(request.get_data(), type=_Confirmation)
    except (ValueError, RecursionError):
        raise BadInput("The launch was not confirmed: open the activity again.") from None


def _describe_client() -> str:
    """What identifies the browser: its network and its user agent."""
    return (
        f"{_network_prefix(request.remote_addr or '')} "
        f"{request.headers.get('User-Agent', '')[:500]}"
    )


def _network_prefix(address: str) -> str:
    """The network of one household: for IPv6 the /64 prefix, because providers assign networks
    of 64 bits (RFC 4291, 2.5.4)."""
    try:
        result = ipaddress.ip_address(address)
    except ValueError:
        return address
    return (
        str(ipaddress.ip_network((result, 64), strict=False))
        if result.version == 6
        else str(result)
    )


def enqueue_roster_sync(deps: ToolDeps, entered: AcceptedLaunch) -> None:
    """Enqueue the jobs that follow a launch."""
    if entered.roster_due:
        deps.job_requests.request_job(SYNC_ROSTERS)


def _storage_response(begun: StartedLogin) -> Response:
    """A page that stores this login's proof in the LMS's window, then continues (LTI
    postMessage storage 0.1)."""
    page_rules.allow_frames("*")
    page = _render_storage_page(
        "put",
        begun.storage_target,
        begun.storage_origin,
        begun.state,
        proof=begun.browser_secret,
        next_url=begun.address,
    )
    return Response(page, content_type="text/html; charset=utf-8")


def _render_storage_page(act: str, target: str, origin: str, state: str, **more: Any) -> str:
    if more.get("deep_link"):
        page_rules.allow_form_target(more["deep_link"])
    return render_template(
        "storage.html",
        act=act,
        target=target,
        origin=origin,
        key=f"carryover_{sessions.login_key(state)}",
        **more,
    )
