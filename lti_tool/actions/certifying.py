"""Recording a certification: the anchor of an episode, and the checks that follow from it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from adapters import xapi
from lrs.ground.database import UnitOfWork
from lrs.ground.errors import BadInput
from lrs.vocabulary import INTERVALS
from lti_tool.actions import acts
from lti_tool.store import learning
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
    audience: Mapping[str, str],
) -> bool:
    """Record that a person was certified, and schedule the checks; False when that was on record already.

    Checks whose window has passed are neither offered nor counted: nobody could have answered them here.
    """
    if certified_at > now:
        raise BadInput("The certification lies in the future; enter the day on which it was earned.")
    if now - certified_at > LONGEST_AGO:
        raise BadInput("The certification lies more than ten years back; check the year.")
    with unit_of_work(tenant_id) as connection:
        version = learning.newest_programmes(connection, tenant_id).get(programme)
        if version is None:
            raise BadInput(f"There is no programme {programme!r} here.")
        episode = Episode(uuid.uuid4(), person_id, programme, version, certified_at)
        checks = [
            ScheduledCheck(
                interval.key,
                certified_at + timedelta(days=interval.due_days),
                certified_at + timedelta(days=interval.opens_days),
                certified_at + timedelta(days=interval.closes_days),
            )
            for interval in INTERVALS
            if certified_at + timedelta(days=interval.closes_days) > now
        ]
        if not learning.keep_episode(connection, tenant_id, episode, checks):
            return False
        stage = acts.on_stage(connection, tenant_id, episode)
        labels = {interval.key: interval.label for interval in INTERVALS}
        statements = [
            xapi.registered(stage.act(f"registered {episode.id}", now, audience)),
            xapi.certified(stage.act(f"certified {episode.id}", certified_at, audience)),
        ]
        for check in checks:
            act = stage.act(f"scheduled {episode.id} {check.interval}", now)
            statements.append(xapi.scheduled(act, interval=check.interval, label=labels[check.interval], due_at=check.due_at))
        stage.say(statements)
    return True
