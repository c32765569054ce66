"""Read rosters (NRPS 2.0), page by page to the end, over as many runs as that takes, and after that
the course's groups. Only a reading that missed nobody removes anybody from a course."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy.exc import DBAPIError

from adapters.lms import RosterMember, dialect_for
from adapters.lms.standard import ROSTER_SCOPE
from core import clock
from core.http_client import OutsideCallFailed, OutsideResponse
from core.messages import Number, as_message, gettext_noop, lazy_gettext
from lti_tool.base import platform_services, platforms_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused, Turn
from lti_tool.base.platform_services import PageRefused
from lti_tool.base.platforms_store import APPROVED, Platform
from lti_tool.people import course_groups, course_groups_store, courses_store, people_store
from lti_tool.people.course_groups import RETRY_INTERVAL, GroupsReading
from lti_tool.people.courses_store import Course, RosterReading
from lti_tool.people.people_store import PlatformUser

log = logging.getLogger(__name__)

SYNC_INTERVAL = timedelta(days=1)
# A reading that was cut short goes on soon; what it has read by then is older than a day no more.
PAUSE, MAX_READING_AGE = timedelta(minutes=5), timedelta(days=1)
LEASE = timedelta(minutes=15)  # Longer than a job may run.
RUN_SECONDS = 240  # For one tenant in one run; a reading of a large course takes several.
MAX_MEMBERS = 200_000  # In one course.
WRITE_BATCH_SIZE = 500  # People written in one transaction.
MAX_PAGES = 5_000  # Of one reading, over all its attempts.
PAGE_MEMBERS = 500  # What we ask for at once; an LMS may give fewer.
# How long somebody whom rosters call a learner stays a teacher by a launch. A demotion shows in no
# roster then, so the time is short; whoever goes on teaching opens the course within a month, and
# a later launch gives the role back at once.
HIDDEN_TEACHER_LIFETIME = timedelta(weeks=4)
_CIRCLE = gettext_noop(
    "The list goes on in a circle; what was read is kept, and nobody was taken out of the course."
)


def sync_due_rosters(deps: ToolDeps, tenant_id: int) -> int:
    """Read the rosters of one tenant that are due; returns how many were read to their end."""
    complete, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        now = clock.now()
        with deps.unit_of_work(tenant_id) as connection:
            course = courses_store.lease_roster(connection, tenant_id, now, now + LEASE)
            if course is None:
                break
            platform = platforms_store.get_platform(connection, tenant_id, course.registration_id)
            reading = courses_store.find_open_reading(
                connection, tenant_id, course.id, now - MAX_READING_AGE
            )
            # Of a list that was read at once, whoever is not on it has left. Between two attempts
            # people move from page to page: then it takes two readings.
            unseen_since = (
                courses_store.find_last_whole_reading(connection, tenant_id, course.id)
                if reading is not None
                else now
            )
            reading = reading or courses_store.start_reading(
                connection, tenant_id, course.id, now, _first_page(course)
            )
        complete += _read_roster(deps, platform, course, reading, unseen_since, end)
    return complete


def _first_page(course: Course) -> str:
    """NRPS 2.0, 2.4.1: ``limit`` says how many members the client wants on a page."""
    return _ask_for_groups(course, _add_query(course.memberships_url, "limit", str(PAGE_MEMBERS)))


def _ask_for_groups(course: Course, url: str) -> str:
    """Course Groups 1.0: ``groups=true`` makes a roster say who is in which group (Blackboard says
    it then alone). A course without groups is asked as before."""
    return _add_query(url, "groups", "true") if url and course.groups_url else url


def _add_query(url: str, name: str, value: str) -> str:
    """The address with this parameter, unless it has one of that name."""
    parts = urlsplit(url)
    if any(known == name for known, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return url
    added = f"{name}={value}"
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


@dataclass(frozen=True)
class _Failure:
    """Why a reading did not come to its end, whose turn it is (a name of Turn), and how long the
    LMS asks us to wait."""

    reason: str
    turn: str
    wait: timedelta


def _read_roster(
    deps: ToolDeps,
    platform: Platform,
    course: Course,
    reading: RosterReading,
    unseen_since: datetime | None,
    end: float,
) -> bool:
    """Go on with a reading; returns whether it came to its end. One that is cut short keeps what it
    has read, and goes on with the next page. ``unseen_since``: who was on no roster since then
    leaves the course by its end."""
    failure: _Failure | None = None
    try:
        if platform.status != APPROVED:
            raise OutsideCallFailed(
                lazy_gettext(
                    "The platform registration is %(status)s.", status=as_message(platform.status)
                )
            )
        if not _read_pages(deps, platform, course, reading, end):
            _pause(deps, platform, course, reading, "", timedelta())
            return False
        if not reading.members:
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
        wait = platform_services.asked_wait(error, RETRY_INTERVAL)
        failure = _Failure(reason[:500], _whose_turn(error).name, wait)
        if reading.pages and reading.next_url and platform_services.may_answer_later(error):
            _pause(deps, platform, course, reading, reason, wait or PAUSE)
            return False
    _finish_reading(deps, platform, course, reading, unseen_since, failure)
    return failure is None


def _finish_reading(
    deps: ToolDeps,
    platform: Platform,
    course: Course,
    reading: RosterReading,
    unseen_since: datetime | None,
    failure: _Failure | None,
) -> None:
    """Record how a reading ended. One that came to its end takes out who has left, and reads the
    course's groups."""
    groups = GroupsReading()
    if failure is None and course.groups_url:
        groups = course_groups.read_groups(deps, platform, course)
    now, departed, tenant_id = clock.now(), 0, platform.tenant_id
    with deps.unit_of_work(tenant_id) as connection:
        if failure is None and reading.whole and unseen_since is not None:
            departed = courses_store.deactivate_memberships(
                connection, tenant_id, course.id, unseen_since
            )
            course_groups_store.delete_unseen_members(
                connection, tenant_id, course.id, unseen_since
            )
        courses_store.update_roster_run(
            connection,
            tenant_id,
            reading.id,
            {
                "departed": departed,
                "finished_at": now,
                "reason": failure.reason if failure else "",
                "turn": failure.turn if failure else "",
                "groups": groups.count,
                "groups_skipped": groups.skipped,
                "groups_reason": groups.reason[:500],
            },
        )
        pause = failure.wait or RETRY_INTERVAL if failure else groups.wait or SYNC_INTERVAL
        courses_store.set_next_roster(connection, tenant_id, course.id, now + pause)


def _pause(
    deps: ToolDeps,
    platform: Platform,
    course: Course,
    reading: RosterReading,
    reason: str,
    wait: timedelta,
) -> None:
    with deps.unit_of_work(platform.tenant_id) as connection:
        courses_store.update_roster_run(
            connection,
            platform.tenant_id,
            reading.id,
            {"reason": reason[:500], "turn": Turn.LATER.name if reason else ""},
        )
        courses_store.set_next_roster(connection, platform.tenant_id, course.id, clock.now() + wait)


def _whose_turn(error: Exception) -> Turn:
    """Who can do something about a roster that was not read: what the LMS refuses, its
    administrator allows; where it is busy or away, the tool asks again; what cannot be read or
    kept is for who runs the tool."""
    if isinstance(error, TokenRefused):
        return Turn.LMS_ADMINISTRATOR
    if platform_services.may_answer_later(error):
        return Turn.LATER
    return Turn.LMS_ADMINISTRATOR if isinstance(error, PageRefused) else Turn.TOOL_ADMINISTRATOR


def _read_pages(
    deps: ToolDeps, platform: Platform, course: Course, reading: RosterReading, end: float
) -> bool:
    """Read page after page to the end; False if the time is over before. Each page is written with
    the place of the next one."""
    lms = dialect_for(platform.family, platform.role_rights)
    scopes: Sequence[str] = (ROSTER_SCOPE,)
    asked: set[str] = set()
    before: frozenset[str] = frozenset()
    while url := reading.next_url:
        if time.monotonic() > end:
            return False
        asked.add(url)
        answer, scope = platform_services.read_page(deps, platform, scopes, url, lms.members)
        scopes = (scope,)
        members, skipped = lms.read_members(_content_of(answer))
        listed = frozenset(member.subject for member in members)
        following = _ask_for_groups(course, platform_services.following_page(url, answer))
        if lms.roster_ends_by_repeating and (following in asked or listed == before):
            following, before = "", frozenset()
        circle = following in asked
        if circle:
            # Schoology names its second page as the next one for ever. Pages are counted up until
            # one brings nobody new; whoever was missed by that stays in the course.
            reading.whole = False
            following = _count_page_up(url)
        if listed and listed == before:
            reading.next_url = ""
            raise OutsideCallFailed(_CIRCLE)
        present = [member for member in members if member.active]
        reading.whole &= not skipped
        reading.pages, reading.skipped = reading.pages + 1, reading.skipped + skipped
        reading.members += len(present)
        reading.next_url = following if members or reading.whole else ""
        if reading.members > MAX_MEMBERS or reading.pages > MAX_PAGES:
            reading.next_url = ""
            raise OutsideCallFailed(
                lazy_gettext(
                    "The roster names more than %(most)s people.", most=Number(MAX_MEMBERS)
                )
            )
        for start in range(0, len(present), WRITE_BATCH_SIZE):
            reading.arrived += _record_members(
                deps, platform, course, present[start : start + WRITE_BATCH_SIZE]
            )
        with deps.unit_of_work(platform.tenant_id) as connection:
            courses_store.save_reading(connection, platform.tenant_id, reading)
        before = listed
        if circle and members and not following:
            raise OutsideCallFailed(_CIRCLE)
    return True


def _content_of(answer: OutsideResponse) -> Any:
    """The page of a roster. Sakai sends nothing where it has nobody to list."""
    return answer.json() if answer.body.strip() else {"members": []}


def _count_page_up(url: str) -> str:
    """The address of the page after this one, by its parameter ``page``; empty if it has none."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if not any(name == "page" and value.isdecimal() for name, value in pairs):
        return ""
    counted = [
        (name, str(int(value) + 1) if name == "page" and value.isdecimal() else value)
        for name, value in pairs
    ]
    return urlunsplit(parts._replace(query=urlencode(counted)))


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
        now = clock.now()
        if course.groups_url:
            enrolled = [
                (group_id, person_ids[item.subject])
                for item in present
                for group_id in item.group_ids
            ]
            course_groups_store.upsert_members(
                connection, platform.tenant_id, course.id, enrolled, now
            )
        hides = dialect_for(platform.family, platform.role_rights).hides_teachers()
        return courses_store.upsert_listed_members(
            connection,
            platform.tenant_id,
            course.id,
            list(roles.items()),
            now,
            now - HIDDEN_TEACHER_LIFETIME if hides else None,
        )
