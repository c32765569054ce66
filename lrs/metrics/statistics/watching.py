"""Is a weekly figure changing for the worse, beyond ordinary variation (metrics reference 4.4): what an alarm is raised on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from scipy.special import bdtr, ndtr

from lrs.metrics.statistics import charts

LEAST_A_WEEK = 5  # trials of the week in the middle; below, a share says nothing
FALSE_ALARMS = 0.10  # of all alarms that are raised at once, so many may be false (Benjamini & Hochberg 1995)
# How likely a rule fires at one point of a series in which nothing changes, to the bad side.
_BY_CHANCE = {"eight in a row on one side": 0.5**8, "three of four near a limit": 4 * float(ndtr(-1.5)) ** 3}
CALM_WEEKS = 2  # weeks without a signal until an alarm ends
COOL_DOWN_WEEKS = 4  # after its end, until it may begin again
OWNER, SPONSOR, STEERING = "owner", "sponsor", "steering"


def enough(counts: Sequence[tuple[int, int]]) -> bool:
    """Whether (successes, trials) of complete weeks make a baseline; grey where not."""
    return len(counts) >= charts.LEAST_BASELINE and median(n for _, n in counts) >= LEAST_A_WEEK


@dataclass(frozen=True)
class Judged:
    """The last of a series of weeks. ``p``: how likely its rule fires by chance, None without a signal to the bad side."""

    value: float
    centre: float
    rule: str
    p: float | None


def judge(counts: Sequence[tuple[int, int]], season: Sequence[float]) -> Judged | None:
    """(successes, trials) of complete weeks, of which more is better, and what of each share is the season's; None where there are too few
    to say anything."""
    if not enough(counts) or counts[-1][1] < LEAST_A_WEEK:
        return None
    centre, limits, over = charts.p_chart(counts)
    usual = fmean(season[: charts.BETTER_BASELINE])  # what of the centre is the season's
    values = [(k / n if n else centre) - (part - usual) for (k, n), part in zip(counts, season, strict=True)]
    last = len(values) - 1
    found: dict[str, float] = {}
    for signal in charts.signals(values, centre, limits):
        if signal.index == last and not signal.upward:
            found[signal.rule] = _BY_CHANCE.get(signal.rule) or _tail(counts, values[last], centre, over)
    rule = min(found, key=lambda name: found[name], default="")
    return Judged(counts[-1][0] / counts[-1][1], centre, rule, found.get(rule))


def _tail(counts: Sequence[tuple[int, int]], value: float, centre: float, over: float) -> float:
    """How likely so low a share is by chance: the binomial tail, of fewer trials where weeks vary more than chance alone makes them (sigma Z).
    A baseline in which all, or none, succeeded is taken for one with half a failure, or half a success, more."""
    trials = sum(n for _, n in counts[: charts.BETTER_BASELINE])
    usual = min(max(centre, 0.5 / (trials + 1)), 1 - 0.5 / (trials + 1))
    effective = max(1, round(counts[-1][1] / over**2))
    return float(bdtr(round(max(0.0, value) * effective), effective, usual))


@dataclass(frozen=True)
class State:
    """Where an alarm stands: weeks with a signal in a row, weeks without one since, the level to which it has come."""

    weeks: int
    calm: int
    level: str
    history: str  # of the last weeks, "x" for a signal and "." for none, the latest at the end


def after(state: State | None, signalled: bool) -> State:
    """The same a week later: two of three weeks go to the sponsor, three in a row to the steering group; it comes down by ending alone."""
    history = ((state.history if state else "") + ("x" if signalled else "."))[-3:]
    weeks, calm = ((state.weeks if state else 0) + 1, 0) if signalled else (0, (state.calm if state else 0) + 1)
    level = state.level if state else OWNER
    if weeks >= 3:
        level = STEERING
    elif history.count("x") >= 2 and level == OWNER:
        level = SPONSOR
    return State(weeks, calm, level, history)
