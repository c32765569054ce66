"""Whether the grade of an attempt was sent."""

from __future__ import annotations

import uuid

from core.database import UnitOfWork
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import grades_store


def find_grade_state(
    unit_of_work: UnitOfWork, *, session: LaunchSession, attempt_id: uuid.UUID
) -> tuple[str, str]:
    """Return (state, reason) of an attempt's grade; both empty if there is no grade to send."""
    with unit_of_work(session.tenant_id) as connection:
        return grades_store.states_by_attempt(connection, session.tenant_id, [attempt_id]).get(
            attempt_id, ("", "")
        )
