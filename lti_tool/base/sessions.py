"""The session after a launch: the URL names the launch; its secret is in a cookie partitioned
by the LMS's site or, if the browser keeps none, in the memory of the page, which sends it as a
bearer token.

Each launch has a secret of its own, so that two people in one browser, or two tabs, never share
a session. The URL contains no secret. Forms carry a token that only this session's pages can
know.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import replace
from urllib.parse import urlsplit

from flask import Request, Response, abort, g, redirect

from core import clock, page_language
from core.errors import Forbidden, Unauthorised
from core.messages import lazy_gettext
from lti_tool.base import form_drafts, roles, sessions_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.sessions_store import ADMIN_SESSION_LIFETIME as ADMIN_TIME
from lti_tool.base.sessions_store import (
    ENDED_SESSION_RETENTION,
    LAUNCH_SESSION_LIFETIME,
    LOGIN_LIFETIME,
    VISIT,
    LaunchSession,
)
from lti_tool.base.sessions_store import STATE_SECONDS as LEAVING_SECONDS
from lti_tool.base.token_hash import hash_token

MAX_SESSION_COOKIES = 8  # sessions of one browser in one LMS that stay usable at the same time
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1")
_SIGN_IN_COOKIE = "__Host-carryover-signing-in"
_SESSION_PREFIX, _LOGIN_PREFIX, _ADMIN_PREFIX = (
    "__Host-carryover-launch-",
    "__Host-carryover-login-",
    "__Host-carryover-admin-",
)
_NO_SESSION = lazy_gettext("This page opens only during a session, and none is open here.")
_SENT_AND_KEPT = lazy_gettext(
    "Your session ended before this was sent. What you typed is kept: it stands in the form again "
    "when you come back."
)
_SENT_AND_LOST = lazy_gettext(
    "Your session ended before this was sent, and nothing was stored. What you typed still stands "
    "in the form if you go back."
)


def _set_framed_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    # Partitioned lets the cookie work in a frame on another site's page; __Host- binds it to
    # this host, over https (or locally).
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
        path="/",
    )


def login_key(state: str) -> str:
    """A short name for a login, for cookies and storage keys: it does not reveal the state."""
    return hash_token(state).hex()[:16]


def _login_cookie_name(state: str) -> str:
    return _LOGIN_PREFIX + login_key(state)


def set_login_cookie(response: Response, state: str, secret: str) -> None:
    """Bind the login to this browser."""
    _set_framed_cookie(
        response, _login_cookie_name(state), secret, int(LOGIN_LIFETIME.total_seconds())
    )


def read_login_secret(request: Request, state: str) -> str | None:
    """The secret that the browser sent back for this login."""
    return request.cookies.get(_login_cookie_name(state)) if state else None


def start_launch_session(
    request: Request, response: Response, state: str, launch_id: uuid.UUID, secret: str
) -> None:
    """Set the cookie with the secret of this launch; remove the login cookie and the oldest
    session cookies."""
    _set_framed_cookie(response, _login_cookie_name(state), "", 0)
    set_session_cookie(request, response, launch_id, secret)


def set_session_cookie(
    request: Request, response: Response, launch_id: uuid.UUID, secret: str
) -> None:
    """Set the cookie with the secret of this visit; remove the oldest session cookies."""
    session_cookies = [name for name in request.cookies if name.startswith(_SESSION_PREFIX)]
    for name in session_cookies[: max(len(session_cookies) - MAX_SESSION_COOKIES + 1, 0)]:
        _set_framed_cookie(response, name, "", 0)
    _set_framed_cookie(
        response,
        _SESSION_PREFIX + launch_id.hex,
        secret,
        int((LAUNCH_SESSION_LIFETIME + ENDED_SESSION_RETENTION).total_seconds()),
    )


def set_sign_in_cookie(response: Response, saved: str) -> None:
    """Set the cookie that the browser keeps while somebody is at the organisation's sign-in; an
    empty value removes it. The browser returns from another site by a link, hence SameSite=Lax."""
    seconds = LEAVING_SECONDS if saved else 0
    response.set_cookie(
        _SIGN_IN_COOKIE,
        saved,
        max_age=seconds,
        secure=True,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def read_sign_in_cookie(request: Request) -> str:
    """The value of the cookie after the return from the sign-in."""
    return request.cookies.get(_SIGN_IN_COOKIE, "")


def require_session(
    deps: ToolDeps, request: Request, launch_id: uuid.UUID, allowed: frozenset[str]
) -> LaunchSession:
    """The session of this request; raises Unauthorised if the browser does not hold its secret
    or it has ended, Forbidden if it holds none of the roles that are ``allowed`` here."""
    secret = read_session_secret(request, launch_id)
    result = sessions_store.find_launch_secret(deps.engine, launch_id)
    if result is None or not hmac.compare_digest(result[1], hash_token(secret)):
        raise Unauthorised(
            _NO_SESSION
            if request.method != "POST"
            else _SENT_AND_KEPT
            if _keep_typed(deps, request, launch_id, secret)
            else _SENT_AND_LOST
        )
    with deps.unit_of_work(result[0]) as connection:
        who = sessions_store.load_session(connection, result[0], launch_id)
        if who is None:
            raise Forbidden(
                "Your LMS's registration was switched off here. Ask whoever runs this tool for "
                "your organisation."
            )
        listed = sessions_store.list_person_roles(connection, who.tenant_id, who.person_id)
    page_language.use_launch_language(who.locale)
    g.session = who
    if request.method == "POST":
        _require_form_token(deps, request, launch_id, secret)
    if (
        who.joined_by in sessions_store.CLAIM_KINDS
        and listed
        and not (request.endpoint or "").startswith("joining.")
    ):
        abort(
            redirect(f"/t/{launch_id}/confirm", code=303)
        )  # an LMS's claim alone makes nobody a manager: it must be proven once
    if who.message == VISIT:
        listed -= frozenset(
            roles.GRANTABLE_ROLES
        )  # a reminder's link stays in a mailbox for weeks: granted roles need a sign-in
    who = replace(who, roles=roles.roles_of_session(who.role, listed))
    roles.require_role(who.roles, allowed)
    return who


def _keep_typed(deps: ToolDeps, request: Request, launch_id: uuid.UUID, secret: str) -> bool:
    """Keep what was typed into a form whose session has ended, for whoever held that session; say
    whether it is kept. The session opens nothing any more.
    """
    form = request.form.get(form_drafts.FORM_FIELD, "")
    visit = sessions_store.find_visit(deps.engine, launch_id) if form else None
    if visit is None or not hmac.compare_digest(visit.secret_hash, hash_token(secret)):
        return False
    _require_form_token(deps, request, launch_id, secret)
    form_drafts.keep_draft(
        deps.unit_of_work,
        tenant_id=visit.tenant_id,
        person_id=visit.person_id,
        form=form,
        fields=request.form.to_dict(),
        now=clock.now(),
    )
    return True


def set_admin_cookie(response: Response, session_id: uuid.UUID, secret: str) -> None:
    """Set the cookie with the secret of an administration session. It is never framed, so
    SameSite=Strict works."""
    response.set_cookie(
        _ADMIN_PREFIX + session_id.hex,
        secret,
        max_age=int(ADMIN_TIME.total_seconds()),
        secure=True,
        httponly=True,
        samesite="Strict",
        path="/",
    )


def read_admin_secret(request: Request, session_id: uuid.UUID) -> str:
    """The secret of an administration session that the browser sent; empty if it sent none."""
    return request.cookies.get(_ADMIN_PREFIX + session_id.hex, "")


def form_token(request: Request, launch_id: uuid.UUID) -> str:
    """The token that forms of this session carry."""
    return compute_form_token(launch_id, read_session_secret(request, launch_id))


def read_session_secret(request: Request, launch_id: uuid.UUID) -> str:
    """The secret of a session that the browser sent; empty if it sent none."""
    scheme, _, bearer_secret = request.headers.get("Authorization", "").partition(" ")
    return (
        bearer_secret
        if scheme == "Bearer"
        else request.cookies.get(_SESSION_PREFIX + launch_id.hex, "")
    )


def _own_origins(base_url: str) -> set[str]:
    """The origins of our own pages. This machine has two names, and its pages are reached by both:
    http://localhost:8080 stands in the README, 127.0.0.1 in the settings.
    """
    ours = urlsplit(base_url)
    hosts = _LOOPBACK_HOSTS if ours.hostname in _LOOPBACK_HOSTS else (ours.hostname or "",)
    port = f":{ours.port}" if ours.port else ""
    return {f"{ours.scheme}://{host}{port}" for host in hosts} | {f"{ours.scheme}://{ours.netloc}"}


def require_own_origin(deps: ToolDeps, request: Request, required: bool = False) -> None:
    """Raise Forbidden for a form sent from another site's page; ``required``: also if the
    request does not say which page sent it."""
    origin = request.headers.get("Origin")
    if (origin is None and required) or (
        origin is not None and origin not in _own_origins(deps.settings.base_url)
    ):
        raise Forbidden("This form was sent from another site and was not taken.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This form was sent from another site and was not taken.")


def compute_form_token(launch_id: uuid.UUID, secret: str) -> str:
    """Compute the form token of the session with this secret."""
    return hmac.digest(secret.encode(), launch_id.bytes, hashlib.sha256).hex()


def _require_form_token(
    deps: ToolDeps, request: Request, launch_id: uuid.UUID, secret: str
) -> None:
    require_own_origin(deps, request)
    if not hmac.compare_digest(
        request.form.get("form_token", "").encode(), compute_form_token(launch_id, secret).encode()
    ):
        raise Forbidden(
            "This form is out of date and was not taken. Open its page again and send it once more."
        )
