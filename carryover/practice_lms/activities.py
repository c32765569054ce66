"""Activities on the course page: the standard activity of each active tool, and content that
a teacher selected.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from carryover.practice_lms import gradebook
from carryover.practice_lms.ledger import PracticeDatabase
from carryover.practice_lms.people import CLIENT_ID
from carryover.practice_lms.tools import Tool
from carryover.practice_lms.vocabulary import SCORE_SCOPE

DEFAULT_TITLE = "Keep it alive"
STANDARD_ACTIVITY_ID = 1


@dataclass(frozen=True)
class Activity:
    """A resource link. ``url`` and ``review_url`` are empty where the tool's default URL
    applies.
    """

    id: int
    client_id: str
    title: str = DEFAULT_TITLE
    text: str = ""
    url: str = ""
    review_url: str = ""
    custom: dict[str, str] = field(default_factory=dict)
    chosen: bool = False

    @property
    def link_id(self) -> str:
        """The resource link's id."""
        return str(self.id)


def ensure_demo_activity(ledger: PracticeDatabase) -> None:
    """Ensure the standard activity of the demo's tool exists; its resource link and line
    item have the id 1.
    """
    body = json.dumps({"title": DEFAULT_TITLE, "custom": {"programme": "phishing-response"}})
    with ledger.open() as db:
        db.execute(
            "INSERT OR IGNORE INTO activity VALUES (?, ?, ?)",
            (STANDARD_ACTIVITY_ID, CLIENT_ID, body),
        )
    gradebook.ensure_demo_line_item(ledger)


def ensure_standard_activity(ledger: PracticeDatabase, tool: Tool) -> None:
    """Ensure that a newly activated tool has a standard activity, with a gradebook column if
    it may send scores.
    """
    if standard_activity(ledger, tool) is None:
        created = _insert_activity(ledger, tool, {"title": DEFAULT_TITLE})
        if SCORE_SCOPE in tool.scopes:
            body = {
                "label": f"Refresher checks ({tool.name})",
                "scoreMaximum": 5,
                "resourceLinkId": created.link_id,
            }
            gradebook.insert_line_item(ledger, tool.client_id, body)


def add_content_item(ledger: PracticeDatabase, tool: Tool, item: dict[str, Any]) -> Activity:
    """Add a content item from the tool's deep-linking response, with its coupled line item
    if it requests one.
    """
    title, column = item.get("title") or DEFAULT_TITLE, item.get("lineItem")
    body = {
        "title": title,
        "text": item.get("text", ""),
        "url": item.get("url", ""),
        "custom": item.get("custom", {}),
        "chosen": True,
    }
    if column and isinstance(column.get("submissionReview"), dict):
        body["review_url"] = column["submissionReview"].get("url", "")
    created = _insert_activity(ledger, tool, body)
    if column:
        optional = {name: column[name] for name in ("resourceId", "tag") if name in column}
        required = {
            "label": column.get("label") or title,
            "scoreMaximum": column["scoreMaximum"],
            "resourceLinkId": created.link_id,
        }
        gradebook.insert_line_item(ledger, tool.client_id, {**required, **optional})
    return created


def _insert_activity(ledger: PracticeDatabase, tool: Tool, body: dict[str, Any]) -> Activity:
    with ledger.open() as db:
        created = db.execute(
            "INSERT INTO activity (client_id, body) VALUES (?, ?)",
            (tool.client_id, json.dumps(body)),
        ).lastrowid
    return Activity(created or 0, tool.client_id, **body)


def list_activities(ledger: PracticeDatabase, client_id: str | None = None) -> list[Activity]:
    """Return all activities, or those of one tool."""
    with ledger.open() as db:
        rows = db.execute("SELECT id, client_id, body FROM activity ORDER BY id").fetchall()
    return [
        Activity(id_, client, **json.loads(body))
        for id_, client, body in rows
        if client_id in (None, client)
    ]


def find_activity(ledger: PracticeDatabase, id_: str) -> Activity | None:
    """Return the activity with this resource link id."""
    return next((activity for activity in list_activities(ledger) if activity.link_id == id_), None)


def standard_activity(ledger: PracticeDatabase, tool: Tool) -> Activity | None:
    """Return the activity that a tool has by default, without any content being selected."""
    return next(
        (activity for activity in list_activities(ledger, tool.client_id) if not activity.chosen),
        None,
    )
