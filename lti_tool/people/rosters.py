"""Read rosters (NRPS 2.0), page by page to the end. Only a complete reading removes anybody
from a course."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from adapters.lms import RosterMember, dialect_for
from adapters.lms.standard import ROSTER_SCOPE
from core import clock
from core.http_client import OutsideCallFailed, limit_total_time
from core.messages import Number, as_message, lazy_gettext
from lti_tool.base import platform_services, platforms_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import APPROVED, Platform
from lti_tool.people import courses_store, people_store
from lti_tool.people.courses_store import Course
from lti_tool.people.people_store import PlatformUser

log = logging.getLogger(__name__)

SYNC_INTERVAL, RETRY_INTERVAL = timedelta(days=1), timedelta(hours=1)
LEASE = timedelta(minutes=15)  # Longer than a job may run.
RUN_SECONDS = 240  # For one tenant in one run.
ROSTER_SECONDS = 240  # For all pages of one roster.
MAX_MEMBERS = 50_000  # In one course.
WRITE_BATCH_SIZE = 500  # People written in one transaction.


def sync_due_rosters(deps: ToolDeps, tenant_id: int) -> int:
    """Read the rosters of one tenant that are due; returns how many were read completely."""
    complete, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        now = clock.now()
        with deps.unit_of_work(tenant_id) as connection:
            course = courses_store.lease_roster(connection, tenant_id, now, now + LEASE)
            if course is None:
                break
            platform = platforms_store.get_platform(connection, tenant_id, course.registration_id)
            run_id = courses_store.start_roster_run(connection, tenant_id, course.id, now)
        complete += _read_roster(deps, platform, course, run_id)
    return complete


def _read_roster(deps: ToolDeps, platform: Platform, course: Course, run_id: int) -> int:
    lms, started = dialect_for(platform.family), clock.now()
    counts = {"pages": 0, "members": 0, "arrived": 0, "departed": 0}
    reason = ""
    try:
        if platform.status != APPROVED:
            raise OutsideCallFailed(
                lazy_gettext(
                    "The platform registration is %(status)s.", status=as_message(platform.status)
                )
            )
        with limit_total_time(ROSTER_SECONDS):
            for page in platform_services.iter_pages(
                deps, platform, (ROSTER_SCOPE,), course.memberships_url, lms.members
            ):
                present = [member for member in lms.read_members(page.json()) if member.active]
                counts["pages"] += 1
                counts["members"] += len(present)
                if counts["members"] > MAX_MEMBERS:
                    raise OutsideCallFailed(
                        lazy_gettext(
                            "The roster names more than %(most)s people.", most=Number(MAX_MEMBERS)
                        )
                    )
                for start in range(0, len(present), WRITE_BATCH_SIZE):
                    counts["arrived"] += _record_members(
                        deps, platform, course, present[start : start + WRITE_BATCH_SIZE]
                    )
        if not counts["members"]:
            # A course has at least the person who opened it: an empty list is an error of the
            # LMS, and must not empty the course here.
            raise OutsideCallFailed(
                "The LMS sent an empty roster; nobody was taken out of the course."
            )
    except (OutsideCallFailed, TokenRefused, ValueError, ArithmeticError, DBAPIError) as error:
        reason = (
            str(error)
            if isinstance(error, OutsideCallFailed | TokenRefused | ValueError)
            else f"The roster cannot be kept: {type(error).__name__}."
        )
        log.warning("tenant %s: a roster was not read to its end: %s", platform.tenant_id, reason)
    now = clock.now()
    with deps.unit_of_work(platform.tenant_id) as connection:
        if not reason:
            counts["departed"] = courses_store.deactivate_memberships(
                connection, platform.tenant_id, course.id, started
            )
        courses_store.finish_roster_run(
            connection,
            platform.tenant_id,
            run_id,
            {**counts, "finished_at": now, "reason": reason[:500]},
        )
        courses_store.set_next_roster(
            connection,
            platform.tenant_id,
            course.id,
            now + (RETRY_INTERVAL if reason else SYNC_INTERVAL),
        )
    return not reason


def _record_members(
    deps: ToolDeps, platform: Platform, course: Course, present: list[RosterMember]
) -> int:
    if not present:
        return 0
    with deps.unit_of_work(platform.tenant_id) as connection:
        person_ids = people_store.ensure_people(
            connection,
            platform.tenant_id,
            platform.id,
            [
                PlatformUser(item.subject, item.name, item.email, item.sourced_id)
                for item in present
            ],
        )
        roles = {person_ids[item.subject]: item.role.value for item in present}
        return courses_store.upsert_memberships(
            connection, platform.tenant_id, course.id, list(roles.items()), clock.now()
        )
