"""Schema ``report``: views for reporting tools that speak SQL (Power BI, Tableau, Metabase, psql).

Each view shows groups only: small-group suppression is part of it, and no row describes a
person. The views belong to a role that is subject to row-level security, and its policy maps
the login role to one tenant; so an analyst sees that tenant, whatever is set or sent, and no
base table.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from analytics.store.tables import SCHEMA, reporting_user
from core.database import REPORT_OWNER, REPORT_READER
from core.errors import Conflict, FatalError, NotFound
from lrs.vocabulary import MIN_GROUP_SIZE, REPLY_KINDS

ROLE_NAME = re.compile(r"[a-z][a-z0-9_]{2,40}\Z")
STATEMENT_TIMEOUT_SECONDS = 60
_Z_95 = 1.959963984540054  # the two-sided 95 % quantile

READABLE_TABLES = (
    "fact_episode",
    "fact_check",
    "fact_competency",
    "fact_activity",
    "fact_recall",
    "kpi",
    "kpi_reading",
)


def _share_columns(k: str, n: str) -> str:
    """A share with its Wilson 95 % interval, as three columns. Answers of one person are
    correlated, so /api/v1 gives wider intervals."""
    p, nn = f"({k})::float / nullif({n}, 0)", f"nullif(({n})::float, 0)"
    centre = f"({p} + {_Z_95**2 / 2} / {nn})"
    half = f"{_Z_95} * sqrt(({p}) * (1 - {p}) / {nn} + {_Z_95**2 / 4} / ({nn} * {nn}))"
    shrink = f"(1 + {_Z_95**2} / {nn})"
    return (
        f"{p} AS share, greatest(0, ({centre} - {half}) / {shrink}) AS ci_low, least(1, "
        f"({centre} + {half}) / {shrink}) AS ci_high"
    )


_JOIN_EPISODE = "USING (tenant_id, registration)"
_PEOPLE = "count(DISTINCT e.learner) AS people"
_HAVING_ENOUGH = f"HAVING count(DISTINCT e.learner) >= {MIN_GROUP_SIZE}"
_SUBMITTED_KIND = (
    "CASE a.kind "
    + " ".join(f"WHEN '{answer}' THEN '{kind}'" for kind, answer in REPLY_KINDS.items())
    + " END"
)
_VERIFIED = "count(*) FILTER (WHERE e.used_2_seconds <= 7776000)"

# Only names of our own tables and columns; no user input.
# ruff: noqa: S608
VIEWS: dict[str, tuple[str, str, str]] = {
    "programmes": (
        "Programmes and how many people were certified in them.",
        "programme: IRI; people",
        f"SELECT e.programme, {_PEOPLE}, min(e.anchor)::date AS first_certified_on, "
        "max(e.anchor)::date AS last_certified_on"
        f" FROM analytics.fact_episode e GROUP BY e.programme {_HAVING_ENOUGH}",
    ),
    "retention": (
        "Questions right at the first answer in checks, by time since certification.",
        "interval: 1d, 1w, 1m, 3m, 6m; numerator: right; denominator: asked",
        "SELECT e.programme, c.interval, sum(c.right) AS numerator, sum(c.asked) AS "
        f"denominator, {_share_columns('sum(c.right)', 'sum(c.asked)')}, {_PEOPLE}"
        f" FROM analytics.fact_check c JOIN analytics.fact_episode e {_JOIN_EPISODE} WHERE "
        "c.interval <> 'baseline' AND c.asked > 0 GROUP BY e.programme, c.interval "
        f"{_HAVING_ENOUGH}",
    ),
    "transfer": (
        "Certified people with a use at work within 90 days that somebody else confirmed.",
        "numerator: verified (grade 2 or more); denominator: all certified; reported: said so "
        "themselves; planned: committed to a plan",
        f"SELECT e.programme, {_VERIFIED} AS numerator, count(*) AS denominator, "
        f"{_share_columns(_VERIFIED, 'count(*)')}, {_PEOPLE},"
        " count(*) FILTER (WHERE e.used_1_seconds <= 7776000) AS reported, "
        "count(e.planned_seconds) AS planned"
        f" FROM analytics.fact_episode e GROUP BY e.programme {_HAVING_ENOUGH}",
    ),
    "adoption": (
        "What was done of what has come due by now, by kind of activity.",
        "kind: check, plan, exercise, …; numerator: done; denominator: due (an answer to what "
        "was not handed in is not due)",
        "SELECT e.programme, a.kind, count(a.done_at) AS numerator, count(*) AS denominator, "
        f"{_share_columns('count(a.done_at)', 'count(*)')}, {_PEOPLE}"
        f" FROM analytics.fact_activity a JOIN analytics.fact_episode e {_JOIN_EPISODE} WHERE "
        "a.due_at <= now() AND NOT EXISTS (SELECT FROM analytics.fact_activity h WHERE "
        "h.tenant_id = a.tenant_id AND h.registration = a.registration"
        f" AND h.done_at IS NULL AND h.kind = {_SUBMITTED_KIND}) GROUP BY e.programme, a.kind "
        f"{_HAVING_ENOUGH}",
    ),
    "competencies": (
        "Questions right in checks, and ratings at the bar by mentors and managers, by competency.",
        "numerator: right; denominator: asked; rated and reached: at work",
        "SELECT e.programme, c.competency, sum(c.right) AS numerator, sum(c.asked) AS "
        f"denominator, {_share_columns('sum(c.right)', 'sum(c.asked)')}, {_PEOPLE},"
        " sum(c.rated) AS rated, sum(c.reached) AS reached"
        f" FROM analytics.fact_competency c JOIN analytics.fact_episode e {_JOIN_EPISODE} GROUP BY "
        f"e.programme, c.competency {_HAVING_ENOUGH}",
    ),
    "teams": (
        "Transfer by team. Teams of fewer than five are hidden, and with them the next smallest "
        "where the total would tell of them.",
        "numerator: verified uses within 90 days; denominator: certified",
        "SELECT programme, team, numerator, denominator, "
        + _share_columns("numerator", "denominator")
        + ", people FROM ("
        f" SELECT t.*, count(*) FILTER (WHERE people < {MIN_GROUP_SIZE}) OVER p AS small, "
        f"coalesce(sum(people) FILTER (WHERE people < {MIN_GROUP_SIZE}) OVER p, 0) AS hidden,"
        f" row_number() OVER (PARTITION BY programme ORDER BY people < {MIN_GROUP_SIZE}, people, "
        "team) AS place FROM ("
        f" SELECT e.programme, coalesce(e.team, '') AS team, {_VERIFIED} AS numerator, count(*) "
        f"AS denominator, {_PEOPLE}"
        " FROM analytics.fact_episode e GROUP BY e.programme, coalesce(e.team, '')) t WINDOW p AS "
        "(PARTITION BY programme)) s"
        f" WHERE people >= {MIN_GROUP_SIZE} AND NOT (small > 0 AND (small = 1 OR hidden < "
        f"{MIN_GROUP_SIZE}) AND place = 1)",
    ),
    "weeks": (
        "Checks by the week in which they were due.",
        "week: its Monday; numerator: done; denominator: due; asked and answered_right: questions",
        "SELECT e.programme, date_trunc('week', c.due_at AT TIME ZONE 'UTC')::date AS week, "
        "count(c.done_at) AS numerator, count(*) AS denominator,"
        f" {_share_columns('count(c.done_at)', 'count(*)')}, {_PEOPLE}, sum(c.asked) AS asked, "
        "sum(c.right) AS answered_right"
        f" FROM analytics.fact_check c JOIN analytics.fact_episode e {_JOIN_EPISODE} WHERE "
        f"c.due_at <= now() GROUP BY e.programme, week {_HAVING_ENOUGH}",
    ),
    "items": (
        "Questions: how many got them right at the first answer.",
        "item: IRI; numerator: right; denominator: answers",
        "SELECT e.programme, r.item, r.competency, count(*) FILTER (WHERE r.success) AS "
        "numerator, count(*) AS denominator,"
        f" {_share_columns('count(*) FILTER (WHERE r.success)', 'count(*)')}, {_PEOPLE}"
        f" FROM analytics.fact_recall r JOIN analytics.fact_episode e {_JOIN_EPISODE} WHERE "
        f"r.interval <> 'baseline' GROUP BY e.programme, r.item, r.competency {_HAVING_ENOUGH}",
    ),
    "kpi_readings": (
        f"Business figures of teams and sites in which {MIN_GROUP_SIZE} people or more were "
        "certified; those of persons and of smaller ones stay where they are.",
        "value in the unit of the figure; more_is_better says which way is good",
        "SELECT r.programme, r.kpi, k.label, k.unit, k.more_is_better, k.baseline, k.target, "
        "r.subject_kind, r.subject, r.period_start, r.period_end, r.value"
        " FROM analytics.kpi_reading r JOIN analytics.kpi k USING (tenant_id, programme, kpi) "
        f"WHERE r.replaced_at IS NULL AND {MIN_GROUP_SIZE} <= (SELECT count(DISTINCT e.learner) "
        "FROM analytics.fact_episode e WHERE e.tenant_id = r.tenant_id"
        " AND e.programme = r.programme AND r.subject = CASE r.subject_kind WHEN 'team' THEN "
        "e.team WHEN 'site' THEN e.site END)",
    ),
}


def rebuild_views(owner: Engine) -> None:
    """Recreate the schema if it differs from this version of the code; the schema's comment
    holds a digest of the SQL."""
    created = _schema_statements()
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
            connection.exec_driver_sql(statement)


def _schema_statements() -> list[str]:
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
    ]
    for table in READABLE_TABLES:
        created += [
            f"DROP POLICY IF EXISTS reporting ON {SCHEMA}.{table}",
            f"CREATE POLICY reporting ON {SCHEMA}.{table} FOR SELECT TO {REPORT_OWNER} USING "
            "(tenant_id = analytics.reporting_tenant(current_user))",
            f"GRANT SELECT ON {SCHEMA}.{table} TO {REPORT_OWNER}",
        ]
    created += [
        f"CREATE SCHEMA report AUTHORIZATION {REPORT_OWNER}",
        f"GRANT USAGE ON SCHEMA report TO {REPORT_READER}",
        f"SET LOCAL ROLE {REPORT_OWNER}",
    ]
    for name, (meaning, columns, body) in VIEWS.items():
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
