"""What was published week by week: a point is the sum of the rows that came in one week's
publications, over the whole programme or one of the scopes of its packets. Every row is of at
least five people, and no combination of rows tells of fewer; so neither does a point."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from analytics.catalogue import METRICS_BY_KEY
from analytics.publishing.values import ScopeKey, scopes_of
from analytics.store.published import Packet, ReleasedRow
from analytics.weekly_series import WeeklySeries


@dataclass(frozen=True)
class WeekPoint:
    """A share of what was published in the week that begins on ``week``. ``number`` is that of the
    week's first publication, ``at`` its instant; ``people`` counts somebody once for each part."""

    number: int
    week: date
    at: datetime
    numerator: int
    denominator: int
    people: int


def compute_points(
    series: WeeklySeries, released: Iterable[ReleasedRow], packets: Mapping[int, Packet]
) -> dict[ScopeKey, list[WeekPoint]]:
    """The points of a series in each scope, in order. ``released``: the rows of its metric in the
    order of publications. A corrected row stays in the week in which it first came."""
    version = METRICS_BY_KEY[series.metric].version
    first: dict[tuple[str, int, tuple[int, ...]], ReleasedRow] = {}
    found: dict[tuple[ScopeKey, date], list[tuple[ReleasedRow, ReleasedRow]]] = defaultdict(list)
    for row in released:
        began = first.setdefault((row.part, row.day, tuple(row.packets)), row)
        if not row.current or not row.people or row.version != version:
            continue
        if series.part is not None and row.part != series.part:
            continue
        for scope in scopes_of([packets[number] for number in row.packets if number in packets]):
            found[scope, began.monday].append((began, row))
    points: dict[ScopeKey, list[WeekPoint]] = defaultdict(list)
    for (scope, week), rows in sorted(found.items()):
        points[scope].append(_add_up(week, rows))
    return points


def _add_up(week: date, rows: Iterable[tuple[ReleasedRow, ReleasedRow]]) -> WeekPoint:
    """One point of rows, each with the one as which it first came."""
    pairs = list(rows)
    began = min((first for first, _ in pairs), key=lambda row: row.publication_id)
    sums = [item for _, row in pairs for item in row.sums]
    return WeekPoint(
        began.publication_id,
        week,
        began.at,
        sum(int(item["numerator"]) for item in sums),
        sum(int(item["denominator"]) for item in sums),
        sum(row.people for _, row in pairs),
    )
