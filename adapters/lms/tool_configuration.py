"""The tool as an LMS holds it (the answer to a registration, or to a look at it) beside the tool as
it is now. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from core.messages import gettext_noop

TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_IMPLIED_MESSAGE = "LtiResourceLinkRequest"  # LMSs need not say that they launch activities.


class ToolPart(StrEnum):
    """A part of the tool's registration, in words."""

    NAME = gettext_noop("name")
    ICON = gettext_noop("icon")
    DESCRIPTION = gettext_noop("description")
    ADDRESSES = gettext_noop("addresses")
    MESSAGES = gettext_noop("messages and placements")
    SERVICES = gettext_noop("services (scopes)")
    CLAIMS = gettext_noop("what it says of people")
    PARAMETERS = gettext_noop("custom parameters")


# Members whose value is compared as it is, of the registration and of its configuration.
_REGISTRATION_TEXTS = {
    "client_name": ToolPart.NAME,
    "logo_uri": ToolPart.ICON,
    "initiate_login_uri": ToolPart.ADDRESSES,
    "jwks_uri": ToolPart.ADDRESSES,
}
_CONFIGURATION_TEXTS = {
    "description": ToolPart.DESCRIPTION,
    "target_link_uri": ToolPart.ADDRESSES,
    "domain": ToolPart.ADDRESSES,
    "https://canvas.instructure.com/lti/privacy_level": ToolPart.CLAIMS,
}


def differing_parts(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> list[ToolPart]:
    """The parts in which the LMS's registration falls short of ours, in the order of
    :class:`ToolPart`. What its answer does not name is not compared: each LMS leaves something out
    (recorded: Moodle names no labels); where it names nothing, all of them differ. What it has
    beyond ours, such as a scope, counts as no difference."""
    ours, theirs = _configuration(wanted), _configuration(held)
    if not held.keys() & wanted.keys():
        return list(ToolPart)
    found = _differing_texts(_REGISTRATION_TEXTS, wanted, held)
    found |= _differing_texts(_CONFIGURATION_TEXTS, ours, theirs)
    if "redirect_uris" in held and _as_set(wanted["redirect_uris"]) != _as_set(
        held["redirect_uris"]
    ):
        found.add(ToolPart.ADDRESSES)
    if isinstance(held.get("scope"), str) and not set(wanted["scope"].split()) <= set(
        held["scope"].split()
    ):
        found.add(ToolPart.SERVICES)
    if "claims" in theirs and not _as_set(ours.get("claims")) <= _as_set(theirs["claims"]):
        found.add(ToolPart.CLAIMS)
    if theirs:
        found |= _differing_lists(ours, theirs)
    return [part for part in ToolPart if part in found]


def _differing_lists(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> set[ToolPart]:
    found, named = set(), theirs.get("custom_parameters")
    parameters = named if isinstance(named, dict) else {}
    if any(parameters.get(name) != value for name, value in ours["custom_parameters"].items()):
        found.add(ToolPart.PARAMETERS)
    listed = theirs.get("messages")
    messages = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if not all(_is_held(message, messages) for message in ours["messages"]):
        found.add(ToolPart.MESSAGES)
    return found


def unverified_claims(token: str) -> Mapping[str, Any]:
    """What a JWT of somebody else says, unproven: it may only ever make us more careful. Empty
    where it is none."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _configuration(registration: Mapping[str, Any]) -> Mapping[str, Any]:
    found = registration.get(TOOL_CONFIGURATION)
    return found if isinstance(found, dict) else {}


def _differing_texts(
    members: Mapping[str, ToolPart], ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> set[ToolPart]:
    return {
        part
        for name, part in members.items()
        if name in ours and name in theirs and not _same_value(ours[name], theirs[name])
    }


def _is_held(message: Mapping[str, Any], held: list[dict[str, Any]]) -> bool:
    """Whether a message of ours is among those of the LMS: one that differs in nothing that both
    name."""
    same_type = [one for one in held if one.get("type") == message["type"]]
    if message["type"] == _IMPLIED_MESSAGE and "placements" not in message and not same_type:
        return True
    return any(
        all(_same_value(message[name], one[name]) for name in message.keys() & one.keys())
        for one in same_type
    )


def _same_value(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, list) and isinstance(theirs, list):
        return _as_set(ours) == _as_set(theirs)
    if isinstance(ours, str) and isinstance(theirs, str):
        return ours.removeprefix("www.") == theirs.removeprefix("www.")  # Moodle's own domains
    return bool(ours == theirs)


def _as_set(value: Any) -> set[str]:
    return {item for item in value if isinstance(item, str)} if isinstance(value, list) else set()
