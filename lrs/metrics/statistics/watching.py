"""Is a weekly figure changing for the worse, beyond ordinary variation (metrics reference 4.4): what an alarm is raised on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from scipy.stats import norm

from lrs.metrics.statistics import charts

LEAST_A_WEEK = 5  # trials of the week in the middle; below, a share says nothing
FALSE_ALARMS = 0.10  # of all alarms that are raised at once, so many may be false (Benjamini & Hochberg 1995)
# How likely a rule fires at one point of a series in which nothing changes, to the bad side.
_BY_CHANCE = {"eight in a row on one side": 0.5**8, "three of four near a limit": 4 * float(norm.sf(1.5)) ** 3}
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
    if not enough(counts) or not counts[-1][1]:
        return None
    centre, limits, _ = charts.p_chart(counts)
    usual = fmean(season[: charts.BETTER_BASELINE])  # what of the centre is the season's
    values = [(k / n if n else centre) - (part - usual) for (k, n), part in zip(counts, season, strict=True)]
    last = len(values) - 1
    found: dict[str, float] = {}
    for signal in charts.signals(values, centre, limits):
        if signal.index == last and not signal.upward:
            sigma = (centre - limits[last][0]) / 3
            tail = float(norm.sf((centre - values[last]) / sigma)) if sigma else 0.0
            found[signal.rule] = _BY_CHANCE.get(signal.rule, tail)
    rule = min(found, key=lambda name: found[name], default="")
    return Judged(counts[-1][0] / counts[-1][1], centre, rule, found.get(rule))


def raised(judged: Mapping[str, float | None]) -> set[str]:
    """Of many scopes' p (None: no signal), those that stand at a false discovery rate of FALSE_ALARMS over all that were judged."""
    ordered = sorted((p, key) for key, p in judged.items() if p is not None)
    passed = [i for i, (p, _) in enumerate(ordered, 1) if p <= FALSE_ALARMS * i / len(judged)]
    return {key for _, key in ordered[: max(passed, default=0)]}


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
