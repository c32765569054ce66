"""Reports for who may not see individual people: of published values alone, and groups side by side
at equal maturity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from analytics.deps import AnalyticsDeps
from analytics.publishing.packets import monday_after, monday_from
from tests.support.learners import KPI, NOW, PROGRAMME, Person, count, post, report, send
from tests.support.store import Caller


@pytest.fixture
def analyst(tenant: Callable[..., Caller]) -> Caller:
    return tenant("one", ("metrics/read",))


def seen(team: str, days_ago: float, **audience: str) -> Person:
    """Answers every check whose day has come, and uses it after five days."""
    person = Person(team, days_ago, **audience)
    for interval, due in (("1d", 1), ("1w", 7), ("1m", 30), ("3m", 90)):
        if due < days_ago:
            person.check(interval, due, [True, due > 7])
    return person.used(5, 2)


def three_teams() -> list[Person]:
    """North since 200 days, south since 100, east since 20, and three of west."""
    sizes = (("north", 200, 8), ("south", 100, 9), ("east", 20, 8), ("west", 20, 3))
    return [seen(team, days, wave=team) for team, days, size in sizes for _ in range(size)]


def on(certified_days_ago: float, day: int) -> str:
    """The Monday on which a window of so many days is over for all who were certified then."""
    return monday_from(
        monday_after(NOW - timedelta(days=certified_days_ago)) + timedelta(days=day)
    ).isoformat()


@pytest.mark.parametrize("key", ["teams", "waves"])
def test_groups_are_compared_in_the_same_window_and_others_wait(
    one: Caller, analyst: Caller, publish: Callable[..., bool], key: str
) -> None:
    post(one, *three_teams())
    publish()
    found = report(analyst, key)
    rows = {row["group"]: row for row in found["rows"]}
    assert {group: row["people"] for group, row in rows.items()} == {
        "north": 8,
        "south": 9,
        "east": 8,
    }
    windows = {
        (
            row["transfer_rate_day"],
            row["retention_observed_day"],
            row["retention_observed_interval"],
            row["adoption_due_day"],
        )
        for row in rows.values()
    }
    assert windows == {(90, 60, "1 month", 90)}, "north alone has reached 3 months and day 180"
    assert [rows[group]["transfer_rate"] for group in ("north", "south", "east")] == [1, 1, None]
    assert [rows[group]["retention_observed"] for group in ("north", "south", "east")] == [
        1,
        1,
        None,
    ]
    notes = " ".join(found["notes"])
    assert (
        f"Transfer, by day 90, not shown: east: it is published on {on(20, 90)} or later." in notes
    )
    assert (
        f"Retention, 1 month, by day 60, not shown: east: it is published on {on(20, 60)}" in notes
    )
    assert "west: people wait who are fewer than 8 yet" in notes
    assert "north: 100%" in found["svg"] and "south: 100%" in found["svg"]
    assert "east" not in found["svg"] and "west" not in found["svg"]


def test_live_figures_of_groups_are_at_equal_maturity_too(deps: AnalyticsDeps, one: Caller) -> None:
    post(one, *three_teams())
    count(deps)
    found = report(one, "teams")
    rows = {row["group"]: row for row in found["rows"]}
    assert {row["retention_observed_interval"] for row in rows.values()} == {"3 months"}
    assert {row["people"] for row in rows.values()} == {8, 9, 3}
    assert [rows[group]["retention_observed"] for group in ("north", "south", "east", "west")] == [
        1,
        1,
        None,
        None,
    ]
    assert [rows[group]["transfer_rate"] for group in ("north", "south", "east")] == [1, 1, None], (
        "of whom 90 days are over"
    )
    assert any("Retention is that after 3 months in every row" in note for note in found["notes"])
    assert "retention_observed_interval" in [column["key"] for column in found["columns"]]
    assert "east" not in found["svg"]


def test_teams_of_one_alone_are_told_and_not_compared(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    post(one, *(seen("north", 200) for _ in range(8)))
    publish()
    found = report(analyst, "teams")
    (row,) = found["rows"]
    assert (row["retention_observed_interval"], row["adoption_due_day"]) == ("3 months", 180)
    assert found["svg"] == ""
    narrowed = report(analyst, "teams", month=f"{NOW - timedelta(days=200):%Y-%m}")
    assert narrowed["rows"] == found["rows"] and "not narrowed" in narrowed["notes"][0]
    everywhere = report(analyst, "teams", programme="")
    assert (everywhere["rows"], everywhere["notes"]) == (
        [],
        ["Each team is published within its programme: choose one."],
    )


def test_a_programme_that_publishes_by_site_says_so(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    rule = {"programme": PROGRAMME, "dimension": "site", "size": 8}
    assert send(one, "PUT", "/api/v1/publishing-rule", rule).status_code == 204
    post(one, *(seen("north", 200, site="Bern") for _ in range(8)))
    publish()
    found = report(analyst, "teams")
    assert found["rows"] == [] and "is published by site" in found["notes"][-1]


def test_a_line_of_the_scorecard_names_its_window_or_until_when_it_waits(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    post(one, *three_teams())
    publish()
    found = report(analyst, "scorecard")
    lines = {row["metric"]: row for row in found["rows"]}
    assert [lines[key]["window"] for key in ("adoption_due", "transfer_rate")] == [
        "by day 180",
        "by day 90",
    ]
    assert lines["transfer_rate"]["shown"] == "100 %"
    kept = lines["sustainability"]
    assert (kept["window"], kept["shown"], kept["score"]) == ("by day 270", "not shown", None)
    assert kept["verdict"] == f"it is published on {on(200, 270)} or later"
    assert (lines["impact"]["shown"], lines["impact"]["verdict"]) == (
        "not shown",
        "it is not published",
    )
    weighed = {
        "perspective": "adoption",
        "metric": "transfer_rate",
        "part": "",
        "floor": 0.0,
        "target": 1.0,
        "weight": 1.0,
    }
    send(one, "PUT", "/api/v1/scorecard", {"programme": PROGRAMME, "lines": [weighed]})
    again = report(analyst, "scorecard")
    assert {team["team"]: team["score"] for team in again["extra"]["teams"]} == {
        "north": 100,
        "south": 100,
    }, "who waits is not ranked"
    assert "Teams are compared in the same windows: Transfer, by day 90." in again["notes"]
    assert report(analyst, "scorecard", team="north")["extra"]["teams"] == []


def test_fading_is_told_by_interval_without_a_curve(
    one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    post(one, *(seen("north", 100) for _ in range(8)), *(Person("north", 100) for _ in range(3)))
    publish()
    found = report(analyst, "forgetting")
    rows = {row["after"]: row for row in found["rows"]}
    assert list(rows) == ["1 day", "1 week", "1 month"]
    assert (rows["1 month"]["share"], rows["1 week"]["share"]) == (1, 0.5)
    assert rows["1 month"]["people"] == 8
    assert "curve" not in found["extra"] and found["svg"]
    assert (
        f"3 months, by day 135, not shown: it is published on {on(100, 135)} or later."
        in found["notes"]
    )
    publications = analyst.get("/api/v1/publications").json["publications"]
    assert found["watermark"] == publications[0]["watermark"]


@pytest.mark.parametrize(("people", "told"), [(19, False), (20, True)])
def test_the_first_use_is_told_as_a_median_of_twenty(
    one: Caller, analyst: Caller, publish: Callable[..., bool], people: int, told: bool
) -> None:
    post(one, *(Person("north").used(3 + number, 2) for number in range(people)))
    publish()
    found = report(analyst, "first_use")
    assert found["svg"] == "", "no curve of single days"
    shown = {row["use"]: (row["people"], row["window"], row["median"]) for row in found["rows"]}
    assert shown == ({"Reported": (20, 180, 12), "Verified": (20, 180, 12)} if told else {})
    if not told:
        assert "Verified, by day 180, not shown: fewer than 20 people." in found["notes"]


def test_programmes_count_the_people_of_packets(
    deps: AnalyticsDeps, one: Caller, analyst: Caller, publish: Callable[..., bool]
) -> None:
    post(one, *(Person("north") for _ in range(8)), *(Person("south") for _ in range(3)))
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    count(deps)
    assert report(analyst, "innovation")["rows"] == []
    publish()
    (row,) = report(analyst, "innovation")["rows"]
    assert (row["people"], row["figure"], row["forecast"]) == (8, "yes", "no")
    assert report(one, "innovation")["rows"][0]["people"] == 11


@pytest.mark.parametrize("key", ["quality", "checklist", "raters"])
def test_reports_of_facts_as_they_are_now_are_not_shown(
    one: Caller, analyst: Caller, publish: Callable[..., bool], key: str
) -> None:
    post(one, *three_teams())
    publish()
    found: dict[str, Any] = report(analyst, key)
    assert (found["rows"], found["svg"], found["meaning"].partition(":")[0]) == (
        [],
        "",
        "Not shown",
    )
