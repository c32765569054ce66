"""Sign-in to the LMS: a cookie with a random id that identifies a person.

A browser does not send a SameSite=Lax cookie across sites; then the page posts itself again,
now from its own site, as Moodle does.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from flask import Response, make_response, render_template, request

from carryover.practice_lms.ledger import PracticeDatabase
from carryover.practice_lms.people import EVERYBODY, Person

SESSION_COOKIE, COOKIE_PATH = "practice-session", "/practice"
REPOST_FIELD = "repost"


@dataclass(frozen=True)
class Session:
    """A signed-in person; ``sesskey`` is the CSRF token of this session."""

    id: str
    person: Person
    sesskey: str


def sign_in(ledger: PracticeDatabase, person: Person) -> Session:
    """Create a session."""
    created = Session(secrets.token_urlsafe(24), person, secrets.token_hex(5))
    with ledger.open() as db:
        db.execute(
            "INSERT INTO session VALUES (?, ?, ?, ?)",
            (created.id, person.key, created.sesskey, time.time()),
        )
    return created


def set_session_cookie(response: Response, session: Session, same_site: str) -> None:
    """Set the session cookie. ``same_site`` is ``lax``, or ``none`` for a cookie that is
    sent across sites if the browser allows it. Never Partitioned, since Moodle's is not.
    """
    if same_site == "none":
        response.set_cookie(
            SESSION_COOKIE,
            session.id,
            path=COOKIE_PATH,
            httponly=True,
            samesite="None",
            secure=True,
        )
    else:
        response.set_cookie(
            SESSION_COOKIE, session.id, path=COOKIE_PATH, httponly=True, samesite="Lax"
        )


def current_session(ledger: PracticeDatabase) -> Session | None:
    """Return the session of this request's cookie."""
    with ledger.open() as db:
        row = db.execute(
            "SELECT id, person, sesskey FROM session WHERE id = ?",
            (request.cookies.get(SESSION_COOKIE, ""),),
        ).fetchone()
    return Session(row[0], EVERYBODY[row[1]], row[2]) if row else None


def is_repost() -> bool:
    """Whether this request came from the page that posts a request again: another attempt would not
    bring the cookie either.
    """
    return REPOST_FIELD in request.form


def repost_page() -> Response:
    """Return a page of this site that sends the same request again."""
    fields = {**request.form.to_dict(), REPOST_FIELD: "true"}
    address = request.path if request.method == "GET" else request.full_path.rstrip("?")
    if request.method == "GET":
        fields = {**request.args.to_dict(), **fields}
    return make_response(render_template("post.html", address=address, fields=fields))
