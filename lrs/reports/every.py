"""Every report by its key."""

from __future__ import annotations

from collections.abc import Mapping

from lrs.metrics.definitions import DIMENSIONS, groups
from lrs.reports import privacy, tables, worth
from lrs.reports.scorecard import scorecard
from lrs.reports.tables import Asked, Making

REPORTS: Mapping[str, Making] = {
    "scorecard": scorecard,
    "forgetting": tables.forgetting,
    "first_use": tables.first_use,
    "weak_domains": tables.weak_domains,
    "items": tables.items,
    "impact": worth.impact,
    "roi": worth.roi,
    "heat_map": tables.heat_map,
    "teams": tables.teams,
    "waves": tables.waves,
    "series": tables.series,
    "raters": tables.raters,
    "use": tables.use,
    "checklist": tables.checklist,
    "quality": tables.quality,
}

MOST_VALUES = 200  # of one dimension that a page offers


def dimensions(asked: Asked) -> dict[str, list[str]]:
    """By what a programme's figures can be narrowed: the values of each dimension, those of fewer than five people left out."""
    whole, found = asked.scope.widest(), {}
    for name in DIMENSIONS[1:]:
        rows = [row for row in asked.connection.execute(groups.sizes(whole, name)) if row.value]
        found[name] = [row.value for row in rows if asked.individual or row.learners >= privacy.FEWEST][:MOST_VALUES]
    return found
