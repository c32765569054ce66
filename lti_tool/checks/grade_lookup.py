"""Look once a day whether grades that were sent are still in the gradebook: a column may have been
deleted with its activity, a course reset, a grade changed by somebody. What is found is shown to
the teacher, who decides; nothing is sent again by itself.

A column is read page by page. Where that is cut short, what was read is kept, and the next attempt
goes on at the next page.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from adapters.lms import dialect_for
from adapters.lms.standard import RESULT_SCOPE
from core import clock
from core.errors import BadInput
from core.http_client import OutsideCallFailed, limit_total_time
from lti_tool.base import platform_services, platforms_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platform_services import PageRefused
from lti_tool.base.platforms_store import Platform
from lti_tool.checks import grade_looks_store, grades_store, line_items
from lti_tool.checks.grade_looks_store import ColumnLook
from lti_tool.checks.grades_store import MISSING, OTHER
from lti_tool.checks.grades_store import THERE as PRESENT

log = logging.getLogger(__name__)

LOOK_INTERVAL, RETRY_INTERVAL = timedelta(days=1), timedelta(hours=1)
PAUSE = timedelta(minutes=5)  # before a look that was cut short goes on
# Grades of checks of half a year ago are still looked for; older ones have been graded into a term.
KEPT_IN_SIGHT = timedelta(days=400)
COLUMN_SECONDS = 20  # for all calls about one column in one attempt
RUN_SECONDS = 60  # of one run: the others follow in the next
SHARE_TOLERANCE = 1e-4  # As a share of the maximum: Moodle keeps five digits of a grade.


@dataclass
class _Progress:
    """How far an attempt has come. ``shares``: subject → share of the maximum, as read;
    ``ended``: the last page was read; ``removed``: there is no such column any more."""

    next_page: str
    pages: int = 0
    shares: dict[str, float] = field(default_factory=dict)
    ended: bool = False
    removed: bool = False


def look_up_sent_grades(deps: ToolDeps, tenant_id: int) -> int:
    """Look at the columns that are due, until the time is over; return how many."""
    looked, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        now = clock.now()
        with deps.unit_of_work(tenant_id) as connection:
            look = grade_looks_store.lease_look(
                connection, tenant_id, now, now - LOOK_INTERVAL, now - KEPT_IN_SIGHT
            )
            if look is None:
                return looked
            platform = platforms_store.get_platform(connection, tenant_id, look.registration_id)
        _look_at_column(deps, platform, look)
        looked += 1
    return looked


def _look_at_column(deps: ToolDeps, platform: Platform, look: ColumnLook) -> None:
    """Look at a column; keep what was found, and when and where to go on."""
    progress, wait = _Progress(look.next_page), LOOK_INTERVAL
    try:
        with limit_total_time(COLUMN_SECONDS):
            progress.removed = not _is_there(deps, platform, look.url)
            if not progress.removed:
                _read_pages(deps, platform, look, progress)
    except (TokenRefused, BadInput):
        log.info("tenant %s: %s lets nobody look at grades", platform.tenant_id, platform.name)
        progress.next_page = ""
    except (OutsideCallFailed, ValueError, ArithmeticError) as error:
        log.warning("tenant %s: grades were not looked up: %s", platform.tenant_id, error)
        wait = _wait_after(error, progress)
    now, whole = clock.now(), progress.ended or progress.removed
    found = _compare(look, progress)
    with deps.unit_of_work(platform.tenant_id) as connection:
        grade_looks_store.save_found(connection, platform.tenant_id, look, found, now)
        grade_looks_store.save_look(
            connection, platform.tenant_id, look, now + wait, progress.next_page, whole
        )
        if progress.removed:
            grades_store.delete_columns_at(connection, platform.tenant_id, platform.id, look.url)
            grades_store.forget_own_column(connection, platform.tenant_id, list(found), look.url)


def _wait_after(error: Exception, progress: _Progress) -> timedelta:
    """How long to wait after an attempt that failed. The next one begins at the first page, if
    what failed will fail again."""
    asked = timedelta()
    if isinstance(error, PageRefused):
        asked = timedelta(seconds=error.wait_seconds or 0)
    if not isinstance(error, OutsideCallFailed) or (
        isinstance(error, PageRefused) and not error.is_transient
    ):
        progress.next_page = ""
    wait = PAUSE if progress.pages and progress.next_page else RETRY_INTERVAL
    return max(wait, min(asked, LOOK_INTERVAL))


def _is_there(deps: ToolDeps, platform: Platform, url: str) -> bool:
    """Whether the column is there; until when it is open is kept."""
    item = line_items.fetch_line_item(deps, platform, url)
    if item is None:
        return False
    with deps.unit_of_work(platform.tenant_id) as connection:
        grades_store.save_column_end(
            connection, platform.tenant_id, platform.id, url, _parse_end(item.ends)
        )
    return True


def _parse_end(text: str) -> datetime | None:
    """The time at which a column closes; None where the LMS writes none that can be read."""
    try:
        return clock.parse_instant(text) if text else None
    except (ValueError, OverflowError):
        return None


def _read_pages(deps: ToolDeps, platform: Platform, look: ColumnLook, progress: _Progress) -> None:
    """Read the results of a column to the end; of a list that goes in a circle, what it names."""
    lms, asked = dialect_for(platform.family), set[str]()
    url = look.next_page or lms.results_url(look.url)
    while url and url not in asked:
        asked.add(url)
        answer, _ = platform_services.read_page(
            deps, platform, (RESULT_SCOPE,), url, lms.results_page_request
        )
        body = answer.json()
        if not isinstance(body, list):
            raise ValueError("the answer is no list of results")
        progress.shares.update(lms.read_results(body))
        url = progress.next_page = platform_services.following_page(url, answer)
        progress.pages += 1
    progress.ended, progress.next_page = not url, ""
    if progress.ended and not (progress.shares or look.next_page):
        progress.shares = _read_each(
            deps, platform, look.url, [grade.subject for grade in look.grades]
        )


def _compare(look: ColumnLook, progress: _Progress) -> dict[int, str]:
    """What became of each grade (by its id), as far as the attempt tells."""
    if progress.removed:
        return {grade.id: MISSING for grade in look.grades}
    # Between two attempts people move from page to page: then it takes two looks to say that a
    # grade is missing.
    known_before = look.last_whole_at if look.next_page else look.started_at
    found = {}
    for grade in look.grades:
        share = progress.shares.get(grade.subject)
        if share is not None:
            same = abs(share - grade.score / grade.maximum) < SHARE_TOLERANCE
            found[grade.id] = PRESENT if same else OTHER
        elif progress.ended and known_before is not None and grade.known_at < known_before:
            found[grade.id] = MISSING
    return found


def _read_each(
    deps: ToolDeps, platform: Platform, url: str, subjects: Sequence[str]
) -> dict[str, float]:
    """The results of a column whose list is empty, asked for person by person: OpenOlat lists
    nobody unless it is asked for somebody (LTI13PlatformDispatcherDelegate handleAgsResults). Where
    the first has none either, the list is right."""
    lms = dialect_for(platform.family)
    shares: dict[str, float] = {}
    for subject in subjects:
        answer = platform_services.call_service(
            deps, platform, RESULT_SCOPE, partial(lms.results, url, subject)
        )
        body = answer.json() if answer.status == 200 else None
        shares.update((who, share) for who, share in lms.read_results(body) if who == subject)
        if not shares:
            break
    return shares
