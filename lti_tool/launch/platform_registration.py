"""Register a platform by an invite (LTI Dynamic Registration 1.0). An existing registration is
never overwritten by an untrusted party: an update keeps its issuer, its client, what it is trusted
with, its people and what was approved.
"""

from __future__ import annotations

import json
import logging
import secrets as random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from adapters.lms import ToolFacts, ToolPart, detect_family, dialect_for
from adapters.lms.models import RegistrationResponse
from adapters.lms.standard import GROUPS_SCOPE, REGISTRATION_SCOPE, SERVICE_SCOPES
from adapters.lms.tool_configuration import differing_parts
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, NotFound
from core.http_client import OutsideCallFailed, OutsideResponse, url_origin
from core.messages import Message, lazy_gettext
from lti_tool.base import access_tokens_store, journal_store, platforms_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.platforms_store import (
    APPROVED,
    PENDING,
    REMOVED,
    Invite,
    Management,
    Platform,
)
from lti_tool.base.token_hash import hash_token
from lti_tool.launch.manual_registration import (
    MAX_NAME_LENGTH,
    validate_url,
)

log = logging.getLogger(__name__)

TOOL_NAME = "Carryover"
TOOL_DESCRIPTION = (
    "Short refresher checks after a certification, a transfer plan, and figures of what lasts."
)
INVITE_LIFETIME = timedelta(days=7)
CALL_TIMEOUT, REGISTER_TIMEOUT = 5.0, 15.0
MAX_CONFIGURATION_BYTES = 64 * 1024
MANAGEMENT_PURPOSE = "registration access token"
PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
_TRUSTED_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
)  # whoever controls these can forge launches; a registration is sent to the host that started it
_ENDPOINTS = (*_TRUSTED_ENDPOINTS, "registration_endpoint")


@dataclass(frozen=True)
class PlatformConfiguration:
    """An LMS's own metadata (OpenID Connect Discovery)."""

    issuer: str
    name: str
    family: str
    auth_login_url: str
    auth_token_url: str
    auth_audience: str
    key_set_url: str
    registration_url: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Update:
    """A registration of an LMS that has the tool already. ``known``: the registration here, None
    where the LMS tells only by its answer which one it means; ``held``: what the LMS holds of the
    tool, None where it does not show it."""

    known: Platform | None
    held: Mapping[str, Any] | None


@dataclass(frozen=True)
class RegistrationPreview:
    """A preview of the registration, for the person who confirms it. ``updates``: the LMS has the
    tool already; ``differing``: in what it holds it otherwise, None where that is not known."""

    invite: Invite
    configuration: PlatformConfiguration
    updates: bool
    differing: list[ToolPart] | None


@dataclass(frozen=True)
class RegistrationResult:
    """The result of a registration. ``updated``: the platform was known; ``sent``: whether anything
    was sent, which is not so where the LMS held the tool as it is."""

    platform: Platform
    updated: bool
    deployment_id: str
    sent: bool = True


def tool_facts(base_url: str) -> ToolFacts:
    """Return the facts about this tool that an LMS needs."""
    return ToolFacts(base_url, TOOL_NAME, TOOL_DESCRIPTION)


def tool_registration(family: str, base_url: str, supported: Collection[str]) -> dict[str, Any]:
    """Return the tool's registration for an LMS that names these scopes: one that it does not know
    makes it reject the whole. One that names none of a service says nothing of services: Sakai
    named openid alone before May 2026 (its pull request 14591), and gave what was asked for.
    """
    body = dialect_for(family).registration(tool_facts(base_url))
    if any(scope.startswith(SERVICE_SCOPES) for scope in supported):
        wanted = (*body["scope"].split(), REGISTRATION_SCOPE, GROUPS_SCOPE)
        body["scope"] = " ".join(scope for scope in wanted if scope in supported)
    return body


def create_invite(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    note: str,
    who: str,
    approves: bool,
    now: datetime,
    updates: int | None = None,
) -> tuple[int, str]:
    """Create a one-time invite; return (id, secret). The secret is not shown again. ``updates``:
    the only registration that it brings up to date."""
    secret = random.token_urlsafe(24)
    with unit_of_work(tenant_id) as connection:
        values = {
            "secret_hash": hash_token(secret),
            "note": note[:MAX_NAME_LENGTH],
            "made_by": who,
            "approves": approves,
            "expires_at": now + INVITE_LIFETIME,
            "updates": updates,
        }
        invite_id = platforms_store.insert_invite(connection, tenant_id, values)
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "made an invite",
            {
                "invite": invite_id,
                "note": note[:MAX_NAME_LENGTH],
                "approves": approves,
                **({"updates": updates} if updates is not None else {}),
            },
        )
    return invite_id, secret


def invite_url(base_url: str, secret: str) -> str:
    """Return the registration URL that an LMS administrator pastes into the LMS."""
    return f"{base_url}/lti/register/{secret}"


def preview_registration(
    deps: ToolDeps, *, secret: str, configuration_url: str, registration_token: str, now: datetime
) -> RegistrationPreview:
    """Preview what an invite would register, or bring up to date. Nothing is changed."""
    invite = _find_usable_invite(deps, secret, now)
    configuration = _fetch_configuration(deps, configuration_url, registration_token)
    update = _find_update(deps, invite, configuration, registration_token)
    differing = None
    if update is not None and update.held is not None:
        wanted = tool_registration(
            configuration.family, deps.settings.base_url, configuration.scopes
        )
        differing = differing_parts(wanted, update.held)
    return RegistrationPreview(invite, configuration, update is not None, differing)


def register_by_invite(
    deps: ToolDeps, *, secret: str, configuration_url: str, registration_token: str, now: datetime
) -> RegistrationResult:
    """Register with the LMS, or bring the registration there up to date, and store its response.
    Only a success uses up the invite.
    """
    invite = _find_usable_invite(deps, secret, now)
    configuration = _fetch_configuration(deps, configuration_url, registration_token)
    with deps.unit_of_work(invite.tenant_id) as connection:
        if not platforms_store.redeem_invite(connection, invite.tenant_id, invite.id, now):
            raise BadInput(_INVITE_USED)
    try:
        update = _find_update(deps, invite, configuration, registration_token)
        return _register_with_lms(deps, invite, configuration, registration_token, update)
    except Exception:
        with deps.unit_of_work(invite.tenant_id) as connection:
            platforms_store.record_invite_result(connection, invite.tenant_id, invite.id, None)
        raise


_INVITE_USED = lazy_gettext(
    "This registration address was used already, was withdrawn or has expired; each works once, "
    "for a week. Ask whoever gave it to you for a"
    " new one (carryover platform invite, or the administration page)."
)


def _find_usable_invite(deps: ToolDeps, secret: str, now: datetime) -> Invite:
    known = platforms_store.find_invite(deps.engine, hash_token(secret))
    if known is None:
        raise NotFound(
            "There is no such registration address. Copy the whole address that you were given "
            "and start again in the LMS."
        )
    invite_id, tenant_id = known
    with deps.unit_of_work(tenant_id) as connection:
        result = platforms_store.get_invite(connection, tenant_id, invite_id)
    used = result.used_at is not None and (
        result.registration_id is not None or result.used_at > now - platforms_store.INVITE_USE_TIME
    )
    if used or result.expires_at <= now:
        raise BadInput(_INVITE_USED)
    return result


def _fetch_configuration(deps: ToolDeps, url: str, token: str) -> PlatformConfiguration:
    if not url:
        raise BadInput(
            "This address belongs into the LMS, not into a browser: paste it there where a tool "
            "is added by its registration address (in Moodle:"
            " Site administration, Plugins, External tool, Manage tools; in Canvas: Apps, "
            "Dynamic Registration)."
        )
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {_validate_token(token)}"  # Canvas requires it
    answer = call_lms(deps, "GET", url, headers=headers, seconds=CALL_TIMEOUT)
    result = json_or_none(answer)
    if answer.status != 200 or not isinstance(result, dict):
        raise BadInput(
            lazy_gettext(
                "The LMS answered %(status)s when asked for its OpenID "
                "configuration at %(url)s. Start the registration again in the LMS.",
                status=answer.status,
                url=_url_without_query(url),
            )
        )
    issuer = _validate_lms_url(deps, result.get("issuer"), "issuer")
    endpoints = {name: _validate_lms_url(deps, result.get(name), name) for name in _ENDPOINTS}
    about = result.get(PLATFORM_CONFIGURATION)
    about = about if isinstance(about, dict) else {}
    family = detect_family(
        str(about.get("product_family_code", ""))[:100],
        issuer,
        endpoints["authorization_endpoint"],
    )
    problem = dialect_for(family).configuration_problem(
        issuer, url, [endpoints[name] for name in _TRUSTED_ENDPOINTS]
    )
    if problem:
        raise BadInput(
            lazy_gettext(
                "The LMS's OpenID configuration contradicts itself: %(problem)s. "
                "Nothing was registered.",
                problem=problem,
            )
        )
    audience, scopes = result.get("authorization_server"), result.get("scopes_supported")
    name = (
        _printable_text(about.get("https://canvas.instructure.com/lti/account_name"))
        or urlsplit(issuer).netloc
    )
    return PlatformConfiguration(
        issuer=issuer,
        name=name[:MAX_NAME_LENGTH],
        family=family,
        auth_login_url=endpoints["authorization_endpoint"],
        auth_token_url=endpoints["token_endpoint"],
        auth_audience=dialect_for(family).assertion_audience(_printable_text(audience)),
        key_set_url=endpoints["jwks_uri"],
        registration_url=endpoints["registration_endpoint"],
        scopes=frozenset(scope for scope in scopes if isinstance(scope, str))
        if isinstance(scopes, list)
        else frozenset(),
    )


def _find_update(
    deps: ToolDeps, invite: Invite, configuration: PlatformConfiguration, token: str
) -> Update | None:
    """What a registration brings up to date; None if it is a new one. Conflict before anything is
    sent where the LMS, or the address, means another registration than is here."""
    lms = dialect_for(configuration.family)
    is_update, bound = lms.is_update_token(token), _bound_platform(deps, invite)
    if bound is not None and bound.issuer != configuration.issuer:
        raise Conflict(
            lazy_gettext(
                "This address brings the tool up to date in %(name)s (%(issuer)s), and was opened "
                "by %(other)s. Nothing was sent, and nothing was changed.",
                name=bound.name,
                issuer=bound.issuer,
                other=configuration.issuer,
            )
        )
    if bound is not None and lms.tells_updates and not is_update:
        raise Conflict(
            "This address brings a registered tool up to date, and the LMS began a new "
            "registration. Start it again at the tool that is there (in Moodle: choose to update "
            "it, not to register a new external tool). Nothing was sent."
        )
    if not is_update and bound is None:
        return None
    if not lms.shows_registration_to_update:
        return Update(bound, None)
    held = _look_at_registration(deps, configuration, token)
    client_id = lms.read_registration(held).client_id
    with deps.unit_of_work(invite.tenant_id) as connection:
        known = _find_own(connection, invite.tenant_id, configuration.issuer, client_id)
    return Update(_require_known(known, bound, client_id), held)


def _bound_platform(deps: ToolDeps, invite: Invite) -> Platform | None:
    if invite.updates is None:
        return None
    with deps.unit_of_work(invite.tenant_id) as connection:
        bound = platforms_store.get_platform(connection, invite.tenant_id, invite.updates)
    if bound.status == REMOVED:
        raise Conflict("The registration that this address brings up to date was removed.")
    return bound


def _find_own(connection: Any, tenant_id: int, issuer: str, client_id: str) -> Platform | None:
    """The registration of this organisation with this issuer and client."""
    return next(
        (
            platform
            for platform in platforms_store.list_platforms(connection, tenant_id)
            if (platform.issuer, platform.client_id) == (issuer, client_id)
        ),
        None,
    )


def _require_known(known: Platform | None, bound: Platform | None, client_id: str) -> Platform:
    if known is None:
        raise Conflict(
            lazy_gettext(
                "The LMS wants to bring a tool up to date that is not registered here (client "
                "%(client)s). Nothing was changed. Register it as a new tool, by another "
                "registration address.",
                client=client_id,
            )
        )
    if bound is not None and known.id != bound.id:
        raise Conflict(
            lazy_gettext(
                "This address brings the client %(client)s up to date, and the LMS means the "
                "client %(other)s. Nothing was changed here.",
                client=bound.client_id,
                other=client_id,
            )
        )
    return known


def _look_at_registration(
    deps: ToolDeps, configuration: PlatformConfiguration, token: str
) -> Mapping[str, Any]:
    answer = call_lms(
        deps,
        "GET",
        configuration.registration_url,
        headers={"Accept": "application/json", "Authorization": f"Bearer {_validate_token(token)}"},
        seconds=CALL_TIMEOUT,
    )
    held = json_or_none(answer)
    if answer.status != 200 or not isinstance(held, dict):
        raise BadInput(_not_taken(answer))
    return held


def _not_taken(answer: OutsideResponse) -> Message:
    return lazy_gettext(
        "The LMS did not take the registration (%(status)s %(answer)s). Start it again in the "
        "LMS; a registration begun there ends after an hour.",
        status=answer.status,
        answer=answer_words(answer),
    )


def answer_words(answer: OutsideResponse) -> str:
    """The words of an LMS's refusal, in one line."""
    return " ".join(answer.body[:300].decode("utf-8", "replace").replace("\0", "").split())


def _register_with_lms(
    deps: ToolDeps,
    invite: Invite,
    configuration: PlatformConfiguration,
    token: str,
    update: Update | None,
) -> RegistrationResult:
    body = tool_registration(configuration.family, deps.settings.base_url, configuration.scopes)
    sent = update is None or update.held is None or bool(differing_parts(body, update.held))
    answered: Any = None if update is None else update.held
    if sent:
        answered = _send_registration(deps, configuration, token, body)
    created = dialect_for(configuration.family).read_registration(answered)
    with deps.unit_of_work(invite.tenant_id) as connection:
        if update is not None:
            found = _find_own(connection, invite.tenant_id, configuration.issuer, created.client_id)
            _require_known(found, update.known, created.client_id)
        outcome = _save_registration(connection, invite, configuration, created, sent)
        if not outcome.updated or invite.approves or invite.updates is not None:
            keep_management(deps, connection, outcome.platform, configuration.scopes, created)
        platforms_store.record_invite_result(
            connection, invite.tenant_id, invite.id, outcome.platform.id
        )
        details = {
            "platform": outcome.platform.id,
            "issuer": configuration.issuer,
            "client_id": created.client_id,
            "invite": invite.id,
        }
        who = f"{invite.made_by}, by an invite" if invite.made_by else "an invite"
        journal_store.insert_audit_entry(
            connection,
            invite.tenant_id,
            who,
            "updated a platform" if outcome.updated else "registered a platform",
            details,
        )
    return outcome


def _send_registration(
    deps: ToolDeps, configuration: PlatformConfiguration, token: str, body: Mapping[str, Any]
) -> Any:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {_validate_token(token)}"
    answer = call_lms(
        deps,
        "POST",
        configuration.registration_url,
        headers=headers,
        body=json.dumps(body).encode(),
        seconds=REGISTER_TIMEOUT,
    )
    if answer.status not in (200, 201):
        raise BadInput(_not_taken(answer))
    return json_or_none(answer)


def keep_management(
    deps: ToolDeps,
    connection: Any,
    platform: Platform,
    scopes: Collection[str],
    created: RegistrationResponse,
) -> None:
    """Keep where and with what the tool may change its registration, as far as the address is the
    LMS's own; what was kept before stays where the answer names nothing."""
    before = platforms_store.find_management(connection, platform.tenant_id, platform.id)
    url = trusted_management_url(deps, platform, created.management_url)
    token = before.token_sealed
    if url and created.management_token:
        token = deps.secrets.seal(MANAGEMENT_PURPOSE, created.management_token)
    now = Management(url or before.url, token, tuple(sorted(scopes)) or before.scopes)
    if now != before:
        platforms_store.save_management(connection, platform.tenant_id, platform.id, now)


def trusted_management_url(deps: ToolDeps, platform: Platform, named: str) -> str:
    """The address for changes of the registration that an answer names; empty where it is not the
    LMS's own, because a token is sent there."""
    if not named:
        return ""
    try:
        usable = _validate_lms_url(deps, named, "registration_client_uri")
    except BadInput as refused:
        log.warning("platform %s: %s", platform.id, refused)
        return ""
    # By the family that an administrator decided, as everything of a known platform.
    return dialect_for(platform.family).management_url(platform.issuer, usable)


def _save_registration(
    connection: Any,
    invite: Invite,
    configuration: PlatformConfiguration,
    created: RegistrationResponse,
    sent: bool,
) -> RegistrationResult:
    addresses = {
        name: getattr(configuration, name)
        for name in ("auth_login_url", "auth_token_url", "auth_audience", "key_set_url")
    }
    values = {
        **addresses,
        "family": configuration.family,
        "name": invite.note or configuration.name,
        "status": APPROVED if invite.approves else PENDING,
        "issuer": configuration.issuer,
        "client_id": created.client_id,
        # If the LMS names its deployment, others need approval; if it names none, each appears
        # with its first launch.
        "approve_deployments": not created.deployment_id,
        "frame_origins": [],
    }
    # The database decides which of two registrations at a time is the first.
    registration_id = platforms_store.insert_platform(connection, invite.tenant_id, values)
    known = None
    if registration_id is None:
        known = _find_own(connection, invite.tenant_id, configuration.issuer, created.client_id)
        if known is None:
            raise Conflict(
                "This LMS is registered with the tool already, by another organisation. Its "
                "registration was not touched."
            )
        registration_id = known.id
        _update_addresses(connection, invite, known, addresses)
    if created.deployment_id:
        # An update approves nothing: who answers for a known client may be somebody else.
        trusted = known is None or invite.approves or known.approve_deployments
        platforms_store.insert_deployment(
            connection,
            invite.tenant_id,
            registration_id,
            created.deployment_id,
            APPROVED if trusted else PENDING,
        )
    return RegistrationResult(
        platforms_store.get_platform(connection, invite.tenant_id, registration_id),
        known is not None,
        created.deployment_id,
        sent,
    )


def _update_addresses(
    connection: Any, invite: Invite, known: Platform, addresses: Mapping[str, str]
) -> None:
    """Take the addresses that an LMS says now; an audience that an administrator typed stays where
    the LMS says none."""
    changed = {
        name: value
        for name, value in addresses.items()
        if value != getattr(known, name) and (value or name != "auth_audience")
    }
    _require_safe_update(invite, known, addresses, changed)
    if changed:
        platforms_store.update_platform(connection, invite.tenant_id, known.id, changed)
        access_tokens_store.delete_tokens(connection, invite.tenant_id, known.id)


def _require_safe_update(
    invite: Invite,
    known: Platform,
    addresses: Mapping[str, str],
    changed: Mapping[str, str],
) -> None:
    """Reject an unsafe update: whoever can change a platform's key set URL can forge its
    launches, so that needs a pre-approved invite.
    """
    urls = [addresses[name] for name in ("auth_login_url", "auth_token_url", "key_set_url")]
    problem = dialect_for(known.family).configuration_problem(
        known.issuer, known.auth_login_url, urls
    )
    if problem:
        raise Conflict(
            lazy_gettext(
                "This LMS is registered already, and the new configuration does not "
                "fit it: %(problem)s. Its registration was not touched.",
                problem=problem,
            )
        )
    if changed and not invite.approves:
        raise Conflict(
            "This LMS is registered already, and its addresses would change. Ask whoever gave "
            "you the registration address for one that is"
            " approved at once; the registration was not touched."
        )


def _validate_lms_url(deps: ToolDeps, value: Any, name: str) -> str:
    """Validate a URL from an untrusted configuration: https on the default port, unless private
    platforms are allowed.
    """
    try:
        if (
            not deps.settings.allow_private_platforms
            and isinstance(value, str)
            and url_origin(value).count(":") > 1
        ):
            raise BadInput(
                lazy_gettext(
                    "%(text)s is on a port of its own; an LMS like that is registered by hand.",
                    text=repr(value[:100]),
                )
            )
        return validate_url(
            deps.settings.allow_private_platforms, value if isinstance(value, str) else "", name
        )
    except BadInput as error:
        raise BadInput(
            lazy_gettext(
                "The LMS's OpenID configuration is not usable (%(name)s): %(reason)s",
                name=name,
                reason=error.message,
            )
        ) from None


def _printable_text(value: Any) -> str:
    """Return a storable, printable text, or an empty string."""
    return (
        "".join(
            item for item in value.encode("utf-8", "ignore").decode() if item.isprintable()
        ).strip()
        if isinstance(value, str)
        else ""
    )


def _validate_token(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise BadInput(
            "The LMS sent a registration token that is none. Start the registration again in the "
            "LMS."
        )
    return token


def call_lms(
    deps: ToolDeps,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    seconds: float,
    body: bytes | None = None,
) -> OutsideResponse:
    """Call an LMS of which nothing is known yet; BadInput if it cannot be reached."""
    try:
        return deps.client.call(
            method,
            url,
            headers=headers,
            body=body,
            seconds=seconds,
            largest=MAX_CONFIGURATION_BYTES,
        )
    except OutsideCallFailed as error:
        raise BadInput(
            lazy_gettext(
                "The LMS could not be asked: %(reason)s Look whether this server "
                "can reach it, then start the registration again.",
                reason=error.message,
            )
        ) from None


def json_or_none(answer: OutsideResponse) -> Any:
    """The JSON of an answer; None if it is none."""
    try:
        return answer.json()
    except OutsideCallFailed:
        return None


def _url_without_query(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:200]
