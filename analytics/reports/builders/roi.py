"""Presenting what the job estimated: effects with their evidence; return on investment, its
forecast beside it, and the assumptions behind it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from analytics.catalogue import METRICS_BY_KEY
from analytics.reports import pictures, privacy
from analytics.reports.computed import get_computed
from analytics.reports.context import (
    NOT_COMPUTED_YET,
    ReportRequest,
    not_narrowed_notes,
    report,
)
from analytics.reports.metric_values import compute_estimates
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


def _visible_effects(requested: ReportRequest) -> tuple[list[dict[str, Any]], str, str] | None:
    created = get_computed(requested, "impact")
    if created is None:
        return None
    shown = []
    for item in created[0]["kpis"]:
        effect = item["effect"]
        few = (
            effect is not None
            and item["subject_kind"] == "person"
            and min(effect["treated"], effect["controls"] or effect["treated"])
            < privacy.MIN_GROUP_SIZE
        )
        shown.append(
            {**item, "effect": None, "why_not": privacy.TOO_FEW}
            if few and not requested.individual
            else item
        )
    return shown, created[1], created[2]


@report("impact")
def impact_report(requested: ReportRequest) -> Report:
    """Business figures before and after, with a comparison group if there is one."""
    created = _visible_effects(requested)
    rows, notes, drawn, study = [], [*not_narrowed_notes(requested)], [], None
    for item in created[0] if created else ():
        effect = item["effect"]
        row = {
            "kpi": item["label"],
            "unit": item["unit"],
            "subjects": item["subjects"],
            "periods": item["periods"],
        }
        if effect is None:
            rows.append({**row, "method": item["why_not"], "grade": "–"})
            continue
        rows.append(
            {
                **row,
                "value": effect["value"],
                "low": effect["low"],
                "high": effect["high"],
                "p": effect["p"],
                "method": effect["method"],
                "grade": f"{effect['grade']}: {GRADE_MEANINGS[effect['grade']]}",
            }
        )
        notes += [f"{item['label']}: {check}." for check in effect["checks"]]
        if effect["pre_trend_p"] is not None:
            notes.append(
                f"{item['label']}: probability of such a difference before the start by chance: "
                f"{effect['pre_trend_p']:.2f}."
            )
        if effect["placebo"] is not None:
            notes.append(
                f"{item['label']}: a start that never was, in the time before, would have had an "
                f"“effect” of {effect['placebo']:.2f}."
            )
        if effect["minimum_detectable"] is not None:
            notes.append(
                f"{item['label']}: an effect under {effect['minimum_detectable']:.2f} would "
                "hardly have been seen with so few."
            )
        drawn.append(
            {
                "label": item["label"],
                "value": effect["value"],
                "low": effect["low"],
                "high": effect["high"],
            }
        )
        if effect["by_time"] and study is None:
            study = (
                item,
                [
                    {"x": float(x), "value": v, "low": lo, "high": hi}
                    for x, v, lo, hi in effect["by_time"]
                ],
            )
    words = " ".join(
        f"{entry['label']}: {entry['value']:.2f}, from {entry['low']:.2f} to {entry['high']:.2f}."
        for entry in drawn
    )
    svg = ""
    if study is not None:
        spec = pictures.event_study_chart(study[1], "periods from the start", study[0]["unit"])
        points_text = " ".join(
            f"{point['x']:.0f} periods from the start: {point['value']:.2f} ({point['low']:.2f} "
            f"to {point['high']:.2f})."
            for point in study[1]
        )
        svg = pictures.render_svg(
            spec, "picture-impact", f"{study[0]['label']} by time from the start", points_text
        )
    elif drawn:
        svg = pictures.render_svg(
            pictures.forest_plot(drawn, "effect"),
            "picture-impact",
            "Effects on business figures",
            words,
        )
    return Report(
        "impact",
        "Business figures",
        "How much the figure moved where people were certified, beyond what it moved elsewhere. "
        "Left of the dashed line lies the time before: there the points should lie around "
        "nothing.",
        (
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
        ),
        rows,
        notes=notes,
        svg=svg,
        what_to_do="" if created else NOT_COMPUTED_YET,
        watermark=created[1] if created else "",
        computed_at=created[2] if created else "",
    )


@report("roi")
def roi_report(requested: ReportRequest) -> Report:
    """What came back for what was spent; the forecast beside the actual."""
    programme = requested.scope.programme or ""
    ledger = kpis.list_costs(requested.connection, requested.scope.tenant_id, programme)
    spent = sum((line.amount for line in ledger), Decimal(0))
    costs, mixed = float(spent), _explain_mixed_currency(ledger)
    created = _visible_effects(requested)
    by_key = {entry["kpi"]: entry for entry in created[0]} if created else {}
    rows, notes, best = [], [*not_narrowed_notes(requested), *([mixed] if mixed else ())], ""
    currency = next((line.currency for line in ledger if line.currency), "")
    for item in kpis.list_kpis(requested.connection, requested.scope.tenant_id, programme):
        worth = kpis.find_latest_valuation(
            requested.connection, requested.scope.tenant_id, programme, item.kpi
        )
        if worth is None:
            notes.append(f"{item.label}: nobody has said what a unit of it is worth.")
            continue
        body, effect = worth[1], by_key.get(item.kpi, {}).get("effect")
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
        a_year = by_key.get(item.kpi, {}).get("periods_a_year")
        if a_year is None:
            notes.append(
                f"{item.label}: its readings do not say yet how long a period is, so there is no "
                f"return by them. {_explain_no_effect(by_key, item)}"
            )
            continue
        forecast = body.get("forecast_effect")
        if forecast is not None and (body.get("forecast_costs") or costs):
            treated = effect["treated"] if effect else 1
            rows.append(
                _roi_row(
                    item,
                    "forecast",
                    monte_carlo_roi.QuantityRange(**forecast),
                    body,
                    treated * a_year,
                    body.get("forecast_costs") or costs,
                    "a forecast",
                )
            )
        if effect is None:
            notes.append(f"{item.label}: {_explain_no_effect(by_key, item)}")
            continue
        if costs <= 0:
            notes.append("No costs are in the ledger; without costs there is no return on them.")
            continue
        line = _roi_row(
            item,
            "actual",
            _effect_range(item, effect),
            body,
            effect["treated"] * a_year,
            costs,
            effect["grade"],
        )
        rows.append(line)
        if is_headline_grade(effect["grade"]):
            best = (
                f"{item.label}: {line['p50']:.0%} came back beyond the costs (between "
                f"{line['p5']:.0%} and {line['p95']:.0%}); above nothing with a probability of "
                f"{line['above_zero']:.0%}."
            )
        else:
            notes.append(f"{item.label}: {_NOT_A_HEADLINE_NOTE}")
    by_category: dict[tuple[str, str], Decimal] = {}
    for cost in ledger:
        key = cost.category, cost.currency or "no currency said"
        by_category[key] = by_category.get(key, Decimal(0)) + cost.amount
    notes += [
        f"Cost, {category}: {amount:,.0f} {of}."
        for (category, of), amount in sorted(by_category.items())
    ]
    people = (
        compute_estimates(requested.connection, METRICS_BY_KEY["reach"], requested.scope)
        .get("", NO_ESTIMATE)
        .learners
    )
    if (
        costs
        and not mixed
        and (people if requested.individual else people >= privacy.MIN_GROUP_SIZE)
    ):
        notes.append(f"Cost per person certified: {costs / people:,.2f} {currency}.")
    hours = sum(line.hours or 0 for line in ledger)
    if hours and not mixed:
        notes.append(f"Cost per learner hour: {costs / hours:,.2f} {currency}.")
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
        (
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
        ),
        rows,
        notes=[
            *notes,
            "Unlikely: one time in twenty. Ten thousand draws over the interval of the effect "
            "and the range of the unit's worth.",
        ],
        what_to_do=best
        or "There is no headline yet: it takes evidence A or B, costs, and what a unit is worth.",
        watermark=created[1] if created else "",
        computed_at=created[2] if created else "",
    )


def _explain_no_effect(by_key: dict[str, dict[str, Any]], kpi: Kpi) -> str:
    return str(by_key.get(kpi.kpi, {}).get("why_not") or NOT_COMPUTED_YET)


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
    created = _visible_effects(requested)
    if created is None:
        return None
    effects = {
        entry["kpi"]: entry["effect"]
        for entry in created[0]
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
