"""Migrations build what the models say, every table is under row-level security, and the app role
owns nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, inspect, text

from analytics.reports.catalogue_views import catalogue_views
from analytics.store import reporting_views
from analytics.store import tables as figure_tables
from core import migrations, settings
from core.database import (
    APP_ROLE,
    LONG_ROLE,
    REPORT_OWNER,
    ensure_roles,
    make_engine,
    make_unit_of_work,
)
from core.embedded import EmbeddedServers
from core.errors import FatalError
from lrs.store import schema as lrs_schema
from lrs.store import tables as store_tables
from lti_tool import operator_api as tool_cli
from lti_tool.tables import metadata as tool_tables
from lti_tool.tables import schema as tool_schema
from tests.conftest import environ_for

# The migrations, the models, and their schema.
HOUSES = [
    (lrs_schema.MIGRATIONS_FOLDER, store_tables.metadata, "lrs"),
    (lrs_schema.MIGRATIONS_FOLDER, figure_tables.metadata, "analytics"),
    (tool_schema.MIGRATIONS_FOLDER, tool_tables.metadata, "lti_tool"),
]
# Who this installation is and the keys it signs with belong to no tenant.
WITHOUT_TENANT = {
    "lti_tool.installation",
    "lti_tool.tool_key",
    "lrs.alembic_version",
    "lti_tool.alembic_version",
}


@pytest.fixture
def migrated(
    servers: EmbeddedServers, new_database: Callable[..., str], lrs_template: str, tmp_path: Path
) -> dict[str, str]:
    environ = environ_for(servers, new_database(lrs_template), tmp_path)
    tool_cli.migrate(settings.read_settings(environ))
    return environ


@pytest.mark.parametrize(("folder", "metadata", "name"), HOUSES)
def test_models_and_migrations_do_not_drift_apart(
    migrated: dict[str, str], folder: Path, metadata: MetaData, name: str
) -> None:
    owner = make_engine(migrated["CARRYOVER_MIGRATION_URL"])
    assert not migrations.has_pending_migrations(folder, owner)
    with owner.connect() as connection:
        context = MigrationContext.configure(connection, opts=migrations.comparison(metadata, name))
        assert compare_metadata(context, metadata) == []
    owner.dispose()
    assert {table.schema for table in metadata.tables.values()} == {name}


def test_migrating_again_changes_nothing(migrated: dict[str, str]) -> None:
    tool_cli.migrate(settings.read_settings(migrated))


def test_every_table_has_a_tenant_and_is_under_row_level_security(migrated: dict[str, str]) -> None:
    owner = make_engine(migrated["CARRYOVER_MIGRATION_URL"])
    with owner.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT n.nspname || '.' || c.relname AS name, c.relrowsecurity AS bound,"
                " EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS policy,"
                " EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = "
                "'tenant_id' AND a.attnotnull) AS tenant,"
                " pg_get_userbyid(c.relowner) AS owner"
                " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind "
                "IN ('r', 'p') AND n.nspname IN ('lrs', 'analytics', 'lti_tool')"
            )
        ).all()
        role = connection.execute(
            text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :role"),
            {"role": APP_ROLE},
        ).scalar()
    owner.dispose()
    assert len(rows) > 25
    for row in rows:
        assert row.owner != APP_ROLE
        assert (row.bound and row.policy and row.tenant) or row.name in WITHOUT_TENANT, row.name
    assert role is False


def test_long_readers_see_one_tenant_and_can_write_no_statement(migrated: dict[str, str]) -> None:
    """So that readers of the record store need not wait for them."""
    owner = make_engine(migrated["CARRYOVER_MIGRATION_URL"])
    with owner.connect() as connection:
        without = connection.execute(
            text(
                "SELECT tablename FROM pg_policies WHERE schemaname IN ('lrs', 'analytics') AND "
                "NOT (CAST(:role AS name) = ANY (roles))"
            ),
            {"role": LONG_ROLE},
        ).scalars()
        assert list(without) == []
        may_write = connection.execute(
            text(
                "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
                " WHERE grantee = :role AND privilege_type <> 'SELECT' AND table_name IN"
                " ('statement', 'statement_rel', 'statement_ref', 'voiding')"
            ),
            {"role": LONG_ROLE},
        ).all()
        assert may_write == []
        free = connection.execute(
            text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :role"),
            {"role": LONG_ROLE},
        ).scalar()
        assert free is False
    owner.dispose()


def test_tenant_leads_every_secondary_index() -> None:
    # A credential's key and a platform's (issuer, client) are looked up before the tenant is known.
    before_the_tenant = {"uq_platform_registration_issuer_client_id", "uq_tenant_name"}
    for _, metadata, _ in HOUSES:
        for table in metadata.tables.values():
            for index in table.indexes:
                first = next(iter(index.columns)).name
                assert first == "tenant_id" or index.name in before_the_tenant, index.name


def test_a_migration_that_cannot_run_is_one_sentence_and_changes_nothing(
    servers: EmbeddedServers, new_database: Callable[..., str], tmp_path: Path
) -> None:
    environ = environ_for(servers, new_database(), tmp_path)
    owner = make_engine(environ["CARRYOVER_MIGRATION_URL"])
    with owner.begin() as connection:
        connection.execute(text("CREATE SCHEMA lrs"))
        connection.execute(text("CREATE TABLE lrs.voiding (in_the_way int)"))
    with pytest.raises(FatalError, match="nothing was changed"):
        lrs_schema.upgrade(owner)
    with owner.connect() as connection:
        assert (
            connection.execute(
                text("SELECT count(*) FROM pg_tables WHERE schemaname = 'lrs'")
            ).scalar()
            == 1
        )
    owner.dispose()


def test_an_update_keeps_joins_and_asks_to_look_at_those_that_a_claim_made(
    servers: EmbeddedServers, new_database: Callable[..., str], lrs_template: str, tmp_path: Path
) -> None:
    """Before, an address, an id or a parameter of a launch made somebody a person of the list, for
    good.
    """
    environ = environ_for(servers, new_database(lrs_template), tmp_path)
    owner = make_engine(environ["CARRYOVER_MIGRATION_URL"])
    with owner.begin() as connection:
        command.upgrade(
            migrations.build_alembic_config(tool_schema.MIGRATIONS_FOLDER, connection), "0009"
        )
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO lti_tool.tenant (name, lrs_key, lrs_secret_sealed, practice) VALUES "
                "('one', 'k', 's', false)"
            )
        )
        tenant = connection.execute(text("SELECT tenant_id FROM lti_tool.tenant")).scalar_one()
        connection.execute(
            text(
                "INSERT INTO lti_tool.platform_registration (tenant_id, name, family, status, "
                "issuer, client_id, auth_login_url, auth_token_url,"
                " auth_audience, key_set_url, approve_deployments, administers, frame_origins)"
                " VALUES (:tenant, 'Canvas', 'canvas', 'approved', "
                "'https://canvas.instructure.com', '1', 'u', 'u', 'canvas.instructure.com', 'u', "
                "true, true, '{}')"
            ),
            {"tenant": tenant},
        )
        for number, (subject, said, external, listed) in enumerate(
            (("a", "E1", "E1", True), ("b", "", "E2", True), ("c", "E9", None, False))
        ):
            values = {
                "tenant": tenant,
                "id": f"00000000-0000-4000-8000-00000000000{number}",
                "subject": subject,
                "said": said,
                "external": external,
                "listed": listed,
            }
            connection.execute(
                text(
                    "INSERT INTO lti_tool.person (id, tenant_id, name, email, external_id, "
                    "imported_at)"
                    " VALUES (CAST(:id AS uuid), :tenant, 'x', '', :external, CASE WHEN :listed "
                    "THEN now() END)"
                ),
                values,
            )
            connection.execute(
                text(
                    "INSERT INTO lti_tool.identity (tenant_id, registration_id, subject, "
                    "person_id, sourced_id)"
                    " SELECT :tenant, id, :subject, CAST(:id AS uuid), :said FROM "
                    "lti_tool.platform_registration"
                ),
                values,
            )
    tool_cli.migrate(settings.read_settings(environ))
    with owner.connect() as connection:
        joined = connection.execute(
            text("SELECT subject, joined_by FROM lti_tool.identity ORDER BY subject")
        ).all()
        (platform,) = connection.execute(
            text(
                "SELECT names_people, wide_parameter, auth_audience FROM "
                "lti_tool.platform_registration"
            )
        ).all()
    owner.dispose()
    assert [tuple(row) for row in joined] == [
        ("a", "id"),
        ("b", "address or parameter"),
        ("c", "met"),
    ]
    assert tuple(platform) == ("nobody", False, ""), (
        "no LMS says who somebody is, and Canvas's token endpoint is the audience"
    )


def test_an_update_forgets_foreign_addresses_that_launches_told_and_keeps_what_was_typed(
    servers: EmbeddedServers, new_database: Callable[..., str], lrs_template: str, tmp_path: Path
) -> None:
    """Until then a launch of a Moodle could name any address as the LMS's; rights of a course that
    no role gives any more become those of a teacher.
    """
    environ = environ_for(servers, new_database(lrs_template), tmp_path)
    owner = make_engine(environ["CARRYOVER_MIGRATION_URL"])
    with owner.begin() as connection:
        command.upgrade(
            migrations.build_alembic_config(tool_schema.MIGRATIONS_FOLDER, connection), "0011"
        )
    person, course = ("00000000-0000-4000-8000-00000000000" + number for number in "12")
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO lti_tool.tenant (name, lrs_key, lrs_secret_sealed, practice) VALUES "
                "('one', 'k', 's', false)"
            )
        )
        for number, family in enumerate(("moodle", "moodle", "canvas"), start=1):
            connection.execute(
                text(
                    "INSERT INTO lti_tool.platform_registration (tenant_id, name, family, status, "
                    "issuer, client_id, auth_login_url, auth_token_url, auth_audience, "
                    "key_set_url, approve_deployments, frame_origins) SELECT tenant_id, 'x', "
                    ":family, 'approved', 'https://lms.example', :client, "
                    "'https://login.example/auth', 'u', '', 'u', true, :origins FROM "
                    "lti_tool.tenant"
                ),
                {
                    "family": family,
                    "client": str(number),
                    "origins": [
                        "https://typed.example",
                        "https://evil.example",
                        "https://login.example",
                    ],
                },
            )
        for statement in (
            "INSERT INTO lti_tool.audit (tenant_id, who, act, details) SELECT tenant_id, 'w', "
            "'changed a platform', jsonb_build_object('platform', id, 'frame_origins', "
            "jsonb_build_array('https://typed.example')) FROM lti_tool.platform_registration "
            "WHERE client_id = '1'",
            "INSERT INTO lti_tool.person (id, tenant_id, name, email) SELECT CAST(:person AS uuid),"
            " tenant_id, '', '' FROM lti_tool.tenant",
            "INSERT INTO lti_tool.course (id, tenant_id, registration_id, key, context_id, title, "
            "memberships_url, line_items_url) SELECT CAST(:course AS uuid), tenant_id, id, 'k', "
            "'c', '', '', '' FROM lti_tool.platform_registration WHERE client_id = '1'",
            "INSERT INTO lti_tool.membership (tenant_id, course_id, person_id, role, active, "
            "seen_at) SELECT tenant_id, CAST(:course AS uuid), CAST(:person AS uuid), 'admin', "
            "true, now() FROM lti_tool.tenant",
        ):
            connection.execute(text(statement), {"person": person, "course": course})
    tool_cli.migrate(settings.read_settings(environ))
    with owner.connect() as connection:
        kept = connection.execute(
            text("SELECT frame_origins FROM lti_tool.platform_registration ORDER BY id")
        ).scalars()
        origins = [[one.split("//")[1].removesuffix(".example") for one in row] for row in kept]
        told = connection.execute(
            text(
                "SELECT details -> 'frame_origins' ->> 0 FROM lti_tool.audit WHERE act = 'forgot "
                "addresses that launches had told' ORDER BY details -> 'platform'"
            )
        ).scalars()
        assert list(told) == ["https://typed.example"] * 2, "for whoever has to type it again"
        role = connection.execute(text("SELECT role FROM lti_tool.membership")).scalar_one()
    owner.dispose()
    assert origins == [["typed", "login"], ["login"], ["typed", "evil", "login"]]
    assert role == "teacher"


def test_weeks_that_began_on_thursdays_become_a_trace_and_alarms_and_levels_go_on(
    servers: EmbeddedServers, new_database: Callable[..., str], tmp_path: Path
) -> None:
    environ = environ_for(servers, new_database(), tmp_path)
    owner = make_engine(environ["CARRYOVER_MIGRATION_URL"])
    ensure_roles(owner, environ["CARRYOVER_DATABASE_URL"])
    with owner.begin() as connection:
        command.upgrade(
            migrations.build_alembic_config(lrs_schema.MIGRATIONS_FOLDER, connection), "0010"
        )
    thursday = {"week": date(2026, 11, 26)}
    with owner.begin() as connection:
        for row in (
            "week_figure (tenant_id, programme, series, team, week, numerator, denominator, "
            "learners) VALUES (1, 'p', 'checks_done', '', :week, 1, 2, 2)",
            "baseline (tenant_id, programme, series, team, since, why, who) "
            "VALUES (1, 'p', 'checks_done', '', :week, 'a', 'b')",
            "alarm (tenant_id, programme, series, team, week, words, owner, level, weeks, calm, "
            "history) VALUES (1, 'p', 'checks_done', '', :week, 'w', 'o', 'owner', 1, 0, '')",
        ):
            connection.execute(text(f"INSERT INTO lrs.{row}"), thursday)
    lrs_schema.upgrade(owner)
    with owner.connect() as connection:
        found = [
            str(connection.execute(text(query)).scalar_one())
            for query in (
                "SELECT restated_why FROM analytics.week_figure",
                "SELECT since FROM analytics.baseline",
                "SELECT week FROM analytics.alarm",
            )
        ]
    owner.dispose()
    assert found == ["weeks begin on Mondays from this version on", "2026-11-30", "2026-11-23"], (
        "a level holds from the first whole week, and an alarm was judged by the week it lies in"
    )


# Of revision 0012: rows with and without a number of their own, and what version 0.1 made for
# reporting tools beside its views.
_FIGURES_BEFORE = (
    "INSERT INTO lrs.tenant (name) VALUES ('one')",
    "INSERT INTO lrs.fact_episode (tenant_id, registration, learner, programme, anchor, tasks_used,"
    " tasks_verified) SELECT 1, CAST(repeat(n::text, 32) AS uuid), n, 'p', '2026-11-02 08:00Z', n,"
    " 0 FROM generate_series(1, 6) n",
    "INSERT INTO lrs.fact_use (tenant_id, registration, ord, learner, programme, task,"
    " seconds_since_anchor, evidence_grade) SELECT 1, registration, learner * 1024, learner, 'p',"
    " 't', 86400, 2 FROM lrs.fact_episode",
    "INSERT INTO lrs.uncountable (tenant_id, ord, registration, reason) VALUES (1, 7,"
    " '00000000-0000-0000-0000-000000000000', 'a reason')",
    "INSERT INTO lrs.baseline (tenant_id, programme, series, team, since, why, who) VALUES"
    " (1, 'p', 'checks_done', '', '2026-11-30', 'a', 'b')",
    "INSERT INTO lrs.reporting_user (role, tenant_id, who) VALUES ('an_analyst', 1, 'w')",
    "CREATE FUNCTION lrs.reporting_tenant(wanted name) RETURNS int LANGUAGE sql STABLE SECURITY"
    " DEFINER SET search_path = pg_catalog AS 'SELECT u.tenant_id FROM lrs.reporting_user u WHERE"
    " u.role = wanted::text'",
    f"CREATE POLICY reporting ON lrs.fact_episode FOR SELECT TO {REPORT_OWNER} USING"
    " (tenant_id = lrs.reporting_tenant(current_user))",
)


def _names_in(connection: Connection, schema: str) -> set[str]:
    return set(inspect(connection).get_table_names(schema))


def _figures_in(connection: Connection, schema: str) -> dict[str, list[str]]:
    """Every row of every table of figures that lies there, as text."""
    return {
        name: sorted(
            connection.execute(text(f"SELECT CAST(t AS text) FROM {schema}.{name} t")).scalars()  # noqa: S608 - names of ours
        )
        for name in _names_in(connection, schema)
        & {table.name for table in figure_tables.metadata.sorted_tables}
    }


@pytest.fixture
def before_the_schema_of_figures(
    servers: EmbeddedServers, new_database: Callable[..., str], tmp_path: Path
) -> Iterator[tuple[Engine, Engine]]:
    """A database of revision 0012 with figures: as its owner, and as the app signs in."""
    environ = environ_for(servers, new_database(), tmp_path)
    owner = make_engine(environ["CARRYOVER_MIGRATION_URL"])
    app = make_engine(environ["CARRYOVER_DATABASE_URL"])
    ensure_roles(owner, environ["CARRYOVER_DATABASE_URL"])
    with owner.begin() as connection:
        command.upgrade(
            migrations.build_alembic_config(lrs_schema.MIGRATIONS_FOLDER, connection), "0012"
        )
        for statement in _FIGURES_BEFORE:
            connection.execute(text(statement))
    yield owner, app
    owner.dispose()
    app.dispose()


def test_tables_of_figures_move_into_a_schema_of_their_own_with_every_row(
    before_the_schema_of_figures: tuple[Engine, Engine],
) -> None:
    owner, app = before_the_schema_of_figures
    with owner.connect() as connection:
        before = _figures_in(connection, "lrs")
    assert len(before) == 27 and sum(len(rows) for rows in before.values()) == 6 + 6 + 1 + 1 + 1
    with owner.begin() as connection:
        command.upgrade(
            migrations.build_alembic_config(lrs_schema.MIGRATIONS_FOLDER, connection), "0013"
        )
    with owner.connect() as connection:
        assert _figures_in(connection, "analytics") == before
        assert _figures_in(connection, "lrs") == {}
        assert _names_in(connection, "analytics") == set(before), "figures alone"
    with make_unit_of_work(app)(1) as connection:
        added = connection.execute(
            text(
                "INSERT INTO analytics.baseline (tenant_id, programme, series, team, since, why,"
                " who) VALUES (1, 'p', 'checks_done', '', '2026-12-07', 'a', 'b')"
                " RETURNING baseline_id"
            )
        ).scalar_one()
        assert added == 2, "the numbers go on"
    with make_unit_of_work(app)(2) as connection:
        assert not any(_figures_in(connection, "analytics")["fact_episode"]), "of another tenant"


def test_what_reporting_tools_read_by_goes_with_the_tables_of_figures(
    before_the_schema_of_figures: tuple[Engine, Engine],
) -> None:
    owner, _ = before_the_schema_of_figures
    lrs_schema.upgrade(owner)
    with owner.connect() as connection:
        tenant = text("SELECT analytics.reporting_tenant('an_analyst')")
        assert connection.execute(tenant).scalar_one() == 1
        told = "SELECT to_regproc('lrs.reporting_tenant')"
        assert connection.execute(text(told)).scalar_one() is None
        may = "SELECT has_schema_privilege(:role, 'lrs', 'USAGE')"
        assert not connection.execute(text(may), {"role": REPORT_OWNER}).scalar_one()
    reporting_views.rebuild_views(owner, catalogue_views())
    with owner.connect() as connection:
        bound = text(
            "SELECT tablename FROM pg_policies WHERE schemaname = 'analytics' AND policyname ="
            " 'reporting'"
        )
        assert set(connection.execute(bound).scalars()) == set(reporting_views.READABLE_TABLES)
