"""Open Badges as holders submit them: a 2.0 assertion (hosted, or signed as JWS) or a 3.0
credential (VC-JWT), on its own or baked into a PNG.

A programme identifies each badge that it accepts by URL. Whatever proves a badge (the hosted
assertion, the key that signed it) must have the same origin, so that nobody can vouch for
somebody else's badge (2.0, Verification; 3.0, 8.2).
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from PIL import Image, UnidentifiedImageError

from core import clock
from core.http_client import GuardedClient, OutsideCallFailed, url_origin
from core.json_web_keys import MIN_RSA_BITS
from core.messages import MessageError, lazy_gettext

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
TIMEOUT_SECONDS, MAX_RESPONSE_BYTES = 8.0, 512 * 1024
MAX_FILE_BYTES = 5_000_000
MAX_PIXELS = 25_000_000  # In pixels: 100 MB once decompressed.
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class BadgeRefused(MessageError):
    """Raised when a badge is not accepted; the message is for its holder."""


@dataclass(frozen=True)
class VerifiedBadge:
    """A verified badge: which one, and when it was earned."""

    badge: str
    earned_at: datetime


def extract_badge_text(content: bytes) -> str:
    """Extract the assertion from an upload: text, or a PNG it was baked into (2.0, Baking; 3.0,
    5.3)."""
    if not content.startswith(_PNG_SIGNATURE):
        try:
            return content.decode().strip()
        except UnicodeDecodeError:
            raise BadgeRefused("This is neither a badge's text nor a PNG that holds one.") from None
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise BadgeRefused("This picture is larger than a badge.")
            picture.load()  # The text chunk may follow the image data.
            chunks = {**picture.info, **getattr(picture, "text", {})}
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise BadgeRefused("This picture cannot be read.") from None
    result = chunks.get("openbadges") or chunks.get("openbadgecredential")
    if not isinstance(result, str) or not result:
        raise BadgeRefused("This picture holds no badge. Download it again where you earned it.")
    return result.strip()


def verify_badge(
    client: GuardedClient,
    text: str,
    *,
    accepted: Sequence[str],
    emails: Sequence[str],
    now: datetime,
) -> VerifiedBadge:
    """Verify that the text is a badge listed in ``accepted`` and belongs to this holder;
    BadgeRefused gives the reason if not."""
    if text.startswith(("http://", "https://")):
        return _verify_hosted(client, text, accepted, emails, now)
    if text.startswith("{"):
        value = _parse_json_object(text)
        if "credentialSubject" in value:
            raise BadgeRefused(
                "A credential with a proof inside cannot be checked here; bring it as a signed "
                "token (VC-JWT), or its address."
            )
        return _verify_hosted(client, str(value.get("id", "")), accepted, emails, now)
    return _verify_signed(client, text, accepted, emails, now)


def _verify_hosted(
    client: GuardedClient, url: str, accepted: Sequence[str], emails: Sequence[str], now: datetime
) -> VerifiedBadge:
    """Hosted 2.0 badge: the assertion at its own URL is the proof."""
    if not url_origin(url) or url_origin(url) not in {url_origin(item) for item in accepted}:
        raise BadgeRefused("This badge is none that begins this programme.")
    answer = _fetch_json(client, url)
    if not answer:
        raise BadgeRefused("The badge is not there any more: it was taken back, or moved.")
    if answer.get("id") != url or answer.get("revoked") is True:
        raise BadgeRefused("The badge at this address is another one, or was taken back.")
    return _read_assertion(answer, accepted, emails, now)


def _read_assertion(
    value: dict[str, Any], accepted: Sequence[str], emails: Sequence[str], now: datetime
) -> VerifiedBadge:
    """Read a 2.0 assertion: which badge, its recipient and the date earned."""
    badge = value.get("badge")
    name = badge.get("id") if isinstance(badge, dict) else badge
    if name not in accepted:
        raise BadgeRefused("This badge is none that begins this programme.")
    recipient = value.get("recipient")
    if not isinstance(recipient, dict) or recipient.get("type") != "email":
        raise BadgeRefused("This badge does not say to whom it was given.")
    _require_recipient(recipient.get("identity"), recipient.get("salt"), emails)
    return VerifiedBadge(str(name), _earned_at(value.get("issuedOn"), value.get("expires"), now))


def _verify_signed(
    client: GuardedClient, token: str, accepted: Sequence[str], emails: Sequence[str], now: datetime
) -> VerifiedBadge:
    """Signed 2.0 badge (JWS), or 3.0 credential as VC-JWT."""
    try:
        header = jwt.get_unverified_header(token)
        body = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise BadgeRefused(
            "This is no badge: neither its address, nor its text, nor a signed token."
        ) from None
    credential = body.get("vc", body)
    if isinstance(credential, dict) and "credentialSubject" in credential:
        _require_signature(token, header, _fetch_jwk(client, header.get("kid"), accepted))
        return _read_credential(client, credential, accepted, emails, now)
    _require_signature(token, header, _fetch_pem_key(client, body.get("verification"), accepted))
    result = _read_assertion(body, accepted, emails, now)
    profile = _fetch_issuer_profile(client, result.badge)
    _require_issuer_key(profile, body["verification"]["creator"])
    _require_not_revoked(client, profile, result.badge, body.get("id"))
    return result


def _require_signature(token: str, header: dict[str, Any], key: Any) -> None:
    if header.get("alg") not in ALGORITHMS:
        raise BadgeRefused("The badge is signed in a way that is not taken.")
    try:
        size = getattr(key, "key_size", None)
        if header["alg"] in ("RS256", "PS256") and (size is None or size < MIN_RSA_BITS):
            raise BadgeRefused("The badge is signed with a key that is too short.")
        # The validity dates are checked below, from the badge's own fields.
        jwt.decode(
            token,
            key,
            algorithms=[header["alg"]],
            options={
                "verify_aud": False,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except (jwt.InvalidTokenError, jwt.InvalidKeyError, TypeError, ValueError):
        raise BadgeRefused("The badge was altered, or another key signed it.") from None


def _fetch_jwk(client: GuardedClient, kid: Any, accepted: Sequence[str]) -> Any:
    """Fetch a 3.0 signing key (8.2.1): the header's kid is the URL of the issuer's key."""
    result = _fetch_from_issuer(client, kid, accepted)
    try:
        return jwt.PyJWK(result).key
    except (jwt.PyJWKError, jwt.InvalidKeyError, TypeError, ValueError, KeyError):
        raise BadgeRefused("The issuer's key cannot be read.") from None


def _fetch_pem_key(client: GuardedClient, verification: Any, accepted: Sequence[str]) -> Any:
    """Fetch a 2.0 CryptographicKey: ``verification.creator`` is its URL."""
    creator = verification.get("creator") if isinstance(verification, dict) else None
    pem = _fetch_from_issuer(client, creator, accepted).get("publicKeyPem")
    try:
        return jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).prepare_key(str(pem))
    except (jwt.InvalidKeyError, ValueError, TypeError):
        raise BadgeRefused("The issuer's key cannot be read.") from None


def _fetch_from_issuer(client: GuardedClient, url: Any, accepted: Sequence[str]) -> dict[str, Any]:
    if (
        not isinstance(url, str)
        or not url_origin(url)
        or url_origin(url) not in {url_origin(item) for item in accepted}
    ):
        raise BadgeRefused(
            "The badge is signed by somebody else than the issuer of a badge that begins this "
            "programme."
        )
    result = _fetch_json(client, url.partition("#")[0])
    if not result:
        raise BadgeRefused("The issuer's key is not there any more.")
    return result


def _read_credential(
    client: GuardedClient,
    value: dict[str, Any],
    accepted: Sequence[str],
    emails: Sequence[str],
    now: datetime,
) -> VerifiedBadge:
    """Read a 3.0 credential: which achievement, its recipient and the date earned."""
    subject = value["credentialSubject"]
    subject = subject[0] if isinstance(subject, list) and subject else subject
    achievement = subject.get("achievement") if isinstance(subject, dict) else None
    name = achievement.get("id") if isinstance(achievement, dict) else None
    if name not in accepted or not isinstance(subject, dict):
        raise BadgeRefused("This badge is none that begins this programme.")
    named = subject.get("identifier")
    identities = [
        item
        for item in (named if isinstance(named, list) else [named])
        if isinstance(item, dict) and item.get("identityType") == "emailAddress"
    ]
    if not identities:
        raise BadgeRefused("This badge does not say to whom it was given.")
    _require_recipient(identities[0].get("identityHash"), identities[0].get("salt"), emails)
    status = value.get("credentialStatus")
    if status is not None:
        _require_not_on_status_list(client, status, value.get("id"), accepted)
    since = value.get("validFrom") or value.get("issuanceDate")
    return VerifiedBadge(
        str(name), _earned_at(since, value.get("validUntil") or value.get("expirationDate"), now)
    )


def _require_not_on_status_list(
    client: GuardedClient, status: Any, credential_id: Any, accepted: Sequence[str]
) -> None:
    """Check a 3.0 1EdTechRevocationList, which lists the revoked credentials."""
    if not isinstance(status, dict) or status.get("type") != "1EdTechRevocationList":
        raise BadgeRefused("Whether this badge was taken back cannot be checked here.")
    result = _fetch_from_issuer(client, status.get("id"), accepted)
    subject = result.get("credentialSubject")
    revoked = subject.get("revokedCredential", []) if isinstance(subject, dict) else []
    if any(
        isinstance(item, dict) and item.get("id") == credential_id
        for item in revoked
        if isinstance(revoked, list)
    ):
        raise BadgeRefused("The badge was taken back by its issuer.")


def _fetch_issuer_profile(client: GuardedClient, badge: str) -> dict[str, Any]:
    """Fetch the issuer profile of a 2.0 badge."""
    issuer = _fetch_json(client, badge).get("issuer")
    return (
        issuer
        if isinstance(issuer, dict)
        else _fetch_json(client, issuer)
        if isinstance(issuer, str) and url_origin(issuer) == url_origin(badge)
        else {}
    )


def _require_issuer_key(profile: dict[str, Any], creator: str) -> None:
    """Check the key of a signed 2.0 badge: the badge's issuer must list it, because one origin
    may host many issuers."""
    named = profile.get("publicKey")
    keys = {
        item.get("id") if isinstance(item, dict) else item
        for item in (named if isinstance(named, list) else [named])
    }
    if creator not in keys:
        raise BadgeRefused("The badge is signed with a key that its issuer does not name.")


def _require_not_revoked(
    client: GuardedClient, profile: dict[str, Any], badge: str, assertion_id: Any
) -> None:
    """Check the issuer's 2.0 RevocationList."""
    place = profile.get("revocationList")
    if not isinstance(place, str) or url_origin(place) != url_origin(badge):
        return
    for item in _fetch_json(client, place).get("revokedAssertions", []):
        if (item.get("id") if isinstance(item, dict) else item) == assertion_id:
            raise BadgeRefused("The badge was taken back by its issuer.")


def _require_recipient(identity: Any, salt: Any, emails: Sequence[str]) -> None:
    """Require the recipient's address, in plain text or hashed (2.0, IdentityHash). The hash
    may be of the address as the issuer spelled it, or of its lower-case form."""
    text = str(identity or "")
    kind, _, digest = text.partition("$")
    for email in emails:
        forms = {email, email.lower()}
        if digest and kind in ("sha256", "md5"):
            hashes = {
                hashlib.new(kind, f"{form}{salt or ''}".encode(), usedforsecurity=False).hexdigest()
                for form in forms
            }
            if digest.lower() in hashes:
                return
        elif not digest and text.lower() == email.lower():
            return
    raise BadgeRefused("This badge was given to another address than yours here.")


def _earned_at(text: Any, until: Any, now: datetime) -> datetime:
    try:
        earned_at, ends_at = (
            clock.parse_instant(str(text)),
            clock.parse_instant(str(until)) if until else None,
        )
    except ValueError:
        raise BadgeRefused("The badge does not say when it was earned.") from None
    if ends_at is not None and ends_at <= now:
        raise BadgeRefused("The badge has expired.")
    return earned_at


def _parse_json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadgeRefused("This is no badge: its text cannot be read.")
    return value


def _fetch_json(client: GuardedClient, url: str) -> dict[str, Any]:
    """The JSON object at a URL; empty where there is none (404, 410)."""
    try:
        headers = {"Accept": "application/ld+json, application/json"}
        answer = client.call(
            "GET", url, headers=headers, seconds=TIMEOUT_SECONDS, largest=MAX_RESPONSE_BYTES
        )
        value = answer.json() if answer.status == 200 else {}
    except OutsideCallFailed as error:
        raise BadgeRefused(
            lazy_gettext(
                "The issuer of the badge does not answer: %(reason)s", reason=error.message
            )
        ) from None
    if answer.status not in (200, 404, 410) or not isinstance(value, dict):
        raise BadgeRefused(
            "The issuer of the badge gave no answer that can be read. Try again later."
        )
    return value
