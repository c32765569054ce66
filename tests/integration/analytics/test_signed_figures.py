"""Figures that an auditor would sign: what two answers may not tell, what money may not say, what
no estimate may be made of.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from analytics.deps import AnalyticsDeps
from analytics.jobs.publishing import publish_tenant
from analytics.reports.impact_report import estimate_effect
from analytics.statistics import impact
from analytics.statistics.impact import Reading
from analytics.statistics.periods import period_length
from analytics.store.reporting_views import VIEWS
from core.clock import format_instant
from lrs.vocabulary import ACTIVITY_TYPES, BASE
from tests.support.learners import (
    KPI,
    NOW,
    PROGRAMME,
    Person,
    count,
    post,
    reading,
    report,
    send,
    values,
)
from tests.support.store import Caller

COST = {
    "programme": PROGRAMME,
    "category": "delivery",
    "amount": "10000.00",
    "currency": "EUR",
    "incurred_on": "2025-06-01",
    "source": "invoice 17",
    "signed_off_by": "finance",
}
WORTH = {
    "unit_value": {"low": 90, "best": 100, "high": 110},
    "months": 12,
    "source": "s",
    "signed_off_by": "finance",
    "currency": "EUR",
}
START = datetime(2025, 6, 25, tzinfo=UTC)


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "path",
    [
        "metrics/transfer_rate/values",
        "metrics/retention_of_exam/values",
        "metrics/transfer_rate/picture.png",
        "figures",
        "reports",
        "reports/teams",
        "reports/teams/picture.png",
    ],
)
def test_no_two_answers_tell_of_the_one_person_certified_between_them(
    tenant: Any, name: str, path: str
) -> None:
    """The audit read a person's exam, answers and plan by moving ``until`` by two seconds, with
    metrics/read alone.
    """
    plain, full = (
        tenant("one", ("metrics/read",)),
        tenant("two", ("metrics/read", "metrics/individual")),
    )
    asked = {"programme": PROGRAMME, name: "2026-03-10T10:12:01Z"}
    refused = plain.get(f"/api/v1/{path}", **asked)
    assert refused.status_code == 403
    assert refused.json["error"]["where"] == {"parameter": name}
    assert "metrics/individual" in refused.json["error"]["message"]
    assert plain.get(f"/api/v1/{path}", programme=PROGRAMME).status_code in (200, 404)
    assert full.get(f"/api/v1/{path}", **asked).status_code in (200, 404)
    assert full.get(f"/api/v1/{path}", **asked, people="groups").status_code == 403


def test_a_reporting_tool_reads_no_team_of_one(deps: AnalyticsDeps, one: Caller) -> None:
    """The view gave the readings of a team in which one person was certified."""
    post(one, *(Person("large") for _ in range(8)), *(Person("small") for _ in range(7)))
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    rows = [reading(team, 1, 9) for team in ("large", "small", "nobody")]
    assert (
        send(
            one,
            "POST",
            "/api/v1/kpi-readings",
            {"programme": PROGRAMME, "kpi": "clicks", "readings": rows},
        ).status_code
        == 200
    )
    count(deps)
    publish_tenant(deps.long_unit_of_work, 1)
    body = VIEWS["kpi_readings"].body
    with deps.unit_of_work(1) as connection:
        shown = connection.execute(text(f"SELECT subject FROM ({body}) v")).scalars().all()  # noqa: S608 - the view's own text
    assert shown == ["large"]


def noise(unit: int, period: int) -> float:
    """Between 0 and 2, of no pattern that a mean over months would hide."""
    return (unit * unit * 7 + period * period * 5 + unit * period * 3) % 17 / 8


def periods(kind: str, number: int) -> tuple[date, date]:
    """The first and the last day of the ``number``-th week, month, quarter or year from 2024 on."""
    if kind == "week":
        first = date(2024, 12, 2) + timedelta(weeks=number)
        return first, first + timedelta(days=6)
    months = {"month": 1, "quarter": 3, "year": 12}[kind]
    origin = {"month": 2025, "quarter": 2024, "year": 2020}[kind] * 12
    begin, end = origin + number * months, origin + (number + 1) * months
    return date(begin // 12, begin % 12 + 1, 1), date(end // 12, end % 12 + 1, 1) - timedelta(
        days=1
    )


@pytest.mark.parametrize(
    ("kind", "number", "a_year"),
    [("week", 52, 52), ("month", 12, 12), ("quarter", 10, 4), ("year", 9, 1)],
)
def test_a_return_on_investment_scales_by_the_period_of_a_reading(
    deps: AnalyticsDeps, one: Caller, kind: str, number: int, a_year: int
) -> None:
    """The same effect of a reading, the same worth: a year has 52 weeks of it, 12 months, 4
    quarters or itself (the audit's table).
    """
    post(one, *(Person(f"t{i}", (NOW - START).days) for i in range(12)))
    send(one, "PUT", "/api/v1/kpis/clicks", {**KPI, "more_is_better": True}, programme=PROGRAMME)
    rows = []
    for i, team in enumerate([f"t{i}" for i in range(12)] + [f"c{i}" for i in range(12)]):
        for place in range(number):
            first, last = periods(kind, place)
            moved = 2 if team.startswith("t") and first >= START.date() else 0
            value = 50 + noise(i, place) + moved
            rows.append(
                {
                    "subject_kind": "team",
                    "subject": team,
                    "period_start": str(first),
                    "period_end": str(last),
                    "value": value,
                }
            )
    taken = send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {"programme": PROGRAMME, "kpi": "clicks", "readings": rows},
    )
    assert taken.status_code == 200, taken.text
    send(one, "POST", "/api/v1/costs", COST)
    send(one, "PUT", "/api/v1/kpis/clicks/valuation", WORTH, programme=PROGRAMME)
    count(deps)
    (effect,) = report(one, "impact")["rows"]
    assert effect["value"] == pytest.approx(2, abs=1.0)
    (actual,) = report(one, "roi")["rows"]
    assert actual["benefits"] == pytest.approx(effect["value"] * 100 * 12 * a_year, rel=1e-9)
    assert period_length(*periods(kind, 0)).a_year == a_year


def test_readings_of_weeks_and_months_in_one_figure_give_no_estimate(
    deps: AnalyticsDeps, one: Caller
) -> None:
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    rows = [reading("north", month, month) for month in range(1, 10)] + [
        {
            "subject_kind": "team",
            "subject": "north",
            "period_start": "2026-01-05",
            "period_end": "2026-01-11",
            "value": 1,
        }
    ]
    send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {"programme": PROGRAMME, "kpi": "clicks", "readings": rows},
    )
    post(one, *(Person("north") for _ in range(5)))
    count(deps)
    (row,) = report(one, "impact")["rows"]
    assert row["grade"] == "–"
    assert "month, week" in row["method"]


def test_money_is_counted_once_and_in_one_currency(deps: AnalyticsDeps, one: Caller) -> None:
    """A retried POST doubled the costs; CHF were divided by EUR without a word."""
    post(one, Person())
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    sent = [send(one, "POST", "/api/v1/costs", COST) for _ in range(3)]
    assert [answer.status_code for answer in sent] == [201] * 3
    assert len({answer.json["cost"] for answer in sent}) == 1
    assert len(one.get("/api/v1/costs", programme=PROGRAMME).json["costs"]) == 1
    without = send(
        one,
        "POST",
        "/api/v1/costs",
        {name: value for name, value in COST.items() if name != "currency"},
    )
    assert (without.status_code, "currency" in without.json["error"]["message"]) == (400, True)
    vague = send(one, "POST", "/api/v1/costs", {**COST, "currency": "money"})
    assert (vague.status_code, vague.json["error"]["where"]) == (400, {"path": "$.currency"})
    other = send(one, "POST", "/api/v1/costs", {**COST, "currency": "chf"})
    assert (
        other.status_code,
        "EUR" in other.json["error"]["message"],
        "CHF" in other.json["error"]["message"],
    ) == (409, True, True)
    worth = send(
        one,
        "PUT",
        "/api/v1/kpis/clicks/valuation",
        {**WORTH, "currency": "CHF"},
        programme=PROGRAMME,
    )
    assert worth.status_code == 409
    assert (
        send(one, "PUT", "/api/v1/kpis/clicks/valuation", WORTH, programme=PROGRAMME).status_code
        == 200
    )
    back = send(one, "DELETE", f"/api/v1/costs/{sent[0].json['cost']}", {"why": "wrong"})
    assert back.status_code == 204
    assert send(one, "POST", "/api/v1/costs", COST).json["cost"] != sent[0].json["cost"], (
        "what was taken back is not on record"
    )


def test_lines_from_before_currencies_were_asked_for_are_summed_to_nothing(
    deps: AnalyticsDeps, one: Caller
) -> None:
    post(one, Person())
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    send(one, "POST", "/api/v1/costs", COST)
    send(
        one,
        "PUT",
        "/api/v1/kpis/clicks/valuation",
        {**WORTH, "forecast_effect": {"low": 1, "best": 2, "high": 3}},
        programme=PROGRAMME,
    )
    with deps.unit_of_work(1) as connection:
        connection.execute(text("UPDATE analytics.cost SET currency = NULL"))
    count(deps)
    found = report(one, "roi")
    assert found["rows"] == []
    assert any("1 of 1 lines of the costs say no currency" in note for note in found["notes"])
    assert not any("per person" in note for note in found["notes"])


def panel(
    treated: int, controls: int, start: int, periods: int, late: int = 1, effect: float = 0.0
) -> list[Reading]:
    """A common trend of 5 a period; the treated begin at ``start``, and their readings at ``late``."""
    return [
        Reading(
            f"{arm}{unit}",
            period,
            100
            + 5 * period
            + noise(unit + 20 * bool(of), period)
            + (effect if of and period >= start else 0),
            of,
        )
        for arm, units, of in (("t", treated, start), ("c", controls, None))
        for unit in range(units)
        for period in range(late if of else 1, periods + 1)
    ]


def test_teams_whose_readings_begin_late_are_given_no_effect() -> None:
    """The audit: a common trend, no effect, treated teams three months late gave −7.60, grade B."""
    late = panel(6, 6, 7, 12, late=4)
    why = impact.explain_unbalanced(late)
    assert why.startswith("6 of 12 have no value for every one of the 12 periods: t0 (3)")
    assert impact.explain_unbalanced(panel(6, 6, 7, 12)) == ""
    found = estimate_effect(panel(6, 6, 7, 12, effect=3), False)
    assert found is not None
    assert found.value == pytest.approx(3, abs=0.6)


def test_a_page_says_why_an_unbalanced_panel_gives_no_estimate(
    deps: AnalyticsDeps, one: Caller
) -> None:
    post(one, *(Person(f"t{i}", (NOW - START).days) for i in range(6)))
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    rows = [
        reading(team, month, 10 + 5 * month + (i * 7 + month * 5) % 3)
        for i, team in enumerate([f"t{i}" for i in range(6)] + [f"c{i}" for i in range(6)])
        for month in range(4 if team.startswith("t") else 1, 13)
    ]
    send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {"programme": PROGRAMME, "kpi": "clicks", "readings": rows},
    )
    count(deps)
    (row,) = report(one, "impact")["rows"]
    assert (row["grade"], "6 of 12 have no value" in row["method"], "value" in row) == (
        "–",
        True,
        False,
    )


@pytest.mark.parametrize(
    ("treated", "controls", "start", "periods"),
    [(3, 3, 7, 12), (3, 20, 7, 12), (20, 3, 7, 12), (6, 6, 4, 12), (4, 4, 4, 12)],
)
def test_fewer_than_four_on_a_side_or_four_periods_before_are_no_comparison_that_makes_a_headline(
    treated: int, controls: int, start: int, periods: int
) -> None:
    found = estimate_effect(panel(treated, controls, start, periods, effect=3), False)
    assert found is not None
    assert found.grade == "C"
    assert any("fewer than 4" in check for check in found.checks)


def test_waves_of_few_are_no_headline_either() -> None:
    def waves(units: int, first: int) -> list[Reading]:
        starts = [first] * units + [first + 3] * units + [None] * units
        return [
            Reading(
                f"u{place}",
                period,
                100 + noise(place, period) + (3 if start and period >= start else 0),
                start,
            )
            for place, start in enumerate(starts)
            for period in range(1, 13)
        ]

    for units, first in ((3, 6), (6, 3)):
        found = estimate_effect(waves(units, first), True)
        assert found is not None
        assert found.grade == "C"


@pytest.mark.parametrize("value", [0.0, 1.0, 1e9])
def test_values_that_do_not_vary_give_no_estimate(value: float) -> None:
    """All zero gave 0 [0, 0], p 1, and "an effect under 0.00 would hardly have been seen"."""
    starts: dict[str, list[int | None]] = {
        "two groups": [7] * 6 + [None] * 6,
        "waves": [5] * 4 + [8] * 4 + [None] * 4,
        "series": [7],
    }
    for name, arms in starts.items():
        flat = [
            Reading(f"u{place}", period, value, start)
            for place, start in enumerate(arms)
            for period in range(1, 13)
        ]
        assert estimate_effect(flat, False) is None, name
        if name == "waves":
            # their mean climbs in two steps, which a line does not fit: before and after has
            # something to say
            continue
        step = [
            Reading(
                r.unit,
                r.period,
                value + (5 if r.treated_from and r.period >= r.treated_from else 0),
                r.treated_from,
            )
            for r in flat
        ]
        assert estimate_effect(step, False) is None, (
            f"{name}: a step without any noise says nothing of how sure it is"
        )


def test_no_reviewer_is_blamed_for_an_answer_to_what_nobody_handed_in(
    deps: AnalyticsDeps, one: Caller
) -> None:
    """ "Reviews of exercises 0 %" stood on a teacher's page where nobody had handed anything in."""

    def with_exercise(handed_in: float | None, answered: float | None) -> Person:
        person = Person()
        due = {"due_date": format_instant(person.certified + timedelta(days=7))}
        place = f"{BASE}{person.name}"
        parent = {
            "parent": [
                {"id": f"{place}/exercise", "definition": {"type": ACTIVITY_TYPES["exercise"]}}
            ]
        }
        person.add("scheduled", f"{place}/exercise", 0, due, "exercise").add(
            "scheduled", f"{place}/answer", 0, due, "review", activities=parent
        )
        if handed_in is not None:
            person.add("submitted", f"{place}/exercise", handed_in, None, "exercise")
        if answered is not None:
            person.add(
                "reviewed",
                f"{place}/answer",
                answered,
                {"relation": "mentor"},
                "review",
                activities=parent,
            )
        return person

    post(
        one,
        with_exercise(None, None),
        with_exercise(20, 26),
        with_exercise(4, 14),
        with_exercise(3, None),
    )
    count(deps)
    adoption = {
        part: (v["numerator"], v["denominator"])
        for part, v in values(one, "adoption_due").items()
        if v["denominator"]
    }
    assert adoption == {"": (5, 7), "exercise": (3, 4), "exercise review": (2, 3)}
    prompt = {
        part: (v["numerator"], v["denominator"])
        for part, v in values(one, "answered_within_a_week").items()
    }
    assert prompt == {"": (1, 3), "exercise": (1, 3), "case study": (0, 0)}, (
        "whoever hands in late is answered in time all the same"
    )
    by_day_7 = values(one, "reviews_by_day_7")[""]
    assert (by_day_7["numerator"], by_day_7["denominator"]) == (0, 4), (
        "the rule of the programme stays: of those due"
    )


@pytest.mark.parametrize("people", [1, 4])
def test_five_questions_say_too_few_below_five(
    deps: AnalyticsDeps, one: Caller, tenant: Any, people: int
) -> None:
    """0 of 1 was "in part", and so was 1 of 1."""

    def planned(done: bool) -> Person:
        person = Person()
        due = {"due_date": format_instant(person.certified + timedelta(days=7))}
        person.add("scheduled", f"{BASE}{person.name}/plan", 0, due, "plan")
        return (
            person.add("committed", f"{BASE}{person.name}/plan", 5, None, "plan")
            if done
            else person
        )

    post(one, *(planned(number % 2 == 0) for number in range(people)))
    count(deps)
    first = report(one, "checklist")["rows"][0]
    assert (first["answer"], first["of"]) == (f"too few to say ({people})", people)
    hidden = report(one, "checklist", people="groups")
    assert (hidden["rows"], hidden["meaning"].partition(":")[0]) == ([], "Not shown")
    post(one, *(planned(True) for _ in range(30)))
    count(deps)
    assert report(one, "checklist")["rows"][0]["answer"] == "yes"


def test_figures_of_chosen_people_are_of_those_alone_and_for_who_may_see_single_people(
    tenant: Any, deps: AnalyticsDeps
) -> None:
    """A teacher sees the people of the own courses: the tool names their episodes, in a body,
    however many they are.
    """
    full, plain = tenant("two", ("all",)), tenant("one", ("metrics/read",))
    people = [Person(wave="A").check("1w", 7, [True, False]) for _ in range(3)]
    post(full, *people)
    count(deps)

    def asked(caller: Caller, path: str, episodes: list[Any], **query: str) -> Any:
        return caller.send(
            "POST",
            f"/api/v1/{path}",
            {"programme": PROGRAMME, **query},
            json={"episodes": [str(one) for one in episodes]},
        )

    def certified(answer: Any) -> int:
        assert answer.status_code == 200, answer.json
        return int(
            max(
                value["learners"] for figure in answer.json["figures"] for value in figure["values"]
            )
        )

    every = certified(full.get("/api/v1/figures", programme=PROGRAMME))
    assert every == 3
    assert certified(asked(full, "figures", [one.registration for one in people[:2]])) == 2
    assert certified(asked(full, "figures", [])) == 0, (
        "nobody's course has nobody's figures, not everybody's"
    )
    (waves,) = asked(full, "reports", [people[0].registration], key="waves").json["reports"]
    assert [row["learners"] for row in waves["rows"] if "learners" in row] in ([], [1])
    whole = asked(full, "reports", [people[0].registration], key="roi")
    assert whole.status_code == 400 and "chosen episodes" in whole.json["error"]["message"]
    for path in ("figures", "reports"):
        assert asked(plain, path, [people[0].registration]).status_code == 403
        assert asked(full, path, [people[0].registration], people="groups").status_code == 403
        assert asked(full, path, ["x"]).status_code == 400
