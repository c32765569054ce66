"""The long form of "incremental equals full": many more worlds, each longer."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.deps import AnalyticsDeps
from tests.integration.analytics import test_incremental_equals_full
from tests.integration.analytics.conftest import (
    analytics_template,
    deps,
    joined,
    lrs_settings,
    tenant,
)
from tests.support.store import Caller

__all__ = ["analytics_template", "deps", "joined", "lrs_settings", "tenant"]

EXAMPLES, STEPS = 150, 40
RESULTS = Path(__file__).parent / "results" / "incremental.md"


def test_many_worlds(
    deps: AnalyticsDeps, tenant: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_incremental_equals_full, "EXAMPLES", EXAMPLES)
    monkeypatch.setattr(test_incremental_equals_full, "STEPS", STEPS)
    begun = time.monotonic()
    test_incremental_equals_full.test_incremental_equals_full_row_for_row(deps, tenant)
    RESULTS.write_text(
        "# Incremental equals full, row for row\n\n"
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}. `make soak`\n\n"
        f"{EXAMPLES} worlds of up to {STEPS} steps in {time.monotonic() - begun:.0f} s: arrivals "
        "in any order, repeats, voids, merges and their undoing, activities of other systems "
        "mapped and not,"
        " erasures, counts by up to 4 workers at once, full recounts into emptied tables. No row "
        "differed.\n"
    )
