"""Peer coaching: groups of three to five formed by rule, six meetings in three months,
attendance, and agreed actions that carry over until they are done.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from adapters import xapi
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from lti_tool.actions import acts, programmes, working_time
from lti_tool.actions.acts import Stage
from lti_tool.actions.working_time import WorkingTime
from lti_tool.store import coaching, directory, journal, learning
from lti_tool.store.coaching import Action, Candidate, Group, Meeting, Member
from lti_tool.store.people import LaunchSession

LEAST, MOST = 3, 5
MEETINGS, EVERY, FIRST_AFTER = 6, timedelta(days=14), timedelta(days=7)  # every two weeks for three months
HOUR = time(10)
CERTIFIED_WITHIN = timedelta(days=60)  # after that, too little of the three months is left
LONGEST_WORDS = 1_000


@dataclass(frozen=True)
class GroupView:
    """A group as its members see it. ``mine`` is the viewer's episode."""

    group: Group
    mine: uuid.UUID
    members: list[Member]
    meetings: list[Meeting]
    actions: list[Action]
    names: dict[uuid.UUID, str]
    zone: ZoneInfo


@dataclass(frozen=True)
class Overview:
    """All groups of a programme, for its training managers; ``waiting`` counts people
    without a group."""

    groups: list[tuple[Group, list[Member], list[Meeting]]]
    waiting: int


def split(people: Sequence[Candidate]) -> list[list[Candidate]]:
    """Split people into groups of three to five. People of the same wave and site are
    grouped together, otherwise people of the same wave; teams are mixed within a group.

    Fewer than three people of a wave wait for others.
    """
    found: list[list[Candidate]] = []
    for wave in sorted({one.wave for one in people}):
        left: list[Candidate] = []
        of_wave = [one for one in people if one.wave == wave]
        for site in sorted({one.site for one in of_wave}):
            here = [one for one in of_wave if one.site == site]
            if len(here) >= LEAST:
                found += _dealt(here)
            else:
                left += here
        if len(left) >= LEAST:
            found += _dealt(left)
        else:
            # One or two people left over at their sites join the smallest groups of their wave
            # that are not full.
            for one in left:
                room = [group for group in found if len(group) < MOST and group[0].wave == wave]
                if room:
                    min(room, key=len).append(one)
    return found


def _dealt(people: Sequence[Candidate]) -> list[list[Candidate]]:
    """Form the fewest groups of at most five, of nearly equal size; people of one team are
    spread over different groups."""
    count = -(-len(people) // MOST)
    piles: list[list[Candidate]] = [[] for _ in range(count)]
    for number, one in enumerate(sorted(people, key=lambda one: one.team)):
        piles[number % count].append(one)
    return piles


def dates(when: WorkingTime, now: datetime) -> list[datetime]:
    """The times of the six meetings: at ten on a working day, two weeks apart."""
    first = when.day_of(now + FIRST_AFTER)
    return [when.at(when.workday_from(first + EVERY * number), HOUR) for number in range(MEETINGS)]


def form(unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, who: str, now: datetime) -> int:
    """Form groups of people without one; return how many groups. Each member's meetings are
    scheduled, with their statements."""
    with unit_of_work(tenant_id) as connection:
        coaching.take_turns(connection, tenant_id)
        version = learning.newest_programmes(connection, tenant_id).get(programme)
        if version is None:
            raise NotFound("There is no such programme here.")
        calendar = programmes.load(connection, tenant_id, programme, version).calendar
        made = split(coaching.candidates(connection, tenant_id, programme, now - CERTIFIED_WITHIN))
        for people in made:
            planned = dates(working_time.of(people[0].time_zone, [], calendar), now)
            group = coaching.form(connection, tenant_id, programme, [one.episode_id for one in people], planned, now)
            for one in people:
                stage = acts.on_stage(connection, tenant_id, learning.episode_by_id(connection, tenant_id, one.episode_id))
                stage.say(
                    [
                        xapi.meeting_scheduled(
                            stage.act(f"scheduled {one.episode_id} meeting {group.id} {number}", now), group=group.id, number=number, at=at
                        )
                        for number, at in enumerate(planned, 1)
                    ]
                )
        if made:
            journal.add_audit(connection, tenant_id, who, "formed coaching groups", {"programme": programme, "groups": len(made)})
    return len(made)


def overview(unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, now: datetime) -> Overview:
    """Load all groups of a programme."""
    with unit_of_work(tenant_id) as connection:
        found = coaching.groups(connection, tenant_id, programme)
        ids = [one.id for one in found]
        people, meetings = coaching.members(connection, tenant_id, ids), coaching.meetings(connection, tenant_id, ids)
        waiting = len(coaching.candidates(connection, tenant_id, programme, now - CERTIFIED_WITHIN))
    return Overview([(one, people.get(one.id, []), meetings.get(one.id, [])) for one in found], waiting)


def view(unit_of_work: UnitOfWork, *, session: LaunchSession) -> GroupView | None:
    """Load the learner's group; None if there is none yet."""
    with unit_of_work(session.tenant_id) as connection:
        stage = acts.required_stage(connection, session)
        group = coaching.group_of(connection, session.tenant_id, stage.episode.id)
        if group is None:
            return None
        people = coaching.members(connection, session.tenant_id, [group.id])[group.id]
        meetings = coaching.meetings(connection, session.tenant_id, [group.id]).get(group.id, [])
        actions = coaching.actions(connection, session.tenant_id, group.id)
        me = directory.profile(connection, session.tenant_id, session.person_id)
    zone = working_time.of(me.time_zone, me.working_days, stage.programme.calendar).zone
    return GroupView(group, stage.episode.id, people, meetings, actions, {one.episode_id: one.name for one in people}, zone)


def record(unit_of_work: UnitOfWork, *, session: LaunchSession, meeting_id: uuid.UUID, there: Sequence[str], now: datetime) -> None:
    """Record that a meeting took place, and who attended. Any member may record it; existing
    attendance stays, missing people are added."""
    with unit_of_work(session.tenant_id) as connection:
        stage, group = _member(connection, session)
        meetings = coaching.meetings(connection, session.tenant_id, [group.id]).get(group.id, [])
        found = next((one for one in meetings if one.id == meeting_id), None)
        if found is None:
            raise NotFound("There is no such meeting of your group.")
        if found.at.date() > now.date():
            raise BadInput("This meeting has not been yet.")
        episodes = {str(one.id): one for one in coaching.episodes_of(connection, session.tenant_id, group.id)}
        if not there or not set(there) <= set(episodes):
            raise BadInput("Tick who was there.", field="there")
        if coaching.hold(connection, session.tenant_id, meeting_id, now):
            stage.say([xapi.meeting_held(stage.act(f"held {meeting_id}", now), group=group.id, number=found.number)])
        for one in sorted(set(there)):
            if coaching.attend(connection, session.tenant_id, meeting_id, episodes[one].id):
                theirs = acts.on_stage(connection, session.tenant_id, episodes[one])
                theirs.say([xapi.attended(theirs.act(f"attended {meeting_id} {one}", found.at), group=group.id, number=found.number)])


def agree(
    unit_of_work: UnitOfWork, *, session: LaunchSession, form_id: uuid.UUID, whose: str, words: str, due_on: date | None, now: datetime
) -> None:
    """Record what somebody in the group agrees to do by a given day."""
    text = words.strip()
    if not text or len(text) > LONGEST_WORDS:
        raise BadInput(f"Write what was agreed, in up to {LONGEST_WORDS} characters.", field="words")
    with unit_of_work(session.tenant_id) as connection:
        _, group = _member(connection, session)
        episodes = {str(one.id): one.id for one in coaching.episodes_of(connection, session.tenant_id, group.id)}
        if whose not in episodes:
            raise BadInput("Choose who does it.", field="whose")
        values = {"id": form_id, "episode_id": episodes[whose], "words": text, "due_on": due_on, "agreed_at": now}
        coaching.agree(connection, session.tenant_id, group.id, values)


def close(unit_of_work: UnitOfWork, *, session: LaunchSession, action_id: uuid.UUID, now: datetime) -> None:
    """Mark an agreed action as done."""
    with unit_of_work(session.tenant_id) as connection:
        _, group = _member(connection, session)
        whose = coaching.close(connection, session.tenant_id, group.id, action_id, now)
        if whose is not None:
            stage = acts.on_stage(connection, session.tenant_id, learning.episode_by_id(connection, session.tenant_id, whose))
            stage.say([xapi.action_closed(stage.act(f"closed {action_id}", now), action=action_id)])


def _member(connection: Connection, session: LaunchSession) -> tuple[Stage, Group]:
    stage = acts.required_stage(connection, session)
    group = coaching.group_of(connection, session.tenant_id, stage.episode.id)
    if group is None:
        raise NotFound("You are in no coaching group yet.")
    return stage, group
