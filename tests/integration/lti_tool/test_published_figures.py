"""Who may not see individual people reads published values; who may sees them beside live ones.

The record store is the real one, on the same database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters import lrs_client
from analytics.publishing.packets import monday_after, monday_from
from core import translations
from lti_tool.base.statement_target import open_record_store
from tests.support.figure_pages import answered, launched
from tests.support.learners import NOW, Person
from tests.support.real_store import PROGRAMME, RealStore, real_store
from tests.support.tool import Tool


@pytest.fixture
def store(tool: Tool) -> Iterator[RealStore]:
    with real_store(tool) as made:
        yield made


def monday(certified_days_ago: int, day: int) -> str:
    """On which a window of so many days is over for all who were certified then."""
    last = monday_after(NOW - timedelta(days=certified_days_ago))
    shown = monday_from(last + timedelta(days=day))
    return translations.format_close_day("en", shown, NOW.date())


def told(store: RealStore) -> None:
    """Eight of North who are published together, and three of South who wait."""
    store.post(*(answered("North", 40, number > 1) for number in range(8)))
    store.post(*(answered("South", 40) for _ in range(3)))
    store.publish()


def test_an_executive_reads_published_values_and_until_when_others_wait(
    tool: Tool, store: RealStore
) -> None:
    told(store)
    page = tool.get(f"{launched(tool, 'executive')}figures")
    text = " ".join(page.text.split())
    assert page.status_code == 200 and "Live, may change" not in text
    retention = text.split('id="figure-retention_observed"')[1].split("</section>")[0]
    assert "88 %" in retention and "14 / 16" in retention and "by day 3" in retention
    assert f"3 months, 6 months: shown from {monday(40, 90)}" not in retention, (
        "each has its own day"
    )
    assert f"6 months: shown from {monday(40, 270)} or later" in retention and "<svg" in retention
    transfer = text.split('id="figure-transfer_rate"')[1].split("</section>")[0]
    assert "<svg" not in transfer, "a chart of nothing says nothing"
    first = f"Nothing is shown here yet: the first value comes on {monday(40, 90)} or later."
    assert first in transfer
    today = translations.format_weekday("en", datetime.now(UTC))
    assert f"As of {today}." in text
    waits = "South: fewer than 8 people so far; shown from 8 on, or together with others after 13 weeks."
    assert waits in text and "North: fewer" not in text
    asked = [path for _, path, _, _ in tool.moodle.server.requests if "/api/v1/figures" in path]
    assert all("people=groups" in path for path in asked)


def test_every_figure_opens_for_who_sees_groups_alone(tool: Tool, store: RealStore) -> None:
    """One of them is published by month: mails are of no certification."""
    told(store)
    page = tool.get(f"{launched(tool, 'executive')}figures?show=all").text
    assert "cannot be shown" not in page
    assert "Nothing is shown here yet: it is shown once there are enough people." in page


def test_too_few_who_answered_are_told_with_the_next(tool: Tool, store: RealStore) -> None:
    people = [Person("North", certified_days_ago=40) for _ in range(8)]
    for person in people[:3]:
        person.check("1d", 1, [True])
    store.post(*people)
    store.publish()
    page = tool.get(f"{launched(tool, 'executive')}figures").text
    assert "too few so far; shown together with the next ones" in page


def test_where_nobody_is_certified_the_page_says_how_figures_begin(
    tool: Tool, store: RealStore
) -> None:
    store.publish()
    page = tool.get(f"{launched(tool, 'executive')}figures").text
    assert "No figures yet" in page and "<svg" not in page


def test_one_filter_at_a_time_for_groups(tool: Tool, store: RealStore) -> None:
    store.post(*(answered("North", 40, wave="W1") for _ in range(8)))
    store.publish()
    home = launched(tool, "executive")
    page = tool.get(f"{home}reports/forgetting").text
    month = NOW - timedelta(days=40)
    for kind, value in (("team", "North"), ("wave", "W1"), ("month", f"{month:%Y-%m}")):
        assert f'<option value="{kind}:{value}">' in page
        narrowed = tool.get(f"{home}reports/forgetting?by={kind}:{value}")
        assert narrowed.status_code == 200 and "Filtered by" in narrowed.text
        assert f'<option value="{kind}:{value}" selected>' in narrowed.text
        assert tool.get(f"{home}reports/forgetting.csv?by={kind}:{value}").status_code == 200
    assert page.count("<select") == 1 and f"{month:%B %Y}" in page
    for asked in ("team=North&wave=W1", "by=experience:none", "by=team:North&wave=W1"):
        refused = tool.get(f"{home}reports/forgetting?{asked}")
        assert refused.status_code == 400 and "Choose one of them." in refused.text


def test_a_training_manager_sees_live_beside_published_values(tool: Tool, store: RealStore) -> None:
    told(store)
    before = len(tool.moodle.server.requests)
    page = tool.get(f"{launched(tool, 'training manager')}figures").text
    text = " ".join(page.split())
    retention = text.split('id="figure-retention_observed"')[1].split("</section>")[0]
    assert "Live, may change" in retention and "20 / 22" in retention
    assert "1 day: 88 % (14 of 16; likely" in retention and "), by day 3" in retention
    assert f"shown from {monday(40, 270)} or later" in retention
    asked = [path for _, path, _, _ in tool.moodle.server.requests[before:] if "/figures" in path]
    assert len(asked) == 1, "one request"
    assert "South: fewer than 8 people so far" in text and "How figures are released" in text
    report = tool.get(f"{launched(tool, 'training manager')}reports/forgetting").text
    assert 'id="by-team"' in report and 'name="by"' not in report


def test_figures_carry_what_is_published_of_the_same_and_of_nothing_else(store: RealStore) -> None:
    """The programme and one published filter; not a period, nor a filter that is not published."""
    told(store)

    def figure(**asked: str) -> dict[str, Any]:
        found = store.caller.get(
            "/api/v1/figures", programme=PROGRAMME, key="retention_observed", **asked
        )
        assert found.status_code == 200, found.text
        return dict(found.json["figures"][0])

    live = figure()
    first = live["published"][0]
    assert (live["values"][0]["status"], live["values"][0]["denominator"]) == ("live", 22)
    assert (first["status"], first["day"], first["denominator"]) == ("shown", 3, 16)
    assert live["published_sentences"][0].endswith("8 people), by day 3.")
    assert live["parts"][0]["published_after_days"] == [3]
    south = figure(team="South")
    assert south["values"][0]["denominator"] == 6 and not south["values"][0]["suppressed"]
    assert {value["status"] for value in south["published"]} == {"waiting"}
    since = {"since": (NOW - timedelta(days=90)).isoformat().replace("+00:00", "Z")}
    for asked in (since, {"experience": "none"}, {"team": "North", "wave": "W1"}):
        assert figure(**asked)["published"] == []
    groups = figure(people="groups")
    assert "published" not in groups and groups["values"][0]["denominator"] == 16


def test_a_wave_is_named_where_there_are_several(tool: Tool, store: RealStore) -> None:
    store.post(*(answered("South", 40, wave="W1") for _ in range(3)))
    store.post(*(answered("South", 40, wave="W2") for _ in range(3)))
    store.publish()
    page = " ".join(tool.get(f"{launched(tool, 'executive')}figures").text.split())
    assert "South, wave W1: fewer than 8 people so far" in page and "South, wave W2: fewer" in page


def test_a_training_manager_decides_how_values_are_published(tool: Tool, store: RealStore) -> None:
    place = f"{launched(tool, 'training manager')}programmes/phishing-response/publishing/"
    page = tool.get(place)
    assert '<option value="team" selected>' in page.text and 'value="8"' in page.text
    assert "what is published stays as it is" in " ".join(page.text.split())
    saved = tool.post(place, page, dimension="site", size="5")
    assert '<option value="site" selected>' in saved.text and 'value="5"' in saved.text
    rule = store.caller.get("/api/v1/publishing-rule", programme=PROGRAMME).json
    assert rule == {"dimension": "site", "size": 5}
    for size in ("4", "101", "many", "²"):
        wrong = tool.post(place, saved, dimension="site", size=size)
        assert wrong.status_code == 400 and "from 5 to 100" in wrong.text
    assert tool.post(place, saved, dimension="x", size="8").status_code == 400
    acts = [row.act for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY at")]
    assert "decided how values are published" in acts


def test_a_training_manager_publishes_now(tool: Tool, store: RealStore) -> None:
    store.post(*(answered("North", 40) for _ in range(8)))
    place = f"{launched(tool, 'training manager')}programmes/phishing-response/publishing/"
    page = tool.get(place)
    assert "Nothing is released yet" in page.text
    asked = tool.post(f"{place}now", page)
    assert "values appear within a few minutes" in asked.text
    assert tool.sql("SELECT count(*) FROM analytics.publication_request")[0][0] == 1
    store.publish()
    assert "As of" in tool.get(place).text


def test_how_values_are_published_is_for_those_who_run_the_programme(
    tool: Tool, store: RealStore
) -> None:
    place = f"{launched(tool, 'executive')}programmes/phishing-response/publishing/"
    assert tool.get(place).status_code == 403


def test_a_picture_for_a_mail_tells_of_nobody_who_waits(tool: Tool, store: RealStore) -> None:
    """Whoever reads a mail: its picture is of published values alone."""
    told(store)
    client, at, _ = open_record_store(tool.deps, tool.tenant_id)
    for report in ("forgetting", "checks_done", "teams"):
        drawn = lrs_client.fetch_report_picture(client, at, PROGRAMME, report, {"team": "South"})
        assert drawn is None, report
    asked = [path for _, path, _, _ in tool.moodle.server.requests if "picture.png" in path]
    assert len(asked) == 3 and all("people=groups" in path for path in asked)


def test_the_page_opens_where_the_record_store_does_not_say_what_is_published(
    tool: Tool,
) -> None:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    tool.moodle.server.says("/api/v1/publications", (200, "OK", {"publications": [{"at": 1}]}))
    tool.moodle.server.says("/api/v1/held-back", (200, "OK", {"held_back": []}))
    page = tool.get(f"{launched(tool, 'executive')}figures")
    assert page.status_code == 200 and "What is published" not in page.text
