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
        started = _treatment_starts(connection, scope, next(iter(kinds)))
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
        "kpi": kpi.kpi,
        "label": kpi.label,
        "unit": kpi.unit,
        "readings": len(rows),
        "subjects": len({row[1] for row in rows}),
        "subject_kind": next(iter(kinds)) if len(kinds) == 1 else "",
        "periods": len(periods),
        "periods_a_year": next(iter(lasting)).a_year if len(lasting) == 1 else None,
        "effect": asdict(effect) if effect else None,
        "why_not": why,
    }


def _treatment_starts(
    connection: Connection, scope: Scope, kind: str
) -> Callable[[str], datetime | None]:
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
