"""Who may do what: scopes on every resource, keys that change, bearer tokens, what a credential may
read back.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from flask import Blueprint
from joserfc import jwt
from joserfc.jwk import RSAKey

from core.errors import BadInput
from core.openapi import ApiPart
from core.settings import Settings
from lrs import app, operator_api
from lrs.actions import credential_cache
from lrs.actions.deps import StoreDeps
from tests.support.store import Caller, body

Make = Callable[..., dict[str, Any]]
AGENT = '{"mbox":"mailto:somebody@example.org"}'


def test_without_define_a_statement_is_stored_and_its_definitions_are_not_learnt(
    tenant: Callable[..., Caller], one: Caller, statement: Make
) -> None:
    activity = {"id": "https://example.org/x", "definition": {"name": {"en": "x"}}}
    assert tenant(scopes=("statements/write",)).post(statement(object=activity)).status_code == 200
    assert "definition" not in body(one.get("/xapi/activities", activityId=activity["id"]))
    assert (
        tenant(scopes=("statements/write", "define")).post(statement(object=activity)).status_code
        == 200
    )
    assert one.get("/xapi/activities", activityId=activity["id"]).json["definition"] == {
        "name": {"en": "x"}
    }


def test_mine_is_what_the_same_credential_sent_and_no_oracle_for_the_rest(
    tenant: Callable[..., Caller], one: Caller, statement: Make
) -> None:
    mine = tenant(scopes=("statements/write", "statements/read/mine"))
    secret = str(uuid.uuid4())
    one.post(
        statement(
            id=secret,
            verb={"id": "https://v.example/secret"},
            context={"instructor": json.loads(mine_authority(mine, statement))},
        )
    )
    (own,) = body(mine.post(statement(verb={"id": "https://v.example/own"})))
    (pointing,) = body(mine.post(statement(object={"objectType": "StatementRef", "id": secret})))
    seen = [found["id"] for found in body(mine.get("/xapi/statements"))["statements"]]
    assert secret not in seen
    assert {own, pointing} <= set(seen)
    assert mine.get("/xapi/statements", statementId=secret).status_code == 404
    assert mine.get("/xapi/statements", statementId=own).status_code == 200
    assert mine.get("/xapi/statements", verb="https://v.example/secret").json["statements"] == []
    assert mine.get("/xapi/agents", agent=AGENT).status_code == 403


def mine_authority(caller: Caller, statement: Make) -> str:
    (made,) = body(caller.post(statement()))
    return json.dumps(caller.get("/xapi/statements", statementId=made).json["authority"])


def test_a_key_is_rotated_without_downtime_and_goes_on_with_its_authority(
    lrs_settings: Settings, one: Caller, statement: Make
) -> None:
    before = mine_authority(one, statement)
    with operator_api.open_tenant(lrs_settings, "") as desk:
        key, secret = desk.rotate_credential(one.key, 3_600)
        new = Caller(one.client, key, secret)
        assert mine_authority(new, statement) == before
        assert one.post(statement()).status_code == 200
        desk.revoke_credential(one.key)
        assert [credential.ends_at is None for credential in desk.credentials()] == [False, True]
        assert [entry.act for entry in desk.latest_audit_entries(10)] == [
            "revoked a credential",
            "rotated a credential",
        ]
    assert secret not in repr(desk)
    time.sleep(credential_cache.CACHE_SECONDS + 0.1)
    assert one.post(statement()).status_code == 401
    assert new.post(statement()).status_code == 200


def test_a_scope_that_does_not_exist_is_refused(lrs_settings: Settings, one: Caller) -> None:
    with (
        operator_api.open_tenant(lrs_settings, "") as desk,
        pytest.raises(BadInput, match="statements/erase is no scope"),
    ):
        desk.create_credential(["statements/erase"], "")


class Issuer:
    """An OpenID provider on a port of its own: configuration and keys."""

    def __init__(self) -> None:
        self.keys = [RSAKey.generate_key(2_048, {"kid": "1"}, private=True)]
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/.well-known/openid-configuration":
                    body: Any = {"issuer": issuer.address, "jwks_uri": f"{issuer.address}/keys"}
                else:
                    body = {"keys": [key.as_dict(private=False) for key in issuer.keys]}
                encoded = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(encoded)))
                self.end_headers()
                self.wfile.write(encoded)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, **changes: Any) -> str:
        claims = {
            "iss": self.address,
            "aud": "the-store",
            "sub": "content-7",
            "exp": int(time.time()) + 60,
            "scope": "lrs.write",
        }
        claims |= {name: value for name, value in changes.items() if name not in ("key", "alg")}
        key = changes.get("key", self.keys[-1])
        return jwt.encode(
            {"alg": "RS256", "kid": key.kid},
            {name: value for name, value in claims.items() if value is not None},
            key,
        )


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


def bearer(one: Caller, token: str, method: str = "GET", body: Any = None) -> Any:
    data = json.dumps(body) if body is not None else None
    return one.send(
        method,
        "/xapi/statements",
        headers={"Authorization": f"Bearer {token}"},
        data=data,
        content_type="application/json",
    )


def test_a_bearer_token_of_a_named_issuer_opens_its_tenant(
    lrs_settings: Settings, one: Caller, statement: Make, issuer: Issuer
) -> None:
    with operator_api.open_tenant(lrs_settings, "") as desk:
        assert (
            desk.add_issuer(
                issuer.address,
                "the-store",
                {
                    "lrs.write": ["statements/write", "statements/read/mine"],
                    "lrs.read": ["statements/read"],
                },
            ).keys_url
            == f"{issuer.address}/keys"
        )
    one.post(statement())
    assert bearer(one, issuer.token(), "POST", statement()).status_code == 200
    (found,) = bearer(one, issuer.token()).json["statements"]
    assert found["authority"]["account"] == {"homePage": issuer.address, "name": "content-7"}
    assert len(body(bearer(one, issuer.token(scope="lrs.read")))["statements"]) == 2
    assert bearer(one, issuer.token(scope="all")).status_code == 403, (
        "where words are mapped, no other counts"
    )
    assert bearer(one, issuer.token(scope="openid profile")).status_code == 403
    issuer.keys.append(RSAKey.generate_key(2_048, {"kid": "2"}, private=True))
    stranger = RSAKey.generate_key(2_048, {"kid": "1"}, private=True)
    for wrong in (
        issuer.token(aud="another", key=issuer.keys[0]),
        issuer.token(iss="https://else.example", key=issuer.keys[0]),
        issuer.token(exp=int(time.time()) - 3_600, key=issuer.keys[0]),
        issuer.token(exp=None, key=issuer.keys[0]),
        issuer.token(sub=None, key=issuer.keys[0]),
        issuer.token(key=stranger),
        issuer.token(key=issuer.keys[0])[:-4] + "AAAA",
        "no.token",
    ):
        assert bearer(one, wrong).status_code == 401
    with operator_api.open_tenant(lrs_settings, "") as desk:
        desk.remove_issuer(issuer.address)
    assert bearer(one, issuer.token(key=issuer.keys[0])).status_code == 401


def test_a_secret_is_in_no_answer_no_log_and_no_table(
    one: Caller, statement: Make, deps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    one.post(statement())
    one.post({"bad": 1})
    Caller(one.client, one.key, one.secret + "x").post(statement())
    assert one.secret not in caplog.text
    with deps.engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT * FROM lrs.find_credential(%s)", (one.key,)).one()
    assert one.secret not in str(row)
    assert one.secret.encode() not in bytes(row.secret_hash)


def test_a_part_with_an_address_that_declares_no_scope_is_refused_when_the_application_is_made(
    deps: StoreDeps,
) -> None:
    pages = Blueprint("part", __name__, url_prefix="/api/v1")
    pages.add_url_rule("/forgotten", "forgotten", lambda: "everything")
    with pytest.raises(ValueError, match=r"/api/v1/forgotten .* does not declare who may call it"):
        app.create_app(deps, [ApiPart(pages, ())])
