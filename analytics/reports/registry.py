"""The registry of reports by key: every module of ``analytics.reports.builders``. To add a report,
write a function marked ``@report`` there, and its label in ``lrs.vocabulary.report_names``.
"""

from __future__ import annotations

import importlib
import pkgutil

from analytics.definitions import DIMENSIONS, groups
from analytics.reports import builders
from analytics.reports.context import REPORT_BUILDERS, ReportRequest
from analytics.store import published

__all__ = ["REPORT_BUILDERS", "list_dimension_values"]

for _module in pkgutil.iter_modules(builders.__path__, f"{builders.__name__}."):
    importlib.import_module(_module.name)

MAX_DIMENSION_VALUES = 200  # values of one dimension that a page offers


def list_dimension_values(requested: ReportRequest) -> dict[str, list[str]]:
    """The values of each dimension by which a programme's figures can be narrowed: of published
    ones those of packets, that are published."""
    whole = requested.scope.widest()
    result: dict[str, list[str]] = {}
    if not requested.individual:
        found = published.list_scopes(
            requested.connection, whole.tenant_id, whole.programme or published.ALL_PROGRAMMES
        )
        for kind, value in found:
            if value and kind in (*DIMENSIONS[1:], published.MONTH):
                result.setdefault(kind, []).append(value)
        return {name: values[:MAX_DIMENSION_VALUES] for name, values in result.items()}
    for name in DIMENSIONS[1:]:
        rows = requested.connection.execute(groups.select_group_sizes(whole, name))
        result[name] = [row.value for row in rows if row.value][:MAX_DIMENSION_VALUES]
    return result
