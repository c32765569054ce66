"""JSON decoding and encoding that keeps every digit: a number with a point or an exponent is a
Decimal, never a float."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from lrs.xapi.errors import StatementInvalid

DEEPEST = 100  # levels of objects and lists; real statements have about ten


def _exact(text: str) -> Decimal | msgspec.Raw:
    """The number as a Decimal; if an exponent of twenty digits exceeds every number type, its
    text, which is written back unchanged."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return msgspec.Raw(text)


decode = msgspec.json.Decoder(float_hook=_exact).decode
encode = msgspec.json.Encoder(decimal_format="number").encode
canonical = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode
members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
parts_of_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
whole = msgspec.json.Decoder(msgspec.Raw).decode


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Convert every decoding error into a StatementInvalid with a message of our own."""
    try:
        yield
    except StatementInvalid:
        raise
    except RecursionError:
        raise StatementInvalid("$", f"is nested deeper than {DEEPEST} levels.") from None
    except UnicodeDecodeError:
        raise StatementInvalid("$", f"{what} is not UTF-8 text.") from None
    except (msgspec.DecodeError, ValueError) as error:
        # ValueError: a number with more digits than Python converts.
        raise StatementInvalid("$", f"{what} is not JSON in UTF-8, or holds a number that nothing can hold: {error}.") from None


def strict(raw: bytes) -> Any:
    """Return the decoded value; StatementInvalid if an object repeats a property name or the
    nesting is too deep."""
    decoded = decode(raw)
    refuse_depth(raw, decoded)
    # Equal counts of colons before and after decoding prove that no name was dropped, unless a colon is escaped.
    if b"\\u003" in raw or raw.count(b":") != encode(decoded).count(b":"):
        refuse_duplicate_names(raw)
    return decoded


def refuse_depth(raw: bytes, decoded: Any) -> None:
    """Later code traverses the statement, partly by recursion, so depth is limited; a small
    number of brackets proves that it is shallow."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return
    level = [decoded]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())]
    if level:
        raise StatementInvalid("$", f"is nested deeper than {DEEPEST} levels.")


def refuse_duplicate_names(raw: bytes) -> None:
    """Decode with every pair of every object; the error's path leads to the object that repeats
    a name."""

    def pairs(found: list[tuple[str, Any]]) -> Any:
        names: set[str] = set()
        for name, value in found:
            if name in names:
                return _Repeated([name])
            if isinstance(value, _Repeated):
                return _Repeated([name, *value.path])
            inner = _repeated_in(value)
            if inner is not None:
                return _Repeated([name, *inner])
            names.add(name)
        return dict(found)

    value = json.loads(raw, object_pairs_hook=pairs, parse_int=str)
    path = value.path if isinstance(value, _Repeated) else _repeated_in(value)
    if path is not None:
        raise StatementInvalid("$" + "".join(part if part.startswith("[") else f".{part}" for part in path), "this name stands twice in one object.")


class _Repeated:
    """Marks an object that repeats a name: the path down to it."""

    def __init__(self, path: list[str]) -> None:
        self.path = path


def _repeated_in(value: Any) -> list[str] | None:
    if isinstance(value, list):
        for index, one in enumerate(value):
            if isinstance(one, _Repeated):
                return [f"[{index}]", *one.path]
            inner = _repeated_in(one)
            if inner is not None:
                return [f"[{index}]", *inner]
    return None
