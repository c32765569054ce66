"""Beginning a programme with an Open Badge: the holder presents it, the issuer verifies it."""

from __future__ import annotations

from datetime import datetime

from adapters import badges
from adapters.badges import BadgeRefused
from adapters.lms import Role
from core.database import UnitOfWork
from core.errors import BadInput
from core.http_client import limit_total_time, url_origin
from core.messages import lazy_gettext
from lti_tool.base import journal_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.people import courses_store, directory_store
from lti_tool.programmes import badges_store as store
from lti_tool.programmes import certification, episodes_store

MAX_BADGE_URL_CHARS, MAX_BADGES = 1_000, 20
ISSUER_TIMEOUT_SECONDS = 20.0  # a page waits no longer than this for an issuer


def list_accepted_badges(unit_of_work: UnitOfWork, *, tenant_id: int, programme: str) -> list[str]:
    """List the badges that begin a programme."""
    with unit_of_work(tenant_id) as connection:
        return store.list_accepted_badges(connection, tenant_id, programme)


def accept_badge(
    unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, badge: str, who: str
) -> None:
    """Let holders of this badge begin the programme."""
    address = badge.strip()
    if not url_origin(address).startswith("https://") or len(address) > MAX_BADGE_URL_CHARS:
        raise BadInput(
            "Enter the address (https) of the badge: its BadgeClass (Open Badges 2) or "
            "Achievement (3).",
            field="badge",
        )
    with unit_of_work(tenant_id) as connection:
        if programme not in episodes_store.newest_programme_versions(connection, tenant_id):
            raise BadInput("Publish the programme first; then a badge can begin it.", field="badge")
        if len(store.list_accepted_badges(connection, tenant_id, programme)) >= MAX_BADGES:
            raise BadInput(
                lazy_gettext("A programme accepts up to %(most)s badges.", most=MAX_BADGES),
                field="badge",
            )
        store.insert_accepted_badge(connection, tenant_id, programme, address)
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "accepted a badge",
            {"programme": programme, "badge": address},
        )


def stop_accepting_badge(
    unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, badge: str, who: str
) -> None:
    """Stop accepting a badge: people who began with it continue, nobody else begins with it."""
    with unit_of_work(tenant_id) as connection:
        store.delete_accepted_badge(connection, tenant_id, programme, badge)
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "accepted a badge no more",
            {"programme": programme, "badge": badge},
        )


def certify_by_badge(
    deps: ToolDeps, *, session: LaunchSession, content: bytes, now: datetime
) -> bool:
    """Begin this session's programme with a badge: its address, its text, a signed token, or
    a PNG that holds it. False if it was already begun."""
    if not content or len(content) > badges.MAX_FILE_BYTES:
        raise BadInput(
            "Paste the badge's address or text, or choose its picture (up to 5 MB).", field="badge"
        )
    with deps.unit_of_work(session.tenant_id) as connection:
        of_course = courses_store.find_membership_role(
            connection, session.tenant_id, session.course_id, session.person_id
        )
        if session.role == Role.LEARNER and of_course == Role.VISITOR:
            raise BadInput("You look at this course as a learner does; nothing is recorded of you.")
        accepted_badges = store.list_accepted_badges(
            connection, session.tenant_id, session.programme
        )
        me = directory_store.get_profile(connection, session.tenant_id, session.person_id)
        # An address that only an LMS states could be anybody's: it counts if the platform is
        # trusted to say who people are.
        proven = any(
            profile.id == me.id
            for profile in directory_store.find_profiles(
                connection, session.tenant_id, emails=[me.email.lower()]
            )
        )
    if not accepted_badges:
        raise BadInput(
            "This programme is begun by no badge. Your teacher or training manager records your "
            "certification."
        )
    if not me.email or not proven:
        raise BadInput(
            "No address of yours is proven here, so nobody can tell whether the badge is yours. "
            "Say who you are on your organisation's list first,"
            " or ask your training manager."
        )
    try:
        with limit_total_time(ISSUER_TIMEOUT_SECONDS):  # outside any transaction
            result = badges.verify_badge(
                deps.client,
                badges.extract_badge_text(content),
                accepted=accepted_badges,
                emails=[me.email],
                now=now,
            )
    except BadgeRefused as error:
        raise BadInput(error.message, field="badge") from None
    return certification.certify_person(
        deps.unit_of_work,
        tenant_id=session.tenant_id,
        person_id=session.person_id,
        programme=session.programme,
        certified_at=result.earned_at,
        now=now,
        source="badge",
        course_id=session.course_id,
    )
