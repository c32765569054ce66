"""Schedule the acts of the transfer protocol."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapters import xapi_statements
from lrs.vocabulary import ActivityKind
from lti_tool.programmes import schedule_store
from lti_tool.programmes.due_dates import (
    ASSESSMENT,
    ASSESSMENT_DAYS,
    PROTOCOL_DAYS,
    act_due_at,
)
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.programmes import Programme
from lti_tool.programmes.working_time import WorkingTime


def protocol_for(programme: Programme) -> Mapping[ActivityKind, int]:
    """Return act → days after the certification for this programme: behaviour is assessed only
    if it has a rubric.
    """
    return {**PROTOCOL_DAYS, ASSESSMENT: ASSESSMENT_DAYS} if programme.rubric else PROTOCOL_DAYS


def schedule_protocol(
    stage: EpisodeContext, when: WorkingTime, now: datetime
) -> list[xapi_statements.Statement]:
    """Schedule the acts that are due besides the checks and return their statements; acts whose
    due date had already passed are neither requested nor counted.
    """
    planned = {
        act: act_due_at(stage.episode.certified_at, days, when)
        for act, days in protocol_for(stage.programme).items()
    }
    dues = {act: at for act, at in planned.items() if at > now}
    schedule_store.insert_scheduled_acts(stage.connection, stage.tenant_id, stage.episode.id, dues)
    return [_scheduled_statement(stage, act, at, now) for act, at in dues.items()]


def _scheduled_statement(
    context: EpisodeContext, act: ActivityKind, at: datetime, now: datetime
) -> xapi_statements.Statement:
    return xapi_statements.act_scheduled_statement(
        context.act(f"scheduled {context.episode.id} {act}", now), act, due_at=at
    )
