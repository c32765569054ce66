"""Who calls, and what the key may do (Basic authentication; scopes of xAPI-Communication 4.2 and our own)."""

from __future__ import annotations

from flask import request
from sqlalchemy import Engine

from lrs.ground.errors import Forbidden, Unauthorised
from lrs.ground.secrets import Secrets
from lrs.store import credentials
from lrs.store.credentials import Caller

# What each need is satisfied by.
_SATISFIED_BY = {
    "statements/write": frozenset(("statements/write", "all")),
    "statements/read": frozenset(("statements/read", "all/read", "all")),
    "metrics/read": frozenset(("metrics/read", "all/read", "all")),
}


def require(engine: Engine, secrets: Secrets, need: str) -> Caller:
    """The caller of this request, when its key may do what is needed."""
    given = request.authorization
    if given is None or given.type != "basic" or not given.username:
        raise Unauthorised("Send the key and secret of a credential by HTTP Basic authentication.")
    known = "\0" not in given.username  # which no key holds, and no database takes
    caller = credentials.find(engine, secrets, given.username, given.password or "") if known else None
    if caller is None:
        raise Unauthorised("This key and secret are not known here; check both, or ask the operator for a new credential.")
    if not caller.scopes & _SATISFIED_BY[need]:
        raise Forbidden(f"This key has the scope {', '.join(sorted(caller.scopes))}; this call needs {need}.")
    return caller
