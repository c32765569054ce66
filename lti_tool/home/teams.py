"""Progress of people, for those who lead or accompany them."""

from __future__ import annotations

from datetime import datetime

from core.database import UnitOfWork
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.programmes import programmes
from lti_tool.transfer import led_progress_store
from lti_tool.transfer.led_progress_store import LearnerProgress
from lti_tool.transfer.transfer_protocol import VERIFIED_GRADE


def list_led_people(
    unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime
) -> tuple[list[LearnerProgress], dict[tuple[str, int], str]]:
    """List the people whom this person leads or mentors, and the titles of their programmes."""
    with unit_of_work(session.tenant_id) as connection:
        result = led_progress_store.list_led_progress(
            connection, session.tenant_id, session.person_id, now, VERIFIED_GRADE
        )
        versions = sorted({(item.programme, item.programme_version) for item in result})
        return result, {
            version: programmes.load_programme(connection, session.tenant_id, *version).title
            for version in versions
        }
