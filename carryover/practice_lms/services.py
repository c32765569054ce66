"""Assignment and Grade Services, Names and Role Provisioning, and the token that opens them; as strict as Moodle 4.5.

Media types are exact, a score must be newer by a whole second (409), only learners get scores (400).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import jwt
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms.launches import SCOPES
from carryover.practice_lms.ledger import Ledger
from carryover.practice_lms.people import BY_SUBJECT, CLIENT_ID, COURSE_ID, COURSE_TITLE, PEOPLE
from lrs.ground.http import GuardedClient

LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE = "application/vnd.ims.lis.v1.score+json"
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
_PROGRESS = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
_GRADING = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")


def _error(status: int, reason: str) -> ResponseReturnValue:
    return jsonify({"error": reason}), status


def blueprint(ledger: Ledger, client: GuardedClient, lms_url: Callable[[], str], tool_url: str) -> Blueprint:
    """The service routes below ``/practice``."""
    pages = Blueprint("services", __name__)

    def answer(body: Any, kind: str, status: int = 200) -> Response:
        response = jsonify(body)
        response.content_type, response.status_code = kind, status
        return response

    def refused(scope: str, kind: str | None = None) -> ResponseReturnValue | None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        allowed = ledger.scopes_of(given)
        if not allowed:
            return _error(401, "no valid access token")
        if not {scope, scope.removesuffix(".readonly")} & set(allowed):
            return _error(403, f"the token lacks {scope}")
        sent = request.mimetype if request.method in ("POST", "PUT") else request.headers.get("Accept", kind)
        if kind and sent != kind:
            return _error(415 if request.method in ("POST", "PUT") else 406, f"the media type must be {kind}")
        return None

    @pages.post("/token")
    def token() -> ResponseReturnValue:
        form = request.form
        if form.get("grant_type") != "client_credentials":
            return _error(400, "unsupported_grant_type")
        assertion = form.get("client_assertion", "")
        try:
            kid = jwt.get_unverified_header(assertion).get("kid")
            keys = client.call("GET", f"{tool_url}/lti/jwks.json").json()["keys"]
            key = jwt.PyJWK(next(key for key in keys if key["kid"] == kid)).key
            claims = jwt.decode(
                assertion, key, algorithms=["RS256"], audience=f"{lms_url()}/practice/token", options={"require": ["exp", "iat", "jti", "iss", "sub"]}
            )
        except (jwt.InvalidTokenError, StopIteration, KeyError):
            return _error(400, "invalid_client")
        if claims["iss"] != CLIENT_ID or claims["sub"] != CLIENT_ID or not ledger.first_use(claims["jti"]):
            return _error(400, "invalid_client")
        scopes = [scope for scope in form.get("scope", "").split() if scope in SCOPES]
        if not scopes:
            return _error(400, "invalid_scope")
        given = ledger.give_token(" ".join(scopes))
        return jsonify({"access_token": given, "token_type": "Bearer", "expires_in": 3600, "scope": " ".join(scopes)})

    def item_body(id_: int, body: dict[str, Any]) -> dict[str, Any]:
        return {"id": f"{lms_url()}/practice/lineitems/{id_}/lineitem", **body}

    @pages.get("/lineitems")
    def list_items() -> ResponseReturnValue:
        no = refused(SCOPES[1], LINE_ITEMS)
        if no:
            return no
        wanted = {name: request.args[name] for name in ("tag", "resource_id", "resource_link_id") if name in request.args}
        names = {"tag": "tag", "resource_id": "resourceId", "resource_link_id": "resourceLinkId"}
        found = [item_body(id_, body) for id_, body in ledger.line_items().items() if all(body.get(names[n]) == v for n, v in wanted.items())]
        return answer(found, LINE_ITEMS)

    @pages.post("/lineitems")
    def make_item() -> ResponseReturnValue:
        no = refused(SCOPES[0], LINE_ITEM)
        if no:
            return no
        body = _line_item(request.get_json(silent=True, force=True))
        if body is None:
            return _error(400, "a line item has a label and a scoreMaximum greater than 0")
        return answer(item_body(ledger.keep_line_item(body), body), LINE_ITEM, 201)

    @pages.route("/lineitems/<int:id_>/lineitem", methods=["GET", "PUT", "DELETE"])
    def one_item(id_: int) -> ResponseReturnValue:
        no = refused(SCOPES[1] if request.method == "GET" else SCOPES[0], None if request.method == "DELETE" else LINE_ITEM)
        known = ledger.line_items().get(id_)
        if no or known is None:
            return no or _error(404, "no such line item")
        if request.method == "DELETE":
            ledger.drop_line_item(id_)
            return "", 204
        if request.method == "PUT":
            known = _line_item(request.get_json(silent=True, force=True))
            if known is None:
                return _error(400, "a line item has a label and a scoreMaximum greater than 0")
            ledger.keep_line_item(known, id_)
        return answer(item_body(id_, known), LINE_ITEM)

    @pages.post("/lineitems/<int:id_>/lineitem/scores")
    def score(id_: int) -> ResponseReturnValue:
        no = refused(SCOPES[3], SCORE)
        if no or id_ not in ledger.line_items():
            return no or _error(404, "no such line item")
        body = request.get_json(silent=True, force=True)
        wrong = _wrong_with_score(body)
        if wrong or body is None:
            return _error(400, wrong or "the body is no score")
        before = ledger.scores(id_).get(body["userId"])
        if before and _second(before["timestamp"]) >= _second(body["timestamp"]):
            return _error(409, "a score as new as this one is stored")
        ledger.keep_score(id_, body["userId"], body)
        return "", 200

    @pages.get("/lineitems/<int:id_>/lineitem/results")
    def results(id_: int) -> ResponseReturnValue:
        no = refused(SCOPES[2], RESULTS)
        if no or id_ not in ledger.line_items():
            return no or _error(404, "no such line item")
        place = f"{lms_url()}/practice/lineitems/{id_}/lineitem"
        found = [
            {
                "id": f"{place}/results/{user}",
                "scoreOf": place,
                "userId": user,
                "resultScore": body.get("scoreGiven"),
                "resultMaximum": body.get("scoreMaximum"),
            }
            for user, body in ledger.scores(id_).items()
        ]
        return answer(found, RESULTS)

    @pages.get("/memberships")
    def memberships() -> ResponseReturnValue:
        no = refused(SCOPES[4], MEMBERS)
        if no:
            return no
        limit, start = request.args.get("limit", type=int) or len(PEOPLE), request.args.get("from", 0, type=int)
        everyone = list(PEOPLE.values())
        members = [{"status": "Active", "user_id": p.subject, "name": p.name, "roles": [p.short_role]} for p in everyone[start : start + limit]]
        response = answer({"id": request.url, "context": {"id": COURSE_ID, "label": "PRACTICE", "title": COURSE_TITLE}, "members": members}, MEMBERS)
        if start + limit < len(everyone):
            response.headers["Link"] = f'<{lms_url()}/practice/memberships?limit={limit}&from={start + limit}>; rel="next"'
        return response

    return pages


def _line_item(body: Any) -> dict[str, Any] | None:
    if not isinstance(body, dict) or not isinstance(body.get("label"), str) or not isinstance(body.get("scoreMaximum"), int | float):
        return None
    body.pop("id", None)
    return body if body["scoreMaximum"] > 0 else None


def _wrong_with_score(body: Any) -> str | None:
    if not isinstance(body, dict):
        return "the body is no score"
    for name in ("userId", "timestamp", "activityProgress", "gradingProgress"):
        if not isinstance(body.get(name), str):
            return f"{name} is missing"
    if body["activityProgress"] not in _PROGRESS or body["gradingProgress"] not in _GRADING:
        return "activityProgress or gradingProgress is unknown"
    if "scoreGiven" in body and not isinstance(body.get("scoreMaximum"), int | float):
        return "scoreMaximum is missing"
    person = BY_SUBJECT.get(body["userId"])
    if person is None or person.short_role != "Learner":
        return "Incorrect score received: not a learner of this course"
    try:
        _second(body["timestamp"])
    except ValueError:
        return "timestamp is no ISO 8601 time with an offset"
    return None


def _second(text: str) -> int:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no offset")
    return int(at.timestamp())
