"""One demo for all functional tests; those that end it start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo import Browser, Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo.start(tmp_path_factory.mktemp("demo") / "home")
    running.settled()
    yield running
    running.stop()
    assert not running.processes(), "Ctrl-C leaves no process"


@pytest.fixture
def browser() -> Iterator[Browser]:
    made = Browser()
    yield made
    made.close()
