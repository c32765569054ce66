"""The outboxes of statements and grades."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from adapters.lms.standard import SCORE_SCOPE
from lti_tool.checks import grade_sender
from lti_tool.checks import grades_store as stored_grades
from lti_tool.checks.grades_store import NewGrade
from tests.support.quizzes import answer_check
from tests.support.tool import Tool

SCORES = "/lineitems/2/lineitem/scores"


def finish_check(tool: Tool) -> None:
    """A learner finishes a check whose line item is on our server, with a query as Moodle's have."""
    endpoint = {
        "scope": [SCORE_SCOPE],
        "lineitem": f"{tool.moodle.server.url}/lineitems/2/lineitem?type_id=2",
    }
    home = tool.launch(
        **{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": endpoint}
    ).location
    answer_check(tool, home)


RESULTS = "/lineitems/2/lineitem/results"


def send_grades(tool: Tool) -> int:
    if "/token" not in tool.moodle.server.answers:
        tool.moodle.server.says(
            "/token", (200, "OK", {"access_token": "a-token", "expires_in": 3600})
        )
    return grade_sender.send_due_grades(tool.deps, tool.tenant_id)


def grade_row(tool: Tool) -> Any:
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        return connection.execute(
            text("SELECT * FROM lti_tool.grade_outbox ORDER BY id DESC LIMIT 1")
        ).one()


def due_again(tool: Tool, table: str) -> None:
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        connection.execute(text(f"UPDATE lti_tool.{table} SET next_try_at = now()"))  # noqa: S608 - names of this file


def result(score: float | None, maximum: float = 5) -> tuple[int, str, Any]:
    """What the gradebook holds of student 5."""
    return (
        200,
        "OK",
        [{"id": "x", "userId": "5", "resultScore": score, "resultMaximum": maximum}]
        if score is not None
        else [],
    )


def copy_grade(tool: Tool, like: int, place: str) -> int:
    """Another check of the same learner, finished now, for the same place."""
    (attempt,) = tool.sql(
        "INSERT INTO lti_tool.attempt SELECT gen_random_uuid(), tenant_id, episode_id, 'x', "
        "'remediation', items, line_item_url, registration_id,"
        " subject, started_at, finished_at, right_answers, line_items_url, course_id FROM "
        "lti_tool.attempt LIMIT 1 RETURNING id"
    )
    old = tool.sql("SELECT * FROM lti_tool.grade_outbox WHERE id = :id", id=like)[0]
    made = NewGrade(
        attempt.id,
        old.registration_id,
        old.course_id,
        place,
        "",
        "",
        "",
        old.subject,
        3,
        5,
        "",
        datetime.now(UTC),
    )
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        stored_grades.enqueue_grade(connection, tool.tenant_id, made)
    return int(tool.sql("SELECT max(id) AS id FROM lti_tool.grade_outbox")[0].id)
