"""Attachments and signatures: xAPI-Data 2.4.11 and 2.6, xAPI-Communication 1.5."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from core import deps as ground_deps
from core.settings import Settings
from lrs import app
from lrs.actions import attachments
from lrs.actions.deps import StoreDeps, build_store_deps
from tests.support.multipart import BOUNDARY, described, mixed, part, send
from tests.support.store import Caller, body

Make = Callable[..., dict[str, Any]]
SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"


def parts_of(answer: Any) -> list[Any]:
    parsed = message_from_bytes(
        f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode() + answer.data
    )
    return [part for part in parsed.walk() if not part.is_multipart()]


@pytest.mark.parametrize("algorithm", ["sha224", "sha256", "sha384", "sha512"])
def test_bytes_that_came_with_a_statement_are_given_back(
    one: Caller, statement: Make, algorithm: str
) -> None:
    data = bytes(range(256)) * 40 + b" --a-boundary"
    sha2 = hashlib.new(algorithm, data).hexdigest()
    sent = statement(
        id=str(uuid.uuid4()), attachments=[described(data, sha2=sha2, contentType="image/x")]
    )
    assert send(one, mixed(sent, part(data, sha2, "image/x"))).json == [sent["id"]]
    for query in ({"statementId": sent["id"]}, {"limit": "5"}):
        first, second = parts_of(one.get("/xapi/statements", attachments="true", **query))
        found = json.loads(first.get_payload())
        assert (found if "id" in found else found["statements"][0])["id"] == sent["id"]
        assert second["X-Experience-API-Hash"] == sha2
        assert second["Content-Type"] == "image/x"
        assert second["Content-Transfer-Encoding"] == "binary"
    assert data in one.get("/xapi/statements", attachments="true", statementId=sent["id"]).data
    assert one.get("/xapi/statements", statementId=sent["id"]).json["id"] == sent["id"]
    head = one.send("HEAD", "/xapi/statements", {"statementId": sent["id"], "attachments": "true"})
    assert (head.status_code, head.data) == (200, b"")


def test_two_statements_with_one_file_need_it_once_and_get_it_once(
    one: Caller, statement: Make
) -> None:
    data = b"shared"
    batch = [
        statement(attachments=[described(data), described(data, display={"en": "again"})]),
        statement(attachments=[described(data)]),
    ]
    assert send(one, mixed(batch, part(data))).status_code == 200
    assert len(parts_of(one.get("/xapi/statements", attachments="true"))) == 2
    assert send(one, mixed(batch, part(data), part(data))).status_code == 200


def test_a_file_by_address_needs_no_bytes_and_multipart_needs_no_file(
    one: Caller, statement: Make
) -> None:
    by_address = statement(attachments=[described(b"far", fileUrl="https://files.example/1")])
    assert one.post(by_address).status_code == 200
    assert send(one, mixed(by_address)).status_code == 200
    assert send(one, mixed(statement())).status_code == 200
    sub_statement = statement(objectType="SubStatement", attachments=[described(b"inner")])
    assert one.post(statement(object=sub_statement)).status_code == 400
    assert send(one, mixed(statement(object=sub_statement), part(b"inner"))).status_code == 200


def test_naming_the_hash_of_anothers_file_does_not_give_its_bytes(
    one: Caller, statement: Make
) -> None:
    send(one, mixed(statement(attachments=[described(b"secret")]), part(b"secret")))
    (mine,) = body(
        one.post(statement(attachments=[described(b"secret", fileUrl="https://files.example/1")]))
    )
    assert len(parts_of(one.get("/xapi/statements", attachments="true", statementId=mine))) == 1


DATA = b"the file"
BROKEN: dict[str, Callable[[Any], bytes]] = {
    "bytes missing": lambda s: mixed(s),
    "other bytes": lambda s: mixed(s, part(b"another", hashlib.sha256(DATA).hexdigest())),
    "a part nobody names": lambda s: mixed(s, part(DATA), part(b"stray")),
    "no hash": lambda s: mixed(s, part(DATA, sha2="")),
    "not binary": lambda s: mixed(s, part(DATA, encoding="base64")),
    "cut": lambda s: mixed(s, part(DATA))[:-40],
    "no end": lambda s: mixed(s, part(DATA), end=""),
    "file first": lambda s: part(DATA) + mixed(s),
    "nothing": lambda s: b"",
    "other boundary": lambda s: mixed(s, part(DATA)).replace(BOUNDARY.encode(), b"else"),
    "endless header": lambda s: mixed(s, b"--a-boundary\r\nX: " + b"x" * 100_000 + b"\r\n\r\n\r\n"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_broken_is_refused_and_nothing_is_kept(
    one: Caller, deps: StoreDeps, statement: Make, fault: str
) -> None:
    answer = send(one, BROKEN[fault](statement(attachments=[described(DATA)])))
    assert answer.status_code == 400
    assert answer.json["error"]["message"]
    assert one.get("/xapi/statements").json["statements"] == []
    assert not [path for path in (deps.settings.home / "attachments").rglob("*") if path.is_file()]


def test_a_multipart_without_boundary_and_another_type_are_refused(
    one: Caller, statement: Make
) -> None:
    body = mixed(statement(attachments=[described(DATA)]), part(DATA))
    for content_type in (
        "multipart/mixed",
        "multipart/form-data; boundary=a-boundary",
        f"multipart/mixed; boundary={'x' * 5_000}",
    ):
        assert send(one, body, content_type).status_code == 400


def test_a_tenants_room_for_attachments_ends_and_refused_files_are_swept(
    lrs_settings: Settings, one: Caller, statement: Make
) -> None:
    small = build_store_deps(ground_deps.build_deps(replace(lrs_settings, attachments_bytes=1_000)))
    try:
        client = Caller(app.create_app(small).test_client(), one.key, one.secret)
        first = statement(id=str(uuid.uuid4()), attachments=[described(b"x" * 600)])
        assert send(client, mixed(first, part(b"x" * 600))).status_code == 200
        refused = send(
            client, mixed(statement(attachments=[described(b"y" * 600)]), part(b"y" * 600))
        )
        assert (refused.status_code, refused.json["error"]["code"]) == (413, "quota_exceeded")
        conflict = send(
            client,
            mixed(
                {
                    **first,
                    "verb": {"id": "https://other.example"},
                    "attachments": [described(b"z" * 300)],
                },
                part(b"z" * 300),
            ),
        )
        assert conflict.status_code == 409
        with small.engine.begin() as connection:
            connection.execute(text("SELECT set_config('carryover.tenant_id', '1', true)"))
            connection.execute(
                text("UPDATE lrs.attachment SET created_at = now() - interval '2 days'")
            )
        assert attachments.remove_orphans(small.unit_of_work, small.blobs, tenant_id=1) == 1
        assert len(parts_of(client.get("/xapi/statements", attachments="true"))) == 2
    finally:
        small.close()


@pytest.fixture(scope="module")
def signer() -> tuple[rsa.RSAPrivateKey, str]:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
    )
    certificate = (
        made.not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def signed(
    statement: dict[str, Any],
    key: Any,
    algorithm: str,
    content_type: str = "application/octet-stream",
    **header: Any,
) -> bytes:
    token = (
        jwt.PyJWS()
        .encode(json.dumps(statement).encode(), key, algorithm=algorithm, headers=header)
        .encode()
    )
    attachment = described(token, usageType=SIGNATURE, contentType=content_type)
    return mixed({**statement, "attachments": [attachment]}, part(token, content_type=content_type))


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_a_signed_statement_is_taken(
    one: Caller, statement: Make, signer: Any, algorithm: str
) -> None:
    key, certificate = signer
    assert send(one, signed(statement(), key, algorithm)).status_code == 200
    assert send(one, signed(statement(), key, algorithm, x5c=[certificate])).status_code == 200


def test_a_signature_that_is_wrong_is_refused(one: Caller, statement: Make, signer: Any) -> None:
    key, certificate = signer
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    right = signed(statement(), key, "RS256")
    assert send(one, signed(statement(), other, "RS256", x5c=[certificate])).status_code == 400
    assert send(one, signed(statement(), key, "RS256", x5c=["no certificate"])).status_code == 400
    assert (
        send(one, signed(statement(), "a shared secret of more than 32 bytes", "HS256")).status_code
        == 400
    )
    assert (
        send(one, signed(statement(), key, "RS256", content_type="text/plain")).status_code == 400
    )
    assert send(one, right.replace(b"verbs/answered", b"verbs/attempted")).status_code == 400
    garbage = b"not a signature"
    described_garbage = described(
        garbage, usageType=SIGNATURE, contentType="application/octet-stream"
    )
    assert (
        send(one, mixed(statement(attachments=[described_garbage]), part(garbage))).status_code
        == 400
    )


def test_a_signature_compares_durations_to_the_hundredth(
    one: Caller, statement: Make, signer: Any
) -> None:
    """IEEE 9274.1.1, 4.2.7: what comes after the hundredths is cut before two durations are
    compared.
    """
    body = signed(statement(result={"duration": "PT1M0.12S"}), signer[0], "RS256")
    assert send(one, body.replace(b"PT1M0.12S", b"PT1M0.1237S")).status_code == 200
    assert send(one, body.replace(b"PT1M0.12S", b"PT1M0.1337S")).status_code == 400
