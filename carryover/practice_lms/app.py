"""The practice LMS as a Flask application: the course page, the frame, the gradebook, and the launch between them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import jwt
from flask import Blueprint, Flask, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms import launches, services
from carryover.practice_lms.ledger import COURSE_LINE_ITEM, Ledger
from carryover.practice_lms.people import CLIENT_ID, COURSE_TITLE, ISSUER, PEOPLE
from lrs.ground.http import GuardedClient

PRACTICE_FILE = "practice.json"  # in the demo's home: what must outlive a start
HOST = "localhost"  # the tool's pages come from 127.0.0.1: for a browser that is another site


def lms_address(tool_url: str) -> str:
    """Where the practice LMS is, given where the tool is."""
    parts = urlsplit(tool_url)
    return urlunsplit((parts.scheme, f"{HOST}:{parts.port}" if parts.port else HOST, "", "", ""))


def platform(lms_url: str) -> dict[str, str]:
    """What the tool has to know of this platform."""
    return {
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "auth_login_url": f"{lms_url}/practice/auth",
        "auth_token_url": f"{lms_url}/practice/token",
        "key_set_url": f"{lms_url}/practice/jwks.json",
    }


def create_app(home: Path, tool_url: str) -> Flask:
    """All routes lie below ``/practice``."""
    app = Flask(__name__)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    ledger, lms_url = Ledger(home / "practice_lms.sqlite"), lms_address(tool_url)
    client = GuardedClient(allow_private=True)  # it calls the demo's own tool and nothing else
    pages = Blueprint("practice", __name__, url_prefix="/practice")
    pages.register_blueprint(services.blueprint(ledger, client, lambda: lms_url, tool_url))

    @pages.before_request
    def come_by_the_right_name() -> ResponseReturnValue | None:
        if request.method == "GET" and request.host.partition(":")[0] != HOST:
            return redirect(lms_url + request.full_path.rstrip("?"))
        return None

    @pages.get("/")
    def course() -> str:
        return render_template("course.html", title=COURSE_TITLE, people=PEOPLE.values(), deep_links=ledger.deep_links())

    @pages.get("/launch/<who>")
    def framed(who: str) -> ResponseReturnValue:
        """The activity's page, with the tool in a frame."""
        if who not in PEOPLE:
            abort(404, "The practice course has a learner, a mentor and a teacher, and nobody else.")
        return render_template("activity.html", title=COURSE_TITLE, person=PEOPLE[who], people=PEOPLE.values())

    @pages.get("/start/<who>")
    @pages.get("/start/<who>/<message>")
    def start(who: str, message: str = "resource") -> ResponseReturnValue:
        """Inside the frame: the browser carries the login to the tool."""
        if who not in PEOPLE:
            abort(404, "The practice course has a learner, a mentor and a teacher, and nobody else.")
        fields = launches.login_parameters(PEOPLE[who], message, tool_url)
        return render_template("post.html", address=f"{tool_url}/lti/login", fields=fields)

    @pages.route("/auth", methods=["GET", "POST"])
    def auth() -> ResponseReturnValue:
        asked = (request.form if request.method == "POST" else request.args).to_dict()
        try:
            token = launches.signed_message(ledger, asked, lms_url, tool_url)
        except launches.NotSigned as error:
            return render_template("post.html", address="", fields={}, wrong=str(error)), 400
        return render_template("post.html", address=asked["redirect_uri"], fields={"id_token": token, "state": asked["state"]})

    @pages.get("/jwks.json")
    def jwks() -> ResponseReturnValue:
        return launches.key_set(ledger)

    @pages.get("/gradebook")
    def gradebook() -> str:
        scores = ledger.scores(COURSE_LINE_ITEM)
        return render_template("gradebook.html", title=COURSE_TITLE, people=PEOPLE.values(), scores=scores)

    @pages.post("/deep-link/return")
    def deep_link_return() -> ResponseReturnValue:
        """The tool's answer to a deep-linking request, checked by the letter."""
        token = request.form.get("JWT", "")
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            keys = client.call("GET", f"{tool_url}/lti/jwks.json").json()["keys"]
            key = jwt.PyJWK(next(key for key in keys if key["kid"] == kid)).key
            claims = jwt.decode(token, key, algorithms=["RS256"], audience=ISSUER, issuer=CLIENT_ID)
        except (jwt.InvalidTokenError, StopIteration, KeyError):
            return render_template("post.html", address="", fields={}, wrong="the answer is not signed by the tool"), 400
        ledger.keep_deep_links(claims.get("https://purl.imsglobal.org/spec/lti-dl/claim/content_items", []))
        return redirect("/practice/", code=303)

    app.register_blueprint(pages)
    return app
