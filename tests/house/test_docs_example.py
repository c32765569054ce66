"""What the docs show can be done as they show it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from analytics.facts import derive_facts
from analytics.facts.statement_view import decode_statement
from core import clock
from lrs.xapi import tolerance
from lrs.xapi.statement_parser import Authority, StatementParser

DOCS = Path(__file__).parents[2] / "docs"


def test_the_episode_of_the_docs_is_taken_and_counts() -> None:
    text = (DOCS / "metrics.md").read_text().partition("```json\n")[2].partition("```")[0]
    incoming = StatementParser(family_2_0=False).statements(
        text.encode(), Authority.from_json(b'{"mbox":"mailto:a@example.org"}')
    )
    facts = derive_facts(
        uuid.uuid4(),
        [
            decode_statement(n, json.dumps(one).encode(), clock.now())
            for n, one in enumerate(json.loads(text))
        ],
    )
    assert len(incoming) == 2
    assert [(row.interval, row.success) for row in facts.recalls] == [("1w", True)]
    assert facts.uncountable == []


def test_the_docs_name_every_rule_of_a_tolerant_credential() -> None:
    page = (DOCS / "xapi.md").read_text()
    for rule, (paragraph, words) in tolerance.RULES.items():
        assert f"| `{rule}` | {paragraph} | {words} |" in page
