"""Special data types (xAPI-Data 4): IRIs, UUIDs, timestamps, durations, language tags. Each raises
StatementInvalid.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import clock
from lrs.xapi.errors import StatementInvalid

# RFC 3987: one fragment at most; in a host, brackets stand around an address of IPv6 alone. (Behind
# it they are taken, as browsers take them.)
_IRI_CHARACTER = r"(?:[^\s\x00-\x1f\x7f<>\"{}|\\^`%#]|%[0-9A-Fa-f]{2})"
_IRI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]*:(?=[^#]|#.)"
    r"(?:(?!//)|(?=//(?:[^/?#\[\]]*@)?(?:\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\](?::\d*)?|[^/?#\[\]]*)(?:[/?#]|\Z)))"
    rf"{_IRI_CHARACTER}*(?:#{_IRI_CHARACTER}*)?\Z"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z")
_TIMESTAMP = re.compile(
    r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt "
    r"]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d+)?"
    r"([Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)\Z",
    re.ASCII,
)
# In UTC, on a day that every month has, far from the ends of the calendar: valid without
# consulting the calendar.
_PLAIN_TIMESTAMP = re.compile(
    r"[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z\Z",
    re.ASCII,
)
_NEGATIVE_ZERO = re.compile(r"-00(:?00)?\Z")
# ISO 8601:2004, 4.4.3.2 and 4.2.2.4: a decimal sign is a full stop or a comma.
_AMOUNT = r"\d+(?:[.,]\d+)?"
_DURATION = re.compile(
    rf"P(?:{_AMOUNT}W|(?=[\dT])(?:{_AMOUNT}Y)?(?:{_AMOUNT}M)?(?:{_AMOUNT}D)?"
    rf"(?:T(?=\d)(?:{_AMOUNT}H)?(?:{_AMOUNT}M)?(?:{_AMOUNT}S)?)?)\Z",
    re.ASCII,
)
_CLOCK_DURATION = re.compile(
    r"P(?:(\d{1,5})D)?(?:T(?:(\d{1,9}(?:\.\d+)?)H)?(?:(\d{1,9}(?:\.\d+)?)M)?(?:(\d{1,9}(?:\.\d+)?)S)?)?\Z",
    re.ASCII,
)
_LAST_FRACTION = re.compile(r"[^.,]*[.,]\d+[A-Z]\Z", re.ASCII)
_LANGUAGE = re.compile(
    r"(?:(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4}|[A-Za-z]{5,8})(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?"
    r"|[xX](?:-[A-Za-z0-9]{1,8})+|[iI]-[A-Za-z]+|en-GB-oed|sgn-(?:BE-FR|BE-NL|CH-DE))\Z",
    re.ASCII,
)
_SHA1 = re.compile(r"[0-9a-fA-F]{40}\Z")
_SHA2 = re.compile(r"(?:[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})\Z")
_MAILTO = re.compile(r"mailto:[^\s@]+@[^\s@]+\Z", re.IGNORECASE)


def require_text(value: Any, path: str) -> str:
    """A JSON string."""
    if type(value) is not str:
        raise StatementInvalid(path, "must be a string.")
    return value


def require_iri(value: Any, path: str) -> str:
    """An absolute IRI (RFC 3987), compared as text."""
    if not _IRI.match(require_text(value, path)):
        raise StatementInvalid(
            path, "must be an absolute IRI, for example https://example.org/verbs/read."
        )
    return str(value)


def require_uuid(value: Any, path: str) -> str:
    """A UUID in its standard text form (1.0.3 Data 4.4: only the form is required, not variant
    and version, which differ even in its own examples)."""
    if not _UUID.match(require_text(value, path)):
        raise StatementInvalid(
            path, "must be a UUID, for example 3f1c8a52-9d5e-4f3c-8a68-0f5e9ec1a001."
        )
    return str(value)


def require_timestamp(value: Any, path: str) -> str:
    """RFC 3339 with an offset; -00:00 is forbidden (xAPI-Data 4.5)."""
    if _PLAIN_TIMESTAMP.match(require_text(value, path)):
        return str(value)
    if not _TIMESTAMP.match(value) or _NEGATIVE_ZERO.search(value):
        raise StatementInvalid(
            path, "must be an RFC 3339 time with an offset, for example 2026-11-23T09:30:00.000Z."
        )
    try:
        parse_timestamp(value)
    except (ValueError, OverflowError):
        raise StatementInvalid(path, "names a moment that is not in the calendar.") from None
    return str(value)


def parse_timestamp(text: str) -> datetime:
    """Parse a timestamp of valid syntax; ValueError or OverflowError outside the
    calendar's range."""
    if text[-1:] == "Z" and text[10:11] == "T":  # the form of nearly all timestamps
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # a leap second, or no valid time: parsed more carefully below
    text = text.upper().replace(" ", "T")
    if len(text) > 3 and text[-3] in "+-":
        text += ":00"  # xAPI allows an offset with hours only, which fromisoformat does not parse
    whole, dot, rest = text.partition(".")
    if dot:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = f"{whole}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}"
    return clock.parse_instant(
        text.replace(":60", ":59")
    )  # datetime cannot represent a leap second


def require_duration(value: Any, path: str) -> str:
    """ISO 8601 duration (xAPI-Data 4.6)."""
    if not _DURATION.match(require_text(value, path)) or value.endswith("T") or value == "P":
        raise StatementInvalid(path, "must be an ISO 8601 duration, for example PT1M30S.")
    if ("." in value or "," in value) and not _LAST_FRACTION.match(value):
        raise StatementInvalid(
            path, "may have a fraction in its last part alone, for example PT1M30.5S."
        )
    return str(value)


def parse_duration_seconds(text: str, most: int = 86_400) -> float | None:
    """The seconds of a duration in days (of 24 hours), hours, minutes and seconds, the usual
    units of learning; None for months and longer units, and for more than ``most`` seconds."""
    result = _CLOCK_DURATION.match(text.replace(",", "."))
    if not result or text in ("P", "PT"):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in result.groups())
    total = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    return total if total <= most else None


def require_language_tag(value: str, path: str) -> None:
    """An RFC 5646 language tag."""
    if not _LANGUAGE.match(value):
        raise StatementInvalid(
            path, f"{value!r} is no language tag (RFC 5646), for example en or pt-BR."
        )


def require_language_map(value: Any, path: str) -> None:
    """An object of language tags to strings (xAPI-Data 4.2)."""
    if type(value) is not dict:
        raise StatementInvalid(path, "must be an object of language tags and texts.")
    for tag, text in value.items():
        require_language_tag(tag, path)
        require_text(text, f"{path}['{tag}']")


def require_mailto(value: Any, path: str) -> None:
    """mailto:somebody@somewhere."""
    if not _MAILTO.match(require_text(value, path)):
        raise StatementInvalid(path, "must be mailto: and an e-mail address.")


def require_sha1(value: Any, path: str) -> None:
    """40 hexadecimal digits."""
    if not _SHA1.match(require_text(value, path)):
        raise StatementInvalid(path, "must be the 40 hexadecimal digits of a SHA-1.")


def require_sha2(value: Any, path: str) -> None:
    """A SHA-2 of 224 to 512 bits in hexadecimal digits (xAPI-Data 2.4.11)."""
    if not _SHA2.match(require_text(value, path)):
        raise StatementInvalid(path, "must be the 56, 64, 96 or 128 hexadecimal digits of a SHA-2.")


def require_number(value: Any, path: str) -> None:
    """A JSON number; true and false are not numbers."""
    if type(value) not in (int, Decimal):
        raise StatementInvalid(path, "must be a number.")


def require_boolean(value: Any, path: str) -> None:
    """true or false."""
    if type(value) is not bool:
        raise StatementInvalid(path, "must be true or false.")


def require_fields(value: Any, path: str, allowed: frozenset[str]) -> dict[str, Any]:
    """An object with no property other than ``allowed``, and no null."""
    if type(value) is not dict:
        raise StatementInvalid(path, "must be an object.")
    for name, inner in value.items():
        if name not in allowed:
            raise StatementInvalid(
                f"{path}.{name}",
                f"is not a property here; allowed are {', '.join(sorted(allowed))}.",
            )
        if inner is None:
            raise StatementInvalid(f"{path}.{name}", "must not be null; leave it out instead.")
    return value


def require_extensions(value: Any, path: str) -> None:
    """An object whose keys are IRIs; the values may be anything."""
    if type(value) is not dict:
        raise StatementInvalid(path, "must be an object whose keys are IRIs.")
    for key in value:
        if not _IRI.match(key):
            raise StatementInvalid(
                f"{path}['{key}']", "the key of an extension must be an absolute IRI."
            )
