"""Who did something in activities of other systems that count, and for how many of them it does:
nobody has to guess why a quiz counts for nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from analytics.deps import AnalyticsDeps
from analytics.facts.external import EXTERNAL_VERB_KEYS
from analytics.store import mapped_actors
from analytics.store.mapped_actors import UnknownActor
from lrs import feed

REACH_CAP = 10_000  # statements are counted so far: a page waits for it


@dataclass(frozen=True)
class MappingReach:
    """What reached a mapped activity: statements (up to one more than REACH_CAP); people for whom
    they count, certified people for whom none does, people who are known and have no certification
    in the programme, and unknown ones. ``complete``: all that is stored was looked through.
    """

    mapping_id: int
    statements: int
    counting: int
    idle: int
    uncertified: int
    unknown: int
    complete: bool


def list_reach(deps: AnalyticsDeps, *, tenant_id: int, programme: str) -> list[MappingReach]:
    """What reached each active mapping of a programme."""
    with deps.unit_of_work(tenant_id) as connection:
        of_mapping = {
            mapping.mapping_id: mapping
            for mapping in mapped_actors.list_mappings_to_read(connection, tenant_id)
        }
        return [
            MappingReach(
                people.mapping_id,
                mapped_actors.count_statements(
                    connection,
                    tenant_id,
                    of_mapping[people.mapping_id].activity,
                    sorted(EXTERNAL_VERB_KEYS),
                    REACH_CAP + 1,
                ),
                people.counting,
                people.idle,
                people.uncertified,
                people.unknown,
                not feed.list_ords_about(
                    connection,
                    tenant_id,
                    of_mapping[people.mapping_id].activity,
                    of_mapping[people.mapping_id].read_ord,
                    1,
                ),
            )
            for people in mapped_actors.count_people(
                connection,
                tenant_id,
                programme,
                {mapping.activity for mapping in of_mapping.values()},
            )
            if people.mapping_id in of_mapping
        ]


def list_unknown_actors(
    deps: AnalyticsDeps, *, tenant_id: int, after: int, rows: int
) -> list[UnknownActor]:
    """Return actors whom nobody knows, in the order of their keys, after a key."""
    with deps.unit_of_work(tenant_id) as connection:
        return mapped_actors.list_unknown_actors(connection, tenant_id, after, rows)
