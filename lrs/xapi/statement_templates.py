"""Checks a statement against the templates of an xAPI Profile (specification 1.0, part 2, 8:
statement templates).

A statement that claims a profile should match one of its templates: the determining properties
(verb, activity types) select the template, the rules say what it must contain. Violations are
recorded, never rejected: any conformant statement is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_PATH_STEP = re.compile(r"\.([A-Za-z][A-Za-z0-9_]*)|\['([^']*)'\]|\[(\*|\d+)\]")
_CONTEXT_TYPES = {
    "contextParentActivityType": "parent",
    "contextGroupingActivityType": "grouping",
    "contextCategoryActivityType": "category",
    "contextOtherActivityType": "other",
}


def find_broken_rules(
    statement: Mapping[str, Any], templates: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """(template, reason) for each broken rule; ("", reason) when the statement matches no
    template of the profile."""
    matching = [template for template in templates if _matches_template(statement, template)]
    if not matching:
        return [("", "no template of the profile has this verb and these activity types")]
    result = []
    for template in matching:
        broken = [
            reason for rule in template.get("rules", ()) if (reason := _check_rule(statement, rule))
        ]
        if not broken:
            return []  # one matching template is enough
        result.append((str(template["id"]), "; ".join(broken)))
    return result


def _matches_template(statement: Mapping[str, Any], template: Mapping[str, Any]) -> bool:
    if "verb" in template and statement["verb"]["id"] != template["verb"]:
        return False
    if (
        "objectActivityType" in template
        and statement["object"].get("definition", {}).get("type") != template["objectActivityType"]
    ):
        return False
    context_activities = statement.get("context", {}).get("contextActivities", {})
    for name, kind in _CONTEXT_TYPES.items():
        if name in template:
            types = {
                activity.get("definition", {}).get("type")
                for activity in context_activities.get(kind, ())
            }
            if not set(template[name]) <= types:
                return False
    return True


def _check_rule(statement: Mapping[str, Any], rule: Mapping[str, Any]) -> str | None:
    location = rule["location"]
    values = resolve_json_path(statement, location)
    presence = rule.get("presence")
    if presence == "included" and not values:
        return f"{location} is missing"
    if presence == "excluded" and values:
        return f"{location} must not be there"
    if values:
        if "any" in rule and not any(_contains_value(value, rule["any"]) for value in values):
            return f"{location} has none of the values that are expected"
        if "all" in rule and not all(_contains_value(value, rule["all"]) for value in values):
            return f"{location} has a value that is not expected"
        if "none" in rule and any(_contains_value(value, rule["none"]) for value in values):
            return f"{location} has a value that is excluded"
    return None


def _contains_value(value: Any, wanted: Sequence[Any]) -> bool:
    """Membership by JSON equality: true is not 1."""
    return any(
        value == item and isinstance(value, bool) == isinstance(item, bool) for item in wanted
    )


def resolve_json_path(statement: Mapping[str, Any], location: str) -> list[Any]:
    """The values that a JSONPath of names, quoted names, indices and ``[*]`` selects; nothing
    for other kinds of path."""
    result: list[Any] = [statement]
    position = 1  # after $
    while position < len(location):
        step = _PATH_STEP.match(location, position)
        if step is None:
            return []
        position = step.end()
        name = step[1] if step[1] is not None else step[2]
        if name is not None:
            result = [
                value[name] for value in result if isinstance(value, Mapping) and name in value
            ]
        elif step[3] == "*":
            result = [inner for value in result if isinstance(value, list) for inner in value]
        else:
            result = [
                value[int(step[3])]
                for value in result
                if isinstance(value, list) and int(step[3]) < len(value)
            ]
    return result
