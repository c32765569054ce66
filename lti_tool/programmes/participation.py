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

from adapters import xapi_statements
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from lti_tool.base import journal_store
from lti_tool.programmes import episode_context, episodes_store
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.episodes_store import Hold, Participant


@dataclass(frozen=True)
class ParticipantPage:
    """A page of a programme's participants, and the cursor of the next page."""

    people: list[Participant]
    after: str


def list_participants(
    unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, after: str, now: datetime
) -> ParticipantPage:
    """List a programme's participants, ordered by name."""
    person_id, _, name = after.partition(":")
    try:
        place = (name, uuid.UUID(person_id)) if person_id else None
    except ValueError:
        place = None
    with unit_of_work(tenant_id) as connection:
        result = episodes_store.list_participants(connection, tenant_id, programme, place, now)
    last = result[-1] if len(result) == episodes_store.PAGE_SIZE else None
    return ParticipantPage(result, f"{last.episode_id}:{last.name}" if last else "")


def pause_participation(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    episode_id: uuid.UUID,
    until: date | None,
    who: str,
    now: datetime,
) -> None:
    """Pause the learner: nothing is due from now until the start of ``until``, or indefinitely."""
    until_at = datetime.combine(until, time(0), UTC) if until else None
    if until_at is not None and until_at <= now:
        raise BadInput("A pause ends after it begins; choose a later day.", field="until")
    with unit_of_work(tenant_id) as connection:
        context = _load_context(connection, tenant_id, episode_id)
        if any(
            hold.holds(now) for hold in episodes_store.list_holds(connection, tenant_id, episode_id)
        ):
            return
        created = Hold(uuid.uuid4(), now, until_at)
        episodes_store.insert_hold(connection, tenant_id, episode_id, created, who)
        context.enqueue_statements(
            [xapi_statements.suspended_statement(context.act(f"hold {created.id}", now), until_at)]
        )
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "put somebody on hold", {"episode": str(episode_id)}
        )


def resume_participation(
    unit_of_work: UnitOfWork, *, tenant_id: int, episode_id: uuid.UUID, who: str, now: datetime
) -> None:
    """End the learner's pause now."""
    with unit_of_work(tenant_id) as connection:
        context = _load_context(connection, tenant_id, episode_id)
        for hold in episodes_store.list_holds(connection, tenant_id, episode_id):
            if hold.holds(now):
                episodes_store.end_hold(connection, tenant_id, hold.id, now)
                context.enqueue_statements(
                    [xapi_statements.resumed_statement(context.act(f"resume {hold.id}", now))]
                )
                journal_store.insert_audit_entry(
                    connection, tenant_id, who, "ended a hold", {"episode": str(episode_id)}
                )


def end_participation(
    unit_of_work: UnitOfWork, *, tenant_id: int, episode_id: uuid.UUID, who: str, now: datetime
) -> None:
    """Remove the learner from the programme: nothing is due any more, completed work stays on
    record.
    """
    with unit_of_work(tenant_id) as connection:
        context = _load_context(connection, tenant_id, episode_id)
        if episodes_store.mark_episode_left(connection, tenant_id, episode_id, now):
            context.enqueue_statements(
                [xapi_statements.unregistered_statement(context.act(f"leave {episode_id}", now))]
            )
            journal_store.insert_audit_entry(
                connection,
                tenant_id,
                who,
                "took somebody out of a programme",
                {"episode": str(episode_id)},
            )


def _load_context(connection: Connection, tenant_id: int, episode_id: uuid.UUID) -> EpisodeContext:
    try:
        episode = episodes_store.get_episode(connection, tenant_id, episode_id)
    except NoResultFound:
        raise NotFound("There is no such person in this programme.") from None
    return episode_context.load_episode_context(connection, tenant_id, episode)
