"""The practice cohort: the same people at every start, plausible, and acceptable to the record
store.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

from carryover.sample_programme import cohort, sample_document
from lrs.vocabulary import VERBS
from lrs.xapi.statement_parser import Authority, StatementParser

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_24_people_from_a_day_to_six_months_ago() -> None:
    made = list(cohort.cohort_statements(uuid.UUID(int=1), "1", sample_document(), NOW))
    assert made == list(cohort.cohort_statements(uuid.UUID(int=1), "1", sample_document(), NOW))
    assert len({one.id for one in made}) == len(made)
    values = [json.loads(one.payload) for one in made]
    verbs = Counter(value["verb"]["id"] for value in values)
    assert verbs[VERBS["certified"].id] == cohort.COHORT_SIZE
    assert verbs[VERBS["answered"].id] > 100
    ages = sorted(
        NOW - datetime.fromisoformat(value["timestamp"])
        for value in values
        if value["verb"]["id"] == VERBS["certified"].id
    )
    assert timedelta(days=1) <= ages[0] <= timedelta(days=2)
    assert timedelta(days=170) <= ages[-1] <= timedelta(days=190)
    assert all(datetime.fromisoformat(value["timestamp"]) <= NOW for value in values)
    StatementParser(family_2_0=False).statements(
        b"[" + b",".join(one.payload for one in made) + b"]",
        Authority.from_json(b'{"mbox":"mailto:a@example.org"}'),
    )
