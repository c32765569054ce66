"""The practice LMS is as strict a platform as a real one: signing in, launches, tokens,
registration, deep linking, services.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask.testing import FlaskClient
from jwt.algorithms import RSAAlgorithm
from werkzeug.test import TestResponse

from carryover import practice_lms
from carryover.practice_lms.app import create_app, platform_registration
from carryover.practice_lms.people import CLIENT_ID, DEPLOYMENT_ID, PEOPLE
from carryover.practice_lms.vocabulary import (
    CLAIM,
    DEEP_LINKING_CLAIM,
    GRADES_CLAIM,
    LINE_ITEM,
    LINE_ITEM_READ_SCOPE,
    LINE_ITEM_SCOPE,
    LINE_ITEMS,
    MEMBERS,
    MEMBERS_CLAIM,
    MEMBERS_SCOPE,
    PLATFORM_CONFIGURATION,
    RESULT_SCOPE,
    RESULTS,
    SCOPES,
    SCORE,
    SCORE_SCOPE,
    TOOL_CONFIGURATION,
)
from tests.support.tool import FakeServer

SCORE_PATH = "/practice/lineitems/1/lineitem/scores"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DATA, ITEMS = f"{DEEP_LINKING_CLAIM}data", f"{DEEP_LINKING_CLAIM}content_items"
SETTINGS = f"{DEEP_LINKING_CLAIM}deep_linking_settings"


@cache
def tool_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def form(page: TestResponse) -> tuple[str, dict[str, str]]:
    """Where the page's form goes, with its hidden fields."""
    assert page.status_code == 200, page.text
    action = re.search(r'<form method="post" action="([^"]*)"', page.text)
    assert action, page.text
    hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return unescape(action[1]), {name: unescape(value) for name, value in hidden}


class Lms:
    """The practice LMS seen by a browser, and a tool whose keys it fetches."""

    def __init__(self, client: FlaskClient, tool_url: str) -> None:
        self.client, self.tool_url = client, tool_url
        self.url = tool_url.replace("127.0.0.1", "localhost")
        self.domain = tool_url.removeprefix("http://")

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, base_url=self.url, **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        return self.client.post(path, base_url=self.url, **more)

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        return jwt.encode(claims, tool_key(), algorithm="RS256", headers={"kid": "tool", **header})

    def open(self, path: str) -> dict[str, str]:
        """Open an activity's page; the login that its frame sends to the tool."""
        page = self.get(f"/practice/launch/{path}")
        assert page.status_code == 200, page.text
        frame = re.search(r'<iframe src="([^"]*)"', page.text)
        assert frame
        return form(self.get(unescape(frame[1])))[1]

    def asked(self, login: dict[str, str], **changes: str | None) -> dict[str, str]:
        """The tool's authentication request after a login."""
        fields = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": login["client_id"],
            "redirect_uri": f"{self.tool_url}/lti/launch",
            "login_hint": login["login_hint"],
            "lti_message_hint": login["lti_message_hint"],
            "state": "s",
            "nonce": "n",
        }
        return {name: value for name, value in {**fields, **changes}.items() if value is not None}

    def auth(self, asked: dict[str, str], method: str = "GET") -> TestResponse:
        if method == "GET":
            return self.get("/practice/auth", query_string=asked)
        return self.post("/practice/auth", data=asked)

    def claims(self, id_token: str, client_id: str = CLIENT_ID) -> dict[str, Any]:
        """What the platform signed with its published key."""
        (published,) = self.get("/practice/jwks.json").json["keys"]
        assert jwt.get_unverified_header(id_token)["kid"] == published["kid"]
        return jwt.decode(
            id_token,
            jwt.PyJWK(published).key,
            algorithms=["RS256"],
            audience=client_id,
            issuer=self.url,
        )

    def launch(self, path: str, client_id: str = CLIENT_ID) -> dict[str, Any]:
        """From the click to the message's claims."""
        address, fields = form(self.auth(self.asked(self.open(path))))
        assert address == f"{self.tool_url}/lti/launch"
        return self.claims(fields["id_token"], client_id)

    def assertion(self, client_id: str = CLIENT_ID, **changes: Any) -> str:
        now = int(time.time())
        base = {
            "iss": client_id,
            "sub": client_id,
            "aud": f"{self.url}/practice/token",
            "iat": now,
            "exp": now + 60,
            "jti": str(time.monotonic_ns()),
        }
        return self.sign(
            {name: value for name, value in {**base, **changes}.items() if value is not None}
        )

    def token(
        self, assertion: str | None = None, scope: str = " ".join(SCOPES), **changes: str
    ) -> TestResponse:
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": JWT_BEARER,
            "client_assertion": assertion or self.assertion(),
        }
        return self.client.post("/practice/token", data={**fields, "scope": scope, **changes})

    def call(
        self, method: str, path: str, kind: str, body: Any = None, token: str | None = None
    ) -> TestResponse:
        headers = {"Authorization": f"Bearer {token or self.token().json['access_token']}"}
        path = path.removeprefix(self.url)
        if body is None:
            return self.client.open(
                path, method=method, headers={**headers, "Accept": kind}, base_url=self.url
            )
        return self.client.open(
            path,
            method=method,
            headers=headers,
            data=json.dumps(body),
            content_type=kind,
            base_url=self.url,
        )

    def read(self, path: str, kind: str, token: str | None = None) -> Any:
        """What a service answers to a GET."""
        return self.call("GET", path, kind, token=token).json

    def registration_token(self, url: str | None = None) -> str:
        page = self.post(
            "/practice/admin/tools", data={"url": url or f"{self.tool_url}/lti/register"}
        )
        return framed_query(page)["registration_token"][0]

    def register(self, token: str, body: Any) -> TestResponse:
        return self.post(
            "/practice/registration", json=body, headers={"Authorization": f"Bearer {token}"}
        )

    def registered(self, **changes: Any) -> str:
        """Another tool, registered and activated; its client id."""
        answer = self.register(self.registration_token(), registration(self, **changes)).json
        assert (
            self.post(
                f"/practice/admin/tools/{answer[TOOL_CONFIGURATION]['deployment_id']}/activate"
            ).status_code
            == 303
        )
        return str(answer["client_id"])

    def chosen(self, *items: dict[str, Any], **changes: Any) -> TestResponse:
        """A deep-linking round in which the tool answers ``items``."""
        return self.answer(self.launch("teacher/deep-link"), *items, **changes)

    def answer(
        self, request: dict[str, Any], *items: dict[str, Any], **changes: Any
    ) -> TestResponse:
        now, settings = int(time.time()), request[SETTINGS]
        claims = {
            "iss": request["aud"],
            "aud": self.url,
            "iat": now,
            "exp": now + 60,
            "nonce": str(time.monotonic_ns()),
            f"{CLAIM}deployment_id": request[f"{CLAIM}deployment_id"],
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}message_type": "LtiDeepLinkingResponse",
            DATA: settings["data"],
            ITEMS: list(items),
        }
        kept = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return self.post(
            settings["deep_link_return_url"].removeprefix(self.url), data={"JWT": self.sign(kept)}
        )


def framed_query(page: TestResponse) -> dict[str, list[str]]:
    """The query of the address in the page's frame."""
    assert page.status_code == 200, page.text
    return parse_qs(
        urlsplit(unescape(page.text.split('<iframe src="')[1].split('"')[0])).query,
        keep_blank_values=True,
    )


@pytest.fixture
def lms(tmp_path: Path) -> Iterator[Lms]:
    tool = FakeServer()
    public = RSAAlgorithm.to_jwk(tool_key().public_key(), as_dict=True)
    tool.says(
        "/lti/jwks.json",
        (
            200,
            "OK",
            {
                "keys": [
                    {
                        "kty": "RSA",
                        "n": public["n"],
                        "e": public["e"],
                        "kid": "tool",
                        "alg": "RS256",
                    }
                ]
            },
        ),
    )
    yield Lms(create_app(tmp_path, tool.url).test_client(), tool.url)
    tool.close()


def registration(lms: Lms, tool: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """What a tool sends to register; a change to None leaves a name out."""
    configuration = {
        "domain": lms.domain,
        "target_link_uri": f"{lms.tool_url}/lti/launch",
        "description": "Another tool",
        "claims": ["iss", "sub", "name"],
        "custom_parameters": {"history": "$Context.id.history", "plain": "a b&c"},
        "messages": [
            {"type": "LtiResourceLinkRequest"},
            {"type": "LtiDeepLinkingRequest", "target_link_uri": f"{lms.tool_url}/lti/launch"},
        ],
        **(tool or {}),
    }
    base = {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{lms.tool_url}/lti/login",
        "redirect_uris": [f"{lms.tool_url}/lti/launch"],
        "client_name": "Another",
        "jwks_uri": f"{lms.tool_url}/lti/jwks.json",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": f"{SCORE_SCOPE} {LINE_ITEM_READ_SCOPE} https://example.org/unknown",
        TOOL_CONFIGURATION: {
            name: value for name, value in configuration.items() if value is not None
        },
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


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


CONTENT = {
    "type": "ltiResourceLink",
    "title": "Check after a week",
    "text": "Five questions",
    "custom": {
        "check": "1w",
        "link": "$ResourceLink.id",
        "course": "$Context.id",
        "user": "$User.id",
        "sis": "$Person.sourcedId",
        "odd": "$No.Such",
    },
    "lineItem": {
        "scoreMaximum": 20,
        "label": "Week one",
        "resourceId": "r-1w",
        "tag": "grade",
        "submissionReview": {},
    },
}


# The platform and its people


def test_the_platforms_issuer_is_its_own_address(lms: Lms) -> None:
    told = platform_registration(lms.url)
    assert (told["issuer"], told["client_id"]) == (lms.url, CLIENT_ID)
    assert set(told) == {"issuer", "client_id", "auth_login_url", "auth_token_url", "key_set_url"}
    assert lms.launch("learner")["iss"] == lms.url


def test_it_is_reached_under_its_own_name(lms: Lms) -> None:
    assert (
        lms.client.get("/practice/gradebook", base_url=lms.tool_url).location
        == f"{lms.url}/practice/gradebook"
    )


def test_a_launch_says_who_comes_and_an_administrator_teaches_too(lms: Lms) -> None:
    admin = lms.launch("admin")
    assert (admin["sub"], admin["name"], admin["email"]) == (
        "2",
        "Practice administrator",
        "admin@example.org",
    )
    lis = "http://purl.imsglobal.org/vocab/lis/v2/"
    assert admin[f"{CLAIM}roles"] == [
        f"{lis}institution/person#Administrator",
        f"{lis}membership#Instructor",
        f"{lis}system/person#Administrator",
    ]
    assert lms.launch("mentor")[f"{CLAIM}roles"] == [f"{lis}membership#Mentor"]


def test_a_resource_link_launch_carries_what_a_tool_works_with(lms: Lms) -> None:
    claims = lms.launch("learner")
    assert claims[f"{CLAIM}message_type"] == "LtiResourceLinkRequest"
    assert claims[f"{CLAIM}resource_link"]["id"] == "1"
    assert claims[f"{CLAIM}deployment_id"] == DEPLOYMENT_ID
    assert claims[f"{CLAIM}custom"] == {"programme": "phishing-response"}
    assert claims["exp"] - claims["iat"] == 60
    assert claims[GRADES_CLAIM]["lineitem"] == f"{lms.url}/practice/lineitems/1/lineitem?type_id=1"
    assert claims[MEMBERS_CLAIM]["context_memberships_url"] == f"{lms.url}/practice/memberships"


def test_what_does_not_exist_is_a_page_of_its_own(lms: Lms) -> None:
    for path in (
        "launch/nobody",
        "launch/learner/dance",
        "launch/learner?item=99",
        "launch/learner?tool=unknown",
        "start/nobody",
        "nowhere",
    ):
        answer = lms.get(f"/practice/{path}")
        assert answer.status_code == 404, path
        assert "Back to the course" in answer.text


# Signing in and the authorization endpoint


def test_opening_an_activity_signs_the_person_in_with_a_cookie_of_the_wanted_kind(lms: Lms) -> None:
    lax = lms.get("/practice/launch/learner").headers["Set-Cookie"]
    none = lms.get("/practice/launch/learner?cookie=none").headers["Set-Cookie"]
    for cookie in (lax, none):
        assert cookie.startswith("practice-session=")
        assert {"HttpOnly", "Path=/practice"} <= set(cookie.split("; "))
        assert "Partitioned" not in cookie
    assert "SameSite=Lax" in lax
    assert "Secure" not in lax
    assert {"SameSite=None", "Secure"} <= set(none.split("; "))


def test_without_the_cookie_the_page_posts_itself_once_more_and_then_says_that_nobody_is_signed_in(
    lms: Lms,
) -> None:
    asked = lms.asked(lms.open("learner"))
    cookie = lms.client.get_cookie("practice-session", domain="localhost", path="/practice")
    lms.client.delete_cookie("practice-session", domain="localhost", path="/practice")
    for method in ("GET", "POST"):
        address, again = form(lms.auth(asked, method))
        assert (address, again) == ("/practice/auth", {**asked, "repost": "true"})
    address, fields = form(lms.auth(again, "POST"))
    assert (address, fields["error"], fields["state"]) == (
        asked["redirect_uri"],
        "login_required",
        "s",
    )
    assert fields["error_description"]
    assert lms.auth({**again, "redirect_uri": "https://evil.example"}, "POST").status_code == 404
    lms.client.set_cookie("practice-session", cookie.value, domain="localhost", path="/practice")
    assert "id_token" in form(lms.auth(again, "POST"))[1], "the second request brings the cookie"


def test_a_launch_works_once(lms: Lms) -> None:
    login = lms.open("learner")
    hint = json.loads(login["lti_message_hint"])
    assert set(hint) == {"cmid", "launchid"}
    asked = lms.asked(login)
    assert "id_token" in form(lms.auth(asked))[1]
    replayed = lms.auth(asked)
    assert replayed.status_code == 404
    assert "Back to the course" in replayed.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "unknown"}, "unauthorized_client"),
        ({"login_hint": "3"}, "access_denied"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"response_mode": None}, "invalid_request"),
        ({"prompt": "login"}, "invalid_request"),
        ({"prompt": None}, "invalid_request"),
    ],
)
def test_some_wrong_requests_are_told_to_the_tool(
    lms: Lms, change: dict[str, Any], error: str
) -> None:
    address, fields = form(lms.auth(lms.asked(lms.open("learner"), **change)))
    assert (address, fields["error"], fields["state"]) == (f"{lms.tool_url}/lti/launch", error, "s")
    assert "id_token" not in fields


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "https://evil.example"},
        {"redirect_uri": None},
        {"nonce": ""},
        {"client_id": None},
        {"login_hint": None},
        {"scope": "openid profile"},
        {"response_type": "code"},
        {"lti_message_hint": None},
        {"lti_message_hint": "garbage"},
        {"lti_message_hint": '{"cmid":1}'},
        {"lti_message_hint": '{"cmid":1,"launchid":"unknown"}'},
    ],
)
def test_others_end_on_a_page(lms: Lms, change: dict[str, Any]) -> None:
    assert lms.auth(lms.asked(lms.open("learner"), **change)).status_code == 404


def test_the_redirect_uri_is_compared_with_its_query(lms: Lms) -> None:
    assert (
        lms.auth(
            lms.asked(lms.open("learner"), redirect_uri=f"{lms.tool_url}/lti/launch?x=1")
        ).status_code
        == 404
    )


def test_the_state_comes_back_without_tags_and_may_be_empty(lms: Lms) -> None:
    assert form(lms.auth(lms.asked(lms.open("learner"), state='st&"<8>')))[1]["state"] == 'st&"'
    assert form(lms.auth(lms.asked(lms.open("learner"), state=None)))[1]["state"] == ""


def test_whoever_opened_another_page_meanwhile_is_somebody_else(lms: Lms) -> None:
    asked = lms.asked(lms.open("learner"))
    lms.open("teacher")
    assert form(lms.auth(asked))[1]["error"] == "access_denied"


# Platform storage


def test_with_storage_the_launch_names_the_frame_that_keeps_things(lms: Lms) -> None:
    login = lms.open("learner?storage=1")
    assert login["lti_storage_target"] == "_parent"
    assert form(lms.auth(lms.asked(login)))[1]["lti_storage_target"] == "_parent"
    assert "data-storage" in lms.get("/practice/launch/learner?storage=1").text


def test_without_storage_nothing_of_it_is_said(lms: Lms) -> None:
    login = lms.open("learner")
    assert "lti_storage_target" not in login
    assert "lti_storage_target" not in form(lms.auth(lms.asked(login)))[1]
    assert "data-storage" not in lms.get("/practice/launch/learner").text


# A stand-in for the page: the script's own file runs in it, the tool's frame sends messages, and
# what happens is printed.
PAGE = """
const fs = require("node:fs");
const heard = [], sent = JSON.parse(process.argv[2]);
const tool = { postMessage: (message, origin) => heard.push([origin, message]) };
const frame = { contentWindow: tool, dataset: JSON.parse(process.argv[3]), style: {} };
let listen = null;
globalThis.window = { addEventListener: (kind, then) => { listen = then; } };
window.top = window;
globalThis.location = { assign: (place) => { frame.gone = place; } };
globalThis.document = { querySelector: (name) => (name === "iframe" ? frame : null), body: { hasAttribute: () => false } };
new Function(fs.readFileSync(process.argv[1], "utf8"))();
for (const [data, origin, ours] of sent) listen({ data, origin, source: ours ? tool : { postMessage: () => heard.push("elsewhere") } });
console.log(JSON.stringify({ heard, height: frame.style.height ?? null, gone: frame.gone ?? null }));
"""
SCRIPT = Path(practice_lms.__file__).parent / "static" / "practice.js"


def in_page(dataset: dict[str, str], *sent: tuple[Any, str, bool]) -> Any:
    """What the page's script does with messages: each with its sender's origin, and whether it
    comes from the frame.
    """
    command = ["node", "-e", PAGE, str(SCRIPT), json.dumps(sent), json.dumps(dataset)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return json.loads(
        subprocess.run(
            command,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
    )


def test_the_page_keeps_what_a_tool_puts_for_its_own_origin() -> None:
    put = {"subject": "lti.put_data", "message_id": "1", "key": "state", "value": "v"}
    get = {"subject": "lti.get_data", "message_id": "2", "key": "state"}
    seen = in_page(
        {"storage": ""},
        (put, "http://a.example", True),
        (get, "http://a.example", True),
        (get, "http://b.example", True),
    )
    assert seen["heard"] == [
        [
            "http://a.example",
            {"subject": "lti.put_data.response", "message_id": "1", "key": "state", "value": "v"},
        ],
        [
            "http://a.example",
            {"subject": "lti.get_data.response", "message_id": "2", "key": "state", "value": "v"},
        ],
        [
            "http://b.example",
            {"subject": "lti.get_data.response", "message_id": "2", "key": "state", "value": None},
        ],
    ]


def test_the_page_says_what_it_can_do_and_what_is_wrong() -> None:
    asked = {"subject": "lti.capabilities", "message_id": "1"}
    ((_, can), (_, wrong)) = in_page(
        {"storage": ""},
        (asked, "http://a.example", True),
        ({**asked, "subject": "lti.put_data"}, "http://a.example", True),
    )["heard"]
    assert {"subject": "lti.put_data"} in can["supported_messages"]
    assert wrong["error"]["code"] == "bad_request"


def test_the_page_answers_its_frame_alone_and_only_with_storage() -> None:
    get = {"subject": "lti.get_data", "message_id": "2", "key": "state"}
    assert (
        in_page(
            {"storage": ""}, (get, "http://a.example", False), ("text", "http://a.example", True)
        )["heard"]
        == []
    )
    assert in_page({}, (get, "http://a.example", True))["heard"] == []


@pytest.mark.parametrize(
    ("height", "becomes"), [(800, "800px"), (1, "300px"), (9_999, "5000px"), ("tall", None)]
)
def test_the_frame_takes_the_height_that_the_tool_asks_for(
    height: Any, becomes: str | None
) -> None:
    resize = {"subject": "lti.frameResize", "height": height}
    assert in_page({}, (resize, "http://a.example", True))["height"] == becomes
    assert in_page({}, (resize, "http://a.example", False))["height"] is None


def test_the_registration_page_is_closed_by_its_frame_alone() -> None:
    close = {"subject": "org.imsglobal.lti.close"}
    assert (
        in_page({"close": "/practice/admin/tools"}, (close, "http://a.example", True))["gone"]
        == "/practice/admin/tools"
    )
    assert (
        in_page({"close": "/practice/admin/tools"}, (close, "http://a.example", False))["gone"]
        is None
    )
    assert in_page({}, (close, "http://a.example", True))["gone"] is None


def test_the_script_is_served(lms: Lms) -> None:
    with lms.get("/practice/static/practice.js") as answer:
        assert answer.data == SCRIPT.read_bytes()


# Tokens


def test_a_token_is_given_for_a_signed_assertion_once(lms: Lms) -> None:
    assertion = lms.assertion()
    given = lms.token(assertion).json
    assert (given["scope"], given["expires_in"], given["token_type"]) == (
        " ".join(SCOPES),
        3600,
        "Bearer",
    )
    assert lms.token(assertion).status_code == 400, "its jti was used"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example"},
        {"iss": "another"},
        {"exp": 1},
        {"sub": "another"},
        {"jti": None},
        {"exp": None},
    ],
)
def test_an_assertion_that_is_not_for_this_platform_is_refused(
    lms: Lms, changes: dict[str, Any]
) -> None:
    assert lms.token(lms.assertion(**changes)).json["error"] == "invalid_client"


def test_an_assertion_must_be_signed_with_a_key_of_the_tool(lms: Lms) -> None:
    claims = jwt.decode(lms.assertion(), options={"verify_signature": False})
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    for wrong in (
        lms.sign(claims, kid="another"),
        jwt.encode(claims, tool_key(), algorithm="RS256"),
        "x",
    ):
        assert lms.token(wrong).json["error"] == "invalid_client"
    assert (
        lms.token(jwt.encode(claims, other, algorithm="RS256", headers={"kid": "tool"})).json[
            "error"
        ]
        == "invalid_client"
    )


def test_a_token_request_is_complete(lms: Lms) -> None:
    assert lms.token(grant_type="password").json["error"] == "unsupported_grant_type"
    assert lms.token(client_assertion_type="").json["error"] == "invalid_request"
    assert lms.token(scope="").json["error"] == "invalid_request"
    assert lms.token(scope="openid").json["error"] == "invalid_scope"
    assert lms.token(scope=f"{SCORE_SCOPE} openid").json["scope"] == SCORE_SCOPE


# Dynamic registration


def test_the_configuration_names_the_platform_and_its_addresses(lms: Lms) -> None:
    told = lms.get("/practice/openid-configuration").json
    assert told["issuer"] == lms.url
    for name in ("token_endpoint", "jwks_uri", "authorization_endpoint", "registration_endpoint"):
        assert told[name].startswith(f"{lms.url}/practice/")
    assert set(SCOPES) < set(told["scopes_supported"])
    product = told[PLATFORM_CONFIGURATION]
    assert (product["product_family_code"], bool(product["version"])) == (
        "carryover-practice",
        True,
    )
    assert "Context.id.history" in product["variables"]
    assert {"LtiResourceLinkRequest", "LtiDeepLinkingRequest"} <= {
        message["type"] for message in product["messages_supported"]
    }


def test_the_registration_page_frames_the_tool_with_its_own_query_kept(lms: Lms) -> None:
    page = lms.post(
        "/practice/admin/tools", data={"url": f"{lms.tool_url}/lti/register?for=a%20b&empty="}
    )
    query = framed_query(page)
    assert (query["for"], query["empty"]) == (["a b"], [""])
    assert query["openid_configuration"] == [f"{lms.url}/practice/openid-configuration"]
    claims = jwt.decode(query["registration_token"][0], options={"verify_signature": False})
    assert (len(claims["sub"]), claims["scope"], claims["exp"] - claims["iat"]) == (15, "reg", 3600)
    assert 'data-close="/practice/admin/tools"' in page.text
    assert lms.post("/practice/admin/tools", data={"url": "javascript:alert(1)"}).status_code == 400


def test_only_the_page_itself_presses_its_buttons(lms: Lms) -> None:
    answer = lms.post(
        "/practice/admin/tools",
        data={"url": lms.tool_url},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403


def test_a_tool_registers_itself_and_waits_until_it_is_activated(lms: Lms) -> None:
    token = lms.registration_token()
    answer = lms.register(token, registration(lms))
    assert answer.status_code == 200
    told = answer.json
    assert told["client_id"] == jwt.decode(token, options={"verify_signature": False})["sub"]
    assert told["scope"] == f"{LINE_ITEM_READ_SCOPE} {SCORE_SCOPE}", (
        "what is not known is not granted"
    )
    configuration = told[TOOL_CONFIGURATION]
    assert (configuration["version"], configuration["deployment_id"], configuration["domain"]) == (
        "1.3.0",
        "2",
        lms.domain,
    )
    assert configuration["custom_parameters"] == {
        "history": "$Context.id.history",
        "plain": "a b&c",
    }
    assert configuration["claims"] == ["sub", "iss", "name", "given_name", "family_name"]
    listed = lms.get("/practice/admin/tools").text
    assert f'data-tool="{told["client_id"]}" data-state="pending"' in listed
    query = urlencode({"tool": told["client_id"]})
    assert lms.get(f"/practice/launch/learner?{query}").status_code == 403, "it waits"
    assert lms.token(lms.assertion(told["client_id"])).json["scope"] == told["scope"], (
        "but gets tokens, as in Moodle"
    )
    lms.post("/practice/admin/tools/2/activate")
    assert query in lms.get("/practice/").text
    claims = lms.launch(f"learner?{query}", told["client_id"])
    assert (claims[f"{CLAIM}deployment_id"], claims["name"], "email" in claims) == (
        "2",
        "Practice learner",
        False,
    )
    assert claims[f"{CLAIM}custom"] == {"history": "", "plain": "a b&c"}
    assert claims[f"{CLAIM}resource_link"]["id"] != "1"
    assert set(claims[GRADES_CLAIM]["scope"]) == {SCORE_SCOPE, LINE_ITEM_READ_SCOPE}
    assert MEMBERS_CLAIM not in claims, "it did not ask for the members"


def test_a_registration_token_works_once_and_must_be_ours(lms: Lms) -> None:
    token, body = lms.registration_token(), registration(lms)
    assert lms.register(token, registration(lms, client_name=None)).status_code == 400, (
        "an error does not use it up"
    )
    assert (
        lms.get("/practice/registration", headers={"Authorization": f"Bearer {token}"}).status_code
        == 404
    ), "nothing to show yet"
    assert lms.register(token, body).status_code == 200
    again = lms.register(token, body)
    assert (again.status_code, again.json) == (401, {"error": "token_already_used"})
    missing = lms.post("/practice/registration", json=body)
    assert (missing.status_code, missing.json) == (401, {"error": "missing_registration_token"})
    assert lms.register("x.y.z", body).status_code == 404
    assert (
        lms.register(
            lms.sign({"sub": "abc", "scope": "reg", "exp": int(time.time()) + 60}), body
        ).status_code
        == 404
    )
    id_token = form(lms.auth(lms.asked(lms.open("learner"))))[1]["id_token"]
    assert lms.register(id_token, body).status_code == 403, "signed by us for something else"


@pytest.mark.parametrize(
    ("tool", "changes", "error"),
    [
        ({"domain": None}, {}, "missing_domain"),
        ({"domain": "other.example"}, {}, "domain_targetlinkuri_mismatch"),
        ({"domain": "127.0.0.1"}, {}, "domain_targetlinkuri_mismatch"),
        ({}, {"response_types": ["code"]}, "invalid_response_types"),
        ({}, {"redirect_uris": "https://tool.example/launch"}, "invalid_redirect_uris"),
        (
            {},
            {"token_endpoint_auth_method": "client_secret_basic"},
            "invalid_token_endpoint_auth_method",
        ),
        ({}, {"application_type": "native"}, "invalid_application_type"),
        ({}, {"client_name": None}, "missing required attribute client_name"),
        ({}, {"jwks_uri": None}, "missing required attribute jwks_uri"),
        ({}, {TOOL_CONFIGURATION: None}, f"missing required attribute {TOOL_CONFIGURATION}"),
        ({"custom_parameters": {"a": 1}}, {}, "invalid_custom_parameters"),
    ],
)
def test_a_wrong_registration_is_refused_by_name(
    lms: Lms, tool: dict[str, Any], changes: dict[str, Any], error: str
) -> None:
    answer = lms.register(lms.registration_token(), registration(lms, tool, **changes))
    assert (answer.status_code, answer.json) == (400, {"error": error})


def test_a_registration_that_is_no_object_is_refused(lms: Lms) -> None:
    assert lms.register(lms.registration_token(), "x").status_code == 400


def test_an_update_keeps_client_id_deployment_and_state_and_its_token_is_reusable(lms: Lms) -> None:
    client_id = lms.registered()
    token = framed_query(
        lms.post("/practice/admin/tools/2/update", data={"url": f"{lms.tool_url}/lti/register"})
    )["registration_token"][0]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["scope"]) == ("2", "reg-update")
    for name in ("Renamed", "Renamed again"):
        told = lms.register(token, registration(lms, client_name=name)).json
        assert (
            told["client_id"],
            told["client_name"],
            told[TOOL_CONFIGURATION]["deployment_id"],
        ) == (client_id, name, "2")
    shown = lms.get("/practice/registration", headers={"Authorization": f"Bearer {token}"})
    assert shown.json == told
    page = lms.get("/practice/admin/tools").text
    assert f'data-tool="{client_id}" data-state="active"' in page
    assert "Renamed again" in page


def test_a_deleted_tool_is_gone_with_its_tokens(lms: Lms) -> None:
    client_id = lms.registered()
    token = lms.token(lms.assertion(client_id)).json["access_token"]
    assert lms.call("GET", "/practice/lineitems", LINE_ITEMS, token=token).status_code == 200
    lms.post("/practice/admin/tools/2/delete")
    assert client_id not in lms.get("/practice/admin/tools").text
    assert lms.call("GET", "/practice/lineitems", LINE_ITEMS, token=token).status_code == 401
    assert lms.get(f"/practice/launch/learner?tool={client_id}").status_code == 404
    assert lms.post("/practice/admin/tools/2/delete").status_code == 404


def test_a_tool_sees_its_own_line_items_alone(lms: Lms) -> None:
    client_id = lms.registered()
    token = lms.token(lms.assertion(client_id)).json["access_token"]
    (own,) = lms.read("/practice/lineitems", LINE_ITEMS, token)
    assert own["label"] == "Refresher checks (Another)"
    assert (
        lms.call(
            "POST", own["id"].replace("lineitem?", "lineitem/scores?"), SCORE, score(), token=token
        ).status_code
        == 200
    )
    assert lms.call("POST", SCORE_PATH, SCORE, score(), token=token).status_code == 404
    assert (
        lms.call("GET", "/practice/lineitems?type_id=1", LINE_ITEMS, token=token).status_code == 401
    )


def test_the_preinstalled_tool_follows_its_address(tmp_path: Path) -> None:
    for address in ("http://127.0.0.1:8081", "http://127.0.0.1:8082"):
        client = create_app(tmp_path, address).test_client()
        page = client.get(
            "/practice/start/learner", base_url=address.replace("127.0.0.1", "localhost")
        )
        assert form(page)[0] == f"{address}/lti/login"


def test_a_ledger_of_an_older_form_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "practice_lms.sqlite"
    with closing(sqlite3.connect(file)) as db:
        db.execute(
            "CREATE TABLE token (token TEXT PRIMARY KEY, scopes TEXT NOT NULL, expires REAL NOT "
            "NULL)"
        )
    client = create_app(tmp_path, "http://127.0.0.1:8081").test_client()
    assert client.get("/practice/gradebook", base_url="http://localhost:8081").status_code == 200
    assert file.stat().st_mode & 0o077 == 0


def test_whoever_waits_too_long_for_a_locked_database_reads_why_and_when_to_come_back(
    tmp_path: Path,
) -> None:
    client = create_app(tmp_path, "http://127.0.0.1:8081", lock_timeout=0.1).test_client()

    def get(path: str) -> TestResponse:
        return client.get(f"/practice/{path}", base_url="http://localhost:8081")

    with closing(sqlite3.connect(tmp_path / "practice_lms.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = get("launch/learner")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
        assert "its database stayed locked for 0.1 seconds" in refused.text
        assert get("gradebook").status_code == 200, "who only reads does not wait"
    assert "<iframe" in get("launch/learner").text, "and nothing is left of it"


def test_a_class_that_opens_together_is_served_by_all_processes(tmp_path: Path) -> None:
    processes = [create_app(tmp_path, "http://127.0.0.1:8081") for _ in range(2)]

    def opened(number: int) -> str:
        client = processes[number % 2].test_client()
        base_url = "http://localhost:8081"
        page = client.get("/practice/launch/learner", base_url=base_url)
        frame = unescape(page.text.split('<iframe src="')[1].split('"')[0])
        return form(client.get(frame, base_url=base_url))[0]

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(opened, range(200))) == {"http://127.0.0.1:8081/lti/login"}


# Deep linking


def test_a_deep_linking_request_carries_its_settings(lms: Lms) -> None:
    login = lms.open("admin/deep-link")
    assert set(json.loads(login["lti_message_hint"])) == {"launchid"}
    claims = lms.launch("teacher/deep-link")
    assert claims[f"{CLAIM}message_type"] == "LtiDeepLinkingRequest"
    assert f"{CLAIM}resource_link" not in claims
    settings = claims[SETTINGS]
    assert (settings["accept_types"], settings["accept_multiple"], settings["auto_create"]) == (
        ["ltiResourceLink"],
        True,
        False,
    )
    back = urlsplit(settings["deep_link_return_url"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{lms.url}/practice/deep-link/return"
    assert {"course", "sesskey"} <= set(parse_qs(back.query))
    assert "lineitem" not in claims[GRADES_CLAIM]


def test_only_teachers_and_administrators_choose_content_and_review(lms: Lms) -> None:
    for path in (
        "launch/learner/deep-link",
        "start/mentor/deep-link",
        "launch/learner/review?for=5",
        "start/learner/review?for=5",
    ):
        assert lms.get(f"/practice/{path}").status_code == 403


def test_chosen_content_is_opened_with_its_own_link_custom_parameters_and_line_item(
    lms: Lms,
) -> None:
    answer = lms.chosen(
        {**CONTENT, "url": f"{lms.tool_url}/lti/launch?check=1w"},
        {"type": "ltiResourceLink", "title": "Ungraded"},
    )
    assert (answer.status_code, answer.location) == (303, "/practice/")
    page = lms.get("/practice/").text
    items = re.findall(r'href="/practice/launch/learner\?item=(\d+)"', page)
    assert len(items) == 2
    assert "Check after a week" in page
    claims = lms.launch(f"learner?item={items[0]}")
    assert claims[f"{CLAIM}resource_link"] == {
        "id": items[0],
        "title": "Check after a week",
        "description": "Five questions",
    }
    assert claims[f"{CLAIM}target_link_uri"] == f"{lms.tool_url}/lti/launch?check=1w"
    expected = {
        "check": "1w",
        "link": items[0],
        "course": "2",
        "user": "5",
        "sis": "SIS-5",
        "odd": "$No.Such",
    }
    assert claims[f"{CLAIM}custom"] == expected
    item = lms.call("GET", claims[GRADES_CLAIM]["lineitem"], LINE_ITEM).json
    assert (
        item["label"],
        item["scoreMaximum"],
        item["resourceId"],
        item["tag"],
        item["resourceLinkId"],
    ) == (
        "Week one",
        20,
        "r-1w",
        "grade",
        items[0],
    )
    assert "lineitem" not in lms.launch(f"learner?item={items[1]}")[GRADES_CLAIM]
    assert "Week one" in lms.get("/practice/gradebook").text


def test_an_items_custom_parameters_go_over_the_tools(lms: Lms) -> None:
    client_id = lms.registered()
    request = lms.launch(f"teacher/deep-link?tool={client_id}", client_id)
    assert request[f"{CLAIM}custom"] == {"history": "", "plain": "a b&c"}
    assert (
        lms.answer(request, {"type": "ltiResourceLink", "custom": {"plain": "other"}}).status_code
        == 303
    )
    item = re.findall(r'href="/practice/launch/learner\?item=(\d+)"', lms.get("/practice/").text)[0]
    assert lms.launch(f"learner?item={item}", client_id)[f"{CLAIM}custom"] == {
        "history": "",
        "plain": "other",
    }


def test_an_empty_choice_is_an_answer_too(lms: Lms) -> None:
    assert lms.chosen().status_code == 303
    assert "Chosen content" not in lms.get("/practice/").text


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example"},
        {"iss": "another"},
        {"exp": 1},
        {"exp": None},
        {"nonce": None},
        {f"{CLAIM}deployment_id": "2"},
        {f"{CLAIM}version": "1.3"},
        {f"{CLAIM}message_type": "LtiDeepLinkingRequest"},
        {DATA: "something else"},
        {DATA: None},
        {ITEMS: "none"},
        {ITEMS: [{"type": "link", "url": "https://example.org"}]},
        {ITEMS: [{"type": "ltiResourceLink", "url": "https://elsewhere.example/x"}]},
        {ITEMS: [{"type": "ltiResourceLink", "custom": {"n": 1}}]},
        {ITEMS: [{"type": "ltiResourceLink", "lineItem": {"label": "no maximum"}}]},
    ],
)
def test_an_answer_that_is_wrong_in_one_place_is_refused_with_a_reason(
    lms: Lms, changes: dict[str, Any]
) -> None:
    answer = lms.chosen(CONTENT, **changes)
    assert answer.status_code == 400
    assert "cannot be taken" in answer.text
    assert "Chosen content" not in lms.get("/practice/").text


def test_the_data_come_back_byte_for_byte(lms: Lms) -> None:
    request = lms.launch("teacher/deep-link")
    data = request[SETTINGS]["data"]
    assert lms.answer(request, CONTENT, **{DATA: data.replace("é", "e\u0301")}).status_code == 400
    assert lms.answer(request, CONTENT, **{DATA: data}).status_code == 303


def test_an_answer_signed_by_somebody_else_or_sent_twice_is_refused(lms: Lms) -> None:
    request = lms.launch("teacher/deep-link")
    path = request[SETTINGS]["deep_link_return_url"].removeprefix(lms.url)
    assert lms.post(path, data={"JWT": "x.y.z"}).status_code == 400
    assert lms.answer(request, CONTENT, nonce="same").status_code == 303
    assert lms.answer(request, CONTENT, nonce="same").status_code == 400


def test_without_the_cookie_the_answer_is_posted_once_more_from_our_own_site(lms: Lms) -> None:
    request = lms.launch("teacher/deep-link")
    cookie = lms.client.get_cookie("practice-session", domain="localhost", path="/practice")
    lms.client.delete_cookie("practice-session", domain="localhost", path="/practice")
    address, fields = form(lms.answer(request, CONTENT))
    assert lms.url + address == request[SETTINGS]["deep_link_return_url"]
    assert set(fields) == {"JWT", "repost"}
    assert lms.post(address, data=fields).status_code == 403, "nobody is signed in"
    lms.client.set_cookie("practice-session", cookie.value, domain="localhost", path="/practice")
    assert lms.post(address.replace("sesskey=", "sesskey=x"), data=fields).status_code == 403
    assert lms.post(address, data=fields).status_code == 303


# Submission review


def test_a_review_names_the_learner_and_the_line_item(lms: Lms) -> None:
    lms.chosen(
        {
            **CONTENT,
            "lineItem": {
                "scoreMaximum": 5,
                "submissionReview": {"url": f"{lms.tool_url}/lti/launch?review=1"},
            },
        }
    )
    claims = lms.launch("teacher/review?for=5&item=1")
    assert claims[f"{CLAIM}message_type"] == "LtiSubmissionReviewRequest"
    about = claims[f"{CLAIM}for_user"]
    assert (about["user_id"], about["name"]) == ("5", "Practice learner")
    assert about["roles"] == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
    assert (claims["sub"], claims[f"{CLAIM}resource_link"]["id"]) == ("3", "1")
    assert claims[GRADES_CLAIM]["lineitem"].startswith(f"{lms.url}/practice/lineitems/1/lineitem")
    assert (
        lms.launch("admin/review?for=5&item=2")[f"{CLAIM}target_link_uri"]
        == f"{lms.tool_url}/lti/launch?review=1"
    )


def test_a_review_is_one_of_a_learner_and_of_something_handed_in(lms: Lms) -> None:
    lms.chosen({"type": "ltiResourceLink", "title": "Ungraded"})
    for query in ("for=3&item=1", "for=99&item=1", "item=1", "for=5&item=2"):
        assert lms.get(f"/practice/start/teacher/review?{query}").status_code == 404, query


# Assignment and Grade Services


def test_scores_arrive_in_the_gradebook_and_must_grow_newer(lms: Lms) -> None:
    assert (
        lms.call("POST", SCORE_PATH, SCORE, score(comment="check after 1 week")).status_code == 200
    )
    page = lms.get("/practice/gradebook").text
    assert "4 / 5" in page.split('data-person="learner"')[1].split("</td>")[0]
    assert "check after 1 week" in page
    assert "/practice/launch/teacher/review?for=5&amp;item=1" in page
    refused = lms.call("POST", SCORE_PATH, SCORE, score(timestamp="2026-11-23T10:00:00.900Z"))
    assert refused.status == "409 Refusing score with an earlier timestamp for item 1 and user 5"
    assert (
        lms.call(
            "POST", SCORE_PATH, SCORE, score(timestamp="2026-11-23T10:00:01.000Z", scoreGiven=5)
        ).status_code
        == 200
    )
    (result,) = lms.read("/practice/lineitems/1/lineitem/results", RESULTS)
    assert (result["userId"], result["resultScore"], result["resultMaximum"]) == ("5", 5, 5)
    assert len(lms.read("/practice/lineitems/1/lineitem/results?user_id=5", RESULTS)) == 1
    assert lms.read("/practice/lineitems/1/lineitem/results?user_id=6", RESULTS) == []


@pytest.mark.parametrize(
    ("given", "value"),
    [({"scoreGiven": 8, "scoreMaximum": 10}, 4), ({"scoreGiven": 9}, 5), ({"scoreGiven": -1}, 0)],
)
def test_a_score_is_brought_to_the_line_items_maximum_as_in_moodle(
    lms: Lms, given: dict[str, Any], value: float
) -> None:
    lms.call("POST", SCORE_PATH, SCORE, score(**given))
    (result,) = lms.read("/practice/lineitems/1/lineitem/results", RESULTS)
    assert (result["resultScore"], result["resultMaximum"]) == (value, 5)


def test_a_score_that_is_not_fully_graded_takes_the_grade_away_as_in_moodle(lms: Lms) -> None:
    lms.call("POST", SCORE_PATH, SCORE, score())
    lms.call(
        "POST",
        SCORE_PATH,
        SCORE,
        score(gradingProgress="PendingManual", timestamp="2026-11-23T10:00:05Z"),
    )
    (result,) = lms.read("/practice/lineitems/1/lineitem/results", RESULTS)
    assert "resultScore" not in result
    assert "4 / 5" not in lms.get("/practice/gradebook").text


@pytest.mark.parametrize(
    "wrong",
    [
        score(userId="3"),
        score(userId="2"),
        score(userId="99"),
        score(timestamp="soon"),
        score(gradingProgress="Done"),
        score(scoreMaximum=None),
        score(scoreMaximum=0),
        score(scoreGiven="4"),
        score(userId=None),
        [],
        "x",
    ],
)
def test_a_score_that_is_none_is_refused(lms: Lms, wrong: Any) -> None:
    answer = lms.call("POST", SCORE_PATH, SCORE, wrong)
    assert answer.status_code == 400
    assert answer.json["reason"].startswith("Incorrect score received")


def test_media_types_and_scopes_are_exact(lms: Lms) -> None:
    assert lms.call("POST", SCORE_PATH, "application/json", score()).status_code == 415
    assert lms.call("GET", "/practice/lineitems", "*/*").status_code == 406
    reading = lms.token(scope=RESULT_SCOPE).json["access_token"]
    assert lms.call("POST", SCORE_PATH, SCORE, score(), token=reading).status_code == 403
    assert lms.call("POST", SCORE_PATH, SCORE, score(), token="unknown").status_code == 401
    changing = lms.token(scope=LINE_ITEM_SCOPE).json["access_token"]
    assert lms.call("GET", "/practice/lineitems", LINE_ITEMS, token=changing).status_code == 403, (
        "reading is a scope of its own, as in Moodle"
    )
    asking = {
        "Authorization": f"Bearer {lms.token(scope=LINE_ITEM_READ_SCOPE).json['access_token']}"
    }
    assert lms.get("/practice/lineitems", headers=asking).status_code == 200, "no Accept is no wish"


def test_line_items_are_made_changed_found_and_removed(lms: Lms) -> None:
    extra = {"label": "Extra", "scoreMaximum": 10, "tag": "extra", "resourceId": "r9"}
    made = lms.call("POST", "/practice/lineitems", LINE_ITEM, extra)
    assert made.status_code == 201
    assert (
        lms.call("PUT", made.json["id"], LINE_ITEM, {**extra, "label": "Other"}).json["label"]
        == "Other"
    )
    for query, labels in (
        ("tag=extra", ["Other"]),
        ("resource_id=r9", ["Other"]),
        ("resource_link_id=1", ["Refresher checks"]),
        ("tag=extra&resource_link_id=1", []),
        ("type_id=1", ["Refresher checks", "Other"]),
    ):
        assert [
            one["label"] for one in lms.call("GET", f"/practice/lineitems?{query}", LINE_ITEMS).json
        ] == labels
    assert lms.call("DELETE", made.json["id"], LINE_ITEM).status_code == 204
    wrongs: tuple[Any, ...] = (
        {"label": "Extra", "scoreMaximum": 0},
        {"scoreMaximum": 1},
        {"label": "Extra"},
        [],
    )
    for wrong in wrongs:
        assert lms.call("POST", "/practice/lineitems", LINE_ITEM, wrong).status_code == 400


def test_an_unknown_line_item_is_named_in_the_reason(lms: Lms) -> None:
    gone = lms.call("GET", "/practice/lineitems/99/lineitem", LINE_ITEM)
    assert gone.status == "404 Not Found: Grade item 99 doesn't exist"
    assert gone.json == {"status": 404, "reason": "Not Found: Grade item 99 doesn't exist"}
    assert (
        lms.call("POST", "/practice/lineitems/99/lineitem/scores", SCORE, score()).status_code
        == 404
    )
    assert lms.call("GET", "/practice/lineitems/99/lineitem/results", RESULTS).status_code == 404


def test_a_line_item_belongs_to_a_resource_link_of_its_tool(lms: Lms) -> None:
    foreign = {"label": "Extra", "scoreMaximum": 10, "resourceLinkId": "99"}
    assert lms.call("POST", "/practice/lineitems", LINE_ITEM, foreign).status_code == 403
    assert lms.call("PUT", "/practice/lineitems/1/lineitem", LINE_ITEM, foreign).status_code == 403
    kept = lms.call(
        "PUT", "/practice/lineitems/1/lineitem", LINE_ITEM, {"label": "Renamed", "scoreMaximum": 5}
    ).json
    assert (kept["label"], kept["resourceLinkId"]) == ("Renamed", "1")


def test_a_launch_names_no_line_item_once_a_second_one_is_tied_to_its_link(lms: Lms) -> None:
    lms.call(
        "POST",
        "/practice/lineitems",
        LINE_ITEM,
        {"label": "Extra", "scoreMaximum": 10, "resourceLinkId": "1"},
    )
    assert "lineitem" not in lms.launch("learner")[GRADES_CLAIM]


# Names and Role Provisioning Services


def test_all_members_come_at_once_with_short_roles_names_and_addresses(lms: Lms) -> None:
    answer = lms.call("GET", "/practice/memberships", MEMBERS)
    assert "Link" not in answer.headers
    members = {member["user_id"]: member for member in answer.json["members"]}
    assert set(members) == {person.subject for person in PEOPLE.values()}
    assert members["2"]["roles"] == [
        "Instructor",
        "http://purl.imsglobal.org/vocab/lis/v2/person#Administrator",
    ]
    assert (members["5"]["name"], members["5"]["email"], members["5"]["status"]) == (
        "Practice learner",
        "learner@example.org",
        "Active",
    )
    assert answer.json["context"]["id"] == "2"


def test_members_come_in_pages_when_a_limit_is_asked_for(lms: Lms) -> None:
    found, path, pages = [], "/practice/memberships?limit=3", 0
    while path:
        answer = lms.call("GET", path, MEMBERS)
        found += answer.json["members"]
        link, pages = answer.headers.get("Link", ""), pages + 1
        assert not link or link.endswith('>; rel="next"')
        path = link.partition("<")[2].partition(">")[0]
    assert (pages, [member["user_id"] for member in found]) == (
        2,
        [person.subject for person in PEOPLE.values()],
    )


def test_members_can_be_asked_for_by_role_and_only_with_their_scope(lms: Lms) -> None:
    for role in ("Learner", "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"):
        query = urlencode({"role": role})
        assert [
            member["user_id"]
            for member in lms.call("GET", f"/practice/memberships?{query}", MEMBERS).json["members"]
        ] == ["5", "9"]
    other = lms.token(scope=SCORE_SCOPE).json["access_token"]
    assert lms.call("GET", "/practice/memberships", MEMBERS, token=other).status_code == 403
    assert lms.call("GET", "/practice/memberships", "application/json").status_code == 406
    assert lms.token(scope=MEMBERS_SCOPE).json["scope"] == MEMBERS_SCOPE


@pytest.mark.parametrize("path", ["/practice/nothing", "/practice/submission"])
def test_an_unknown_address_of_the_practice_lms_leads_to_its_course(lms: Lms, path: str) -> None:
    page = lms.get(path)
    assert page.status_code == 404 and "requested URL" not in page.text
    assert 'href="/practice/"' in page.text
