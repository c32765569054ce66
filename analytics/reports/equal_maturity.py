"""Groups side by side at equal maturity: each figure of all of them in the same window after the
certification, so that who was certified long ago is not held against who has just begun."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analytics.catalogue import Metric
from analytics.publishing.packets import DEFAULT_RULE, POOLED_AFTER
from analytics.reports.context import ReportRequest, estimates_by_value
from analytics.reports.published import (
    PublishedScope,
    as_estimate,
    list_published,
    why_not_shown,
)
from analytics.statistics.estimates import Estimate
from analytics.store import published
from analytics.store.published import SHOWN, PublishedValue

_MIN_GROUPS = 2  # fewer are no comparison
_MAX_NAMED = 20  # groups in one note: more are not read


class Window(NamedTuple):
    """A part of a metric, and by which day after the certification people are looked at; None: as
    of now."""

    part: str
    day: int | None = None


@dataclass(frozen=True)
class Comparison:
    """One figure of groups, in a window that is the same for all; None where there is nothing at
    all. ``shown``: value of the dimension -> estimate. ``hidden``: value -> why it is not shown."""

    metric: Metric
    window: Window | None
    shown: Mapping[str, Estimate]
    hidden: Mapping[str, str]

    @property
    def part_label(self) -> str:
        """The label of the part that is compared."""
        return dict(self.metric.parts)[self.window.part] if self.window else ""


def last_common_window(
    windows: Sequence[Window], groups: Mapping[Window, Collection[str]]
) -> Window | None:
    """The last of the windows for which at least two groups have a value; if there is none, the
    last for which one has."""
    for fewest in (_MIN_GROUPS, 1):
        for window in reversed(windows):
            if len(groups.get(window, ())) >= fewest:
                return window
    return None


def compare_groups(
    requested: ReportRequest, metric: Metric, dimension: str, parts: Sequence[str]
) -> Comparison:
    """A figure of all groups: the last of ``parts``, and of published values the last day, that at
    least two of them have reached."""
    compare = _compare_live if requested.individual else _compare_published
    return compare(requested, metric, dimension, parts)


def _compare_live(
    requested: ReportRequest, metric: Metric, dimension: str, parts: Sequence[str]
) -> Comparison:
    found = estimates_by_value(requested, metric, dimension)
    groups = {
        Window(part): [
            value
            for value, estimates in found.items()
            if part in estimates and estimates[part].value is not None
        ]
        for part in parts
    }
    window = last_common_window([Window(part) for part in parts], groups)
    shown = {
        value: estimates[window.part]
        for value, estimates in found.items()
        if window and window.part in estimates
    }
    return Comparison(metric, window, shown, {})


def _compare_published(
    requested: ReportRequest, metric: Metric, dimension: str, parts: Sequence[str]
) -> Comparison:
    scope = PublishedScope(
        requested.scope.tenant_id, requested.scope.programme, dimension, value=None
    )
    found: dict[Window, dict[str, PublishedValue]] = defaultdict(dict)
    for item in list_published(requested.connection, scope, metric):
        found[Window(item.part, item.day)][item.scope_value] = item
    windows = [
        Window(part, day)
        for part in parts
        for day in (metric.published.days_of(part) if metric.published else ())
        if Window(part, day) in found
    ]
    groups = {
        window: [
            value
            for value, item in found[window].items()
            if item.status == SHOWN and item.value is not None
        ]
        for window in windows
    }
    window = last_common_window(windows, groups) or next(iter(windows), None)
    items = found[window] if window else {}
    return Comparison(
        metric,
        window,
        {value: as_estimate(item) for value, item in items.items() if item.status == SHOWN},
        {
            value: why_not_shown(metric, item)
            for value, item in items.items()
            if item.status != SHOWN
        },
    )


def describe_hidden(comparison: Comparison, name_of: Mapping[str, str]) -> str:
    """Which groups are not shown in a comparison, and why, as a sentence; empty if none.
    ``name_of``: what a group is called where its value does not say it."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for value, reason in comparison.hidden.items():
        by_reason[reason].append(name_of.get(value, value))
    if not by_reason or comparison.window is None:
        return ""
    label = comparison.metric.label
    if comparison.window.part:
        label += f", {comparison.part_label}"
    reasons = "; ".join(f"{_name_some(names)}: {why}" for why, names in sorted(by_reason.items()))
    return f"{label}, by day {comparison.window.day}, not shown: {reasons}."


def describe_held_back(
    requested: ReportRequest, dimension: str, name_of: Mapping[str, str]
) -> list[str]:
    """Of which groups of a programme some people are in no published figure yet, as a sentence.
    Since when they wait would be a date of one person."""
    tenant_id, programme = requested.scope.tenant_id, requested.scope.programme
    assert programme is not None
    rule = published.find_rules(requested.connection, tenant_id).get(programme, DEFAULT_RULE)
    if dimension not in ("wave", rule.dimension):
        return [f"This programme is published by {rule.dimension}: nothing new by {dimension}."]
    rows = published.list_waiting_groups(requested.connection, tenant_id, programme, rule.dimension)
    values = {(row.wave if dimension == "wave" else row.value) or "" for row in rows}
    if not values:
        return []
    names = _name_some(name_of.get(value, value) for value in values)
    return [
        f"{names}: people wait who are fewer than {rule.size} yet. They are published from "
        f"{rule.size} on, or after {POOLED_AFTER.days // 7} weeks together with others, in the "
        "whole programme alone."
    ]


def _name_some(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = len(listed) - _MAX_NAMED
    return ", ".join(listed[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
