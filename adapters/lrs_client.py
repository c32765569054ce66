"""A tool's side of a record store: posting final bytes to any xAPI store, and asking ours for figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from lrs.ground.http import Answer, GuardedClient, OutsideCallFailed

XAPI_VERSION = "1.0.3"  # what adapters/xapi.py writes


@dataclass(frozen=True)
class RecordStore:
    """Where a tenant's statements go: address without /xapi, key, secret."""

    url: str
    key: str
    secret: str


class StatementsRefused(Exception):
    """The store refused the batch for good; sending it again unchanged would not help."""


def post(client: GuardedClient, store: RecordStore, payloads: Sequence[bytes]) -> None:
    """Store a batch. StatementsRefused when the store says no, OutsideCallFailed when it could not be asked."""
    answer = client.call(
        "POST",
        f"{store.url}/xapi/statements",
        headers={"Content-Type": "application/json", "X-Experience-API-Version": XAPI_VERSION, "Accept": "application/json"},
        body=b"[" + b",".join(payloads) + b"]",
        basic=(store.key, store.secret),
    )
    if answer.status in (200, 204):
        return
    if answer.status in (400, 409, 413):
        raise StatementsRefused(_reason(answer))
    raise OutsideCallFailed(f"The record store answered {answer.status}: {_reason(answer)}")


def figures(client: GuardedClient, store: RecordStore, programme: str) -> list[dict[str, Any]]:
    """All figures of a programme, with values, sentences and pictures: ``GET /api/v1/figures``."""
    address = f"{store.url}/api/v1/figures?{urlencode({'programme': programme})}"
    answer = client.call("GET", address, headers={"Accept": "application/json"}, basic=(store.key, store.secret))
    if answer.status != 200:
        raise OutsideCallFailed(f"The record store answered {answer.status} when asked for figures.")
    found = answer.json()
    if not isinstance(found, dict) or not isinstance(found.get("figures"), list):
        raise OutsideCallFailed("The record store's answer holds no figures.")
    return list(found["figures"])


def _reason(answer: Answer) -> str:
    return answer.body[:500].decode("utf-8", "replace") or answer.reason
