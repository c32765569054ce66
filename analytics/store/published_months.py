"""What is published by programme and month, since it is of no certification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from analytics.store.tables import fact_presence, published_month

# What is published: a metric's key, and what the report on use says of visits and of looks.
REMINDERS, VISITS, LOOKS = "nudges_opened", "use", "looks"


@dataclass(frozen=True)
class PublishedMonth:
    """A month, or the first and the last of several that are summed up ("YYYY-MM"); ``sums``
    are additive rows as the metric's select gives them."""

    programme: str
    metric: str
    first_month: str
    last_month: str
    version: int
    people: int
    sums: list[dict[str, int]]

    @property
    def label(self) -> str:
        """The month, or an interval of months (ISO 8601)."""
        same = self.first_month == self.last_month
        return self.first_month if same else f"{self.first_month}/{self.last_month}"


def list_programmes(connection: Connection, tenant_id: int, verbs: Sequence[str]) -> list[str]:
    """The programmes of which there are such statements."""
    p = fact_presence.c
    query = select(p.programme).where(p.tenant_id == tenant_id, p.what.in_(verbs))
    return list(connection.execute(query.distinct().order_by(p.programme)).scalars())


def find_first_instant(
    connection: Connection, tenant_id: int, programme: str, verbs: Sequence[str]
) -> datetime:
    """When the first such statement of a programme was made; there must be one."""
    p = fact_presence.c
    query = select(func.min(p.at)).where(
        p.tenant_id == tenant_id, p.programme == programme, p.what.in_(verbs)
    )
    first: datetime = connection.execute(query).scalar_one()
    return first


def find_last_month(
    connection: Connection, tenant_id: int, programme: str, metric: str
) -> str | None:
    """The last month that is published; None before the first."""
    m = published_month.c
    query = select(func.max(m.last_month)).where(
        m.tenant_id == tenant_id, m.programme == programme, m.metric == metric
    )
    last: str | None = connection.execute(query).scalar_one()
    return last


def insert_month(connection: Connection, tenant_id: int, month: PublishedMonth) -> None:
    """Publish a month."""
    connection.execute(insert(published_month).values(tenant_id=tenant_id, **asdict(month)))


def list_months(
    connection: Connection, tenant_id: int, programme: str | None, metrics: Sequence[str]
) -> list[tuple[PublishedMonth, datetime]]:
    """What is published of a programme (None: of each), in order, and when it was."""
    m = published_month.c
    columns = [m[name] for name in PublishedMonth.__dataclass_fields__]
    query = select(*columns, m.released_at).where(m.tenant_id == tenant_id, m.metric.in_(metrics))
    if programme is not None:
        query = query.where(m.programme == programme)
    rows = connection.execute(query.order_by(m.first_month, m.last_month, m.programme, m.metric))
    return [(PublishedMonth(*row[:-1]), row[-1]) for row in rows]


def list_programmes_of_months(connection: Connection, tenant_id: int) -> list[str]:
    """The programmes of which months are published."""
    m = published_month.c
    query = select(m.programme).where(m.tenant_id == tenant_id).distinct().order_by(m.programme)
    return list(connection.execute(query).scalars())
