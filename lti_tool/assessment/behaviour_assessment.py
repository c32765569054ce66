"""Behaviour assessment: somebody's work rated against the programme's rubric, by
observation, a recording or a simulation, on request at any time and at three months. The
learner, peers, and managers or mentors each have their own view. Each action and its
statement are one transaction.
"""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from adapters import xapi_statements
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, Forbidden, NotFound
from core.messages import gettext_noop, lazy_gettext
from lrs.vocabulary import Relation
from lti_tool.assessment import assessments_store
from lti_tool.assessment.assessments_store import Assessment, Calibration, Wish
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.text_limits import require_length
from lti_tool.people import directory_store, people_store
from lti_tool.programmes import episode_context, episodes_store, programmes, schedule_store
from lti_tool.programmes.due_dates import ASSESSMENT
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.programmes import Programme
from lti_tool.programmes.rubrics import Case, Rubric
from lti_tool.transfer import review_requests, reviewers, transfer_store
from lti_tool.transfer.reviewers import LEARNER, PEER

ASSESSMENT_METHODS = ("watching", "recording", "simulation")
OPENS_BEFORE_DUE = timedelta(days=14)  # how early the three-month assessment may be submitted
MIN_PEER_RATERS = (
    3  # with fewer raters, peer ratings stay hidden, so that nobody can guess who gave which
)
MAX_COMMENT_CHARS = 2_000


@dataclass(frozen=True)
class AssessmentForm:
    """The form of an assessment: who is assessed, the rater's relation to the learner, and
    the rubric with its competent level."""

    programme: Programme
    rubric: Rubric
    episode_id: uuid.UUID
    name: str
    relation: str


@dataclass(frozen=True)
class RatingSummary:
    """The latest level of each criterion as one rater sees it: a person in the directory, or
    the average of the peers."""

    title: str
    name: str
    at: datetime
    count: int
    levels: dict[str, float]


@dataclass(frozen=True)
class AssessmentComparison:
    """A learner's assessments, side by side. ``hidden_peers``: how many peers responded,
    when they are too few to be shown."""

    programme: Programme
    rubric: Rubric | None
    name: str
    episode_id: uuid.UUID
    views: list[RatingSummary]
    remarks: list[Assessment]
    hidden_peers: int
    wishes: list[Wish]
    raters: list[tuple[str, str, str]]


@dataclass(frozen=True)
class CalibrationExercise:
    """The calibration exercise: the next case, and the cases that this rater has completed."""

    programme: Programme
    rubric: Rubric
    case: Case | None
    done: list[tuple[Case, Calibration]]

    @property
    def compared(self) -> list[tuple[int, int]]:
        """(own level, agreed level) of every criterion that both rated in a case."""
        return [
            (own.levels[key], level)
            for case, own in self.done
            for key, level in case.levels.items()
            if key in own.levels
        ]

    @property
    def exact(self) -> tuple[int, int]:
        """(number of levels that match the agreed ones, number of levels compared)."""
        return sum(own == level for own, level in self.compared), len(self.compared)

    @property
    def leniency(self) -> float | None:
        """Mean of (own level − agreed level): above 0 more lenient than others, below 0
        stricter; None if nothing was compared."""
        return (
            statistics.fmean(own - level for own, level in self.compared) if self.compared else None
        )


def load_assessment_form(
    unit_of_work: UnitOfWork, *, session: LaunchSession, episode_id: uuid.UUID | None
) -> AssessmentForm:
    """Load the form to assess a learner, or (None) oneself."""
    with unit_of_work(session.tenant_id) as connection:
        context, relation = _rating_context(connection, session, episode_id)
        name = people_store.get_person_name(
            connection, session.tenant_id, context.episode.person_id
        )
        return AssessmentForm(
            context.programme, _require_rubric(context), context.episode.id, name, relation
        )


def _rating_context(
    connection: Connection, session: LaunchSession, episode_id: uuid.UUID | None
) -> tuple[EpisodeContext, Relation]:
    """The context, and this person's relation to the learner: the learner, a manager or
    mentor, or a peer who was asked."""
    if episode_id is None:
        return episode_context.require_episode_context(connection, session), LEARNER
    wanted = next(
        (
            item
            for item in assessments_store.list_requests_to_rater(
                connection, session.tenant_id, session.person_id
            )
            if item.episode_id == episode_id
        ),
        None,
    )
    context, relation = reviewers.require_reviewable_episode(
        connection, session, episode_id, session.person_id if wanted else None
    )
    if context.episode.left_at is not None:
        raise Forbidden("This person has left the programme; nothing is assessed any more.")
    # Somebody who was asked as a manager or mentor and no longer leads the person is not a
    # peer.
    return context, Relation(wanted.relation) if wanted and relation == PEER else relation


def _require_rubric(context: EpisodeContext) -> Rubric:
    if context.programme.rubric is None:
        raise NotFound("This programme has no rubric to assess with. A training manager adds one.")
    return context.programme.rubric


def submit_assessment(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    form_id: uuid.UUID,
    episode_id: uuid.UUID | None,
    method: str,
    levels: Mapping[str, str],
    words: str,
    now: datetime,
) -> None:
    """Submit an assessment: ``levels`` maps criterion → the number of a level, or empty if
    it was not observed.

    ``form_id`` was issued with the form, so submitting it twice records one assessment. An
    assessment cannot be changed; a rater who observes more submits another.
    """
    require_length(words, MAX_COMMENT_CHARS, "words")
    with unit_of_work(session.tenant_id) as connection:
        if _was_submitted(connection, session, form_id, levels, words):
            return
        context, relation = _rating_context(connection, session, episode_id)
        rubric = _require_rubric(context)
        if relation == LEARNER:
            method = ""
        elif method not in ASSESSMENT_METHODS:
            raise BadInput("Say how you saw it.", field="method")
        seen = rubric.parse_levels(levels)
        values = {
            "id": form_id,
            "episode_id": context.episode.id,
            "rater_id": session.person_id,
            "relation": relation,
            "method": method,
            "levels": seen,
            "words": words,
            "at": now,
        }
        if not assessments_store.insert_assessment(connection, session.tenant_id, values):
            return
        assessments_store.mark_request_done(
            connection, session.tenant_id, context.episode.id, session.person_id, now
        )
        planned = relation not in (LEARNER, PEER) and _is_planned(context, now)
        _enqueue_assessed(context, values, rubric.to_assessment(seen), planned)
        if planned:
            schedule_store.mark_act_done(
                connection, session.tenant_id, context.episode.id, ASSESSMENT, now
            )
        if relation not in (LEARNER, PEER):
            _mail_learner(context, form_id, now)


def _enqueue_assessed(
    context: EpisodeContext,
    stored: Mapping[str, Any],
    assessment: xapi_statements.RubricAssessment,
    planned: bool,
) -> None:
    context.enqueue_statements(
        [
            xapi_statements.assessed_statement(
                context.act(f"assessed {stored['id']}", stored["at"]),
                assessment,
                titles={item.key: item.title for item in context.programme.competencies},
                by=stored["rater_id"],
                relation=stored["relation"],
                method=stored["method"],
                planned=planned,
            )
        ]
    )


def _is_planned(context: EpisodeContext, now: datetime) -> bool:
    """Whether a supervisor's assessment is the one that is due at three months."""
    due = schedule_store.scheduled_acts_by_name(
        context.connection, context.tenant_id, context.episode.id
    ).get(ASSESSMENT)
    return due is not None and now >= due.due_at - OPENS_BEFORE_DUE


def _mail_learner(context: EpisodeContext, form_id: uuid.UUID, now: datetime) -> None:
    review_requests.mail_people(
        context,
        [context.episode.person_id],
        f"review assessed {form_id}",
        gettext_noop("Your work was assessed"),
        gettext_noop("Your page shows what was seen, and what comes next."),
        now,
        "assessments",
    )


def _was_submitted(
    connection: Connection,
    session: LaunchSession,
    form_id: uuid.UUID,
    levels: Mapping[str, str],
    words: str,
) -> bool:
    """Whether this form was submitted before; Conflict if its content differs now: a saved
    draft that was restored after the form had been submitted."""
    before = assessments_store.find_assessment_by_form(
        connection, session.tenant_id, session.person_id, form_id
    )
    if before is None:
        return False
    sent_levels = {key: value for key, value in levels.items() if value}
    if (
        sent_levels != {key: str(level) for key, level in before.levels.items()}
        or words != before.words
    ):
        raise Conflict(
            "This form was sent already and stays as it is. What you changed is below: send it "
            "as a new one."
        )
    return True


def request_assessment(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    form_id: uuid.UUID,
    rater: str,
    words: str,
    now: datetime,
) -> None:
    """Ask somebody to assess one's work: a manager, a mentor, or a peer from the coaching
    group."""
    require_length(words, MAX_COMMENT_CHARS, "words")
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        _require_rubric(context)
        chosen = next((item for item in _possible_raters(context) if item[0] == rater), None)
        if chosen is None:
            raise BadInput("Choose whom you ask.", field="rater")
        rater_id, relation = uuid.UUID(chosen[0]), chosen[2]
        if assessments_store.insert_assessment_request(
            connection,
            session.tenant_id,
            {
                "id": form_id,
                "episode_id": context.episode.id,
                "rater_id": rater_id,
                "relation": relation,
                "words": words,
                "asked_at": now,
            },
        ):
            text = gettext_noop(
                "The form fits a phone and is filled while watching. What you enter stays on "
                "your device until you send it."
            )
            review_requests.mail_people(
                context,
                [rater_id],
                f"review wish {form_id} {context.episode.id}",
                gettext_noop("%(name)s asks you to look at a piece of work"),
                text,
                now,
                f"{review_requests.INBOX_ITEM_PATH}assess-{context.episode.id}",
            )


def _possible_raters(context: EpisodeContext) -> list[tuple[str, str, str]]:
    """(id, name, relation) of the people whom a learner may ask."""
    me = directory_store.get_profile(
        context.connection, context.tenant_id, context.episode.person_id
    )
    result: list[tuple[str, str, str]] = []
    for person_id, relation in (
        (me.manager_id, reviewers.MANAGER),
        (me.mentor_id, reviewers.MENTOR),
    ):
        if person_id is not None and str(person_id) not in {key for key, _, _ in result}:
            result.append(
                (
                    str(person_id),
                    people_store.get_person_name(context.connection, context.tenant_id, person_id),
                    relation,
                )
            )
    rater_ids = {key for key, _, _ in result}
    return result + [
        (str(peer.person_id), peer.name, PEER)
        for peer in reviewers.list_peers(context)
        if str(peer.person_id) not in rater_ids
    ]


def load_comparison(
    unit_of_work: UnitOfWork, *, session: LaunchSession, episode_id: uuid.UUID | None
) -> AssessmentComparison:
    """Load all assessments of a learner (for a manager or mentor), or (None) of oneself."""
    with unit_of_work(session.tenant_id) as connection:
        context, relation = (
            (episode_context.require_episode_context(connection, session), LEARNER)
            if episode_id is None
            else reviewers.require_led_episode(connection, session, episode_id)
        )
        assessments = assessments_store.list_episode_assessments(
            connection, session.tenant_id, context.episode.id
        )
        own = relation == LEARNER
        open_requests = (
            assessments_store.list_requests_of_episode(
                connection, session.tenant_id, context.episode.id
            )
            if own
            else []
        )
        raters = _possible_raters(context) if own and context.programme.rubric else []
        name = people_store.get_person_name(
            connection, session.tenant_id, context.episode.person_id
        )
    views, hidden = summarize_ratings(assessments)
    # Anybody who knows the group can recognize a peer by what the peer wrote: it is shown to
    # nobody.
    non_peer_assessments = [item for item in assessments if item.relation != PEER]
    return AssessmentComparison(
        context.programme,
        context.programme.rubric,
        name,
        context.episode.id,
        views,
        non_peer_assessments,
        hidden,
        open_requests,
        raters,
    )


def summarize_ratings(everything: Sequence[Assessment]) -> tuple[list[RatingSummary], int]:
    """Summarize the ratings of the learner, of each manager or mentor, and of the peers
    together; also return how many peers responded if they are too few to be shown.

    ``everything`` is in the order of :func:`list_episode_assessments`. For each rater the
    latest level of each criterion counts.
    """
    frozen, peer_count = _releasable_ratings(everything)
    latest: dict[uuid.UUID, list[Assessment]] = {}
    for item in frozen:
        latest.setdefault(item.rater_id, []).append(item)
    by_rater = []
    for rater_assessments in latest.values():
        levels: dict[str, float] = {}
        for item in reversed(rater_assessments):
            levels |= item.levels
        by_rater.append((rater_assessments[0], len(rater_assessments), levels))
    order = (LEARNER, reviewers.MANAGER, reviewers.MENTOR)
    views = [
        RatingSummary(first.relation, first.rater_name, first.at, count, levels)
        for relation in order
        for first, count, levels in by_rater
        if first.relation == relation
    ]
    peers = [levels for first, _, levels in by_rater if first.relation == PEER]
    if not peers:
        return views, peer_count
    counts = {
        key: [levels[key] for levels in peers if key in levels]
        for key in dict.fromkeys(key for levels in peers for key in levels)
    }
    means = {
        key: statistics.fmean(values)
        for key, values in counts.items()
        if len(values) >= MIN_PEER_RATERS
    }
    at = max(first.at for first, _, _ in by_rater if first.relation == PEER)
    return [*views, RatingSummary(PEER, "", at, len(peers), means)], 0


def _releasable_ratings(assessments: Sequence[Assessment]) -> tuple[list[Assessment], int]:
    """The assessments that may be shown, and how many peers have responded. Peer ratings are
    released in batches of three raters, as they stood when each third rater responded.
    Otherwise anybody who sees a mean before and after one more response can compute that
    response.
    """
    first: dict[uuid.UUID, datetime] = {}
    for item in sorted(
        (entry for entry in assessments if entry.relation == PEER), key=lambda entry: entry.at
    ):
        first.setdefault(item.rater_id, item.at)
    full = len(first) // MIN_PEER_RATERS * MIN_PEER_RATERS
    raters, until = list(first)[:full], sorted(first.values())[full - 1] if full else None
    return [
        entry
        for entry in assessments
        if entry.relation != PEER
        or (until is not None and entry.at <= until and entry.rater_id in raters)
    ], len(first)


def load_calibration(
    unit_of_work: UnitOfWork, *, session: LaunchSession, programme: str
) -> CalibrationExercise:
    """Load the calibration exercise of a programme's newest version, for people who assess
    others."""
    with unit_of_work(session.tenant_id) as connection:
        result, rubric = _require_cases(connection, session, programme)
        done = _valid_calibrations(connection, session, result, rubric)
    open_cases = [case for case in rubric.cases if case.key not in done]
    finished = [(case, done[case.key]) for case in rubric.cases if case.key in done]
    finished.sort(key=lambda pair: pair[1].at, reverse=True)
    return CalibrationExercise(result, rubric, next(iter(open_cases), None), finished)


def _valid_calibrations(
    connection: Connection, session: LaunchSession, programme: Programme, rubric: Rubric
) -> dict[str, Calibration]:
    """Case → this rater's calibration, for cases that have not changed: if a case or a level
    changed, the case has to be assessed again."""
    calibrations = assessments_store.calibrations_by_case(
        connection, session.tenant_id, session.person_id, programme.key
    )
    versions = {item.programme_version for item in calibrations.values()} - {programme.version}
    seen = {
        version: programmes.load_programme(
            connection, session.tenant_id, programme.key, version
        ).rubric
        for version in versions
    } | {programme.version: rubric}
    now = {case.key: case for case in rubric.cases}

    def is_unchanged(calibration: Calibration) -> bool:
        before = seen[calibration.programme_version]
        if before is None or (before.levels, before.criteria) != (rubric.levels, rubric.criteria):
            return False
        return now.get(calibration.case_key) == next(
            (case for case in before.cases if case.key == calibration.case_key), None
        )

    return {key: item for key, item in calibrations.items() if is_unchanged(item)}


def _require_cases(
    connection: Connection, session: LaunchSession, programme: str
) -> tuple[Programme, Rubric]:
    version = episodes_store.newest_programme_versions(connection, session.tenant_id).get(programme)
    result = (
        programmes.load_programme(connection, session.tenant_id, programme, version)
        if version
        else None
    )
    if result is None or result.rubric is None or not result.rubric.cases:
        raise NotFound(
            "This programme has no cases to practise assessing with. A training manager adds them."
        )
    leads = any(
        episode
        for episode in transfer_store.list_led_episodes(
            connection, session.tenant_id, session.person_id
        )
    )
    if not leads and not assessments_store.list_requests_to_rater(
        connection, session.tenant_id, session.person_id
    ):
        raise Forbidden("The exercise is for people who assess others.")
    return result, result.rubric


def submit_calibration(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    programme: str,
    case_key: str,
    levels: Mapping[str, str],
    now: datetime,
) -> None:
    """Record a rater's levels for a case: only once, since the agreed levels are shown
    afterwards."""
    with unit_of_work(session.tenant_id) as connection:
        result, rubric = _require_cases(connection, session, programme)
        case = next((case for case in rubric.cases if case.key == case_key), None)
        if case is None:
            raise NotFound("There is no such case here.")
        seen = rubric.parse_levels(levels)
        lacks = next((rubric.criterion(key) for key in case.levels if key not in seen), None)
        if lacks is not None:
            raise BadInput(
                lazy_gettext(
                    "Choose a level for “%(criterion)s”: the case shows it.", criterion=lacks.title
                ),
                field=lacks.key,
            )
        if case.key in _valid_calibrations(connection, session, result, rubric):
            return  # the agreed levels have been shown already
        values = {
            "rater_id": session.person_id,
            "programme": programme,
            "case_key": case_key,
            "programme_version": result.version,
        }
        if assessments_store.upsert_calibration(
            connection, session.tenant_id, {**values, "levels": seen, "at": now}
        ):
            act = episode_context.act_without_episode(
                connection,
                session.tenant_id,
                session.person_id,
                result,
                f"calibrated {programme} {case_key} {result.version}",
                now,
            )
            episode_context.add_to_outbox(
                connection,
                session.tenant_id,
                [
                    xapi_statements.calibration_statement(
                        act, rubric.to_assessment(seen), case=case_key, title=case.title
                    )
                ],
            )
