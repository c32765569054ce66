"""Schema ``report``: views for reporting tools that speak SQL (Power BI, Tableau, Metabase, psql).

Each view gives published values (docs/privacy.md) as every other reader gets them: none counts, and
none computes an interval. The views belong to a role that is subject to row-level security, and its
policy maps the login role to one tenant; so an analyst sees that tenant, whatever is set or sent,
and no base table.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from analytics.store.published import ALL_PROGRAMMES, PARTS_ARE_ACTIVITIES
from analytics.store.tables import SCHEMA, reporting_user
from core.database import REPORT_OWNER, REPORT_READER
from core.errors import Conflict, FatalError, NotFound
from core.translations import list_languages

ROLE_NAME = re.compile(r"[a-z][a-z0-9_]{2,40}\Z")
STATEMENT_TIMEOUT_SECONDS = 60
CALENDAR_YEARS = (2015, 2035)

# Only names of our own tables and columns; no user input.
# ruff: noqa: S608

# Of which the owner of the views may read the rows of a tenant.
READABLE_TABLES = ("packet", "published_value", "published_title", "kpi", "kpi_reading")


class View(NamedTuple):
    """A view: what it says, what its columns are, and its SELECT."""

    meaning: str
    columns: str
    body: str


def _titles(otherwise: str) -> str:
    """The titles of an activity (``t`` is analytics.published_title) by language, as columns."""
    return ", ".join(
        f"coalesce(t.titles ->> '{tag}', {otherwise}) AS title_{tag}" for tag in list_languages()
    )


def _value_labels() -> str:
    """How a metric and its part are called, as columns. A part that the catalogue does not list is
    an activity."""
    metric = [f"m.title_{tag} AS metric_{tag}" for tag in list_languages()]
    part = [
        f"coalesce(p.title_{tag}, t.titles ->> '{tag}', v.part) AS part_{tag}"
        for tag in list_languages()
    ]
    return ", ".join([*metric, *part])


def _activity_view(name: str) -> View:
    """The activities that are the parts of a metric."""
    return View(
        f"Each {name} of a programme of which values are published.",
        f"{name}: its IRI; titles by language, the IRI where nobody named it. Its values: "
        f"metric_value, metric {PARTS_ARE_ACTIVITIES[name]}, where it is the part",
        f"SELECT DISTINCT v.programme, v.part AS {name}, {_titles('v.part')}"
        " FROM analytics.published_value v LEFT JOIN analytics.published_title t"
        " ON t.tenant_id = v.tenant_id AND t.activity = v.part"
        f" WHERE v.metric = '{PARTS_ARE_ACTIVITIES[name]}' AND v.programme <> '{ALL_PROGRAMMES}'",
    )


# The views "metric" and "metric_part", of the catalogue, come before these.
VIEWS: dict[str, View] = {
    "metric_value": View(
        "What is published: a row for each metric, part and day, over each group.",
        "programme: IRI, none for all programmes together; scope and scope_value: what it is "
        "over; day: days after the certification at which people were looked at; people: who "
        "contribute; status: shown, waiting (waits_until: not before that day) or too few; ci_low "
        "and ci_high: the 95 % interval",
        f"SELECT nullif(v.programme, '{ALL_PROGRAMMES}') AS programme,"
        f" CASE v.programme WHEN '{ALL_PROGRAMMES}' THEN 'all programmes' ELSE v.scope END"
        " AS scope, v.scope_value, v.metric, v.part, v.day, v.numerator, v.denominator, v.value,"
        " v.ci_low, v.ci_high, v.people, v.status, v.waits_until, v.version, v.released_at,"
        " array_to_string(ARRAY(SELECT json_array_elements_text(v.flags)), '; ') AS flags,"
        f" m.unit, {_value_labels()} FROM analytics.published_value v"
        " LEFT JOIN report.metric m ON m.metric = v.metric"
        " LEFT JOIN report.metric_part p ON p.metric = v.metric AND p.part = v.part"
        " LEFT JOIN analytics.published_title t"
        " ON t.tenant_id = v.tenant_id AND t.activity = v.part"
        " WHERE m.version IS NULL OR m.version = v.version",
    ),
    "programme": View(
        "Programmes of which people are told together.",
        "programme: IRI; titles by language, the IRI where nobody named it; people: those in "
        "groups (who was certified twice may be in two); first_formed_on and last_formed_on: the "
        "Mondays of the first and the last group; dimension: what the last was formed by",
        "SELECT g.programme, g.dimension, g.people, g.first_formed_on, g.last_formed_on,"
        f" {_titles('g.programme')} FROM (SELECT tenant_id, programme,"
        " sum(people) AS people, min(formed_on) AS first_formed_on,"
        " max(formed_on) AS last_formed_on,"
        " (array_agg(dimension ORDER BY packet_id DESC))[1] AS dimension"
        " FROM analytics.packet GROUP BY tenant_id, programme) g"
        " LEFT JOIN analytics.published_title t"
        " ON t.tenant_id = g.tenant_id AND t.activity = g.programme",
    ),
    "team": View(
        "The teams, sites or roles of a programme, whichever it declares.",
        "kind: team, site or role; waves: with commas between; people: those in groups",
        "SELECT programme, dimension AS kind, value AS team,"
        " string_agg(DISTINCT wave, ', ' ORDER BY wave) AS waves, sum(people) AS people,"
        " min(formed_on) AS first_formed_on, max(formed_on) AS last_formed_on"
        " FROM analytics.packet WHERE value IS NOT NULL AND NOT pooled"
        " GROUP BY programme, dimension, value",
    ),
    "competency": _activity_view("competency"),
    "question": _activity_view("question"),
    "calendar": View(
        f"The days of the years {CALENDAR_YEARS[0]} to {CALENDAR_YEARS[1]}.",
        "week: of ISO 8601, and monday its first day; month: as the scope_value of a month",
        "SELECT d::date AS day, extract(isoyear FROM d)::int AS iso_year,"
        " extract(week FROM d)::int AS iso_week, to_char(d, 'IYYY-\"W\"IW') AS week,"
        " date_trunc('week', d)::date AS monday, extract(year FROM d)::int AS year,"
        " extract(quarter FROM d)::int AS quarter, extract(month FROM d)::int AS month_of_year,"
        " to_char(d, 'YYYY-MM') AS month FROM generate_series"
        f"('{CALENDAR_YEARS[0]}-01-01'::timestamp, '{CALENDAR_YEARS[1]}-12-31'::timestamp,"
        " interval '1 day') d",
    ),
    "kpi_readings": View(
        "Business figures of teams and sites of which people are told together; those of persons "
        "and of others stay where they are.",
        "value in the unit of the figure; more_is_better says which way is good",
        "SELECT r.programme, r.kpi, k.label, k.unit, k.more_is_better, k.baseline, k.target, "
        "r.subject_kind, r.subject, r.period_start, r.period_end, r.value"
        " FROM analytics.kpi_reading r JOIN analytics.kpi k USING (tenant_id, programme, kpi)"
        " WHERE r.replaced_at IS NULL AND EXISTS (SELECT FROM analytics.packet p"
        " WHERE p.tenant_id = r.tenant_id AND p.programme = r.programme"
        " AND p.dimension = r.subject_kind AND p.value = r.subject AND NOT p.pooled)",
    ),
}


def rebuild_views(owner: Engine, catalogue: Mapping[str, View]) -> None:
    """Recreate the schema if it differs from this version of the code; the schema's comment
    holds a digest of the SQL. ``catalogue``: the views of the catalogue of metrics."""
    created = _schema_statements({**catalogue, **VIEWS})
    digest = hashlib.sha256("\n".join(created).encode()).hexdigest()
    with owner.begin() as connection:
        connection.execute(
            text("SELECT pg_advisory_xact_lock(7274011)")
        )  # serializes two starts at the same time; the number is arbitrary
        current = connection.execute(
            text("SELECT obj_description(to_regnamespace('report'), 'pg_namespace')")
        ).scalar()
        if current == digest:
            return
        for statement in [*created, f"COMMENT ON SCHEMA report IS '{digest}'"]:
            # Texts of the catalogue hold the sign that begins a parameter.
            connection.exec_driver_sql(statement.replace("%", "%%"))


# What views of an earlier version read: policies and rights of their owner on other tables.
_TAKE_BACK = f"""
    DO $$
    DECLARE bound record;
    BEGIN
      FOR bound IN SELECT tablename FROM pg_policies
        WHERE schemaname = '{SCHEMA}' AND policyname = 'reporting'
      LOOP
        EXECUTE format('DROP POLICY reporting ON {SCHEMA}.%I', bound.tablename);
      END LOOP;
    END $$
"""


def _schema_statements(views: Mapping[str, View]) -> list[str]:
    """The SQL that creates the schema, run by the owner of all tables."""
    created = [
        "DROP SCHEMA IF EXISTS report CASCADE",
        # A parameter, not a setting: the reader can change settings.
        "CREATE OR REPLACE FUNCTION analytics.reporting_tenant(wanted name) RETURNS int "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog"
        " AS 'SELECT u.tenant_id FROM analytics.reporting_user u WHERE u.role = wanted::text'",
        "REVOKE ALL ON FUNCTION analytics.reporting_tenant(name) FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION analytics.reporting_tenant(name) TO "
        f"{REPORT_READER}, {REPORT_OWNER}",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {REPORT_OWNER}",
        _TAKE_BACK,
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA} FROM {REPORT_OWNER}",
    ]
    for table in READABLE_TABLES:
        created += [
            f"CREATE POLICY reporting ON {SCHEMA}.{table} FOR SELECT TO {REPORT_OWNER} USING "
            "(tenant_id = analytics.reporting_tenant(current_user))",
            f"GRANT SELECT ON {SCHEMA}.{table} TO {REPORT_OWNER}",
        ]
    created += [
        f"CREATE SCHEMA report AUTHORIZATION {REPORT_OWNER}",
        f"GRANT USAGE ON SCHEMA report TO {REPORT_READER}",
        f"SET LOCAL ROLE {REPORT_OWNER}",
    ]
    for name, (meaning, columns, body) in views.items():
        # A security barrier: no condition of the reader is evaluated before those of the view.
        created += [
            f"CREATE VIEW report.{name} WITH (security_barrier) AS {body}",
            f"COMMENT ON VIEW report.{name} IS '{meaning} {columns}'",
            f"GRANT SELECT ON report.{name} TO {REPORT_READER}",
        ]
    return [*created, "RESET ROLE"]


@dataclass(frozen=True)
class ReportingUser:
    """A login role of a reporting tool."""

    role: str
    tenant_id: int
    who: str
    at: datetime


def create_reporting_user(owner: Engine, tenant_id: int, name: str, who: str) -> str:
    """Create a login role that can read the views of one tenant and nothing else; return its
    password, which is not shown again."""
    if not ROLE_NAME.match(name):
        raise FatalError(
            "The name of a reporting user has 3 to 41 small letters, digits and _, and begins "
            "with a letter."
        )
    password = secrets.token_urlsafe(24)
    role = sql.Identifier(name)
    try:
        with owner.begin() as connection:
            if connection.execute(
                text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}
            ).first():
                raise Conflict(f"The database has a role {name!r} already; choose another name.")
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            created = sql.SQL(
                "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS INHERIT "
                "PASSWORD {}"
            )
            driver.execute(created.format(role, sql.Literal(password)))
            driver.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(REPORT_READER), role))
            driver.execute(
                sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(role)
            )
            driver.execute(
                sql.SQL("ALTER ROLE {} SET statement_timeout = {}").format(
                    role, sql.Literal(f"{STATEMENT_TIMEOUT_SECONDS}s")
                )
            )
            driver.execute(sql.SQL("ALTER ROLE {} SET search_path = report").format(role))
            connection.execute(
                insert(reporting_user).values(role=name, tenant_id=tenant_id, who=who)
            )
    except DBAPIError as error:
        raise FatalError(
            f"The reporting user cannot be made ({str(error.orig).splitlines()[0]}); the owner "
            "needs CREATEROLE."
        ) from None
    return password


def list_reporting_users(connection: Connection) -> list[ReportingUser]:
    """All reporting users of all tenants."""
    u = reporting_user.c
    return [
        ReportingUser(*row)
        for row in connection.execute(select(u.role, u.tenant_id, u.who, u.at).order_by(u.role))
    ]


def drop_reporting_user(owner: Engine, tenant_id: int, name: str) -> None:
    """Drop a reporting user."""
    with owner.begin() as connection:
        u = reporting_user
        removed = connection.execute(
            delete(u).where(u.c.role == name, u.c.tenant_id == tenant_id)
        ).rowcount
        if not removed:
            raise NotFound(f"This tenant has no reporting user {name!r}.")
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        driver.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))
