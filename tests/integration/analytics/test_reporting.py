"""An analyst with psql, Power BI or Tableau: sees what is published of one tenant, and nothing else,
whatever is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import delete, insert

from analytics.catalogue import CATALOGUE, METRICS_BY_KEY
from analytics.deps import AnalyticsDeps
from analytics.jobs import publishing
from analytics.reports.catalogue_views import catalogue_views
from analytics.store.published import PARTS_ARE_ACTIVITIES
from analytics.store.reporting_views import READABLE_TABLES, VIEWS
from analytics.store.tables import published_value
from carryover import composition
from core.errors import FatalError, NotFound, RequestError
from core.settings import Settings
from lrs.store import change_queue
from tests.support.learners import COMPETENCY, KPI, PROGRAMME, Person, count, post, reading, send
from tests.support.store import Caller

Sign = Callable[[str], psycopg.Connection]
NAMES = [*catalogue_views(), *VIEWS]


@pytest.fixture
def filled(deps: AnalyticsDeps, one: Caller, tenant: Callable[..., Caller]) -> None:
    two = tenant("two")
    post(
        one,
        *(
            Person("north", wave=f"W{n % 2}").check("1w", 7, [True, False]).used(9, 2)
            for n in range(16)
        ),
        *(Person("south") for _ in range(3)),
    )
    post(two, *(Person("west") for _ in range(9)))
    send(one, "PUT", "/api/v1/kpis/clicks", KPI, programme=PROGRAMME)
    person = {**reading("account h p", 1, 3), "subject_kind": "person"}
    readings = [reading("north", 1, 9), reading("south", 1, 8), reading("nobody", 1, 7), person]
    send(
        one,
        "POST",
        "/api/v1/kpi-readings",
        {"programme": PROGRAMME, "kpi": "clicks", "readings": readings},
    )
    count(deps)
    for tenant_id in change_queue.list_tenant_ids(deps.engine):
        assert publishing.publish_tenant(deps.long_unit_of_work, tenant_id)


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


TRANSFER = (
    "SELECT numerator, denominator, people FROM report.metric_value WHERE metric = 'transfer_rate'"
    " AND part = '' AND scope = 'programme'"
)


def test_each_sees_its_own_tenant_alone(sign_in: Sign) -> None:
    one, two = sign_in("one"), sign_in("two")
    assert rows(one, TRANSFER) == [(16, 16, 16)]
    assert rows(two, TRANSFER.replace("report.", "")) == [(0, 9, 9)], (
        "schema report is where it looks first"
    )
    assert rows(one, "SELECT team, people FROM team") == [("north", 16)]
    assert rows(two, "SELECT team, people FROM team") == [("west", 9)]


@pytest.mark.parametrize("name", NAMES)
def test_every_view_can_be_read_and_says_what_it_is(sign_in: Sign, name: str) -> None:
    one = sign_in("one")
    found = one.execute(sql.SQL("SELECT * FROM report.{}").format(sql.Identifier(name)))
    assert "tenant_id" not in [column.name for column in found.description or ()]
    assert rows(one, f"SELECT obj_description('report.{name}'::regclass)")[0][0]


def test_a_row_says_what_it_is_of_and_when_more_is_told(sign_in: Sign) -> None:
    one = sign_in("one")
    told = rows(
        one,
        "SELECT metric_en, part_en, part_de, part_es, part_fr, unit, status, value, people, day,"
        " version FROM metric_value WHERE metric = 'retention_observed' AND part = '1w'"
        " AND scope = 'team' AND scope_value = 'north'",
    )
    assert told == [
        (
            *("Retention", "1 week", "1 Woche", "1 semana", "1 semaine", "share", "shown", 0.5),
            *(16, 15, METRICS_BY_KEY["retention_observed"].version),
        )
    ]
    assert {row[0] for row in rows(one, "SELECT DISTINCT scope FROM metric_value")} == {
        "all programmes",
        "programme",
        "wave",
        "team",
        "month",
    }
    assert {row[0] for row in rows(one, "SELECT DISTINCT scope_value FROM metric_value")} >= {
        "north",
        "W0",
        "W1",
    }
    assert not rows(one, "SELECT 1 FROM metric_value WHERE scope_value = 'south'"), "it waits"


def test_what_is_not_told_yet_has_no_numbers(sign_in: Sign) -> None:
    analyst = sign_in("one")
    hidden = rows(
        analyst,
        "SELECT status, waits_until, numerator, denominator, value, ci_low, ci_high, people"
        " FROM metric_value WHERE status <> 'shown'",
    )
    assert hidden and all(not any(value is not None for value in row[2:]) for row in hidden)


def test_catalogue_programme_team_and_calendar(sign_in: Sign) -> None:
    one = sign_in("one")
    catalogue = rows(one, "SELECT metric, version, title_en, formula, source FROM metric")
    assert catalogue == [(m.key, m.version, m.label, m.formula, m.source) for m in CATALOGUE]
    assert rows(one, "SELECT metric, part, title_en FROM metric_part") == [
        (metric.key, part, label) for metric in CATALOGUE for part, label in metric.parts
    ]
    assert rows(
        one, "SELECT title_de, title_fr FROM metric WHERE metric = 'retention_observed'"
    ) == [("Behaltenes Wissen", "Acquis mémorisés")]
    today = datetime.now(UTC).date()
    formed = Person().certified.date()
    (programme,) = rows(
        one,
        "SELECT programme, title_en, title_de, dimension, people, first_formed_on, last_formed_on"
        " FROM programme",
    )
    assert programme[:5] == (PROGRAMME, "P", "P", "team", 16)
    for monday in programme[5:]:
        assert isinstance(monday, date) and monday.weekday() == 0 and formed < monday <= today
    assert rows(one, "SELECT programme, kind, team, waves, people FROM team") == [
        (PROGRAMME, "team", "north", "W0, W1", 16)
    ]
    assert rows(
        one, "SELECT count(*), min(day), max(day), count(DISTINCT monday) FROM calendar"
    ) == [(7670, date(2015, 1, 1), date(2035, 12, 31), 1097)]
    assert rows(
        one,
        "SELECT iso_year, iso_week, week, monday, year, quarter, month FROM calendar"
        " WHERE day = '2021-01-03'",
    ) == [(2020, 53, "2020-W53", date(2020, 12, 28), 2021, 1, "2021-01")], "ISO 8601"


def test_competencies_and_questions_have_the_names_that_statements_gave_them(
    sign_in: Sign, deps: AnalyticsDeps
) -> None:
    analyst = sign_in("one")
    with deps.long_unit_of_work(1) as connection:
        for metric in PARTS_ARE_ACTIVITIES.values():  # what the world of these tests publishes
            connection.execute(delete(published_value).where(published_value.c.metric == metric))
    assert rows(analyst, "SELECT * FROM competency") == []
    parts = {
        "competency": [str(COMPETENCY["id"]), f"{PROGRAMME}/competencies/unnamed"],
        "question": [f"{PROGRAMME}/items/1w-0"],
    }
    with deps.long_unit_of_work(1) as connection:
        for name, metric in PARTS_ARE_ACTIVITIES.items():
            for part in parts[name]:
                for scope, value in (("programme", ""), ("team", "north")):
                    connection.execute(
                        insert(published_value).values(
                            tenant_id=1,
                            programme=PROGRAMME,
                            scope=scope,
                            scope_value=value,
                            metric=metric,
                            part=part,
                            day=180,
                            version=1,
                            value=0.5,
                            flags=[],
                            status="shown",
                            released_at=datetime.now(UTC),
                        )
                    )
        publishing._publish_titles(connection, 1)
    assert rows(analyst, "SELECT programme, competency, title_en FROM competency ORDER BY 2") == [
        (PROGRAMME, COMPETENCY["id"], "Reading links"),
        (PROGRAMME, parts["competency"][1], parts["competency"][1]),
    ]
    assert rows(analyst, "SELECT question, title_de FROM question") == [
        (parts["question"][0], "Item 0")
    ]
    assert rows(
        analyst,
        "SELECT DISTINCT part_en FROM metric_value WHERE metric = 'question_right'",
    ) == [("Item 0",)]


def test_the_examples_of_the_page_run_and_it_names_every_view(sign_in: Sign) -> None:
    one = sign_in("one")
    page = (Path(__file__).parents[3] / "docs" / "reporting.md").read_text()
    examples = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    statements = [part for block in examples for part in block.split(";") if part.strip()]
    assert len(statements) >= 5
    for statement in statements:
        one.execute(sql.SQL(statement.replace("'IRI'", f"'{PROGRAMME}'")))
    for name in NAMES:
        assert f"| `{name}`" in page or f", `{name}` |" in page, name


def test_readings_are_of_teams_that_are_told_of(sign_in: Sign) -> None:
    one = sign_in("one")
    assert rows(one, "SELECT subject_kind, subject, value FROM report.kpi_readings") == [
        ("team", "north", 9)
    ], "none of a person, of a team that waits, or of one in which nobody was certified"


def test_no_table_can_be_read_neither_facts_nor_whose_they_are(sign_in: Sign) -> None:
    """Every table, view and sequence of the database, and each of their columns."""
    one = sign_in("one")
    found = rows(
        one,
        "SELECT format('%I.%I', n.nspname, c.relname), has_table_privilege(c.oid, 'SELECT, INSERT,"
        " UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR has_any_column_privilege(c.oid,"
        " 'SELECT, INSERT, UPDATE, REFERENCES')"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_'"
        " AND n.nspname <> 'information_schema'",
    )
    tables = {str(name) for name, _ in found}
    assert len(tables) > 50
    assert tables >= {"analytics.published_row", "analytics.packet_member", "lrs.statement"}
    readable = {str(name) for name, granted in found if granted}
    assert readable == {f"report.{name}" for name in NAMES}
    for name in tables - readable:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(one, f"SELECT * FROM {name}")  # noqa: S608 - a name of ours


def test_the_views_owner_reads_what_they_need(sign_in: Sign) -> None:
    one = sign_in("one")
    granted = rows(
        one,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname IN ('lrs', 'analytics')"
        " AND has_any_column_privilege('carryover_reporting', c.oid, 'SELECT, INSERT, UPDATE')",
    )
    assert {name for (name,) in granted} == set(READABLE_TABLES)
    assert not any(name.startswith("fact_") for name in READABLE_TABLES)


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT * FROM lrs.statement",
        "SELECT * FROM analytics.fact_episode",
        "SELECT contributions FROM analytics.published_row",
        "SELECT learner FROM analytics.packet_member",
        "SELECT * FROM analytics.published_value",
        "SELECT * FROM analytics.reporting_user",
        "SELECT analytics.reporting_tenant('carryover_app')",
        "SELECT * FROM lrs.find_credential('x')",
        "SET default_transaction_read_only = off; INSERT INTO report.team (programme) VALUES ('x')",
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
    assert rows(one, TRANSFER) == [(16, 16, 16)]
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
