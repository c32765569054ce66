"""The requirements on statements, by section of the standard: left the number of xAPI 1.0.3 (Data),
right that of IEEE 9274.1.1.

Every case goes the way of a request's body, under both versions, so that both ways of reading are
held to it.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from lrs.xapi.errors import StatementInvalid
from lrs.xapi.statement_parser import Authority, Incoming, StatementParser

AUTHORITY = Authority.from_json(b'{"account":{"homePage":"https://h.example","name":"k"}}')
READERS = {"1.0.3": StatementParser(False), "2.0.0": StatementParser(True)}
UUID = "3f1c8a52-9d5e-4f3c-8a68-0f5e9ec1a001"
A, B = {"mbox": "mailto:a@example.org"}, {"openid": "https://b.example"}
ACTIVITY = {"id": "https://o.example/1"}
SUB = {
    "objectType": "SubStatement",
    "actor": A,
    "verb": {"id": "https://v.example"},
    "object": ACTIVITY,
}
REF = {"objectType": "StatementRef", "id": UUID}
GROUP = {"objectType": "Group", "member": [A]}
ATTACHMENT = {
    "usageType": "https://u.example",
    "display": {"en": "x"},
    "contentType": "text/plain",
    "length": 1,
    "sha2": "a" * 64,
    "fileUrl": "https://f.example",
}
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}
CHOICE = {
    "interactionType": "choice",
    "choices": [{"id": "a", "description": {"en": "A"}}],
    "correctResponsesPattern": ["a"],
}

BASE: dict[str, Any] = {"actor": A, "verb": {"id": "https://v.example"}, "object": ACTIVITY}


def with_(**parts: Any) -> str:
    return json.dumps({**BASE, **parts})


def activity(**definition: Any) -> str:
    return with_(object={**ACTIVITY, "definition": definition})


def without(name: str) -> str:
    return json.dumps({key: value for key, value in BASE.items() if key != name})


# section, what, statement
VALID: list[tuple[str, str, str]] = [
    ("2.2 | 4.2.1", "the least", with_()),
    (
        "2.2 | 4.2.1",
        "null inside extensions",
        with_(context={"extensions": {"https://e.example": {"a": None}}}),
    ),
    *[
        ("4 | 4.2.7", f"the IRI {iri}", with_(object={"id": iri}))
        for iri in (
            "http://68pfIo1Ic1x_course_id/5um1",  # Storyline (LearningLocker#577, trax-lrs#9)
            "http://TheQuiz-urn:scormdriver:5419",  # Captivate (TinCanJS#125)
            "https://[2001:db8::1]:8443/a#b",
            "https://o.example/ü?x[0]=1#/slide",
            "tag:adlnet.gov,2013:expapi:1.0.0",
        )
    ],
    ("2.4.1 | 4.2.4.2", "an id in capitals", with_(id=UUID.upper())),
    *[
        ("2.4.2 | 4.2.2.1", f"an agent by {next(iter(one))}", with_(actor=one))
        for one in (
            A,
            B,
            {"mbox_sha1sum": "0" * 40},
            {"account": {"homePage": "https://h.example", "name": "n"}},
        )
    ],
    ("2.4.2.2 | 4.2.2.1", "an anonymous group", with_(actor=GROUP)),
    (
        "2.4.2.2 | 4.2.2.1",
        "an identified group without members",
        with_(actor={"objectType": "Group", **A}),
    ),
    ("2.4.2.2 | 4.2.2.1", "an identified group with members", with_(actor={**GROUP, **B})),
    (
        "2.4.3 | 4.2.2.2",
        "a display in two languages",
        with_(verb={"id": "https://v.example", "display": {"en-GB": "did", "zh-Hant-TW": "做"}}),
    ),
    ("2.4.4 | 4.2.2.3", "an agent as object", with_(object={"objectType": "Agent", **A})),
    ("2.4.4 | 4.2.2.3", "a group as object", with_(object=GROUP)),
    ("2.4.4 | 4.2.2.3", "a reference as object", with_(object=REF)),
    ("2.4.4 | 4.2.2.3", "a statement in the statement", with_(object=SUB)),
    ("2.4.4 | 4.2.2.3", "a reference in a sub-statement", with_(object={**SUB, "object": REF})),
    *[
        ("2.4.4.1 | 4.2.2.3", f"interaction {kind}", activity(interactionType=kind))
        for kind in (
            "true-false",
            "fill-in",
            "long-fill-in",
            "numeric",
            "other",
            "likert",
            "matching",
            "performance",
            "sequencing",
        )
    ],
    ("2.4.4.1 | 4.2.2.3", "a choice", activity(**CHOICE)),
    (
        "2.4.4.1 | 4.2.2.3",
        "a match",
        activity(interactionType="matching", source=[{"id": "a"}], target=[{"id": "a"}]),
    ),
    (
        "2.4.5 | 4.2.2.4",
        "a whole result",
        with_(
            result={
                "score": {"scaled": -1, "raw": 0.0, "min": -5, "max": 5},
                "success": False,
                "completion": True,
                "response": "",
                "duration": "P3Y6M4DT12H30M5.25S",
            }
        ),
    ),
    ("2.4.5 | 4.2.2.4", "a duration in weeks", with_(result={"duration": "P4W"})),
    (
        "2.4.6 | 4.2.2.5",
        "a whole context",
        with_(
            context={
                "registration": UUID,
                "instructor": A,
                "team": GROUP,
                "revision": "1",
                "platform": "p",
                "language": "de-CH-1996",
                "statement": REF,
            }
        ),
    ),
    (
        "2.4.6.2 | 4.2.2.5",
        "a single context activity",
        with_(context={"contextActivities": {"parent": ACTIVITY}}),
    ),
    ("2.4.7 | 4.2.7", "a future moment", with_(timestamp="2999-12-31T23:59:59.999999999Z")),
    *[
        ("4.5 | 4.2.7", f"the moment {text}", with_(timestamp=text))
        for text in (
            "2026-11-23T09:30:00+00:00",
            "2026-11-23T09:30:00.1+05:30",
            "2026-11-23T09:30:00+0530",
            "2026-11-23T09:30:00-11",
            "2026-11-23 09:30:00Z",
            "2024-02-29T00:00:00Z",
            "2016-12-31T23:59:60Z",
        )
    ],
    ("2.4.8 | 4.2.4.2", "a stored time that is replaced", with_(stored="2026-11-23T09:30:00Z")),
    ("2.4.9 | 4.2.4.2", "an authority that is replaced", with_(authority=A)),
    *[
        ("2.4.10 | 4.2.4.3", f"the version {text}", with_(version=text))
        for text in ("1.0", "1.0.0", "1.0.3", "1.0.99")
    ],
    ("2.4.11 | 4.2.2.6", "an attachment by address", with_(attachments=[ATTACHMENT])),
    ("2.3.2 | 4.2.5", "voiding", with_(verb=VOIDED, object=REF)),
    (
        "4.2 | 4.2.7",
        "extensions of every kind",
        with_(
            context={"extensions": {"https://e.example": [1, "x", {}, True, 1e-7], "urn:x:y": ""}}
        ),
    ),
]

INVALID: list[tuple[str, str, str, str]] = [
    *[("2.2 | 4.2.1", f"no {name}", without(name), f"$.{name}") for name in BASE],
    ("2.2 | 4.2.1", "a property in another case", with_(Result={}), "$.Result"),
    (
        "2.2 | 4.2.1",
        "a property twice",
        with_().replace('"verb"', '"verb": {"id": "https://x.example"}, "verb"'),
        "$.verb",
    ),
    (
        "2.2 | 4.2.1",
        "a property twice deep inside",
        activity(name={"en": "x"}).replace('"en"', '"en": "y", "en"'),
        "$.object.definition.name.en",
    ),
    *[
        ("2.2 | 4.2.1", f"null as {name}", with_(**{name: None}), f"$.{name}")
        for name in ("actor", "verb", "object", "result", "context", "timestamp", "id", "version")
    ],
    ("2.2 | 4.2.1", "null in a definition", activity(name=None), "$.object.definition.name"),
    ("2.4.1 | 4.2.4.2", "an id that is no UUID", with_(id="1"), "$.id"),
    ("2.4.2.3 | 4.2.2.1", "two identifiers", with_(actor={**A, **B}), "$.actor"),
    ("2.4.2.3 | 4.2.2.1", "no identifier", with_(actor={"name": "x"}), "$.actor"),
    (
        "2.4.2.2 | 4.2.2.1",
        "a group of nobody",
        with_(actor={"objectType": "Group", "member": []}),
        "$.actor.member",
    ),
    (
        "2.4.2.2 | 4.2.2.1",
        "a group in a group",
        with_(actor={"objectType": "Group", "member": [GROUP]}),
        "$.actor.member[0].objectType",
    ),
    (
        "2.4.2.1 | 4.2.2.1",
        "members of an agent",
        with_(actor={**A, "member": [A]}),
        "$.actor.member",
    ),
    (
        "2.4.2.3 | 4.2.2.1",
        "an address without mailto",
        with_(actor={"mbox": "a@example.org"}),
        "$.actor.mbox",
    ),
    (
        "2.4.2.4 | 4.2.2.1",
        "an account without a name",
        with_(actor={"account": {"homePage": "https://h.example"}}),
        "$.actor.account.name",
    ),
    ("2.4.3 | 4.2.2.2", "a verb that is no IRI", with_(verb={"id": "did"}), "$.verb.id"),
    (
        "2.4.3 | 4.2.2.2",
        "a display that is no map",
        with_(verb={"id": "https://v.example", "display": "did"}),
        "$.verb.display",
    ),
    (
        "2.4.4 | 4.2.2.3",
        "an object of an unknown kind",
        with_(object={"objectType": "Thing", **ACTIVITY}),
        "$.object.objectType",
    ),
    (
        "2.4.4.3 | 4.2.2.3",
        "a sub-statement in a sub-statement",
        with_(object={**SUB, "object": SUB}),
        "$.object.object.objectType",
    ),
    *[
        (
            "2.4.4.3 | 4.2.2.3",
            f"a sub-statement with {name}",
            with_(object={**SUB, name: value}),
            f"$.object.{name}",
        )
        for name, value in (
            ("id", UUID),
            ("stored", "2026-11-23T09:30:00Z"),
            ("version", "1.0.3"),
            ("authority", A),
        )
    ],
    (
        "2.4.4.3 | 4.2.2.3",
        "a reference that says more",
        with_(object={**REF, "name": "x"}),
        "$.object.name",
    ),
    (
        "2.4.4.1 | 4.2.2.3",
        "choices of a numeric",
        activity(interactionType="numeric", choices=[]),
        "$.object.definition.choices",
    ),
    (
        "2.4.4.1 | 4.2.2.3",
        "choices without a type",
        activity(choices=[]),
        "$.object.definition.choices",
    ),
    (
        "2.4.4.1 | 4.2.2.3",
        "a component twice",
        activity(interactionType="likert", scale=[{"id": "1"}, {"id": "1"}]),
        "$.object.definition.scale[1].id",
    ),
    (
        "2.4.4.1 | 4.2.2.3",
        "a pattern that is no text",
        activity(interactionType="numeric", correctResponsesPattern=[1]),
        "$.object.definition.correctResponsesPattern[0]",
    ),
    (
        "2.4.5.1 | 4.2.2.4",
        "a scaled score beyond one by the last digit",
        with_(result={"score": {"scaled": 1}}).replace(
            '"scaled": 1', '"scaled": 1.00000000000000000001'
        ),
        "$.result.score.scaled",
    ),
    (
        "2.4.5.1 | 4.2.2.4",
        "a raw score below the least",
        with_(result={"score": {"raw": 1, "min": 2}}),
        "$.result.score.raw",
    ),
    (
        "2.4.5.1 | 4.2.2.4",
        "a score that is a text",
        with_(result={"score": {"raw": "1"}}),
        "$.result.score.raw",
    ),
    ("2.4.5 | 4.2.2.4", "success as a number", with_(result={"success": 1}), "$.result.success"),
    *[
        (
            "4.6 | 4.2.7",
            f"the duration {text}",
            with_(result={"duration": text}),
            "$.result.duration",
        )
        for text in ("P", "PT", "1H", "P1H", "PT1.5H30M", "P1Y1W", "-PT1S", "PT1S ")
    ],
    (
        "2.4.6 | 4.2.2.5",
        "a team that is an agent",
        with_(context={"team": A}),
        "$.context.team.objectType",
    ),
    *[
        (
            "2.4.6 | 4.2.2.5",
            f"{name} without an activity",
            with_(object=REF, context={name: "x"}),
            f"$.context.{name}",
        )
        for name in ("revision", "platform")
    ],
    (
        "2.4.6.2 | 4.2.2.5",
        "a context activity of an unknown kind",
        with_(context={"contextActivities": {"above": []}}),
        "$.context.contextActivities.above",
    ),
    (
        "2.4.6.2 | 4.2.2.5",
        "an agent as context activity",
        with_(context={"contextActivities": {"parent": [{"objectType": "Agent", **A}]}}),
        "$.context.contextActivities.parent[0]",
    ),
    (
        "2.4.6.3 | 4.2.2.5",
        "a reference without its kind",
        with_(context={"statement": {"id": UUID}}),
        "$.context.statement.objectType",
    ),
    *[
        ("4.5 | 4.2.7", f"the moment {text}", with_(timestamp=text), "$.timestamp")
        for text in (
            "2026-11-23",
            "2026-11-23T09:30:00",
            "2026-11-23T09:30:00-00:00",
            "2026-11-23T09:30:00-0000",
            "2026-11-23T09:30:00-00",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-23T25:00:00Z",
            "２026-11-23T09:30:00Z",
            "yesterday",
        )
    ],
    *[
        ("2.4.10 | 4.2.4.3", f"the version {text}", with_(version=text), "$.version")
        for text in ("0.9.9", "1.1.0", "1", "1.0.x", "")
    ],
    *[
        (
            "2.4.11 | 4.2.2.6",
            f"an attachment without {name}",
            with_(attachments=[{key: value for key, value in ATTACHMENT.items() if key != name}]),
            f"$.attachments[0].{name}",
        )
        for name in ("usageType", "display", "contentType", "length", "sha2")
    ],
    (
        "2.4.11 | 4.2.2.6",
        "a length that is no whole number",
        with_(attachments=[{**ATTACHMENT, "length": 1.5}]),
        "$.attachments[0].length",
    ),
    ("2.3.2 | 4.2.5", "voiding an activity", with_(verb=VOIDED), "$.object"),
    *[
        (
            "4.1 | 4.2.7",
            f"the extension {key!r}",
            with_(context={"extensions": {key: 1}}),
            f"$.context.extensions['{key}']",
        )
        for key in ("key", "", "a b:c")
    ],
    *[
        (
            "4.2 | 4.2.7",
            f"the language {tag!r}",
            with_(verb={"id": "https://v.example", "display": {tag: "x"}}),
            "$.verb.display",
        )
        for tag in ("en_GB", "", "e", "englishlanguage")
    ],
    *[
        ("4 | 4.2.7", f"the IRI {iri!r}", with_(object={"id": iri}), "$.object.id")
        for iri in (
            "",
            "o",
            "//o.example",
            "https://o.example/ x",
            "https://o.example/%zz",
            "https://o.example/<x>",
            "http://[bad",
            "http://[bad]/x",
            "https://o.example/a#b#c",
            "urn:",
        )
    ],
]


def read(version: str, raw: str) -> Incoming:
    (one,) = READERS[version].statements(raw.encode(), AUTHORITY)
    return one


@pytest.mark.parametrize("version", READERS)
@pytest.mark.parametrize(
    ("section", "what", "raw"), VALID, ids=[f"{section} {what}" for section, what, _ in VALID]
)
def test_what_the_standard_allows_is_taken_and_kept(
    version: str, section: str, what: str, raw: str
) -> None:
    sent, kept = json.loads(raw), json.loads(read(version, raw).payload)
    for name in ("stored", "authority"):
        sent.pop(name, None)
    parents = sent.get("context", {}).get("contextActivities", {})
    if isinstance(parents.get("parent"), dict):
        parents["parent"] = [parents["parent"]]
    assert {name: kept[name] for name in sent} == sent
    assert {"id", "version", "authority"} <= set(kept)
    again = copy.deepcopy(kept)
    assert again["version"] == sent.get("version", "1.0.0" if version == "1.0.3" else "2.0.0")


@pytest.mark.parametrize("version", READERS)
@pytest.mark.parametrize(
    ("section", "what", "raw", "place"),
    INVALID,
    ids=[f"{section} {what}" for section, what, *_ in INVALID],
)
def test_what_the_standard_forbids_is_refused_with_its_place(
    version: str, section: str, what: str, raw: str, place: str
) -> None:
    for body in (raw, f"[{with_()}, {raw}]"):
        with pytest.raises(StatementInvalid) as refused:
            READERS[version].statements(body.encode(), AUTHORITY)
        assert refused.value.path.startswith(place), refused.value.path
        assert refused.value.where["index"] == (1 if body.startswith("[") else 0)


CONTEXT_AGENTS = {
    "contextAgents": [
        {"objectType": "contextAgent", "agent": A, "relevantTypes": ["https://t.example"]}
    ]
}
CONTEXT_GROUPS = {"contextGroups": [{"objectType": "contextGroup", "group": GROUP}]}


@pytest.mark.parametrize("context", [CONTEXT_AGENTS, CONTEXT_GROUPS])
def test_context_agents_and_groups_are_of_2_0_alone(context: dict[str, Any]) -> None:
    """IEEE 9274.1.1, 4.2.2.5; also inside a sub-statement."""
    for raw in (with_(context=context), with_(object={**SUB, "context": context})):
        assert read("2.0.0", raw)
        with pytest.raises(StatementInvalid, match="is not a property here"):
            read("1.0.3", raw)
    assert read("2.0.0", with_(version="2.0.0"))
    with pytest.raises(StatementInvalid):
        read("1.0.3", with_(version="2.0.0"))


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"agent": A}, "objectType"),
        ({"objectType": "contextAgent"}, "agent"),
        ({"objectType": "contextAgent", "agent": GROUP}, "agent"),
        ({"objectType": "contextAgent", "agent": A, "relevantTypes": []}, "relevantTypes"),
        ({"objectType": "contextAgent", "agent": A, "relevantTypes": ["type"]}, "relevantTypes[0]"),
        ({"objectType": "contextAgent", "agent": A, "more": 1}, "more"),
    ],
)
def test_context_agents_have_their_shape(entry: dict[str, Any], place: str) -> None:
    with pytest.raises(StatementInvalid) as refused:
        read("2.0.0", with_(context={"contextAgents": [entry]}))
    assert refused.value.path == f"$.context.contextAgents[0].{place}"
