"""Assignment and Grade Services 2.0, as strict as Moodle 4.5: exact media types, a new score
must be at least one full second newer, scores for learners only.
"""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms import activities, dialects, gradebook, messages
from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.gradebook import LineItem
from carryover.practice_lms.people import BY_SUBJECT
from carryover.practice_lms.service_access import (
    ServiceError,
    accept,
    media_type_response,
    refuse,
    require_service_token,
)
from carryover.practice_lms.tools import Tool
from carryover.practice_lms.vocabulary import (
    LINE_ITEM,
    LINE_ITEM_READ_SCOPE,
    LINE_ITEM_SCOPE,
    LINE_ITEMS,
    RESULT_SCOPE,
    RESULTS,
    SCORE,
    SCORE_SCOPE,
)

_ACTIVITY_PROGRESS = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
_FULLY_GRADED = "FullyGraded"
_GRADING_PROGRESS = (_FULLY_GRADED, "Pending", "PendingManual", "Failed", "NotReady")
_LINE_ITEM_FILTERS = {
    "tag": "tag",
    "resource_id": "resourceId",
    "resource_link_id": "resourceLinkId",
}


def blueprint(deps: PracticeDeps) -> Blueprint:
    """Routes for line items, scores and results below ``/lineitems``."""
    pages = Blueprint("grades", __name__)
    own = _GradeServices(deps)
    pages.get("/lineitems")(own.get_line_items)
    pages.post("/lineitems")(own.post_line_item)
    pages.get("/lineitems/<int:id_>/lineitem")(own.get_line_item)
    pages.put("/lineitems/<int:id_>/lineitem")(own.put_line_item)
    pages.delete("/lineitems/<int:id_>/lineitem")(own.delete_line_item)
    pages.post("/lineitems/<int:id_>/lineitem/scores")(own.post_score)
    pages.get("/lineitems/<int:id_>/lineitem/results")(own.get_results)
    return pages


class _GradeServices:
    """The services, for the tool whose token a request bears."""

    def __init__(self, deps: PracticeDeps) -> None:
        self._deps, self._ledger = deps, deps.ledger

    def _line_item_json(self, tool: Tool, item: LineItem) -> dict[str, Any]:
        return {**item.body, "id": messages.line_item_url(self._deps, tool, item.id)}

    def _require_line_item(self, tool: Tool, id_: int) -> LineItem:
        for item in gradebook.list_line_items(self._ledger, tool.client_id):
            if item.id == id_:
                return item
        raise ServiceError(404, f"Not Found: Grade item {id_} doesn't exist")

    def _line_item_from_body(self, tool: Tool, coupled_with: str | None = None) -> dict[str, Any]:
        """Return the line item in the request body; its resource link must belong to the
        tool.
        """
        body = parse_line_item(request.get_json(silent=True, force=True))
        if coupled_with:
            body = {"resourceLinkId": coupled_with, **body}
        link = body.get("resourceLinkId")
        if link is not None and link not in [
            activity.link_id
            for activity in activities.list_activities(self._ledger, tool.client_id)
        ]:
            raise ServiceError(403, "Forbidden")
        return body

    def get_line_items(self) -> ResponseReturnValue:
        tool = require_service_token(self._deps, LINE_ITEM_READ_SCOPE, LINE_ITEMS)
        wanted = {
            _LINE_ITEM_FILTERS[name]: value
            for name, value in request.args.items()
            if name in _LINE_ITEM_FILTERS
        }
        items = gradebook.list_line_items(self._ledger, tool.client_id)
        return media_type_response(
            [
                self._line_item_json(tool, item)
                for item in items
                if all(item.body.get(name) == value for name, value in wanted.items())
            ],
            LINE_ITEMS,
        )

    def post_line_item(self) -> ResponseReturnValue:
        tool = require_service_token(self._deps, LINE_ITEM_SCOPE, LINE_ITEM)
        return media_type_response(
            self._line_item_json(
                tool,
                gradebook.insert_line_item(
                    self._ledger, tool.client_id, self._line_item_from_body(tool)
                ),
            ),
            LINE_ITEM,
            self._deps.dialect.line_item_created,
        )

    def get_line_item(self, id_: int) -> ResponseReturnValue:
        tool = require_service_token(self._deps, LINE_ITEM_READ_SCOPE, LINE_ITEM)
        return media_type_response(
            self._line_item_json(tool, self._require_line_item(tool, id_)), LINE_ITEM
        )

    def put_line_item(self, id_: int) -> ResponseReturnValue:
        tool = require_service_token(self._deps, LINE_ITEM_SCOPE, LINE_ITEM)
        item = self._require_line_item(tool, id_)
        return media_type_response(
            self._line_item_json(
                tool,
                gradebook.update_line_item(
                    self._ledger, item, self._line_item_from_body(tool, item.activity_id)
                ),
            ),
            LINE_ITEM,
        )

    def delete_line_item(self, id_: int) -> ResponseReturnValue:
        tool = require_service_token(self._deps, LINE_ITEM_SCOPE)
        gradebook.remove_line_item(self._ledger, self._require_line_item(tool, id_))
        return "", 204

    def post_score(self, id_: int) -> ResponseReturnValue:
        tool = require_service_token(self._deps, SCORE_SCOPE, SCORE)
        item = self._require_line_item(tool, id_)
        body: Any = request.get_json(silent=True, force=True)
        fault = _score_error(body)
        if fault:
            raise ServiceError(400, f"Incorrect score received: {fault}")
        person = dialects.person_by_subject(body["userId"], self._deps.lms_url)
        if person is None or not person.learns:
            raise ServiceError(400, "Incorrect score received: not a learner of this course")
        rules = self._deps.dialect.scores
        before = gradebook.scores_by_user(self._ledger, item).get(person.subject)
        facts = {
            "item": id_,
            "user": body["userId"],
            "timestamp": body["timestamp"],
            "before": before["timestamp"] if before else "",
            "score": json.dumps(body),
            "result": messages.line_item_url(self._deps, tool, id_, "/results"),
        }
        if (
            rules.not_newer
            and before
            and rules.is_late(_instant(before["timestamp"]), _instant(body["timestamp"]))
        ):
            refuse(rules.not_newer, **facts)
        gradebook.save_score(self._ledger, item, person.subject, _score_to_save(item, body))
        return accept(rules.accepted, SCORE, **facts)

    def get_results(self, id_: int) -> ResponseReturnValue:
        tool = require_service_token(self._deps, RESULT_SCOPE, RESULTS)
        item, wanted = self._require_line_item(tool, id_), request.args.get("user_id")
        place = messages.line_item_url(self._deps, tool, id_, "/results")
        result = []
        asked = dialects.person_by_subject(wanted, self._deps.lms_url) if wanted else None
        for number, body in gradebook.scores_by_user(self._ledger, item).items():
            if wanted is None or (asked and asked.subject == number):
                user = wanted or self._deps.subject_of(BY_SUBJECT[number])
                entry = {
                    "id": f"{place}&user_id={user}",
                    "scoreOf": self._line_item_json(tool, item)["id"],
                    "userId": user,
                    "timestamp": body["timestamp"],
                }
                graded = (
                    {"resultScore": body["value"], "resultMaximum": item.body["scoreMaximum"]}
                    if "value" in body
                    else {}
                )
                result.append(
                    {
                        **entry,
                        **graded,
                        **({"comment": body["comment"]} if "comment" in body else {}),
                    }
                )
        return media_type_response(result, RESULTS)


def parse_line_item(body: Any) -> dict[str, Any]:
    """Return a line item as sent by a tool, without its id; otherwise raise ServiceError."""
    if not isinstance(body, dict) or not isinstance(body.get("label"), str) or not body["label"]:
        raise ServiceError(400, "No label or Score Maximum")
    if not is_finite_number(body.get("scoreMaximum")) or body["scoreMaximum"] <= 0:
        raise ServiceError(400, "Bad Request: scoreMaximum must be a number greater than 0")
    return {name: value for name, value in body.items() if name != "id"}


def is_finite_number(value: Any) -> bool:
    """Whether a JSON value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _score_to_save(item: LineItem, body: dict[str, Any]) -> dict[str, Any]:
    """Return the score in points of the line item, clamped between 0 and its maximum. As in
    Moodle, a score that is not fully graded removes the grade.
    """
    result: dict[str, Any] = {name: body[name] for name in ("timestamp", "comment") if name in body}
    if "scoreGiven" in body and body["gradingProgress"] == _FULLY_GRADED:
        most = item.body["scoreMaximum"]
        result["value"] = round(
            min(max(body["scoreGiven"] * most / body["scoreMaximum"], 0), most), 5
        )
    return result


def _score_error(body: Any) -> str:
    if not isinstance(body, dict):
        return "the body is no score"
    for name in ("userId", "timestamp", "activityProgress", "gradingProgress"):
        if not isinstance(body.get(name), str):
            return f"{name} is missing"
    if (
        body["activityProgress"] not in _ACTIVITY_PROGRESS
        or body["gradingProgress"] not in _GRADING_PROGRESS
    ):
        return "activityProgress or gradingProgress is unknown"
    if "scoreGiven" in body and not (
        is_finite_number(body["scoreGiven"])
        and is_finite_number(body.get("scoreMaximum"))
        and body["scoreMaximum"] > 0
    ):
        return "scoreGiven or scoreMaximum is no number"
    try:
        _instant(body["timestamp"])
    except ValueError:
        return "timestamp is no ISO 8601 time with an offset"
    return ""


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no offset")
    return at
