"""A 1 GB attachment up and down, and what it costs a web worker in memory: ``python -m
bench.attachment`` (part of make bench).
"""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections.abc import Iterator

from bench.server import Bench, heading, keep, running

SIZE = 1_000_000_000
PIECE = bytes(range(256)) * 4096  # 1 MiB
LIMIT_MB = 300
BOUNDARY = "carryover-bench"


def content() -> Iterator[bytes]:
    """The attachment, in pieces."""
    left = SIZE
    while left:
        yield PIECE[: min(left, len(PIECE))]
        left -= min(left, len(PIECE))


def upload(bench: Bench, sha2: str) -> str:
    """Send a statement with the attachment; gives the statement's id."""
    statement = {
        "actor": {"mbox": "mailto:bench@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attempted"},
        "object": {"id": "https://bench.example/large"},
        "attachments": [
            {
                "usageType": "https://bench.example/use",
                "display": {"en": "large"},
                "contentType": "application/octet-stream",
                "length": SIZE,
                "sha2": sha2,
            }
        ],
    }
    head = (
        f"--{BOUNDARY}\r\nContent-Type: "
        f"application/json\r\n\r\n{json.dumps(statement)}\r\n--{BOUNDARY}\r\nContent-Type: "
        "application/octet-stream\r\n"
    )
    head += f"Content-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {sha2}\r\n\r\n"
    tail = f"\r\n--{BOUNDARY}--\r\n"
    connection = http.client.HTTPConnection("127.0.0.1", bench.port)
    connection.putrequest("POST", "/xapi/statements")
    for name, value in _headers(bench).items():
        connection.putheader(name, value)
    connection.putheader("Content-Type", f"multipart/mixed; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(len(head) + SIZE + len(tail)))
    connection.endheaders()
    connection.send(head.encode())
    for piece in content():
        connection.send(piece)
    connection.send(tail.encode())
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"the upload was answered {answer.status}: {body[:300]!r}")
    return str(json.loads(body)[0])


def download(bench: Bench, statement_id: str) -> int:
    """Read the statement with its attachment; gives the bytes of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", bench.port)
    connection.request(
        "GET",
        f"/xapi/statements?statementId={statement_id}&attachments=true",
        headers=_headers(bench),
    )
    answer = connection.getresponse()
    size = 0
    while piece := answer.read(len(PIECE)):
        size += len(piece)
    if answer.status != 200 or size < SIZE:
        raise SystemExit(f"the download was answered {answer.status} with {size} bytes")
    return size


def _headers(bench: Bench) -> dict[str, str]:
    return {"Authorization": f"Basic {bench.token}", "X-Experience-API-Version": "1.0.3"}


def main() -> None:
    """Measure, print and keep."""
    digest = hashlib.sha256()
    for piece in content():
        digest.update(piece)
    with running() as bench:
        begun = time.perf_counter()
        statement_id = upload(bench, digest.hexdigest())
        up, up_memory = time.perf_counter() - begun, bench.memory_mb()
        begun = time.perf_counter()
        download(bench, statement_id)
        down, memory = time.perf_counter() - begun, bench.memory_mb()
        lines = heading(
            "A 1 GB attachment",
            "Local folder, hash checked while it arrives. `python -m bench.attachment`",
        )
        lines += [
            "| way | seconds | MB/s | memory of the larger web worker at its highest, MB | limit |",
            "|---|---|---|---|---|",
        ]
        lines += [f"| up | {up:.1f} | {SIZE / up / 1e6:,.0f} | {up_memory:.0f} | {LIMIT_MB} |"]
        lines += [f"| down | {down:.1f} | {SIZE / down / 1e6:,.0f} | {memory:.0f} | {LIMIT_MB} |"]
        keep("attachment", lines, {"attachment memory": memory})


if __name__ == "__main__":
    main()
