"""A fresh tool for each test, and a platform that answers over real HTTP what a recorded Moodle
answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import settings as ground_settings
from core.embedded import EmbeddedServers
from lti_tool import operator_api
from tests.conftest import Databases, environ_for
from tests.support.assessments import group
from tests.support.digests import console
from tests.support.mailbox import postbox
from tests.support.tool import FakeServer, Tool, running_tool, set_up_tool
from tests.support.visits import home

# Fixtures of the helpers, for every test of this folder.
__all__ = ["console", "group", "home", "postbox"]


@pytest.fixture(scope="session")
def tool_template(
    servers: EmbeddedServers,
    databases: Databases,
    lrs_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A database with the tables of the record store and the tool."""
    name = databases.make(lrs_template)
    operator_api.migrate(
        ground_settings.read_settings(environ_for(servers, name, tmp_path_factory.mktemp("home")))
    )
    return name


@pytest.fixture(scope="session")
def ready_tool_template(
    servers: EmbeddedServers,
    databases: Databases,
    tool_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """The same with a tenant, its programme and its platform."""
    name = databases.make(tool_template)
    set_up_tool(servers, name, tmp_path_factory.mktemp("home"))
    return name


@pytest.fixture
def server() -> Iterator[FakeServer]:
    made = FakeServer()
    yield made
    made.close()


@pytest.fixture
def tool(
    servers: EmbeddedServers,
    new_database: Callable[..., str],
    ready_tool_template: str,
    tmp_path: Path,
    server: FakeServer,
) -> Iterator[Tool]:
    with running_tool(servers, new_database(ready_tool_template), tmp_path, server) as made:
        yield made


@pytest.fixture(scope="module")
def shared_tool(
    servers: EmbeddedServers,
    databases: Databases,
    ready_tool_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Tool]:
    """One tool for tests that leave nothing behind, which they prove."""
    server, home = FakeServer(), tmp_path_factory.mktemp("home")
    with (
        databases.temporary(ready_tool_template) as database,
        running_tool(servers, database, home, server) as made,
    ):
        yield made
    server.close()
