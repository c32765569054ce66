"""What is told to who may not see individual people: sums over packets, and nothing else
(docs/privacy.md)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from analytics.deps import AnalyticsDeps
from analytics.publishing.packets import monday_after, monday_from
from tests.support.learners import (
    COMPETENCY,
    NOW,
    PROGRAMME,
    Person,
    count,
    of,
    post,
    report,
    send,
    values,
)
from tests.support.store import Caller, body

Tenant = Callable[..., Caller]


def answered(team: str, days_ago: float, right: bool = True, **audience: str) -> Person:
    person = Person(team, certified_days_ago=days_ago, **audience)
    return person.check("1d", 1, [True, right]).check("1w", 7, [right])


@pytest.fixture
def analyst(tenant: Tenant) -> Caller:
    return tenant("one", ("metrics/read",))


def test_a_team_of_eight_is_told_of_and_one_of_seven_waits(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    post(one, *(answered("north", 40, n > 1) for n in range(8)))
    post(one, *(answered("south", 40) for _ in range(7)))
    assert publish()
    whole = values(analyst, "retention_observed", programme=PROGRAMME)
    assert of(whole["1d"]) == (14, 16) and whole["1d"]["learners"] == 8
    assert (whole["1d"]["status"], whole["1d"]["day"]) == ("shown", 3)
    assert whole["6m"]["status"] == "waiting" and whole["6m"]["value"] is None
    last = monday_after(NOW - timedelta(days=40))
    assert whole["6m"]["waits_until"] == monday_from(last + timedelta(days=270)).isoformat()
    assert of(values(analyst, "retention_observed", programme=PROGRAMME, team="north")["1d"]) == (
        14,
        16,
    )
    south = values(analyst, "retention_observed", programme=PROGRAMME, team="south")["1d"]
    assert south["status"] == "waiting" and south["value"] is None
    (held,) = body(analyst.get("/api/v1/held-back", programme=PROGRAMME))["held_back"]
    assert held == {"wave": None, "value": "south", "size": 8, "weeks": 13}


def test_a_week_is_published_once_and_a_day_more_on_request(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    post(one, *(answered("north", 40) for _ in range(8)))
    assert publish() and not publish()
    assert not publish(1 if NOW.weekday() < 6 else 0)
    refused = send(analyst, "POST", "/api/v1/publications", {})
    assert refused.status_code == 403
    assert send(one, "POST", "/api/v1/publications", {}).status_code == 202
    assert not publish(), "once a day"
    assert publish(1)
    assert len(body(analyst.get("/api/v1/publications"))["publications"]) == 2


def test_figures_of_a_packet_do_not_move_before_the_month_is_over(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    people = [answered("north", 40) for _ in range(8)]
    post(one, *people)
    publish()
    before = values(analyst, "retention_observed", programme=PROGRAMME)["1w"]
    late = people[0].say("answered", f"{PROGRAMME}/items/1w-9", 8, {"kind": "check"})
    late["result"] = {"success": False}
    one.post([late])
    publish(7)
    same = values(analyst, "retention_observed", programme=PROGRAMME)["1w"]
    assert of(same) == of(before)
    publish(35)
    after = values(analyst, "retention_observed", programme=PROGRAMME)["1w"]
    assert (of(before), of(after)) == ((8, 8), (8, 9))


def test_fewer_than_five_who_answered_are_told_with_the_next_packet(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    first = [Person("north", certified_days_ago=40) for _ in range(8)]
    for person in first[:3]:
        person.check("1d", 1, [True])
    post(one, *first)
    publish()
    told = values(analyst, "retention_observed", programme=PROGRAMME)["1d"]
    assert told["status"] == "too few" and told["learners"] is None
    second = [Person("north", certified_days_ago=12) for _ in range(8)]
    for person in second[:4]:
        person.check("1d", 1, [False])
    post(one, *second)
    publish(7)
    told = values(analyst, "retention_observed", programme=PROGRAMME)["1d"]
    assert of(told) == (3, 7) and told["learners"] == 7


def test_who_was_erased_is_in_no_new_figure_and_the_old_ones_stay(
    one: Caller, analyst: Caller, publish: Callable[..., bool], deps: AnalyticsDeps
) -> None:
    people = [answered("north", 40) for _ in range(8)]
    post(one, *people)
    publish()
    with deps.unit_of_work(1) as connection:
        formed = connection.execute(text("SELECT learner FROM analytics.packet_member")).scalars()
        everybody = set(formed)
    before = values(analyst, "retention_observed", programme=PROGRAMME)
    asked = {"agent": people[0].agent, "dry_run": False}
    assert send(one, "POST", "/api/v1/erasures", asked).status_code in (200, 202)
    count(deps)
    publish(35)
    after = values(analyst, "retention_observed", programme=PROGRAMME)
    assert of(before["1d"]) == of(after["1d"]) == (16, 16)
    assert after["1m"]["value"] is None, "no more is counted of a packet that lost a member"
    with deps.unit_of_work(1) as connection:
        kept = connection.execute(text("SELECT contributions FROM analytics.published_row"))
        members = connection.execute(text("SELECT learner FROM analytics.packet_member")).all()
        listed = {person for row in kept.scalars() for found in row.values() for person in found}
    left = {row.learner for row in members}
    assert len(left) == 7 and left < listed and not listed & (everybody - left)
    assert len(listed) == 8, "somebody whom nobody knows stands in the place of who was erased"


def test_moving_to_another_team_changes_no_published_figure(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    people = [answered("north", 40) for _ in range(8)]
    post(one, *people)
    publish()
    before = values(analyst, "retention_observed", programme=PROGRAMME, team="north")
    moved = people[0].say("registered", PROGRAMME, 35, {"team": "south"}, "programme")
    one.post([moved])
    publish(35)
    after = values(analyst, "retention_observed", programme=PROGRAMME, team="north")
    assert of(after["1d"]) == of(before["1d"])


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "2026-01-01T00:00:00Z"},
        {"until": "2026-01-01T00:00:00Z"},
        {"programme_version": "1"},
        {"experience": "none"},
        {"team": "north", "wave": "W1"},
        {"team": "north", "month": "2026-03"},
    ],
)
def test_what_is_not_published_is_refused_in_words(analyst: Caller, asked: dict[str, str]) -> None:
    answer = analyst.get("/api/v1/metrics/retention_observed/values", programme=PROGRAMME, **asked)
    assert answer.status_code == 403
    assert "metrics/individual" in answer.json["error"]["message"]


def test_values_of_months_and_waves_are_unions_of_packets(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    post(one, *(answered("north", 100, wave="W1") for _ in range(8)))
    post(one, *(answered("north", 40, False, wave="W2") for _ in range(9)))
    publish()
    months = {f"{NOW - timedelta(days=days):%Y-%m}": n for days, n in ((100, 8), (40, 9))}
    for month, people in months.items():
        told = values(analyst, "retention_observed", programme=PROGRAMME, month=month)["1d"]
        assert told["learners"] == people
    for wave, people in (("W1", 8), ("W2", 9)):
        told = values(analyst, "retention_observed", programme=PROGRAMME, wave=wave)["1d"]
        assert told["learners"] == people
    assert values(analyst, "retention_observed")["1d"]["learners"] == 17, "of all programmes"


def test_live_values_say_that_they_are_not_published(
    one: Caller, publish: Callable[..., bool]
) -> None:
    post(one, *(answered("north", 40) for _ in range(3)))
    publish()
    live = values(one, "retention_observed", programme=PROGRAMME)["1d"]
    assert (live["status"], live["learners"], live["day"]) == ("live", 3, None)
    told = values(one, "retention_observed", programme=PROGRAMME, people="groups")["1d"]
    assert told["status"] == "waiting"


def test_a_programme_declares_its_dimension_and_how_many_are_told_of_together(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    rule = {"programme": PROGRAMME, "dimension": "site", "size": 5}
    assert send(one, "PUT", "/api/v1/publishing-rule", rule).status_code == 204
    assert send(one, "PUT", "/api/v1/publishing-rule", {**rule, "size": 4}).status_code == 400
    assert (
        send(one, "PUT", "/api/v1/publishing-rule", {**rule, "dimension": "x"}).status_code == 400
    )
    told = body(analyst.get("/api/v1/publishing-rule", programme=PROGRAMME))
    assert told == {"dimension": "site", "size": 5}
    post(one, *(answered(str(uuid.uuid4()), 40, site="Bern") for _ in range(5)))
    publish()
    found = values(analyst, "retention_observed", programme=PROGRAMME, site="Bern")["1d"]
    assert found["learners"] == 5


def test_competencies_and_questions_are_told_of_enough_people(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    for team in ("north", "south"):
        post(one, *(answered(team, 70, n % 4 > 0) for n in range(12)))
    publish()
    (weak,) = report(analyst, "weak_domains")["rows"]
    assert (weak["right"], weak["asked"]) == (24 + 18 + 18, 72)
    (weak,) = report(analyst, "weak_domains", team="north")["rows"]
    assert (weak["right"], weak["asked"]) == (30, 36)
    cells = report(analyst, "heat_map")["rows"]
    assert [row["team"] for row in cells] == ["north", "south"]
    questions = {row["id"].rpartition("/")[2]: row for row in report(analyst, "items")["rows"]}
    assert {name: row["answers"] for name, row in questions.items()} == {
        "1d-0": 24,
        "1d-1": 24,
        "1w-0": 24,
    }
    assert questions["1d-0"]["difficulty"] == 1 and questions["1w-0"]["difficulty"] == 0.75
    assert report(analyst, "items", team="north")["rows"] == [], "of twenty people alone"


def test_a_competency_of_a_few_people_waits_and_the_rest_does_not_tell_of_it(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    people = [answered("north", 70) for _ in range(8)]
    other = {
        "id": f"{PROGRAMME}/competencies/other",
        "definition": {"type": COMPETENCY["definition"]["type"], "name": {"en": "Other"}},
    }
    for person in people[:3]:
        said = person.say(
            "answered", f"{PROGRAMME}/items/x", 7, {"kind": "check"}, grouping=[other]
        )
        person.said.append({**said, "result": {"success": True}})
    post(one, *people)
    publish()
    assert report(analyst, "weak_domains")["rows"] == []
    assert values(analyst, "retention_observed", programme=PROGRAMME)["1w"]["denominator"] == 11
