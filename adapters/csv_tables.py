"""Uploaded tables and texts: any common encoding, any separator, a header row that names the
columns. Shared by the adapters that read files."""

from __future__ import annotations

import csv
import io

from core.csv_cells import FORMULA_PREFIXES
from core.messages import MessageError, join_messages, lazy_gettext, lazy_ngettext


class FileRefused(MessageError):
    """The whole file is unreadable; the message gives the reason and what to do."""


class CellRefused(MessageError, ValueError):
    """A cell, or its line, cannot be read; the message gives the reason."""


def decode_text(content: bytes) -> str:
    """Decode a file: UTF-8, or UTF-16 if it starts with a byte order mark; line endings are
    normalized."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8-sig")):
        if content.startswith(mark):
            try:
                return (
                    content.decode(encoding)
                    .replace("\r\n", "\n")
                    .replace("\r", "\n")
                    .replace("\0", "")
                )
            except UnicodeDecodeError as error:
                line = content[: error.start].count(b"\n") + 1
                raise FileRefused(
                    lazy_gettext(
                        "The file is no UTF-8 text (line %(line)s). Save it as UTF-8 and "
                        "try again.",
                        line=line,
                    )
                ) from None
    raise AssertionError("every file begins with the empty mark")


def normalize_column_name(name: str) -> str:
    """Normalize the name of a column, regardless of spelling."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _require_columns(head: list[str], required: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [name for name in head if name and name not in known]
    missing = [name for name in required if name not in head]
    if unknown or missing:
        faults = []
        if missing:
            faults.append(lazy_gettext("it lacks %(names)s", names=", ".join(missing)))
        if unknown:
            names = ", ".join(name[:40] for name in unknown)
            faults.append(
                lazy_ngettext(
                    "%(names)s is not known",
                    "%(names)s are not known",
                    len(unknown),
                    names=names,
                )
            )
        raise FileRefused(
            lazy_gettext(
                "The first line names the columns: %(faults)s. Known are %(known)s.",
                faults=join_messages(faults, "; "),
                known=", ".join(known),
            )
        )
    twice = next((name for name in head if name and head.count(name) > 1), None)
    if twice:
        raise FileRefused(
            lazy_gettext("The column %(column)s stands twice in the first line.", column=twice)
        )


def parse_table(
    text: str, *, required: tuple[str, ...], known: tuple[str, ...]
) -> list[tuple[int, dict[str, str]]]:
    """Parse a table with a header row and any separator into (line, row); FileRefused reports a
    header with unknown or missing columns."""
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    csv.field_size_limit(1_000_000)
    try:
        head = [normalize_column_name(name) for name in next(reader, [])]
        _require_columns(head, required, known)
        result: list[tuple[int, dict[str, str]]] = []
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                if len(cells) > len(head):
                    raise FileRefused(
                        lazy_gettext(
                            "Line %(line)s has %(cells)s cells, and the first line names "
                            "%(columns)s; a separator stands inside a cell without quotes.",
                            line=line,
                            cells=len(cells),
                            columns=len(head),
                        )
                    )
                result.append(
                    (
                        line,
                        {
                            name: unescape_cell(cell)
                            for name, cell in zip(head, cells, strict=False)
                            if name
                        },
                    )
                )
        return result
    except csv.Error as error:
        raise FileRefused(
            lazy_gettext(
                "The file is no table that can be read (line %(line)s: %(reason)s).",
                line=reader.line_num,
                reason=str(error),
            )
        ) from None


def unescape_cell(cell: str) -> str:
    """Remove the apostrophe that keeps a spreadsheet from reading the cell as a formula."""
    return (cell[1:] if cell.startswith("'") and cell[1:2] in FORMULA_PREFIXES else cell).strip(
        " \t"
    )
