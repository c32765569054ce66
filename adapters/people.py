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

from adapters.tables import FileRefused, column, rows_of, text_of

COLUMNS = (
    "id", "name", "email", "manager", "mentor", "team", "site", "role", "experience", "start_date", "time_zone", "language", "working_days", "comparison",
)  # fmt: skip
CERTIFICATION_COLUMNS = ("id", "email", "certified_on", "wave", "score", "score_before", "hours")
LEAST_HOURS, MOST_HOURS = 1 / 60, 300  # Duration of a training: from a minute to eight weeks of work.
MOST_LINES, LARGEST_BYTES = 50_000, 20_000_000
LONGEST = 200  # Characters in a cell.
EMAIL = re.compile(r"[^@\s<>\"',;:\\()\[\]\x00-\x1f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.[A-Za-z]{2,24}\Z")
_YES, _NO = ("yes", "true", "1", "x", "ja", "sí", "si", "oui"), ("", "no", "false", "0", "nein", "non")
_DAYS = {"mo": 1, "tu": 2, "we": 3, "th": 4, "fr": 5, "sa": 6, "su": 7}


@dataclass(frozen=True)
class Person:
    """A line of the list. ``said`` holds the columns that the table has: the line says nothing
    about any other. ``manager`` and ``mentor`` are ids or email addresses of others."""

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
    said: frozenset[str]


@dataclass(frozen=True)
class Certification:
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
class Fault:
    """An error on one line."""

    line: int
    text: str


class _Wrong(Exception):
    """An error in one cell."""


def read_people(content: bytes) -> tuple[list[Person], list[Fault]]:
    """The people in a table, and the lines that cannot be imported."""
    people: list[Person] = []
    faults: list[Fault] = []
    for line, row in _rows(content, COLUMNS):
        try:
            people.append(_person(line, row))
        except _Wrong as error:
            faults.append(Fault(line, str(error)))
    return people, faults + _twice([(one.line, one.id, one.email) for one in people])


def read_certifications(content: bytes, competencies: Mapping[str, str]) -> tuple[list[Certification], list[Fault]]:
    """The certifications in a table. Besides the known columns it may have a column
    ``score:<competency>`` for each competency, by its key or its title (``competencies``: key →
    title)."""
    found: list[Certification] = []
    faults: list[Fault] = []
    scores = {key: tuple(dict.fromkeys(column(f"score:{words}") for words in (key, title))) for key, title in competencies.items()}
    for line, row in _rows(content, (*CERTIFICATION_COLUMNS, *dict.fromkeys(name for names in scores.values() for name in names))):
        try:
            day = _day(row, "certified_on")
            if day is None:
                raise _Wrong("certified_on is empty.")
            exam = {key: _score(row, names) for key, names in scores.items()} | {"": _share(row, "score")}
            shares = {key: share for key, share in exam.items() if share is not None}
            found.append(Certification(line, *_who(row), day, _text(row, "wave"), shares, _share(row, "score_before"), _hours(row)))
        except _Wrong as error:
            faults.append(Fault(line, str(error)))
    return found, faults + _twice([(one.line, one.id, one.email) for one in found])


def _rows(content: bytes, known: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    if len(content) > LARGEST_BYTES:
        raise FileRefused(f"The file has {len(content) / 1e6:.0f} MB; {LARGEST_BYTES / 1e6:.0f} MB is the most.")
    rows = rows_of(text_of(content), required=(), known=known)
    if len(rows) > MOST_LINES:
        raise FileRefused(f"The file holds {len(rows):,} lines; {MOST_LINES:,} is the most. Split it.")
    if not rows:
        raise FileRefused(f"The file holds no line below its first one, which names the columns: {', '.join(known)}.")
    return rows


def _person(line: int, row: dict[str, str]) -> Person:
    external_id, email = _who(row)
    zone = _text(row, "time_zone")
    if zone and zone not in available_timezones():
        raise _Wrong(f"time_zone {zone[:60]!r} is no time zone; one looks like Europe/Berlin.")
    said = _text(row, "comparison").lower()
    if said not in _YES + _NO:
        raise _Wrong(f"comparison is yes or no, not {said[:40]!r}.")
    return Person(
        line,
        external_id,
        _text(row, "name"),
        email,
        _text(row, "manager"),
        _text(row, "mentor"),
        _text(row, "team"),
        _text(row, "site"),
        _text(row, "role"),
        _text(row, "experience"),
        _day(row, "start_date"),
        zone,
        _language(row),
        _working_days(_text(row, "working_days")),
        said in _YES,
        frozenset(row),
    )


def _who(row: dict[str, str]) -> tuple[str, str]:
    external_id, email = _text(row, "id"), _text(row, "email")
    if not external_id and not email:
        raise _Wrong("The line names nobody: id and email are empty.")
    if email and not EMAIL.match(email):
        raise _Wrong(f"email {email[:80]!r} is no address.")
    return external_id, email


def _text(row: dict[str, str], name: str) -> str:
    text = " ".join(row.get(name, "").split())
    if len(text) > LONGEST:
        raise _Wrong(f"{name} has more than {LONGEST} characters.")
    return text


def _day(row: dict[str, str], name: str) -> date | None:
    text = _text(row, name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _Wrong(f"{name} {text[:40]!r} is no day; write it as 2026-12-31.") from None


def _share(row: dict[str, str], name: str) -> float | None:
    text = _text(row, name).replace(",", ".")
    if not text:
        return None
    percent = text.endswith("%")
    try:
        share = float(text.rstrip("% ")) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise _Wrong(f"{name} {text[:40]!r} is no share; write 0.85 or 85 %.")
    return share


def _score(row: dict[str, str], names: Sequence[str]) -> float | None:
    """The share of one competency, under either name of its column."""
    there = [name for name in names if name in row]
    if len(there) > 1:
        raise _Wrong(f"The columns {' and '.join(there)} are of the same competency; leave one out.")
    return _share(row, there[0]) if there else None


def _hours(row: dict[str, str]) -> float | None:
    text = _text(row, "hours").replace(",", ".")
    if not text:
        return None
    hours = float(text) if re.fullmatch(r"\d{1,4}(\.\d{1,4})?", text) else -1.0
    if not LEAST_HOURS <= hours <= MOST_HOURS:
        raise _Wrong(f"hours {text[:40]!r} is no length of a training; write 7.5, up to {MOST_HOURS}.")
    return hours


def _language(row: dict[str, str]) -> str:
    text = _text(row, "language")
    if text:
        try:
            parse_locale(text.replace("_", "-"), sep="-")
        except (ValueError, UnknownLocaleError):
            raise _Wrong(f"language {text[:40]!r} is no language tag; one looks like de or pt-BR.") from None
    return text


def _working_days(text: str) -> tuple[int, ...]:
    """Parse ``Mon-Fri``, ``Sun-Thu``, ``Mon Tue Thu`` or ``1,2,3`` into ISO weekdays,
    sorted."""
    days: set[int] = set()
    for part in re.split(r"[\s,;/]+", text.lower().replace("–", "-")):
        ends = [_weekday(one) for one in part.split("-", 1)] if part else []
        if len(ends) == 2:
            first, last = ends
            days.update((day - 1) % 7 + 1 for day in range(first, last + (7 if last < first else 0) + 1))
        elif ends:
            days.add(ends[0])
    return tuple(sorted(days))


def _weekday(text: str) -> int:
    if text.isdecimal() and 1 <= int(text[:3]) <= 7:
        return int(text)
    day = _DAYS.get(text[:2])
    if day is None:
        raise _Wrong(f"working_days {text[:40]!r} is no weekday; write Mon-Fri, or Mon Tue Thu.")
    return day


def _twice(lines: list[tuple[int, str, str]]) -> list[Fault]:
    faults: list[Fault] = []
    ids: dict[str, int] = {}
    emails: dict[str, int] = {}
    for line, external_id, email in lines:
        for seen, value, name in ((ids, external_id, "id"), (emails, email.lower(), "email")):
            if value and value in seen:
                faults.append(Fault(line, f"The {name} {value[:80]!r} stands in line {seen[value]} as well."))
            elif value:
                seen[value] = line
    return faults
