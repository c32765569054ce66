"""What our words know and formats do not: competency, weight, pool, source, review date travel as tags, and come back from them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from adapters.questions.shapes import Item

CRITICAL = "critical"
_COMPETENCY, _POOL, _SOURCE, _REVIEW = "competency:", "pool:", "source:", "review:"
MOST_TAGS, LONGEST_TAG = 30, 200


def written(item: Item) -> list[str]:
    """The tags of a question in a file."""
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
    """Fields of a question from the tags of a file; tags of its author's own stay tags."""
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
