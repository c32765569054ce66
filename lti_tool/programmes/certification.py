"""Recording a certification: the start of an episode, and the checks that are scheduled from
it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from adapters import xapi_statements
from core.database import UnitOfWork
from core.errors import BadInput
from core.messages import lazy_gettext
from lrs.vocabulary import INTERVALS, AnswerKind
from lti_tool.base import tenants_store
from lti_tool.people import courses_store, directory_store
from lti_tool.people.directory_store import Profile
from lti_tool.programmes import (
    drafts_store,
    due_dates,
    episode_context,
    episodes_store,
    programmes,
    transfer_schedule,
    working_time,
)
from lti_tool.programmes.episodes_store import Episode, ScheduledCheck
from lti_tool.programmes.programmes import Programme

MAX_CERTIFICATION_AGE = timedelta(days=3_653)


def certify_person(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: str,
    certified_at: datetime,
    now: datetime,
    wave: str = "",
    team: str = "",
    source: str = "teacher",
    exam: Mapping[str, float] | None = None,
    course_id: uuid.UUID | None = None,
) -> bool:
    """Record that a person was certified, and schedule the checks; False if it was already
    on record.

    ``team`` is used if the directory has none. ``exam`` maps competency → share (0 to 1);
    the empty key is the whole exam. ``course_id``: the course in which, or for which, it is
    recorded; its wave is taken where none is given. Checks whose window has passed are neither
    offered nor counted: nobody could have answered them here.
    """
    with unit_of_work(tenant_id) as connection:
        version = episodes_store.newest_programme_versions(connection, tenant_id).get(programme)
        if version is None:
            raise BadInput(
                lazy_gettext("There is no programme %(programme)s here.", programme=repr(programme))
            )
        require_not_archived(connection, tenant_id, programme)
        return certify_in_transaction(
            connection,
            tenant_id=tenant_id,
            person=directory_store.get_profile(connection, tenant_id, person_id),
            programme=programmes.load_programme(connection, tenant_id, programme, version),
            certified_at=certified_at,
            now=now,
            wave=wave,
            team=team,
            source=source,
            exam=exam or {},
            course_id=course_id,
        )


def certify_in_transaction(
    connection: Connection,
    *,
    tenant_id: int,
    person: Profile,
    programme: Programme,
    certified_at: datetime,
    now: datetime,
    wave: str,
    team: str,
    source: str,
    exam: Mapping[str, float],
    training: xapi_statements.Training | None = None,
    course_id: uuid.UUID | None = None,
) -> bool:
    """The same inside the caller's transaction, such as the import of a file."""
    require_plausible_date(certified_at, now)
    if wave and not programmes.resolve_key(wave, programme.waves):
        raise BadInput(programmes.unknown_wave_message(programme, wave), field="wave")
    of_course = courses_store.find_wave(connection, tenant_id, course_id, programme.key)
    wave = programmes.resolve_key(wave or of_course, programme.waves) or of_course
    unknown = [
        key
        for key in exam
        if key and key not in {competency.key for competency in programme.competencies}
    ]
    if unknown:
        raise BadInput(
            lazy_gettext(
                "The programme has no competency %(competency)s.", competency=repr(unknown[0])
            ),
            field="exam",
        )
    when = working_time.resolve_working_time(
        person.time_zone, person.working_days, programme.calendar, person.site
    )
    episode = Episode(
        uuid.uuid4(), person.id, programme.key, programme.version, certified_at, wave, source
    )
    checks = _checks_to_come(certified_at, when, now)
    if not episodes_store.insert_episode(connection, tenant_id, episode, checks):
        return False
    episodes_store.insert_exam_scores(connection, tenant_id, episode.id, exam)
    context = episode_context.EpisodeContext(
        connection, tenant_id, tenants_store.get_installation_id(connection), episode, programme
    )
    attributes = audience_attributes(person, wave, team)
    context.enqueue_statements(
        [
            xapi_statements.registered_statement(
                context.act(f"registered {episode.id}", now, attributes)
            ),
            xapi_statements.certified_statement(
                context.act(f"certified {episode.id}", certified_at, attributes), exam, training
            ),
            *_scheduled_statements(context, checks, now),
            *transfer_schedule.schedule_protocol(context, when, now),
        ]
    )
    return True


def _checks_to_come(
    certified_at: datetime, when: working_time.WorkingTime, now: datetime
) -> list[ScheduledCheck]:
    return [
        ScheduledCheck(
            interval.key,
            due_dates.check_due_at(certified_at, interval, when),
            due_dates.check_opens_at(certified_at, interval, when),
            due_dates.check_window(certified_at, interval)[1],
        )
        for interval in INTERVALS
        if due_dates.check_window(certified_at, interval)[1] > now
    ]


def _scheduled_statements(
    context: episode_context.EpisodeContext, checks: list[ScheduledCheck], now: datetime
) -> list[xapi_statements.Statement]:
    labels = {interval.key: interval.label for interval in INTERVALS}
    return [
        xapi_statements.check_scheduled_statement(
            context.act(f"scheduled {context.episode.id} {check.interval}", now),
            xapi_statements.Quiz(AnswerKind.CHECK, check.interval, labels[check.interval]),
            due_at=check.due_at,
        )
        for check in checks
    ]


def require_not_archived(connection: Connection, tenant_id: int, programme: str) -> None:
    """Raise BadInput for an archived programme."""
    if programme in drafts_store.list_archived_keys(connection, tenant_id):
        raise BadInput(
            "This programme was put away: nobody new begins it. A training manager can take it "
            "back."
        )


def require_plausible_date(certified_at: datetime, now: datetime) -> None:
    """Raise BadInput for a time at which nobody can have been certified."""
    if certified_at > now:
        raise BadInput(
            "The certification lies in the future; enter the day on which it was earned.",
            field="certified_on",
        )
    if now - certified_at > MAX_CERTIFICATION_AGE:
        raise BadInput(
            "The certification lies more than ten years back; check the year.", field="certified_on"
        )


def audience_attributes(person: Profile, wave: str, team: str) -> dict[str, str]:
    """The attributes by which figures are grouped: wave, team, site, role and experience,
    where known."""
    attributes = {
        "wave": wave,
        "team": person.team or team,
        "site": person.site,
        "role": person.job_role,
        "experience": person.experience,
    }
    return {name: value for name, value in attributes.items() if value}
