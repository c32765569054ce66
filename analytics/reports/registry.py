"""The registry of reports by key."""

from __future__ import annotations

from collections.abc import Mapping

from analytics.definitions import DIMENSIONS, groups
from analytics.reports import (
    comparisons,
    competencies,
    data_quality,
    privacy,
    questions,
    retention_curves,
    roi,
    series,
)
from analytics.reports.context import ReportBuilder, ReportRequest
from analytics.reports.scorecard import scorecard_report
from analytics.weekly_series import WEEKLY_SERIES

REPORT_BUILDERS: Mapping[str, ReportBuilder] = {
    "scorecard": scorecard_report,
    "forgetting": retention_curves.forgetting_report,
    "first_use": retention_curves.first_use_report,
    "weak_domains": competencies.weak_domains_report,
    "items": questions.items_report,
    "impact": roi.impact_report,
    "roi": roi.roi_report,
    "heat_map": competencies.heat_map_report,
    "teams": comparisons.teams_report,
    "waves": comparisons.waves_report,
    "innovation": comparisons.innovation_report,
    **{key: series.weekly_report_builder(key) for key in WEEKLY_SERIES},
    "readings": series.readings_report,
    "raters": questions.raters_report,
    "use": comparisons.usage_report,
    "checklist": data_quality.checklist_report,
    "quality": data_quality.quality_report,
}

MAX_DIMENSION_VALUES = 200  # values of one dimension that a page offers


def list_dimension_values(requested: ReportRequest) -> dict[str, list[str]]:
    """The values of each dimension by which a programme's figures can be narrowed, without
    those of fewer than five people."""
    whole, result = requested.scope.widest(), {}
    for name in DIMENSIONS[1:]:
        rows = [
            row
            for row in requested.connection.execute(groups.select_group_sizes(whole, name))
            if row.value
        ]
        result[name] = [
            row.value
            for row in rows
            if requested.individual or row.learners >= privacy.MIN_GROUP_SIZE
        ][:MAX_DIMENSION_VALUES]
    return result
