"""Business figures as those see them who may not see individual people: of the teams and sites of
which values are published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from analytics.deps import AnalyticsDeps
from analytics.jobs.publishing import publish_tenant
from tests.support.learners import KPI, NOW, PROGRAMME, Person, count, post, reading, report, send
from tests.support.store import Caller, body

START = datetime(2025, 6, 25, tzinfo=UTC)
DAYS_AGO = (NOW - START).days
COST = {
    "programme": PROGRAMME,
    "category": "delivery",
    "amount": "5000.00",
    "currency": "EUR",
    "incurred_on": "2025-06-01",
    "source": "invoice 17",
    "signed_off_by": "finance",
}


@pytest.fixture
def analyst(tenant: Callable[..., Caller]) -> Caller:
    return tenant("one", ("metrics/read",))


def publish(deps: AnalyticsDeps) -> None:
    """Counts, publishes, and computes the effects of what is published."""
    count(deps)
    assert publish_tenant(deps.long_unit_of_work, 1)
    count(deps)


def bring(caller: Caller, rows: list[dict[str, Any]]) -> None:
    send(caller, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    readings = {"programme": PROGRAMME, "kpi": "clicks", "readings": rows}
    assert send(caller, "POST", "/api/v1/kpi-readings", readings).status_code == 200


def moved(team: str, number: int, by: float) -> list[dict[str, Any]]:
    """A year of readings that fall by so much from July on."""
    return [
        reading(
            team,
            month,
            10
            + (number**2 * 7 + month**2 * 5 + number * month * 3) % 17 / 8
            - month * 0.1
            - (by if month >= 7 else 0),
        )
        for month in range(1, 13)
    ]


def test_readings_are_shown_of_teams_of_which_values_are_published(
    one: Caller, analyst: Caller, deps: AnalyticsDeps
) -> None:
    post(one, *(Person("large", 40) for _ in range(8)), *(Person("small", 40) for _ in range(7)))
    bring(one, [reading(team, 1, value) for team, value in (("large", 9), ("small", 5), ("x", 1))])
    count(deps)

    def listed(caller: Caller, **asked: str) -> list[str]:
        answer = caller.get("/api/v1/kpi-readings", programme=PROGRAMME, **asked)
        return [row["subject"] for row in body(answer)["readings"]]

    assert listed(analyst) == [] and report(analyst, "readings")["rows"] == []
    publish(deps)
    assert listed(analyst) == listed(one, people="groups") == ["large"]
    assert listed(one) == ["large", "small", "x"]
    (row,) = report(analyst, "readings")["rows"]
    assert (row["value"], row["subjects"]) == (9, 1)
    (row,) = report(one, "readings")["rows"]
    assert (row["value"], row["subjects"]) == (5, 3)


def test_readings_of_single_people_are_not_told_of(
    one: Caller, analyst: Caller, deps: AnalyticsDeps
) -> None:
    people = [Person("north", 40) for _ in range(8)]
    post(one, *people)
    rows = [reading(f"account https://h.example {person.name}", 1, 5) for person in people]
    bring(one, [{**row, "subject_kind": "person"} for row in rows])
    publish(deps)
    assert report(analyst, "readings")["rows"] == []
    assert report(one, "readings")["rows"][0]["subjects"] == 8
    (row,) = report(analyst, "impact")["rows"]
    assert "value" not in row and "single people" in row["method"]


def test_the_effect_is_of_published_teams_beside_those_without_certified_people(
    one: Caller, analyst: Caller, deps: AnalyticsDeps
) -> None:
    for number in range(5):
        post(one, *(Person(f"t{number}", DAYS_AGO) for _ in range(8)))
    post(one, Person("single", DAYS_AGO))
    teams = [(f"t{number}", 3.0) for number in range(5)]
    teams += [("single", 40.0), *((f"c{number}", 0.0) for number in range(5))]
    bring(one, [row for n, (team, by) in enumerate(teams) for row in moved(team, n, by)])
    count(deps)
    (row,) = report(analyst, "impact")["rows"]
    assert "value" not in row and "No values are published yet" in row["method"]
    publish(deps)
    (row,) = report(analyst, "impact")["rows"]
    assert row["value"] == pytest.approx(-3, abs=0.7) and row["subjects"] == 10
    (live,) = report(one, "impact")["rows"]
    assert live["value"] < -6 and live["subjects"] == 11
    worth = {
        "unit_value": {"low": 40, "best": 50, "high": 60},
        "months": 12,
        "source": "incident costs 2024",
        "signed_off_by": "finance",
        "currency": "EUR",
    }
    send(one, "POST", "/api/v1/costs", COST)
    send(one, "PUT", "/api/v1/kpis/clicks/valuation", worth, programme=PROGRAMME)
    told = report(analyst, "roi")
    (actual,) = told["rows"]
    assert actual["benefits"] == pytest.approx(-row["value"] * 50 * 5 * 12)
    assert f"Cost per person certified: {5000 / 40:,.2f} EUR." in told["notes"]
    assert f"Cost per person certified: {5000 / 41:,.2f} EUR." in report(one, "roi")["notes"]


def test_fewer_than_five_teams_beside_it_are_no_comparison_for_groups(
    one: Caller, analyst: Caller, deps: AnalyticsDeps
) -> None:
    for number in range(4):
        post(one, *(Person(f"t{number}", DAYS_AGO) for _ in range(8)))
    teams = [*((f"t{n}", 3.0) for n in range(4)), *((f"c{n}", 0.0) for n in range(4))]
    bring(one, [row for n, (team, by) in enumerate(teams) for row in moved(team, n, by)])
    publish(deps)
    assert "differences" in report(one, "impact")["rows"][0]["method"]
    (row,) = report(analyst, "impact")["rows"]
    assert row["subjects"] == 4 and "differences" not in row["method"]
