"""The practice LMS is as strict a platform as a real one: tokens, line items, scores, members, deep linking."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask.testing import FlaskClient
from jwcrypto.jwk import JWK

from carryover.practice_lms import services
from carryover.practice_lms.app import create_app
from carryover.practice_lms.launches import SCOPES
from carryover.practice_lms.people import CLIENT_ID, ISSUER, PEOPLE
from tests.integration.lti_tool.conftest import FakeServer

SCORE_PATH = "/practice/lineitems/1/lineitem/scores"


class Platform:
    """The practice LMS, and a tool whose keys it fetches."""

    def __init__(self, client: FlaskClient, tool_url: str, key: rsa.RSAPrivateKey) -> None:
        self.client, self.tool_url, self.key = client, tool_url, key
        self.lms_url = tool_url.replace("127.0.0.1", "localhost")

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "tool"})

    def assertion(self, **changes: Any) -> str:
        now = int(time.time())
        base = {
            "iss": CLIENT_ID,
            "sub": CLIENT_ID,
            "aud": f"{self.lms_url}/practice/token",
            "iat": now,
            "exp": now + 60,
            "jti": str(time.monotonic_ns()),
        }
        return self.sign({**base, **changes})

    def token(self, assertion: str | None = None, scope: str = " ".join(SCOPES)) -> Any:
        form = {"grant_type": "client_credentials", "client_assertion": assertion or self.assertion(), "scope": scope}
        return self.client.post("/practice/token", data=form)

    def call(self, method: str, path: str, kind: str, body: Any = None, token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {token or self.token().json['access_token']}"}
        if body is None:
            return self.client.open(path, method=method, headers={**headers, "Accept": kind}, base_url=self.lms_url)
        return self.client.open(path, method=method, headers=headers, data=json.dumps(body), content_type=kind, base_url=self.lms_url)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    tool = FakeServer()
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    public = json.loads(JWK.from_pyca(key.public_key()).export_public())
    tool.says("/lti/jwks.json", (200, "OK", {"keys": [{**public, "kid": "tool", "alg": "RS256"}]}))
    yield Platform(create_app(tmp_path, tool.url).test_client(), tool.url, key)
    tool.close()


def score(**changes: Any) -> dict[str, Any]:
    base = {
        "userId": "5",
        "scoreGiven": 4,
        "scoreMaximum": 5,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": "2026-11-23T10:00:00.000Z",
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def test_a_token_is_given_for_a_signed_assertion_once(platform: Platform) -> None:
    assertion = platform.assertion()
    assert platform.token(assertion).json["scope"] == " ".join(SCOPES)
    assert platform.token(assertion).status_code == 400, "its jti was used"


@pytest.mark.parametrize("changes", [{"aud": "https://elsewhere.example"}, {"iss": "another"}, {"exp": 1}, {"sub": "another"}])
def test_an_assertion_that_is_not_for_this_platform_is_refused(platform: Platform, changes: dict[str, Any]) -> None:
    assert platform.token(platform.assertion(**changes)).json["error"] == "invalid_client"


def test_scores_arrive_in_the_gradebook_and_must_grow_newer(platform: Platform) -> None:
    assert platform.call("POST", SCORE_PATH, services.SCORE, score()).status_code == 200
    assert "4 / 5" in platform.client.get("/practice/gradebook", base_url=platform.lms_url).text
    assert platform.call("POST", SCORE_PATH, services.SCORE, score(timestamp="2026-11-23T10:00:00.900Z")).status_code == 409
    assert platform.call("POST", SCORE_PATH, services.SCORE, score(timestamp="2026-11-23T10:00:01.000Z", scoreGiven=5)).status_code == 200
    (result,) = platform.call("GET", "/practice/lineitems/1/lineitem/results", services.RESULTS).json
    assert (result["userId"], result["resultScore"], result["resultMaximum"]) == ("5", 5, 5)


@pytest.mark.parametrize(
    "wrong",
    [
        score(userId="3"),
        score(userId="99"),
        score(timestamp="soon"),
        score(gradingProgress="Done"),
        score(scoreMaximum=None),
        score(userId=None),
        [],
        "x",
    ],
)
def test_a_score_that_is_none_is_refused(platform: Platform, wrong: Any) -> None:
    assert platform.call("POST", SCORE_PATH, services.SCORE, wrong).status_code == 400


def test_media_types_and_scopes_are_exact(platform: Platform) -> None:
    assert platform.call("POST", SCORE_PATH, "application/json", score()).status_code == 415
    assert platform.call("GET", "/practice/lineitems", "*/*").status_code == 406
    reading = platform.token(scope=SCOPES[2]).json["access_token"]
    assert platform.call("POST", SCORE_PATH, services.SCORE, score(), token=reading).status_code == 403
    assert platform.call("POST", SCORE_PATH, services.SCORE, score(), token="unknown").status_code == 401


def test_line_items_are_made_changed_found_and_removed(platform: Platform) -> None:
    made = platform.call("POST", "/practice/lineitems", services.LINE_ITEM, {"label": "Extra", "scoreMaximum": 10, "tag": "extra"})
    assert made.status_code == 201
    path = made.json["id"].removeprefix(platform.lms_url)
    assert platform.call("PUT", path, services.LINE_ITEM, {"label": "Other", "scoreMaximum": 10, "tag": "extra"}).json["label"] == "Other"
    assert [one["label"] for one in platform.call("GET", "/practice/lineitems?tag=extra", services.LINE_ITEMS).json] == ["Other"]
    assert platform.call("DELETE", path, services.LINE_ITEM).status_code == 204
    assert platform.call("GET", path, services.LINE_ITEM).status_code == 404
    assert platform.call("POST", "/practice/lineitems", services.LINE_ITEM, {"label": "Extra", "scoreMaximum": 0}).status_code == 400


def test_members_come_in_pages_with_short_roles(platform: Platform) -> None:
    found, path = [], "/practice/memberships?limit=2"
    while path:
        answer = platform.call("GET", path, services.MEMBERS)
        found += answer.json["members"]
        link = answer.headers.get("Link", "")
        path = link.partition("<")[2].partition(">")[0].removeprefix(platform.lms_url)
    assert [member["user_id"] for member in found] == [person.subject for person in PEOPLE.values()]
    assert {member["roles"][0] for member in found} == {"Learner", "Mentor", "Instructor"}


def test_a_deep_linking_answer_is_taken_when_the_tool_signed_it(platform: Platform) -> None:
    items = [{"type": "ltiResourceLink", "title": "Chosen activity"}]
    now = int(time.time())
    claims = {"iss": CLIENT_ID, "aud": ISSUER, "iat": now, "exp": now + 60, "https://purl.imsglobal.org/spec/lti-dl/claim/content_items": items}
    answer = platform.client.post("/practice/deep-link/return", data={"JWT": platform.sign(claims)}, base_url=platform.lms_url)
    assert answer.status_code == 303
    assert "Chosen activity" in platform.client.get("/practice/", base_url=platform.lms_url).text
    forged = platform.client.post("/practice/deep-link/return", data={"JWT": platform.sign({**claims, "aud": "x"})}, base_url=platform.lms_url)
    assert forged.status_code == 400


def test_a_deep_linking_request_carries_its_settings(platform: Platform) -> None:
    page = platform.client.get("/practice/start/teacher/deep-link", base_url=platform.lms_url).text
    assert "/lti/login" in page
    asked = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": CLIENT_ID,
        "redirect_uri": f"{platform.tool_url}/lti/launch",
        "login_hint": "3",
        "lti_message_hint": '{"message": "deep-link"}',
        "state": "s",
        "nonce": "n",
    }
    answer = platform.client.get("/practice/auth", query_string=asked, base_url=platform.lms_url)
    claims = jwt.decode(answer.text.split('name="id_token" value="')[1].split('"')[0], options={"verify_signature": False})
    settings = claims["https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"]
    assert settings["deep_link_return_url"] == f"{platform.lms_url}/practice/deep-link/return"
    for wrong in ({"redirect_uri": "https://evil.example"}, {"prompt": "login"}, {"client_id": "x"}, {"nonce": ""}, {"login_hint": "99"}):
        assert platform.client.get("/practice/auth", query_string={**asked, **wrong}, base_url=platform.lms_url).status_code == 400


def test_it_is_reached_under_its_own_name(platform: Platform) -> None:
    answer = platform.client.get("/practice/gradebook", base_url=platform.tool_url)
    assert answer.location == f"{platform.lms_url}/practice/gradebook"
