"""Arrays for PostgreSQL in its binary form, packed in one go: the driver would dump each element by
itself, which takes twice as long for a batch of statements.

The form is that of ``array_recv``: dimensions, whether there are nulls, the element's type; then
for the one dimension its length and lower bound; then each element with its length, -1 for a null.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Sequence

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEADER = struct.Struct("!iIIii")
_NULL = b"\xff\xff\xff\xff"
_UUID_LENGTH, _BYTE_LENGTH = struct.pack("!i", 16), struct.pack("!i", 1)
_TRUE, _FALSE = _BYTE_LENGTH + b"\x01", _BYTE_LENGTH + b"\x00"


class _Packed:
    """The bytes of an array."""

    __slots__ = ("data",)
    element = 0  # the oid of the element's type

    def __init__(self, elements: bytes, length: int, has_null: bool = False) -> None:
        if length:
            self.data = _HEADER.pack(1, has_null, self.element, length, 1) + elements
        else:
            self.data = struct.pack("!iII", 0, 0, self.element)


class IntegerArray(_Packed):
    """``int4[]``; None is null."""

    element = psycopg.adapters.types["int4"].oid

    def __init__(self, values: Sequence[int | None]) -> None:
        flat = [part for value in values for part in ((-1,) if value is None else (4, value))]
        super().__init__(struct.pack(f"!{len(flat)}i", *flat), len(values), None in values)


class BigintArray(_Packed):
    """``int8[]``."""

    element = psycopg.adapters.types["int8"].oid

    def __init__(self, values: Sequence[int]) -> None:
        flat = [part for value in values for part in (8, value)]
        super().__init__(struct.pack("!" + "iq" * len(values), *flat), len(values))


class UuidArray(_Packed):
    """``uuid[]``; None is null."""

    element = psycopg.adapters.types["uuid"].oid

    def __init__(self, values: Sequence[uuid.UUID | None]) -> None:
        parts = [_NULL if value is None else _UUID_LENGTH + value.bytes for value in values]
        super().__init__(b"".join(parts), len(values), None in values)


class BooleanArray(_Packed):
    """``bool[]``."""

    element = psycopg.adapters.types["bool"].oid

    def __init__(self, values: Sequence[bool]) -> None:
        super().__init__(b"".join([_TRUE if value else _FALSE for value in values]), len(values))


class BytesArray(_Packed):
    """``bytea[]``."""

    element = psycopg.adapters.types["bytea"].oid

    def __init__(self, values: Sequence[bytes]) -> None:
        parts = [part for value in values for part in (struct.pack("!i", len(value)), value)]
        super().__init__(b"".join(parts), len(values))


def _register(kind: type[_Packed], array_oid: int) -> None:
    class PackedDumper(Dumper):
        format = Format.BINARY
        oid = array_oid

        def dump(self, obj: _Packed) -> bytes:
            return obj.data

    psycopg.adapters.register_dumper(kind, PackedDumper)


for _kind, _name in (
    (IntegerArray, "int4"),
    (BigintArray, "int8"),
    (UuidArray, "uuid"),
    (BooleanArray, "bool"),
    (BytesArray, "bytea"),
):
    _register(_kind, psycopg.adapters.types[_name].array_oid)
