"""The bytes of a statement as the database holds them: compressed by zstd with a dictionary, since
PostgreSQL compresses nothing of about a kilobyte (TOAST begins near two).

The dictionary is a text of invented statements and of published IRIs, in the shapes that systems
send. What lies in a database needs the dictionary it was written with, so a dictionary is never
changed; another one gets the next number. The first byte says which: no JSON begins with one.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import Dialect, LargeBinary, TypeDecorator

_LEVEL = -1  # level 3 saves a seventh more, and takes twice the time to pack and to unpack
_DICTIONARY_NUMBER = b"\x01"
_DICTIONARY = zstandard.ZstdCompressionDict(
    (Path(__file__).parent / "payload_dictionary_1.txt").read_bytes(),
    dict_type=zstandard.DICT_TYPE_RAWCONTENT,
)
_DICTIONARY.precompute_compress(level=_LEVEL)


class _Codec(threading.local):
    """A compressor is of one thread."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=_DICTIONARY, write_checksum=False, write_dict_id=False
        ).compress
        self.decompress = zstandard.ZstdDecompressor(dict_data=_DICTIONARY).decompress


_codec = _Codec()


def pack_payload(payload: bytes) -> bytes:
    """What is written for a statement."""
    packed: bytes = _DICTIONARY_NUMBER + _codec.compress(payload)
    return packed if len(packed) < len(payload) else payload


def unpack_payload(stored: bytes) -> bytes:
    """The statement of what was written; a version before wrote it as it is."""
    if stored[:1] != _DICTIONARY_NUMBER:
        return stored
    payload: bytes = _codec.decompress(stored[1:])
    return payload


class Payload(TypeDecorator[bytes]):
    """A column of statements: packed on the way in, unpacked on the way out."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> Any:
        """See :func:`pack_payload`."""
        return None if value is None else pack_payload(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """See :func:`unpack_payload`."""
        return None if value is None else unpack_payload(bytes(value))
