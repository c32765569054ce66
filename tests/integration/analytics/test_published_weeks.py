"""Weekly figures and alarms as those read them who may not see individual people: what was published
in each week."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from analytics.deps import AnalyticsDeps
from analytics.jobs import export_files
from analytics.jobs import weekly_figures as watching
from analytics.jobs.publishing import publish_tenant
from core import clock
from tests.support.learners import NOW, PROGRAMME, Person, count, post, report
from tests.support.store import Caller, body

Tenant = Callable[..., Caller]
# How many of eight did their check, week by week: an ordinary quarter, and a bad week.
DONE = [7, 8, 7, 6, 8, 7, 7, 8, 6, 7, 8, 7, 7, 0]
WEEK = timedelta(weeks=1)


def eight(done: int, team: str, wave: str | None = None) -> list[Person]:
    """People whose check was due half a year ago."""
    more = {"wave": wave} if wave else {}
    found = [Person(team, certified_days_ago=200, **more) for _ in range(8)]
    return [person.check("1w", 7, [True] if n < done else []) for n, person in enumerate(found)]


@pytest.fixture
def analyst(tenant: Tenant) -> Caller:
    return tenant("one", ("metrics/read",))


@pytest.fixture
def publish(deps: AnalyticsDeps, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Counts and publishes, so many weeks ago."""

    def run(weeks_ago: int) -> None:
        count(deps)
        monkeypatch.setattr(clock, "now", lambda: NOW - weeks_ago * WEEK)
        assert publish_tenant(deps.long_unit_of_work, 1)

    return run


def monday(weeks_ago: int) -> str:
    day = (NOW - weeks_ago * WEEK).date()
    return (day - timedelta(days=day.weekday())).isoformat()


def weeks(caller: Caller, series: str, **asked: str) -> list[dict[str, Any]]:
    answer = caller.get(f"/api/v1/weeks/{series}", programme=PROGRAMME, **asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json["weeks"])


def shares(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(item["week"], item["numerator"], item["denominator"]) for item in found]


def test_a_week_is_the_sum_of_what_was_published_in_it(
    one: Caller, analyst: Caller, publish: Callable[[int], None]
) -> None:
    post(one, *eight(7, "north"), *eight(6, "south"), *eight(5, "west")[:7])
    publish(3)
    post(one, *eight(3, "north"), *eight(1, "west")[:1])
    publish(2)
    publish(1)
    assert shares(weeks(analyst, "checks_done")) == [(monday(3), 13, 16), (monday(2), 9, 16)]
    assert shares(weeks(analyst, "checks_done", team="north")) == [
        (monday(3), 7, 8),
        (monday(2), 3, 8),
    ]
    assert shares(weeks(analyst, "checks_done", team="west")) == [(monday(2), 6, 8)]
    assert shares(weeks(analyst, "answers_right")) == [
        (monday(3), 13, 13),
        (monday(2), 6, 6),  # only three of the north answered: they wait for more
    ]
    assert shares(weeks(analyst, "used")) == [(monday(3), 0, 16), (monday(2), 0, 16)]
    (first, second) = weeks(one, "checks_done", people="groups")
    assert (first["status"], first["learners"], first["value"]) == ("shown", 16, 13 / 16)
    (rest,) = weeks(analyst, "checks_done", after=str(first["figure_id"]))
    assert rest == second
    (only,) = weeks(analyst, "checks_done", limit="1")
    assert only == first


def test_what_changed_since_the_month_before_is_of_published_weeks_alone(
    one: Caller, analyst: Caller, publish: Callable[[int], None]
) -> None:
    post(one, *eight(8, "north"), *eight(8, "south"))
    publish(9)
    assert report(analyst, "checks_done")["extra"]["change"] is None, "one month is no change"
    post(one, *eight(3, "north"), *eight(0, "south"))
    publish(1)
    change = report(analyst, "checks_done")["extra"]["change"]
    assert (change["since"], change["month"]) == (monday(9)[:7], monday(1)[:7])
    assert (change["was"], change["share"]) == (1.0, 3 / 16)
    assert (change["direction"], change["people"]) == ("worse", 16)
    assert report(one, "checks_done")["extra"]["change"] is None, "live weeks are no published ones"


def test_a_corrected_row_stays_in_its_week(
    one: Caller, analyst: Caller, publish: Callable[[int], None]
) -> None:
    people = eight(8, "north")
    post(one, *people)
    publish(20)
    late = people[0].say("answered", f"{PROGRAMME}/items/1w-9", 8, {"kind": "check"})
    late["result"] = {"success": False}
    one.post([late])
    publish(10)
    assert shares(weeks(analyst, "answers_right")) == [(monday(20), 8, 9)]


def test_pages_and_files_of_groups_hold_what_is_published(
    one: Caller, analyst: Caller, publish: Callable[[int], None], deps: AnalyticsDeps
) -> None:
    post(one, *eight(7, "north", "W1"), *eight(4, "south", "W2"), *eight(2, "west")[:6])
    publish(1)
    (row,) = report(analyst, "checks_done")["rows"]
    assert (row["week"], row["of"], row["value"]) == (monday(1), 16, 11 / 16)
    (row,) = report(analyst, "checks_done", wave="W2")["rows"]
    assert (row["of"], row["value"]) == (8, 0.5)
    assert report(analyst, "checks_done", team="west")["rows"] == []
    assert report(analyst, "checks_done")["notes"][0].startswith("Published:")
    assert report(one, "checks_done")["notes"][0].startswith("Live:")
    wish = {"programme": PROGRAMME, "format": "csv"}
    number = one.send("POST", "/api/v1/exports", data=json.dumps(wish)).json["export"]
    export_files.build_exports(deps, 1)
    file = one.get(f"/api/v1/exports/{number}/file")
    with zipfile.ZipFile(io.BytesIO(file.get_data())) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("weeks.csv").decode())))
    assert {
        (row["team"], row["week"], row["numerator"], row["denominator"])
        for row in rows
        if row["series"] == "checks_done"
    } == {
        ("", monday(1), "11", "16"),
        ("north", monday(1), "7", "8"),
        ("south", monday(1), "4", "8"),
    }


def test_alarms_of_groups_come_of_published_weeks_alone(
    one: Caller,
    analyst: Caller,
    publish: Callable[[int], None],
    deps: AnalyticsDeps,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, done in enumerate(DONE):
        post(one, *eight(done, "north"))
        publish(len(DONE) - number)
    watching.watch_tenant(deps.unit_of_work, 1)
    assert body(analyst.get("/api/v1/alarms"))["alarms"] == [], "that week is not over yet"
    monkeypatch.setattr(clock, "now", lambda: NOW)
    for _ in range(2):  # a week is judged once, however often the job runs
        watching.watch_tenant(deps.unit_of_work, 1)
    found = body(analyst.get("/api/v1/alarms"))["alarms"]
    assert {(item["team"], item["series"]) for item in found} == {
        ("", "checks_done"),
        ("north", "checks_done"),
    }
    words = next(item["words"] for item in found if item["team"] == "north")
    assert f"in north: 0% of what was published in the week from {monday(1)}, 83% before" in words
    assert body(one.get("/api/v1/alarms"))["alarms"] == [], "all was due in one calendar week"
    assert body(one.get("/api/v1/alarms", people="groups"))["alarms"] == found
    monkeypatch.setattr(clock, "now", lambda: NOW + 4 * WEEK)
    monkeypatch.setattr(watching, "counted_up_to", lambda *given: NOW + 5 * WEEK)
    watching.watch_tenant(deps.unit_of_work, 1)
    assert [item["calm"] for item in body(analyst.get("/api/v1/alarms"))["alarms"]] == [0, 0], (
        "weeks in which nothing was published are not calm ones"
    )
