"""What a forward may change in the statements that it sends: home pages of accounts are replaced,
and names of people left out. Their ids stay, so a target recognizes what it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import BadInput
from lrs.xapi import datatypes, json_codec
from lrs.xapi.errors import StatementInvalid

HOME_PAGES, WITHOUT_NAMES = "home_pages", "without_names"
_ACTORS = ("actor", "instructor", "team")


def require_map(map_: Mapping[str, Any]) -> None:
    """BadInput unless it holds ``home_pages`` (old → new, IRIs) and ``without_names`` alone."""
    for name in map_:
        if name not in (HOME_PAGES, WITHOUT_NAMES):
            raise BadInput(f"{name} is nothing that a forward can change.")
    for old, new in map_.get(HOME_PAGES, {}).items():
        for page in (old, new):
            try:
                datatypes.require_iri(page, "home page")
            except StatementInvalid as error:
                raise BadInput(f"The home page {page!r} {error.reason}") from None


def apply_map(payload: bytes, map_: Mapping[str, Any]) -> bytes:
    """The statement as this target gets it."""
    return json_codec.encode(_map_statement(json_codec.decode(payload), map_))


def _map_statement(value: dict[str, Any], map_: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(value)
    for part in (result, result.get("context", {})):
        for name in _ACTORS:
            if name in part:
                part[name] = _map_actor(part[name], map_)
        for name, inner in (("contextAgents", "agent"), ("contextGroups", "group")):
            for entry in part.get(name, ()):
                entry[inner] = _map_actor(entry[inner], map_)
    kind = result["object"].get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        result["object"] = _map_actor(result["object"], map_)
    elif kind == "SubStatement":
        result["object"] = _map_statement(result["object"], map_)
    return result


def _map_actor(value: dict[str, Any], map_: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(value)
    if map_.get(WITHOUT_NAMES):
        result.pop("name", None)
    account = result.get("account")
    if account:
        page = account["homePage"]
        result["account"] = {**account, "homePage": map_.get(HOME_PAGES, {}).get(page, page)}
    if "member" in result:
        result["member"] = [_map_actor(member, map_) for member in result["member"]]
    return result
