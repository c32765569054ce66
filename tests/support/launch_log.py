"""What the tool wrote down of launches."""

from __future__ import annotations

from werkzeug.test import TestResponse

from tests.support.tool import Tool

WHAT_TO_DO = (
    "Go back to the course",
    "Ask the administrator",
    "Ask whoever runs this tool",
    "approves it",
    "Try again in a minute",
    "Sign in there again",
    "Sign in to the course",
    "Open in a new window",
    "Add the tool as an activity",
    "turn of the administrator of your LMS",
    "turn of whoever runs this tool",
)


TABLES = ("launch", "person", "identity", "membership", "course", "placement", "attempt")


def refused(
    tool: Tool,
    answer: TestResponse,
    before: dict[str, int],
    statuses: tuple[int, ...] = (400, 401, 403, 404, 409, 413, 422, 429),
) -> None:
    """A 4xx page that tells a teacher what to do; no session, no row."""
    assert answer.status_code in statuses, answer.status_code
    assert "<h1>" in answer.text
    assert any(words in answer.text for words in WHAT_TO_DO)
    assert not any("carryover-launch" in cookie for cookie in answer.headers.getlist("Set-Cookie"))
    assert rows(tool) == before


def rows(tool: Tool) -> dict[str, int]:
    return {table: tool.rows(table) for table in TABLES}
