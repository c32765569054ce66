"""``/lti``: login, launch, the tool's public keys, and what Canvas reads to install it."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from adapters.lms.canvas import CanvasDialect
from core import clock
from core.errors import BadInput
from core.messages import lazy_gettext
from core.rate_limiter import network_of
from lti_tool.base import page_responses, platforms_store, sessions, signing_keys
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import LaunchInvalid, Turn
from lti_tool.base.page_context import open_public_page
from lti_tool.base.routes import Routes, require_rate
from lti_tool.base.token_hash import hash_token
from lti_tool.launch import launches, platform_registration, rate_limits
from lti_tool.launch.launch_recording import AcceptedLaunch
from lti_tool.launch.launches import StartedLogin, StorageProofRequired
from lti_tool.people.courses_store import SYNC_ROSTERS

MAX_CONFIRMATION_BYTES = 100_000  # bytes: an id_token and two short texts
KEY_SET_MAX_AGE = 300  # how long platforms may cache our keys
MAX_REASON_LENGTH = 300  # characters of a platform's own message
MAX_USER_AGENT_LENGTH = 500
MAX_VERSION_LENGTH = 20  # characters of what an LMS calls its LTI


class _Confirmation(msgspec.Struct):
    """A launch with the proof that was stored in the LMS's window (LTI postMessage storage)."""

    state: str
    id_token: str
    proof: str


ROUTES = Routes("launch", "/lti", open_public_page)


@ROUTES.get_or_post("/login", public="an LMS begins a launch", rate=rate_limits.LOGINS)
def login(deps: ToolDeps) -> ResponseReturnValue:
    _refuse_older_lti()
    parameters = (request.form if request.method == "POST" else request.args).to_dict()
    begun = launches.begin_login(
        deps, parameters=parameters, client=_describe_client(), now=clock.now()
    )
    response = (
        _storage_response(begun)
        if begun.storage_target
        else page_responses.redirect_to(begun.address, code=302)
    )
    sessions.set_login_cookie(response, begun.state, begun.browser_secret)
    return response


@ROUTES.post(
    "/launch", public="an LMS sends a launch, which is checked there", rate=rate_limits.LAUNCHES
)
def receive_launch(deps: ToolDeps) -> ResponseReturnValue:
    if "error" in request.form:
        raise _sign_in_failure(deps)
    _refuse_older_lti()
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
        page_responses.allow_platform_frames(entered.platform)
        return _render_storage_page(
            "ask",
            entered.storage_target,
            entered.storage_origin,
            state,
            deep_link=entered.deep_link_url,
            fields={"state": state, "id_token": id_token},
        )
    return _begin_session(deps, entered, state)


@ROUTES.post("/launch/confirm", public="whoever began a launch says that it is theirs")
def confirm_launch(deps: ToolDeps) -> ResponseReturnValue:
    """The same launch again, with the proof that was stored in the LMS's window. Only our
    own page can send this and read the response."""
    sessions.require_own_origin(deps, request, required=True)
    require_rate(deps, rate_limits.CONFIRMATIONS)
    sent = _read_confirmation()
    entered = launches.confirm_launch(
        deps,
        state=sent.state,
        id_token=sent.id_token,
        browser_secret=sent.proof,
        now=clock.now(),
    )
    _enqueue_roster_sync(deps, entered)
    return jsonify({"home": f"/t/{entered.launch_id}/", "token": entered.secret})


@ROUTES.post("/launch/window", public="a launch goes on in a window of its own")
def accept_in_window(deps: ToolDeps) -> ResponseReturnValue:
    """In a top-level window, which cannot be framed: show what would be opened, and as
    whom. The person accepts or closes it."""
    page_responses.forbid_frames()
    require_rate(deps, rate_limits.WINDOWS)
    state, id_token = request.form.get("state", ""), request.form.get("id_token", "")
    if request.form.get("accept") == "1":
        sessions.require_own_origin(deps, request, required=True)
        entered = launches.accept_launch(
            deps, state=state, id_token=id_token, client=_describe_client(), now=clock.now()
        )
        return _begin_session(deps, entered, state)
    platform, launch = launches.preview_launch(
        deps, state=state, id_token=id_token, client=_describe_client(), now=clock.now()
    )
    return render_template(
        "window.html", platform=platform, launch=launch, state=state, id_token=id_token
    )


@ROUTES.get("/jwks.json", public="public keys")
def jwks(deps: ToolDeps) -> ResponseReturnValue:
    response = jsonify({"keys": signing_keys.list_public_jwks(deps.engine, deps.secrets)})
    response.headers["Cache-Control"] = f"public, max-age={KEY_SET_MAX_AGE}"
    return response


@ROUTES.get("/canvas.json", public="what Canvas reads to install the tool")
def canvas_configuration(deps: ToolDeps) -> ResponseReturnValue:
    """The configuration that Canvas fetches when a Developer Key is created from this URL."""
    facts = platform_registration.tool_facts(deps.settings.base_url)
    return jsonify(CanvasDialect().developer_key_json(facts))


def _refuse_older_lti() -> None:
    """A launch of LTI 1.x is signed by a shared secret and begins without a login; an LMS sends it
    where another registration of the same address wins (hypothesis/lms, issue 4189)."""
    kind = request.form.get("lti_message_type")
    if kind is not None and "id_token" not in request.form:
        raise LaunchInvalid(
            lazy_gettext(
                "The course opened this activity by an older LTI (%(version)s); this tool answers "
                "LTI 1.3. Ask the administrator of your LMS to choose the LTI 1.3 registration of "
                "this tool for the activity.",
                version=request.form.get("lti_version", "1.1")[:MAX_VERSION_LENGTH],
            ),
            f"a message of LTI 1.x, {kind[:MAX_REASON_LENGTH]!r}",
            turn=Turn.LMS_ADMINISTRATOR,
        )


def _sign_in_failure(deps: ToolDeps) -> LaunchInvalid:
    """The platform could not sign the person in; its message is shown as text, never as markup,
    and only if this login was started here.
    """
    words = request.form.get("error_description") or request.form["error"]
    if platforms_store.peek_login(deps.engine, hash_token(request.form.get("state", ""))):
        return LaunchInvalid(
            lazy_gettext(
                "The LMS did not start the activity: %(reason)s. Sign in there again and open the "
                "activity once more.",
                reason=words[:MAX_REASON_LENGTH],
            ),
            turn=Turn.YOURS,
        )
    return LaunchInvalid(
        "The LMS did not start the activity. Sign in there again and open the activity once more.",
        turn=Turn.YOURS,
    )


def _begin_session(deps: ToolDeps, entered: AcceptedLaunch, state: str) -> Response:
    """Go on as GET: reloading the page is then harmless."""
    _enqueue_roster_sync(deps, entered)
    response = page_responses.redirect_to(f"{deps.settings.base_url}/t/{entered.launch_id}/")
    sessions.start_launch_session(request, response, state, entered.launch_id, entered.secret)
    return response


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
        f"{network_of(request.remote_addr or '')} "
        f"{request.headers.get('User-Agent', '')[:MAX_USER_AGENT_LENGTH]}"
    )


def _enqueue_roster_sync(deps: ToolDeps, entered: AcceptedLaunch) -> None:
    """Enqueue the jobs that follow a launch."""
    if entered.roster_due:
        deps.job_requests.request_job(SYNC_ROSTERS)


def _storage_response(begun: StartedLogin) -> Response:
    """A page that stores this login's proof in the LMS's window, then continues (LTI
    postMessage storage 0.1)."""
    page_responses.allow_frames("*")
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
        page_responses.allow_form_target(more["deep_link"])
    return render_template(
        "storage.html",
        act=act,
        target=target,
        origin=origin,
        key=f"carryover_{sessions.login_key(state)}",
        **more,
    )
