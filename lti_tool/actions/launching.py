"""Handle a launch: login, proof that it belongs to this browser, verification, and storage."""

from __future__ import annotations

import hmac
import logging
import re
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from adapters.lms import Launch, Message, Role, dialect
from adapters.lms.shapes import DeepLinking
from core.http import origin
from lti_tool.actions import entering
from lti_tool.actions.entering import Entered
from lti_tool.actions.tokens import digest
from lti_tool.lti import library
from lti_tool.lti.deps import ToolDeps
from lti_tool.lti.errors import LaunchInvalid, NotThisBrowser
from lti_tool.store import journal, platforms
from lti_tool.store.journal import LaunchEntry
from lti_tool.store.platforms import APPROVED, PENDING, Login, Platform

log = logging.getLogger(__name__)

LOGIN_TIME = timedelta(minutes=10)
LONGEST_PARAMETER = 4_000
REFUSALS_AN_HOUR = 300  # recorded per platform
LAUNCH_PATH = "/lti/launch"
OUR_PATHS = ("", "/", LAUNCH_PATH)  # a platform configured with only the domain sends the bare URL
ASKED = ("lti_message_hint", "lti_storage_target", "lti_deployment_id", "deployment_id")  # login parameters that the launch may need later
_FRAME_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_RELAUNCH = "Go back to the course and open the activity again."


@dataclass(frozen=True)
class Begun:
    """A started login: the redirect URL, and what this browser must return, by cookie or
    through the platform storage of the LMS window (``storage_target`` names the frame, pages of
    ``storage_origin`` answer there)."""

    address: str
    state: str
    browser_secret: str
    storage_target: str
    storage_origin: str


@dataclass(frozen=True)
class AskStorage:
    """A verified launch whose browser kept no cookie: the LMS window's platform storage holds
    the proof.
    """

    platform: Platform
    storage_target: str
    storage_origin: str
    deep_link_url: str  # where the following pages may post a content selection; empty unless deep linking


def begin(deps: ToolDeps, *, parameters: Mapping[str, str], client: str, now: datetime) -> Begun:
    """Start the OIDC third-party initiated login. Raise LaunchInvalid when it is not for this
    tool.

    ``client`` identifies the browser (its network address and user agent)."""
    if any(len(value) > LONGEST_PARAMETER for value in parameters.values()):
        raise LaunchInvalid(f"The course sent a request that is too long. {_RELAUNCH}")
    platform = _platform(deps, parameters)
    try:
        target = parameters.get("target_link_uri", "")
        _require_ours(target, deps.settings.base_url)
        address, state, nonce = library.login_address(platform, parameters, f"{deps.settings.base_url}{LAUNCH_PATH}")
    except LaunchInvalid as error:
        _note_refusal(deps, platform, error, now)
        raise
    browser_secret = random.token_urlsafe(32)
    asked = {name: parameters[name] for name in ASKED if parameters.get(name)} | {"client": digest(client).hex()}
    with deps.unit_of_work(platform.tenant_id) as connection:
        login = Login(platform.tenant_id, platform.id, digest(browser_secret), nonce, target, asked, now + LOGIN_TIME)
        platforms.remember_login(connection, digest(state), login)
    return Begun(address, state, browser_secret, _storage_target(parameters), origin(platform.auth_login_url))


def _platform(deps: ToolDeps, parameters: Mapping[str, str]) -> Platform:
    issuer, client_id = parameters.get("iss", ""), parameters.get("client_id") or None
    found = platforms.find(deps.engine, issuer, client_id) if issuer else []
    if not found:
        raise LaunchInvalid(
            "This LMS is not registered with the tool yet. Ask the administrator of your LMS to register it.",
            f"no registration for issuer {issuer[:200]!r}, client {str(client_id)[:200]!r}",
        )
    if len(found) > 1:
        raise LaunchInvalid(
            "The course did not say which of its installations of the tool it means (client_id is missing). Ask the administrator of your"
            " LMS to look at the tool's settings."
        )
    _require_approved(found[0])
    return found[0]


def _require_approved(platform: Platform) -> None:
    if platform.status == PENDING:
        raise LaunchInvalid(
            "This LMS has registered and waits for approval. Whoever runs this tool for your organisation approves it on the"
            " administration page; then the activity opens.",
            "the registration is pending",
            status=403,
        )
    if platform.status != APPROVED:
        raise LaunchInvalid(
            "This LMS's registration was switched off here. Ask whoever runs this tool for your organisation.",
            f"the registration is {platform.status}",
            status=403,
        )


def _storage_target(parameters: Mapping[str, str]) -> str:
    name = parameters.get("lti_storage_target", "")
    return name if _FRAME_NAME.fullmatch(name) else ""


def _require_ours(target: str, base_url: str) -> None:
    ours = urlsplit(base_url)
    try:
        wanted = urlsplit(target)
    except ValueError:
        wanted = urlsplit("")
    if (wanted.scheme, wanted.netloc) != (ours.scheme, ours.netloc) or wanted.path not in OUR_PATHS:
        raise LaunchInvalid(
            "The course's link leads to another address than this tool's. Ask the administrator of your LMS to set the tool's address to"
            f" {base_url}{LAUNCH_PATH}.",
            f"target_link_uri {target[:200]!r}",
        )


def enter(deps: ToolDeps, *, state: str, id_token: str, browser_secret: str | None, storage_target: str, now: datetime) -> Entered | AskStorage:
    """Process the launch itself. Of a refused one, only a log entry for administrators is
    stored.
    """
    login = platforms.burn_login(deps.engine, digest(state)) if state and browser_secret is not None else None
    if login is None:
        login = platforms.look_at_login(deps.engine, digest(state)) if state and browser_secret is None else None
    login = _require_current(login, now)
    platform = _platform_of(deps, login)
    target = _storage_target({"lti_storage_target": storage_target}) or _storage_target(login.asked)
    try:
        if browser_secret is not None and not hmac.compare_digest(digest(browser_secret), login.browser_hash):
            raise LaunchInvalid(f"This launch was begun in another browser. {_RELAUNCH}", "the cookie is another login's")
        try:
            launch = _verified(deps, platform, login, id_token, now)
        except LaunchInvalid:
            platforms.burn_login(deps.engine, digest(state))  # one attempt per login, whatever the browser sent
            raise
        if browser_secret is not None:
            return entering.keep(deps, platform, launch, now)
        if target:
            chosen_for = launch.deep_linking.return_url if launch.deep_linking else ""
            return AskStorage(platform, target, origin(platform.auth_login_url), chosen_for)
        raise NotThisBrowser(
            "Your browser keeps no cookies for this page inside the course, so it cannot be shown that this launch is yours. In a window of"
            " its own it can.",
            dialect(platform.family).relaunch_url(platform.issuer, login.asked.get("lti_message_hint", "")),
        )
    except LaunchInvalid as error:
        _note_refusal(deps, platform, error, now)
        raise


def shown(deps: ToolDeps, *, state: str, id_token: str, client: str, now: datetime) -> tuple[Platform, Launch]:
    """Preview what a verified launch would open, and as whom, so that the person can confirm
    that it is theirs. Nothing is stored or consumed.
    """
    login = _require_current(platforms.look_at_login(deps.engine, digest(state)) if state else None, now)
    platform = _platform_of(deps, login)
    return platform, _of_a_window(deps, platform, login, id_token, client, now)


def accept(deps: ToolDeps, *, state: str, id_token: str, client: str, now: datetime) -> Entered:
    """Accept a launch that the person confirmed in a separate window, having read what it opens
    and as whom. The caller has verified that our own page, which cannot be framed, sent the
    request."""
    login = _require_current(platforms.burn_login(deps.engine, digest(state)) if state else None, now)
    platform = _platform_of(deps, login)
    try:
        return entering.keep(deps, platform, _of_a_window(deps, platform, login, id_token, client, now), now)
    except LaunchInvalid as error:
        _note_refusal(deps, platform, error, now)
        raise


def _of_a_window(deps: ToolDeps, platform: Platform, login: Login, id_token: str, client: str, now: datetime) -> Launch:
    """Verify a launch in a separate window. This last resort proves less than a cookie, so it
    permits less: only an activity, never for an LMS administrator, only from the network and
    the kind of browser that started the login, and only where neither platform storage nor the
    LMS's own relaunch page is available."""
    if login.asked.get("client") != digest(client).hex():
        raise LaunchInvalid(
            f"This launch was begun in another browser, or on another network. {_RELAUNCH}", "the window is not where the login began"
        )
    lms = dialect(platform.family)
    if _storage_target(login.asked) or lms.relaunch_url(platform.issuer, login.asked.get("lti_message_hint", "")):
        raise LaunchInvalid(f"This launch is not opened in this way. {_RELAUNCH}", "a window was asked for where there is a better way")
    launch = _verified(deps, platform, login, id_token, now)
    if launch.message is not Message.RESOURCE or launch.administers:
        raise LaunchInvalid(
            "Choosing content, reviews and the administration need a browser that keeps cookies for this page. Allow them, or use another"
            " browser. Go back to the course and open it again there.",
            "a window was asked for something that it does not open",
        )
    return launch


def confirm(deps: ToolDeps, *, state: str, id_token: str, browser_secret: str, now: datetime) -> Entered:
    """Confirm a launch whose proof came from the LMS window's platform storage instead of a
    cookie. The caller has verified that our own page sent the request.
    """
    login = _require_current(platforms.burn_login(deps.engine, digest(state)) if state else None, now)
    platform = _platform_of(deps, login)
    try:
        if not hmac.compare_digest(digest(browser_secret), login.browser_hash):
            raise LaunchInvalid(f"This launch was begun in another window. {_RELAUNCH}", "the LMS's storage holds another login's proof, or none")
        return entering.keep(deps, platform, _verified(deps, platform, login, id_token, now), now)
    except LaunchInvalid as error:
        _note_refusal(deps, platform, error, now)
        raise


def _require_current(login: Login | None, now: datetime) -> Login:
    if login is None or login.expires_at < now:
        raise LaunchInvalid(f"This launch was used already or took too long. {_RELAUNCH}", "state unknown, used or expired")
    return login


def _platform_of(deps: ToolDeps, login: Login) -> Platform:
    with deps.unit_of_work(login.tenant_id) as connection:
        platform = platforms.by_id(connection, login.tenant_id, login.registration_id)
    _require_approved(platform)  # it may have been disabled since the login
    return platform


def _verified(deps: ToolDeps, platform: Platform, login: Login, id_token: str, now: datetime) -> Launch:
    if len(id_token) > library.LARGEST_TOKEN:
        raise LaunchInvalid(f"The course's message is too large. {_RELAUNCH}", f"id_token of {len(id_token)} characters")
    key_set = deps.platform_keys.for_token(platform.key_set_url, id_token)
    launch = library.verified_launch(platform, id_token, login.nonce, key_set, now.timestamp())
    if launch.target_link_uri and launch.target_link_uri != login.target_link_uri:
        raise LaunchInvalid(f"The course changed its link on the way. {_RELAUNCH}", "target_link_uri differs from the login's")
    hinted = login.asked.get("lti_deployment_id") or login.asked.get("deployment_id")
    if hinted and hinted != launch.deployment_id:
        raise LaunchInvalid(f"The course named another installation of the tool before. {_RELAUNCH}", f"login for deployment {hinted[:100]!r}")
    if launch.deep_linking is not None:
        _require_usable(deps, launch.deep_linking)
    if launch.message is Message.DEEP_LINK and launch.role not in (Role.TEACHER, Role.ADMIN):
        raise LaunchInvalid("Only a teacher of the course chooses content for it.", "deep linking by a learner", status=403)
    return launch


def _require_usable(deps: ToolDeps, asked: DeepLinking) -> None:
    if not asked.takes_links:
        raise LaunchInvalid(
            "This place of the course takes no activities (its accept_types do not hold ltiResourceLink). Add the tool as an activity."
        )
    if not asked.return_url.startswith("https://") and not deps.settings.allow_private_platforms:
        raise LaunchInvalid(
            "The course wants its content sent over a connection that is not encrypted. Ask the administrator of your LMS to use https."
        )


def _note_refusal(deps: ToolDeps, platform: Platform, error: LaunchInvalid, now: datetime) -> None:
    """Record a refusal for the administrators' launch log. If the database is unavailable, the
    person still gets the reason.
    """
    if not deps.limiter.allows("refusals", str(platform.id), REFUSALS_AN_HOUR, 3_600):
        return  # a flood of refusals tells administrators nothing new
    entry = LaunchEntry(now, False, "", "", "", error.reason, error.detail.replace("\0", "")[:500])
    try:
        with deps.unit_of_work(platform.tenant_id) as connection:
            journal.add_launch(connection, platform.tenant_id, platform.id, entry)
    except SQLAlchemyError as failed:
        log.error("a refused launch could not be noted: %s", type(failed).__name__)
