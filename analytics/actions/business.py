"""Record business KPIs: readings all or nothing with errors reported by index, corrections
with their reason, costs, and the value of one unit.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any

import msgspec
from sqlalchemy import Connection

from analytics.deps import AnalyticsDeps
from analytics.store import computed_reports, kpis
from core.errors import BadInput, Conflict, NotFound
from lrs import feed

SUBJECTS = ("person", "team", "site")
CATEGORIES = (
    "needs analysis",
    "design",
    "delivery",
    "facilities",
    "participants' time",
    "evaluation",
    "tool",
    "other",
)  # Phillips & Phillips 2007
MAX_READINGS, MAX_TEXT_LENGTH = 10_000, 300
CURRENCY = re.compile(r"[A-Z]{3}\Z", re.ASCII)
CENT = Decimal("0.01")  # precision of the cost ledger
# name of the advisory lock; no KPI can have this name, because a key contains no space
_LEDGER_LOCK = "costs and worth"
EARLIEST, LATEST = date(1990, 1, 1), date(2100, 1, 1)


class Definition(msgspec.Struct, forbid_unknown_fields=True):
    """A business figure, as it is sent."""

    label: str
    unit: str
    more_is_better: bool
    owner: str
    source: str
    frequency: str
    baseline: float | None = None
    target: float | None = None
    waves_randomised: bool = False


class Incoming(msgspec.Struct, forbid_unknown_fields=True):
    """A reading, as it is sent; the end of the period is the last day of it."""

    subject_kind: str
    subject: str
    period_start: date
    period_end: date
    value: float
    source: str = ""


class Readings(msgspec.Struct, forbid_unknown_fields=True):
    """Readings of one business figure. ``reason`` is needed where one of them corrects a value."""

    programme: str
    kpi: str
    readings: list[Incoming]
    reason: str = ""
    dry_run: bool = False


class IncomingCost(msgspec.Struct, forbid_unknown_fields=True):
    """A line of the cost ledger, as it is sent."""

    programme: str
    category: str
    amount: Decimal
    currency: str
    incurred_on: date
    source: str
    signed_off_by: str
    hours: float | None = None


class Between(msgspec.Struct, forbid_unknown_fields=True):
    """A quantity, and what it is thought to lie between (a 90 % range)."""

    low: float
    best: float
    high: float


class Valuation(msgspec.Struct, forbid_unknown_fields=True):
    """What one unit of the figure is worth, for how many subjects and months; \
``forecast_effect``: what was expected beforehand."""

    unit_value: Between
    months: float
    source: str
    signed_off_by: str
    currency: str
    forecast_effect: Between | None = None
    forecast_costs: float | None = None


def define_kpi(
    deps: AnalyticsDeps,
    *,
    tenant_id: int,
    programme: str,
    key: str,
    definition: Definition,
    who: str,
) -> None:
    """Create or update a business KPI of a programme."""
    _require_text("programme", programme, 2_000)
    _require_text("kpi", key)
    for name in ("label", "unit", "owner", "source", "frequency"):
        _require_text(name, getattr(definition, name))
    for name in ("baseline", "target"):
        _require_number(name, getattr(definition, name))
    values = {"programme": programme, "kpi": key, **msgspec.structs.asdict(definition), "who": who}
    with deps.unit_of_work(tenant_id) as connection:
        kpis.upsert_kpi(connection, tenant_id, values)
        computed_reports.invalidate_reports(connection, tenant_id, programme)
        feed.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "named a business figure",
            {"programme": programme, "kpi": key},
        )


def import_readings(
    deps: AnalyticsDeps, *, tenant_id: int, readings: Readings, who: str
) -> dict[str, Any]:
    """Store readings, all or nothing. Known readings with the same value are left alone; those
    that differ are corrected, and the reason is recorded with the correction.

    Returns how many are new, known and corrected, and which look doubtful (``warnings``).
    """
    seen = _index_readings(readings)
    with deps.unit_of_work(tenant_id) as connection:
        if readings.kpi not in {
            item.kpi for item in kpis.list_kpis(connection, tenant_id, readings.programme)
        }:
            raise NotFound(
                f"The programme has no business figure {readings.kpi!r}; PUT /api/v1/kpis names "
                "one.",
                path="$.kpi",
            )
        kpis.lock_kpi(connection, tenant_id, readings.programme, readings.kpi)
        on_record = kpis.lock_current_readings(
            connection, tenant_id, readings.programme, readings.kpi, list(seen)
        )
        corrected = [
            place
            for place, i in seen.items()
            if place in on_record and on_record[place] != readings.readings[i].value
        ]
        fresh = [place for place in seen if place not in on_record]
        if corrected and not readings.reason.strip():
            raise _unexplained_correction(
                len(corrected), seen[corrected[0]], on_record[corrected[0]]
            )
        summary = {
            "new": len(fresh),
            "known": len(seen) - len(fresh) - len(corrected),
            "corrected": len(corrected),
            "warnings": _reading_warnings(readings.readings),
        }
        if readings.dry_run:
            return {**summary, "dry_run": True}
        for place in corrected:
            kpis.mark_reading_replaced(
                connection,
                tenant_id,
                readings.programme,
                readings.kpi,
                place,
                who,
                readings.reason.strip(),
            )
        place_of = {"programme": readings.programme, "kpi": readings.kpi}
        rows = [
            {**place_of, **msgspec.structs.asdict(readings.readings[seen[place]]), "who": who}
            for place in fresh + corrected
        ]
        kpis.insert_readings(connection, tenant_id, rows)
        computed_reports.mark_programmes_stale(connection, tenant_id, [readings.programme])
        counts = {name: summary[name] for name in ("new", "known", "corrected")}
        feed.insert_audit_entry(
            connection, tenant_id, who, "took in KPI readings", {**place_of, **counts}
        )
    return {**summary, "dry_run": False}


def _unexplained_correction(corrected: int, index: int, on_record: float) -> Conflict:
    return Conflict(
        f"{corrected} of these readings differ from what is on record; say in “reason” why they "
        "are corrected.",
        path=f"$.readings[{index}].value",
        index=index,
        on_record=on_record,
    )


def _index_readings(readings: Readings) -> dict[tuple[str, str, date], int]:
    """The place of each reading in the list by its subject and period; BadInput if one is invalid
    or stands twice."""
    if not 1 <= len(readings.readings) <= MAX_READINGS:
        raise BadInput(
            f"Send 1 to {MAX_READINGS} readings at a time; this has {len(readings.readings)}.",
            path="$.readings",
        )
    if len(readings.reason) > MAX_TEXT_LENGTH:
        raise BadInput(f"Keep the reason to {MAX_TEXT_LENGTH} characters.", path="$.reason")
    seen: dict[tuple[str, str, date], int] = {}
    for i, reading in enumerate(readings.readings):
        _require_valid_reading(i, reading)
        place = (reading.subject_kind, reading.subject, reading.period_start)
        if place in seen:
            raise BadInput(
                "The same subject and period stand twice; send one value for each.",
                path=f"$.readings[{i}]",
                index=i,
                also=seen[place],
            )
        seen[place] = i
    return seen


def _require_valid_reading(i: int, incoming: Incoming) -> None:
    place = f"$.readings[{i}]"
    if incoming.subject_kind not in SUBJECTS:
        raise BadInput(
            f"subject_kind is one of {', '.join(SUBJECTS)}.", path=f"{place}.subject_kind", index=i
        )
    for name in ("subject", "source"):
        value = getattr(incoming, name)
        if (
            len(value) > MAX_TEXT_LENGTH
            or "\0" in value
            or (name == "subject" and not value.strip())
        ):
            raise BadInput(
                f"{name} is empty, longer than {MAX_TEXT_LENGTH} characters, or holds NUL.",
                path=f"{place}.{name}",
                index=i,
            )
    if not EARLIEST <= incoming.period_start <= incoming.period_end <= LATEST:
        raise BadInput(
            "The period ends before it begins, or lies outside 1990 to 2100.",
            path=f"{place}.period_start",
            index=i,
        )
    if not isfinite(incoming.value) or abs(incoming.value) > 1e15:
        raise BadInput(
            "The value is no number that can be counted with.", path=f"{place}.value", index=i
        )


def _reading_warnings(readings: list[Incoming]) -> list[dict[str, Any]]:
    """Return what looks doubtful; it is flagged and never dropped: outliers by robust
    z-score (Iglewicz & Hoaglin 1993), and subjects with missing periods.
    """
    values = sorted(item.value for item in readings)
    middle = values[len(values) // 2]
    spread = sorted(abs(value - middle) for value in values)[len(values) // 2]
    result = []
    if spread:
        for i, reading in enumerate(readings):
            z = 0.6745 * (reading.value - middle) / spread
            if abs(z) > 3.5:
                result.append(
                    {
                        "index": i,
                        "what": f"{reading.value} lies far from the others (robust z {z:.1f}); "
                        "look whether its unit is right.",
                    }
                )
    periods = sorted({item.period_start for item in readings})
    by_subject: dict[str, set[date]] = {}
    for reading in readings:
        by_subject.setdefault(reading.subject, set()).add(reading.period_start)
    for subject, reported in by_subject.items():
        missing = [
            period
            for period in periods
            if min(reported) < period < max(reported) and period not in reported
        ]
        if missing:
            result.append(
                {
                    "index": None,
                    "what": f"{subject} has no value for {len(missing)} periods in between, the "
                    f"first from {missing[0].isoformat()}.",
                }
            )
    return result[:100]


def record_cost(
    deps: AnalyticsDeps, *, tenant_id: int, incoming_cost: IncomingCost, who: str
) -> int:
    """Add an entry to the cost ledger and return its id. Idempotent: an entry identical in
    every field to a stored one is taken to be that one, so a repeated request adds no cost.
    (Two genuinely equal costs differ in their source.)
    """
    _require_text("programme", incoming_cost.programme, 2_000)
    if incoming_cost.category not in CATEGORIES:
        raise BadInput(f"category is one of {', '.join(CATEGORIES)}.", path="$.category")
    for name in ("source", "signed_off_by"):
        _require_text(name, getattr(incoming_cost, name))
    if not incoming_cost.amount.is_finite() or not 0 < incoming_cost.amount < Decimal(10) ** 13:
        raise BadInput(
            "amount is above 0 and below ten thousand thousand million.", path="$.amount"
        )
    if not EARLIEST <= incoming_cost.incurred_on <= LATEST:
        raise BadInput("incurred_on lies outside 1990 to 2100.", path="$.incurred_on")
    _require_number("hours", incoming_cost.hours)
    currency = _currency_code(incoming_cost.currency)
    cost = msgspec.structs.asdict(incoming_cost) | {
        "currency": currency,
        "amount": incoming_cost.amount.quantize(CENT),
    }
    with deps.unit_of_work(tenant_id) as connection:
        kpis.lock_kpi(connection, tenant_id, incoming_cost.programme, _LEDGER_LOCK)
        known = kpis.find_same_cost(connection, tenant_id, cost)
        if known is not None:
            return known
        _require_one_currency(connection, tenant_id, incoming_cost.programme, currency)
        created = kpis.insert_cost(connection, tenant_id, {**cost, "who": who})
        computed_reports.invalidate_reports(connection, tenant_id, incoming_cost.programme)
        feed.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "added a cost",
            {
                "programme": incoming_cost.programme,
                "cost": created,
                "amount": str(incoming_cost.amount),
            },
        )
    return created


def retract_cost(deps: AnalyticsDeps, *, tenant_id: int, cost_id: int, why: str, who: str) -> None:
    """Retract a ledger entry that was wrong."""
    _require_text("why", why)
    with deps.unit_of_work(tenant_id) as connection:
        programme = kpis.retract_cost(connection, tenant_id, cost_id, why)
        if programme is None:
            raise NotFound(f"There is no cost {cost_id} that holds.")
        computed_reports.invalidate_reports(connection, tenant_id, programme)
        feed.insert_audit_entry(
            connection, tenant_id, who, "took a cost back", {"cost": cost_id, "why": why}
        )


def value_kpi(
    deps: AnalyticsDeps, *, tenant_id: int, programme: str, key: str, valuation: Valuation, who: str
) -> int:
    """Record what one unit of a KPI is worth; return the version."""
    for name in ("source", "signed_off_by", "currency"):
        _require_text(name, getattr(valuation, name))
    for name, between in (
        ("unit_value", valuation.unit_value),
        ("forecast_effect", valuation.forecast_effect),
    ):
        if between is not None:
            for bound in ("low", "best", "high"):
                _require_number(f"{name}.{bound}", getattr(between, bound))
            if not between.low <= between.best <= between.high:
                raise BadInput(f"{name} must go up from low over best to high.", path=f"$.{name}")
    if not 0 < valuation.months <= 120:
        raise BadInput(
            "months lies between 0 and 120; for a short programme count the first year alone "
            "(Phillips).",
            path="$.months",
        )
    _require_number("forecast_costs", valuation.forecast_costs)
    valuation = msgspec.structs.replace(valuation, currency=_currency_code(valuation.currency))
    with deps.unit_of_work(tenant_id) as connection:
        if key not in {item.kpi for item in kpis.list_kpis(connection, tenant_id, programme)}:
            raise NotFound(
                f"The programme has no business figure {key!r}; PUT /api/v1/kpis names one."
            )
        kpis.lock_kpi(connection, tenant_id, programme, _LEDGER_LOCK)
        _require_one_currency(connection, tenant_id, programme, valuation.currency, but=key)
        computed_reports.invalidate_reports(connection, tenant_id, programme)
        version = kpis.insert_valuation(
            connection, tenant_id, programme, key, msgspec.to_builtins(valuation), who
        )
        feed.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "said what a business figure is worth",
            {"programme": programme, "kpi": key, "version": version},
        )
    return version


def _currency_code(code: str) -> str:
    """Return the currency code in upper case."""
    currency = code.strip().upper()
    if not CURRENCY.match(currency):
        raise BadInput(
            "Say the currency of the amount by the three letters of ISO 4217, for example EUR.",
            path="$.currency",
        )
    return currency


def _require_one_currency(
    connection: Connection, tenant_id: int, programme: str, currency: str, but: str | None = None
) -> None:
    """Amounts in several currencies cannot be summed. ``but``: a KPI that is being revalued,
    and so is ignored.
    """
    others = kpis.list_currencies(connection, tenant_id, programme, but) - {currency}
    if others:
        raise Conflict(
            f"The costs and the worth of this programme are in {' and '.join(sorted(others))}, "
            f"and this amount is in {currency}: amounts in several"
            " currencies have no sum. Convert it, or take the others back first.",
            path="$.currency",
        )


def _require_text(name: str, text: str, longest: int = MAX_TEXT_LENGTH) -> None:
    if not text.strip() or len(text) > longest or "\0" in text:
        raise BadInput(
            f"{name} is empty, longer than {longest} characters, or holds NUL.", path=f"$.{name}"
        )


def _require_number(name: str, number: float | None) -> None:
    if number is not None and (not isfinite(number) or abs(number) > 1e15):
        raise BadInput(f"{name} is no number that can be counted with.", path=f"$.{name}")
