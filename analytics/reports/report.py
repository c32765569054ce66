"""The common shape of a report that is more than a single figure: text, a table, a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from core.csv_cells import escape_formula


@dataclass(frozen=True)
class Column:
    """A column of the table: ``kind`` is text, count, share, days, number or money."""

    key: str
    label: str
    kind: str = "text"


# What a picture may draw: a value, its likely range, what is aimed at, the usual week with what
# chance allows around it, a week that stands out, a fitted curve with its band, colours of shares.
LEGEND = (
    "point",
    "range",
    "of",
    "reference",
    "usual",
    "signal",
    "early",
    "curve",
    "band",
    "heat",
    "foot",
)


@dataclass(frozen=True)
class Report:
    """``rows`` hold a value (or None) for each column; ``notes`` are what to keep in mind, \
``method`` is how it is counted, in statisticians' words where it takes them. ``svg`` is empty \
where there is no picture, else its two drawings (analytics.reports.pictures); ``legend`` names \
what is drawn in it, in the words of LEGEND."""

    key: str
    title: str
    meaning: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()
    method: Sequence[str] = ()
    legend: Sequence[str] = ()
    svg: str = ""
    what_to_do: str = ""
    watermark: str = ""
    computed_at: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For the API."""
        return asdict(self)

    def as_csv(self) -> str:
        """Its table, safe for spreadsheets."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([column.key for column in self.columns])
        for row in self.rows:
            writer.writerow([escape_formula(row.get(column.key)) for column in self.columns])
        return out.getvalue()
