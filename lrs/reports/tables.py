"""Reports counted when they are asked for: weak domains, heat map, waves, teams, use of the product, series, what is doubtful."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from lrs.ground.clock import text_of
from lrs.metrics.catalogue import BY_KEY, Metric
from lrs.metrics.definitions import Scope, groups, split_part, times
from lrs.metrics.statistics import charts, domains, survival, watching
from lrs.metrics.statistics.estimates import NOTHING, Estimate
from lrs.reports import pictures, privacy
from lrs.reports.shape import Column, Report
from lrs.reports.values import estimates_of, shown
from lrs.store import computed, definitions
from lrs.vocabulary import INTERVALS

MOST_WEEKS = 52
LOOK_BACK = timedelta(days=28)  # "active" in the month that ends now
MOST_TEAMS, MOST_COLUMNS = 40, 12
HIDDEN = "hidden"


@dataclass(frozen=True)
class Asked:
    """What a report is made for; ``individual``: whoever asks may see single people."""

    connection: Connection
    scope: Scope
    individual: bool


def _names(asked: Asked, iris: Sequence[str]) -> dict[str, str]:
    return definitions.names(asked.connection, asked.scope.tenant_id, iris)


def weak_domains(asked: Asked) -> Report:
    """D3: what many miss, in checks and at work."""
    rows = asked.connection.execute(groups.competencies(asked.scope)).all()
    if not asked.individual:
        rows = [row for row in rows if row.learners >= privacy.FEWEST]
    names = _names(asked, [row.competency for row in rows])
    told, drawn = [], []
    at_work = any(row.rated for row in rows)
    for where, k, n in (("in checks", "right", "asked"), ("at work", "reached", "rated")):
        for one in domains.weak_domains([(row.competency, int(getattr(row, k)), int(getattr(row, n))) for row in rows]):
            label = f"{names[one.key]}, {where}" if at_work else names[one.key]
            told.append(
                {
                    "competency": names[one.key],
                    "where": where,
                    "right": one.right,
                    "asked": one.asked,
                    "share": one.share,
                    "shrunken": one.shrunken,
                    "low": one.low,
                    "high": one.high,
                    "weak": "weak" if one.weak else "",
                    "id": one.key,
                }
            )
            drawn.append({"label": label, "value": one.shrunken, "low": one.low, "high": one.high})
    weak = [row for row in told if row["weak"]]
    sentences = " ".join(
        f"{row['competency']}, {row['where']}: {row['share']:.0%} of {row['asked']}{', weak' if row['weak'] else ''}." for row in told
    )
    return Report(
        "weak_domains",
        "What the training left open",
        f"Competencies that many miss, held against {domains.TARGET:.0%}: what is weak across people points at the content, not at them.",
        (
            Column("competency", "Competency"),
            Column("where", "Seen"),
            Column("share", "Share right", "share"),
            Column("asked", "Of", "count"),
            Column("shrunken", "Likely share", "share"),
            Column("low", "From", "share"),
            Column("high", "To", "share"),
            Column("weak", "Verdict"),
        ),
        told,
        notes=(
            "The likely share is drawn towards that of all competencies where little was asked (empirical Bayes); weak means that even its upper"
            f" bound lies under {domains.TARGET:.0%}, and of all called weak at most one in ten is so by chance (Benjamini and Hochberg).",
        ),
        svg=pictures.svg(
            pictures.forest(drawn, f"likely share; the line is {domains.TARGET:.0%}", "share", domains.TARGET),
            "picture-weak-domains",
            "What the training left open",
            sentences,
        )
        if drawn
        else "",
        what_to_do=f"Give {weak[0]['competency']} to the owner of the content first." if weak else "Nothing is weak beyond chance.",
    )


def heat_map(asked: Asked) -> Report:
    """Team by competency: the share right in checks; small cells hidden, and with them what would tell of them."""
    rows = asked.connection.execute(groups.competencies_by_team(asked.scope)).all()
    teams = sorted({row.team or "" for row in rows})[:MOST_TEAMS]
    keys = sorted({row.competency for row in rows})[:MOST_COLUMNS]
    names = _names(asked, keys)
    at = {(row.team or "", row.competency): row for row in rows}
    hidden = set() if asked.individual else _hidden_cells({place: int(row.learners) for place, row in at.items()}, teams, keys)
    table, cells = [], []
    for team in teams:
        line: dict[str, Any] = {"team": team or "without a team"}
        for key in keys:
            row = at.get((team, key))
            share = int(row.right) / int(row.asked) if row is not None and row.asked else None
            if (team, key) in hidden:
                line[key] = None
                text = "·"
            else:
                line[key], text = share, shown(share, "share")
            cells.append({"row": line["team"], "column": names[key], "value": 0 if line[key] is None else line[key], "text": text})
        table.append(line)
    words = " ".join(f"{cell['row']}, {cell['column']}: {cell['text']}." for cell in cells)
    return Report(
        "heat_map",
        "Teams and competencies",
        "The share of questions right in checks, by team and competency.",
        (Column("team", "Team"), *(Column(key, names[key], "share") for key in keys)),
        table,
        notes=("A dot stands where fewer than five people are, or where a smaller group could be told from it.",) if hidden else (),
        svg=pictures.svg(pictures.heat_map(cells), "picture-heat-map", "Teams and competencies", words) if cells else "",
        what_to_do="A pale column is the content's; a pale row is a team that needs time or coaching.",
    )


def _hidden_cells(people: Mapping[tuple[str, str], int], teams: Sequence[str], keys: Sequence[str]) -> set[tuple[str, str]]:
    """Cells that are too small, then those that would tell of them along their row and their column, until nothing more is told."""
    hidden = {place for place, n in people.items() if 0 < n < privacy.FEWEST}
    while True:
        before = len(hidden)
        for line in [[(team, key) for key in keys] for team in teams] + [[(team, key) for team in teams] for key in keys]:
            places = [place for place in line if people.get(place)]
            if any(place in hidden for place in places):
                sizes = [privacy.FEWEST - 1 if place in hidden else people[place] for place in places]
                hidden |= {place for place, reason in zip(places, privacy.shown_groups(sizes), strict=True) if reason}
        if len(hidden) == before:
            return hidden


_COMPARED = (("transfer_rate", ""), ("adoption_due", ""), ("retention_observed", None), ("sustainability", "all"), ("feedback_by_day_30", ""))


def split_values(asked: Asked, metric: Metric, dimension: str) -> dict[str, dict[str, Estimate]]:
    """Value of the dimension -> part -> estimate."""
    found: dict[str, dict[str, Estimate]] = {}
    for label, one in estimates_of(asked.connection, metric, replace(asked.scope, split=dimension)).items():
        part, value = split_part(label)
        found.setdefault(value, {})[part] = one
    return found


def _comparison(asked: Asked, dimension: str, key: str, title: str, word: str) -> Report:
    sizes = [(row.value or "", int(row.learners)) for row in asked.connection.execute(groups.sizes(asked.scope, dimension))]
    reasons = [None] * len(sizes) if asked.individual else privacy.shown_groups([n for _, n in sizes])
    columns = [Column("group", word), Column("people", "People", "count")]
    found = {}
    for metric_key, part in _COMPARED:
        metric = BY_KEY[metric_key]
        columns.append(Column(metric_key, metric.label, "share"))
        found[metric_key] = (split_values(asked, metric, dimension), part)
    rows, drawn = [], []
    for (value, people), reason in zip(sizes, reasons, strict=True):
        if reason:
            continue
        row: dict[str, Any] = {"group": value or f"without a {word.lower()}", "people": people}
        for metric_key, (by_value, part) in found.items():
            parts = by_value.get(value, {})
            # Of retention, the latest interval that anybody has reached.
            one = (
                parts.get(part, NOTHING)
                if part is not None
                else next((parts[k] for k, _ in reversed(BY_KEY[metric_key].parts) if k in parts), NOTHING)
            )
            row[metric_key] = one.value if asked.individual or one.learners >= privacy.FEWEST else None
            if metric_key == "transfer_rate" and row[metric_key] is not None:
                drawn.append({"label": row["group"], "value": one.value, "low": one.low, "high": one.high})
        rows.append(row)
    left_out = sum(1 for reason in reasons if reason)
    words = " ".join(f"{one['label']}: {one['value']:.0%}." for one in drawn)
    return Report(
        key,
        title,
        f"Each {word.lower()} beside the others. The picture shows transfer with its 95 % interval: where the bars overlap much, they may well be alike.",
        columns,
        rows,
        notes=(
            *((f"{left_out} of fewer than five people, or that would tell of them, are left out.",) if left_out else ()),
            "Retention is that of the latest interval that somebody has reached.",
        ),
        svg=pictures.svg(pictures.forest(drawn, "transfer", "share"), f"picture-{key}", title, words) if len(drawn) > 1 else "",
    )


def waves(asked: Asked) -> Report:
    """F3: waves side by side."""
    return _comparison(asked, "wave", "waves", "Waves", "Wave")


def teams(asked: Asked) -> Report:
    """Teams side by side."""
    return _comparison(asked, "team", "teams", "Teams", "Team")


def use(asked: Asked) -> Report:
    """G10: use of the product by team in the last 28 days."""
    since = asked.scope.as_of - LOOK_BACK
    scope = Scope(asked.scope.tenant_id, asked.scope.as_of, {k: v for k, v in asked.scope.by.items() if k == "programme"}, since)
    rows = asked.connection.execute(groups.presence_by_team(scope)).all()
    reasons = [None] * len(rows) if asked.individual else privacy.shown_groups([int(row.people) for row in rows])
    told = [
        {
            "team": row.team or "without a team",
            "people": int(row.people),
            "days": int(row.days) / int(row.people) / 4,
            "looks": int(row.looks),
        }
        for row, reason in zip(rows, reasons, strict=True)
        if not reason
    ]
    return Report(
        "use",
        "Use of Carryover",
        "Who came in the last 28 days, by team, and how often figures were looked at. A team that does not come needs help, not blame.",
        (
            Column("team", "Team"),
            Column("people", "People who came", "count"),
            Column("days", "Days a week, each", "number"),
            Column("looks", "Looks at figures", "count"),
        ),
        sorted(told, key=lambda row: row["days"]),
        what_to_do="Ask the team at the top what keeps it.",
    )


def first_use(asked: Asked) -> Report:
    """Time to the first verified use: the curve of those who have not got there yet, turned round."""
    rows = [row for row in asked.connection.execute(times.first_use(asked.scope)) if row.part == "verified"]
    people = sum(int(row.people) for row in rows)
    if people < (1 if asked.individual else privacy.FEWEST):
        rows = []
    steps = survival.kaplan_meier((float(row.days), bool(row.met), int(row.people)) for row in rows)
    told = [
        {"day": step.at, "share": 1 - step.share, "low": 1 - step.high, "high": 1 - step.low, "at_risk": step.at_risk, "events": step.events}
        for step in steps
    ]
    points = [
        {"x": 0.0, "value": 0.0, "low": 0.0, "high": 0.0},
        *({"x": r["day"], "value": r["share"], "low": r["low"], "high": r["high"]} for r in told),
    ]
    words = " ".join(f"By day {row['day']:.0f}: {row['share']:.0%}." for row in told[:: max(1, len(told) // 8)])
    return Report(
        "first_use",
        "When the first use comes",
        "The share of people with a verified use on the job, by days since certification. Who has not got there yet counts as long as seen.",
        (
            Column("day", "Day", "number"),
            Column("share", "Have used it", "share"),
            Column("low", "From", "share"),
            Column("high", "To", "share"),
            Column("events", "First uses", "count"),
            Column("at_risk", "Seen so long", "count"),
        ),
        told if asked.individual else [{**row, "events": None, "at_risk": None} for row in told],
        notes=("Kaplan and Meier 1958; the band is a 95 % interval for each day by itself.",),
        svg=pictures.svg(pictures.steps(points, "days since certification"), "picture-first-use", "When the first use comes", words) if told else "",
    )


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


def computed_report(asked: Asked, name: str) -> tuple[dict[str, Any], str, str] | None:
    """(body, watermark, when) of what the job made of the programme; None where it has not made it yet, or no programme is asked for."""
    programme = asked.scope.programme
    if programme is None:
        return None
    found = computed.find(asked.connection, asked.scope.tenant_id, programme, name)
    return (found[0], text_of(found[1]), text_of(found[2])) if found else None


WAITING = "It is being computed; look again in a minute."
_WHOLE = "This is of the whole programme: it is not narrowed with the rest of the page."


def of_the_whole(asked: Asked) -> tuple[str, ...]:
    """What to say of a report that a job makes for a programme, where a page is narrowed."""
    return () if asked.scope.is_whole_programme else (_WHOLE,)


def items(asked: Asked) -> Report:
    """D4: each question's difficulty, discrimination and answers."""
    found = computed_report(asked, "items")
    columns = (
        Column("name", "Question"),
        Column("answers", "Answers", "count"),
        Column("difficulty", "Share right", "share"),
        Column("discrimination", "Tells who knows", "number"),
        Column("upper_lower", "Best less weakest 27 %", "share"),
        Column("seconds", "Median seconds", "number"),
        Column("distractors", "What people answer"),
        Column("flags", "Look at"),
    )
    rows = []
    for one in found[0]["items"] if found else ():
        if not asked.individual and one["answers"] < privacy.FEWEST:
            continue
        answers = [r for r in one["responses"] if asked.individual or r["answers"] == 0 or r["answers"] >= privacy.FEWEST]
        told = [f"{r['words']}{' (right)' if r['right'] else ''}: {r['share']:.0%}{', hardly chosen' if r['useless'] else ''}" for r in answers]
        rows.append({**one, "distractors": "; ".join(told), "flags": "; ".join(one["flags"]), "id": one["item"], "responses": answers})
    rows.sort(
        key=lambda row: (not row["flags"] or row["flags"].startswith("fewer"), row["discrimination"] if row["discrimination"] is not None else 9.0)
    )
    return Report(
        "items",
        "Questions",
        "How hard each question is, whether it tells who knows from who does not, and what people answer instead. First answers in checks alone.",
        columns,
        rows,
        notes=(
            *of_the_whole(asked),
            "“Tells who knows” is the correlation with the share right on the same person's other questions (corrected point-biserial): under"
            " 0.15 it hardly tells; under 0 look whether the right answer is marked right.",
            "Judge a question from 30 answers on, act on it from 100 on. A distractor that fewer than one in twenty choose does no work.",
        ),
        what_to_do="Questions to look at stand first." if found else WAITING,
        watermark=found[1] if found else "",
        computed_at=found[2] if found else "",
    )


def forgetting(asked: Asked) -> Report:
    """The cohort's curve with its band, what was observed, and whether a memory model may speak."""
    found = computed_report(asked, "forgetting")
    observed, worst, best = (
        estimates_of(asked.connection, BY_KEY[key], asked.scope) for key in ("retention_observed", "retention_worst", "retention_best")
    )
    rows, points = [], []
    for interval in INTERVALS:
        one = observed.get(interval.key, NOTHING)
        if one.value is None or (not asked.individual and one.learners < privacy.FEWEST):
            continue
        bounds = {"worst": worst.get(interval.key, NOTHING).value, "best": best.get(interval.key, NOTHING).value}
        rows.append(
            {
                "after": interval.label,
                "share": one.value,
                "low": one.low,
                "high": one.high,
                "people": one.learners,
                **bounds,
            }
        )
        points.append({"x": float(interval.due_days), "value": one.value, "low": one.low or 0.0, "high": one.high or 0.0})
    body: dict[str, Any] = found[0] if found else {"curve": None, "comparison": None, "people": 0}
    fitted = body["curve"] if asked.individual or body["people"] >= privacy.FEWEST else None
    line = (
        [
            {"x": x, "value": v, "low": lo, "high": hi}
            for x, v, lo, hi in zip(fitted["days"], fitted["share"], fitted["low"], fitted["high"], strict=True)
        ]
        if fitted
        else []
    )
    notes = ["The line, and what is said of models, is of the whole programme; the points are narrowed."] if of_the_whole(asked) else []
    if fitted:
        half, area = fitted["half_life"], fitted.get("area")
        if area:
            notes.append(f"On average over the time seen, {area[0]:.0%} was there ({area[1]:.0%} to {area[2]:.0%}): the area under the curve.")
        notes.append(
            f"Half of what was there at first is left after {half:.0f} days." if half else "The half-life lies beyond what was seen, so none is told."
        )
    compared = body["comparison"]
    if compared:
        scores = ", ".join(
            f"{words} {compared[name]['log_loss']:.3f}"
            for name, words in (("model", "memory model"), ("constant", "constant"), ("power", "power law"))
        )
        notes.append(
            f"Log loss on {compared['answers']} answers of {compared['people']} people: {scores}. "
            + (
                "The memory model is better than both here."
                if compared["shown"]
                else "The memory model is not better than both here, so what it predicts is not shown."
            )
        )
        notes.append(
            f"Memory model: RMSE over bins {compared['model']['rmse_bins']:.3f}"
            + (f", AUC {compared['model']['auc']:.2f}." if compared["model"]["auc"] is not None else ".")
        )
    words = " ".join(f"After {row['after']}: {row['share']:.0%} ({row['low']:.0%} to {row['high']:.0%})." for row in rows)
    return Report(
        "forgetting",
        "How what was learnt fades",
        "Points: what people knew at each interval, with 95 % intervals. Line: the curve fitted to all of them, with its band by bootstrap over people.",
        (
            Column("after", "After"),
            Column("share", "Right", "share"),
            Column("low", "From", "share"),
            Column("high", "To", "share"),
            Column("people", "People", "count"),
            Column("worst", "If nobody else knows it", "share"),
            Column("best", "If everybody else knows it", "share"),
        ),
        rows,
        notes=notes or ["A curve needs answers of twenty people over three intervals."],
        svg=pictures.svg(pictures.curve(line, points, "days since certification"), "picture-forgetting", "How what was learnt fades", words)
        if points
        else "",
        watermark=found[1] if found else "",
        computed_at=found[2] if found else "",
        extra={
            "curve": {k: v for k, v in fitted.items() if k in ("start", "stability", "half_life", "area")} if fitted else None,
            "comparison": compared,
        },
    )


def raters(asked: Asked) -> Report:
    """Do raters mean the same by a level."""
    found = computed_report(asked, "raters")
    rows = []
    notes = [
        *of_the_whole(asked),
        "Alpha of 0.80 and more: rely on it; 0.667 to 0.80: draw tentative conclusions; below: calibrate again (Krippendorff 2004).",
    ]
    for where, words in (("cases", "described cases"), ("work", "people's work")):
        body = found[0][where] if found else None
        if body is None or not body["units"] or (not asked.individual and body["raters"] < privacy.FEWEST_RATERS):
            continue
        for one in [{**body, "criterion": "all criteria"}, *body["criteria"]]:
            verdict = (
                "" if one["alpha"] is None else "rely on it" if one["alpha"] >= 0.8 else "tentative" if one["alpha"] >= 0.667 else "calibrate again"
            )
            rows.append(
                {
                    "where": words,
                    "criterion": one["criterion"],
                    "alpha": one["alpha"],
                    "low": one["low"],
                    "high": one["high"],
                    "units": one["units"],
                    "raters": one["raters"],
                    "verdict": verdict,
                }
            )
        severe = [one for one in body["severity"] if abs(one["apart"]) > 0.5 and one["units"] >= 3]
        if severe:
            notes.append(f"On {words}, {len(severe)} of {len(body['severity'])} raters lie more than half a level from the others.")
    return Report(
        "raters",
        "Do raters mean the same",
        "Krippendorff's alpha for ordered levels: 1 is full agreement, 0 what chance would give.",
        (
            Column("where", "On"),
            Column("criterion", "Criterion"),
            Column("alpha", "Alpha", "number"),
            Column("low", "From", "number"),
            Column("high", "To", "number"),
            Column("units", "Seen by two or more", "count"),
            Column("raters", "Raters", "count"),
            Column("verdict", "Verdict"),
        ),
        rows,
        notes=notes,
        what_to_do="" if found else WAITING,
        watermark=found[1] if found else "",
        computed_at=found[2] if found else "",
    )


Making = Callable[[Asked], Report]
