"""Definitions of activities: every distinct one is stored once, with the time it was first seen
(lrs.xapi.definitions)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select, text

from lrs.store.tables import activity_definition
from lrs.xapi.definitions import merge_definitions
from lrs.xapi.fast_path import Definition
from lrs.xapi.index_keys import key_of

MAX_CACHED_DEFINITIONS = 100_000  # definitions that a process caches as stored: three numbers each
MAX_MERGED_DEFINITIONS = (
    200  # distinct definitions of one activity that are merged, the newest first
)

FirstSeenTimes = dict[tuple[int, int, int], int]
_UPSERT_DEFINITIONS = text(
    """
    INSERT INTO lrs.activity_definition AS held (tenant_id, activity, digest, iri, definition, seen)
    SELECT :tenant, activity, digest, iri, definition, seen
    FROM unnest(CAST(:activity AS bigint[]), CAST(:digest AS bigint[]), CAST(:iri AS text[]),
      CAST(:definition AS bytea[]), CAST(:seen AS bigint[]))
         AS t(activity, digest, iri, definition, seen)
    ORDER BY activity, digest
    ON CONFLICT (tenant_id, activity, digest) DO UPDATE SET seen = excluded.seen
      WHERE excluded.seen < held.seen
    """
)


class DefinitionCache:
    """A cache of what this process knows to be stored, so that a definition that arrives a
    thousand times is written once."""

    def __init__(self) -> None:
        self._seen: FirstSeenTimes = {}

    def select_unstored(
        self, tenant_id: int, stated: Iterable[tuple[Definition, int]]
    ) -> dict[Definition, int]:
        """Return those of (definition, microseconds) that are not known to be stored with a
        time as early as that."""
        result: dict[Definition, int] = {}
        for definition, seen in stated:
            stored = self._seen.get((tenant_id, definition.activity, definition.digest))
            if (stored is None or seen < stored) and seen < result.get(definition, seen + 1):
                result[definition] = seen
        return result

    def remember_stored(self, tenant_id: int, stored: dict[Definition, int]) -> None:
        """Add to the cache; call it after the commit."""
        if len(self._seen) > MAX_CACHED_DEFINITIONS:
            self._seen.clear()
        self._seen.update(
            {
                (tenant_id, definition.activity, definition.digest): seen
                for definition, seen in stored.items()
            }
        )


def upsert_definitions(
    connection: Connection, tenant_id: int, stated: dict[Definition, int]
) -> None:
    """Store definitions. Rows are locked in one order, before any statement is written, so that
    two batches cannot deadlock."""
    if not stated:
        return
    rows = list(stated.items())
    columns: dict[str, Sequence[object]] = {
        "activity": [definition.activity for definition, _ in rows],
        "digest": [definition.digest for definition, _ in rows],
        "iri": [definition.iri for definition, _ in rows],
        "definition": [definition.body for definition, _ in rows],
        "seen": [seen for _, seen in rows],
    }
    connection.execute(_UPSERT_DEFINITIONS, {"tenant": tenant_id, **columns})


def find_activity_definition(
    connection: Connection, tenant_id: int, iri: str
) -> dict[str, object] | None:
    """Return the merged definition of an activity, or None if no statement defined it."""
    d = activity_definition
    query = select(d.c.seen, d.c.digest, d.c.definition).where(
        d.c.tenant_id == tenant_id, d.c.activity == key_of("activity", iri), d.c.iri == iri
    )
    query = query.order_by(d.c.seen.desc(), d.c.digest).limit(MAX_MERGED_DEFINITIONS)
    return merge_definitions(
        (row.seen, row.digest, row.definition) for row in connection.execute(query)
    )


def find_activity_titles(
    connection: Connection, tenant_id: int, iris: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Activity -> language tag -> name, of the activities that a statement named."""
    wanted = sorted(set(iris))
    d, definitions = activity_definition, defaultdict[str, list[tuple[int, int, bytes]]](list)
    for start in range(0, len(wanted), 5_000):
        batch = wanted[start : start + 5_000]
        query = select(d.c.iri, d.c.seen, d.c.digest, d.c.definition).where(
            d.c.tenant_id == tenant_id,
            d.c.activity.in_([key_of("activity", iri) for iri in batch]),
            d.c.iri.in_(batch),
        )
        for row in connection.execute(query):
            definitions[row.iri].append((row.seen, row.digest, row.definition))
    titles = {}
    for iri, stated in definitions.items():
        merged = merge_definitions(stated[-MAX_MERGED_DEFINITIONS:]) or {}
        if merged.get("name"):
            titles[iri] = {tag: str(name) for tag, name in merged["name"].items()}
    return titles


def find_activity_names(
    connection: Connection, tenant_id: int, iris: Iterable[str]
) -> dict[str, str]:
    """The name of each activity in its first language, English before others; the last segment
    of its id if no statement named it."""
    wanted = sorted(set(iris))
    titles = find_activity_titles(connection, tenant_id, wanted)
    result = {}
    for iri in wanted:
        named = titles.get(iri, {})
        first = min(named, key=lambda tag: (not tag.startswith("en"), tag), default="")
        result[iri] = named.get(first) or iri.rstrip("/").rpartition("/")[2] or iri
    return result
