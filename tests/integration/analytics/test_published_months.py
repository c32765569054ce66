"""Mails and visits as they are told of by month to those who may not see individual people."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from analytics.deps import AnalyticsDeps
from analytics.jobs import export_files
from analytics.jobs.publishing import publish_tenant
from analytics.jobs.publishing_months import publish_months
from core import clock
from core.clock import format_instant
from tests.support.learners import NOW, PROGRAMME, Person, count, post, report
from tests.support.store import Caller

Tenant = Callable[..., Caller]


@pytest.fixture
def analyst(tenant: Tenant) -> Caller:
    return tenant("one", ("metrics/read",))


@pytest.fixture
def publish(deps: AnalyticsDeps) -> Callable[[], int]:
    """Counts, and publishes the months that are over."""

    def run() -> int:
        count(deps)
        with deps.unit_of_work(1) as connection:
            return publish_months(connection, 1, clock.now())

    return run


def month(before: int) -> datetime:
    """The first instant of so many months before this one."""
    number = NOW.year * 12 + NOW.month - 1 - before
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def label(before: int) -> str:
    return f"{month(before):%Y-%m}"


def said(who: int, verb: str, before: int, day: int = 1) -> dict[str, Any]:
    """A statement of no episode, in the month so many before this one."""
    statement = Person(name=f"p{who}").say(
        verb, PROGRAMME, 0, {"team": "north"}, "programme", context={}
    )
    del statement["context"]["registration"]
    return {**statement, "timestamp": format_instant(month(before) + timedelta(days=day))}


def told(caller: Caller, **asked: str) -> list[dict[str, Any]]:
    answer = caller.get("/api/v1/metrics/nudges_opened/values", programme=PROGRAMME, **asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json["values"])


def mails(people: int, opened: int, before: int) -> list[dict[str, Any]]:
    received = [said(who, "received", before) for who in range(people)]
    return [*received, *(said(who, "opened", before, 2) for who in range(opened))]


def test_each_month_is_published_once_and_a_small_one_with_the_next(
    one: Caller, analyst: Caller, publish: Callable[[], int]
) -> None:
    (nothing,) = told(analyst)
    assert (nothing["status"], nothing["suppressed"], nothing["scope"]) == ("waiting", True, {})
    one.post([*mails(6, 3, 5), *mails(3, 1, 4), *mails(4, 4, 3), *mails(4, 2, 1), *mails(9, 9, 0)])
    assert publish() == 1, "the two that follow are of the same four people"
    (first,) = told(analyst)
    assert (first["scope"], first["numerator"], first["denominator"], first["learners"]) == (
        {"month": label(5)},
        3,
        6,
        6,
    )
    assert (first["status"], first["day"], first["value"]) == ("shown", None, 0.5)
    one.post([said(8, "received", 2), *mails(6, 6, 5)])
    assert publish() == 1
    assert publish() == 0, "each month once"
    same, second = told(analyst)
    assert same == first, "what comes later changes nothing that was told"
    assert second["scope"] == {"month": f"{label(4)}/{label(2)}"}
    assert (second["numerator"], second["denominator"], second["learners"]) == (5, 8, 5)
    assert told(analyst, month=label(3)) == [{**second, "scope": second["scope"]}]
    (waits,) = told(analyst, month=label(1))
    assert waits["status"] == "waiting"
    (team,) = told(analyst, team="north")
    assert (team["suppressed"], team["value"]) == (True, None)
    assert "whole programme alone" in team["reason"]
    (live,) = told(one)
    assert live["status"] == "live"


def test_use_is_told_by_month_and_looks_of_a_few_wait(
    one: Caller, analyst: Caller, publish: Callable[[], int]
) -> None:
    came = [said(who, "logged-in", 2, day) for who in range(6) for day in (1, 2)]
    one.post([*came, *(said(0, "viewed", 2, day) for day in (1, 2, 3))])
    publish()
    (row,) = report(analyst, "use")["rows"]
    weeks = (month(1) - month(2)).days / 7
    assert (row["month"], row["people"], row["looks"]) == (label(2), 6, None)
    assert row["days"] == pytest.approx(2 / weeks)
    one.post([said(who, "viewed", 1) for who in range(1, 5)])
    publish()
    rows = {row["month"]: row for row in report(analyst, "use")["rows"]}
    both = f"{label(2)}/{label(1)}"
    assert (rows[both]["people"], rows[both]["looks"]) == (None, 7)


def test_the_publishing_job_publishes_months_and_files_name_them(
    one: Caller, analyst: Caller, deps: AnalyticsDeps
) -> None:
    one.post(mails(7, 2, 1))
    post(one, *(Person(certified_days_ago=40) for _ in range(8)))
    count(deps)
    assert publish_tenant(deps.long_unit_of_work, 1)
    (value,) = told(analyst)
    assert (value["numerator"], value["denominator"]) == (2, 7)
    wish = {"programme": PROGRAMME, "format": "csv"}
    number = one.send("POST", "/api/v1/exports", data=json.dumps(wish)).json["export"]
    export_files.build_exports(deps, 1)
    file = one.get(f"/api/v1/exports/{number}/file")
    with zipfile.ZipFile(io.BytesIO(file.get_data())) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("values.csv").decode())))
    found = [row for row in rows if row["metric"] == "nudges_opened"]
    assert [(row["dimension"], row["member"], row["numerator"]) for row in found] == [
        ("month", label(1), "2")
    ]
    with deps.unit_of_work(1) as connection:
        kept = connection.execute(
            text(
                "SELECT programme, scope_value, value FROM analytics.published_value"
                " WHERE scope = 'calendar month' ORDER BY 1"
            )
        ).all()
    assert kept == [("", label(1), 2 / 7), (PROGRAMME, label(1), 2 / 7)], "SQL reads the same"
