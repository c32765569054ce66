"""What is published of a programme: for each declared scope (the whole, a wave, a value of the
dimension, a month of certification) each part of each metric, as a sum of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from analytics.catalogue import CATALOGUE, PUBLISHED_METRICS, Metric
from analytics.publishing.packets import monday_from
from analytics.publishing.rows import PublishedRow, RowKey, add_sums, estimate_row
from analytics.store.published import (
    ALL_PROGRAMMES,
    MONTH,
    PROGRAMME,
    SHOWN,
    TOO_FEW,
    WAITING,
    Packet,
    PublishedValue,
)

ScopeKey = tuple[str, str]  # kind and value, as in PublishedValue
_WHOLE: ScopeKey = (PROGRAMME, "")
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)


def scopes_of(packets: Sequence[Packet]) -> set[ScopeKey]:
    """The scopes to which packets that are published together belong: those that all share."""
    found = [_scopes_of_one(packet) for packet in packets]
    return set.intersection(*found) if found else set()


def _scopes_of_one(packet: Packet) -> set[ScopeKey]:
    # The week of the last certification begins in it.
    scopes = {_WHOLE, (MONTH, f"{packet.certified_by - _WEEK:%Y-%m}")}
    if not packet.pooled:
        scopes.add(("wave", packet.wave or ""))
        scopes.add((packet.dimension, packet.value or ""))
    return scopes


def compute_values(
    programme: str, packets: Sequence[Packet], rows: Iterable[PublishedRow], now: datetime
) -> list[PublishedValue]:
    """The values of a programme, in every scope of its packets."""
    by_id = {packet.packet_id: packet for packet in packets}
    members: dict[ScopeKey, list[Packet]] = defaultdict(list)
    for packet in packets:
        for scope in _scopes_of_one(packet):
            members[scope].append(packet)
    found: dict[tuple[ScopeKey, RowKey], list[PublishedRow]] = defaultdict(list)
    for row in rows:
        for scope in scopes_of([by_id[number] for number in row.packets if number in by_id]):
            found[scope, row.key].append(row)
    values = [
        _value(programme, scope, key, metric, found.get((scope, key), []), members[scope], now)
        for scope in sorted(members)
        for metric, key in _published_parts()
    ]
    # Of competencies and questions those that are published.
    for (scope, key), of_part in sorted(
        found.items(), key=lambda item: (item[0][0], str(item[0][1]))
    ):
        metric = PUBLISHED_METRICS[key.metric]
        if not metric.parts and key.part:
            value = _value(programme, scope, key, metric, of_part, members[scope], now)
            values += [value] if value.status == SHOWN else []
    return values


def compute_all_programmes(
    rows: Mapping[str, Sequence[PublishedRow]], packets: Sequence[Packet], now: datetime
) -> list[PublishedValue]:
    """The values of all programmes together."""
    by_key: dict[RowKey, list[PublishedRow]] = defaultdict(list)
    for of_programme in rows.values():
        for row in of_programme:
            by_key[row.key].append(row)
    return [
        _value(ALL_PROGRAMMES, _WHOLE, key, metric, by_key.get(key, []), packets, now)
        for metric, key in _published_parts()
        if packets
    ]


def _published_parts() -> Iterator[tuple[Metric, RowKey]]:
    for metric in CATALOGUE:
        if metric.published is not None:
            for part, _ in metric.parts:
                for day in metric.published.days_of(part):
                    yield metric, RowKey(metric.key, part, day)


def _value(
    programme: str,
    scope: ScopeKey,
    key: RowKey,
    metric: Metric,
    rows: Sequence[PublishedRow],
    packets: Sequence[Packet],
    now: datetime,
) -> PublishedValue:
    assert metric.published is not None
    current = [row for row in rows if row.version == metric.version]
    people = sum(row.people for row in current)
    estimate = estimate_row(metric, key.part, add_sums(row.sums for row in current))
    shown = people >= metric.published.min_people
    ends = [item.certified_by + key.day * _DAY for item in packets if item.frozen_at is None]
    coming = [end for end in ends if end > now.astimezone(UTC).date()]
    status = SHOWN if shown else TOO_FEW if len(coming) < len(packets) else WAITING
    return PublishedValue(
        programme=programme,
        scope=scope[0],
        scope_value=scope[1],
        metric=key.metric,
        part=key.part,
        day=key.day,
        version=metric.version,
        numerator=estimate.numerator if shown else None,
        denominator=estimate.denominator if shown else None,
        value=estimate.value if shown else None,
        ci_low=estimate.low if shown else None,
        ci_high=estimate.high if shown else None,
        people=people if shown else None,
        flags=list(estimate.flags) if shown else [],
        status=status,
        waits_until=monday_from(min(coming)) if coming else None,
        released_at=now,
    )
