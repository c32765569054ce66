"""Parse KPI readings from a table whose columns may have any names and are mapped; errors are
reported line by line."""

from __future__ import annotations

import calendar
import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from adapters.csv_tables import CellRefused, FileRefused, decode_text, unescape_cell
from adapters.people_csv import EMAIL_PATTERN
from core.messages import Message, Number, gettext_noop, join_messages, lazy_gettext

PERSON = "person"
SUBJECT_KINDS = ("team", "site", PERSON)
FIELDS = {
    "subject": "Team, site or person",
    "period_start": gettext_noop("First day of the period"),
    "period_end": gettext_noop("Last day of the period"),
    "value": "Value",
    "source": "Source",
}
REQUIRED_FIELDS = ("subject", "period_start", "value")
# Length of a period, for tables without a column for its end.
PERIODS = ("day", "week", "month", "quarter", "year")
MAX_ROWS, MAX_COLUMNS = 10_000, 100
MIN_YEAR, MAX_YEAR = 1990, 2100  # Range of years that the record store accepts.
# Common names of each column, the most reliable first.
_COLUMN_SYNONYMS = {
    "subject": (
        "subject",
        "team",
        "site",
        "department",
        "group",
        "standort",
        "abteilung",
        "equipo",
        "équipe",
        "id",
        "email",
        "e_mail",
    ),
    "period_start": (
        "period_start",
        "from",
        "start",
        "month",
        "week",
        "date",
        "period",
        "monat",
        "datum",
        "von",
        "mes",
        "fecha",
        "mois",
    ),
    "period_end": ("period_end", "to", "end", "until", "bis", "hasta", "fin"),
    "value": ("value", "amount", "count", "number", "wert", "anzahl", "valor", "valeur"),
    "source": ("source", "system", "quelle", "fuente"),
}
_ISO_DATE, _ISO_MONTH, _GERMAN_DATE = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})"),
    re.compile(r"(\d{4})-(\d{1,2})"),
    re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})"),
)


@dataclass(frozen=True)
class Sheet:
    """A table: its columns, and its rows with their line numbers."""

    columns: list[str]
    rows: list[tuple[int, list[str]]]


@dataclass(frozen=True)
class LineProblem:
    """An error on one line."""

    line: int
    text: Message


def parse_sheet(content: bytes) -> Sheet:
    """Parse a table with a header row; FileRefused if it has none, or is too large."""
    text = decode_text(content)
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    try:
        columns = [unescape_cell(name) for name in next(reader, [])]
        named = [name for name in columns if name]
        if not named or len(columns) > MAX_COLUMNS or len(set(named)) < len(named):
            raise FileRefused(
                lazy_gettext(
                    "The first line names the columns: each once, up to %(most)s of them.",
                    most=MAX_COLUMNS,
                )
            )
        rows, before = [], reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                rows.append((line, [unescape_cell(cell) for cell in cells[: len(columns)]]))
            if len(rows) > MAX_ROWS:
                raise FileRefused(
                    lazy_gettext(
                        "The file has more than %(most)s lines. Send it in parts, one "
                        "figure or one year at a time.",
                        most=Number(MAX_ROWS),
                    )
                )
    except csv.Error as error:
        raise FileRefused(
            lazy_gettext(
                "The file is no table that can be read (line %(line)s: %(reason)s).",
                line=reader.line_num,
                reason=str(error),
            )
        ) from None
    if not rows:
        raise FileRefused("The file has no line below its head.")
    return Sheet(columns, rows)


def guess_columns(sheet: Sheet) -> dict[str, str]:
    """Guess which column holds which field; an empty string if none matches."""
    plain = {
        re.sub(r"[\s\-]+", "_", name.lower()): name for name in reversed(sheet.columns) if name
    }
    return {
        field: next((plain[name] for name in names if name in plain), "")
        for field, names in _COLUMN_SYNONYMS.items()
    }


def parse_readings(
    sheet: Sheet, columns: Mapping[str, str], subject_kind: str, period: str, source: str
) -> tuple[list[dict[str, Any]], list[int], list[LineProblem]]:
    """Return (readings as the record store accepts them, line number of each, errors).
    ``columns``: field → column of the sheet."""
    _require_fields(sheet, columns)
    place = {
        field: sheet.columns.index(column)
        for field, column in columns.items()
        if column in sheet.columns and column
    }
    result, lines, problems = [], list[int](), list[LineProblem]()
    for line, cells in sheet.rows:
        notes: list[Message] = []

        def cell_text(field: str, cells: Sequence[str] = cells) -> str:
            return cells[place[field]] if field in place and place[field] < len(cells) else ""

        subject, start = (
            cell_text("subject"),
            _parse_or_note(notes, _parse_reading_date, cell_text("period_start")),
        )
        value = _parse_or_note(notes, parse_number, cell_text("value"))
        end = (
            _parse_or_note(notes, _parse_reading_date, cell_text("period_end"))
            if cell_text("period_end")
            else _period_end(start, period)
            if start
            else None
        )
        if not subject:
            notes.append(lazy_gettext("nobody is named"))
        elif subject_kind != PERSON and EMAIL_PATTERN.match(subject):
            notes.append(
                lazy_gettext(
                    "this is a person's address and no team or site: say that these are people"
                )
            )
        if notes:
            problems.append(LineProblem(line, join_messages(notes, "; ")))
            continue
        assert start is not None
        assert end is not None
        result.append(
            {
                "subject_kind": subject_kind,
                "subject": subject,
                "period_start": start.isoformat(),
                "period_end": end.isoformat(),
                "value": value,
                "source": cell_text("source") or source,
            }
        )
        lines.append(line)
    return result, lines, problems


def _require_fields(sheet: Sheet, columns: Mapping[str, str]) -> None:
    unknown = [
        FIELDS[field]
        for field in REQUIRED_FIELDS
        if columns.get(field) not in sheet.columns or not columns.get(field)
    ]
    if unknown:
        raise FileRefused(lazy_gettext("Choose a column for: %(names)s.", names=", ".join(unknown)))


def _parse_or_note(notes: list[Message], read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except CellRefused as error:
        notes.append(error.message)
        return None


def _parse_reading_date(text: str) -> date:
    """Parse 2026-12-31, 2026-12 or 31.12.2026, from EARLIEST to LATEST. Dates that are
    ambiguous between day and month (3/4/2026) are rejected."""
    parts: tuple[str, str, str] | None = None
    if result := _ISO_DATE.fullmatch(text):
        parts = result[1], result[2], result[3]
    elif result := _ISO_MONTH.fullmatch(text):
        parts = result[1], result[2], "1"
    elif result := _GERMAN_DATE.fullmatch(text):
        parts = result[3], result[2], result[1]
    if parts is not None:
        try:
            day = date(int(parts[0]), int(parts[1]), int(parts[2]))
        except ValueError:
            raise CellRefused(
                lazy_gettext("“%(text)s” is not in the calendar: it is no day", text=text[:40])
            ) from None
        if not MIN_YEAR <= day.year <= MAX_YEAR:
            raise CellRefused(
                lazy_gettext(
                    "“%(text)s” lies outside %(first)s to %(last)s",
                    text=text[:40],
                    first=MIN_YEAR,
                    last=MAX_YEAR,
                )
            )
        return day
    raise CellRefused(
        lazy_gettext(
            "“%(text)s” is no day; write 2026-12-31, 2026-12 or 31.12.2026", text=text[:40]
        )
    )


def parse_number(text: str) -> float:
    """Parse 1234.5, 1234,5, 1,234.5 or 1.234,5; a percent sign is dropped. A single separator
    before three digits is ambiguous, and is rejected."""
    plain = text.replace("\u00a0", "").replace(" ", "").removesuffix("%")
    if re.fullmatch(r"-?[1-9]\d{0,2}[.,]\d{3}", plain):
        raise CellRefused(
            lazy_gettext(
                "“%(text)s” could be read in two ways; write it without a separator of thousands",
                text=text[:40],
            )
        )
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d{1,3}(\.\d{3}){2,}", plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3})+\.\d+|-?\d{1,3}(,\d{3}){2,}", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"-?\d+,\d+", plain):
        plain = plain.replace(",", ".")
    if not re.fullmatch(r"-?\d+(\.\d+)?", plain):
        raise CellRefused(lazy_gettext("“%(text)s” is no number", text=text[:40]))
    return float(plain)


def _period_end(start: date, period: str) -> date:
    months = {"month": 1, "quarter": 3, "year": 12}.get(period)
    if months is None:
        return start + timedelta(days=6 if period == "week" else 0)
    year, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + year, month + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1])) - timedelta(
        days=1
    )
