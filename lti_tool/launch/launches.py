"""Handle a launch: login, proof that it belongs to this browser, verification, and storage."""

from __future__ import annotations

import hmac
import logging
import re
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from sqlalchemy.exc import SQLAlchemyError

from adapters.lms import Launch, MessageType, dialect_for
from adapters.lms.models import DeepLinkingSettings
from core.http_client import url_origin
from core.messages import lazy_gettext
from lti_tool.base import journal_store, platforms_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.journal_store import LaunchLogEntry
from lti_tool.base.launch_errors import BrowserNotVerified, LaunchInvalid, Turn
from lti_tool.base.platforms_store import APPROVED, PENDING, PendingLogin, Platform
from lti_tool.base.sessions_store import LOGIN_LIFETIME
from lti_tool.base.token_hash import hash_token
from lti_tool.launch import launch_recording, launch_verifier
from lti_tool.launch.id_tokens import MAX_TOKEN_LENGTH
from lti_tool.launch.launch_recording import AcceptedLaunch
from lti_tool.launch.rate_limits import HOUR_SECONDS, MAX_REFUSALS_PER_HOUR

log = logging.getLogger(__name__)

LONGEST_PARAMETER = 4_000
LAUNCH_PATH = "/lti/launch"
# A platform configured with only the domain sends the bare URL.
TARGET_PATHS = ("", LAUNCH_PATH)
KEPT_LOGIN_PARAMETERS = (
    "lti_message_hint",
    "lti_storage_target",
    "lti_deployment_id",
    "deployment_id",
)  # login parameters that the launch may need later
_FRAME_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class StartedLogin:
    """A started login: the redirect URL, and what this browser must return, by cookie or
    through the platform storage of the LMS window (``storage_target`` names the frame, pages of
    ``storage_origin`` answer there)."""

    address: str
    state: str
    browser_secret: str
    storage_target: str
    storage_origin: str


@dataclass(frozen=True)
class StorageProofRequired:
    """A verified launch whose browser kept no cookie: the LMS window's platform storage holds
    the proof.
    """

    platform: Platform
    storage_target: str
    storage_origin: str
    deep_link_url: (
        str  # where the following pages may post a content selection; empty unless deep linking
    )


def begin_login(
    deps: ToolDeps, *, parameters: Mapping[str, str], client: str, now: datetime
) -> StartedLogin:
    """Start the OIDC third-party initiated login. Raise LaunchInvalid when it is not for this
    tool.

    ``client`` identifies the browser (its network address and user agent)."""
    if any(len(value) > LONGEST_PARAMETER for value in parameters.values()):
        raise LaunchInvalid(
            "The course sent a request that is too long.", turn=Turn.LMS_ADMINISTRATOR
        )
    platform = _find_platform(deps, parameters)
    try:
        _require_approved_platform(platform)
        target = parameters.get("target_link_uri", "")
        _require_own_target(target, deps.settings.base_url)
        address, state, nonce = launch_verifier.build_login_url(
            platform, parameters, f"{deps.settings.base_url}{LAUNCH_PATH}"
        )
    except LaunchInvalid as error:
        _record_refusal(deps, platform, error, now)
        raise
    browser_secret = random.token_urlsafe(32)
    kept_parameters = {
        name: parameters[name] for name in KEPT_LOGIN_PARAMETERS if parameters.get(name)
    } | {"client": hash_token(client).hex()}
    with deps.unit_of_work(platform.tenant_id) as connection:
        login = PendingLogin(
            platform.tenant_id,
            platform.id,
            hash_token(browser_secret),
            nonce,
            target,
            kept_parameters,
            now + LOGIN_LIFETIME,
        )
        platforms_store.insert_login(connection, hash_token(state), login)
    return StartedLogin(
        address,
        state,
        browser_secret,
        _storage_target_from(parameters),
        url_origin(platform.auth_login_url),
    )


def _find_platform(deps: ToolDeps, parameters: Mapping[str, str]) -> Platform:
    issuer, client_id = parameters.get("iss", ""), parameters.get("client_id") or None
    result = platforms_store.find_platforms(deps.engine, issuer, client_id) if issuer else []
    if not result:
        raise LaunchInvalid(
            "This LMS is not registered with the tool yet. Ask the administrator of your LMS to "
            "register it.",
            f"no registration for issuer {issuer[:200]!r}, client {str(client_id)[:200]!r}",
            turn=Turn.LMS_ADMINISTRATOR,
        )
    hint = parameters.get("login_hint", "")
    if len(result) > 1:
        result = [
            one for one in result if dialect_for(one.family).login_is_for(one.client_id, hint)
        ] or result
    if len(result) > 1:
        raise LaunchInvalid(
            "The course did not say which of its installations of the tool it means (client_id "
            "is missing). Ask the administrator of your"
            " LMS to look at the tool's settings.",
            turn=Turn.LMS_ADMINISTRATOR,
        )
    return result[0]


def _require_approved_platform(platform: Platform) -> None:
    if platform.status == PENDING:
        raise LaunchInvalid(
            "This LMS has registered and waits for approval. Whoever runs this tool for your "
            "organisation approves it on the"
            " administration page; then the activity opens.",
            "the registration is pending",
            status=403,
            turn=Turn.TOOL_ADMINISTRATOR,
        )
    if platform.status != APPROVED:
        raise LaunchInvalid(
            "This LMS's registration was switched off here. Ask whoever runs this tool for your "
            "organisation.",
            f"the registration is {platform.status}",
            status=403,
            turn=Turn.TOOL_ADMINISTRATOR,
        )


def _storage_target_from(parameters: Mapping[str, str]) -> str:
    name = parameters.get("lti_storage_target", "")
    return name if _FRAME_NAME.fullmatch(name) else ""


def _require_own_target(target: str, base_url: str) -> None:
    ours = urlsplit(base_url)
    try:
        wanted = urlsplit(target)
    except ValueError:
        wanted = urlsplit("")
    if (wanted.scheme, wanted.netloc) != (
        ours.scheme,
        ours.netloc,
    ) or wanted.path.rstrip("/") not in TARGET_PATHS:
        raise LaunchInvalid(
            lazy_gettext(
                "The course's link leads to another address than this tool's. Ask the "
                "administrator of your LMS to set the tool's address to %(url)s.",
                url=base_url + LAUNCH_PATH,
            ),
            f"target_link_uri {target[:200]!r}",
            turn=Turn.LMS_ADMINISTRATOR,
        )


def process_launch(
    deps: ToolDeps,
    *,
    state: str,
    id_token: str,
    browser_secret: str | None,
    storage_target: str,
    now: datetime,
) -> AcceptedLaunch | StorageProofRequired:
    """Process the launch itself. Of a refused one, only a log entry for administrators is
    stored.
    """
    login = (
        platforms_store.redeem_login(deps.engine, hash_token(state))
        if state and browser_secret is not None
        else None
    )
    if login is None:
        login = (
            platforms_store.peek_login(deps.engine, hash_token(state))
            if state and browser_secret is None
            else None
        )
    login = _require_current_login(login, now)
    platform = _platform_of_login(deps, login)
    target = _storage_target_from({"lti_storage_target": storage_target}) or _storage_target_from(
        login.asked
    )
    try:
        if browser_secret is not None and not hmac.compare_digest(
            hash_token(browser_secret), login.browser_hash
        ):
            raise LaunchInvalid(
                "This launch was begun in another browser. Go back to the course "
                "and open the activity again.",
                "the cookie is another login's",
                turn=Turn.YOURS,
            )
        try:
            launch = _verify_launch(deps, platform, login, id_token, now)
        except LaunchInvalid:
            platforms_store.redeem_login(
                deps.engine, hash_token(state)
            )  # one attempt per login, whatever the browser sent
            raise
        if browser_secret is not None:
            return launch_recording.record_launch(deps, platform, launch, now)
        if target:
            chosen_for = launch.deep_linking.return_url if launch.deep_linking else ""
            return StorageProofRequired(
                platform, target, url_origin(platform.auth_login_url), chosen_for
            )
        raise BrowserNotVerified(
            "Your browser keeps no cookies for this page inside the course, so it cannot be "
            "shown that this launch is yours. In a window of"
            " its own it can.",
            dialect_for(platform.family).relaunch_url(
                platform.issuer, login.asked.get("lti_message_hint", "")
            ),
        )
    except LaunchInvalid as error:
        _record_refusal(deps, platform, error, now)
        raise


def preview_launch(
    deps: ToolDeps, *, state: str, id_token: str, client: str, now: datetime
) -> tuple[Platform, Launch]:
    """Preview what a verified launch would open, and as whom, so that the person can confirm
    that it is theirs. Nothing is stored or consumed.
    """
    login = _require_current_login(
        platforms_store.peek_login(deps.engine, hash_token(state)) if state else None, now
    )
    platform = _platform_of_login(deps, login)
    return platform, _verify_window_launch(deps, platform, login, id_token, client, now)


def accept_launch(
    deps: ToolDeps, *, state: str, id_token: str, client: str, now: datetime
) -> AcceptedLaunch:
    """Accept a launch that the person confirmed in a separate window, having read what it opens
    and as whom. The caller has verified that our own page, which cannot be framed, sent the
    request."""
    login = _require_current_login(
        platforms_store.redeem_login(deps.engine, hash_token(state)) if state else None, now
    )
    platform = _platform_of_login(deps, login)
    try:
        return launch_recording.record_launch(
            deps, platform, _verify_window_launch(deps, platform, login, id_token, client, now), now
        )
    except LaunchInvalid as error:
        _record_refusal(deps, platform, error, now)
        raise


def _verify_window_launch(
    deps: ToolDeps,
    platform: Platform,
    login: PendingLogin,
    id_token: str,
    client: str,
    now: datetime,
) -> Launch:
    """Verify a launch in a separate window. This last resort proves less than a cookie, so it
    permits less: only an activity, never for an LMS administrator, only from the network and
    the kind of browser that started the login, and only where neither platform storage nor the
    LMS's own relaunch page is available."""
    if login.asked.get("client") != hash_token(client).hex():
        raise LaunchInvalid(
            "This launch was begun in another browser, or on another network. "
            "Go back to the course and open the activity again.",
            "the window is not where the login began",
            turn=Turn.YOURS,
        )
    lms = dialect_for(platform.family)
    if _storage_target_from(login.asked) or lms.relaunch_url(
        platform.issuer, login.asked.get("lti_message_hint", "")
    ):
        raise LaunchInvalid(
            "This launch is not opened in this way. Go back to the course and "
            "open the activity again.",
            "a window was asked for where there is a better way",
            turn=Turn.YOURS,
        )
    launch = _verify_launch(deps, platform, login, id_token, now)
    if launch.message is not MessageType.RESOURCE or launch.may_administer:
        raise LaunchInvalid(
            "Choosing content, reviews and the administration need a browser that keeps cookies "
            "for this page. Allow them, or use another"
            " browser. Go back to the course and open it again there.",
            "a window was asked for something that it does not open",
            turn=Turn.YOURS,
        )
    return launch


def confirm_launch(
    deps: ToolDeps, *, state: str, id_token: str, browser_secret: str, now: datetime
) -> AcceptedLaunch:
    """Confirm a launch whose proof came from the LMS window's platform storage instead of a
    cookie. The caller has verified that our own page sent the request.
    """
    login = _require_current_login(
        platforms_store.redeem_login(deps.engine, hash_token(state)) if state else None, now
    )
    platform = _platform_of_login(deps, login)
    try:
        if not hmac.compare_digest(hash_token(browser_secret), login.browser_hash):
            raise LaunchInvalid(
                "This launch was begun in another window. Go back to the course and "
                "open the activity again.",
                "the LMS's storage holds another login's proof, or none",
                turn=Turn.YOURS,
            )
        return launch_recording.record_launch(
            deps, platform, _verify_launch(deps, platform, login, id_token, now), now
        )
    except LaunchInvalid as error:
        _record_refusal(deps, platform, error, now)
        raise


def _require_current_login(login: PendingLogin | None, now: datetime) -> PendingLogin:
    if login is None or login.expires_at < now:
        raise LaunchInvalid(
            "This launch was used already or took too long. Go back to the "
            "course and open the activity again.",
            "state unknown, used or expired",
            turn=Turn.YOURS,
        )
    return login


def _platform_of_login(deps: ToolDeps, login: PendingLogin) -> Platform:
    with deps.unit_of_work(login.tenant_id) as connection:
        platform = platforms_store.get_platform(connection, login.tenant_id, login.registration_id)
    _require_approved_platform(platform)  # it may have been disabled since the login
    return platform


def _verify_launch(
    deps: ToolDeps, platform: Platform, login: PendingLogin, id_token: str, now: datetime
) -> Launch:
    if len(id_token) > MAX_TOKEN_LENGTH:
        raise LaunchInvalid(
            "The course's message is too large.",
            f"id_token of {len(id_token)} characters",
            turn=Turn.LMS_ADMINISTRATOR,
        )
    keys = deps.platform_keys
    key_set = keys.key_set_for_token(platform.key_set_url, id_token)
    launch = launch_verifier.verify_launch(
        platform,
        id_token,
        launch_verifier.Expected(
            login.nonce,
            (login.expires_at - LOGIN_LIFETIME).timestamp(),
            now.timestamp(),
            deps.settings.clock_leeway_seconds,
        ),
        key_set,
        lambda: keys.newer_key_set(platform.key_set_url, key_set),
    )
    if launch.target_link_uri and not _is_same_address(
        launch.target_link_uri, login.target_link_uri
    ):
        raise LaunchInvalid(
            "The course changed its link on the way.",
            "target_link_uri differs from the login's",
            turn=Turn.LMS_ADMINISTRATOR,
        )
    hinted = login.asked.get("lti_deployment_id") or login.asked.get("deployment_id")
    if hinted and hinted != launch.deployment_id:
        raise LaunchInvalid(
            "The course named another installation of the tool before.",
            f"login for deployment {hinted[:100]!r}",
            turn=Turn.LMS_ADMINISTRATOR,
        )
    if launch.deep_linking is not None:
        _require_usable_deep_linking(deps, launch.deep_linking)
    if launch.message is MessageType.DEEP_LINK and not launch.role.chooses_content:
        raise LaunchInvalid(
            "Only a teacher or designer of the course chooses content for it.",
            "deep linking by a learner",
            status=403,
            turn=Turn.TEACHER,
        )
    return launch


def _is_same_address(one: str, other: str) -> bool:
    """Whether two addresses differ by their spelling alone: what is percent-encoded, a blank as +
    or %20, a slash at the end.
    """

    def normalized(address: str) -> tuple[object, ...]:
        parts = urlsplit(address)
        query = parse_qsl(parts.query, keep_blank_values=True)
        return parts.scheme, parts.netloc.lower(), unquote(parts.path).rstrip("/"), query

    try:
        return one == other or normalized(one) == normalized(other)
    except ValueError:  # no address
        return False


def _require_usable_deep_linking(deps: ToolDeps, deep_linking: DeepLinkingSettings) -> None:
    if not deep_linking.takes_links:
        raise LaunchInvalid(
            "This place of the course takes no activities (its accept_types do not hold "
            "ltiResourceLink). Add the tool as an activity.",
            turn=Turn.YOURS,
        )
    if (
        not deep_linking.return_url.startswith("https://")
        and not deps.settings.allow_private_platforms
    ):
        raise LaunchInvalid(
            "The course wants its content sent over a connection that is not encrypted. Ask the "
            "administrator of your LMS to use https.",
            turn=Turn.LMS_ADMINISTRATOR,
        )


def _record_refusal(
    deps: ToolDeps, platform: Platform, error: LaunchInvalid, now: datetime
) -> None:
    """Record a refusal for the administrators' launch log. If the database is unavailable, the
    person still gets the reason.
    """
    if not deps.limiter.allows("refusals", str(platform.id), MAX_REFUSALS_PER_HOUR, HOUR_SECONDS):
        return  # a flood of refusals tells administrators nothing new
    entry = LaunchLogEntry(
        now, False, "", "", "", str(error.message), error.detail.replace("\0", "")[:500]
    )
    try:
        with deps.unit_of_work(platform.tenant_id) as connection:
            journal_store.log_launch(connection, platform.tenant_id, platform.id, entry)
    except SQLAlchemyError as failed:
        log.error("a refused launch could not be noted: %s", type(failed).__name__)
