"""Storing together: nobody is told that it is stored unless it is; each gets the answer to its own
request.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import Conflict
from lrs.actions import statements as actions
from lrs.actions.deps import StoreDeps
from lrs.actions.statements import StatementWriter
from lrs.store import statements as store
from lrs.xapi.statement_parser import Authority, Incoming, StatementParser
from tests.support.store import Caller, body

Make = Callable[..., dict[str, Any]]
AUTHORITY = Authority.from_json(b'{"account":{"homePage":"https://h.example","name":"k"}}')


def judged(*sent: dict[str, Any]) -> list[Incoming]:
    return StatementParser(family_2_0=False).statements(json.dumps(list(sent)).encode(), AUTHORITY)


class Refusing:
    """An engine whose pool gives nothing."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def raw_connection(self) -> Any:
        threading.Event().wait(0.01)
        raise self.error


@pytest.mark.parametrize("error", [psycopg.OperationalError("refused"), PoolTimeout("full")])
def test_when_no_connection_can_be_had_all_who_wait_are_stored_the_careful_way_or_told(
    deps: StoreDeps, one: Caller, statement: Make, error: Exception
) -> None:
    careful = StatementWriter(Refusing(error), deps.unit_of_work)  # type: ignore[arg-type]  # what the writer uses of an engine
    sent = [judged(statement()) for _ in range(12)]
    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(lambda incoming: careful.store(tenant_id=1, incoming=incoming), sent))
    assert len(stored(deps, sent)) == 12

    def away(tenant_id: int) -> Any:
        raise error

    told = StatementWriter(Refusing(error), away)  # type: ignore[arg-type]  # the same
    more = [judged(statement()) for _ in range(12)]

    def outcome(incoming: list[Incoming]) -> type[BaseException] | None:
        try:
            told.store(tenant_id=1, incoming=incoming)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it is compared
            return type(raised)
        return None

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(outcome, more)) == {type(error)}
    assert stored(deps, more) == set()


def stored(deps: StoreDeps, sent: list[list[Incoming]]) -> set[uuid.UUID]:
    with deps.unit_of_work(1) as connection:
        return set(
            store.find_statements_by_id(
                connection, 1, [one.id for incoming in sent for one in incoming]
            )
        )


def test_a_conflict_in_one_request_harms_no_other_that_is_stored_with_it(
    deps: StoreDeps, one: Caller, statement: Make
) -> None:
    known = statement(id=str(uuid.uuid4()))
    deps.writer.store(tenant_id=1, incoming=judged(known))
    other = {**known, "verb": {"id": "https://other.example"}}
    twin = statement(id=str(uuid.uuid4()))
    requests = [
        judged(statement()),
        judged(statement(), other),
        judged(known),
        judged(twin),
        judged(twin),
        judged(statement(), statement()),
    ] * 4
    start = threading.Barrier(8)

    def send(number: int) -> str:
        if number < 8:
            start.wait()
        try:
            return "new" if deps.writer.store(tenant_id=1, incoming=requests[number]) else "known"
        except Conflict:
            return "conflict"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(send, range(len(requests))))
    assert [outcome for number, outcome in enumerate(outcomes) if number % 6 == 1] == [
        "conflict"
    ] * 4
    assert [outcome for number, outcome in enumerate(outcomes) if number % 6 == 2] == ["known"] * 4
    assert "conflict" not in {
        outcome for number, outcome in enumerate(outcomes) if number % 6 not in (1,)
    }
    kept = [incoming for number, incoming in enumerate(requests) if number % 6 != 1]
    assert stored(deps, kept) == {one.id for incoming in kept for one in incoming}
    refused = [incoming[:1] for number, incoming in enumerate(requests) if number % 6 == 1]
    assert stored(deps, refused) == set()


def test_an_attempt_that_met_a_deadlock_is_made_again(
    monkeypatch: pytest.MonkeyPatch, deps: StoreDeps, one: Caller, statement: Make
) -> None:
    from sqlalchemy.exc import OperationalError

    attempts = []

    def insert(*given: Any) -> Any:
        attempts.append(given)
        if len(attempts) < 3:
            raise OperationalError("insert", {}, psycopg.errors.DeadlockDetected("met"))
        return real(*given)

    real = store.insert_new_statements
    monkeypatch.setattr(store, "insert_new_statements", insert)
    assert actions.store_statements(deps.unit_of_work, tenant_id=1, incoming=judged(statement()))
    assert len(attempts) == 3


def test_a_clock_that_is_set_back_leaves_the_order_of_arrival(
    one: Caller, deps: StoreDeps, statement: Callable[..., dict[str, Any]]
) -> None:
    """As if an hour had passed between two requests, and the clock had been set back by it."""
    (first,) = body(one.post(statement()))
    with deps.unit_of_work(1) as connection:
        for table in ("statement", "statement_payload", "statement_rel", "uncounted"):
            connection.execute(
                text(f"UPDATE lrs.{table} SET ord = ord + (3600000000 << 10)")  # noqa: S608 - names of this test
            )
    second = body(one.post([statement() for _ in range(3)]))
    third = body(one.post(statement()))
    with deps.unit_of_work(1) as connection:
        kept = connection.execute(text("SELECT id FROM lrs.statement ORDER BY ord")).scalars()
        assert [str(found) for found in kept] == [first, *second, *third]
