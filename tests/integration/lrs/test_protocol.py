"""Versions, HEAD, other origins, alternate syntax, refusals: xAPI-Communication 1 and 3, on every
resource.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.store import Caller

Make = Callable[..., dict[str, Any]]
AGENT = '{"mbox":"mailto:somebody@example.org"}'
PLACES = {
    "/xapi/statements": {"limit": "1"},
    "/xapi/activities": {"activityId": "https://example.org/a"},
    "/xapi/agents": {"agent": AGENT},
    "/xapi/activities/state": {"activityId": "https://example.org/a", "agent": AGENT},
    "/xapi/activities/profile": {"activityId": "https://example.org/a"},
    "/xapi/agents/profile": {"agent": AGENT},
}


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("1.0", "1.0.3"),
        ("1.0.0", "1.0.3"),
        ("1.0.9", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.0", "2.0.0"),
        ("2.0.7", "2.0.0"),
    ],
)
def test_an_answer_names_the_version_of_the_requests_family(
    one: Caller, path: str, sent: str, said: str
) -> None:
    answer = one.send("GET", path, PLACES[path], headers={"X-Experience-API-Version": sent})
    assert answer.status_code == 200
    assert answer.headers["X-Experience-API-Version"] == said


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("sent", ["0.9", "1.1.0", "3.0", "", "1.0.x", "١.0"])
def test_a_version_that_is_not_spoken_is_refused_and_the_answer_still_names_one(
    one: Caller, path: str, sent: str
) -> None:
    answer = one.send("GET", path, PLACES[path], headers={"X-Experience-API-Version": sent})
    assert answer.status_code == 400
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"


@pytest.mark.parametrize("path", [*PLACES, "/xapi/about"])
def test_head_answers_like_get_without_a_body(one: Caller, path: str) -> None:
    got, head = one.send("GET", path, PLACES.get(path)), one.send("HEAD", path, PLACES.get(path))
    assert (head.status_code, head.data) == (got.status_code, b"")
    # Each answer says its own moment; everything else is the same.
    moving = {"Date", "X-Experience-API-Consistent-Through"}
    assert {n: v for n, v in head.headers.items() if n not in moving} == {
        n: v for n, v in got.headers.items() if n not in moving
    }


@pytest.mark.parametrize("path", [*PLACES, "/xapi/about"])
def test_content_on_another_site_may_ask(one: Caller, path: str) -> None:
    preflight = one.client.options(
        path, headers={"Origin": "https://content.example", "Access-Control-Request-Method": "PUT"}
    )
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    for name in (
        "Authorization",
        "Content-Type",
        "X-Experience-API-Version",
        "If-Match",
        "If-None-Match",
    ):
        assert name in preflight.headers["Access-Control-Allow-Headers"]
    answer = one.send("GET", path, PLACES.get(path))
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/xapi/nothing"),
        ("PATCH", "/xapi/statements"),
        ("PUT", "/xapi/about"),
        ("GET", "/xapi/statements"),
    ],
)
def test_a_refusal_carries_the_headers_of_the_protocol_too(
    one: Caller, method: str, path: str
) -> None:
    answer = one.client.open(path, method=method)
    assert 400 <= answer.status_code < 500
    for name in (
        "X-Experience-API-Version",
        "X-Experience-API-Consistent-Through",
        "Access-Control-Allow-Origin",
    ):
        assert name in answer.headers, name


def alternate(
    one: Caller,
    method: str,
    fields: dict[str, str],
    path: str = "/xapi/statements",
    query: str = "",
) -> Any:
    headers = one.headers()
    form = urlencode({**headers, **fields})
    return one.client.post(
        f"{path}?method={method}{query}",
        data=form,
        content_type="application/x-www-form-urlencoded",
    )


def test_alternate_syntax_does_what_the_real_request_does(one: Caller, statement: Make) -> None:
    one_id = str(uuid.uuid4())
    content = {"Content-Type": "application/json", "content": json.dumps(statement())}
    assert alternate(one, "PUT", {"statementId": one_id, **content}).status_code == 204
    assert alternate(one, "GET", {"statementId": one_id}).json["id"] == one_id
    place = {"activityId": "https://example.org/a", "agent": AGENT, "stateId": "s"}
    state = {**place, "Content-Type": "text/plain", "content": "öffentlich & frei"}
    assert alternate(one, "PUT", state, "/xapi/activities/state").status_code == 204
    assert alternate(one, "GET", place, "/xapi/activities/state").text == "öffentlich & frei"
    assert alternate(one, "DELETE", place, "/xapi/activities/state").status_code == 204


@pytest.mark.parametrize("fault", ["extra", "2.0", "method", "type", "header"])
def test_alternate_syntax_that_is_none_is_refused(one: Caller, statement: Make, fault: str) -> None:
    fields = {"content": json.dumps(statement())}
    if fault == "extra":
        answer = alternate(one, "POST", fields, query="&limit=1")
    elif fault == "2.0":
        answer = alternate(one, "POST", {**fields, "X-Experience-API-Version": "2.0.0"})
    elif fault == "method":
        answer = alternate(one, "HEAD", {"limit": "1"})
    elif fault == "header":
        answer = alternate(one, "GET", {"Authorization": "Basic é☃"})
    else:
        answer = one.client.post(
            "/xapi/statements?method=GET",
            data="{}",
            headers=one.headers(),
            content_type="application/json",
        )
    assert answer.status_code == 400
    assert answer.json["error"]["message"]


@pytest.mark.parametrize("path", PLACES)
def test_a_parameter_that_is_unknown_or_twice_is_refused_by_name(one: Caller, path: str) -> None:
    unknown = one.send("GET", path, {**PLACES[path], "Limit": "1"})
    assert unknown.status_code == 400
    name = next(iter(PLACES[path]))
    twice = one.client.get(
        f"{path}?{urlencode(PLACES[path])}&{urlencode({name: PLACES[path][name]})}",
        headers=one.headers(),
    )
    assert (twice.status_code, twice.json["error"]["where"]["parameter"]) == (400, name)


def test_about_needs_no_key_and_no_version(one: Caller) -> None:
    answer = one.client.get("/xapi/about")
    assert answer.json["version"] == ["1.0.3", "2.0.0"]


@pytest.mark.parametrize(
    "given",
    [
        "Basic",
        "Basic !!!",
        "Basic w6k=",
        "Bearer a.b.c",
        f"Bearer e30.{'W1tb' * 3000}.e30",
        "Digest x",
        "Basic " + "YTpi" * 10,
    ],
)
def test_credentials_that_are_none_are_401(one: Caller, given: str) -> None:
    answer = one.send("GET", "/xapi/statements", {"limit": "1"}, headers={"Authorization": given})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_an_empty_list_stores_nothing_whoever_reads_it(one: Caller) -> None:
    assert [one.post("[]").json for _ in range(3)] == [[], [], []]


def test_a_link_of_the_page_that_has_expired_says_so_on_the_page(one: Caller) -> None:
    answer = one.get("/browse", more="garbage")
    assert answer.status_code == 200
    assert "expired" in answer.text
