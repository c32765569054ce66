"""A Moodle that answers what the recorded one answered, to the requests that were recorded and to
no other.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.tool import CAPTURES, Asked, FakeServer, Reply

RECORDED = "http://127.0.0.1:8100"


@cache
def exchanges(file: str) -> dict[str, dict[str, Any]]:
    """Recorded exchanges by name."""
    return {one["name"]: one for one in json.loads((CAPTURES / f"{file}.json").read_text())}


def _key(method: str, url: str, headers: dict[str, str]) -> tuple[Any, ...]:
    parts = urlsplit(url)
    kind = headers.get(
        {"POST": "Content-Type", "PUT": "Content-Type", "GET": "Accept"}.get(method, ""), ""
    )
    return method, parts.path, tuple(sorted(parse_qsl(parts.query))), kind


def replayed(server: FakeServer, *names: str, file: str = "services", without: str = "") -> None:
    """Let the server answer with these exchanges, each to its own request; a request that was not
    recorded is told so (599). ``without``: the end of an address that was not there when it was
    recorded, and that does not change the answer.
    """
    wanted = {
        _key(one["request"]["method"], one["request"]["url"], one["request"]["headers"]): one
        for one in (exchanges(file)[name] for name in names)
    }

    def answer(asked: Asked) -> Reply:
        found = wanted.get(_key(asked[0], asked[1].removesuffix(without), asked[2]))
        if found is None:
            return (599, "not recorded", f"{asked[0]} {asked[1]} {asked[2]}")
        response = found["response"]
        body = response["body"]
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        headers = {
            name: value.replace(RECORDED, server.url) for name, value in response["headers"].items()
        }
        return (
            response["status"],
            response["reason"].replace("\n", " "),
            text.replace(RECORDED, server.url).replace(RECORDED.replace("/", "\\/"), server.url),
            headers,
        )

    server.otherwise = answer
