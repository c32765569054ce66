"""Parse the organisation's list of people (CSV), validating each line on its own. Stateless: it
stores nothing, and does not compare the list with known people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import available_timezones

from babel import UnknownLocaleError
from babel.core import parse_locale

from adapters.csv_tables import (
    CellRefused,
    FileRefused,
    decode_text,
    normalize_column_name,
    parse_table,
)
from core.messages import Message, Number, lazy_gettext

PEOPLE_COLUMNS = (
    "id",
    "name",
    "email",
    "manager",
    "mentor",
    "team",
    "site",
    "role",
    "experience",
    "start_date",
    "time_zone",
    "language",
    "working_days",
    "comparison",
)
CERTIFICATION_COLUMNS = ("id", "email", "certified_on", "wave", "score", "score_before", "hours")
MIN_HOURS, MAX_HOURS = 1 / 60, 300  # Duration of a training: from a minute to eight weeks of work.
MAX_LINES, MAX_BYTES = 50_000, 20_000_000
MAX_CELL_LENGTH = 200  # Characters in a cell.
EMAIL_PATTERN = re.compile(
    r"[^@\s<>\"',;:\\()\[\]\x00-\x1f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.[A-Za-z]{2,24}\Z"
)
_TRUE_WORDS, _FALSE_WORDS = (
    ("yes", "true", "1", "x", "ja", "sí", "si", "oui"),
    ("", "no", "false", "0", "nein", "non"),
)
_WEEKDAYS = {"mo": 1, "tu": 2, "we": 3, "th": 4, "fr": 5, "sa": 6, "su": 7}


@dataclass(frozen=True)
class PersonRow:
    """A line of the list. ``given_columns`` holds the columns that the table has: the line says
    nothing about any other. ``manager`` and ``mentor`` are ids or email addresses of others."""

    line: int
    id: str
    name: str
    email: str
    manager: str
    mentor: str
    team: str
    site: str
    role: str
    experience: str
    started_on: date | None
    time_zone: str
    language: str
    working_days: tuple[int, ...]
    comparison: bool
    given_columns: frozenset[str]


@dataclass(frozen=True)
class CertificationRow:
    """A line of a list of certifications: person, date, wave, and exam shares (0 to 1) by
    competency ("" for the whole exam); ``before``: the share in the test before the training,
    ``hours``: the duration of the training."""

    line: int
    id: str
    email: str
    certified_on: date
    wave: str
    exam: dict[str, float]
    before: float | None
    hours: float | None


@dataclass(frozen=True)
class LineFault:
    """An error on one line."""

    line: int
    text: Message


def read_people(content: bytes) -> tuple[list[PersonRow], list[LineFault]]:
    """The people in a table, and the lines that cannot be imported."""
    people: list[PersonRow] = []
    faults: list[LineFault] = []
    for line, row in _read_table_rows(content, PEOPLE_COLUMNS):
        try:
            people.append(_parse_person(line, row))
        except CellRefused as error:
            faults.append(LineFault(line, error.message))
    return people, faults + _find_duplicates(
        [(person.line, person.id, person.email) for person in people]
    )


def read_certifications(
    content: bytes, competencies: Mapping[str, str]
) -> tuple[list[CertificationRow], list[LineFault]]:
    """The certifications in a table. Besides the known columns it may have a column
    ``score:<competency>`` for each competency, by its key or its title (``competencies``: key →
    title)."""
    result: list[CertificationRow] = []
    faults: list[LineFault] = []
    scores = {
        key: tuple(dict.fromkeys(normalize_column_name(f"score:{label}") for label in (key, title)))
        for key, title in competencies.items()
    }
    for line, row in _read_table_rows(
        content,
        (
            *CERTIFICATION_COLUMNS,
            *dict.fromkeys(name for names in scores.values() for name in names),
        ),
    ):
        try:
            day = _cell_date(row, "certified_on")
            if day is None:
                raise CellRefused("certified_on is empty.")
            exam = {key: _competency_score(row, names) for key, names in scores.items()} | {
                "": _cell_share(row, "score")
            }
            shares = {key: share for key, share in exam.items() if share is not None}
            result.append(
                CertificationRow(
                    line,
                    *_read_identifiers(row),
                    day,
                    _cell_text(row, "wave"),
                    shares,
                    _cell_share(row, "score_before"),
                    _cell_hours(row),
                )
            )
        except CellRefused as error:
            faults.append(LineFault(line, error.message))
    return result, faults + _find_duplicates([(item.line, item.id, item.email) for item in result])


def _read_table_rows(content: bytes, known: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    if len(content) > MAX_BYTES:
        raise FileRefused(
            lazy_gettext(
                "The file has %(size)s MB; %(most)s MB is the most.",
                size=Number(len(content) / 1e6),
                most=Number(MAX_BYTES / 1e6),
            )
        )
    rows = parse_table(decode_text(content), required=(), known=known)
    if len(rows) > MAX_LINES:
        raise FileRefused(
            lazy_gettext(
                "The file holds %(count)s lines; %(most)s is the most. Split it.",
                count=Number(len(rows)),
                most=Number(MAX_LINES),
            )
        )
    if not rows:
        raise FileRefused(
            lazy_gettext(
                "The file holds no line below its first one, which names the columns: %(known)s.",
                known=", ".join(known),
            )
        )
    return rows


def _parse_person(line: int, row: dict[str, str]) -> PersonRow:
    external_id, email = _read_identifiers(row)
    zone = _cell_text(row, "time_zone")
    if zone and zone not in available_timezones():
        raise CellRefused(
            lazy_gettext(
                "time_zone %(zone)s is no time zone; one looks like Europe/Berlin.",
                zone=repr(zone[:60]),
            )
        )
    comparison = _cell_text(row, "comparison").lower()
    if comparison not in _TRUE_WORDS + _FALSE_WORDS:
        raise CellRefused(
            lazy_gettext("comparison is yes or no, not %(text)s.", text=repr(comparison[:40]))
        )
    return PersonRow(
        line,
        external_id,
        _cell_text(row, "name"),
        email,
        _cell_text(row, "manager"),
        _cell_text(row, "mentor"),
        _cell_text(row, "team"),
        _cell_text(row, "site"),
        _cell_text(row, "role"),
        _cell_text(row, "experience"),
        _cell_date(row, "start_date"),
        zone,
        _cell_language(row),
        _parse_working_days(_cell_text(row, "working_days")),
        comparison in _TRUE_WORDS,
        frozenset(row),
    )


def _read_identifiers(row: dict[str, str]) -> tuple[str, str]:
    external_id, email = _cell_text(row, "id"), _cell_text(row, "email")
    if not external_id and not email:
        raise CellRefused("The line names nobody: id and email are empty.")
    if email and not EMAIL_PATTERN.match(email):
        raise CellRefused(lazy_gettext("email %(text)s is no address.", text=repr(email[:80])))
    return external_id, email


def _cell_text(row: dict[str, str], name: str) -> str:
    text = " ".join(row.get(name, "").split())
    if len(text) > MAX_CELL_LENGTH:
        raise CellRefused(
            lazy_gettext(
                "%(name)s has more than %(most)s characters.", name=name, most=MAX_CELL_LENGTH
            )
        )
    return text


def _cell_date(row: dict[str, str], name: str) -> date | None:
    text = _cell_text(row, name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CellRefused(
            lazy_gettext(
                "%(name)s %(text)s is no day; write it as 2026-12-31.",
                name=name,
                text=repr(text[:40]),
            )
        ) from None


def _cell_share(row: dict[str, str], name: str) -> float | None:
    text = _cell_text(row, name).replace(",", ".")
    if not text:
        return None
    percent = text.endswith("%")
    try:
        share = float(text.rstrip("% ")) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise CellRefused(
            lazy_gettext(
                "%(name)s %(text)s is no share; write 0.85 or 85 %.",
                name=name,
                text=repr(text[:40]),
            )
        )
    return share


def _competency_score(row: dict[str, str], names: Sequence[str]) -> float | None:
    """The share of one competency, under either name of its column."""
    present = [name for name in names if name in row]
    if len(present) > 1:
        raise CellRefused(
            lazy_gettext(
                "The columns %(names)s are of the same competency; leave one out.",
                names=" and ".join(present),
            )
        )
    return _cell_share(row, present[0]) if present else None


def _cell_hours(row: dict[str, str]) -> float | None:
    text = _cell_text(row, "hours").replace(",", ".")
    if not text:
        return None
    hours = float(text) if re.fullmatch(r"\d{1,4}(\.\d{1,4})?", text) else -1.0
    if not MIN_HOURS <= hours <= MAX_HOURS:
        raise CellRefused(
            lazy_gettext(
                "hours %(text)s is no length of a training; write 7.5, up to %(most)s.",
                text=repr(text[:40]),
                most=MAX_HOURS,
            )
        )
    return hours


def _cell_language(row: dict[str, str]) -> str:
    text = _cell_text(row, "language")
    if text:
        try:
            parse_locale(text.replace("_", "-"), sep="-")
        except (ValueError, UnknownLocaleError):
            raise CellRefused(
                lazy_gettext(
                    "language %(text)s is no language tag; one looks like de or pt-BR.",
                    text=repr(text[:40]),
                )
            ) from None
    return text


def _parse_working_days(text: str) -> tuple[int, ...]:
    """Parse ``Mon-Fri``, ``Sun-Thu``, ``Mon Tue Thu`` or ``1,2,3`` into ISO weekdays,
    sorted."""
    days: set[int] = set()
    for part in re.split(r"[\s,;/]+", text.lower().replace("–", "-")):
        ends = [_parse_weekday(item) for item in part.split("-", 1)] if part else []
        if len(ends) == 2:
            first, last = ends
            days.update(
                (day - 1) % 7 + 1 for day in range(first, last + (7 if last < first else 0) + 1)
            )
        elif ends:
            days.add(ends[0])
    return tuple(sorted(days))


def _parse_weekday(text: str) -> int:
    if text.isdecimal() and 1 <= int(text[:3]) <= 7:
        return int(text)
    day = _WEEKDAYS.get(text[:2])
    if day is None:
        raise CellRefused(
            lazy_gettext(
                "working_days %(text)s is no weekday; write Mon-Fri, or Mon Tue Thu.",
                text=repr(text[:40]),
            )
        )
    return day


def _find_duplicates(lines: list[tuple[int, str, str]]) -> list[LineFault]:
    faults: list[LineFault] = []
    ids: dict[str, int] = {}
    emails: dict[str, int] = {}
    for line, external_id, email in lines:
        for seen, value, name in ((ids, external_id, "id"), (emails, email.lower(), "email")):
            if value and value in seen:
                faults.append(
                    LineFault(
                        line,
                        lazy_gettext(
                            "The %(name)s %(value)s stands in line %(line)s as well.",
                            name=name,
                            value=repr(value[:80]),
                            line=seen[value],
                        ),
                    )
                )
            elif value:
                seen[value] = line
    return faults
