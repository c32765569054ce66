"""What a programme asks of people, in minutes, and which refreshers still fit a week."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from carryover.sample_programme import sample_document
from lti_tool.checks import attention
from lti_tool.checks.attention_store import AskedInWeek
from lti_tool.programmes import programmes, workload
from lti_tool.tables.checks import AttemptKind

SAMPLE = programmes.parse_programme(sample_document())


def test_the_time_of_a_programme_adds_up() -> None:
    asked = workload.estimate_workload(SAMPLE)
    baseline = sum(item.pool == "baseline" for item in SAMPLE.items)
    refreshers = workload.count_refreshers(SAMPLE)
    # Five checks of five questions; exercise 30, plan 15, case study 30, two questions 2.
    assert asked.learner == baseline + 25 + 2 * refreshers + 77
    # Two answers of five minutes, the follow-up's two; ten to watch where there is a rubric.
    assert asked.leader == 12 + (10 if SAMPLE.rubric else 0)


@pytest.mark.parametrize(("rhythm", "least", "most"), [("weekly", 18, 26), ("monthly", 3, 5)])
def test_a_rhythm_asks_for_so_many_refreshers_in_six_months(
    rhythm: str, least: int, most: int
) -> None:
    programme = msgspec.structs.replace(SAMPLE, rhythm=rhythm)
    assert least <= workload.count_refreshers(programme) <= most


def test_without_a_rhythm_or_questions_for_practice_there_are_no_refreshers() -> None:
    assert workload.count_refreshers(msgspec.structs.replace(SAMPLE, rhythm="none")) == 0
    checks = [item for item in SAMPLE.items if item.pool == "check"]
    assert workload.count_refreshers(msgspec.structs.replace(SAMPLE, items=checks)) == 0


def test_refreshers_give_way_first_then_those_after_a_lapse() -> None:
    def fits(
        kind: AttemptKind, checks: int = 0, begun: dict[str, int] | None = None, lapses: int = 0
    ) -> bool:
        asked = AskedInWeek(checks, Counter(begun or {}), lapses)
        return attention.fits_week(kind, asked, 10)

    rhythm, lapse = AttemptKind.REINFORCEMENT, AttemptKind.REMEDIATION
    assert fits(rhythm) and fits(lapse)
    assert fits(rhythm, checks=1, begun={rhythm: 1}) and not fits(rhythm, 1, {rhythm: 2})
    assert fits(lapse, checks=1, begun={rhythm: 2}), "a refresher of the rhythm gives way first"
    assert fits(rhythm, checks=1, lapses=1) and not fits(rhythm, checks=1, lapses=2)
    assert not fits(rhythm, checks=2) and not fits(lapse, checks=2)
