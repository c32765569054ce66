"""An analyst with psql, Power BI or Tableau: sees the groups of one tenant, and nothing else,
whatever is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from analytics.deps import AnalyticsDeps
from analytics.store.reporting_views import VIEWS
from carryover import composition
from core.errors import FatalError, NotFound, RequestError
from core.settings import Settings
from tests.support.learners import KPI, PROGRAMME, Person, count, post, reading, send
from tests.support.store import Caller

Sign = Callable[[str], psycopg.Connection]


@pytest.fixture
def filled(deps: AnalyticsDeps, one: Caller, tenant: Callable[..., Caller]) -> None:
    two = tenant("two")
    post(
        one,
        *(Person("north").check("1w", 7, [True, False]).used(9, 2) for _ in range(7)),
        *(Person("south") for _ in range(3)),
    )
    post(two, *(Person("west") for _ in range(6)))
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    person = {**reading("account h p", 1, 3), "subject_kind": "person"}
    send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {"programme": PROGRAMME, "kpi": "clicks", "readings": [reading("north", 1, 9), person]},
    )
    count(deps)


@pytest.fixture
def sign_in(lrs_settings: Settings, filled: None) -> Iterator[Sign]:
    """Signs in to the database as a reporting user of a tenant."""
    opened: list[psycopg.Connection] = []
    names: list[tuple[str, str]] = []

    def as_(tenant: str) -> psycopg.Connection:
        name = f"analyst_{abs(hash((lrs_settings.database_url, tenant, len(names)))) % 10**9}"
        with composition.open_analytics(lrs_settings, tenant) as operator:
            password = operator.create_reporting_user(name)
        names.append((tenant, name))
        address = lrs_settings.database_url.replace("postgresql+psycopg://", "postgresql://")
        connection = psycopg.connect(address, user=name, password=password, autocommit=True)
        opened.append(connection)
        return connection

    yield as_
    for connection in opened:
        connection.close()
    for tenant, name in names:
        with composition.open_analytics(lrs_settings, tenant) as operator:
            operator.drop_reporting_user(name)


def rows(connection: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(sql.SQL(query)).fetchall()


def test_each_sees_its_own_tenant_alone(sign_in: Sign) -> None:
    one, two = sign_in("one"), sign_in("two")
    assert rows(one, "SELECT numerator, denominator, people FROM report.transfer") == [(7, 10, 10)]
    assert rows(two, "SELECT numerator, denominator, people FROM transfer") == [(0, 6, 6)], (
        "schema report is where it looks first"
    )


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_can_be_read_and_says_what_it_is(sign_in: Sign, name: str) -> None:
    one = sign_in("one")
    rows(one, f"SELECT * FROM report.{name}")  # noqa: S608 - a name of ours
    assert rows(one, f"SELECT obj_description('report.{name}'::regclass)")[0][0]


def test_small_teams_are_hidden_and_what_would_tell_of_them(sign_in: Sign) -> None:
    one = sign_in("one")
    assert rows(one, "SELECT team FROM report.teams") == [], (
        "seven of ten would tell of the three others"
    )
    assert rows(one, "SELECT subject_kind, subject FROM report.kpi_readings") == [
        ("team", "north")
    ], "no row is of a person"
    ((low, share, high),) = rows(
        one, "SELECT ci_low, share, ci_high FROM report.retention WHERE interval = '1w'"
    )
    assert (round(float(str(low)), 3), share, round(float(str(high)), 3)) == (0.268, 0.5, 0.732), (
        "Wilson 1927, of 7 in 14"
    )


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT * FROM lrs.statement",
        "SELECT * FROM analytics.fact_episode",
        "SELECT * FROM analytics.reporting_user",
        "SELECT * FROM lrs.find_credential('x')",
        "SET default_transaction_read_only = off; INSERT INTO report.transfer (programme) VALUES "
        "('x')",
        "SET default_transaction_read_only = off; CREATE TABLE report.mine (x int)",
        "SET default_transaction_read_only = off; CREATE TABLE public.mine (x int)",
        "SET default_transaction_read_only = off; CREATE SCHEMA mine",
        "SET ROLE carryover_app",
        "SET ROLE carryover_reporting",
        "SET ROLE carryover_owner",
        "SET SESSION AUTHORIZATION carryover_app",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_nothing_else_can_be_read_written_or_become(sign_in: Sign, attempt: str) -> None:
    one = sign_in("one")
    *before, last = attempt.split("; ")
    for part in before:
        one.execute(sql.SQL(part))
    with pytest.raises(psycopg.Error) as refused:
        rows(one, last)
    assert refused.value.sqlstate in ("42501", "25006", "0A000", "55000"), refused.value


def test_no_setting_switches_the_tenant_and_nothing_runs_for_long(sign_in: Sign) -> None:
    one = sign_in("one")
    one.execute("SET carryover.tenant_id = '2'")
    assert rows(one, "SELECT denominator FROM report.transfer") == [(10,)]
    assert rows(one, "SHOW statement_timeout") == [("1min",)]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        rows(one, "CREATE TEMPORARY TABLE mine (x int)")


def test_a_name_that_is_none_or_taken_is_refused(lrs_settings: Settings, one: Caller) -> None:
    with composition.open_analytics(lrs_settings, "one") as operator:
        for name in ("", "A", "x; DROP ROLE postgres", "carryover_app"):
            with pytest.raises((FatalError, RequestError)):
                operator.create_reporting_user(name)
        with pytest.raises(NotFound):
            operator.drop_reporting_user("carryover_app")
        assert operator.reporting_users() == []
