"""How somebody goes on from a page that says what did not work: by how this person came.

Whoever came from a course finds the way in the course, whoever came by mail in the mail, and
nobody is sent to where they never were. Where the session has ended, the address of the page still
names it, and with it how it began and the language of its person.
"""

from __future__ import annotations

import hmac
import logging
import re
import uuid
from dataclasses import dataclass, field

from flask import Request, current_app, g

from core import page_language
from core.errors import ANSWERED_ERRORS
from core.messages import Message, lazy_gettext
from lti_tool.base import sessions, sessions_store
from lti_tool.base.routes import deps_of
from lti_tool.base.sessions_store import SIGNED_IN, VISIT, KnownVisit
from lti_tool.base.token_hash import hash_token

log = logging.getLogger(__name__)

_VISIT_ADDRESS = re.compile(r"/t/([0-9a-fA-F-]{32,36})(?:/|$)")
# Pages that a mail's link or the sign-in opens.
_MAIL_PATHS = ("/s/", "/stop/", "/question/", "/review/", "/calendar/", "/sign-in")
_TO_OVERVIEW = lazy_gettext("To your overview")
_TO_COURSE = lazy_gettext("Back to the course")
_SEND_LINK = lazy_gettext("Send me a new link")
_SIGN_IN = lazy_gettext("Sign in")
_SIGN_IN_PATH = "/sign-in"


@dataclass(frozen=True)
class WayOn:
    """A sentence (empty: the links say it all), and (label, address) of each link."""

    text: Message = field(default_factory=lambda: Message(""))
    links: tuple[tuple[Message, str], ...] = ()


def is_framed(request: Request) -> bool:
    """Whether the page is shown inside another one."""
    return request.headers.get("Sec-Fetch-Dest", "document") != "document"


def find_way_on(request: Request) -> WayOn:
    """The way on from this request. The page is in the person's language from here on, where the
    session is known.
    """
    who = g.get("session")
    if who is not None:
        # a framed page is surrounded by its course
        course = ((_TO_COURSE, who.return_url),) if who.return_url else ()
        overview = (_TO_OVERVIEW, f"/t/{who.id}/")
        return WayOn(links=(overview,) if is_framed(request) else (overview, *course))
    if request.path.startswith("/admin/"):
        return WayOn(lazy_gettext("The command carryover admin link makes a new link."))
    visit = _find_visit(request)
    if visit is not None:
        return _way_of_ended(request, visit)
    if request.path.startswith("/lti/") or is_framed(request):
        return WayOn(lazy_gettext("Go back to the course and open the activity again."))
    if request.path.startswith(_MAIL_PATHS):
        return WayOn(
            lazy_gettext("A new link comes by mail, to the address that your organisation knows."),
            ((_SEND_LINK, _SIGN_IN_PATH),),
        )
    return WayOn(
        lazy_gettext(
            "If you came from a course, open the activity there again. Otherwise sign in."
        ),
        ((_SIGN_IN, _SIGN_IN_PATH),),
    )


def _way_of_ended(request: Request, visit: KnownVisit) -> WayOn:
    page_language.use_launch_language(visit.locale)
    if visit.message == VISIT:
        return WayOn(
            lazy_gettext("Open the link in your mail again, or have a new one sent."),
            ((_SEND_LINK, _SIGN_IN_PATH),),
        )
    if visit.message == SIGNED_IN:
        return WayOn(links=((_SIGN_IN, _SIGN_IN_PATH),))
    secret = sessions.read_session_secret(request, visit.id)
    own = hmac.compare_digest(visit.secret_hash, hash_token(secret))
    shown = own and visit.return_url and not is_framed(request)
    return WayOn(
        lazy_gettext("Go back to the course and open the activity again."),
        ((_TO_COURSE, visit.return_url),) if shown else (),
    )


def _find_visit(request: Request) -> KnownVisit | None:
    """The visit that the address names, ended or not; None where it names none that is known."""
    found = _VISIT_ADDRESS.match(request.path)
    try:
        visit_id = uuid.UUID(found[1]) if found else None
    except ValueError:
        return None
    if visit_id is None:
        return None
    try:
        return sessions_store.find_visit(deps_of(current_app).engine, visit_id)
    except ANSWERED_ERRORS as error:
        # The page is about an error already: without the database it says less, and still says it.
        log.warning("the visit of an error page was not found: %s", type(error).__name__)
        return None
