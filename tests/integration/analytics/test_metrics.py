"""Figures and reports over HTTP, as an analyst and the tool ask for them: what is counted, who sees
it, what it rests on.
"""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from PIL import Image
from sqlalchemy import text

from analytics.deps import AnalyticsDeps
from analytics.jobs import counting
from analytics.reports import cache
from analytics.reports.registry import REPORT_BUILDERS
from analytics.scorecards import DEFAULT_LINES
from analytics.store import computed_reports
from core.clock import format_instant
from lrs.store import change_queue
from lrs.vocabulary import ACTIVITY_TYPES, BASE, EXTENSIONS, VERBS
from tests.support.learners import (
    KPI,
    NOW,
    PROGRAMME,
    Person,
    count,
    of,
    post,
    reading,
    report,
    send,
    values,
)
from tests.support.store import Caller


def test_transfer_is_what_somebody_else_confirmed_within_90_days(
    deps: AnalyticsDeps, one: Caller
) -> None:
    post(
        one,
        Person().used(10, 1).used(20, 3),
        Person().used(10, 1),
        Person().used(100, 2),
        Person().add("had-no-opportunity", f"{PROGRAMME}/plan", 30),
        Person(certified_days_ago=20).used(5, 2).add("committed", f"{PROGRAMME}/plan", 2),
    )
    count(deps)
    assert of(values(one, "transfer_rate")[""]) == (2, 5)
    assert of(values(one, "transfer_rate")["matured"]) == (1, 4), "the fifth still has time"
    assert {
        part: value["numerator"] for part, value in values(one, "transfer_by_grade").items()
    } == {"1": 3, "2": 2, "3": 1, "4": 0}
    where = values(one, "transfer_where")
    assert (of(where["planned"]), of(where["opportunity"])) == ((1, 1), (2, 4))
    assert of(values(one, "no_opportunity")[""]) == (1, 5)
    assert of(values(one, "scrap_learning")[""]) == (2, 4), (
        "no use by day 60, of those certified so long ago"
    )
    assert values(one, "transfer_intensity")[""]["value"] == 1


def test_retention_is_by_interval_and_says_who_answered_and_what_is_kept(
    deps: AnalyticsDeps, one: Caller
) -> None:
    for _ in range(3):
        post(
            one,
            Person()
            .check("day0", 0.1, [True, True], "baseline")
            .check("1w", 7, [True, False])
            .check("1m", 30, []),
        )
    count(deps)
    assert of(values(one, "retention_observed")["1w"]) == (3, 6)
    response = values(one, "retention_response")
    assert (of(response["1w"]), of(response["1m"])) == ((3, 3), (0, 3))
    kept = values(one, "retention_ratio")
    assert kept["1w"]["value"] == 0.5
    assert kept["1m"]["value"] is None
    assert values(one, "retention_of_exam")["1w"]["value"] is None, "no exam result came along"


def test_answers_of_one_person_that_hang_together_widen_the_interval(
    deps: AnalyticsDeps, one: Caller
) -> None:
    post(one, *(Person().check("1w", 7, [i % 2 == 0] * 5) for i in range(20)))
    count(deps)
    week = values(one, "retention_observed")["1w"]
    assert of(week) == (50, 100)
    assert week["ci_high"] - week["ci_low"] > 0.35, "twenty people, not a hundred answers"


def test_times_count_those_who_have_not_got_there_yet(deps: AnalyticsDeps, one: Caller) -> None:
    post(one, Person().used(10, 2), Person().used(40, 2), Person(), Person(), Person().used(10, 1))
    count(deps)
    first = values(one, "time_to_first_use")
    assert (first["any"]["value"], of(first["any"])) == (40, (3, 5))
    assert first["verified"]["value"] is None
    assert "fewer than half" in first["verified"]["flags"][0]
    seen = Person().assessed(20, 2, "manager").assessed(30, 3, "manager").assessed(50, 4, "mentor")
    post(one, seen)
    count(deps)
    assert of(values(one, "time_to_competency")[""]) == (1, 6)
    assert {part: value["denominator"] for part, value in values(one, "behaviour").items()} == {
        "manager": 2,
        "mentor": 1,
        "peer": 0,
        "learner": 0,
    }


def test_sustainability_tells_what_was_seen_and_what_nobody_looked_at(
    deps: AnalyticsDeps, one: Caller
) -> None:
    follow = f"{BASE}follow"
    still = (
        Person()
        .used(10, 2)
        .add(
            "responded", follow, 105, {"relation": "manager"}, "follow-up", result={"success": True}
        )
    )
    not_any_more = (
        Person()
        .used(10, 2)
        .add(
            "responded",
            follow,
            105,
            {"relation": "learner"},
            "follow-up",
            result={"success": False},
        )
    )
    post(one, still, not_any_more, Person().used(10, 2), Person().used(80, 2))
    count(deps)
    found = values(one, "sustainability")
    assert (of(found["seen"]), of(found["all"])) == ((1, 2), (1, 3))


def test_adoption_is_of_everything_due_and_of_each_kind(deps: AnalyticsDeps, one: Caller) -> None:
    person = Person().check("1w", 7, [True]).check("1m", 30, [])
    due = {"due_date": format_instant(person.certified + timedelta(days=7))}
    exercise = {"parent": [{"id": f"{BASE}e", "definition": {"type": ACTIVITY_TYPES["exercise"]}}]}
    person.add("scheduled", f"{BASE}r", 0, due, "review", activities=exercise)
    person.add("reviewed", f"{BASE}r", 6, {"relation": "mentor"}, "review", activities=exercise)
    person.add("scheduled", f"{BASE}m", 0, due, "meeting").add(
        "scheduled",
        f"{BASE}later",
        0,
        {"due_date": format_instant(NOW + timedelta(days=3))},
        "meeting",
    )
    post(one, person)
    count(deps)
    found = values(one, "adoption_due")
    assert of(found[""]) == (2, 4)
    assert {part: of(value) for part, value in found.items() if part and value["denominator"]} == {
        "check": (1, 2),
        "exercise review": (1, 1),
        "meeting": (0, 1),
    }
    assert of(values(one, "reviews_by_day_7")[""]) == (1, 1)
    assert of(values(one, "coaching_attended")[""]) == (0, 1)


def test_a_follow_up_is_the_learners_to_answer_and_a_review_somebody_elses(
    deps: AnalyticsDeps, one: Caller
) -> None:
    person = Person()
    due = {"due_date": format_instant(person.certified + timedelta(days=7))}
    for kind in ("follow-up", "review"):
        person.add("scheduled", f"{BASE}{kind}", 0, due, kind)
    person.add(
        "responded",
        f"{BASE}follow-up",
        5,
        {"relation": "manager"},
        "follow-up",
        result={"success": True},
    )
    person.add("reviewed", f"{BASE}review", 5, {"relation": "learner"}, "review")
    post(one, person)
    count(deps)
    assert of(values(one, "adoption_due")[""]) == (0, 2)


def test_every_filter_narrows_and_a_period_is_by_certification(
    deps: AnalyticsDeps, one: Caller
) -> None:
    post(
        one,
        Person("north", wave="1", site="a", role="x", experience="new"),
        Person("south", certified_days_ago=10, wave="2"),
    )
    count(deps)
    for asked in (
        {"team": "north"},
        {"wave": "1"},
        {"site": "a"},
        {"role": "x"},
        {"experience": "new"},
        {"until": format_instant(NOW - timedelta(days=100))},
    ):
        assert of(values(one, "transfer_rate", programme=PROGRAMME, **asked)[""]) == (0, 1), asked
    assert of(values(one, "transfer_rate", programme=PROGRAMME, team="nowhere")[""]) == (0, 0)
    wrong = one.get("/api/v1/metrics/transfer_rate/values", since="yesterday")
    assert (wrong.status_code, wrong.json["error"]["where"]) == (400, {"parameter": "since"})


def test_whoever_may_not_see_single_people_is_told_what_is_published(
    deps: AnalyticsDeps, one: Caller, tenant: Callable[..., Caller], publish: Callable[..., bool]
) -> None:
    analyst = tenant("one", ("metrics/read",))
    post(one, *(Person("north") for _ in range(8)), *(Person("south") for _ in range(4)))
    count(deps)
    before = values(analyst, "transfer_rate", programme=PROGRAMME)[""]
    assert (before["status"], before["value"]) == ("waiting", None), "nothing is published yet"
    publish()
    assert of(values(analyst, "transfer_rate", programme=PROGRAMME)[""]) == (0, 8)
    assert of(values(analyst, "transfer_rate", programme=PROGRAMME, team="north")[""]) == (0, 8), (
        "the total less this team tells of nobody"
    )
    small = values(analyst, "transfer_rate", programme=PROGRAMME, team="south")[""]
    assert (small["suppressed"], small["value"], small["denominator"], small["learners"]) == (
        True,
        None,
        None,
        None,
    )
    assert small["reason"] == "it waits for more people"
    assert of(values(one, "transfer_rate", programme=PROGRAMME, team="south")[""]) == (0, 4), (
        "the tool decides itself whom it shows this"
    )
    assert values(one, "transfer_rate", programme=PROGRAMME, team="south", people="groups")[""][
        "suppressed"
    ]
    assert [row["group"] for row in report(analyst, "teams")["rows"]] == ["north"]
    assert analyst.get("/api/v1/metrics/transfer_rate/evidence").status_code == 403


def test_behind_a_figure_stand_its_statements(deps: AnalyticsDeps, one: Caller) -> None:
    people = [Person().used(10, 2) for _ in range(3)]
    post(one, *people)
    count(deps)
    first = one.get("/api/v1/metrics/transfer_rate/evidence", programme=PROGRAMME, limit="2").json
    second = one.get(
        "/api/v1/metrics/transfer_rate/evidence",
        programme=PROGRAMME,
        limit="2",
        after=first["next"],
    ).json
    assert second["next"] is None
    told = {
        episode["registration"]: {said["id"] for said in episode["statements"]}
        for episode in first["episodes"] + second["episodes"]
    }
    assert told == {
        str(person.registration): {one["id"] for one in person.said} for person in people
    }
    certified, applied = first["episodes"][0]["statements"]
    assert (certified["verb"], applied["verb"], applied["object"]) == (
        "certified",
        "applied",
        f"{PROGRAMME}/tasks/t",
    )


def test_an_answer_that_did_not_change_is_not_sent_again(deps: AnalyticsDeps, one: Caller) -> None:
    post(one, Person())
    count(deps)
    path = "/api/v1/metrics/transfer_rate/values"
    tag = one.get(path).headers["ETag"]
    assert one.send("GET", path, headers={"If-None-Match": tag}).status_code == 304
    post(one, Person())
    count(deps)
    assert one.send("GET", path, headers={"If-None-Match": tag}).status_code == 200


def test_every_report_answers_when_nothing_is_there_and_when_much_is(
    deps: AnalyticsDeps, one: Caller, tenant: Callable[..., Caller]
) -> None:
    analyst = tenant("one", ("metrics/read",))
    for caller, key in itertools.product((one, analyst), REPORT_BUILDERS):
        assert report(caller, key)["key"] == key
    people = [
        Person(f"team {i % 3}", 300 - i, wave=f"{i % 2}")
        .check("1w", 7, [True, i % 3 > 0])
        .check("1m", 30, [i % 2 == 0, True])
        .check("3m", 90, [i % 4 > 0])
        for i in range(24)
    ]
    post(
        one,
        *(
            person.used(10 + i, 2).assessed(20, 1 + i % 4, "manager")
            for i, person in enumerate(people)
        ),
    )
    count(deps)
    for caller, key in itertools.product((one, analyst), REPORT_BUILDERS):
        found = report(caller, key)
        table = caller.send(
            "GET",
            f"/api/v1/reports/{key}",
            {"programme": PROGRAMME},
            headers={"Accept": "text/csv"},
        )
        assert table.text.splitlines()[0] == ",".join(column["key"] for column in found["columns"])
        assert "<script" not in found["svg"]


def test_items_tell_how_hard_they_are_whether_they_tell_who_knows_and_what_is_chosen(
    deps: AnalyticsDeps, one: Caller
) -> None:
    # Item 0 is right for those who know the rest; item 1 is a wrong key: right for those who do
    # not.
    post(
        one,
        *(
            Person().check("1w", 7, [i % 2 == 0, i % 2 == 1, i % 2 == 0, i % 2 == 0])
            for i in range(40)
        ),
    )
    count(deps)
    rows = {row["name"]: row for row in report(one, "items")["rows"]}
    assert rows["Item 0"]["difficulty"] == 0.5
    assert rows["Item 0"]["discrimination"] > 0.5
    assert rows["Item 1"]["discrimination"] < -0.5
    assert "marked right" in rows["Item 1"]["flags"]
    assert "a (right): 50%" in rows["Item 0"]["distractors"]
    assert rows["Item 0"]["seconds"] == 12.5


def test_questions_are_narrowed_for_whoever_may_see_single_people_alone(
    deps: AnalyticsDeps, one: Caller, tenant: Callable[..., Caller]
) -> None:
    post(one, *(Person("north", programme_version="2").check("1w", 7, [True]) for _ in range(8)))
    post(one, *(Person("south", programme_version="1").check("1w", 7, [False]) for _ in range(8)))
    count(deps)
    for by, share in (({"team": "north"}, 1.0), ({"programme_version": "1"}, 0.0), ({}, 0.5)):
        (row,) = report(one, "items", **by)["rows"]
        assert (row["difficulty"], row["answers"]) == (share, 8 if by else 16)
    analyst = tenant("one", ("metrics/read",))
    assert report(analyst, "items")["rows"] == [], "nothing is published yet"


def test_questions_of_few_answers_are_not_ranked(deps: AnalyticsDeps, one: Caller) -> None:
    """25 questions of 9 to 15 answers were ranked, although a note said to judge from 30 on."""
    post(one, *(Person().check("1w", 7, [i % 3 == 0, i % 3 != 0]) for i in range(12)))
    count(deps)
    found = report(one, "items")
    for row in found["rows"]:
        assert (row["discrimination"], row["upper_lower"]) == (None, None)
        assert row["flags"] == "too few yet (12 of 30)"
    assert found["what_to_do"] == "Too early to rank questions: none has enough answers yet."


def test_the_heat_map_says_of_how_many_answers_each_cell_is(
    deps: AnalyticsDeps, one: Caller
) -> None:
    """One answer of one person made the whitest, most alarming cell of all."""
    post(one, *(Person("north").check("1w", 7, [True, True]) for _ in range(5)))
    post(one, Person("south").check("1w", 7, [False]))
    count(deps)
    found = report(one, "heat_map")
    (share, answers) = (column["key"] for column in found["columns"][1:])
    cells = {row["team"]: (row[share], row[answers]) for row in found["rows"]}
    assert cells == {"north": (1.0, 10), "south": (0.0, 1)}
    assert "north, Reading links: 100 % of 10." in found["svg"]
    assert "south, Reading links: 1 person." in found["svg"]


def test_statisticians_words_stand_in_how_it_is_counted_alone(
    deps: AnalyticsDeps, one: Caller
) -> None:
    """A manager met log loss, RMSE, AUC, Krippendorff, Laney and Benjamini in what she reads."""
    post(one, *(Person().check("1d", 1, [True, i % 2 == 0]) for i in range(24)))
    count(deps)
    words = re.compile(
        r"log loss|RMSE|AUC|Krippendorff|Laney|Benjamini|Hochberg|Bayes|Kaplan|Wilson|bootstrap|"
        r"biserial|sigma",
        re.IGNORECASE,
    )
    for key in one.get("/api/v1/reports").json["reports"]:
        found = report(one, key)
        read = [found[name] for name in ("title", "meaning", "what_to_do")]
        read += [*found["notes"], *(column["label"] for column in found["columns"])]
        assert [text for text in read if words.search(text)] == [], key


def test_a_competency_that_many_miss_points_at_the_content(
    deps: AnalyticsDeps, one: Caller
) -> None:
    post(one, *(Person().check("1w", 7, [False, False, True]) for _ in range(20)))
    count(deps)
    (row,) = report(one, "weak_domains")["rows"]
    assert (row["competency"], row["weak"], row["asked"]) == ("Reading links", "weak", 60)


def test_use_of_the_product_and_raters_exercises_are_counted_without_an_episode(
    deps: AnalyticsDeps, one: Caller
) -> None:
    def loose(verb: str, iri: str, kind: str, who: str, **parts: Any) -> dict[str, Any]:
        person = Person(name=who)
        value = person.say(verb, iri, 199.5, {"team": "north"}, kind, **parts)
        del value["context"]["registration"]
        return value

    came = [loose("logged-in", PROGRAMME, "programme", f"p{i}") for i in range(5)]
    rated = [
        loose(
            "assessed",
            f"{PROGRAMME}/cases/{case}",
            "calibration case",
            f"rater {rater}",
            result={
                "score": {"max": 4},
                "extensions": {
                    EXTENSIONS["rubric_scores"]: [
                        {"criterion": "x", "level": 1 + (case + (rater == 2)) % 4}
                    ]
                },
            },
        )
        for case in range(4)
        for rater in range(3)
    ]
    one.post([*came, *rated, *Person().said])
    count(deps)
    (team,) = report(one, "use")["rows"]
    assert (team["team"], team["people"]) == ("north", 5)
    (whole, _) = report(one, "raters")["rows"]
    assert (whole["where"], whole["units"], whole["raters"]) == ("described cases", 4, 3)
    assert whole["alpha"] < 0.667
    one.post(
        {
            "actor": came[0]["actor"],
            "verb": {"id": VERBS["voided"].id},
            "object": {"objectType": "StatementRef", "id": came[0]["id"]},
        }
    )
    count(deps)
    assert report(one, "use")["rows"][0]["people"] == 4
    assert (
        one.send(
            "POST",
            "/api/v1/erasures",
            data=json.dumps({"agent": came[1]["actor"], "dry_run": False}),
        ).status_code
        == 200
    )
    count(deps)
    assert report(one, "use")["rows"][0]["people"] == 3


def test_two_identifiers_of_one_person_are_merged_and_taken_apart_again(
    deps: AnalyticsDeps, one: Caller
) -> None:
    person, alias = Person(), Person(name="other")
    stray = person.say("applied", f"{PROGRAMME}/tasks/t", 10, {"evidence_grade": 2}) | {
        "actor": alias.agent
    }
    one.post([*person.said, stray])
    count(deps)
    assert of(values(one, "transfer_rate")[""]) == (0, 1), "said by somebody else"
    body = {
        "alias": alias.agent,
        "agent": person.agent,
        "reason": "two accounts after the move to the new directory",
    }
    made = one.send("POST", "/api/v1/person-merges", data=json.dumps(body))
    assert made.status_code == 201
    count(deps)
    assert of(values(one, "transfer_rate")[""]) == (1, 1)
    again = one.send("POST", "/api/v1/person-merges", data=json.dumps(body))
    assert again.json["merge"] == made.json["merge"], "the same, said twice"
    (listed,) = one.get("/api/v1/person-merges").json["merges"]
    assert (listed["reason"], listed["undone_at"]) == (body["reason"], None)
    assert one.send("DELETE", f"/api/v1/person-merges/{made.json['merge']}").status_code == 204
    count(deps)
    assert of(values(one, "transfer_rate")[""]) == (0, 1)
    assert one.get("/api/v1/person-merges").json["merges"][0]["undone_at"]


def test_readings_are_all_or_none_known_ones_stay_and_corrections_leave_a_trace(
    one: Caller,
) -> None:
    assert send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME).status_code == 204
    body = {
        "programme": PROGRAMME,
        "kpi": "clicks",
        "readings": [reading("north", 1, 9), reading("north", 2, 8)],
    }
    wrong = send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {
            **body,
            "readings": [*body["readings"], {**reading("north", 3, 1), "subject_kind": "planet"}],
        },
    )
    assert (wrong.status_code, wrong.json["error"]["where"]) == (
        400,
        {"path": "$.readings[2].subject_kind", "index": 2},
    )
    untyped = send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {**body, "readings": [{**reading("north", 1, 1), "value": "many"}]},
    )
    assert untyped.json["error"]["where"] == {"path": "$.readings[0].value"}
    assert send(one, "POST", "/api/v1/kpi-readings", {**body, "dry_run": True}).json["new"] == 2
    for told in ((2, 0, 0), (0, 2, 0)):
        answer = send(one, "POST", "/api/v1/kpi-readings", body).json
        assert (answer["new"], answer["known"], answer["corrected"]) == told
    changed = {**body, "readings": [reading("north", 1, 7)]}
    refused = send(one, "POST", "/api/v1/kpi-readings", changed)
    assert (refused.status_code, refused.json["error"]["where"]["on_record"]) == (409, 9)
    assert (
        send(
            one,
            "POST",
            "/api/v1/kpi-readings",
            {**changed, "reason": "a double count at the gateway"},
        ).json["corrected"]
        == 1
    )
    held = one.get("/api/v1/kpi-readings", programme=PROGRAMME).json["readings"]
    assert sorted(row["value"] for row in held) == [7, 8]
    old = next(
        row
        for row in one.get("/api/v1/kpi-readings", programme=PROGRAMME, history="all").json[
            "readings"
        ]
        if row["value"] == 9
    )
    assert old["replaced_why"] == "a double count at the gateway"
    assert send(one, "POST", "/api/v1/kpi-readings", {**body, "kpi": "other"}).status_code == 404


def test_the_effect_is_what_moved_beyond_the_others_and_the_return_rests_on_it(
    deps: AnalyticsDeps, one: Caller
) -> None:
    start = datetime(2025, 6, 25, tzinfo=UTC)
    days_ago = (NOW - start).days
    post(one, *(Person(f"t{i}", days_ago) for i in range(12)))
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    # Before July both move alike; from July on the certified teams have three clicks fewer.
    rows = [
        reading(
            team,
            month,
            10
            + ((i % 12) ** 2 * 7 + month**2 * 5 + i % 12 * month * 3) % 17 / 8
            - month * 0.1
            - (3 if team.startswith("t") and month >= 7 else 0),
        )
        for i, team in enumerate([f"t{i}" for i in range(12)] + [f"c{i}" for i in range(12)])
        for month in range(1, 13)
    ]
    assert (
        send(
            one,
            "POST",
            "/api/v1/kpi-readings",
            {"programme": PROGRAMME, "kpi": "clicks", "readings": rows},
        ).json["new"]
        == 288
    )
    count(deps)
    (row,) = report(one, "impact")["rows"]
    assert row["value"] == pytest.approx(-3, abs=0.01)
    assert row["low"] < -2.5
    assert row["grade"].startswith("B")
    assert "differences" in row["method"]
    assert "no headline yet" in report(one, "roi")["what_to_do"]
    cost = {
        "programme": PROGRAMME,
        "category": "delivery",
        "amount": "5000.00",
        "currency": "EUR",
        "incurred_on": "2025-06-01",
        "source": "invoice 17",
        "signed_off_by": "finance",
    }
    assert send(one, "POST", "/api/v1/costs", cost).status_code == 201
    again = send(one, "POST", "/api/v1/costs", {**cost, "amount": 5000})
    assert (again.status_code, again.json["cost"]) == (
        201,
        one.get("/api/v1/costs", programme=PROGRAMME).json["costs"][0]["cost_id"],
    )
    extra = send(one, "POST", "/api/v1/costs", {**cost, "source": "invoice 18"}).json["cost"]
    assert (
        send(one, "DELETE", f"/api/v1/costs/{extra}", {"why": "entered twice"}).status_code == 204
    )
    worth = {
        "unit_value": {"low": 40, "best": 50, "high": 60},
        "months": 12,
        "source": "incident costs 2024",
        "signed_off_by": "finance",
        "currency": "EUR",
        "forecast_effect": {"low": 1, "best": 2, "high": 3},
    }
    assert (
        send(one, "PUT", "/api/v1/kpis/clicks/valuation", worth, programme=PROGRAMME).json[
            "version"
        ]
        == 1
    )
    forecast, actual = report(one, "roi")["rows"]
    # 3 clicks x 50 EUR x 12 teams x 12 months = 21,600; (21,600 - 5,000) / 5,000
    assert (actual["which"], actual["benefits"]) == ("actual", pytest.approx(21_600, rel=0.01))
    assert actual["p50"] == pytest.approx(3.32, abs=0.05)
    assert actual["p5"] < actual["p50"] < actual["p95"]
    assert forecast["which"] == "forecast"
    assert "came back beyond the costs" in report(one, "roi")["what_to_do"]
    line = next(row for row in report(one, "scorecard")["rows"] if row["metric"] == "impact")
    assert line["score"] == pytest.approx(60, abs=1), (
        "three of the five clicks between baseline and target"
    )


def test_erasing_a_person_takes_the_business_figures_of_that_person_along(
    deps: AnalyticsDeps, one: Caller
) -> None:
    person = Person()
    post(one, person)
    identity = f"account https://h.example {person.name}"
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    rows = [{**reading(identity, 1, 9), "subject_kind": "person"}, reading("north", 1, 9)]
    send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {"programme": PROGRAMME, "kpi": "clicks", "readings": rows},
    )
    rows[0]["value"] = 8
    send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {"programme": PROGRAMME, "kpi": "clicks", "readings": rows, "reason": "recount"},
    )
    assert (
        one.send(
            "POST", "/api/v1/erasures", data=json.dumps({"agent": person.agent, "dry_run": False})
        ).status_code
        == 200
    )
    left = one.get("/api/v1/kpi-readings", programme=PROGRAMME, history="all").json["readings"]
    assert [row["subject"] for row in left] == ["north"]
    with deps.unit_of_work(change_queue.list_tenant_ids(deps.engine)[0]) as connection:
        assert (
            connection.execute(
                text("SELECT count(*) FROM analytics.kpi_reading WHERE subject LIKE 'account%'")
            ).scalar()
            == 0
        )


def test_before_and_after_alone_never_makes_a_headline(deps: AnalyticsDeps, one: Caller) -> None:
    start = datetime(2025, 6, 25, tzinfo=UTC)
    post(one, *(Person("t", (NOW - start).days) for _ in range(5)))
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    rows = [
        reading("t", month, 10 + month % 2 - (4 if month >= 7 else 0)) for month in range(1, 13)
    ]
    send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {"programme": PROGRAMME, "kpi": "clicks", "readings": rows},
    )
    send(
        one,
        "POST",
        "/api/v1/costs",
        {
            "programme": PROGRAMME,
            "category": "design",
            "amount": 10,
            "currency": "EUR",
            "incurred_on": "2025-06-01",
            "source": "s",
            "signed_off_by": "f",
        },
    )
    send(
        one,
        "PUT",
        "/api/v1/kpis/clicks/valuation",
        {
            "unit_value": {"low": 1, "best": 1, "high": 1},
            "months": 12,
            "source": "s",
            "signed_off_by": "f",
            "currency": "EUR",
        },
        programme=PROGRAMME,
    )
    count(deps)
    (row,) = report(one, "impact")["rows"]
    assert row["grade"].startswith("C")
    assert "no headline yet" in report(one, "roi")["what_to_do"]
    assert (
        next(row for row in report(one, "scorecard")["rows"] if row["metric"] == "impact")["score"]
        is None
    )


def test_the_scorecard_is_weighted_by_somebody_and_has_no_number_when_too_much_is_missing(
    deps: AnalyticsDeps, one: Caller
) -> None:
    post(one, *(Person().check("1w", 7, [True]) for _ in range(5)))
    count(deps)
    assert "defaults" in report(one, "scorecard")["notes"][0]
    assert report(one, "scorecard")["extra"]["overall"] is None, "half of the weight has no value"
    line = {
        "perspective": "adoption",
        "metric": "adoption_due",
        "part": "",
        "floor": 0.5,
        "target": 1.5,
        "weight": 1.0,
    }
    assert (
        send(
            one,
            "PUT",
            "/api/v1/scorecard",
            {"programme": PROGRAMME, "lines": [{**line, "weight": 0.5}]},
        ).status_code
        == 400
    )
    assert send(
        one, "PUT", "/api/v1/scorecard", {"programme": PROGRAMME, "lines": [line]}
    ).json == {"version": 1}
    found = report(one, "scorecard")
    assert "decided by the key “test”" in found["notes"][0], "by its note, not by its number"
    assert found["extra"]["overall"] == 50
    assert "version 1" in found["notes"][0]


def test_an_episode_that_is_counted_again_gives_the_same_rows(
    deps: AnalyticsDeps, one: Caller
) -> None:
    post(
        one,
        *(
            Person().check("1w", 7, [True, False]).used(9, 2).assessed(20, 3, "manager")
            for _ in range(5)
        ),
    )
    count(deps)
    (tenant_id,) = change_queue.list_tenant_ids(deps.engine)
    assert not counting.reconcile_tenant(deps.unit_of_work, tenant_id)
    with deps.unit_of_work(tenant_id) as connection:
        assert (
            connection.execute(
                text("SELECT count(*) FROM analytics.fact_competency WHERE rated > 0 AND asked > 0")
            ).scalar()
            == 5
        ), "one key for both"


def test_a_large_programme_is_answered_as_the_job_last_made_it(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pages take too long otherwise; narrowed, and after a decision on what a report rests on,
    they are made when asked for.
    """
    monkeypatch.setattr(cache, "LARGE_PROGRAMME", 6)
    post(one, *[Person(team="north").check("1w", 7, [True]).used(9, 2) for _ in range(6)])
    count(deps)
    before, live = values(one, "transfer_rate", programme=PROGRAMME), report(one, "teams")
    post(one, *[Person(team="north") for _ in range(6)])
    counting.count_all_tenants(deps)
    assert of(values(one, "transfer_rate", programme=PROGRAMME)[""]) == of(before[""]) == (6, 6), (
        "kept until the job runs again"
    )
    assert report(one, "teams") == live
    assert of(values(one, "transfer_rate", programme=PROGRAMME, team="north")[""]) == (6, 12), (
        "narrowed: made now"
    )
    weighed = {
        "programme": PROGRAMME,
        "lines": [{**msgspec.structs.asdict(line), "weight": 1 / 7} for line in DEFAULT_LINES],
    }
    assert one.send("PUT", "/api/v1/scorecard", data=json.dumps(weighed)).status_code == 200
    assert report(one, "teams")["rows"][0]["people"] == 12, "decided anew: made now"
    count(deps)
    assert of(values(one, "transfer_rate", programme=PROGRAMME)[""]) == (6, 12)
    with deps.unit_of_work(change_queue.list_tenant_ids(deps.engine)[0]) as connection:
        assert not computed_reports.list_pending_marks(
            connection, change_queue.list_tenant_ids(deps.engine)[0]
        )


def test_a_programme_that_says_beforehand_what_it_is_to_bring_can_be_judged(
    one: Caller, deps: AnalyticsDeps
) -> None:
    post(one, *(Person() for _ in range(5)))
    count(deps)
    assert report(one, "innovation")["rows"][0] | {"programme": ""} == {
        "programme": "",
        "people": 5,
        **dict.fromkeys(("figure", "baseline", "target", "forecast"), "no"),
        "whole": "▲ open",
    }
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    worth = {
        "unit_value": {"low": 1, "best": 2, "high": 3},
        "months": 12,
        "source": "s",
        "signed_off_by": "finance",
        "currency": "EUR",
    }
    forecast = {"forecast_effect": {"low": 1, "best": 2, "high": 3}, "forecast_costs": 10}
    assert (
        send(
            one, "PUT", "/api/v1/kpis/clicks/valuation", worth | forecast, programme=PROGRAMME
        ).status_code
        == 200
    )
    made = report(one, "innovation")
    assert made["rows"][0]["whole"] == "● whole"
    assert made["meaning"].startswith("1 of 1 programmes")


def test_a_narrowed_report_and_the_whole_one_tell_of_nobody_in_between(
    one: Caller, tenant: Callable[..., Caller], publish: Callable[..., bool]
) -> None:
    groups_alone = tenant("one", ("metrics/read",))
    sizes = (("north", 9), ("south", 3))
    post(one, *(Person(team).check("1w", 7, [True]) for team, size in sizes for _ in range(size)))
    publish()
    whole, north = (
        report(groups_alone, "scorecard"),
        report(groups_alone, "scorecard", team="north"),
    )
    assert whole["rows"] == north["rows"]
    assert any(row["score"] is not None for row in whole["rows"])
    south = report(groups_alone, "scorecard", team="south")
    assert {row["shown"] for row in south["rows"]} == {"not shown"}
    assert {row["score"] for row in south["rows"]} == {None}
    live = report(one, "scorecard", team="south")["rows"]
    assert any(row["score"] is not None for row in live)
    assert {row["window"] for row in live} == {"as of now"}


def test_a_business_figure_is_drawn_on_an_xmr_chart_and_what_stands_out_is_said(
    one: Caller,
) -> None:
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    # Two teams, a mean of 10 that varies by one; the last month of the second year falls out of it.
    rows = [
        reading(team, month, (0 if month == 24 else 10 + month % 2) + far)
        for month in range(1, 25)
        for team, far in (("a", 1), ("b", -1))
    ]
    send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {"programme": PROGRAMME, "kpi": "clicks", "readings": rows},
    )
    told = report(one, "readings")
    first, last = told["rows"][0], told["rows"][-1]
    assert (len(told["rows"]), first["value"], first["subjects"]) == (24, 11, 2)
    # The first 20 alternate between 11 and 10: mean 10.5, mean moving range 1.
    assert (first["low"], first["high"]) == (pytest.approx(10.5 - 2.66), pytest.approx(10.5 + 2.66))
    assert "beyond a limit" in last["signal"]
    assert "It is changing" in told["what_to_do"]
    assert "<svg" in told["svg"] and "Clicks" in told["svg"]
    few = [reading(team, month, 5) for month in range(1, 4) for team in ("a",)]
    send(one, "PUT", "/api/v1/kpis/calls", {**KPI, "label": "Calls"}, programme=PROGRAMME)
    send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {"programme": PROGRAMME, "kpi": "calls", "readings": few},
    )
    told = report(one, "readings")
    assert any(note.startswith("Calls: 3 periods, too few for limits") for note in told["notes"])
    assert [row["low"] for row in told["rows"] if row["kpi"] == "Calls"] == [None] * 3


def trained(before: float, after: float, hours: int | None = 4) -> Person:
    """Somebody with a test before the training and an exam after it."""
    person = Person()
    duration = {"duration": f"PT{hours}H0M"} if hours else {}
    person.said[0] = person.say(
        "certified",
        f"{PROGRAMME}/certification",
        0,
        {"team": "north", "pre_test": before},
        result={"score": {"scaled": after}, **duration},
    )
    return person


def test_what_was_learned_in_an_hour_is_hakes_gain_by_the_hours_of_the_training(
    deps: AnalyticsDeps, one: Caller
) -> None:
    # 20 people: half went from 0.5 to 0.9, half from 0.3 to 0.65, in 4 and in 6 hours; one knew
    # everything before.
    post(
        one,
        *(trained(0.5, 0.9, 4) for _ in range(10)),
        *(trained(0.3, 0.65, 6) for _ in range(9)),
        trained(1.0, 1.0),
    )
    count(deps)
    few = values(one, "learning_gain")[""]
    assert (few["value"], few["learners"]) == (None, 19)
    assert few["flags"] == ["fewer than 20 people have a test before and after"]
    post(one, trained(0.3, 0.65, 6), trained(0.5, 0.9, None))
    count(deps)
    gain, hourly = values(one, "learning_gain")[""], values(one, "learning_efficiency")[""]
    # (10 · 0.4 + 10 · 0.35 + 0.4) / (10 · 0.5 + 10 · 0.7 + 0.5); the last said no hours and is not
    # in the second: 7.5 / 12 in 5 hours.
    assert gain["value"] == pytest.approx(7.9 / 12.5)
    assert gain["ci_low"] < gain["value"] < gain["ci_high"]
    assert hourly["value"] == pytest.approx(7.5 / 12 / 5)
    assert hourly["denominator"] == pytest.approx(5), "hours, on average"


def test_a_report_s_picture_is_a_bitmap_in_its_own_colours_on_white(
    deps: AnalyticsDeps, one: Caller
) -> None:
    assert (
        one.get("/api/v1/reports/first_use/picture.png", programme=PROGRAMME).status_code == 404
    ), "nothing to draw yet"
    post(one, *(Person().used(9 + n, 2) for n in range(6)))
    count(deps)
    answer = one.get("/api/v1/reports/first_use/picture.png", programme=PROGRAMME)
    assert (answer.status_code, answer.content_type) == (200, "image/png")
    image = Image.open(io.BytesIO(answer.data)).convert("RGB")
    seen = {colour for _, colour in image.getcolors(2**16) or ()}
    assert image.getpixel((1, 1)) == (255, 255, 255)
    assert (0x12, 0x57, 0xA8) in seen, "the line, in the accent of the grammar"
