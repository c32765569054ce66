"""The weekly summary to whoever leads or accompanies people: what went well, who waits for what,
two lines of figures, one next step. It names no answer of a check, as the page Your team does not.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from core.messages import gettext_noop
from core.translations import format_near_day, translate_text
from lrs.vocabulary import ActivityKind
from lti_tool.assessment import review_queue, workshops
from lti_tool.assessment.review_queue import ASSESS, CONFIRM, REVIEW, WaitingItem
from lti_tool.nudges import week_summaries_store
from lti_tool.nudges.week_summaries_store import WeekCounts
from lti_tool.transfer import led_progress_store
from lti_tool.transfer.led_progress_store import ProgressCounts
from lti_tool.transfer.transfer_protocol import VERIFIED_GRADE

WEEK = timedelta(days=7)
MAX_LINES = 5  # of what waits: more are not read in a mail
# Count of a week -> what a mail says of it.
_GOOD_TEXTS = {
    "confirmed": gettext_noop("Uses at work that were confirmed: %(count)s"),
    "handed_in": gettext_noop("Work samples and real examples submitted: %(count)s"),
    "plans": gettext_noop("Plans committed to: %(count)s"),
    "checks": gettext_noop("Checks done: %(count)s"),
}


@dataclass(frozen=True)
class WeekSummary:
    """What a leader's mail says of the week that ends now."""

    counts: WeekCounts
    waiting: list[WaitingItem]
    standings: list[ProgressCounts]
    weak: str  # the weakest behaviour of the team that asks for a workshop; empty for none


def load_summary(
    connection: Connection, tenant_id: int, leader_id: uuid.UUID, now: datetime
) -> WeekSummary | None:
    """Load a leader's summary; None where nothing waits and nothing happened: then there is no
    mail."""
    waiting = review_queue.list_waiting(connection, tenant_id, leader_id, now)
    counts = week_summaries_store.count_week(connection, tenant_id, leader_id, now - WEEK, now)
    if not waiting and not any(vars(counts).values()):
        return None
    people = led_progress_store.list_led_progress(
        connection, tenant_id, leader_id, now, VERIFIED_GRADE
    )
    weak = [
        one.title
        for team in workshops.list_teams(connection, tenant_id, leader_id, now)
        for one in team.weak
    ]
    standings = [item.standing for item in people]
    return WeekSummary(counts, waiting, standings, weak[0] if weak else "")


def write_summary(
    summary: WeekSummary, tag: str, zone: ZoneInfo, now: datetime, idle_step: str
) -> tuple[str, str]:
    """The subject and the text in the reader's language. ``idle_step``: the next step where
    nothing waits."""
    today = now.astimezone(zone).date()
    subject = translate_text(tag, "Your team this week")
    if summary.waiting:
        subject = translate_text(
            tag, "Your team this week: %(count)s waiting for you", count=len(summary.waiting)
        )
    parts = [
        _good_lines(summary.counts, tag),
        _waiting_lines(summary.waiting, tag, zone, today),
        _figure_lines(summary.standings, tag),
        [_next_step(summary, tag, idle_step)],
    ]
    return subject, "\n\n".join("\n".join(part) for part in parts if part)


def _good_lines(counts: WeekCounts, tag: str) -> list[str]:
    """What went well; empty if nothing is known to."""
    found = vars(counts)
    lines = [
        translate_text(tag, text, count=found[name])
        for name, text in _GOOD_TEXTS.items()
        if found[name]
    ]
    return [translate_text(tag, "What went well this week"), *lines] if lines else []


def _waiting_lines(
    waiting: Sequence[WaitingItem], tag: str, zone: ZoneInfo, today: date
) -> list[str]:
    if not waiting:
        return []
    minutes = max(2, sum(item.minutes for item in waiting))
    lines = [_waiting_line(item, tag, zone, today) for item in waiting[:MAX_LINES]]
    more = len(waiting) - len(lines)
    return [
        translate_text(tag, "Who waits for you, about %(minutes)s minutes", minutes=minutes),
        *lines,
        *([translate_text(tag, "… and %(count)s more", count=more)] if more else []),
    ]


def _waiting_line(item: WaitingItem, tag: str, zone: ZoneInfo, today: date) -> str:
    name = item.learner.name or translate_text(tag, "A learner without a name")
    what = _item_text(item, tag)
    if item.due_at is None:
        return f"{name}: {what}"
    day = format_near_day(tag, item.due_at.astimezone(zone).date(), today)
    return f"{name}: {what}, {translate_text(tag, 'answer by %(day)s', day=day)}"


def _item_text(item: WaitingItem, tag: str) -> str:
    if item.kind == REVIEW and item.handed:
        exercise = item.handed.kind == ActivityKind.EXERCISE
        return translate_text(tag, "Work sample" if exercise else "Real example")
    if item.kind == CONFIRM:
        return translate_text(tag, "Use at work")
    return translate_text(tag, "Work observation" if item.kind == ASSESS else "Follow-up")


def _figure_lines(standings: Sequence[ProgressCounts], tag: str) -> list[str]:
    """Two lines of figures, over all people led."""
    return [
        translate_text(
            tag,
            "Checks done so far: %(done)s of %(due)s due",
            done=sum(one.checks_done for one in standings),
            due=sum(one.checks_due for one in standings),
        ),
        translate_text(
            tag,
            "Uses at work so far: %(verified)s of %(all)s confirmed",
            verified=sum(one.verified for one in standings),
            all=sum(one.uses for one in standings),
        ),
    ]


def _next_step(summary: WeekSummary, tag: str, idle_step: str) -> str:
    """Whom to answer first; else the workshop that a weak behaviour asks for; else what to ask."""
    if not summary.waiting and summary.weak:
        return translate_text(
            tag,
            "Next step: offer a workshop. “%(behaviour)s” is below its minimum in your team.",
            behaviour=summary.weak,
        )
    if not summary.waiting:
        return translate_text(tag, "Next step: %(step)s", step=idle_step)
    first = summary.waiting[0]
    name = first.learner.name or translate_text(tag, "A learner without a name")
    return translate_text(
        tag,
        "Next step: answer %(name)s first. Start with what went well.",
        name=name,
    )
