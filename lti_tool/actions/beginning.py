"""Certifications that come by themselves: grades of a gradebook's column, statements of any source about an activity. Each is taken once: a
person who has an episode in the programme keeps it as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection

from core import clock
from core.database import UnitOfWork
from core.errors import BadInput
from lrs.vocabulary import ACHIEVED, BASE, COMPLETED, EARNED, VERBS, share_of
from lti_tool.actions import certifying, programmes
from lti_tool.actions.programmes import Programme
from lti_tool.store import beginnings, directory, drafts, journal, learning, people, tenants
from lti_tool.store.beginnings import CertifyingColumn, Source

# Verbs that say of a person that the certification is his or hers. Moodle's plugin says of a badge or a certificate that it was achieved and of a
# course that it was completed; a person named the activity, so finishing it is the certification.
VERB_IRIS = (VERBS["certified"].id, EARNED, ACHIEVED, COMPLETED)
LONGEST_IRI, MOST_SOURCES = 1_000, 20


def sources(unit_of_work: UnitOfWork, *, tenant_id: int, programme: str) -> list[Source]:
    """The activities that begin a programme."""
    with unit_of_work(tenant_id) as connection:
        return beginnings.sources(connection, tenant_id, programme)


def add_source(unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, activity: str, home_page: str = "", who: str) -> None:
    """Whoever is "certified" by this activity, "earned", "achieved" or "completed" it, begins the programme. Given again, it is read from its beginning.

    ``home_page`` is that of accounts whose names are the list's ids; empty where people are known by address alone.
    """
    iri, accounts = activity.strip(), home_page.strip()
    if len(accounts) > LONGEST_IRI:
        raise BadInput(f"Keep the home page to {LONGEST_IRI} characters.", field="home_page")
    try:
        parts = urlsplit(iri)
    except ValueError:
        parts = urlsplit("")
    if not parts.scheme or not (parts.netloc or parts.path) or len(iri) > LONGEST_IRI or any(letter.isspace() for letter in iri):
        raise BadInput("This is no id of an activity; one looks like https://example.org/certifications/welding.", field="activity")
    with unit_of_work(tenant_id) as connection:
        if programme not in learning.newest_programmes(connection, tenant_id):
            raise BadInput("Publish the programme first; then statements can begin it.", field="activity")
        if len(beginnings.sources(connection, tenant_id, programme)) >= MOST_SOURCES:
            raise BadInput(f"A programme is begun by up to {MOST_SOURCES} activities.", field="activity")
        beginnings.keep_source(connection, tenant_id, programme, iri, accounts)
        journal.add_audit(connection, tenant_id, who, "let statements begin a programme", {"programme": programme, "activity": iri})


def drop_source(unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, activity: str, who: str) -> None:
    """Its statements begin nothing more."""
    with unit_of_work(tenant_id) as connection:
        beginnings.drop_source(connection, tenant_id, programme, activity)
        journal.add_audit(connection, tenant_id, who, "let statements begin a programme no more", {"programme": programme, "activity": activity})


def by_grades(unit_of_work: UnitOfWork, *, tenant_id: int, column: CertifyingColumn, results: Iterable[tuple[str, float]], now: datetime) -> int:
    """Certify who has reached the column's share; gives how many are new. Gradebooks tell no moment: it is the one of the reading."""
    reached = {subject: share for subject, share in results if share >= column.share and "\0" not in subject}
    if not reached:
        return 0
    with unit_of_work(tenant_id) as connection:
        programme = _open(connection, tenant_id, column.programme)
        if programme is None:
            return 0
        known = beginnings.people_of(connection, tenant_id, column.registration_id, sorted(reached))
        begun = learning.people_with_episodes(connection, tenant_id, column.programme, list(known.values()))
        return sum(
            _certify(connection, tenant_id, person_id, programme, now, now, "gradebook", {"": reached[subject]})
            for subject, person_id in sorted(known.items())
            if person_id not in begun
        )


def by_statements(
    unit_of_work: UnitOfWork, *, tenant_id: int, source: Source, statements: Iterable[Mapping[str, Any]], now: datetime
) -> tuple[int, list[Mapping[str, Any]]]:
    """Certify whom statements name; gives (how many are new, the statements that name nobody here)."""
    begun, unmatched = 0, list[Mapping[str, Any]]()
    with unit_of_work(tenant_id) as connection:
        programme = _open(connection, tenant_id, source.programme)
        if programme is None:
            return 0, []
        installation = tenants.installation_id(connection)
        for statement in statements:
            if _not_earned(statement):
                continue
            person_id = _whose(connection, tenant_id, installation, statement.get("actor"), source.home_page)
            at = _moment(statement.get("timestamp"), now)
            if person_id is None or at is None:
                unmatched.append(statement)
            elif not learning.people_with_episodes(connection, tenant_id, source.programme, [person_id]):
                begun += _certify(connection, tenant_id, person_id, programme, at, now, "statement", _exam(statement))
    return begun, unmatched


def _open(connection: Connection, tenant_id: int, key: str) -> Programme | None:
    version = learning.newest_programmes(connection, tenant_id).get(key)
    if version is None or key in drafts.archived(connection, tenant_id):
        return None
    return programmes.load(connection, tenant_id, key, version)


def _certify(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: Programme,
    at: datetime,
    now: datetime,
    source: str,
    exam: Mapping[str, float],
) -> bool:
    return certifying.certify_within(
        connection,
        tenant_id=tenant_id,
        person=directory.profile(connection, tenant_id, person_id),
        programme=programme,
        certified_at=at,
        now=now,
        wave="",
        team="",
        source=source,
        exam=exam,
    )


def _whose(connection: Connection, tenant_id: int, installation: uuid.UUID, actor: Any, home_page: str) -> uuid.UUID | None:
    """The person whom an actor names: by our own account, by an address, as a platform names those who launch from it (Moodle's plugin does), or
    by the name of a trusted account, that one person of the list has."""
    if not isinstance(actor, dict):
        return None
    account, mbox = actor.get("account"), actor.get("mbox")
    if isinstance(account, dict) and isinstance(account.get("name"), str) and "\0" not in account["name"]:
        if account.get("homePage") == f"{BASE}installations/{installation}":
            try:
                mine = uuid.UUID(account["name"])
            except ValueError:
                return None
            return mine if people.exists(connection, tenant_id, mine) else None
        launched = beginnings.person_of_account(connection, tenant_id, str(account.get("homePage")), account["name"])
        if launched is not None or not home_page or account.get("homePage") != home_page:
            return launched
        found = directory.find(connection, tenant_id, external_ids=[account["name"]])
    elif isinstance(mbox, str) and "\0" not in mbox:
        found = directory.find(connection, tenant_id, emails=[mbox.removeprefix("mailto:").lower()])
    else:
        return None
    return found[0].id if len(found) == 1 else None


def _moment(text: Any, now: datetime) -> datetime | None:
    """When it was earned; None for what cannot be."""
    try:
        at = clock.parse(str(text).upper())  # RFC 3339 knows small letters, too
        certifying.require_likely(at, now)
    except (ValueError, OverflowError, BadInput):
        return None
    return at


def _exam(statement: Mapping[str, Any]) -> dict[str, float]:
    result = statement.get("result")
    share = share_of(result.get("score")) if isinstance(result, dict) else None
    return {} if share is None else {"": share}


def _not_earned(statement: Mapping[str, Any]) -> bool:
    """A certification that was failed, or an activity that was left unfinished, begins nothing."""
    result = statement.get("result")
    return isinstance(result, dict) and (result.get("success") is False or result.get("completion") is False)
