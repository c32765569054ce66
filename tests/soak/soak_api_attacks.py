"""The long form of the attacks on both documented interfaces: a hundred requests for each
operation.
"""

from __future__ import annotations

import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.deps import AnalyticsDeps
from carryover.composition import StoreAndAnalytics
from tests.integration.analytics import test_api_document
from tests.integration.analytics.conftest import (
    analytics_template,
    deps,
    joined,
    lrs_settings,
    one,
    tenant,
)
from tests.integration.lrs import test_fuzz
from tests.support.store import Caller

__all__ = ["analytics_template", "deps", "joined", "lrs_settings", "one", "tenant"]

EXAMPLES = 100
RESULTS = Path(__file__).parent / "results" / "api_attacks.md"


def test_a_hundred_requests_for_each_operation(
    joined: StoreAndAnalytics, deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (test_fuzz, test_api_document):
        monkeypatch.setattr(module, "EXAMPLES", EXAMPLES)
    begun = time.monotonic()
    test_fuzz.test_schemathesis_finds_no_failure_of_ours_on_any_resource(one, joined.store)
    test_api_document.test_schemathesis_finds_no_failure_and_no_undocumented_answer(one, deps)
    RESULTS.write_text(
        "# Requests that mean no good\n\n"
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}. `make soak`\n\n"
        f"{EXAMPLES} generated requests for each documented operation of the record store and of "
        f"the figures, valid and invalid, in {time.monotonic() - begun:.0f} s. No answer of 500 or "
        "more; no answer of the figures that the document does not know.\n"
    )
