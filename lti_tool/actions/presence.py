"""Product usage: who visited, who viewed figures, who received and opened a nudge. Its
statements belong to no episode.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from adapters import xapi
from core.database import UnitOfWork
from lti_tool.actions import acts, certifying
from lti_tool.store import directory, learning, presences, tenants
from lti_tool.store.directory import Profile
from lti_tool.store.people import LaunchSession

HERE, FIGURES, TEAM, TEAMS = "here", "figures", "team", "teams"


def came(connection: Connection, tenant_id: int, person_id: uuid.UUID, programme: str, now: datetime) -> None:
    """Record that somebody started a visit, at most once a day."""
    _once_a_day(connection, tenant_id, person_id, programme, HERE, now, xapi.logged_in)


def looked(unit_of_work: UnitOfWork, *, session: LaunchSession, report: str = FIGURES, now: datetime) -> None:
    """Record that somebody viewed a page of figures, at most once a day."""
    with unit_of_work(session.tenant_id) as connection:
        programme = session.programme
        _once_a_day(connection, session.tenant_id, session.person_id, programme, report, now, lambda act: xapi.report_viewed(act, report))


def _once_a_day(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: str,
    what: str,
    now: datetime,
    statement: Callable[[xapi.Act], xapi.Statement],
) -> None:
    # A person known only from an LMS may later be merged with a listed person: no statements
    # about them until then.
    profile = directory.profile(connection, tenant_id, person_id)
    if profile.imported_at is None and not learning.episodes_of(connection, tenant_id, person_id):
        return
    act = _act(connection, tenant_id, profile, programme, f"{what} {programme} {now:%Y-%m-%d}", now)
    if act is not None and presences.note(connection, tenant_id, person_id, programme, what, now.date()):
        acts.say(connection, tenant_id, [statement(act)])


def received(connection: Connection, tenant_id: int, person_id: uuid.UUID, programme: str, mail_id: int, kind: str, now: datetime) -> None:
    """Record that a nudge was sent."""
    act = _act(connection, tenant_id, directory.profile(connection, tenant_id, person_id), programme, f"nudge {mail_id}", now)
    if act is not None:
        acts.say(connection, tenant_id, [xapi.nudge_received(act, nudge=mail_id, kind=kind)])


def opened(connection: Connection, tenant_id: int, person_id: uuid.UUID, programme: str, mail_id: int, kind: str, now: datetime) -> None:
    """Record that a nudge's link was opened for the first time."""
    act = _act(connection, tenant_id, directory.profile(connection, tenant_id, person_id), programme, f"nudge {mail_id}", now)
    if act is not None:
        acts.say(connection, tenant_id, [xapi.nudge_opened(act, nudge=mail_id, kind=kind)])


def _act(connection: Connection, tenant_id: int, person: Profile, programme: str, name: str, now: datetime) -> xapi.Act | None:
    """Build the act; None if the programme has no version that statements could name."""
    found = presences.programme_name(connection, tenant_id, programme)
    if found is None:
        return None
    title, version = found
    audience = certifying.audience(person, "", "")
    installation = tenants.installation_id(connection)
    return xapi.Act(
        installation, str(tenant_id), f"{name} {person.id}", person.id, None, xapi.Programme(programme, title, str(version)), now, audience
    )
