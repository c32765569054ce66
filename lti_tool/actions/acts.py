"""What every act shares: the episode and programme it happens in, and its statements' way into the outbox."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters import xapi
from core.errors import NotFound
from lti_tool.actions import programmes
from lti_tool.actions.programmes import Programme
from lti_tool.store import learning, outbox, tenants, transfer
from lti_tool.store.learning import Episode
from lti_tool.store.people import LaunchSession


@dataclass(frozen=True)
class Stage:
    """An episode with its programme, inside a transaction."""

    connection: Connection
    tenant_id: int
    installation: uuid.UUID
    episode: Episode
    programme: Programme

    def act(self, name: str, at: datetime, audience: Mapping[str, str] | None = None, revision: int = 1) -> xapi.Act:
        """An act of the episode's learner; ``name`` is unique for the act within the tenant."""
        return xapi.Act(
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

    def task_title(self, key: str) -> str | None:
        """The words for a task, of the programme's list or of this learner's own job; None where it is neither."""
        listed = self.programme.task_title(key)
        own = transfer.tasks(self.connection, self.tenant_id, self.episode.id) if listed is None else []
        return listed or next((one.title for one in own if one.key == key), None)

    def task_name(self, key: str) -> str:
        """The same for statements: the words of an own task stay in the tool, since a record store holds no free text about work."""
        return self.programme.task_title(key) or "A task of the learner's own"

    def say(self, statements: Sequence[xapi.Statement]) -> None:
        """The act's statements, in the act's transaction."""
        say(self.connection, self.tenant_id, statements)


def say(connection: Connection, tenant_id: int, statements: Sequence[xapi.Statement]) -> None:
    """Statements, in the act's transaction."""
    outbox.add_statements(connection, tenant_id, [(one.id, one.payload) for one in statements])


def of_person(connection: Connection, tenant_id: int, person_id: uuid.UUID, programme: Programme, name: str, at: datetime) -> xapi.Act:
    """An act of somebody who looks after others: of no episode."""
    return xapi.Act(
        installation=tenants.installation_id(connection),
        tenant=str(tenant_id),
        name=f"{name} {person_id}",
        learner=person_id,
        episode=None,
        programme=programme.for_statements(),
        at=at,
    )


def stage(connection: Connection, session: LaunchSession) -> Stage | None:
    """The stage of the learner's episode; None where no certification is on record."""
    episode = learning.episode_of(connection, session.tenant_id, session.person_id, session.programme)
    return on_stage(connection, session.tenant_id, episode) if episode else None


def required_stage(connection: Connection, session: LaunchSession) -> Stage:
    """The same; NotFound says who records a certification."""
    found = stage(connection, session)
    if found is None:
        raise NotFound("No certification is on record for you in this programme yet. Your teacher or training manager records it.")
    return found


def on_stage(connection: Connection, tenant_id: int, episode: Episode) -> Stage:
    """The stage of a known episode."""
    found = programmes.load(connection, tenant_id, episode.programme, episode.programme_version)
    return Stage(connection, tenant_id, tenants.installation_id(connection), episode, found)
