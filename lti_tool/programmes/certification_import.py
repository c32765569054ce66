"""Importing certifications from the organisation's lists: a dry run first, then all of a file or
nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, time

from sqlalchemy import Connection

from adapters import people_csv as table
from adapters import xapi_statements
from adapters.people_csv import CertificationRow
from core.database import UnitOfWork
from core.errors import BadInput, RequestError
from core.messages import Message, lazy_gettext
from lti_tool.base import journal_store
from lti_tool.people import directory_store
from lti_tool.people.directory_store import Profile
from lti_tool.people.people_import import (
    NEW,
    SAME,
    WRONG,
    Line,
    Report,
    _group_by_email,
    _read_table,
)
from lti_tool.programmes import certification, episodes_store, programmes, working_time


def import_certifications(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    programme: str,
    content: bytes,
    apply: bool,
    who: str,
    now: datetime,
) -> Report:
    """Begin an episode for each line; a person who already has one in this programme keeps
    it unchanged."""
    with unit_of_work(tenant_id) as connection:
        created = _load_open_programme(connection, tenant_id, programme)
        competencies = {competency.key: competency.title for competency in created.competencies}
        rows, faults = _read_table(lambda: table.read_certifications(content, competencies))
        profiles = directory_store.find_profiles(
            connection,
            tenant_id,
            external_ids=[row.id for row in rows if row.id],
            emails=[row.email.lower() for row in rows if row.email],
        )
        begun = episodes_store.filter_people_with_episode(
            connection, tenant_id, programme, [item.id for item in profiles]
        )
        chosen: dict[uuid.UUID, tuple[CertificationRow, Profile]] = {}
        lines = [Line(fault.line, WRONG, "", fault.text) for fault in faults]
        by_id = {item.external_id: item for item in profiles if item.external_id}
        by_email = _group_by_email(profiles)
        for row in rows:
            person, problem = _match_row(row, by_id, by_email)
            if person is None:
                lines.append(Line(row.line, WRONG, row.id or row.email, problem))
                continue
            line = _check_row(row, person, created, begun, chosen, now)
            lines.append(line)
            if line.outcome == NEW:
                chosen[person.id] = (row, person)
        lines.sort(key=lambda item: item.line)
        applied = apply and not any(line.outcome == WRONG for line in lines)
        if applied:
            for row, person in chosen.values():
                _certify_row(connection, tenant_id, row, person, created, now)
            journal_store.insert_audit_entry(
                connection,
                tenant_id,
                who,
                "took over certifications",
                {"programme": programme, NEW: len(chosen)},
            )
    return Report(lines, applied)


def _load_open_programme(
    connection: Connection, tenant_id: int, programme: str
) -> programmes.Programme:
    """The newest version of a programme in which people can still be certified."""
    version = episodes_store.newest_programme_versions(connection, tenant_id).get(programme)
    if version is None:
        raise BadInput(
            lazy_gettext("There is no programme %(programme)s here.", programme=repr(programme))
        )
    certification.require_not_archived(connection, tenant_id, programme)
    return programmes.load_programme(connection, tenant_id, programme, version)


def _check_row(
    row: CertificationRow,
    person: Profile,
    programme: programmes.Programme,
    begun: Collection[uuid.UUID],
    chosen: Collection[uuid.UUID],
    now: datetime,
) -> Line:
    name = person.name or row.email
    if person.id in chosen:
        return Line(
            row.line, WRONG, name, lazy_gettext("This person stands in a line before as well.")
        )
    if person.id in begun:
        return Line(
            row.line, SAME, name, lazy_gettext("This person's certification is on record already.")
        )
    try:
        certification.require_plausible_date(_certified_at(row, person, programme, now), now)
    except RequestError as error:
        return Line(row.line, WRONG, name, error.message)
    if row.wave and not programmes.resolve_key(row.wave, programme.waves):
        return Line(row.line, WRONG, name, programmes.unknown_wave_message(programme, row.wave))
    return Line(row.line, NEW, name)


def _certify_row(
    connection: Connection,
    tenant_id: int,
    row: CertificationRow,
    person: Profile,
    programme: programmes.Programme,
    now: datetime,
) -> None:
    certification.certify_in_transaction(
        connection,
        tenant_id=tenant_id,
        person=person,
        programme=programme,
        certified_at=_certified_at(row, person, programme, now),
        now=now,
        wave=row.wave,
        team="",
        source="file",
        exam=row.exam,
        training=xapi_statements.Training(row.before, row.hours),
    )


def _match_row(
    row: CertificationRow, by_id: Mapping[str, Profile], by_email: Mapping[str, list[Profile]]
) -> tuple[Profile | None, Message]:
    fitting = (
        [by_id[row.id]]
        if row.id in by_id
        else []
        if row.id
        else by_email.get(row.email.lower(), [])
    )
    if len(fitting) == 1:
        return fitting[0], Message("")
    if fitting:
        return None, lazy_gettext(
            "Several people here have the address %(address)s; name the one by id.",
            address=row.email,
        )
    return None, lazy_gettext(
        "Nobody here has this id or address; take over the list of people first."
    )


def _certified_at(
    row: CertificationRow, person: Profile, programme: programmes.Programme, now: datetime
) -> datetime:
    """Noon of that day in the person's time zone (the best estimate if the hour is unknown);
    for today, the current time if noon has not passed."""
    when = working_time.resolve_working_time(
        person.time_zone, person.working_days, programme.calendar, person.site
    )
    noon = when.at(row.certified_on, time(12))
    return min(noon, now) if row.certified_on == when.day_of(now) else noon
