"""Can it be trusted: week by week, what makes figures doubtful, the five questions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lrs.metrics.catalogue import BY_KEY
from lrs.metrics.definitions import groups
from lrs.metrics.statistics import charts, watching
from lrs.metrics.statistics.estimates import NOTHING, Estimate
from lrs.reports import pictures, privacy
from lrs.reports.asking import Asked
from lrs.reports.shape import Column, Report
from lrs.reports.values import estimates_of

MOST_WEEKS = 52


def series(asked: Asked) -> Report:
    """G5: adoption by week of due date on a p′ chart. Is it changing is one question; whether it is good enough is another."""
    rows = list(asked.connection.execute(groups.weeks_of_checks(asked.scope)))
    if not asked.individual:
        rows = [row for row in rows if row.learners >= privacy.FEWEST]
    counts = [(int(row.done), int(row.due)) for row in rows]
    centre, limits, over = charts.p_chart(counts)
    values = [k / n for k, n in counts]
    enough = watching.enough(counts)
    found = charts.signals(values, centre, limits) if enough else []
    by_week: dict[int, list[charts.Signal]] = {}
    for signal in found:
        by_week.setdefault(signal.index, []).append(signal)
    told: list[dict[str, Any]] = []
    for i, (row, value, (low, high)) in enumerate(zip(rows, values, limits, strict=True)):
        monday = datetime.fromtimestamp(int(row.week) * groups.WEEK, UTC)
        told.append(
            {
                "week": monday.date().isoformat(),
                "value": value,
                "due": int(row.due),
                "low": max(0.0, low),
                "high": min(1.0, high),
                "signal": "; ".join(f"{'up' if one.upward else 'down'}: {one.rule}" for one in by_week.get(i, ())),
            }
        )
    points = [
        {"period": r["week"], "value": r["value"], "centre": centre, "low": r["low"], "high": r["high"], "signal": bool(r["signal"])} for r in told
    ]
    points, by_week = points[-MOST_WEEKS:], {i: some for i, some in by_week.items() if i >= len(told) - MOST_WEEKS}
    words = " ".join(f"{row['week']}: {row['value']:.0%}{', ' + row['signal'] if row['signal'] else ''}." for row in told[-MOST_WEEKS:])
    if not enough:
        verdict = f"Grey: too little to say. {charts.LEAST_BASELINE} complete weeks with {watching.LEAST_A_WEEK} checks or more make a baseline."
    elif by_week:
        verdict = "It is changing: look at what happened in the weeks marked."
    else:
        verdict = "Nothing has changed beyond ordinary variation: asking about a single week leads nowhere."
    return Report(
        "series",
        "Checks done, week by week",
        f"Of the checks due in each week, the share done within a week; the dashed lines are what ordinary variation around {centre:.0%} would give.",
        (
            Column("week", "Week from"),
            Column("value", "Done", "share"),
            Column("due", "Due", "count"),
            Column("low", "Lower limit", "share"),
            Column("high", "Upper limit", "share"),
            Column("signal", "Stands out"),
        ),
        told[-MOST_WEEKS:],
        notes=(
            f"The first {charts.BETTER_BASELINE} weeks are the baseline. Laney's p′ chart; sigma Z is {over:.2f}: {'weeks vary more than chance alone, the limits allow for it' if over > 1.05 else 'weeks vary as chance alone makes them'}.",
        ),
        svg=pictures.svg(pictures.control_chart(points, "share"), "picture-series", "Checks done, week by week", words) if points else "",
        what_to_do=verdict,
    )


def quality(asked: Asked) -> Report:
    """G7: what would make figures doubtful, before they are read."""
    row = asked.connection.execute(groups.quality(asked.scope)).one()
    fast = asked.connection.execute(groups.speed(asked.scope)).one()
    refused = asked.connection.execute(groups.refused(asked.scope.tenant_id)).all()
    episodes = int(row.episodes)

    def line(what: str, n: Any, of: int, limit: float, remedy: str) -> dict[str, Any]:
        share = int(n or 0) / of if of else None
        return {
            "what": what,
            "count": int(n or 0),
            "of": of,
            "share": share,
            "verdict": "look at it" if share is not None and share > limit else "",
            "remedy": remedy,
        }

    lines = [
        line("People without a team", row.without_team, episodes, 0.1, "Put the team into the list of people."),
        line("Certifications without a schedule", row.without_schedule, episodes, 0.0, "Nothing is due for them, so adoption leaves them out."),
        line("Certifications without a baseline", row.without_baseline, episodes, 0.5, "Switch the day-0 form on, or bring exam scores."),
        line("Certifications in the future", row.in_the_future, episodes, 0.0, "Correct the date at its source."),
        line("Answers of less than a second", fast.impossible, int(fast.timed), 0.01, "Nobody reads that fast: a script, or a wrong clock."),
        line("Rapid guesses", fast.rapid, int(fast.answers), 0.1, "Shorten the checks, or send them at another hour."),
    ]
    lines += [
        {
            "what": f"Not counted: {one.reason}",
            "count": int(one.statements),
            "of": None,
            "share": None,
            "verdict": "look at it",
            "remedy": "Correct it at the source.",
        }
        for one in refused
    ]
    return Report(
        "quality",
        "What makes these figures doubtful",
        "Looked at before any figure is made. Nothing is corrected silently, and nothing is left out but what is listed here.",
        (
            Column("what", "What"),
            Column("count", "How many", "count"),
            Column("of", "Of", "count"),
            Column("share", "Share", "share"),
            Column("verdict", "Verdict"),
            Column("remedy", "What to do"),
        ),
        lines,
    )


def checklist(asked: Asked) -> Report:
    """E4: five questions of the programme, answered from data where there are any."""

    def of(key: str, part: str = "") -> Estimate:
        return estimates_of(asked.connection, BY_KEY[key], asked.scope).get(part, NOTHING)

    def answer(question: str, one: Estimate, what: str) -> dict[str, Any]:
        hidden = not asked.individual and 0 < one.learners < privacy.FEWEST
        said = "no data" if one.value is None or hidden else "yes" if (one.low or 0) >= 0.5 else "no" if (one.high or 0) < 0.5 else "in part"
        return {
            "question": question,
            "answer": said,
            "share": None if hidden else one.value,
            "of": None if hidden else int(one.denominator),
            "what": what,
        }

    rows = [
        answer("Is there a transfer protocol within 30 days?", of("adoption_due", "plan"), "plans committed, of plans due"),
        answer("Is there coaching, or a community?", of("adoption_due", "meeting"), "places taken in coaching meetings, of places due"),
        answer("Are there refreshers at growing intervals for six months?", of("adoption_due", "check"), "checks done, of checks due"),
        answer("Are behaviour and business measured?", of("adoption_due", "behaviour assessment"), "looks at the work done, of looks due"),
        answer("Is it lived: do leaders answer in time?", of("feedback_by_day_30"), "feedback given in time, of feedback due"),
    ]
    return Report(
        "checklist",
        "Five questions of the programme",
        "Answered from what people did: yes where at least half was done beyond doubt, no where less than half was, in part between.",
        (
            Column("question", "Question"),
            Column("answer", "Answer"),
            Column("share", "Share", "share"),
            Column("of", "Of", "count"),
            Column("what", "Counted"),
        ),
        rows,
        notes=("The last is the nearest that data come to culture; the rest of it is yours to judge.",),
    )
