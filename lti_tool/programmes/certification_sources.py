"""Automatic certifications: from grades in a gradebook column, and from statements of any
source about an activity. Each is recorded once: a person who already has an episode in the
programme keeps it unchanged.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection

from adapters import lrs_client
from core import clock
from core.database import UnitOfWork
from core.errors import BadInput
from core.messages import lazy_gettext
from lrs.vocabulary import ACHIEVED, BASE, COMPLETED, EARNED, VERBS, VerbName, score_share
from lti_tool.base import journal_store, tenants_store
from lti_tool.people import actor_links_store, directory_store, people_store
from lti_tool.programmes import (
    certification,
    certification_sources_store,
    drafts_store,
    episodes_store,
    programmes,
)
from lti_tool.programmes.certification_sources_store import CertifyingColumn, StatementSource
from lti_tool.programmes.programmes import Programme

# Verbs by which a statement says that a person holds the certification. Moodle's plugin uses
# "achieved" for a badge or a certificate and "completed" for a course; somebody has chosen the
# activity, so finishing it counts as the certification.
CERTIFYING_VERB_IRIS = (VERBS[VerbName.CERTIFIED].id, EARNED, ACHIEVED, COMPLETED)
MAX_IRI_CHARS, MAX_SOURCES = 1_000, 20


def list_statement_sources(
    unit_of_work: UnitOfWork, *, tenant_id: int, programme: str
) -> list[StatementSource]:
    """List the activities whose statements begin a programme."""
    with unit_of_work(tenant_id) as connection:
        return certification_sources_store.list_statement_sources(connection, tenant_id, programme)


def add_statement_source(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    programme: str,
    activity: str,
    home_page: str = "",
    who: str,
) -> None:
    """Let everybody who was "certified" by this activity, or "earned", "achieved" or
    "completed" it, begin the programme. Adding it again reads its statements from the start.

    ``home_page`` is that of accounts whose names are ids in the directory; empty if people
    are identified by address only.
    """
    iri, accounts = activity.strip(), home_page.strip()
    if len(accounts) > MAX_IRI_CHARS:
        raise BadInput(
            lazy_gettext("Keep the home page to %(most)s characters.", most=MAX_IRI_CHARS),
            field="home_page",
        )
    _require_activity_id(iri)
    with unit_of_work(tenant_id) as connection:
        if programme not in episodes_store.newest_programme_versions(connection, tenant_id):
            raise BadInput(
                "Publish the programme first; then statements can begin it.", field="activity"
            )
        if (
            len(
                certification_sources_store.list_statement_sources(connection, tenant_id, programme)
            )
            >= MAX_SOURCES
        ):
            raise BadInput(
                lazy_gettext(
                    "A programme is begun by up to %(most)s activities.", most=MAX_SOURCES
                ),
                field="activity",
            )
        certification_sources_store.upsert_statement_source(
            connection, tenant_id, programme, iri, accounts
        )
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "let statements begin a programme",
            {"programme": programme, "activity": iri},
        )


def _require_activity_id(iri: str) -> None:
    try:
        parts = urlsplit(iri)
    except ValueError:
        parts = urlsplit("")
    if (
        not parts.scheme
        or not (parts.netloc or parts.path)
        or len(iri) > MAX_IRI_CHARS
        or any(letter.isspace() for letter in iri)
    ):
        raise BadInput(
            "This is no id of an activity; one looks like "
            "https://example.org/certifications/welding.",
            field="activity",
        )


def remove_statement_source(
    unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, activity: str, who: str
) -> None:
    """Stop beginning episodes from this activity's statements."""
    with unit_of_work(tenant_id) as connection:
        certification_sources_store.delete_statement_source(
            connection, tenant_id, programme, activity
        )
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "let statements begin a programme no more",
            {"programme": programme, "activity": activity},
        )


def certify_by_grades(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    column: CertifyingColumn,
    results: Iterable[tuple[str, float]],
    now: datetime,
) -> int:
    """Certify people who have reached the column's share; return how many are new.
    Gradebooks state no time, so the time of reading is used."""
    reached = {
        subject: share
        for subject, share in results
        if share >= column.share and "\0" not in subject
    }
    if not reached:
        return 0
    with unit_of_work(tenant_id) as connection:
        programme = _load_active_programme(connection, tenant_id, column.programme)
        if programme is None:
            return 0
        person_ids = certification_sources_store.person_ids_by_subject(
            connection, tenant_id, column.registration_id, sorted(reached)
        )
        begun = episodes_store.filter_people_with_episode(
            connection, tenant_id, column.programme, list(person_ids.values())
        )
        return sum(
            _certify_person(
                connection,
                tenant_id,
                person_id,
                programme,
                now,
                now,
                "gradebook",
                {"": reached[subject]},
                column.course_id,
            )
            for subject, person_id in sorted(person_ids.items())
            if person_id not in begun
        )


def certify_by_statements(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    source: StatementSource,
    statements: Iterable[Mapping[str, Any]],
    now: datetime,
) -> tuple[int, list[Mapping[str, Any]]]:
    """Certify the people named in statements; return (how many are new, the statements that
    match nobody here)."""
    begun, unmatched = 0, list[Mapping[str, Any]]()
    with unit_of_work(tenant_id) as connection:
        programme = _load_active_programme(connection, tenant_id, source.programme)
        if programme is None:
            return 0, []
        installation = tenants_store.get_installation_id(connection)
        for statement in statements:
            if _is_failed_or_incomplete(statement):
                continue
            person_id = _match_actor(
                connection, tenant_id, installation, statement.get("actor"), source.home_page
            )
            at = _parse_certified_at(statement.get("timestamp"), now)
            if person_id is None or at is None:
                unmatched.append(statement)
            elif not episodes_store.filter_people_with_episode(
                connection, tenant_id, source.programme, [person_id]
            ):
                begun += _certify_person(
                    connection,
                    tenant_id,
                    person_id,
                    programme,
                    at,
                    now,
                    "statement",
                    _exam_scores(statement),
                )
    return begun, unmatched


def _load_active_programme(connection: Connection, tenant_id: int, key: str) -> Programme | None:
    version = episodes_store.newest_programme_versions(connection, tenant_id).get(key)
    if version is None or key in drafts_store.list_archived_keys(connection, tenant_id):
        return None
    return programmes.load_programme(connection, tenant_id, key, version)


def _certify_person(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: Programme,
    at: datetime,
    now: datetime,
    source: str,
    exam: Mapping[str, float],
    course_id: uuid.UUID | None = None,
) -> bool:
    return certification.certify_in_transaction(
        connection,
        tenant_id=tenant_id,
        person=directory_store.get_profile(connection, tenant_id, person_id),
        programme=programme,
        certified_at=at,
        now=now,
        wave="",
        team="",
        source=source,
        exam=exam,
        course_id=course_id,
    )


def _match_actor(
    connection: Connection, tenant_id: int, installation: uuid.UUID, actor: Any, home_page: str
) -> uuid.UUID | None:
    """The person whom an actor identifies: by our own account, by what was said of the actor
    (Who is who), by the account of a user who launches from a platform (as Moodle's plugin names
    people), or by an address or a trusted account's name that exactly one person in the directory
    has."""
    identity = lrs_client.actor_identity(actor) if isinstance(actor, dict) else None
    if identity is None or "\0" in identity:
        return None
    account, mbox = actor.get("account"), actor.get("mbox")
    linked, decided = actor_links_store.find_person_of_actor(connection, tenant_id, identity)
    if decided:
        return linked
    if isinstance(account, dict) and isinstance(account.get("name"), str):
        if account.get("homePage") == f"{BASE}installations/{installation}":
            try:
                own = uuid.UUID(account["name"])
            except ValueError:
                return None
            return own if people_store.person_exists(connection, tenant_id, own) else None
        user = str(account.get("homePage")), account["name"]
        users = actor_links_store.find_users(connection, tenant_id, [user])
        launched = {person_id for _, person_id in users.get(user, ())}
        if launched or not home_page or account.get("homePage") != home_page:
            return launched.pop() if len(launched) == 1 else None
        result = directory_store.find_profiles(
            connection, tenant_id, external_ids=[account["name"]]
        )
    elif isinstance(mbox, str):
        result = directory_store.find_profiles(
            connection, tenant_id, emails=[mbox.removeprefix("mailto:").lower()]
        )
    else:
        return None
    return result[0].id if len(result) == 1 else None


def _parse_certified_at(text: Any, now: datetime) -> datetime | None:
    """Parse when the certification was earned; None for an implausible time."""
    try:
        at = clock.parse_instant(str(text).upper())  # RFC 3339 also allows lower-case letters
        certification.require_plausible_date(at, now)
    except (ValueError, OverflowError, BadInput):
        return None
    return at


def _exam_scores(statement: Mapping[str, Any]) -> dict[str, float]:
    result = statement.get("result")
    share = score_share(result.get("score")) if isinstance(result, dict) else None
    return {} if share is None else {"": share}


def _is_failed_or_incomplete(statement: Mapping[str, Any]) -> bool:
    """Whether the certification was failed or the activity left unfinished; neither begins
    an episode."""
    result = statement.get("result")
    return isinstance(result, dict) and (
        result.get("success") is False or result.get("completion") is False
    )
