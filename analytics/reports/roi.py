"""Presenting what the job estimated: effects with their evidence; return on investment, its
forecast beside it, and the assumptions behind it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from analytics.catalogue import METRICS_BY_KEY
from analytics.reports import pictures, privacy
from analytics.reports.context import NOT_COMPUTED_YET, ReportRequest, find_computed_report, not_narrowed_notes
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
_NOT_A_HEADLINE_NOTE = "Not a headline: the evidence does not say that it is because of the programme."


def is_headline_grade(grade: str) -> bool:
    """Whether evidence of this grade may become a headline: C and D never do."""
    return grade in ("A", "B")


def _visible_effects(asked: ReportRequest) -> tuple[list[dict[str, Any]], str, str] | None:
    made = find_computed_report(asked, "impact")
    if made is None:
        return None
    shown = []
    for one in made[0]["kpis"]:
        effect = one["effect"]
        few = (
            effect is not None
            and one["subject_kind"] == "person"
            and min(effect["treated"], effect["controls"] or effect["treated"]) < privacy.MIN_GROUP_SIZE
        )
        shown.append({**one, "effect": None, "why_not": privacy.TOO_FEW} if few and not asked.individual else one)
    return shown, made[1], made[2]


def impact_report(asked: ReportRequest) -> Report:
    """Business figures before and after, with a comparison group if there is one."""
    made = _visible_effects(asked)
    rows, notes, drawn, study = [], [*not_narrowed_notes(asked)], [], None
    for one in made[0] if made else ():
        effect = one["effect"]
        row = {"kpi": one["label"], "unit": one["unit"], "subjects": one["subjects"], "periods": one["periods"]}
        if effect is None:
            rows.append({**row, "method": one["why_not"], "grade": "–"})
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
        notes += [f"{one['label']}: {check}." for check in effect["checks"]]
        if effect["pre_trend_p"] is not None:
            notes.append(f"{one['label']}: probability of such a difference before the start by chance: {effect['pre_trend_p']:.2f}.")
        if effect["placebo"] is not None:
            notes.append(f"{one['label']}: a start that never was, in the time before, would have had an “effect” of {effect['placebo']:.2f}.")
        if effect["minimum_detectable"] is not None:
            notes.append(f"{one['label']}: an effect under {effect['minimum_detectable']:.2f} would hardly have been seen with so few.")
        drawn.append({"label": one["label"], "value": effect["value"], "low": effect["low"], "high": effect["high"]})
        if effect["by_time"] and study is None:
            study = (one, [{"x": float(x), "value": v, "low": lo, "high": hi} for x, v, lo, hi in effect["by_time"]])
    words = " ".join(f"{one['label']}: {one['value']:.2f}, from {one['low']:.2f} to {one['high']:.2f}." for one in drawn)
    svg = ""
    if study is not None:
        spec = pictures.event_study_chart(study[1], "periods from the start", study[0]["unit"])
        told = " ".join(
            f"{point['x']:.0f} periods from the start: {point['value']:.2f} ({point['low']:.2f} to {point['high']:.2f})." for point in study[1]
        )
        svg = pictures.render_svg(spec, "picture-impact", f"{study[0]['label']} by time from the start", told)
    elif drawn:
        svg = pictures.render_svg(pictures.forest_plot(drawn, "effect"), "picture-impact", "Effects on business figures", words)
    return Report(
        "impact",
        "Business figures",
        "How much the figure moved where people were certified, beyond what it moved elsewhere. Left of the dashed line lies the time before: there the points should lie around nothing.",
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
        what_to_do="" if made else NOT_COMPUTED_YET,
        watermark=made[1] if made else "",
        computed_at=made[2] if made else "",
    )


def roi_report(asked: ReportRequest) -> Report:
    """What came back for what was spent; the forecast beside the actual."""
    programme = asked.scope.programme or ""
    ledger = kpis.list_costs(asked.connection, asked.scope.tenant_id, programme)
    spent = sum((line.amount for line in ledger), Decimal(0))
    costs, mixed = float(spent), _explain_mixed_currency(ledger)
    made = _visible_effects(asked)
    by_key = {one["kpi"]: one for one in made[0]} if made else {}
    rows, notes, best = [], [*not_narrowed_notes(asked), *([mixed] if mixed else ())], ""
    currency = next((line.currency for line in ledger if line.currency), "")
    for one in kpis.list_kpis(asked.connection, asked.scope.tenant_id, programme):
        worth = kpis.find_latest_valuation(asked.connection, asked.scope.tenant_id, programme, one.kpi)
        if worth is None:
            notes.append(f"{one.label}: nobody has said what a unit of it is worth.")
            continue
        body, effect = worth[1], by_key.get(one.kpi, {}).get("effect")
        notes.append(
            f"{one.label}: a unit is worth {body['unit_value']['best']:g} {body['currency']} (from {body['unit_value']['low']:g} to {body['unit_value']['high']:g}); source: {body['source']}; signed off by {body['signed_off_by']}."
        )
        if mixed:
            continue
        if ledger and body["currency"] != currency:
            notes.append(f"{one.label}: its worth is in {body['currency']} and the costs are in {currency}. Say both in one currency.")
            continue
        a_year = by_key.get(one.kpi, {}).get("periods_a_year")
        if a_year is None:
            notes.append(
                f"{one.label}: its readings do not say yet how long a period is, so there is no return by them. {_explain_no_effect(by_key, one)}"
            )
            continue
        forecast = body.get("forecast_effect")
        if forecast is not None and (body.get("forecast_costs") or costs):
            treated = effect["treated"] if effect else 1
            rows.append(
                _roi_row(
                    one,
                    "forecast",
                    monte_carlo_roi.QuantityRange(**forecast),
                    body,
                    treated * a_year,
                    body.get("forecast_costs") or costs,
                    "a forecast",
                )
            )
        if effect is None:
            notes.append(f"{one.label}: {_explain_no_effect(by_key, one)}")
            continue
        if costs <= 0:
            notes.append("No costs are in the ledger; without costs there is no return on them.")
            continue
        line = _roi_row(one, "actual", _effect_range(one, effect), body, effect["treated"] * a_year, costs, effect["grade"])
        rows.append(line)
        if is_headline_grade(effect["grade"]):
            best = f"{one.label}: {line['p50']:.0%} came back beyond the costs (between {line['p5']:.0%} and {line['p95']:.0%}); above nothing with a probability of {line['above_zero']:.0%}."
        else:
            notes.append(f"{one.label}: {_NOT_A_HEADLINE_NOTE}")
    by_category: dict[tuple[str, str], Decimal] = {}
    for cost in ledger:
        key = cost.category, cost.currency or "no currency said"
        by_category[key] = by_category.get(key, Decimal(0)) + cost.amount
    notes += [f"Cost, {category}: {amount:,.0f} {of}." for (category, of), amount in sorted(by_category.items())]
    people = compute_estimates(asked.connection, METRICS_BY_KEY["reach"], asked.scope).get("", NO_ESTIMATE).learners
    if costs and not mixed and (people if asked.individual else people >= privacy.MIN_GROUP_SIZE):
        notes.append(f"Cost per person certified: {costs / people:,.2f} {currency}.")
    hours = sum(line.hours or 0 for line in ledger)
    if hours and not mixed:
        notes.append(f"Cost per learner hour: {costs / hours:,.2f} {currency}.")
    return Report(
        "roi",
        "Was it worth it",
        "(Benefits − costs) / costs, after Phillips. Benefits = effect in a period × worth of a unit × subjects × periods, of the length that the readings have, in the months that it is counted for. "
        + (f"Costs so far: {costs:,.0f} {currency} in {len(ledger)} lines." if not mixed else "The costs are not in one currency."),
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
        notes=[*notes, "Unlikely: one time in twenty. Ten thousand draws over the interval of the effect and the range of the unit's worth."],
        what_to_do=best or "There is no headline yet: it takes evidence A or B, costs, and what a unit is worth.",
        watermark=made[1] if made else "",
        computed_at=made[2] if made else "",
    )


def _explain_no_effect(by_key: dict[str, dict[str, Any]], one: Kpi) -> str:
    return str(by_key.get(one.kpi, {}).get("why_not") or NOT_COMPUTED_YET)


def _explain_mixed_currency(ledger: Sequence[Cost]) -> str:
    """Why the lines of a ledger cannot be summed, in words; empty if they can."""
    said = sorted({line.currency for line in ledger if line.currency})
    without = sum(1 for line in ledger if not line.currency)
    if without:
        return f"{without} of {len(ledger)} lines of the costs say no currency, so there is no sum of them: take them back and enter them with it."
    return f"The costs are in {' and '.join(said)}, so there is no sum of them: enter all in one currency." if len(said) > 1 else ""


def _effect_range(one: Kpi, effect: dict[str, Any]) -> monte_carlo_roi.QuantityRange:
    """The effect, signed so that positive is good, with its 95 % interval narrowed to the 90 %
    range that the simulation expects."""
    sign = 1.0 if one.more_is_better else -1.0
    nearer = normal_quantile(0.90) / normal_quantile()
    value = sign * effect["value"]
    low, high = sorted((sign * effect["low"], sign * effect["high"]))
    return monte_carlo_roi.QuantityRange(value - (value - low) * nearer, value, value + (high - value) * nearer)


def _roi_row(
    one: Kpi, which: str, effect: monte_carlo_roi.QuantityRange, body: dict[str, Any], a_year: float, costs: float, grade: str
) -> dict[str, Any]:
    """A row of the report. ``a_year``: subjects × periods in a year."""
    unit, months = monte_carlo_roi.QuantityRange(**body["unit_value"]), float(body["months"])
    volume = a_year * months / periods.MONTHS_A_YEAR
    drawn = monte_carlo_roi.simulate_roi(effect, unit, volume, costs, months)
    plain = monte_carlo_roi.compute_roi(effect.best * unit.best * volume, costs, months)
    return {
        "kpi": one.label,
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


def progress_to_target(asked: ReportRequest) -> float | None:
    """The share of the distance from baseline to target that the strongest effect has covered,
    for the scorecard; only with evidence A or B."""
    made = _visible_effects(asked)
    if made is None:
        return None
    effects = {one["kpi"]: one["effect"] for one in made[0] if one["effect"] and is_headline_grade(one["effect"]["grade"])}
    for one in kpis.list_kpis(asked.connection, asked.scope.tenant_id, asked.scope.programme or ""):
        if one.kpi in effects and one.baseline is not None and one.target is not None and one.target != one.baseline:
            return float(effects[one.kpi]["value"]) / (one.target - one.baseline)
    return None
