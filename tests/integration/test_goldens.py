"""What users see of the structure stays as it is unless somebody means to change it: the kept texts
lie in ``goldens/``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from carryover import composition
from carryover.composition import StoreAndAnalytics
from core import settings
from core.embedded import EmbeddedServers
from lrs import operator_api as store_cli
from lrs.actions.scopes import SCOPES
from lti_tool import app as tool_app
from lti_tool import bootstrap
from lti_tool import operator_api as tool_cli
from tests.conftest import Databases, environ_for
from tests.support import goldens


@pytest.fixture(scope="module")
def migrated(
    servers: EmbeddedServers,
    databases: Databases,
    lrs_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    environ = environ_for(servers, databases.make(lrs_template), tmp_path_factory.mktemp("home"))
    composition.migrate_store(settings.read_settings(environ))
    tool_cli.migrate(settings.read_settings(environ))
    return environ


@pytest.fixture
def joined(migrated: dict[str, str]) -> Iterator[StoreAndAnalytics]:
    made = composition.build_from_environ(migrated)
    yield made
    made.close()


def test_the_routes_of_the_tool_and_who_may_call_them(migrated: dict[str, str]) -> None:
    deps = bootstrap.build(migrated)
    goldens.require_golden("tool_routes.txt", goldens.tool_routes(tool_app.create_app(deps)))
    deps.engine.dispose()
    deps.client.close()
    deps.own_client.close()


def test_the_routes_of_the_record_store_and_which_scope_opens_each(
    migrated: dict[str, str], joined: StoreAndAnalytics
) -> None:
    """Asked with each scope alone: the answer decides, not a table."""
    made = store_cli.create_tenant(
        settings.read_settings(migrated), "one", [(scope, (scope,)) for scope in SCOPES]
    )
    headers = {scope: goldens.basic(*pair) for scope, pair in zip(SCOPES, made, strict=True)}
    app = composition.create_store_app(joined)
    goldens.require_golden(
        "store_routes.txt", goldens.store_routes(app, app.test_client(), headers)
    )


def test_the_document_of_the_api(joined: StoreAndAnalytics) -> None:
    goldens.require_golden("openapi.json", goldens.document(composition.create_store_app(joined)))


def test_the_tables_of_a_migrated_database(migrated: dict[str, str]) -> None:
    goldens.require_golden("tables.sql", goldens.tables(migrated["CARRYOVER_MIGRATION_URL"]))


def test_the_jobs_and_their_queues() -> None:
    goldens.require_golden("jobs.txt", goldens.jobs())


def test_the_commands_and_their_help() -> None:
    goldens.require_golden("commands.txt", goldens.commands())


def test_the_settings() -> None:
    goldens.require_golden("settings.txt", goldens.setting_table())
