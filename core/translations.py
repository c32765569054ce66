"""Supported languages: message catalogues, and the choice of a language for a person.

Learners' pages, the pages of a launch and of the record store, and mails are translated
(``core/locale/*.po``). A text without a translation stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from babel import UnknownLocaleError, negotiate_locale
from babel.core import get_locale_identifier, parse_locale
from babel.dates import format_date, format_skeleton, get_date_format, get_day_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from core.messages import Message

ENGLISH = "en"
CATALOGUE_DIR = Path(__file__).parent / "locale"
_UNTRANSLATED = NullTranslations()
MAX_TAG_LENGTH = 35  # RFC 5646, 4.4.1: what an implementation has to take
# How a locale's longest pattern of a date ends: with the year, in Spanish after the word "de".
_YEAR_AT_END = re.compile(r"[\s,]*(?:'de'\s*)?y+\s*$")
_FIRST = re.compile(r"\b1\b")
_WEEK = 7  # days
_DATE_LOCALES = {ENGLISH: "en_GB"}  # day before month


@cache
def load_catalogues() -> dict[str, GNUTranslations]:
    """Map each language tag to its translations; the catalogues are read once."""
    result = {}
    for path in sorted(CATALOGUE_DIR.glob("*.po")):
        compiled = BytesIO()
        with path.open("rb") as lines:
            write_mo(compiled, read_po(lines, locale=path.stem))
        compiled.seek(0)
        result[path.stem] = GNUTranslations(compiled)
    return result


def list_languages() -> list[str]:
    """The tags of the supported languages, English first."""
    return [ENGLISH, *load_catalogues()]


def choose_translation(tag: str, texts: Mapping[str, str]) -> str:
    """Of one text in several languages (not none) that for a reader of ``tag``: in the language,
    otherwise in English, otherwise in the first one."""
    return next(
        texts[known]
        for wanted in (tag, ENGLISH, "")
        for known in sorted(texts)
        if not wanted or _normalize_tag(known).partition("_")[0] == wanted
    )


def choose_language(wanted: list[str]) -> str:
    """Return the first supported language in ``wanted`` (de, de-AT and de_AT are German), else
    English.
    """
    tags = [tag for tag in (_normalize_tag(item) for item in wanted) if tag]
    return negotiate_locale(tags, list_languages()) or ENGLISH


def _normalize_tag(tag: str) -> str:
    """Normalize de-AT-1996 to de_AT; return an empty string for an invalid language tag. What is
    not understood is left off from the end (RFC 4647, 3.4): Java writes de-DE-x-lvariant-…, Moodle
    es_mx_kids."""
    parts = tag.replace("_", "-")[:MAX_TAG_LENGTH].split("-")
    while parts:
        try:
            return get_locale_identifier(parse_locale("-".join(parts), sep="-")[:2])
        except (ValueError, UnknownLocaleError):
            parts.pop()
    return ""


def translate_text(tag: str, text: str | Message, /, **values: Any) -> str:
    """Translate ``text``, filling in its ``%(name)s`` placeholders where values are given."""
    message = text if isinstance(text, Message) else Message(text, values)
    return message.translated(translations_for(tag))


def translations_for(tag: str) -> NullTranslations:
    """Return the translations of a language, or the untranslated fallback."""
    return load_catalogues().get(tag) or _UNTRANSLATED


def format_day(tag: str, instant: datetime | date) -> str:
    """Format a date in the language's long form, such as 23 November 2026."""
    locale = _DATE_LOCALES.get(tag, tag)
    return _say_first(tag, format_date(instant, format="long", locale=locale))


def format_weekday(tag: str, instant: datetime | date) -> str:
    """Format a date with its day of the week, such as Monday, 23 November 2026."""
    locale = _DATE_LOCALES.get(tag, tag)
    return _say_first(tag, format_date(instant, format="full", locale=locale))


def format_near_day(tag: str, day: date, today: date) -> str:
    """Format a day with its day of the week, and with its year only if that is not the year of
    ``today``: Thursday, 3 December."""
    if day.year != today.year:
        return format_weekday(tag, day)
    return _without_year(tag, day, "full")


def format_close_day(tag: str, day: date, today: date) -> str:
    """Format a day as people say it: with its day of the week if it is within a week from
    ``today``, with its year only if that is another."""
    if 0 <= (day - today).days < _WEEK:
        return format_near_day(tag, day, today)
    return format_day(tag, day) if day.year != today.year else _without_year(tag, day, "long")


def _without_year(tag: str, day: date, form: Literal["full", "long"]) -> str:
    locale = _DATE_LOCALES.get(tag, tag)
    pattern = _YEAR_AT_END.sub("", get_date_format(form, locale=locale).pattern)
    return _say_first(tag, format_date(day, format=pattern, locale=locale))


def _say_first(tag: str, text: str) -> str:
    """French says the first of a month as an ordinal; CLDR has no pattern for it."""
    return _FIRST.sub("1er", text) if tag.partition("_")[0] == "fr" else text


def weekday_names(tag: str) -> list[str]:
    """The names of the days of the week in a language, Monday first."""
    names = get_day_names("wide", context="stand-alone", locale=_DATE_LOCALES.get(tag, tag))
    return [names[day] for day in range(7)]


def format_short_day(tag: str, day: date) -> str:
    """Format a date in the space of a label, such as 23 Nov."""
    return format_skeleton("MMMd", day, locale=_DATE_LOCALES.get(tag, tag))


def format_month(tag: str, day: date) -> str:
    """Format the month of a day, such as November 2026."""
    return format_skeleton("yMMMM", day, locale=_DATE_LOCALES.get(tag, tag))
