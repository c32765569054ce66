"""What the standard forbids is refused with its place; what it allows is taken (xAPI-Data 2 and 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lrs.xapi import validation
from lrs.xapi.errors import StatementInvalid

Make = Callable[..., dict[str, Any]]
ID = "3f1c8a52-9d5e-4f3c-8a68-0f5e9ec1a001"
AGENT = {"mbox": "mailto:a@example.org"}
ACTIVITY = {"id": "https://example.org/a"}
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"actor": None}, "$.actor"),
    ({"verb": None}, "$.verb"),
    ({"object": None}, "$.object"),
    ({"surplus": 1}, "$.surplus"),
    ({"id": "not-a-uuid"}, "$.id"),
    ({"actor": {}}, "$.actor"),
    ({"actor": {"mbox": "a@example.org"}}, "$.actor.mbox"),
    ({"actor": {"mbox": None}}, "$.actor.mbox"),
    ({"actor": {**AGENT, "openid": "https://a.example"}}, "$.actor"),
    ({"actor": {"mbox_sha1sum": "12"}}, "$.actor.mbox_sha1sum"),
    ({"actor": {"account": {"name": "x"}}}, "$.actor.account.homePage"),
    ({"actor": {"account": {"homePage": "nowhere", "name": "x"}}}, "$.actor.account.homePage"),
    ({"actor": {"objectType": "Person", **AGENT}}, "$.actor.objectType"),
    ({"actor": {"objectType": "Group"}}, "$.actor.member"),
    (
        {"actor": {"objectType": "Group", "member": [{"objectType": "Group", **AGENT}]}},
        "$.actor.member[0].objectType",
    ),
    ({"actor": {**AGENT, "member": []}}, "$.actor.member"),
    ({"verb": {}}, "$.verb.id"),
    ({"verb": {"id": "answered"}}, "$.verb.id"),
    ({"verb": {"id": "https://v.example", "display": {"not a tag": "x"}}}, "$.verb.display"),
    ({"verb": {"id": "https://v.example", "display": {"en": 1}}}, "$.verb.display['en']"),
    ({"object": {"id": "relative"}}, "$.object.id"),
    ({"object": {"objectType": "activity", "id": "https://a.example"}}, "$.object.objectType"),
    ({"object": {"objectType": "StatementRef"}}, "$.object.id"),
    ({"object": {**ACTIVITY, "definition": {"type": "x"}}}, "$.object.definition.type"),
    ({"object": {**ACTIVITY, "definition": {"choices": []}}}, "$.object.definition.choices"),
    (
        {"object": {**ACTIVITY, "definition": {"interactionType": "guess"}}},
        "$.object.definition.interactionType",
    ),
    (
        {
            "object": {
                **ACTIVITY,
                "definition": {"interactionType": "choice", "choices": [{"id": "a"}, {"id": "a"}]},
            }
        },
        "$.object.definition.choices[1].id",
    ),
    (
        {"object": {**ACTIVITY, "definition": {"interactionType": "numeric", "steps": []}}},
        "$.object.definition.steps",
    ),
    (
        {"object": {**ACTIVITY, "definition": {"extensions": {"key": 1}}}},
        "$.object.definition.extensions['key']",
    ),
    ({"result": {"success": "yes"}}, "$.result.success"),
    ({"result": {"score": {"scaled": 1.01}}}, "$.result.score.scaled"),
    ({"result": {"score": {"scaled": True}}}, "$.result.score.scaled"),
    ({"result": {"score": {"raw": 11, "max": 10}}}, "$.result.score.raw"),
    ({"result": {"score": {"min": 3, "max": 3}}}, "$.result.score.min"),
    ({"result": {"duration": "90 s"}}, "$.result.duration"),
    ({"result": {"duration": "P1DT"}}, "$.result.duration"),
    ({"context": {"registration": "x"}}, "$.context.registration"),
    ({"context": {"team": AGENT}}, "$.context.team.objectType"),
    ({"context": {"language": "not a tag"}}, "$.context.language"),
    ({"context": {"contextActivities": {"parents": []}}}, "$.context.contextActivities.parents"),
    (
        {"context": {"contextActivities": {"parent": [{}]}}},
        "$.context.contextActivities.parent[0].id",
    ),
    (
        {"object": AGENT | {"objectType": "Agent"}, "context": {"platform": "x"}},
        "$.context.platform",
    ),
    ({"timestamp": "2026-11-23T10:00:00"}, "$.timestamp"),
    ({"timestamp": "2026-11-23T10:00:00-00:00"}, "$.timestamp"),
    ({"timestamp": "23 November"}, "$.timestamp"),
    ({"timestamp": "2026-02-30T00:00:00Z"}, "$.timestamp"),
    ({"timestamp": "0001-01-01T00:00:00+14:00"}, "$.timestamp"),
    (
        {"object": {**ACTIVITY, "definition": {"interactionType": []}}},
        "$.object.definition.interactionType",
    ),
    ({"version": "0.9"}, "$.version"),
    ({"verb": VOIDED}, "$.object"),
    (
        {
            "object": {
                "objectType": "SubStatement",
                "actor": AGENT,
                "verb": VOIDED,
                "object": ACTIVITY,
                "id": ID,
            }
        },
        "$.object.id",
    ),
    (
        {
            "object": {
                "objectType": "SubStatement",
                "actor": AGENT,
                "verb": VOIDED,
                "object": {
                    "objectType": "SubStatement",
                    "actor": AGENT,
                    "verb": VOIDED,
                    "object": ACTIVITY,
                },
            }
        },
        "$.object.object.objectType",
    ),
    ({"attachments": [{"usageType": "https://u.example"}]}, "$.attachments[0].display"),
    ({"context": {"contextAgents": []}}, "$.context.contextAgents"),
]

TAKEN: list[dict[str, Any]] = [
    {},
    {"id": ID, "timestamp": "2026-11-23T10:00:00.123456789+05:30", "version": "1.0.3"},
    {"timestamp": "2026-11-23T10:00:00Z", "result": {"duration": "P1Y2M3DT4H5M6.789S"}},
    {"actor": {"objectType": "Group", "member": [AGENT]}},
    {"actor": {"objectType": "Group", "account": {"homePage": "https://h.example", "name": "g"}}},
    {"object": {"objectType": "Agent", **AGENT}},
    {"verb": VOIDED, "object": {"objectType": "StatementRef", "id": ID}},
    {"verb": {"id": "https://v.example", "display": {"zh-Hant-TW": "x", "en-GB-oed": "y"}}},
    {
        "result": {
            "score": {"scaled": -1, "raw": 0, "min": 0, "max": 10},
            "extensions": {"https://e.example": None},
        }
    },
    {
        "context": {
            "contextActivities": {"grouping": ACTIVITY, "other": [ACTIVITY]},
            "revision": "2",
        }
    },
    {
        "object": {
            **ACTIVITY,
            "definition": {
                "interactionType": "matching",
                "source": [{"id": "a"}],
                "target": [{"id": "a"}],
            },
        }
    },
]


@pytest.mark.parametrize(
    ("changes", "path"), REFUSED, ids=[path + f" ({n})" for n, (_, path) in enumerate(REFUSED)]
)
def test_a_statement_that_breaks_a_rule_is_refused_with_its_place(
    statement: Make, changes: dict[str, Any], path: str
) -> None:
    value = {**statement(), **changes}
    for name in [name for name, part in changes.items() if part is None]:
        del value[name]
    with pytest.raises(StatementInvalid) as refused:
        validation.validate_statement(value, family_2_0=False)
    assert refused.value.path == path
    assert refused.value.reason.endswith(".")


@pytest.mark.parametrize("changes", TAKEN)
def test_a_statement_that_keeps_the_rules_is_taken_unchanged(
    statement: Make, changes: dict[str, Any]
) -> None:
    value = statement(**changes)
    before = repr(value)
    assert validation.validate_statement(value, family_2_0=False) is value
    assert repr(value) == before


def test_null_is_refused_everywhere_but_in_extensions(statement: Make) -> None:
    with pytest.raises(StatementInvalid, match="null"):
        validation.validate_statement(
            {**statement(), "result": {"response": None}}, family_2_0=False
        )
    validation.validate_statement(
        statement(context={"extensions": {"https://e.example/x": None}}), family_2_0=False
    )


def test_context_agents_belong_to_2_0_alone(statement: Make) -> None:
    value = statement(
        context={
            "contextAgents": [
                {
                    "objectType": "contextAgent",
                    "agent": AGENT,
                    "relevantTypes": ["https://t.example"],
                }
            ]
        }
    )
    validation.validate_statement(value, family_2_0=True)
    with pytest.raises(StatementInvalid):
        validation.validate_statement(value, family_2_0=False)
    with pytest.raises(StatementInvalid) as refused:
        validation.validate_statement(
            statement(context={"contextGroups": [{"objectType": "contextGroup", "group": AGENT}]}),
            family_2_0=True,
        )
    assert refused.value.path == "$.context.contextGroups[0].group"
