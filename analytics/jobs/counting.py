"""The counting job: claims rows of ``uncounted`` and recomputes the facts of their episodes,
in one transaction.
"""

from __future__ import annotations

import gc
import logging
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from analytics.actions import removals
from analytics.deps import AnalyticsDeps
from analytics.facts import derive_facts, standalone_facts
from analytics.facts.external import NO_MAPPINGS, ActivityMappings
from analytics.facts.statement_view import COUNTED_VERB_KEYS, STANDALONE_VERB_KEYS
from analytics.jobs import external_activity
from analytics.jobs.external_activity import parse_stored
from analytics.store import activity_mappings, person_merges, unwanted
from analytics.store import facts as store
from analytics.store.fact_rows import FactRows, UncountableFact
from analytics.store.tables import NO_EPISODE
from core.database import UnitOfWork
from lrs import feed
from lrs.vocabulary import VerbName

log = logging.getLogger(__name__)

_Key = TypeVar("_Key", uuid.UUID, int)
_NO_EXCLUSIONS: Mapping[int, str] = {}
# keeps a transaction well under a second, its locks few, and leaves some for the other workers
COUNT_BATCH_ROWS = 1_000
BATCH_REGISTRATIONS = 200


def count_all_tenants(deps: AnalyticsDeps) -> int:
    """Count everything that is pending, tenant by tenant; return the number of rows claimed.
    A tenant whose counting fails does not hold up the others, and a removal that fails does not
    hold up its tenant's counting: errors are raised once all tenants have been processed.
    """
    total, trouble = 0, list[Exception]()
    for tenant_id in feed.list_tenants_with_work(deps.engine):
        for step in (
            partial(removals.consume_removals, deps, tenant_id=tenant_id),
            partial(_count_tenant, deps.unit_of_work, tenant_id),
        ):
            try:
                total += step()
            except Exception as error:
                log.exception("tenant %s: counting failed; it is tried again", tenant_id)
                trouble.append(error)
    if trouble:
        raise trouble[0]
    return total


def _count_tenant(unit_of_work: UnitOfWork, tenant_id: int) -> int:
    total = 0
    while True:
        with unit_of_work(tenant_id) as connection:
            settled = feed.settle_late_refs(connection, tenant_id, BATCH_REGISTRATIONS)
        with unit_of_work(tenant_id) as connection:
            person_merges.lock_merges_shared(connection, tenant_id)
            mapped = activity_mappings.lock_if_mapped(connection, tenant_id)
            claim = feed.claim_counting_work(
                connection, tenant_id, COUNT_BATCH_ROWS, BATCH_REGISTRATIONS
            )
            touched = [*claim.lines, *feed.list_voided_ords(connection, tenant_id, claim.lines)]
            unwanted.mark_days(connection, tenant_id, touched)
            _recount_isolated(connection, tenant_id, claim.registrations)
            _recount_loose_isolated(connection, tenant_id, claim.loose)
            if mapped:
                _mark_borrowers_isolated(connection, tenant_id, claim.lines)
        total += claim.taken
        if not claim.taken and not settled:
            return total


def recount_loose_statements(connection: Connection, tenant_id: int, ords: Sequence[int]) -> bool:
    """Recompute the facts of these statements outside any episode; return whether that
    changed any.
    """
    if not ords:
        return False
    same = person_merges.load_merge_map(connection, tenant_id)
    rows = FactRows()
    for stored in feed.list_loose_statements(connection, tenant_id, ords):
        rows.extend(standalone_facts(parse_stored(stored), same))
    return store.replace_loose_facts(connection, tenant_id, ords, rows)


def _recount_loose_isolated(connection: Connection, tenant_id: int, ords: Sequence[int]) -> bool:
    """Recount statements outside any episode; one that cannot be counted, for whatever
    reason, is set aside with that reason.
    """

    def set_aside(ord_: int, error: Exception) -> bool:
        return store.replace_loose_facts(
            connection,
            tenant_id,
            [ord_],
            FactRows(
                uncountable=[UncountableFact(ord_, NO_EPISODE, f"it {_failure_reason(error)}")]
            ),
        )

    return _run_isolated(
        connection,
        tenant_id,
        ords,
        lambda batch: recount_loose_statements(connection, tenant_id, batch),
        set_aside,
    )


def _mark_borrowers_isolated(connection: Connection, tenant_id: int, ords: Sequence[int]) -> None:
    """Mark the episodes for recount to which statements of other systems contribute; a
    statement that raises an error affects no other.
    """

    def mark_episodes(batch: Sequence[int]) -> bool:
        external_activity.mark_borrowers(
            connection, tenant_id, batch, person_merges.load_merge_map(connection, tenant_id)
        )
        return False

    _run_isolated(connection, tenant_id, ords, mark_episodes, lambda _ord, _error: False)


def _recount_isolated(
    connection: Connection, tenant_id: int, registrations: Collection[uuid.UUID]
) -> bool:
    """Recount episodes; of one that cannot be counted as a whole, set aside the offending
    statements. Return whether a fact changed.

    The caller holds their locks: if they were taken inside the savepoint, rolling back to it
    would release them.
    """

    def recount_countable(registration: uuid.UUID, error: Exception) -> bool:
        return _recount_excluding_bad(connection, tenant_id, registration, error)

    return _run_isolated(
        connection,
        tenant_id,
        sorted(registrations),
        lambda batch: recount_episodes(connection, tenant_id, batch),
        recount_countable,
    )


def _run_isolated(
    connection: Connection,
    tenant_id: int,
    keys: Sequence[_Key],
    act: Callable[[Sequence[_Key]], bool],
    aside: Callable[[_Key, Exception], bool],
) -> bool:
    """Run ``act`` on all items at once; if that fails, on each one separately, and ``aside``
    for each that still fails. Return whether any of them reported a change. A lost
    connection, a deadlock or a job timeout is raised, since the whole job is then retried.
    """
    try:
        with connection.begin_nested():
            return act(keys)
    except Exception as error:
        _reraise_transient(error)
        log.exception(
            "tenant %s: something cannot be counted; it is set aside, and the rest goes on",
            tenant_id,
        )
    changed = False
    for item in keys:
        try:
            with connection.begin_nested():
                changed |= act([item])
        except Exception as error:
            _reraise_transient(error)
            changed |= aside(item, error)
    return changed


def _reraise_transient(error: Exception) -> None:
    """Re-raise unless the error lies in the counted data or in the counting code; a lost or
    busy database is transient.
    """
    own = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(own, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout):
        raise error


def _recount_excluding_bad(
    connection: Connection, tenant_id: int, registration: uuid.UUID, error: Exception
) -> bool:
    """Recount an episode whose statements cannot be counted together: set aside those that
    fail even when counted with nothing but the certification, and count the rest. Statements
    of other systems are excluded first: they must not cost anyone an episode.
    """

    def try_recount(without: Mapping[int, str]) -> bool | Exception:
        try:
            with connection.begin_nested():
                return recount_episodes(connection, tenant_id, [registration], without)
        except Exception as again:
            _reraise_transient(again)
            return again

    own = feed.list_episode_statements(connection, tenant_id, [registration], COUNTED_VERB_KEYS)[
        registration
    ]
    begun = list(external_activity.readable_statements(own, VerbName.CERTIFIED))
    related = external_activity.external_ords_for(
        connection, tenant_id, begun, person_merges.load_merge_map(connection, tenant_id)
    )
    begins = {item.ord for item in begun}
    ords = sorted({item.ord for item in own if item.ord not in begins} | related)
    culprits: dict[int, str] = {}
    for ord_ in ords:
        failed = try_recount({item: "" for item in ords if item != ord_})
        if isinstance(failed, Exception):
            culprits[ord_] = f"it {_failure_reason(failed)}"
    for without in (
        culprits,
        culprits
        | dict.fromkeys(related, "it cannot be counted with the rest of the person's episode"),
    ):
        done = try_recount(without)
        if not isinstance(done, Exception):
            return done
        error = done
    reason = f"the statements of this registration {_failure_reason(error)}"
    return _replace_facts(
        connection,
        tenant_id,
        [registration],
        FactRows(uncountable=[UncountableFact(item.ord, registration, reason) for item in own]),
    )


def _failure_reason(error: Exception) -> str:
    """Return the rest of a sentence: why something was set aside. Only the error's type is
    given, since its message may contain what a person said.
    """
    own = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return f"{store.FAILURE_WORDS}{type(own).__name__})"


def recount_episodes(
    connection: Connection,
    tenant_id: int,
    registrations: Collection[uuid.UUID],
    without: Mapping[int, str] = _NO_EXCLUSIONS,
) -> bool:
    """Recompute the facts of these episodes from all their statements; return whether that
    changed any. The caller holds their locks.

    ``without``: statements (by ord) to exclude, each with the reason that is recorded.
    """
    if not registrations:
        return False
    ordered = sorted(registrations)
    rows = FactRows()
    with _gc_disabled():
        stored = feed.list_episode_statements(connection, tenant_id, ordered, COUNTED_VERB_KEYS)
        same = person_merges.load_merge_map(connection, tenant_id)
        known = external_activity.tenant_mappings(connection, tenant_id, same)
        for registration in ordered:
            related = [
                parse_stored(item)
                for item in stored.get(registration, [])
                if item.ord not in without
            ]
            rows.extend(derive_facts(registration, related, same, known, without))
            rows.uncountable += [
                UncountableFact(item.ord, registration, without[item.ord])
                for item in stored.get(registration, [])
                if item.ord in without
            ]
        # Of a registration that is an episode now, or none any more, no statement is as wanted as
        # it was.
        begun = {row.registration for row in rows.episodes}
        for registration in begun ^ store.filter_episodes(connection, tenant_id, ordered):
            unwanted.mark_days(
                connection, tenant_id, (item.ord for item in stored.get(registration, []))
            )
        return _replace_facts(connection, tenant_id, ordered, rows, known)


def _replace_facts(
    connection: Connection,
    tenant_id: int,
    ordered: Sequence[uuid.UUID],
    rows: FactRows,
    known: ActivityMappings | None = None,
) -> bool:
    known = (
        external_activity.tenant_mappings(
            connection, tenant_id, person_merges.load_merge_map(connection, tenant_id)
        )
        if known is None
        else known
    )
    if known is NO_MAPPINGS:
        return store.replace_episode_facts(connection, tenant_id, ordered, rows)
    before = activity_mappings.find_episode_keys(connection, tenant_id, ordered)
    changed = store.replace_episode_facts(connection, tenant_id, ordered, rows)
    external_activity.mark_sibling_episodes(
        connection,
        tenant_id,
        before ^ activity_mappings.find_episode_keys(connection, tenant_id, ordered),
        known,
    )
    return changed


@contextmanager
def _gc_disabled() -> Iterator[None]:
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


def reconcile_tenant(
    unit_of_work: UnitOfWork,
    tenant_id: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> bool:
    """Recount all of a tenant in batches; return whether a fact changed although nothing was
    pending.

    ``progress`` is called with (episodes done, total episodes).
    """
    with unit_of_work(tenant_id) as connection:
        registrations = sorted(store.list_registrations(connection, tenant_id))
    changed = False
    for start in range(0, len(registrations), BATCH_REGISTRATIONS):
        batch = registrations[start : start + BATCH_REGISTRATIONS]
        with unit_of_work(tenant_id) as connection:
            person_merges.lock_merges_shared(connection, tenant_id)
            activity_mappings.lock_if_mapped(connection, tenant_id)
            feed.lock_countables(connection, tenant_id, batch)
            waiting = feed.has_work(connection, tenant_id)
            differs = _recount_isolated(connection, tenant_id, batch)
            # A statement that arrived meanwhile is included in the recount but was not counted
            # before: that difference is no error.
            changed |= differs and not waiting and not feed.has_work(connection, tenant_id)
        progress(start + len(batch), len(registrations))
    return _reconcile_loose_statements(unit_of_work, tenant_id) or changed


def _reconcile_loose_statements(unit_of_work: UnitOfWork, tenant_id: int) -> bool:
    changed, after = False, 0
    while True:
        with unit_of_work(tenant_id) as connection:
            ords = feed.list_loose_ords(
                connection,
                tenant_id,
                STANDALONE_VERB_KEYS | COUNTED_VERB_KEYS,
                after,
                COUNT_BATCH_ROWS,
            )
            if not ords:
                return changed
            person_merges.lock_merges_shared(connection, tenant_id)
            feed.lock_countables(connection, tenant_id, ords)
            waiting = feed.has_work(connection, tenant_id)
            differs = _recount_loose_isolated(connection, tenant_id, ords)
            changed |= differs and not waiting and not feed.has_work(connection, tenant_id)
            after = ords[-1]
