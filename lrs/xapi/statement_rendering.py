"""What readers get: stored bytes with ``stored`` (and a timestamp, if none was sent) spliced
in; and comparison of statements."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from core.clock import format_instant, from_microseconds
from lrs.xapi.datatypes import parse_timestamp
from lrs.xapi.statement_parser import splice_members

ORD_SHIFT = 10  # ord = stored microseconds << 10 | writer number
_SECONDS_PART = re.compile(r"(\d+)(?:\.(\d+))?S\Z")
_SET_BY_SERVER = ("id", "stored", "authority", "version")


def format_stored_time(ord_: int) -> str:
    """The ``stored`` time encoded in an ``ord``."""
    seconds, microseconds = divmod(ord_ >> ORD_SHIFT, 1_000_000)
    return f"{_format_second(seconds)}.{microseconds // 1_000:03d}Z"


@lru_cache(maxsize=10_000)
def _format_second(seconds: int) -> str:
    return format_instant(from_microseconds(seconds * 1_000_000))[:19]


def render_statement(payload: bytes, ord_: int, timestamp_given: bool) -> bytes:
    """The statement as readers get it (format exact)."""
    stored = format_stored_time(ord_).encode()
    members = [b'"stored":"%s"' % stored]
    if not timestamp_given:
        # xAPI-Data 2.4.7: without a timestamp of its own, a statement gets the stored time.
        members.append(b'"timestamp":"%s"' % stored)
    return splice_members(payload, members)


def render_statement_result(payloads: list[bytes], more: str) -> bytes:
    """A StatementResult (xAPI-Data 3.2): stored bytes, concatenated."""
    return (
        b'{"statements":[' + b",".join(payloads) + b'],"more":' + json.dumps(more).encode() + b"}"
    )


def is_same_statement(first: bytes, second: bytes) -> bool:
    """Whether two payloads are the same statement, ignoring what the server set (xAPI-Data
    2.3.1).

    Numbers are compared exactly: ``1.0`` equals ``1``, but ``true`` does not; timestamps are
    compared only if both were sent with one.
    """
    a, b = _decode_tagged(first), _decode_tagged(second)
    for name in _SET_BY_SERVER:
        a.pop(name, None)
        b.pop(name, None)
    if "timestamp" not in a or "timestamp" not in b:
        a.pop("timestamp", None)
        b.pop("timestamp", None)
    for statement in (a, b):
        _truncate_durations(statement)
        _normalize_timestamps(statement)
    return bool(a == b)


def _normalize_timestamps(statement: dict[str, Any]) -> None:
    """Timestamps are equal if they are the same instant, however offset and fraction are
    written (xAPI-Data 4.5)."""
    for holder in (statement, statement.get("object", {})):
        if isinstance(holder.get("timestamp"), str):
            try:
                holder["timestamp"] = parse_timestamp(holder["timestamp"])
            except (ValueError, OverflowError):
                continue  # an old row; compared as text


def _truncate_durations(statement: dict[str, Any]) -> None:
    """Durations are compared after truncation to hundredths of a second (IEEE 9274.1.1,
    4.2.7)."""
    for holder in (statement, statement.get("object", {})):
        result = holder.get("result")
        if isinstance(result, dict) and isinstance(result.get("duration"), str):
            result["duration"] = _SECONDS_PART.sub(_truncate_to_hundredths, result["duration"])


def _truncate_to_hundredths(seconds: re.Match[str]) -> str:
    return f"{seconds[1]}.{(seconds[2] or '')[:2]:0<2}S"


def _parse_exact_number(text: str) -> Decimal | str:
    """The exact value; if it cannot be represented (an exponent of twenty digits), the text
    itself."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _decode_tagged(payload: bytes) -> dict[str, Any]:
    def tag_booleans(value: Any) -> Any:
        if isinstance(value, bool):
            return ("boolean", value)  # in Python True == 1
        if isinstance(value, dict):
            return {name: tag_booleans(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [tag_booleans(inner) for inner in value]
        return value

    value: dict[str, Any] = json.loads(
        payload, parse_float=_parse_exact_number, parse_int=_parse_exact_number
    )
    return {name: tag_booleans(inner) for name, inner in value.items()}
