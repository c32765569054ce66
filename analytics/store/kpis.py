"""KPIs, their readings, costs and valuations. Nothing is overwritten: a corrected value stays,
with its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from analytics.store import computed_reports
from analytics.store.tables import (
    cost,
    fact_episode,
    kpi,
    kpi_reading,
    packet,
    packet_member,
    valuation,
)
from lrs.feed import key_of

_READING_KEY = ("subject_kind", "subject", "period_start")


@dataclass(frozen=True)
class Kpi:
    """A business figure of a programme."""

    programme: str
    kpi: str
    label: str
    unit: str
    more_is_better: bool
    baseline: float | None
    target: float | None
    owner: str
    source: str
    frequency: str
    waves_randomised: bool


_KPI_COLUMNS = (
    kpi.c.programme,
    kpi.c.kpi,
    kpi.c.label,
    kpi.c.unit,
    kpi.c.more_is_better,
    kpi.c.baseline,
    kpi.c.target,
    kpi.c.owner,
    kpi.c.source,
    kpi.c.frequency,
    kpi.c.waves_randomised,
)


@dataclass(frozen=True)
class Reading:
    """A value of a subject in a period; ``replaced_at`` where it was corrected."""

    reading_id: int
    kpi: str
    subject_kind: str
    subject: str
    period_start: date
    period_end: date
    value: float
    source: str
    who: str
    at: datetime
    replaced_at: datetime | None
    replaced_by: str | None
    replaced_why: str | None


def upsert_kpi(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> None:
    """Define a KPI, or change its description."""
    created = upsert(kpi).values(tenant_id=tenant_id, **values)
    changed = {name: created.excluded[name] for name in values if name not in ("programme", "kpi")}
    connection.execute(
        created.on_conflict_do_update(
            index_elements=["tenant_id", "programme", "kpi"], set_={**changed, "at": text("now()")}
        )
    )


def list_kpis(connection: Connection, tenant_id: int, programme: str) -> list[Kpi]:
    """The KPIs of a programme."""
    query = (
        select(*_KPI_COLUMNS)
        .where(kpi.c.tenant_id == tenant_id, kpi.c.programme == programme)
        .order_by(kpi.c.kpi)
    )
    return [Kpi(*row) for row in connection.execute(query)]


def lock_current_readings(
    connection: Connection,
    tenant_id: int,
    programme: str,
    key: str,
    places: Sequence[tuple[str, str, date]],
) -> dict[tuple[str, str, date], float]:
    """The current values at these places (kind of subject, subject, start of the period),
    locked until the transaction ends."""
    r, result = kpi_reading.c, {}
    for start in range(0, len(places), 1_000):
        query = select(r.subject_kind, r.subject, r.period_start, r.value).where(
            r.tenant_id == tenant_id,
            r.programme == programme,
            r.kpi == key,
            r.replaced_at.is_(None),
            tuple_(r.subject_kind, r.subject, r.period_start).in_(places[start : start + 1_000]),
        )
        result.update(
            {
                (row.subject_kind, row.subject, row.period_start): row.value
                for row in connection.execute(query.with_for_update())
            }
        )
    return result


def lock_kpi(connection: Connection, tenant_id: int, programme: str, key: str) -> None:
    """Allow one import of a KPI at a time."""
    name = key_of("kpi", f"{programme} {key}") & 0x7FFFFFFF
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:tenant, :name)"), {"tenant": tenant_id, "name": name}
    )


def mark_reading_replaced(
    connection: Connection,
    tenant_id: int,
    programme: str,
    key: str,
    place: tuple[str, str, date],
    who: str,
    why: str,
) -> None:
    """Mark the current reading as replaced."""
    r = kpi_reading.c
    where = (
        r.tenant_id == tenant_id,
        r.programme == programme,
        r.kpi == key,
        r.replaced_at.is_(None),
    )
    same = [r[name] == value for name, value in zip(_READING_KEY, place, strict=True)]
    connection.execute(
        update(kpi_reading)
        .where(*where, *same)
        .values(replaced_at=func.now(), replaced_by=who, replaced_why=why)
    )


def insert_readings(
    connection: Connection, tenant_id: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert readings."""
    if rows:
        connection.execute(insert(kpi_reading), [{"tenant_id": tenant_id, **row} for row in rows])


def _is_published() -> ColumnElement[bool]:
    """Whether a reading is of a team or site that has a packet: of any other, and of a person, it
    could be that of a few."""
    p, r = packet.c, kpi_reading.c
    return exists().where(
        p.tenant_id == r.tenant_id,
        p.programme == r.programme,
        p.dimension == r.subject_kind,
        p.value == r.subject,
        p.pooled.is_(False),
    )


def list_readings(
    connection: Connection,
    tenant_id: int,
    programme: str,
    key: str | None,
    after: int,
    rows: int,
    everything: bool,
    individual: bool,
) -> list[Reading]:
    """Readings after a cursor, in order; ``everything``: replaced ones included; not
    ``individual``: those alone of teams and sites that have packets."""
    r = kpi_reading.c
    columns = [r[name] for name in Reading.__dataclass_fields__]
    query = select(*columns).where(
        r.tenant_id == tenant_id, r.programme == programme, r.reading_id > after
    )
    if key is not None:
        query = query.where(r.kpi == key)
    if not everything:
        query = query.where(r.replaced_at.is_(None))
    if not individual:
        query = query.where(_is_published())
    return [Reading(*row) for row in connection.execute(query.order_by(r.reading_id).limit(rows))]


def delete_person_readings(connection: Connection, tenant_id: int, identity: str) -> int:
    """Delete the readings of a person, replaced ones included (erasure); return how many. The
    programmes are marked for recomputation."""
    r = kpi_reading
    related = (r.c.tenant_id == tenant_id, r.c.subject_kind == "person", r.c.subject == identity)
    removed = connection.execute(delete(r).where(*related).returning(r.c.programme)).scalars().all()
    computed_reports.mark_programmes_stale(connection, tenant_id, removed)
    return len(removed)


def list_current_values(
    connection: Connection, tenant_id: int, programme: str, key: str
) -> list[tuple[str, str, date, date, float]]:
    """(kind of subject, subject, first and last day of the period, value) of all current
    readings."""
    r = kpi_reading.c
    query = select(r.subject_kind, r.subject, r.period_start, r.period_end, r.value)
    query = query.where(
        r.tenant_id == tenant_id, r.programme == programme, r.kpi == key, r.replaced_at.is_(None)
    )
    return [
        (row.subject_kind, row.subject, row.period_start, row.period_end, row.value)
        for row in connection.execute(query.order_by(r.period_start, r.subject))
    ]


def average_readings(
    connection: Connection, tenant_id: int, programme: str, key: str, individual: bool
) -> list[tuple[str, date, float, int]]:
    """(kind of subject, start of the period, mean, number of subjects) of the current readings,
    in order; not ``individual``: of those alone of teams and sites that have packets."""
    r = kpi_reading.c
    query = select(
        r.subject_kind,
        r.period_start,
        func.avg(r.value).label("mean"),
        func.count().label("subjects"),
    )
    query = query.where(
        r.tenant_id == tenant_id, r.programme == programme, r.kpi == key, r.replaced_at.is_(None)
    )
    if not individual:
        query = query.where(_is_published())
    rows = connection.execute(
        query.group_by(r.subject_kind, r.period_start).order_by(r.period_start)
    )
    return [(row.subject_kind, row.period_start, float(row.mean), row.subjects) for row in rows]


def find_group_starts(
    connection: Connection, tenant_id: int, programme: str, kind: str
) -> dict[str, datetime]:
    """Team or site -> when the first of its members was certified."""
    e = fact_episode.c
    column = e[kind]
    query = (
        select(column, func.min(e.anchor))
        .where(e.tenant_id == tenant_id, e.programme == programme, column.is_not(None))
        .group_by(column)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def find_packet_starts(
    connection: Connection, tenant_id: int, programme: str, kind: str
) -> dict[str, datetime]:
    """Team or site -> when the first of those in its packets was certified."""
    e, m, p = fact_episode.c, packet_member.c, packet.c
    member = and_(m.tenant_id == p.tenant_id, m.packet_id == p.packet_id)
    episode = and_(e.tenant_id == m.tenant_id, e.registration == m.registration)
    query = (
        select(p.value, func.min(e.anchor))
        .select_from(packet.join(packet_member, member).join(fact_episode, episode))
        .where(
            p.tenant_id == tenant_id,
            p.programme == programme,
            p.dimension == kind,
            p.value.is_not(None),
            p.pooled.is_(False),
        )
        .group_by(p.value)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def find_learner_starts(
    connection: Connection, tenant_id: int, programme: str
) -> dict[int, datetime]:
    """Key of a learner -> when that learner was certified."""
    e = fact_episode.c
    query = (
        select(e.learner, func.min(e.anchor))
        .where(e.tenant_id == tenant_id, e.programme == programme)
        .group_by(e.learner)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


@dataclass(frozen=True)
class Cost:
    """A line of the cost ledger."""

    cost_id: int
    programme: str
    category: str
    amount: Decimal
    currency: str | None
    incurred_on: date
    hours: float | None
    source: str
    signed_off_by: str
    who: str
    at: datetime
    taken_back_at: datetime | None
    taken_back_why: str | None


def find_same_cost(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> int | None:
    """Return the number of a current entry with exactly these values. The caller must hold the
    lock of the ledger."""
    c = cost.c
    same = [c[name].is_not_distinct_from(value) for name, value in values.items()]
    result: int | None = connection.execute(
        select(c.cost_id).where(c.tenant_id == tenant_id, c.taken_back_at.is_(None), *same).limit(1)
    ).scalar()
    return result


def list_currencies(
    connection: Connection, tenant_id: int, programme: str, but: str | None
) -> set[str]:
    """The currencies used in a programme's ledger, and in the valuations of its KPIs (other
    than ``but``)."""
    c, v = cost.c, valuation.c
    spent = select(c.currency).where(
        c.tenant_id == tenant_id,
        c.programme == programme,
        c.taken_back_at.is_(None),
        c.currency.is_not(None),
    )
    newest = distinct_on(v.kpi)
    worth = (
        select(v.body)
        .ext(newest)
        .where(v.tenant_id == tenant_id, v.programme == programme, v.kpi.is_distinct_from(but))
    )
    worth = worth.order_by(v.kpi, v.version.desc())
    valued = {str(body["currency"]) for body in connection.execute(worth).scalars()}
    return valued | {str(item) for item in connection.execute(spent.distinct()).scalars()}


def insert_cost(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> int:
    """Insert an entry and return its number."""
    return int(
        connection.execute(
            insert(cost).values(tenant_id=tenant_id, **values).returning(cost.c.cost_id)
        ).scalar_one()
    )


def list_costs(
    connection: Connection,
    tenant_id: int,
    programme: str,
    after: int = 0,
    rows: int = 10_000,
    everything: bool = False,
) -> list[Cost]:
    """Entries of the ledger after a cursor."""
    c = cost.c
    query = select(*(c[name] for name in Cost.__dataclass_fields__)).where(
        c.tenant_id == tenant_id, c.programme == programme, c.cost_id > after
    )
    if not everything:
        query = query.where(c.taken_back_at.is_(None))
    return [Cost(*row) for row in connection.execute(query.order_by(c.cost_id).limit(rows))]


def retract_cost(connection: Connection, tenant_id: int, cost_id: int, why: str) -> str | None:
    """Retract a wrong entry; return its programme, or None if there is no such entry."""
    c = cost.c
    conditions = (c.tenant_id == tenant_id, c.cost_id == cost_id, c.taken_back_at.is_(None))
    result = connection.execute(
        update(cost)
        .where(*conditions)
        .values(taken_back_at=func.now(), taken_back_why=why)
        .returning(c.programme)
    ).scalar()
    return None if result is None else str(result)


def find_latest_valuation(
    connection: Connection, tenant_id: int, programme: str, key: str
) -> tuple[int, dict[str, Any], str, datetime] | None:
    """(version, body, who, when), or None if there is no valuation."""
    v = valuation.c
    query = select(v.version, v.body, v.who, v.at).where(
        v.tenant_id == tenant_id, v.programme == programme, v.kpi == key
    )
    row = connection.execute(query.order_by(v.version.desc()).limit(1)).first()
    return (row.version, row.body, row.who, row.at) if row else None


def insert_valuation(
    connection: Connection,
    tenant_id: int,
    programme: str,
    key: str,
    body: Mapping[str, Any],
    who: str,
) -> int:
    """Insert the next version."""
    lock_kpi(connection, tenant_id, programme, key)
    latest = find_latest_valuation(connection, tenant_id, programme, key)
    version = (latest[0] if latest else 0) + 1
    connection.execute(
        insert(valuation).values(
            tenant_id=tenant_id,
            programme=programme,
            kpi=key,
            version=version,
            body=dict(body),
            who=who,
        )
    )
    return version
