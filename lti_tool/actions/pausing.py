"""Pausing and leaving: a period in which nothing is due for a learner, and the end of
participation. Both emit statements, so that no figure counts a person as late who could not
take part.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection
from sqlalchemy.exc import NoResultFound

from adapters import xapi
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from lti_tool.actions import acts
from lti_tool.actions.acts import Stage
from lti_tool.store import journal, learning
from lti_tool.store.learning import Hold, Participant


@dataclass(frozen=True)
class Participants:
    """A page of a programme's participants, and the cursor of the next page."""

    people: list[Participant]
    after: str


def people(unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, after: str, now: datetime) -> Participants:
    """List a programme's participants, ordered by name."""
    person_id, _, name = after.partition(":")
    try:
        place = (name, uuid.UUID(person_id)) if person_id else None
    except ValueError:
        place = None
    with unit_of_work(tenant_id) as connection:
        found = learning.participants(connection, tenant_id, programme, place, now)
    last = found[-1] if len(found) == learning.PAGE else None
    return Participants(found, f"{last.episode_id}:{last.name}" if last else "")


def hold(unit_of_work: UnitOfWork, *, tenant_id: int, episode_id: uuid.UUID, until: date | None, who: str, now: datetime) -> None:
    """Pause the learner: nothing is due from now until the start of ``until``, or indefinitely."""
    until_at = datetime.combine(until, time(0), UTC) if until else None
    if until_at is not None and until_at <= now:
        raise BadInput("A pause ends after it begins; choose a later day.", field="until")
    with unit_of_work(tenant_id) as connection:
        stage = _stage(connection, tenant_id, episode_id)
        if any(one.holds(now) for one in learning.holds_of(connection, tenant_id, episode_id)):
            return
        made = Hold(uuid.uuid4(), now, until_at)
        learning.keep_hold(connection, tenant_id, episode_id, made, who)
        stage.say([xapi.suspended(stage.act(f"hold {made.id}", now), until_at)])
        journal.add_audit(connection, tenant_id, who, "put somebody on hold", {"episode": str(episode_id)})


def resume(unit_of_work: UnitOfWork, *, tenant_id: int, episode_id: uuid.UUID, who: str, now: datetime) -> None:
    """End the learner's pause now."""
    with unit_of_work(tenant_id) as connection:
        stage = _stage(connection, tenant_id, episode_id)
        for one in learning.holds_of(connection, tenant_id, episode_id):
            if one.holds(now):
                learning.end_hold(connection, tenant_id, one.id, now)
                stage.say([xapi.resumed(stage.act(f"resume {one.id}", now))])
                journal.add_audit(connection, tenant_id, who, "ended a hold", {"episode": str(episode_id)})


def leave(unit_of_work: UnitOfWork, *, tenant_id: int, episode_id: uuid.UUID, who: str, now: datetime) -> None:
    """Remove the learner from the programme: nothing is due any more, completed work stays on
    record.
    """
    with unit_of_work(tenant_id) as connection:
        stage = _stage(connection, tenant_id, episode_id)
        if learning.leave(connection, tenant_id, episode_id, now):
            stage.say([xapi.left(stage.act(f"leave {episode_id}", now))])
            journal.add_audit(connection, tenant_id, who, "took somebody out of a programme", {"episode": str(episode_id)})


def _stage(connection: Connection, tenant_id: int, episode_id: uuid.UUID) -> Stage:
    try:
        episode = learning.episode_by_id(connection, tenant_id, episode_id)
    except NoResultFound:
        raise NotFound("There is no such person in this programme.") from None
    return acts.on_stage(connection, tenant_id, episode)
