"""The one place where reports that were computed beforehand are kept: ``get_computed`` and
``fill_computed``. A job fills it (analytics.jobs.materialize_reports).

Two kinds of entries lie in it: what takes longer than a page may for any programme
(analytics.reports.materialize), and, for a large programme, whatever its pages show
(analytics.reports.cache).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from analytics.reports.context import ReportRequest
from analytics.store import computed_reports
from core.clock import format_instant


class ComputedReport(NamedTuple):
    """A report's body as JSON holds it, the instant up to which statements were counted for it,
    and when it was computed."""

    body: dict[str, Any]
    watermark: str
    computed_at: str


def get_computed(requested: ReportRequest, name: str) -> ComputedReport | None:
    """What was computed of the whole programme under ``name``; None if it is not computed yet, or
    if no programme is requested."""
    scope = requested.scope
    if scope.programme is None:
        return None
    row = computed_reports.find_computed_report(
        requested.connection, scope.tenant_id, scope.programme, name
    )
    if row is None:
        return None
    body, watermark, computed_at = row
    return ComputedReport(body, format_instant(watermark), format_instant(computed_at))


def fill_computed(
    requested: ReportRequest, name: str, body: dict[str, Any], watermark: datetime
) -> None:
    """Keep ``body`` under ``name`` in place of what was computed of the programme before."""
    scope = requested.scope
    assert scope.programme is not None
    computed_reports.upsert_computed_report(
        requested.connection, scope.tenant_id, scope.programme, name, body, watermark
    )


def shown_name(key: str) -> str:
    """The name of what a large programme's pages show under ``key``."""
    return f"{computed_reports.CACHE_PREFIX}people/{key}"
