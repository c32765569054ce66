"""Small episodes as statements, and every figure of them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from core.clock import format_instant
from lrs.vocabulary import ACTIVITY_TYPES, BASE, EXTENSIONS, VERBS
from tests.support.store import Caller

PROGRAMME = {"id": f"{BASE}programmes/p", "definition": {"type": ACTIVITY_TYPES["programme"]}}
CERTIFIED = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)


VOIDED = VERBS["voided"].id


def said(
    verb: str,
    registration: uuid.UUID,
    obj: str,
    days: float = 0,
    extensions: dict[str, Any] | None = None,
    **parts: Any,
) -> dict[str, Any]:
    named = {EXTENSIONS[name]: value for name, value in (extensions or {}).items()}
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": "https://h.example", "name": str(registration)}},
        "verb": {"id": VERBS[verb].id},
        "object": {"id": obj},
        "timestamp": format_instant(CERTIFIED + timedelta(days=days)),
        "context": {
            "registration": str(registration),
            "contextActivities": {"grouping": [PROGRAMME]},
            "extensions": named,
        },
        **parts,
    }


def certified(registration: uuid.UUID) -> dict[str, Any]:
    return said("certified", registration, "https://c.example")


def answered(registration: uuid.UUID, item: str, success: bool, days: float = 7) -> dict[str, Any]:
    return said(
        "answered",
        registration,
        f"https://i.example/{item}",
        days,
        {"kind": "check"},
        result={"success": success},
    )


def void(target: dict[str, Any]) -> dict[str, Any]:
    return {
        "actor": target["actor"],
        "verb": {"id": VOIDED},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


def episode_of(n: int) -> list[dict[str, Any]]:
    registration = uuid.uuid4()
    due = {"due_date": format_instant(CERTIFIED + timedelta(days=7))}
    return [
        certified(registration),
        said("scheduled", registration, "https://check.example/1w", 0, due),
        *[answered(registration, f"i{item}", (item + n) % 3 > 0) for item in range(5)],
        said("passed", registration, "https://check.example/1w", 7.1),
        said("applied", registration, "https://t.example", 9),
    ]


def figures(one: Caller) -> dict[str, tuple[int, int]]:
    answer = one.get("/api/v1/figures").json
    return {
        f"{f['key']} {v['part']}".strip(): (v["numerator"], v["denominator"])
        for f in answer["figures"]
        for v in f["values"]
    }
