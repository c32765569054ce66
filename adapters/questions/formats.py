"""Registry of the formats by name, with their readers and writers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.questions import gift, moodle_xml, qti, spreadsheet
from adapters.questions.shapes import Item, Note, Picture, Reading
from adapters.tables import FileRefused

Writer = Callable[[list[Item], Mapping[str, Picture], str], tuple[bytes, list[Note]]]


@dataclass(frozen=True)
class Format:
    """A format: its display name, file extension, media type, reader and writer."""

    name: str
    ending: str
    media_type: str
    read: Callable[[bytes], Reading]
    write: Writer


FORMATS: dict[str, Format] = {
    "gift": Format(gift.NAME, "gift.txt", "text/plain; charset=utf-8", gift.read, lambda items, pictures, title: gift.write(items)),
    "moodle": Format(
        moodle_xml.NAME, "xml", "application/xml", moodle_xml.read, lambda items, pictures, title: moodle_xml.write(items, dict(pictures))
    ),
    "qti": Format(qti.NAME, "zip", "application/zip", qti.read, lambda items, pictures, title: qti.write(items, dict(pictures), title)),
    "csv": Format(spreadsheet.NAME, "csv", "text/csv; charset=utf-8", spreadsheet.read, lambda items, pictures, title: spreadsheet.write(items)),
}


def guessed(content: bytes, name: str) -> Format:
    """Detect a file's format from its content, and from its name where the content is
    ambiguous; FileRefused if neither is enough."""
    head = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:400]
    if content.startswith(b"PK") or b"<assessmentItem" in head:
        return FORMATS["qti"]
    if head.startswith(b"<"):
        return FORMATS["moodle"]
    if name.lower().endswith((".csv", ".tsv")):
        return FORMATS["csv"]
    if not content.strip():
        raise FileRefused("The file is empty.")
    if name.lower().endswith((".txt", ".gift")) or b"{" in content:
        return FORMATS["gift"]
    raise FileRefused("This is no format that is known here: GIFT (.txt), Moodle XML (.xml), QTI 2.1 (.zip) and CSV (.csv) are.")
