"""The five measuring intervals after certification, and the windows that determine which
answers belong to each.

Windows are half open, in days since certification, without overlap, and versioned with the
metric that uses them: an answer belongs to the time that actually passed, not to the slot it
was planned for.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.messages import gettext_noop

DAY_SECONDS = 86_400
BASELINE = "baseline"  # stands in an interval's place for the answers that checks are compared with


@dataclass(frozen=True)
class Interval:
    """One interval: key, label, when the check is due, and [opens, closes), all in days since
    certification."""

    key: str
    label: str
    due_days: int
    opens_days: float
    closes_days: float

    @property
    def opens_seconds(self) -> int:
        """First second of the window."""
        return int(self.opens_days * DAY_SECONDS)

    @property
    def closes_seconds(self) -> int:
        """First second after the window."""
        return int(self.closes_days * DAY_SECONDS)


INTERVALS = (
    Interval("1d", gettext_noop("1 day"), 1, 0.5, 3),
    Interval("1w", gettext_noop("1 week"), 7, 3, 15),
    Interval("1m", gettext_noop("1 month"), 30, 15, 60),
    Interval("3m", gettext_noop("3 months"), 90, 60, 135),
    Interval("6m", gettext_noop("6 months"), 180, 135, 270),
)


def find_interval(seconds_since_anchor: int) -> Interval | None:
    """The interval whose window contains this time, or None between and beyond the windows."""
    for interval in INTERVALS:
        if interval.opens_seconds <= seconds_since_anchor < interval.closes_seconds:
            return interval
    return None
