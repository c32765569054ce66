"""The registry of reports by key."""

from __future__ import annotations

from collections.abc import Mapping

from lrs.metrics.definitions import DIMENSIONS, groups
from lrs.metrics.weekly import SERIES
from lrs.reports import comparisons, competencies, lasting, privacy, questions, series, trust, worth
from lrs.reports.asking import Asked, Making
from lrs.reports.scorecard import scorecard

REPORTS: Mapping[str, Making] = {
    "scorecard": scorecard,
    "forgetting": lasting.forgetting,
    "first_use": lasting.first_use,
    "weak_domains": competencies.weak_domains,
    "items": questions.items,
    "impact": worth.impact,
    "roi": worth.roi,
    "heat_map": competencies.heat_map,
    "teams": comparisons.teams,
    "waves": comparisons.waves,
    "innovation": comparisons.innovation,
    **{key: series.week_by_week(key) for key in SERIES},
    "readings": series.period_by_period,
    "raters": questions.raters,
    "use": comparisons.use,
    "checklist": trust.checklist,
    "quality": trust.quality,
}

MOST_VALUES = 200  # values of one dimension that a page offers


def dimensions(asked: Asked) -> dict[str, list[str]]:
    """The values of each dimension by which a programme's figures can be narrowed, without
    those of fewer than five people."""
    whole, found = asked.scope.widest(), {}
    for name in DIMENSIONS[1:]:
        rows = [row for row in asked.connection.execute(groups.sizes(whole, name)) if row.value]
        found[name] = [row.value for row in rows if asked.individual or row.learners >= privacy.MIN_GROUP_SIZE][:MOST_VALUES]
    return found
