"""My times: the days and hours that a person chooses for being reminded, nights included. Who
chooses none is reminded in working hours.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from core.database import UnitOfWork
from core.errors import BadInput
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.nudges import reminder_times_store
from lti_tool.people import directory_store
from lti_tool.programmes import episodes_store, programmes
from lti_tool.programmes.working_time import ReminderHours

DAYS, HOURS = range(1, 8), range(24)
UTC_NAME = "UTC"  # where neither the list nor the programme names a time zone


@dataclass(frozen=True)
class TimesView:
    """What somebody chose, None for working hours; and the time zone in which it holds."""

    chosen: ReminderHours | None
    time_zone: str


def load_times(unit_of_work: UnitOfWork, *, session: LaunchSession) -> TimesView:
    """Load the times of a session's person."""
    with unit_of_work(session.tenant_id) as connection:
        chosen = reminder_times_store.hours_by_person(
            connection, session.tenant_id, [session.person_id]
        )
        zone = directory_store.get_profile(
            connection, session.tenant_id, session.person_id
        ).time_zone
        versions = episodes_store.newest_programme_versions(connection, session.tenant_id)
        if not zone and session.programme in versions:
            programme = programmes.load_programme(
                connection, session.tenant_id, session.programme, versions[session.programme]
            )
            zone = programme.calendar.time_zone
    return TimesView(chosen.get(session.person_id), zone or UTC_NAME)


def choose_times(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    days: Sequence[str],
    begins: str,
    ends: str,
) -> None:
    """Remind this person on these days (ISO weekdays) between these hours from now on. A window
    that ends before it begins goes over midnight; one that ends when it begins is the whole
    day."""
    weekdays = {int(day) for day in days if day in {str(known) for known in DAYS}}
    if not weekdays:
        raise BadInput("Choose at least one day on which mails may reach you.", field="day")
    hours = ReminderHours(frozenset(weekdays), _parse_hour(begins), _parse_hour(ends))
    with unit_of_work(session.tenant_id) as connection:
        reminder_times_store.upsert_hours(connection, session.tenant_id, session.person_id, hours)


def _parse_hour(typed: str) -> time:
    if typed not in {str(hour) for hour in HOURS}:
        raise BadInput("Choose an hour from the list.", field="begins")
    return time(int(typed))


def use_working_hours(unit_of_work: UnitOfWork, *, tenant_id: int, person_id: uuid.UUID) -> None:
    """Remind this person in working hours again."""
    with unit_of_work(tenant_id) as connection:
        reminder_times_store.delete_hours(connection, tenant_id, person_id)
