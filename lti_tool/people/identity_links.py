"""Which person in the organisation's directory an LMS user is: proven by a code or decided
by an administrator, and undone if it was wrong.

What an LMS says is only a claim: in Moodle, users can edit the id number in their own
profile unless it is locked, and addresses are not verified. A code is sent to the address in
the directory, or is shown to somebody who has signed in at the organisation's own provider.
"""

from __future__ import annotations

import secrets as random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from core import translations
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, Forbidden, NotFound
from core.messages import gettext_noop, lazy_gettext
from lti_tool.base import journal_store, mail_outbox_store, sessions_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.journal_store import AuditEntry
from lti_tool.base.sessions_store import CLAIM_KINDS, JOIN, SIGNED_IN, LaunchSession
from lti_tool.base.token_hash import hash_token
from lti_tool.people import directory_store, identity_links_store, people_store
from lti_tool.people.identity_links_store import IdentityLink, LinkSuggestion
from lti_tool.people.people_store import BY_ADMINISTRATOR, BY_MAIL, BY_SIGN_IN, SECOND_CLAIM_ACT

CODE_DIGITS = 8
MAILED_CODE_LIFETIME = timedelta(hours=1)  # mail can be slow
SHOWN_CODE_LIFETIME = timedelta(minutes=10)  # copied from one window to another
JOIN_PAGE_LIMIT, ALERT_LIMIT = 200, 20
_BOTH_CERTIFIED = lazy_gettext(
    "A certification is on record under both names. Ask your administrator to look at it."
)


@dataclass(frozen=True)
class IdentityStatus:
    """Who somebody is here: whether in the directory, whether only by a claim, and whether a
    leader or a holder of a role."""

    listed: bool
    claimed: bool
    leads: bool


@dataclass(frozen=True)
class JoinOverview:
    """Joins, suggested joins, and alerts about second claims on one person, as
    administrators see them."""

    joins: list[IdentityLink]
    suggestions: list[LinkSuggestion]
    alerts: list[AuditEntry]


def load_identity_status(unit_of_work: UnitOfWork, *, session: LaunchSession) -> IdentityStatus:
    """Load who somebody is here."""
    with unit_of_work(session.tenant_id) as connection:
        profile = directory_store.get_profile(connection, session.tenant_id, session.person_id)
        leads = bool(
            sessions_store.list_person_roles(connection, session.tenant_id, session.person_id)
        )
    return IdentityStatus(profile.imported_at is not None, session.joined_by in CLAIM_KINDS, leads)


def send_join_code(deps: ToolDeps, *, session: LaunchSession, email: str, now: datetime) -> None:
    """Send a code to the person with this address in the directory. The requester cannot
    tell whether anybody has it."""
    registration_id, tenant_id = session.require_platform(), session.tenant_id
    with deps.unit_of_work(tenant_id) as connection:
        result = [
            profile
            for profile in directory_store.find_profiles(
                connection, tenant_id, emails=[email.lower()]
            )
            if profile.imported_at is not None
        ]
        if len(result) != 1 or not email:
            return
        code = _random_code()
        user = (registration_id, session.subject)
        identity_links_store.insert_join_code(
            connection,
            tenant_id,
            hash_token(code),
            person_id=result[0].id,
            by=BY_MAIL,
            user=user,
            expires_at=now + MAILED_CODE_LIFETIME,
        )
        tag = translations.choose_language([result[0].language])
        words = translations.translate_text(
            tag,
            "Somebody, probably you, opened Carryover in a course and says to be you. If it was "
            "you, type this code there within an hour:"
            " %(code)s. If it was not you, ignore this mail: without the code nothing happens.",
            code=code,
        )
        row = {
            "person_id": result[0].id,
            "kind": JOIN,
            "key": f"{JOIN} {hash_token(code).hex()}",
            "subject": translations.translate_text(tag, "Your code for Carryover"),
            "words": words,
            "programme": "",
            "path": "",
        }
        mail_outbox_store.enqueue_mails(connection, tenant_id, [row])


def issue_shown_code(unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime) -> str:
    """Issue a code to somebody who has signed in at the organisation's provider, to be typed
    in the course."""
    if session.message != SIGNED_IN:
        raise Forbidden(
            "Sign in with your organisation's sign-in first; a link from a mail does not show a "
            "code."
        )
    code = _random_code()
    with unit_of_work(session.tenant_id) as connection:
        identity_links_store.insert_join_code(
            connection,
            session.tenant_id,
            hash_token(code),
            person_id=session.person_id,
            by=BY_SIGN_IN,
            user=None,
            expires_at=now + SHOWN_CODE_LIFETIME,
        )
    return code


def _random_code() -> str:
    return f"{random.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def redeem_join_code(
    unit_of_work: UnitOfWork, *, session: LaunchSession, code: str, now: datetime
) -> None:
    """Redeem a code: the user of this launch is the person to whom it was issued. BadInput
    for an invalid code; Conflict if another user of the same LMS is already that person."""
    registration_id, tenant_id = session.require_platform(), session.tenant_id
    typed = "".join(code.split())
    with unit_of_work(tenant_id) as connection:
        result = (
            identity_links_store.redeem_join_code(
                connection, tenant_id, hash_token(typed), registration_id, session.subject, now
            )
            if typed
            else None
        )
        refused = _has_other_user(connection, session, result[0]) if result else False
        if result is not None and not refused:
            _join_session_user(connection, session, result[0], result[1], now)
    # Raised outside the transaction: the code stays redeemed and the alert is kept even if this
    # is refused.
    if result is None:
        raise BadInput(
            "This code is none, was used or is too old. Ask for a new one.", field="code"
        )
    if refused:
        raise Conflict(
            "Another user of this LMS is this person already. Your administrator was told, and "
            "can change it."
        )


def _has_other_user(connection: Connection, session: LaunchSession, person_id: uuid.UUID) -> bool:
    registration_id = session.require_platform()
    identity_links_store.lock_person(connection, session.tenant_id, person_id)
    own = (registration_id, session.subject)
    has_other = any(
        user[0] == registration_id and user != own
        for user in identity_links_store.list_platform_users(
            connection, session.tenant_id, person_id
        )
    )
    if has_other:
        people_store.audit_second_claim(
            connection, session.tenant_id, f"user {session.subject}", person_id, own, "code"
        )
    return has_other


def _join_session_user(
    connection: Connection, session: LaunchSession, person_id: uuid.UUID, by: str, now: datetime
) -> None:
    tenant_id, registration_id = session.tenant_id, session.require_platform()
    stays = person_id
    if session.person_id != person_id:
        if (
            directory_store.get_profile(connection, tenant_id, session.person_id).imported_at
            is None
        ):
            merged_id = directory_store.merge_people(
                connection, tenant_id, session.person_id, person_id
            )
            if merged_id is None:
                raise Conflict(_BOTH_CERTIFIED)
            stays = merged_id
        else:
            identity_links_store.delete_user_places(
                connection, tenant_id, registration_id, session.subject, session.person_id
            )
    identity_links_store.link_identity(
        connection,
        tenant_id,
        registration_id,
        session.subject,
        person_id=stays,
        by=by,
        who=gettext_noop("by a code"),
        now=now,
    )
    details = {"person": str(stays), "platform": registration_id, "user": session.subject, "by": by}
    journal_store.insert_audit_entry(
        connection,
        tenant_id,
        f"user {session.subject}",
        "proved to be a person of the list",
        details,
    )


def load_join_overview(unit_of_work: UnitOfWork, *, tenant_id: int, search: str) -> JoinOverview:
    """Load joins, suggested joins, and alerts about second claims."""
    with unit_of_work(tenant_id) as connection:
        result = identity_links_store.list_identity_links(
            connection, tenant_id, JOIN_PAGE_LIMIT, search[:200]
        )
        alerts = journal_store.list_acts(connection, tenant_id, SECOND_CLAIM_ACT, ALERT_LIMIT)
        return JoinOverview(
            result,
            identity_links_store.list_link_suggestions(connection, tenant_id, JOIN_PAGE_LIMIT),
            alerts,
        )


def undo_join(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    registration_id: int,
    subject: str,
    who: str,
    now: datetime,
) -> None:
    """Undo a join: this user counts as another person until a join is proven or decided."""
    with unit_of_work(tenant_id) as connection:
        before = identity_links_store.unlink_identity(
            connection, tenant_id, registration_id, subject, who=who, now=now
        )
        if before is None:
            raise NotFound("There is no such join any more; load the page again.")
        details = {"person": str(before), "platform": registration_id, "user": subject}
        journal_store.insert_audit_entry(connection, tenant_id, who, "took a join back", details)


def confirm_joins(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    chosen: Sequence[tuple[int, str]],
    who: str,
    now: datetime,
) -> int:
    """Confirm these joins, however they were made; return how many existed."""
    if not chosen:
        raise BadInput("Tick the joins that are right first.")
    with unit_of_work(tenant_id) as connection:
        right = {
            user: person_id
            for user in chosen
            if (person_id := identity_links_store.lock_linked_person(connection, tenant_id, *user))
            is not None
        }
        for (registration_id, subject), person_id in right.items():
            identity_links_store.link_identity(
                connection,
                tenant_id,
                registration_id,
                subject,
                person_id=person_id,
                by=BY_ADMINISTRATOR,
                who=who,
                now=now,
            )
        if right:
            details = {
                "users": [f"{registration_id}:{subject}" for registration_id, subject in right]
            }
            journal_store.insert_audit_entry(connection, tenant_id, who, "confirmed joins", details)
    return len(right)


def join_suggested(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    chosen: Sequence[tuple[uuid.UUID, uuid.UUID]],
    who: str,
    now: datetime,
) -> tuple[int, int]:
    """Join suggested pairs (met, listed); return how many were joined, and how many could
    not be."""
    if not chosen:
        raise BadInput("Tick who is the same person first.")
    with unit_of_work(tenant_id) as connection:
        open_ones = {
            (suggestion.met, suggestion.listed)
            for suggestion in identity_links_store.list_link_suggestions(
                connection, tenant_id, JOIN_PAGE_LIMIT
            )
            if suggestion.unambiguous
        }
        joined = sum(
            join_people(connection, tenant_id, *pair, who, now) is not None
            for pair in dict.fromkeys(chosen)
            if pair in open_ones
        )
    return joined, len(chosen) - joined


def join_people(
    connection: Connection,
    tenant_id: int,
    met: uuid.UUID,
    listed: uuid.UUID,
    who: str,
    now: datetime,
) -> uuid.UUID | None:
    """Join two people on an administrator's decision; return who stays, or None if both have
    a certification. Conflict if another user of the same LMS is already joined to the listed
    person."""
    identity_links_store.lock_person(connection, tenant_id, listed)
    users = identity_links_store.list_platform_users(connection, tenant_id, met)
    registration_ids = {
        registration_id
        for registration_id, _ in identity_links_store.list_platform_users(
            connection, tenant_id, listed
        )
    }
    if registration_ids.intersection(registration_id for registration_id, _ in users):
        raise Conflict(
            "Another user of this LMS is this person already. Take that join back first, under "
            "Who is who."
        )
    merged_id = directory_store.merge_people(connection, tenant_id, met, listed)
    if merged_id is not None:
        for registration_id, subject in users:
            identity_links_store.link_identity(
                connection,
                tenant_id,
                registration_id,
                subject,
                person_id=merged_id,
                by=BY_ADMINISTRATOR,
                who=who,
                now=now,
            )
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "joined a person of an LMS to the list",
            {"met": str(met), "listed": str(listed)},
        )
    return merged_id


def parse_join_users(texts: Sequence[str]) -> list[tuple[int, str]]:
    """Parse (registration, subject) from each text of a form: a number, a colon, the
    subject."""
    result = []
    for text in texts:
        number, _, subject = text.partition(":")
        if not number.isascii() or not number.isdigit() or len(number) > 9 or not subject:
            raise BadInput("The form is not complete; load the page again.")
        result.append((int(number), subject))
    return result
