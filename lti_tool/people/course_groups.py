"""Read the groups of a course (LTI Course Groups 1.0). Their list is read as a whole or not at all:
a reading that fails changes nothing. Who is in them says the roster."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from adapters.lms import CourseGroup, dialect_for
from adapters.lms.standard import GROUPS_SCOPE
from core.http_client import OutsideCallFailed
from core.messages import Number, lazy_gettext
from lti_tool.base import platform_services
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import Platform
from lti_tool.people import course_groups_store
from lti_tool.people.course_groups_store import MAX_GROUPS
from lti_tool.people.courses_store import Course

log = logging.getLogger(__name__)

RETRY_INTERVAL = timedelta(hours=1)
RUN_SECONDS = 60  # For the groups of one course; with the roster's it stays below its lease.


@dataclass(frozen=True)
class GroupsReading:
    """What a reading brought: how many groups, and how many entries were no group. ``reason``: why
    it changed nothing; ``wait``: when to try again, zero for the usual time."""

    count: int = 0
    skipped: int = 0
    reason: str = ""
    wait: timedelta = timedelta()


def read_groups(deps: ToolDeps, platform: Platform, course: Course) -> GroupsReading:
    """Read the groups of a course and keep them."""
    try:
        groups, skipped = _read_pages(deps, platform, course)
        with deps.unit_of_work(platform.tenant_id) as connection:
            course_groups_store.save_groups(
                connection, platform.tenant_id, course.id, groups, whole=not skipped
            )
    except (OutsideCallFailed, TokenRefused, ValueError, DBAPIError) as error:
        reason = (
            f"The groups cannot be kept: {type(error).__name__}."
            if isinstance(error, DBAPIError)
            else str(error)
        )
        log.warning("tenant %s: the groups were not read: %s", platform.tenant_id, reason)
        wait = platform_services.asked_wait(error, RETRY_INTERVAL)
        if not wait and platform_services.may_answer_later(error):
            wait = RETRY_INTERVAL
        return GroupsReading(reason=reason, wait=wait)
    return GroupsReading(len(groups), skipped)


def _read_pages(
    deps: ToolDeps, platform: Platform, course: Course
) -> tuple[list[CourseGroup], int]:
    """Read page after page to the end: the groups, and how many entries were none.
    OutsideCallFailed if the list does not end."""
    lms, end = dialect_for(platform.family), time.monotonic() + RUN_SECONDS
    groups: dict[str, CourseGroup] = {}
    skipped, url, asked = 0, course.groups_url, set[str]()
    while url:
        if url in asked:
            raise OutsideCallFailed("The list of groups goes on in a circle.")
        if time.monotonic() > end:
            raise OutsideCallFailed("The list of groups takes too long.")
        asked.add(url)
        answer, _ = platform_services.read_page(deps, platform, (GROUPS_SCOPE,), url, lms.groups)
        listed, broken = lms.read_groups(answer.json())
        groups |= {group.id: group for group in listed}
        skipped += broken
        if len(groups) > MAX_GROUPS:
            raise OutsideCallFailed(
                lazy_gettext(
                    "The course has more than %(most)s groups.",
                    most=Number(MAX_GROUPS),
                )
            )
        following = lms.following_groups_url(url, platform_services.following_page(url, answer))
        if lms.roster_ends_by_repeating and following in asked:
            break
        url = following
    return list(groups.values()), skipped
