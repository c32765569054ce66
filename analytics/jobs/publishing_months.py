"""What is of no certification is published by programme and month: mails and their links, visits
and looks at figures. Each completed month comes once; one with fewer than five people is summed
with the next, for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select

from analytics.catalogue import METRICS_BY_KEY
from analytics.definitions import Scope, groups
from analytics.store import published_months as store
from analytics.store.published_months import LOOKS, REMINDERS, VISITS, PublishedMonth
from lrs.vocabulary import MIN_GROUP_SIZE, VerbName

_USE_VERSION = 1  # of how looking in is counted
_LONGEST_MONTH = timedelta(days=31)
# What is published -> its version, the statements that it is of, and its count over a period.
_COUNTED: dict[str, tuple[int, tuple[VerbName, ...], Callable[[Scope], Select[Any]]]] = {
    REMINDERS: (
        METRICS_BY_KEY[REMINDERS].version,
        (VerbName.RECEIVED, VerbName.OPENED),
        METRICS_BY_KEY[REMINDERS].count,
    ),
    VISITS: (_USE_VERSION, (VerbName.LOGGED_IN,), groups.select_visits),
    LOOKS: (_USE_VERSION, (VerbName.VIEWED,), groups.select_looks),
}


def publish_months(connection: Connection, tenant_id: int, watermark: datetime) -> int:
    """Publish the months that are over and not published yet; return how many rows came."""
    return sum(
        _publish_programme(connection, tenant_id, programme, metric, watermark)
        for metric in _COUNTED
        for programme in store.list_programmes(connection, tenant_id, _COUNTED[metric][1])
    )


def _publish_programme(
    connection: Connection, tenant_id: int, programme: str, metric: str, watermark: datetime
) -> int:
    version, verbs, select_counts = _COUNTED[metric]
    last = store.find_last_month(connection, tenant_id, programme, metric)
    if last is not None:
        begin = _following(_first_day(last))
    else:
        begin = _month_of(store.find_first_instant(connection, tenant_id, programme, verbs))
    count, end = 0, _following(begin)
    while end <= watermark:
        scope = Scope(tenant_id, watermark, {"programme": programme}, begin, end)
        sums = [dict(row._mapping) for row in connection.execute(select_counts(scope))]
        people = sum(int(row["learners"]) for row in sums)
        if people >= MIN_GROUP_SIZE:
            store.insert_month(
                connection,
                tenant_id,
                PublishedMonth(
                    programme,
                    metric,
                    f"{begin:%Y-%m}",
                    f"{end - timedelta(days=1):%Y-%m}",
                    version,
                    people,
                    [_numbers(row) for row in sums],
                ),
            )
            count, begin = count + 1, end
        end = _following(end)
    return count


def _numbers(row: dict[str, Any]) -> dict[str, int]:
    """The columns of a row that are numbers; each is a sum of whole ones."""
    return {name: int(value) for name, value in row.items() if name != "part"}


def _month_of(instant: datetime) -> datetime:
    utc = instant.astimezone(UTC)
    return datetime(utc.year, utc.month, 1, tzinfo=UTC)


def _first_day(month: str) -> datetime:
    return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)


def _following(month: datetime) -> datetime:
    """The first instant of the next month."""
    return _month_of(month + _LONGEST_MONTH)
