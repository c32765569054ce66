"""Parquet files as another library reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from analytics.jobs.export_files import DATE, TIMESTAMP, _write_parquet
from core.queue import JobTimedOut

COLUMNS = {
    "text": "string",
    "big": "int64",
    "middle": "int32",
    "small": "int16",
    "share": "double",
    "yes": "bool",
    "day": DATE,
    "at": TIMESTAMP,
}
EXTREMES = [
    {
        "text": "=1+1 \u0000 \U0001f600",
        "big": -(2**63),
        "middle": 2**31 - 1,
        "small": -(2**15),
        "share": 1,
        "yes": False,
        "day": date(1, 1, 1),
        "at": datetime(1, 1, 1, tzinfo=UTC),
    },
    {
        "text": "",
        "big": 0,
        "middle": 0,
        "small": 0,
        "share": 5e-324,
        "yes": True,
        "day": date(9999, 12, 31),
        "at": datetime(2026, 3, 29, 3, 0, 0, 123_457, tzinfo=timezone(timedelta(hours=2))),
    },
    dict.fromkeys(COLUMNS),
    {
        **dict.fromkeys(COLUMNS),
        "share": 0.1,
        "day": date(1970, 1, 1),
        "at": datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    },
]


def test_every_type_and_its_extremes_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    _write_parquet(path, COLUMNS, iter([EXTREMES[:3], EXTREMES[3:]]))
    table = parquet.read_table(path)
    assert [str(field.type) for field in table.schema] == list(COLUMNS.values())
    assert table.to_pylist() == EXTREMES
    assert parquet.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"
    assert table.equals(pa.Table.from_pylist(EXTREMES, table.schema))


def test_a_file_without_rows_has_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    _write_parquet(path, COLUMNS, iter([]))
    assert parquet.read_table(path).schema.names == list(COLUMNS)


@pytest.mark.parametrize("error", [JobTimedOut("enough"), ValueError("no")])
def test_what_ends_the_rows_keeps_its_kind(tmp_path: Path, error: BaseException) -> None:
    """A job that has had its time ends; it is no file that cannot be made."""

    def rows() -> Iterator[Sequence[Mapping[str, Any]]]:
        yield EXTREMES
        raise error

    with pytest.raises(type(error)) as ended:
        _write_parquet(tmp_path / "x.parquet", COLUMNS, rows())
    assert ended.value is error


def test_a_million_rows_are_written_in_pieces(tmp_path: Path) -> None:
    """What waits in memory is a row group, not the file."""
    path, asked = tmp_path / "x.parquet", []

    def rows() -> Iterator[Sequence[Mapping[str, Any]]]:
        for number in range(220):
            asked.append(path.stat().st_size)
            yield [{"big": number * 5_000 + one} for one in range(5_000)]

    _write_parquet(path, {"big": "int64"}, rows())
    assert parquet.ParquetFile(path).metadata.num_rows == 1_100_000
    assert max(asked) > 0, "the file had grown before its last rows were made"
