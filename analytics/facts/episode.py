"""The facts of one episode: first the anchor (the certification), then everything measured from
it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from analytics.facts import assessments, external
from analytics.facts.external import ExternalStatement
from analytics.facts.statement_view import (
    COUNTED_VERBS,
    FINISHED_BY,
    FINISHING_VERBS,
    StatementView,
)
from analytics.store.fact_rows import (
    ActivityFact,
    BorrowedFact,
    CheckFact,
    CompetencyFact,
    EpisodeFact,
    FactRows,
    RecallFact,
    UncountableFact,
    UseFact,
)
from core import clock
from lrs.vocabulary import (
    BASELINE,
    INTERVALS,
    MAX_EVIDENCE_GRADE,
    ActivityKind,
    AnswerKind,
    ExtensionName,
    Relation,
    VerbName,
    find_interval,
)

VERIFIED_GRADE = 2
MAX_SECONDS = 2**31 - 1  # 68 years, the largest value of the fact's column
MAX_RESPONSE_CHARS = 500
# Interactions whose responses are keys of given options. Free text stays in the statement.
_CLOSED_INTERACTIONS = frozenset(("choice", "true-false", "matching", "sequencing", "likert"))
_AUDIENCE = (
    ExtensionName.WAVE,
    ExtensionName.TEAM,
    ExtensionName.SITE,
    ExtensionName.ROLE,
    ExtensionName.EXPERIENCE,
)
_SMALLINT_MAX = 2**15 - 1  # the largest smallint
_JOINING_VERBS = frozenset((VerbName.REGISTERED, VerbName.CERTIFIED))
# A tuple, not a set: the value of an extension may be unhashable.
_ANSWER_KINDS = tuple(AnswerKind)
# Finished by somebody in particular, whom the extension ``relation`` names.
_RELATED_VERBS = frozenset((VerbName.RESPONDED, VerbName.REVIEWED, VerbName.ASSESSED))


@dataclass(frozen=True, slots=True)
class _Episode:
    """Whose facts are derived, from which certification on, and the rows so far."""

    registration: uuid.UUID
    learner: int
    programme: str
    certified: StatementView
    rows: FactRows

    def refuse(self, s: StatementView, reason: str) -> None:
        """Record that ``s`` is not counted, and why."""
        self.rows.uncountable.append(UncountableFact(s.ord, self.registration, reason))

    def seconds_until(self, s: StatementView) -> int:
        """Seconds from the certification to ``s``, within what a fact can hold."""
        seconds = int((s.timestamp - self.certified.timestamp).total_seconds())
        return max(-MAX_SECONDS, min(MAX_SECONDS, seconds))


def derive_facts(
    registration: uuid.UUID,
    statements: Sequence[StatementView],
    same: Mapping[int, int] | None = None,
    mappings: external.ActivityMappings = external.NO_MAPPINGS,
    without: Mapping[int, str] | None = None,
) -> FactRows:
    """Derive all facts of one episode from all its statements that are not voided, in any
    order, and from the statements of other systems that count for it.

    ``same``: agent keys mapped to the agent they were merged into. ``mappings``: what the
    activities of other systems count as. ``without``: statements (ord) of other systems that
    cannot be counted, each with its reason: they are set aside, and the episode is still
    counted.
    """
    same = same or {}
    ours = sorted(
        (s for s in statements if s.verb in COUNTED_VERBS), key=lambda s: (s.timestamp, s.ord)
    )
    if all(s.verb != VerbName.CERTIFIED for s in ours):
        return FactRows()  # no figure wants them (analytics.store.unwanted tells how many)
    episode = _find_episode(registration, ours, same)
    if isinstance(episode, str):
        return FactRows(uncountable=[UncountableFact(s.ord, registration, episode) for s in ours])
    related = _related_statements(episode, ours, same, mappings, without or {})
    by_verb: dict[VerbName | None, list[StatementView]] = defaultdict(list)
    for s in related:
        by_verb[s.verb].append(s)
    _add_recalls(by_verb[VerbName.ANSWERED], episode)
    _add_uses(related, episode)
    _add_activities(related, episode)
    seen = assessments.read_assessments(
        by_verb[VerbName.ASSESSED],
        registration,
        episode.programme,
        episode.learner,
        same,
        episode.refuse,
    )
    episode.rows.ratings.extend(row for item in seen for row in item.rows)
    _add_competencies(episode, seen)
    episode.rows.episodes.append(_episode_fact(episode, related, by_verb, seen))
    return episode.rows


def _find_episode(
    registration: uuid.UUID, ours: Sequence[StatementView], same: Mapping[int, int]
) -> _Episode | str:
    """The episode that its first certification begins, or why nothing can be counted."""
    certified = next(s for s in ours if s.verb == VerbName.CERTIFIED)
    learner = _resolve_merge(certified.learner, same)
    programme = certified.grouped(ActivityKind.PROGRAMME) or certified.object_id
    if learner is None or programme is None:
        return "the certification names no learner or no activity"
    return _Episode(registration, learner, programme, certified, FactRows())


def _related_statements(
    episode: _Episode,
    ours: Sequence[StatementView],
    same: Mapping[int, int],
    mappings: external.ActivityMappings,
    without: Mapping[int, str],
) -> list[StatementView]:
    """The statements that count for the episode, in chronological order: the learner's own, read
    as what their activities count as, and those of other systems."""
    related: list[StatementView] = []
    for s in ours:
        if _resolve_merge(s.learner, same) == episode.learner:
            related.append(mappings.interpret(s, episode.programme))
        else:
            episode.refuse(
                s, "the actor is not the learner who was certified under this registration"
            )
    for s in mappings.borrowed_for(episode.learner, episode.programme, episode.certified.timestamp):
        if _resolve_merge(s.learner, same) == episode.learner:
            episode.rows.borrowed.append(BorrowedFact(episode.registration, s.ord))
            if s.ord in without:
                episode.refuse(s, without[s.ord])
            else:
                related.append(s)
    return sorted(related, key=lambda s: (s.timestamp, s.ord))


def _resolve_merge(key: int | None, same: Mapping[int, int]) -> int | None:
    return None if key is None else same.get(key, key)


def _episode_fact(
    episode: _Episode,
    related: Sequence[StatementView],
    by_verb: Mapping[VerbName | None, Sequence[StatementView]],
    seen: Sequence[assessments.Assessment],
) -> EpisodeFact:
    """The anchor and the audience; the plan, "no opportunity", the first use at each grade, and
    the number of tasks; competence and sustained behaviour."""
    certified, audience = episode.certified, _read_audience(related)
    first_use = {
        grade: min(
            (use.seconds_since_anchor for use in episode.rows.uses if use.evidence_grade >= grade),
            default=None,
        )
        for grade in range(1, MAX_EVIDENCE_GRADE + 1)
    }

    def first_seconds_of(verb: VerbName) -> int | None:
        return next((episode.seconds_until(s) for s in by_verb.get(verb, ())), None)

    def count_tasks(grade: int) -> int:
        tasks = {use.task for use in episode.rows.uses if use.evidence_grade >= grade}
        return min(len(tasks), _SMALLINT_MAX)

    outcome = assessments.derive_outcome(
        by_verb.get(VerbName.RESPONDED, ()), certified, seen, first_use[VERIFIED_GRADE]
    )
    return EpisodeFact(
        registration=episode.registration,
        learner=episode.learner,
        programme=episode.programme,
        programme_version=certified.text_extension(ExtensionName.PROGRAMME_VERSION),
        anchor=certified.timestamp,
        wave=audience.values[ExtensionName.WAVE],
        team=audience.values[ExtensionName.TEAM],
        site=audience.values[ExtensionName.SITE],
        role=audience.values[ExtensionName.ROLE],
        experience=audience.values[ExtensionName.EXPERIENCE],
        registered_at=audience.registered_at,
        left_at=audience.left_at,
        exam=certified.share,
        pre_test=_read_pre_test(certified),
        training_seconds=min(certified.training_seconds or 0, MAX_SECONDS) or None,
        planned_seconds=first_seconds_of(VerbName.COMMITTED),
        no_opportunity_seconds=first_seconds_of(VerbName.HAD_NO_OPPORTUNITY),
        used_1_seconds=first_use[1],
        used_2_seconds=first_use[2],
        used_3_seconds=first_use[3],
        used_4_seconds=first_use[4],
        tasks_used=count_tasks(1),
        tasks_verified=count_tasks(VERIFIED_GRADE),
        competent_seconds=outcome.competent_seconds,
        sustained=outcome.sustained,
    )


def _read_pre_test(certified: StatementView) -> float | None:
    """The score of the test before the training, as a share from 0 to 1."""
    before = certified.extension(ExtensionName.PRE_TEST)
    share = isinstance(before, int | float) and not isinstance(before, bool) and 0 <= before <= 1
    return float(before) if share else None


class _Audience(NamedTuple):
    values: Mapping[ExtensionName, str | None]
    registered_at: datetime | None
    left_at: datetime | None


def _read_audience(statements: Iterable[StatementView]) -> _Audience:
    """Wave, team, site, role and experience from the latest ``registered`` (or the
    certification), and when the learner entered the audience and left it."""
    values: dict[ExtensionName, str | None] = dict.fromkeys(_AUDIENCE)
    registered_at = left_at = None
    registered, unregistered = VerbName.REGISTERED, VerbName.UNREGISTERED
    for s in statements:
        if s.verb in _JOINING_VERBS:
            values |= {name: s.text_extension(name) or values[name] for name in _AUDIENCE}
        if s.verb == registered:
            registered_at, left_at = registered_at or s.timestamp, None
        elif s.verb == unregistered:
            left_at = left_at or s.timestamp
    return _Audience(values, registered_at, left_at)


def _add_recalls(answers: Iterable[StatementView], episode: _Episode) -> None:
    """First answers to each item in each window, from checks and from the baseline. Practice
    and remediation are not measurements."""
    met: set[tuple[str, str]] = set()
    check, baseline = AnswerKind.CHECK, AnswerKind.BASELINE
    for s in answers:
        kind, success = s.extension(ExtensionName.KIND), s.result.get("success")
        if kind not in _ANSWER_KINDS:
            episode.refuse(s, f"the extension kind is none of {', '.join(AnswerKind)}")
            continue
        if kind not in (check, baseline):
            continue
        item = s.object_id
        if item is None or not isinstance(success, bool):
            episode.refuse(s, "the answer names no item, or does not say whether it was right")
            continue
        seconds = episode.seconds_until(s)
        result = find_interval(seconds)
        if kind == check and result is None:
            episode.refuse(s, "the answer lies in no interval's window")
            continue
        interval = BASELINE if kind == baseline or result is None else result.key
        if (interval, item) in met:
            continue  # only the first answer is a measurement
        met.add((interval, item))
        response = s.result.get("response") if s.interaction in _CLOSED_INTERACTIONS else None
        episode.rows.recalls.append(
            RecallFact(
                registration=episode.registration,
                interval=interval,
                item=item,
                ord=s.ord,
                learner=episode.learner,
                programme=episode.programme,
                competency=s.grouped(ActivityKind.COMPETENCY),
                seconds_since_anchor=seconds,
                success=success,
                rapid=s.extension(ExtensionName.RAPID_GUESS) is True,
                took_seconds=s.seconds,
                response=response.replace("\0", "")[:MAX_RESPONSE_CHARS]
                if isinstance(response, str)
                else None,
            )
        )


def _add_uses(statements: Iterable[StatementView], episode: _Episode) -> None:
    """Uses on the job after the certification."""
    applied = VerbName.APPLIED
    for s in statements:
        if not (s.is_use if isinstance(s, ExternalStatement) else s.verb == applied):
            continue
        seconds = int((s.timestamp - episode.certified.timestamp).total_seconds())
        grade = s.extension(ExtensionName.EVIDENCE_GRADE)
        if not 0 < seconds <= MAX_SECONDS or s.object_id is None:
            episode.refuse(
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
            episode.refuse(
                s, f"the evidence grade is no whole number from 1 to {MAX_EVIDENCE_GRADE}"
            )
            continue
        episode.rows.uses.append(
            UseFact(
                registration=episode.registration,
                ord=s.ord,
                learner=episode.learner,
                programme=episode.programme,
                task=s.object_id,
                evidence_grade=grade,
                seconds_since_anchor=seconds,
            )
        )


class _Due(NamedTuple):
    """A scheduled activity."""

    kind: ActivityKind
    at: datetime
    interval: str | None


_INTERVAL_KEYS = frozenset(interval.key for interval in INTERVALS)


def _add_activities(statements: Sequence[StatementView], episode: _Episode) -> None:
    """What was scheduled, when it was due, and when it was first finished. What fell due during
    a pause or after the person left counts as never due."""
    due: dict[str, _Due] = {}
    started: dict[str, datetime] = {}
    done: dict[str, dict[VerbName, datetime]] = defaultdict(dict)
    _read_activities(statements, episode, due, started, done)
    for s in statements:
        if isinstance(s, ExternalStatement):
            _apply_external(s, episode, due, started, done)
    pauses = _find_pauses(statements, episode)
    checks: dict[str, ActivityFact] = {}
    for activity, (kind, due_at, interval) in due.items():
        by = FINISHED_BY.get(kind, FINISHING_VERBS)
        finished = min((at for verb, at in done[activity].items() if verb in by), default=None)
        if any(start <= due_at and (end is None or due_at < end) for start, end in pauses):
            continue
        if kind is ActivityKind.OTHER and interval in _INTERVAL_KEYS:
            kind = ActivityKind.CHECK
        row = ActivityFact(
            registration=episode.registration,
            activity=activity,
            kind=kind,
            learner=episode.learner,
            programme=episode.programme,
            due_at=due_at,
            started_at=started.get(activity),
            done_at=finished,
        )
        episode.rows.activities.append(row)
        if kind is ActivityKind.CHECK and interval in _INTERVAL_KEYS:
            checks[str(interval)] = row
    _add_checks(episode, checks)


def _read_activities(
    statements: Iterable[StatementView],
    episode: _Episode,
    due: dict[str, _Due],
    started: dict[str, datetime],
    done: dict[str, dict[VerbName, datetime]],
) -> None:
    """Read what was scheduled, started and finished, by the activity's id and the verb, from all
    statements but those of other systems."""
    scheduled, attempted = VerbName.SCHEDULED, VerbName.ATTEMPTED
    for s in statements:
        if isinstance(s, ExternalStatement) or s.verb is None or s.object_id is None:
            continue
        if s.verb == scheduled:
            try:
                due[s.object_id] = _Due(
                    s.kind,
                    clock.parse_instant(str(s.extension(ExtensionName.DUE_DATE))),
                    s.text_extension(ExtensionName.INTERVAL),
                )
            except (ValueError, OverflowError):
                episode.refuse(s, "the extension due_date is no time with an offset")
        elif s.verb == attempted:
            started.setdefault(s.object_id, s.timestamp)
        elif s.verb in FINISHING_VERBS and (s.verb not in _RELATED_VERBS or _counts_as_done(s)):
            done[s.object_id].setdefault(s.verb, s.timestamp)


def _apply_external(
    s: ExternalStatement,
    episode: _Episode,
    due: Mapping[str, _Due],
    started: dict[str, datetime],
    done: dict[str, dict[VerbName, datetime]],
) -> None:
    """Let a statement of another system start or finish a due activity of its kind: for checks
    the one of its interval, for other kinds the earliest due one that is not finished yet."""
    kind, result = s.mapped.counts_as, find_interval(episode.seconds_until(s))
    fit = [
        (planned.at, activity)
        for activity, planned in due.items()
        if not done[activity]
        and (
            planned.kind == kind
            if kind != ActivityKind.CHECK
            else planned.kind in (kind, ActivityKind.OTHER)
            and result is not None
            and planned.interval == result.key
        )
    ]
    if not fit or kind not in FINISHED_BY:
        return
    _, activity = min(fit)
    if s.verb in FINISHED_BY[kind] or s.verb == VerbName.COMPLETED:
        done[activity][min(FINISHED_BY[kind])] = s.timestamp
    else:
        started.setdefault(activity, s.timestamp)


def _counts_as_done(s: StatementView) -> bool:
    """A follow-up is for the learner to answer; a review and an assessment are for somebody
    else. Without a relation, the statement is accepted as it is."""
    relation = s.extension(ExtensionName.RELATION)
    if relation is None:
        return True
    return (relation == Relation.LEARNER) == (
        s.verb == VerbName.RESPONDED
    ) or s.verb == VerbName.ASSESSED


def _add_checks(episode: _Episode, due: Mapping[str, ActivityFact]) -> None:
    """Add a row for each interval that was scheduled or answered."""
    answers: dict[str, list[RecallFact]] = defaultdict(list)
    for row in episode.rows.recalls:
        answers[row.interval].append(row)
    for key in (*(interval.key for interval in INTERVALS), BASELINE):
        given, planned = answers.get(key, []), due.get(key)
        if given or planned:
            episode.rows.checks.append(
                CheckFact(
                    registration=episode.registration,
                    interval=key,
                    learner=episode.learner,
                    programme=episode.programme,
                    due_at=planned.due_at if planned else None,
                    done_at=planned.done_at if planned else None,
                    asked=min(len(given), _SMALLINT_MAX),
                    right=min(sum(row.success for row in given), _SMALLINT_MAX),
                    rapid=min(sum(row.rapid for row in given), _SMALLINT_MAX),
                )
            )


@dataclass(slots=True)
class _CompetencyCounts:
    asked: int = 0
    right: int = 0
    rated: int = 0
    reached: int = 0


def _add_competencies(episode: _Episode, seen: Iterable[assessments.Assessment]) -> None:
    """Count answers in checks and ratings by others, by competency."""
    result: dict[str, _CompetencyCounts] = defaultdict(_CompetencyCounts)
    for row in episode.rows.recalls:
        if row.competency and row.interval != BASELINE:
            counts = result[row.competency]
            counts.asked += 1
            counts.right += row.success
    for item in seen:
        for rating in item.rows if item.qualified else ():
            if rating.competency and rating.reached is not None:
                counts = result[rating.competency]
                counts.rated += 1
                counts.reached += rating.reached
    episode.rows.competencies.extend(
        CompetencyFact(
            registration=episode.registration,
            competency=key,
            learner=episode.learner,
            programme=episode.programme,
            asked=counts.asked,
            right=counts.right,
            rated=counts.rated,
            reached=counts.reached,
        )
        for key, counts in result.items()
    )


def _find_pauses(
    statements: Iterable[StatementView], episode: _Episode
) -> list[tuple[datetime, datetime | None]]:
    """The periods [from, to) in which nothing was due (None: the end is not known): on hold, or
    between leaving and re-registering."""
    holds: list[tuple[datetime, datetime | None]] = []
    away: list[tuple[datetime, datetime | None]] = []
    suspended, resumed = VerbName.SUSPENDED, VerbName.RESUMED
    registered, unregistered = VerbName.REGISTERED, VerbName.UNREGISTERED
    for s in statements:
        if s.verb == suspended:
            until = s.text_extension(ExtensionName.UNTIL)
            try:
                holds.append((s.timestamp, clock.parse_instant(until) if until else None))
            except (ValueError, OverflowError):
                episode.refuse(s, "the extension until is no time with an offset")
        elif s.verb == resumed and holds:
            start, end = holds[-1]
            holds[-1] = (start, min(end, s.timestamp) if end else s.timestamp)
        elif s.verb == unregistered:
            away.append((s.timestamp, None))
        elif s.verb == registered:
            away = [(start, end or s.timestamp) for start, end in away]
    return holds + away
