"""The launch: recorded Moodle launches pass, and nothing forged, stale or used does.

Every refusal is a page with a reason, status 4xx, without a session and without a row.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.test import TestResponse

from adapters.lms.standard import CLAIM
from tests.integration.lti_tool.conftest import CLIENT_ID, ISSUER, TOOL, Tool, unsigned


def refused(tool: Tool, answer: TestResponse, people_before: int = 1) -> None:
    assert 400 <= answer.status_code < 500
    assert "<h1>" in answer.text
    assert not any("carryover-launch" in cookie for cookie in answer.headers.getlist("Set-Cookie"))
    assert (tool.rows("launch"), tool.rows("person")) == (0, people_before)


@pytest.mark.parametrize(
    ("capture", "expected"),
    [
        ("launch-resource-student1", "Start the check"),
        ("launch-resource-student3-cjk", "No certification is on record for you"),
        ("launch-resource-manualtool-window-student2-no-pii-no-sourcedid", "No certification is on record for you"),
        ("launch-resource-teacher", "does it last?"),
        ("launch-resource-manualtool-window-noneditingteacher-no-pii", "does it last?"),
        ("launch-resource-admin", "does it last?"),
    ],
)
def test_recorded_launches_of_a_real_moodle_open_the_right_page(tool: Tool, capture: str, expected: str) -> None:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    answer = tool.launch(capture)
    assert answer.status_code == 303
    page = tool.get(answer.location)
    assert page.status_code == 200
    assert expected in page.text


def test_names_in_any_script_arrive_whole_and_escaped(tool: Tool) -> None:
    page = tool.get(tool.launch("launch-resource-student3-cjk", name="王<b>小明</b> & Ölsen").location)
    assert "王<b>" not in page.text
    assert "王<b>小明</b> & Ölsen" in unescape(page.text)


def test_the_login_goes_on_to_the_registered_platform_with_all_it_needs(tool: Tool) -> None:
    answer = tool.login()
    parts = urlsplit(answer.location)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{tool.moodle.server.url}/auth"
    assert asked["redirect_uri"] == f"{TOOL}/lti/launch"
    assert (asked["scope"], asked["response_type"], asked["response_mode"], asked["prompt"]) == ("openid", "id_token", "form_post", "none")
    assert (asked["client_id"], asked["login_hint"], asked["lti_message_hint"]) == (CLIENT_ID, "5", '{"cmid":2}')
    assert len(asked["nonce"]) > 20
    (cookie,) = answer.headers.getlist("Set-Cookie")
    for attribute in ("__Host-", "Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert attribute in cookie


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": ""},
        {"iss": "https://unknown.example"},
        {"iss": ISSUER + "/"},
        {"client_id": "another"},
        {"login_hint": ""},
        {"target_link_uri": "https://elsewhere.example/lti/launch"},
        {"target_link_uri": "javascript:alert(1)"},
        {"target_link_uri": "http://[x"},
        {"target_link_uri": ""},
        {"lti_message_hint": "x" * 5_000},
        {"iss": "a\0b"},
        {"client_id": "a\0b"},
    ],
)
def test_a_login_that_is_not_for_us_is_refused(tool: Tool, changes: dict[str, str]) -> None:
    answer = tool.login(**changes)
    refused(tool, answer)
    assert tool.rows("login_state") == 0


def test_a_login_by_get_works_as_well(tool: Tool) -> None:
    query = {"iss": ISSUER, "login_hint": "5", "target_link_uri": f"{TOOL}/lti/launch"}
    assert tool.browser.get("/lti/login", query_string=query, base_url="https://127.0.0.1:8080").status_code == 302


BAD_CLAIMS: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": ...},
    {"iss": "https://evil.example"},
    {"aud": "another"},
    {"aud": []},
    {"aud": ["another", CLIENT_ID]},
    {"aud": [CLIENT_ID, "another"], "azp": "another"},
    {"azp": "another"},
    {"exp": ...},
    {"iat": ...},
    {"exp": 22222, "iat": 11111},
    {"exp": "soon"},
    {"sub": ...},
    {"sub": 5},
    {f"{CLAIM}deployment_id": ...},
    {f"{CLAIM}deployment_id": "999"},
    {f"{CLAIM}message_type": ...},
    {f"{CLAIM}message_type": "LtiUnknownRequest"},
    {f"{CLAIM}version": "11.3"},
    {f"{CLAIM}version": ...},
    {f"{CLAIM}roles": ...},
    {f"{CLAIM}roles": "Instructor"},
    {f"{CLAIM}resource_link": ...},
    {f"{CLAIM}resource_link": []},
    {f"{CLAIM}resource_link": None},
    {f"{CLAIM}deployment_id": "2\0"},
    {f"{CLAIM}resource_link": {"id": "\ud800"}},
    {f"{CLAIM}target_link_uri": ...},
    {f"{CLAIM}target_link_uri": f"{TOOL}/lti/launch?other=1"},
]


@pytest.mark.parametrize("changes", BAD_CLAIMS, ids=[str(changes) for changes in BAD_CLAIMS])
def test_a_message_that_is_not_a_complete_genuine_launch_is_refused(tool: Tool, changes: dict[str, Any]) -> None:
    refused(tool, tool.launch(**changes))


@pytest.mark.parametrize(
    ("shift", "taken"),
    [({"exp": -30}, True), ({"exp": -90}, False), ({"iat": 30}, True), ({"iat": 90, "exp": 200}, False), ({"iat": -700, "exp": 60}, False)],
)
def test_clocks_may_differ_by_a_minute_and_no_more(tool: Tool, shift: dict[str, int], taken: bool) -> None:
    now = int(time.time())
    answer = tool.launch(**{name: now + seconds for name, seconds in shift.items()})
    assert (answer.status_code == 303) == taken


def test_an_audience_of_several_with_us_as_the_party_is_taken(tool: Tool) -> None:
    assert tool.launch(aud=["another", CLIENT_ID], azp=CLIENT_ID).status_code == 303


def _tampered(tool: Tool, claims: dict[str, Any]) -> str:
    head, _, signature = tool.moodle.sign(claims).split(".")
    return ".".join((head, unsigned({**claims, "sub": "1"}).split(".")[1], signature))


FORGED: dict[str, Callable[[Tool, dict[str, Any]], str]] = {
    "no kid": lambda tool, claims: jwt.encode(claims, tool.moodle.key, algorithm="RS256"),
    "wrong kid": lambda tool, claims: tool.moodle.sign(claims, kid="imstester_66067"),
    "kid with a path": lambda tool, claims: tool.moodle.sign(claims, kid="../../etc/passwd"),
    "another key": lambda tool, claims: jwt.encode(
        claims, rsa.generate_private_key(public_exponent=65_537, key_size=2_048), algorithm="RS256", headers={"kid": tool.moodle.kid}
    ),
    "alg none": lambda tool, claims: unsigned(claims),
    "alg None": lambda tool, claims: unsigned(claims, alg="None"),
    "HS256": lambda tool, claims: jwt.encode(claims, "x" * 40, algorithm="HS256", headers={"kid": tool.moodle.kid}),
    "RS384": lambda tool, claims: jwt.encode(claims, tool.moodle.key, algorithm="RS384", headers={"kid": tool.moodle.kid}),
    "tampered": _tampered,
    "two parts": lambda tool, claims: "a.b",
    "four parts": lambda tool, claims: tool.moodle.sign(claims) + ".x",
    "no base64": lambda tool, claims: "!.!.!",
    "empty": lambda tool, claims: "",
    "a list": lambda tool, claims: tool.moodle.sign(claims).split(".")[0] + ".W10." + tool.moodle.sign(claims).split(".")[2],
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_token_is_refused(tool: Tool, kind: str) -> None:
    state, nonce = tool.begun()
    refused(tool, tool.enter(state, FORGED[kind](tool, tool.claims(nonce))))


def test_a_launch_is_taken_once(tool: Tool) -> None:
    state, nonce = tool.begun()
    token = tool.moodle.sign(tool.claims(nonce))
    assert tool.enter(state, token).status_code == 303
    again = tool.enter(state, token)
    assert again.status_code == 400
    assert "used already" in again.text
    fresh_state, _ = tool.begun()
    assert tool.enter(fresh_state, token).status_code == 400, "an old token under a new state"
    assert tool.rows("launch") == 1


def test_of_one_launch_posted_twice_at_once_exactly_one_wins(tool: Tool) -> None:
    state, nonce = tool.begun()
    token = tool.moodle.sign(tool.claims(nonce))
    secret = {cookie.key: cookie.value for cookie in tool.browser._cookies.values()}

    def enter(_: int) -> int:
        browser = tool.browser.application.test_client()
        for name, value in secret.items():
            browser.set_cookie(name, value, domain="127.0.0.1", secure=True)
        return browser.post("/lti/launch", data={"state": state, "id_token": token}, base_url="https://127.0.0.1:8080").status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(4))) == [303, 400, 400, 400]


def test_a_state_of_another_browser_is_refused(tool: Tool) -> None:
    state, nonce = tool.begun()
    stranger = tool.browser.application.test_client()
    answer = stranger.post("/lti/launch", data={"state": state, "id_token": tool.moodle.sign(tool.claims(nonce))}, base_url="https://127.0.0.1:8080")
    refused(tool, answer)
    assert "cookie" in answer.text


@pytest.mark.parametrize("state", ["", "unknown"])
def test_a_missing_or_unknown_state_is_refused(tool: Tool, state: str) -> None:
    refused(tool, tool.enter(state, tool.moodle.sign(tool.claims("n"))))


def test_the_platforms_own_error_is_shown_and_escaped(tool: Tool) -> None:
    words = {"error": "login_required", "error_description": "<script>alert(1)</script>", "state": "x"}
    answer = tool.browser.post("/lti/launch", data=words, base_url="https://127.0.0.1:8080")
    refused(tool, answer)
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_two_tabs_launch_beside_each_other(tool: Tool) -> None:
    first, second = tool.begun(), tool.begun()
    assert tool.enter(second[0], tool.moodle.sign(tool.claims(second[1]))).status_code == 303
    assert tool.enter(first[0], tool.moodle.sign(tool.claims(first[1]))).status_code == 303


def test_a_platform_that_changes_its_key_goes_on_after_one_look(tool: Tool) -> None:
    assert tool.launch().status_code == 303
    tool.moodle.key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    tool.moodle.kid = "new"
    tool.moodle.publish()
    kept = tool.deps.platform_keys._kept
    for entry in kept.values():
        entry.fetched -= 31  # the cool-down of half a minute has passed
    assert tool.launch().status_code == 303
    fetched = len([path for _, path, _, _ in tool.moodle.server.requests if path == "/certs"])
    tool.launch()
    assert len([path for _, path, _, _ in tool.moodle.server.requests if path == "/certs"]) == fetched, "no look for every launch"


def test_a_session_belongs_to_its_launch_and_to_nobody_else(tool: Tool) -> None:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    learner, teacher = tool.launch().location, tool.launch("launch-resource-teacher").location
    assert "Start the check" in tool.get(learner).text
    assert "does it last?" in tool.get(teacher).text
    assert "Start the check" in tool.get(learner).text, "the second person in the browser does not take over the first one's page"
    stranger = tool.browser.application.test_client()
    answer = stranger.get(urlsplit(learner).path, base_url="https://127.0.0.1:8080")
    assert answer.status_code == 401
    assert "open the activity again" in answer.text


def test_pages_may_be_framed_by_their_platform_alone_and_run_no_script(tool: Tool) -> None:
    page = tool.get(tool.launch().location)
    policy = page.headers["Content-Security-Policy"]
    ancestors = policy.split("frame-ancestors ")[1].split()
    assert set(ancestors) == {"'self'", ISSUER, tool.moodle.server.url}
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "X-Frame-Options" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text


def test_the_tools_keys_show_public_members_only(tool: Tool) -> None:
    (key,) = tool.get("/lti/jwks.json").json["keys"]
    assert {"kty", "n", "e", "kid", "alg", "use"} == set(key)


def test_a_deep_linking_request_of_a_real_moodle_is_answered_with_a_page(tool: Tool) -> None:
    refused(tool, tool.launch("launch-deep-linking-teacher"))
