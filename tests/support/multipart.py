"""Statements with attachments, as multipart/mixed (xAPI-Communication 1.5.2)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.support.store import Caller

BOUNDARY = "a-boundary"


def described(data: bytes, **changes: Any) -> dict[str, Any]:
    value = {
        "usageType": "https://u.example",
        "display": {"en": "a file"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": hashlib.sha256(data).hexdigest(),
        **changes,
    }
    return {name: part for name, part in value.items() if part is not None}


def part(
    data: bytes, sha2: str | None = None, content_type: str = "text/plain", encoding: str = "binary"
) -> bytes:
    sha2 = hashlib.sha256(data).hexdigest() if sha2 is None else sha2
    head = (
        f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: "
        f"{encoding}\r\nX-Experience-API-Hash: {sha2}\r\n\r\n"
    )
    return f"--{BOUNDARY}\r\n{head}".encode() + data + b"\r\n"


def mixed(statement: Any, *parts: bytes, end: str = f"--{BOUNDARY}--\r\n") -> bytes:
    return (
        f"--{BOUNDARY}\r\nContent-Type: application/json\r\n\r\n{json.dumps(statement)}\r\n".encode()
        + b"".join(parts)
        + end.encode()
    )


def send(
    one: Caller, data: bytes, content_type: str = f'multipart/mixed; boundary="{BOUNDARY}"'
) -> Any:
    return one.send("POST", "/xapi/statements", data=data, content_type=content_type)
