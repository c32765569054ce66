"""Supplemental workshops: whoever leads five people or more offers one for a behaviour that is
below its minimum in the team; its people see it on Today and in their calendar; later, the levels
before and after it are compared.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from lti_tool.assessment import behaviour_levels, workshops_store
from lti_tool.assessment.behaviour_levels import LevelShare, WeakBehaviour
from lti_tool.assessment.workshops_store import ObservedLevels, Workshop
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.text_limits import require_length
from lti_tool.people import directory_store
from lti_tool.programmes import episodes_store, programmes, working_time
from lti_tool.programmes.programmes import Programme
from lti_tool.transfer import transfer_store
from lti_tool.transfer.transfer_store import LearnerEpisode

MAX_PLACE_CHARS = 300
# A behaviour is not offered again until people can have been seen after its last workshop.
QUIET_AFTER = timedelta(days=30)
MAX_AHEAD = timedelta(days=366)


@dataclass(frozen=True)
class TeamBehaviours:
    """A programme's people of one leader, with what was seen of them."""

    programme: Programme
    people: list[LearnerEpisode]
    observed: list[ObservedLevels]
    weak: list[WeakBehaviour]


@dataclass(frozen=True)
class WorkshopResult:
    """A workshop with what became of its behaviour: of ``people`` invited, ``seen`` were seen
    before and after it; ``compared``: their levels before and after, None while they are too
    few."""

    workshop: Workshop
    zone: ZoneInfo
    people: int
    seen: int
    compared: tuple[LevelShare, LevelShare] | None
    upcoming: bool


@dataclass(frozen=True)
class WorkshopForm:
    """The form of an offer: the behaviour, the people of the team with their latest level, and
    the time zone of its hour."""

    programme: Programme
    behaviour: WeakBehaviour
    people: list[tuple[LearnerEpisode, int | None]]
    zone: ZoneInfo


@dataclass(frozen=True)
class WorkshopOffer:
    """What a form of an offer holds, checked for its form alone. ``episodes``: for whom; empty
    for the whole team."""

    form_id: uuid.UUID
    programme: str
    criterion: str
    day: date
    hour: time
    place: str
    episodes: Sequence[uuid.UUID]


def list_offers(
    unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime
) -> list[TeamBehaviours]:
    """The programmes in which a behaviour of this person's team asks for a workshop."""
    with unit_of_work(session.tenant_id) as connection:
        teams = list_teams(connection, session.tenant_id, session.person_id, now)
    return [team for team in teams if team.weak]


def list_results(
    unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime
) -> list[WorkshopResult]:
    """The workshops that this person offered, the latest first."""
    with unit_of_work(session.tenant_id) as connection:
        offered = workshops_store.list_offered(connection, session.tenant_id, session.person_id)
        members = workshops_store.members_by_workshop(
            connection, session.tenant_id, [item.id for item in offered]
        )
        observed = workshops_store.list_observed(
            connection, session.tenant_id, [one for ids in members.values() for one in ids]
        )
        newest = episodes_store.newest_programme_versions(connection, session.tenant_id)
        loaded = {
            key: programmes.load_programme(connection, session.tenant_id, key, newest[key])
            for key in {item.programme for item in offered}
        }
        zones = {key: _zone_of(connection, session, item) for key, item in loaded.items()}
    return [
        _result(
            item,
            loaded[item.programme],
            zones[item.programme],
            members.get(item.id, []),
            observed,
            now,
        )
        for item in offered
    ]


def _result(
    workshop: Workshop,
    programme: Programme,
    zone: ZoneInfo,
    members: Sequence[uuid.UUID],
    observed: Sequence[ObservedLevels],
    now: datetime,
) -> WorkshopResult:
    own = [item for item in observed if item.episode_id in set(members)]
    minimum = programme.rubric.competent_from if programme.rubric else 1
    seen, compared = behaviour_levels.compare_levels(
        own, workshop.criterion, minimum, workshop.begins_at
    )
    upcoming = workshop.begins_at > now
    return WorkshopResult(workshop, zone, len(members), seen, compared, upcoming)


def list_teams(
    connection: Connection, tenant_id: int, leader_id: uuid.UUID, now: datetime
) -> list[TeamBehaviours]:
    """The people whom somebody leads or accompanies, by programme, each with the behaviours that
    ask for a workshop now."""
    led = transfer_store.list_led_episodes(connection, tenant_id, leader_id)
    ids = [item.episode_id for item in led]
    observed = workshops_store.list_observed(connection, tenant_id, ids)
    resting = {
        (item.programme, item.criterion)
        for item in workshops_store.list_offered(connection, tenant_id, leader_id)
        if item.begins_at > now - QUIET_AFTER
    }
    programme_of = {
        item.id: item.programme for item in episodes_store.get_episodes(connection, tenant_id, ids)
    }
    newest = episodes_store.newest_programme_versions(connection, tenant_id)
    teams = []
    for key in sorted(set(programme_of.values())):
        programme = programmes.load_programme(connection, tenant_id, key, newest[key])
        if programme.rubric is None:
            continue
        people = [item for item in led if programme_of[item.episode_id] == key]
        own = {item.episode_id for item in people}
        levels = [item for item in observed if item.episode_id in own]
        weak = [
            item
            for item in behaviour_levels.find_weak_behaviours(programme.rubric, levels)
            if (key, item.criterion) not in resting
        ]
        teams.append(TeamBehaviours(programme, people, levels, weak))
    return teams


def _zone_of(connection: Connection, session: LaunchSession, programme: Programme) -> ZoneInfo:
    """The time zone in which whoever offers a workshop says when it is."""
    me = directory_store.get_profile(connection, session.tenant_id, session.person_id)
    return working_time.resolve_working_time(me.time_zone, me.working_days, programme.calendar).zone


def load_offer_form(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    programme: str,
    criterion: str,
    now: datetime,
) -> WorkshopForm:
    """Load the form of an offer; NotFound if this behaviour asks for none."""
    with unit_of_work(session.tenant_id) as connection:
        return _build_form(connection, session, programme, criterion, now)


def _build_form(
    connection: Connection, session: LaunchSession, programme: str, criterion: str, now: datetime
) -> WorkshopForm:
    for team in list_teams(connection, session.tenant_id, session.person_id, now):
        for weak in team.weak:
            if (team.programme.key, weak.criterion) == (programme, criterion):
                latest = behaviour_levels.latest_levels(team.observed, criterion)
                people = [(item, latest.get(item.episode_id)) for item in team.people]
                zone = _zone_of(connection, session, team.programme)
                return WorkshopForm(team.programme, weak, people, zone)
    raise NotFound("This behaviour asks for no workshop now.")


def offer_workshop(
    unit_of_work: UnitOfWork, *, session: LaunchSession, offer: WorkshopOffer, now: datetime
) -> None:
    """Store the offer; those concerned see it at once. A form that is sent twice offers one."""
    require_length(offer.place, MAX_PLACE_CHARS, "place")
    with unit_of_work(session.tenant_id) as connection:
        if any(
            item.id == offer.form_id
            for item in workshops_store.list_offered(
                connection, session.tenant_id, session.person_id
            )
        ):
            return
        form = _build_form(connection, session, offer.programme, offer.criterion, now)
        begins_at = datetime.combine(offer.day, offer.hour, form.zone)
        if not now < begins_at < now + MAX_AHEAD:
            raise BadInput("Choose a day and an hour within the next year.", field="day")
        own = [item.episode_id for item, _ in form.people]
        if not set(offer.episodes) <= set(own):
            raise BadInput("Choose people of your team.", field="people")
        values = {
            "id": offer.form_id,
            "programme": offer.programme,
            "criterion": offer.criterion,
            "title": form.behaviour.title,
            "offered_by": session.person_id,
            "begins_at": begins_at,
            "place": offer.place,
            "offered_at": now,
        }
        workshops_store.insert_workshop(
            connection, session.tenant_id, values, list(offer.episodes) or own
        )


def cancel_workshop(
    unit_of_work: UnitOfWork, *, session: LaunchSession, workshop_id: uuid.UUID, now: datetime
) -> None:
    """Cancel a workshop that has not begun; NotFound if there is none of this person."""
    with unit_of_work(session.tenant_id) as connection:
        if not workshops_store.cancel_workshop(
            connection, session.tenant_id, workshop_id, session.person_id, now
        ):
            raise NotFound("There is no such workshop any more.")
