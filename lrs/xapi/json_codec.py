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

MAX_DEPTH = 100  # levels of objects and lists; real statements have about ten


def _parse_number(text: str) -> Decimal | msgspec.Raw:
    """The number as a Decimal; if an exponent of twenty digits exceeds every number type, its
    text, which is written back unchanged."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return msgspec.Raw(text)


decode = msgspec.json.Decoder(float_hook=_parse_number).decode
encode = msgspec.json.Encoder(decimal_format="number").encode
encode_canonical = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode
decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
decode_list_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
decode_raw = msgspec.json.Decoder(msgspec.Raw).decode


@contextmanager
def translate_decode_errors(what: str) -> Iterator[None]:
    """Convert every decoding error into a StatementInvalid with a message of our own."""
    try:
        yield
    except StatementInvalid:
        raise
    except RecursionError:
        raise StatementInvalid("$", f"is nested deeper than {MAX_DEPTH} levels.") from None
    except UnicodeDecodeError:
        raise StatementInvalid("$", f"{what} is not UTF-8 text.") from None
    except (msgspec.DecodeError, ValueError) as error:
        # ValueError: a number with more digits than Python converts.
        raise StatementInvalid(
            "$", f"{what} is not JSON in UTF-8, or holds a number that nothing can hold: {error}."
        ) from None


def decode_strict(raw: bytes) -> Any:
    """Return the decoded value; StatementInvalid if an object repeats a property name or the
    nesting is too deep."""
    decoded = decode(raw)
    reject_deep_nesting(raw, decoded)
    # Equal counts of colons before and after decoding prove that no name was dropped, unless a
    # colon is escaped.
    if b"\\u003" in raw or raw.count(b":") != encode(decoded).count(b":"):
        reject_duplicate_names(raw)
    return decoded


def reject_deep_nesting(raw: bytes, decoded: Any) -> None:
    """Later code traverses the statement, partly by recursion, so depth is limited; a small
    number of brackets proves that it is shallow."""
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    level = [decoded]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            for inner in (
                value.values()
                if isinstance(value, dict)
                else value
                if isinstance(value, list)
                else ()
            )
        ]
    if level:
        raise StatementInvalid("$", f"is nested deeper than {MAX_DEPTH} levels.")


def reject_duplicate_names(raw: bytes) -> None:
    """Decode with every pair of every object; the error's path leads to the object that repeats
    a name."""

    def build_object(result: list[tuple[str, Any]]) -> Any:
        names: set[str] = set()
        for name, value in result:
            if name in names:
                return _DuplicateName([name])
            if isinstance(value, _DuplicateName):
                return _DuplicateName([name, *value.path])
            inner = _find_duplicate_name(value)
            if inner is not None:
                return _DuplicateName([name, *inner])
            names.add(name)
        return dict(result)

    value = json.loads(raw, object_pairs_hook=build_object, parse_int=str)
    path = value.path if isinstance(value, _DuplicateName) else _find_duplicate_name(value)
    if path is not None:
        raise StatementInvalid(
            "$" + "".join(part if part.startswith("[") else f".{part}" for part in path),
            "this name stands twice in one object.",
        )


class _DuplicateName:
    """Marks an object that repeats a name: the path down to it."""

    def __init__(self, path: list[str]) -> None:
        self.path = path


def _find_duplicate_name(value: Any) -> list[str] | None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, _DuplicateName):
                return [f"[{index}]", *item.path]
            inner = _find_duplicate_name(item)
            if inner is not None:
                return [f"[{index}]", *inner]
    return None


def decode_raw_members(raw: bytes) -> dict[str, bytes]:
    """The members of a JSON object, each as the bytes that were sent."""
    return {name: bytes(value) for name, value in decode_members(raw).items()}


def encode_raw_members(members: dict[str, bytes]) -> bytes:
    """The inverse of :func:`decode_raw_members`."""
    return b"{" + b",".join(encode(name) + b":" + value for name, value in members.items()) + b"}"
