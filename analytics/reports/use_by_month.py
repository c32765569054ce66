"""Use of the product as it is published: by month, of a whole programme."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from datetime import date
from typing import Any

from analytics.reports.context import ReportRequest, not_narrowed_notes
from analytics.reports.report import Column, Report
from analytics.store import published_months
from analytics.store.published_months import LOOKS, VISITS, PublishedMonth
from lrs.vocabulary import MIN_GROUP_SIZE

_DAYS_A_WEEK = 7


def use_by_month(requested: ReportRequest) -> Report:
    """Who came in each month, and how often figures were looked at."""
    together: dict[str, dict[str, list[PublishedMonth]]] = defaultdict(lambda: defaultdict(list))
    found = published_months.list_months(
        requested.connection, requested.scope.tenant_id, requested.scope.programme, (VISITS, LOOKS)
    )
    for item, _ in found:
        together[item.label][item.metric].append(item)
    return Report(
        "use",
        "Use of Carryover",
        "Who came, month by month, and how often figures were looked at.",
        (
            Column("month", "Month"),
            Column("people", "People who came", "count"),
            Column("days", "Days a week, each", "number"),
            Column("looks", "Looks at figures", "count"),
        ),
        [_row(label, kinds) for label, kinds in sorted(together.items())],
        notes=(
            *not_narrowed_notes(requested),
            f"A month in which fewer than {MIN_GROUP_SIZE} people came, or looked at figures, is "
            "summed with the next one.",
        ),
        what_to_do="Where fewer come than before, ask what keeps them.",
    )


def _row(label: str, kinds: dict[str, list[PublishedMonth]]) -> dict[str, Any]:
    visits, looks = kinds.get(VISITS, []), kinds.get(LOOKS, [])
    people = sum(item.people for item in visits)
    return {
        "month": label,
        "people": people or None,
        "days": _sum(visits, "days") / people / _weeks(visits[0]) if people else None,
        "looks": _sum(looks, "looks") if looks else None,
    }


def _sum(months: list[PublishedMonth], name: str) -> int:
    return sum(row[name] for month in months for row in month.sums)


def _weeks(month: PublishedMonth) -> float:
    """How many weeks the months have."""
    first = date.fromisoformat(f"{month.first_month}-01")
    year, number = (int(part) for part in month.last_month.split("-"))
    last = date(year, number, monthrange(year, number)[1])
    return ((last - first).days + 1) / _DAYS_A_WEEK
