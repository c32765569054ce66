"""Product usage: who visited, who viewed figures, who received and opened a nudge. Its
statements belong to no episode.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from adapters import xapi_statements
from core.database import UnitOfWork
from lti_tool.base import tenants_store
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.people import directory_store
from lti_tool.people.directory_store import Profile
from lti_tool.programmes import certification, episode_context, episodes_store, product_use_store

VISITED, FIGURES, TEAM = "here", "figures", "team"


def record_visit(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, programme: str, now: datetime
) -> None:
    """Record that somebody started a visit, at most once a day."""
    _record_once_a_day(
        connection,
        tenant_id,
        person_id,
        programme,
        VISITED,
        now,
        xapi_statements.logged_in_statement,
    )


def record_report_view(
    unit_of_work: UnitOfWork, *, session: LaunchSession, report: str = FIGURES, now: datetime
) -> None:
    """Record that somebody viewed a page of figures, at most once a day."""
    with unit_of_work(session.tenant_id) as connection:
        programme = session.programme
        _record_once_a_day(
            connection,
            session.tenant_id,
            session.person_id,
            programme,
            report,
            now,
            lambda act: xapi_statements.report_viewed_statement(act, report),
        )


def _record_once_a_day(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: str,
    what: str,
    now: datetime,
    statement: Callable[[xapi_statements.Act], xapi_statements.Statement],
) -> None:
    # A person known only from an LMS may later be merged with a listed person: no statements
    # about them until then.
    profile = directory_store.get_profile(connection, tenant_id, person_id)
    if profile.imported_at is None and not episodes_store.list_person_episodes(
        connection, tenant_id, person_id
    ):
        return
    act = _usage_act(
        connection, tenant_id, profile, programme, f"{what} {programme} {now:%Y-%m-%d}", now
    )
    if act is not None and product_use_store.insert_presence(
        connection, tenant_id, person_id, programme, what, now.date()
    ):
        episode_context.add_to_outbox(connection, tenant_id, [statement(act)])


def record_nudge_sent(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: str,
    mail_id: int,
    kind: str,
    now: datetime,
) -> None:
    """Record that a nudge was sent."""
    act = _usage_act(
        connection,
        tenant_id,
        directory_store.get_profile(connection, tenant_id, person_id),
        programme,
        f"nudge {mail_id}",
        now,
    )
    if act is not None:
        episode_context.add_to_outbox(
            connection,
            tenant_id,
            [xapi_statements.nudge_received_statement(act, nudge=mail_id, kind=kind)],
        )


def record_nudge_opened(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: str,
    mail_id: int,
    kind: str,
    now: datetime,
) -> None:
    """Record that a nudge's link was opened for the first time."""
    act = _usage_act(
        connection,
        tenant_id,
        directory_store.get_profile(connection, tenant_id, person_id),
        programme,
        f"nudge {mail_id}",
        now,
    )
    if act is not None:
        episode_context.add_to_outbox(
            connection,
            tenant_id,
            [xapi_statements.nudge_opened_statement(act, nudge=mail_id, kind=kind)],
        )


def _usage_act(
    connection: Connection,
    tenant_id: int,
    person: Profile,
    programme: str,
    name: str,
    now: datetime,
) -> xapi_statements.Act | None:
    """Build the act; None if the programme has no version that statements could name."""
    result = product_use_store.find_programme_title(connection, tenant_id, programme)
    if result is None:
        return None
    title, version = result
    audience = certification.audience_attributes(person, "", "")
    installation = tenants_store.get_installation_id(connection)
    return xapi_statements.Act(
        installation,
        str(tenant_id),
        f"{name} {person.id}",
        person.id,
        None,
        xapi_statements.ProgrammeRef(programme, title, str(version)),
        now,
        audience,
    )
