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

from adapters import xapi_statements
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from core.messages import lazy_gettext
from lti_tool.base import journal_store
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.coaching import coaching_store
from lti_tool.coaching.coaching_store import (
    AgreedAction,
    CoachingGroup,
    GroupCandidate,
    GroupMember,
    Meeting,
)
from lti_tool.people import directory_store
from lti_tool.programmes import episode_context, episodes_store, programmes, working_time
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.programmes import Calendar
from lti_tool.programmes.working_time import WorkingTime

MIN_GROUP_SIZE, MAX_GROUP_SIZE = 3, 5
MEETING_COUNT, MEETING_INTERVAL, FIRST_MEETING_AFTER = (
    6,
    timedelta(days=14),
    timedelta(days=7),
)  # every two weeks for three months
MEETING_TIME = time(10)
MAX_CERTIFIED_AGE = timedelta(days=60)  # after that, too little of the three months is left
MAX_ACTION_CHARS = 1_000


@dataclass(frozen=True)
class GroupDetails:
    """A group as its members see it. ``mine`` is the viewer's episode."""

    group: CoachingGroup
    mine: uuid.UUID
    members: list[GroupMember]
    meetings: list[Meeting]
    actions: list[AgreedAction]
    names: dict[uuid.UUID, str]
    zone: ZoneInfo


@dataclass(frozen=True)
class CoachingOverview:
    """All groups of a programme, for its training managers; ``waiting`` counts people
    without a group."""

    groups: list[tuple[CoachingGroup, list[GroupMember], list[Meeting]]]
    waiting: int


def split_into_groups(people: Sequence[GroupCandidate]) -> list[list[GroupCandidate]]:
    """Split people into groups of three to five. People of the same wave and site are
    grouped together, otherwise people of the same wave; teams are mixed within a group.

    Fewer than three people of a wave wait for others.
    """
    result: list[list[GroupCandidate]] = []
    for wave in sorted({person.wave for person in people}):
        left: list[GroupCandidate] = []
        of_wave = [person for person in people if person.wave == wave]
        for site in sorted({entry.site for entry in of_wave}):
            here = [entry for entry in of_wave if entry.site == site]
            if len(here) >= MIN_GROUP_SIZE:
                result += _deal_into_groups(here)
            else:
                left += here
        if len(left) >= MIN_GROUP_SIZE:
            result += _deal_into_groups(left)
        else:
            # One or two people left over at their sites join the smallest groups of their wave
            # that are not full.
            for item in left:
                open_groups = [
                    group
                    for group in result
                    if len(group) < MAX_GROUP_SIZE and group[0].wave == wave
                ]
                if open_groups:
                    min(open_groups, key=len).append(item)
    return result


def _deal_into_groups(people: Sequence[GroupCandidate]) -> list[list[GroupCandidate]]:
    """Form the fewest groups of at most five, of nearly equal size; people of one team are
    spread over different groups."""
    count = -(-len(people) // MAX_GROUP_SIZE)
    piles: list[list[GroupCandidate]] = [[] for _ in range(count)]
    for number, person in enumerate(sorted(people, key=lambda item: item.team)):
        piles[number % count].append(person)
    return piles


def meeting_times(when: WorkingTime, now: datetime) -> list[datetime]:
    """The times of the six meetings: at ten on a working day, two weeks apart."""
    first = when.day_of(now + FIRST_MEETING_AFTER)
    return [
        when.at(when.workday_from(first + MEETING_INTERVAL * number), MEETING_TIME)
        for number in range(MEETING_COUNT)
    ]


def begin_forming(connection: Connection, tenant_id: int, programme: str) -> Calendar:
    """Let nobody else form groups until the transaction ends; return the programme's calendar."""
    coaching_store.lock_group_forming(connection, tenant_id)
    version = episodes_store.newest_programme_versions(connection, tenant_id).get(programme)
    if version is None:
        raise NotFound("There is no such programme here.")
    return programmes.load_programme(connection, tenant_id, programme, version).calendar


def form_groups(
    unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, who: str, now: datetime
) -> int:
    """Form groups of people without one; return how many groups. Each member's meetings are
    scheduled, with their statements."""
    with unit_of_work(tenant_id) as connection:
        calendar = begin_forming(connection, tenant_id, programme)
        created = split_into_groups(
            coaching_store.list_group_candidates(
                connection, tenant_id, programme, now - MAX_CERTIFIED_AGE
            )
        )
        for people in created:
            planned = meeting_times(
                working_time.resolve_working_time(
                    people[0].time_zone, [], calendar, people[0].site
                ),
                now,
            )
            group = coaching_store.insert_group(
                connection, tenant_id, programme, [item.episode_id for item in people], planned, now
            )
            state_meetings(connection, tenant_id, group, people, list(enumerate(planned, 1)), now)
        if created:
            journal_store.insert_audit_entry(
                connection,
                tenant_id,
                who,
                "formed coaching groups",
                {"programme": programme, "groups": len(created)},
            )
    return len(created)


def state_meetings(
    connection: Connection,
    tenant_id: int,
    group: CoachingGroup,
    people: Sequence[GroupCandidate],
    meetings: Sequence[tuple[int, datetime]],
    now: datetime,
) -> None:
    """Enqueue the statements that these people's meetings (number, time) are scheduled."""
    for person in people:
        context = episode_context.load_episode_context(
            connection,
            tenant_id,
            episodes_store.get_episode(connection, tenant_id, person.episode_id),
        )
        context.enqueue_statements(
            [
                xapi_statements.meeting_scheduled_statement(
                    context.act(f"scheduled {person.episode_id} meeting {group.id} {number}", now),
                    group=group.id,
                    number=number,
                    at=at,
                )
                for number, at in meetings
            ]
        )


def load_coaching_overview(
    unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, now: datetime
) -> CoachingOverview:
    """Load all groups of a programme."""
    with unit_of_work(tenant_id) as connection:
        result = coaching_store.list_groups(connection, tenant_id, programme)
        ids = [item.id for item in result]
        people, meetings = (
            coaching_store.members_by_group(connection, tenant_id, ids),
            coaching_store.meetings_by_group(connection, tenant_id, ids),
        )
        waiting = len(
            coaching_store.list_group_candidates(
                connection, tenant_id, programme, now - MAX_CERTIFIED_AGE
            )
        )
    return CoachingOverview(
        [(item, people.get(item.id, []), meetings.get(item.id, [])) for item in result], waiting
    )


def load_own_group(unit_of_work: UnitOfWork, *, session: LaunchSession) -> GroupDetails | None:
    """Load the learner's group; None if there is none yet."""
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        group = coaching_store.find_group_of_episode(
            connection, session.tenant_id, context.episode.id
        )
        if group is None:
            return None
        people = coaching_store.members_by_group(connection, session.tenant_id, [group.id])[
            group.id
        ]
        meetings = coaching_store.meetings_by_group(connection, session.tenant_id, [group.id]).get(
            group.id, []
        )
        actions = coaching_store.list_agreed_actions(connection, session.tenant_id, group.id)
        me = directory_store.get_profile(connection, session.tenant_id, session.person_id)
    zone = working_time.resolve_working_time(
        me.time_zone, me.working_days, context.programme.calendar
    ).zone
    return GroupDetails(
        group,
        context.episode.id,
        people,
        meetings,
        actions,
        {person.episode_id: person.name for person in people},
        zone,
    )


def record_meeting(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    meeting_id: uuid.UUID,
    present_keys: Sequence[str],
    now: datetime,
) -> None:
    """Record that a meeting took place, and who attended. Any member may record it; existing
    attendance stays, missing people are added."""
    with unit_of_work(session.tenant_id) as connection:
        context, group = _require_group(connection, session)
        meetings = coaching_store.meetings_by_group(connection, session.tenant_id, [group.id]).get(
            group.id, []
        )
        result = next((meeting for meeting in meetings if meeting.id == meeting_id), None)
        if result is None:
            raise NotFound("There is no such meeting of your group.")
        if result.at.date() > now.date():
            raise BadInput("This meeting has not been yet.")
        episodes = {
            str(episode.id): episode
            for episode in coaching_store.list_group_episodes(
                connection, session.tenant_id, group.id
            )
        }
        if not present_keys or not set(present_keys) <= set(episodes):
            raise BadInput("Tick who was there.", field="there")
        if coaching_store.mark_meeting_held(connection, session.tenant_id, meeting_id, now):
            context.enqueue_statements(
                [
                    xapi_statements.meeting_held_statement(
                        context.act(f"held {meeting_id}", now), group=group.id, number=result.number
                    )
                ]
            )
        for episode_key in sorted(set(present_keys)):
            if coaching_store.insert_attendance(
                connection, session.tenant_id, meeting_id, episodes[episode_key].id
            ):
                related = episode_context.load_episode_context(
                    connection, session.tenant_id, episodes[episode_key]
                )
                related.enqueue_statements(
                    [
                        xapi_statements.attended_statement(
                            related.act(f"attended {meeting_id} {episode_key}", result.at),
                            group=group.id,
                            number=result.number,
                        )
                    ]
                )


def agree_action(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    form_id: uuid.UUID,
    whose: str,
    words: str,
    due_on: date | None,
    now: datetime,
) -> None:
    """Record what somebody in the group agrees to do by a given day."""
    text = words.strip()
    if not text or len(text) > MAX_ACTION_CHARS:
        raise BadInput(
            lazy_gettext(
                "Write what was agreed, in up to %(most)s characters.", most=MAX_ACTION_CHARS
            ),
            field="words",
        )
    with unit_of_work(session.tenant_id) as connection:
        _, group = _require_group(connection, session)
        episodes = {
            str(episode.id): episode.id
            for episode in coaching_store.list_group_episodes(
                connection, session.tenant_id, group.id
            )
        }
        if whose not in episodes:
            raise BadInput("Choose who does it.", field="whose")
        values = {
            "id": form_id,
            "episode_id": episodes[whose],
            "words": text,
            "due_on": due_on,
            "agreed_at": now,
        }
        coaching_store.insert_agreed_action(connection, session.tenant_id, group.id, values)


def close_action(
    unit_of_work: UnitOfWork, *, session: LaunchSession, action_id: uuid.UUID, now: datetime
) -> None:
    """Mark an agreed action as done."""
    with unit_of_work(session.tenant_id) as connection:
        _, group = _require_group(connection, session)
        whose = coaching_store.close_agreed_action(
            connection, session.tenant_id, group.id, action_id, now
        )
        if whose is not None:
            context = episode_context.load_episode_context(
                connection,
                session.tenant_id,
                episodes_store.get_episode(connection, session.tenant_id, whose),
            )
            context.enqueue_statements(
                [
                    xapi_statements.action_closed_statement(
                        context.act(f"closed {action_id}", now), action=action_id
                    )
                ]
            )


def _require_group(
    connection: Connection, session: LaunchSession
) -> tuple[EpisodeContext, CoachingGroup]:
    context = episode_context.require_episode_context(connection, session)
    group = coaching_store.find_group_of_episode(connection, session.tenant_id, context.episode.id)
    if group is None:
        raise NotFound("You are in no coaching group yet.")
    return context, group
