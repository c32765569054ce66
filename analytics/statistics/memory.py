"""How knowledge fades: the cohort's curve, its half-life, and whether a memory model predicts
our people well enough to be shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import log, sqrt
from random import Random

import numpy as np
from fsrs import Card, Rating, Scheduler
from scipy.optimize import least_squares

DECAY = 0.1542  # w20 of FSRS-6's default weights
FACTOR = 0.9 ** (-1 / DECAY) - 1  # so that R(S, S) = 0.9
DRAWS, SEED = 300, 7_274  # for the bootstrap over people; the seed is arbitrary
MIN_INTERVALS, MIN_PEOPLE = 3, 20
BINS = 10
# At most this many people, sampled with the seed, are used to score a model: with 2,000 the log
# loss is known to a thousandth, and a million answers take minutes.
MAX_PEOPLE_SCORED = 2_000
_SCHEDULER = Scheduler(
    learning_steps=(), relearning_steps=(), enable_fuzzing=False, maximum_interval=365
)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def retrievability(days: float, stability: float) -> float:
    """R(t, S) = (1 + F·t/S)^−d, as defined by FSRS-6."""
    return float((1 + FACTOR * days / stability) ** -DECAY)


@dataclass(frozen=True)
class ForgettingCurve:
    """p(t) = a·(1 + F·t/S)^−d with a band for each of ``days``. ``half_life`` in days, None
    outside the observed range. ``area``: the mean of p over the observed time (the area under
    the curve divided by its length), with its interval."""

    start: float
    stability: float
    days: list[float]
    share: list[float]
    low: list[float]
    high: list[float]
    half_life: float | None
    area: tuple[float, float, float]


AnsweredCheck = tuple[int, float, int, int]  # learner, days since certification, right, asked


def fit_forgetting_curve(answers: Sequence[AnsweredCheck]) -> ForgettingCurve | None:
    """The cohort's curve with a bootstrap band over people. None for fewer than twenty people
    or fewer than three distinct intervals."""
    people: dict[int, list[AnsweredCheck]] = defaultdict(list)
    for answer in answers:
        people[answer[0]].append(answer)
    spans = {round(log(max(days, 0.5)) * 2) for _, days, _, _ in answers}
    if len(people) < MIN_PEOPLE or len(spans) < MIN_INTERVALS:
        return None
    days, right, asked = (np.array([item[i] for item in answers], float) for i in (1, 2, 3))
    # Binned by twentieths of the logarithm (5 % of the elapsed time), so that the fit takes as
    # long for a million answers as for a thousand.
    logs, bins = np.unique(np.round(np.log(days) * 20), return_inverse=True)
    middle = np.exp(logs / 20)

    def fit_weighted(
        weights: np.ndarray, start: tuple[float, float] = (0.9, 60.0)
    ) -> tuple[float, float]:
        right_by_bin, of = (np.bincount(bins, weights * part, len(logs)) for part in (right, asked))
        return _fit_curve(middle[of > 0], right_by_bin[of > 0], of[of > 0], start)

    result = fit_weighted(np.ones(len(answers)))
    grid = np.geomspace(max(0.5, days.min()), days.max(), 40)
    random, keys = np.random.default_rng(SEED), np.array(sorted(people))
    places = np.searchsorted(keys, np.array([item[0] for item in answers]))
    drawn = []
    for _ in range(DRAWS):
        counts = np.bincount(random.integers(len(keys), size=len(keys)), minlength=len(keys))
        a, s = fit_weighted(counts[places].astype(float), result)
        drawn.append(a * (1 + FACTOR * grid / s) ** -DECAY)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    areas = np.trapezoid(np.array(drawn), grid, axis=1) / (grid[-1] - grid[0])
    a, s = result
    half = s / FACTOR * (0.5 ** (-1 / DECAY) - 1)
    share = a * (1 + FACTOR * grid / s) ** -DECAY
    inside = float(days.min()) <= half <= float(days.max())
    least, most = np.quantile(areas, (0.025, 0.975))
    area = (float(np.trapezoid(share, grid) / (grid[-1] - grid[0])), float(least), float(most))
    return ForgettingCurve(
        a,
        s,
        list(map(float, grid)),
        list(map(float, share)),
        list(map(float, low)),
        list(map(float, high)),
        half if inside else None,
        area,
    )


def _fit_curve(
    days: np.ndarray, right: np.ndarray, asked: np.ndarray, start: tuple[float, float]
) -> tuple[float, float]:
    """Least squares on shares, weighted by the number of questions; a in (0, 1], S from an hour
    to a thousand years (so that a flat curve is possible)."""
    root = np.sqrt(asked)

    def residuals(x: np.ndarray) -> np.ndarray:
        return np.asarray(
            root * (right / asked - x[0] * (1 + FACTOR * days / np.exp(x[1])) ** -DECAY)
        )

    bounds = ([1e-3, log(1 / 24)], [1.0, log(365_000.0)])
    result = least_squares(
        residuals, (min(start[0], 0.999), log(min(max(start[1], 0.05), 364_000.0))), bounds=bounds
    )
    return float(result.x[0]), float(np.exp(result.x[1]))


@dataclass(frozen=True)
class PredictionScore:
    """How well predictions matched the outcomes; smaller is better, except for ``auc``."""

    log_loss: float
    rmse_bins: float
    auc: float | None


@dataclass(frozen=True)
class ModelComparison:
    """The memory model compared with a constant and a power law, on the same answers.
    ``shown``: it beats both, so it may be shown."""

    answers: int
    people: int
    model: PredictionScore
    constant: PredictionScore
    power: PredictionScore

    @property
    def shown(self) -> bool:
        """Only a model with a lower log loss than both baselines may be shown."""
        return self.model.log_loss < min(self.constant.log_loss, self.power.log_loss)


AnswerHistory = tuple[
    int, str, Sequence[tuple[float, bool]]
]  # learner, competency, (days since certification, right) in order


def compare_models(histories: Sequence[AnswerHistory]) -> ModelComparison | None:
    """Compare FSRS with its default weights (binary: wrong is Again, right is Good; the
    certification is the first Good) with two baselines, each fitted on the other half of the
    people. None for fewer than twenty people, or if all answers are right or all wrong.
    """
    everybody = sorted({learner for learner, _, _ in histories})
    if len(everybody) > MAX_PEOPLE_SCORED:
        everybody = Random(SEED).sample(everybody, MAX_PEOPLE_SCORED)  # noqa: S311 - statistical sampling, not security
    judged, rows = set(everybody), list[tuple[int, float, bool, float]]()
    for learner, _, answers in histories:
        if learner not in judged:
            continue
        rows += [
            (learner, days, right, predicted)
            for (days, right), predicted in zip(answers, _predict_fsrs(answers), strict=True)
        ]
    learners = sorted({row[0] for row in rows})
    truth = np.array([row[2] for row in rows], float)
    if len(learners) < MIN_PEOPLE or truth.min(initial=1) == truth.max(initial=0):
        return None
    half = {learner: i % 2 for i, learner in enumerate(learners)}
    side, days = np.array([half[row[0]] for row in rows]), np.array([row[1] for row in rows])
    constant, power = np.empty(len(rows)), np.empty(len(rows))
    for item in (0, 1):
        other = side != item
        constant[side == item] = truth[other].mean()
        a, b = _fit_power_law(days[other], truth[other])
        power[side == item] = a * (1 + days[side == item]) ** -b
    return ModelComparison(
        len(rows),
        len(learners),
        score_predictions(np.array([row[3] for row in rows]), truth),
        score_predictions(constant, truth),
        score_predictions(power, truth),
    )


def _predict_fsrs(answers: Sequence[tuple[float, bool]]) -> list[float]:
    # Pass a card id: without one, the library sleeps for a millisecond to generate it.
    card, _ = _SCHEDULER.review_card(Card(card_id=1), Rating.Good, _EPOCH)
    result = []
    for days, right in answers:
        at = _EPOCH + timedelta(days=days)
        assert card.stability is not None and card.last_review is not None
        result.append(
            retrievability(
                max(0.0, (at - card.last_review).total_seconds() / 86_400), card.stability
            )
        )
        card, _ = _SCHEDULER.review_card(card, Rating.Good if right else Rating.Again, at)
    return result


def _fit_power_law(days: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    result = least_squares(
        lambda x: x[0] * (1 + days) ** -x[1] - truth, (0.9, 0.1), bounds=([1e-3, 0.0], [1.0, 3.0])
    )
    return float(result.x[0]), float(result.x[1])


def score_predictions(predicted: np.ndarray, truth: np.ndarray) -> PredictionScore:
    """Log loss, root mean square distance between means in ten equal-width bins, and the area
    under the ROC curve (None if all outcomes are equal)."""
    p = np.clip(predicted, 1e-6, 1 - 1e-6)
    loss = float(-(truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean())
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    squares = sum(
        ((p[bins == b].mean() - truth[bins == b].mean()) ** 2) * (bins == b).sum()
        for b in range(BINS)
        if (bins == b).any()
    )
    return PredictionScore(loss, sqrt(float(squares) / len(p)), _roc_auc(p, truth))


def _roc_auc(p: np.ndarray, truth: np.ndarray) -> float | None:
    right, wrong = p[truth == 1], p[truth == 0]
    if not len(right) or not len(wrong):
        return None
    # Mann & Whitney's statistic from ranks, with average ranks for ties.
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float(
        (ranks[truth == 1].sum() - len(right) * (len(right) + 1) / 2) / (len(right) * len(wrong))
    )
