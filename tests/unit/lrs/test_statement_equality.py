"""Which statements are the same one: each row names the paragraph that says so. Paragraphs are of
xAPI-Data 1.0.3 (https://github.com/adlnet/xAPI-Spec) unless another document is named.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from lrs.xapi.statement_equality import find_difference, is_same_statement
from lrs.xapi.statement_parser import Authority, StatementParser

AUTHORITY = Authority.from_json(b'{"account":{"homePage":"https://h.example","name":"key"}}')
AGENT = {"mbox": "mailto:Some.Body@Example.org", "name": "Some Body"}
OTHER = {"account": {"homePage": "https://lms.example", "name": "7"}}
BASE: dict[str, Any] = {
    "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
    "actor": {"objectType": "Group", "name": "Team", "member": [AGENT, OTHER]},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"en-US": "answered"}},
    "object": {
        "id": "https://example.org/question/1",
        "definition": {"name": {"en": "Question 1"}, "type": "https://example.org/type"},
    },
    "result": {"score": {"raw": 1}, "success": True, "duration": "PT1M30.129S"},
    "context": {
        "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
        "language": "en-GB",
        "instructor": {"mbox": "mailto:teacher@example.org"},
        "team": {"objectType": "Group", "mbox": "mailto:team@example.org"},
        "statement": {"objectType": "StatementRef", "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bef"},
        "contextActivities": {"parent": [{"id": "https://example.org/course"}]},
        "extensions": {"https://example.org/x": {"a": 1}},
    },
    "timestamp": "2026-11-23T10:00:00.1234567Z",
    "attachments": [
        {
            "usageType": "https://example.org/usage",
            "display": {"en": "A file"},
            "contentType": "text/plain",
            "length": 4,
            "sha2": "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7",
            "fileUrl": "https://example.org/file",
        }
    ],
}
MAY_DIFFER: dict[str, tuple[str, Any]] = {
    # where → (paragraph, another value; ... leaves it out)
    "id": ("2.3.1 assigned by the store", ...),
    "authority": ("2.3.1 assigned by the store", OTHER),
    "stored": ("2.3.1 assigned by the store", "2020-01-01T00:00:00Z"),
    "version": ("2.3.1 assigned by the store", "1.0.0"),
    "timestamp absent": ("2.3.1 assigned by the store", ...),
    "object.definition": ("2.3.1 Activity Definitions", {"name": {"en": "Renamed"}}),
    "object.definition absent": ("2.3.1 Activity Definitions", ...),
    "context.contextActivities.parent.0.definition": ("2.3.1 Activity Definitions", {"name": {}}),
    "verb.display": ("2.3.1 Verbs", {"en-US": "answered", "de": "beantwortet"}),
    "verb.display absent": ("2.3.1 Verbs", ...),
    "timestamp zone": ("2.3.1 Timestamp data", "2026-11-23T11:00:00.123+01:00"),
    "timestamp digits": ("4.5 at least milliseconds", "2026-11-23T10:00:00.123Z"),
    "actor.member": ("2.3.1 un-ordered lists", [OTHER, AGENT]),
    "actor.member.0.mbox": ("2.3.1 Case sensitivity", "mailto:Some.Body@EXAMPLE.ORG"),
    "context.instructor.mbox": ("2.3.1 Case sensitivity", "mailto:teacher@Example.Org"),
    "context.team.mbox": ("2.3.1 Case sensitivity", "mailto:team@EXAMPLE.org"),
    "context.registration": ("RFC 4122, 3: case", "EC531277-B57B-4C15-8D91-D292C5B2B8F7"),
    "context.statement.id": ("RFC 4122, 3: case", "6690E6C9-3EF0-4ED3-8B37-7F3964730BEF"),
    "context.language": ("RFC 5646, 2.1.1: case", "en-gb"),
    "attachments.0.display": ("RFC 5646, 2.1.1: case", {"EN": "A file"}),
    "attachments.0.sha2": ("hexadecimal digits", BASE["attachments"][0]["sha2"].upper()),
    "actor.member.0.objectType": ("2.4.2.1 optional", "Agent"),
    "object.objectType": ("2.4.4.1 optional", "Activity"),
    "context.contextActivities.parent": (
        "2.4.6.2 a single object is a list of one",
        {"id": "https://example.org/course"},
    ),
    "result.duration": ("IEEE 9274.1.1, 4.2.7: hundredths", "PT1M30.1249S"),
    "result.score.raw": ("one number", 1.0),
}
MUST_NOT: dict[str, tuple[str, Any]] = {
    # where → (the path that is told, another value)
    "actor.name": ("$.actor.name", "Another team"),
    "actor.member": ("$.actor.member", [AGENT]),
    "actor.member.0.mbox": ("$.actor.member[1].mbox", "mailto:some.body@example.org"),
    "verb.id": ("$.verb.id", "http://adlnet.gov/expapi/verbs/attempted"),
    "object.id": ("$.object.id", "https://example.org/Question/1"),
    "result.success": ("$.result.success", False),
    "result.score.raw": ("$.result.score.raw", 1.1),
    "result.score absent": ("$.result.score", ...),
    "result.duration": ("$.result.duration", "PT1M30.139S"),
    "result.duration unit": ("$.result.duration", "PT90.129S"),
    "context.registration": ("$.context.registration", "ec531277-b57b-4c15-8d91-d292c5b2b8f8"),
    "context.language": ("$.context.language", "en-US"),
    "context.extensions": (
        "$.context.extensions.https://example.org/x.a",
        {"https://example.org/x": {"a": True}},
    ),
    "context.contextActivities.parent": ("$.context.contextActivities.parent", []),
    "timestamp": ("$.timestamp", "2026-11-23T10:00:00.124Z"),
    "attachments.0.length": ("$.attachments[0].length", 5),
    "attachments.0.display": ("$.attachments[0].display.en", {"en": "Another file"}),
}


def changed(where: str, value: Any) -> dict[str, Any]:
    result = copy.deepcopy(BASE)
    holder: Any = result
    *steps, last = where.partition(" ")[0].split(".")
    for step in steps:
        holder = holder[int(step) if step.isdigit() else step]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    return result


def payload(statement: dict[str, Any]) -> bytes:
    (incoming,) = StatementParser(False).statements(json.dumps(statement).encode(), AUTHORITY)
    return incoming.payload


@pytest.mark.parametrize("where", MAY_DIFFER)
def test_what_may_differ(where: str) -> None:
    first, second = payload(BASE), payload(changed(where, MAY_DIFFER[where][1]))
    assert find_difference(first, second) is None
    assert is_same_statement(second, first)


@pytest.mark.parametrize("where", MUST_NOT)
def test_what_makes_it_another_statement_is_named(where: str) -> None:
    path, value = MUST_NOT[where]
    first, second = payload(BASE), payload(changed(where, value))
    assert find_difference(first, second) == path
    assert not is_same_statement(second, first)


def test_the_same_holds_within_a_sub_statement() -> None:
    inner = {
        name: value
        for name, value in BASE.items()
        if name in ("actor", "verb", "object", "result", "timestamp")
    }

    def outer(**changes: Any) -> bytes:
        return payload(
            {
                "actor": AGENT,
                "verb": BASE["verb"],
                "object": {"objectType": "SubStatement", **inner, **changes},
            }
        )

    assert is_same_statement(
        outer(),
        outer(
            verb={"id": BASE["verb"]["id"]},
            object={"id": BASE["object"]["id"]},
            timestamp="2026-11-23T12:00:00.123+02:00",
        ),
    )
    assert (
        find_difference(outer(), outer(object={"id": "https://o.example"})) == "$.object.object.id"
    )
