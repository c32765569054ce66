"""What users see of the structure stays as it is unless somebody means to change it: the kept texts lie in ``goldens/``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from core import deps as common_deps
from core import settings
from core.embedded import EmbeddedServers
from lrs import app as store_app
from lrs import operator_api as store_cli
from lrs.actions.deps import StoreDeps, build_store_deps
from lrs.actions.scopes import SCOPES
from lti_tool import app as tool_app
from lti_tool import bootstrap
from lti_tool import operator_api as tool_cli
from tests.conftest import environ_for
from tests.support import goldens


@pytest.fixture(scope="module")
def migrated(
    servers: EmbeddedServers, new_database: Callable[..., str], lrs_template: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    environ = environ_for(servers, new_database(lrs_template), tmp_path_factory.mktemp("home"))
    tool_cli.migrate(settings.read_settings(environ))
    return environ


@pytest.fixture
def deps(migrated: dict[str, str]) -> Iterator[StoreDeps]:
    made = build_store_deps(common_deps.build_deps(settings.read_settings(migrated)))
    yield made
    made.close()


def test_the_routes_of_the_tool_and_who_may_call_them(migrated: dict[str, str]) -> None:
    deps = bootstrap.build(migrated)
    goldens.require_golden("tool_routes.txt", goldens.tool_routes(tool_app.create_app(deps)))
    deps.engine.dispose()
    deps.client.close()
    deps.own_client.close()


def test_the_routes_of_the_record_store_and_which_scope_opens_each(migrated: dict[str, str], deps: StoreDeps) -> None:
    """Asked with each scope alone: the answer decides, not a table."""
    made = store_cli.create_tenant(settings.read_settings(migrated), "one", [(scope, (scope,)) for scope in SCOPES])
    headers = {scope: goldens.basic(*pair) for scope, pair in zip(SCOPES, made, strict=True)}
    app = store_app.create_app(deps)
    goldens.require_golden("store_routes.txt", goldens.store_routes(app, app.test_client(), headers))


def test_the_document_of_the_api() -> None:
    goldens.require_golden("openapi.json", goldens.document())


def test_the_tables_of_a_migrated_database(migrated: dict[str, str]) -> None:
    goldens.require_golden("tables.sql", goldens.tables(migrated["CARRYOVER_MIGRATION_URL"]))


def test_the_jobs_and_their_queues() -> None:
    goldens.require_golden("jobs.txt", goldens.jobs())


def test_the_commands_and_their_help() -> None:
    goldens.require_golden("commands.txt", goldens.commands())


def test_the_settings() -> None:
    goldens.require_golden("settings.txt", goldens.setting_table())
