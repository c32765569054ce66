"""Line items and scores: the columns of the gradebook and their values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from carryover.practice_lms.ledger import PracticeDatabase
from carryover.practice_lms.people import CLIENT_ID

DEMO_LINE_ITEM_ID = 1


@dataclass(frozen=True)
class LineItem:
    """A column; ``body`` is its Assignment and Grade Services representation, without the
    id.
    """

    id: int
    client_id: str
    body: dict[str, Any]

    @property
    def activity_id(self) -> str:
        """The id of the coupled resource link, or empty."""
        return str(self.body.get("resourceLinkId") or "")


def ensure_demo_line_item(ledger: PracticeDatabase) -> None:
    """Ensure the column of the standard activity exists."""
    first = json.dumps(
        {"label": "Refresher checks", "scoreMaximum": 5, "resourceLinkId": "1", "tag": "grade"}
    )
    with ledger.open() as db:
        db.execute(
            "INSERT OR IGNORE INTO line_item VALUES (?, ?, ?)",
            (DEMO_LINE_ITEM_ID, CLIENT_ID, first),
        )


def list_line_items(ledger: PracticeDatabase, client_id: str | None = None) -> list[LineItem]:
    """Return all columns, or those of one tool."""
    with ledger.open() as db:
        rows = db.execute("SELECT id, client_id, body FROM line_item ORDER BY id").fetchall()
    return [
        LineItem(id_, client, json.loads(body))
        for id_, client, body in rows
        if client_id in (None, client)
    ]


def coupled_line_item(
    ledger: PracticeDatabase, client_id: str, activity_id: str
) -> LineItem | None:
    """Return the single line item of a resource link. As in Moodle, None if it has more than
    one.
    """
    result = [
        item for item in list_line_items(ledger, client_id) if item.activity_id == activity_id
    ]
    return result[0] if len(result) == 1 else None


def insert_line_item(ledger: PracticeDatabase, client_id: str, body: dict[str, Any]) -> LineItem:
    """Insert a column."""
    with ledger.open() as db:
        created = db.execute(
            "INSERT INTO line_item (client_id, body) VALUES (?, ?)", (client_id, json.dumps(body))
        ).lastrowid
    return LineItem(created or 0, client_id, body)


def update_line_item(ledger: PracticeDatabase, item: LineItem, body: dict[str, Any]) -> LineItem:
    """Update a column."""
    with ledger.open() as db:
        db.execute("UPDATE line_item SET body = ? WHERE id = ?", (json.dumps(body), item.id))
    return LineItem(item.id, item.client_id, body)


def remove_line_item(ledger: PracticeDatabase, item: LineItem) -> None:
    """Delete a column with its scores."""
    with ledger.open() as db:
        db.execute("DELETE FROM score WHERE line_item = ?", (item.id,))
        db.execute("DELETE FROM line_item WHERE id = ?", (item.id,))


def save_score(
    ledger: PracticeDatabase, item: LineItem, user_id: str, body: dict[str, Any]
) -> None:
    """Save a person's latest score: ``timestamp``, optionally ``comment``, and ``value`` (in
    points of the line item) if there is a grade.
    """
    with ledger.open() as db:
        db.execute(
            "INSERT OR REPLACE INTO score VALUES (?, ?, ?)", (item.id, user_id, json.dumps(body))
        )


def scores_by_user(ledger: PracticeDatabase, item: LineItem) -> dict[str, dict[str, Any]]:
    """Return the scores by user id."""
    with ledger.open() as db:
        rows = db.execute(
            "SELECT user_id, body FROM score WHERE line_item = ? ORDER BY user_id", (item.id,)
        ).fetchall()
    return {user: json.loads(body) for user, body in rows}
