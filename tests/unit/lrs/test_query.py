"""The parameters of GET /statements (xAPI-Communication 2.1.3)."""

from __future__ import annotations

import json
import uuid

import pytest

from core.errors import BadInput
from lrs.xapi import statement_query
from lrs.xapi.statement_query import StatementQuery

AGENT = {"account": {"homePage": "https://h.example", "name": "n"}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Verb", "https://v.example"),
        ("verb", "answered"),
        ("agent", "{"),
        ("agent", '{"name":"nobody"}'),
        ("agent", '{"objectType":"Group","member":[{"mbox":"mailto:a@example.org"}]}'),
        ("activity", "x"),
        ("registration", "1"),
        ("since", "yesterday"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("ascending", "yes"),
        ("format", "pretty"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadInput) as refused:
        statement_query.parse_statement_query({name: value})
    assert refused.value.where["parameter"] == name


def test_a_query_survives_its_more_link() -> None:
    asked = statement_query.parse_statement_query(
        {
            "agent": json.dumps(AGENT),
            "since": "2026-01-01T00:00:00+02:00",
            "registration": str(uuid.uuid4()),
            "ascending": "true",
            "limit": "3",
        }
    )
    assert StatementQuery.from_json(json.loads(json.dumps(asked.to_json()))) == asked


def test_a_statement_that_only_shares_the_hash_is_left_out() -> None:
    statement = {
        "actor": AGENT,
        "verb": {"id": "https://v.example"},
        "object": {"id": "https://o.example"},
    }
    assert statement_query.parse_statement_query(
        {"agent": json.dumps(AGENT), "verb": "https://v.example", "activity": "https://o.example"}
    ).matches_statement(statement)
    assert not statement_query.parse_statement_query(
        {"verb": "https://other.example"}
    ).matches_statement(statement)
    assert not statement_query.parse_statement_query(
        {"agent": '{"mbox":"mailto:a@example.org"}'}
    ).matches_statement(statement)
    assert not statement_query.parse_statement_query(
        {"activity": "https://v.example", "related_activities": "true"}
    ).matches_statement(statement)
