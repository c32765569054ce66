"""The organisation's directory as its administrators see it: its people, people known only
from an LMS, and who holds which role."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from core.database import UnitOfWork
from core.errors import BadInput, Conflict
from lti_tool.base import journal_store, roles
from lti_tool.people import directory_store, identity_links, people_store
from lti_tool.people import identity_links_store as stored
from lti_tool.people.directory_store import PlatformIdentity, Profile


@dataclass(frozen=True)
class DirectoryPage:
    """A page of people: the totals, the names that platforms give them, and the cursor of
    the next page; ``claimed``: joins that wait for review."""

    people: list[Profile]
    names: dict[uuid.UUID, list[PlatformIdentity]]
    listed: int
    unmatched: int
    after: str
    granted: list[tuple[uuid.UUID, str, str, str]]
    claimed: int


def load_directory_page(
    unit_of_work: UnitOfWork, *, tenant_id: int, search: str, after: str, unmatched: bool
) -> DirectoryPage:
    """Load a page of people, ordered by name."""
    with unit_of_work(tenant_id) as connection:
        result = directory_store.list_profile_page(
            connection,
            tenant_id,
            search=search[:200],
            after=_parse_cursor(after),
            unmatched=unmatched,
        )
        names = directory_store.identities_by_person(
            connection, tenant_id, [item.id for item in result]
        )
        listed, others = directory_store.count_people(connection, tenant_id)
        last = result[-1] if len(result) == directory_store.PAGE_SIZE else None
        return DirectoryPage(
            result,
            names,
            listed,
            others,
            f"{last.id}:{last.name}" if last else "",
            directory_store.list_role_grants(connection, tenant_id),
            stored.count_claimed_links(connection, tenant_id),
        )


def _parse_cursor(text: str) -> tuple[str, uuid.UUID] | None:
    person_id, _, name = text.partition(":")
    try:
        return (name, uuid.UUID(person_id)) if person_id else None
    except ValueError:
        return None


def grant_role(
    unit_of_work: UnitOfWork, *, tenant_id: int, person_id: uuid.UUID, role: str, who: str
) -> None:
    """Grant a role to a person in the directory."""
    if role not in roles.GRANTABLE_ROLES:
        raise BadInput("Choose one of the roles.", field="role")
    with unit_of_work(tenant_id) as connection:
        if not people_store.person_exists(connection, tenant_id, person_id):
            raise BadInput("Choose a person of the list.", field="person")
        if directory_store.insert_role_grant(connection, tenant_id, person_id, role, who):
            journal_store.insert_audit_entry(
                connection, tenant_id, who, "gave a role", {"person": str(person_id), "role": role}
            )


def withdraw_role(
    unit_of_work: UnitOfWork, *, tenant_id: int, person_id: uuid.UUID, role: str, who: str
) -> None:
    """Withdraw a role."""
    with unit_of_work(tenant_id) as connection:
        if directory_store.delete_role_grant(connection, tenant_id, person_id, role):
            journal_store.insert_audit_entry(
                connection,
                tenant_id,
                who,
                "took a role away",
                {"person": str(person_id), "role": role},
            )


def join_to_listed(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    met: uuid.UUID,
    external_id: str,
    who: str,
    now: datetime,
) -> None:
    """Record that a person known from an LMS is the same as one in the directory."""
    with unit_of_work(tenant_id) as connection:
        if (
            not people_store.person_exists(connection, tenant_id, met)
            or directory_store.get_profile(connection, tenant_id, met).imported_at is not None
        ):
            raise BadInput("This person is on the list already.", field="met")
        listed = directory_store.find_listed_person(connection, tenant_id, external_id)
        if listed is None:
            raise BadInput(
                "Nobody on the list has exactly this id or address.", field="external_id"
            )
        if identity_links.join_people(connection, tenant_id, met, listed, who, now) is None:
            raise Conflict(
                "A certification is on record under both names. Erase the one of the LMS's name "
                "first, or keep them apart."
            )
