"""Whether two statements are the same statement (xAPI-Data 2.3.1 and 4.5; IEEE 9274.1.1, 4.2):
what re-sends, batches, imports and signatures compare by. ``docs/xapi.md`` has the table.

Both are brought into one form, from which everything is gone that may differ; the rest must be
equal, member by member.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from lrs.xapi.actors import normalize_mailbox
from lrs.xapi.datatypes import parse_timestamp

_SECONDS_PART = re.compile(r"(\d+)(?:[.,](\d+))?S\Z")
_SET_BY_SERVER = ("id", "stored", "authority", "version")
_MICROSECONDS_OF_A_MILLISECOND = 1_000
_CONTEXT_ACTORS = ("instructor", "team")
_ABSENT = object()


def is_same_statement(first: bytes, second: bytes) -> bool:
    """Whether two payloads are the same statement."""
    return find_difference(first, second) is None


def find_difference(first: bytes, second: bytes) -> str | None:
    """The JSON path of the first member that makes two payloads different statements; None if
    they are the same.

    Numbers are compared exactly: ``1.0`` equals ``1``, but ``true`` does not; timestamps are
    compared only if both were sent with one.
    """
    a, b = _comparable_statement(_decode(first)), _comparable_statement(_decode(second))
    if "timestamp" not in a or "timestamp" not in b:
        a.pop("timestamp", None)
        b.pop("timestamp", None)
    return _find_difference(a, b, "$")


def _find_difference(a: Any, b: Any, path: str) -> str | None:
    if isinstance(a, dict) and isinstance(b, dict):
        for name in {**a, **b}:
            found = _find_difference(a.get(name, _ABSENT), b.get(name, _ABSENT), f"{path}.{name}")
            if found:
                return found
        return None
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            found = _find_difference(one, other, f"{path}[{index}]")
            if found:
                return found
        return None
    # In Python True == 1.
    return None if a == b and isinstance(a, bool) == isinstance(b, bool) else path


def _comparable_statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    """A statement or sub-statement without what may differ."""
    result = {name: value for name, value in statement.items() if name not in _SET_BY_SERVER}
    result["actor"] = _comparable_actor(statement["actor"])
    result["verb"] = {"id": statement["verb"]["id"]}
    result["object"] = _comparable_object(statement["object"])
    if "timestamp" in statement:
        result["timestamp"] = _instant(statement["timestamp"])
    if "duration" in statement.get("result", {}):
        duration = _SECONDS_PART.sub(_truncate_to_hundredths, statement["result"]["duration"])
        result["result"] = {**statement["result"], "duration": duration}
    if "context" in statement:
        result["context"] = _comparable_context(statement["context"])
    if "attachments" in statement:
        result["attachments"] = [_comparable_attachment(one) for one in statement["attachments"]]
    return result


def _comparable_actor(actor: Mapping[str, Any]) -> dict[str, Any]:
    result = {"objectType": "Agent", **actor}
    if "mbox" in actor:
        result["mbox"] = normalize_mailbox(actor["mbox"])
    if "member" in actor:  # an unordered list
        members = [_comparable_actor(member) for member in actor["member"]]
        result["member"] = sorted(members, key=lambda member: sorted(map(str, member.items())))
    return result


def _comparable_object(value: Mapping[str, Any]) -> dict[str, Any]:
    match value.get("objectType", "Activity"):
        case "Activity":
            return _comparable_activity(value)
        case "StatementRef":
            return {**value, "id": value["id"].lower()}
        case "SubStatement":
            return _comparable_statement(value)
        case _:
            return _comparable_actor(value)


def _comparable_activity(activity: Mapping[str, Any]) -> dict[str, Any]:
    """Without the definition, which is no part of the statement."""
    result = {"objectType": "Activity", **activity}
    result.pop("definition", None)
    return result


def _comparable_context(context: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(context)
    for name in _CONTEXT_ACTORS:
        if name in context:
            result[name] = _comparable_actor(context[name])
    for name in ("registration", "language"):
        if name in context:
            result[name] = context[name].lower()
    if "statement" in context:
        result["statement"] = {**context["statement"], "id": context["statement"]["id"].lower()}
    if "contextActivities" in context:
        result["contextActivities"] = {
            name: [
                _comparable_activity(activity)
                for activity in (value if isinstance(value, list) else [value])
            ]
            for name, value in context["contextActivities"].items()
        }
    for name, member in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in context:
            result[name] = [
                {**entry, member: _comparable_actor(entry[member])} for entry in context[name]
            ]
    return result


def _comparable_attachment(attachment: Mapping[str, Any]) -> dict[str, Any]:
    result = {**attachment, "sha2": attachment["sha2"].lower()}
    for name in ("display", "description"):
        if name in attachment:
            result[name] = {tag.lower(): text for tag, text in attachment[name].items()}
    return result


def _instant(text: str) -> datetime | str:
    """The moment, however offset and fraction are written, in whole milliseconds: further digits
    may be cut off (xAPI-Data 4.5).
    """
    try:
        moment = parse_timestamp(text)
    except (ValueError, OverflowError):
        return text  # an old row; compared as text
    whole = moment.microsecond // _MICROSECONDS_OF_A_MILLISECOND * _MICROSECONDS_OF_A_MILLISECOND
    return moment.replace(microsecond=whole)


def _truncate_to_hundredths(seconds: re.Match[str]) -> str:
    return f"{seconds[1]}.{(seconds[2] or '')[:2]:0<2}S"


def _decode(payload: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(
        payload, parse_float=_parse_exact_number, parse_int=_parse_exact_number
    )
    return value


def _parse_exact_number(text: str) -> Decimal | tuple[str]:
    """The exact value; if it cannot be represented (an exponent of twenty digits), the text
    itself, which equals no text of the statement.
    """
    try:
        return Decimal(text)
    except InvalidOperation:
        return (text,)
