"""Registry of the formats by name, with their readers and writers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.csv_tables import FileRefused
from adapters.questions import gift, moodle_xml, qti, spreadsheet
from adapters.questions.models import ImportNote, Picture, QuestionItem, Reading

FormatWriter = Callable[
    [list[QuestionItem], Mapping[str, Picture], str], tuple[bytes, list[ImportNote]]
]


@dataclass(frozen=True)
class QuestionFormat:
    """A format: its display name, file extension, media type, reader and writer."""

    name: str
    ending: str
    media_type: str
    read: Callable[[bytes], Reading]
    write: FormatWriter


FORMATS: dict[str, QuestionFormat] = {
    "gift": QuestionFormat(
        gift.FORMAT_NAME,
        "gift.txt",
        "text/plain; charset=utf-8",
        gift.read_gift,
        lambda items, pictures, title: gift.write_gift(items),
    ),
    "moodle": QuestionFormat(
        moodle_xml.FORMAT_NAME,
        "xml",
        "application/xml",
        moodle_xml.read_moodle_xml,
        lambda items, pictures, title: moodle_xml.write_moodle_xml(items, dict(pictures)),
    ),
    "qti": QuestionFormat(
        qti.FORMAT_NAME,
        "zip",
        "application/zip",
        qti.read_qti,
        lambda items, pictures, title: qti.write_qti(items, dict(pictures), title),
    ),
    "csv": QuestionFormat(
        spreadsheet.FORMAT_NAME,
        "csv",
        "text/csv; charset=utf-8",
        spreadsheet.read_question_csv,
        lambda items, pictures, title: spreadsheet.write_question_csv(items),
    ),
}


def detect_format(content: bytes, name: str) -> QuestionFormat:
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
    raise FileRefused(
        "This is no format that is known here: GIFT (.txt), Moodle XML (.xml), QTI 2.1 (.zip) "
        "and CSV (.csv) are."
    )
