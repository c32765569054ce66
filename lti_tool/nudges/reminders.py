"""Reminders by mail of what is due or overdue: in the recipient's language, within working
hours, rate limited, and unsubscribed by one click.

A nudge names what is due and links to it; it never reveals anybody's results.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from core.database import UnitOfWork
from core.messages import gettext_noop
from lrs.vocabulary import INTERVALS, ActivityKind
from lti_tool.base import mail_outbox_store, translations
from lti_tool.nudges import reminders_store
from lti_tool.nudges.reminders_store import Reminder
from lti_tool.programmes import programmes, working_time
from lti_tool.programmes.programmes import Programme

REMINDER_KINDS = DUE, OVERDUE, COACHING, REVIEW, PROMPT = (
    "due",
    "overdue",
    "coaching",
    "review",
    "prompt",
)
SHORT_LIVED_KINDS = (
    DUE,
    OVERDUE,
    COACHING,
    PROMPT,
)  # obsolete after a day; a request for a review stays valid
SENDING_HOURS = (time(8), time(18))  # no mail before or after
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
        year, week, _ = now.isocalendar()
        sources = {  # kinds that cannot wait until tomorrow come first
            COACHING: reminders_store.iter_meeting_reminders(connection, tenant_id, now),
            OVERDUE: reminders_store.iter_due_reminders(
                connection,
                tenant_id,
                OVERDUE,
                now,
                late=CHECK_DELAYS[OVERDUE],
                ahead=ACT_LEAD_TIMES[OVERDUE],
                forget=MAX_OVERDUE_AGE,
            ),
            DUE: reminders_store.iter_due_reminders(
                connection,
                tenant_id,
                DUE,
                now,
                late=CHECK_DELAYS[DUE],
                ahead=ACT_LEAD_TIMES[DUE],
                forget=MAX_OVERDUE_AGE,
            ),
            REVIEW: reminders_store.iter_review_reminders(
                connection, tenant_id, now, forget=MAX_OVERDUE_AGE
            ),
            PROMPT: reminders_store.iter_manager_prompts(
                connection, tenant_id, now, f"{year}-{week}"
            )
            if week % PROMPT_INTERVAL_WEEKS == 0
            else iter(()),
        }
        for kind, pages in sources.items():
            # process every page: a recipient who cannot be mailed now must not block those after
            for result in pages:
                before = reminders_store.mail_times_by_person(
                    connection,
                    tenant_id,
                    list({entry.person_id for entry in result}),
                    REMINDER_KINDS,
                    now - timedelta(days=7),
                )
                rows = []
                for item in result:
                    if item.person_id not in reminded and _may_send_now(
                        item, programme_of, before.get(item.person_id, []), now
                    ):
                        reminded.add(item.person_id)
                        rows.append(
                            _reminder_mail(
                                item,
                                kind,
                                programme_of(item.programme, item.programme_version),
                                now,
                            )
                        )
                queued += mail_outbox_store.enqueue_mails(connection, tenant_id, rows)
    return queued


def _may_send_now(
    reminder: Reminder,
    programme_of: Callable[[str, int], Programme],
    before: list[datetime],
    now: datetime,
) -> bool:
    """Whether it is within this person's working hours and their mail limits are not reached."""
    when = working_time.resolve_working_time(
        reminder.time_zone,
        reminder.working_days,
        programme_of(reminder.programme, reminder.programme_version).calendar,
    )
    local = now.astimezone(when.zone)
    if not when.works_on(local.date()) or not SENDING_HOURS[0] <= local.time() < SENDING_HOURS[1]:
        return False
    return (
        sum(at > now - timedelta(days=1) for at in before) < MAX_PER_DAY
        and len(before) < MAX_PER_WEEK
    )


def _reminder_mail(
    reminder: Reminder, kind: str, programme: Programme, now: datetime
) -> dict[str, Any]:
    tag = translations.choose_language([reminder.language])

    def translate(text: str, **values: Any) -> str:
        return translations.translate_text(tag, text, **values)

    if reminder.what.startswith("check "):
        label = next(
            interval.label for interval in INTERVALS if f"check {interval.key}" == reminder.what
        )
        subject = translate("Your check after %(interval)s is open", interval=translate(label))
        words = translate(
            "%(count)s questions, about 5 minutes. You see at once why an answer is right or "
            "wrong.",
            count=programme.questions,
        )
        path = "today"
    elif kind == COACHING:
        subject = translate(
            "Your coaching group meets on %(day)s",
            day=translations.format_day(tag, reminder.due_at),
        )
        words = translate(
            "Bring one thing that worked and one that did not. Your page shows the hour and who "
            "is there."
        )
        path = "group"
    elif kind == PROMPT:
        days = (now - reminder.due_at).days
        _, title, text = next(
            (prompt for prompt in MANAGER_PROMPTS if days <= prompt[0]), MANAGER_PROMPTS[-1]
        )
        subject, words, path = translate(title), translate(text), "inbox"
    elif kind == REVIEW:
        name, path = reminder.name or translate("A learner"), "inbox"
        if reminder.what == ActivityKind.BEHAVIOUR_ASSESSMENT:
            subject = translate("A look at the work of %(name)s", name=name)
            words = translate(
                "Three months after the certification: ten minutes of watching show more than a "
                "report. Please by %(day)s.",
                day=translations.format_day(tag, reminder.due_at),
            )
        else:
            subject = translate("%(name)s still waits for your answer", name=name)
            words = translate(
                "Reading and answering it takes about five minutes. Please by %(day)s.",
                day=translations.format_day(tag, reminder.due_at),
            )
    else:
        subject = {
            ActivityKind.PLAN: translate("Your transfer plan is due"),
            ActivityKind.EXERCISE: translate("Your exercise is due"),
            ActivityKind.CASE_STUDY: translate("Your case study is due"),
            ActivityKind.FOLLOW_UP: translate("Two questions, three months later"),
        }[ActivityKind(reminder.what)]
        words = translate(
            "Due on %(day)s. If there was no opportunity, say so: that is an answer, too.",
            day=translations.format_day(tag, reminder.due_at),
        )
        path = "plan" if reminder.what == ActivityKind.PLAN else "work"
    if kind == OVERDUE:
        subject = translate("Still open: %(what)s", what=subject)
    return {
        "person_id": reminder.person_id,
        "kind": kind,
        "key": f"{kind} {reminder.episode_id} {reminder.what}",
        "subject": subject,
        "words": f"{programme.title}\n\n{words}",
        "programme": reminder.programme,
        "path": path,
        "queued_at": now,
        "next_try_at": now,
    }
