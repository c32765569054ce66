"""The language of a page: from the launch (the ``locale`` claim, LTI 1.3 core 5.4.5), the
person or the browser, else English.

Texts are returned as plain strings, so that a template escapes them like any other.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Request, g

from core import clock, translations
from core.messages import Message, lazy_ngettext


def use_launch_language(locale: str) -> None:
    """Use the launch's language for this page."""
    g.language = translations.choose_language([locale])


def use_browser_language(request: Request) -> None:
    """Use the browser's language for this page, because no launch is known yet."""
    g.language = translations.choose_language([tag for tag, _ in request.accept_languages])


def use_known_language(request: Request) -> None:
    """Use the browser's language for an error page, unless the person's is known."""
    if "language" not in g:
        use_browser_language(request)


def current_language() -> str:
    """The tag for ``<html lang>``."""
    result: str = g.get("language", translations.ENGLISH)
    return result


def translate(text: str | Message, /, **values: Any) -> str:
    """``text`` in the page's language, its ``%(name)s`` filled in where values are given."""
    return translations.translate_text(current_language(), text, **values)


def translate_plural(item: str, many: str, num: int) -> str:
    """The singular or plural form of a text for ``num``."""
    return translations.translate_text(current_language(), lazy_ngettext(item, many, num))


def format_day(instant: datetime | date) -> str:
    """A date as people say it in the page's language: 23 November, in another year 23 November
    2025, within a week Monday, 23 November."""
    day = instant.date() if isinstance(instant, datetime) else instant
    return translations.format_close_day(current_language(), day, clock.now().date())


def format_short_day(instant: datetime | date) -> str:
    """A date without its year, as short as a label, formatted in the page's language."""
    return translations.format_short_day(current_language(), instant)


def format_weekday(instant: datetime | date) -> str:
    """A date with its day of the week, formatted in the page's language."""
    return translations.format_weekday(current_language(), instant)


def format_near_day(instant: datetime | date) -> str:
    """A date with its day of the week, and with its year only if that is not this one, formatted
    in the page's language."""
    day = instant.date() if isinstance(instant, datetime) else instant
    return translations.format_near_day(current_language(), day, clock.now().date())


def format_day_text(text: str) -> str:
    """The text of a day, such as 2026-11-23, formatted in the page's language; another text as it
    is."""
    try:
        return format_day(date.fromisoformat(text))
    except ValueError:
        return text


def format_month_text(text: str) -> str:
    """The text of a month, such as 2026-11, formatted in the page's language; another text as it
    is."""
    try:
        return translations.format_month(current_language(), date.fromisoformat(f"{text}-01"))
    except ValueError:
        return text
