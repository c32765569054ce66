"""Packets, the rows counted of them, and the values that everybody reads."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Table,
    and_,
    any_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from analytics.store.tables import (
    fact_episode,
    fact_recall,
    packet,
    packet_member,
    packet_waiting,
    publication,
    publication_request,
    published_row,
    published_title,
    published_value,
    publishing_rule,
)

ALL_PROGRAMMES = ""
# What values are published over; the others are named like the dimension of the packets.
PROGRAMME, WAVE, MONTH = "programme", "wave", "month"  # a month of certification
CALENDAR_MONTH = "calendar month"  # in which something happened that is of no certification
# Metrics of which each part is a competency, or a question: its IRI.
PARTS_ARE_ACTIVITIES = {"competency": "competency_right", "question": "question_right"}
SHOWN, WAITING, TOO_FEW = "shown", "waiting", "too few"
_KEY_BITS = 62  # of a key of an agent, which is a positive or negative number of 64
_CHUNK = 5_000  # rows of one insert


@dataclass(frozen=True)
class PublishingRule:
    """How a programme publishes."""

    dimension: str
    size: int
    who: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Packet:
    """People whose facts are published together."""

    packet_id: int
    programme: str
    wave: str | None
    dimension: str
    value: str | None
    pooled: bool
    formed_on: date
    people: int
    certified_by: date
    frozen_at: datetime | None


@dataclass(frozen=True)
class PublishedValue:
    """A value as it was published; ``waits_until``: not before that day, where it is waiting."""

    programme: str
    scope: str
    scope_value: str
    metric: str
    part: str
    day: int
    version: int
    numerator: float | None
    denominator: float | None
    value: float | None
    ci_low: float | None
    ci_high: float | None
    people: int | None
    flags: list[str]
    status: str
    waits_until: date | None
    released_at: datetime


@dataclass(frozen=True)
class ReleasedRow:
    """A row as it was published in a publication; ``current``: it was not corrected since."""

    publication_id: int
    monday: date
    at: datetime
    part: str
    day: int
    version: int
    packets: Sequence[int]
    people: int
    sums: list[dict[str, Any]]
    current: bool


@dataclass(frozen=True)
class Publication:
    """A time at which values were published: how many packets and rows came, and how many were
    corrected."""

    publication_id: int
    monday: date
    watermark: datetime
    at: datetime
    packets: int
    rows: int
    corrected: int


def find_rules(connection: Connection, tenant_id: int) -> dict[str, PublishingRule]:
    """By programme: how it publishes, where that was decided."""
    r = publishing_rule.c
    rows = connection.execute(
        select(r.programme, r.dimension, r.size, r.who, r.at).where(r.tenant_id == tenant_id)
    )
    return {row[0]: PublishingRule(*row[1:]) for row in rows}


def upsert_rule(
    connection: Connection, tenant_id: int, programme: str, rule: PublishingRule
) -> None:
    """Decide how a programme publishes from now on; packets that exist stay as they are."""
    decided = {"dimension": rule.dimension, "size": rule.size, "who": rule.who}
    row = upsert(publishing_rule).values(tenant_id=tenant_id, programme=programme, **decided)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["tenant_id", "programme"], set_={**decided, "at": func.now()}
        )
    )


def list_unpacketed(connection: Connection, tenant_id: int) -> Sequence[Any]:
    """Rows of programme, registration, learner, wave, team, site, role, anchor, since: certified
    people in no packet."""
    e, m, w = fact_episode.c, packet_member.c, packet_waiting.c
    same = and_(w.tenant_id == e.tenant_id, w.registration == e.registration)
    query = (
        select(
            e.programme,
            e.registration,
            e.learner,
            e.wave,
            e.team,
            e.site,
            e.role,
            e.anchor,
            w.since,
        )
        .select_from(fact_episode.outerjoin(packet_waiting, same))
        .where(
            e.tenant_id == tenant_id,
            ~exists().where(m.tenant_id == e.tenant_id, m.registration == e.registration),
        )
        .order_by(e.programme, e.anchor, e.registration)
    )
    return connection.execute(query).all()


def insert_packets(
    connection: Connection,
    tenant_id: int,
    packets: Sequence[tuple[Mapping[str, Any], Sequence[tuple[uuid.UUID, int]]]],
) -> None:
    """Keep packets, each its columns and its members (registration, learner)."""
    if not packets:
        return
    rows = insert(packet).returning(packet.c.packet_id, sort_by_parameter_order=True)
    columns = [{"tenant_id": tenant_id, **one} for one, _ in packets]
    ids = connection.execute(rows, columns).scalars().all()
    _insert_as_json(
        connection,
        packet_member,
        [
            {
                "tenant_id": tenant_id,
                "registration": registration,
                "packet_id": packet_id,
                "learner": learner,
            }
            for packet_id, (_, members) in zip(ids, packets, strict=True)
            for registration, learner in members
        ],
    )


def _insert_as_json(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows as one parameter: row-level security forbids COPY, and a parameter for each
    column of each row takes five times as long (docs/performance.md)."""
    compiler = connection.dialect.type_compiler_instance
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        names = ", ".join(f'"{name}"' for name in chunk[0])
        types = ", ".join(f'"{name}" {compiler.process(table.c[name].type)}' for name in chunk[0])
        connection.execute(
            text(
                f"INSERT INTO {table.fullname} ({names}) "  # noqa: S608 - our own names
                f"SELECT {names} FROM json_to_recordset(CAST(:rows AS json)) AS given ({types})"
            ),
            {"rows": json.dumps(chunk, default=_as_text)},
        )


def _as_text(value: date | uuid.UUID) -> str:
    return str(value)


def replace_waiting(
    connection: Connection, tenant_id: int, waiting: Iterable[tuple[uuid.UUID, str, date]]
) -> None:
    """Keep who waits for a packet: registration, programme, since when."""
    connection.execute(delete(packet_waiting).where(packet_waiting.c.tenant_id == tenant_id))
    names = ("registration", "programme", "since")
    rows = [{"tenant_id": tenant_id, **dict(zip(names, item, strict=True))} for item in waiting]
    _insert_as_json(connection, packet_waiting, rows)


def list_packets(connection: Connection, tenant_id: int) -> list[Packet]:
    """All packets, in the order in which they were formed."""
    p = packet.c
    columns = [p[name] for name in Packet.__dataclass_fields__]
    rows = connection.execute(
        select(*columns).where(p.tenant_id == tenant_id).order_by(p.formed_on, p.packet_id)
    )
    return [Packet(*row) for row in rows]


def count_packet_people(connection: Connection, tenant_id: int) -> Sequence[Any]:
    """Rows of programme, wave, dimension, value, pooled, people: how many people the packets have.
    Somebody certified twice counts in each of the two packets."""
    p = packet.c
    groups = (p.programme, p.wave, p.dimension, p.value, p.pooled)
    query = (
        select(*groups, func.sum(p.people).label("people"))
        .where(p.tenant_id == tenant_id)
        .group_by(*groups)
        .order_by(*groups)
    )
    return connection.execute(query).all()


def freeze_changed_packets(connection: Connection, tenant_id: int) -> None:
    """Freeze the packets of which a member is no more, or is somebody else by now: whose
    certification was removed or voided, or who was merged."""
    e, m = fact_episode.c, packet_member.c
    same = and_(
        e.tenant_id == m.tenant_id, e.registration == m.registration, e.learner == m.learner
    )
    changed = select(m.packet_id).where(m.tenant_id == tenant_id, ~exists().where(same))
    _freeze(connection, tenant_id, list(connection.execute(changed).scalars()))


def forget_learners(connection: Connection, tenant_id: int, learners: Sequence[int]) -> None:
    """Take erased people out of what is kept of packets, which are frozen by that."""
    m, w, r = packet_member.c, packet_waiting.c, published_row.c
    theirs = (m.tenant_id == tenant_id, m.learner.in_(learners))
    packet_ids = list(connection.execute(select(m.packet_id).where(*theirs)).scalars())
    _freeze(connection, tenant_id, packet_ids)
    connection.execute(delete(packet_member).where(*theirs))
    lost = select(fact_episode.c.registration).where(
        fact_episode.c.tenant_id == tenant_id, fact_episode.c.learner.in_(learners)
    )
    connection.execute(
        delete(packet_waiting).where(w.tenant_id == tenant_id, w.registration.in_(lost))
    )
    held = bindparam(None, packet_ids, type_=ARRAY(BigInteger), unique=True)
    rows = connection.execute(
        select(r.row_id, r.contributions).where(r.tenant_id == tenant_id, r.packets.overlap(held))
    )
    # Others stand in their place, whom nobody knows: a row must not seem to be of fewer people than
    # it is.
    nobody = {learner: secrets.randbits(_KEY_BITS) for learner in learners}
    for row_id, contributions in rows.all():
        kept = {
            slot: [nobody.get(one, one) for one in people] for slot, people in contributions.items()
        }
        connection.execute(
            update(published_row)
            .where(r.tenant_id == tenant_id, r.row_id == row_id)
            .values(contributions=kept)
        )


def _freeze(connection: Connection, tenant_id: int, packet_ids: Sequence[int]) -> None:
    p = packet.c
    connection.execute(
        update(packet)
        .where(p.tenant_id == tenant_id, p.packet_id.in_(packet_ids), p.frozen_at.is_(None))
        .values(frozen_at=func.now())
    )


def list_answers(
    connection: Connection, tenant_id: int, packets: Sequence[int], intervals: Sequence[str]
) -> Sequence[Any]:
    """Rows of packet_id, interval, item, competency, learners: who of some packets answered what in
    checks."""
    m, r = packet_member.c, fact_recall.c
    same = and_(m.tenant_id == r.tenant_id, m.registration == r.registration)
    chosen = bindparam(None, list(packets), type_=ARRAY(BigInteger), unique=True)
    return connection.execute(
        select(
            m.packet_id,
            r.interval,
            r.item,
            r.competency,
            func.array_agg(m.learner).label("learners"),
        )
        .select_from(packet_member.join(fact_recall, same))
        .where(m.tenant_id == tenant_id, m.packet_id == any_(chosen), r.interval.in_(intervals))
        .group_by(m.packet_id, r.interval, r.item, r.competency)
    ).all()


def list_rows(connection: Connection, tenant_id: int, programme: str) -> Sequence[Any]:
    """Rows of metric, part, day, version, packets, people, sums, contributions, row_id: what holds
    of a programme now."""
    r = published_row.c
    query = select(
        r.metric, r.part, r.day, r.version, r.packets, r.people, r.sums, r.contributions, r.row_id
    ).where(r.tenant_id == tenant_id, r.programme == programme, r.replaced_at.is_(None))
    return connection.execute(query.order_by(r.row_id)).all()


def list_released(
    connection: Connection, tenant_id: int, programme: str | None, metric: str
) -> list[ReleasedRow]:
    """The rows of a metric (of all programmes, if none is named) with the publication in which each
    came, in that order; those that were corrected, too."""
    p, r = publication.c, published_row.c
    same = and_(p.tenant_id == r.tenant_id, p.at == r.released_at)
    query = (
        select(
            p.publication_id,
            p.monday,
            p.at,
            r.part,
            r.day,
            r.version,
            r.packets,
            r.people,
            r.sums,
            r.replaced_at.is_(None),
        )
        .select_from(published_row.join(publication, same))
        .where(r.tenant_id == tenant_id, r.metric == metric)
        .order_by(p.publication_id, r.row_id)
    )
    if programme is not None:
        query = query.where(r.programme == programme)
    return [ReleasedRow(*row) for row in connection.execute(query)]


def insert_rows(
    connection: Connection,
    tenant_id: int,
    programme: str,
    rows: Sequence[Mapping[str, Any]],
    at: datetime,
) -> None:
    """Keep rows of the publication that is ``at`` an instant."""
    kept = {"tenant_id": tenant_id, "programme": programme, "released_at": at}
    _insert_as_json(connection, published_row, [{**kept, **row} for row in rows])


def replace_rows(
    connection: Connection, tenant_id: int, row_ids: Sequence[int], at: datetime
) -> None:
    """Mark rows as corrected by others."""
    r = published_row.c
    chosen = bindparam(None, list(row_ids), type_=ARRAY(BigInteger), unique=True)
    connection.execute(
        update(published_row)
        .where(r.tenant_id == tenant_id, r.row_id == any_(chosen))
        .values(replaced_at=at)
    )


def replace_values(
    connection: Connection, tenant_id: int, programme: str, values: Sequence[PublishedValue]
) -> None:
    """Publish the values of a programme in place of those before."""
    v = published_value
    connection.execute(delete(v).where(v.c.tenant_id == tenant_id, v.c.programme == programme))
    _insert_as_json(connection, v, [{"tenant_id": tenant_id, **vars(item)} for item in values])


def replace_month_values(
    connection: Connection, tenant_id: int, values: Sequence[PublishedValue]
) -> None:
    """Publish the values of calendar months in place of those before."""
    v = published_value
    connection.execute(delete(v).where(v.c.tenant_id == tenant_id, v.c.scope == CALENDAR_MONTH))
    _insert_as_json(connection, v, [{"tenant_id": tenant_id, **vars(item)} for item in values])


def list_values(
    connection: Connection,
    tenant_id: int,
    programme: str,
    scopes: Sequence[tuple[str, str | None]],
    metrics: Sequence[str],
) -> list[PublishedValue]:
    """The values of these metrics over these scopes (kind, value; None: every value of it)."""
    v = published_value.c
    columns = [v[name] for name in PublishedValue.__dataclass_fields__]
    chosen = or_(
        *(
            and_(v.scope == kind, *(() if value is None else (v.scope_value == value,)))
            for kind, value in scopes
        )
    )
    query = select(*columns).where(
        v.tenant_id == tenant_id, v.programme == programme, v.metric.in_(metrics), chosen
    )
    rows = connection.execute(query.order_by(v.scope, v.scope_value, v.metric, v.part, v.day))
    return [PublishedValue(*row) for row in rows]


def list_scopes(connection: Connection, tenant_id: int, programme: str) -> list[tuple[str, str]]:
    """Over what values of a programme are published: kinds and values."""
    v = published_value.c
    query = select(v.scope, v.scope_value).where(v.tenant_id == tenant_id, v.programme == programme)
    return [
        (kind, value)
        for kind, value in connection.execute(query.distinct().order_by(v.scope, v.scope_value))
    ]


def list_published_activities(connection: Connection, tenant_id: int) -> list[str]:
    """The programmes, competencies and questions of which values are published."""
    v = published_value.c
    programmes = select(v.programme).where(v.tenant_id == tenant_id, v.programme != ALL_PROGRAMMES)
    parts = select(v.part).where(
        v.tenant_id == tenant_id, v.metric.in_(PARTS_ARE_ACTIVITIES.values())
    )
    return list(connection.execute(programmes.union(parts)).scalars())


def replace_titles(
    connection: Connection, tenant_id: int, titles: Mapping[str, Mapping[str, str]]
) -> None:
    """Keep what activities are called: activity -> language -> title."""
    t = published_title
    connection.execute(delete(t).where(t.c.tenant_id == tenant_id))
    rows = [
        {"tenant_id": tenant_id, "activity": activity, "titles": dict(by_language)}
        for activity, by_language in sorted(titles.items())
    ]
    if rows:
        connection.execute(insert(t), rows)


def insert_publication(
    connection: Connection,
    tenant_id: int,
    monday: date,
    watermark: datetime,
    at: datetime,
    **counts: int,
) -> None:
    """Note that values were published."""
    connection.execute(
        insert(publication).values(
            tenant_id=tenant_id, monday=monday, watermark=watermark, at=at, **counts
        )
    )


def request_publication(connection: Connection, tenant_id: int, who: str) -> None:
    """Ask for values to be published before the week is over."""
    row = upsert(publication_request).values(tenant_id=tenant_id, who=who)
    connection.execute(row.on_conflict_do_nothing())


def take_request(connection: Connection, tenant_id: int) -> bool:
    """Whether somebody asked for that; it is asked no longer."""
    r = publication_request
    return bool(connection.execute(delete(r).where(r.c.tenant_id == tenant_id)).rowcount)


def list_waiting_groups(
    connection: Connection, tenant_id: int, programme: str, dimension: str
) -> Sequence[Any]:
    """Rows of wave, value of the dimension: of whom somebody waits for a packet."""
    e, w = fact_episode.c, packet_waiting.c
    same = and_(w.tenant_id == e.tenant_id, w.registration == e.registration)
    query = (
        select(e.wave, e[dimension].label("value"))
        .select_from(packet_waiting.join(fact_episode, same))
        .where(w.tenant_id == tenant_id, w.programme == programme)
    )
    return connection.execute(query.distinct().order_by(e.wave, e[dimension])).all()


def list_publications(
    connection: Connection, tenant_id: int, before: int | None, rows: int
) -> list[Publication]:
    """The last times at which values were published, the newest first."""
    p = publication.c
    columns = [p[name] for name in Publication.__dataclass_fields__]
    query = select(*columns).where(p.tenant_id == tenant_id)
    if before is not None:
        query = query.where(p.publication_id < before)
    found = connection.execute(query.order_by(p.publication_id.desc()).limit(rows))
    return [Publication(*row) for row in found]
