"""Checks with two columns in one gradebook: the tool's own, and that of an activity that was chosen
later (an LMS that makes a column for every activity does so whatever the tool answers: Moodle's
setting "Accept grades from the tool: Always", mod/lti/locallib.php, content_item_to_form).

Grades go to the activity's column first; then the tool's own one can be removed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters.lms import LineItem
from lti_tool.base.deps import ToolDeps
from lti_tool.base.platforms_store import Platform
from lti_tool.checks import grade_columns, grades_store, line_items
from lti_tool.checks.grades_store import Column


@dataclass(frozen=True)
class DoubleColumn:
    """Two columns of one check. ``to_move``: how many people's newest grades have not been sent to
    ``kept``; ``on_their_way``: how many wait to be."""

    place: str
    own: LineItem
    kept: LineItem
    to_move: int
    on_their_way: int


def find_double_columns(
    deps: ToolDeps, platform: Platform, line_items_url: str, columns: Sequence[Column]
) -> list[DoubleColumn]:
    """The checks with two columns; empty if the LMS does not say in time. A column that belongs to
    no activity is the tool's own."""
    listed = grade_columns.look_at_columns(deps, platform, line_items_url)
    if listed is None:
        return []
    result = []
    for column in columns:
        resource_id = str(json.loads(column.place)[1])
        links = grade_columns.links_of_check(deps, platform, line_items_url, resource_id)
        of_check = line_items.columns_of_resource(listed, resource_id, links)
        if not of_check or not of_check[0].resource_link_id:
            continue
        kept = of_check[0]
        for own in (item for item in of_check if not item.resource_link_id):
            with deps.unit_of_work(platform.tenant_id) as connection:
                counted = grades_store.count_outside_column(
                    connection, platform.tenant_id, platform.id, column.place, kept.url
                )
            result.append(DoubleColumn(column.place, own, kept, *counted))
    return result


def move_grades(
    connection: Connection, platform: Platform, double: DoubleColumn, now: datetime
) -> None:
    """Send everybody's newest grade to the activity's column, and later ones, too."""
    tenant_id, kept = platform.tenant_id, double.kept
    for id_ in grades_store.list_outside_column(
        connection, tenant_id, platform.id, double.place, kept.url
    ):
        if grades_store.requeue_grade(connection, tenant_id, id_, None, platform.id, now):
            grades_store.name_column(connection, tenant_id, id_, kept.url)
    grades_store.upsert_column(
        connection, tenant_id, platform.id, Column(double.place, kept.url, kept.label, kept.maximum)
    )
