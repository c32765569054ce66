"""Writing Parquet: one row group after another, compressed by zstd, so that no table is whole in
memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from arro3.core import RecordBatch, RecordBatchReader, Schema
from arro3.io import write_parquet

_COMPRESSION = "zstd(3)"


def write_batches(
    path: Path, schema: Schema, batches: Iterable[RecordBatch], group_rows: int | None = None
) -> None:
    """Write the batches; ``group_rows``: how many rows a row group has at most.

    Raises what the batches raise: the library passes on the text of an error alone.
    """
    failures: list[BaseException] = []

    def watched() -> Iterator[RecordBatch]:
        try:
            yield from batches
        except BaseException as error:
            failures.append(error)
            raise

    try:
        write_parquet(
            RecordBatchReader.from_batches(schema, watched()),
            path,
            compression=_COMPRESSION,
            max_row_group_size=group_rows,
        )
    except Exception:
        if failures:
            raise failures[0] from None
        raise
