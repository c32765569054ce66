"""Count statements of other systems: for which episodes they count, and which episodes to
recount when they arrive or are removed.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from analytics.facts.external import EXTERNAL_VERB_KEYS, NO_MAPPINGS, ActivityMappings, Mapped
from analytics.facts.statement_view import StatementView, decode_statement
from analytics.store import activity_mappings
from analytics.store.activity_mappings import EpisodeKey
from lrs import feed
from lrs.feed import StoredStatement

log = logging.getLogger(__name__)


def parse_stored(stored: StoredStatement) -> StatementView:
    """Parse a statement as it was stored."""
    return decode_statement(stored.ord, stored.payload, feed.stored_at(stored))


def readable_statements(some: Iterable[StoredStatement], verb: str | None = None) -> Iterator[StatementView]:
    """Yield the statements that can be parsed, restricted to one of our verbs if given. One
    that cannot be parsed is set aside where it is counted itself, and affects no other.
    """
    for stored in some:
        try:
            found = parse_stored(stored)
        except (ValueError, TypeError, OverflowError) as error:
            log.warning("statement %s cannot be read (%s)", stored.id, type(error).__name__)
            continue
        if verb in (None, found.verb):
            yield found


@dataclass(frozen=True)
class _ExternalStatements:
    connection: Connection
    tenant_id: int
    same: Mapping[int, int]
    by_programme: Mapping[str, Mapping[str, Mapped]]

    def next_episode_start(self, learner: int, programme: str, anchor: datetime) -> datetime | None:
        began = activity_mappings.find_episode_anchors(self.connection, self.tenant_id, learner, programme).values()
        return min((at for at in began if at > anchor), default=None)

    def statements(self, learner: int, programme: str) -> Iterable[StatementView]:
        named = [learner, *(alias for alias, agent in self.same.items() if agent == learner)]
        own = activity_mappings.find_episode_anchors(self.connection, self.tenant_id, learner, programme)
        found = feed.list_statements_about(self.connection, self.tenant_id, named, self.by_programme[programme], EXTERNAL_VERB_KEYS, own)
        return readable_statements(found)


def tenant_mappings(connection: Connection, tenant_id: int, same: Mapping[int, int]) -> ActivityMappings:
    """Return the activity mappings of each programme, with access to this tenant's
    statements.
    """
    by_programme: dict[str, dict[str, Mapped]] = defaultdict(dict)
    for one in activity_mappings.list_active_mappings(connection, tenant_id):
        by_programme[one.programme][one.activity] = Mapped(one.activity, one.programme, one.counts_as, one.competency, one.evidence_grade)
    return ActivityMappings(by_programme, _ExternalStatements(connection, tenant_id, same, by_programme)) if by_programme else NO_MAPPINGS


def external_ords_for(connection: Connection, tenant_id: int, begun: Iterable[StatementView], same: Mapping[int, int]) -> set[int]:
    """Return the statements (ord) of other systems that may count for an episode begun by
    one of these certifications.
    """
    known = tenant_mappings(connection, tenant_id, same)
    found = set[int]()
    for s in begun:
        learner, programme = s.learner, s.grouped("programme") or s.object_id
        if known.elsewhere is not None and learner is not None and programme is not None and programme in known.by_programme:
            found |= {one.ord for one in known.elsewhere.statements(same.get(learner, learner), programme)}
    return found


def mark_borrowers(connection: Connection, tenant_id: int, ords: Sequence[int], same: Mapping[int, int]) -> None:
    """Mark the episodes for recount for which these new or voided statements count, or did."""
    if not ords:
        return
    touched, wanted = activity_mappings.list_borrowing_episodes(connection, tenant_id, ords), set[tuple[int, str]]()
    by_activity: dict[str, set[str]] = defaultdict(set)
    for one in activity_mappings.list_active_mappings(connection, tenant_id):
        by_activity[one.activity].add(one.programme)
    for s in readable_statements(feed.list_statements(connection, tenant_id, ords, EXTERNAL_VERB_KEYS)):
        if s.learner is not None:
            learner = same.get(s.learner, s.learner)
            wanted |= {(learner, programme) for activity in s.activities for programme in by_activity.get(activity, ())}
    feed.mark_episodes(
        connection, tenant_id, touched.union(*(activity_mappings.find_episode_anchors(connection, tenant_id, *one) for one in sorted(wanted)))
    )


def mark_sibling_episodes(connection: Connection, tenant_id: int, moved: Collection[EpisodeKey], known: ActivityMappings) -> None:
    """After episodes were added, removed or moved, mark the person's other episodes in the
    same programme for recount, since the assignment of external statements depends on when
    each one began. If a single episode changed, it has been recounted already and is
    skipped.
    """
    wanted = {(learner, programme) for _, learner, programme, _ in moved if programme in known.by_programme}
    theirs = {one for place in sorted(wanted) for one in activity_mappings.find_episode_anchors(connection, tenant_id, *place)}
    named = {registration for registration, *_ in moved}
    feed.mark_episodes(connection, tenant_id, theirs - named if len(named) == 1 else theirs)
