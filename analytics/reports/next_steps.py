"""One next step of a metric, chosen by how many people each possible step is for. Its fixed text
in the catalogue (``what_to_do``) is the step where there are no numbers to choose by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from analytics.catalogue import METRICS_BY_KEY, SHARE
from analytics.reports.metric_values import format_value
from analytics.statistics.estimates import NO_ESTIMATE, Estimate
from lrs.vocabulary import INTERVALS, MIN_GROUP_SIZE

# The key of a metric -> part -> its estimate: live, or what is published.
ReadEstimates = Callable[[str], Mapping[str, Estimate]]


@dataclass(frozen=True)
class NextStep:
    """What to do: ``text`` in English; ``kind`` with ``numbers`` for whoever says it in another
    language, empty for the fixed text of a metric. ``people``: so many it would help."""

    text: str
    kind: str = ""
    numbers: Mapping[str, int | str] = field(default_factory=dict)
    people: int = 0


# Kind -> its text, of counts (k of n people) and of the kind of activity (part).
STEP_TEXTS: Mapping[str, str] = {
    "confirm": "Ask reviewers to confirm: of {n} people who reported a use, {k} have it confirmed.",
    "plans": "Ask about their plans: {k} of {n} people reported no use, and did not say that they "
    "had no opportunity.",
    "managers": "Talk to their managers: {k} of {n} people had nothing to use it on.",
    "fall": "Repeat it in between: right answers fall from {was} ({before}) to {now} ({after}).",
    "open": "Ask what keeps people from it: {part}, {k} of {n} done.",
    "look": "Look at the work again: {k} of {n} people were not looked at after 90 days.",
    "reinforce": "Plan reinforcement: {k} of {n} people looked at did not do it any more.",
}


def _step(kind: str, people: float, k: float, n: float, **more: str) -> NextStep:
    numbers: dict[str, int | str] = {**more, "k": int(k), "n": int(n)}
    return NextStep(STEP_TEXTS[kind].format(**numbers), kind, numbers, int(people))


def choose_step(key: str, read: ReadEstimates) -> NextStep:
    """The next step of a metric; without a text for one that is not in the catalogue."""
    if key not in METRICS_BY_KEY:
        return NextStep("")
    steps = _STEPS_OF[key](read) if key in _STEPS_OF else []
    fixed = NextStep(METRICS_BY_KEY[key].what_to_do)
    # What concerns nobody is no step; of equal ones the first, which takes the least effort.
    return max((step for step in steps if step.people), key=lambda step: step.people, default=fixed)


def _transfer_steps(read: ReadEstimates) -> list[NextStep]:
    """Who reported a use and waits for a confirmation, who has had no opportunity, who says
    nothing."""
    by_grade = read("transfer_by_grade")
    reported, confirmed = by_grade.get("1", NO_ESTIMATE), by_grade.get("2", NO_ESTIMATE)
    of = reported.denominator
    if of < MIN_GROUP_SIZE or of != confirmed.denominator:
        return []  # nothing to compare: the parts are of different people
    without = read("no_opportunity").get("", NO_ESTIMATE)
    idle = without.numerator if without.denominator == of else 0
    silent = of - reported.numerator - idle
    waiting = reported.numerator - confirmed.numerator
    return [
        _step("confirm", waiting, confirmed.numerator, reported.numerator),
        _step("plans", silent, silent, of),
        _step("managers", idle, idle, of),
    ]


def _retention_steps(read: ReadEstimates) -> list[NextStep]:
    """Where most is forgotten: from one interval to the next one of which enough people answered.
    A fall concerns as many people as it takes the right answer from."""
    found = read("retention_observed")
    known = [
        (interval.label, found[interval.key])
        for interval in INTERVALS
        if interval.key in found and found[interval.key].learners >= MIN_GROUP_SIZE
    ]
    steps = []
    for (before, was), (after, now) in pairwise(known):
        fall = (was.value or 0.0) - (now.value or 0.0)
        numbers: dict[str, int | str] = {
            "before": before,
            "after": after,
            "was": format_value(was.value, SHARE),
            "now": format_value(now.value, SHARE),
        }
        text = STEP_TEXTS["fall"].format(**numbers)
        steps.append(NextStep(text, "fall", numbers, round(max(0.0, fall) * now.learners)))
    return steps


def _adoption_steps(read: ReadEstimates) -> list[NextStep]:
    """Each kind of activity, by how much of it was not done."""
    found = read("adoption_due")
    steps = []
    for part, label in METRICS_BY_KEY["adoption_due"].parts:
        item = found.get(part, NO_ESTIMATE)
        if part and item.learners >= MIN_GROUP_SIZE:
            left = item.denominator - item.numerator
            steps.append(_step("open", left, item.numerator, item.denominator, part=label))
    return steps


def _sustained_steps(read: ReadEstimates) -> list[NextStep]:
    """Who was not looked at, and who was and did not do it any more."""
    found = read("sustainability")
    looked, everybody = found.get("seen", NO_ESTIMATE), found.get("all", NO_ESTIMATE)
    if everybody.learners < MIN_GROUP_SIZE:
        return []
    unseen = everybody.denominator - looked.denominator
    faded = looked.denominator - looked.numerator
    return [
        _step("look", unseen, unseen, everybody.denominator),
        _step("reinforce", faded, faded, looked.denominator),
    ]


_STEPS_OF: Mapping[str, Callable[[ReadEstimates], list[NextStep]]] = {
    "retention_observed": _retention_steps,
    "transfer_rate": _transfer_steps,
    "adoption_due": _adoption_steps,
    "sustainability": _sustained_steps,
}
