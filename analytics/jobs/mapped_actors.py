"""Find who did something in activities of other systems that count, as their statements arrive."""

from __future__ import annotations

from analytics.deps import AnalyticsDeps
from analytics.facts.external import EXTERNAL_VERB_KEYS
from analytics.jobs.external_activity import readable_statements
from analytics.store import mapped_actors, person_merges
from analytics.store.mapped_actors import MappingToRead
from lrs import feed

STATEMENTS_AT_ONCE = 500  # of one transaction
BATCHES_AT_ONCE = 20  # of one mapping in one run; the next run goes on


def read_new_actors(deps: AnalyticsDeps, tenant_id: int) -> None:
    """Look through what has arrived about mapped activities, and keep who did it."""
    with deps.unit_of_work(tenant_id) as connection:
        mappings = mapped_actors.list_mappings_to_read(connection, tenant_id)
    for mapping in mappings:
        position = mapping
        for _ in range(BATCHES_AT_ONCE):
            following = _read_batch(deps, tenant_id, position)
            if following is None:
                break
            position = following


def _read_batch(
    deps: AnalyticsDeps, tenant_id: int, mapping: MappingToRead
) -> MappingToRead | None:
    """Look through some statements; return where to go on, or None after the last."""
    with deps.unit_of_work(tenant_id) as connection:
        # Whoever is erased meanwhile waits for this, and is found among the actors.
        person_merges.lock_merges_shared(connection, tenant_id)
        ords = feed.list_ords_about(
            connection, tenant_id, mapping.activity, mapping.read_ord, STATEMENTS_AT_ONCE
        )
        if not ords:
            return None
        found = feed.list_statements(connection, tenant_id, ords, EXTERNAL_VERB_KEYS)
        identities = {
            s.learner: identity
            for s in readable_statements(found)
            if s.learner is not None and (identity := s.learner_identity) is not None
        }
        mapped_actors.insert_actors(connection, tenant_id, mapping, identities, ords[-1])
    if len(ords) < STATEMENTS_AT_ONCE:
        return None
    return MappingToRead(mapping.mapping_id, mapping.activity, ords[-1])
