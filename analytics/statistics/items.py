"""Item analysis: is a question too easy, does it discriminate between people who know and
people who do not, and which distractors work."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean, pvariance

MIN_ANSWERS_TO_SHOW, MIN_ANSWERS_TO_ACT = (
    30,
    100,
)  # answers: below the first, an item is not judged; below the second, a flag is only a first sign
TOO_HARD, TOO_EASY = 0.2, 0.95
WEAK_DISCRIMINATION, WRONG_KEY_DISCRIMINATION = 0.15, 0.0  # corrected point-biserial
KELLEY_SHARE = 0.27  # share of people in the upper and the lower group (Kelley 1939)
USELESS_SHARE = 0.05  # a distractor chosen by a smaller share is useless


@dataclass(frozen=True)
class ItemAnswer:
    """One person's first answer to one item: the person, whether it was right, the keys chosen
    (None if they are not stored), and how long it took."""

    person: int
    item: str
    right: bool
    response: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class ItemAnalysis:
    """The figures of one item. ``difficulty``: share right. ``discrimination``: correlation
    with the score on the same person's other items. ``upper_lower``: share right in the upper
    27 % minus that in the lower. None if it cannot be computed."""

    item: str
    answers: int
    right: int
    difficulty: float
    discrimination: float | None
    upper_lower: float | None
    seconds: float | None
    responses: list[tuple[str, int]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)


def analyse_items(answers: Sequence[ItemAnswer]) -> list[ItemAnalysis]:
    """Analyse each item of a set of first answers, sorted by item. The score on the other items
    is a share, because people answered different items."""
    by_person: dict[int, list[ItemAnswer]] = defaultdict(list)
    by_item: dict[str, list[ItemAnswer]] = defaultdict(list)
    for answer in answers:
        by_person[answer.person].append(answer)
        by_item[answer.item].append(answer)
    right = {person: sum(a.right for a in related) for person, related in by_person.items()}
    return [
        _analyse_item(item, related, by_person, right) for item, related in sorted(by_item.items())
    ]


def _analyse_item(
    item: str,
    related: list[ItemAnswer],
    by_person: dict[int, list[ItemAnswer]],
    right: dict[int, int],
) -> ItemAnalysis:
    n, k = len(related), sum(a.right for a in related)
    rest = [
        ((right[a.person] - a.right) / (len(by_person[a.person]) - 1), a.right)
        for a in related
        if len(by_person[a.person]) > 1
    ]
    took = sorted(a.seconds for a in related if a.seconds is not None)
    responses = Counter(a.response for a in related if a.response)
    discrimination, difficulty = _point_biserial(rest), k / n
    return ItemAnalysis(
        item,
        n,
        k,
        difficulty,
        discrimination,
        _upper_lower(rest),
        took[len(took) // 2] if took else None,
        responses.most_common(),
        _item_flags(n, difficulty, discrimination),
    )


def _point_biserial(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """Pearson's r of a score with right or wrong: the point-biserial correlation."""
    if len(pairs) < 3:
        return None
    scores, outcomes = [p[0] for p in pairs], [float(p[1]) for p in pairs]
    spread = sqrt(pvariance(scores) * pvariance(outcomes))
    if spread < 1e-12:
        return None
    means = fmean(scores), fmean(outcomes)
    return (
        fmean((s - means[0]) * (o - means[1]) for s, o in zip(scores, outcomes, strict=True))
        / spread
    )


def _upper_lower(pairs: Sequence[tuple[float, bool]]) -> float | None:
    size = round(len(pairs) * KELLEY_SHARE)
    if size < 2:
        return None
    ordered = sorted(pairs, key=lambda pair: pair[0])
    return fmean(p[1] for p in ordered[-size:]) - fmean(p[1] for p in ordered[:size])


def _item_flags(n: int, difficulty: float, discrimination: float | None) -> list[str]:
    if n < MIN_ANSWERS_TO_SHOW:
        return [f"fewer than {MIN_ANSWERS_TO_SHOW} answers: too few to judge it"]
    result = []
    if difficulty < TOO_HARD:
        result.append("nearly everybody misses it")
    if difficulty > TOO_EASY:
        result.append("nearly everybody knows it")
    if discrimination is not None and discrimination < WRONG_KEY_DISCRIMINATION:
        result.append("those who know more miss it: look whether the right answer is marked right")
    elif discrimination is not None and discrimination < WEAK_DISCRIMINATION:
        result.append("it hardly tells who knows from who does not")
    if result and n < MIN_ANSWERS_TO_ACT:
        result.append(f"a first sign: act on it from {MIN_ANSWERS_TO_ACT} answers on")
    return result
