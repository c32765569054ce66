"""Did the programme move the business figure: computed by the job, because the estimation
libraries are heavy to load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from analytics.definitions import Scope
from analytics.statistics import impact
from analytics.statistics.periods import period_length
from analytics.store import kpis
from analytics.store.kpis import Kpi
from lrs.feed import key_of
from lrs.vocabulary import MIN_GROUP_SIZE

# Kind of subject, subject, first and last day of the period, value.
_Row = tuple[str, str, date, date, float]
_Starts = Callable[[str], datetime | None]  # a subject -> when its treatment began
_GROUP_KINDS = {"team", "site"}


def compute_impact(connection: Connection, scope: Scope) -> dict[str, Any]:
    """The body of the computed report: for each business figure, its effect, estimated with the
    strongest method that its data allow."""
    assert scope.programme is not None
    return {
        "kpis": [
            _estimate_kpi(connection, scope, item)
            for item in kpis.list_kpis(connection, scope.tenant_id, scope.programme)
        ]
    }


def _estimate_kpi(connection: Connection, scope: Scope, kpi: Kpi) -> dict[str, Any]:
    assert scope.programme is not None
    rows = kpis.list_current_values(connection, scope.tenant_id, scope.programme, kpi.kpi)
    kinds = {row[0] for row in rows}
    lasting = {period_length(row[2], row[3]) for row in rows}
    return {
        "kpi": kpi.kpi,
        "label": kpi.label,
        "unit": kpi.unit,
        "readings": len(rows),
        "subject_kind": next(iter(kinds)) if len(kinds) == 1 else "",
        "periods_a_year": next(iter(lasting)).a_year if len(lasting) == 1 else None,
        **_estimate_rows(rows, kpi, lambda kind: _treatment_starts(connection, scope, kind)),
        "published": _estimate_published(connection, scope, kpi, rows),
    }


def _estimate_rows(
    rows: Sequence[_Row], kpi: Kpi, starts_of: Callable[[str], _Starts]
) -> dict[str, Any]:
    """The effect of these readings, or why there is none; of how many subjects and periods."""
    periods = sorted({row[2] for row in rows})
    kinds = {row[0] for row in rows}
    lasting = {period_length(row[2], row[3]) for row in rows}
    effect, why = None, ""
    if len(kinds) > 1:
        why = "Its readings are of persons and of teams or sites at once; send them of one kind."
    elif len(lasting) > 1:
        lengths = ", ".join(sorted(length.name for length in lasting))
        why = (
            f"Its readings cover periods of different length ({lengths}), which cannot be "
            "compared; send them of one."
        )
    elif rows:
        started = starts_of(next(iter(kinds)))
        readings = [
            impact.Reading(
                subject,
                _period_number(periods, day),
                value,
                _first_treated_period(periods, started(subject)),
            )
            for _, subject, day, _, value in rows
        ]
        why = impact.explain_unbalanced(readings)
        effect = None if why else estimate_effect(readings, kpi.waves_randomised)
        if effect is None and not why:
            why = (
                "No estimate: it takes two certified and two others with values before and "
                "after, or a series of eight periods, and values that"
                " vary from one to the other."
            )
    else:
        why = "No readings yet."
    return {
        "effect": asdict(effect) if effect else None,
        "why_not": why,
        "subjects": len({row[1] for row in rows}),
        "periods": len(periods),
    }


def _estimate_published(
    connection: Connection, scope: Scope, kpi: Kpi, rows: Sequence[_Row]
) -> dict[str, Any]:
    """The same for those who may not see individual people: of the teams or sites that have
    packets, beside those in which nobody was certified. Of these there must be five,
    since each may be a single person."""
    assert scope.programme is not None
    if not rows or not {row[0] for row in rows} <= _GROUP_KINDS:
        why = "Its readings are of single people, so it is not published." if rows else ""
        return {"effect": None, "why_not": why or "No readings yet.", "subjects": 0, "periods": 0}
    starts: dict[str, dict[str, datetime]] = {}
    chosen: list[_Row] = []
    for kind in sorted({row[0] for row in rows}):
        own = [row for row in rows if row[0] == kind]
        starts[kind] = kpis.find_packet_starts(connection, scope.tenant_id, scope.programme, kind)
        begun = kpis.find_group_starts(connection, scope.tenant_id, scope.programme, kind)
        others = {row[1] for row in own} - begun.keys() - starts[kind].keys()
        controls = others if len(others) >= MIN_GROUP_SIZE else set()
        chosen += [row for row in own if row[1] in starts[kind] or row[1] in controls]
    found = {kind for kind, subject, *_ in chosen if subject in starts[kind]}
    if not found:
        why = "No values are published yet of a team or site that it has readings of."
        return {"effect": None, "why_not": why, "subjects": 0, "periods": 0}
    return _estimate_rows(chosen, kpi, lambda kind: starts[kind].get)


def _treatment_starts(connection: Connection, scope: Scope, kind: str) -> _Starts:
    """A lookup of when a subject's treatment began: its first certification. A person is named
    by an identity (``account home name``)."""
    assert scope.programme is not None
    if kind == "person":
        people = kpis.find_learner_starts(connection, scope.tenant_id, scope.programme)
        return lambda subject: people.get(key_of("agent", subject))
    return kpis.find_group_starts(connection, scope.tenant_id, scope.programme, kind).get


def _period_number(periods: Sequence[date], day: date) -> int:
    return periods.index(day) + 1  # from 1: group-time effects take 0 for "never"


def _first_treated_period(periods: Sequence[date], at: datetime | None) -> int | None:
    """The first period that begins after the certification; None if there is none."""
    if at is None:
        return None
    return next((i + 1 for i, day in enumerate(periods) if day >= at.date()), None)


def estimate_effect(readings: Sequence[impact.Reading], randomised: bool) -> impact.Effect | None:
    """Estimate with the strongest method that the data allow: waves, then two groups, then
    before and after."""
    result = impact.group_time_effects(readings, randomised) or impact.difference_in_differences(
        readings
    )
    if result is not None:
        return result
    treated = [r for r in readings if r.treated_from is not None]
    if not treated:
        return None
    starts = sorted(r.treated_from for r in treated if r.treated_from is not None)
    by_period: dict[int, list[float]] = {}
    for r in treated:
        by_period.setdefault(r.period, []).append(r.value)
    return impact.interrupted_time_series(
        [(period, sum(values) / len(values)) for period, values in by_period.items()],
        starts[len(starts) // 2],
    )
