"""Reports and values of a large programme, cached by the job because they take longer than a
page may. All others are built on request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, distinct, func, select

from core.clock import format_instant
from lrs.metrics.catalogue import CATALOGUE, Metric
from lrs.metrics.definitions import Scope
from lrs.reports import privacy
from lrs.reports.asking import Asked
from lrs.reports.every import REPORTS, dimensions
from lrs.reports.shape import Column, Report
from lrs.reports.values import MetricValue, as_json, values_of
from lrs.store import computed
from lrs.store.tables import fact_episode

LARGE = 3_000  # episodes; below that, the slowest report fits into the 200 ms of a page (bench/results/metrics.md)
_VALUES, _DIMENSIONS = "values", "dimensions"


def report(asked: Asked, key: str, watermark: datetime) -> Report:
    """One report, stamped with the time it was computed and the watermark up to which
    statements were counted."""
    kept = _kept(asked, key)
    if kept is not None:
        return Report(**{**kept, "columns": [Column(**one) for one in kept["columns"]]})
    reason = "" if asked.individual else _hidden(asked)
    if reason:
        title, now = f"{key.replace('_', ' ').capitalize()}", format_instant(asked.scope.as_of)
        return Report(
            key, title, f"Not shown: {reason}.", (), (), what_to_do="Choose a wider group.", watermark=format_instant(watermark), computed_at=now
        )
    return _made(asked, key, watermark)


def _hidden(asked: Asked) -> str:
    """Why a narrowed report is hidden from callers who may not see individual people; empty if
    it is not."""
    wider = asked.scope.parents()
    if not wider:
        return ""
    people = _people(asked, asked.scope)
    if 0 < people < privacy.MIN_GROUP_SIZE:
        return privacy.TOO_FEW
    return privacy.BY_DIFFERENCE if privacy.hidden_by_difference(people, [_people(asked, one) for one in wider]) else ""


def _people(asked: Asked, scope: Scope) -> int:
    return int(asked.connection.execute(select(func.count(distinct(fact_episode.c.learner))).where(*scope.episodes())).scalar_one())


def _made(asked: Asked, key: str, watermark: datetime) -> Report:
    made = REPORTS[key](asked)
    return replace(made, watermark=made.watermark or format_instant(watermark), computed_at=made.computed_at or format_instant(asked.scope.as_of))


def values(asked: Asked, metrics: Sequence[Metric], watermark: datetime) -> list[list[MetricValue]]:
    """The values of each metric."""
    kept = _kept(asked, _VALUES)
    if kept is not None and all(metric.key in kept for metric in metrics):
        return [[MetricValue(**one) for one in kept[metric.key]] for metric in metrics]
    return [_valued(asked, metric, watermark) for metric in metrics]


def _valued(asked: Asked, metric: Metric, watermark: datetime) -> list[MetricValue]:
    return values_of(asked.connection, metric, asked.scope, watermark, asked.individual)


def narrowing(asked: Asked) -> dict[str, list[str]]:
    """The values of each dimension by which the programme's figures can be narrowed."""
    whole = replace(asked, scope=asked.scope.widest())
    kept = _kept(whole, _DIMENSIONS)
    return dimensions(whole) if kept is None else kept


def keep(connection: Connection, scope: Scope, watermark: datetime) -> None:
    """Build and cache everything for a programme, for callers who may see individual people and
    for all others; nothing if the programme is small."""
    assert scope.programme is not None
    e = fact_episode.c
    episodes = connection.execute(select(func.count()).where(e.tenant_id == scope.tenant_id, e.programme == scope.programme)).scalar_one()
    if episodes < LARGE:
        computed.discard_cached_reports(connection, scope.tenant_id, scope.programme)
        return
    made: dict[str, dict[str, Any]] = {}
    for individual in (True, False):
        asked = Asked(connection, scope, individual)
        made |= {_name(asked, key): _made(asked, key, watermark).as_json() for key in REPORTS}
        made[_name(asked, _VALUES)] = {metric.key: as_json(_valued(asked, metric, watermark)) for metric in CATALOGUE}
        made[_name(asked, _DIMENSIONS)] = dimensions(asked)
    for name, body in made.items():  # at the end, so that a new decision does not wait for row locks in the meantime
        computed.upsert_computed_report(connection, scope.tenant_id, scope.programme, name, body, watermark)


def _kept(asked: Asked, key: str) -> dict[str, Any] | None:
    programme = asked.scope.programme
    if programme is None or not asked.scope.is_whole_programme:
        return None
    found = computed.find_computed_report(asked.connection, asked.scope.tenant_id, programme, _name(asked, key))
    return found[0] if found else None


def _name(asked: Asked, key: str) -> str:
    return f"{computed.CACHE_PREFIX}{'people' if asked.individual else 'groups'}/{key}"
