"""State, activity profiles, agent profiles: xAPI-Communication 2.2, 2.3, 2.6, 2.7 and 3.1."""

from __future__ import annotations

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lrs.xapi.documents import MAX_DOCUMENT_BYTES
from tests.support.store import Caller

AGENT = '{"mbox":"mailto:somebody@example.org"}'
STATE = (
    "/xapi/activities/state",
    {"activityId": "https://example.org/a", "agent": AGENT},
    "stateId",
)
ACTIVITY = ("/xapi/activities/profile", {"activityId": "https://example.org/a"}, "profileId")
PERSON = ("/xapi/agents/profile", {"agent": AGENT}, "profileId")
EVERY = pytest.mark.parametrize(
    "resource", [STATE, ACTIVITY, PERSON], ids=["state", "activity", "agent"]
)
Resource = tuple[str, dict[str, str], str]


class Place:
    """One document of a resource, as a client sees it."""

    def __init__(
        self, caller: Caller, resource: Resource, name: str = "d", version: str = "1.0.3"
    ) -> None:
        self.caller, (self.path, self.context, self.id_name), self.version = (
            caller,
            resource,
            version,
        )
        self.query = {**self.context, self.id_name: name}

    def send(
        self, method: str, body: Any = None, content_type: str = "application/json", **headers: str
    ) -> Any:
        given = {
            "X-Experience-API-Version": self.version,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        data = body if isinstance(body, bytes | str) or body is None else json.dumps(body)
        return self.caller.send(
            method,
            self.path,
            self.query,
            data=data,
            content_type=content_type if data is not None else None,
            headers=given,
        )

    def list(self, **more: str) -> Any:
        return self.caller.send("GET", self.path, {**self.context, **more})


@EVERY
def test_what_was_put_is_given_back_with_its_type_its_etag_and_its_time(
    one: Caller, resource: Resource
) -> None:
    place, body = Place(one, resource), b"\x00\xff any bytes"
    assert (
        place.send("PUT", body, "application/x-anything; v=1", If_None_Match="*").status_code == 204
    )
    answer = place.send("GET")
    assert (answer.data, answer.headers["Content-Type"]) == (body, "application/x-anything; v=1")
    assert answer.headers["ETag"] == f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'
    assert answer.headers["Last-Modified"].endswith("GMT")
    assert place.list().json == ["d"]


@EVERY
def test_a_write_that_expects_another_document_changes_nothing(
    one: Caller, resource: Resource
) -> None:
    place = Place(one, resource)
    place.send("PUT", {"n": 1}, If_None_Match="*")
    etag = place.send("GET").headers["ETag"]
    for method in ("PUT", "POST", "DELETE"):
        assert (
            place.send(
                method, {"n": 2} if method != "DELETE" else None, If_Match='"other"'
            ).status_code
            == 412
        )
    assert place.send("PUT", {"n": 2}, If_None_Match="*").status_code == 412
    assert place.send("PUT", {"n": 2}, If_None_Match=etag).status_code == 412
    assert place.send("GET").json == {"n": 1}
    assert place.send("PUT", {"n": 2}, If_Match=f'"x", W/{etag}').status_code == 204
    assert place.send("POST", {"m": 3}, If_Match="*").status_code == 204
    assert place.send("GET").json == {"n": 2, "m": 3}
    assert place.send("DELETE", If_Match=place.send("GET").headers["ETag"]).status_code == 204
    assert place.send("GET").status_code == 404
    assert place.send("PUT", {}, If_Match='"gone"').status_code == 412


@pytest.mark.parametrize(
    ("resource", "version", "fresh", "again"),
    [
        (STATE, "1.0.3", 204, 204),
        (STATE, "2.0.0", 204, 409),
        (ACTIVITY, "1.0.3", 400, 409),
        (PERSON, "2.0.0", 400, 409),
    ],
)
def test_a_put_that_names_no_precondition(
    one: Caller, resource: Resource, version: str, fresh: int, again: int
) -> None:
    """Real 1.0.3 content writes State without If-Match (xAPI-Communication 3.1); profiles must be
    told what is replaced.
    """
    place = Place(one, resource, version=version)
    assert place.send("PUT", {"n": 1}).status_code == fresh
    place.send("PUT", {"n": 1}, If_None_Match="*")
    answer = place.send("PUT", {"n": 2})
    assert answer.status_code == again
    assert place.send("GET").json == {"n": 2 if again == 204 else 1}
    if again == 409:
        assert "If-Match" in answer.json["error"]["message"]


@EVERY
def test_post_merges_the_top_level_and_keeps_every_digit(one: Caller, resource: Resource) -> None:
    place = Place(one, resource)
    assert (
        place.send("POST", '{"a":1.10,"b":{"x":1},"c":12345678901234567890.5}').status_code == 204
    )
    assert place.send("POST", '{"b":{"y":2}}').status_code == 204
    assert place.send("GET").text == '{"a":1.10,"b":{"y":2},"c":12345678901234567890.5}'


@EVERY
@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (("text/plain", "x"), ("application/json", "{}")),
        (("application/json", "{}"), ("text/plain", "x")),
    ],
)
def test_only_json_objects_can_be_merged(
    one: Caller, resource: Resource, stored: tuple[str, str], sent: tuple[str, str]
) -> None:
    place = Place(one, resource)
    place.send("PUT", stored[1], stored[0], If_None_Match="*")
    assert place.send("POST", sent[1], sent[0]).status_code == 400
    assert place.send("GET").text == stored[1]
    for broken in ("[1]", "{", "1", ""):
        assert Place(one, resource, "broken").send("POST", broken).status_code == 400


@EVERY
def test_since_lists_what_was_written_after_a_moment(one: Caller, resource: Resource) -> None:
    Place(one, resource, "early").send("PUT", {}, If_None_Match="*")
    threading.Event().wait(0.01)
    from core import clock

    moment = clock.format_instant(clock.now())
    threading.Event().wait(0.01)
    place = Place(one, resource, "late")
    place.send("PUT", {}, If_None_Match="*")
    assert place.list(since=moment).json == ["late"]
    assert sorted(place.list().json) == ["early", "late"]
    assert place.list(since="yesterday").status_code == 400


def test_registrations_are_kept_apart_and_found_together(one: Caller) -> None:
    path, context, _ = STATE
    first, second = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    for registration, name in ((first, "a"), (second, "b"), ("", "c")):
        query = {
            **context,
            "stateId": name,
            **({"registration": registration} if registration else {}),
        }
        assert (
            one.send("PUT", path, query, data="{}", content_type="application/json").status_code
            == 204
        )
    assert one.send("GET", path, {**context, "registration": first}).json == ["a"]
    assert one.send("GET", path, context).json == ["a", "b", "c"]
    assert one.send("GET", path, {**context, "stateId": "a"}).status_code == 404
    assert one.send("DELETE", path, {**context, "registration": first}).status_code == 204
    assert one.send("GET", path, context).json == ["b", "c"]
    assert one.send("DELETE", path, context).status_code == 204
    assert one.send("GET", path, context).json == []


@EVERY
def test_many_who_count_by_if_match_lose_no_step(one: Caller, resource: Resource) -> None:
    place = Place(one, resource)
    place.send("PUT", {"n": 0}, If_None_Match="*")

    def step(_: int) -> None:
        while True:
            held = place.send("GET")
            if (
                place.send(
                    "PUT", {"n": held.json["n"] + 1}, If_Match=held.headers["ETag"]
                ).status_code
                == 204
            ):
                return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(step, range(12)))
    assert place.send("GET").json == {"n": 12}


@EVERY
def test_tenants_have_documents_of_their_own(one: Caller, tenant: Any, resource: Resource) -> None:
    Place(one, resource).send("PUT", {"mine": 1}, If_None_Match="*")
    other = Place(tenant("two"), resource)
    assert other.send("GET").status_code == 404
    assert other.list().json == []


@EVERY
def test_a_document_has_a_largest_size_however_it_grows(one: Caller, resource: Resource) -> None:
    place = Place(one, resource)
    assert (
        place.send(
            "PUT", b"x" * (MAX_DOCUMENT_BYTES + 1), "text/plain", If_None_Match="*"
        ).status_code
        == 400
    )
    half = "x" * (MAX_DOCUMENT_BYTES * 2 // 3)
    assert place.send("POST", {"a": half}).status_code == 204
    assert place.send("POST", {"b": half}).status_code == 400


@EVERY
@pytest.mark.parametrize(
    "fault",
    [
        {"agent": "{}"},
        {"agent": "nobody"},
        {"activityId": "no iri"},
        {"agent": '{"mbox":"mailto:a@example.org","name":1}'},
    ],
)
def test_a_place_that_is_none_is_refused(
    one: Caller, resource: Resource, fault: dict[str, str]
) -> None:
    path, context, name = resource
    if not set(fault) <= set(context):
        return
    answer = one.send("GET", path, {**context, **fault, name: "d"})
    assert (answer.status_code, answer.json["error"]["where"]["parameter"]) == (
        400,
        next(iter(fault)),
    )


def test_a_document_that_did_not_change_is_not_sent_again(one: Caller) -> None:
    query = {
        "stateId": "s",
        "activityId": "https://a.example",
        "agent": json.dumps({"mbox": "mailto:a@example.org"}),
    }
    send = {"data": b'{"page":1}', "content_type": "application/json"}
    assert one.send("PUT", "/xapi/activities/state", query, **send).status_code == 204
    tag = one.get("/xapi/activities/state", **query).headers["ETag"]
    for sent, status in ((tag, 304), (f'"other", W/{tag}', 304), ("*", 304), ('"other"', 200)):
        answer = one.send("GET", "/xapi/activities/state", query, headers={"If-None-Match": sent})
        assert (answer.status_code, answer.headers["ETag"]) == (status, tag), sent
        assert answer.data == (b"" if status == 304 else b'{"page":1}')
