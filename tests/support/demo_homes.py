"""Demos on copies of a home that was made once."""

from __future__ import annotations

import fcntl
import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes the home of a demo that was started once and stopped: the second start takes a third of
    the time. The processes of a run that is spread over several share the first.
    """
    base = tmp_path_factory.getbasetemp()
    first = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "first-demo" / "home"
    first.parent.mkdir(exist_ok=True)
    with (first.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not first.exists():
            running = Demo.start(first.with_name("begun"))
            try:
                running.settled()
            finally:
                running.stop()
            assert not running.processes(), "Ctrl-C leaves no process"
            running.home.rename(first)  # whole, or not there
    numbers, folder = itertools.count(1), tmp_path_factory.mktemp("homes")

    def make() -> Path:
        made = folder / str(next(numbers)) / "home"
        made.parent.mkdir()
        subprocess.run(
            ["cp", "-a", first, made], check=True
        )  # with its owners: PostgreSQL's folder is not root's
        return made

    return make


@pytest.fixture(scope="package")
def demo(new_home: Callable[[], Path]) -> Iterator[Demo]:
    """One for all tests of a folder; those that end it, or use it up, start their own."""
    running = Demo.start(new_home())
    running.settled()
    yield running
    running.stop()
    assert not running.processes(), "Ctrl-C leaves no process"
