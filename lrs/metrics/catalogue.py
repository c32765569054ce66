"""The readable list of metrics: what each is, means and does not mean. Docs and the API's catalogue come from it."""

from __future__ import annotations

from dataclasses import dataclass

from lrs.metrics.definitions import selects
from lrs.vocabulary import INTERVALS


@dataclass(frozen=True)
class Metric:
    """One metric. ``parts`` are (key, label) pairs in the order in which they are shown; one empty key where there are none."""

    key: str
    version: int
    label: str
    unit: str
    leading: bool
    meaning: str
    not_meaning: str
    formula: str
    verbs: tuple[str, ...]
    source: str
    owner: str
    update_frequency: str
    count: selects.Counting
    parts: tuple[tuple[str, str], ...] = (("", "All"),)


CATALOGUE = (
    Metric(
        key="retention_observed",
        version=1,
        label="Retention",
        unit="share of answers",
        leading=True,
        meaning="Of the questions people answered for the first time in a scheduled check, the share they got right, by time since certification.",
        not_meaning="Not what people who did not answer would have known; and the answers of one person hang together, so the true interval is wider.",
        formula="right first answers / first answers to check items, in the window of the interval; Wilson 95 % interval",
        verbs=("answered", "certified"),
        source="Wilson 1927; Brown, Cai & DasGupta 2001",
        owner="training manager",
        update_frequency="within seconds of a statement",
        count=selects.recall_by_interval,
        parts=tuple((interval.key, interval.label) for interval in INTERVALS),
    ),
    Metric(
        key="transfer_rate",
        version=1,
        label="Transfer (self-reported)",
        unit="share of certified people",
        leading=False,
        meaning="Of all people certified, the share who reported using the skill at work within 90 days.",
        not_meaning="Not verified: learners report it themselves until someone else confirms it. Those certified lately still have time.",
        formula="certified episodes with at least one use on the job within 90 days / all certified episodes; Wilson 95 % interval",
        verbs=("applied", "certified"),
        source="Baldwin & Ford 1988",
        owner="training manager",
        update_frequency="within seconds of a statement",
        count=selects.used_of_certified,
    ),
    Metric(
        key="adoption_due",
        version=1,
        label="Adoption",
        unit="share of checks due",
        leading=True,
        meaning="Of all refresher checks that have come due so far, the share that was finished.",
        not_meaning="Not how well people did in them.",
        formula="scheduled checks that were finished / scheduled checks due by now; Wilson 95 % interval",
        verbs=("scheduled", "passed", "failed", "completed"),
        source="participation = answered / available",
        owner="training manager",
        update_frequency="within seconds of a statement, and when a date passes",
        count=selects.done_of_due,
    ),
)

BY_KEY = {metric.key: metric for metric in CATALOGUE}
