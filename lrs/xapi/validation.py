"""Validates a decoded statement (xAPI-Data 2). Complete for what the record store relies on;
each error names its JSON path.

The functions follow the sections of the standard. Nothing here modifies its input.
"""

from __future__ import annotations

import re
from typing import Any

from lrs.vocabulary import VERBS, VerbName
from lrs.xapi import datatypes
from lrs.xapi.actors import IFI_NAMES
from lrs.xapi.errors import StatementInvalid

STATEMENT = frozenset(
    [
        "id",
        "actor",
        "verb",
        "object",
        "result",
        "context",
        "timestamp",
        "stored",
        "authority",
        "version",
        "attachments",
    ]
)
SUB_STATEMENT = frozenset(
    ["objectType", "actor", "verb", "object", "result", "context", "timestamp", "attachments"]
)
AGENT = frozenset(("objectType", "name", *IFI_NAMES))
GROUP = AGENT | {"member"}
ACCOUNT = frozenset(("homePage", "name"))
VERB = frozenset(("id", "display"))
ACTIVITY = frozenset(("objectType", "id", "definition"))
DEFINITION = frozenset(
    [
        "name",
        "description",
        "type",
        "moreInfo",
        "extensions",
        "interactionType",
        "correctResponsesPattern",
        "choices",
        "scale",
        "source",
        "target",
        "steps",
    ]
)
COMPONENT = frozenset(("id", "description"))
RESULT = frozenset(["score", "success", "completion", "response", "duration", "extensions"])
SCORE = frozenset(["scaled", "raw", "min", "max"])
CONTEXT = frozenset(
    [
        "registration",
        "instructor",
        "team",
        "contextActivities",
        "revision",
        "platform",
        "language",
        "statement",
        "extensions",
    ]
)
CONTEXT_2_0 = CONTEXT | {"contextAgents", "contextGroups"}
_CONTEXT_ACTIVITIES = frozenset(["parent", "grouping", "category", "other"])
STATEMENT_REF = frozenset(("objectType", "id"))
ATTACHMENT = frozenset(
    ["usageType", "display", "description", "contentType", "length", "sha2", "fileUrl"]
)
# Which component lists an interaction type may carry (xAPI-Data 2.4.4.1).
INTERACTION_COMPONENTS = {
    "true-false": (),
    "choice": ("choices",),
    "fill-in": (),
    "long-fill-in": (),
    "matching": ("source", "target"),
    "performance": ("steps",),
    "sequencing": ("choices",),
    "likert": ("scale",),
    "numeric": (),
    "other": (),
}
_VERSION_1_0 = re.compile(r"1\.0(?:\.\d+)?\Z", re.ASCII)
_VERSION_2_0 = re.compile(r"[12]\.0(?:\.\d+)?\Z", re.ASCII)
COMPONENT_LISTS = ("choices", "scale", "source", "target", "steps")


def validate_statement(value: Any, family_2_0: bool) -> dict[str, Any]:
    """Return ``value`` if it is a statement of the family (1.0.x or 2.0.x); StatementInvalid
    otherwise."""
    s = datatypes.require_fields(value, "$", STATEMENT)
    if "id" in s:
        datatypes.require_uuid(s["id"], "$.id")
    _validate_core(s, "$", family_2_0, inside_sub_statement=False)
    if "authority" in s:
        _validate_authority(s["authority"], "$.authority")
    if "stored" in s:
        datatypes.require_timestamp(s["stored"], "$.stored")
    if "version" in s and not is_known_version(
        datatypes.require_text(s["version"], "$.version"), family_2_0
    ):
        raise StatementInvalid(
            "$.version", "must be a version of the family 1.0 (or 2.0 on a 2.0 request)."
        )
    if (
        s["verb"]["id"] == VERBS[VerbName.VOIDED].id
        and s["object"].get("objectType") != "StatementRef"
    ):
        raise StatementInvalid(
            "$.object", "a voiding statement's object must be a StatementRef (xAPI-Data 2.3.2)."
        )
    return s


def is_known_version(version: Any, family_2_0: bool) -> bool:
    """Whether a statement may declare this version (xAPI-Data 2.4.10; IEEE 9274.1.1,
    4.2.4.3)."""
    return type(version) is str and bool(
        (_VERSION_2_0 if family_2_0 else _VERSION_1_0).match(version)
    )


def _validate_core(
    s: dict[str, Any], path: str, family_2_0: bool, inside_sub_statement: bool
) -> None:
    for name in ("actor", "verb", "object"):
        if name not in s:
            raise StatementInvalid(
                f"{path}.{name}", "is missing; every statement has an actor, a verb and an object."
            )
    validate_actor(s["actor"], f"{path}.actor")
    validate_verb(s["verb"], f"{path}.verb")
    validate_object(s["object"], f"{path}.object", family_2_0, inside_sub_statement)
    if "result" in s:
        validate_result(s["result"], f"{path}.result")
    if "context" in s:
        validate_context(
            s["context"],
            f"{path}.context",
            family_2_0,
            s["object"].get("objectType", "Activity") == "Activity",
        )
    if "timestamp" in s:
        datatypes.require_timestamp(s["timestamp"], f"{path}.timestamp")
    if "attachments" in s:
        _validate_attachments(s["attachments"], f"{path}.attachments")


def validate_verb(value: Any, path: str) -> None:
    """A Verb (xAPI-Data 2.4.3)."""
    datatypes.require_fields(value, path, VERB)
    if "id" not in value:
        raise StatementInvalid(f"{path}.id", "is missing.")
    datatypes.require_iri(value["id"], f"{path}.id")
    if "display" in value:
        datatypes.require_language_map(value["display"], f"{path}.display")


def validate_actor(value: Any, path: str, member: bool = False) -> None:
    """An Agent, or a Group with its members (xAPI-Data 2.4.2)."""
    if type(value) is not dict:
        raise StatementInvalid(path, "must be an object.")
    kind = value.get("objectType", "Agent")
    if kind == "Agent":
        datatypes.require_fields(value, path, AGENT)
    elif kind == "Group" and not member:
        datatypes.require_fields(value, path, GROUP)
    else:
        raise StatementInvalid(
            f"{path}.objectType", "must be Agent" + ("." if member else " or Group.")
        )
    if "name" in value:
        datatypes.require_text(value["name"], f"{path}.name")
    identifiers = [name for name in IFI_NAMES if name in value]
    if len(identifiers) > 1:
        raise StatementInvalid(
            path, f"holds {' and '.join(identifiers)}; exactly one identifier is allowed."
        )
    if not identifiers and kind == "Agent":
        raise StatementInvalid(path, f"needs an identifier: one of {', '.join(IFI_NAMES)}.")
    if identifiers:
        _validate_identifier(value, identifiers[0], f"{path}.{identifiers[0]}")
    if kind == "Group":
        members = value.get("member")
        if members is None and not identifiers:
            raise StatementInvalid(
                f"{path}.member", "is missing; a group without an identifier needs members."
            )
        if members is not None:
            if type(members) is not list or (not members and not identifiers):
                raise StatementInvalid(
                    f"{path}.member",
                    "must be a list of agents; a group without an identifier has at least one.",
                )
            for index, item in enumerate(members):
                validate_actor(item, f"{path}.member[{index}]", member=True)


def _validate_identifier(value: dict[str, Any], name: str, path: str) -> None:
    if name == "mbox":
        datatypes.require_mailto(value["mbox"], path)
    elif name == "mbox_sha1sum":
        datatypes.require_sha1(value["mbox_sha1sum"], path)
    elif name == "openid":
        datatypes.require_iri(value["openid"], path)
    else:
        account = datatypes.require_fields(value["account"], path, ACCOUNT)
        for part in ("homePage", "name"):
            if part not in account:
                raise StatementInvalid(
                    f"{path}.{part}", "is missing; an account has a homePage and a name."
                )
        datatypes.require_iri(account["homePage"], f"{path}.homePage")
        datatypes.require_text(account["name"], f"{path}.name")


def _validate_authority(value: Any, path: str) -> None:
    validate_actor(value, path)
    if value.get("objectType") == "Group" and (
        len(value.get("member", ())) != 2 or any(name in value for name in IFI_NAMES)
    ):
        raise StatementInvalid(
            path,
            "as a group, an authority is anonymous and has exactly two members (xAPI-Data 2.4.9).",
        )


def validate_object(
    value: Any, path: str, family_2_0: bool, inside_sub_statement: bool = False
) -> None:
    """An Activity, Agent, Group, StatementRef or, unless already inside one, a SubStatement
    (xAPI-Data 2.4.4)."""
    if type(value) is not dict:
        raise StatementInvalid(path, "must be an object.")
    kind = value.get("objectType", "Activity")
    if kind == "Activity":
        validate_activity(value, path)
    elif kind in ("Agent", "Group"):
        validate_actor(value, path)
    elif kind == "StatementRef":
        _validate_statement_ref(value, path)
    elif kind == "SubStatement" and not inside_sub_statement:
        datatypes.require_fields(value, path, SUB_STATEMENT)
        _validate_core(value, path, family_2_0, inside_sub_statement=True)
    else:
        raise StatementInvalid(f"{path}.objectType", f"{kind!r} cannot be an object here.")


def _validate_statement_ref(value: Any, path: str) -> None:
    datatypes.require_fields(value, path, STATEMENT_REF)
    if value.get("objectType") != "StatementRef":
        raise StatementInvalid(f"{path}.objectType", "must be StatementRef.")
    if "id" not in value:
        raise StatementInvalid(f"{path}.id", "is missing.")
    datatypes.require_uuid(value["id"], f"{path}.id")


def validate_activity(value: Any, path: str) -> None:
    """An Activity with its definition (xAPI-Data 2.4.4.1)."""
    datatypes.require_fields(value, path, ACTIVITY)
    if value.get("objectType", "Activity") != "Activity":
        raise StatementInvalid(f"{path}.objectType", "must be Activity.")
    if "id" not in value:
        raise StatementInvalid(f"{path}.id", "is missing.")
    datatypes.require_iri(value["id"], f"{path}.id")
    if "definition" in value:
        _validate_definition(value["definition"], f"{path}.definition")


def _validate_definition(value: Any, path: str) -> None:
    d = datatypes.require_fields(value, path, DEFINITION)
    for name in ("name", "description"):
        if name in d:
            datatypes.require_language_map(d[name], f"{path}.{name}")
    for name in ("type", "moreInfo"):
        if name in d:
            datatypes.require_iri(d[name], f"{path}.{name}")
    if "extensions" in d:
        datatypes.require_extensions(d["extensions"], f"{path}.extensions")
    interaction = d.get("interactionType")
    if interaction is None:
        for name in ("correctResponsesPattern", *COMPONENT_LISTS):
            if name in d:
                raise StatementInvalid(f"{path}.{name}", "needs an interactionType beside it.")
        return
    if type(interaction) is not str or interaction not in INTERACTION_COMPONENTS:
        raise StatementInvalid(
            f"{path}.interactionType", f"must be one of {', '.join(INTERACTION_COMPONENTS)}."
        )
    patterns = d.get("correctResponsesPattern", [])
    if type(patterns) is not list:
        raise StatementInvalid(f"{path}.correctResponsesPattern", "must be a list of strings.")
    for index, pattern in enumerate(patterns):
        datatypes.require_text(pattern, f"{path}.correctResponsesPattern[{index}]")
    for name in COMPONENT_LISTS:
        if name in d:
            if name not in INTERACTION_COMPONENTS[interaction]:
                raise StatementInvalid(
                    f"{path}.{name}", f"does not belong to the interaction type {interaction}."
                )
            validate_components(d[name], f"{path}.{name}")


def validate_components(value: Any, path: str) -> None:
    """A list of interaction components with ids of their own (xAPI-Data 2.4.4.1)."""
    if type(value) is not list:
        raise StatementInvalid(path, "must be a list of components.")
    seen = set()
    for index, component in enumerate(value):
        place = f"{path}[{index}]"
        datatypes.require_fields(component, place, COMPONENT)
        if "id" not in component:
            raise StatementInvalid(f"{place}.id", "is missing.")
        if datatypes.require_text(component["id"], f"{place}.id") in seen:
            raise StatementInvalid(f"{place}.id", "is used twice in this list.")
        seen.add(component["id"])
        if "description" in component:
            datatypes.require_language_map(component["description"], f"{place}.description")


def validate_result(value: Any, path: str) -> None:
    """A Result (xAPI-Data 2.4.5)."""
    r = datatypes.require_fields(value, path, RESULT)
    for name in ("success", "completion"):
        if name in r:
            datatypes.require_boolean(r[name], f"{path}.{name}")
    if "response" in r:
        datatypes.require_text(r["response"], f"{path}.response")
    if "duration" in r:
        datatypes.require_duration(r["duration"], f"{path}.duration")
    if "extensions" in r:
        datatypes.require_extensions(r["extensions"], f"{path}.extensions")
    if "score" in r:
        _validate_score(r["score"], f"{path}.score")


def _validate_score(value: Any, path: str) -> None:
    score = datatypes.require_fields(value, path, SCORE)
    for name, part in score.items():
        datatypes.require_number(part, f"{path}.{name}")
    if "scaled" in score and not -1 <= score["scaled"] <= 1:
        raise StatementInvalid(f"{path}.scaled", "must lie between -1 and 1.")
    low, high = score.get("min"), score.get("max")
    if low is not None and high is not None and low >= high:
        raise StatementInvalid(f"{path}.min", "must be less than max.")
    if "raw" in score:
        if low is not None and score["raw"] < low:
            raise StatementInvalid(f"{path}.raw", "must not be less than min.")
        if high is not None and score["raw"] > high:
            raise StatementInvalid(f"{path}.raw", "must not be greater than max.")


def validate_context(value: Any, path: str, family_2_0: bool, object_is_activity: bool) -> None:
    """A Context (xAPI-Data 2.4.6)."""
    c = datatypes.require_fields(value, path, CONTEXT_2_0 if family_2_0 else CONTEXT)
    if "registration" in c:
        datatypes.require_uuid(c["registration"], f"{path}.registration")
    if "instructor" in c:
        validate_actor(c["instructor"], f"{path}.instructor")
    if "team" in c:
        validate_actor(c["team"], f"{path}.team")
        if c["team"].get("objectType") != "Group":
            raise StatementInvalid(f"{path}.team.objectType", "must be Group.")
    for name in ("revision", "platform"):
        if name in c:
            datatypes.require_text(c[name], f"{path}.{name}")
            if not object_is_activity:
                raise StatementInvalid(
                    f"{path}.{name}", "is allowed only when the object is an Activity."
                )
    if "language" in c:
        datatypes.require_language_tag(
            datatypes.require_text(c["language"], f"{path}.language"), f"{path}.language"
        )
    if "statement" in c:
        if type(c["statement"]) is not dict:
            raise StatementInvalid(f"{path}.statement", "must be a StatementRef.")
        _validate_statement_ref(c["statement"], f"{path}.statement")
    if "extensions" in c:
        datatypes.require_extensions(c["extensions"], f"{path}.extensions")
    if "contextActivities" in c:
        _validate_context_activities(c["contextActivities"], f"{path}.contextActivities")
    for name, item, part in (
        ("contextAgents", "contextAgent", "agent"),
        ("contextGroups", "contextGroup", "group"),
    ):
        if name in c:
            _validate_context_actors(c[name], f"{path}.{name}", item, part)


def _validate_context_actors(value: Any, path: str, kind: str, part: str) -> None:
    """contextAgents and contextGroups (IEEE 9274.1.1, 4.2.2.5)."""
    if type(value) is not list:
        raise StatementInvalid(path, "must be a list.")
    for index, entry in enumerate(value):
        place = f"{path}[{index}]"
        datatypes.require_fields(entry, place, frozenset(("objectType", part, "relevantTypes")))
        # The conformance suite and other implementations write contextAgent; the standard's
        # prose once writes the plural.
        if entry.get("objectType") not in (kind, f"{kind}s"):
            raise StatementInvalid(f"{place}.objectType", f"must be {kind}.")
        if part not in entry:
            raise StatementInvalid(f"{place}.{part}", "is missing.")
        validate_actor(entry[part], f"{place}.{part}")
        if (entry[part].get("objectType", "Agent") == "Group") != (part == "group"):
            raise StatementInvalid(
                f"{place}.{part}", f"must be {'a Group' if part == 'group' else 'an Agent'}."
            )
        if "relevantTypes" in entry:
            types = entry["relevantTypes"]
            if type(types) is not list or not types:
                raise StatementInvalid(
                    f"{place}.relevantTypes", "must be a list of at least one IRI."
                )
            for number, relevant in enumerate(types):
                datatypes.require_iri(relevant, f"{place}.relevantTypes[{number}]")


def _validate_context_activities(value: Any, path: str) -> None:
    datatypes.require_fields(value, path, _CONTEXT_ACTIVITIES)
    for name, result in value.items():
        # A single activity instead of a list is still accepted from 1.0.x (xAPI-Data 2.4.6.2).
        for index, item in enumerate(result if type(result) is list else [result]):
            validate_activity(
                item, f"{path}.{name}[{index}]" if type(result) is list else f"{path}.{name}"
            )


def _validate_attachments(value: Any, path: str) -> None:
    if type(value) is not list:
        raise StatementInvalid(path, "must be a list.")
    for index, attachment in enumerate(value):
        place = f"{path}[{index}]"
        datatypes.require_fields(attachment, place, ATTACHMENT)
        for name in ("usageType", "display", "contentType", "length", "sha2"):
            if name not in attachment:
                raise StatementInvalid(f"{place}.{name}", "is missing.")
        datatypes.require_iri(attachment["usageType"], f"{place}.usageType")
        datatypes.require_language_map(attachment["display"], f"{place}.display")
        if "description" in attachment:
            datatypes.require_language_map(attachment["description"], f"{place}.description")
        datatypes.require_text(attachment["contentType"], f"{place}.contentType")
        datatypes.require_sha2(attachment["sha2"], f"{place}.sha2")
        if type(attachment["length"]) is not int or attachment["length"] < 0:
            raise StatementInvalid(f"{place}.length", "must be a whole number of bytes.")
        if "fileUrl" in attachment:
            datatypes.require_iri(attachment["fileUrl"], f"{place}.fileUrl")
