"""Requests in the form that clients of the field send them."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from lrs.api.xapi_protocol import MAX_BODY_BYTES
from tests.support.store import Caller

Make = Callable[..., dict[str, Any]]
JSON = "application/json"


@pytest.mark.parametrize("path", ["/xapi/statements/", "/xapi//statements", "/xapi//statements//"])
def test_slashes_too_many_are_understood(one: Caller, statement: Make, path: str) -> None:
    """Ralph's own address ends in a slash (https://github.com/openfun/ralph); an endpoint with a
    slash and a path with one give two. No redirect, which would end a browser's preflight.
    """
    answer = one.send("POST", path, data=json.dumps(statement()), content_type=JSON)
    assert answer.status_code == 200
    assert len(one.get(path).json["statements"]) == 1
    assert one.client.options(path).status_code == 204


def test_a_body_may_be_compressed_by_gzip(one: Caller, statement: Make) -> None:
    batch = [statement(id=str(uuid.uuid4())) for _ in range(3)]
    packed = gzip.compress(json.dumps(batch).encode())

    def post(body: bytes, coding: str = "gzip") -> Any:
        return one.send(
            "POST",
            "/xapi/statements",
            data=body,
            content_type=JSON,
            headers={"Content-Encoding": coding},
        )

    assert post(packed).json == [each["id"] for each in batch]
    assert post(json.dumps(batch).encode(), "identity").status_code == 200
    broken = [(packed[:-5], "before its end"), (b"{}", "not compressed")]
    for body, said in broken:
        answer = post(body)
        assert (answer.status_code, said in answer.json["error"]["message"]) == (400, True)
    # RFC 9110, 15.5.16.
    answer = post(packed, "br")
    assert (answer.status_code, answer.json["error"]["code"]) == (415, "unsupported_encoding")
    answer = post(gzip.compress(b" " * (MAX_BODY_BYTES + 1)))
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_large")
    assert "32 MB" in answer.json["error"]["message"]
    assert len(one.get("/xapi/statements").json["statements"]) == 3


def test_documents_may_be_compressed_too(one: Caller) -> None:
    query = {
        "stateId": "s",
        "activityId": "https://a.example",
        "agent": '{"mbox":"mailto:a@b.org"}',
    }
    sent = one.send(
        "PUT",
        "/xapi/activities/state",
        query,
        data=gzip.compress(b'{"page":1}'),
        content_type=JSON,
        headers={"Content-Encoding": "gzip"},
    )
    assert sent.status_code == 204
    assert one.get("/xapi/activities/state", **query).json == {"page": 1}


def test_a_batch_that_is_too_large_is_413_and_names_the_limit(one: Caller, statement: Make) -> None:
    """A client that sends in parts on 413 gives up on 400 (xAPI-Communication 3.2)."""
    answer = one.post([statement()] * 1_001)
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "batch_too_large")
    assert "1001 statements; send at most 1000" in answer.json["error"]["message"]


def test_a_plus_that_became_a_blank_is_explained(one: Caller) -> None:
    """https://github.com/LearningLocker/learninglocker/issues/844"""
    headers = one.headers()
    answer = one.client.get("/xapi/statements?since=2026-11-23T10:00:00.000+01:00", headers=headers)
    assert answer.status_code == 400
    assert "%2B" in answer.json["error"]["message"]
    assert (
        one.client.get(
            "/xapi/statements?since=2026-11-23T10:00:00.000%2B01:00", headers=headers
        ).status_code
        == 200
    )


def test_a_timestamp_is_given_in_utc_to_2_0_and_as_sent_to_1_0(
    one: Caller, statement: Make
) -> None:
    """IEEE 9274.1.1: the store converts instead of refusing (quoted in adlnet/xapi-profiles 267)."""
    sent = "2023-05-04T12:00:00.000-05:00"
    (kept,) = one.post(statement(timestamp=sent)).json or []
    for version, given in (("1.0.3", sent), ("2.0.0", "2023-05-04T17:00:00.000Z")):
        one.version = version
        single = one.get("/xapi/statements", statementId=kept).json
        (listed,) = one.get("/xapi/statements").json["statements"]
        (canonical,) = one.get("/xapi/statements", format="canonical").json["statements"]
        assert {single["timestamp"], listed["timestamp"], canonical["timestamp"]} == {given}


def test_answers_are_compressed_for_who_takes_them_so(one: Caller, statement: Make) -> None:
    assert one.post([statement(id=str(uuid.uuid4())) for _ in range(20)]).status_code == 200

    def page(**headers: str) -> Any:
        return one.send("GET", "/xapi/statements", headers=headers)

    plain = page()
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]
    for accepted in ("gzip", "br, gzip;q=0.5", "*"):
        packed = page(**{"Accept-Encoding": accepted})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == plain.data
        assert len(packed.data) == int(packed.headers["Content-Length"]) < len(plain.data) / 4
    for accepted in ("identity", "br", "gzip;q=0", ""):
        assert page(**{"Accept-Encoding": accepted}).data == plain.data
    small = one.send("GET", "/xapi/about", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in small.headers
