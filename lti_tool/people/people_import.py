"""Importing the organisation's lists: people, and their certifications. A dry run first,
then the whole file or nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from adapters import people_csv as table
from adapters.csv_tables import FileRefused
from adapters.people_csv import PersonRow
from core.database import UnitOfWork
from core.errors import BadInput
from core.messages import Message, join_messages, lazy_gettext, quote_text
from lti_tool.base import journal_store
from lti_tool.people import directory_store
from lti_tool.people.directory_store import Profile

NEW, CHANGED, SAME, WRONG = "new", "changed", "same", "wrong"
# Field of a person → the column that holds it.
COLUMN_BY_FIELD = {
    name: name
    for name in (
        "name",
        "email",
        "team",
        "site",
        "experience",
        "time_zone",
        "language",
        "working_days",
        "comparison",
    )
} | {
    "external_id": "id",
    "manager_id": "manager",
    "mentor_id": "mentor",
    "job_role": "role",
    "started_on": "start_date",
}
LIST_TAKEN_OVER = "took over a list of people"  # the act in the audit log


@dataclass(frozen=True)
class Line:
    """What happens to a line: new, changed, same or wrong, whom it is about, and why it is
    wrong or what changes."""

    line: int
    outcome: str
    who: str
    text: str | Message = ""


@dataclass(frozen=True)
class Report:
    """What happens to a file, line by line; ``applied`` only if it was requested and no line
    is wrong."""

    lines: list[Line]
    applied: bool

    @property
    def counts(self) -> Counter[str]:
        """How many lines have each outcome."""
        return Counter(line.outcome for line in self.lines)


def import_people(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    content: bytes,
    apply: bool,
    who: str,
    now: datetime,
) -> Report:
    """Import a list of people. A line identifies a person by id, otherwise by e-mail; a
    person known only from an LMS that is trusted to name people becomes the one on the list."""
    people, faults = _read_table(lambda: table.read_people(content))
    with unit_of_work(tenant_id) as connection:
        merged = _PeopleMerge(connection, tenant_id, people, who, now)
        lines = [*merged.lines(), *(Line(fault.line, WRONG, "", fault.text) for fault in faults)]
        lines.sort(key=lambda item: item.line)
        applied = apply and not any(line.outcome == WRONG for line in lines)
        if applied:
            merged.keep()
            counts = Counter(line.outcome for line in lines)
            journal_store.insert_audit_entry(
                connection,
                tenant_id,
                who,
                LIST_TAKEN_OVER,
                {NEW: counts[NEW], CHANGED: counts[CHANGED], SAME: counts[SAME]},
            )
    return Report(lines, applied)


def _read_table(read: Any) -> Any:
    try:
        return read()
    except FileRefused as error:
        raise BadInput(error.message, field="file") from None


class _PeopleMerge:
    """A list compared with the people already known: who each line is, what changes, what
    conflicts."""

    def __init__(
        self,
        connection: Connection,
        tenant_id: int,
        people: Sequence[PersonRow],
        who: str,
        now: datetime,
    ) -> None:
        self._connection, self._tenant_id, self._people, self._who, self._now = (
            connection,
            tenant_id,
            people,
            who,
            now,
        )
        ids = {item.id for item in people if item.id} | {
            name for item in people for name in (item.manager, item.mentor) if name
        }
        emails = {item.email.lower() for item in people if item.email} | {
            name.lower() for item in people for name in (item.manager, item.mentor) if "@" in name
        }
        profiles = directory_store.find_profiles(
            connection, tenant_id, external_ids=sorted(ids), emails=sorted(emails)
        )
        self._by_id = {item.external_id: item for item in profiles if item.external_id}
        self._by_email = _group_by_email(profiles)
        self._sourced = directory_store.profiles_by_sourced_id(
            connection, tenant_id, sorted(item.id for item in people if item.id)
        )
        self._places: dict[int, tuple[uuid.UUID, Profile | None]] = {}
        self._claims: dict[str, list[uuid.UUID]] = {"id": [], "address": []}
        self._problems: dict[int, Message] = {}
        self._lines: dict[uuid.UUID, int] = {}
        for person in people:
            self._match_line(person)
        self._leaders = {
            key: self._places[item.line][0]
            for item in people
            if item.line in self._places
            for key in (item.id, item.email.lower())
            if key
        }

    def _match_line(self, person_row: PersonRow) -> None:
        """Determine which person a line describes."""
        known = self._by_id.get(person_row.id) if person_row.id else None
        met = self._sourced.get(person_row.id) if person_row.id and known is None else None
        same = self._by_email.get(person_row.email.lower(), []) if person_row.email else []
        result = known or met
        if result is None:
            fitting = [other for other in same if not other.external_id or not person_row.id]
            if len(fitting) > 1:
                self._problems[person_row.line] = lazy_gettext(
                    "Several people here have the address %(address)s; name the one by id.",
                    address=person_row.email,
                )
                return
            result = fitting[0] if fitting else None
        place = result.id if result else uuid.uuid4()
        problem = self._address_problem(person_row, same, place)
        if problem is None:
            before = self._lines.setdefault(place, person_row.line)
            if before != person_row.line:
                problem = lazy_gettext("This is the person of line %(line)s as well.", line=before)
        if problem:
            self._problems[person_row.line] = problem
            return
        self._places[person_row.line] = (place, result)
        if result is not None and result.imported_at is None:
            self._claims["id" if result is met else "address"].append(place)

    def _address_problem(
        self, person_row: PersonRow, same: Sequence[Profile], place: uuid.UUID
    ) -> Message | None:
        """What is wrong if somebody else on the list has the line's address."""
        others = [other for other in same if other.id != place]
        if not any(other.imported_at is not None for other in others):
            return None
        return lazy_gettext(
            "The address %(address)s belongs to somebody else on the list (%(person)s).",
            address=person_row.email,
            person=others[0].external_id or others[0].name,
        )

    def _find_leader(self, named: str) -> uuid.UUID | None:
        """The person with an id or an address, in the file or on the list."""
        if named in self._leaders or named.lower() in self._leaders:
            return self._leaders.get(named) or self._leaders[named.lower()]
        if named in self._by_id:
            return self._by_id[named].id
        # A person known only from an LMS leads nobody: a line about that person has to add them
        # to the list first.
        same = [
            item for item in self._by_email.get(named.lower(), []) if item.imported_at is not None
        ]
        return same[0].id if len(same) == 1 else None

    def lines(self) -> list[Line]:
        """Report what happens to each line."""
        result = []
        for person in self._people:
            who = person.name or person.email or person.id
            problem = self._problems.get(person.line) or self._leader_problem(person)
            if problem:
                self._problems[person.line] = problem
                result.append(Line(person.line, WRONG, who, problem))
                continue
            known = self._places[person.line][1]
            if known is None or known.imported_at is None:
                result.append(
                    Line(
                        person.line,
                        NEW,
                        who,
                        lazy_gettext("An LMS named this person before.") if known else "",
                    )
                )
            else:
                changed = {
                    COLUMN_BY_FIELD[name]: value
                    for name, value in self._fields(person).items()
                    if getattr(known, name) != value
                }
                changed_columns = join_messages(
                    (
                        quote_text(column)
                        if value
                        else lazy_gettext("%(column)s (emptied)", column=column)
                        for column, value in changed.items()
                    ),
                    ", ",
                )
                result.append(Line(person.line, CHANGED if changed else SAME, who, changed_columns))
        return result

    def _leader_problem(self, person_row: PersonRow) -> Message | None:
        own = self._places[person_row.line][0]
        for role, named in (
            (lazy_gettext("manager"), person_row.manager),
            (lazy_gettext("mentor"), person_row.mentor),
        ):
            if named and self._find_leader(named) is None:
                return lazy_gettext(
                    "The %(role)s %(named)s is neither in this file nor on the list.",
                    role=role,
                    named=repr(named[:80]),
                )
            if named and self._find_leader(named) == own:
                return lazy_gettext("Nobody is his or her own %(role)s.", role=role)
        return None

    def _fields(self, person_row: PersonRow) -> dict[str, Any]:
        known = self._places[person_row.line][1]
        fields = self._stated_fields(person_row)
        if known is not None:
            # A column that is not in the file changes nothing; nor does an empty cell of the
            # three fields that identify people.
            fields |= {
                name: getattr(known, name)
                for name, column in COLUMN_BY_FIELD.items()
                if column not in person_row.given_columns
            }
            fields |= {
                name: fields[name] or getattr(known, name)
                for name in ("name", "email", "external_id")
            }
        return fields

    def _stated_fields(self, person_row: PersonRow) -> dict[str, Any]:
        return {
            "name": person_row.name,
            "email": person_row.email,
            "external_id": person_row.id or None,
            "manager_id": self._find_leader(person_row.manager) if person_row.manager else None,
            "mentor_id": self._find_leader(person_row.mentor) if person_row.mentor else None,
            "team": person_row.team,
            "site": person_row.site,
            "job_role": person_row.role,
            "experience": person_row.experience,
            "started_on": person_row.started_on,
            "time_zone": person_row.time_zone,
            "language": person_row.language,
            "working_days": list(person_row.working_days),
            "comparison": person_row.comparison,
        }

    def keep(self) -> None:
        """Store everybody first, then who leads whom."""
        rows, leaders = [], []
        for person in self._people:
            person_id, fields = self._places[person.line][0], self._fields(person)
            leaders.append((person_id, fields.pop("manager_id"), fields.pop("mentor_id")))
            rows.append({"id": person_id, **fields, "imported_at": self._now})
        for how, claimed in self._claims.items():
            directory_store.mark_claimed(
                self._connection, self._tenant_id, claimed, how, self._who, self._now
            )
        directory_store.upsert_people(self._connection, self._tenant_id, rows)
        directory_store.set_leaders(self._connection, self._tenant_id, leaders)


def _group_by_email(profiles: Sequence[Profile]) -> dict[str, list[Profile]]:
    result: dict[str, list[Profile]] = {}
    for item in profiles:
        if item.email:
            result.setdefault(item.email.lower(), []).append(item)
    return result
