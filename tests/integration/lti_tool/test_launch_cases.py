"""Our own negative cases of a launch, each by its id: S state and nonce, K signature and keys, C
claims, L login.

Each ends in a page that tells the teacher what to do, status 4xx (503 where the LMS is down), no
session, no row.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwcrypto.jwk import JWK
from sqlalchemy import text

from adapters.lms.claims import CLAIM_PREFIX
from lti_tool.base import platform_key_cache, platforms_store
from lti_tool.launch import rate_limits
from tests.support.launch_log import refused, rows
from tests.support.platforms import OTHER_CLIENT, add_platform
from tests.support.tool import CLIENT_ID, DEPLOYMENT_ID, ISSUER, TOOL, Moodle, Tool, unsigned

# --- S: state and nonce
# -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "state"), [("S1 state missing", ""), ("S2 state unknown", "state-of-nobody")]
)
def test_state(shared_tool: Tool, case: str, state: str) -> None:
    before = rows(shared_tool)
    refused(
        shared_tool,
        shared_tool.enter(state, shared_tool.moodle.sign(shared_tool.claims("n"))),
        before,
    )


@pytest.mark.parametrize("case", ["S3 state expired"])
def test_state_expired(tool: Tool, case: str) -> None:
    before = rows(tool)
    state, nonce = tool.begun()
    tool.sql("UPDATE lti_tool.login_state SET expires_at = now() - interval '1 second'")
    answer = tool.enter(state, tool.moodle.sign(tool.claims(nonce)))
    refused(tool, answer, before)
    assert "took too long" in answer.text


@pytest.mark.parametrize("case", ["S4 state used twice", "S8 same id_token re-POSTed"])
def test_used_again(tool: Tool, case: str) -> None:
    state, nonce = tool.begun()
    token = tool.moodle.sign(tool.claims(nonce))
    assert tool.enter(state, token).status_code == 303
    before = rows(tool)
    other = (
        token
        if case.startswith("S8")
        else tool.moodle.sign(tool.claims(nonce, iat=int(time.time()) + 1))
    )
    refused(tool, tool.enter(state, other), before)


@pytest.mark.parametrize("case", ["S5 state of another browser"])
def test_another_browser(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    state, nonce = shared_tool.begun()
    token = shared_tool.moodle.sign(shared_tool.claims(nonce))
    answer = shared_tool.stranger().post(
        "/lti/launch", data={"state": state, "id_token": token}, base_url="https://127.0.0.1:8080"
    )
    refused(shared_tool, answer, before)
    assert "Open in a new window" in answer.text, (
        "never a silent acceptance: in a window of its own the person is asked"
    )


@pytest.mark.parametrize("case", ["S6 state of one registration with a token of another"])
def test_another_registration(tool: Tool, case: str) -> None:
    add_platform(tool)
    before = rows(tool)
    state, nonce = tool.begun()
    refused(tool, tool.enter(state, tool.moodle.sign(tool.claims(nonce, aud=OTHER_CLIENT))), before)


@pytest.mark.parametrize("case", ["S7 cookie of another value"])
def test_another_cookie(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    state, nonce = shared_tool.begun()
    name = next(
        cookie.key
        for cookie in reversed(list(shared_tool.browser._cookies.values()))
        if "login" in cookie.key
    )
    stranger = shared_tool.stranger()
    stranger.set_cookie(name, "another", domain="127.0.0.1", secure=True)
    token = shared_tool.moodle.sign(shared_tool.claims(nonce))
    answer = stranger.post(
        "/lti/launch", data={"state": state, "id_token": token}, base_url="https://127.0.0.1:8080"
    )
    refused(shared_tool, answer, before)
    assert "another browser" in answer.text


@pytest.mark.parametrize(
    "case", ["S9 old id_token with a fresh state", "S10 new id_token with a used nonce"]
)
def test_old_nonce(tool: Tool, case: str) -> None:
    state, nonce = tool.begun()
    token = tool.moodle.sign(tool.claims(nonce))
    assert tool.enter(state, token).status_code == 303
    before = rows(tool)
    fresh, _ = tool.begun()
    refused(
        tool,
        tool.enter(fresh, token if case.startswith("S9") else tool.moodle.sign(tool.claims(nonce))),
        before,
    )


@pytest.mark.parametrize(
    ("case", "nonce"),
    [
        ("S11 nonce missing", ...),
        ("S11 nonce empty", ""),
        ("S11 nonce no text", 5),
        ("S11 nonce of another login", "other"),
    ],
)
def test_nonce(shared_tool: Tool, case: str, nonce: Any) -> None:
    before = rows(shared_tool)
    state, _ = shared_tool.begun()
    _, others = shared_tool.begun()
    given = others if nonce == "other" else nonce
    refused(
        shared_tool,
        shared_tool.enter(state, shared_tool.moodle.sign(shared_tool.claims("x", nonce=given))),
        before,
    )


@pytest.mark.parametrize("case", ["S12 two tabs"])
def test_two_tabs(tool: Tool, case: str) -> None:
    first, second = tool.begun(), tool.begun()
    assert tool.enter(second[0], tool.moodle.sign(tool.claims(second[1]))).status_code == 303
    assert tool.enter(first[0], tool.moodle.sign(tool.claims(first[1]))).status_code == 303


@pytest.mark.parametrize("case", ["S13 posted at once"])
def test_posted_at_once(tool: Tool, case: str) -> None:
    state, nonce = tool.begun()
    token = tool.moodle.sign(tool.claims(nonce))
    secret = {cookie.key: cookie.value for cookie in tool.browser._cookies.values()}

    def enter(_: int) -> int:
        browser = tool.stranger()
        for name, value in secret.items():
            browser.set_cookie(name, value, domain="127.0.0.1", secure=True)
        return browser.post(
            "/lti/launch",
            data={"state": state, "id_token": token},
            base_url="https://127.0.0.1:8080",
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(enter, range(8))) == [303, *[400] * 7]
    assert tool.rows("launch") == 1


# --- K: signature and keys
# --------------------------------------------------------------------------------------------------------


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _tampered(tool: Tool, claims: dict[str, Any], header: bool) -> str:
    head, body, signature = tool.moodle.sign(claims).split(".")
    return ".".join(
        (_part({"alg": "RS256", "kid": tool.moodle.kid, "typ": "x"}), body, signature)
        if header
        else (head, _part({**claims, "sub": "1"}), signature)
    )


def _hmac(tool: Tool, claims: dict[str, Any], secret: bytes) -> str:
    """PyJWT itself refuses a PEM as an HMAC secret; an attacker does not ask it."""
    import hashlib
    import hmac

    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': tool.moodle.kid})}.{_part(claims)}"
    return f"{signed}.{base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), hashlib.sha256)).rstrip(b'=').decode()}"


def _pem(tool: Tool) -> bytes:
    return tool.moodle.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


_STRANGER = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
_STRANGERS_JWK = json.loads(JWK.from_pyca(_STRANGER.public_key()).export_public())
FORGED: dict[str, Callable[[Tool, dict[str, Any]], str]] = {
    "K1 payload tampered with": lambda tool, claims: _tampered(tool, claims, False),
    "K2 header tampered with": lambda tool, claims: _tampered(tool, claims, True),
    "K3 another key, right kid": lambda tool, claims: jwt.encode(
        claims, _STRANGER, algorithm="RS256", headers={"kid": tool.moodle.kid}
    ),
    "K4 alg none": lambda tool, claims: unsigned(claims, kid=tool.moodle.kid),
    "K4 alg None": lambda tool, claims: unsigned(claims, alg="None", kid=tool.moodle.kid),
    "K4 alg NONE": lambda tool, claims: unsigned(claims, alg="NONE", kid=tool.moodle.kid),
    "K5 HS256 with the PEM": lambda tool, claims: _hmac(tool, claims, _pem(tool)),
    "K6 HS256 with n of the JWK": lambda tool, claims: _hmac(
        tool, claims, tool.moodle.jwk()["n"].encode()
    ),
    "K7 jku to an attacker": lambda tool, claims: jwt.encode(
        claims,
        _STRANGER,
        algorithm="RS256",
        headers={"kid": "x", "jku": f"{tool.moodle.server.url}/evil"},
    ),
    "K7 jwk in the header": lambda tool, claims: jwt.encode(
        claims,
        _STRANGER,
        algorithm="RS256",
        headers={"kid": tool.moodle.kid, "jwk": _STRANGERS_JWK},
    ),
    "K7 x5u to an attacker": lambda tool, claims: jwt.encode(
        claims, _STRANGER, algorithm="RS256", headers={"kid": "y", "x5u": "https://evil.example/x"}
    ),
    "K8 kid with a path": lambda tool, claims: tool.moodle.sign(claims, kid="../../etc/passwd"),
    "K8 kid with SQL": lambda tool, claims: tool.moodle.sign(claims, kid="' OR 1=1 --"),
    "K8 kid with a line break": lambda tool, claims: tool.moodle.sign(
        claims, kid="a\r\nSet-Cookie: x=1"
    ),
    "K9 RS384 where RS256 is registered": lambda tool, claims: jwt.encode(
        claims, tool.moodle.key, algorithm="RS384", headers={"kid": tool.moodle.kid}
    ),
    "K9 PS256": lambda tool, claims: jwt.encode(
        claims, tool.moodle.key, algorithm="PS256", headers={"kid": tool.moodle.kid}
    ),
    "K9 ES256": lambda tool, claims: jwt.encode(
        claims,
        ec.generate_private_key(ec.SECP256R1()),
        algorithm="ES256",
        headers={"kid": tool.moodle.kid},
    ),
    "C26 id_token missing": lambda tool, claims: "",
    "C26 two parts": lambda tool, claims: "a.b",
    "C26 four parts": lambda tool, claims: tool.moodle.sign(claims) + ".x",
    "C26 no base64": lambda tool, claims: "!.!.!",
    "C26 no object": lambda tool, claims: (
        f"{tool.moodle.sign(claims).split('.')[0]}.W10.{tool.moodle.sign(claims).split('.')[2]}"
    ),
    "C26 almost 1 MB": lambda tool, claims: tool.moodle.sign({**claims, "name": "x" * 600_000}),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    state, nonce = shared_tool.begun()
    refused(
        shared_tool,
        shared_tool.enter(state, FORGED[case](shared_tool, shared_tool.claims(nonce))),
        before,
    )
    assert shared_tool.moodle.server.count("/evil") == 0


@pytest.mark.parametrize("case", ["C26 more than 1 MB"])
def test_too_large(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    answer = shared_tool.enter("x", "y" * 1_100_000)
    assert answer.status_code == 413
    assert rows(shared_tool) == before


@pytest.mark.parametrize(
    ("case", "changes"),
    [
        ("K10 use is enc", {"use": "enc"}),
        ("K10 kty is oct", {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 32).decode()}),
        ("K10 n is none", {"n": "!"}),
    ],
)
def test_key_that_is_none(tool: Tool, case: str, changes: dict[str, Any]) -> None:
    tool.moodle.server.says(
        "/certs", (200, "OK", {"keys": [None, "x", tool.moodle.jwk(**changes)]})
    )
    before = rows(tool)
    refused(tool, tool.launch(), before)
    state, nonce = tool.begun()
    refused(tool, tool.enter(state, _hmac(tool, tool.claims(nonce), b"x" * 32)), before)


@pytest.mark.parametrize("case", ["K10 a short RSA key"])
def test_short_key(tool: Tool, case: str) -> None:
    tool.moodle.key = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505 - the weak key is the test
    tool.moodle.publish()
    with pytest.warns(Warning, match="below the minimum"):
        refused(tool, tool.launch(), rows(tool))


@pytest.mark.parametrize("case", ["K11 unknown kid"])
def test_unknown_kid(tool: Tool, case: str) -> None:
    assert tool.launch().status_code == 303
    before, fetched = rows(tool), tool.moodle.server.count("/certs")
    for _ in range(3):
        state, nonce = tool.begun()
        refused(
            tool, tool.enter(state, tool.moodle.sign(tool.claims(nonce), kid="unknown")), before
        )
    assert tool.moodle.server.count("/certs") == fetched + 1, "exactly one look, then it cools down"


def _kept(tool: Tool) -> platform_key_cache._CachedKeySet:
    return tool.deps.platform_keys._cache[f"{tool.moodle.server.url}/certs"]


@pytest.mark.parametrize("case", ["K12 the LMS is down"])
def test_platform_down(tool: Tool, case: str) -> None:
    assert tool.launch().status_code == 303
    tool.moodle.server.says("/certs", (500, "Error", ""))
    _kept(tool).fresh_until = 0
    assert tool.launch().status_code == 303, "the keys of before serve for a while"
    _kept(tool).stale_until = 0
    before = rows(tool)
    refused(tool, tool.launch(), before, (503,))
    asked = tool.moodle.server.count("/certs")
    refused(tool, tool.launch(), before, (503,))
    assert tool.moodle.server.count("/certs") == asked, "it is not asked again for every launch"


def _redirect(asked: Any) -> Any:
    return (302, "Found", "", {"Location": "http://169.254.169.254/latest/"})


LYING: dict[str, Any] = {
    "K13 a redirect": _redirect,
    "K13 HTML": (200, "OK", "<html>sign in</html>"),
    "K13 no keys": (200, "OK", {"keys": "none"}),
    "K13 a list": (200, "OK", []),
    "K13 huge": (200, "OK", '{"keys": [' + '"x",' * 200_000 + '"x"]}'),
    "K13 nested": (200, "OK", "[" * 20_000),
}


@pytest.mark.parametrize("case", LYING)
def test_lying_platform(tool: Tool, case: str) -> None:
    tool.moodle.server.says("/certs", LYING[case])
    before = rows(tool)
    refused(tool, tool.launch(), before, (503,))
    assert tool.moodle.server.count("/latest/") == 0


@pytest.mark.parametrize("case", ["K13 slow"])
def test_slow_platform(tool: Tool, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_key_cache, "FETCH_SECONDS", 0.5)

    answered = threading.Event()

    def slow(asked: Any) -> Any:
        answered.wait(60)
        return (200, "OK", {"keys": []})

    tool.moodle.server.says("/certs", slow)
    before = rows(tool)
    logins = [tool.begun() for _ in range(4)]
    cookies = {cookie.key: cookie.value for cookie in tool.browser._cookies.values()}

    def enter(login: tuple[str, str]) -> int:
        browser = tool.stranger()
        for name, value in cookies.items():
            browser.set_cookie(name, value, domain="127.0.0.1", secure=True)
        token = tool.moodle.sign(tool.claims(login[1]))
        return browser.post(
            "/lti/launch",
            data={"state": login[0], "id_token": token},
            base_url="https://127.0.0.1:8080",
        ).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(enter, logins)) == [503] * 4, "nobody waits for the answer"
    answered.set()
    assert tool.moodle.server.count("/certs") == 1, "one asks for all"
    assert rows(tool) == before


def test_a_class_that_opens_together_before_the_keys_are_known_is_let_in(tool: Tool) -> None:
    """The keys of a platform are not known to a process that has just started; who waits while one
    asks for them is refused nothing.
    """
    together = 30

    def unhurried(asked: Any) -> Any:
        time.sleep(0.5)
        return (200, "OK", {"keys": [tool.moodle.jwk()]})

    tool.moodle.server.says("/certs", unhurried)
    token, url = tool.moodle.sign({"x": 1}), f"{tool.moodle.server.url}/certs"
    with ThreadPoolExecutor(together) as pool:
        found = list(
            pool.map(
                lambda _: tool.deps.platform_keys.key_set_for_token(url, token)["keys"],
                range(together),
            )
        )
    assert all(keys == [tool.moodle.jwk()] for keys in found)
    assert tool.moodle.server.count("/certs") == 1, "one asks for all"


@pytest.mark.parametrize("case", ["K14 the LMS rotates its key"])
def test_rotated_key(tool: Tool, case: str) -> None:
    assert tool.launch().status_code == 303
    tool.moodle.key, tool.moodle.kid = (
        rsa.generate_private_key(public_exponent=65_537, key_size=2_048),
        "new",
    )
    tool.moodle.publish()
    assert tool.launch().status_code == 303, "the next launch works, at once"
    asked = tool.moodle.server.count("/certs")
    assert tool.launch().status_code == 303
    assert tool.moodle.server.count("/certs") == asked, "no look for every launch"


@pytest.mark.parametrize("case", ["K15 a key that the LMS removed"])
def test_removed_key(tool: Tool, case: str) -> None:
    assert tool.launch().status_code == 303
    old = Moodle(tool.moodle.server, tool.moodle.kid, tool.moodle.key)
    tool.moodle.key, tool.moodle.kid = (
        rsa.generate_private_key(public_exponent=65_537, key_size=2_048),
        "new",
    )
    tool.moodle.publish()
    _kept(tool).fresh_until = 0
    before = rows(tool)
    state, nonce = tool.begun()
    refused(tool, tool.enter(state, old.sign(tool.claims(nonce))), before)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("max-age=60", 300), ("max-age=7200", 7_200), ("max-age=999999", 86_400), ("no-store", 3_600)],
)
def test_a_key_set_is_kept_as_long_as_it_says_within_limits(
    tool: Tool, header: str, seconds: int
) -> None:
    tool.moodle.server.says(
        "/certs", (200, "OK", {"keys": [tool.moodle.jwk()]}, {"Cache-Control": header})
    )
    assert tool.launch().status_code == 303
    assert _kept(tool).fresh_until - time.monotonic() == pytest.approx(seconds, abs=5)


# --- C: claims
# --------------------------------------------------------------------------------------------------------------------

NOW = time.time
BAD_CLAIMS: dict[str, Callable[[], dict[str, Any]]] = {
    "C1 wrong iss": lambda: {"iss": "https://evil.example"},
    "C1 iss missing": lambda: {"iss": ...},
    "C2 iss with a slash": lambda: {"iss": f"{ISSUER}/"},
    "C2 iss in capitals": lambda: {"iss": ISSUER.upper()},
    "C3 wrong aud": lambda: {"aud": "another"},
    "C3 aud missing": lambda: {"aud": ...},
    "C5 aud list without azp": lambda: {"aud": [CLIENT_ID, "another"]},
    "C6 wrong azp": lambda: {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "C6 wrong azp beside one aud": lambda: {"azp": "another"},
    "C7 aud empty": lambda: {"aud": []},
    "C7 aud null": lambda: {"aud": None},
    "C7 aud no text": lambda: {"aud": {"x": 1}},
    "C8 expired": lambda: {"iat": int(NOW()) - 200, "exp": int(NOW()) - 90},
    "C10 iat ahead": lambda: {"iat": int(NOW()) + 90, "exp": int(NOW()) + 200},
    "C11 iat far back": lambda: {"iat": int(NOW()) - 700},
    "C12 exp missing": lambda: {"exp": ...},
    "C13 iat missing": lambda: {"iat": ...},
    "C14 exp a word": lambda: {"exp": "soon"},
    "C14 exp null": lambda: {"exp": None},
    "C14 exp huge": lambda: {"exp": 10**20},
    "C14 exp ten years ahead": lambda: {"exp": int(NOW()) + 10 * 365 * 86_400},
    "C14 exp a list": lambda: {"exp": [1]},
    "C14 iat a word": lambda: {"iat": "now"},
    "C14 iat negative": lambda: {"iat": -1},
    "C15 nbf ahead": lambda: {"nbf": int(NOW()) + 300},
    "C16 unknown deployment": lambda: {f"{CLAIM_PREFIX}deployment_id": "999"},
    "C19 message unknown": lambda: {f"{CLAIM_PREFIX}message_type": "LtiUnknownRequest"},
    "C19 data privacy": lambda: {f"{CLAIM_PREFIX}message_type": "DataPrivacyLaunchRequest"},
    "C19 EULA": lambda: {f"{CLAIM_PREFIX}message_type": "LtiEulaRequest"},
    "C19 message a list": lambda: {f"{CLAIM_PREFIX}message_type": ["LtiResourceLinkRequest"]},
    "C20 target missing": lambda: {f"{CLAIM_PREFIX}target_link_uri": ...},
    "C20 target of another host": lambda: {
        f"{CLAIM_PREFIX}target_link_uri": "https://evil.example/lti/launch"
    },
    "C20 target differs from the login's": lambda: {
        f"{CLAIM_PREFIX}target_link_uri": f"{TOOL}/lti/launch?other=1"
    },
    "C20 target a script": lambda: {f"{CLAIM_PREFIX}target_link_uri": "javascript:alert(1)"},
    "C21 resource_link no object": lambda: {f"{CLAIM_PREFIX}resource_link": "1"},
    "C21 resource_link null": lambda: {f"{CLAIM_PREFIX}resource_link": None},
    "C21 id missing": lambda: {f"{CLAIM_PREFIX}resource_link": {"title": "A check"}},
    "C21 id empty": lambda: {f"{CLAIM_PREFIX}resource_link": {"id": ""}},
    "C21 id too long": lambda: {f"{CLAIM_PREFIX}resource_link": {"id": "x" * 256}},
    "C21 id no text that can be kept": lambda: {f"{CLAIM_PREFIX}resource_link": {"id": "\ud800"}},
    "C22 roles a text": lambda: {f"{CLAIM_PREFIX}roles": "Instructor"},
    "C22 roles null": lambda: {f"{CLAIM_PREFIX}roles": None},
    "C22 roles a number": lambda: {f"{CLAIM_PREFIX}roles": 5},
    "C22 roles of numbers": lambda: {f"{CLAIM_PREFIX}roles": [5]},
    "C23 sub too long": lambda: {"sub": "x" * 256},
    "C23 sub empty": lambda: {"sub": ""},
    "C23 sub with NUL": lambda: {"sub": "5\0"},
    "C24 context no object": lambda: {f"{CLAIM_PREFIX}context": "5"},
    "C18 presentation no object": lambda: {f"{CLAIM_PREFIX}launch_presentation": "x"},
}


@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_bad_claims(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    refused(shared_tool, shared_tool.launch(**BAD_CLAIMS[case]()), before)


GOOD_CLAIMS: dict[str, Callable[[], dict[str, Any]]] = {
    "C4 aud list with ours second": lambda: {"aud": ["another", CLIENT_ID], "azp": CLIENT_ID},
    "C4 aud list with ours alone": lambda: {"aud": [CLIENT_ID]},
    "C9 expired within the leeway": lambda: {"exp": int(NOW()) - 30},
    "C9 iat ahead within the leeway": lambda: {"iat": int(NOW()) + 30},
    "C14 an hour": lambda: {"exp": int(NOW()) + 3_600},
    "C21 id a number": lambda: {f"{CLAIM_PREFIX}resource_link": {"id": 1}},
    "C23 sub a number": lambda: {"sub": 5},
    "C23 sub in another script": lambda: {"sub": "学生-5"},
    "C24 context id a number": lambda: {f"{CLAIM_PREFIX}context": {"id": 5}},
    "C24 context missing": lambda: {f"{CLAIM_PREFIX}context": ...},
    "C25 custom missing": lambda: {f"{CLAIM_PREFIX}custom": ...},
    "C25 custom null": lambda: {f"{CLAIM_PREFIX}custom": None},
    "C25 custom a list": lambda: {f"{CLAIM_PREFIX}custom": ["x"]},
    "C25 a variable left as it was": lambda: {
        f"{CLAIM_PREFIX}custom": {"programme": "$Course.programme", "page": 5}
    },
    "roles of other systems beside ours": lambda: {
        f"{CLAIM_PREFIX}roles": ["Learner", "urn:x:y#z"]
    },
}


@pytest.mark.parametrize("case", GOOD_CLAIMS)
def test_good_claims(shared_tool: Tool, case: str) -> None:
    answer = shared_tool.launch(**GOOD_CLAIMS[case]())
    assert answer.status_code == 303, answer.text
    assert shared_tool.get(answer.location).status_code == 200


MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
PAGES = {"Instructor": "does the effect last?", "Learner": "Start the check"}


@pytest.mark.parametrize("role", PAGES)
def test_a_role_that_nobody_knows_takes_no_right_away(shared_tool: Tool, role: str) -> None:
    """docs/lti-certification.md, 4.11 and 5.4: the certification guide's "Unknown Role", sent
    beside a known one as the public test suite of Hypothesis sends it.
    """
    shared_tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    unknown = "http://purl.imsglobal.org/vocab/lis/v2/uknownrole/unknown#Helper"
    known = f"{MEMBERSHIP}{role}"
    for roles in ([unknown, known], [known, unknown]):
        answer = shared_tool.launch(**{f"{CLAIM_PREFIX}roles": roles})
        assert answer.status_code == 303, answer.text
        page = shared_tool.get(answer.location)
        assert page.status_code == 200
        assert PAGES[role] in page.text


# LTI 1.3 core, 5.3, and security framework 1.0, 5.1.2: what every message must hold.
REQUIRED = {"iss", "sub", "aud", "exp", "iat", "nonce"} | {
    f"{CLAIM_PREFIX}{name}"
    for name in (
        *("message_type", "version", "deployment_id"),
        *("target_link_uri", "resource_link", "roles"),
    )
}


@pytest.mark.parametrize("role", PAGES)
def test_the_required_claims_alone_open_the_page(shared_tool: Tool, role: str) -> None:
    """docs/lti-certification.md, 5.11: "Launch Student Only Resource Link" (named so in Atomic
    Jolt's list of the suite's tests): nothing of the person, the course, the product, no custom
    parameter and no service.
    """
    shared_tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    changes: dict[str, Any] = {
        name: ... for name in shared_tool.claims("n") if name not in REQUIRED
    }
    changes |= {
        f"{CLAIM_PREFIX}roles": [f"{MEMBERSHIP}{role}"],
        f"{CLAIM_PREFIX}resource_link": {"id": "1"},
    }
    assert set(shared_tool.claims("n", **changes)) == REQUIRED
    answer = shared_tool.launch(**changes)
    assert answer.status_code == 303, answer.text
    page = shared_tool.get(answer.location)
    assert page.status_code == 200
    assert PAGES[role] in page.text


@pytest.mark.parametrize("case", ["C17 deployment of another client"])
def test_deployment_of_another_client(tool: Tool, case: str) -> None:
    other = add_platform(tool)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        platforms_store.insert_deployment(connection, tool.tenant_id, other, "77", "approved")
    answer = tool.launch(**{f"{CLAIM_PREFIX}deployment_id": "77"})
    refused(tool, answer, rows(tool))
    assert "77" in answer.text, "the page names it for the administrator"
    waiting = tool.sql(
        "SELECT registration_id, deployment_id FROM lti_tool.deployment WHERE status = 'pending'"
    )
    assert [(row.registration_id != other, row.deployment_id) for row in waiting] == [(True, "77")]


@pytest.mark.parametrize(
    "case",
    [
        "C18 registration pending",
        "C18 registration disabled",
        "C18 registration removed",
        "C18 deployment refused",
    ],
)
def test_switched_off(tool: Tool, case: str) -> None:
    before, what = rows(tool), case.rpartition(" ")[2]
    state, nonce = tool.begun()
    if what == "refused":
        tool.sql(
            "UPDATE lti_tool.deployment SET status = 'refused' WHERE deployment_id = :id",
            id=DEPLOYMENT_ID,
        )
    else:
        tool.sql("UPDATE lti_tool.platform_registration SET status = :status", status=what)
        assert 400 <= tool.login().status_code < 500
    refused(tool, tool.enter(state, tool.moodle.sign(tool.claims(nonce))), before)


@pytest.mark.parametrize("case", ["C18 a session after the registration was switched off"])
def test_session_after_the_end(tool: Tool, case: str) -> None:
    home = tool.launch().location
    assert tool.get(home).status_code == 200
    tool.sql("UPDATE lti_tool.platform_registration SET status = 'disabled'")
    assert tool.get(home).status_code == 403


@pytest.mark.parametrize("case", ["C27 the platform's own error"])
def test_platform_error(shared_tool: Tool, case: str, caplog: pytest.LogCaptureFixture) -> None:
    before = rows(shared_tool)
    state, _ = shared_tool.begun()
    words = {
        "error": "login_required",
        "error_description": "<script>alert(1)</script>\n2026 CRITICAL forged",
        "state": state,
    }
    with caplog.at_level("WARNING"):
        answer = shared_tool.browser.post(
            "/lti/launch", data=words, base_url="https://127.0.0.1:8080"
        )
    refused(shared_tool, answer, before)
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "\n2026" not in caplog.text, "nobody writes lines of their own into the log"
    stranger = shared_tool.browser.post(
        "/lti/launch", data={**words, "state": "x"}, base_url="https://127.0.0.1:8080"
    )
    assert "alert(1)" not in stranger.text, "nor onto a page, without a login that was begun"


@pytest.mark.parametrize("case", ["C28 HTML in claims"])
def test_html_in_claims(tool: Tool, case: str) -> None:
    evil = '"><script>alert(1)</script>'
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    changes = {
        "name": evil,
        f"{CLAIM_PREFIX}context": {"id": "5", "title": evil},
        f"{CLAIM_PREFIX}resource_link": {"id": "1", "title": evil},
        f"{CLAIM_PREFIX}launch_presentation": {"return_url": "javascript:alert(1)", "locale": evil},
    }
    for recorded in (
        "launch-resource-student1",
        "launch-resource-teacher",
        "launch-resource-student3-cjk",
    ):
        home = tool.launch(recorded, **changes).location
        for path in (home, f"{home}course/"):
            page = tool.get(path)
            assert "<script>alert" not in page.text
            assert "javascript:" not in page.text


@pytest.mark.parametrize("case", ["C17 the login named another deployment"])
def test_login_of_another_deployment(tool: Tool, case: str) -> None:
    from urllib.parse import parse_qs, urlsplit

    before = rows(tool)
    asked = parse_qs(urlsplit(tool.login(lti_deployment_id="999").location).query)
    refused(
        tool,
        tool.enter(asked["state"][0], tool.moodle.sign(tool.claims(asked["nonce"][0]))),
        before,
    )


@pytest.mark.parametrize("case", ["C18 a session that was left alone"])
def test_idle_session(tool: Tool, case: str) -> None:
    home = tool.launch().location
    tool.sql("UPDATE lti_tool.launch SET seen_at = now() - interval '6 minutes'")
    assert tool.get(home).status_code == 200
    assert tool.sql("SELECT seen_at > now() - interval '1 minute' AS fresh FROM lti_tool.launch")[
        0
    ].fresh
    tool.sql("UPDATE lti_tool.launch SET seen_at = now() - interval '3 hours'")
    assert tool.get(home).status_code == 401


# --- L: login
# ---------------------------------------------------------------------------------------------------------------------

BAD_LOGINS: dict[str, dict[str, str]] = {
    "L1 iss missing": {"iss": ""},
    "L1 iss unknown": {"iss": "https://unknown.example"},
    "L1 iss with a slash": {"iss": f"{ISSUER}/"},
    "L1 iss with NUL": {"iss": "a\0b"},
    "L2 client unknown": {"client_id": "another"},
    "L2 client with NUL": {"client_id": "a\0b"},
    "L3 login_hint missing": {"login_hint": ""},
    "L4 target of another host": {"target_link_uri": "https://elsewhere.example/lti/launch"},
    "L4 target of another page": {"target_link_uri": f"{TOOL}/admin/"},
    "L4 target a script": {"target_link_uri": "javascript:alert(1)"},
    "L4 target broken": {"target_link_uri": "http://[x"},
    "L4 target missing": {"target_link_uri": ""},
    "L4 target of a host that begins like ours": {
        "target_link_uri": f"{TOOL}.evil.example/lti/launch"
    },
    "L4 target with a user": {"target_link_uri": "http://127.0.0.1:8080@evil.example/lti/launch"},
    "L6 a hint too long": {"lti_message_hint": "x" * 5_000},
}


@pytest.mark.parametrize("case", BAD_LOGINS)
def test_bad_login(shared_tool: Tool, case: str) -> None:
    before = {**rows(shared_tool), "login_state": shared_tool.rows("login_state")}
    answer = shared_tool.login(**BAD_LOGINS[case])
    assert 400 <= answer.status_code < 500
    assert "<h1>" in answer.text
    assert "Location" not in answer.headers
    assert {**rows(shared_tool), "login_state": shared_tool.rows("login_state")} == before


@pytest.mark.parametrize(
    "case", ["L2 client_id missing with one registration", "L2 client_id missing with several"]
)
def test_login_without_client(tool: Tool, case: str) -> None:
    several = case.endswith("several")
    if several:
        add_platform(tool)
    answer = tool.login(client_id="")
    assert answer.status_code == (400 if several else 302)
    if several:
        assert tool.login(client_id=OTHER_CLIENT).status_code == 302


@pytest.mark.parametrize(
    "case", ["L5 by GET", "L5 by POST", "L8 unknown parameters", "L9 no open redirect"]
)
def test_good_login(shared_tool: Tool, case: str) -> None:
    parameters = {
        "iss": ISSUER,
        "login_hint": "5",
        "target_link_uri": f"{TOOL}/lti/launch",
        "client_id": CLIENT_ID,
    }
    if case.startswith(("L8", "L9")):
        parameters |= {
            "canvas_region": "eu",
            "redirect_uri": "https://evil.example",
            "auth_login_url": "https://evil.example",
            "x": "<y>",
        }
    ask = shared_tool.browser.get if "GET" in case else shared_tool.browser.post
    how: Any = {"query_string": parameters} if "GET" in case else {"data": parameters}
    answer = ask("/lti/login", base_url="https://127.0.0.1:8080", **how)
    assert answer.status_code == 302
    assert answer.location.startswith(f"{shared_tool.moodle.server.url}/auth?")
    assert "evil.example" not in answer.location


@pytest.mark.parametrize("case", ["L7 a flood of logins"])
def test_flood(shared_tool: Tool, case: str) -> None:
    shared_tool.use_up(rate_limits.LOGINS, "192.0.2.7", but=3)
    before = shared_tool.rows("login_state")
    answers = [
        shared_tool.browser.post(
            "/lti/login",
            data={},
            base_url="https://127.0.0.1:8080",
            environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
            headers={"Accept-Language": language},
        )
        for language in ("en", "en", "en", "en", "de")
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 429, 429]
    assert "Wait a minute" in answers[-2].text
    assert "Warten Sie eine Minute" in answers[-1].text
    other = shared_tool.browser.post(
        "/lti/login",
        data={},
        base_url="https://127.0.0.1:8080",
        environ_overrides={"REMOTE_ADDR": "192.0.2.8"},
    )
    assert other.status_code == 400, "others are not held up"
    assert shared_tool.rows("login_state") == before


def test_a_refused_launch_is_told_to_administrators_with_its_reason(tool: Tool) -> None:
    tool.launch(**{f"{CLAIM_PREFIX}roles": ...})
    tool.launch()
    refusal, taken = tool.sql("SELECT taken, reason, detail FROM lti_tool.launch_log ORDER BY id")
    assert (refusal.taken, taken.taken) == (False, True)
    assert "roles" in refusal.reason


def test_what_has_had_its_time_is_forgotten(tool: Tool) -> None:
    from lti_tool.privacy import expiry

    tool.begun()
    tool.launch()
    long_ago = datetime.now(UTC) - timedelta(days=40)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        for table, column in (
            ("login_state", "expires_at"),
            ("launch", "expires_at"),
            ("launch_log", "at"),
        ):
            connection.execute(
                text(f"UPDATE lti_tool.{table} SET {column} = :then"),  # noqa: S608
                {"then": long_ago},
            )
    expiry.discard_expired_data(tool.deps, tool.tenant_id)
    assert {table: tool.rows(table) for table in ("login_state", "launch", "launch_log")} == {
        "login_state": 0,
        "launch": 0,
        "launch_log": 0,
    }
    assert tool.rows("membership") == 1, "who was there stays known"
