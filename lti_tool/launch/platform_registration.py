"""Register a platform: by an invite (LTI Dynamic Registration 1.0), or manually. An existing
registration is never overwritten by an untrusted party.
"""

from __future__ import annotations

import json
import logging
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from adapters.lms import ToolFacts, detect_family, dialect_for
from adapters.lms.canvas import hosted_endpoints as canvas_endpoints
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, NotFound
from core.http_client import OutsideCallFailed, OutsideResponse, url_origin
from core.messages import lazy_gettext
from lti_tool.base import access_tokens_store, journal_store, platforms_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.platforms_store import APPROVED, PENDING, Invite, Platform
from lti_tool.base.token_hash import hash_token

log = logging.getLogger(__name__)

TOOL_NAME = "Carryover"
TOOL_DESCRIPTION = (
    "Short refresher checks after a certification, a transfer plan, and figures of what lasts."
)
INVITE_LIFETIME = timedelta(days=7)
CALL_TIMEOUT, REGISTER_TIMEOUT = 5.0, 15.0
MAX_CONFIGURATION_BYTES = 64 * 1024
MAX_URL_LENGTH, MAX_ID_LENGTH, MAX_NAME_LENGTH = 2_000, 255, 200
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
class RegistrationPreview:
    """A preview of the registration, for the person who confirms it."""

    invite: Invite
    configuration: PlatformConfiguration


@dataclass(frozen=True)
class RegistrationResult:
    """The result of a registration."""

    platform: Platform
    updated: bool
    deployment_id: str


def tool_facts(base_url: str) -> ToolFacts:
    """Return the facts about this tool that an LMS needs."""
    return ToolFacts(base_url, TOOL_NAME, TOOL_DESCRIPTION)


def create_invite(
    unit_of_work: UnitOfWork, *, tenant_id: int, note: str, who: str, approves: bool, now: datetime
) -> tuple[int, str]:
    """Create a one-time invite; return (id, secret). The secret is not shown again."""
    secret = random.token_urlsafe(24)
    with unit_of_work(tenant_id) as connection:
        values = {
            "secret_hash": hash_token(secret),
            "note": note[:MAX_NAME_LENGTH],
            "made_by": who,
            "approves": approves,
            "expires_at": now + INVITE_LIFETIME,
        }
        invite_id = platforms_store.insert_invite(connection, tenant_id, values)
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "made an invite",
            {"invite": invite_id, "note": note[:MAX_NAME_LENGTH], "approves": approves},
        )
    return invite_id, secret


def invite_url(base_url: str, secret: str) -> str:
    """Return the registration URL that an LMS administrator pastes into the LMS."""
    return f"{base_url}/lti/register/{secret}"


def preview_registration(
    deps: ToolDeps, *, secret: str, configuration_url: str, registration_token: str, now: datetime
) -> RegistrationPreview:
    """Preview what an invite would register. Nothing is changed."""
    result = _find_usable_invite(deps, secret, now)
    return RegistrationPreview(
        result, _fetch_configuration(deps, configuration_url, registration_token)
    )


def register_by_invite(
    deps: ToolDeps, *, secret: str, configuration_url: str, registration_token: str, now: datetime
) -> RegistrationResult:
    """Register with the LMS and store its response. Only a successful registration uses up the
    invite.
    """
    result = _find_usable_invite(deps, secret, now)
    configuration = _fetch_configuration(deps, configuration_url, registration_token)
    with deps.unit_of_work(result.tenant_id) as connection:
        if not platforms_store.redeem_invite(connection, result.tenant_id, result.id, now):
            raise BadInput(_INVITE_USED)
    try:
        return _register_with_lms(deps, result, configuration, registration_token)
    except Exception:
        with deps.unit_of_work(result.tenant_id) as connection:
            platforms_store.record_invite_result(connection, result.tenant_id, result.id, None)
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
    answer = _call_lms(deps, "GET", url, headers=headers, seconds=CALL_TIMEOUT)
    result = _json_or_none(answer)
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


def _register_with_lms(
    deps: ToolDeps, invite: Invite, configuration: PlatformConfiguration, token: str
) -> RegistrationResult:
    lms = dialect_for(configuration.family)
    body = lms.registration(tool_facts(deps.settings.base_url))
    if configuration.scopes:
        # An LMS that does not support one of the scopes rejects the whole request.
        body["scope"] = " ".join(
            scope for scope in body["scope"].split() if scope in configuration.scopes
        )
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {_validate_token(token)}"
    answer = _call_lms(
        deps,
        "POST",
        configuration.registration_url,
        headers=headers,
        body=json.dumps(body).encode(),
        seconds=REGISTER_TIMEOUT,
    )
    if answer.status not in (200, 201):
        words = " ".join(answer.body[:300].decode("utf-8", "replace").replace("\0", "").split())
        raise BadInput(
            lazy_gettext(
                "The LMS did not take the registration (%(status)s %(answer)s). "
                "Start it again in the LMS; a registration begun there ends after "
                "an hour.",
                status=answer.status,
                answer=words,
            )
        )
    created = lms.read_registration(_json_or_none(answer))
    with deps.unit_of_work(invite.tenant_id) as connection:
        outcome = _save_registration(
            connection, invite, configuration, created.client_id, created.deployment_id
        )
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


def _save_registration(
    connection: Any,
    invite: Invite,
    configuration: PlatformConfiguration,
    client_id: str,
    deployment_id: str,
) -> RegistrationResult:
    addresses = {
        name: getattr(configuration, name)
        for name in ("auth_login_url", "auth_token_url", "auth_audience", "key_set_url", "family")
    }
    values = {
        **addresses,
        "name": configuration.name,
        "status": APPROVED if invite.approves else PENDING,
        "issuer": configuration.issuer,
        "client_id": client_id,
        # If the LMS names its deployment, others need approval; if it names none, each appears
        # with its first launch.
        "approve_deployments": not deployment_id,
        "frame_origins": [],
    }
    registration_id = platforms_store.insert_platform(connection, invite.tenant_id, values)
    updated = registration_id is None
    if registration_id is None:
        own = [
            platform
            for platform in platforms_store.list_platforms(connection, invite.tenant_id)
            if (platform.issuer, platform.client_id) == (configuration.issuer, client_id)
        ]
        if not own:
            raise Conflict(
                "This LMS is registered with the tool already, by another organisation. Its "
                "registration was not touched."
            )
        registration_id = own[0].id
        _require_safe_update(invite, own[0], addresses, configuration)
        platforms_store.update_platform(connection, invite.tenant_id, registration_id, addresses)
        access_tokens_store.delete_tokens(connection, invite.tenant_id, registration_id)
    if deployment_id:
        platforms_store.insert_deployment(
            connection, invite.tenant_id, registration_id, deployment_id, APPROVED
        )
    return RegistrationResult(
        platforms_store.get_platform(connection, invite.tenant_id, registration_id),
        updated,
        deployment_id,
    )


def _require_safe_update(
    invite: Invite,
    known: Platform,
    addresses: Mapping[str, str],
    configuration: PlatformConfiguration,
) -> None:
    """Reject an unsafe update: whoever can change a platform's key set URL can forge its
    launches, so that needs a pre-approved invite.
    """
    urls = [configuration.auth_login_url, configuration.auth_token_url, configuration.key_set_url]
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
    if not invite.approves and any(
        getattr(known, name) != value for name, value in addresses.items()
    ):
        raise Conflict(
            "This LMS is registered already, and its addresses would change. Ask whoever gave "
            "you the registration address for one that is"
            " approved at once; the registration was not touched."
        )


@dataclass(frozen=True)
class ManualRegistration:
    """A registration as typed into the form. Empty fields are filled in for a known LMS."""

    name: str
    family: str
    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    key_set_url: str
    auth_audience: str
    deployment_ids: tuple[str, ...]
    frame_origins: tuple[str, ...]


def validate_registration(allow_private: bool, typed: ManualRegistration) -> dict[str, Any]:
    """Validate a typed registration and return its values; BadInput names the wrong field and
    what to do.
    """
    family = typed.family or detect_family("", typed.issuer.strip(), typed.auth_login_url.strip())
    hosted = canvas_endpoints(typed.issuer.strip()) if family == "canvas" else {}
    values: dict[str, Any] = {
        "family": family,
        "issuer": _validate_url(allow_private, typed.issuer, "issuer"),
    }
    for field in ("auth_login_url", "auth_token_url", "key_set_url"):
        values[field] = _validate_url(
            allow_private, getattr(typed, field) or hosted.get(field, ""), field
        )
    client_id = typed.client_id.strip()
    if not client_id or len(client_id) > MAX_ID_LENGTH or not client_id.isprintable():
        raise BadInput(
            "The client id is missing; the LMS shows it beside the tool's name.", field="client_id"
        )
    for item in typed.deployment_ids:
        if len(item) > MAX_ID_LENGTH or not item.isprintable():
            raise BadInput(
                lazy_gettext(
                    "The deployment id %(deployment)s is none.", deployment=repr(item[:50])
                ),
                field="deployment_ids",
            )
    origins = [validate_origin(allow_private, origin) for origin in typed.frame_origins]
    audience = typed.auth_audience.strip()
    if len(audience) > MAX_URL_LENGTH or not audience.isprintable():
        raise BadInput(
            "The audience of the access token is no text of one line.", field="auth_audience"
        )
    name = typed.name.strip() or urlsplit(values["issuer"]).netloc
    return {
        **values,
        "client_id": client_id,
        "auth_audience": audience,
        "name": name[:MAX_NAME_LENGTH],
        "frame_origins": origins,
    }


def register_manually(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    allow_private: bool,
    typed: ManualRegistration,
    status: str,
    who: str,
) -> int:
    """Register a platform manually; return its id. Raise Conflict if the same client of the
    same issuer is already registered.
    """
    values = validate_registration(allow_private, typed)
    with unit_of_work(tenant_id) as connection:
        values |= {"status": status, "approve_deployments": not typed.deployment_ids}
        registration_id = platforms_store.insert_platform(connection, tenant_id, values)
        if registration_id is None:
            raise Conflict(
                lazy_gettext(
                    "The client %(client)s of %(issuer)s is registered already; change "
                    "that registration, or remove it first.",
                    client=values["client_id"],
                    issuer=values["issuer"],
                ),
                field="client_id",
            )
        for item in typed.deployment_ids:
            platforms_store.insert_deployment(
                connection, tenant_id, registration_id, item, APPROVED
            )
        details = {
            "platform": registration_id,
            "issuer": values["issuer"],
            "client_id": values["client_id"],
        }
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "added a platform by hand", details
        )
    return registration_id


def validate_origin(allow_private: bool, text: str) -> str:
    """Validate an origin whose pages may frame ours, such as https://learn.example.org, or
    https://*.example.org for all subdomains.
    """
    bare = text.strip().rstrip("/")
    result = url_origin(bare.replace("://*.", "://any.", 1))
    if (
        not result
        or result != bare.replace("://*.", "://any.", 1).lower()
        or (result.startswith("http://") and not allow_private)
    ):
        raise BadInput(
            lazy_gettext(
                "%(text)s is no origin such as https://learn.example.org (no path, https).",
                text=repr(text.strip()[:100]),
            ),
            field="frame_origins",
        )
    return bare.lower()


def _validate_url(allow_private: bool, text: str, field: str) -> str:
    result = text.strip()
    if not result:
        raise BadInput(
            "An address is missing; the LMS shows all of them under the tool's configuration "
            "details.",
            field=field,
        )
    if (
        len(result) > MAX_URL_LENGTH
        or not url_origin(result)
        or not result.isprintable()
        or " " in result
    ):
        raise BadInput(
            lazy_gettext("%(text)s is no web address.", text=repr(result[:100])), field=field
        )
    if result.startswith("http://") and not allow_private:
        raise BadInput(
            lazy_gettext("%(text)s must begin with https://.", text=repr(result[:100])), field=field
        )
    return result


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
        return _validate_url(
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


def _call_lms(
    deps: ToolDeps,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    seconds: float,
    body: bytes | None = None,
) -> OutsideResponse:
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


def _json_or_none(answer: OutsideResponse) -> Any:
    try:
        return answer.json()
    except OutsideCallFailed:
        return None


def _url_without_query(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:200]
