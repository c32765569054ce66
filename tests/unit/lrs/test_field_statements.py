"""Statements of public reports and public content, judged by the words of the standard: what a
strict and a tolerant credential do with each. Paragraphs are of xAPI-Data 1.0.3.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from lrs.xapi import tolerance
from lrs.xapi.datatypes import parse_duration_seconds
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.statement_equality import is_same_statement
from lrs.xapi.statement_parser import Authority, StatementParser, TolerantParser

AUTHORITY = Authority.from_json(b'{"mbox":"mailto:lms@example.org"}')
PARSERS = {
    ("strict", "1.0"): StatementParser(False),
    ("strict", "2.0"): StatementParser(True),
    ("tolerant", "1.0"): TolerantParser(False),
    ("tolerant", "2.0"): TolerantParser(True),
}
ACTIVITY = {"id": "https://example.org/a"}
QUESTION = {"type": "http://adlnet.gov/expapi/activities/cmi.interaction"}
BOTH, TOLERANT, NOBODY = (
    frozenset(("strict", "tolerant")),
    frozenset(("tolerant",)),
    frozenset[str](),
)


class Report(NamedTuple):
    """What was reported, where it can be read, the paragraph that decides, who takes it."""

    source: str
    paragraph: str
    sent: dict[str, Any]
    takers: frozenset[str]


def statement(**parts: Any) -> dict[str, Any]:
    return {
        "actor": {"mbox": "mailto:somebody@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": ACTIVITY,
        **parts,
    }


def defined(**definition: Any) -> dict[str, Any]:
    return {"object": {**ACTIVITY, "definition": {**QUESTION, **definition}}}


def timed(text: str) -> dict[str, Any]:
    return {"timestamp": text}


def lasting(text: str) -> dict[str, Any]:
    return {"result": {"duration": text}}


def by(**actor: Any) -> dict[str, Any]:
    return {"actor": actor}


SUITE = "adlnet/lrs-conformance-test-suite"
SPEC = "adlnet/xAPI-Spec"
ISO_8601 = f"{SPEC}#897, ISO 8601:2004"
TIMES = [
    Report(f"{SUITE}#260: no T", "4.5", timed("2008-09-15 15:53:00.601+00:00"), BOTH),
    Report("adlnet/ADL_LRS#238", "4.5", timed("2013-10-28 23:53:38.197000+00:00"), BOTH),
    Report(f"{SPEC}#541: PHP's offset", "4.5", timed("1985-04-12T10:15:30+0400"), BOTH),
    Report(f"{SPEC}#541: the basic form", "4.5", timed("19850412T101530+0400"), TOLERANT),
    Report(f"{SPEC}#1073, {SUITE} PR 231", "4.5", timed("2018-03-20T12:00:00-00:00"), TOLERANT),
    Report(f"{SPEC}#875: Z and an offset", "4.5", timed("2013-05-18T05:32:34.804Z+01:00"), NOBODY),
    Report(f"{ISO_8601}, 4.2.2.4", "4.5", timed("2015-06-01T12:00:00,123Z"), TOLERANT),
    Report(f"{ISO_8601}, 4.2.2.4", "4.5", timed("2015-06-01T12:00:00,123"), TOLERANT),
    Report(f"{ISO_8601}, 4.2.3", "4.5", timed("2015-12-31T24:00:00Z"), TOLERANT),
    Report(f"{ISO_8601}, 4.2.3", "4.5", timed("2015-12-31T24:00:01Z"), NOBODY),
    Report(f"{ISO_8601}, 4.2.2.3", "4.5", timed("2015-06-01T12:00Z"), TOLERANT),
    Report(f"{ISO_8601}, 4.1.2.2", "4.5", timed("2015-06-01"), NOBODY),
    Report(f"{ISO_8601}, 4.1.4.2", "4.5", timed("2015-W23-1T12:00:00Z"), NOBODY),
    Report("RFC 3339, 5.8: a leap second", "4.5", timed("1990-12-31T15:59:60-08:00"), BOTH),
    Report(
        "LearningLocker/learninglocker#723 (as since)",
        "4.5",
        timed("2015-01-01T00:00:00.0000000"),
        TOLERANT,
    ),
    Report("adlnet/xapi-statement-viewer#9", "4.5", timed("03/05/2015 2:12 PM"), NOBODY),
    Report(f"{SUITE} v1_0_3/configs/durations.js", "4.6", lasting("P4W"), BOTH),
    Report(f"{SUITE} v1_0_3/configs/durations.js", "4.6", lasting("PT4H35M59.14S"), BOTH),
    Report("ISO 8601:2004, 4.4.3.2: a comma", "4.6", lasting("PT4H35M59,14S"), BOTH),
    Report("ISO 8601:2004, 4.4.3.2: a comma", "4.6", lasting("P0,5W"), BOTH),
    Report("adaptlearning/adapt-contrib-xapi XAPI.js", "4.6", lasting("PT0S"), BOTH),
    Report("h5p/h5p-blanks#5", "4.6", lasting("PT282.78S"), BOTH),
]
PEOPLE = [
    Report("LearningLocker/learninglocker#913", "2.4.2.3", by(mbox="mailto:e@demo.today"), BOTH),
    Report("LearningLocker/learninglocker#918", "2.4.2.3", by(mbox="mailto:t46@bpi.build"), BOTH),
    Report("LearningLocker/learninglocker PR 711", "2.4.2.3", by(mbox="mailto:o'b@x.org"), BOTH),
    Report("adlnet/ADL_LRS#92", "2.4.2.3", by(mbox="naked@example.org"), TOLERANT),
    Report(
        "RusticiSoftware/launch#6",
        "2.4.2",
        by(name=["Project Tin Can"], mbox=["mailto:tincan@scorm.com"]),
        TOLERANT,
    ),
    Report(
        "RusticiSoftware/TinCanJS src/Statement.js, 8733f14: a Person of Tin Can 0.9",
        "2.4.2",
        by(objectType="Person", name=["x"], mbox=["mailto:tincan@scorm.com"]),
        TOLERANT,
    ),
    Report(
        "RusticiSoftware/TinCanJS src/Context.js, 8733f14: a Person who instructs",
        "2.4.2",
        {"context": {"instructor": {"objectType": "Person", "mbox": "mailto:i@scorm.com"}}},
        TOLERANT,
    ),
    Report(
        "sakaiproject/sakai PR 2947: every identifier that is known",
        "2.4.2.1",
        by(
            mbox="mailto:jmama@awesome.edu",
            openid="https://awesome.edu/jmama",
            account={"name": "jmama", "homePage": "https://awesome.edu"},
        ),
        NOBODY,
    ),
    Report(
        "LearningLocker/learninglocker#336: an account without a name",
        "2.4.2.4",
        by(name="Test", account={"homePage": "http://www.19-08-2014.test/"}),
        NOBODY,
    ),
    Report(
        "LearningLocker/learninglocker#338: somebody is the object",
        "2.4.4.2",
        {
            "object": {
                "objectType": "Agent",
                "name": "Test",
                "account": {"name": "Test", "homePage": "http://www.example.com"},
            }
        },
        BOTH,
    ),
]
ANSWERS = [
    Report("LearningLocker/learninglocker#106: nothing in it", "2.4.5", {"result": {}}, BOTH),
    Report(
        "LearningLocker/learninglocker#113: scores in quotes",
        "2.2",
        {"result": {"score": {"scaled": "0.8", "raw": "80", "min": "0", "max": "100"}}},
        TOLERANT,
    ),
    Report(
        "LearningLocker/learninglocker#113: scores that were left empty",
        "2.2",
        {"result": {"score": {"raw": "80", "min": "", "max": ""}}},
        TOLERANT,
    ),
    Report(
        f"{SPEC} PR 985: text where a boolean is due",
        "2.2",
        {"result": {"success": "true", "completion": "False"}},
        TOLERANT,
    ),
    Report("a mark that is no number", "2.2", {"result": {"score": {"raw": "A-"}}}, NOBODY),
    Report("a number of another country", "2.2", {"result": {"score": {"raw": "0,5"}}}, NOBODY),
    Report("a boolean of C", "2.2", {"result": {"success": 1}}, NOBODY),
    Report(
        f"{SPEC}#619: right and wrong at once",
        "2.4.4.1",
        {
            **defined(interactionType="true-false", correctResponsesPattern=["true"]),
            "result": {"response": "false", "completion": True, "success": True},
        },
        BOTH,
    ),
    Report(
        f"{SPEC}#867, h5p/h5p-blanks#5",
        "2.4.4.1",
        {
            **defined(
                interactionType="fill-in",
                correctResponsesPattern=["{case_matters=true}browser[,]Tin Can", "[,]"],
            ),
            "result": {"response": "web browser[,]tin can"},
        },
        BOTH,
    ),
    Report(
        f"{SPEC}#603: a number with and without its delimiter",
        "2.4.4.1",
        defined(interactionType="numeric", correctResponsesPattern=["4[:]", "4:5", "4"]),
        BOTH,
    ),
    Report(
        "davidpesce/moodle-logstore_xapi#440",
        "2.4.5",
        {
            **defined(interactionType="sequencing"),
            "result": {
                "response": "{9} {16}",
                "extensions": {
                    "http://learninglocker.net/xapi/cmi/sequencing/response": ["9", "16"]
                },
            },
        },
        BOTH,
    ),
    Report(
        "h5p/h5p-multi-choice#43",
        "2.4.5",
        {
            **defined(
                interactionType="choice",
                choices=[{"id": "0", "description": {"en-US": "Answer A\n"}}, {"id": ""}],
            ),
            "result": {"response": "Answer A\n[,]Answer B\n."},
        },
        BOTH,
    ),
    Report(
        "RusticiSoftware/TinCanJS#125: Captivate; a scheme is what the store MUST ask for",
        "2.2",
        {"object": {"id": "http://TheQuiz-urn:scormdriver:5419"}},
        BOTH,
    ),
    Report(
        "RusticiSoftware/TinCanJS#125: the identifier alone",
        "2.2",
        {"object": {"id": "TheQuiz"}},
        NOBODY,
    ),
    Report(
        "openedx/event-routing-backends#232, #234; jhaag75/xapi-videojs#3, #10: video profile",
        "4.1",
        {
            "result": {
                "extensions": {
                    "https://w3id.org/xapi/video/extensions/played-segments": (
                        "0.000[.]12.000[,]14.000[.]21.000"
                    ),
                    "https://w3id.org/xapi/video/extensions/time": "46.613",
                    "https://w3id.org/xapi/video/extensions/time-from": None,
                    "https://w3id.org/xapi/video/extensions/progress": 1.0000000000000002,
                }
            }
        },
        BOTH,
    ),
    Report("a response of 200 kB", "2.4.5", {"result": {"response": "ä" * 100_000}}, BOTH),
    Report(
        "trax-project/trax-lrs#9, LearningLocker/learninglocker#1236: hosts of authoring tools",
        "4.1",
        {
            "object": {"id": "http://6RqRmZwBzUE_course_id/5um1CntGbHe"},
            "context": {"contextActivities": {"parent": [{"id": "http://Course_ID2"}]}},
        },
        BOTH,
    ),
    Report(
        "Aagam995/gitXAPI story_content/user.js: a name beside the definition",
        "2.2",
        {"object": {**ACTIVITY, "objectType": "Activity", "objectName": "Quiz 1"}},
        TOLERANT,
    ),
    Report(
        "adaptlearning/adapt-contrib-xapi CMI5.js, cmi5 9.6.3.2",
        "2.4.6",
        {
            "context": {
                "extensions": {
                    "https://w3id.org/xapi/cmi5/context/extensions/masteryscore": 0.8,
                    "https://w3id.org/xapi/cmi5/context/extensions/sessionid": "",
                }
            }
        },
        BOTH,
    ),
    Report(
        f"{SPEC}#1118: the file within its address",
        "2.4.11",
        {
            "attachments": [
                {
                    "contentType": "text/plain;charset=utf-8",
                    "display": {"en-US": "Dialog"},
                    "fileUrl": "data:text/plain;charset=utf-8;base64,CiNQIzogV2hhdCdz/+==",
                    "length": 108,
                    "sha2": "3A93E01587188069C0AC766114159A1E2E4D669C1CF8739EBEAE646B15F51A9D",
                    "usageType": "http://id.tincanapi.com/attachment/supporting_media",
                }
            ]
        },
        BOTH,
    ),
    Report(
        f"{SPEC}#904: a hash in base64",
        "2.4.11",
        {
            "attachments": [
                {
                    "contentType": "text/plain",
                    "display": {},
                    "fileUrl": "https://files.example/1",
                    "length": 3,
                    "sha2": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
                    "usageType": "https://u.example",
                }
            ]
        },
        NOBODY,
    ),
    Report(
        "RusticiSoftware/TinCanJS src/Statement.js, 8733f14: inProgress and voided of 0.9",
        "2.2",
        {"inProgress": False, "voided": False},
        TOLERANT,
    ),
    Report(
        "right to left, with marks of direction",
        "4.2",
        defined(
            name={"ar": "\u202bمرحبا\u202c", "he": "שלום\u200f", "und": "x", "zh-Hans-CN": "你好"}
        ),
        BOTH,
    ),
]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize(
    "report",
    [
        pytest.param(one, id=f"{one.source}-{index}")
        for index, one in enumerate(TIMES + PEOPLE + ANSWERS)
    ],
)
def test_a_reported_statement_is_taken_by_whom_the_standard_says(
    report: Report, version: str
) -> None:
    raw = json.dumps(statement(**report.sent)).encode()
    for reading in ("strict", "tolerant"):
        parser = PARSERS[reading, version]
        if reading not in report.takers:
            with pytest.raises(StatementInvalid):
                parser.statements(raw, AUTHORITY)
            continue
        (item,) = parser.statements(raw, AUTHORITY)
        assert bool(tolerance.list_tolerated(item.payload)) == ("strict" not in report.takers)
        assert PARSERS["strict", version].statements(item.payload, None), "any store takes it now"


@pytest.mark.parametrize(
    ("sent", "path", "stored"),
    [
        (timed("19850412T101530+0400"), ("timestamp",), "1985-04-12T10:15:30+0400"),
        (timed("2015-06-01T12:00:00,123-05:00"), ("timestamp",), "2015-06-01T12:00:00.123-05:00"),
        (timed("2015-12-31T24:00:00.0Z"), ("timestamp",), "2016-01-01T00:00:00.0Z"),
        (timed("2018-03-20T12:00:00-00"), ("timestamp",), "2018-03-20T12:00:00Z"),
        (timed(" 2015-06-01T12:00 "), ("timestamp",), "2015-06-01T12:00:00Z"),
        (lasting("PT1,5S"), ("result", "duration"), "PT1,5S"),
        ({"result": {"score": {"raw": "80", "min": ""}}}, ("result", "score"), {"raw": 80}),
        ({"result": {"score": {"scaled": " 0.80 "}}}, ("result", "score"), {"scaled": 0.8}),
        ({"result": {"score": {"raw": ""}, "success": "TRUE"}}, ("result",), {"success": True}),
        (by(objectType="Person", openid="https://o.example"), ("actor", "objectType"), "Agent"),
    ],
)
def test_what_is_stored_is_what_was_meant(
    sent: dict[str, Any], path: tuple[str, ...], stored: Any
) -> None:
    (item,) = PARSERS["tolerant", "1.0"].statements(
        json.dumps(statement(**sent)).encode(), AUTHORITY
    )
    found = json.loads(item.payload)
    for name in path:
        found = found[name]
    assert found == stored


def test_a_duration_with_a_comma_counts_and_compares_as_one_with_a_point() -> None:
    assert parse_duration_seconds("PT1M0,5S") == parse_duration_seconds("PT1M0.5S") == 60.5
    comma, point, other = (
        json.dumps(statement(**lasting(text))).encode()
        for text in ("PT1M0,5S", "PT1M0.509S", "PT1M0.6S")
    )
    assert is_same_statement(comma, point)
    assert not is_same_statement(comma, other)
