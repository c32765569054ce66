"""The context that every learner action shares: its episode and programme, and how its
statements reach the outbox."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters import xapi_statements
from core.errors import NotFound
from lti_tool.base import statement_outbox_store, tenants_store
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.programmes import episodes_store, programmes
from lti_tool.programmes.episodes_store import Episode
from lti_tool.programmes.programmes import Programme


@dataclass(frozen=True)
class EpisodeContext:
    """An episode with its programme, inside a transaction."""

    connection: Connection
    tenant_id: int
    installation: uuid.UUID
    episode: Episode
    programme: Programme

    def act(
        self, name: str, at: datetime, audience: Mapping[str, str] | None = None, revision: int = 1
    ) -> xapi_statements.Act:
        """Build an act of the episode's learner; ``name`` is unique for the act within the
        tenant."""
        return xapi_statements.Act(
            installation=self.installation,
            tenant=str(self.tenant_id),
            name=name,
            learner=self.episode.person_id,
            episode=self.episode.id,
            programme=self.programme.for_statements(),
            at=at,
            audience=audience or {},
            revision=revision,
        )

    def enqueue_statements(self, statements: Sequence[xapi_statements.Statement]) -> None:
        """Queue the act's statements in the outbox, within the act's transaction."""
        add_to_outbox(self.connection, self.tenant_id, statements)


def add_to_outbox(
    connection: Connection, tenant_id: int, statements: Sequence[xapi_statements.Statement]
) -> None:
    """Add statements to the outbox, within the act's transaction."""
    statement_outbox_store.insert_statements(
        connection, tenant_id, [(statement.id, statement.payload) for statement in statements]
    )


def act_without_episode(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: Programme,
    name: str,
    at: datetime,
) -> xapi_statements.Act:
    """Build an act of somebody who supports other learners; it belongs to no episode."""
    return xapi_statements.Act(
        installation=tenants_store.get_installation_id(connection),
        tenant=str(tenant_id),
        name=f"{name} {person_id}",
        learner=person_id,
        episode=None,
        programme=programme.for_statements(),
        at=at,
    )


def find_episode_context(connection: Connection, session: LaunchSession) -> EpisodeContext | None:
    """The context of the learner's episode; None if no certification is on record."""
    episode = episodes_store.find_episode(
        connection, session.tenant_id, session.person_id, session.programme
    )
    return load_episode_context(connection, session.tenant_id, episode) if episode else None


def require_episode_context(connection: Connection, session: LaunchSession) -> EpisodeContext:
    """The same, but raise NotFound, which says who records a certification."""
    result = find_episode_context(connection, session)
    if result is None:
        raise NotFound(
            "No certification is on record for you in this programme yet. Your teacher or "
            "training manager records it."
        )
    return result


def load_episode_context(
    connection: Connection, tenant_id: int, episode: Episode
) -> EpisodeContext:
    """The context of an episode that is already loaded."""
    result = programmes.load_programme(
        connection, tenant_id, episode.programme, episode.programme_version
    )
    return EpisodeContext(
        connection, tenant_id, tenants_store.get_installation_id(connection), episode, result
    )
