"""The counting job: claims rows of ``uncounted`` and recomputes the facts of their episodes,
in one transaction.
"""

from __future__ import annotations

import gc
import logging
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.database import UnitOfWork
from core.queue import TimeIsUp
from lrs.jobs import outside
from lrs.jobs.outside import read_stored
from lrs.metrics.facts import facts_of, loose_facts
from lrs.metrics.facts.outside import NONE, Mappings
from lrs.metrics.facts.reading import COUNTED_VERB_KEYS, LOOSE_VERB_KEYS
from lrs.store import facts as store
from lrs.store import mappings, merges, references, work
from lrs.store.tables import NO_EPISODE

log = logging.getLogger(__name__)

_Key = TypeVar("_Key", uuid.UUID, int)
_NOTHING: Mapping[int, str] = {}
ROWS_AT_ONCE = 1_000  # keeps a transaction well under a second, its locks few, and leaves some for the other workers
REGISTRATIONS_AT_ONCE = 200


def count(engine: Engine, unit_of_work: UnitOfWork) -> int:
    """Count everything that is pending, tenant by tenant; return the number of rows claimed.
    A tenant whose counting fails does not hold up the others: its error is raised once all
    tenants have been processed.
    """
    total, trouble = 0, list[Exception]()
    for tenant_id in work.tenants(engine):
        try:
            total += _count(unit_of_work, tenant_id)
        except TimeIsUp:
            raise
        except Exception as error:
            log.exception("tenant %s: counting failed; it is tried again", tenant_id)
            trouble.append(error)
    if trouble:
        raise trouble[0]
    return total


def _count(unit_of_work: UnitOfWork, tenant_id: int) -> int:
    total = 0
    while True:
        with unit_of_work(tenant_id) as connection:
            settled = references.settle_late(connection, tenant_id, REGISTRATIONS_AT_ONCE)
        with unit_of_work(tenant_id) as connection:
            merges.hold(connection, tenant_id)
            mapped = mappings.alone_where_mapped(connection, tenant_id)
            claim = work.claim(connection, tenant_id, ROWS_AT_ONCE, REGISTRATIONS_AT_ONCE)
            _recount_whatever_comes(connection, tenant_id, claim.registrations)
            _recount_loose_whatever_comes(connection, tenant_id, claim.loose)
            if mapped:
                _touch_whatever_comes(connection, tenant_id, claim.lines)
        total += claim.taken
        if not claim.taken and not settled:
            return total


def recount_loose(connection: Connection, tenant_id: int, ords: Sequence[int]) -> bool:
    """Recompute the facts of these statements outside any episode; return whether that
    changed any.
    """
    if not ords:
        return False
    same = merges.every(connection, tenant_id)
    rows: dict[str, list[dict[str, Any]]] = {"presences": [], "ratings": [], "uncountable": []}
    for stored in store.loose_statements(connection, tenant_id, ords):
        for kind, made in loose_facts(read_stored(stored), same).items():
            rows[kind] += made
    return store.replace_loose(connection, tenant_id, ords, rows)


def _recount_loose_whatever_comes(connection: Connection, tenant_id: int, ords: Sequence[int]) -> bool:
    """Recount statements outside any episode; one that cannot be counted, for whatever
    reason, is set aside with that reason.
    """

    def alone(ord_: int, error: Exception) -> bool:
        return store.replace_loose(connection, tenant_id, [ord_], {"uncountable": [_aside(ord_, NO_EPISODE, f"it {_cannot_be_counted(error)}")]})

    return _whatever_comes(connection, tenant_id, ords, lambda some: recount_loose(connection, tenant_id, some), alone)


def _touch_whatever_comes(connection: Connection, tenant_id: int, ords: Sequence[int]) -> None:
    """Mark the episodes for recount to which statements of other systems contribute; a
    statement that raises an error affects no other.
    """

    def touch(some: Sequence[int]) -> bool:
        outside.touch(connection, tenant_id, some, merges.every(connection, tenant_id))
        return False

    _whatever_comes(connection, tenant_id, ords, touch, lambda _ord, _error: False)


def _recount_whatever_comes(connection: Connection, tenant_id: int, registrations: Collection[uuid.UUID]) -> bool:
    """Recount episodes; of one that cannot be counted as a whole, set aside the offending
    statements. Return whether a fact changed.

    The caller holds their locks: if they were taken inside the savepoint, rolling back to it
    would release them.
    """

    def alone(registration: uuid.UUID, error: Exception) -> bool:
        return _recount_what_can_be(connection, tenant_id, registration, error)

    return _whatever_comes(connection, tenant_id, sorted(registrations), lambda some: recount(connection, tenant_id, some), alone)


def _whatever_comes(
    connection: Connection, tenant_id: int, every: Sequence[_Key], act: Callable[[Sequence[_Key]], bool], aside: Callable[[_Key, Exception], bool]
) -> bool:
    """Run ``act`` on all items at once; if that fails, on each one separately, and ``aside``
    for each that still fails. Return whether any of them reported a change. A lost
    connection, a deadlock or a job timeout is raised, since the whole job is then retried.
    """
    try:
        with connection.begin_nested():
            return act(every)
    except Exception as error:
        _require_its_own_fault(error)
        log.exception("tenant %s: something cannot be counted; it is set aside, and the rest goes on", tenant_id)
    changed = False
    for one in every:
        try:
            with connection.begin_nested():
                changed |= act([one])
        except Exception as error:
            _require_its_own_fault(error)
            changed |= aside(one, error)
    return changed


def _require_its_own_fault(error: Exception) -> None:
    """Re-raise unless the error lies in the counted data or in the counting code; a lost or
    busy database is transient.
    """
    own = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(own, TimeIsUp | psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout):
        raise error


def _recount_what_can_be(connection: Connection, tenant_id: int, registration: uuid.UUID, error: Exception) -> bool:
    """Recount an episode whose statements cannot be counted together: set aside those that
    fail even when counted with nothing but the certification, and count the rest. Statements
    of other systems are excluded first: they must not cost anyone an episode.
    """

    def attempt(without: Mapping[int, str]) -> bool | Exception:
        try:
            with connection.begin_nested():
                return recount(connection, tenant_id, [registration], without)
        except Exception as again:
            _require_its_own_fault(again)
            return again

    own = store.statements_of(connection, tenant_id, [registration], COUNTED_VERB_KEYS)[registration]
    begun = list(outside.readable(own, "certified"))
    theirs = outside.may_count_for(connection, tenant_id, begun, merges.every(connection, tenant_id))
    begins = {one.ord for one in begun}
    every = sorted({one.ord for one in own if one.ord not in begins} | theirs)
    culprits: dict[int, str] = {}
    for ord_ in every:
        failed = attempt({one: "" for one in every if one != ord_})
        if isinstance(failed, Exception):
            culprits[ord_] = f"it {_cannot_be_counted(failed)}"
    for without in (culprits, culprits | dict.fromkeys(theirs, "it cannot be counted with the rest of the person's episode")):
        done = attempt(without)
        if not isinstance(done, Exception):
            return done
        error = done
    reason = f"the statements of this registration {_cannot_be_counted(error)}"
    return _replace(connection, tenant_id, [registration], {"uncountable": [_aside(one.ord, registration, reason) for one in own]})


def _aside(ord_: int, registration: uuid.UUID, reason: str) -> dict[str, Any]:
    return {"registration": registration, "ord": ord_, "reason": reason}


def _cannot_be_counted(error: Exception) -> str:
    """Return the rest of a sentence: why something was set aside. Only the error's type is
    given, since its message may contain what a person said.
    """
    own = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return f"cannot be counted ({type(own).__name__})"


def recount(connection: Connection, tenant_id: int, registrations: Collection[uuid.UUID], without: Mapping[int, str] = _NOTHING) -> bool:
    """Recompute the facts of these episodes from all their statements; return whether that
    changed any. The caller holds their locks.

    ``without``: statements (by ord) to exclude, each with the reason that is recorded.
    """
    if not registrations:
        return False
    ordered = sorted(registrations)
    rows: dict[str, list[dict[str, Any]]] = {"uncountable": []}
    with _no_collecting():
        stored = store.statements_of(connection, tenant_id, ordered, COUNTED_VERB_KEYS)
        same = merges.every(connection, tenant_id)
        known = outside.of_tenant(connection, tenant_id, same)
        for registration in ordered:
            theirs = [read_stored(one) for one in stored.get(registration, []) if one.ord not in without]
            facts = facts_of(registration, theirs, same, known, without)
            aside = facts.uncountable + [(one.ord, without[one.ord]) for one in stored.get(registration, []) if one.ord in without]
            for kind, made in facts.rows.items():
                rows.setdefault(kind, []).extend(made)
            rows["uncountable"] += [_aside(ord_, registration, reason) for ord_, reason in aside]
        return _replace(connection, tenant_id, ordered, rows, known)


def _replace(
    connection: Connection, tenant_id: int, ordered: Sequence[uuid.UUID], rows: Mapping[str, list[dict[str, Any]]], known: Mappings | None = None
) -> bool:
    known = outside.of_tenant(connection, tenant_id, merges.every(connection, tenant_id)) if known is None else known
    if known is NONE:
        return store.replace(connection, tenant_id, ordered, rows)
    before = mappings.places(connection, tenant_id, ordered)
    changed = store.replace(connection, tenant_id, ordered, rows)
    outside.let_others_follow(connection, tenant_id, before ^ mappings.places(connection, tenant_id, ordered), known)
    return changed


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Disable the cyclic garbage collector: statements and rows contain no reference cycles,
    and searching for them took most of the time.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def reconcile(unit_of_work: UnitOfWork, tenant_id: int, progress: Callable[[int, int], None] = lambda done, of: None) -> bool:
    """Recount all of a tenant in batches; return whether a fact changed although nothing was
    pending.

    ``progress`` is called with (episodes done, total episodes).
    """
    with unit_of_work(tenant_id) as connection:
        every = sorted(store.registrations(connection, tenant_id))
    changed = False
    for start in range(0, len(every), REGISTRATIONS_AT_ONCE):
        some = every[start : start + REGISTRATIONS_AT_ONCE]
        with unit_of_work(tenant_id) as connection:
            merges.hold(connection, tenant_id)
            mappings.alone_where_mapped(connection, tenant_id)
            work.lock(connection, tenant_id, some)
            waiting = work.anything(connection, tenant_id)
            differs = _recount_whatever_comes(connection, tenant_id, some)
            # A statement that arrived meanwhile is included in the recount but was not counted
            # before: that difference is no error.
            changed |= differs and not waiting and not work.anything(connection, tenant_id)
        progress(start + len(some), len(every))
    return _reconcile_loose(unit_of_work, tenant_id) or changed


def _reconcile_loose(unit_of_work: UnitOfWork, tenant_id: int) -> bool:
    changed, after = False, 0
    while True:
        with unit_of_work(tenant_id) as connection:
            ords = store.loose_ords(connection, tenant_id, LOOSE_VERB_KEYS | COUNTED_VERB_KEYS, after, ROWS_AT_ONCE)
            if not ords:
                return changed
            merges.hold(connection, tenant_id)
            work.lock(connection, tenant_id, ords)
            waiting = work.anything(connection, tenant_id)
            differs = _recount_loose_whatever_comes(connection, tenant_id, ords)
            changed |= differs and not waiting and not work.anything(connection, tenant_id)
            after = ords[-1]
