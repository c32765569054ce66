"""multipart/mixed: statements with their attachments (xAPI-Communication 1.5.2), parsed as a
stream, part by part.

The first part is JSON and is kept in memory; every later part is passed on in chunks as it
arrives.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from core.errors import BadInput
from lrs.xapi.errors import StatementInvalid

MAX_HEADER_BYTES = 16 * 1024  # bytes of the headers of one part
MAX_PARTS = 2_001  # the statements, and two attachments for each statement of the largest batch
_HASH_BY_LENGTH: dict[int, Callable[[], Any]] = {
    56: hashlib.sha224,
    64: hashlib.sha256,
    96: hashlib.sha384,
    128: hashlib.sha512,
}


class Sink(Protocol):
    """Receives the bytes of one attachment."""

    def write(self, data: bytes) -> None:
        """Write the next chunk."""

    def close(self) -> None:
        """No more data will follow."""


@dataclass
class ReceivedAttachment:
    """An attachment that came with the request; its hash was verified."""

    sha2: str
    bytes: int
    content_type: str
    sink: Sink


@dataclass
class _OpenPart:
    """The part that is being parsed."""

    number: int
    headers: dict[str, str] = field(default_factory=dict)
    header_bytes: int = 0
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    digest: Any = None
    size: int = 0
    sink: Sink | None = None


class MultipartReader:
    """Parses a multipart/mixed body. ``open_sink`` opens a sink for an attachment;
    ``largest_first`` limits the size of the statements."""

    def __init__(
        self, content_type: str, largest_first: int, open_sink: Callable[[], Sink]
    ) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise BadInput(
                "The Content-Type multipart/mixed names no boundary.", header="Content-Type"
            )
        self.first = bytearray()
        self.arrived: list[ReceivedAttachment] = []
        self._largest_first, self._open_sink = largest_first, open_sink
        self._parts = 0
        self._open: _OpenPart | None = None
        self._ended = False
        self._delimiter = b"--" + boundary
        self._parser = self._parser_for(boundary)

    def _parser_for(self, boundary: bytes) -> MultipartParser:
        try:
            return self._create_parser(boundary)
        except FormParserError as error:
            raise BadInput(
                f"The boundary of the Content-Type cannot be used: {error}.", header="Content-Type"
            ) from None

    def _create_parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": lambda data, start, end: self._header(
                    self._part.name, data[start:end]
                ),
                "on_header_value": lambda data, start, end: self._header(
                    self._part.value, data[start:end]
                ),
                "on_header_end": self._header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": lambda data, start, end: self._data(bytes(data[start:end])),
                "on_part_end": self._end,
                "on_end": self._on_end,
            },
        )

    def feed(self, pieces: Iterable[bytes]) -> None:
        """Parse the whole body; BadInput says what is wrong with which part (counted from
        0)."""
        try:
            for piece in self._skip_preamble(pieces):
                self._parser.write(piece)
            self._parser.finalize()
        except FormParserError as error:
            raise BadInput(
                f"The body is not multipart/mixed as its boundary says: {error}.",
                part=max(self._parts - 1, 0),
            ) from None
        if not self._ended:
            raise BadInput(
                "The body ends before its last boundary; it was cut on the way. Nothing was "
                "stored.",
                part=max(self._parts - 1, 0),
            )
        if not self._parts:
            raise BadInput(
                "The body holds no part; the first must be the statements as application/json."
            )

    def _skip_preamble(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The body from its first boundary on: what stands before it means nothing (RFC 2046,
        5.1.1)."""
        found, before = False, b""
        for piece in pieces:
            if found:
                yield piece
                continue
            before += piece
            start = before.find(b"\r\n" + self._delimiter)
            if start < 0 or before.startswith(self._delimiter):
                start = 0
            found = before.startswith((self._delimiter, b"\r\n" + self._delimiter), start)
            if found or len(before) > MAX_HEADER_BYTES:
                found = True
                yield before[start:]
        if not found and before:
            yield before

    @property
    def _part(self) -> _OpenPart:
        assert self._open is not None
        return self._open

    def _on_part_begin(self) -> None:
        if self._parts >= MAX_PARTS:
            raise BadInput(
                f"The body has more than {MAX_PARTS} parts; send it in several requests."
            )
        self._open = _OpenPart(self._parts)
        self._parts += 1

    def _header(self, into: bytearray, data: bytes) -> None:
        self._part.header_bytes += len(data)
        if self._part.header_bytes > MAX_HEADER_BYTES:
            raise BadInput(
                f"The headers of part {self._part.number} are longer than {MAX_HEADER_BYTES} "
                "bytes.",
                part=self._part.number,
            )
        into += data

    def _header_end(self) -> None:
        part = self._part
        part.headers[part.name.decode("latin-1").strip().lower()] = part.value.decode(
            "latin-1"
        ).strip()
        part.name.clear()
        part.value.clear()

    def _on_headers_finished(self) -> None:
        part = self._part
        if part.number == 0:
            if (
                part.headers.get("content-type", "").partition(";")[0].strip().lower()
                != "application/json"
            ):
                raise BadInput(
                    "The first part must be the statements, with Content-Type: application/json.",
                    part=0,
                )
            return
        if part.headers.get("content-transfer-encoding", "").lower() != "binary":
            raise BadInput(
                f"Part {part.number} needs the header Content-Transfer-Encoding: binary.",
                part=part.number,
            )
        sha2 = part.headers.get("x-experience-api-hash", "").lower()
        if len(sha2) not in _HASH_BY_LENGTH or not set(sha2) <= set("0123456789abcdef"):
            raise BadInput(
                f"Part {part.number} needs the header X-Experience-API-Hash with the SHA-2 of "
                "its bytes.",
                part=part.number,
            )
        part.digest = _HASH_BY_LENGTH[len(sha2)]()
        part.sink = self._open_sink()

    def _data(self, data: bytes) -> None:
        part = self._part
        part.size += len(data)
        if part.sink is None:
            if part.size > self._largest_first:
                raise StatementInvalid(
                    "$",
                    f"is larger than {self._largest_first} bytes; send fewer statements in one "
                    "request.",
                )
            self.first += data
            return
        part.digest.update(data)
        part.sink.write(data)

    def _end(self) -> None:
        part = self._part
        if part.sink is None:
            return
        part.sink.close()
        sha2 = part.headers["x-experience-api-hash"].lower()
        if part.digest.hexdigest() != sha2:
            raise BadInput(
                f"Part {part.number}: its bytes have the SHA-2 {part.digest.hexdigest()}, not "
                f"the {sha2} of X-Experience-API-Hash. Nothing was stored.",
                part=part.number,
            )
        self.arrived.append(
            ReceivedAttachment(
                sha2,
                part.size,
                part.headers.get("content-type", "application/octet-stream"),
                part.sink,
            )
        )

    def _on_end(self) -> None:
        self._ended = True


def build_multipart(
    first: bytes, attachments: Iterable[tuple[str, str, Iterable[bytes]]]
) -> tuple[str, Iterator[bytes]]:
    """Build a multipart/mixed response: its Content-Type, and its bytes in chunks.
    ``attachments``: (sha2, content type, chunks)."""
    boundary = uuid.uuid4().hex

    def iter_chunks() -> Iterator[bytes]:
        yield f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode() + first + b"\r\n"
        for sha2, content_type, data in attachments:
            yield (
                f"--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: "
                f"binary\r\nX-Experience-API-Hash: {sha2}\r\n\r\n"
            ).encode()
            yield from data
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    return f"multipart/mixed; boundary={boundary}", iter_chunks()
