"""The counting job: claims lines of ``uncounted`` and makes the facts of their episodes anew, in one transaction."""

from __future__ import annotations

import gc
import logging
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as refusals
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from lrs.ground.database import UnitOfWork
from lrs.ground.queue import TimeIsUp
from lrs.jobs import outside
from lrs.jobs.outside import read_stored
from lrs.metrics.facts import Facts, facts_of, loose_facts
from lrs.metrics.facts.outside import NONE, Mappings
from lrs.metrics.facts.reading import COUNTED_VERB_KEYS, LOOSE_VERB_KEYS
from lrs.store import facts as store
from lrs.store import mappings, merges, references, work
from lrs.store.statements import Stored

log = logging.getLogger(__name__)

# A value that does not fit, a row twice, an index row that is too long.
REFUSALS = (refusals.DataError, refusals.IntegrityError, refusals.ProgramLimitExceeded)
ROWS_AT_ONCE = 1_000  # keeps a transaction well under a second, its locks few, and leaves something for the other workers
REGISTRATIONS_AT_ONCE = 200


def count(engine: Engine, unit_of_work: UnitOfWork) -> int:
    """Count everything that waits, tenant by tenant; gives the number of lines taken. One tenant's trouble holds no other up: it is raised
    once all have had their turn."""
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
            recount_loose(connection, tenant_id, claim.loose)
            if mapped:
                outside.touch(connection, tenant_id, claim.lines, merges.every(connection, tenant_id))
        total += claim.taken
        if not claim.taken and not settled:
            return total


def recount_loose(connection: Connection, tenant_id: int, ords: Sequence[int]) -> bool:
    """Make the facts of these statements of no episode anew; whether that changed any."""
    if not ords:
        return False
    same = merges.every(connection, tenant_id)
    rows: dict[str, list[dict[str, Any]]] = {"presences": [], "ratings": [], "uncountable": []}
    for stored in store.loose_statements(connection, tenant_id, ords):
        for kind, made in loose_facts(read_stored(stored), same).items():
            rows[kind] += made
    return store.replace_loose(connection, tenant_id, ords, rows)


def _recount_whatever_comes(connection: Connection, tenant_id: int, registrations: Collection[uuid.UUID]) -> bool:
    """Recount all; when the database refuses a row, one by one, and the episode that it belongs to is set aside. Whether a fact changed.
    The caller holds their locks: taken inside the savepoint, rolling back to it would give them back.
    """
    try:
        with connection.begin_nested():
            return recount(connection, tenant_id, registrations)
    except (DBAPIError, psycopg.Error) as error:
        _require_refusal(error)
        log.exception("tenant %s: facts were refused; their episodes are counted one by one", tenant_id)
    changed = False
    for registration in sorted(registrations):
        try:
            with connection.begin_nested():
                changed |= recount(connection, tenant_id, [registration])
        except (DBAPIError, psycopg.Error) as error:
            reason = f"the facts of this registration cannot be stored ({type(_require_refusal(error)).__name__})"
            stored = store.statements_of(connection, tenant_id, [registration], COUNTED_VERB_KEYS)[registration]
            set_aside = [{"registration": registration, "ord": one.ord, "reason": reason} for one in stored]
            changed |= _replace(connection, tenant_id, [registration], {"uncountable": set_aside})
    return changed


def _require_refusal(error: DBAPIError | psycopg.Error) -> BaseException | None:
    """The driver's own error. Go on only where the database refused a row; a lost connection or a deadlock is tried again as a whole."""
    own = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(own, REFUSALS):
        raise error
    return own


def recount(connection: Connection, tenant_id: int, registrations: Collection[uuid.UUID]) -> bool:
    """Make the facts of these episodes anew from all their statements; whether that changed any. The caller holds their locks."""
    if not registrations:
        return False
    ordered = sorted(registrations)
    rows: dict[str, list[dict[str, Any]]] = {"uncountable": []}
    with _no_collecting():
        stored = store.statements_of(connection, tenant_id, ordered, COUNTED_VERB_KEYS)
        same = merges.every(connection, tenant_id)
        known = outside.of_tenant(connection, tenant_id, same)
        _make(ordered, stored, same, known, rows)
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
    """Statements and rows hold no circles, and there are so many of them that looking for circles took most of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _make(
    ordered: Sequence[uuid.UUID],
    stored: Mapping[uuid.UUID, list[Stored]],
    same: Mapping[int, int],
    known: Mappings,
    rows: dict[str, list[dict[str, Any]]],
) -> None:
    for registration in ordered:
        facts = _facts(registration, stored.get(registration, []), same, known)
        for kind, made in facts.rows.items():
            rows.setdefault(kind, []).extend(made)
        rows["uncountable"] += [{"registration": registration, "ord": ord_, "reason": reason} for ord_, reason in facts.uncountable]


def _facts(registration: uuid.UUID, stored: list[Stored], same: Mapping[int, int], known: Mappings) -> Facts:
    try:
        return facts_of(registration, [read_stored(one) for one in stored], same, known)
    except DBAPIError:
        raise  # what other systems said could not be read: that is not the episode's fault
    except Exception as error:
        # One episode that breaks our expectations blocks no other: it is set aside with its reason.
        log.exception("the statements of registration %s cannot be counted", registration)
        reason = f"the statements of this registration cannot be read together ({type(error).__name__})"
        return Facts(uncountable=[(one.ord, reason) for one in stored])


def reconcile(unit_of_work: UnitOfWork, tenant_id: int, progress: Callable[[int, int], None] = lambda done, of: None) -> bool:
    """Recount all of a tenant, some at a time; whether a fact changed although nothing waited to be counted.

    ``progress`` is told (episodes done, episodes in all).
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
            # What came meanwhile was seen by the recount and by nothing before it: that is no fault.
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
            differs = recount_loose(connection, tenant_id, ords)
            changed |= differs and not waiting and not work.anything(connection, tenant_id)
            after = ords[-1]
