"""Old months of statements become files beside the attachments: ids, filters and voids go on in the
database, only the bytes are read from there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from core import clock
from core.advisory_locks import COLD_FILES, COLD_LOCK, try_advisory_lock
from lrs.actions.deps import StoreDeps
from lrs.store import cold_files, payload_table
from lrs.store.cold_files import PayloadRows

log = logging.getLogger(__name__)

MOVING_BATCH_ROWS = 2_000  # of one transaction
_LONGER_THAN_A_MONTH = timedelta(days=32)


def begin_of_kept_months(months: int, now: datetime) -> datetime:
    """The begin of the oldest month that stays in the database beside the one of ``now``."""
    whole = now.year * 12 + now.month - 1 - months
    return datetime(whole // 12, whole % 12 + 1, 1, tzinfo=UTC)


def add_months(deps: StoreDeps) -> None:
    """Make the months in which statements are stored next."""
    with deps.engine.begin() as connection:
        payload_table.add_months(connection)


def archive_months(deps: StoreDeps, tenant_id: int, before: datetime) -> int:
    """Write the statements that were stored before an instant (the begin of a month) into files,
    and those files again of which statements were removed or changed; return how many statements
    became files. Each file is a transaction of its own: what was killed goes on with the next.
    """
    _rewrite_stale_files(deps, tenant_id)
    archived = 0
    while count := _archive_file(deps, tenant_id, before):
        archived += count
    if archived:
        log.info("tenant %s: %s old statements lie in files now", tenant_id, archived)
    return archived


def drop_empty_months(deps: StoreDeps, before: datetime) -> None:
    """Give back the space of months of which every tenant's statements lie in files."""
    with deps.long_engine.begin() as connection:
        payload_table.drop_empty_months(connection, before)


def _may_write_files(connection: Connection) -> bool:
    """One writes them at a time, and none while a backup copies them: the next night does it."""
    return try_advisory_lock(connection, COLD_LOCK, 0, COLD_FILES)


def _archive_file(deps: StoreDeps, tenant_id: int, before: datetime) -> int:
    with deps.long_unit_of_work(tenant_id) as connection:
        if not _may_write_files(connection):
            return 0
        if payload_table.has_unmoved_payloads(connection, tenant_id):
            return 0  # files are written in the order of what is stored
        after = cold_files.find_last_cold_ord(connection, tenant_id)
        month = payload_table.find_oldest_month(connection, tenant_id, after)
        if month is None or month >= before:
            return 0
        following = (month + _LONGER_THAN_A_MONTH).replace(day=1)
        rows = payload_table.take_payloads(connection, tenant_id, after, following)
        file = cold_files.write_cold_file(deps.blobs, tenant_id, rows, cold_files.FULL_BYTES)
        if file is None:
            return 0
        cold_files.insert_cold_file(connection, tenant_id, file)
        return file.statements


def _rewrite_stale_files(deps: StoreDeps, tenant_id: int) -> None:
    after = -(2**63)
    while True:
        with deps.long_unit_of_work(tenant_id) as connection:
            old = (
                cold_files.lock_stale_file(connection, tenant_id, after)
                if _may_write_files(connection)
                else None
            )
            if old is None:
                return

            def folded(sha2: str = old.sha2) -> Iterator[PayloadRows]:
                for rows in cold_files.iter_cold_groups(deps.blobs, tenant_id, sha2):
                    if kept := payload_table.fold_changes(connection, tenant_id, rows):
                        yield kept

            new = cold_files.write_cold_file(deps.blobs, tenant_id, folded())
            cold_files.replace_cold_file(connection, tenant_id, old, new)
        if new is None or new.sha2 != old.sha2:
            deps.blobs.remove(tenant_id, old.sha2)
        after = old.first_ord


def move_payloads(deps: StoreDeps, tenant_id: int) -> int:
    """Move the bytes of a version before into their months, in small transactions while others read
    and write; return of how many statements."""
    moved = 0
    while True:
        with deps.unit_of_work(tenant_id) as connection:
            count = payload_table.move_payloads(connection, tenant_id, MOVING_BATCH_ROWS)
        moved += count
        if count < MOVING_BATCH_ROWS:
            if moved:
                log.info("tenant %s: the bytes of %s statements lie in months", tenant_id, moved)
            return moved


def kept_from(deps: StoreDeps) -> datetime:
    """What was stored before this becomes files."""
    return begin_of_kept_months(deps.settings.months_in_database, clock.now())
