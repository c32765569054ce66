"""Retention rules: how long a tenant keeps statements."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from lrs.store.tables import retention_rule


@dataclass(frozen=True)
class RetentionRule:
    """Statements stored more than ``days`` ago are removed: all, or those with a verb, or those
    about an activity."""

    rule_id: int
    days: int
    verb: str | None
    activity: str | None


def insert_retention_rule(
    connection: Connection, tenant_id: int, days: int, verb: str | None, activity: str | None
) -> int:
    """Insert a rule and return its number."""
    created = insert(retention_rule).values(
        tenant_id=tenant_id, days=days, verb=verb, activity=activity
    )
    return int(connection.execute(created.returning(retention_rule.c.rule_id)).scalar_one())


def list_retention_rules(connection: Connection, tenant_id: int) -> list[RetentionRule]:
    """All rules of a tenant."""
    r = retention_rule.c
    return [
        RetentionRule(*row)
        for row in connection.execute(
            select(r.rule_id, r.days, r.verb, r.activity)
            .where(r.tenant_id == tenant_id)
            .order_by(r.rule_id)
        )
    ]


def delete_retention_rule(connection: Connection, tenant_id: int, rule_id: int) -> bool:
    """Delete a rule; return whether it existed."""
    r = retention_rule.c
    return (
        connection.execute(
            delete(retention_rule).where(r.tenant_id == tenant_id, r.rule_id == rule_id)
        ).rowcount
        > 0
    )
