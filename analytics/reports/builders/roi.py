"""Presenting what the job estimated: effects with their evidence; return on investment, its
forecast beside it, and the assumptions behind it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from analytics.catalogue import METRICS_BY_KEY
from analytics.reports import pictures
from analytics.reports.computed import get_computed
from analytics.reports.context import (
    NOT_COMPUTED_YET,
    ReportRequest,
    estimates_of,
    not_narrowed_notes,
    published_notes,
    report,
)
from analytics.reports.report import Column, Report
from analytics.statistics import monte_carlo_roi, periods
from analytics.statistics.estimates import NO_ESTIMATE
from analytics.statistics.proportions import normal_quantile
from analytics.store import kpis
from analytics.store.kpis import Cost, Kpi

GRADE_MEANINGS = {
    "A": "waves in an order drawn by lot",
    "B": "a comparison group that moved alike before",
    "C": "before and after, or groups that moved apart before: not because of",
    "D": "an estimate",
}
_NOT_A_HEADLINE_NOTE = (
    "Not a headline: the evidence does not say that it is because of the programme."
)


def is_headline_grade(grade: str) -> bool:
    """Whether evidence of this grade may become a headline: C and D never do."""
    return grade in ("A", "B")


class _Effects(NamedTuple):
    """What the job estimated for whoever asks: one entry for each business figure."""

    entries: list[dict[str, Any]]
    watermark: str = ""
    computed_at: str = ""
    found: bool = True  # whether the job has computed it

    @property
    def by_kpi(self) -> dict[str, dict[str, Any]]:
        return {entry["kpi"]: entry for entry in self.entries}


def _visible_effects(requested: ReportRequest) -> _Effects:
    created = get_computed(requested, "impact")
    if created is None:
        return _Effects([], found=False)
    entries = created.body["kpis"]
    if not requested.individual:
        entries = [{**item, **item.get("published", _NOT_YET)} for item in entries]
    return _Effects(entries, created.watermark, created.computed_at)


# Of an entry from before estimates were published.
_NOT_YET = {"effect": None, "why_not": NOT_COMPUTED_YET, "subjects": 0, "periods": 0}


def _scope_notes(requested: ReportRequest) -> list[str]:
    """Notes on what these reports are of."""
    return [*not_narrowed_notes(requested), *published_notes(requested)]


_IMPACT_COLUMNS = (
    Column("kpi", "Figure"),
    Column("value", "Effect", "number"),
    Column("low", "From", "number"),
    Column("high", "To", "number"),
    Column("unit", "In"),
    Column("grade", "Evidence"),
    Column("method", "Method"),
    Column("p", "By chance", "number"),
    Column("subjects", "Subjects", "count"),
    Column("periods", "Periods", "count"),
)


@report("impact", published=True)
def impact_report(requested: ReportRequest) -> Report:
    """Business figures before and after, with a comparison group if there is one."""
    created = _visible_effects(requested)
    rows, method = list[dict[str, Any]](), list[str]()
    for item in created.entries:
        rows.append(_effect_row(item))
        if item["effect"] is not None:
            method += _effect_notes(item["label"], item["effect"])
    return Report(
        "impact",
        "Business figures",
        "How much the figure moved where people were certified, beyond what it moved elsewhere. "
        "Left of the dashed line lies the time before: there the points should lie around "
        "nothing.",
        _IMPACT_COLUMNS,
        rows,
        notes=_scope_notes(requested),
        method=method,
        svg=_draw_effects([item for item in created.entries if item["effect"] is not None]),
        legend=("point", "range"),
        what_to_do="" if created.found else NOT_COMPUTED_YET,
        watermark=created.watermark,
        computed_at=created.computed_at,
    )


def _effect_row(item: dict[str, Any]) -> dict[str, Any]:
    effect = item["effect"]
    row = {
        "kpi": item["label"],
        "unit": item["unit"],
        "subjects": item["subjects"],
        "periods": item["periods"],
    }
    if effect is None:
        return {**row, "method": item["why_not"], "grade": "–"}
    return {
        **row,
        "value": effect["value"],
        "low": effect["low"],
        "high": effect["high"],
        "p": effect["p"],
        "method": effect["method"],
        "grade": f"{effect['grade']}: {GRADE_MEANINGS[effect['grade']]}",
    }


def _effect_notes(label: str, effect: dict[str, Any]) -> list[str]:
    """The checks that the effect passed or not, each with its figure."""
    notes = [f"{label}: {check}." for check in effect["checks"]]
    if effect["pre_trend_p"] is not None:
        notes.append(
            f"{label}: probability of such a difference before the start by chance: "
            f"{effect['pre_trend_p']:.2f}."
        )
    if effect["placebo"] is not None:
        notes.append(
            f"{label}: a start that never was, in the time before, would have had an "
            f"“effect” of {effect['placebo']:.2f}."
        )
    if effect["minimum_detectable"] is not None:
        notes.append(
            f"{label}: an effect under {effect['minimum_detectable']:.2f} would "
            "hardly have been seen with so few."
        )
    return notes


def _draw_effects(items: Sequence[dict[str, Any]]) -> str:
    """The first figure that has one by its time from the start, else all effects side by side;
    empty if there is none."""
    study = next((item for item in items if item["effect"]["by_time"]), None)
    if study is not None:
        points = [
            {"x": float(x), "value": v, "low": lo, "high": hi}
            for x, v, lo, hi in study["effect"]["by_time"]
        ]
        words = " ".join(
            f"{point['x']:.0f} periods from the start: {point['value']:.2f} ({point['low']:.2f} "
            f"to {point['high']:.2f})."
            for point in points
        )
        chart = pictures.event_study_chart(points, "periods from the start", study["unit"])
        return pictures.render_svg(
            chart, "picture-impact", f"{study['label']} by time from the start", words
        )
    if not items:
        return ""
    drawn = [
        {
            "label": item["label"],
            **{name: item["effect"][name] for name in ("value", "low", "high")},
            "text": f"{item['effect']['value']:.2f} ({item['subjects']})",
        }
        for item in items
    ]
    words = " ".join(
        f"{bar['label']}: {bar['value']:.2f}, from {bar['low']:.2f} to {bar['high']:.2f}."
        for bar in drawn
    )
    return pictures.render_svg(
        pictures.forest_plot(drawn, "effect"),
        "picture-impact",
        "Effects on business figures",
        words,
    )


_ROI_COLUMNS = (
    Column("kpi", "Figure"),
    Column("which", "Which"),
    Column("p50", "ROI, middle", "share"),
    Column("p5", "Unlikely below", "share"),
    Column("p95", "Unlikely above", "share"),
    Column("above_zero", "Above nothing", "share"),
    Column("benefits", "Benefits", "money"),
    Column("costs", "Costs", "money"),
    Column("ratio", "Benefits / costs", "number"),
    Column("payback", "Payback, months", "number"),
    Column("grade", "Evidence"),
)


@report("roi", published=True)
def roi_report(requested: ReportRequest) -> Report:
    """What came back for what was spent; the forecast beside the actual."""
    programme = requested.scope.programme or ""
    ledger = kpis.list_costs(requested.connection, requested.scope.tenant_id, programme)
    spent = sum((line.amount for line in ledger), Decimal(0))
    costs, mixed = float(spent), _explain_mixed_currency(ledger)
    created = _visible_effects(requested)
    currency = next((line.currency for line in ledger if line.currency), "")
    rows, notes, best = [], [*_scope_notes(requested), *([mixed] if mixed else ())], ""
    for item in kpis.list_kpis(requested.connection, requested.scope.tenant_id, programme):
        worth = kpis.find_latest_valuation(
            requested.connection, requested.scope.tenant_id, programme, item.kpi
        )
        if worth is None:
            notes.append(f"{item.label}: nobody has said what a unit of it is worth.")
            continue
        body = worth[1]
        notes.append(
            f"{item.label}: a unit is worth {body['unit_value']['best']:g} {body['currency']} "
            f"(from {body['unit_value']['low']:g} to {body['unit_value']['high']:g}); source: "
            f"{body['source']}; signed off by {body['signed_off_by']}."
        )
        if mixed:
            continue
        if ledger and body["currency"] != currency:
            notes.append(
                f"{item.label}: its worth is in {body['currency']} and the costs are in "
                f"{currency}. Say both in one currency."
            )
            continue
        returned = _figure_return(item, created.by_kpi.get(item.kpi, {}), body, costs)
        rows += returned.rows
        notes += returned.notes
        best = returned.headline or best
    notes += _cost_notes(requested, ledger, currency, None if mixed else costs)
    return Report(
        "roi",
        "Was it worth it",
        "(Benefits − costs) / costs, after Phillips. Benefits = effect in a period × worth of a "
        "unit × subjects × periods, of the length that the readings have, in the months that it "
        "is counted for. "
        + (
            f"Costs so far: {costs:,.0f} {currency} in {len(ledger)} lines."
            if not mixed
            else "The costs are not in one currency."
        ),
        _ROI_COLUMNS,
        rows,
        notes=[
            *notes,
            "Unlikely: one time in twenty. Ten thousand draws over the interval of the effect "
            "and the range of the unit's worth.",
        ],
        what_to_do=best
        or "There is no headline yet: it takes evidence A or B, costs, and what a unit is worth.",
        watermark=created.watermark,
        computed_at=created.computed_at,
    )


class _Return(NamedTuple):
    """What one business figure gave back: rows of the table, notes, and a headline if its evidence
    allows one."""

    rows: list[dict[str, Any]]
    notes: list[str]
    headline: str = ""


def _figure_return(item: Kpi, entry: dict[str, Any], body: dict[str, Any], costs: float) -> _Return:
    """``entry``: what the job estimated of the figure; ``body``: what a unit of it is worth."""
    effect, a_year = entry.get("effect"), entry.get("periods_a_year")
    if a_year is None:
        return _Return(
            [],
            [
                f"{item.label}: its readings do not say yet how long a period is, so there is no "
                f"return by them. {_explain_no_effect(entry)}"
            ],
        )
    rows, forecast = [], body.get("forecast_effect")
    if forecast is not None and (body.get("forecast_costs") or costs):
        expected = monte_carlo_roi.QuantityRange(**forecast)
        volume = (effect["treated"] if effect else 1) * a_year
        spent = body.get("forecast_costs") or costs
        rows.append(_roi_row(item, "forecast", expected, body, volume, spent, "a forecast"))
    if effect is None:
        return _Return(rows, [f"{item.label}: {_explain_no_effect(entry)}"])
    if costs <= 0:
        return _Return(
            rows, ["No costs are in the ledger; without costs there is no return on them."]
        )
    volume, grade = effect["treated"] * a_year, effect["grade"]
    line = _roi_row(item, "actual", _effect_range(item, effect), body, volume, costs, grade)
    rows.append(line)
    if not is_headline_grade(grade):
        return _Return(rows, [f"{item.label}: {_NOT_A_HEADLINE_NOTE}"])
    return _Return(
        rows,
        [],
        f"{item.label}: {line['p50']:.0%} came back beyond the costs (between "
        f"{line['p5']:.0%} and {line['p95']:.0%}); above nothing with a probability of "
        f"{line['above_zero']:.0%}.",
    )


def _cost_notes(
    requested: ReportRequest, ledger: Sequence[Cost], currency: str, costs: float | None
) -> list[str]:
    """Costs by category, by person certified and by learner hour. ``costs``: their sum; None if
    they cannot be summed."""
    by_category: dict[tuple[str, str], Decimal] = {}
    for cost in ledger:
        key = cost.category, cost.currency or "no currency said"
        by_category[key] = by_category.get(key, Decimal(0)) + cost.amount
    notes = [
        f"Cost, {category}: {amount:,.0f} {of}."
        for (category, of), amount in sorted(by_category.items())
    ]
    if costs is None:
        return notes
    reach = estimates_of(requested, METRICS_BY_KEY["reach"])
    people = reach.get("", NO_ESTIMATE).learners
    if costs and people:
        notes.append(f"Cost per person certified: {costs / people:,.2f} {currency}.")
    hours = sum(line.hours or 0 for line in ledger)
    if hours:
        notes.append(f"Cost per learner hour: {costs / hours:,.2f} {currency}.")
    return notes


def _explain_no_effect(entry: dict[str, Any]) -> str:
    return str(entry.get("why_not") or NOT_COMPUTED_YET)


def _explain_mixed_currency(ledger: Sequence[Cost]) -> str:
    """Why the lines of a ledger cannot be summed, in words; empty if they can."""
    currencies = sorted({line.currency for line in ledger if line.currency})
    without = sum(1 for line in ledger if not line.currency)
    if without:
        return (
            f"{without} of {len(ledger)} lines of the costs say no currency, so there is no sum "
            "of them: take them back and enter them with it."
        )
    return (
        f"The costs are in {' and '.join(currencies)}, so there is no sum of them: enter all in "
        "one currency."
        if len(currencies) > 1
        else ""
    )


def _effect_range(kpi: Kpi, effect: dict[str, Any]) -> monte_carlo_roi.QuantityRange:
    """The effect, signed so that positive is good, with its 95 % interval narrowed to the 90 %
    range that the simulation expects."""
    sign = 1.0 if kpi.more_is_better else -1.0
    nearer = normal_quantile(0.90) / normal_quantile()
    value = sign * effect["value"]
    low, high = sorted((sign * effect["low"], sign * effect["high"]))
    return monte_carlo_roi.QuantityRange(
        value - (value - low) * nearer, value, value + (high - value) * nearer
    )


def _roi_row(
    kpi: Kpi,
    which: str,
    effect: monte_carlo_roi.QuantityRange,
    body: dict[str, Any],
    a_year: float,
    costs: float,
    grade: str,
) -> dict[str, Any]:
    """A row of the report. ``a_year``: subjects × periods in a year."""
    unit, months = monte_carlo_roi.QuantityRange(**body["unit_value"]), float(body["months"])
    volume = a_year * months / periods.MONTHS_A_YEAR
    drawn = monte_carlo_roi.simulate_roi(effect, unit, volume, costs, months)
    plain = monte_carlo_roi.compute_roi(effect.best * unit.best * volume, costs, months)
    return {
        "kpi": kpi.label,
        "which": which,
        "p5": drawn.roi[0],
        "p50": drawn.roi[1],
        "p95": drawn.roi[2],
        "above_zero": drawn.above_zero,
        "benefits": plain.benefits,
        "costs": costs,
        "ratio": plain.benefit_cost_ratio,
        "payback": plain.payback_months,
        "grade": grade,
    }


def progress_to_target(requested: ReportRequest) -> float | None:
    """The share of the distance from baseline to target that the strongest effect has covered,
    for the scorecard; only with evidence A or B."""
    effects = {
        entry["kpi"]: entry["effect"]
        for entry in _visible_effects(requested).entries
        if entry["effect"] and is_headline_grade(entry["effect"]["grade"])
    }
    for item in kpis.list_kpis(
        requested.connection, requested.scope.tenant_id, requested.scope.programme or ""
    ):
        if (
            item.kpi in effects
            and item.baseline is not None
            and item.target is not None
            and item.target != item.baseline
        ):
            return float(effects[item.kpi]["value"]) / (item.target - item.baseline)
    return None
