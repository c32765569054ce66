"""A person named by who calls: one identifier that can be kept."""

from __future__ import annotations

import re
from typing import Any

from core.errors import BadInput
from lrs.xapi.actors import identity_of
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.validation import validate_actor

MAX_IDENTITY_LENGTH = 2_000
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # in texts and JSON of PostgreSQL


def require_person(agent: Any, path: str) -> str:
    """The identity of a person; BadInput for what is no agent with one that can be kept."""
    try:
        validate_actor(agent, path)
    except StatementInvalid as error:
        raise BadInput(f"{error.path}: {error.reason}", path=error.path) from None
    identity = identity_of(agent)
    if identity is None or agent.get("objectType") == "Group":
        raise BadInput(
            "Name a person by one identifier: mbox, mbox_sha1sum, openid or account.", path=path
        )
    if len(identity) > MAX_IDENTITY_LENGTH:
        raise BadInput(
            f"{path}: the identifier is longer than {MAX_IDENTITY_LENGTH} characters.", path=path
        )
    require_storable(identity, path)
    return identity


def require_storable(text: str, path: str) -> None:
    """BadInput for a text with a NUL or half of a pair, which the database cannot hold."""
    if _UNSTORABLE.search(text):
        raise BadInput(f"{path}: holds a character that cannot be stored.", path=path)
