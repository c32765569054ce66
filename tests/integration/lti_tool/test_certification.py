"""1EdTech's certification for LTI 1.3: the known bad payloads, and the valid launches that must
pass.

Each bad one ends in a page that says what to do, without a session and without a row.
"""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from adapters.lms.claims import CLAIM_PREFIX
from tests.support.launch_log import refused, rows
from tests.support.tool import Tool

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


BAD: dict[str, dict[str, Any]] = {
    "B3 wrong LTI version": {f"{CLAIM_PREFIX}version": "11.3"},
    "B4 no LTI version": {f"{CLAIM_PREFIX}version": ...},
    "B6 several required claims missing": {
        "aud": ...,
        "iss": ...,
        "sub": ...,
        f"{CLAIM_PREFIX}deployment_id": ...,
        f"{CLAIM_PREFIX}roles": ...,
    },
    "B7 iat and exp wrong": {"iat": 11111, "exp": 22222},
    "B8 no message_type": {f"{CLAIM_PREFIX}message_type": ...},
    "B9 no roles": {f"{CLAIM_PREFIX}roles": ...},
    "B10 no deployment_id": {f"{CLAIM_PREFIX}deployment_id": ...},
    "B11 no resource_link": {f"{CLAIM_PREFIX}resource_link": ...},
    "B12 no sub": {"sub": ...},
}


@pytest.mark.parametrize("case", BAD)
def test_known_bad_payload(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    refused(shared_tool, shared_tool.launch(**BAD[case]), before)


@pytest.mark.parametrize("case", ["B1 no kid", "B2 wrong kid"])
def test_known_bad_header(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    state, nonce = shared_tool.begun()
    header = {} if case.startswith("B1") else {"kid": "imstester_66067"}
    token = jwt.encode(
        shared_tool.claims(nonce), shared_tool.moodle.key, algorithm="RS256", headers=header
    )
    refused(shared_tool, shared_tool.enter(state, token), before)


@pytest.mark.parametrize("case", ["B5 not an LTI message"])
def test_known_bad_message(shared_tool: Tool, case: str) -> None:
    before = rows(shared_tool)
    state, nonce = shared_tool.begun()
    refused(
        shared_tool,
        shared_tool.enter(state, shared_tool.moodle.sign({"name": "badltilaunch"})),
        before,
    )
    state, nonce = shared_tool.begun()
    whole = {
        name: value
        for name, value in shared_tool.claims(nonce).items()
        if not name.startswith("https://")
    }
    refused(
        shared_tool,
        shared_tool.enter(state, shared_tool.moodle.sign({**whole, "name": "badltilaunch"})),
        before,
    )


PERSONAL = dict.fromkeys(("name", "given_name", "family_name", "email"), ...)
VALID: dict[str, dict[str, Any]] = {
    "normal": {},
    "several roles": {
        "+roles": [
            f"{MEMBERSHIP}Mentor",
            "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Staff",
        ]
    },
    "short role": {"short": True},
    "unknown role": {
        f"{CLAIM_PREFIX}roles": ["http://purl.imsglobal.org/vocab/lis/v2/uknownrole/unknown#Helper"]
    },
    "empty role": {f"{CLAIM_PREFIX}roles": [""]},
    "no role": {f"{CLAIM_PREFIX}roles": []},
    "only an e-mail": {**PERSONAL, "email": "somebody@example.org"},
    "only names": {**PERSONAL, "given_name": "Given", "family_name": "Family"},
    "nothing personal": PERSONAL,
    "an e-mail and no context": {
        **PERSONAL,
        "email": "somebody@example.org",
        f"{CLAIM_PREFIX}context": ...,
    },
}


@pytest.mark.parametrize("role", ["Instructor", "Learner"])
@pytest.mark.parametrize("case", VALID)
def test_valid_launch(shared_tool: Tool, case: str, role: str) -> None:
    changes = dict(VALID[case])
    shared_tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    roles = [
        role if changes.pop("short", False) else f"{MEMBERSHIP}{role}",
        *changes.pop("+roles", []),
    ]
    answer = shared_tool.launch(**{f"{CLAIM_PREFIX}roles": roles, **changes})
    assert answer.status_code == 303
    page = shared_tool.get(answer.location)
    assert page.status_code == 200
    teaches = role == "Instructor" and f"{CLAIM_PREFIX}roles" not in changes
    # Only an unknown role, or none: never a teacher. A Mentor's role in a course is no mentor of
    # the organisation's list.
    expected = "does the effect last?" if teaches else "Start the check"
    assert expected in page.text, page.text
