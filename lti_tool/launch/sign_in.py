"""Sign in without an LMS through the organisation's identity provider: only people on the
people list are admitted.
"""

from __future__ import annotations

import logging
import secrets as random
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.database import UnitOfWork
from core.errors import BadInput, Forbidden, NotFound
from core.http_client import url_origin
from core.messages import lazy_gettext
from lti_tool.base import journal_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.sessions_store import STATE_SECONDS
from lti_tool.launch import openid_connect, sign_in_store, visits
from lti_tool.launch.openid_connect import ProviderEndpoints, RelyingParty, SignInFailed
from lti_tool.launch.sign_in_store import SignInProvider
from lti_tool.people import directory_store

log = logging.getLogger(__name__)

SECRET_PURPOSE, STATE_PURPOSE = "sign-in secret", "sign-in state"
MAX_FIELD_LENGTH = 500


@dataclass(frozen=True)
class SignInRedirect:
    """A redirect to the provider: the authorization URL, and the signed state that the browser
    keeps until the callback.
    """

    address: str
    kept: str


def find_provider(unit_of_work: UnitOfWork, *, tenant_id: int) -> SignInProvider | None:
    """Return the tenant's identity provider, if any."""
    with unit_of_work(tenant_id) as connection:
        return sign_in_store.find_provider(connection, tenant_id)


def find_offered_provider(deps: ToolDeps) -> tuple[uuid.UUID, str] | None:
    """Return (id, name) of the provider that the sign-in page offers; None unless exactly one
    is configured.
    """
    return sign_in_store.find_sole_provider(deps.engine)


def configure_provider(
    deps: ToolDeps,
    *,
    tenant_id: int,
    name: str,
    issuer: str,
    client_id: str,
    secret: str,
    claim: str,
    who: str,
) -> None:
    """Configure the tenant's provider, after reading its discovery document. An empty secret
    keeps the stored one.
    """
    fields = [" ".join(text.split()) for text in (name, issuer, client_id, claim)]
    words, address, client, named_by = fields
    with deps.unit_of_work(tenant_id) as connection:
        before = sign_in_store.find_provider(connection, tenant_id)
    # The stored secret belongs to the stored provider and is never sent to another one.
    same = before is not None and (before.issuer, before.client_id) == (address, client)
    if not words or not client or not url_origin(address) or (not secret and not same):
        raise BadInput(
            "A provider needs a name, its issuer (a web address), a client id and a secret.",
            field="issuer",
        )
    if any(len(text) > MAX_FIELD_LENGTH for text in (*fields, secret)):
        raise BadInput(
            lazy_gettext("Each of these has up to %(most)s characters.", most=MAX_FIELD_LENGTH),
            field="issuer",
        )
    result = openid_connect.discover_provider(deps.client, address)
    sealed = (
        deps.secrets.seal(SECRET_PURPOSE, secret)
        if secret or before is None
        else before.secret_sealed
    )
    created = SignInProvider(
        before.id if before else uuid.uuid4(),
        words,
        address,
        client,
        sealed,
        named_by,
        result.authorization,
        result.token,
        result.keys,
    )
    with deps.unit_of_work(tenant_id) as connection:
        sign_in_store.upsert_provider(connection, tenant_id, created)
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "chose a sign-in",
            {"issuer": address, "client id": client, "claim": named_by},
        )


def remove_provider(unit_of_work: UnitOfWork, *, tenant_id: int, who: str) -> None:
    """Remove the provider; sessions that are open stay valid until they expire."""
    with unit_of_work(tenant_id) as connection:
        sign_in_store.delete_provider(connection, tenant_id)
        journal_store.insert_audit_entry(connection, tenant_id, who, "removed the sign-in", {})


def begin_sign_in(deps: ToolDeps, *, provider_id: uuid.UUID) -> SignInRedirect:
    """Start the sign-in."""
    _, result = _require_provider(deps, provider_id)
    state, nonce, verifier = (random.token_urlsafe(32) for _ in range(3))
    signed_state = deps.secrets.sign(STATE_PURPOSE, [provider_id.hex, state, nonce, verifier])
    return SignInRedirect(
        openid_connect.build_authorization_url(
            _oidc_client(deps, result), state=state, nonce=nonce, verifier=verifier
        ),
        signed_state,
    )


def complete_sign_in(
    deps: ToolDeps, *, saved: str, state: str, code: str, now: datetime
) -> tuple[uuid.UUID, str]:
    """Handle the callback and start a visit; return its id and session secret. Raise Forbidden
    for a person who is not on the people list.
    """
    provider_hex, known_state, nonce, verifier = deps.secrets.verify_token(
        STATE_PURPOSE, saved, STATE_SECONDS
    )
    if not code or not random.compare_digest(known_state.encode(), state.encode()):
        raise BadInput("This sign-in was not begun in this browser, or was given up. Start again.")
    tenant_id, result = _require_provider(deps, uuid.UUID(provider_hex))
    try:
        claims = openid_connect.redeem_code(
            deps.client,
            deps.platform_keys,
            _oidc_client(deps, result),
            code=code,
            nonce=nonce,
            verifier=verifier,
        )
    except SignInFailed as error:
        log.warning(
            "tenant %s: a sign-in failed: %s", tenant_id, " ".join(error.detail.split())[:300]
        )
        raise Forbidden(error.message) from None
    with deps.unit_of_work(tenant_id) as connection:
        person_id = _find_listed_person(connection, tenant_id, result, claims)
        return visits.begin_visit(connection, tenant_id, person_id, "", signed_in=True, now=now)


def _require_provider(deps: ToolDeps, provider_id: uuid.UUID) -> tuple[int, SignInProvider]:
    tenant_id = sign_in_store.find_provider_tenant(deps.engine, provider_id)
    result = (
        find_provider(deps.unit_of_work, tenant_id=tenant_id) if tenant_id is not None else None
    )
    if tenant_id is None or result is None:
        raise NotFound("There is no such sign-in here any more.")
    return tenant_id, result


def _oidc_client(deps: ToolDeps, sign_in_provider: SignInProvider) -> RelyingParty:
    addresses = ProviderEndpoints(
        sign_in_provider.authorization_url, sign_in_provider.token_url, sign_in_provider.keys_url
    )
    secret = deps.secrets.unseal(SECRET_PURPOSE, sign_in_provider.secret_sealed)
    return RelyingParty(
        sign_in_provider.issuer,
        sign_in_provider.client_id,
        secret,
        f"{deps.settings.base_url}/sign-in/back",
        addresses,
    )


def _find_listed_person(
    connection: Connection, tenant_id: int, sign_in_provider: SignInProvider, claims: dict[str, Any]
) -> uuid.UUID:
    """Find the one listed person whom the claims identify: by external id if a claim is
    configured for it, otherwise by an email address that is not marked unverified.
    """
    if sign_in_provider.claim:
        value = claims.get(sign_in_provider.claim)
        people = (
            directory_store.find_profiles(connection, tenant_id, external_ids=[value])
            if isinstance(value, str) and value
            else []
        )
    else:
        email = claims.get("email")
        proven = claims.get("email_verified", True) in (True, "true")
        people = (
            directory_store.find_profiles(connection, tenant_id, emails=[email.lower()])
            if isinstance(email, str) and email and proven
            else []
        )
    listed = [person for person in people if person.imported_at is not None]
    if len(listed) != 1:
        raise Forbidden(
            "Your organisation's sign-in knows you, but its list here does not. Your "
            "administrator looks after the list of people."
        )
    return listed[0].id
