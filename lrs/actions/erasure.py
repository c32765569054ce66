"""Erase a person, and apply a tenant's retention rules.

Statements about the person (as actor or object, including in a sub-statement) are removed.
Where other people's statements mention the person (as instructor, in a team, as a member of a
group), the mention is replaced by an untraceable agent; the rest of the statement is kept.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from core import clock
from core.errors import BadInput
from lrs.actions import agent_rekeying
from lrs.actions.deps import StoreDeps
from lrs.store import audit, change_queue, credentials, retention, statement_removal
from lrs.store.authorities import is_credential
from lrs.store.change_queue import Removal
from lrs.store.retention import RetentionRule
from lrs.store.statements import StoredStatement
from lrs.vocabulary import BASE, VERBS, VerbName
from lrs.xapi import json_codec
from lrs.xapi.actors import IFI_NAMES, find_identity_or_none, identity_of
from lrs.xapi.index_keys import iter_agents

log = logging.getLogger(__name__)

ERASURE_BATCH_ROWS = 500
# of the keyed hash that lets anyone who knows the identifier match an audit entry with the person
ERASURE_HASH_PURPOSE = "erasure"


@dataclass
class Erased:
    """How much was removed or made anonymous, or would be."""

    statements: int = 0
    mentions: int = 0
    documents: int = 0
    attachments: int = 0


def erase_agent(
    deps: StoreDeps, *, tenant_id: int, agent: dict[str, Any], who: str, dry_run: bool
) -> Erased:
    """Erase a person by one identifier. Idempotent; figures are corrected by the next count."""
    identity = identity_of(agent)
    if identity is None or agent.get("objectType") == "Group":
        raise BadInput("Name a person by one identifier: mbox, mbox_sha1sum, openid or account.")
    if is_credential(identity):
        raise BadInput("This is a credential's agent, which vouches for statements, and no person.")
    agent_rekeying.rekey_agents(deps, tenant_id)  # or a statement in another spelling would stay
    result = Erased()
    somebody = {
        "objectType": "Agent",
        "account": {"homePage": f"{BASE}erased", "name": str(uuid.uuid4())},
    }
    after: int | None = 0
    while after is not None:
        after = _erase_batch(deps, tenant_id, identity, somebody, after, dry_run, result)
    with deps.unit_of_work(tenant_id) as connection:
        if not dry_run and deps.listener:
            change_queue.insert_removals(connection, tenant_id, [Removal(None, identity)])
        result.documents = statement_removal.delete_agent_documents(
            connection, tenant_id, identity, dry_run
        )
        if not dry_run:
            credentials.delete_launch_tokens_of(connection, tenant_id, identity)
            # The audit log must not keep what was erased: a keyed hash can confirm that it was
            # this person, and reveals nothing else.
            details = {
                **asdict(result),
                "person": deps.secrets.keyed_hashes(ERASURE_HASH_PURPOSE, identity)[0].hex(),
            }
            audit.insert_audit_entry(connection, tenant_id, who, "erased a person", details)
    if not dry_run and deps.listener:
        # Complete when no fact about the person is left. Before ``stored``, which starts a count
        # that would consume the same removals.
        deps.listener.removed(tenant_id)
        deps.notify_stored()
    return result


def _erase_batch(
    deps: StoreDeps,
    tenant_id: int,
    identity: str,
    somebody: dict[str, Any],
    after: int,
    dry_run: bool,
    result: Erased,
) -> int | None:
    """Erase the person from the next statements after ``after`` in a transaction of their own, and
    add to ``result``. Returns the ord to go on after, or None after the last.
    """
    with deps.unit_of_work(tenant_id) as connection:
        named = statement_removal.list_statements_of_agent(
            connection, tenant_id, identity, after, ERASURE_BATCH_ROWS
        )
        related, others = [], []
        for item in named:
            value = json_codec.decode(item.payload)
            if _is_about_person(value, identity):
                related.append(item)
            elif identity in set(_identities_in(value)):
                others.append(item)
        result.statements += len(related)
        result.mentions += len(others)
        if not dry_run:
            unnamed = statement_removal.delete_statements(connection, tenant_id, related)
            for other in others:
                statement_removal.rewrite_statement(
                    connection, tenant_id, other, _anonymized(other, identity, somebody)
                )
            _remove_blobs(deps, tenant_id, unnamed)
            result.attachments += len(unnamed)
    return named[-1].ord if len(named) == ERASURE_BATCH_ROWS else None


def _remove_blobs(deps: StoreDeps, tenant_id: int, unnamed: list[str]) -> None:
    """Delete before the commit: a request sending the same bytes now waits for the lock of
    the removed row, then writes them again.
    """
    for sha2 in unnamed:
        deps.blobs.remove(tenant_id, sha2)


def _is_about_person(value: dict[str, Any], identity: str) -> bool:
    """Whether the person is the actor or the object. If the person is one of several members of
    a group, it is the group's statement.

    A voiding statement is kept with an anonymous actor: without it, the voided statement would
    become valid again.
    """
    if value["verb"]["id"] == VERBS[VerbName.VOIDED].id:
        return False
    places = [value["actor"], value["object"]]
    if value["object"].get("objectType") == "SubStatement":
        places += [value["object"]["actor"], value["object"]["object"]]
    return any(
        identity_of(place) == identity
        for place in places
        if any(name in place for name in IFI_NAMES)
    ) or (identity in set(iter_agents(value)) and _is_single_member_group(value, identity))


def _is_single_member_group(value: dict[str, Any], identity: str) -> bool:
    """Whether the place is a group without an identity of its own whose only member is the
    person.
    """
    return any(
        place.get("objectType") == "Group"
        and identity_of(place) is None
        and [identity_of(member) for member in place.get("member", ())] == [identity]
        for place in (value["actor"], value["object"])
    )


def _identities_in(value: Any) -> Iterator[str]:
    """Yield every identity anywhere in a statement, including in extensions."""
    if isinstance(value, dict):
        result = find_identity_or_none(value)
        if result is not None:
            yield result
        for inner in value.values():
            yield from _identities_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _identities_in(inner)


def _anonymized(
    stored_statement: StoredStatement, identity: str, somebody: dict[str, Any]
) -> bytes:
    def replace_identity(value: Any) -> Any:
        if isinstance(value, dict):
            if find_identity_or_none(value) == identity:
                return dict(somebody)
            return {name: replace_identity(inner) for name, inner in value.items()}
        return [replace_identity(inner) for inner in value] if isinstance(value, list) else value

    return json_codec.encode(replace_identity(json_codec.decode(stored_statement.payload)))


def apply_retention(deps: StoreDeps, tenant_id: int) -> int:
    """Remove statements older than a tenant's retention rules allow; return how many.
    Figures based on them change.
    """
    with deps.unit_of_work(tenant_id) as connection:
        rules = retention.list_retention_rules(connection, tenant_id)
    return sum(_apply_rule(deps, tenant_id, rule) for rule in rules)


def _apply_rule(deps: StoreDeps, tenant_id: int, rule: RetentionRule) -> int:
    before = clock.now() - timedelta(days=rule.days)
    total = 0
    while True:
        with deps.unit_of_work(tenant_id) as connection:
            removed = statement_removal.list_expired_statements(
                connection, tenant_id, before, rule.verb, rule.activity, ERASURE_BATCH_ROWS
            )
            unnamed = statement_removal.delete_statements(connection, tenant_id, removed)
            total += len(removed)
            if len(removed) < ERASURE_BATCH_ROWS and total:
                details = {
                    "rule": rule.rule_id,
                    "days": rule.days,
                    "verb": rule.verb,
                    "activity": rule.activity,
                    "statements": total,
                }
                audit.insert_audit_entry(
                    connection, tenant_id, "retention", "removed old statements", details
                )
            _remove_blobs(deps, tenant_id, unnamed)
        if len(removed) < ERASURE_BATCH_ROWS:
            return total
