"""StatementRefs: a statement that refers to another is also found by the keys of that other one
(xAPI-Communication 2.1.3).

The keys of the target are copied to the referring statement: immediately if the target is
stored, by a job if it arrives later.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select, text, update

from lrs.store.statements import find_statements_by_id
from lrs.store.tables import statement, statement_ref
from lrs.xapi import json_codec
from lrs.xapi.index_keys import (
    derive_inherited_key,
    iter_agents,
    iter_related_activity_ids,
    iter_related_agents,
    key_of,
    key_pair,
    merge_key_pairs,
)

MAX_CHAIN_LENGTH = 10  # maximum number of references to references that are followed

_SELECT_UNSETTLED = text(
    """
    SELECT r.ord, r.target FROM lrs.statement_ref r
      JOIN lrs.statement t ON t.tenant_id = r.tenant_id AND t.id = r.target
    WHERE r.tenant_id = :tenant AND NOT r.settled ORDER BY r.ord LIMIT :rows FOR UPDATE OF r SKIP
      LOCKED
    """
)

# Arrays rather than one parameter per value: the protocol allows 65,535 of those.
_INSERT_INHERITED_KEYS = text(
    """
    INSERT INTO lrs.statement_rel (tenant_id, key, ord)
    SELECT :tenant, r.key, r.ord FROM unnest(CAST(:keys AS bigint[]), CAST(:ords AS bigint[])) AS
      r(key, ord)
    ON CONFLICT DO NOTHING RETURNING ord
    """
)
_MARK_SETTLED = text(
    "UPDATE lrs.statement_ref SET settled = true WHERE tenant_id = :tenant AND ord = "
    "ANY(CAST(:ords AS bigint[]))"
)


def settle_new_refs(
    connection: Connection, tenant_id: int, refs: Sequence[tuple[int, uuid.UUID]]
) -> None:
    """Settle references (ord, target) stored in this transaction whose targets are stored."""
    targets = find_decoded_statements(connection, tenant_id, [target for _, target in refs])
    _settle_refs(
        connection, tenant_id, [(ord_, target) for ord_, target in refs if target in targets]
    )


def settle_late_refs(connection: Connection, tenant_id: int, rows: int) -> int:
    """Settle references whose targets arrived after them; return how many."""
    due = [
        (row.ord, row.target)
        for row in connection.execute(_SELECT_UNSETTLED, {"tenant": tenant_id, "rows": rows})
    ]
    moved = _settle_refs(connection, tenant_id, due)
    if moved:
        # Statements that refer to a reference that has just gained keys may gain them too.
        again = select(statement.c.id).where(
            statement.c.tenant_id == tenant_id, statement.c.ord.in_(moved)
        )
        r = statement_ref
        connection.execute(
            update(r)
            .where(r.c.tenant_id == tenant_id, r.c.target.in_(again), r.c.settled)
            .values(settled=False)
        )
    return len(due)


def _settle_refs(
    connection: Connection, tenant_id: int, refs: Sequence[tuple[int, uuid.UUID]]
) -> set[int]:
    """Copy keys; return the ``ord`` of the statements that gained any."""
    if not refs:
        return set()
    keys_of = {
        target: {
            key
            for value in follow_refs(connection, tenant_id, target)
            for key in _derive_inherited_keys(value)
        }
        for target in {t for _, t in refs}
    }
    rows = sorted((key, ord_) for ord_, target in refs for key in keys_of[target])
    parameters = {
        "tenant": tenant_id,
        "keys": [key for key, _ in rows],
        "ords": [ord_ for _, ord_ in rows],
    }
    moved = set(connection.execute(_INSERT_INHERITED_KEYS, parameters).scalars())
    connection.execute(_MARK_SETTLED, {"tenant": tenant_id, "ords": [ord_ for ord_, _ in refs]})
    return moved


def find_decoded_statements(
    connection: Connection, tenant_id: int, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, dict[str, Any]]:
    """The stored statements among ``ids``, voided or not, decoded."""
    found = find_statements_by_id(connection, tenant_id, list(set(ids)))
    return {id_: json_codec.decode(item.payload) for id_, item in found.items()}


def list_referring_ids(
    connection: Connection, tenant_id: int, ords: Sequence[int]
) -> dict[int, list[uuid.UUID]]:
    """By the ``ord`` of a statement: the ids of those whose object refers to it."""
    r, s, target = statement_ref.c, statement.c, statement.alias("target")
    query = (
        select(target.c.ord, s.id)
        .join(statement_ref, (r.tenant_id == target.c.tenant_id) & (r.target == target.c.id))
        .join(statement, (s.tenant_id == r.tenant_id) & (s.ord == r.ord))
        .where(target.c.tenant_id == tenant_id, target.c.ord.in_(ords))
        .order_by(s.ord)
    )
    result: dict[int, list[uuid.UUID]] = {}
    for ord_, referring in connection.execute(query):
        result.setdefault(ord_, []).append(referring)
    return result


def follow_refs(
    connection: Connection, tenant_id: int, target: uuid.UUID
) -> Iterator[dict[str, Any]]:
    """Yield the statement referred to, the one it refers to in turn, and so on."""
    seen: set[uuid.UUID] = set()
    following: uuid.UUID | None = target
    while following is not None and following not in seen and len(seen) < MAX_CHAIN_LENGTH:
        seen.add(following)
        value = find_decoded_statements(connection, tenant_id, [following]).get(following)
        if value is None:
            return
        yield value
        following = find_ref_target(value)


def find_ref_target(value: dict[str, Any]) -> uuid.UUID | None:
    """The id that a statement's object refers to."""
    return (
        uuid.UUID(value["object"]["id"])
        if value["object"].get("objectType") == "StatementRef"
        else None
    )


def collect_own_keys(value: dict[str, Any]) -> set[int]:
    """The keys in ``statement_rel`` that a statement has of its own."""
    plain_agents = [key_pair("agent", agent) for agent in iter_agents(value)]
    all_agents = [
        key_pair("agent", agent) for agent in iter_related_agents(value, value.get("authority"))
    ]
    obj = value["object"]
    plain_activities = (
        [key_pair("activity", obj["id"])] if obj.get("objectType", "Activity") == "Activity" else []
    )
    all_activities = [key_pair("activity", item) for item in iter_related_activity_ids(value)]
    return merge_key_pairs(plain_agents, all_agents) | merge_key_pairs(
        plain_activities, all_activities
    )


def collect_inherited_keys(
    connection: Connection, tenant_id: int, value: dict[str, Any]
) -> set[int]:
    """The keys that a statement has because of the one it refers to, as far as that one is
    stored."""
    target = find_ref_target(value)
    return (
        {
            key
            for other in follow_refs(connection, tenant_id, target)
            for key in _derive_inherited_keys(other)
        }
        if target
        else set()
    )


def _derive_inherited_keys(value: dict[str, Any]) -> set[int]:
    registration = value.get("context", {}).get("registration")
    result = {derive_inherited_key("rel", key) for key in collect_own_keys(value)}
    result.add(derive_inherited_key("verb", key_of("verb", value["verb"]["id"])))
    if registration:
        result.add(
            derive_inherited_key(
                "registration", key_of("registration", str(uuid.UUID(registration)))
            )
        )
    return result
