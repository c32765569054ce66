"""The inbox of a reviewer: what waits, one entry after the other, and the people led."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from core.database import UnitOfWork
from lti_tool.assessment import review_queue
from lti_tool.assessment.review_queue import CONFIRM, WaitingItem
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.programmes import episodes_store, programmes
from lti_tool.transfer import transfer_store
from lti_tool.transfer.transfer_store import LearnerEpisode

BATCH = "uses"  # the entry of several uses at work, which are confirmed together
MIN_BATCH = 2


@dataclass(frozen=True)
class QueueEntry:
    """One line of the queue: an item, or several uses at work together."""

    key: str
    kind: str
    items: list[WaitingItem]

    @property
    def due_at(self) -> datetime | None:
        """When its answer is due; None if it has no due date."""
        return self.items[0].due_at

    def by_learner(self) -> list[WaitingItem]:
        """One item of each learner."""
        return list({item.learner.person_id: item for item in self.items}.values())


@dataclass(frozen=True)
class Inbox:
    """A reviewer's page. ``position``: the place of the entry that is shown, from 0; ``shown``:
    that entry, or one use out of several; None where nothing waits. ``following``: the key of the
    entry after it, which opens once it is answered; empty for none.
    """

    entries: list[QueueEntry]
    position: int
    shown: QueueEntry | None
    following: str
    people: list[LearnerEpisode]
    assessable: frozenset[uuid.UUID]
    exercises: dict[str, str]

    @property
    def total_minutes(self) -> int:
        """About how long all answers take: two at least, since each is read first."""
        return max(2, sum(item.minutes for entry in self.entries for item in entry.items))


def has_waiting(unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime) -> bool:
    """Whether anything waits for this person's answer."""
    with unit_of_work(session.tenant_id) as connection:
        return bool(
            review_queue.list_waiting(connection, session.tenant_id, session.person_id, now)
        )


def load_inbox(
    unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime, wanted: str = ""
) -> Inbox:
    """Load a reviewer's inbox, most urgent items first, with the entry ``wanted`` open; the first
    one if that waits no more."""
    with unit_of_work(session.tenant_id) as connection:
        items = review_queue.list_waiting(connection, session.tenant_id, session.person_id, now)
        led = transfer_store.list_led_episodes(connection, session.tenant_id, session.person_id)
        assessable, exercises = _programmes_with_rubric(
            connection, session.tenant_id, [item.episode_id for item in led]
        )
    entries = group_entries(items)
    position, shown = _open_entry(entries, wanted)
    following = entries[(position + 1) % len(entries)].key if len(entries) > 1 else ""
    if shown and shown.key != entries[position].key:
        following = entries[position].key  # one of several uses: then the rest of them
    return Inbox(entries, position, shown, following, led, assessable, exercises)


def group_entries(items: Sequence[WaitingItem]) -> list[QueueEntry]:
    """The lines of the queue: several uses at work are one."""
    uses = [item for item in items if item.kind == CONFIRM]
    entries: list[QueueEntry] = []
    for item in items:
        if item.kind != CONFIRM or len(uses) < MIN_BATCH:
            entries.append(QueueEntry(item.key, item.kind, [item]))
        elif item is uses[0]:
            entries.append(QueueEntry(BATCH, BATCH, uses))
    return entries


def _open_entry(entries: Sequence[QueueEntry], wanted: str) -> tuple[int, QueueEntry | None]:
    for position, entry in enumerate(entries):
        if entry.key == wanted:
            return position, entry
        for item in entry.items:
            if item.key == wanted:
                return position, QueueEntry(item.key, item.kind, [item])
    return 0, entries[0] if entries else None


def _programmes_with_rubric(
    connection: Connection, tenant_id: int, episode_ids: Sequence[uuid.UUID]
) -> tuple[frozenset[uuid.UUID], dict[str, str]]:
    """Return the episodes whose programme has a rubric, and the programmes (key → title) whose
    newest version has cases to practise on.
    """
    episodes = episodes_store.get_episodes(connection, tenant_id, episode_ids)
    versions = {(episode.programme, episode.programme_version) for episode in episodes}
    newest = episodes_store.newest_programme_versions(connection, tenant_id)
    wanted = versions | {(key, newest[key]) for key, _ in versions}
    loaded = {item: programmes.load_programme(connection, tenant_id, *item) for item in wanted}
    assessable = frozenset(
        episode.id
        for episode in episodes
        if loaded[episode.programme, episode.programme_version].rubric
    )
    exercises = {}
    for key in sorted({key for key, _ in versions}):
        result = loaded[key, newest[key]]
        if result.rubric and result.rubric.cases:
            exercises[key] = result.title
    return assessable, exercises
