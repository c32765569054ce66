"""The organisation's list of people: their job data, their manager and mentor, their working
days, and the roles they hold here."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Text,
    any_,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.base.platforms_store import NAMES_BY_ID_OR_ADDRESS, NAMES_NOBODY
from lti_tool.people.people_store import LINK_UNDONE, UNLINKED
from lti_tool.people.person_reference_columns import ACTOR_COLUMNS, LEADER_COLUMNS
from lti_tool.tables.assessment import calibration
from lti_tool.tables.base import platform_registration
from lti_tool.tables.checks import grade_place
from lti_tool.tables.name_order import by_name, names_after
from lti_tool.tables.nudges import reminder_times
from lti_tool.tables.people import (
    course_group_member,
    identity,
    join_code,
    membership,
    person,
    role_grant,
)
from lti_tool.tables.programmes import episode, presence
from lti_tool.tables.transfer import confirmation
from lti_tool.tables.visits import form_draft, launch, mail, mail_stop

PAGE_SIZE = 100
# (table, column): tables with at most one row per person and key; in a merge, rows of the
# person who stays win.
_UNIQUE_PER_PERSON = (
    (mail, "person_id"),
    (mail_stop, "person_id"),
    (form_draft, "person_id"),
    (reminder_times, "person_id"),
    (role_grant, "person_id"),
    (grade_place, "person_id"),
    (membership, "person_id"),
    (course_group_member, "person_id"),
    (presence, "person_id"),
    (calibration, "rater_id"),
    (confirmation, "person_id"),
)
# (table, column): other references to a person that do not go through an episode.
_REASSIGNED_COLUMNS = (
    *(item for item in ACTOR_COLUMNS if item != ("confirmation", "person_id")),
    *LEADER_COLUMNS,
    ("identity", "person_id"),
    ("actor_link", "person_id"),
    ("launch", "person_id"),
    ("document", "person_id"),
    ("assessment_request", "rater_id"),
)


@dataclass(frozen=True)
class Profile:
    """A person as the organisation's list describes them; an empty text means not given.
    ``working_days`` are ISO weekdays."""

    id: uuid.UUID
    name: str
    email: str
    external_id: str | None
    manager_id: uuid.UUID | None
    mentor_id: uuid.UUID | None
    team: str
    site: str
    job_role: str
    experience: str
    started_on: date | None
    time_zone: str
    language: str
    working_days: list[int]
    comparison: bool
    imported_at: datetime | None


@dataclass(frozen=True)
class PlatformIdentity:
    """An identity of a person on a platform: what the platform calls them and the data it sent."""

    person_id: uuid.UUID
    name: str
    email: str
    sourced_id: str
    platform: str


@dataclass(frozen=True)
class LmsAdministrator:
    """Somebody who administers an LMS (``runs_all``), or something in it that the LMS does not
    tell; ``holds``: whether the person administers this tool."""

    person_id: uuid.UUID
    name: str
    platform: str
    runs_all: bool
    holds: bool


def _select_profiles() -> Any:
    return select(*(person.c[name] for name in Profile.__dataclass_fields__))


def _any_of(texts: Sequence[str]) -> Any:
    """Match any of these texts; the whole list is a single bind parameter."""
    return any_(bindparam(None, list(texts), type_=ARRAY(Text), unique=True))


def get_profile(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> Profile:
    """Load the profile of a person who is known to exist."""
    row = connection.execute(
        _select_profiles().where(person.c.tenant_id == tenant_id, person.c.id == person_id)
    ).one()
    return Profile(**row._mapping)


def find_listed_person(connection: Connection, tenant_id: int, named: str) -> uuid.UUID | None:
    """The one person of the list with this id or address; None if there is none, or several."""
    found = (
        find_profiles(connection, tenant_id, external_ids=[named], emails=[named.lower()])
        if named
        else []
    )
    listed = [profile.id for profile in found if profile.imported_at is not None]
    return listed[0] if len(listed) == 1 else None


def find_profiles(
    connection: Connection,
    tenant_id: int,
    *,
    external_ids: Sequence[str] = (),
    emails: Sequence[str] = (),
    claimed: bool = False,
) -> list[Profile]:
    """People with one of these ids or one of these addresses (lower case). An address that only
    an LMS supplied counts if that LMS is trusted to identify people and nobody on the list has
    it, or if ``claimed`` is set."""
    p, i, r = person.c, identity.c, platform_registration.c
    query = _select_profiles().where(
        p.tenant_id == tenant_id,
        or_(
            p.external_id == _any_of(external_ids),
            (p.email != "") & (func.lower(p.email) == _any_of(emails)),
        ),
    )
    if not claimed:
        untrusted = select(i.subject).join(platform_registration, r.id == i.registration_id)
        untrusted = untrusted.where(
            i.tenant_id == tenant_id,
            i.person_id == p.id,
            (r.names_people != NAMES_BY_ID_OR_ADDRESS) | (i.joined_by == LINK_UNDONE),
        )
        listed = person.alias()
        related = select(listed.c.id).where(
            listed.c.tenant_id == tenant_id,
            listed.c.imported_at.is_not(None),
            listed.c.email != "",
            func.lower(listed.c.email) == func.lower(p.email),
        )
        query = query.where(p.imported_at.is_not(None) | ~(untrusted.exists() | related.exists()))
    return [Profile(**row._mapping) for row in connection.execute(query)]


def profiles_by_sourced_id(
    connection: Connection, tenant_id: int, sourced_ids: Sequence[str]
) -> dict[str, Profile]:
    """People whom a trusted LMS identified by the organisation's id and who are not on the list
    yet."""
    i, r = identity.c, platform_registration.c
    query = (
        _select_profiles()
        .add_columns(i.sourced_id)
        .join(identity, i.person_id == person.c.id)
        .join(platform_registration, r.id == i.registration_id)
    )
    query = query.where(
        i.tenant_id == tenant_id,
        i.sourced_id != "",
        i.sourced_id == _any_of(sourced_ids),
        person.c.imported_at.is_(None),
    )
    query = query.where(r.names_people != NAMES_NOBODY, i.joined_by == UNLINKED)
    result: dict[str, Profile] = {}
    twice = set()
    for row in connection.execute(query):
        fields = dict(row._mapping)
        sourced_id = fields.pop("sourced_id")
        twice |= {sourced_id} & result.keys()
        result[sourced_id] = Profile(**fields)
    return {sourced_id: item for sourced_id, item in result.items() if sourced_id not in twice}


def mark_claimed(
    connection: Connection,
    tenant_id: int,
    person_ids: Sequence[uuid.UUID],
    how: str,
    who: str,
    now: datetime,
) -> None:
    """Record how the unlinked identities of these people were matched to the list, and by whom."""
    i = identity.c
    own = (i.tenant_id == tenant_id) & i.person_id.in_(person_ids) & (i.joined_by == UNLINKED)
    connection.execute(
        update(identity).where(own).values(joined_by=how, joined_who=who, joined_at=now)
    )


def list_profile_page(
    connection: Connection,
    tenant_id: int,
    *,
    search: str,
    after: tuple[str, uuid.UUID] | None,
    unmatched: bool,
) -> list[Profile]:
    """People ordered by name, one page at a time; ``unmatched``: only those who came from an
    LMS and are not on the list."""
    p = person.c
    query = _select_profiles().where(p.tenant_id == tenant_id)
    if unmatched:
        query = query.where(
            p.imported_at.is_(None),
            select(identity.c.subject).where(identity.c.person_id == p.id).exists(),
        )
    if search:
        search_text = search.lower()
        query = query.where(
            or_(
                *(
                    func.lower(column).contains(search_text, autoescape=True)
                    for column in (p.name, p.email, p.external_id)
                )
            )
        )
    if after is not None:
        query = query.where(names_after(p.name, p.id, after))
    return [
        Profile(**row._mapping)
        for row in connection.execute(query.order_by(*by_name(p.name), p.id).limit(PAGE_SIZE))
    ]


def count_people(connection: Connection, tenant_id: int) -> tuple[int, int]:
    """(people on the list, people who came from an LMS and are not on the list)."""
    p = person.c
    named = (
        select(identity.c.subject)
        .where(identity.c.tenant_id == tenant_id, identity.c.person_id == p.id)
        .exists()
    )
    listed, others = (
        func.count().filter(p.imported_at.is_not(None)),
        func.count().filter(p.imported_at.is_(None) & named),
    )
    row = connection.execute(select(listed, others).where(p.tenant_id == tenant_id)).one()
    return int(row[0]), int(row[1])


def upsert_people(
    connection: Connection, tenant_id: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Upsert people of the list by id. All rows must have the same fields."""
    if not rows:
        return
    created = upsert(person)
    changed = {name: created.excluded[name] for name in rows[0] if name != "id"}
    statement = created.on_conflict_do_update(
        index_elements=["id"], set_=changed, where=person.c.tenant_id == tenant_id
    )
    connection.execute(statement, [{"tenant_id": tenant_id, **row} for row in rows])


def set_leaders(
    connection: Connection,
    tenant_id: int,
    rows: Sequence[tuple[uuid.UUID, uuid.UUID | None, uuid.UUID | None]],
) -> None:
    """Set the manager and mentor of each person; rows are (person, manager, mentor)."""
    for person_id, manager_id, mentor_id in rows:
        own = (person.c.tenant_id == tenant_id) & (person.c.id == person_id)
        connection.execute(
            update(person).where(own).values(manager_id=manager_id, mentor_id=mentor_id)
        )


def merge_people(
    connection: Connection, tenant_id: int, met: uuid.UUID, listed: uuid.UUID
) -> uuid.UUID | None:
    """Merge a person created from an LMS with a person of the list: returns the one that stays,
    with all data of the other; None if both have an episode.

    The one with a certification on record stays, so that existing statements keep naming the
    same person.
    """
    e = episode.c
    begun = set(
        connection.execute(
            select(e.person_id).where(e.tenant_id == tenant_id, e.person_id.in_((met, listed)))
        ).scalars()
    )
    if begun == {met, listed}:
        return None
    stays, goes = (met, listed) if met in begun else (listed, met)
    p, by = person.c, {"tenant": tenant_id, "stays": stays, "goes": goes}
    if stays == met:
        _take_listed_data(connection, tenant_id, met, listed)
    _drop_doubled_requests(connection, by)
    _move_unique_rows(connection, by)
    connection.execute(
        delete(join_code).where(join_code.c.tenant_id == tenant_id, join_code.c.person_id == goes)
    )
    for table_name, column_name in _REASSIGNED_COLUMNS:
        connection.execute(
            text(
                f"UPDATE lti_tool.{table_name} SET {column_name} = :stays WHERE tenant_id = "  # noqa: S608 - constants
                f":tenant AND {column_name} = :goes"
            ),
            by,
        )
    connection.execute(
        text(
            "UPDATE lti_tool.erasure SET person_id = :stays WHERE tenant_id = :tenant AND "
            "person_id = :goes"
            " AND NOT EXISTS (SELECT 1 FROM lti_tool.erasure WHERE tenant_id = :tenant AND "
            "person_id = :stays)"
        ),
        by,
    )
    connection.execute(delete(person).where(p.tenant_id == tenant_id, p.id == goes))
    return stays


def _take_listed_data(
    connection: Connection, tenant_id: int, met: uuid.UUID, listed: uuid.UUID
) -> None:
    """Give the person whom an LMS named the id and the data of the one on the list."""
    p = person.c
    listed_row = (
        connection.execute(select(person).where(p.tenant_id == tenant_id, p.id == listed))
        .one()
        ._mapping
    )
    connection.execute(
        update(person).where(p.tenant_id == tenant_id, p.id == listed).values(external_id=None)
    )
    fields = {
        name: value
        for name, value in listed_row.items()
        if name not in ("id", "tenant_id", "created_at")
    }
    connection.execute(update(person).where(p.tenant_id == tenant_id, p.id == met).values(**fields))


def _drop_doubled_requests(connection: Connection, by: Mapping[str, Any]) -> None:
    """If both (``by``: tenant, stays, goes) have an open request for the same assessment, one is
    enough."""
    connection.execute(
        text(
            "DELETE FROM lti_tool.assessment_request a WHERE a.tenant_id = :tenant AND "
            "a.rater_id = :goes AND a.done_at IS NULL AND EXISTS (SELECT 1"
            " FROM lti_tool.assessment_request b WHERE b.tenant_id = :tenant AND b.episode_id = "
            "a.episode_id AND b.rater_id = :stays AND b.done_at IS NULL)"
        ),
        by,
    )


def _move_unique_rows(connection: Connection, by: Mapping[str, Any]) -> None:
    """Move the rows of which a person has one per key; those of the person who stays win."""
    for table, column_name in _UNIQUE_PER_PERSON:
        columns = [
            item.name for item in table.c if item.name != column_name and item.identity is None
        ]
        names = ", ".join(columns)
        moved = (
            f"INSERT INTO lti_tool.{table.name} ({column_name}, {names}) SELECT CAST(:stays AS "  # noqa: S608
            f"uuid), {names} FROM lti_tool.{table.name}"
        )
        connection.execute(
            text(
                f"{moved} WHERE tenant_id = :tenant AND {column_name} = :goes ON CONFLICT DO "
                "NOTHING"
            ),
            by,
        )
        connection.execute(
            delete(table).where(
                table.c.tenant_id == by["tenant"], table.c[column_name] == by["goes"]
            )
        )


def identities_by_person(
    connection: Connection, tenant_id: int, person_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PlatformIdentity]]:
    """Person id → the identities that platforms have for this person."""
    i = identity.c
    query = (
        select(
            i.person_id,
            person.c.name,
            person.c.email,
            i.sourced_id,
            platform_registration.c.name.label("platform"),
        )
        .join(person, person.c.id == i.person_id)
        .join(platform_registration, platform_registration.c.id == i.registration_id)
        .where(i.tenant_id == tenant_id, i.person_id.in_(person_ids))
    )
    result: dict[uuid.UUID, list[PlatformIdentity]] = {}
    for row in connection.execute(query):
        result.setdefault(row.person_id, []).append(PlatformIdentity(**row._mapping))
    return result


def insert_role_grant(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, role: str, who: str
) -> bool:
    """Grant a role; False if the person already has it."""
    row = upsert(role_grant).values(
        tenant_id=tenant_id, person_id=person_id, role=role, granted_by=who
    )
    return (
        connection.execute(row.on_conflict_do_nothing().returning(role_grant.c.role)).first()
        is not None
    )


def list_lms_administrators(
    connection: Connection, tenant_id: int, role: str, rows: int
) -> list[LmsAdministrator]:
    """Recent visitors whom their LMS reports as an administrator of it, or of something in it;
    that claim alone grants no access here. ``role``: the one that may be granted."""
    c, g = launch.c, role_grant.c
    holds = (
        select(g.role)
        .where(g.tenant_id == tenant_id, g.person_id == person.c.id, g.role == role)
        .exists()
    )
    query = (
        select(
            person.c.id.label("person_id"),
            person.c.name,
            platform_registration.c.name.label("platform"),
            func.bool_or(c.administers).label("runs_all"),
            holds.label("holds"),
        )
        .join(person, person.c.id == c.person_id)
        .join(platform_registration, platform_registration.c.id == c.registration_id)
        .where(c.tenant_id == tenant_id, c.administers | (c.missing_parameter != ""))
        .group_by(person.c.id, person.c.name, platform_registration.c.name)
        .order_by(*by_name(person.c.name), person.c.id)
    )
    return [LmsAdministrator(**row._mapping) for row in connection.execute(query.limit(rows))]


def delete_role_grant(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, role: str
) -> bool:
    """Revoke a role; False if the person did not have it."""
    g = role_grant.c
    return (
        connection.execute(
            delete(role_grant).where(
                g.tenant_id == tenant_id, g.person_id == person_id, g.role == role
            )
        ).rowcount
        == 1
    )


def list_role_grants(
    connection: Connection, tenant_id: int
) -> list[tuple[uuid.UUID, str, str, str]]:
    """(person, name, role, granted by) for every granted role."""
    g = role_grant.c
    query = (
        select(g.person_id, person.c.name, g.role, g.granted_by)
        .join(person, person.c.id == g.person_id)
        .where(g.tenant_id == tenant_id)
    )
    return [
        (row[0], row[1], row[2], row[3])
        for row in connection.execute(query.order_by(g.role, *by_name(person.c.name)))
    ]
