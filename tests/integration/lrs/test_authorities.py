"""Who vouches for a statement: found by it whether its row or its bytes say it (xAPI-Communication
2.1.3, related_agents; xAPI-Data 2.4.9).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from core.database import make_engine
from core.errors import BadInput
from core.settings import Settings
from lrs.actions import erasure
from lrs.actions.deps import StoreDeps
from lrs.store.payload_table import replace_payload
from lrs.store.statements import find_statements_by_id
from lrs.xapi.actors import identity_of
from lrs.xapi.index_keys import key_pair
from tests.support.store import Caller, body

Make = Callable[..., dict[str, Any]]
VERB, OTHER = {"id": "https://v.example/one"}, {"id": "https://v.example/other"}
PERSON = {"mbox": "mailto:instructor@example.org"}


def read_authority(caller: Caller, statement_id: str) -> dict[str, Any]:
    answer = caller.get("/xapi/statements", statementId=statement_id)
    assert answer.data.count(b'"authority"') == 1
    found: dict[str, Any] = answer.json["authority"]
    return found


def write_as_before(settings: Settings, deps: StoreDeps, statement_id: str) -> None:
    """Put a statement's authority where a version before put it: its bytes and its keys."""
    with deps.unit_of_work(1) as connection:
        wanted = uuid.UUID(statement_id)
        (found,) = find_statements_by_id(connection, 1, [wanted]).values()
        replace_payload(connection, 1, found.ord, found.payload)
    identity = identity_of(json.loads(found.payload)["authority"])
    owner = make_engine(settings.migration_url)
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE lrs.statement SET authority = NULL WHERE ord = :ord"), {"ord": found.ord}
        )
        connection.execute(
            text("INSERT INTO lrs.statement_rel (tenant_id, key, ord) VALUES (1, :key, :ord)"),
            {"key": key_pair("agent", str(identity))[1], "ord": found.ord},
        )
    owner.dispose()


def ids(caller: Caller, **filters: str) -> list[str]:
    """The ids of all pages, of two statements each."""
    page = caller.get("/xapi/statements", limit="2", **filters).json
    found = page["statements"]
    while page["more"]:
        page = caller.get(page["more"]).json
        found += page["statements"]
    return [item["id"] for item in found]


def test_statements_are_found_by_who_vouches_for_them(
    tenant: Callable[..., Caller],
    one: Caller,
    statement: Make,
    deps: StoreDeps,
    lrs_settings: Settings,
) -> None:
    other = tenant(scopes=("statements/write", "statements/read/mine"))
    mine = [body(one.post(statement(verb=(OTHER, VERB)[n % 2])))[0] for n in range(7)]
    theirs = [body(other.post(statement(verb=VERB)))[0] for _ in range(5)]
    write_as_before(lrs_settings, deps, mine[3])
    write_as_before(lrs_settings, deps, theirs[2])
    pointing = {"objectType": "StatementRef", "id": mine[5]}
    (reference,) = body(other.post(statement(object=pointing)))
    authority = read_authority(one, mine[0])
    assert read_authority(one, mine[3]) == authority != read_authority(one, theirs[2])
    wanted = json.dumps(authority)

    found = ids(one, agent=wanted, related_agents="true", ascending="true")
    assert found == [*mine, reference]
    assert ids(one, agent=wanted, related_agents="true") == found[::-1]
    assert ids(one, agent=wanted, related_agents="true", verb=VERB["id"]) == [
        reference,
        *(mine[n] for n in (5, 3, 1)),
    ]
    assert ids(one, agent=wanted) == []
    assert ids(other) == [reference, *theirs[::-1]]
    assert ids(other, verb=VERB["id"]) == theirs[::-1]


def test_a_mention_is_taken_out_and_the_authority_stays(
    one: Caller, statement: Make, deps: StoreDeps, lrs_settings: Settings
) -> None:
    new, old = (body(one.post(statement(context={"instructor": PERSON})))[0] for _ in range(2))
    write_as_before(lrs_settings, deps, old)
    authority = read_authority(one, new)
    erased = erasure.erase_agent(deps, tenant_id=1, agent=PERSON, who="test", dry_run=False)
    assert erased.mentions == 2
    assert read_authority(one, new) == read_authority(one, old) == authority
    wanted = json.dumps(authority)
    assert ids(one, agent=wanted, related_agents="true") == [old, new]
    assert ids(one, agent=json.dumps(PERSON), related_agents="true") == []
    with pytest.raises(BadInput, match="credential"):
        erasure.erase_agent(deps, tenant_id=1, agent=authority, who="test", dry_run=False)
