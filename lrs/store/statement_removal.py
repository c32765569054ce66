"""Permanent removal of statements: erasure and retention. The rows that depend on them in the
record store go in the same transaction, and a row of the change queue names each
removal, for those who derive something from statements.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store import attachments, change_queue, payload_table
from lrs.store.change_queue import Removal
from lrs.store.statement_refs import collect_inherited_keys, collect_own_keys
from lrs.store.statements import THIN_COLUMNS, StoredStatement, load_statements, ord_at
from lrs.store.tables import (
    dead_letter,
    document,
    statement,
    statement_attachment,
    statement_ref,
    statement_rel,
    template_break,
    uncounted,
    voiding,
)
from lrs.xapi import json_codec
from lrs.xapi.index_keys import key_of, key_pair
from lrs.xapi.statement_parser import remove_members

_TABLES_BY_ORD = (
    statement,
    statement_ref,
    voiding,
    uncounted,
    template_break,
    statement_attachment,
    dead_letter,
)


def list_statements_of_agent(
    connection: Connection, tenant_id: int, identity: str, after: int, rows: int
) -> list[StoredStatement]:
    """Up to ``rows`` statements that name an agent anywhere, voided or not, after ``after``, in
    order."""
    s, result = statement, []
    for key in key_pair("agent", identity):
        query = select(*THIN_COLUMNS).join(
            statement_rel,
            (statement_rel.c.tenant_id == tenant_id)
            & (statement_rel.c.key == key)
            & (statement_rel.c.ord == s.c.ord),
        )
        query = (
            query.where(s.c.tenant_id == tenant_id, s.c.ord > after)
            .order_by(s.c.ord)
            .limit(rows)
            .with_for_update(of=s)  # so that none is removed before its bytes are read
        )
        result += load_statements(connection, tenant_id, query)
    return sorted(result, key=lambda item: item.ord)[:rows]


def list_expired_statements(
    connection: Connection,
    tenant_id: int,
    before: datetime,
    verb: str | None,
    activity: str | None,
    rows: int,
) -> list[StoredStatement]:
    """Up to ``rows`` statements stored before an instant, optionally with a verb or about an
    activity; voided or not, the oldest first."""
    s = statement
    query = select(*THIN_COLUMNS).where(s.c.tenant_id == tenant_id, s.c.ord < ord_at(before))
    if verb is not None:
        query = query.where(s.c.verb == key_of("verb", verb))
    if activity is not None:
        rel, key = statement_rel, key_of("activity", activity)
        query = query.join(
            rel, (rel.c.tenant_id == tenant_id) & (rel.c.key == key) & (rel.c.ord == s.c.ord)
        )
    ordered = query.order_by(s.c.ord).limit(rows).with_for_update(of=s)
    return load_statements(connection, tenant_id, ordered)


def delete_statements(
    connection: Connection, tenant_id: int, removed: Sequence[StoredStatement]
) -> list[str]:
    """Remove statements; their episodes are queued. Return the attachments that
    nothing references any more."""
    if not removed:
        return []
    ords = [item.ord for item in removed]
    values = {item.ord: json_codec.decode(item.payload) for item in removed}
    named = list(
        connection.execute(
            select(statement_attachment.c.sha2).where(
                statement_attachment.c.tenant_id == tenant_id, statement_attachment.c.ord.in_(ords)
            )
        ).scalars()
    )
    _queue_episodes(connection, tenant_id, removed, values)
    pairs = [
        (key, ord_)
        for ord_, value in values.items()
        for key in collect_own_keys(value) | collect_inherited_keys(connection, tenant_id, value)
    ]
    for start in range(0, len(pairs), 5_000):
        rel = statement_rel.c
        connection.execute(
            delete(statement_rel).where(
                rel.tenant_id == tenant_id,
                tuple_(rel.key, rel.ord).in_(pairs[start : start + 5_000]),
            )
        )
    change_queue.insert_removals(connection, tenant_id, [Removal(ord_, None) for ord_ in ords])
    for table in _TABLES_BY_ORD:
        connection.execute(
            delete(table).where(table.c.tenant_id == tenant_id, table.c.ord.in_(ords))
        )
    payload_table.delete_payloads(connection, tenant_id, ords)
    return attachments.delete_unlinked_attachments(connection, tenant_id, named) if named else []


def _queue_episodes(
    connection: Connection,
    tenant_id: int,
    removed: Sequence[StoredStatement],
    values: dict[int, dict[str, Any]],
) -> None:
    """Queue the episodes of the statements themselves, and of those that a removed voiding
    statement restores."""
    registrations = {value.get("context", {}).get("registration") for value in values.values()}
    targets = connection.execute(
        select(statement.c.registration, statement.c.ord)
        .join(
            voiding,
            (voiding.c.tenant_id == statement.c.tenant_id) & (voiding.c.target == statement.c.id),
        )
        .where(voiding.c.tenant_id == tenant_id, voiding.c.ord.in_([item.ord for item in removed]))
    ).all()
    change_queue.mark_episodes(
        connection,
        tenant_id,
        {uuid.UUID(registration) for registration in registrations if registration}
        | {row.registration for row in targets if row.registration},
    )
    change_queue.mark_statements(connection, tenant_id, [row.ord for row in targets])


def rewrite_statement(
    connection: Connection, tenant_id: int, stored_statement: StoredStatement, payload: bytes
) -> None:
    """Replace the bytes of a statement, together with the keys it is found by."""
    before, after = (
        collect_own_keys(json_codec.decode(stored_statement.payload)),
        collect_own_keys(json_codec.decode(payload)),
    )
    rel = statement_rel.c
    connection.execute(
        delete(statement_rel).where(
            rel.tenant_id == tenant_id, rel.ord == stored_statement.ord, rel.key.in_(before - after)
        )
    )
    for key in after - before:
        connection.execute(
            upsert(statement_rel)
            .values(tenant_id=tenant_id, key=key, ord=stored_statement.ord)
            .on_conflict_do_nothing()
        )
    _queue_episodes(
        connection,
        tenant_id,
        [stored_statement],
        {stored_statement.ord: json_codec.decode(payload)},
    )
    change_queue.mark_statements(connection, tenant_id, [stored_statement.ord])
    # The error message with which a target refused it may repeat the old content.
    connection.execute(
        delete(dead_letter).where(
            dead_letter.c.tenant_id == tenant_id, dead_letter.c.ord == stored_statement.ord
        )
    )
    if stored_statement.authority is not None:
        payload = remove_members(payload, ("authority",))  # its row says it
    payload_table.replace_payload(connection, tenant_id, stored_statement.ord, payload)


def delete_agent_documents(
    connection: Connection, tenant_id: int, identity: str, dry_run: bool
) -> int:
    """Remove an agent's documents, or only count them; return how many."""
    own = (
        document.c.tenant_id == tenant_id,
        document.c.agent_key == key_of("agent", identity),
        document.c.agent == identity,
    )
    if dry_run:
        return int(
            connection.execute(select(func.count()).select_from(document).where(*own)).scalar_one()
        )
    return connection.execute(delete(document).where(*own)).rowcount
