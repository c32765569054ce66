"""The column that a grade goes to: the launch's own, or one found by its resource, or a new one, made by one sender alone."""

from __future__ import annotations

from adapters.lms import LineItem
from lti_tool.actions.choices import CHECK_TAG
from lti_tool.lti import columns
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import grades
from lti_tool.store.grades import Column, GradeRow
from lti_tool.store.platforms import Platform


class Busy(Exception):
    """Another sender is making this very column."""


def column_url(deps: ToolDeps, platform: Platform, row: GradeRow) -> str:
    """The column's address. BadInput, with words for a teacher, when there is none to be had; Busy while another sender makes it."""
    if row.line_item_url:
        return row.line_item_url
    with deps.unit_of_work(platform.tenant_id) as connection:
        known = grades.column(connection, platform.tenant_id, platform.id, row.place)
        if known is None and not grades.claim_column(connection, platform.tenant_id, platform.id, row.place, row.label, row.maximum):
            raise Busy
    if known is not None:
        return known.url
    wanted = LineItem(row.label, row.maximum, row.resource_id, CHECK_TAG)
    try:
        made = columns.find(deps, platform, row.line_items_url, row.resource_id) or columns.make(deps, platform, row.line_items_url, wanted)
    except Exception:
        with deps.unit_of_work(platform.tenant_id) as connection:
            grades.release_column(connection, platform.tenant_id, platform.id, row.place)  # the claim: the next try need not wait for its end
        raise
    with deps.unit_of_work(platform.tenant_id) as connection:
        grades.keep_column(connection, platform.tenant_id, platform.id, Column(row.place, made.url, made.label, made.maximum))
    return made.url
