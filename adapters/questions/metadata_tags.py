"""Fields of our data model that formats lack (competency, weight, pool, source, review date)
are exported as tags, and read back from them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from adapters.questions.models import QuestionItem

CRITICAL_TAG = "critical"
_COMPETENCY_PREFIX, _POOL_PREFIX, _SOURCE_PREFIX, _REVIEW_PREFIX = (
    "competency:",
    "pool:",
    "source:",
    "review:",
)
MAX_TAGS, MAX_TAG_LENGTH = 30, 200


def item_tags(item: QuestionItem) -> list[str]:
    """The tags under which a question is exported."""
    result = [f"{_COMPETENCY_PREFIX}{item.competency}"] if item.competency else []
    if item.critical:
        result.append(CRITICAL_TAG)
    if item.pool != "check":
        result.append(f"{_POOL_PREFIX}{item.pool}")
    if item.source:
        result.append(f"{_SOURCE_PREFIX}{item.source}")
    if item.review_on:
        result.append(f"{_REVIEW_PREFIX}{item.review_on.isoformat()}")
    return result + item.tags


def parse_tags(tags: Iterable[str]) -> dict[str, Any]:
    """Read fields of a question from a file's tags; the author's own tags are kept as tags."""
    result: dict[str, Any] = {}
    rest: list[str] = []
    for tag in (" ".join(tag.split())[:MAX_TAG_LENGTH] for tag in tags):
        name, _, value = tag.partition(":")
        if tag == CRITICAL_TAG:
            result["critical"] = True
        elif name == "competency" and value:
            result["competency"] = value
        elif name == "pool" and value in ("check", "practice", "baseline"):
            result["pool"] = value
        elif name == "source" and value:
            result["source"] = value
        elif name == "review" and _parse_review_date(value):
            result["review_on"] = _parse_review_date(value)
        elif tag:
            rest.append(tag)
    if rest:
        result["tags"] = list(dict.fromkeys(rest))[:MAX_TAGS]
    return result


def _parse_review_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
