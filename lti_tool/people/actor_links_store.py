"""Links between actors of other systems' statements and people: what made each, and what the
record store was told.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.people.people_store import BY_ADMINISTRATOR, BY_MAIL, BY_SIGN_IN, LINK_UNDONE
from lti_tool.tables.base import platform_registration
from lti_tool.tables.people import actor_link, identity, person

# What makes a link, beside an administrator: the user of an LMS that the actor names by its
# address and number, or an address that somebody has proved to receive mail at.
BY_LAUNCH, BY_ADDRESS = "launch", "confirmed address"


@dataclass(frozen=True)
class ActorLink:
    """An actor (an identity: lrs.xapi.actors), and who that is; ``counts_as``: as whom the record
    store counts it, by the merge ``merge_id``. ``refusal``: why the record store does not.
    """

    identity: str
    person_id: uuid.UUID | None
    name: str
    external_id: str
    joined_by: str
    joined_who: str
    joined_at: datetime
    merge_id: int | None
    counts_as: uuid.UUID | None
    refusal: str


def list_actor_links(
    connection: Connection, tenant_id: int, rows: int, search: str = ""
) -> list[ActorLink]:
    """Links that hold and match the search (name, id, actor), the newest first."""
    query = _select_links(tenant_id).where(actor_link.c.joined_by != LINK_UNDONE)
    if search:
        text = search.lower()
        query = query.where(
            func.lower(person.c.name).contains(text, autoescape=True)
            | func.lower(person.c.external_id).contains(text, autoescape=True)
            | func.lower(actor_link.c.identity).contains(text, autoescape=True)
        )
    a = actor_link.c
    ordered = query.order_by(a.joined_at.desc(), a.identity).limit(rows)
    return [ActorLink(**row._mapping) for row in connection.execute(ordered)]


def _select_links(tenant_id: int) -> Any:
    a, p = actor_link.c, person.c
    return (
        select(
            a.identity,
            a.person_id,
            func.coalesce(p.name, "").label("name"),
            func.coalesce(p.external_id, "").label("external_id"),
            a.joined_by,
            a.joined_who,
            a.joined_at,
            a.merge_id,
            a.counts_as,
            a.refusal,
        )
        .outerjoin(person, p.id == a.person_id)
        .where(a.tenant_id == tenant_id)
    )


def follow_identities(connection: Connection, tenant_id: int) -> None:
    """Let links that a user of an LMS made follow who that user is now, and those that an address
    made end where it is nobody's confirmed address any more.
    """
    a, i, p = actor_link.c, identity.c, person.c
    of_user = (
        select(i.person_id)
        .where(
            i.tenant_id == tenant_id,
            i.registration_id == a.registration_id,
            i.subject == a.subject,
        )
        .scalar_subquery()
    )
    connection.execute(
        update(actor_link)
        .where(
            a.tenant_id == tenant_id,
            a.joined_by == BY_LAUNCH,
            a.person_id.is_distinct_from(of_user),
        )
        .values(person_id=of_user, refusal="")
    )
    still = (
        select(p.id)
        .where(
            p.id == a.person_id,
            func.lower(p.email) == func.lower(a.subject),
            _has_confirmed_address(),
        )
        .exists()
    )
    connection.execute(
        update(actor_link)
        .where(
            a.tenant_id == tenant_id,
            a.joined_by == BY_ADDRESS,
            a.person_id.is_not(None),
            ~still,
        )
        .values(person_id=None)
    )


def _has_confirmed_address() -> Any:
    """Condition: a user of an LMS has proved to be this person of the list, by a code that was
    mailed to the list's address or after the organisation's own sign-in."""
    i = identity.c
    return (
        person.c.imported_at.is_not(None)
        & select(i.subject)
        .where(
            i.tenant_id == person.c.tenant_id,
            i.person_id == person.c.id,
            i.joined_by.in_((BY_MAIL, BY_SIGN_IN)),
        )
        .exists()
    )


def list_untold_links(connection: Connection, tenant_id: int, rows: int) -> list[ActorLink]:
    """Links of which the record store has to be told: made, changed or ended."""
    a = actor_link.c
    query = _select_links(tenant_id).where(
        a.person_id.is_distinct_from(a.counts_as), a.refusal == ""
    )
    ordered = query.order_by(a.joined_at, a.identity).limit(rows)
    return [ActorLink(**row._mapping) for row in connection.execute(ordered)]


def find_users(
    connection: Connection, tenant_id: int, accounts: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], list[tuple[int, uuid.UUID]]]:
    """By (issuer, number of a user): the registrations of that issuer that know the user, and who
    that is there.
    """
    i, r = identity.c, platform_registration.c
    rows = connection.execute(
        select(r.issuer, i.subject, i.registration_id, i.person_id)
        .join(platform_registration, r.id == i.registration_id)
        .where(
            i.tenant_id == tenant_id,
            r.issuer.in_({issuer for issuer, _ in accounts}),
            i.subject.in_({subject for _, subject in accounts}),
        )
    )
    result: dict[tuple[str, str], list[tuple[int, uuid.UUID]]] = {}
    for row in rows:
        found = result.setdefault((row.issuer, row.subject), [])
        found.append((row.registration_id, row.person_id))
    return result


def find_confirmed_addresses(
    connection: Connection, tenant_id: int, addresses: Collection[str]
) -> Mapping[str, list[uuid.UUID]]:
    """By address (in small letters): the people whose confirmed address it is."""
    p = person.c
    rows = connection.execute(
        select(func.lower(p.email).label("email"), p.id).where(
            p.tenant_id == tenant_id,
            func.lower(p.email).in_(set(addresses)),
            _has_confirmed_address(),
        )
    )
    result: dict[str, list[uuid.UUID]] = {}
    for row in rows:
        result.setdefault(row.email, []).append(row.id)
    return result


def insert_actor_link(
    connection: Connection,
    tenant_id: int,
    actor: str,
    person_id: uuid.UUID,
    *,
    by: str,
    who: str,
    now: datetime,
    user: tuple[int | None, str] = (None, ""),
) -> bool:
    """Link an actor to a person; ``user``: registration and number of the user of an LMS, or the
    address. What an administrator says replaces what was there; nothing else does. Return whether
    it is linked now.
    """
    registration_id, subject = user
    values = {
        "person_id": person_id,
        "registration_id": registration_id,
        "subject": subject,
        "joined_by": by,
        "joined_who": who,
        "joined_at": now,
        "refusal": "",
    }
    row = upsert(actor_link).values(tenant_id=tenant_id, identity=actor, **values)
    place = ["tenant_id", "identity"]
    if by == BY_ADMINISTRATOR:
        row = row.on_conflict_do_update(index_elements=place, set_=values)
    else:
        row = row.on_conflict_do_nothing(index_elements=place)
    return connection.execute(row).rowcount == 1


def undo_actor_link(
    connection: Connection, tenant_id: int, actor: str, *, who: str, now: datetime
) -> uuid.UUID | None:
    """Take a link back; nothing but an administrator makes it again. Return who it was, or None."""
    a = actor_link.c
    own = (a.tenant_id == tenant_id, a.identity == actor, a.joined_by != LINK_UNDONE)
    before: uuid.UUID | None = connection.execute(
        select(a.person_id).where(*own).with_for_update()
    ).scalar()
    if before is not None:
        connection.execute(
            update(actor_link)
            .where(*own)
            .values(
                person_id=None, joined_by=LINK_UNDONE, joined_who=who, joined_at=now, refusal=""
            )
        )
    return before


def save_merge(
    connection: Connection,
    tenant_id: int,
    actor: str,
    *,
    counts_as: uuid.UUID | None,
    merge_id: int | None,
) -> None:
    """Keep what the record store was told. A link that is over, and that nobody took back, goes."""
    a = actor_link.c
    own = (a.tenant_id == tenant_id, a.identity == actor)
    connection.execute(
        update(actor_link).where(*own).values(counts_as=counts_as, merge_id=merge_id)
    )
    connection.execute(
        delete(actor_link).where(
            *own, a.person_id.is_(None), a.counts_as.is_(None), a.joined_by != LINK_UNDONE
        )
    )


def mark_refused(connection: Connection, tenant_id: int, actor: str, refusal: str) -> None:
    """Keep why the record store does not count an actor as this person."""
    a = actor_link.c
    connection.execute(
        update(actor_link)
        .where(a.tenant_id == tenant_id, a.identity == actor)
        .values(refusal=refusal)
    )
