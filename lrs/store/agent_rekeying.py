"""Statements that a version before kept by the mailbox as it was spelled: found by reading them,
and kept by the mailbox as it is compared (:func:`lrs.xapi.actors.normalize_mailbox`).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, text, update

from lrs.store import change_queue
from lrs.store.statement_refs import MAX_CHAIN_LENGTH, collect_own_keys
from lrs.store.statements import THIN_COLUMNS, load_statements, ord_at
from lrs.store.tables import agent_rekeying, statement, statement_ref
from lrs.xapi import json_codec
from lrs.xapi.actors import find_spelled_mailboxes
from lrs.xapi.index_keys import derive_inherited_key, key_pair

# What may hold a scheme or a domain in other letters than small ones; an escape may hide one.
_SUSPECT = re.compile(rb'mailto:[^"]*@[^"]*[A-Z\x80-\xff]|\\u00|(?!mailto:)(?i:mailto:)')
_DELETE_KEYS = text(
    """
    DELETE FROM lrs.statement_rel r
    USING unnest(CAST(:keys AS bigint[]), CAST(:ords AS bigint[])) AS stale_keys(key, ord)
    WHERE r.tenant_id = :tenant AND r.key = stale_keys.key AND r.ord = stale_keys.ord
    """
)
_INSERT_KEYS = text(
    """
    INSERT INTO lrs.statement_rel (tenant_id, key, ord)
    SELECT :tenant, r.key, r.ord FROM unnest(CAST(:keys AS bigint[]), CAST(:ords AS bigint[])) AS
      r(key, ord) ON CONFLICT DO NOTHING
    """
)


def list_tenants(engine: Engine) -> list[int]:
    """Tenants that may have such statements."""
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT * FROM lrs.tenants_to_rekey()")).scalars())


def lock_position(connection: Connection, tenant_id: int) -> tuple[int, datetime] | None:
    """The ``ord`` up to which a tenant is done, and when no server writes so any more; None where
    all is done. One job at a time holds it.
    """
    r = agent_rekeying.c
    row = connection.execute(
        select(r.after_ord, r.until).where(r.tenant_id == tenant_id).with_for_update()
    ).first()
    return (row.after_ord, row.until) if row else None


def save_position(connection: Connection, tenant_id: int, after: int) -> None:
    """Everything up to here is done."""
    r = agent_rekeying
    connection.execute(update(r).where(r.c.tenant_id == tenant_id).values(after_ord=after))


def end_rekeying(connection: Connection, tenant_id: int) -> None:
    """Nothing is left to be done for this tenant."""
    connection.execute(delete(agent_rekeying).where(agent_rekeying.c.tenant_id == tenant_id))


def rekey_statements(
    connection: Connection, tenant_id: int, after: int, up_to: datetime, rows: int
) -> tuple[int | None, int]:
    """Look at up to ``rows`` statements after ``after`` that were stored before ``up_to``. Returns
    the ``ord`` of the last one (None: there are no more), and how many name a mailbox that is
    spelled otherwise; what is derived from these is queued.
    """
    s = statement.c
    query = (
        select(*THIN_COLUMNS)
        .where(s.tenant_id == tenant_id, s.ord > after, s.ord < ord_at(up_to))
        .order_by(s.ord)
        .limit(rows)
    )
    found = load_statements(connection, tenant_id, query)
    stale_of: dict[uuid.UUID, set[int]] = {}
    stale: list[tuple[int, int]] = []
    fresh: list[tuple[int, int]] = []
    for item in found:
        if _SUSPECT.search(item.payload):
            value = json_codec.decode(item.payload)
            stale_keys = _spelled_keys(value)
            if stale_keys:
                stale_of[item.id] = stale_keys
                stale += [(key, item.ord) for key in stale_keys]
                fresh += [(key, item.ord) for key in collect_own_keys(value)]
    if stale_of:
        _run(connection, _DELETE_KEYS, tenant_id, stale)
        _run(connection, _INSERT_KEYS, tenant_id, fresh)
        _forget_inherited(connection, tenant_id, stale_of)
        change_queue.mark_statements(connection, tenant_id, [ord_ for _, ord_ in fresh])
    return found[-1].ord if len(found) == rows else None, len(stale_of)


def _spelled_keys(value: dict[str, Any]) -> set[int]:
    """The keys of the mailboxes as they are spelled."""
    return {
        key for mbox in find_spelled_mailboxes(value) for key in key_pair("agent", f"mbox {mbox}")
    }


def _forget_inherited(
    connection: Connection, tenant_id: int, stale_of: dict[uuid.UUID, set[int]]
) -> None:
    """Statements that refer to these lose what they inherited, and inherit again."""
    r, s = statement_ref.c, statement.c
    for _ in range(MAX_CHAIN_LENGTH):
        rows = connection.execute(
            select(r.ord, r.target, s.id)
            .join(statement, (s.tenant_id == r.tenant_id) & (s.ord == r.ord))
            .where(r.tenant_id == tenant_id, r.target.in_(stale_of))
        ).all()
        if not rows:
            return
        pairs = [
            (derive_inherited_key("rel", key), row.ord)
            for row in rows
            for key in stale_of[row.target]
        ]
        _run(connection, _DELETE_KEYS, tenant_id, pairs)
        connection.execute(
            update(statement_ref)
            .where(r.tenant_id == tenant_id, r.ord.in_([row.ord for row in rows]))
            .values(settled=False)
        )
        stale_of = {row.id: stale_of[row.target] for row in rows}


def _run(
    connection: Connection, sql: Any, tenant_id: int, pairs: Sequence[tuple[int, int]]
) -> None:
    ordered = sorted(set(pairs))
    parameters = {
        "tenant": tenant_id,
        "keys": [key for key, _ in ordered],
        "ords": [ord_ for _, ord_ in ordered],
    }
    connection.execute(sql, parameters)
