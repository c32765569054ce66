"""What a tolerant credential takes against the letter of the standard: each rule by what a system is
known to send, with where that can be read. A strict reader refuses each of them.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from lrs.xapi import tolerance
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.statement_parser import Authority, StatementParser, TolerantParser

AUTHORITY = Authority.from_json(b'{"mbox":"mailto:lms@example.org"}')
STRICT, TOLERANT = StatementParser(False), TolerantParser(False)
ACTIVITY = {"id": "https://example.org/a"}
QUESTION = {"type": "http://adlnet.gov/expapi/activities/cmi.interaction"}


def statement(**parts: Any) -> dict[str, Any]:
    return {
        "id": "12345678-1234-4234-8234-567812345678",
        "actor": {"mbox": "mailto:somebody@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": ACTIVITY,
        **parts,
    }


def defined(**definition: Any) -> dict[str, Any]:
    return {"object": {**ACTIVITY, "definition": {**QUESTION, **definition}}}


def taken(sent: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What is stored, and the record of what was changed."""
    (item,) = TOLERANT.statements(json.dumps(sent).encode(), AUTHORITY)
    stored = json.loads(item.payload)
    told = stored.get("context", {}).get("extensions", {}).pop(tolerance.TOLERATED, [])
    return stored, told


# (source, what is sent, rule, path of what is looked at, what is there; None: nothing)
KNOWN: list[tuple[str, dict[str, Any], str, str, Any]] = [
    (
        "openedx/event-routing-backends: fixtures of problems of many parts",
        {"object": {**ACTIVITY, "objectType": "GroupActivity"}},
        "group-activity",
        "object.objectType",
        "Activity",
    ),
    (
        "openedx/event-routing-backends: the parent of a part",
        {
            "context": {
                "contextActivities": {"parent": [{**ACTIVITY, "objectType": "GroupActivity"}]}
            }
        },
        "group-activity",
        "context.contextActivities.parent.0.objectType",
        "Activity",
    ),
    (
        "openedx/event-routing-backends: events of proctored exams, grouping[0].id is a bare UUID",
        {
            "context": {
                "contextActivities": {
                    "grouping": [{"id": "3f1c8a52-9d5e-4f3c-8a68-0f5e9ec1a001"}, ACTIVITY]
                }
            }
        },
        "context-activity",
        "context.contextActivities.grouping",
        [ACTIVITY],
    ),
    (
        "H5P setScoredResult, davidpesce/moodle-logstore_xapi PR 162: nothing can be earned",
        {"result": {"score": {"min": 0, "max": 0, "raw": 0}}},
        "score",
        "result.score",
        {"raw": 0},
    ),
    (
        "davidpesce/moodle-logstore_xapi get_scorm_result.php: no cap, so raw passes max",
        {"result": {"score": {"min": 0, "max": 10, "raw": 12, "scaled": 1.2}}},
        "score",
        "result.score",
        {"min": 0, "raw": 12},
    ),
    (
        "thexerteproject/xerteonlinetoolkits gapFill.html: NaN of a gap fill without gaps",
        {"result": {"score": {"raw": None, "min": 0, "max": 100, "scaled": None}}},
        "null",
        "result.score",
        {"min": 0, "max": 100},
    ),
    (
        "LearningLocker/learninglocker#1427",
        {"result": {"duration": "P16559.14S"}},
        "duration",
        "result.duration",
        "PT16559.14S",
    ),
    (
        "RusticiSoftware/TinCanJS Utils.js: a clock that was set back",
        {"result": {"duration": "-PT12.3S", "success": True}},
        "duration",
        "result",
        {"success": True},
    ),
    (
        "davidpesce/moodle-logstore_xapi mod_facetoface/take_attendance.php",
        {"result": {"duration": "PT-3600S", "success": True}},
        "duration",
        "result",
        {"success": True},
    ),
    (
        "davidpesce/moodle-mod_tincanlaunch#230: Moodle Workplace",
        {"context": {"language": "en_us_wp", "platform": "Moodle"}},
        "language",
        "context.platform",
        "Moodle",
    ),
    (
        "davidpesce/moodle-mod_tincanlaunch#230: a language pack of a country",
        {"context": {"language": "pt_br"}},
        "language",
        "context.language",
        "pt-br",
    ),
    (
        "adlnet/xAPI-Spec#854: language maps by other keys",
        {"verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"en_US": "a"}}},
        "language",
        "verb.display",
        {"en-US": "a"},
    ),
    (
        "h5p/h5p-question-set js/questionset.js",
        defined(interactionType="compound", description={"en-US": ""}),
        "interaction-type",
        "object.definition.interactionType",
        "other",
    ),
    (
        "davidpesce/moodle-logstore_xapi slugify.php: ids of answers in other letters are empty",
        defined(
            interactionType="choice",
            choices=[
                {"id": "", "description": {"ja": "a"}},
                {"id": "", "description": {"ja": "b"}},
            ],
            correctResponsesPattern=[""],
        ),
        "definition",
        "object.definition.choices",
        None,
    ),
    (
        "thexerteproject/xerteonlinetoolkits xttracking_xapi.js: ids of sources repeat",
        defined(
            interactionType="matching", source=[{"id": "_"}, {"id": "_"}], target=[{"id": "b"}]
        ),
        "definition",
        "object.definition.target",
        [{"id": "b"}],
    ),
    (
        "thexerteproject/xerteonlinetoolkits xttracking_xapi.js: a list in the list",
        defined(interactionType="fill-in", correctResponsesPattern=[["cat", "feline"]]),
        "correct-responses",
        "object.definition.correctResponsesPattern",
        ["cat", "feline"],
    ),
    (
        "adlnet/lrs-conformance-test-suite#240",
        defined(interactionType="fill-in", correctResponsesPattern=[None]),
        "correct-responses",
        "object.definition.correctResponsesPattern",
        [],
    ),
    (
        "thexerteproject/xerteonlinetoolkits xttracking_xapi.js: names of courses in ids",
        {
            "context": {
                "contextActivities": {"other": [{"id": "https://host.example/course/My Course 1"}]}
            }
        },
        "iri-characters",
        "context.contextActivities.other.0.id",
        "https://host.example/course/My%20Course%201",
    ),
    (
        "xAPI-Spec's own rule, RFC 3987 3.5: a part of a page of a page",
        {"object": {"id": "https://host.example/#/course#slide 3"}},
        "iri-characters",
        "object.id",
        "https://host.example/#/course%23slide%203",
    ),
    (
        "tunapanda/h5p-standalone#84, h5p-x-api-event.js setContext: a parent without an id",
        {"context": {"contextActivities": {"parent": [{"objectType": "Activity"}]}}},
        "context-activity",
        "context.contextActivities",
        None,
    ),
    (
        "h5p/h5p-interactive-video PR 15",
        {"context": {"extensions": [], "platform": "H5P"}},
        "empty",
        "context.platform",
        "H5P",
    ),
    (
        "thexerteproject/xerteonlinetoolkits xttracking_xapi.js: keys with blanks",
        {"result": {"extensions": {"http://xerte.org.uk/a b": 1, "http://xerte.org.uk/c": 2}}},
        "extension-key",
        "result.extensions",
        {"http://xerte.org.uk/c": 2},
    ),
    (
        "LearningLocker/learninglocker#1148, adlnet/xAPIWrapper prepareStatement",
        {
            "object": {
                "objectType": "StatementRef",
                "id": "12345678-1234-4234-8234-567812345670",
            },
            "context": {"platform": "x", "language": "en"},
        },
        "platform",
        "context.platform",
        None,
    ),
    (
        "thexerteproject/xerteonlinetoolkits xttracking_xapi.js: surf_mode",
        {"target": {"id": "https://example.org/next"}},
        "unknown",
        "target",
        None,
    ),
    (
        "RusticiSoftware/TinCan.NET#36",
        {"actor": {"mbox": "somebody@example.org"}},
        "mailto",
        "actor.mbox",
        "mailto:somebody@example.org",
    ),
    (
        "RusticiSoftware/TinCanJS Agent.js, AgentAccount.js, Verb.js: Tin Can 0.9",
        {
            "actor": {
                "name": ["x"],
                "account": [{"accountServiceHomePage": "https://lms.example", "accountName": "5"}],
            },
            "verb": "attempted",
        },
        "tin-can-0.9",
        "verb.id",
        "http://adlnet.gov/expapi/verbs/attempted",
    ),
    (
        "LearningLocker/learninglocker#113: a form that sends its numbers in quotes",
        {"result": {"score": {"scaled": "0.5", "raw": "", "max": "10"}}},
        "text",
        "result.score",
        {"scaled": 0.5, "max": 10},
    ),
    (
        "xAPI-Data 1.0.3 4.5: an offset is what a timestamp SHOULD have",
        {"timestamp": "2026-05-04T12:00:00.123"},
        "timestamp",
        "timestamp",
        "2026-05-04T12:00:00.123Z",
    ),
]


@pytest.mark.parametrize(
    ("sent", "rule", "path", "expected"), [known[1:] for known in KNOWN], ids=[k[0] for k in KNOWN]
)
def test_what_systems_send_is_taken_and_what_was_changed_is_told(
    sent: dict[str, Any], rule: str, path: str, expected: Any
) -> None:
    whole = statement(**sent)
    with pytest.raises(StatementInvalid):
        STRICT.statements(json.dumps(whole).encode(), AUTHORITY)
    stored, told = taken(whole)
    assert rule in {one["rule"] for one in told}
    assert {one["rule"] for one in told} <= tolerance.RULES.keys()
    found: Any = stored
    for name in path.split("."):
        found = found[int(name)] if isinstance(found, list) else found.get(name)
        if found is None:
            break
    assert found == expected
    again = json.dumps(stored).encode()
    assert STRICT.statements(again, None), "any other store takes it now"


def test_every_rule_has_its_case() -> None:
    assert {known[2] for known in KNOWN} == tolerance.RULES.keys()


# What would have to be guessed.
GUESSES: list[tuple[str, dict[str, Any]]] = [
    (
        "an object without an id (tunapanda/h5p-standalone#84)",
        {"object": {"objectType": "Activity"}},
    ),
    ("an object whose id is no IRI", {"object": {"id": "TETRIS"}}),
    ("an empty address (h5p-x-api-event.js setActor)", {"actor": {"mbox": "mailto:"}}),
    ("a name for an address (xttracking_xapi.js)", {"actor": {"mbox": "mailto:jdoe"}}),
    ("two identifiers", {"actor": {"mbox": "mailto:a@b.example", "openid": "https://b.example"}}),
    ("a registration that is none", {"context": {"registration": "123443563"}}),
    ("a verb that is a sentence", {"verb": "did a thing"}),
    ("a home page that is none", {"actor": {"account": {"homePage": "lms", "name": "5"}}}),
]


@pytest.mark.parametrize("sent", [one[1] for one in GUESSES], ids=[one[0] for one in GUESSES])
def test_what_would_have_to_be_guessed_stays_refused(sent: dict[str, Any]) -> None:
    with pytest.raises(StatementInvalid):
        TOLERANT.statements(json.dumps(statement(**sent)).encode(), AUTHORITY)


def test_what_the_standard_takes_stays_byte_for_byte() -> None:
    raw = json.dumps(statement(result={"score": {"raw": 1.0}}), indent=1).encode()
    assert (
        TOLERANT.statements(raw, AUTHORITY)[0].payload
        == STRICT.statements(raw, AUTHORITY)[0].payload
    )


def test_nothing_of_a_person_stands_beside_the_actor() -> None:
    """Where an erasure would not look for it."""
    sent = statement(actor={"mbox": ["somebody@example.org"], "firstName": ["Somebody"]})
    stored, told = taken(sent)
    assert stored["actor"] == {"mbox": "mailto:somebody@example.org"}
    assert "somebody" not in json.dumps(told).lower()


RICH: dict[str, Any] = statement(
    actor={"objectType": "Group", "name": "g", "member": [{"openid": "https://o.example/1"}]},
    verb={"id": "https://v.example", "display": {"en": "v"}},
    object={
        "objectType": "SubStatement",
        "actor": {"account": {"homePage": "https://h.example", "name": "n"}},
        "verb": {"id": "https://v.example"},
        **defined(
            name={"en": "n"},
            interactionType="choice",
            correctResponsesPattern=["a"],
            choices=[{"id": "a", "description": {"en": "A"}}],
            extensions={"https://e.example": 1},
        ),
    },
    result={
        "score": {"raw": 1, "min": 0, "max": 2, "scaled": 0.5},
        "success": True,
        "duration": "PT1S",
        "response": "a",
        "extensions": {"https://e.example": 1},
    },
    context={
        "registration": "12345678-1234-4234-8234-567812345678",
        "instructor": {"mbox": "mailto:i@example.org"},
        "team": {"objectType": "Group", "mbox": "mailto:t@example.org"},
        "language": "en",
        "statement": {"objectType": "StatementRef", "id": "12345678-1234-4234-8234-567812345678"},
        "contextActivities": {"parent": [ACTIVITY], "grouping": ACTIVITY},
        "contextAgents": [
            {"objectType": "contextAgent", "agent": {"mbox": "mailto:c@example.org"}}
        ],
        "extensions": {"https://e.example": {"a": [1]}, tolerance.TOLERATED: "mine"},
    },
    attachments=[
        {
            "usageType": "https://u.example",
            "display": {"en": "x"},
            "contentType": "text/plain",
            "length": 1,
            "sha2": "a" * 64,
            "fileUrl": "https://f.example",
        }
    ],
    timestamp="2026-01-01T00:00:00Z",
)
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, "", "x", "a@b.example", "\0", "\ud800"),
    *([], [None], [[]], ["x"], [{}], {}, {"": None}, {"id": []}, {"x": {"y": []}}),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a statement."""
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, inner in parts:
        yield (*path, name)
        yield from places(inner, (*path, name))


@pytest.mark.parametrize("parser", [TolerantParser(False), TolerantParser(True)])
def test_whatever_stands_anywhere_is_taken_or_refused(parser: TolerantParser) -> None:
    """And what is taken is what the standard takes."""
    strict = StatementParser(parser is not TOLERANT and parser._family_2_0)
    for path in list(places(RICH)):
        for odd in ODD:
            sent = copy.deepcopy(RICH)
            place: Any = sent
            for name in path[:-1]:
                place = place[name]
            place[path[-1]] = odd
            with contextlib.suppress(StatementInvalid):
                (item,) = parser.statements(json.dumps(sent).encode(), AUTHORITY)
                strict.statements(item.payload, None)
                tolerance.list_tolerated(item.payload)


@pytest.mark.parametrize(
    "tag", ["mine", 5, True, None, [5], [{"x": 1}], {"rule": "a"}, [{"rule": []}], [{"rule": 5}]]
)
def test_a_tag_that_somebody_else_wrote_is_no_record_of_ours_and_is_not_lost(tag: Any) -> None:
    sent = statement(context={"extensions": {tolerance.TOLERATED: tag}})
    raw = json.dumps(sent).encode()
    (item,) = STRICT.statements(raw, AUTHORITY)
    assert tolerance.list_tolerated(item.payload) == []
    (item,) = TOLERANT.statements(json.dumps({**sent, "target": 1}).encode(), AUTHORITY)
    notes = json.loads(item.payload)["context"]["extensions"][tolerance.TOLERATED]
    assert {"rule": "unknown", "path": "$.target", "sent": 1} in notes
    assert tag in [note.get("sent") for note in notes]


def test_what_a_statement_belongs_to_is_never_lost_silently() -> None:
    """A context activity with an IRI stays, or the statement is refused."""
    course = {"id": "https://h.example/course"}

    def within(parent: Any) -> dict[str, Any]:
        return statement(context={"contextActivities": {"parent": parent}})

    stored, _ = taken(within({**course, "definition": {"name": "Course"}}))
    assert stored["context"]["contextActivities"]["parent"] == [{**course, "definition": {}}]
    with pytest.raises(StatementInvalid):
        taken(within({**course, "objectType": "Foo"}))


@pytest.mark.parametrize(
    "sent",
    [
        {"context": {"contextActivities": {"parent": {"mbox": "mailto:secret@example.org"}}}},
        {"target": {"mbox": "mailto:secret@example.org", "name": "Secret"}},
        {"context": {"extensions": {"bad key": {"mbox": "mailto:secret@example.org"}}}},
        {"result": {"unknown": "secret@example.org"}},
    ],
)
def test_the_record_of_a_change_names_nobody(sent: dict[str, Any]) -> None:
    _, notes = taken(statement(**sent))
    assert notes and "secret" not in json.dumps(notes).lower()


def test_the_rules_act_wherever_the_place_is_of_their_kind() -> None:
    sent = copy.deepcopy(RICH)
    sent["object"]["actor"]["account"]["extra"] = 1
    sent["attachments"][0]["display"] = {"en_US": "x"}
    sent["attachments"][0]["extra"] = None
    sent["context"]["statement"]["extra"] = 1
    sent["context"]["contextAgents"][0]["agent"] = {"mbox": "c@example.org"}
    raw = json.dumps(sent).encode()
    (item,) = TolerantParser(True).statements(raw, AUTHORITY)
    stored = json.loads(item.payload)
    assert stored["context"]["contextAgents"][0]["agent"] == {"mbox": "mailto:c@example.org"}
    assert stored["attachments"][0]["display"] == {"en-US": "x"}
    (item,) = TolerantParser(False).statements(raw, AUTHORITY)
    assert "contextAgents" not in json.loads(item.payload)["context"], "1.0 does not know it"
