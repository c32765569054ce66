"""The domain of a mailbox means the same in any case (xAPI-Data 1.0.3 2.3.1; RFC 5321 2.4), whatever
asks for a person; and what a version before kept by the spelling is kept anew while others write.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from core.database import make_engine
from core.embedded import EmbeddedServers
from core.migrations import build_alembic_config
from core.settings import read_settings
from lrs import operator_api
from lrs.actions import agent_rekeying, erasure
from lrs.actions.deps import StoreDeps
from lrs.jobs import tenant_jobs
from lrs.store.documents import find_document, list_document_ids, upsert_document
from lrs.store.statement_removal import delete_agent_documents
from lrs.xapi import actors
from lrs.xapi.documents import STATE, DocumentKey
from lrs.xapi.index_keys import key_of
from tests.conftest import environ_for
from tests.support.store import Caller, body

CAPITAL, SMALL = "mailto:Max@Firma.Example", "mailto:Max@firma.example"
LOUD = "MAILTO:Max@firma.example"
OTHER_PERSON = "mailto:max@firma.example"  # the part before the @ may differ by case


def agent(mbox: str) -> dict[str, Any]:
    return {"mbox": mbox}


def count(one: Caller, mbox: str, **parameters: str) -> int:
    found = one.get("/xapi/statements", agent=json.dumps(agent(mbox)), **parameters)
    assert found.status_code == 200, found.text
    return len(body(found)["statements"])


@contextmanager
def version_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What was keyed by the version before took a mailbox as it was spelled."""
    with monkeypatch.context() as patch:
        patch.setattr(actors, "normalize_mailbox", lambda mbox: mbox)
        yield


def begin_rekeying(deps: StoreDeps, days: int = 1) -> None:
    """As the migration begins it."""
    with deps.unit_of_work(1) as connection:
        connection.execute(
            text(
                "INSERT INTO lrs.agent_rekeying VALUES (1, -9223372036854775808, "
                "now() + make_interval(days => :days))"
            ),
            {"days": days},
        )


def keys_of_store(deps: StoreDeps) -> list[tuple[int, int]]:
    with deps.unit_of_work(1) as connection:
        rows = connection.execute(
            text("SELECT key, ord FROM lrs.statement_rel WHERE tenant_id = 1 ORDER BY key, ord")
        )
        return [(row.key, row.ord) for row in rows]


@pytest.mark.parametrize("asked", [CAPITAL, SMALL])
def test_statements_of_both_spellings_are_those_of_one_person(
    one: Caller, statement: Callable[..., dict[str, Any]], asked: str
) -> None:
    for mbox in (CAPITAL, SMALL, OTHER_PERSON):
        assert one.post(statement(actor=agent(mbox))).status_code == 200
    assert one.post(statement(context={"instructor": agent(CAPITAL)})).status_code == 200
    team = {"objectType": "Group", "member": [agent(CAPITAL)]}
    assert one.post(statement(actor=team)).status_code == 200
    assert count(one, asked) == 3
    assert count(one, asked, related_agents="true") == 4
    assert count(one, OTHER_PERSON) == 1
    sent = body(one.get("/xapi/statements", agent=json.dumps(agent(asked))))["statements"]
    assert {item["actor"].get("mbox") for item in sent} == {CAPITAL, SMALL, None}, "bytes stay"


def test_a_document_is_found_by_either_spelling(one: Caller) -> None:
    place = {"activityId": "https://example.org/a", "stateId": "bookmark"}
    written = one.send(
        "PUT",
        "/xapi/activities/state",
        {**place, "agent": json.dumps(agent(CAPITAL))},
        data=b"page 3",
        content_type="text/plain",
    )
    assert written.status_code == 204
    read = one.get("/xapi/activities/state", **place, agent=json.dumps(agent(SMALL)))
    assert (read.status_code, read.data) == (200, b"page 3")


def test_an_erasure_leaves_no_spelling_behind(
    one: Caller, deps: StoreDeps, statement: Callable[..., dict[str, Any]]
) -> None:
    for mbox in (CAPITAL, SMALL, LOUD):
        assert one.post(statement(actor=agent(mbox))).status_code == 200
    erased = erasure.erase_agent(
        deps, tenant_id=1, agent=agent("mailto:Max@FIRMA.example"), who="test", dry_run=False
    )
    assert erased.statements == 3
    assert count(one, CAPITAL) == count(one, SMALL) == count(one, LOUD) == 0


def test_what_was_kept_by_the_spelling_is_found_and_erased_after_an_update(
    one: Caller,
    deps: StoreDeps,
    statement: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, voided = str(uuid.uuid4()), str(uuid.uuid4())
    with version_before(monkeypatch):
        sent = [
            statement(id=first, actor=agent(CAPITAL)),
            statement(id=voided, actor=agent(CAPITAL)),
            statement(actor=agent(LOUD)),
            statement(context={"instructor": agent(CAPITAL)}),
            # found through what they refer to, the second through the first
            statement(id=str(uuid.uuid4()), object={"objectType": "StatementRef", "id": first}),
            statement(
                verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
                object={"objectType": "StatementRef", "id": voided},
            ),
        ]
        assert one.post(sent).status_code == 200
        assert (
            one.post(
                statement(object={"objectType": "StatementRef", "id": sent[4]["id"]})
            ).status_code
            == 200
        )
    begin_rekeying(deps, days=-1)
    assert agent_rekeying.rekey_agents(deps, 1) == 4
    # As if all had been sent to this version, but for what is inherited when its job comes.
    assert count(one, SMALL) == count(one, CAPITAL) == 2
    assert count(one, CAPITAL, related_agents="true") == 3
    tenant_jobs.settle_references(deps)
    assert count(one, CAPITAL) == 2 + 3
    with deps.unit_of_work(1) as connection:
        left = connection.execute(text("SELECT count(*) FROM lrs.agent_rekeying")).scalar_one()
    assert left == 0, "done for good: no server of the version before writes any more"


def test_an_erasure_before_the_job_has_come_takes_all(
    one: Caller,
    deps: StoreDeps,
    statement: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with version_before(monkeypatch):
        assert one.post(statement(actor=agent(CAPITAL))).status_code == 200
    begin_rekeying(deps)
    erased = erasure.erase_agent(deps, tenant_id=1, agent=agent(SMALL), who="test", dry_run=False)
    assert erased.statements == 1


def test_writers_go_on_while_keys_change(
    one: Caller,
    deps: StoreDeps,
    statement: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agent_rekeying, "REKEYING_BATCH_ROWS", 7)
    with version_before(monkeypatch):
        for _ in range(10):
            mixed = [statement(actor=agent(mbox)) for mbox in (CAPITAL, SMALL, OTHER_PERSON)]
            assert one.post(mixed).status_code == 200
    begin_rekeying(deps)
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(
            lambda: [one.post(statement(actor=agent(CAPITAL))).status_code for _ in range(20)]
        )
        assert 10 <= agent_rekeying.rekey_agents(deps, 1) <= 30
        assert set(writing.result()) == {200}
    assert count(one, SMALL) == count(one, CAPITAL) == 40
    assert count(one, OTHER_PERSON) == 10
    with deps.unit_of_work(1) as connection:
        connection.execute(text("UPDATE lrs.agent_rekeying SET after_ord = -9223372036854775808"))
    before = keys_of_store(deps)
    assert agent_rekeying.rekey_agents(deps, 1) == 30
    assert keys_of_store(deps) == before, "once more changes nothing"


def test_documents_and_merges_move_with_the_update(
    servers: EmbeddedServers, new_database: Callable[..., str], tmp_path: Path
) -> None:
    place = read_settings(environ_for(servers, new_database(), tmp_path))
    owner = make_engine(place.migration_url)
    folder = Path(operator_api.__file__).parent / "store" / "migrations"
    spelled, compared = f"mbox {CAPITAL}", f"mbox {SMALL}"

    def key(agent: str, name: str) -> DocumentKey:
        return DocumentKey(STATE, "https://example.org/a", agent, None, name)

    with owner.begin() as connection:
        command.upgrade(build_alembic_config(folder, connection), "0007")
        connection.execute(text("INSERT INTO lrs.tenant (name) VALUES ('one')"))
        for agent_, name, body_ in (
            (spelled, "alone", b"1"),
            (compared, "older", b"2"),
            (spelled, "older", b"3"),
            (spelled, "newer", b"4"),
            (compared, "newer", b"5"),
        ):
            upsert_document(connection, 1, key(agent_, name), "text/plain", "x", body_)
        for alias, other in (
            (spelled, compared),
            ("account https://hr.example 5", spelled),
            ("account https://hr.example 6", compared),
        ):
            connection.execute(
                text(
                    "INSERT INTO lrs.person_merge (tenant_id, alias, agent, alias_identity, "
                    "agent_identity, reason, who) VALUES (1, :a, :b, :alias, :other, 'one', 'x')"
                ),
                {
                    "a": key_of("agent", alias),
                    "b": key_of("agent", other),
                    "alias": alias,
                    "other": other,
                },
            )
    operator_api.migrate_store(place)
    with owner.begin() as connection:
        found = {
            name: find_document(connection, 1, key(compared, name))
            for name in ("alone", "older", "newer")
        }
        assert {name: one.body for name, one in found.items() if one} == {
            "alone": b"1",
            "older": b"3",
            "newer": b"5",
        }
        ids, _ = list_document_ids(connection, 1, key(compared, "alone"), None)
        assert ids == ["alone", "newer", "older"]
        assert delete_agent_documents(connection, 1, compared, dry_run=True) == 5
        merges = connection.execute(
            text(
                "SELECT alias_identity, agent_identity, agent, undone_at IS NULL FROM "
                "analytics.person_merge ORDER BY merge_id"
            )
        )
        person = key_of("agent", compared)
        assert [tuple(row) for row in merges] == [
            (compared, compared, person, False),
            ("account https://hr.example 5", compared, person, True),
            ("account https://hr.example 6", compared, person, True),
        ]
    owner.dispose()
