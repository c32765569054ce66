"""The publishing job: every week, from one snapshot, it puts waiting people into packets, counts
the packets whose windows are over, and publishes the values of what may appear
(docs/privacy.md)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from analytics.catalogue import CATALOGUE, DETAIL_DAY, DUE_CHECKS, PUBLISHED_METRICS, Metric
from analytics.definitions import Scope, parse_part
from analytics.jobs.publishing_details import ALL_PUBLISHED, beyond_details, release_details
from analytics.jobs.publishing_months import publish_months
from analytics.publishing import packets as forming
from analytics.publishing.packets import DEFAULT_RULE, NewPacket, Waiting
from analytics.publishing.rows import (
    Ledger,
    PublishedRow,
    RowKey,
    add_by_key,
    add_rows,
    are_equal,
    with_contributions,
)
from analytics.publishing.values import compute_all_programmes, compute_values
from analytics.reports.figures import counted_up_to
from analytics.reports.published import PublishedScope, load_months
from analytics.store import computed_reports
from analytics.store import published as store
from analytics.store.published import Packet, PublishedValue, PublishingRule
from analytics.store.published_months import list_programmes_of_months
from core import clock
from core.advisory_locks import PUBLISHING_LOCK, try_advisory_lock
from core.database import UnitOfWork
from core.translations import choose_translation, list_languages
from lrs import feed

_DAY = timedelta(days=1)
_ROW_COLUMNS = ("part", "contributors", "due", "learners")


def publish_tenant(unit_of_work: UnitOfWork, tenant_id: int) -> bool:
    """Publish what is due, once a week, and where it was asked for once a day more. Return whether
    it was done."""
    with unit_of_work(tenant_id) as connection:
        now = clock.now().astimezone(UTC)
        today = now.date()
        monday = forming.monday_of(today)
        last = next(iter(store.list_publications(connection, tenant_id, None, 1)), None)
        if last is not None and last.at.astimezone(UTC).date() == today:
            return False
        if not try_advisory_lock(connection, PUBLISHING_LOCK, tenant_id, "publishing"):
            return False
        if not store.take_request(connection, tenant_id) and last and last.monday >= monday:
            return False
        watermark = min(counted_up_to(connection, tenant_id), clock.now())
        store.freeze_changed_packets(connection, tenant_id)
        rules = store.find_rules(connection, tenant_id)
        formed = _form_packets(connection, tenant_id, rules, monday)
        correcting = last is None or (last.at.year, last.at.month) != (today.year, today.month)
        rows, corrected = _publish_programmes(connection, tenant_id, watermark, now, correcting)
        _publish_titles(connection, tenant_id)
        months = publish_months(connection, tenant_id, watermark)
        _publish_month_values(connection, tenant_id, watermark)
        if last is None and not (formed or rows or months):
            return False  # nothing yet: the first time is not bound to a week
        store.insert_publication(
            connection,
            tenant_id,
            monday,
            watermark,
            now,
            packets=formed,
            rows=rows,
            corrected=corrected,
        )
    return True


def _form_packets(
    connection: Connection, tenant_id: int, rules: Mapping[str, PublishingRule], monday: date
) -> int:
    """Form the packets of all programmes; return how many."""
    waiting: dict[str, list[Waiting]] = defaultdict(list)
    for row in store.list_unpacketed(connection, tenant_id):
        rule = rules.get(row.programme, DEFAULT_RULE)
        value = getattr(row, rule.dimension)
        waiting[row.programme].append(
            Waiting(row.registration, row.learner, row.wave, value, row.anchor, row.since)
        )
    begun = {item.programme for item in store.list_packets(connection, tenant_id)}
    count, left = 0, []
    for programme, people in waiting.items():
        rule = rules.get(programme, DEFAULT_RULE)
        form = forming.form_packets if programme in begun else forming.replay_mondays
        packets, still = form(people, monday, rule.size)
        store.insert_packets(
            connection, tenant_id, [_packet_columns(programme, rule, item) for item in packets]
        )
        count += len(packets)
        if packets:  # effects on business figures are of teams and sites that have one
            computed_reports.mark_programmes_stale(connection, tenant_id, [programme])
        left += [(item.registration, programme, item.since) for item in still if item.since]
    store.replace_waiting(connection, tenant_id, left)
    return count


def _packet_columns(
    programme: str, rule: PublishingRule, packet: NewPacket
) -> tuple[dict[str, Any], list[tuple[uuid.UUID, int]]]:
    columns = {
        "programme": programme,
        "wave": packet.wave,
        "dimension": rule.dimension,
        "value": packet.value,
        "pooled": packet.pooled,
        "formed_on": packet.formed_on,
        "people": len({item.learner for item in packet.members}),
        "certified_by": forming.monday_after(max(item.anchor for item in packet.members)),
    }
    return columns, [(item.registration, item.learner) for item in packet.members]


def _publish_programmes(
    connection: Connection, tenant_id: int, watermark: datetime, now: datetime, correcting: bool
) -> tuple[int, int]:
    """Publish the rows that are due, and the values of all programmes, and of all together; return
    how many rows came, and how many were corrected."""
    packets = store.list_packets(connection, tenant_id)
    by_programme: dict[str, list[Packet]] = defaultdict(list)
    for packet in packets:
        by_programme[packet.programme].append(packet)
    totals: dict[str, list[PublishedRow]] = {}
    new = corrected = 0
    for programme, own in by_programme.items():
        rows, added, replaced = _publish_programme(
            connection, tenant_id, programme, own, watermark, now, correcting
        )
        values = compute_values(programme, own, rows, watermark)
        store.replace_values(connection, tenant_id, programme, values)
        totals[programme] = add_by_key(rows)
        new, corrected = new + added, corrected + replaced
    whole = compute_all_programmes(totals, packets, watermark)
    store.replace_values(connection, tenant_id, store.ALL_PROGRAMMES, whole)
    return new, corrected


def _publish_programme(
    connection: Connection,
    tenant_id: int,
    programme: str,
    packets: Sequence[Packet],
    watermark: datetime,
    now: datetime,
    correcting: bool,
) -> tuple[list[PublishedRow], int, int]:
    """Publish the rows of a programme that are due; return all that hold now, how many of them
    came, and how many were corrected."""
    kept = load_rows(connection, tenant_id, programme)
    done = {(row.key, number) for row in kept for number in row.packets}
    open_packets = [item for item in packets if item.frozen_at is None]
    counted = _count_packets(connection, tenant_id, open_packets, watermark, done, correcting)
    replaced = (
        _correct_rows(connection, tenant_id, programme, kept, counted, now) if correcting else []
    )
    ids = {row.row_id for row in replaced}
    current = [row for row in kept if row.row_id not in ids] + replaced
    ledger = Ledger([*current, *beyond_details(current)])
    released = _release_rows(ledger, open_packets, counted, done, watermark)
    released += release_details(
        connection,
        tenant_id,
        current + released,
        [item for item in packets if is_over(item, DETAIL_DAY, watermark)],
        counted,
        done | {(row.key, number) for row in released for number in row.packets},
    )
    columns = [_as_columns(row) for row in released]
    store.insert_rows(connection, tenant_id, programme, columns, now)
    return current + released, len(released), len(replaced)


def _publish_month_values(connection: Connection, tenant_id: int, watermark: datetime) -> None:
    """Publish the values of calendar months where all others are."""
    values = [
        PublishedValue(
            programme=programme or store.ALL_PROGRAMMES,
            scope=store.CALENDAR_MONTH,
            scope_value=value.scope[store.MONTH],
            metric=metric.key,
            part=value.part,
            day=0,
            version=value.version,
            numerator=value.numerator,
            denominator=value.denominator,
            value=value.value,
            ci_low=value.ci_low,
            ci_high=value.ci_high,
            people=value.learners,
            flags=value.flags,
            status=value.status,
            waits_until=None,
            released_at=watermark,
        )
        for metric in CATALOGUE
        if metric.published is None
        for programme in (None, *list_programmes_of_months(connection, tenant_id))
        for value in load_months(
            connection, PublishedScope(tenant_id, programme), metric, watermark
        )
        if not value.suppressed
    ]
    store.replace_month_values(connection, tenant_id, values)


def _publish_titles(connection: Connection, tenant_id: int) -> None:
    """Publish what programmes, competencies and questions are called, in the languages of the
    product."""
    activities = store.list_published_activities(connection, tenant_id)
    named = feed.find_activity_titles(connection, tenant_id, activities)
    titles = {
        activity: {tag: choose_translation(tag, names) for tag in list_languages()}
        for activity, names in named.items()
    }
    store.replace_titles(connection, tenant_id, titles)


def load_rows(connection: Connection, tenant_id: int, programme: str) -> list[PublishedRow]:
    """The rows of a programme that hold now."""
    return [
        PublishedRow(
            RowKey(row.metric, row.part, row.day),
            row.version,
            tuple(row.packets),
            row.people,
            row.sums,
            row.contributions,
            row.row_id,
        )
        for row in store.list_rows(connection, tenant_id, programme)
    ]


Counted = Mapping[int, Mapping[RowKey, PublishedRow]]


def _count_packets(
    connection: Connection,
    tenant_id: int,
    packets: Sequence[Packet],
    watermark: datetime,
    done: set[tuple[RowKey, int]],
    correcting: bool,
) -> Counted:
    """By packet: its rows whose windows are over, of those metrics of which one is not published
    yet (``correcting``: of all)."""
    counted: dict[int, dict[RowKey, PublishedRow]] = {}
    asked: dict[tuple[str, int | None], list[int]] = defaultdict(list)
    for packet in packets:
        number, keys = packet.packet_id, _keys_to_count(packet, watermark, done, correcting)
        if keys:
            counted[number] = {
                key: PublishedRow(key, PUBLISHED_METRICS[key.metric].version, (number,), 0, [], {})
                for key in keys
            }
        for look in {_looks_at(key) for key in keys}:
            asked[look].append(number)
    for metric in PUBLISHED_METRICS.values():
        for before, day in _looks(metric):
            over = asked.get((metric.key, day))
            if not over:
                continue
            scope = Scope(
                tenant_id,
                watermark,
                packets=over,
                within=None if day is None else day * 86_400,
                before=before * 86_400,
            )
            _read_rows(connection, metric, scope, day, counted)
    return {number: with_contributions(number, rows) for number, rows in counted.items()}


def _keys_to_count(
    packet: Packet, watermark: datetime, done: set[tuple[RowKey, int]], correcting: bool
) -> list[RowKey]:
    """Of the rows whose windows are over, those of metrics of which one is not published yet, and
    of the metrics of which these consist."""
    due = [key for key in (*ROW_KEYS, *ALL_PUBLISHED) if is_over(packet, key.day, watermark)]
    if correcting:
        return due
    needed = {key.metric for key in due if (key, packet.packet_id) not in done}
    needed |= {_SOURCES[metric] for metric in needed & _SOURCES.keys()}
    return [key for key in due if key.metric in needed]


def _looks(metric: Metric) -> Iterable[tuple[int, int | None]]:
    """When a metric's packets are looked at, and when before (days); None: each part has its
    own end."""
    assert metric.published is not None
    days = metric.published.days
    return zip((0, *days), days, strict=False) if days else [(0, None)]


def _looks_at(key: RowKey) -> tuple[str, int | None]:
    """The metric and the time of the look that counts a row."""
    published = PUBLISHED_METRICS[key.metric].published
    assert published is not None
    return key.metric, key.day if published.days else None


def _read_rows(
    connection: Connection,
    metric: Metric,
    scope: Scope,
    day: int | None,
    counted: Mapping[int, dict[RowKey, PublishedRow]],
) -> None:
    assert metric.published is not None
    known = {part for part, _ in metric.parts}
    result = connection.execute(metric.count(scope))
    names = list(result.keys())
    for values in result:
        row = dict(zip(names, values, strict=True))
        part, number = parse_part(row["part"])
        if known and part not in known:
            continue
        key = RowKey(metric.key, part, day or metric.published.days_of(part)[0])
        found = counted[int(number)].get(key)
        if not metric.parts:
            found = PublishedRow(key, metric.version, (int(number),), 0, [], {})
        if found is None:  # an interval that is not over
            continue
        sums = {name: _as_number(value) for name, value in row.items() if name not in _ROW_COLUMNS}
        people = int(row["learners"] if "learners" in row else row["people"])
        if "learners" in row:
            sums["learners"] = people
        contributions = {
            name: sorted({*found.contributions.get(name, ()), *row[column]})
            for name, column in (("", "contributors"), (DUE_CHECKS, "due"))
            if column in row
        }
        counted[int(number)][key] = replace(
            found,
            people=found.people + people,
            sums=[*found.sums, sums],
            contributions=contributions,
        )


def _as_number(value: Any) -> int | float | None:
    if value is None:
        return 0
    number = float(value)
    return int(number) if number.is_integer() else number


ROW_KEYS = tuple(
    RowKey(metric.key, part, day)
    for metric in CATALOGUE
    if metric.published is not None
    for part, _ in metric.parts
    for day in metric.published.days_of(part)
)
_ORDER = {key: number for number, key in enumerate(ROW_KEYS)}
# Of whose contributions those of another metric consist.
_SOURCES = {
    metric.key: metric.published.whole or metric.published.part_of
    for metric in CATALOGUE
    if metric.published is not None and (metric.published.whole or metric.published.part_of)
}


def is_over(packet: Packet, day: int, now: datetime) -> bool:
    """Whether the window of so many days is over for all members of a packet."""
    return packet.certified_by + day * _DAY <= now.astimezone(UTC).date()


def _release_rows(
    ledger: Ledger,
    packets: Sequence[Packet],
    counted: Counted,
    done: set[tuple[RowKey, int]],
    watermark: datetime,
) -> list[PublishedRow]:
    """The rows that may appear now: of each group, over all its packets that wait for that; and
    over several groups of a programme where they have waited long."""
    released: list[PublishedRow] = []
    for key in sorted(ROW_KEYS, key=lambda key: (key.day, _ORDER[key])):
        late: list[Packet] = []
        for members in _group_waiting(key, packets, done, watermark):
            row = _release_row(ledger, key, members, counted)
            if row is None:
                late += [item for item in members if _waited_long(item, key.day, watermark)]
            else:
                released.append(row)
        row = _release_row(ledger, key, late, counted) if late else None
        released += [] if row is None else [row]
    return released


def _release_row(
    ledger: Ledger, key: RowKey, packets: Sequence[Packet], counted: Counted
) -> PublishedRow | None:
    """The row over these packets, if it may appear; it is in the ledger then."""
    row = add_rows([counted[item.packet_id][key] for item in packets])
    return row if ledger.add_if_safe(row) else None


def _group_waiting(
    key: RowKey, packets: Sequence[Packet], done: set[tuple[RowKey, int]], watermark: datetime
) -> Iterable[list[Packet]]:
    """The packets that wait for a row, by group."""
    groups: dict[tuple[Any, ...], list[Packet]] = defaultdict(list)
    for packet in packets:
        if (key, packet.packet_id) not in done and is_over(packet, key.day, watermark):
            group = (packet.pooled, packet.wave, packet.dimension, packet.value)
            groups[group].append(packet)
    return groups.values()


def _waited_long(packet: Packet, day: int, now: datetime) -> bool:
    return is_over(packet, day, now - forming.POOLED_AFTER)


def _correct_rows(
    connection: Connection,
    tenant_id: int,
    programme: str,
    kept: Sequence[PublishedRow],
    counted: Counted,
    now: datetime,
) -> list[PublishedRow]:
    """Correct what late and voided statements changed, where the same people contribute to a row:
    otherwise the difference of the two would tell of those who came or went."""
    replaced, columns = [], []
    for row in kept:
        published = PUBLISHED_METRICS[row.key.metric].published
        if published is None or not published.corrected or not row.people:
            continue
        if not all(row.key in counted.get(number, ()) for number in row.packets):
            continue
        again = add_rows([counted[number][row.key] for number in row.packets])
        if are_equal(again.sums, row.sums) and again.version == row.version:
            continue
        if _same_people(again, row):
            replaced.append(replace(again, row_id=row.row_id))
            columns.append(_as_columns(again))
    store.replace_rows(connection, tenant_id, [row.row_id for row in replaced], now)
    store.insert_rows(connection, tenant_id, programme, columns, now)
    return replaced


def _same_people(one: PublishedRow, other: PublishedRow) -> bool:
    return {slot: set(people) for slot, people in one.contributions.items() if people} == {
        slot: set(people) for slot, people in other.contributions.items() if people
    }


def _as_columns(row: PublishedRow) -> dict[str, Any]:
    return {
        "packets": list(row.packets),
        "metric": row.key.metric,
        "version": row.version,
        "part": row.key.part,
        "day": row.key.day,
        "people": row.people,
        "sums": row.sums,
        "contributions": row.contributions,
    }
