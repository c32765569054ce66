"""Authenticate and authorize callers: HTTP Basic with a credential, or a bearer token from a
registered issuer (xAPI-Communication 4).
"""

from __future__ import annotations

from functools import partial

from flask import Blueprint, request

from core.api_routes import Call, Routes
from core.errors import Forbidden, Unauthorised
from core.messages import gettext_noop, lazy_gettext
from lrs.actions.deps import StoreDeps
from lrs.actions.scopes import scope_satisfied
from lrs.store.credentials import Caller

StoreRoutes = Routes[StoreDeps, Caller]
StoreCall = Call[StoreDeps, Caller, None]
_SIGN_IN_HINT = gettext_noop(
    "Send the key and secret of a credential by HTTP Basic authentication, or a bearer token of "
    "an issuer that the operator has named."
)


def require_scope(deps: StoreDeps, *needs: str) -> Caller:
    """Return the caller of this request if it has at least one of the scopes ``needs``."""
    caller = authenticated_caller(deps)
    if not any(scope_satisfied(caller.scopes, need) for need in needs):
        scopes = ", ".join(sorted(caller.scopes)) or "no scope at all"
        raise Forbidden(
            lazy_gettext(
                "This credential has %(scopes)s; this call needs %(needs)s.",
                scopes=scopes,
                needs=" or ".join(needs),
            )
        )
    return caller


def add_routes(pages: Blueprint, routes: StoreRoutes, deps: StoreDeps) -> None:
    """Add the routes that a module declares, each behind its scopes."""
    routes.add_to(pages, deps, partial(require_scope, deps))


def authenticated_caller(deps: StoreDeps) -> Caller:
    """Return the caller of this request; Unauthorised if nobody is authenticated."""
    try:
        authorization = request.authorization
    except ValueError:
        authorization = None  # a malformed header
    if authorization is None:
        raise Unauthorised(_SIGN_IN_HINT)
    if authorization.type == "bearer" and authorization.token:
        return deps.tokens.caller(authorization.token)
    if authorization.type != "basic" or not authorization.username:
        raise Unauthorised(_SIGN_IN_HINT)
    # No key contains NUL, and the database rejects it.
    caller = (
        None
        if "\0" in authorization.username
        else deps.access.caller(authorization.username, authorization.password or "")
    )
    if caller is None:
        raise Unauthorised(
            "This key and secret are not known here; check both, or ask the operator for a new "
            "credential."
        )
    return caller
