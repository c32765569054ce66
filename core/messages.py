"""Texts for people as gettext messages: an id (the English text) with values that are filled in
after it was translated.

``%(name)s`` stands for a value; every other percent sign is itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from gettext import NullTranslations
from typing import Any

from babel.numbers import format_decimal

_UNTRANSLATED = NullTranslations()
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Message:
    """A text that is translated where it is shown. ``plural``: its form for other than one, chosen
    by the value ``num``. As ``str`` it is English.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    plural: str = ""

    def translated(self, translations: NullTranslations) -> str:
        """Translate it and fill in its values; a value that is a message is translated, too."""
        if self.plural:
            found = translations.ngettext(self.text, self.plural, self.values["num"])
        else:
            # gettext keeps a catalogue's header under the empty id
            found = translations.gettext(self.text) if self.text else ""
        return fill_in(found, self.values, translations)

    def __str__(self) -> str:
        return self.translated(_UNTRANSLATED)

    def __bool__(self) -> bool:
        """Whether there is a text, as for a plain one."""
        return bool(self.text)


@dataclass(frozen=True)
class Number:
    """A value that is written as the language writes numbers: 1,500 or 1.500; ``digits`` after the
    decimal point.
    """

    value: float
    digits: int = 0

    def translated(self, translations: NullTranslations) -> str:
        """Write it in the language of ``translations``."""
        pattern = "#,##0" + ("." + "0" * self.digits if self.digits else "")
        language = translations.info().get("language", "en")
        return format_decimal(self.value, format=pattern, locale=language)


class MessageError(Exception):
    """An error whose ``message`` is for a person: a constant text, or one with values by
    :func:`lazy_gettext`. It is translated where it is shown; as ``str`` it is English.
    """

    def __init__(self, message: str | Message) -> None:
        self.message = as_message(message)
        super().__init__(str(self.message))


def as_message(text: str | Message) -> Message:
    """A text as a message without values."""
    return text if isinstance(text, Message) else Message(text)


def quote_text(text: str) -> Message:
    """The words of somebody else, shown as they are in every language."""
    return Message("%(quoted)s", {"quoted": text})


def lazy_gettext(text: str, /, **values: Any) -> Message:
    """Mark a text for translation, with the values of its ``%(name)s``."""
    return Message(text, values)


def gettext_noop(text: str) -> str:
    """Mark a constant for translation and leave it as it is: it is translated where it is shown,
    by a variable that holds it.
    """
    return text


def lazy_ngettext(text: str, plural: str, num: int, /, **values: Any) -> Message:
    """Mark a text with a plural form; ``%(num)s`` is the number."""
    return Message(text, {"num": num, **values}, plural)


def join_messages(messages: Iterable[Message | str], separator: str = " ") -> Message:
    """Several messages, one after the other; a constant text is translated, too."""
    values = {f"part{number}": as_message(message) for number, message in enumerate(messages)}
    return Message(separator.join(f"%({name})s" for name in values), values)


def fill_in(
    text: str, values: Mapping[str, Any], translations: NullTranslations = _UNTRANSLATED
) -> str:
    """Fill in the values of ``%(name)s``; what has no value stays as it is."""

    def value_of(found: re.Match[str]) -> str:
        value = values.get(found[1], found[0])
        return value.translated(translations) if isinstance(value, Message | Number) else str(value)

    return _PLACEHOLDER.sub(value_of, text)
