"""Look once a day whether grades that were sent are still in the gradebook: a column may have been
deleted with its activity, a course reset, a grade changed by somebody. What is found is shown to
the teacher, who decides; nothing is sent again by itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from adapters.lms import dialect_for
from adapters.lms.standard import RESULT_SCOPE
from core import clock
from core.errors import BadInput
from core.http_client import OutsideCallFailed, limit_total_time
from lti_tool.base import platform_services, platforms_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import Platform
from lti_tool.checks import grades_store, line_items
from lti_tool.checks.grades_store import MISSING, OTHER, SentPlace
from lti_tool.checks.grades_store import THERE as PRESENT

log = logging.getLogger(__name__)

LOOK_INTERVAL, RETRY_INTERVAL = timedelta(days=1), timedelta(hours=1)
# Grades of checks of half a year ago are still looked for; older ones have been graded into a term.
KEPT_IN_SIGHT = timedelta(days=400)
COLUMN_SECONDS = 20  # for all calls about one column
RUN_SECONDS = 60  # of one run: the others follow in the next
SHARE_TOLERANCE = 1e-4  # As a share of the maximum: Moodle keeps five digits of a grade.


def look_up_sent_grades(deps: ToolDeps, tenant_id: int) -> int:
    """Look at the columns that are due, until the time is over; return how many."""
    looked, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        now = clock.now()
        with deps.unit_of_work(tenant_id) as connection:
            place = grades_store.find_place_to_look_at(
                connection, tenant_id, now - LOOK_INTERVAL, now - KEPT_IN_SIGHT
            )
            if place is None:
                return looked
            platform = platforms_store.get_platform(connection, tenant_id, place.registration_id)
        url: str | None = place.url
        found: Mapping[int, str] = {}
        try:
            with limit_total_time(COLUMN_SECONDS):
                url = _find_column(deps, platform, place)
                found = _look(deps, platform, place, url)
        except (TokenRefused, BadInput):
            log.info("tenant %s: %s lets nobody look at grades", tenant_id, platform.name)
        except (OutsideCallFailed, ValueError, ArithmeticError) as error:
            log.warning("tenant %s: grades were not looked up: %s", tenant_id, error)
            now += RETRY_INTERVAL - LOOK_INTERVAL
        with deps.unit_of_work(tenant_id) as connection:
            grades_store.mark_looked_at(connection, tenant_id, place, found, now)
            if url is None:
                grades_store.delete_column(connection, tenant_id, platform.id, place.place)
                grades_store.forget_own_column(connection, tenant_id, list(found))
        looked += 1
    return looked


def _find_column(deps: ToolDeps, platform: Platform, place: SentPlace) -> str | None:
    """The column that the grades went to; None if it is there no more. BadInput if there is no
    address at which it could be looked for."""
    if not place.url and not place.line_items_url:
        raise BadInput("The launch named no column.")
    item = (
        line_items.fetch_line_item(deps, platform, place.url)
        if place.url
        else line_items.find_line_item(deps, platform, place.line_items_url, place.resource_id)
    )
    if item is None:
        return None
    with deps.unit_of_work(platform.tenant_id) as connection:
        grades_store.save_column_end(
            connection, platform.tenant_id, platform.id, item.url, _parse_end(item.ends)
        )
    return item.url


def _parse_end(text: str) -> datetime | None:
    """The time at which a column closes; None where the LMS writes none that can be read."""
    try:
        return clock.parse_instant(text) if text else None
    except (ValueError, OverflowError):
        return None


def _look(
    deps: ToolDeps, platform: Platform, place: SentPlace, url: str | None
) -> Mapping[int, str]:
    """What became of each grade (by its id)."""
    shares = _read_shares(deps, platform, url) if url is not None else {}
    found = {}
    for grade in place.grades:
        share = shares.get(grade.subject)
        if share is None:
            found[grade.id] = MISSING
        else:
            same = abs(share - grade.score / grade.maximum) < SHARE_TOLERANCE
            found[grade.id] = PRESENT if same else OTHER
    return found


def _read_shares(deps: ToolDeps, platform: Platform, url: str) -> dict[str, float]:
    """The results of a column: subject → share of the maximum."""
    lms = dialect_for(platform.family)
    shares: dict[str, float] = {}
    for page in platform_services.iter_pages(
        deps, platform, (RESULT_SCOPE,), lms.results_url(url), lms.results_page_request
    ):
        shares.update(lms.read_results(page.json()))
    return shares
