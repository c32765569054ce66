"""Reminders by mail of what is due or overdue: in the recipient's language, within working
hours, rate limited, and unsubscribed by one click.

A nudge names what is due and links to it; it never reveals anybody's results.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from core import translations
from core.database import UnitOfWork
from core.messages import gettext_noop
from core.translations import translate_text
from lrs.vocabulary import INTERVALS, ActivityKind
from lti_tool.base import mail_outbox_store, tenants_store
from lti_tool.nudges import (
    mailed_questions,
    reminder_times_store,
    reminders_store,
    week_summaries,
)
from lti_tool.nudges.reminders_store import Reminder
from lti_tool.nudges.week_summaries import WeekSummary
from lti_tool.programmes import episodes_store, programmes, working_time
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.programmes import Programme
from lti_tool.programmes.working_time import ReminderHours
from lti_tool.programmes.workload import ACT_MINUTES, MEETING_MINUTES

REMINDER_KINDS = DUE, OVERDUE, COACHING, REVIEW, PROMPT, WEEK, QUESTION = (
    "due",
    "overdue",
    "coaching",
    "review",
    "prompt",
    "week",
    "question",
)
SHORT_LIVED_KINDS = (
    DUE,
    OVERDUE,
    COACHING,
    PROMPT,
    WEEK,
    QUESTION,
)  # obsolete after a day; a request for a review stays valid
SENDING_HOURS = (time(8), time(18))  # no mail before or after, unless somebody chose other times
MAX_PER_DAY, MAX_PER_WEEK = 1, 3
# Kind → delay after a check's due time.
CHECK_DELAYS = {DUE: "0 hours", OVERDUE: "72 hours"}
# Kind → how long before its due time another act is mailed: a day ahead, and two days after it.
ACT_LEAD_TIMES = {DUE: "24 hours", OVERDUE: "-48 hours"}
PROMPT_INTERVAL_WEEKS = 2  # between two prompts to the same manager
# (last day on which the prompt fits, counted from the first certification in the manager's
# team; subject; text).
MANAGER_PROMPTS: tuple[tuple[int, str, str], ...] = (
    (
        14,
        gettext_noop("Ask one question this week"),
        gettext_noop(
            "People whom you lead were certified. Ask each: on which task will you use it, and "
            "what could stop you?"
        ),
    ),
    (
        30,
        gettext_noop("Ask to be shown one real use"),
        gettext_noop(
            "Ask somebody to show you one use on a real task, and say what you liked. A use that "
            "you saw counts more."
        ),
    ),
    (
        60,
        gettext_noop("Give a task that needs it"),
        gettext_noop(
            "Choose a task of the next two weeks that cannot be done without what was learned, and "
            "give it to somebody new to it."
        ),
    ),
    (
        90,
        gettext_noop("Watch once"),
        gettext_noop(
            "Watch one piece of work for ten minutes. The form fits your phone; say first what "
            "went well."
        ),
    ),
)
_TICK = timedelta(microseconds=1)  # a window ends just before its last instant
MAX_OVERDUE_AGE = (
    "14 days"  # anything overdue for longer is no longer mailed, only shown on the page
)


def queue_reminders(unit_of_work: UnitOfWork, *, tenant_id: int, now: datetime) -> int:
    """Queue the reminders of this hour; return how many."""
    queued = 0
    with unit_of_work(tenant_id) as connection:
        loaded: dict[tuple[str, int], Programme] = {}

        def programme_of(key: str, version: int) -> Programme:
            if (key, version) not in loaded:
                loaded[key, version] = programmes.load_programme(
                    connection, tenant_id, key, version
                )
            return loaded[key, version]

        reminded: set[uuid.UUID] = set()
        for kind, pages in _reminders_by_kind(connection, tenant_id, now).items():
            # process every page: a recipient who cannot be mailed now must not block those after
            for result in pages:
                people = list({entry.person_id for entry in result})
                before = reminders_store.mail_times_by_person(
                    connection, tenant_id, people, REMINDER_KINDS, now - timedelta(days=7)
                )
                own_hours = reminder_times_store.hours_by_person(connection, tenant_id, people)
                rows = []
                for item in result:
                    if item.person_id not in reminded and _may_send_now(
                        item,
                        programme_of,
                        own_hours.get(item.person_id),
                        before.get(item.person_id, []),
                        now,
                    ):
                        programme = programme_of(item.programme, item.programme_version)
                        row = _prepare_mail(connection, tenant_id, item, kind, programme, now)
                        if row is not None:
                            reminded.add(item.person_id)
                            rows.append(row)
                queued += mail_outbox_store.enqueue_mails(connection, tenant_id, rows)
    return queued


def _reminders_by_kind(
    connection: Connection, tenant_id: int, now: datetime
) -> dict[str, Iterator[list[Reminder]]]:
    """Kind → its reminders, page by page; kinds that cannot wait until tomorrow come first."""
    year, week, _ = now.isocalendar()

    def iter_due(kind: str) -> Iterator[list[Reminder]]:
        return reminders_store.iter_due_reminders(
            connection,
            tenant_id,
            kind,
            now,
            late=CHECK_DELAYS[kind],
            ahead=ACT_LEAD_TIMES[kind],
            forget=MAX_OVERDUE_AGE,
        )

    return {
        COACHING: reminders_store.iter_meeting_reminders(connection, tenant_id, now),
        OVERDUE: iter_due(OVERDUE),
        DUE: iter_due(DUE),
        REVIEW: reminders_store.iter_review_reminders(
            connection, tenant_id, now, forget=MAX_OVERDUE_AGE
        ),
        PROMPT: reminders_store.iter_manager_prompts(connection, tenant_id, now, f"{year}-{week}")
        if week % PROMPT_INTERVAL_WEEKS == 0
        else iter(()),
        WEEK: reminders_store.iter_week_summaries(connection, tenant_id, now, f"{year}-{week}"),
        QUESTION: reminders_store.iter_refreshers(
            connection, tenant_id, now, f"{year}-{week}", f"{now:%Y-%m}"
        ),
    }


def _prepare_mail(
    connection: Connection,
    tenant_id: int,
    reminder: Reminder,
    kind: str,
    programme: Programme,
    now: datetime,
) -> dict[str, Any] | None:
    """The mail of a reminder; None where there is nothing to say: no refresher is open for this
    learner, or nothing happened in a leader's week."""
    if kind == WEEK:
        summary = week_summaries.load_summary(connection, tenant_id, reminder.person_id, now)
        return _week_mail(reminder, summary, programme, now) if summary else None
    question_id = _prepare_question(connection, tenant_id, reminder, programme, now)
    if kind == QUESTION and question_id is None:
        return None
    return _reminder_mail(reminder, kind, programme, question_id, now)


def _week_mail(
    reminder: Reminder, summary: WeekSummary, programme: Programme, now: datetime
) -> dict[str, Any]:
    tag = translations.choose_language([reminder.language])
    zone = working_time.resolve_working_time(
        reminder.time_zone, reminder.working_days, programme.calendar
    ).zone
    _, idle_step, _ = _prompt_text(tag, reminder, now)
    subject, words = week_summaries.write_summary(summary, tag, zone, now, idle_step)
    path = "inbox" if summary.waiting else "team"
    return _mail_row(reminder, WEEK, (subject, words, path), None, now)


def _prepare_question(
    connection: Connection, tenant_id: int, reminder: Reminder, programme: Programme, now: datetime
) -> uuid.UUID | None:
    """The question that comes with the mail; None for a reminder of something else."""
    if reminder.interval is None:
        return None
    context = EpisodeContext(
        connection,
        tenant_id,
        tenants_store.get_installation_id(connection),
        episodes_store.get_episode(connection, tenant_id, reminder.episode_id),
        programme,
    )
    if reminder.closes_at is None:
        return mailed_questions.prepare_refresher_question(context, now)
    return mailed_questions.prepare_check_question(
        context, reminder.interval, reminder.closes_at, now
    )


def _may_send_now(
    reminder: Reminder,
    programme_of: Callable[[str, int], Programme],
    own_hours: ReminderHours | None,
    before: list[datetime],
    now: datetime,
) -> bool:
    """Whether it is within the hours that this person chose, otherwise within their working hours,
    and their mail limits are not reached."""
    when = working_time.resolve_working_time(
        reminder.time_zone,
        reminder.working_days,
        programme_of(reminder.programme, reminder.programme_version).calendar,
        reminder.site,
    )
    local = now.astimezone(when.zone)
    hours = own_hours or ReminderHours(when.weekdays, *SENDING_HOURS)
    day = hours.day_of(local)
    if day is None or when.is_day_off(day):
        return False
    return (
        sum(at > now - timedelta(days=1) for at in before) < MAX_PER_DAY
        and len(before) < MAX_PER_WEEK
    )


def _reminder_mail(
    reminder: Reminder,
    kind: str,
    programme: Programme,
    question_id: uuid.UUID | None,
    now: datetime,
) -> dict[str, Any]:
    tag = translations.choose_language([reminder.language])
    zone = working_time.resolve_working_time(
        reminder.time_zone, reminder.working_days, programme.calendar
    ).zone

    def format_local(instant: datetime) -> str:
        return translations.format_near_day(
            tag, instant.astimezone(zone).date(), now.astimezone(zone).date()
        )

    if kind == QUESTION:
        subject, words, path = _question_text(tag, programme)
    elif reminder.closes_at is not None:
        subject, words, path = _check_text(
            tag, reminder, programme.questions, format_local(reminder.closes_at - _TICK)
        )
    elif kind == COACHING:
        subject, words, path = _coaching_text(tag, format_local(reminder.due_at))
    elif kind == PROMPT:
        subject, words, path = _prompt_text(tag, reminder, now)
    elif kind == REVIEW:
        subject, words, path = _review_text(tag, reminder, format_local(reminder.due_at))
    else:
        subject, words, path = _act_text(tag, reminder, format_local(reminder.due_at))
    if kind == OVERDUE:
        subject = translate_text(tag, "Still open: %(what)s", what=subject)
    return _mail_row(reminder, kind, (subject, words, path), question_id, now)


# What a reminder says in the language ``tag``: its subject, its text, the page it leads to.
_Text = tuple[str, str, str]


def _mail_row(
    reminder: Reminder, kind: str, text: _Text, question_id: uuid.UUID | None, now: datetime
) -> dict[str, Any]:
    subject, words, path = text
    return {
        "person_id": reminder.person_id,
        "kind": kind,
        "key": f"{kind} {reminder.episode_id} {reminder.what}",
        "subject": subject,
        "words": words,
        "programme": reminder.programme,
        "path": path,
        "question_id": question_id,
        "queued_at": now,
        "next_try_at": now,
    }


def _question_text(tag: str, programme: Programme) -> _Text:
    subject = translate_text(tag, "One question: %(topic)s", topic=programme.title)
    words = translate_text(
        tag, "It takes about a minute, and you see at once why an answer is right or wrong."
    )
    return subject, words, "today"


def _check_text(tag: str, reminder: Reminder, questions: int, last_day: str) -> _Text:
    label = next(interval.label for interval in INTERVALS if interval.key == reminder.interval)
    subject = translate_text(
        tag, "Your check after %(interval)s is open", interval=translate_text(tag, label)
    )
    words = translate_text(
        tag,
        "%(count)s questions, about 5 minutes. You see at once why an answer is right or wrong.",
        count=questions,
    )
    until = translate_text(
        tag,
        "It is open until %(day)s. Your manager does not see your answers.",
        day=last_day,
    )
    return subject, f"{words}\n\n{until}", "today"


def _coaching_text(tag: str, day: str) -> _Text:
    subject = translate_text(tag, "Your coaching group meets on %(day)s", day=day)
    words = translate_text(
        tag,
        "Bring one thing that worked and one that did not. Your page shows the hour and who is "
        "there.",
    )
    length = translate_text(tag, "It takes about %(minutes)s minutes.", minutes=MEETING_MINUTES)
    words = f"{words}\n\n{length}"
    return subject, words, "group"


def _prompt_text(tag: str, reminder: Reminder, now: datetime) -> _Text:
    """The prompt to a manager that fits the time since the first certification in the team."""
    days = (now - reminder.due_at).days
    _, title, text = next(
        (prompt for prompt in MANAGER_PROMPTS if days <= prompt[0]), MANAGER_PROMPTS[-1]
    )
    return translate_text(tag, title), translate_text(tag, text), "inbox"


def _review_text(tag: str, reminder: Reminder, day: str) -> _Text:
    name = reminder.name or translate_text(tag, "A participant")
    if reminder.what == ActivityKind.BEHAVIOUR_ASSESSMENT:
        subject = translate_text(tag, "Work observation: %(name)s", name=name)
        words = translate_text(
            tag,
            "Three months after the certification: ten minutes of watching show more than a "
            "report. Please by %(day)s.",
            day=day,
        )
    else:
        subject = translate_text(tag, "%(name)s still waits for your answer", name=name)
        words = translate_text(
            tag,
            "Reading and answering it takes about five minutes. Please by %(day)s.",
            day=day,
        )
    return subject, words, "inbox"


def _act_text(tag: str, reminder: Reminder, day: str) -> _Text:
    """What the learner is asked to do: the plan, the exercise, the case study, the follow-up."""
    subject = {
        ActivityKind.PLAN: translate_text(tag, "Your transfer plan is due"),
        ActivityKind.EXERCISE: translate_text(tag, "Your exercise is due"),
        ActivityKind.CASE_STUDY: translate_text(tag, "Your case study is due"),
        ActivityKind.FOLLOW_UP: translate_text(tag, "Two questions, three months later"),
    }[ActivityKind(reminder.what)]
    words = translate_text(
        tag,
        "Due on %(day)s. If there was no opportunity, say so: that is an answer, too.",
        day=day,
    )
    length = translate_text(
        tag, "It takes about %(minutes)s minutes.", minutes=ACT_MINUTES[reminder.what]
    )
    words = f"{words}\n\n{length}"
    return subject, words, "plan" if reminder.what == ActivityKind.PLAN else "work"
