"""What a tolerant credential, or a tolerant import, takes although the standard refuses it: a
closed list of rules, each for what content or a system really sends (docs/xapi.md names the
sources).

A statement is changed where it breaks a rule, and nowhere else; an extension of its context
(``TOLERATED``) has the rule, the path, and what was sent there, unless it is of a person. What
would have to be guessed (who it is, what it is about) stays refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from lrs.vocabulary import BASE
from lrs.xapi import datatypes, json_codec, validation
from lrs.xapi.actors import IFI_NAMES
from lrs.xapi.errors import StatementInvalid

TOLERATED = f"{BASE}extensions/tolerated"
_ADL_VERBS = "http://adlnet.gov/expapi/verbs/"
# Names of properties, by the place of their object; the rest of a place is unknown.
_CONTEXT_ACTIVITIES = ("parent", "grouping", "category", "other")
# ISO 8601 in its basic and its extended form, with what RFC 3339 leaves out of both.
_ISO_TIMESTAMP = re.compile(
    r"\s*(\d{4})-?(\d\d)-?(\d\d)[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?"
    r"([Zz]|[+-]\d\d(?::?\d\d)?)?\s*\Z",
    re.ASCII,
)
_NUMBER_AS_TEXT = re.compile(r"-?\d{1,18}(?:\.\d{1,18})?\Z", re.ASCII)
_BOOLEANS_AS_TEXT = {"true": True, "false": False}
_TIMELESS_DURATION = re.compile(r"P(?=\d)(?:\d+(?:\.\d+)?H)?(?:\d+(?:\.\d+)?M)?\d+(?:\.\d+)?S\Z")
_PLAIN_VERB = re.compile(r"[a-z]+\Z")
# What an IRI may hold beside letters and digits; a per cent sign stays: it may begin an escape.
_IRI_CHARACTERS = "%:/?#[]@!$&'()*+,;=~-._"
_OLD_ACCOUNT = {"accountServiceHomePage": "homePage", "accountName": "name"}

Note = Callable[[str, str, Any], None]  # the rule, the path, what was sent
# Rule → the paragraph of xAPI-Data 1.0.3 that what is sent breaks, and what is done.
RULES = {
    "null": ("2.2", "a null is left out"),
    "empty": ("2.2", "an empty list in the place of an object is left out"),
    "unknown": ("2.2", "a property that the standard does not know is left out"),
    "group-activity": ("2.4.4", "GroupActivity is taken for Activity"),
    "context-activity": ("2.4.6.2", "a context activity without an IRI is left out"),
    "iri-characters": ("4.1", "blanks and other characters of an activity's id are escaped"),
    "definition": ("2.4.4.1", "of a definition, what is not as it must be is left out"),
    "interaction-type": (
        "2.4.4.1",
        "an unknown interaction type counts as other",
    ),
    "correct-responses": ("2.4.4.1", "lists within the correct responses are opened"),
    "score": (
        "2.4.5.1",
        "a bound that raw does not keep to, a scaled beyond 1: left out",
    ),
    "duration": ("4.6", "a missing T is added; a duration that is none, or negative, is left out"),
    "language": (
        "4.2",
        "an underscore is a hyphen; what is no tag then is left out",
    ),
    "platform": ("2.4.6", "platform and revision are left out where the object is no activity"),
    "extension-key": ("4.1", "an extension whose key is no IRI is left out"),
    "text": (
        "2.2",
        "of a score and of success and completion, what is written as text is taken as what it "
        "says; an empty text is left out",
    ),
    "timestamp": (
        "4.5",
        "what ISO 8601 allows for and RFC 3339 does not is written anew; without an offset it is "
        "UTC",
    ),
    "mailto": ("2.4.2.3", "an address without mailto: gets it"),
    "tin-can-0.9": (
        "2.4.2, 2.4.3",
        "an actor of lists or a Person, names of its account, a plain verb",
    ),
}


def mend_statement(raw: bytes, family_2_0: bool) -> bytes:
    """The statement of a family (1.0.x or 2.0.x) with what the rules allow for, and the record of
    it; StatementInvalid where it is no JSON object.
    """
    with json_codec.translate_decode_errors("the statement"):
        value = json_codec.decode_strict(raw)
    if not isinstance(value, dict):
        raise StatementInvalid("$", "must be an object.")
    notes: list[dict[str, Any]] = []

    def note(rule: str, path: str, sent: Any) -> None:
        # Nothing of a person is kept here, where an erasure would not look for it.
        kept = {} if _names_somebody(sent) else {"sent": sent}
        notes.append({"rule": rule, "path": path, **kept})

    mended = _mend_statement(value, "$", family_2_0, note)
    if not notes:
        return raw
    context = mended.setdefault("context", {})
    if isinstance(context, dict):
        extensions = context.setdefault("extensions", {})
        if isinstance(extensions, dict):
            if TOLERATED in extensions:
                note("unknown", f"$.context.extensions['{TOLERATED}']", extensions[TOLERATED])
            extensions[TOLERATED] = notes
    return json_codec.encode(mended)


def _names_somebody(value: Any) -> bool:
    """Whether a value may hold an identifier of a person."""
    if isinstance(value, dict):
        return any(name in value for name in (*IFI_NAMES, "member", "name")) or any(
            _names_somebody(part) for part in value.values()
        )
    if isinstance(value, list):
        return any(_names_somebody(part) for part in value)
    return isinstance(value, str) and "@" in value


def _mend_statement(
    value: dict[str, Any], path: str, family_2_0: bool, note: Note
) -> dict[str, Any]:
    known = validation.SUB_STATEMENT if path != "$" else validation.STATEMENT
    s = _mend_members(value, path, known, note)
    if "actor" in s:
        s["actor"] = _mend_actor(s["actor"], f"{path}.actor", note)
    if "verb" in s:
        s["verb"] = _mend_verb(s["verb"], f"{path}.verb", note)
    obj = s.get("object")
    if isinstance(obj, dict):
        s["object"] = _mend_object(obj, f"{path}.object", family_2_0, note)
        obj = s["object"]
    if isinstance(s.get("result"), dict):
        s["result"] = _mend_result(s["result"], f"{path}.result", note)
    if isinstance(s.get("context"), dict):
        is_activity = isinstance(obj, dict) and obj.get("objectType", "Activity") == "Activity"
        known_parts = validation.CONTEXT_2_0 if family_2_0 else validation.CONTEXT
        context = _mend_members(s["context"], f"{path}.context", known_parts, note)
        s["context"] = _mend_context(context, f"{path}.context", is_activity, note)
    if isinstance(s.get("attachments"), list):
        s["attachments"] = [
            _mend_attachment(one, f"{path}.attachments[{index}]", note)
            for index, one in enumerate(s["attachments"])
        ]
    for name in ("result", "context"):
        _drop_if(s, name, lambda part: part == [], "empty", path, note)
    text = s.get("timestamp")
    if isinstance(text, str) and _is_invalid(datatypes.require_timestamp)(text):
        mended = _rewrite_timestamp(text)
        if not _is_invalid(datatypes.require_timestamp)(mended):
            note("timestamp", f"{path}.timestamp", text)
            s["timestamp"] = mended
    return s


def _rewrite_timestamp(text: str) -> str | None:
    """A moment of ISO 8601 as RFC 3339 writes it; None where it is no moment."""
    match = _ISO_TIMESTAMP.match(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    clock = f"{minute}:{second or '00'}" + (f".{fraction}" if fraction else "")
    date = f"{year}-{month}-{day}"
    if hour == "24" and not clock.strip("0:."):  # ISO 8601:2004, 4.2.3: the end of the day
        try:
            date = (datetime.fromisoformat(date) + timedelta(days=1)).date().isoformat()
        except (ValueError, OverflowError):
            return None
        hour = "00"
    if offset is None or (offset[0] == "-" and not offset.strip("-0:")):
        offset = "Z"
    return f"{date}T{hour}:{clock}{offset}"


def _mend_members(
    value: dict[str, Any], path: str, known: frozenset[str], note: Note
) -> dict[str, Any]:
    """A copy without nulls and without what nobody knows."""
    result = {}
    for name, part in value.items():
        if part is None:
            note("null", f"{path}.{name}", None)
        elif name not in known:
            note("unknown", f"{path}.{name}", part)
        else:
            result[name] = part
    return result


def _drop_if(
    holder: dict[str, Any],
    name: str,
    wrong: Callable[[Any], bool],
    rule: str,
    path: str,
    note: Note,
) -> None:
    if name in holder and wrong(holder[name]):
        note(rule, f"{path}.{name}", holder.pop(name))


def _is_invalid(check: Callable[[Any, str], object]) -> Callable[[Any], bool]:
    """Whether the standard refuses a value."""

    def wrong(value: Any) -> bool:
        try:
            check(value, "$")
        except StatementInvalid:
            return True
        return False

    return wrong


def _mend_actor(value: Any, path: str, note: Note) -> Any:
    """Of a person, the record holds the place alone."""
    if not isinstance(value, dict):
        return value

    def note_place(rule: str, place: str, sent: Any) -> None:
        note(rule, place, None)

    return _mend_person(value, path, note_place)


def _mend_person(value: dict[str, Any], path: str, note: Note) -> dict[str, Any]:
    value = _mend_old_actor(value, path, note)
    known = validation.GROUP if value.get("objectType") == "Group" else validation.AGENT
    result = _mend_members(value, path, known, note)
    mbox = result.get("mbox")
    if isinstance(mbox, str) and "@" in mbox and ":" not in mbox:
        note("mailto", f"{path}.mbox", mbox)
        result["mbox"] = f"mailto:{mbox}"
    if isinstance(result.get("account"), dict):
        result["account"] = _mend_members(
            result["account"], f"{path}.account", validation.ACCOUNT, note
        )
    if isinstance(result.get("member"), list):
        result["member"] = [
            _mend_person(member, f"{path}.member[{index}]", note)
            if isinstance(member, dict)
            else member
            for index, member in enumerate(result["member"])
            if member is not None
        ]
    return result


def _mend_old_actor(value: dict[str, Any], path: str, note: Note) -> dict[str, Any]:
    """Tin Can 0.9 called an agent a Person, gave its parts as lists, and its account by other
    names.
    """
    result = {}
    if value.get("objectType") == "Person":
        note("tin-can-0.9", f"{path}.objectType", "Person")
        value = {**value, "objectType": "Agent"}
    for name, part in value.items():
        if name in (*IFI_NAMES, "name") and isinstance(part, list) and len(part) == 1:
            note("tin-can-0.9", f"{path}.{name}", part)
            (part,) = part
        if name == "account" and isinstance(part, dict) and part.keys() & _OLD_ACCOUNT.keys():
            note("tin-can-0.9", f"{path}.{name}", part)
            part = {_OLD_ACCOUNT.get(key, key): inner for key, inner in part.items()}
        result[name] = part
    return result


def _mend_verb(value: Any, path: str, note: Note) -> Any:
    if isinstance(value, str) and _PLAIN_VERB.match(value):
        note("tin-can-0.9", path, value)
        return {"id": f"{_ADL_VERBS}{value}"}
    if not isinstance(value, dict):
        return value
    result = _mend_members(value, path, validation.VERB, note)
    if "display" in result:
        result["display"] = _mend_language_map(result["display"], f"{path}.display", note)
    return result


def _mend_attachment(value: Any, path: str, note: Note) -> Any:
    if not isinstance(value, dict):
        return value
    result = _mend_members(value, path, validation.ATTACHMENT, note)
    for name in ("display", "description"):
        if name in result:
            result[name] = _mend_language_map(result[name], f"{path}.{name}", note)
    return result


def _mend_object(value: dict[str, Any], path: str, family_2_0: bool, note: Note) -> Any:
    kind = value.get("objectType", "Activity")
    if kind in ("Agent", "Group", "Person"):
        return _mend_actor(value, path, note)
    if kind == "SubStatement":
        return _mend_statement(value, path, family_2_0, note)
    if kind == "StatementRef":
        return _mend_members(value, path, validation.STATEMENT_REF, note)
    return _mend_activity(value, path, note)


def _mend_activity(value: dict[str, Any], path: str, note: Note) -> dict[str, Any]:
    result = _mend_members(value, path, validation.ACTIVITY, note)
    if result.get("objectType") == "GroupActivity":
        note("group-activity", f"{path}.objectType", "GroupActivity")
        result["objectType"] = "Activity"
    iri = result.get("id")
    if isinstance(iri, str) and _is_invalid(datatypes.require_iri)(iri):
        place, mark, fragment = iri.strip().partition("#")
        fragment = fragment.replace("#", "%23")
        escaped = quote(f"{place}{mark}{fragment}", safe=_IRI_CHARACTERS)
        if not _is_invalid(datatypes.require_iri)(escaped):
            note("iri-characters", f"{path}.id", iri)
            result["id"] = escaped
    _drop_if(result, "definition", lambda part: part == [], "empty", path, note)
    _drop_if(result, "definition", lambda part: type(part) is not dict, "definition", path, note)
    if "definition" in result:
        result["definition"] = _mend_definition(result["definition"], f"{path}.definition", note)
    return result


def _mend_definition(value: dict[str, Any], path: str, note: Note) -> dict[str, Any]:
    d = _mend_members(value, path, validation.DEFINITION, note)
    for name in ("name", "description"):
        if name in d:
            d[name] = _mend_language_map(d[name], f"{path}.{name}", note)
            _drop_if(d, name, _is_invalid(datatypes.require_language_map), "definition", path, note)
    for name in ("type", "moreInfo"):
        _drop_if(d, name, _is_invalid(datatypes.require_iri), "definition", path, note)
    _mend_extensions(d, path, note)
    _drop_if(d, "extensions", lambda part: type(part) is not dict, "definition", path, note)
    kind = d.get("interactionType")
    if kind is not None and (
        type(kind) is not str or kind not in validation.INTERACTION_COMPONENTS
    ):
        note("interaction-type", f"{path}.interactionType", kind)
        kind = d["interactionType"] = "other"
    _drop_if(
        d,
        "correctResponsesPattern",
        lambda part: type(part) is not list,
        "definition",
        path,
        note,
    )
    patterns = d.get("correctResponsesPattern")
    if isinstance(patterns, list) and any(type(one) is not str for one in patterns):
        note("correct-responses", f"{path}.correctResponsesPattern", patterns)
        d["correctResponsesPattern"] = list(_texts_in(patterns))
    fitting = validation.INTERACTION_COMPONENTS.get(kind, ()) if kind else ()
    for name in validation.COMPONENT_LISTS:
        if name in d:
            d[name] = _mend_components(d[name], f"{path}.{name}", note)
        _drop_if(
            d,
            name,
            lambda part, name=name: (
                name not in fitting  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                or _is_invalid(validation.validate_components)(part)
            ),
            "definition",
            path,
            note,
        )
    if kind is None:
        _drop_if(d, "correctResponsesPattern", lambda _: True, "definition", path, note)
    return d


def _mend_components(value: Any, path: str, note: Note) -> Any:
    if not isinstance(value, list):
        return value
    result = []
    for index, part in enumerate(value):
        mended = part
        if isinstance(part, dict):
            place = f"{path}[{index}]"
            mended = _mend_members(part, place, validation.COMPONENT, note)
            if "description" in mended:
                mended["description"] = _mend_language_map(
                    mended["description"], f"{place}.description", note
                )
        result.append(mended)
    return result


def _texts_in(patterns: list[Any]) -> Iterator[str]:
    for one in patterns:
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            yield from _texts_in(one)
        elif type(one) in (int, Decimal):
            yield str(one)


def _mend_result(value: dict[str, Any], path: str, note: Note) -> dict[str, Any]:
    r = _mend_members(value, path, validation.RESULT, note)
    for name in ("success", "completion"):
        _read_text(r, name, lambda text: _BOOLEANS_AS_TEXT.get(text.lower()), path, note)
    if isinstance(r.get("score"), dict):
        r["score"] = _mend_score(r["score"], f"{path}.score", note)
        if not r["score"]:
            del r["score"]
    _drop_if(r, "score", lambda part: part == [], "empty", path, note)
    text = r.get("duration")
    if isinstance(text, str) and _TIMELESS_DURATION.match(text):
        note("duration", f"{path}.duration", text)
        r["duration"] = f"PT{text[1:]}"
    _drop_if(r, "duration", _is_invalid(datatypes.require_duration), "duration", path, note)
    _mend_extensions(r, path, note)
    return r


def _read_text(
    holder: dict[str, Any], name: str, read: Callable[[str], Any], path: str, note: Note
) -> None:
    """What a text of the holder says, in its place; nothing in the place of an empty one."""
    text = holder.get(name)
    if not isinstance(text, str):
        return
    found = read(text.strip())
    if found is not None or not text.strip():
        note("text", f"{path}.{name}", holder.pop(name))
    if found is not None:
        holder[name] = found


def _read_number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER_AS_TEXT.match(text) else None


def _mend_score(value: dict[str, Any], path: str, note: Note) -> dict[str, Any]:
    score = _mend_members(value, path, validation.SCORE, note)
    for name in tuple(score):
        _read_text(score, name, _read_number, path, note)
    if any(type(part) not in (int, Decimal) for part in score.values()):
        return score
    low, high, raw = score.get("min"), score.get("max"), score.get("raw")
    if low is not None and high is not None and low >= high:
        note("score", path, dict(score))
        del score["min"], score["max"]
    else:
        _drop_if(score, "min", lambda bound: raw is not None and raw < bound, "score", path, note)
        _drop_if(score, "max", lambda bound: raw is not None and raw > bound, "score", path, note)
    _drop_if(score, "scaled", lambda part: not -1 <= part <= 1, "score", path, note)
    return score


def _mend_context(
    value: dict[str, Any], path: str, is_activity: bool, note: Note
) -> dict[str, Any]:
    c = dict(value)
    for name in ("instructor", "team"):
        if name in c:
            c[name] = _mend_actor(c[name], f"{path}.{name}", note)
    for name, inner in (("contextAgents", "agent"), ("contextGroups", "group")):
        for index, entry in enumerate(c[name] if isinstance(c.get(name), list) else ()):
            if isinstance(entry, dict) and inner in entry:
                entry[inner] = _mend_actor(entry[inner], f"{path}.{name}[{index}].{inner}", note)
    if isinstance(c.get("statement"), dict):
        c["statement"] = _mend_members(
            c["statement"], f"{path}.statement", validation.STATEMENT_REF, note
        )
    for name in ("platform", "revision"):
        _drop_if(c, name, lambda _: not is_activity, "platform", path, note)
    tag = c.get("language")
    if isinstance(tag, str) and _is_invalid(_require_language)(tag):
        note("language", f"{path}.language", c.pop("language"))
        mended = tag.replace("_", "-")
        if not _is_invalid(_require_language)(mended):
            c["language"] = mended
    if isinstance(c.get("contextActivities"), dict):
        c["contextActivities"] = _mend_context_activities(
            c["contextActivities"], f"{path}.contextActivities", note
        )
    _drop_if(c, "contextActivities", lambda part: part in ([], {}), "empty", path, note)
    _mend_extensions(c, path, note)
    return c


def _require_language(value: str, path: str) -> None:
    datatypes.require_language_tag(value, path)


def _mend_context_activities(value: dict[str, Any], path: str, note: Note) -> dict[str, Any]:
    result = {}
    for name, part in _mend_members(value, path, frozenset(_CONTEXT_ACTIVITIES), note).items():
        place = f"{path}.{name}"
        found = part if isinstance(part, list) else [part]
        kept = []
        for index, one in enumerate(found):
            at = f"{place}[{index}]" if isinstance(part, list) else place
            activity = _mend_activity(one, at, note) if isinstance(one, dict) else one
            iri = activity.get("id") if isinstance(activity, dict) else None
            if _is_invalid(datatypes.require_iri)(iri):
                note("context-activity", at, one)
            else:
                kept.append(activity)
        if len(kept) == len(found) and not isinstance(part, list):
            result[name] = kept[0]
        elif kept or not found:
            result[name] = kept
    return result


def _mend_extensions(holder: dict[str, Any], path: str, note: Note) -> None:
    _drop_if(holder, "extensions", lambda part: part == [], "empty", path, note)
    found = holder.get("extensions")
    if isinstance(found, dict):
        kept = {}
        for key, part in found.items():
            if _is_invalid(datatypes.require_iri)(key):
                note("extension-key", f"{path}.extensions['{key}']", part)
            else:
                kept[key] = part
        holder["extensions"] = kept


def _mend_language_map(value: Any, path: str, note: Note) -> Any:
    if value == []:
        note("empty", path, value)
        return {}
    if not isinstance(value, dict):
        return value
    result = {}
    for tag, text in value.items():
        if text is None:
            note("null", f"{path}['{tag}']", None)
        elif not _is_invalid(_require_language)(tag):
            result[tag] = text
        else:
            note("language", f"{path}['{tag}']", text)
            mended = tag.replace("_", "-")
            if not _is_invalid(_require_language)(mended) and mended not in value:
                result[mended] = text
    return result


def list_tolerated(payload: bytes) -> list[str]:
    """The rules by which a stored statement was changed."""
    if TOLERATED.encode() not in payload:
        return []
    context = json_codec.decode(payload).get("context", {})
    notes = context.get("extensions", {}).get(TOLERATED)
    rules = (
        [one.get("rule") for one in notes if isinstance(one, dict)] if type(notes) is list else []
    )
    return sorted({rule for rule in rules if isinstance(rule, str) and rule in RULES})
