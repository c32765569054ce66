"""Open Badges: hosted, signed and as VC-JWT, from an issuer over real HTTP; and what must not be
taken for one.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwcrypto.jwk import JWK
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from adapters import badges
from adapters.badges import BadgeRefused
from core.http_client import GuardedClient

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
OTHER = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PEM = (
    KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
SALT = "grains"
HASH = "sha256$" + hashlib.sha256(f"one@example.org{SALT}".encode()).hexdigest()


class Issuer:
    """An issuer: documents by path; paths answer 404 where there is none."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = outer.documents.get(self.path)
                self.send_response(200 if found is not None else 404)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.badge = f"{self.url}/badges/phishing"
        self.documents |= {
            "/badges/phishing": {
                "type": "BadgeClass",
                "id": self.badge,
                "issuer": f"{self.url}/issuer",
            },
            "/issuer": {
                "id": f"{self.url}/issuer",
                "publicKey": f"{self.url}/key",
                "revocationList": f"{self.url}/revoked",
            },
            "/revoked": {"revokedAssertions": [{"id": "urn:uuid:taken-back"}]},
            "/key": {"type": "CryptographicKey", "id": f"{self.url}/key", "publicKeyPem": PEM},
            "/neighbour": {
                "type": "CryptographicKey",
                "id": f"{self.url}/neighbour",
                "publicKeyPem": PEM,
            },
            "/jwk": JWK.from_pyca(KEY.public_key()).export_public(as_dict=True),
            "/status": {
                "credentialSubject": {"revokedCredential": [{"id": "urn:uuid:taken-back"}]}
            },
        }

    def hosted(self, **changes: Any) -> str:
        made = {
            "id": f"{self.url}/assertions/1",
            "type": "Assertion",
            "badge": self.badge,
            "recipient": {"type": "email", "hashed": True, "salt": SALT, "identity": HASH},
            "issuedOn": "2026-11-01T10:00:00Z",
            "verification": {"type": "hosted"},
        }
        self.documents["/assertions/1"] = {**made, **changes}
        return f"{self.url}/assertions/1"

    def signed(self, key: Any = KEY, **changes: Any) -> str:
        self.hosted()
        body = {
            **self.documents["/assertions/1"],
            "id": "urn:uuid:1",
            "verification": {"type": "signed", "creator": f"{self.url}/key"},
            **changes,
        }
        return jwt.encode(body, key, algorithm="RS256")

    def credential(self, key: Any = KEY, kid: str = "/jwk", **changes: Any) -> str:
        subject = {
            "type": "AchievementSubject",
            "achievement": {"id": self.badge},
            "identifier": [
                {"identityType": "emailAddress", "hashed": True, "salt": SALT, "identityHash": HASH}
            ],
        }
        body = {
            "id": "urn:uuid:1",
            "issuer": {"id": f"{self.url}/issuer"},
            "validFrom": "2026-11-02T10:00:00Z",
            "credentialSubject": subject,
            **changes,
        }
        return jwt.encode(
            body,
            key,
            algorithm="RS256",
            headers={"kid": kid if "://" in kid else f"{self.url}{kid}"},
        )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.close()


@pytest.fixture
def prove(issuer: Issuer) -> Iterator[Callable[..., badges.VerifiedBadge]]:
    client = GuardedClient(allow_private=True)

    def asked(text: str | bytes, email: str = "One@example.org") -> badges.VerifiedBadge:
        told = badges.extract_badge_text(text if isinstance(text, bytes) else text.encode())
        return badges.verify_badge(client, told, accepted=[issuer.badge], emails=[email], now=NOW)

    yield asked
    client.close()


def baked(text: str, name: str = "openbadges") -> bytes:
    told, body = PngInfo(), io.BytesIO()
    told.add_itxt(name, text)
    Image.new("RGB", (8, 8)).save(body, "PNG", pnginfo=told)
    return body.getvalue()


def test_each_form_is_proven_and_says_when_it_was_earned(
    issuer: Issuer, prove: Callable[..., badges.VerifiedBadge]
) -> None:
    address = issuer.hosted()
    for text in (
        address,
        json.dumps(issuer.documents["/assertions/1"]),
        baked(address),
        issuer.signed(),
        baked(issuer.signed()),
    ):
        assert prove(text) == badges.VerifiedBadge(
            issuer.badge, datetime(2026, 11, 1, 10, tzinfo=UTC)
        )
    for token in (issuer.credential(), baked(issuer.credential(), "openbadgecredential")):
        assert prove(token) == badges.VerifiedBadge(
            issuer.badge, datetime(2026, 11, 2, 10, tzinfo=UTC)
        )
    plain = {"type": "email", "hashed": False, "identity": "one@example.org"}
    assert prove(issuer.hosted(recipient=plain)).badge == issuer.badge


def test_somebody_else_s_badge_is_not_taken(
    issuer: Issuer, prove: Callable[..., badges.VerifiedBadge]
) -> None:
    for text in (issuer.hosted(), issuer.signed(), issuer.credential()):
        with pytest.raises(BadgeRefused, match="another address"):
            prove(text, "two@example.org")


@pytest.mark.parametrize(
    "changes",
    [
        {"badge": "https://other.example/badge"},
        {"badge": None},
        {"recipient": None},
        {"recipient": {"type": "url", "identity": "x"}},
        {"issuedOn": "last week"},
        {"expires": "2026-11-24T00:00:00Z"},
        {"revoked": True},
        {"id": "https://other.example/1"},
    ],
)
def test_a_hosted_badge_with_one_fault_is_refused(
    issuer: Issuer, prove: Callable[..., badges.VerifiedBadge], changes: dict[str, Any]
) -> None:
    with pytest.raises(BadgeRefused):
        prove(issuer.hosted(**changes))


def test_what_proves_a_badge_stands_where_the_badge_stands(
    issuer: Issuer, prove: Callable[..., badges.VerifiedBadge]
) -> None:
    """Else anybody could host, or sign, a badge of somebody else."""
    stranger = Issuer()
    stranger.badge = issuer.badge
    for text in (
        stranger.hosted(badge=issuer.badge),
        issuer.signed(verification={"type": "signed", "creator": f"{stranger.url}/key"}),
        issuer.credential(kid=f"{stranger.url}/jwk"),
        issuer.signed(key=OTHER),
        issuer.signed(verification={"type": "signed", "creator": f"{issuer.url}/neighbour"}),
        issuer.credential(key=OTHER),
        jwt.encode(
            {
                "id": "urn:1",
                "badge": issuer.badge,
                "verification": {"creator": f"{issuer.url}/key"},
            },
            "x" * 40,
            algorithm="HS256",
        ),
        jwt.encode(
            {"badge": issuer.badge, "verification": {"creator": f"{issuer.url}/key"}},
            "",
            algorithm="none",
        ),
    ):
        with pytest.raises(BadgeRefused):
            prove(text)
    stranger.close()


def test_what_was_taken_back_is_not_taken(
    issuer: Issuer, prove: Callable[..., badges.VerifiedBadge]
) -> None:
    status = {"id": f"{issuer.url}/status", "type": "1EdTechRevocationList"}
    assert prove(issuer.credential(credentialStatus=status))
    for text in (
        issuer.signed(id="urn:uuid:taken-back"),
        issuer.credential(id="urn:uuid:taken-back", credentialStatus=status),
        issuer.credential(credentialStatus={"type": "other"}),
    ):
        with pytest.raises(BadgeRefused):
            prove(text)
    address = issuer.hosted()
    del issuer.documents["/assertions/1"]
    with pytest.raises(BadgeRefused, match="not there any more"):
        prove(address)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nonsense",
        b"{",
        b"[]",
        b"{}",
        b"a.b.c",
        b"\x89PNG\r\n\x1a\nno picture",
        b"\xff\xfe",
        b"https://[",
        b'{"id": 5}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_badge_says_so(prove: Callable[..., badges.VerifiedBadge], text: bytes) -> None:
    with pytest.raises(BadgeRefused):
        prove(text)


def test_a_picture_without_a_badge_says_so(prove: Callable[..., badges.VerifiedBadge]) -> None:
    with pytest.raises(BadgeRefused, match="holds no badge"):
        prove(baked("x", "comment"))


def test_a_badge_that_ends_later_is_taken(
    issuer: Issuer, prove: Callable[..., badges.VerifiedBadge]
) -> None:
    assert prove(issuer.credential(validUntil=(NOW + timedelta(days=1)).isoformat()))
