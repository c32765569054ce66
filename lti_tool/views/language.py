"""The language of a page: the launch's (the ``locale`` claim, LTI 1.3 core 5.4.5) or the browser's, else English.

Learners' pages and the pages of a launch are translated (``locale/*.po``); those of teachers and administrators are English. A text
without a translation stays as it is. Texts come back as plain strings, so that a template escapes them like any other.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import UnknownLocaleError, negotiate_locale
from babel.core import get_locale_identifier, parse_locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Request, g

ENGLISH = "en"
CATALOGUES = Path(__file__).parent / "locale"
_UNTRANSLATED = NullTranslations()
_DATES = {ENGLISH: "en_GB"}  # the day before the month


@cache
def catalogues() -> dict[str, GNUTranslations]:
    """Language tag to its texts, read once."""
    found = {}
    for path in sorted(CATALOGUES.glob("*.po")):
        compiled = BytesIO()
        with path.open("rb") as lines:
            write_mo(compiled, read_po(lines, locale=path.stem))
        compiled.seek(0)
        found[path.stem] = GNUTranslations(compiled)
    return found


def choose(wanted: list[str]) -> str:
    """The first language of ``wanted`` that we speak (de, de-AT and de_AT are German), else English."""
    known = [tag for tag in (_plain(one) for one in wanted) if tag]
    return negotiate_locale(known, [ENGLISH, *catalogues()]) or ENGLISH


def _plain(tag: str) -> str:
    """de-AT-1996 → de_AT; empty for what is no language tag."""
    try:
        return get_locale_identifier(parse_locale(tag.replace("_", "-")[:35], sep="-")[:2])
    except (ValueError, UnknownLocaleError):
        return ""


def follow_launch(locale: str) -> None:
    """This page speaks the launch's language."""
    g.language = choose([locale])


def follow_browser(request: Request) -> None:
    """This page speaks the browser's language: no launch is known yet."""
    g.language = choose([tag for tag, _ in request.accept_languages])


def current() -> str:
    """The tag for ``<html lang>``."""
    found: str = g.get("language", ENGLISH)
    return found


def translated(text: str, **values: Any) -> str:
    """``text`` in the page's language, its ``%(name)s`` filled in where values are given."""
    found = _texts().gettext(text) if text else ""  # gettext keeps the head of a catalogue under the empty text
    return found % values if values else found


def counted(one: str, many: str, num: int) -> str:
    """The form of a text that goes with ``num``."""
    return _texts().ngettext(one, many, num) % {"num": num}


def _texts() -> NullTranslations:
    return catalogues().get(current()) or _UNTRANSLATED


def day(instant: datetime | date) -> str:
    """23 November 2026, as the page's language writes it."""
    return format_date(instant, format="long", locale=_DATES.get(current(), current()))
