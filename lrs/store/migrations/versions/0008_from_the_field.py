"""the domain of a mailbox means the same in any case: documents and merges by the new keys, statements by a job; forwards change what they send, and catch up on a period; tolerant credentials"""

from __future__ import annotations

import hashlib

import msgspec
import sqlalchemy as sa
from alembic import op

from core.database import APP_ROLE
from core.migrations import protect

revision = "0008"
down_revision = "0007"

# Servers of the version before may go on writing while an update goes from one to the next.
_OLD_WRITERS = "interval '1 day'"
_UNWANTED = "('it has no context.registration, so it belongs to no episode', 'no certification with this registration is on record')"
_SPELLED = r"^mbox (mailto:.*@[^@]*[^a-z0-9.@-][^@]*$|(?!mailto:))"


def upgrade() -> None:
    op.create_table(
        "agent_rekeying",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("after_ord", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_agent_rekeying"),
        schema="lrs",
    )
    op.create_table(
        "unwanted",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("statements", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day", "reason", name="pk_unwanted"),
        schema="lrs",
    )
    op.create_table(
        "unwanted_day",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day", "taken", name="pk_unwanted_day"),
        schema="lrs",
    )
    # Told by their number from now on.
    op.execute(
        f"INSERT INTO lrs.unwanted_day SELECT DISTINCT tenant_id, CAST(to_timestamp((ord >> 10) / 1000000.0) AT TIME ZONE 'UTC' AS date), false FROM lrs.uncountable WHERE reason IN {_UNWANTED}"  # noqa: S608 - a constant of this file
    )
    op.execute(f"DELETE FROM lrs.uncountable WHERE reason IN {_UNWANTED}")  # noqa: S608 - a constant of this file
    for statement in protect("lrs", ["agent_rekeying", "unwanted", "unwanted_day"]):
        op.execute(statement)
    op.execute(
        f"INSERT INTO lrs.agent_rekeying SELECT tenant_id, -9223372036854775808, now() + {_OLD_WRITERS} FROM lrs.tenant"  # noqa: S608 - a constant of this file
    )
    op.execute(
        """
        CREATE FUNCTION lrs.tenants_to_rekey() RETURNS SETOF int
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
        AS 'SELECT tenant_id FROM lrs.agent_rekeying ORDER BY tenant_id'
        """
    )
    op.add_column(
        "forward",
        sa.Column("map", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
        schema="lrs",
    )
    op.alter_column("forward", "map", server_default=None, schema="lrs")
    for name in ("backfill_after", "backfill_before"):
        op.add_column("forward", sa.Column(name, sa.BigInteger(), nullable=True), schema="lrs")
    op.add_column(
        "credential",
        sa.Column("tolerant", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        schema="lrs",
    )
    op.add_column("credential", sa.Column("launch", sa.JSON(), nullable=True), schema="lrs")
    op.execute("DROP FUNCTION lrs.find_credential(text)")
    op.execute(
        """
        CREATE FUNCTION lrs.find_credential(wanted text) RETURNS TABLE (tenant_id int, secret_hash bytea, scopes text[], authority text, tolerant boolean, launch json)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
        AS 'SELECT c.tenant_id, c.secret_hash, c.scopes, c.authority, c.tolerant, c.launch FROM lrs.credential c
            WHERE c.key = wanted AND (c.ends_at IS NULL OR c.ends_at > now())'
        """
    )
    for function in ("tenants_to_rekey()", "find_credential(text)"):
        op.execute(f"REVOKE ALL ON FUNCTION lrs.{function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION lrs.{function} TO {APP_ROLE}")
    connection = op.get_bind()
    _rekey_documents(connection)
    _rekey_merges(connection)


def _normalized(identity: str) -> str:
    kind, _, mbox = identity.partition(" ")
    local, at, domain = mbox.rpartition("@")
    return f"{kind} mailto:{local[len('mailto:') :]}{at}{domain.lower()}"


def _agent_key(identity: str) -> int:
    digest = hashlib.blake2b(f"agent {identity}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big", signed=True)


def _hash(parts: list[str | None]) -> bytes:
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).digest()


def _rekey_documents(connection: sa.Connection) -> None:
    """Where both spellings have a document of one name, the newer one stands; the other keeps its
    place, which nobody asks for, and goes with its person.
    """
    rows = connection.execute(
        sa.text(
            "SELECT tenant_id, place, kind, activity, agent, registration, document_id FROM lrs.document"
            " WHERE agent ~ :spelled ORDER BY updated_at DESC"
        ),
        {"spelled": _SPELLED},
    ).all()
    for row in rows:
        agent = _normalized(row.agent)
        parts = [row.kind, row.activity, agent]
        values = {
            "tenant": row.tenant_id,
            "old": row.place,
            "agent": agent,
            "key": _agent_key(agent),
            "context": _hash(parts),
            "place": _hash([*parts, str(row.registration or ""), row.document_id]),
        }
        older = "(SELECT updated_at FROM lrs.document WHERE tenant_id = :tenant AND place = :old)"
        # Swapped, where the one that stands there is the older one.
        connection.execute(
            sa.text(
                "UPDATE lrs.document SET place = CAST('\\x00' AS bytea) || place, context = CAST('\\x00' AS bytea) || context"  # noqa: S608 - constants of this file
                f" WHERE tenant_id = :tenant AND place = :place AND place <> :old AND updated_at < {older}"
            ),
            values,
        )
        taken = connection.execute(
            sa.text(
                "SELECT 1 FROM lrs.document WHERE tenant_id = :tenant AND place = :place AND place <> :old"
            ),
            values,
        ).first()
        moved = "" if taken else ", context = :context, place = :place"
        connection.execute(
            sa.text(
                f"UPDATE lrs.document SET agent = :agent, agent_key = :key{moved} WHERE tenant_id = :tenant AND place = :old"  # noqa: S608 - a constant of this file
            ),
            values,
        )


def _rekey_merges(connection: sa.Connection) -> None:
    """A merge of two spellings is needed no more, and of two merges of one person the first holds."""
    rows = connection.execute(
        sa.text(
            "SELECT tenant_id, merge_id, alias_identity, agent_identity, undone_at FROM lrs.person_merge"
            " WHERE alias_identity ~ :spelled OR agent_identity ~ :spelled ORDER BY merge_id"
        ),
        {"spelled": _SPELLED},
    ).all()
    for row in rows:
        alias, agent = (
            _normalized(one) if one.startswith("mbox ") else one
            for one in (row.alias_identity, row.agent_identity)
        )
        values = {
            "tenant": row.tenant_id,
            "merge": row.merge_id,
            "alias": _agent_key(alias),
            "agent": _agent_key(agent),
            "alias_identity": alias,
            "agent_identity": agent,
        }
        holds = (
            row.undone_at is None
            and alias != agent
            and not connection.execute(
                sa.text(
                    "SELECT 1 FROM lrs.person_merge WHERE tenant_id = :tenant AND merge_id <> :merge AND undone_at IS NULL"
                    " AND (alias = :alias OR alias = :agent OR agent = :alias)"
                ),
                values,
            ).first()
        )
        ended = "" if holds or row.undone_at is not None else ", undone_at = now()"
        connection.execute(
            sa.text(
                "UPDATE lrs.person_merge SET alias = :alias, agent = :agent, alias_identity = :alias_identity,"  # noqa: S608 - constants of this file
                f" agent_identity = :agent_identity{ended} WHERE tenant_id = :tenant AND merge_id = :merge"
            ),
            values,
        )
