"""Old months of statements become files beside the attachments: ids, filters and voids go on in the
database, only the bytes are read from there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

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
    """Make the months in which statements are stored next, of which there are always two ahead."""
    try:
        with deps.engine.begin() as connection:
            payload_table.add_months(connection)
    except OperationalError as error:
        log.warning("the next months are made later (%s)", type(error.orig).__name__)


def archive_months(
    deps: StoreDeps, tenant_id: int, before: datetime, end: float = float("inf")
) -> int:
    """Write the statements that were stored before an instant (the begin of a month) into files,
    and those files again of which statements were removed or changed; return how many statements
    became files. Each file is a transaction of its own: what was killed, or is not done by ``end``
    (of the monotonic clock), goes on with the next.
    """
    _empty_trash(deps, tenant_id)
    _rewrite_stale_files(deps, tenant_id, end)
    archived = 0
    while time.monotonic() < end and (count := _archive_file(deps, tenant_id, before)):
        archived += count
    if archived:
        log.info("tenant %s: %s old statements lie in files now", tenant_id, archived)
    return archived


def drop_empty_months(deps: StoreDeps, before: datetime) -> None:
    """Give back the space of months of which every tenant's statements lie in files."""
    dropped = True
    while dropped:
        with deps.long_engine.begin() as connection:
            dropped = payload_table.drop_empty_month(connection, before)


def _may_write_files(connection: Connection) -> bool:
    """One writes them at a time, and none while a backup copies them: the next time does it."""
    return try_advisory_lock(connection, COLD_LOCK, 0, COLD_FILES)


def _announce(deps: StoreDeps, tenant_id: int, sha2: str) -> None:
    """In a transaction of its own: what is stored and then not recorded is found again."""
    with deps.long_unit_of_work(tenant_id) as connection:
        cold_files.add_trash(connection, tenant_id, sha2)


def _empty_trash(deps: StoreDeps, tenant_id: int) -> None:
    """Remove the files that nobody needs any more."""
    with deps.long_unit_of_work(tenant_id) as connection:
        if not _may_write_files(connection):
            return
        for sha2, is_recorded in cold_files.list_trash(connection, tenant_id).items():
            if not is_recorded:
                deps.blobs.remove(tenant_id, sha2)
            cold_files.delete_trash(connection, tenant_id, sha2)


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
        announce = partial(_announce, deps, tenant_id)
        file = cold_files.write_cold_file(
            deps.blobs, tenant_id, rows, announce, cold_files.FULL_BYTES
        )
        if file is None:
            return 0
        cold_files.insert_cold_file(connection, tenant_id, file)
        return file.statements


def _rewrite_stale_files(deps: StoreDeps, tenant_id: int, end: float) -> None:
    after = -(2**63)
    while time.monotonic() < end:
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

            announce = partial(_announce, deps, tenant_id)
            new = cold_files.write_cold_file(deps.blobs, tenant_id, folded(), announce)
            cold_files.replace_cold_file(connection, tenant_id, old, new)
            cold_files.add_trash(connection, tenant_id, old.sha2)
        _empty_trash(deps, tenant_id)
        after = old.first_ord


def move_payloads(deps: StoreDeps, tenant_id: int, end: float = float("inf")) -> None:
    """Move the bytes of a version before into their months, in small transactions while others read
    and write, until ``end`` (of the monotonic clock)."""
    count = MOVING_BATCH_ROWS
    while count == MOVING_BATCH_ROWS and time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            count = payload_table.move_payloads(connection, tenant_id, MOVING_BATCH_ROWS)


def kept_from(deps: StoreDeps) -> datetime:
    """What was stored before this becomes files."""
    return begin_of_kept_months(deps.settings.months_in_database, clock.now())
