"""Coaching groups made from the groups that the LMS has in a course. Taking over adds and never
removes: who left the LMS's group, or joined another one, is shown and stays where they are.

Who may be in a coaching group is the same as for groups that are formed by rule: certified lately,
taking part, in no other one. How large a group is decides whoever chooses it, from three on.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from lti_tool.base import journal_store
from lti_tool.coaching import coaching_groups, coaching_store
from lti_tool.coaching.coaching_groups import MAX_CERTIFIED_AGE, MAX_GROUP_SIZE, MIN_GROUP_SIZE
from lti_tool.coaching.coaching_store import CoachingGroup, GroupCandidate, GroupMember
from lti_tool.people import course_groups_store, courses_store
from lti_tool.people.course_groups_store import GroupPerson, ListedGroup
from lti_tool.programmes import working_time
from lti_tool.programmes.programmes import Calendar


@dataclass(frozen=True)
class CourseGroupChoice:
    """A group of the course, and what taking it over would do. ``people``: who is known here;
    ``ready``: those of them who can be in a coaching group now; ``coaching``: the one that was made
    from it, with its members, and those of them whom the LMS's group has no more."""

    group: ListedGroup
    people: list[GroupPerson]
    ready: list[GroupCandidate]
    coaching: CoachingGroup | None = None
    members: list[GroupMember] = field(default_factory=list)
    left: list[GroupMember] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        """How many of its people cannot be in a coaching group now, and are not in its own."""
        inside = {member.person_id for member in self.members}
        return len({item.person_id for item in self.people} - inside) - len(self.ready)

    @property
    def can_be_taken(self) -> bool:
        """Whether taking it over adds somebody: to its coaching group, or to a new one of at least
        three."""
        if not self.group.listed:
            return False
        return len(self.ready) >= (MIN_GROUP_SIZE if self.coaching is None else 1)

    @property
    def is_large(self) -> bool:
        """Whether its coaching group has, or would have, more people than one that is formed by
        rule."""
        return len(self.members) + len(self.ready) > MAX_GROUP_SIZE


@dataclass(frozen=True)
class CourseGroupsView:
    """The groups of a course, for whoever makes coaching groups from them. ``problem``: why the
    last roster came without them."""

    course_title: str
    choices: list[CourseGroupChoice]
    problem: str

    @property
    def takeable(self) -> bool:
        """Whether there is anything to take over."""
        return any(choice.can_be_taken for choice in self.choices)


def load_course_groups(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    course_id: uuid.UUID | None,
    programme: str,
    now: datetime,
) -> CourseGroupsView | None:
    """Load the groups of a course; None where the LMS offers none."""
    if course_id is None:
        return None
    with unit_of_work(tenant_id) as connection:
        course = courses_store.get_course(connection, tenant_id, course_id)
        if not course.groups_url:
            return None
        choices = _list_choices(connection, tenant_id, course_id, programme, now)
        runs = courses_store.list_roster_runs(connection, tenant_id, 1, course_id=course_id)
    problem = runs[0].reason or runs[0].groups_reason if runs else ""
    return CourseGroupsView(course.title, choices, problem)


def import_groups(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    course_id: uuid.UUID | None,
    programme: str,
    keys: Collection[str],
    who: str,
    now: datetime,
) -> tuple[int, int]:
    """Make coaching groups from these groups of the course, or add to those that were made from
    them; returns how many groups are new, and how many people were put into one."""
    if course_id is None:
        raise NotFound("This page belongs to a course. Open it from your LMS.")
    with unit_of_work(tenant_id) as connection:
        calendar = coaching_groups.begin_forming(connection, tenant_id, programme)
        chosen = [
            choice
            for choice in _list_choices(connection, tenant_id, course_id, programme, now)
            if choice.group.listed and choice.group.key in keys
        ]
        if not chosen:
            raise BadInput("Tick the groups that become coaching groups.", field="group")
        made, placed = 0, set[uuid.UUID]()
        for choice in chosen:
            # Whoever is in two of these groups goes into the first.
            free = [item for item in choice.ready if item.episode_id not in placed]
            left = replace(choice, ready=free)
            put = _take_over(connection, tenant_id, course_id, programme, calendar, left, now)
            made += bool(put) and choice.coaching is None
            placed.update(put)
        if placed:
            journal_store.insert_audit_entry(
                connection,
                tenant_id,
                who,
                "made coaching groups from a course's groups",
                {
                    "programme": programme,
                    "course": str(course_id),
                    "groups": made,
                    "people": len(placed),
                },
            )
    return made, len(placed)


def _list_choices(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, programme: str, now: datetime
) -> list[CourseGroupChoice]:
    people: dict[str, list[GroupPerson]] = {}
    for item in course_groups_store.list_group_people(connection, tenant_id, course_id):
        people.setdefault(item.key, []).append(item)
    candidates = coaching_store.candidates_by_person(
        connection,
        tenant_id,
        programme,
        now - MAX_CERTIFIED_AGE,
        {item.person_id for group in people.values() for item in group},
    )
    made = {
        group.course_group_key: group
        for group in coaching_store.list_groups(connection, tenant_id, programme)
        if group.course_id == course_id
    }
    members = coaching_store.members_by_group(
        connection, tenant_id, [group.id for group in made.values()]
    )
    return [
        _choice(group, people.get(group.key, []), candidates, made.get(group.key), members)
        for group in course_groups_store.list_groups(connection, tenant_id, course_id)
        if group.listed or group.key in made
    ]


def _choice(
    group: ListedGroup,
    people: list[GroupPerson],
    candidates: Mapping[uuid.UUID, GroupCandidate],
    coaching: CoachingGroup | None,
    members_by_group: Mapping[uuid.UUID, list[GroupMember]],
) -> CourseGroupChoice:
    members = members_by_group.get(coaching.id, []) if coaching else []
    inside = {item.person_id for item in people}
    return CourseGroupChoice(
        group,
        people,
        [candidates[item.person_id] for item in people if item.person_id in candidates],
        coaching,
        members,
        [member for member in members if member.person_id not in inside],
    )


def _take_over(
    connection: Connection,
    tenant_id: int,
    course_id: uuid.UUID,
    programme: str,
    calendar: Calendar,
    choice: CourseGroupChoice,
    now: datetime,
) -> list[uuid.UUID]:
    """Make the coaching group of this choice, or add to it; returns the episodes that were put into
    it."""
    group, ready = choice.coaching, choice.ready
    if group is not None and group.name != choice.group.name:
        coaching_store.rename_group(connection, tenant_id, group.id, choice.group.name)
    if not choice.can_be_taken:
        return []
    episode_ids = [item.episode_id for item in ready]
    if group is None:
        planned = coaching_groups.meeting_times(
            working_time.resolve_working_time(ready[0].time_zone, [], calendar, ready[0].site), now
        )
        made_from = {
            "name": choice.group.name,
            "course_id": course_id,
            "course_group_key": choice.group.key,
        }
        group = coaching_store.insert_group(
            connection, tenant_id, programme, episode_ids, planned, now, made_from
        )
        meetings = list(enumerate(planned, 1))
    else:
        coaching_store.insert_members(connection, tenant_id, group.id, episode_ids)
        held = coaching_store.meetings_by_group(connection, tenant_id, [group.id])
        # Whoever joins later has the meetings that are still to come.
        meetings = [
            (meeting.number, meeting.at)
            for meeting in held.get(group.id, [])
            if meeting.held_at is None and meeting.at > now
        ]
    coaching_groups.state_meetings(connection, tenant_id, group, ready, meetings, now)
    return episode_ids
