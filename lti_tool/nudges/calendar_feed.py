"""A person's due dates as a calendar feed (iCalendar, RFC 5545). The only module that uses
``icalendar``."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event

from core import clock, translations
from core.errors import NotFound
from core.messages import gettext_noop
from core.secrets import Secrets
from lrs.vocabulary import INTERVALS, ActivityKind
from lti_tool.assessment import workshops_store
from lti_tool.base.deps import ToolDeps
from lti_tool.checks import attempts_store
from lti_tool.coaching import coaching_store
from lti_tool.launch import visits
from lti_tool.launch.visits import VisitLink
from lti_tool.people import directory_store, people_store
from lti_tool.programmes import episode_context, episodes_store, schedule_store
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.workload import (
    ACT_MINUTES,
    MEETING_MINUTES,
    MINUTES_PER_QUESTION,
    WORKSHOP_MINUTES,
)
from lti_tool.tables.checks import AttemptKind

FEED_LINK_PURPOSE = "calendar feed"
MAX_TOKEN_AGE_DAYS = (
    400  # calendar programs keep polling; after a year the page issues a new address
)


def sign_feed_token(secrets: Secrets, tenant_id: int, person_id: uuid.UUID) -> str:
    """Sign the token in the feed's address: it gives access to due dates and nothing else."""
    return secrets.sign(FEED_LINK_PURPOSE, [tenant_id, person_id.hex])


@dataclass(frozen=True)
class CalendarEntry:
    """Something due. ``key`` names it among the person's entries, in the feed and in its
    address."""

    key: str
    programme: str
    summary: str
    due_at: datetime
    minutes: int
    ends_when_due: bool = False


@dataclass(frozen=True)
class CalendarOwner:
    """The person of a feed's token."""

    tenant_id: int
    person_id: uuid.UUID
    language: str
    time_zone: str
    has_email: bool


def verify_feed_token(deps: ToolDeps, text: str) -> CalendarOwner:
    """The person of a feed's token; NotFound for one who is here no more."""
    tenant_id, person = deps.secrets.verify_token(
        FEED_LINK_PURPOSE, text, MAX_TOKEN_AGE_DAYS * 86_400
    )
    person_id = uuid.UUID(person)
    with deps.unit_of_work(tenant_id) as connection:
        if not people_store.person_exists(connection, tenant_id, person_id):
            raise NotFound("This calendar is of nobody here any more.")
        profile = directory_store.get_profile(connection, tenant_id, person_id)
    return CalendarOwner(
        tenant_id,
        person_id,
        translations.choose_language([profile.language]),
        profile.time_zone,
        bool(profile.email) and profile.imported_at is not None,
    )


def build_calendar_feed(deps: ToolDeps, *, text: str) -> bytes:
    """Build the calendar of the person in the feed's token; each event has the address of its
    own page."""
    owner = verify_feed_token(deps, text)
    calendar = _new_calendar()
    for entry in list_entries(deps, owner):
        address = f"{deps.settings.base_url}/calendar/{text}/{entry.key}"
        calendar.add_component(_build_event(entry, address))
    content: bytes = calendar.to_ical()
    return content


def list_entries(deps: ToolDeps, owner: CalendarOwner) -> list[CalendarEntry]:
    """What this person has to do, in all programmes."""
    with deps.unit_of_work(owner.tenant_id) as connection:
        return [
            entry
            for episode in episodes_store.list_person_episodes(
                connection, owner.tenant_id, owner.person_id
            )
            if episode.left_at is None
            for context in [
                episode_context.load_episode_context(connection, owner.tenant_id, episode)
            ]
            for entries in (_check_entries, _act_entries, _meeting_entries, _workshop_entries)
            for entry in entries(context, owner.language)
        ]


def send_page_link(deps: ToolDeps, *, text: str, key: str, now: datetime) -> None:
    """Mail this person a link to the own page, for something that is due; at most once an hour."""
    owner = verify_feed_token(deps, text)
    entry = next((entry for entry in list_entries(deps, owner) if entry.key == key), None)
    programme = entry.programme if entry else ""
    visits.resend_link(
        deps.unit_of_work,
        link=VisitLink(owner.tenant_id, owner.person_id, programme, "today", 0, now),
        now=now,
    )


def _new_calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Carryover//due dates//EN")
    calendar.add("version", "2.0")
    calendar.add("name", "Carryover")
    calendar.add("refresh-interval", timedelta(hours=12), parameters={"VALUE": "DURATION"})
    return calendar


def _check_entries(context: EpisodeContext, tag: str) -> Iterator[CalendarEntry]:
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
            yield CalendarEntry(
                f"{episode.id}-{check.interval}",
                episode.programme,
                f"{context.programme.title}: {name}",
                check.due_at,
                context.programme.questions * MINUTES_PER_QUESTION,
            )


def _act_entries(context: EpisodeContext, tag: str) -> Iterator[CalendarEntry]:
    """The acts of the protocol that this learner has not done."""
    episode = context.episode
    names: dict[str, str] = {
        ActivityKind.PLAN: gettext_noop("Transfer plan"),
        ActivityKind.EXERCISE: gettext_noop("Exercise"),
        ActivityKind.CASE_STUDY: gettext_noop("Real example"),
        ActivityKind.FOLLOW_UP: gettext_noop("Three months later: two questions"),
    }
    for act, due in schedule_store.scheduled_acts_by_name(
        context.connection, context.tenant_id, episode.id
    ).items():
        if act in names and due.done_at is None:
            name = translations.translate_text(tag, names[act])
            yield CalendarEntry(
                f"{episode.id}-{act.replace(' ', '-')}",
                episode.programme,
                f"{context.programme.title}: {name}",
                due.due_at,
                ACT_MINUTES[act],
                ends_when_due=True,
            )


def _meeting_entries(context: EpisodeContext, tag: str) -> Iterator[CalendarEntry]:
    """The meetings of this learner's coaching group."""
    connection, tenant_id = context.connection, context.tenant_id
    group = coaching_store.find_group_of_episode(connection, tenant_id, context.episode.id)
    if group is None:
        return
    name = translations.translate_text(tag, "Coaching group")
    meetings = coaching_store.meetings_by_group(connection, tenant_id, [group.id])
    for meeting in meetings.get(group.id, []):
        yield CalendarEntry(
            f"{meeting.id}",
            context.episode.programme,
            f"{context.programme.title}: {name}",
            meeting.at,
            MEETING_MINUTES,
        )


def _workshop_entries(context: EpisodeContext, tag: str) -> Iterator[CalendarEntry]:
    """The workshops that are offered to this learner, also those that have begun within a week:
    a calendar keeps what it showed."""
    recently = clock.now() - timedelta(days=7)
    for workshop in workshops_store.list_upcoming(
        context.connection, context.tenant_id, context.episode.id, recently
    ):
        name = translations.translate_text(tag, "Workshop: %(behaviour)s", behaviour=workshop.title)
        yield CalendarEntry(
            f"{workshop.id}",
            context.episode.programme,
            f"{context.programme.title}: {name}",
            workshop.begins_at,
            WORKSHOP_MINUTES,
        )


def _build_event(entry: CalendarEntry, address: str) -> Event:
    """Build an event; what is due by the end of a day ends then, so that it lies within that
    day. It is marked as free time: nobody is shown as busy."""
    event = Event()
    event.add("uid", f"{entry.key}@carryover")
    event.add("summary", entry.summary)
    event.add("url", address)
    event.add("description", address)  # not every calendar shows an event's URL
    event.add("dtstamp", entry.due_at)
    length = timedelta(minutes=entry.minutes)
    event.add("dtstart", entry.due_at - length if entry.ends_when_due else entry.due_at)
    event.add("duration", length)
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", entry.summary)
    alarm.add("trigger", timedelta(0))
    event.add_component(alarm)
    return event
