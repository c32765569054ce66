"""Recording a certification: the start of an episode, and the checks that are scheduled from
it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from adapters import xapi
from core.database import UnitOfWork
from core.errors import BadInput
from lrs.vocabulary import INTERVALS
from lti_tool.actions import acts, programmes, transferring, working_time
from lti_tool.actions.programmes import Programme
from lti_tool.store import directory, drafts, learning, tenants
from lti_tool.store.directory import Profile
from lti_tool.store.learning import Episode, ScheduledCheck

LONGEST_AGO = timedelta(days=3_653)


def certify(
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
) -> bool:
    """Record that a person was certified, and schedule the checks; False if it was already
    on record.

    ``team`` is used if the directory has none. ``exam`` maps competency → share (0 to 1);
    the empty key is the whole exam. Checks whose window has passed are neither offered nor
    counted: nobody could have answered them here.
    """
    with unit_of_work(tenant_id) as connection:
        version = learning.newest_programmes(connection, tenant_id).get(programme)
        if version is None:
            raise BadInput(f"There is no programme {programme!r} here.")
        require_open(connection, tenant_id, programme)
        return certify_within(
            connection,
            tenant_id=tenant_id,
            person=directory.profile(connection, tenant_id, person_id),
            programme=programmes.load(connection, tenant_id, programme, version),
            certified_at=certified_at,
            now=now,
            wave=wave,
            team=team,
            source=source,
            exam=exam or {},
        )


def certify_within(
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
    training: xapi.Training | None = None,
) -> bool:
    """The same inside the caller's transaction, such as the import of a file."""
    require_likely(certified_at, now)
    if wave and not programmes.key_named(wave, programme.waves):
        raise BadInput(programmes.no_wave(programme, wave), field="wave")
    wave = programmes.key_named(wave, programme.waves)
    unknown = [key for key in exam if key and key not in {one.key for one in programme.competencies}]
    if unknown:
        raise BadInput(f"The programme has no competency {unknown[0]!r}.", field="exam")
    when = working_time.of(person.time_zone, person.working_days, programme.calendar)
    episode = Episode(uuid.uuid4(), person.id, programme.key, programme.version, certified_at, wave, source)
    checks = [
        ScheduledCheck(
            interval.key,
            working_time.due(certified_at, interval, when),
            working_time.opens(certified_at, interval, when),
            working_time.window(certified_at, interval)[1],
        )
        for interval in INTERVALS
        if working_time.window(certified_at, interval)[1] > now
    ]
    if not learning.keep_episode(connection, tenant_id, episode, checks):
        return False
    learning.keep_exam(connection, tenant_id, episode.id, exam)
    stage = acts.Stage(connection, tenant_id, tenants.installation_id(connection), episode, programme)
    told = audience(person, wave, team)
    statements = [
        xapi.registered(stage.act(f"registered {episode.id}", now, told)),
        xapi.certified(stage.act(f"certified {episode.id}", certified_at, told), exam, training),
    ]
    labels = {interval.key: interval.label for interval in INTERVALS}
    for check in checks:
        quiz = xapi.Quiz("check", check.interval, labels[check.interval])
        statements.append(xapi.scheduled(stage.act(f"scheduled {episode.id} {check.interval}", now), quiz, due_at=check.due_at))
    stage.say([*statements, *transferring.schedule(stage, when, now)])
    return True


def require_open(connection: Connection, tenant_id: int, programme: str) -> None:
    """Raise BadInput for an archived programme."""
    if programme in drafts.archived(connection, tenant_id):
        raise BadInput("This programme was put away: nobody new begins it. A training manager can take it back.")


def require_likely(certified_at: datetime, now: datetime) -> None:
    """Raise BadInput for a time at which nobody can have been certified."""
    if certified_at > now:
        raise BadInput("The certification lies in the future; enter the day on which it was earned.", field="certified_on")
    if now - certified_at > LONGEST_AGO:
        raise BadInput("The certification lies more than ten years back; check the year.", field="certified_on")


def audience(person: Profile, wave: str, team: str) -> dict[str, str]:
    """The attributes by which figures are grouped: wave, team, site, role and experience,
    where known."""
    told = {"wave": wave, "team": person.team or team, "site": person.site, "role": person.job_role, "experience": person.experience}
    return {name: value for name, value in told.items() if value}
