"""Each scope opens what it says, over the record store and analytics together."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lrs.actions.scopes import SCOPES
from tests.support.store import Caller

Make = Callable[..., dict[str, Any]]
AGENT = '{"mbox":"mailto:somebody@example.org"}'
STATE = {"activityId": "https://example.org/a", "agent": AGENT, "stateId": "s"}
ACTIVITY = {"activityId": "https://example.org/a", "profileId": "p"}
PERSON = {"agent": AGENT, "profileId": "p"}

ALLOWED: dict[str, tuple[str, str, dict[str, str], set[str]]] = {
    "post statements": ("POST", "/xapi/statements", {}, {"all", "statements/write"}),
    "get statements": (
        "GET",
        "/xapi/statements",
        {},
        {"all", "all/read", "statements/read", "statements/read/mine"},
    ),
    "get activity": (
        "GET",
        "/xapi/activities",
        {"activityId": "https://example.org/a"},
        {
            "all",
            "all/read",
            "statements/read",
            "profile",
            "profile/read",
            "activities_profile",
            "activities_profile/read",
        },
    ),
    "get person": (
        "GET",
        "/xapi/agents",
        {"agent": AGENT},
        {
            "all",
            "all/read",
            "statements/read",
            "profile",
            "profile/read",
            "agents_profile",
            "agents_profile/read",
        },
    ),
    "get state": (
        "GET",
        "/xapi/activities/state",
        STATE,
        {"all", "all/read", "state", "state/read"},
    ),
    "put state": ("PUT", "/xapi/activities/state", STATE, {"all", "state", "state/write"}),
    "delete state": ("DELETE", "/xapi/activities/state", STATE, {"all", "state", "state/write"}),
    "get activity profile": (
        "GET",
        "/xapi/activities/profile",
        ACTIVITY,
        {
            "all",
            "all/read",
            "profile",
            "profile/read",
            "activities_profile",
            "activities_profile/read",
        },
    ),
    "put activity profile": (
        "POST",
        "/xapi/activities/profile",
        ACTIVITY,
        {"all", "profile", "profile/write", "activities_profile"},
    ),
    "get agent profile": (
        "GET",
        "/xapi/agents/profile",
        PERSON,
        {"all", "all/read", "profile", "profile/read", "agents_profile", "agents_profile/read"},
    ),
    "put agent profile": (
        "POST",
        "/xapi/agents/profile",
        PERSON,
        {"all", "profile", "profile/write", "agents_profile"},
    ),
    "metrics": (
        "GET",
        "/api/v1/metrics",
        {},
        {"all", "all/read", "metrics/read", "metrics/individual"},
    ),
    "evidence": (
        "GET",
        "/api/v1/metrics/transfer_rate/evidence",
        {},
        {"all", "all/read", "metrics/individual"},
    ),
    "erase": ("POST", "/api/v1/erasures", {}, {"all", "erase"}),
    "browse": ("GET", "/browse", {}, {"all", "all/read", "statements/read"}),
}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_allows_what_it_says_and_nothing_else(
    tenant: Callable[..., Caller], statement: Make, scope: str
) -> None:
    caller = tenant(scopes=(scope,))
    for name, (method, path, query, scopes) in ALLOWED.items():
        body = (
            {"agent": json.loads(AGENT)}
            if name == "erase"
            else statement()
            if path == "/xapi/statements"
            else {}
        )
        answer = caller.send(
            method,
            path,
            query,
            data=json.dumps(body) if method in ("POST", "PUT") else None,
            content_type="application/json",
        )
        assert (answer.status_code != 403) == (scope in scopes), (name, answer.status_code)
        assert answer.status_code < 500


def test_a_key_does_what_its_scopes_say_and_no_more(
    tenant: Callable[..., Caller], statement: Make
) -> None:
    writer, reader = tenant(scopes=("statements/write",)), tenant(scopes=("statements/read",))
    assert writer.post(statement()).status_code == 200
    assert writer.get("/xapi/statements").status_code == 403
    assert reader.get("/xapi/statements").status_code == 200
    assert reader.post(statement()).status_code == 403
    assert reader.get("/api/v1/metrics").status_code == 403


# (method, path, parameters) → the scopes that allow it


@pytest.mark.parametrize(
    "path",
    ["/api/v1/figures?programme=%00", "/api/v1/metrics/transfer_rate/values?programme=a%00b"],
)
def test_nul_in_an_address_is_bad_input(one: Caller, path: str) -> None:
    assert one.client.get(path, headers=one.headers()).status_code == 400
