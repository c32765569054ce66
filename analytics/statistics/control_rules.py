"""Whether a weekly figure is getting worse beyond ordinary variation: the basis of an alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from scipy.special import bdtr, ndtr

from analytics.statistics import charts

MIN_TRIALS_A_WEEK = 5  # median trials in a week; below that, a share is meaningless
FALSE_ALARM_RATE = (
    0.10  # the share of alarms raised at once that may be false (Benjamini & Hochberg 1995)
)
# The probability that a rule fires in the bad direction at one point of a series without any
# change.
_RULE_PROBABILITIES = {
    "eight in a row on one side": 0.5**8,
    "three of four near a limit": 4 * float(ndtr(-1.5)) ** 3,
}
CALM_WEEKS = 2  # weeks without a signal until an alarm ends
COOL_DOWN_WEEKS = 4  # after an alarm ends, until it may be raised again
OWNER, SPONSOR, STEERING = "owner", "sponsor", "steering"


def has_baseline(counts: Sequence[tuple[int, int]]) -> bool:
    """Whether (successes, trials) of complete weeks are enough for a baseline; the chart is
    grey if not."""
    return (
        len(counts) >= charts.MIN_BASELINE_POINTS
        and median(n for _, n in counts) >= MIN_TRIALS_A_WEEK
    )


@dataclass(frozen=True)
class WeekVerdict:
    """The verdict on the last of a series of weeks. ``p``: the probability that its rule fires
    by chance; None without a signal in the bad direction."""

    value: float
    centre: float
    rule: str
    p: float | None


def judge_last_week(
    counts: Sequence[tuple[int, int]], season: Sequence[float]
) -> WeekVerdict | None:
    """Judge the last week. ``counts``: (successes, trials) of complete weeks, of which more is
    better; ``season``: the seasonal component of each share. None if there are too few weeks or
    trials to judge."""
    if not has_baseline(counts) or counts[-1][1] < MIN_TRIALS_A_WEEK:
        return None
    centre, limits, over = charts.p_chart(counts)
    usual = fmean(season[: charts.BASELINE_POINTS])  # the seasonal component of the centre
    values = [
        (k / n if n else centre) - (part - usual)
        for (k, n), part in zip(counts, season, strict=True)
    ]
    last = len(values) - 1
    result: dict[str, float] = {}
    for signal in charts.detect_signals(values, centre, limits):
        if signal.index == last and not signal.upward:
            result[signal.rule] = _RULE_PROBABILITIES.get(signal.rule) or _binomial_tail(
                counts, values[last], centre, over
            )
    rule = min(result, key=lambda name: result[name], default="")
    return WeekVerdict(counts[-1][0] / counts[-1][1], centre, rule, result.get(rule))


def _binomial_tail(
    counts: Sequence[tuple[int, int]], value: float, centre: float, over: float
) -> float:
    """The probability of a share this low by chance: the binomial tail, with fewer trials if
    weeks vary more than by chance alone (sigma Z). A baseline in which all, or none, succeeded
    is treated as if it had half a failure, or half a success, more."""
    trials = sum(n for _, n in counts[: charts.BASELINE_POINTS])
    usual = min(max(centre, 0.5 / (trials + 1)), 1 - 0.5 / (trials + 1))
    effective = max(1, round(counts[-1][1] / over**2))
    return float(bdtr(round(max(0.0, value) * effective), effective, usual))


@dataclass(frozen=True)
class AlarmState:
    """The state of an alarm: consecutive weeks with a signal, weeks without one since, and the
    escalation level reached."""

    weeks: int
    calm: int
    level: str
    history: str  # the last three weeks, "x" for a signal and "." for none, latest last


def advance_alarm_state(state: AlarmState | None, signalled: bool) -> AlarmState:
    """The state one week later: two of three weeks escalate to the sponsor, three in a row to
    the steering group. The level falls only when the alarm ends."""
    history = ((state.history if state else "") + ("x" if signalled else "."))[-3:]
    weeks, calm = (
        ((state.weeks if state else 0) + 1, 0)
        if signalled
        else (0, (state.calm if state else 0) + 1)
    )
    level = state.level if state else OWNER
    if weeks >= 3:
        level = STEERING
    elif history.count("x") >= 2 and level == OWNER:
        level = SPONSOR
    return AlarmState(weeks, calm, level, history)
