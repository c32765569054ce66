"""One value, one interval, equal text: whoever reads what is published reads the same numbers, by
the API as JSON and as CSV, in export files, and by SQL.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from pyarrow import parquet

from analytics.catalogue import CATALOGUE, DETAILS
from analytics.deps import AnalyticsDeps
from analytics.jobs.publishing import publish_tenant
from carryover import composition
from core.settings import Settings
from tests.support.exports import made
from tests.support.learners import PROGRAMME, Person, count, post
from tests.support.store import Caller, body

ANALYST = "analyst_of_one_value"
# A scope (kind, value), a metric, a part, a day.
Key = tuple[str, str, str, str, int]
NUMBERS = ("numerator", "denominator", "value", "ci_low", "ci_high", "people")
ALL_PROGRAMMES, WHOLE = ("all programmes", ""), ("programme", "")
WAITS = ("team", "south")
SCOPES = {
    *(ALL_PROGRAMMES, WHOLE, ("wave", "W1"), ("wave", "W2"), ("team", "north"), ("team", "east"))
}


@pytest.fixture
def published(deps: AnalyticsDeps, one: Caller) -> None:
    """Teams of 17 and 8 in two waves, of differing answers and uses; one of 7 waits."""
    for team, people, wave in (("north", 17, "W1"), ("east", 8, "W2"), ("south", 7, "W1")):
        for number in range(people):
            person = Person(team, certified_days_ago=120 + 3 * (number % 2), wave=wave)
            person.check("1d", 1, [True, number % 3 > 0, number % 5 > 1])
            if number % 4:
                person.check("1w", 7, [number % 2 == 0, True])
            if number < 4:
                person.check("1m", 30, [False])
            if number % 3:
                person.used(9 + 5 * number, 1 + number % 3)
            post(one, person.assessed(40, 1 + number % 4, "manager"))
    count(deps)
    assert publish_tenant(deps.long_unit_of_work, 1)


def keyed(
    rows: Iterable[Mapping[str, Any]], kind: str, value: str
) -> dict[Key, tuple[str | None, ...]]:
    """What each row says as text, by what it is of."""
    result = {}
    for row in rows:
        if row["day"] in (None, ""):  # of a calendar month of which nothing is published
            continue
        people = row["people"] if "people" in row else row["learners"]
        read = {**row, "people": people}
        numbers = [
            None if read[name] in (None, "") else repr(float(read[name])) for name in NUMBERS
        ]
        waits = str(row["waits_until"]) if row["waits_until"] else None
        flags = row["flags"] if isinstance(row["flags"], str) else "; ".join(row["flags"])
        key = (kind, value, row["metric"], row["part"], int(row["day"]))
        assert key not in result
        result[key] = (*numbers, row["status"], waits, flags, str(row["version"]))
    return result


def by_address(
    caller: Caller, media_type: str, scopes: Iterable[tuple[str, str]]
) -> dict[Key, tuple[str | None, ...]]:
    result = {}
    for kind, value in scopes:
        narrowed = {} if (kind, value) in (ALL_PROGRAMMES, WHOLE) else {kind: value}
        programme = {} if (kind, value) == ALL_PROGRAMMES else {"programme": PROGRAMME}
        for metric in (*CATALOGUE, *DETAILS):
            answer = caller.send(
                "GET",
                f"/api/v1/metrics/{metric.key}/values",
                {**programme, **narrowed},
                headers={"Accept": media_type},
            )
            assert answer.status_code == 200 and answer.content_type.startswith(media_type)
            rows = (
                csv.DictReader(io.StringIO(answer.text, newline=""))
                if media_type == "text/csv"
                else body(answer)["values"]
            )
            result.update(keyed(rows, kind, value))
    return result


def in_file(
    deps: AnalyticsDeps, caller: Caller, file_format: str
) -> dict[Key, tuple[str | None, ...]]:
    _, archive = made(deps, caller, format=file_format)
    content = archive.read(f"values.{file_format}")
    rows = (
        list(csv.DictReader(io.StringIO(content.decode(), newline="")))
        if file_format == "csv"
        else parquet.read_table(io.BytesIO(content)).to_pylist()
    )
    result = {}
    for row in rows:
        kind, value = (row["dimension"], row["member"]) if row["dimension"] else WHOLE
        result.update(keyed([row], kind, value))
    return result


def by_sql(settings: Settings) -> dict[Key, tuple[str | None, ...]]:
    with composition.open_analytics(settings, "one") as operator:
        password = operator.create_reporting_user(ANALYST)
        try:
            address = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
            with psycopg.connect(
                address, user=ANALYST, password=password, row_factory=dict_row
            ) as connection:
                rows = connection.execute("SELECT * FROM report.metric_value").fetchall()
        finally:
            operator.drop_reporting_user(ANALYST)
    assert {row["programme"] for row in rows} == {None, PROGRAMME}
    result = {}
    for row in rows:
        result.update(keyed([row], row["scope"], row["scope_value"]))
    return result


def test_one_value_one_interval_equal_text(
    deps: AnalyticsDeps,
    one: Caller,
    tenant: Callable[..., Caller],
    lrs_settings: Settings,
    published: None,
) -> None:
    analyst = tenant("one", ("metrics/read",))
    table = by_sql(lrs_settings)
    scopes = {key[:2] for key in table}
    assert {scope for scope in scopes if scope[0] != "month"} == SCOPES
    assert len(scopes) > len(SCOPES), "months of certification"
    answers = by_address(analyst, "application/json", [*scopes, WAITS])
    assert by_address(analyst, "text/csv", [*scopes, WAITS]) == answers
    waiting = {key: told for key, told in answers.items() if key[:2] == WAITS}
    assert {told[6] for told in waiting.values()} == {"waiting"}
    assert {key: told for key, told in answers.items() if key not in waiting} == table
    files = in_file(deps, analyst, "csv")
    assert in_file(deps, analyst, "parquet") == files
    assert {key: told for key, told in table.items() if key[:2] != ALL_PROGRAMMES} == files
    statuses = [told[6] for told in table.values()]
    assert statuses.count("shown") > 100 and {"waiting", "too few"} <= set(statuses)
