"""When the acts of the transfer protocol are due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from adapters import xapi_statements
from lrs.vocabulary import REPLY_KINDS
from lti_tool.programmes import schedule_store
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.programmes import Programme
from lti_tool.programmes.working_time import WorkingTime

# Act → days after the certification by which it is due.
PROTOCOL_DAYS: Mapping[str, int] = {
    "exercise": 4,
    "plan": 7,
    "exercise review": 7,
    "case study": 23,
    "feedback": 30,
}


FOLLOW_UP, FOLLOW_UP_DAYS = "follow-up", 90


ASSESSMENT, ASSESSMENT_DAYS = "behaviour assessment", 90  # three months after the certification


def act_due_at(certified_at: datetime, days: int, when: WorkingTime) -> datetime:
    """Return the end of the first working day that is at least ``days`` days after the
    certification.
    """
    return when.end_of(when.workday_from(when.day_of(certified_at + timedelta(days=days))))


def review_due_at(kind: str, due_at: datetime, handed_at: datetime) -> datetime:
    """Return when the review of a submission is due: on the protocol's day, but never before
    the reviewer has had the time that the protocol allows after submission (three days for an
    exercise, seven for a case study)."""
    return max(
        due_at, handed_at + timedelta(days=PROTOCOL_DAYS[REPLY_KINDS[kind]] - PROTOCOL_DAYS[kind])
    )


def protocol_for(programme: Programme) -> Mapping[str, int]:
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
    context: EpisodeContext, act: str, at: datetime, now: datetime
) -> xapi_statements.Statement:
    return xapi_statements.act_scheduled_statement(
        context.act(f"scheduled {context.episode.id} {act}", now), act, due_at=at
    )
