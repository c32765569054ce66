"""The language of a page: the launch's (the ``locale`` claim, LTI 1.3 core 5.4.5), the person's or the browser's, else English.

Pages of teachers and administrators are English. Texts come back as plain strings, so that a template escapes them like any other.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Request, g

from lti_tool.actions import languages


def follow_launch(locale: str) -> None:
    """This page speaks the launch's language."""
    g.language = languages.choose([locale])


def follow_browser(request: Request) -> None:
    """This page speaks the browser's language: no launch is known yet."""
    g.language = languages.choose([tag for tag, _ in request.accept_languages])


def current() -> str:
    """The tag for ``<html lang>``."""
    found: str = g.get("language", languages.ENGLISH)
    return found


def translated(text: str, **values: Any) -> str:
    """``text`` in the page's language, its ``%(name)s`` filled in where values are given."""
    return languages.translated(current(), text, **values)


def counted(one: str, many: str, num: int) -> str:
    """The form of a text that goes with ``num``."""
    return languages.texts(current()).ngettext(one, many, num) % {"num": num}


def day(instant: datetime | date) -> str:
    """23 November 2026, as the page's language writes it."""
    return languages.day(current(), instant)
