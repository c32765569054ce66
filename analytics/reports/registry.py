"""The registry of reports by key: every module of ``analytics.reports.builders``. To add a report,
write a function marked ``@report`` there, and its label in ``lrs.vocabulary.report_names``.
"""

from __future__ import annotations

import importlib
import pkgutil

from analytics.definitions import DIMENSIONS, groups
from analytics.reports import builders, privacy
from analytics.reports.context import REPORT_BUILDERS, ReportRequest

__all__ = ["REPORT_BUILDERS", "list_dimension_values"]

for _module in pkgutil.iter_modules(builders.__path__, f"{builders.__name__}."):
    importlib.import_module(_module.name)

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
