"""Weekly figures, what is restated of them, alarms: as an analyst and the tool meet them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from analytics.deps import AnalyticsDeps
from analytics.jobs import counting
from analytics.jobs import weekly_figures as watching
from lrs.store import change_queue
from lrs.vocabulary import VERBS
from tests.support.learners import NOW, PROGRAMME, Person, post
from tests.support.store import Caller

WEEKS, A_WEEK = 28, 10
# How many of ten do their check, week by week: an ordinary half year, three bad weeks, two good
# ones, and a bad one again.
USUAL = [9, 8, 10, 9, 9, 8, 10, 9, 8, 9, 10, 9, 8, 9, 9, 10, 8, 9, 9, 9, 10, 9]
DONE = [*USUAL, 1, 2, 1, 9, 10, 1]
START = NOW - timedelta(days=7 * (WEEKS + 3))


def monday(week: int) -> datetime:
    """When a week of these tests begins (ISO 8601: weeks begin on Mondays)."""
    day = START.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=7 - day.weekday(), weeks=week)


def people(done: int, week: int, team: str) -> list[Person]:
    """Ten people whose first check falls due in the same week."""
    due_days_ago = (NOW - monday(week)) / timedelta(days=1) - 3
    found = []
    for n in range(A_WEEK):
        person = Person(team=team, certified_days_ago=due_days_ago + 7)
        found.append(person.check("1w", 7, [True]) if n < done else person.check("1w", 7, []))
    return found


def settled(week: int) -> Any:
    """A moment at which this week's figures are final, and those of the next are not."""
    return monday(week + 2) + timedelta(hours=1)


def watch(deps: AnalyticsDeps, monkeypatch: pytest.MonkeyPatch, week: int) -> None:
    monkeypatch.setattr("core.clock.now", lambda: settled(week))
    counting.count_all_tenants(deps)
    watching.watch_tenant(deps.unit_of_work, change_queue.list_tenant_ids(deps.engine)[0])


def alarms(one: Caller, **asked: str) -> list[dict[str, Any]]:
    answer = one.get("/api/v1/alarms", **asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json["alarms"])


def test_an_alarm_begins_climbs_ends_after_two_calm_weeks_and_cools_down(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for week, done in enumerate(DONE):
        post(one, *people(done, week, "north"), *people(9, week, "south"))
    usual, bad = len(USUAL), len(USUAL) + 3
    watch(deps, monkeypatch, usual - 1)
    assert alarms(one) == [], "nothing but ordinary variation"
    levels = []
    for week in range(usual, bad):
        watch(deps, monkeypatch, week)
        watch(deps, monkeypatch, week)  # however often the job runs, a week is judged once
        (north,) = [
            found
            for found in alarms(one)
            if found["team"] == "north" and found["series"] == "checks_done"
        ]
        levels.append(north["level"])
    assert levels == ["owner", "sponsor", "steering"]
    assert "Fewer checks are done than before in north: 10% in the week from" in north["words"]
    assert north["owner"] == "training manager"
    assert not [found for found in alarms(one) if found["team"] == "south"]
    watch(deps, monkeypatch, bad)
    assert [found["calm"] for found in alarms(one) if found["team"] == "north"] == [1], (
        "one calm week does not end it"
    )
    watch(deps, monkeypatch, bad + 1)
    assert not [found for found in alarms(one) if found["team"] == "north"]
    ended = [found for found in alarms(one, history="all") if found["team"] == "north"]
    assert [found["ended_at"] is not None for found in ended] == [True]
    watch(deps, monkeypatch, bad + 2)
    assert not [found for found in alarms(one) if found["team"] == "north"], (
        "it was told a fortnight ago"
    )


def test_too_little_is_grey_and_raises_nothing(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for week, done in enumerate([9] * 9 + [0]):
        post(one, *people(done, week, "north"))
    watch(deps, monkeypatch, 9)
    assert alarms(one) == []


def test_a_published_week_that_comes_to_differ_is_restated_with_its_trace(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = people(9, 0, "north")
    post(one, *some)
    watch(deps, monkeypatch, 2)
    asked = {"programme": PROGRAMME, "team": "north"}
    (first,) = one.get("/api/v1/weeks/checks_done", **asked).json["weeks"]
    assert (first["numerator"], first["denominator"], first["value"]) == (9, 10, 0.9)
    passed = next(said for said in some[0].said if said["verb"]["id"] == VERBS["passed"].id)
    one.post(
        {
            "actor": passed["actor"],
            "verb": {"id": VERBS["voided"].id},
            "object": {"objectType": "StatementRef", "id": passed["id"]},
        }
    )
    watch(deps, monkeypatch, 2)
    (now,) = one.get("/api/v1/weeks/checks_done", **asked).json["weeks"]
    assert (now["numerator"], now["denominator"]) == (8, 10)
    before, after = one.get("/api/v1/weeks/checks_done", history="all", **asked).json["weeks"]
    assert (before["numerator"], after["numerator"]) == (9, 8)
    assert before["restated_at"]
    assert before["restated_by"] == watching.SYSTEM_ACTOR
    assert "voided" in before["restated_why"]
    assert after["restated_at"] is None


def test_live_weeks_are_for_whoever_may_see_single_people(
    deps: AnalyticsDeps, one: Caller, tenant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(one, *people(9, 0, "north"))
    watch(deps, monkeypatch, 2)
    asked = {"programme": PROGRAMME}
    groups_alone = tenant("one", ("metrics/read",))
    assert groups_alone.get("/api/v1/weeks/checks_done", **asked).json["weeks"] == []
    assert one.get("/api/v1/weeks/checks_done", people="groups", **asked).json["weeks"] == []
    (live,) = one.get("/api/v1/weeks/checks_done", **asked).json["weeks"]
    assert (live["status"], live["numerator"], live["value"]) == ("live", 9, 0.9)


def test_a_recount_that_changes_facts_is_an_alarm_until_one_changes_none(
    deps: AnalyticsDeps, one: Caller
) -> None:
    post(one, Person().used(9, 2))
    counting.count_all_tenants(deps)
    tenant_id = change_queue.list_tenant_ids(deps.engine)[0]
    with deps.unit_of_work(tenant_id) as connection:
        connection.execute(text("UPDATE analytics.fact_use SET evidence_grade = 4"))
    watching.update_self_check(
        deps.unit_of_work, tenant_id, counting.reconcile_tenant(deps.unit_of_work, tenant_id)
    )
    (found,) = alarms(one)
    assert (found["series"], found["owner"]) == ("self-check", "operator")
    watching.update_self_check(
        deps.unit_of_work, tenant_id, counting.reconcile_tenant(deps.unit_of_work, tenant_id)
    )
    assert alarms(one) == []


def test_nothing_is_judged_while_counting_is_behind(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(one, *people(9, 0, "north"))
    monkeypatch.setattr("core.clock.now", lambda: NOW + timedelta(days=30))
    watching.watch_tenant(deps.unit_of_work, change_queue.list_tenant_ids(deps.engine)[0])
    assert one.get("/api/v1/weeks/checks_done", programme=PROGRAMME).json["weeks"] == []


def day_of_week(week: int) -> str:
    return monday(week).date().isoformat()


def test_a_new_level_is_the_act_of_a_person_and_only_where_the_weeks_say_so(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower = [5, 6, 5, 4, 6, 5, 5, 6]  # eight weeks of half of what was usual
    for week, done in enumerate([*USUAL[:18], *lower]):
        post(one, *people(done, week, "north"))
    watch(deps, monkeypatch, 18 + len(lower) - 1)
    assert [found["series"] for found in alarms(one)] == ["checks_done"] * 2, (
        "the programme, and its one team"
    )
    body = {
        "programme": PROGRAMME,
        "series": "checks_done",
        "since": day_of_week(18),
        "why": "checks come by mail alone since the spring",
    }

    def decide(**changes: Any) -> Any:
        return one.send("POST", "/api/v1/baselines", data=json.dumps({**body, **changes}))

    chart = one.get("/api/v1/reports", programme=PROGRAMME, key="checks_done").json["reports"][0]
    assert chart["extra"]["new_level"] == day_of_week(18), (
        "the page offers the week since which it is so"
    )
    assert decide(since=day_of_week(17)).status_code == 409, "that week was as usual"
    assert decide(since=day_of_week(19)).status_code == 409, "seven weeks are too few"
    assert decide(since="2020-01-01").json["error"]["where"] == {"path": "$.since"}
    assert decide(why=" ").json["error"]["where"] == {"path": "$.why"}
    assert decide(series="mood").json["error"]["where"] == {"path": "$.series"}
    assert decide().status_code == 201
    assert [found["team"] for found in alarms(one)] == ["north"], (
        "the alarm of the programme has ended, that of its team stands"
    )
    assert decide(team="north").status_code == 201
    (first, second) = one.get("/api/v1/baselines", programme=PROGRAMME).json["baselines"]
    assert (first["since"], first["team"], second["team"]) == (day_of_week(18), "", "north")
    assert first["why"] == body["why"] and first["who"].startswith("credential ")
    watch(deps, monkeypatch, 18 + len(lower))
    assert alarms(one) == []
    chart = one.get("/api/v1/reports", programme=PROGRAMME, key="checks_done").json["reports"][0]
    assert len(chart["rows"]) == len(lower)
    assert body["why"] in " ".join(chart["notes"])
