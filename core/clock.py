"""Time: the only source of the current time, and the only functions to parse and format
instants (RFC 3339, UTC, milliseconds)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def now() -> datetime:
    """The current instant, timezone-aware, in UTC."""
    return datetime.now(UTC)


def format_instant(instant: datetime) -> str:
    """``2026-11-23T00:00:00.000Z``: UTC, truncated (not rounded) to milliseconds, so that it is
    never in the future."""
    moment = instant.astimezone(UTC)
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def to_microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970, exact."""
    return (instant - EPOCH) // MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The inverse of :func:`to_microseconds`."""
    return EPOCH + timedelta(microseconds=microseconds)


def parse_instant(text: str) -> datetime:
    """Parse a timezone-aware instant from RFC 3339 text; ValueError without an offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset, for example Z")
    return instant.astimezone(UTC)
