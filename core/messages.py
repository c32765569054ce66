"""Texts for people as gettext messages: an id (the English text) with values that are filled in
after it was translated.

``%(name)s`` stands for a value; every other percent sign is itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from gettext import NullTranslations
from typing import Any

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

    def render(self, translations: NullTranslations) -> str:
        """Translate it and fill in its values; a value that is a message is translated, too."""
        if self.plural:
            found = translations.ngettext(self.text, self.plural, self.values["num"])
        else:
            # gettext keeps a catalogue's header under the empty id
            found = translations.gettext(self.text) if self.text else ""
        return fill_in(found, self.values, translations)

    def __str__(self) -> str:
        return self.render(_UNTRANSLATED)


def lazy_gettext(text: str, **values: Any) -> Message:
    """Mark a text for translation, with the values of its ``%(name)s``."""
    return Message(text, values)


def lazy_ngettext(text: str, plural: str, num: int, **values: Any) -> Message:
    """Mark a text with a plural form; ``%(num)s`` is the number."""
    return Message(text, {"num": num, **values}, plural)


def join_messages(messages: list[Message | str]) -> Message:
    """Several messages, one after the other."""
    values = {f"part{number}": message for number, message in enumerate(messages)}
    return Message(" ".join(f"%({name})s" for name in values), values)


def fill_in(
    text: str, values: Mapping[str, Any], translations: NullTranslations = _UNTRANSLATED
) -> str:
    """Fill in the values of ``%(name)s``; what has no value stays as it is."""

    def value_of(found: re.Match[str]) -> str:
        value = values.get(found[1], found[0])
        return value.render(translations) if isinstance(value, Message) else str(value)

    return _PLACEHOLDER.sub(value_of, text)
