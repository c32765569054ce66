"""Build the requested export files: a ZIP with one table per kind of row, CSV or Parquet,
and a manifest that describes the contents.
"""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from arro3.core import Array, DataType, Field, RecordBatch, Schema
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    SmallInteger,
    Table,
    func,
    select,
)

from analytics.catalogue import CATALOGUE, DETAILS
from analytics.definitions import Scope
from analytics.deps import AnalyticsDeps
from analytics.reports import cache, pictures
from analytics.reports.context import ReportRequest
from analytics.reports.figures import counted_up_to
from analytics.reports.metric_values import MetricValue
from analytics.reports.published_weeks import load_week_figures
from analytics.reports.registry import REPORT_BUILDERS
from analytics.store import exports
from analytics.store import tables as store_tables
from analytics.store.exports import Export
from analytics.store.published import MONTH
from analytics.weekly_series import WEEKLY_SERIES
from core import clock
from core.advisory_locks import EXPORT_LOCK, try_advisory_lock
from core.clock import format_instant
from core.csv_cells import escape_formula
from core.parquet import write_batches
from lrs import feed

log = logging.getLogger(__name__)

EXPORT_LIFETIME = timedelta(days=7)
MAX_ATTEMPTS = 3
EXPORT_BATCH_ROWS = 5_000
MAX_FILE_BYTES = 10 * 1024**3  # bytes; larger extracts must use SQL access

# Tables of individual-level rows, by file name.
_INDIVIDUAL_TABLES: Mapping[str, Table] = {
    "episodes": store_tables.fact_episode,
    "checks": store_tables.fact_check,
    "answers": store_tables.fact_recall,
    "competencies": store_tables.fact_competency,
    "uses": store_tables.fact_use,
    "activities": store_tables.fact_activity,
    "ratings": store_tables.fact_rating,
}
_VALUE_COLUMNS = {
    **dict.fromkeys(
        ("metric", "label", "part", "part_label", "unit", "programme", "dimension", "member"),
        "string",
    ),
    "version": "int64",
    **dict.fromkeys(
        ("numerator", "denominator", "value", "ci_low", "ci_high", "confidence"), "double"
    ),
    "learners": "int64",
    "suppressed": "bool",
    **dict.fromkeys(("reason", "flags", "status", "waits_until"), "string"),
    "day": "int64",
    **dict.fromkeys(("watermark", "computed_at"), "string"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
TIMESTAMP, DATE = "timestamp[us, tz=UTC]", "date32[day]"
# Type of a column in the manifest → how Arrow keeps it; instants and days go in as numbers.
_ARROW_TYPES: Mapping[str, DataType] = {
    "string": DataType.string(),
    "int64": DataType.int64(),
    "int32": DataType.int32(),
    "int16": DataType.int16(),
    "double": DataType.float64(),
    "bool": DataType.bool(),
    DATE: DataType.date32(),
    TIMESTAMP: DataType.timestamp("us", tz="UTC"),
}
_COLUMN_TYPES = (
    (BigInteger, "int64"),
    (SmallInteger, "int16"),
    (Integer, "int32"),
    (Float, "double"),
    (Boolean, "bool"),
    (Date, DATE),
    (DateTime, TIMESTAMP),
)
RowBatches = Iterator[Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class _Dataset:
    name: str
    columns: Mapping[str, str]  # name → type
    rows: RowBatches


def build_exports(deps: AnalyticsDeps, tenant_id: int) -> int:
    """Build the pending exports; return how many. One that fails records its reason and does
    not hold up the others.
    """
    with deps.unit_of_work(tenant_id) as connection:
        waiting = exports.list_pending_exports(connection, tenant_id)
    return sum(_build_export(deps, tenant_id, item) for item in waiting)


def _build_export(deps: AnalyticsDeps, tenant_id: int, export: Export) -> bool:
    with deps.long_unit_of_work(tenant_id) as connection:
        # While a removal has not been counted yet, rows of an erased person are still there.
        if not try_advisory_lock(connection, EXPORT_LOCK, tenant_id, export.export_id) or (
            export.individual and feed.has_pending_episodes(connection, tenant_id)
        ):
            return False
        # Separate transaction: the attempt stays recorded even if this process is killed.
        with deps.unit_of_work(tenant_id) as apart:
            tried = exports.start_export_attempt(apart, tenant_id, export.export_id)
        if tried is None or (
            export.individual and feed.has_pending_episodes(connection, tenant_id)
        ):
            return False
        if tried >= MAX_ATTEMPTS:
            outcome: dict[str, Any] = {
                "failed": f"it took too long {MAX_ATTEMPTS} times; ask for a part of it by SQL "
                "or by /api/v1."
            }
        else:
            try:
                with connection.begin_nested():
                    outcome = _write_archive(deps, connection, tenant_id, export)
            except Exception as error:
                log.exception("tenant %s: export %s cannot be made", tenant_id, export.export_id)
                outcome = {
                    "failed": f"something went wrong while it was made ({type(error).__name__})."
                }
        ended = {**outcome, "finished_at": clock.now(), "expires_at": clock.now() + EXPORT_LIFETIME}
        if exports.finish_export(connection, tenant_id, export.export_id, ended):
            return True
    if "sha2" in outcome:
        deps.exports.remove(tenant_id, outcome["sha2"])
    return False


def _save_progress(
    deps: AnalyticsDeps, tenant_id: int, export: Export, values: Mapping[str, Any]
) -> None:
    """Save progress in a separate transaction, so that a client polling the export sees it."""
    with deps.unit_of_work(tenant_id) as connection:
        exports.update_export(connection, tenant_id, export.export_id, values)


def _write_archive(
    deps: AnalyticsDeps, connection: Connection, tenant_id: int, export: Export
) -> dict[str, Any]:
    """Write the archive and store its bytes; return the manifest and the address of the
    bytes.
    """
    watermark, now = counted_up_to(connection, tenant_id), clock.now()
    in_all = sum(
        _count_rows(connection, tenant_id, export.programme, table)
        for table in _export_tables(export).values()
    )
    _save_progress(deps, tenant_id, export, {"rows_in_all": in_all})
    done, files = 0, []
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "export.zip"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            for dataset in _datasets(connection, tenant_id, export):
                path, rows = Path(folder) / f"{dataset.name}.{export.format}", 0

                def batches(dataset: _Dataset = dataset) -> RowBatches:
                    nonlocal done, rows
                    for batch in dataset.rows:
                        yield batch
                        rows += len(batch)
                        if dataset.name in _export_tables(export):
                            done += len(batch)
                            _save_progress(deps, tenant_id, export, {"rows_done": done})

                _WRITERS[export.format](path, dataset.columns, batches())
                columns = [{"name": name, "type": kind} for name, kind in dataset.columns.items()]
                files.append(
                    {
                        "name": path.name,
                        "rows": rows,
                        "bytes": path.stat().st_size,
                        "sha256": _sha256(path),
                        "columns": columns,
                    }
                )
                archive.write(path, path.name)
                path.unlink()
            shown = []
            for name, drawn in _pictures(connection, tenant_id, export):
                archive.writestr(name, drawn)
                shown.append(
                    {"name": name, "bytes": len(drawn), "sha256": hashlib.sha256(drawn).hexdigest()}
                )
            manifest = {
                "programme": export.programme,
                "format": export.format,
                "people": export.individual,
                "watermark": format_instant(watermark),
                "made_at": format_instant(now),
                "made_by": f"Carryover {version('carryover')}",
                "files": files,
                "pictures": shown,
            }
            archive.writestr("manifest.json", json.dumps(manifest, indent=2))
        return {"manifest": manifest, "rows_done": done, **_store_archive(deps, tenant_id, whole)}


def _pictures(
    connection: Connection, tenant_id: int, export: Export
) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures of all reports as shown on their pages: (file name, PNG)."""
    requested = ReportRequest(
        connection,
        Scope(tenant_id, clock.now(), {"programme": export.programme}),
        export.individual,
    )
    watermark = counted_up_to(connection, tenant_id)
    for key in REPORT_BUILDERS:
        svg = cache.load_report(requested, key, watermark).svg
        if svg:
            yield f"pictures/{key}.png", pictures.svg_to_png(svg)


def _store_archive(deps: AnalyticsDeps, tenant_id: int, whole: Path) -> dict[str, Any]:
    sha2 = _sha256(whole)
    size = whole.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ValueError("the file is too large")
    deps.exports.store_file(tenant_id, sha2, whole)
    return {"sha2": sha2, "bytes": size}


def _sha256(path: Path) -> str:
    with path.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def _export_tables(export: Export) -> Mapping[str, Table]:
    return {"weeks": store_tables.week_figure, **_INDIVIDUAL_TABLES} if export.individual else {}


def _count_rows(connection: Connection, tenant_id: int, programme: str, table: Table) -> int:
    where = (table.c.tenant_id == tenant_id, table.c.programme == programme)
    return int(
        connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()
    )


def _datasets(connection: Connection, tenant_id: int, export: Export) -> Iterator[_Dataset]:
    yield _Dataset("values", _VALUE_COLUMNS, _value_batches(connection, tenant_id, export))
    if not export.individual:
        columns = _columns_of(store_tables.week_figure)
        weeks = _week_batches(connection, tenant_id, export.programme)
        yield _Dataset("weeks", {column.name: _column_type(column) for column in columns}, weeks)
    for name, table in _export_tables(export).items():
        columns = _columns_of(table)
        yield _Dataset(
            name,
            {column.name: _column_type(column) for column in columns},
            _table_batches(connection, tenant_id, export, table, columns),
        )


def _value_batches(connection: Connection, tenant_id: int, export: Export) -> RowBatches:
    """Yield every metric, for the whole programme and for each member of each dimension: as of now
    where single people are asked for, and otherwise as it is published.
    """
    whole = ReportRequest(
        connection,
        Scope(tenant_id, clock.now(), {"programme": export.programme}),
        export.individual,
    )
    watermark = counted_up_to(connection, tenant_id)
    metrics = (
        CATALOGUE
        if export.individual
        else [item for item in (*CATALOGUE, *DETAILS) if item.published]
    )
    for of_metric in cache.load_metric_values(
        whole, CATALOGUE if export.individual else (*CATALOGUE, *DETAILS), watermark
    ):
        yield [
            _value_row(value, MONTH, value.scope[MONTH])
            if MONTH in value.scope
            else _value_row(value, "", "")
            for value in of_metric
        ]
    for dimension, members in cache.load_dimension_values(whole).items():
        for member in members:
            requested = replace(whole, scope=whole.scope.narrowed(**{dimension: member}))
            for of_metric in cache.load_metric_values(requested, metrics, watermark):
                yield [_value_row(value, dimension, member) for value in of_metric]


def _value_row(value: MetricValue, dimension: str, member: str) -> dict[str, Any]:
    named = {name: getattr(value, name, None) for name in _VALUE_COLUMNS}
    return {**named, "dimension": dimension, "member": member, "flags": "; ".join(value.flags)}


def _table_batches(
    connection: Connection,
    tenant_id: int,
    export: Export,
    table: Table,
    columns: Sequence[Column[Any]],
) -> RowBatches:
    query = (
        select(*columns)
        .where(table.c.tenant_id == tenant_id, table.c.programme == export.programme)
        .order_by(*table.primary_key.columns)
    )
    result = connection.execute(
        query.execution_options(stream_results=True, yield_per=EXPORT_BATCH_ROWS)
    )
    for batch in result.partitions():
        yield [
            {
                name: str(value) if name == "registration" and value else value
                for name, value in row._mapping.items()
            }
            for row in batch
        ]


def _week_batches(connection: Connection, tenant_id: int, programme: str) -> RowBatches:
    """Yield the weekly figures that are published."""
    for series in WEEKLY_SERIES:
        figures = load_week_figures(connection, tenant_id, programme, series)
        yield [{"programme": programme, **asdict(item)} for item in figures]


def _columns_of(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.name != "tenant_id"]


def _column_type(column: Column[Any]) -> str:
    return next((name for kind, name in _COLUMN_TYPES if isinstance(column.type, kind)), "string")


def _write_csv(path: Path, columns: Mapping[str, str], batches: RowBatches) -> None:
    """Commas, a header line, CRLF (RFC 4180); times in ISO 8601; text that a spreadsheet
    would execute as a formula is prefixed with an apostrophe.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(columns)
        for batch in batches:
            writer.writerows([[_csv_value(row[name]) for name in columns] for row in batch])


def _csv_value(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else escape_formula(value)


def _write_parquet(path: Path, columns: Mapping[str, str], batches: RowBatches) -> None:
    """Columns of the types that the manifest names."""
    schema = Schema([Field(name, _ARROW_TYPES[kind]) for name, kind in columns.items()])
    write_batches(
        path,
        schema,
        (
            RecordBatch(
                [_arrow_column([row[name] for row in rows], columns[name]) for name in columns],
                schema=schema,
            )
            for rows in batches
        ),
    )


def _arrow_column(values: Sequence[Any], kind: str) -> Array:
    if kind == TIMESTAMP:
        return Array(
            [value and (value - _EPOCH) // _MICROSECOND for value in values], type=DataType.int64()
        ).cast(_ARROW_TYPES[kind])
    if kind == DATE:
        return Array(
            [value and (value - _EPOCH.date()).days for value in values], type=DataType.int32()
        ).cast(_ARROW_TYPES[kind])
    if kind == "double":
        values = [None if value is None else float(value) for value in values]
    return Array(values, type=_ARROW_TYPES[kind])


_WRITERS: Mapping[str, Callable[[Path, Mapping[str, str], RowBatches], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
}
