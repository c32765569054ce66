"""Links between actors of other systems' statements and people: what made each, and what the
record store was told.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.people.people_store import BY_ADMINISTRATOR, BY_MAIL, BY_SIGN_IN, LINK_UNDONE
from lti_tool.tables.base import platform_registration
from lti_tool.tables.people import actor_link, identity, person

# What makes a link, beside an administrator: the user of an LMS that the actor names by its
# address and number, or an address that somebody has proved to receive mail at.
BY_LAUNCH, BY_ADDRESS = "launch", "confirmed address"
# How the statements of an LMS name its users (``platform_registration.account_names``): empty while
# nothing says that it is not by number.
BY_NUMBER, BY_NAME = "number", "name"
REFUSED_AGAIN_AFTER = timedelta(days=1)


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
    own, r = platform_registration.alias("own"), platform_registration.c
    # One person over all registrations of the LMS that hold; nobody where they say two.
    of_user = (
        select(case((func.count(i.person_id.distinct()) == 1, func.array_agg(i.person_id)[1])))
        .join(platform_registration, r.id == i.registration_id)
        .join(own, own.c.issuer == r.issuer)
        .where(
            i.tenant_id == tenant_id,
            i.subject == a.subject,
            r.tenant_id == tenant_id,
            own.c.id == a.registration_id,
            _joins_by_number(),
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
        .values(person_id=None, refusal="")
    )
    _delete_ended(connection, tenant_id)


def _delete_ended(connection: Connection, tenant_id: int) -> None:
    """Delete links that are over, of which the record store knows nothing, and that nobody took
    back: what made them may make them again."""
    a = actor_link.c
    connection.execute(
        delete(actor_link).where(
            a.tenant_id == tenant_id,
            a.person_id.is_(None),
            a.counts_as.is_(None),
            a.joined_by != LINK_UNDONE,
        )
    )


def _has_confirmed_address() -> Any:
    """Condition: a user of an LMS has proved to be this person of the list, by a code that was
    mailed to the list's address or after the organisation's own sign-in, and nobody else of the
    list has the address."""
    i = identity.c
    other = person.alias("other")
    same = select(other.c.id).where(
        other.c.tenant_id == person.c.tenant_id,
        func.lower(other.c.email) == func.lower(person.c.email),
        other.c.imported_at.is_not(None),
        other.c.id != person.c.id,
    )
    return (
        person.c.imported_at.is_not(None)
        & ~same.exists()
        & select(i.subject)
        .where(
            i.tenant_id == person.c.tenant_id,
            i.person_id == person.c.id,
            i.joined_by.in_((BY_MAIL, BY_SIGN_IN)),
        )
        .exists()
    )


def list_untold_links(
    connection: Connection, tenant_id: int, rows: int, now: datetime
) -> list[ActorLink]:
    """Links of which the record store has to be told: made, changed or ended; one that it refused
    comes once a day."""
    a = actor_link.c
    query = _select_links(tenant_id).where(
        a.person_id.is_distinct_from(a.counts_as),
        (a.refusal == "") | (a.tried_at < now - REFUSED_AGAIN_AFTER),
    )
    ordered = query.order_by(a.joined_at, a.identity).limit(rows)
    return [ActorLink(**row._mapping) for row in connection.execute(ordered)]


def find_users(
    connection: Connection, tenant_id: int, accounts: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], list[tuple[int, uuid.UUID]]]:
    """By (issuer, number of a user): the registrations of that issuer that hold and know the user,
    and who that is there. Of an LMS whose statements name users otherwise: none.
    """
    i, r = identity.c, platform_registration.c
    rows = connection.execute(
        select(r.issuer, i.subject, i.registration_id, i.person_id)
        .join(platform_registration, r.id == i.registration_id)
        .where(
            i.tenant_id == tenant_id,
            r.issuer.in_({issuer for issuer, _ in accounts}),
            i.subject.in_({subject for _, subject in accounts}),
            _joins_by_number(),
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
    return connection.execute(row.returning(actor_link.c.identity)).first() is not None


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
    refusal: str,
    now: datetime,
) -> None:
    """Keep what the record store was told, and why it refused. A link that is over, and that nobody
    took back, goes."""
    a = actor_link.c
    own = (a.tenant_id == tenant_id, a.identity == actor)
    connection.execute(
        update(actor_link)
        .where(*own)
        .values(counts_as=counts_as, merge_id=merge_id, refusal=refusal, tried_at=now)
    )
    _delete_ended(connection, tenant_id)


def forget_lost_merges(connection: Connection, tenant_id: int, actors: Collection[str]) -> int:
    """The record store knows no merge of these: those of links that hold are to be told again.
    Return how many."""
    a = actor_link.c
    return connection.execute(
        update(actor_link)
        .where(a.tenant_id == tenant_id, a.identity.in_(actors), a.counts_as.is_not(None))
        .values(counts_as=None, merge_id=None)
    ).rowcount


def find_person_of_actor(
    connection: Connection, tenant_id: int, actor: str
) -> tuple[uuid.UUID | None, bool]:
    """(who an actor is, whether a link says so); (None, True): the join was taken back."""
    a = actor_link.c
    row = connection.execute(
        select(a.person_id).where(
            a.tenant_id == tenant_id,
            a.identity == actor,
            a.person_id.is_not(None) | (a.joined_by == LINK_UNDONE),
        )
    ).one_or_none()
    return (None, False) if row is None else (row.person_id, True)


def has_untold_undoing(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> bool:
    """Whether the record store counts an actor as a person who is not that actor any more."""
    a = actor_link.c
    query = select(a.identity).where(
        a.tenant_id == tenant_id,
        a.counts_as == person_id,
        a.person_id.is_distinct_from(person_id),
    )
    return bool(connection.execute(select(query.exists())).scalar())


def _joins_by_number() -> Any:
    """Condition: the registration holds, and its LMS's statements name users by number."""
    r = platform_registration.c
    return (r.status == "approved") & (r.account_names != BY_NAME)


@dataclass(frozen=True)
class NamingPlatform:
    """An LMS by whose address actors are named, and how its statements name users: by number
    (presumed, or said by an administrator) or by name.
    """

    issuer: str
    name: str
    account_names: str


def list_naming_platforms(connection: Connection, tenant_id: int) -> list[NamingPlatform]:
    """The LMSs by whose address somebody was joined, or whose statements name users by name."""
    a, r = actor_link.c, platform_registration.c
    joined = (
        select(a.identity)
        .where(a.tenant_id == r.tenant_id, a.registration_id == r.id, a.joined_by == BY_LAUNCH)
        .exists()
    )
    rows = connection.execute(
        select(r.issuer, func.min(r.name).label("name"), func.max(r.account_names))
        .where(r.tenant_id == tenant_id, r.status == "approved", joined | (r.account_names != ""))
        .group_by(r.issuer)
        .order_by("name")
    )
    return [NamingPlatform(*row) for row in rows]


def set_account_names(
    connection: Connection, tenant_id: int, issuer: str, account_names: str, *, presumed: bool
) -> bool:
    """Keep how an LMS's statements name users; return whether that is new. ``presumed``: by what
    arrived, which changes nothing that an administrator said."""
    r = platform_registration.c
    conditions = [r.tenant_id == tenant_id, r.issuer == issuer, r.account_names != account_names]
    if presumed:
        conditions.append(r.account_names == "")
    changed = connection.execute(
        update(platform_registration).where(*conditions).values(account_names=account_names)
    )
    return changed.rowcount > 0


def list_numbering_issuers(
    connection: Connection, tenant_id: int, issuers: Collection[str]
) -> set[str]:
    """Those of these issuers whose users are all numbered, as Moodle's are."""
    i, r = identity.c, platform_registration.c
    query = (
        select(r.issuer)
        .join(platform_registration, r.id == i.registration_id)
        .where(i.tenant_id == tenant_id, r.issuer.in_(issuers))
        .group_by(r.issuer)
        .having(func.bool_and(i.subject.regexp_match("^[0-9]+$")))
    )
    return set(connection.execute(query).scalars())
