"""Whether the grade of an attempt was sent, and may be sent again."""

from __future__ import annotations

import uuid

from core.database import UnitOfWork
from core.errors import Conflict, NotFound
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import grades_store
from lti_tool.checks.grades_store import GradeDelivery, Requeued


def find_grade_state(
    unit_of_work: UnitOfWork, *, session: LaunchSession, attempt_id: uuid.UUID
) -> GradeDelivery | None:
    """What became of an attempt's grade; None if there is no grade to send."""
    with unit_of_work(session.tenant_id) as connection:
        return grades_store.deliveries_by_attempt(connection, session.tenant_id, [attempt_id]).get(
            attempt_id
        )


def require_queued(requeued: Requeued) -> None:
    """NotFound or Conflict, with the reason, for a grade that is not sent again."""
    if requeued is Requeued.NONE:
        raise NotFound("There is no such grade here.")
    if requeued is Requeued.UNDER_WAY:
        raise Conflict("This grade is being sent just now. Load the page again in a minute.")
    if requeued is Requeued.NEWER_COUNTS:
        raise Conflict(
            "A newer grade of this person counts in its place: that one can be sent again."
        )
