"""Did the programme move the business figure? Difference-in-differences, group-time effects,
interrupted time series.

The strength of evidence is part of the answer: A waves in random order, B a comparison group
that did not differ before, C before and after without a comparison, D anything weaker. C and D
never become a headline.
"""

from __future__ import annotations

import importlib
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean
from typing import Any

import numpy as np
import polars
from scipy.stats import t as student

from analytics.statistics.proportions import CONFIDENCE, normal_quantile
from analytics.statistics.regression import detectable_difference, joint_p, least_squares

FEW_CLUSTERS = 30  # below that, p comes from a randomisation test, beside the clustered errors
MIN_PER_SIDE = 2  # units in each arm, periods on each side
# units in each arm, and periods before, for evidence that may become a headline: with fewer, chance
# alone looks like an effect
MIN_FOR_HEADLINE = 4
# an error this small relative to the values is rounding: without variation, the uncertainty of an
# effect is unknown
NEGLIGIBLE_ERROR = 1e-9
DRAWS, SEED = 1_000, 7_274  # for the randomisation test; the seed is arbitrary
PRE_TREND_LEVEL = 0.05
POWER = 0.8
MIN_SERIES_POINTS = 8  # points in an interrupted time series
MAX_UNITS_NAMED = 5  # units listed by name in a message


@dataclass(frozen=True)
class Reading:
    """The value of one unit (person, team or site) in one period. ``treated_from``: the first
    period with the treatment, None for never."""

    unit: str
    period: int
    value: float
    treated_from: int | None


@dataclass(frozen=True)
class Effect:
    """An effect in the unit of the figure, with its 95 % interval; ``grade`` from A to D;
    ``checks``: sentences for the page."""

    method: str
    value: float
    low: float
    high: float
    p: float | None
    grade: str
    treated: int
    controls: int
    pre_trend_p: float | None = None
    placebo: float | None = None
    minimum_detectable: float | None = None
    by_time: list[tuple[int, float, float, float]] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)


def explain_unbalanced(readings: Sequence[Reading]) -> str:
    """Why these readings do not form a balanced panel, in words; empty if every unit has one
    value in every period. Means over unequal periods would mistake a common trend for an
    effect."""
    periods = {r.period for r in readings}
    periods_by_unit: dict[str, set[int]] = defaultdict(set)
    for r in readings:
        periods_by_unit[r.unit].add(r.period)
    gaps = {
        unit: len(periods) - len(own) for unit, own in periods_by_unit.items() if own != periods
    }
    if not gaps:
        return ""
    named = ", ".join(
        f"{unit} ({missing})" for unit, missing in sorted(gaps.items())[:MAX_UNITS_NAMED]
    )
    more = f" and {len(gaps) - MAX_UNITS_NAMED} more" if len(gaps) > MAX_UNITS_NAMED else ""
    return (
        f"{len(gaps)} of {len(periods_by_unit)} have no value for every one of the {len(periods)} "
        f"periods: {named}{more}. Send what is missing, or leave them"
        " out: means over unequal periods would take what moved everybody for an effect."
    )


def _is_usable_error(error: float, values: Iterable[float]) -> bool:
    """Whether an error is usable: it is finite, and larger than rounding."""
    return bool(np.isfinite(error)) and error > NEGLIGIBLE_ERROR * max(
        1.0, *(abs(value) for value in values)
    )


def difference_in_differences(readings: Sequence[Reading]) -> Effect | None:
    """Difference-in-differences with one start: y = unit's mean + period's mean + effect, with
    errors clustered by unit.

    Returns None if an arm has fewer than two units with readings on both sides, or if the
    changes do not vary at all. With fewer than thirty units, p is that of a randomisation test
    over which units are treated. The placebo pretends that the treatment came half way through
    the time before.
    """
    starts = {r.treated_from for r in readings if r.treated_from is not None}
    if len(starts) != 1:
        return None
    (start,) = starts
    both = _with_both_sides(readings, start)
    treated, controls = (
        {r.unit for r in both if (r.treated_from is not None) is arm} for arm in (True, False)
    )
    if min(len(treated), len(controls)) < MIN_PER_SIDE:
        return None
    change = _change_by_unit(both, start)
    value, error, freedom = _welch_difference(change, treated)
    if not _is_usable_error(error, change.values()):
        return None
    half = float(student.ppf(0.5 + CONFIDENCE / 2, freedom)) * error
    p = (
        _randomisation_p(change, treated, value)
        if len(change) < FEW_CLUSTERS
        else float(2 * student.sf(abs(value / error), freedom))
    )
    pre_trend, by_time = _event_study(both, start)
    placebo = _placebo_effect(both, start, treated)
    deviation = float(np.std(list(change.values()), ddof=1))
    checks = [f"{len(treated)} with the treatment, {len(controls)} without"]
    grade = "B"
    if pre_trend is None:
        grade, checks = "C", [*checks, "too few periods before to see whether both moved alike"]
    elif pre_trend < PRE_TREND_LEVEL:
        grade, checks = "C", [*checks, "they moved apart before the treatment already"]
    else:
        checks.append("before the treatment they moved alike, as far as can be seen")
    few = _explain_too_few(
        len(treated), len(controls), len({r.period for r in both if r.period < start})
    )
    if few:
        grade, checks = "C", [*checks, few]
    if len(change) < FEW_CLUSTERS:
        checks.append("few units: the probability is that of a randomisation test")
    detectable = _detectable_effect(len(treated), len(controls)) * deviation
    return Effect(
        "difference-in-differences",
        value,
        value - half,
        value + half,
        p,
        grade,
        len(treated),
        len(controls),
        pre_trend,
        placebo,
        detectable,
        by_time,
        checks,
    )


def _explain_too_few(treated: int, controls: int, before: int) -> str:
    """Why so few units or periods are not evidence for a headline; empty if they are enough."""
    if min(treated, controls) < MIN_FOR_HEADLINE:
        return f"fewer than {MIN_FOR_HEADLINE} on a side: too few to tell an effect from chance"
    return (
        f"fewer than {MIN_FOR_HEADLINE} periods before: too few to see whether both moved alike"
        if before < MIN_FOR_HEADLINE
        else ""
    )


def _with_both_sides(readings: Sequence[Reading], start: int) -> list[Reading]:
    sides: dict[str, set[bool]] = defaultdict(set)
    for r in readings:
        sides[r.unit].add(r.period >= start)
    return [r for r in readings if len(sides[r.unit]) == 2]


def _change_by_unit(readings: Sequence[Reading], start: int) -> dict[str, float]:
    """Unit -> mean after minus mean before."""
    sides: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for r in readings:
        sides[r.unit][r.period >= start].append(r.value)
    return {unit: fmean(after) - fmean(before) for unit, (before, after) in sides.items()}


def _welch_difference(change: dict[str, float], treated: set[str]) -> tuple[float, float, float]:
    """The effect, its error and its degrees of freedom, from the change of each unit by arm,
    with a separate variance for each arm (Welch 1947).

    Using one change per unit is equivalent to clustering the panel's errors by unit (Bertrand,
    Duflo & Mullainathan 2004, collapsing time).
    """
    arms = [
        [value for unit, value in change.items() if (unit in treated) is arm]
        for arm in (True, False)
    ]
    parts = [float(np.var(arm, ddof=1)) / len(arm) for arm in arms]
    squares = sum(part**2 / (len(arm) - 1) for part, arm in zip(parts, arms, strict=True))
    freedom = sum(parts) ** 2 / squares if squares else float(len(change) - 2)
    return fmean(arms[0]) - fmean(arms[1]), sqrt(sum(parts)), freedom


def _randomisation_p(change: dict[str, float], treated: set[str], value: float) -> float:
    random, values = np.random.default_rng(SEED), np.array(list(change.values()))
    extreme = 1
    for _ in range(DRAWS):
        drawn = random.permutation(values)
        extreme += (
            abs(drawn[: len(treated)].mean() - drawn[len(treated) :].mean()) >= abs(value) - 1e-12
        )
    return extreme / (DRAWS + 1)


def _event_study(
    readings: Sequence[Reading], start: int
) -> tuple[float | None, list[tuple[int, float, float, float]]]:
    """The p of the joint test that the leads are 0, and (periods from the start, effect, low,
    high); the last period before the start is the reference."""
    periods = sorted({r.period for r in readings})
    before = [p for p in periods if p < start]
    if len(before) < MIN_PER_SIDE:
        return None, []
    reference = before[-1]
    others = [p for p in periods if p != reference]
    x, y, g = _fixed_effects_design(readings, others)
    fit = least_squares(y, x)
    covariance = fit.clustered_covariance(g)
    first = len(others)
    leads = [first + i for i, p in enumerate(others) if p < start]
    z = normal_quantile(CONFIDENCE)
    # With few units the clustered covariance is rank-deficient, and rounding may leave a
    # variance below 0.
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    by_time = []
    for i, p in enumerate(others):
        value, half = float(fit.params[first + i]), float(z * errors[first + i])
        by_time.append((p - start, value, value - half, value + half))
    p_value = joint_p(fit.params[leads], covariance[np.ix_(leads, leads)])
    return (p_value if np.isfinite(p_value) else None), by_time


def _fixed_effects_design(
    readings: Sequence[Reading], others: Sequence[int]
) -> tuple[Any, Any, Any]:
    """(columns, values, units): a column for each of the periods ``others``, then one for each of
    them where the unit is treated; without each unit's own mean."""
    units = sorted({r.unit for r in readings})
    rows: list[list[float]] = []
    values, groups = [], []
    for (unit, period), r in sorted({(r.unit, r.period): r for r in readings}.items()):
        in_period = [float(period == p) for p in others]
        rows.append(in_period + [float(r.treated_from is not None) * flag for flag in in_period])
        values.append(r.value)
        groups.append(units.index(unit))
    x, y, g = np.array(rows), np.array(values), np.array(groups)
    # Within transformation: subtract the unit's own mean, which is its fixed effect.
    for place in range(len(units)):
        chosen = g == place
        x[chosen] -= x[chosen].mean(axis=0)
        y[chosen] -= y[chosen].mean()
    return x, y, g


def _placebo_effect(readings: Sequence[Reading], start: int, treated: set[str]) -> float | None:
    early = [r for r in readings if r.period < start]
    periods = sorted({r.period for r in early})
    if len(periods) < 2 * MIN_PER_SIDE:
        return None
    pretended = periods[len(periods) // 2]
    change = _change_by_unit(_with_both_sides(early, pretended), pretended)
    arms = treated & change.keys()
    return (
        _welch_difference(change, arms)[0]
        if min(len(arms), len(change.keys() - arms)) >= MIN_PER_SIDE
        else None
    )


def _detectable_effect(treated: int, controls: int) -> float:
    """The smallest effect, in standard deviations, that groups of this size would detect with a
    power of 80 % (Cohen 1988)."""
    return detectable_difference(treated, controls, 1 - CONFIDENCE, POWER)


def group_time_effects(readings: Sequence[Reading], randomised: bool = False) -> Effect | None:
    """Staggered waves: effects of each wave at each time against those not yet treated, then
    averaged by time since the start (Callaway & Sant'Anna 2021). None if there are fewer than
    two waves, or nobody who was treated later or never.
    """
    starts = {r.treated_from for r in readings if r.treated_from is not None}
    never = {r.unit for r in readings if r.treated_from is None}
    if len(starts) < 2:
        return None
    estimated = _estimate_group_time(readings, never)
    if estimated is None:
        return None
    dynamic, whole = estimated
    # The influence functions give an asymptotic error; with few units in a wave it is too
    # small, like a variance divided by n instead of n - 1.
    cohorts = len(starts) + bool(never)
    units = len({r.unit for r in readings})
    size, freedom = max(2.0, units / cohorts), max(1, units - cohorts)
    wider, z = sqrt(size / (size - 1)), float(student.ppf(0.5 + CONFIDENCE / 2, freedom))
    value, error = float(whole.overall_att), wider * float(whole.overall_se)
    if not (np.isfinite(value) and _is_usable_error(error, (r.value for r in readings))):
        return None
    by_time = [
        (int(e), float(a), float(a - z * wider * s), float(a + z * wider * s))
        for e, a, s in zip(
            dynamic.event_times, dynamic.att_by_event, dynamic.se_by_event, strict=True
        )
        if np.isfinite(a) and np.isfinite(s)
    ]
    grade = _grade_waves(by_time, randomised)
    checks = [
        f"{len(starts)} waves; who was not yet treated is the comparison",
        "the waves moved alike before, as far as can be seen"
        if grade != "C"
        else "the waves moved apart before, or nothing is known of before",
    ]
    treated = {r.unit for r in readings if r.treated_from is not None}
    few = _explain_too_few(len(treated), *_comparison_sizes(readings, starts, never))
    if few:
        grade, checks = "C", [*checks, few]
    p = float(2 * student.sf(abs(value / error), freedom))
    return Effect(
        "group-time effects",
        value,
        value - z * error,
        value + z * error,
        p,
        grade,
        len(treated),
        len(never),
        by_time=by_time,
        checks=checks,
    )


def _grade_waves(by_time: Sequence[tuple[int, float, float, float]], randomised: bool) -> str:
    """The grade of the evidence: C if the waves moved apart before the start in more than a
    quarter of the periods, or if nothing is known of before."""
    leads = [item for item in by_time if item[0] < 0]
    apart = [lead for lead in leads if not lead[2] <= 0 <= lead[3]]
    if len(apart) * 4 > len(leads) or not leads:
        return "C"
    return "A" if randomised else "B"


def _estimate_group_time(readings: Sequence[Reading], never: Collection[str]) -> Any:
    """The effects by time since the start, and their average over waves; None if they cannot be
    estimated from these readings."""
    units = {unit: i + 1 for i, unit in enumerate(sorted({r.unit for r in readings}))}
    data = polars.DataFrame(
        {
            "unit": [units[r.unit] for r in readings],
            "period": [r.period for r in readings],
            "value": [float(r.value) for r in readings],
            "start": [float(r.treated_from or 0) for r in readings],
        }
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about small groups: the interval shows that already
            # Imported here, since it takes two seconds: most programmes have no waves to compare.
            moderndid = importlib.import_module("moderndid")
            result = moderndid.att_gt(
                data,
                "value",
                "period",
                "unit",
                "start",
                control_group="nevertreated" if len(never) >= MIN_PER_SIDE else "notyettreated",
            )
            return (
                moderndid.aggte(result, type="dynamic"),
                moderndid.aggte(result, type="group"),
            )
    except (ValueError, np.linalg.LinAlgError):
        return None


def _comparison_sizes(
    readings: Sequence[Reading], starts: set[int], never: set[str]
) -> tuple[int, int]:
    """How many units the first wave is compared with (those never treated, else those of later
    waves), and how many periods precede it."""
    first = min(starts)
    later = {r.unit for r in readings if r.treated_from is not None and r.treated_from > first}
    return len(never) if len(never) >= MIN_PER_SIDE else len(later | never), len(
        {r.period for r in readings if r.period < first}
    )


def interrupted_time_series(series: Sequence[tuple[int, float]], start: int) -> Effect | None:
    """Without a comparison group: did the level change at the start, beyond the earlier trend?
    Segmented regression with Newey & West's errors.

    Before and after is not causation: evidence C at best. None for fewer than eight points, or
    fewer than three on a side.
    """
    ordered = sorted(series)
    before = [item for item in ordered if item[0] < start]
    if len(ordered) < MIN_SERIES_POINTS or min(len(before), len(ordered) - len(before)) < 3:
        return None
    x = np.array(
        [[1.0, period, float(period >= start), max(0, period - start)] for period, _ in ordered]
    )
    fit = least_squares(np.array([value for _, value in ordered]), x)
    # The mean effect over the periods after the start: level and slope together.
    after = [period - start for period, _ in ordered if period >= start]
    weights = np.array([0.0, 0.0, 1.0, fmean(after)])
    value = float(weights @ fit.params)
    # Newey & West's error is too small in a short series without autocorrelation, the plain one
    # in a series with it: take the larger.
    error = max(
        sqrt(float(weights @ covariance @ weights))
        for covariance in (
            fit.autocorrelated_covariance(max(1, round(len(ordered) ** 0.25))),
            fit.plain_covariance(),
        )
    )
    if not _is_usable_error(error, (item for _, item in ordered)):
        return None
    # Student's quantile, because a series is short and four parameters are estimated from it.
    freedom = len(ordered) - x.shape[1]
    half = float(student.ppf(0.5 + CONFIDENCE / 2, freedom)) * error
    checks = [
        "before and after, without a comparison: something else may have changed at the same time"
    ]
    p = float(2 * student.sf(abs(value / error), freedom))
    return Effect(
        "interrupted time series", value, value - half, value + half, p, "C", 1, 0, checks=checks
    )
