"""Store and read statements."""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core import clock
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, NotFound
from lrs.store import activity_definitions as definitions
from lrs.store import attachments, statement_refs, statements
from lrs.store.activity_definitions import DefinitionCache
from lrs.store.statements import StoredStatement
from lrs.xapi import datatypes, index_keys, json_codec
from lrs.xapi.statement_equality import find_difference
from lrs.xapi.statement_parser import Incoming
from lrs.xapi.statement_query import StatementQuery
from lrs.xapi.statement_rendering import render_statement

log = logging.getLogger(__name__)

# A page is read in blocks, until it is full or large: whoever asks for many statements of a
# megabyte gets fewer, and a link to the rest.
_BLOCK_ROWS = 100
_MAX_PAGE_BYTES = 8_000_000
# Where all rows of a block turn out to be collisions of a 64-bit key, or not the caller's, so many
# more are read.
_MAX_BLOCKS_SCANNED = 4
MAX_ATTEMPTS = 5  # against deadlocks, which the fixed order of all inserts should rule out
MAX_GROUP_COMMIT = (
    200  # statements of several requests that are stored in one transaction (group commit)
)
SMALL_REQUEST_LIMIT = 20  # statements; a larger request gets a transaction of its own

Result = TypeVar("Result")


@dataclass(frozen=True)
class StatementPage:
    """Statements in order, the query for the next page (None after the last), and the
    high-water mark, where it bounds the page.
    """

    found: list[StoredStatement]
    following: StatementQuery | None
    horizon: datetime | None

    @property
    def payloads(self) -> list[bytes]:
        """The statements as returned to readers."""
        return [
            render_statement(item.payload, item.ord, item.timestamp_given) for item in self.found
        ]


@dataclass(frozen=True)
class SingleStatement:
    """A single statement and its ordinal."""

    payload: bytes
    ord: int


@dataclass
class _PendingWrite:
    """A small request waiting to be stored, alone or together with others."""

    tenant_id: int
    incoming: Sequence[Incoming]
    done: bool = False
    new: bool = True
    error: BaseException | None = field(default=None, repr=False)
    turn: threading.Lock = field(
        default_factory=threading.Lock, repr=False
    )  # held until the request is done or becomes the leader


class StatementWriter:
    """Stores statements for one process.

    A batch that is all new and references nothing goes to the database in one round trip. Small
    requests that arrive while another is being written are written together after it (group
    commit): a commit costs the same for one statement as for a hundred.
    """

    def __init__(self, quick: Engine, unit_of_work: UnitOfWork) -> None:
        self._engine, self._unit_of_work = quick, unit_of_work
        self._known_definitions = DefinitionCache()
        self._lock = threading.Lock()
        self._queue: list[_PendingWrite] = []
        self._has_leader = False

    def store(self, *, tenant_id: int, incoming: Sequence[Incoming]) -> bool:
        """Store all or nothing; False when all of it was already stored. Conflict when a
        different statement has one of the ids.
        """
        if not incoming:
            return False
        now = clock.to_microseconds(clock.now())
        dated_definitions = [
            (definition, _definition_time(item, now))
            for item in incoming
            for definition in item.definitions
        ]
        unknown = self._known_definitions.select_unstored(tenant_id, dated_definitions)
        if unknown or any(item.refers or item.attachments for item in incoming):
            new = store_statements(
                self._unit_of_work, tenant_id=tenant_id, incoming=incoming, stated=unknown
            )
            self._known_definitions.remember_stored(tenant_id, unknown)
            return new
        if len(incoming) > SMALL_REQUEST_LIMIT:
            return self._write_single(tenant_id, incoming)
        return self._group_commit(_PendingWrite(tenant_id, incoming))

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _group_commit(self, waiting: _PendingWrite) -> bool:
        """Group commit: one request leads and writes for all that wait, then passes the lead
        to the first that arrived meanwhile.
        """
        waiting.turn.acquire()
        with self._lock:
            self._queue.append(waiting)
            leads = not self._has_leader
            self._has_leader = True
        if not leads:
            waiting.turn.acquire()
        if not waiting.done:
            try:
                while not waiting.done:
                    self._write_shared(self._take_batch())
            finally:
                with self._lock:
                    self._has_leader = bool(self._queue)
                    if self._queue:
                        self._queue[0].turn.release()
        if waiting.error is not None:
            raise waiting.error
        return waiting.new

    def _take_batch(self) -> list[_PendingWrite]:
        """Take the first waiting request, and those of the same tenant that fit into its
        batch.
        """
        with self._lock:
            tenant_id, statements_taken = self._queue[0].tenant_id, 0
            batch: list[_PendingWrite] = []
            rest: list[_PendingWrite] = []
            for item in self._queue:
                matching = (
                    item.tenant_id == tenant_id
                    and statements_taken + len(item.incoming) <= MAX_GROUP_COMMIT
                )
                (batch if matching else rest).append(item)
                statements_taken += len(item.incoming) if matching else 0
            self._queue = rest
        return batch

    def _write_shared(self, batch: list[_PendingWrite]) -> None:
        incoming = [statement for entry in batch for statement in entry.incoming]
        stored = False
        try:
            stored = self._insert_if_all_new(batch[0].tenant_id, incoming)
        finally:
            # Whatever happened, no request is reported as stored unless the database confirmed
            # it.
            for item in batch:
                if not stored:
                    try:
                        item.new = store_statements(
                            self._unit_of_work, tenant_id=item.tenant_id, incoming=item.incoming
                        )
                    except BaseException as error:  # noqa: BLE001 - raised again in the thread of its own request
                        item.error = error
                item.done = True
                item.turn.release()

    def _write_single(self, tenant_id: int, incoming: Sequence[Incoming]) -> bool:
        return self._insert_if_all_new(tenant_id, incoming) or store_statements(
            self._unit_of_work, tenant_id=tenant_id, incoming=incoming
        )

    def _insert_if_all_new(self, tenant_id: int, incoming: Sequence[Incoming]) -> bool:
        """Insert everything if all of it is new; return whether it was stored. If False,
        nothing was stored, and the slow path finds out why.
        """
        try:
            pooled = self._engine.raw_connection()
        except (psycopg.Error, SQLAlchemyError):
            return False
        try:
            driver = pooled.driver_connection
            assert isinstance(driver, psycopg.Connection)
            statements.insert_all_statements(driver, tenant_id, incoming)
            return True
        except psycopg.errors.UniqueViolation:
            return False
        except psycopg.Error as error:
            log.warning("a batch takes the slow path (%s)", type(error).__name__)
            pooled.invalidate()
            return False
        finally:
            pooled.close()


def _definition_time(incoming: Incoming, now: int) -> int:
    """When a definition was stated; a sender whose clock is ahead cannot pin its definition
    for years.
    """
    return (
        min(clock.to_microseconds(datatypes.parse_timestamp(incoming.timestamp)), now)
        if incoming.timestamp
        else now
    )


def store_statements(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    incoming: Sequence[Incoming],
    stated: dict[Any, int] | None = None,
) -> bool:
    """Store all or nothing; return whether anything was new."""
    return store_and_count(unit_of_work, tenant_id=tenant_id, incoming=incoming, stated=stated) > 0


def store_and_count(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    incoming: Sequence[Incoming],
    stated: dict[Any, int] | None = None,
) -> int:
    """Store all or nothing; return how many were new. ``stated``: the definitions to store, by
    default all those in the statements.

    A statement that is already stored is accepted if it is equal and refused if it is not
    (Conflict).
    """
    if stated is None:
        now = clock.to_microseconds(clock.now())
        stated = DefinitionCache().select_unstored(
            tenant_id,
            [
                (definition, _definition_time(item, now))
                for item in incoming
                for definition in item.definitions
            ],
        )

    def store_once() -> int:
        with unit_of_work(tenant_id) as connection:
            _refuse_voiding_of_voiders(connection, tenant_id, incoming)
            definitions.upsert_definitions(connection, tenant_id, stated)
            new = statements.insert_new_statements(connection, tenant_id, incoming)
            if len(new) != len(incoming):
                _compare_with_stored(connection, tenant_id, incoming, new)
            refs = [
                (new[item.id], item.refers) for item in incoming if item.refers and item.id in new
            ]
            if refs:
                statement_refs.settle_new_refs(connection, tenant_id, refs)
            attachments.link_attachments(
                connection,
                tenant_id,
                [
                    (new[item.id], a.sha2)
                    for item in incoming
                    if item.id in new
                    for a in item.attachments
                ],
            )
        return len(new)

    return _with_retries(store_once)


def _with_retries(attempt: Callable[[], Result]) -> Result:
    for number in range(1, MAX_ATTEMPTS + 1):
        try:
            return attempt()
        except DBAPIError as error:
            again = isinstance(error.orig, DeadlockDetected | SerializationFailure) or (
                error.connection_invalidated and number == 1
            )
            if not again or number == MAX_ATTEMPTS:
                raise
            log.warning("the database asks for another attempt (%s)", type(error.orig).__name__)
            time.sleep(random.uniform(0, 0.02) * number)  # noqa: S311 - so that two who met do not meet again
    raise AssertionError("the last attempt returns or raises")


def _refuse_voiding_of_voiders(
    connection: Connection, tenant_id: int, incoming: Sequence[Incoming]
) -> None:
    targets = {item.voids: index for index, item in enumerate(incoming) if item.voids}
    if not targets:
        return
    voiders = {item.id for item in incoming if item.voids} & set(targets)
    voiders |= set(statements.filter_voiding_ids(connection, tenant_id, list(targets)))
    for voider in voiders:
        raise BadInput(
            f"Statement {targets[voider]} voids {voider}, which is a voiding statement; those "
            "cannot be voided (xAPI-Data 2.3.2)."
            " Nothing of this request was stored.",
            index=targets[voider],
            path="$.object.id",
        )


def _compare_with_stored(
    connection: Connection, tenant_id: int, incoming: Sequence[Incoming], new: dict[uuid.UUID, int]
) -> None:
    known = {
        entry.id: (index, entry) for index, entry in enumerate(incoming) if entry.id not in new
    }
    for stored in statements.find_statements_by_id(connection, tenant_id, list(known)).values():
        index, item = known[stored.id]
        path = find_difference(stored.payload, item.payload)
        if path is not None:
            raise Conflict(
                f"Statement {index}: another statement with the id {stored.id} is stored "
                f"already; they differ at {path}. Nothing of this request was stored.",
                index=index,
                path=path,
            )


def get_statement(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    statement_id: uuid.UUID,
    voided: bool,
    may_read: Callable[[dict[str, Any]], bool],
) -> SingleStatement:
    """Return one statement by its id; ``voided`` requests a voided one and no other. One that the
    caller may not read is answered as one that is not stored.
    """
    with unit_of_work(tenant_id) as connection:
        result = statements.find_statements_by_id(connection, tenant_id, [statement_id]).get(
            statement_id
        )
        removed = statements.is_voided(connection, tenant_id, statement_id)
        if result is not None and not may_read(json_codec.decode(result.payload)):
            result = None
        if result is not None and removed and not voided:
            raise NotFound(
                f"The statement {statement_id} was voided; voidedStatementId gives it.",
                statementId=str(statement_id),
            )
        if result is None or removed != voided:
            kind = "voided statement" if voided else "statement"
            raise NotFound(
                f"No {kind} with the id {statement_id} is stored.", statementId=str(statement_id)
            )
    return SingleStatement(
        render_statement(result.payload, result.ord, result.timestamp_given), result.ord
    )


def statement_page(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    query: StatementQuery,
    voided_too: bool = False,
    may_read: Callable[[dict[str, Any]], bool] | None = None,
) -> StatementPage:
    """Return a page of statements. Ascending reads stop at the high-water mark, so that a
    reader who continues from there misses none. ``may_read``: whether the caller may read a
    statement, beyond what the query says of that.
    """
    with unit_of_work(tenant_id) as connection:
        up_to = statements.high_water_mark(connection) if query.ascending else None
        matching: list[StoredStatement] = []
        following: StatementQuery | None = query
        blocks = _MAX_BLOCKS_SCANNED + query.limit // _BLOCK_ROWS
        size, spelled = 0, query.spelled_values()
        while following and blocks and len(matching) < query.limit and size < _MAX_PAGE_BYTES:
            rows = min(query.limit - len(matching), _BLOCK_ROWS)
            result = statements.query_statements(
                connection, tenant_id, following, up_to, rows + 1, voided_too
            )
            following = None
            for number, item in enumerate(result[:rows], 1):
                if (
                    query.mine is None
                    and may_read is None
                    and (not spelled or all(value in item.payload for value in spelled))
                ) or _matches_and_readable(connection, tenant_id, query, item, may_read):
                    matching.append(item)
                    size += len(item.payload)
                if number < len(result) and (number == rows or size >= _MAX_PAGE_BYTES):
                    following = replace(query, after=item.ord)
                    break
            blocks -= 1
    return StatementPage(matching, following, up_to)


def _matches_and_readable(
    connection: Connection,
    tenant_id: int,
    query: StatementQuery,
    stored_statement: StoredStatement,
    may_read: Callable[[dict[str, Any]], bool] | None,
) -> bool:
    """Whether the statement, or the one it refers to, really matches the query, and the
    caller may read it.
    """
    value = json_codec.decode(stored_statement.payload)
    if not query.may_read(value) or (may_read is not None and not may_read(value)):
        return False
    target = statement_refs.find_ref_target(value)
    if query.matches_statement(value):
        return True
    # The content of a target is disclosed only to callers who may read the target.
    chain = statement_refs.follow_refs(connection, tenant_id, target) if target is not None else ()
    return any(query.may_read(other) and query.matches_statement(other) for other in chain)


def activity_definitions(
    unit_of_work: UnitOfWork, *, tenant_id: int, payloads: Sequence[bytes]
) -> dict[str, Any]:
    """Return the merged definition of every activity that the statements name: for the
    canonical format.
    """
    iris = {
        activity["id"]
        for payload in payloads
        for activity in index_keys.iter_activities(json_codec.decode(payload))
    }
    with unit_of_work(tenant_id) as connection:
        return {
            iri: definitions.find_activity_definition(connection, tenant_id, iri)
            for iri in sorted(iris)
        }
