"""Resolve the column that a grade goes to: the launch's own, or one found by its resource, or a
new one, created by only one sender.

The launch's own column is verified: Open edX puts the first column of an activity into every
launch of it, whichever check it opens.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from adapters.lms import LineItem
from core.errors import BadInput
from core.http_client import OutsideCallFailed, limit_total_time
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import Platform
from lti_tool.checks import grades_store, line_items
from lti_tool.checks.grades_store import Column, LeasedGrade
from lti_tool.people import courses_store
from lti_tool.programmes import activity_pages
from lti_tool.programmes.activity_pages import CHECK_TAG

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0  # A page waits no longer than this to learn which columns there are.


class ColumnClaimed(Exception):
    """Another sender is creating this very column."""


def resolve_column_url(deps: ToolDeps, platform: Platform, row: LeasedGrade) -> str:
    """The column's URL. BadInput, with a message for a teacher, if there is none; Busy while
    another sender is creating it."""
    if row.line_item_url and not (
        row.line_items_url and _is_other_checks_column(deps, platform, row)
    ):
        return row.line_item_url
    place = grades_store.place_key(row.line_items_url, row.resource_id)
    with deps.unit_of_work(platform.tenant_id) as connection:
        known = grades_store.find_column(connection, platform.tenant_id, platform.id, place)
        if known is None and not grades_store.claim_column(
            connection, platform.tenant_id, platform.id, place, row.label, row.maximum
        ):
            raise ColumnClaimed
    if known is not None:
        return known.url
    wanted = LineItem(row.label, row.maximum, row.resource_id, CHECK_TAG)
    try:
        created = ensure_line_item(deps, platform, row.line_items_url, wanted)
    except Exception:
        with deps.unit_of_work(platform.tenant_id) as connection:
            grades_store.release_column_claim(
                connection, platform.tenant_id, platform.id, place
            )  # Release the claim, so that the next attempt need not wait until it expires.
        raise
    with deps.unit_of_work(platform.tenant_id) as connection:
        grades_store.upsert_column(
            connection,
            platform.tenant_id,
            platform.id,
            Column(place, created.url, created.label, created.maximum),
        )
    return created.url


def ensure_line_item(
    deps: ToolDeps, platform: Platform, line_items_url: str, wanted: LineItem
) -> LineItem:
    """The column of a check in the LMS: one that is there, of an activity first, or a new one."""
    links = links_of_check(deps, platform, line_items_url, wanted.resource_id)
    return line_items.find_line_item(
        deps, platform, line_items_url, wanted.resource_id, links
    ) or line_items.create_line_item(deps, platform, line_items_url, wanted)


def links_of_check(
    deps: ToolDeps, platform: Platform, line_items_url: str, resource_id: str
) -> frozenset[str]:
    """The activities of a course that open the check whose column has this resource id."""
    programme, page = activity_pages.check_of_resource(resource_id)
    if not page:
        return frozenset()
    with deps.unit_of_work(platform.tenant_id) as connection:
        return courses_store.list_links_of_page(
            connection, platform.tenant_id, platform.id, line_items_url, programme, page
        )


def look_at_columns(
    deps: ToolDeps, platform: Platform, line_items_url: str
) -> list[LineItem] | None:
    """The columns of a course, for a page that waits; None if the LMS does not say in time."""
    try:
        with limit_total_time(LOOK_SECONDS):
            return line_items.list_line_items(deps, platform, line_items_url)
    except (TokenRefused, BadInput, OutsideCallFailed, ValueError) as error:
        log.info("tenant %s: the columns were not listed: %s", platform.tenant_id, error)
        return None


def find_checks_with_column(
    deps: ToolDeps, platform: Platform, line_items_url: str, resource_ids: Sequence[str]
) -> frozenset[str]:
    """Those of the checks (by resource id) that have a column in the course. An LMS that does not
    say is taken to have those that are known here; one that says so has only what it names."""
    tenant_id = platform.tenant_id
    places = {grades_store.place_key(line_items_url, name): name for name in resource_ids}
    with deps.unit_of_work(tenant_id) as connection:
        known = [
            column
            for column in grades_store.list_columns(
                connection, tenant_id, platform.id, line_items_url
            )
            if column.place in places
        ]
    listed = look_at_columns(deps, platform, line_items_url)
    if listed is None:
        return frozenset(places[column.place] for column in known)
    there = frozenset(
        name
        for name in resource_ids
        if line_items.columns_of_resource(
            listed, name, links_of_check(deps, platform, line_items_url, name)
        )
    )
    with deps.unit_of_work(tenant_id) as connection:
        for column in known:
            if places[column.place] not in there:  # Somebody deleted it in the LMS.
                grades_store.delete_column(connection, tenant_id, platform.id, column.place)
    return there


def _is_other_checks_column(deps: ToolDeps, platform: Platform, row: LeasedGrade) -> bool:
    """Whether the column named in the launch belongs to another check: one that we created, or
    one whose resource says so. The LMS is asked once per column; if it denies access, the
    launch is trusted."""
    with deps.unit_of_work(platform.tenant_id) as connection:
        whose = grades_store.find_column_resource(
            connection, platform.tenant_id, platform.id, row.line_item_url
        )
    if whose is None:
        try:
            result = line_items.fetch_line_item(deps, platform, row.line_item_url)
        except (TokenRefused, BadInput):
            return False
        whose = result.resource_id if result is not None and result.tag == CHECK_TAG else ""
        with deps.unit_of_work(platform.tenant_id) as connection:
            grades_store.save_column_resource(
                connection, platform.tenant_id, platform.id, row.line_item_url, whose
            )
    return bool(whose) and whose != row.resource_id
