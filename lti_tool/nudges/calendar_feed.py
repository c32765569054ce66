"""A person's due dates as a calendar feed (iCalendar, RFC 5545). The only module that uses
``icalendar``."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event

from core import translations
from core.errors import NotFound
from core.messages import gettext_noop
from core.secrets import Secrets
from lrs.vocabulary import INTERVALS, ActivityKind
from lti_tool.base import mail_outbox_store
from lti_tool.base.deps import ToolDeps
from lti_tool.checks import attempts_store
from lti_tool.coaching import coaching_store
from lti_tool.people import people_store
from lti_tool.programmes import episode_context, episodes_store, schedule_store
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.tables.checks import AttemptKind

FEED_LINK_PURPOSE = "calendar feed"
MAX_TOKEN_AGE_DAYS = (
    400  # calendar programs keep polling; after a year the page issues a new address
)
CHECK_MINUTES, ACT_MINUTES, MEETING_MINUTES = 5, 30, 45


def sign_feed_token(secrets: Secrets, tenant_id: int, person_id: uuid.UUID) -> str:
    """Sign the token in the feed's address: it gives access to due dates and nothing else."""
    return secrets.sign(FEED_LINK_PURPOSE, [tenant_id, person_id.hex])


def build_calendar_feed(deps: ToolDeps, *, text: str) -> bytes:
    """Build the calendar of the person in the feed's token."""
    tenant_id, person = deps.secrets.verify_token(
        FEED_LINK_PURPOSE, text, MAX_TOKEN_AGE_DAYS * 86_400
    )
    person_id = uuid.UUID(person)
    calendar = _new_calendar()
    with deps.unit_of_work(tenant_id) as connection:
        if not people_store.person_exists(connection, tenant_id, person_id):
            raise NotFound("This calendar is of nobody here any more.")
        tag = translations.choose_language(
            [mail_outbox_store.get_person_language(connection, tenant_id, person_id)]
        )
        for episode in episodes_store.list_person_episodes(connection, tenant_id, person_id):
            if episode.left_at is None:
                context = episode_context.load_episode_context(connection, tenant_id, episode)
                for event in (
                    *_check_events(context, tag),
                    *_act_events(context, tag),
                    *_meeting_events(context, tag),
                ):
                    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _new_calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Carryover//due dates//EN")
    calendar.add("version", "2.0")
    calendar.add("name", "Carryover")
    calendar.add("refresh-interval", timedelta(hours=12), parameters={"VALUE": "DURATION"})
    return calendar


def _check_events(context: EpisodeContext, tag: str) -> Iterator[Event]:
    """The checks that this learner has not finished."""
    connection, tenant_id, episode = context.connection, context.tenant_id, context.episode
    labels = {interval.key: interval.label for interval in INTERVALS}
    done = {
        attempt.interval
        for attempt in attempts_store.list_attempts(connection, tenant_id, episode.id)
        if attempt.kind == AttemptKind.CHECK and attempt.finished_at
    }
    for check in episodes_store.list_scheduled_checks(connection, tenant_id, episode.id):
        if check.interval not in done:
            name = translations.translate_text(
                tag,
                "Check after %(interval)s",
                interval=translations.translate_text(tag, labels[check.interval]),
            )
            yield _build_event(
                f"{episode.id}-{check.interval}",
                f"{context.programme.title}: {name}",
                check.due_at,
                CHECK_MINUTES,
            )


def _act_events(context: EpisodeContext, tag: str) -> Iterator[Event]:
    """The acts of the protocol that this learner has not done."""
    episode = context.episode
    names: dict[str, str] = {
        ActivityKind.PLAN: gettext_noop("Transfer plan"),
        ActivityKind.EXERCISE: gettext_noop("Exercise"),
        ActivityKind.CASE_STUDY: gettext_noop("Case study"),
        ActivityKind.FOLLOW_UP: gettext_noop("Three months later: two questions"),
    }
    for act, due in schedule_store.scheduled_acts_by_name(
        context.connection, context.tenant_id, episode.id
    ).items():
        if act in names and due.done_at is None:
            name = translations.translate_text(tag, names[act])
            yield _build_event(
                f"{episode.id}-{act.replace(' ', '-')}",
                f"{context.programme.title}: {name}",
                due.due_at,
                ACT_MINUTES,
            )


def _meeting_events(context: EpisodeContext, tag: str) -> Iterator[Event]:
    """The meetings of this learner's coaching group."""
    connection, tenant_id = context.connection, context.tenant_id
    group = coaching_store.find_group_of_episode(connection, tenant_id, context.episode.id)
    if group is None:
        return
    name = translations.translate_text(tag, "Coaching group")
    meetings = coaching_store.meetings_by_group(connection, tenant_id, [group.id])
    for meeting in meetings.get(group.id, []):
        yield _build_event(
            f"{meeting.id}", f"{context.programme.title}: {name}", meeting.at, MEETING_MINUTES
        )


def _build_event(uid: str, summary: str, due_at: datetime, minutes: int) -> Event:
    """Build an event that ends when it is due, so that it lies within that day. It is marked
    as free time: nobody is shown as busy."""
    event = Event()
    event.add("uid", f"{uid}@carryover")
    event.add("summary", summary)
    event.add("dtstamp", due_at)
    event.add("dtstart", due_at - timedelta(minutes=minutes) if minutes == ACT_MINUTES else due_at)
    event.add("duration", timedelta(minutes=minutes))
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", timedelta(0))
    event.add_component(alarm)
    return event
