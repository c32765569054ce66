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

from core.database import UnitOfWork
from core.errors import BadInput, Conflict, Forbidden, NotFound
from lti_tool.actions import languages
from lti_tool.actions.tokens import digest
from lti_tool.actions.visiting import JOIN, SIGNED_IN
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import directory, joining, journal, mails, people
from lti_tool.store.joining import Join, Suggestion
from lti_tool.store.journal import AuditEntry
from lti_tool.store.people import ADMINISTRATOR, CLAIMED, MAIL, SECOND_CLAIM, SIGN_IN, LaunchSession

CODE_DIGITS = 8
MAIL_TIME = timedelta(hours=1)  # mail can be slow
SHOWN_TIME = timedelta(minutes=10)  # copied from one window to another
MOST_ON_A_PAGE, ALERTS = 200, 20
_BOTH = "A certification is on record under both names. Ask your administrator to look at it."


@dataclass(frozen=True)
class Standing:
    """Who somebody is here: whether in the directory, whether only by a claim, and whether a
    leader or a holder of a role."""

    listed: bool
    claimed: bool
    leads: bool


@dataclass(frozen=True)
class Joins:
    """Joins, suggested joins, and alerts about second claims on one person, as
    administrators see them."""

    joins: list[Join]
    suggestions: list[Suggestion]
    alerts: list[AuditEntry]


def standing(unit_of_work: UnitOfWork, *, session: LaunchSession) -> Standing:
    """Load who somebody is here."""
    with unit_of_work(session.tenant_id) as connection:
        profile = directory.profile(connection, session.tenant_id, session.person_id)
        leads = bool(directory.roles_of(connection, session.tenant_id, session.person_id))
    return Standing(profile.imported_at is not None, session.joined_by in CLAIMED, leads)


def ask(deps: ToolDeps, *, session: LaunchSession, email: str, now: datetime) -> None:
    """Send a code to the person with this address in the directory. The requester cannot
    tell whether anybody has it."""
    registration_id, tenant_id = session.platform(), session.tenant_id
    with deps.unit_of_work(tenant_id) as connection:
        found = [one for one in directory.find(connection, tenant_id, emails=[email.lower()]) if one.imported_at is not None]
        if len(found) != 1 or not email:
            return
        code = _code()
        user = (registration_id, session.subject)
        joining.keep_code(connection, tenant_id, digest(code), person_id=found[0].id, by=MAIL, user=user, expires_at=now + MAIL_TIME)
        tag = languages.choose([found[0].language])
        words = languages.translated(
            tag,
            "Somebody, probably you, opened Carryover in a course and says to be you. If it was you, type this code there within an hour:"
            " %(code)s. If it was not you, ignore this mail: without the code nothing happens.",
            code=code,
        )
        row = {
            "person_id": found[0].id,
            "kind": JOIN,
            "key": f"{JOIN} {digest(code).hex()}",
            "subject": languages.translated(tag, "Your code for Carryover"),
            "words": words,
            "programme": "",
            "path": "",
        }
        mails.queue(connection, tenant_id, [row])


def shown_code(unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime) -> str:
    """Issue a code to somebody who has signed in at the organisation's provider, to be typed
    in the course."""
    if session.message != SIGNED_IN:
        raise Forbidden("Sign in with your organisation's sign-in first; a link from a mail does not show a code.")
    code = _code()
    with unit_of_work(session.tenant_id) as connection:
        joining.keep_code(
            connection, session.tenant_id, digest(code), person_id=session.person_id, by=SIGN_IN, user=None, expires_at=now + SHOWN_TIME
        )
    return code


def _code() -> str:
    return f"{random.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def confirm(unit_of_work: UnitOfWork, *, session: LaunchSession, code: str, now: datetime) -> None:
    """Redeem a code: the user of this launch is the person to whom it was issued. BadInput
    for an invalid code; Conflict if another user of the same LMS is already that person."""
    registration_id, tenant_id = session.platform(), session.tenant_id
    typed = "".join(code.split())
    with unit_of_work(tenant_id) as connection:
        found = joining.take_code(connection, tenant_id, digest(typed), registration_id, session.subject, now) if typed else None
        refused = _taken(connection, session, found[0]) if found else False
        if found is not None and not refused:
            _join(connection, session, found[0], found[1], now)
    # Raised outside the transaction: the code stays redeemed and the alert is kept even if this
    # is refused.
    if found is None:
        raise BadInput("This code is none, was used or is too old. Ask for a new one.", field="code")
    if refused:
        raise Conflict("Another user of this LMS is this person already. Your administrator was told, and can change it.")


def _taken(connection: Connection, session: LaunchSession, person_id: uuid.UUID) -> bool:
    registration_id = session.platform()
    joining.hold(connection, session.tenant_id, person_id)
    mine = (registration_id, session.subject)
    taken = any(one[0] == registration_id and one != mine for one in joining.users_of(connection, session.tenant_id, person_id))
    if taken:
        people.note_second_claim(connection, session.tenant_id, f"user {session.subject}", person_id, mine, "code")
    return taken


def _join(connection: Connection, session: LaunchSession, person_id: uuid.UUID, by: str, now: datetime) -> None:
    tenant_id, registration_id = session.tenant_id, session.platform()
    stays = person_id
    if session.person_id != person_id:
        if directory.profile(connection, tenant_id, session.person_id).imported_at is None:
            kept = directory.join(connection, tenant_id, session.person_id, person_id)
            if kept is None:
                raise Conflict(_BOTH)
            stays = kept
        else:
            joining.leave_places(connection, tenant_id, registration_id, session.subject, session.person_id)
    joining.set_joined(connection, tenant_id, registration_id, session.subject, person_id=stays, by=by, who="by a code", now=now)
    details = {"person": str(stays), "platform": registration_id, "user": session.subject, "by": by}
    journal.add_audit(connection, tenant_id, f"user {session.subject}", "proved to be a person of the list", details)


def view(unit_of_work: UnitOfWork, *, tenant_id: int, search: str) -> Joins:
    """Load joins, suggested joins, and alerts about second claims."""
    with unit_of_work(tenant_id) as connection:
        found = joining.joins(connection, tenant_id, MOST_ON_A_PAGE, search[:200])
        alerts = journal.acts(connection, tenant_id, SECOND_CLAIM, ALERTS)
        return Joins(found, joining.suggestions(connection, tenant_id, MOST_ON_A_PAGE), alerts)


def undo(unit_of_work: UnitOfWork, *, tenant_id: int, registration_id: int, subject: str, who: str, now: datetime) -> None:
    """Undo a join: this user counts as another person until a join is proven or decided."""
    with unit_of_work(tenant_id) as connection:
        before = joining.undo(connection, tenant_id, registration_id, subject, who=who, now=now)
        if before is None:
            raise NotFound("There is no such join any more; load the page again.")
        details = {"person": str(before), "platform": registration_id, "user": subject}
        journal.add_audit(connection, tenant_id, who, "took a join back", details)


def agree(unit_of_work: UnitOfWork, *, tenant_id: int, chosen: Sequence[tuple[int, str]], who: str, now: datetime) -> int:
    """Confirm these joins, however they were made; return how many existed."""
    if not chosen:
        raise BadInput("Tick the joins that are right first.")
    with unit_of_work(tenant_id) as connection:
        right = {user: person_id for user in chosen if (person_id := joining.joined(connection, tenant_id, *user)) is not None}
        for (registration_id, subject), person_id in right.items():
            joining.set_joined(connection, tenant_id, registration_id, subject, person_id=person_id, by=ADMINISTRATOR, who=who, now=now)
        if right:
            details = {"users": [f"{registration_id}:{subject}" for registration_id, subject in right]}
            journal.add_audit(connection, tenant_id, who, "confirmed joins", details)
    return len(right)


def take(unit_of_work: UnitOfWork, *, tenant_id: int, chosen: Sequence[tuple[uuid.UUID, uuid.UUID]], who: str, now: datetime) -> tuple[int, int]:
    """Join suggested pairs (met, listed); return how many were joined, and how many could
    not be."""
    if not chosen:
        raise BadInput("Tick who is the same person first.")
    with unit_of_work(tenant_id) as connection:
        open_ones = {(one.met, one.listed) for one in joining.suggestions(connection, tenant_id, MOST_ON_A_PAGE) if one.alone}
        joined = sum(join(connection, tenant_id, *pair, who, now) is not None for pair in dict.fromkeys(chosen) if pair in open_ones)
    return joined, len(chosen) - joined


def join(connection: Connection, tenant_id: int, met: uuid.UUID, listed: uuid.UUID, who: str, now: datetime) -> uuid.UUID | None:
    """Join two people on an administrator's decision; return who stays, or None if both have
    a certification. Conflict if another user of the same LMS is already joined to the listed
    person."""
    joining.hold(connection, tenant_id, listed)
    users = joining.users_of(connection, tenant_id, met)
    there = {registration_id for registration_id, _ in joining.users_of(connection, tenant_id, listed)}
    if there.intersection(registration_id for registration_id, _ in users):
        raise Conflict("Another user of this LMS is this person already. Take that join back first, under Who is who.")
    kept = directory.join(connection, tenant_id, met, listed)
    if kept is not None:
        for registration_id, subject in users:
            joining.set_joined(connection, tenant_id, registration_id, subject, person_id=kept, by=ADMINISTRATOR, who=who, now=now)
        journal.add_audit(connection, tenant_id, who, "joined a person of an LMS to the list", {"met": str(met), "listed": str(listed)})
    return kept


def users_of(texts: Sequence[str]) -> list[tuple[int, str]]:
    """Parse (registration, subject) from each text of a form: a number, a colon, the
    subject."""
    found = []
    for text in texts:
        number, _, subject = text.partition(":")
        if not number.isascii() or not number.isdigit() or len(number) > 9 or not subject:
            raise BadInput("The form is not complete; load the page again.")
        found.append((int(number), subject))
    return found
