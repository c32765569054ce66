"""The bytes of old statements as Parquet files in the blob store: columns ``ord`` and ``statement``
(JSON), in the order of ``ord``, in row groups of which few are read for a page.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import duckdb
import msgspec
from arro3.core import Array, DataType, Field, RecordBatch, Schema
from sqlalchemy import Connection, delete, exists, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.blob_store import BlobStore
from core.database import blobs_of
from core.errors import Unavailable
from core.parquet import write_batches
from lrs.store.tables import cold_file, cold_trash

log = logging.getLogger(__name__)

GROUP_ROWS = 1_000
# What is still in the writer's hands when a file has this size ends it below 64 MB.
FULL_BYTES = 56_000_000
_READER_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,  # a page reads one or two row groups
    "memory_limit": "256MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_ATTEMPTS = 3  # a file that was rewritten while somebody looked for it has another address
_SCHEMA = Schema([Field("ord", DataType.int64()), Field("statement", DataType.string())])
_FILES_OF = text(
    """
    SELECT f.sha2, array_agg(o.ord) AS ords FROM unnest(CAST(:ords AS bigint[])) AS o(ord)
    CROSS JOIN LATERAL (SELECT c.sha2, c.last_ord FROM lrs.cold_file c
      WHERE c.tenant_id = :tenant AND c.first_ord <= o.ord ORDER BY c.first_ord DESC LIMIT 1) f
    WHERE o.ord <= f.last_ord GROUP BY f.sha2
    """
)
# Also where a file is stale already: whoever rewrites it now may have read past these statements.
_MARK_STALE = text(
    """
    WITH held AS MATERIALIZED (
      SELECT c.first_ord FROM lrs.cold_file c WHERE c.tenant_id = :tenant
        AND EXISTS (SELECT FROM unnest(CAST(:ords AS bigint[])) AS o(ord)
          WHERE o.ord BETWEEN c.first_ord AND c.last_ord)
      ORDER BY c.first_ord FOR UPDATE
    )
    UPDATE lrs.cold_file c SET stale = true FROM held
    WHERE c.tenant_id = :tenant AND c.first_ord = held.first_ord
    """
)

PayloadRows = Sequence[tuple[int, bytes]]


class ColdFile(msgspec.Struct, frozen=True):
    """A file: the first and the last ``ord`` that it answers for, its address, how many statements
    it holds."""

    first_ord: int
    last_ord: int
    sha2: str
    statements: int


def find_cold_payloads(
    connection: Connection, tenant_id: int, ords: Sequence[int]
) -> dict[int, bytes]:
    """The bytes of those of these statements that lie in files.

    Raises Unavailable where a file cannot be read.
    """
    blobs = blobs_of(connection)
    for _ in range(_ATTEMPTS):
        files = connection.execute(_FILES_OF, {"tenant": tenant_id, "ords": list(ords)}).all()
        try:
            return {
                ord_: payload
                for sha2, wanted in files
                for ord_, payload in _read_rows(blobs, tenant_id, sha2, wanted)
            }
        except duckdb.Error as error:
            if all(blobs.exists(tenant_id, sha2) for sha2, _ in files):
                log.exception("a file of old statements cannot be read")
                raise Unavailable(
                    "A file of old statements cannot be read; the log of the server says why."
                ) from error
    raise Unavailable(
        f"The file {', '.join(sha2 for sha2, _ in files)} with old statements is not where "
        "CARRYOVER_ATTACHMENTS_URL points; put it back, or restore it from a backup."
    )


def iter_cold_groups(blobs: BlobStore, tenant_id: int, sha2: str) -> Iterator[PayloadRows]:
    """Yield all of a file, some statements at a time, in order."""
    reader = _reader(blobs)
    found = reader.execute(
        "SELECT ord, statement FROM read_parquet(?)", [blobs.address_of(tenant_id, sha2)]
    )
    while rows := found.fetchmany(GROUP_ROWS):
        yield [(ord_, payload.encode()) for ord_, payload in rows]


def write_cold_file(
    blobs: BlobStore,
    tenant_id: int,
    groups: Iterable[PayloadRows],
    announce: Callable[[str], None],
    full_bytes: int | None = None,
) -> ColdFile | None:
    """Write a file of these statements and store it; None if there were none. Its address is
    announced before. With ``full_bytes`` it asks for no more statements once the file is that
    large."""
    first = last = None
    statements = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "statements.parquet"

        def batches() -> Iterator[RecordBatch]:
            nonlocal first, last, statements
            for rows in groups:
                first = rows[0][0] if first is None else first
                last, statements = rows[-1][0], statements + len(rows)
                yield RecordBatch(
                    [
                        Array([ord_ for ord_, _ in rows], type=DataType.int64()),
                        Array([payload.decode() for _, payload in rows], type=DataType.string()),
                    ],
                    schema=_SCHEMA,
                )
                if full_bytes is not None and path.stat().st_size > full_bytes:
                    return

        write_batches(path, _SCHEMA, batches(), GROUP_ROWS)
        if first is None or last is None:
            return None
        return ColdFile(first, last, _store(blobs, tenant_id, path, announce), statements)


def _store(blobs: BlobStore, tenant_id: int, path: Path, announce: Callable[[str], None]) -> str:
    with path.open("rb") as read:
        sha2 = hashlib.file_digest(read, "sha256").hexdigest()
    announce(sha2)
    blobs.store_file(tenant_id, sha2, path)
    return sha2


def insert_cold_file(connection: Connection, tenant_id: int, file: ColdFile) -> None:
    """Record a file."""
    connection.execute(
        insert(cold_file).values(tenant_id=tenant_id, **msgspec.structs.asdict(file))
    )


def replace_cold_file(
    connection: Connection, tenant_id: int, old: ColdFile, new: ColdFile | None
) -> None:
    """Record that a file was rewritten; it answers for the same statements as before."""
    place = (cold_file.c.tenant_id == tenant_id, cold_file.c.first_ord == old.first_ord)
    if new is None:
        connection.execute(delete(cold_file).where(*place))
        return
    connection.execute(
        update(cold_file)
        .where(*place)
        .values(sha2=new.sha2, statements=new.statements, stale=False)
    )


def add_trash(connection: Connection, tenant_id: int, sha2: str) -> None:
    """Record that there is, or will be, a file at an address: it is removed unless it is recorded
    as a file."""
    row = upsert(cold_trash).values(tenant_id=tenant_id, sha2=sha2)
    connection.execute(row.on_conflict_do_nothing())


def list_trash(connection: Connection, tenant_id: int) -> dict[str, bool]:
    """Addresses, each with whether a file is recorded with it after all."""
    c, t = cold_file.c, cold_trash.c
    recorded = exists().where(c.tenant_id == t.tenant_id, c.sha2 == t.sha2)
    query = select(t.sha2, recorded).where(t.tenant_id == tenant_id)
    return {sha2: bool(is_recorded) for sha2, is_recorded in connection.execute(query)}


def delete_trash(connection: Connection, tenant_id: int, sha2: str) -> None:
    """Forget an address."""
    t = cold_trash.c
    connection.execute(delete(cold_trash).where(t.tenant_id == tenant_id, t.sha2 == sha2))


def find_last_cold_ord(connection: Connection, tenant_id: int) -> int | None:
    """The last ``ord`` for which files answer."""
    query = select(func.max(cold_file.c.last_ord)).where(cold_file.c.tenant_id == tenant_id)
    return connection.execute(query).scalar()


def lock_stale_file(connection: Connection, tenant_id: int, after: int) -> ColdFile | None:
    """The first file after an ``ord`` of which statements were removed or changed; until the
    transaction ends, whoever removes more waits."""
    c = cold_file.c
    query = select(c.first_ord, c.last_ord, c.sha2, c.statements).where(
        c.tenant_id == tenant_id, c.stale, c.first_ord > after
    )
    row = connection.execute(query.order_by(c.first_ord).limit(1).with_for_update()).first()
    return ColdFile(*row) if row else None


def mark_stale(connection: Connection, tenant_id: int, ords: Sequence[int]) -> None:
    """These statements were removed or changed: the files that hold them are to be rewritten."""
    connection.execute(_MARK_STALE, {"tenant": tenant_id, "ords": list(ords)})


def _read_rows(
    blobs: BlobStore, tenant_id: int, sha2: str, ords: Sequence[int]
) -> list[tuple[int, bytes]]:
    # Literals, because row groups are chosen before parameters are known.
    wanted = ", ".join(str(int(ord_)) for ord_ in ords)
    found = _reader(blobs).execute(
        f"SELECT ord, statement FROM read_parquet(?) WHERE ord IN ({wanted})",  # noqa: S608 - whole numbers
        [blobs.address_of(tenant_id, sha2)],
    )
    return [(ord_, payload.encode()) for ord_, payload in found.fetchall()]


def _reader(blobs: BlobStore) -> duckdb.DuckDBPyConnection:
    """A connection of its own to this process' reader: a fork gets another one."""
    with _registration_lock:
        reader = _make_reader(os.getpid()).cursor()
        if blobs.remote is not None:
            names = blobs.remote.protocol
            if not reader.filesystem_is_registered(names if isinstance(names, str) else names[0]):
                reader.register_filesystem(blobs.remote)
    return reader


_registration_lock = threading.Lock()


@lru_cache(maxsize=1)
def _make_reader(process: int) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config=_READER_SETTINGS)
