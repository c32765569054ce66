"""Export statements in bulk as NDJSON, pseudonymized.

A pseudonym is a keyed hash of an identifier: the same person has the same one in every export
of an installation, and nobody without the installation's key can tell whose it is. Names
(including those of activities), free text, attachments and third-party extensions are left out,
because their content is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrs.actions import statements
from lrs.actions.deps import StoreDeps
from lrs.vocabulary import BASE, EXTENSIONS
from lrs.xapi import json_codec
from lrs.xapi.actors import identity_of
from lrs.xapi.index_keys import iter_activities
from lrs.xapi.statement_query import StatementQuery

PSEUDONYM_PURPOSE = "pseudonym"
PSEUDONYM_LENGTH = 32  # 128 bits of the hash
_OWN_EXTENSIONS = frozenset(EXTENSIONS.values())
# Responses to closed questions are letters and numbers; every other response may be free text.
_CLOSED_INTERACTION_TYPES = frozenset(
    ("true-false", "choice", "matching", "sequencing", "likert", "numeric", "performance")
)


def export_lines(deps: StoreDeps, *, tenant_id: int, identified: bool) -> Iterator[bytes]:
    """Yield all statements of a tenant in stored order, one per line; ``identified`` leaves
    the people in.
    """
    query: StatementQuery | None = StatementQuery(ascending=True)
    while query is not None:
        page = statements.statement_page(deps.reading, tenant_id=tenant_id, query=query)
        for payload in page.payloads:
            value = json_codec.decode(payload)
            yield (
                json_codec.encode(value if identified else _pseudonymized(deps, tenant_id, value))
                + b"\n"
            )
        query = page.following


def _pseudonymized(deps: StoreDeps, tenant_id: int, s: dict[str, Any]) -> dict[str, Any]:
    def pseudonymize_actor(value: dict[str, Any]) -> dict[str, Any]:
        identity = identity_of(value)
        created: dict[str, Any] = {"objectType": value.get("objectType", "Agent")}
        if identity is not None:
            name = deps.secrets.keyed_hashes(PSEUDONYM_PURPOSE, f"{tenant_id} {identity}")[0].hex()[
                :PSEUDONYM_LENGTH
            ]
            created["account"] = {"homePage": f"{BASE}pseudonyms", "name": name}
        if "member" in value:
            created["member"] = [pseudonymize_actor(member) for member in value["member"]]
        return created

    s.pop("attachments", None)
    for name in ("actor", "authority"):
        if name in s:
            s[name] = pseudonymize_actor(s[name])
    obj = s["object"]
    kind = obj.get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        s["object"] = pseudonymize_actor(obj)
    elif kind == "SubStatement":
        s["object"] = _pseudonymized(deps, tenant_id, obj)
    result = s.get("result", {})
    if obj.get("definition", {}).get("interactionType") not in _CLOSED_INTERACTION_TYPES:
        result.pop("response", None)
    context = s.get("context", {})
    for holder in (result, context):
        if "extensions" in holder:
            holder["extensions"] = {
                iri: value for iri, value in holder["extensions"].items() if iri in _OWN_EXTENSIONS
            }
    for name in ("platform", "revision"):
        context.pop(name, None)
    for activity in iter_activities(s):
        for name in ("name", "description", "extensions", "moreInfo"):
            activity.get("definition", {}).pop(name, None)
    for name in ("instructor", "team"):
        if name in context:
            context[name] = pseudonymize_actor(context[name])
    for name, part in (("contextAgents", "agent"), ("contextGroups", "group")):
        for entry in context.get(name, ()):
            entry[part] = pseudonymize_actor(entry[part])
    return s
