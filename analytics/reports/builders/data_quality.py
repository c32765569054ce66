"""Can the figures be trusted: what makes them doubtful, and the five questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.catalogue import METRICS_BY_KEY
from analytics.definitions import groups
from analytics.reports.context import (
    ReportRequest,
    estimates_of,
    report,
)
from analytics.reports.report import Column, Report
from analytics.statistics.estimates import NO_ESTIMATE, Estimate
from analytics.store import facts
from lrs.vocabulary import MIN_GROUP_SIZE, ActivityKind

_REMEDY_OF_FAILURE = "A fault of Carryover: tell whoever operates it."


_QUALITY_COLUMNS = (
    Column("what", "What"),
    Column("count", "How many", "count"),
    Column("of", "Of", "count"),
    Column("share", "Share", "share"),
    Column("verdict", "Verdict"),
    Column("remedy", "What to do"),
)


def _quality_line(what: str, n: Any, of: int, limit: float, remedy: str) -> dict[str, Any]:
    """``n`` out of ``of``; more than the share ``limit`` is to be looked at."""
    share = int(n or 0) / of if of else None
    return {
        "what": what,
        "count": int(n or 0),
        "of": of,
        "share": share,
        "verdict": "look at it" if share is not None and share > limit else "",
        "remedy": remedy,
    }


def _refusal_line(reason: str, statements: int) -> dict[str, Any]:
    return {
        "what": f"Not counted: {reason}",
        "count": statements,
        "of": None,
        "share": None,
        "verdict": "look at it",
        "remedy": _REMEDY_OF_FAILURE
        if facts.FAILURE_WORDS in reason
        else "Correct it at the source.",
    }


@report("quality")
def quality_report(requested: ReportRequest) -> Report:
    """What would make figures doubtful, to be checked before they are read."""
    row = requested.connection.execute(groups.select_data_quality(requested.scope)).one()
    fast = requested.connection.execute(groups.select_answer_speed(requested.scope)).one()
    refused = requested.connection.execute(groups.select_refusals(requested.scope.tenant_id)).all()
    episodes = int(row.episodes)

    lines = [
        _quality_line(
            "People without a team",
            row.without_team,
            episodes,
            0.1,
            "Put the team into the list of people.",
        ),
        _quality_line(
            "Certifications without a schedule",
            row.without_schedule,
            episodes,
            0.0,
            "Nothing is due for them, so adoption leaves them out.",
        ),
        _quality_line(
            "Certifications without a baseline",
            row.without_baseline,
            episodes,
            0.5,
            "Switch the day-0 form on, or bring exam scores.",
        ),
        _quality_line(
            "Certifications in the future",
            row.in_the_future,
            episodes,
            0.0,
            "Correct the date at its source.",
        ),
        _quality_line(
            "Answers of less than a second",
            fast.impossible,
            int(fast.timed),
            0.01,
            "Nobody reads that fast: a script, or a wrong clock.",
        ),
        _quality_line(
            "Rapid guesses",
            fast.rapid,
            int(fast.answers),
            0.1,
            "Shorten the checks, or send them at another hour.",
        ),
    ]
    lines += [_refusal_line(item.reason, int(item.statements)) for item in refused]
    return Report(
        "quality",
        "What makes these figures doubtful",
        "Looked at before any figure is made. Nothing is corrected silently, and nothing is left "
        "out but what is listed here.",
        _QUALITY_COLUMNS,
        lines,
    )


def _answer_row(question: str, estimate: Estimate, what: str) -> dict[str, Any]:
    answer = (
        "no data"
        if estimate.value is None
        else f"too few to say ({estimate.learners})"
        if 0 < estimate.learners < MIN_GROUP_SIZE
        else "yes"
        if (estimate.low or 0) >= 0.5
        else "no"
        if (estimate.high or 0) < 0.5
        else "in part"
    )
    return {
        "question": question,
        "answer": answer,
        "share": estimate.value,
        "of": int(estimate.denominator),
        "what": what,
    }


# (question, metric, its part, what is counted)
_QUESTIONS: Sequence[tuple[str, str, str, str]] = (
    (
        "Is there a transfer protocol within 30 days?",
        "adoption_due",
        ActivityKind.PLAN,
        "plans committed, of plans due",
    ),
    (
        "Is there coaching, or a community?",
        "adoption_due",
        ActivityKind.MEETING,
        "places taken in coaching meetings, of places due",
    ),
    (
        "Are there refreshers at growing intervals for six months?",
        "adoption_due",
        ActivityKind.CHECK,
        "checks done, of checks due",
    ),
    (
        "Are behaviour and business measured?",
        "adoption_due",
        ActivityKind.BEHAVIOUR_ASSESSMENT,
        "looks at the work done, of looks due",
    ),
    (
        "Is it lived: do leaders answer in time?",
        "answered_within_a_week",
        "",
        "answered within a week, of what was handed in",
    ),
)
_CHECKLIST_COLUMNS = (
    Column("question", "Question"),
    Column("answer", "Answer"),
    Column("share", "Share", "share"),
    Column("of", "Of", "count"),
    Column("what", "Counted"),
)


@report("checklist")
def checklist_report(requested: ReportRequest) -> Report:
    """Five questions on the programme, answered from data if there are any."""

    def estimate_for(key: str, part: str) -> Estimate:
        return estimates_of(requested, METRICS_BY_KEY[key]).get(part, NO_ESTIMATE)

    rows = [
        _answer_row(question, estimate_for(metric, part), what)
        for question, metric, part, what in _QUESTIONS
    ]
    return Report(
        "checklist",
        "Five questions of the programme",
        "Answered from what people did: yes where at least half was done beyond doubt, no where "
        "less than half was, in part between. Of fewer than five people nothing is said.",
        _CHECKLIST_COLUMNS,
        rows,
        notes=(
            "The last is the nearest that data come to culture; the rest of it is yours to judge.",
        ),
    )
