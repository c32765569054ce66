"""A course as its teachers see and manage it: its roster, its columns, and its pending
grades."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from adapters.lms import LineItem
from core.errors import BadInput, NotFound
from core.http_client import limit_total_time
from core.messages import lazy_gettext
from lrs.vocabulary import INTERVALS
from lti_tool.base import journal_store, platforms_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import Platform
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import (
    double_columns,
    grade_columns,
    grade_states,
    grades_store,
    line_items,
)
from lti_tool.checks.double_columns import DoubleColumn
from lti_tool.checks.grades_store import Column, GradeState
from lti_tool.people import courses_store
from lti_tool.people.courses_store import Course, CoursePerson, RosterRun
from lti_tool.programmes import (
    activity_pages,
    certification_sources_store,
    episodes_store,
    programmes,
)
from lti_tool.programmes.certification_sources_store import CertifyingColumn

COURSE_LIST_LIMIT = 50
MAX_LABEL_CHARS = 200
LMS_TIMEOUT_SECONDS = 25.0  # a page waits no longer than this for an LMS
R = TypeVar("R")


@dataclass(frozen=True)
class CourseDetails:
    """A course on its page; lists hold the most recent entries, those that need attention
    first."""

    course: Course
    people: list[CoursePerson]
    runs: list[RosterRun]
    columns: list[Column]
    grades: list[GradeState]
    certifying: CertifyingColumn | None
    wave: str


def list_double_columns(
    deps: ToolDeps, *, session: LaunchSession, details: CourseDetails
) -> list[DoubleColumn]:
    """Checks of this course with two columns, as far as the LMS says at once; it is asked only if
    the tool knows of columns here."""
    if not details.columns:
        return []
    _, platform = _require_gradebook(deps, session)
    return double_columns.find_double_columns(
        deps, platform, details.course.line_items_url, details.columns
    )


def merge_columns(deps: ToolDeps, *, session: LaunchSession, url: str, now: datetime) -> None:
    """Send the grades in the tool's own column (``url``) of a check to the activity's one."""
    platform, double = _require_double(deps, session, url)
    with deps.unit_of_work(session.tenant_id) as connection:
        double_columns.move_grades(connection, platform, double, now)


def remove_double_column(deps: ToolDeps, *, session: LaunchSession, url: str) -> None:
    """Remove the tool's own column of a check that has two, once its grades are in the other."""
    platform, double = _require_double(deps, session, url)
    if double.to_move or double.on_their_way:
        raise BadInput("Grades of this column are not in the activity's one yet.")
    _call_lms(lambda: line_items.delete_line_item(deps, platform, double.own.url))


def _require_double(
    deps: ToolDeps, session: LaunchSession, url: str
) -> tuple[Platform, DoubleColumn]:
    details = load_course_details(deps, session=session)
    found = list_double_columns(deps, session=session, details=details)
    _, platform = _require_gradebook(deps, session)
    double = next((one for one in found if one.own.url == url), None)
    if double is None:
        raise NotFound("There is no such column of this tool in this course.")
    return platform, double


def load_course_details(deps: ToolDeps, *, session: LaunchSession) -> CourseDetails:
    """Load the course of this launch."""
    tenant_id = session.tenant_id
    with deps.unit_of_work(tenant_id) as connection:
        course = courses_store.get_course(connection, tenant_id, session.require_course())
        version = episodes_store.newest_programme_versions(connection, tenant_id)[session.programme]
        waves = programmes.load_programme(connection, tenant_id, session.programme, version).waves
        wave = course.waves.get(session.programme, "")
        return CourseDetails(
            course,
            courses_store.list_course_people(connection, tenant_id, course.id, session.programme),
            courses_store.list_roster_runs(connection, tenant_id, 5, course_id=course.id),
            grades_store.list_columns(
                connection, tenant_id, session.require_platform(), course.line_items_url
            )
            if course.line_items_url
            else [],
            grades_store.list_grade_states(
                connection, tenant_id, COURSE_LIST_LIMIT, course_id=course.id
            ),
            certification_sources_store.find_certifying_column(
                connection, tenant_id, course.id, session.programme
            ),
            next((item.title for item in waves if item.key == wave), wave),
        )


def set_course_wave(deps: ToolDeps, *, session: LaunchSession, name: str, who: str) -> None:
    """Let everybody who is certified in this course from now on belong to a wave: one of the
    programme, by its title, or another one."""
    wave = " ".join(name.split())
    if not wave or len(wave) > courses_store.MAX_WAVE_CHARS:
        raise BadInput(
            lazy_gettext(
                "A wave needs a name of up to %(most)s characters.",
                most=courses_store.MAX_WAVE_CHARS,
            ),
            field="wave",
        )
    with deps.unit_of_work(session.tenant_id) as connection:
        version = episodes_store.newest_programme_versions(connection, session.tenant_id)[
            session.programme
        ]
        programme = programmes.load_programme(
            connection, session.tenant_id, session.programme, version
        )
        courses_store.set_wave(
            connection,
            session.tenant_id,
            session.require_course(),
            session.programme,
            programmes.resolve_key(wave, programme.waves) or wave,
        )
        journal_store.insert_audit_entry(
            connection,
            session.tenant_id,
            who,
            "set the wave of a course",
            {"programme": session.programme, "wave": wave},
        )


def resend_course_grade(
    deps: ToolDeps, *, session: LaunchSession, grade_id: int, now: datetime
) -> None:
    """Send a grade of this course again."""
    with deps.unit_of_work(session.tenant_id) as connection:
        requeued = grades_store.requeue_grade(
            connection, session.tenant_id, grade_id, session.require_course(), None, now
        )
    grade_states.require_queued(requeued)


def request_roster_sync(deps: ToolDeps, *, session: LaunchSession, now: datetime) -> None:
    """Schedule the roster to be read soon."""
    with deps.unit_of_work(session.tenant_id) as connection:
        if not courses_store.get_course(
            connection, session.tenant_id, session.require_course()
        ).memberships_url:
            raise BadInput(
                "The LMS does not offer this course's roster; its administrator can allow it "
                "(Names and Role Provisioning)."
            )
        courses_store.schedule_roster(connection, session.tenant_id, session.require_course(), now)


def ensure_check_columns(deps: ToolDeps, *, session: LaunchSession) -> int:
    """Ensure that each check of the programme has a column; return how many there are."""
    course, platform = _require_gradebook(deps, session)
    with deps.unit_of_work(session.tenant_id) as connection:
        version = episodes_store.newest_programme_versions(connection, session.tenant_id)[
            session.programme
        ]
        programme = programmes.load_programme(
            connection, session.tenant_id, session.programme, version
        )
    with limit_total_time(LMS_TIMEOUT_SECONDS):
        for interval in INTERVALS:
            _ensure_column(
                deps,
                platform,
                course.line_items_url,
                activity_pages.check_column(programme, interval.key),
            )
    return len(INTERVALS)


def _ensure_column(
    deps: ToolDeps, platform: Platform, line_items_url: str, wanted: LineItem
) -> None:
    """Ensure that a column exists: a known one that is still there stays; otherwise one is
    found or created, by one caller at a time."""
    place, tenant_id = json.dumps([line_items_url, wanted.resource_id]), platform.tenant_id
    with deps.unit_of_work(tenant_id) as connection:
        known = grades_store.find_column(connection, tenant_id, platform.id, place)
    if known is not None:
        if _call_lms(lambda: line_items.fetch_line_item(deps, platform, known.url)) is not None:
            return
        with deps.unit_of_work(tenant_id) as connection:
            grades_store.delete_column(connection, tenant_id, platform.id, place)
    with deps.unit_of_work(tenant_id) as connection:
        if not grades_store.claim_column(
            connection, tenant_id, platform.id, place, wanted.label, wanted.maximum
        ):
            raise BadInput("The columns are being made already. Load the page again in a minute.")
    try:
        created = _call_lms(
            lambda: grade_columns.ensure_line_item(deps, platform, line_items_url, wanted)
        )
    except Exception:
        with deps.unit_of_work(tenant_id) as connection:
            grades_store.release_column_claim(connection, tenant_id, platform.id, place)
        raise
    with deps.unit_of_work(tenant_id) as connection:
        grades_store.upsert_column(
            connection,
            tenant_id,
            platform.id,
            Column(place, created.url, created.label, created.maximum),
        )


def enable_certifying_column(
    deps: ToolDeps, *, session: LaunchSession, percent: str, who: str, now: datetime
) -> None:
    """Let a column of the course record certifications: anybody who reaches this percentage
    begins the programme.

    An LMS shows a tool only the columns that the tool created, so this is one of ours;
    teachers, or the exam's export, enter results into it.
    """
    share = _parse_share(percent)
    course, platform = _require_gradebook(deps, session)
    with deps.unit_of_work(session.tenant_id) as connection:
        version = episodes_store.newest_programme_versions(connection, session.tenant_id)[
            session.programme
        ]
        title = programmes.load_programme(
            connection, session.tenant_id, session.programme, version
        ).title
    wanted = activity_pages.certification_column(session.programme, title)
    with limit_total_time(LMS_TIMEOUT_SECONDS):
        _ensure_column(deps, platform, course.line_items_url, wanted)
    with deps.unit_of_work(session.tenant_id) as connection:
        created = grades_store.find_column(
            connection,
            session.tenant_id,
            platform.id,
            json.dumps([course.line_items_url, wanted.resource_id]),
        )
        if created is None:
            raise BadInput("The column is being made already. Load the page again in a minute.")
        values = {
            "course_id": course.id,
            "programme": session.programme,
            "registration_id": platform.id,
            "url": created.url,
            "share": share,
        }
        certification_sources_store.upsert_certifying_column(
            connection, session.tenant_id, {**values, "due_at": now}
        )
        journal_store.insert_audit_entry(
            connection,
            session.tenant_id,
            who,
            "let a gradebook's column certify",
            {"programme": session.programme, "share": share},
        )


def disable_certifying_column(deps: ToolDeps, *, session: LaunchSession, who: str) -> None:
    """Stop recording certifications from the column; it stays in the gradebook."""
    with deps.unit_of_work(session.tenant_id) as connection:
        certification_sources_store.delete_certifying_column(
            connection, session.tenant_id, session.require_course(), session.programme
        )
        journal_store.insert_audit_entry(
            connection,
            session.tenant_id,
            who,
            "let a gradebook's column certify no more",
            {"programme": session.programme},
        )


def _parse_share(percent: str) -> float:
    text = percent.strip().rstrip("% ")
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= 100:
        raise BadInput("Enter a whole percentage from 1 to 100, for example 80.", field="percent")
    return int(text) / 100


def rename_column(deps: ToolDeps, *, session: LaunchSession, place: str, label: str) -> None:
    """Rename a column of this course."""
    course, platform = _require_gradebook(deps, session)
    column_name = " ".join(label.split())
    if not column_name or len(column_name) > MAX_LABEL_CHARS:
        raise BadInput(
            lazy_gettext(
                "A column needs a name of up to %(most)s characters.", most=MAX_LABEL_CHARS
            ),
            field="label",
        )
    known = _require_column(deps, session, course, place)
    line_item = _call_lms(lambda: line_items.fetch_line_item(deps, platform, known.url))
    if line_item is None:
        with deps.unit_of_work(session.tenant_id) as connection:
            grades_store.delete_column(connection, session.tenant_id, platform.id, place)
        raise NotFound("This column is not in the gradebook any more.")
    _call_lms(
        lambda: line_items.rename_line_item(
            deps,
            platform,
            LineItem(
                column_name,
                line_item.maximum,
                line_item.resource_id,
                line_item.tag,
                line_item.url,
                line_item.resource_link_id,
                line_item.starts,
                line_item.ends,
            ),
        )
    )
    with deps.unit_of_work(session.tenant_id) as connection:
        grades_store.upsert_column(
            connection,
            session.tenant_id,
            platform.id,
            Column(place, known.url, column_name, known.maximum, known.ends_at),
        )


def remove_column(deps: ToolDeps, *, session: LaunchSession, place: str) -> None:
    """Remove a column of this course from the gradebook, with the grades in it. The tool
    keeps what people did."""
    course, platform = _require_gradebook(deps, session)
    known = _require_column(deps, session, course, place)
    _call_lms(lambda: line_items.delete_line_item(deps, platform, known.url))
    with deps.unit_of_work(session.tenant_id) as connection:
        grades_store.delete_column(connection, session.tenant_id, platform.id, place)


def _require_gradebook(deps: ToolDeps, session: LaunchSession) -> tuple[Course, Platform]:
    with deps.unit_of_work(session.tenant_id) as connection:
        course = courses_store.get_course(connection, session.tenant_id, session.require_course())
        platform = platforms_store.get_platform(
            connection, session.tenant_id, session.require_platform()
        )
    if not course.line_items_url:
        raise BadInput(
            "The LMS does not let this tool make columns in this course; its administrator can "
            "allow it (grade sync and column management)."
        )
    return course, platform


def _require_column(deps: ToolDeps, session: LaunchSession, course: Course, place: str) -> Column:
    with deps.unit_of_work(session.tenant_id) as connection:
        own = grades_store.list_columns(
            connection, session.tenant_id, session.require_platform(), course.line_items_url
        )
    result = next((item for item in own if item.place == place), None)
    if result is None:
        raise NotFound("There is no such column of this tool in this course.")
    return result


def _call_lms(call: Callable[[], R]) -> R:
    """Call the LMS; if it refuses a token, the refusal becomes a message on the page."""
    try:
        return call()
    except TokenRefused as error:
        raise BadInput(error.message) from None
