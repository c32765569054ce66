"""What is stored from a verified launch: deployment, course, person, placement, session. One
transaction, apart from the deployment."""

from __future__ import annotations

import json
import secrets as random
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Connection

from adapters.lms import Launch, MessageType, Role, detect_family, dialect_for
from adapters.lms.standard import LINE_ITEM_SCOPE, SCORE_SCOPE
from core.http_client import url_origin
from core.messages import lazy_gettext
from lti_tool.base import journal_store, platforms_store, sessions_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.journal_store import LaunchLogEntry
from lti_tool.base.launch_errors import LaunchInvalid, Turn
from lti_tool.base.platforms_store import APPROVED, PENDING, Platform
from lti_tool.base.sessions_store import LAUNCH_SESSION_LIFETIME
from lti_tool.base.token_hash import hash_token
from lti_tool.checks import attempts_store
from lti_tool.checks.attempts_store import GradePlace
from lti_tool.people import courses_store, people_store
from lti_tool.people.courses_store import Course, Placement
from lti_tool.people.people_store import PlatformUser
from lti_tool.programmes import episodes_store, product_use
from lti_tool.programmes.activity_pages import ACTIVITY_PAGES, ADMIN_PAGE

_TEACHERS_OR_VISITORS = (Role.TEACHER, Role.VISITOR)
MAX_FRAME_ORIGINS = 20  # origins under which one platform shows its pages
MAX_PLACE_LENGTH = 200  # of the course from which a deployment's first launch came
MAX_PENDING_DEPLOYMENTS = 100  # deployments of one platform that may be pending at a time


@dataclass(frozen=True)
class AcceptedLaunch:
    """An accepted launch: its id (not secret), the secret of its session, and its platform."""

    launch_id: uuid.UUID
    secret: str
    platform: Platform
    roster_due: bool


def record_launch(
    deps: ToolDeps, platform: Platform, launch: Launch, now: datetime
) -> AcceptedLaunch:
    """Record a launch; LaunchInvalid if its deployment is not approved or no programme is
    set up for it."""
    tenant_id, secret, launch_id = platform.tenant_id, random.token_urlsafe(32), uuid.uuid4()
    _require_approved(deps, platform, launch)
    with deps.unit_of_work(tenant_id) as connection:
        course = _ensure_course(connection, platform, launch)
        placed = _resolve_placement(connection, platform, course, launch)
        person_id, role = _ensure_participant(connection, platform, course, launch, now)
        looks = role is not launch.role
        roster_due = bool(course.memberships_url) and course.roster_due_at is None
        if roster_due:
            courses_store.schedule_roster(connection, tenant_id, course.id, now)
        _update_platform_facts(connection, platform, launch)
        if _takes_grades(launch) and not looks and placed.programme and course.line_items_url:
            place = GradePlace(platform.id, course.id, launch.subject, course.line_items_url)
            attempts_store.upsert_grade_place(
                connection, tenant_id, person_id, placed.programme, place, now
            )
        if not launch.is_test_user and not looks:
            product_use.record_visit(connection, tenant_id, person_id, placed.programme, now)
        sessions_store.insert_launch(
            connection,
            {
                **_launch_values(platform, launch),
                "id": launch_id,
                "tenant_id": tenant_id,
                "secret_hash": hash_token(secret),
                "person_id": person_id,
                "registration_id": platform.id,
                "course_id": course.id,
                "line_items_url": course.line_items_url if _takes_grades(launch) else "",
                "programme": placed.programme,
                "page": placed.page,
                "created_at": now,
                "expires_at": now + LAUNCH_SESSION_LIFETIME,
            },
        )
        entry = LaunchLogEntry(
            now, True, launch.message.value, launch.role.value, launch.deployment_id, "", ""
        )
        journal_store.log_launch(connection, tenant_id, platform.id, entry)
    return AcceptedLaunch(launch_id, secret, platform, roster_due)


def _ensure_course(connection: Connection, platform: Platform, launch: Launch) -> Course:
    return courses_store.ensure_course(
        connection,
        platform.tenant_id,
        {
            "id": uuid.uuid4(),
            "registration_id": platform.id,
            "key": json.dumps(
                [launch.deployment_id, launch.context_id or {"link": launch.resource_link_id}]
            ),
            "context_id": launch.context_id,
            "title": launch.context_title,
            "memberships_url": launch.memberships_url,
            "line_items_url": launch.line_items_url if LINE_ITEM_SCOPE in launch.scopes else "",
            "copied": any(id_ != launch.context_id for id_ in launch.context_history),
            "term": launch.term,
            "groups_url": launch.groups_url,
        },
    )


def _ensure_participant(
    connection: Connection, platform: Platform, course: Course, launch: Launch, now: datetime
) -> tuple[uuid.UUID, Role]:
    """The person who launches, and the role in the course; a member of the course, unless a test
    user, or somebody who takes no part in it.

    A teacher of the course whose launch says learner looks at it as learners do: Moodle's "Switch
    role to" sends no more than that (moodle/moodle, mod/lti/locallib.php, lti_get_ims_role). Such a
    visitor has no teacher's rights here until the LMS says teacher again, and is a learner as soon
    as the roster says so."""
    named = PlatformUser(
        launch.subject,
        launch.name,
        launch.email,
        launch.sourced_id,
        launch.sourced_id_from_custom,
    )
    person_id = people_store.ensure_person(connection, platform.tenant_id, platform.id, named)
    role = launch.role
    if role is Role.LEARNER and not launch.is_test_user:
        known = courses_store.find_membership_role(
            connection, platform.tenant_id, course.id, person_id
        )
        role = Role.VISITOR if known in _TEACHERS_OR_VISITORS else role
    if not launch.is_test_user and launch.role.takes_part:
        courses_store.upsert_launched_member(
            connection, platform.tenant_id, course.id, person_id, role.value, now
        )
    return person_id, role


def _takes_grades(launch: Launch) -> bool:
    """Whether the platform takes scores of whoever launches."""
    return launch.role is Role.LEARNER and not launch.is_test_user and SCORE_SCOPE in launch.scopes


def _launch_values(platform: Platform, launch: Launch) -> dict[str, Any]:
    """The columns of a launch that repeat what its message says."""
    names_line_item = _takes_grades(launch) or launch.message is MessageType.REVIEW
    return {
        "message": launch.message.value,
        "subject": launch.subject,
        "role": launch.role.value,
        "administers": launch.administers,
        "missing_parameter": launch.missing_parameter,
        "locale": launch.locale[
            :35
        ],  # the longest language tag that RFC 5646 (4.4.1) asks to support
        "deployment_id": launch.deployment_id,
        "resource_link_id": launch.resource_link_id,
        "resource_link_title": launch.resource_link_title,
        "return_url": _own_return_url(platform, launch),
        "line_item_url": launch.line_item_url if names_line_item else "",
        "deep_linking": asdict(launch.deep_linking) if launch.deep_linking else None,
        "review_of": launch.review_of,
    }


def _own_return_url(platform: Platform, launch: Launch) -> str:
    """Where the way back to the course leads; empty where the launch names a place of somebody
    else. Who shows its pages under one address has nothing elsewhere."""
    family = detect_family(launch.product_family, platform.issuer, platform.auth_login_url)
    own = {
        url_origin(platform.issuer),
        url_origin(platform.auth_login_url),
        *platform.frame_origins,
    }
    if dialect_for(family).shown_on_other_hosts or url_origin(launch.return_url) in own:
        return launch.return_url
    return ""


def _require_approved(deps: ToolDeps, platform: Platform, launch: Launch) -> None:
    """Register a deployment at its first verified launch, and approve it if the
    registration's rule says so. This is a transaction of its own: a pending deployment must
    be visible to the administrator although its launch was refused."""
    with deps.unit_of_work(platform.tenant_id) as connection:
        status = platforms_store.find_deployment_status(
            connection, platform.tenant_id, platform.id, launch.deployment_id
        )
        if status is None:
            status = APPROVED if platform.approve_deployments else PENDING
            if (
                status == APPROVED
                or platforms_store.count_pending_deployments(
                    connection, platform.tenant_id, platform.id
                )
                < MAX_PENDING_DEPLOYMENTS
            ):
                platforms_store.insert_deployment(
                    connection,
                    platform.tenant_id,
                    platform.id,
                    launch.deployment_id,
                    status,
                    course=(launch.context_title or launch.resource_link_title)[:MAX_PLACE_LENGTH],
                    host=urlsplit(launch.return_url).hostname or "",
                )
    if status != APPROVED:
        raise LaunchInvalid(
            lazy_gettext(
                "This course's installation (deployment %(deployment)s) of the tool %(status)s "
                "here. Ask whoever runs this tool for your organisation to approve it on the "
                "administration page.",
                deployment=launch.deployment_id[:80],
                status=lazy_gettext("waits for approval")
                if status == PENDING
                else lazy_gettext("was refused"),
            ),
            f"deployment {launch.deployment_id!r} is {status}",
            status=403,
            turn=Turn.TOOL_ADMINISTRATOR,
        )


def _resolve_placement(
    connection: Connection, platform: Platform, course: Course, launch: Launch
) -> Placement:
    """What this activity opens: from its custom parameters, from its stored placement, or
    from the course it was copied from."""
    tenant_id, link, title = platform.tenant_id, launch.resource_link_id, launch.resource_link_title
    programmes = list(episodes_store.newest_programme_versions(connection, tenant_id))
    page = launch.custom.get("page", "")
    if launch.message is MessageType.DEEP_LINK:
        return Placement("", next(iter(programmes), ""), "pick", "")
    wanted = launch.custom.get("programme", "")
    known = courses_store.find_placement(connection, tenant_id, course.id, link)
    if not wanted and known is None:
        known = _find_copied_placement(connection, platform, course, launch)
    if not wanted:
        wanted = known.programme if known else next(iter(programmes), "")
        page = page or (known.page if known else "")
    if page == ADMIN_PAGE and launch.may_administer:
        return Placement(link, wanted if wanted in programmes else "", ADMIN_PAGE, title)
    if wanted not in programmes:
        if launch.may_administer:
            return Placement(link, "", ADMIN_PAGE, title)
        raise LaunchInvalid(
            "No programme is set up for this activity yet. Ask your training manager to set one "
            "up.",
            f"no programme {wanted!r}",
            turn=Turn.TOOL_ADMINISTRATOR,
        )
    attempt = parse_qs(urlsplit(launch.target_link_uri).query).get("attempt", [""])[0]
    if attempt and _is_uuid(attempt):
        return Placement(
            link, wanted, f"attempt-{attempt}", title
        )  # a submission reopened from Canvas's SpeedGrader
    created = Placement(link, wanted, page if page in ACTIVITY_PAGES else "today", title)
    if launch.message is MessageType.RESOURCE and created != known:
        courses_store.upsert_placement(connection, tenant_id, course.id, created)
    return created


def _find_copied_placement(
    connection: Connection, platform: Platform, course: Course, launch: Launch
) -> Placement | None:
    """The activity of an earlier course that this activity is a copy of: the one with the
    same title, or the only one."""
    for context_id in launch.context_history:
        if context_id == launch.context_id:
            continue
        before = courses_store.list_source_placements(
            connection, platform.tenant_id, platform.id, context_id
        )
        same = [item for item in before if item.title and item.title == launch.resource_link_title]
        if same or len(before) == 1:
            return (same or before)[0]
    return None


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _update_platform_facts(connection: Connection, platform: Platform, launch: Launch) -> None:
    """Update what a verified launch shows about its platform: the origin under which it
    shows pages, and which product it is."""
    shown_by = url_origin(_own_return_url(platform, launch))
    family = detect_family(launch.product_family, platform.issuer, platform.auth_login_url)
    if (
        shown_by
        and shown_by not in platform.frame_origins
        and shown_by not in (url_origin(platform.issuer), url_origin(platform.auth_login_url))
    ):
        platforms_store.add_frame_origin(connection, platform, shown_by, MAX_FRAME_ORIGINS)
    if platform.family == "standard" and family != "standard":
        platforms_store.update_platform(
            connection, platform.tenant_id, platform.id, {"family": family}
        )
