"""Whether the grade of an attempt was sent."""

from __future__ import annotations

import uuid

from core.database import UnitOfWork
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import grades_store
from lti_tool.checks.grades_store import GradeDelivery


def find_grade_state(
    unit_of_work: UnitOfWork, *, session: LaunchSession, attempt_id: uuid.UUID
) -> GradeDelivery | None:
    """What became of an attempt's grade; None if there is no grade to send."""
    with unit_of_work(session.tenant_id) as connection:
        return grades_store.deliveries_by_attempt(connection, session.tenant_id, [attempt_id]).get(
            attempt_id
        )
