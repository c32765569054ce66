"""The long form of the concurrency test: a minute instead of three seconds."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.lrs import test_concurrency
from tests.support.store import Live

SECONDS = 60.0
RESULTS = Path(__file__).parent / "results" / "concurrency.md"


def test_a_minute_of_many_writers(
    live: Live, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(test_concurrency, "SECONDS", SECONDS)
    test_concurrency.test_many_writers_that_share_activities_never_fail_and_readers_miss_nothing(
        live
    )
    said = capsys.readouterr().out.strip()
    RESULTS.write_text(
        "# Many writers that share everything\n\n"
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}. `make soak`\n\n"
        f"{said}. No deadlock in the log of PostgreSQL. One reader followed `more`, another "
        "polled `since=` the consistent-through moment.\n"
    )
