"""Relations between people: manager and mentor from the organisation's people list, peers from
the coaching group, and the learner.

A peer sees only what the learner addressed to this peer.
"""

from __future__ import annotations

import uuid

from sqlalchemy import Connection

from core.errors import BadInput, Forbidden
from lrs.vocabulary import Relation
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.coaching import coaching_store
from lti_tool.coaching.coaching_store import GroupMember
from lti_tool.programmes import episode_context, episodes_store
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.transfer import transfer_store
from lti_tool.transfer.transfer_store import LearnerEpisode

MANAGER, MENTOR, PEER, LEARNER = (
    Relation.MANAGER,
    Relation.MENTOR,
    Relation.PEER,
    Relation.LEARNER,
)


def relation_to_learner(person_id: uuid.UUID, learner: LearnerEpisode) -> Relation:
    """Return a person's relation to a learner whose work is shown to this person."""
    return (
        MANAGER
        if learner.manager_id == person_id
        else MENTOR
        if learner.mentor_id == person_id
        else PEER
    )


def require_led_episode(
    connection: Connection, session: LaunchSession, episode_id: uuid.UUID
) -> tuple[EpisodeContext, Relation]:
    """Return the episode of a learner whom this person leads or mentors, and the relation; raise
    Forbidden for any other learner.
    """
    return require_reviewable_episode(connection, session, episode_id, None)


def require_reviewable_episode(
    connection: Connection, session: LaunchSession, episode_id: uuid.UUID, peer_id: uuid.UUID | None
) -> tuple[EpisodeContext, Relation]:
    """The same, but also permits the peer whom the learner asked."""
    result = next(
        iter(
            transfer_store.list_led_episodes(
                connection, session.tenant_id, session.person_id, episode_id
            )
        ),
        None,
    )
    if result is None and peer_id != session.person_id:
        raise Forbidden("This belongs to somebody whom you neither lead nor accompany.")
    relation = PEER if result is None else relation_to_learner(session.person_id, result)
    return episode_context.load_episode_context(
        connection,
        session.tenant_id,
        episodes_store.get_episode(connection, session.tenant_id, episode_id),
    ), relation


def list_peers(stage: EpisodeContext) -> list[GroupMember]:
    """List the other members of the learner's coaching group."""
    group = coaching_store.find_group_of_episode(
        stage.connection, stage.tenant_id, stage.episode.id
    )
    people = (
        coaching_store.members_by_group(stage.connection, stage.tenant_id, [group.id])[group.id]
        if group
        else []
    )
    return [person for person in people if person.person_id != stage.episode.person_id]


def peer_from_form(stage: EpisodeContext, text: str) -> uuid.UUID | None:
    """Return the peer named in a form; None if empty, BadInput if that person is not a peer."""
    if not text:
        return None
    result = next(
        (peer.person_id for peer in list_peers(stage) if str(peer.person_id) == text), None
    )
    if result is None:
        raise BadInput("Choose somebody in your coaching group.", field="peer")
    return result
