"""The facts of one episode: first the anchor (the certification), then everything measured from
it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analytics.facts import assessments, external
from analytics.facts.external import ExternalStatement
from analytics.facts.statement_view import (
    COUNTED_VERBS,
    FINISHED_BY,
    FINISHING_VERBS,
    OTHER_KIND,
    StatementView,
)
from core import clock
from lrs.vocabulary import ANSWER_KINDS, BASELINE, INTERVALS, MAX_EVIDENCE_GRADE, find_interval

VERIFIED_GRADE = 2
MAX_SECONDS = 2**31 - 1  # 68 years, the largest value of the fact's column
MAX_RESPONSE_CHARS = 500
# Interactions whose responses are keys of given options. Free text stays in the statement.
_CLOSED_INTERACTIONS = frozenset(("choice", "true-false", "matching", "sequencing", "likert"))
_AUDIENCE_COLUMNS = ("wave", "team", "site", "role", "experience")
_SMALLINT_MAX = 2**15 - 1  # the largest smallint

Rows = dict[str, list[dict[str, Any]]]
FACT_TABLES = (
    "episodes",
    "recalls",
    "checks",
    "competencies",
    "uses",
    "activities",
    "ratings",
    "borrowed",
)


@dataclass
class Facts:
    """Rows for each fact table (a name of FACT_TABLES), and the statements that could not be
    counted, as (ord, reason)."""

    rows: Rows = field(default_factory=lambda: {name: [] for name in FACT_TABLES})
    uncountable: list[tuple[int, str]] = field(default_factory=list)

    def __getattr__(self, name: str) -> list[dict[str, Any]]:
        if name in FACT_TABLES:
            return self.rows[name]
        raise AttributeError(name)

    def refuse(self, s: StatementView, reason: str) -> None:
        """Record that ``s`` is not counted, and why."""
        self.uncountable.append((s.ord, reason))


def derive_facts(
    registration: uuid.UUID,
    statements: Sequence[StatementView],
    same: Mapping[int, int] | None = None,
    mappings: external.ActivityMappings = external.NO_MAPPINGS,
    without: Mapping[int, str] | None = None,
) -> Facts:
    """Derive all facts of one episode from all its statements that are not voided, in any
    order, and from the statements of other systems that count for it.

    ``same``: agent keys mapped to the agent they were merged into. ``mappings``: what the
    activities of other systems count as. ``without``: statements (ord) of other systems that
    cannot be counted, each with its reason: they are set aside, and the episode is still
    counted.
    """
    facts = Facts()
    same = same or {}
    ours = sorted(
        (s for s in statements if s.verb in COUNTED_VERBS), key=lambda s: (s.timestamp, s.ord)
    )
    certified = next((s for s in ours if s.verb == "certified"), None)
    if certified is None:
        facts.uncountable = [
            (s.ord, "no certification with this registration is on record") for s in ours
        ]
        return facts
    learner, programme = (
        _resolve_merge(certified.learner, same),
        certified.grouped("programme") or certified.object_id,
    )
    if learner is None or programme is None:
        facts.uncountable = [
            (s.ord, "the certification names no learner or no activity") for s in ours
        ]
        return facts
    common = {"registration": registration, "learner": learner, "programme": programme}
    related: list[StatementView] = []
    for s in ours:
        if _resolve_merge(s.learner, same) == learner:
            related.append(s)
        else:
            facts.refuse(
                s, "the actor is not the learner who was certified under this registration"
            )
    borrowed = [
        s
        for s in mappings.borrowed_for(learner, programme, certified.timestamp)
        if _resolve_merge(s.learner, same) == learner
    ]
    facts.borrowed.extend({"registration": registration, "ord": s.ord} for s in borrowed)
    if without:
        facts.uncountable += [(s.ord, without[s.ord]) for s in borrowed if s.ord in without]
        borrowed = [s for s in borrowed if s.ord not in without]
    related = sorted(
        [*(mappings.interpret(s, programme) for s in related), *borrowed],
        key=lambda s: (s.timestamp, s.ord),
    )
    _add_recalls(related, certified, common, facts)
    _add_uses(related, certified, common, facts)
    _add_activities(related, certified, common, facts)
    seen = assessments.read_assessments(
        related, registration, programme, learner, same, facts.refuse
    )
    facts.ratings.extend(row for item in seen for row in item.rows)
    _add_competencies(common, facts, seen)
    episode = (
        common
        | {"anchor": certified.timestamp, "exam": certified.share}
        | _training_columns(certified)
        | _read_audience(related, certified)
    )
    facts.episodes.append(
        episode
        | _transfer_columns(related, certified, facts)
        | assessments.outcome_columns(
            related, certified, seen, _first_use_seconds(facts, VERIFIED_GRADE)
        )
    )
    return facts


def _resolve_merge(key: int | None, same: Mapping[int, int]) -> int | None:
    return None if key is None else same.get(key, key)


def _training_columns(certified: StatementView) -> dict[str, Any]:
    """The score of the test before the training, as a share from 0 to 1, and the length of the
    training, from the certification's duration."""
    before, took = certified.extension("pre_test"), certified.training_seconds
    share = isinstance(before, int | float) and not isinstance(before, bool) and 0 <= before <= 1
    return {
        "pre_test": float(before) if share else None,
        "training_seconds": min(took, MAX_SECONDS) if took else None,
    }


def _read_audience(statements: list[StatementView], certified: StatementView) -> dict[str, Any]:
    """Wave, team, site, role and experience from the latest ``registered`` (or the
    certification); the programme's version from the certification."""
    audience: dict[str, Any] = dict.fromkeys(_AUDIENCE_COLUMNS)
    registered_at = left_at = None
    for s in statements:
        if s.verb in ("registered", "certified"):
            audience |= {
                name: s.text_extension(name) or audience[name] for name in _AUDIENCE_COLUMNS
            }
        if s.verb == "registered":
            registered_at, left_at = registered_at or s.timestamp, None
        elif s.verb == "unregistered":
            left_at = left_at or s.timestamp
    return audience | {
        "programme_version": certified.text_extension("programme_version"),
        "registered_at": registered_at,
        "left_at": left_at,
    }


def _seconds_since(anchor: StatementView, s: StatementView) -> int:
    return max(
        -MAX_SECONDS, min(MAX_SECONDS, int((s.timestamp - anchor.timestamp).total_seconds()))
    )


def _add_recalls(
    statements: list[StatementView], certified: StatementView, common: dict[str, Any], facts: Facts
) -> None:
    """First answers to each item in each window, from checks and from the baseline. Practice
    and remediation are not measurements."""
    met: set[tuple[str, str]] = set()
    for s in statements:
        if s.verb != "answered":
            continue
        kind, success = s.extension("kind"), s.result.get("success")
        if kind not in ANSWER_KINDS:
            facts.refuse(s, f"the extension kind is none of {', '.join(ANSWER_KINDS)}")
            continue
        if kind not in ("check", BASELINE):
            continue
        item = s.object_id
        if item is None or not isinstance(success, bool):
            facts.refuse(s, "the answer names no item, or does not say whether it was right")
            continue
        seconds = _seconds_since(certified, s)
        result = find_interval(seconds)
        if kind == "check" and result is None:
            facts.refuse(s, "the answer lies in no interval's window")
            continue
        interval = BASELINE if kind == BASELINE or result is None else result.key
        if (interval, item) in met:
            continue  # only the first answer is a measurement
        met.add((interval, item))
        response = s.result.get("response") if s.interaction in _CLOSED_INTERACTIONS else None
        facts.recalls.append(
            common
            | {
                "interval": interval,
                "item": item,
                "ord": s.ord,
                "competency": s.grouped("competency"),
                "seconds_since_anchor": seconds,
                "success": success,
                "rapid": s.extension("rapid_guess") is True,
                "took_seconds": s.seconds,
                "response": response.replace("\0", "")[:MAX_RESPONSE_CHARS]
                if isinstance(response, str)
                else None,
            }
        )


def _add_uses(
    statements: list[StatementView], certified: StatementView, common: dict[str, Any], facts: Facts
) -> None:
    """Uses on the job after the certification."""
    for s in statements:
        if not (s.is_use if isinstance(s, ExternalStatement) else s.verb == "applied"):
            continue
        seconds, grade = (
            int((s.timestamp - certified.timestamp).total_seconds()),
            s.extension("evidence_grade"),
        )
        if not 0 < seconds <= MAX_SECONDS or s.object_id is None:
            facts.refuse(
                s, "the use lies before the certification or decades after it, or names no task"
            )
            continue
        if grade is None:
            grade = 1  # without a grade, it is self-reported
        if (
            not isinstance(grade, int)
            or isinstance(grade, bool)
            or not 1 <= grade <= MAX_EVIDENCE_GRADE
        ):
            facts.refuse(s, f"the evidence grade is no whole number from 1 to {MAX_EVIDENCE_GRADE}")
            continue
        facts.uses.append(
            common
            | {
                "ord": s.ord,
                "task": s.object_id,
                "evidence_grade": grade,
                "seconds_since_anchor": seconds,
            }
        )


def _first_use_seconds(facts: Facts, grade: int) -> int | None:
    return min(
        (use["seconds_since_anchor"] for use in facts.uses if use["evidence_grade"] >= grade),
        default=None,
    )


def _transfer_columns(
    statements: list[StatementView], certified: StatementView, facts: Facts
) -> dict[str, Any]:
    """The plan, "no opportunity", the first use at each grade, and the number of tasks."""

    def first_seconds_of(verb: str) -> int | None:
        return next((_seconds_since(certified, s) for s in statements if s.verb == verb), None)

    def count_tasks(grade: int) -> int:
        return min(
            len({use["task"] for use in facts.uses if use["evidence_grade"] >= grade}),
            _SMALLINT_MAX,
        )

    return {
        "planned_seconds": first_seconds_of("committed"),
        "no_opportunity_seconds": first_seconds_of("had-no-opportunity"),
        **{
            f"used_{grade}_seconds": _first_use_seconds(facts, grade)
            for grade in range(1, MAX_EVIDENCE_GRADE + 1)
        },
        "tasks_used": count_tasks(1),
        "tasks_verified": count_tasks(VERIFIED_GRADE),
    }


def _add_activities(
    statements: list[StatementView], certified: StatementView, common: dict[str, Any], facts: Facts
) -> None:
    """What was scheduled, when it was due, and when it was first finished. What fell due during
    a pause or after the person left counts as never due."""
    due: dict[str, tuple[str, datetime, str | None]] = {}
    started: dict[str, datetime] = {}
    other_systems: list[ExternalStatement] = []
    done: dict[str, dict[str, datetime]] = defaultdict(dict)
    for s in statements:
        if isinstance(s, ExternalStatement):
            other_systems.append(s)
            continue
        if s.object_id is None:
            continue
        if s.verb == "scheduled":
            try:
                due[s.object_id] = (
                    s.kind,
                    clock.parse_instant(str(s.extension("due_date"))),
                    s.text_extension("interval"),
                )
            except (ValueError, OverflowError):
                facts.refuse(s, "the extension due_date is no time with an offset")
        elif s.verb == "attempted":
            started.setdefault(s.object_id, s.timestamp)
        elif s.verb in FINISHING_VERBS and not (
            s.verb in ("responded", "reviewed", "assessed") and not _counts_as_done(s)
        ):
            done[s.object_id].setdefault(s.verb, s.timestamp)
    for s in other_systems:
        _apply_external(s, certified, due, started, done)
    pauses = _find_pauses(statements, facts)
    checks: dict[str, dict[str, Any]] = {}
    for activity, (kind, due_at, interval) in due.items():
        by = FINISHED_BY.get(kind, FINISHING_VERBS)
        finished = min((at for verb, at in done[activity].items() if verb in by), default=None)
        if any(start <= due_at and (end is None or due_at < end) for start, end in pauses):
            continue
        kind = "check" if kind == OTHER_KIND and interval in _INTERVAL_KEYS else kind
        began = started.get(activity)
        facts.activities.append(
            common
            | {
                "activity": activity,
                "kind": kind,
                "due_at": due_at,
                "started_at": began,
                "done_at": finished,
            }
        )
        if kind == "check" and interval in _INTERVAL_KEYS:
            checks[str(interval)] = {"due_at": due_at, "done_at": finished}
    _add_checks(common, facts, checks)


_INTERVAL_KEYS = frozenset(interval.key for interval in INTERVALS)


def _apply_external(
    s: ExternalStatement,
    certified: StatementView,
    due: Mapping[str, tuple[str, datetime, str | None]],
    started: dict[str, datetime],
    done: dict[str, dict[str, datetime]],
) -> None:
    """Let a statement of another system start or finish a due activity of its kind: for checks
    the one of its interval, for other kinds the earliest due one that is not finished yet."""
    kind, result = s.mapped.counts_as, find_interval(_seconds_since(certified, s))
    fit = [
        (due_at, activity)
        for activity, (of, due_at, interval) in due.items()
        if not done[activity]
        and (
            of == kind
            if kind != "check"
            else of in (kind, OTHER_KIND) and result is not None and interval == result.key
        )
    ]
    if not fit or kind not in FINISHED_BY:
        return
    _, activity = min(fit)
    if s.verb in FINISHED_BY[kind] or s.verb == "completed":
        done[activity][min(FINISHED_BY[kind])] = s.timestamp
    else:
        started.setdefault(activity, s.timestamp)


def _counts_as_done(s: StatementView) -> bool:
    """A follow-up is for the learner to answer; a review and an assessment are for somebody
    else. Without a relation, the statement is accepted as it is."""
    relation = s.extension("relation")
    if relation is None:
        return True
    return (relation == "learner") == (s.verb == "responded") or s.verb == "assessed"


def _add_checks(common: dict[str, Any], facts: Facts, due: dict[str, dict[str, Any]]) -> None:
    """Add a row for each interval that was scheduled or answered."""
    rows: dict[str, dict[str, Any]] = {}
    for key in [interval.key for interval in INTERVALS] + [BASELINE]:
        answers = [row for row in facts.recalls if row["interval"] == key]
        if answers or key in due:
            rows[key] = {
                "due_at": None,
                "done_at": None,
                **due.get(key, {}),
                "asked": min(len(answers), _SMALLINT_MAX),
                "right": min(sum(row["success"] for row in answers), _SMALLINT_MAX),
                "rapid": min(sum(row["rapid"] for row in answers), _SMALLINT_MAX),
            }
    facts.checks.extend(common | {"interval": key} | row for key, row in rows.items())


def _add_competencies(
    common: dict[str, Any], facts: Facts, seen: Iterable[assessments.Assessment]
) -> None:
    """Count answers in checks and ratings by others, by competency."""
    result: dict[str, dict[str, int]] = defaultdict(
        lambda: {"asked": 0, "right": 0, "rated": 0, "reached": 0}
    )
    for row in facts.recalls:
        if row["competency"] and row["interval"] != BASELINE:
            result[row["competency"]]["asked"] += 1
            result[row["competency"]]["right"] += row["success"]
    for item in seen:
        for row in item.rows if item.qualified else ():
            if row["competency"] and row["reached"] is not None:
                result[row["competency"]]["rated"] += 1
                result[row["competency"]]["reached"] += row["reached"]
    facts.competencies.extend(
        common | {"competency": key} | counts for key, counts in result.items()
    )


def _find_pauses(
    statements: list[StatementView], facts: Facts
) -> list[tuple[datetime, datetime | None]]:
    """The periods [from, to) in which nothing was due (None: the end is not known): on hold, or
    between leaving and re-registering."""
    holds: list[tuple[datetime, datetime | None]] = []
    away: list[tuple[datetime, datetime | None]] = []
    for s in statements:
        if s.verb == "suspended":
            until = s.text_extension("until")
            try:
                holds.append((s.timestamp, clock.parse_instant(until) if until else None))
            except (ValueError, OverflowError):
                facts.refuse(s, "the extension until is no time with an offset")
        elif s.verb == "resumed" and holds:
            start, end = holds[-1]
            holds[-1] = (start, min(end, s.timestamp) if end else s.timestamp)
        elif s.verb == "unregistered":
            away.append((s.timestamp, None))
        elif s.verb == "registered":
            away = [(start, end or s.timestamp) for start, end in away]
    return holds + away
