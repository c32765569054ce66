"""Fields of our data model that formats lack (competency, weight, pool, source, review date)
are exported as tags, and read back from them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from adapters.questions.shapes import Item

CRITICAL = "critical"
_COMPETENCY, _POOL, _SOURCE, _REVIEW = "competency:", "pool:", "source:", "review:"
MOST_TAGS, LONGEST_TAG = 30, 200


def written(item: Item) -> list[str]:
    """The tags under which a question is exported."""
    found = [f"{_COMPETENCY}{item.competency}"] if item.competency else []
    if item.critical:
        found.append(CRITICAL)
    if item.pool != "check":
        found.append(f"{_POOL}{item.pool}")
    if item.source:
        found.append(f"{_SOURCE}{item.source}")
    if item.review_on:
        found.append(f"{_REVIEW}{item.review_on.isoformat()}")
    return found + item.tags


def read(tags: Iterable[str]) -> dict[str, Any]:
    """Read fields of a question from a file's tags; the author's own tags are kept as tags."""
    found: dict[str, Any] = {}
    rest: list[str] = []
    for tag in (" ".join(one.split())[:LONGEST_TAG] for one in tags):
        name, _, value = tag.partition(":")
        if tag == CRITICAL:
            found["critical"] = True
        elif name == "competency" and value:
            found["competency"] = value
        elif name == "pool" and value in ("check", "practice", "baseline"):
            found["pool"] = value
        elif name == "source" and value:
            found["source"] = value
        elif name == "review" and _day(value):
            found["review_on"] = _day(value)
        elif tag:
            rest.append(tag)
    if rest:
        found["tags"] = list(dict.fromkeys(rest))[:MOST_TAGS]
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
