"""A fresh tool for each test, and a platform that answers over real HTTP what a recorded Moodle
answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import settings as ground_settings
from lti_tool import operator_api
from tests.conftest import environ_for
from tests.support.assessments import group
from tests.support.digests import console
from tests.support.mailbox import postbox
from tests.support.tool import FakeServer, Tool, running_tool
from tests.support.visits import home

# Fixtures of the helpers, for every test of this folder.
__all__ = ["console", "group", "home", "postbox"]


@pytest.fixture(scope="session")
def tool_template(
    servers: Any,
    new_database: Callable[..., str],
    lrs_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A database with both houses' tables."""
    name = new_database(lrs_template)
    operator_api.migrate(
        ground_settings.read_settings(environ_for(servers, name, tmp_path_factory.mktemp("home")))
    )
    return name


@pytest.fixture
def server() -> Iterator[FakeServer]:
    made = FakeServer()
    yield made
    made.close()


@pytest.fixture
def tool(
    servers: Any,
    new_database: Callable[..., str],
    tool_template: str,
    tmp_path: Path,
    server: FakeServer,
) -> Iterator[Tool]:
    with running_tool(servers, new_database(tool_template), tmp_path, server) as made:
        yield made


@pytest.fixture(scope="module")
def shared_tool(
    servers: Any,
    new_database: Callable[..., str],
    tool_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Tool]:
    """One tool for tests that leave nothing behind, which they prove."""
    server = FakeServer()
    with running_tool(
        servers, new_database(tool_template), tmp_path_factory.mktemp("home"), server
    ) as made:
        yield made
    server.close()
