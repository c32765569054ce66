"""The statement formats ids and canonical (xAPI-Communication 2.1.3). Format exact is the
stored bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from lrs.xapi import json_codec
from lrs.xapi.actors import IFI_NAMES

DefinitionLookup = Callable[[str], dict[str, Any] | None]
_CONTEXT_ACTIVITIES = ("parent", "grouping", "category", "other")
_COMPONENT_LISTS = ("choices", "scale", "source", "target", "steps")
_LANGUAGE_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*\Z"
)


def to_ids_format(payload: bytes) -> bytes:
    """Only the identifiers of agents, groups, activities and verbs, without names and
    definitions."""
    return json_codec.encode(_statement_ids(json_codec.decode(payload)))


def _statement_ids(s: dict[str, Any]) -> dict[str, Any]:
    s["actor"] = _actor_ids(s["actor"])
    s["verb"] = {"id": s["verb"]["id"]}
    s["object"] = _object_ids(s["object"])
    if "authority" in s:
        s["authority"] = _actor_ids(s["authority"])
    context = s.get("context", {})
    for name in ("instructor", "team"):
        if name in context:
            context[name] = _actor_ids(context[name])
    for name, part in (("contextAgents", "agent"), ("contextGroups", "group")):
        for entry in context.get(name, ()):
            entry[part] = _actor_ids(entry[part])
    result = context.get("contextActivities", {})
    for name in _CONTEXT_ACTIVITIES:
        if name in result:
            result[name] = [_activity_ids(item) for item in _as_list(result[name])]
    return s


def _object_ids(obj: dict[str, Any]) -> dict[str, Any]:
    kind = obj.get("objectType", "Activity")
    if kind == "Activity":
        return _activity_ids(obj)
    if kind in ("Agent", "Group"):
        return _actor_ids(obj)
    return _statement_ids(obj) if kind == "SubStatement" else obj


def _activity_ids(activity: dict[str, Any]) -> dict[str, Any]:
    return {"id": activity["id"]}


def _actor_ids(actor: dict[str, Any]) -> dict[str, Any]:
    """The identifier; an anonymous group is identified by its members."""
    kept = {name: actor[name] for name in ("objectType", *IFI_NAMES) if name in actor}
    if actor.get("objectType") == "Group" and not any(name in actor for name in IFI_NAMES):
        kept["member"] = [_actor_ids(member) for member in actor.get("member", ())]
    return kept


def to_canonical_format(
    payload: bytes, definitions: DefinitionLookup, languages: Sequence[str]
) -> bytes:
    """One language in every language map; activities with the definition that the record store
    has for them."""
    return json_codec.encode(
        _canonicalize_statement(json_codec.decode(payload), definitions, languages)
    )


def _canonicalize_statement(
    s: dict[str, Any], definitions: DefinitionLookup, languages: Sequence[str]
) -> dict[str, Any]:
    if "display" in s["verb"]:
        s["verb"]["display"] = choose_language(s["verb"]["display"], languages)
    obj = s["object"]
    kind = obj.get("objectType", "Activity")
    if kind == "Activity":
        canonicalize_activity(obj, definitions, languages)
    elif kind == "SubStatement":
        _canonicalize_statement(obj, definitions, languages)
    result = s.get("context", {}).get("contextActivities", {})
    for name in _CONTEXT_ACTIVITIES:
        if name in result:
            for item in _as_list(result[name]):
                canonicalize_activity(item, definitions, languages)
    for attachment in s.get("attachments", ()):
        for name in ("display", "description"):
            if name in attachment:
                attachment[name] = choose_language(attachment[name], languages)
    return s


def canonicalize_activity(
    activity: dict[str, Any], definitions: DefinitionLookup, languages: Sequence[str]
) -> None:
    """Insert the stored definition, in one language."""
    definition = definitions(activity["id"]) or activity.get("definition")
    if not definition:
        return
    chosen = dict(definition)
    for name in ("name", "description"):
        if name in chosen:
            chosen[name] = choose_language(chosen[name], languages)
    for name in _COMPONENT_LISTS:
        if name in chosen:
            chosen[name] = [
                {**part, "description": choose_language(part["description"], languages)}
                if "description" in part
                else part
                for part in chosen[name]
            ]
    activity["definition"] = chosen


def choose_language(texts: dict[str, str], languages: Sequence[str]) -> dict[str, str]:
    """The entry that the reader prefers; the first one if none matches (RFC 4647, 3.4, both
    ways)."""
    if len(texts) <= 1:
        return texts
    by_tag = {tag.lower(): tag for tag in texts}
    for wanted in languages:
        if wanted == "*":
            break
        cut = wanted
        while cut:
            if cut in by_tag:
                return {by_tag[cut]: texts[by_tag[cut]]}
            cut = cut.rpartition("-")[0]
        # A reader of "en" is also given "en-GB".
        for tag, original in by_tag.items():
            if tag.startswith(f"{wanted.partition('-')[0]}-"):
                return {original: texts[original]}
    first = next(iter(texts))
    return {first: texts[first]}


def parse_accept_language(accept_language: str) -> list[str]:
    """The ranges of an Accept-Language header (RFC 9110, 12.5.4), most preferred first; invalid
    parts are ignored."""
    ranges: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        match = _LANGUAGE_RANGE.match(part)
        if match:
            quality = float(match[2] or "1")
            if quality > 0:
                ranges.append((-quality, match[1].lower()))
    return [language for _, language in sorted(ranges, key=lambda result: result[0])]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
