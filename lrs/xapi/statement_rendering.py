"""What readers get: stored bytes with ``stored`` (and a timestamp, if none was sent) spliced
in."""

from __future__ import annotations

import json
import re
from datetime import UTC
from functools import lru_cache

from core.clock import format_instant, from_microseconds
from lrs.xapi import json_codec
from lrs.xapi.datatypes import parse_timestamp
from lrs.xapi.statement_parser import splice_members

ORD_SHIFT = 10  # ord = stored microseconds << 10 | writer number
_OFFSET_TIMESTAMP = re.compile(rb'"timestamp"\s*:\s*"[^"Zz]*"')
_FRACTION = re.compile(r"\.\d+")
_LEAP_SECOND = re.compile(r":60(?:\D|\Z)")


def format_stored_time(ord_: int) -> str:
    """The ``stored`` time encoded in an ``ord``."""
    seconds, milliseconds = divmod((ord_ >> ORD_SHIFT) // 1_000, 1_000)
    return f"{_format_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=10_000)
def _format_second(seconds: int) -> str:
    return format_instant(from_microseconds(seconds * 1_000_000))[:19]


@lru_cache(maxsize=10_000)
def _begin_stored_member(seconds: int) -> bytes:
    return b',"stored":"%s.' % _format_second(seconds).encode()


_END_STORED_MEMBER = tuple(b'%03dZ"}' % milliseconds for milliseconds in range(1_000))


def render_statement(payload: bytes, ord_: int, timestamp_given: bool) -> bytes:
    """The statement as readers get it (format exact)."""
    if not timestamp_given:
        # xAPI-Data 2.4.7: without a timestamp of its own, a statement gets the stored time.
        payload = splice_members(payload, [b'"timestamp":"%s"' % format_stored_time(ord_).encode()])
    seconds, milliseconds = divmod((ord_ >> ORD_SHIFT) // 1_000, 1_000)
    return (
        payload[: payload.rindex(b"}")]
        + _begin_stored_member(seconds)
        + _END_STORED_MEMBER[milliseconds]
    )


def render_statement_result(payloads: list[bytes], more: str) -> bytes:
    """A StatementResult (xAPI-Data 3.2): stored bytes, concatenated."""
    return (
        b'{"statements":[' + b",".join(payloads) + b'],"more":' + json.dumps(more).encode() + b"}"
    )


def with_utc_timestamps(payload: bytes) -> bytes:
    """The statement with its timestamps, and that of a sub-statement, in UTC, as answers of xAPI
    2.0 give them (IEEE 9274.1.1, 4.2.7); everything else stays byte for byte.
    """
    if not _OFFSET_TIMESTAMP.search(payload):
        return payload
    members = json_codec.decode_raw_members(payload)
    if "timestamp" in members:
        members["timestamp"] = json.dumps(_to_utc(json.loads(members["timestamp"]))).encode()
    if json_codec.decode(members["object"]).get("objectType") == "SubStatement":
        members["object"] = with_utc_timestamps(members["object"])
    return json_codec.encode_raw_members(members)


def _to_utc(timestamp: str) -> str:
    """The same moment with the same digits of its second."""
    try:
        moment = parse_timestamp(timestamp).astimezone(UTC)
    except (ValueError, OverflowError):
        return timestamp  # at the edge of the calendar, where UTC is outside
    if _LEAP_SECOND.search(timestamp):
        return timestamp
    fraction = _FRACTION.search(timestamp)
    return f"{moment.replace(tzinfo=None).isoformat()[:19]}{fraction[0] if fraction else ''}Z"
