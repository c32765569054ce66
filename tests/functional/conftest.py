"""What functional tests use: a demo for all of them, or a home for one of their own, and a browser
without scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.demo import Browser
from tests.support.demo_homes import demo, new_home

# Fixtures of the helpers, for every test of this folder.
__all__ = ["demo", "new_home"]


@pytest.fixture
def home(new_home: Callable[[], Path]) -> Path:
    """A home whose demo was started before."""
    return new_home()


@pytest.fixture
def browser() -> Iterator[Browser]:
    made = Browser()
    yield made
    made.close()
