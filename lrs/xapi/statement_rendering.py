"""What readers get: stored bytes with ``stored`` (and a timestamp, if none was sent) spliced
in."""

from __future__ import annotations

import json
from functools import lru_cache

from core.clock import format_instant, from_microseconds
from lrs.xapi.statement_parser import splice_members

ORD_SHIFT = 10  # ord = stored microseconds << 10 | writer number


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
