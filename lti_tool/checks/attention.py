"""How many minutes of questions a person's week holds, over all programmes: at most as many as the
organisation allows. What is over gives way in this order: refreshers of the rhythm, then refreshers
after a lapse; checks never do. Steps at work (plan, exercise, case study) are no questions: they
have their days, and are not counted.

A week is that of the calendar (Monday to Sunday) where the person is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.database import UnitOfWork
from core.errors import BadInput
from core.messages import lazy_gettext
from lti_tool.base import journal_store, tenants_store
from lti_tool.checks import attention_store
from lti_tool.checks.attention_store import AskedInWeek
from lti_tool.people import directory_store
from lti_tool.programmes import working_time
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.programmes import MAX_QUESTIONS
from lti_tool.programmes.workload import MINUTES_PER_QUESTION, REFRESHER_MINUTES
from lti_tool.tables.checks import AttemptKind

MAX_WEEKLY_MINUTES = 300  # an hour on each of five working days: no limit in practice
CHECK_MINUTES = MAX_QUESTIONS * MINUTES_PER_QUESTION


def load_weekly_minutes(unit_of_work: UnitOfWork, *, tenant_id: int) -> int:
    """The minutes a week that programmes may ask of one person."""
    with unit_of_work(tenant_id) as connection:
        return tenants_store.get_weekly_minutes(connection, tenant_id)


def set_weekly_minutes(unit_of_work: UnitOfWork, *, tenant_id: int, typed: str, who: str) -> None:
    """Set the minutes a week that programmes may ask of one person; 0 leaves no refresher."""
    minutes = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 3 else -1
    if not 0 <= minutes <= MAX_WEEKLY_MINUTES:
        raise BadInput(
            lazy_gettext("Write whole minutes, from 0 to %(most)s.", most=MAX_WEEKLY_MINUTES),
            field="weekly_minutes",
        )
    with unit_of_work(tenant_id) as connection:
        tenants_store.update_weekly_minutes(connection, tenant_id, minutes)
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "set the minutes a week", {"minutes": minutes}
        )


def keep_within_budget(
    context: EpisodeContext,
    offered: Mapping[AttemptKind, Sequence[str]],
    running: frozenset[str],
    now: datetime,
) -> Mapping[AttemptKind, Sequence[str]]:
    """Leave out the refreshers for which this week has no minutes left. One that is ``running``
    can be finished."""
    limited = {AttemptKind.REINFORCEMENT, AttemptKind.REMEDIATION} & set(offered)
    if not limited - running:
        return offered
    connection, tenant_id, episode = context.connection, context.tenant_id, context.episode
    person = directory_store.get_profile(connection, tenant_id, episode.person_id)
    when = working_time.resolve_working_time(
        person.time_zone, person.working_days, context.programme.calendar, person.site
    )
    begins = when.week_start(now)
    asked = attention_store.find_asked(
        connection,
        tenant_id,
        episode.person_id,
        episode.id,
        now,
        begins,
        begins + timedelta(days=7),
    )
    budget = tenants_store.get_weekly_minutes(connection, tenant_id)
    return {
        kind: items
        for kind, items in offered.items()
        if kind not in limited or kind in running or fits_week(kind, asked, budget)
    }


def fits_week(kind: AttemptKind, asked: AskedInWeek, budget: int) -> bool:
    """Whether a refresher of this kind still fits the week. Remediation takes the place of
    refreshers of the rhythm: those are not counted against it, and leave it its minutes."""
    refreshers = asked.refreshers[AttemptKind.REMEDIATION]
    if kind == AttemptKind.REINFORCEMENT:
        refreshers += asked.refreshers[AttemptKind.REINFORCEMENT] + asked.other_lapses
    return asked.checks * CHECK_MINUTES + (refreshers + 1) * REFRESHER_MINUTES <= budget
