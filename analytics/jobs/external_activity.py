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
from lrs.vocabulary import ActivityKind

log = logging.getLogger(__name__)


def parse_stored(stored: StoredStatement) -> StatementView:
    """Parse a statement as it was stored."""
    return decode_statement(stored.ord, stored.payload, feed.stored_at(stored))


def readable_statements(
    batch: Iterable[StoredStatement], verb: str | None = None
) -> Iterator[StatementView]:
    """Yield the statements that can be parsed, restricted to one of our verbs if given. One
    that cannot be parsed is set aside where it is counted itself, and affects no other.
    """
    for stored in batch:
        try:
            result = parse_stored(stored)
        except (ValueError, TypeError, OverflowError) as error:
            log.warning("statement %s cannot be read (%s)", stored.id, type(error).__name__)
            continue
        if verb in (None, result.verb):
            yield result


@dataclass(frozen=True)
class _ExternalStatements:
    connection: Connection
    tenant_id: int
    same: Mapping[int, int]
    by_programme: Mapping[str, Mapping[str, Mapped]]

    def next_episode_start(self, learner: int, programme: str, anchor: datetime) -> datetime | None:
        began = activity_mappings.find_episode_anchors(
            self.connection, self.tenant_id, learner, programme
        ).values()
        return min((at for at in began if at > anchor), default=None)

    def statements(self, learner: int, programme: str) -> Iterable[StatementView]:
        named = [learner, *(alias for alias, agent in self.same.items() if agent == learner)]
        own = activity_mappings.find_episode_anchors(
            self.connection, self.tenant_id, learner, programme
        )
        result = feed.list_statements_about(
            self.connection,
            self.tenant_id,
            named,
            self.by_programme[programme],
            EXTERNAL_VERB_KEYS,
            own,
        )
        return readable_statements(result)


def tenant_mappings(
    connection: Connection, tenant_id: int, same: Mapping[int, int]
) -> ActivityMappings:
    """Return the activity mappings of each programme, with access to this tenant's
    statements.
    """
    by_programme: dict[str, dict[str, Mapped]] = defaultdict(dict)
    for mapping in activity_mappings.list_active_mappings(connection, tenant_id):
        by_programme[mapping.programme][mapping.activity] = Mapped(
            mapping.activity,
            mapping.programme,
            ActivityKind(mapping.counts_as),
            mapping.competency,
            mapping.evidence_grade,
        )
    return (
        ActivityMappings(
            by_programme, _ExternalStatements(connection, tenant_id, same, by_programme)
        )
        if by_programme
        else NO_MAPPINGS
    )


def external_ords_for(
    connection: Connection, tenant_id: int, begun: Iterable[StatementView], same: Mapping[int, int]
) -> set[int]:
    """Return the statements (ord) of other systems that may count for an episode begun by
    one of these certifications.
    """
    known = tenant_mappings(connection, tenant_id, same)
    result = set[int]()
    for s in begun:
        learner, programme = s.learner, s.grouped(ActivityKind.PROGRAMME) or s.object_id
        if (
            known.source is not None
            and learner is not None
            and programme is not None
            and programme in known.by_programme
        ):
            result |= {
                statement.ord
                for statement in known.source.statements(same.get(learner, learner), programme)
            }
    return result


def mark_borrowers(
    connection: Connection, tenant_id: int, ords: Sequence[int], same: Mapping[int, int]
) -> None:
    """Mark the episodes for recount for which these new or voided statements count, or did."""
    if not ords:
        return
    touched, wanted = (
        activity_mappings.list_borrowing_episodes(connection, tenant_id, ords),
        set[tuple[int, str]](),
    )
    by_activity: dict[str, set[str]] = defaultdict(set)
    for mapping in activity_mappings.list_active_mappings(connection, tenant_id):
        by_activity[mapping.activity].add(mapping.programme)
    for s in readable_statements(
        feed.list_statements(connection, tenant_id, ords, EXTERNAL_VERB_KEYS)
    ):
        if s.learner is not None:
            learner = same.get(s.learner, s.learner)
            wanted |= {
                (learner, programme)
                for activity in s.activities
                for programme in by_activity.get(activity, ())
            }
    feed.mark_episodes(
        connection,
        tenant_id,
        touched.union(
            *(
                activity_mappings.find_episode_anchors(connection, tenant_id, *item)
                for item in sorted(wanted)
            )
        ),
    )


def mark_sibling_episodes(
    connection: Connection, tenant_id: int, moved: Collection[EpisodeKey], known: ActivityMappings
) -> None:
    """After episodes were added, removed or moved, mark the person's other episodes in the
    same programme for recount, since the assignment of external statements depends on when
    each one began. If a single episode changed, it has been recounted already and is
    skipped.
    """
    wanted = {
        (learner, programme)
        for _, learner, programme, _ in moved
        if programme in known.by_programme
    }
    related = {
        anchor
        for place in sorted(wanted)
        for anchor in activity_mappings.find_episode_anchors(connection, tenant_id, *place)
    }
    named = {registration for registration, *_ in moved}
    feed.mark_episodes(connection, tenant_id, related - named if len(named) == 1 else related)
