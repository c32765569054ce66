"""Who receives what, when: a programme's schedule for somebody certified on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.messages import Message, gettext_noop, lazy_gettext, lazy_ngettext
from lrs.vocabulary import INTERVALS, ActivityKind
from lti_tool.programmes import due_dates, transfer_schedule, working_time
from lti_tool.programmes.programmes import Programme

_PROTOCOL_TEXTS = {
    ActivityKind.EXERCISE: (
        "Exercise",
        gettext_noop("A first use on real data, handed in by this day."),
    ),
    ActivityKind.PLAN: ("Transfer plan", gettext_noop("One page, committed by this day.")),
    ActivityKind.EXERCISE_REVIEW: (
        gettext_noop("Answer to the exercise"),
        gettext_noop("By the mentor or the manager, who get a mail when it is handed in."),
    ),
    ActivityKind.CASE_STUDY: ("Case study", gettext_noop("One real use described, by this day.")),
    ActivityKind.BEHAVIOUR_ASSESSMENT: (
        "Behaviour assessment",
        gettext_noop("By the manager or the mentor, with the rubric."),
    ),
    ActivityKind.FEEDBACK: (
        gettext_noop("Feedback on the case study"),
        gettext_noop("By the manager or the mentor."),
    ),
}


@dataclass(frozen=True)
class ScheduledEvent:
    """One entry of the schedule preview: the day it is due for somebody certified on a given
    day, the days since then, its title and its text; ``closes_on``: the last day of a check."""

    day: date
    days: int
    title: str | Message
    text: str | Message
    closes_on: date | None = None


def preview_schedule(
    programme: Programme,
    certified_on: date,
    time_zone: str,
    working_days: Sequence[int],
    site: str = "",
) -> list[ScheduledEvent]:
    """Preview the schedule: everything that becomes due for somebody who is certified on
    this day."""
    when = working_time.resolve_working_time(time_zone, working_days, programme.calendar, site)
    certified_at = when.at(certified_on)
    events = [
        ScheduledEvent(
            when.day_of(due_dates.act_due_at(certified_at, days, when)), days, title, text
        )
        for act, days in transfer_schedule.protocol_for(programme).items()
        for title, text in (_PROTOCOL_TEXTS[act],)
    ]
    if any(item.pool == "baseline" for item in programme.items):
        count = sum(item.pool == "baseline" for item in programme.items)
        events.append(
            ScheduledEvent(
                certified_on,
                0,
                gettext_noop("Starting point"),
                lazy_ngettext(
                    "%(num)s question, once, before the first check.",
                    "%(num)s questions, once, before the first check.",
                    count,
                ),
            )
        )
    for interval in INTERVALS:
        due = due_dates.check_due_at(certified_at, interval, when)
        closes = when.day_of(due_dates.check_window(certified_at, interval)[1])
        events.append(
            ScheduledEvent(
                when.day_of(due),
                interval.due_days,
                lazy_gettext("Check after %(interval)s", interval=Message(interval.label)),
                lazy_ngettext("%(num)s question.", "%(num)s questions.", programme.questions),
                closes,
            )
        )
    return sorted(events, key=lambda event: event.day)


def preview_checks(programme: Programme, certified_on: date) -> list[tuple[str, str, date]]:
    """Interval, its label and the day it is due of each check of somebody who is certified on
    this day, by the programme's own calendar."""
    when = working_time.resolve_working_time("", (), programme.calendar)
    certified_at = when.at(certified_on)
    return [
        (
            interval.key,
            interval.label,
            when.day_of(due_dates.check_due_at(certified_at, interval, when)),
        )
        for interval in INTERVALS
    ]
