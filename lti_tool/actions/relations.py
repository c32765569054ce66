"""Relations between people: manager and mentor from the organisation's people list, peers from
the coaching group, and the learner.

A peer sees only what the learner addressed to this peer.
"""

from __future__ import annotations

import uuid

from sqlalchemy import Connection

from core.errors import BadInput, Forbidden
from lti_tool.actions import acts
from lti_tool.actions.acts import Stage
from lti_tool.store import coaching, learning, transfer
from lti_tool.store.coaching import Member
from lti_tool.store.people import LaunchSession
from lti_tool.store.transfer import Waiting

MANAGER, MENTOR, PEER, LEARNER = "manager", "mentor", "peer", "learner"


def of(person_id: uuid.UUID, learner: Waiting) -> str:
    """Return a person's relation to a learner whose work is shown to this person."""
    return MANAGER if learner.manager_id == person_id else MENTOR if learner.mentor_id == person_id else PEER


def led(connection: Connection, session: LaunchSession, episode_id: uuid.UUID) -> tuple[Stage, str]:
    """Return the stage of a learner whom this person leads or mentors, and the relation; raise
    Forbidden for any other learner.
    """
    return asked(connection, session, episode_id, None)


def asked(connection: Connection, session: LaunchSession, episode_id: uuid.UUID, peer_id: uuid.UUID | None) -> tuple[Stage, str]:
    """The same, but also permits the peer whom the learner asked."""
    found = next(iter(transfer.led(connection, session.tenant_id, session.person_id, episode_id)), None)
    if found is None and peer_id != session.person_id:
        raise Forbidden("This belongs to somebody whom you neither lead nor accompany.")
    relation = PEER if found is None else of(session.person_id, found)
    return acts.on_stage(connection, session.tenant_id, learning.episode_by_id(connection, session.tenant_id, episode_id)), relation


def peers(stage: Stage) -> list[Member]:
    """List the other members of the learner's coaching group."""
    group = coaching.group_of(stage.connection, stage.tenant_id, stage.episode.id)
    people = coaching.members(stage.connection, stage.tenant_id, [group.id])[group.id] if group else []
    return [one for one in people if one.person_id != stage.episode.person_id]


def chosen_peer(stage: Stage, text: str) -> uuid.UUID | None:
    """Return the peer named in a form; None if empty, BadInput if that person is not a peer."""
    if not text:
        return None
    found = next((one.person_id for one in peers(stage) if str(one.person_id) == text), None)
    if found is None:
        raise BadInput("Choose somebody of your coaching group.", field="peer")
    return found
