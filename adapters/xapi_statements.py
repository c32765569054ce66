"""Our acts as xAPI statements, built with tincan (xAPI 1.0.3) and returned as serialized bytes.

An :class:`Act` states who did what, in which episode of which programme; the functions below
know the shape of each verb. The statement's id is UUIDv5 of (installation, tenant, act,
revision, verb), so that sending it again is harmless.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import tincan

from core.clock import format_instant
from lrs.vocabulary import (
    ACTIVITY_TYPES,
    BASE,
    EXTENSIONS,
    VERBS,
    ActivityKind,
    AnswerKind,
    ExtensionName,
    Relation,
    VerbName,
)
from lrs.vocabulary.iris import PROFILE_VERSION

LANGUAGE = "en"


@dataclass(frozen=True)
class ProgrammeRef:
    """A programme's names in statements: IRI stem, title, version."""

    key: str
    title: str
    version: str

    @property
    def iri(self) -> str:
        """The programme as an activity."""
        return f"{BASE}programmes/{self.key}"


@dataclass(frozen=True)
class Act:
    """The part that all statements share. ``name`` is unique for the act within the tenant;
    ``revision`` counts corrections.

    ``episode`` is None for an act of somebody who supports others: it belongs to no
    certification of his or her own.
    """

    installation: uuid.UUID
    tenant: str
    name: str
    learner: uuid.UUID
    episode: uuid.UUID | None
    programme: ProgrammeRef
    at: datetime
    audience: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1


@dataclass(frozen=True)
class Statement:
    """A serialized statement and its id."""

    id: uuid.UUID
    payload: bytes


def statement_id(act: Act, verb: VerbName) -> uuid.UUID:
    """The same act always gets the same id, on every machine and at every attempt."""
    return uuid.uuid5(act.installation, "|".join((act.tenant, act.name, str(act.revision), verb)))


def account_home_page(installation: uuid.UUID) -> str:
    """The account homePage under which an installation identifies people."""
    return f"{BASE}installations/{installation}"


def pseudonymous_agent(installation: uuid.UUID, learner: uuid.UUID) -> dict[str, Any]:
    """A person as the record store knows them: a pseudonymous account."""
    return {
        "objectType": "Agent",
        "account": {"homePage": account_home_page(installation), "name": str(learner)},
    }


def agent_identifier(installation: uuid.UUID, learner: uuid.UUID) -> str:
    """The same person in the record store's one-line notation for agents."""
    return f"account {account_home_page(installation)} {learner}"


def build_activity(iri: str, kind: ActivityKind, name: str, **definition: Any) -> dict[str, Any]:
    """Build an activity with its type and its name."""
    return {
        "objectType": "Activity",
        "id": iri,
        "definition": {"type": ACTIVITY_TYPES[kind], "name": {LANGUAGE: name}, **definition},
    }


def check_activity_iri(programme: ProgrammeRef, interval: str) -> str:
    """The IRI of the check for an interval."""
    return f"{programme.iri}/checks/{interval}"


def format_duration(length: timedelta) -> str:
    """Format an ISO 8601 duration, to hundredths of a second (xAPI-Data 4.6)."""
    return f"PT{max(length.total_seconds(), 0):.2f}S"


def _build_statement(
    act: Act,
    verb: VerbName,
    obj: dict[str, Any],
    *,
    result: dict[str, Any] | None = None,
    parent: dict[str, Any] | None = None,
    grouping: Sequence[dict[str, Any]] = (),
    extensions: Mapping[ExtensionName, Any] | None = None,
    instructor: dict[str, Any] | None = None,
) -> Statement:
    activities: dict[str, Any] = {
        "grouping": [
            build_activity(act.programme.iri, ActivityKind.PROGRAMME, act.programme.title),
            *grouping,
        ],
        "category": [
            {
                "objectType": "Activity",
                "id": PROFILE_VERSION,
                "definition": {"type": ACTIVITY_TYPES[ActivityKind.PROFILE]},
            }
        ],
    }
    if parent:
        activities["parent"] = [parent]
    named = {
        ExtensionName.PROGRAMME_VERSION: act.programme.version,
        **{ExtensionName(name): value for name, value in act.audience.items()},
        **(extensions or {}),
    }
    value: dict[str, Any] = {
        "id": str(statement_id(act, verb)),
        "actor": pseudonymous_agent(act.installation, act.learner),
        "verb": {"id": VERBS[verb].id, "display": {LANGUAGE: VERBS[verb].display}},
        "object": obj,
        "context": {
            **({"registration": str(act.episode)} if act.episode else {}),
            "contextActivities": activities,
            "extensions": {EXTENSIONS[name]: extension for name, extension in named.items()},
        },
        "timestamp": format_instant(act.at),
        "version": "1.0.3",
    }
    if result:
        value["result"] = result
    if instructor:
        value["context"]["instructor"] = instructor
    # tincan modifies the dictionary it is passed; nothing else uses this one.
    return Statement(
        statement_id(act, verb), tincan.Statement(value).to_json(tincan.Version.latest).encode()
    )


def registered_statement(act: Act) -> Statement:
    """The learner enters the programme's audience."""
    return _build_statement(
        act,
        VerbName.REGISTERED,
        build_activity(act.programme.iri, ActivityKind.PROGRAMME, act.programme.title),
    )


@dataclass(frozen=True)
class Training:
    """What is known about the training before a certification: the share in the test before it,
    and its length in hours."""

    before: float | None = None
    hours: float | None = None


def certified_statement(
    act: Act, exam: Mapping[str, float] | None = None, training: Training | None = None
) -> Statement:
    """The starting point of all measurement: ``act.at`` is the moment of certification.

    ``exam`` holds the exam results, as shares by competency; the share under the empty key is
    that of the whole exam.
    """
    known, training = dict(exam or {}), training or Training()
    whole = known.pop("", None)
    result: dict[str, Any] = {} if whole is None else {"score": {"scaled": whole}}
    if training.hours is not None:
        hours, minutes = divmod(round(training.hours * 60), 60)
        result["duration"] = f"PT{hours}H{minutes}M"
    extensions = {
        **({ExtensionName.EXAM_SCORES: known} if known else {}),
        **({} if training.before is None else {ExtensionName.PRE_TEST: training.before}),
    }
    obj = build_activity(
        f"{act.programme.iri}/certification", ActivityKind.CERTIFICATION, act.programme.title
    )
    return _build_statement(
        act, VerbName.CERTIFIED, obj, result=result or None, extensions=extensions or None
    )


@dataclass(frozen=True)
class Quiz:
    """A short quiz: the check of an interval (with its ``label``), or one that is not measured."""

    kind: AnswerKind
    interval: str = ""
    label: str = ""

    def activity(self, programme: ProgrammeRef) -> dict[str, Any]:
        """This quiz as an activity."""
        if self.interval:
            return build_activity(
                check_activity_iri(programme, self.interval),
                ActivityKind.CHECK,
                f"{programme.title}: check after {self.label}",
            )
        return build_activity(
            f"{programme.iri}/{self.kind}", ActivityKind.CHECK, f"{programme.title}: {self.kind}"
        )

    @property
    def extensions(self) -> dict[ExtensionName, Any]:
        """The quiz's kind, and its interval if it has one."""
        return {
            ExtensionName.KIND: self.kind,
            **({ExtensionName.INTERVAL: self.interval} if self.interval else {}),
        }


def check_scheduled_statement(act: Act, quiz: Quiz, *, due_at: datetime) -> Statement:
    """A check is due at ``due_at``."""
    return _build_statement(
        act,
        VerbName.SCHEDULED,
        quiz.activity(act.programme),
        extensions={ExtensionName.DUE_DATE: format_instant(due_at), **quiz.extensions},
    )


def attempted_statement(act: Act, quiz: Quiz) -> Statement:
    """The learner started a quiz."""
    return _build_statement(
        act, VerbName.ATTEMPTED, quiz.activity(act.programme), extensions=quiz.extensions
    )


@dataclass(frozen=True)
class ItemDefinition:
    """A question in statements: its interaction type, correct response patterns and component
    lists (xAPI-Data 4.1.5.1)."""

    key: str
    stem: str
    interaction: str
    patterns: Sequence[str]
    parts: Mapping[str, Sequence[tuple[str, str]]]
    competency: str
    competency_title: str


@dataclass(frozen=True)
class ItemResponse:
    """A response: its text, whether it is correct, its duration, whether it was given faster
    than the question can be read, and the learner's confidence (1 to 3)."""

    text: str
    success: bool
    took: timedelta | None
    rapid: bool = False
    confidence: int | None = None


def answered_statement(
    act: Act, quiz: Quiz, *, item: ItemDefinition, response: ItemResponse
) -> Statement:
    """The learner answered one question of a quiz."""
    competency = build_activity(
        f"{act.programme.iri}/competencies/{item.competency}",
        ActivityKind.COMPETENCY,
        item.competency_title,
    )
    obj = build_activity(
        f"{act.programme.iri}/items/{item.key}",
        ActivityKind.ITEM,
        item.stem,
        interactionType=item.interaction,
        correctResponsesPattern=list(item.patterns),
        **{
            part: [{"id": key, "description": {LANGUAGE: text}} for key, text in lines]
            for part, lines in item.parts.items()
        },
    )
    result: dict[str, Any] = {"success": response.success, "response": response.text}
    if response.took is not None:
        result["duration"] = format_duration(response.took)
    extensions = quiz.extensions
    if response.rapid:
        extensions[ExtensionName.RAPID_GUESS] = True
    if response.confidence is not None:
        extensions[ExtensionName.CONFIDENCE] = response.confidence
    return _build_statement(
        act,
        VerbName.ANSWERED,
        obj,
        result=result,
        parent=quiz.activity(act.programme),
        grouping=[competency],
        extensions=extensions,
    )


def quiz_finished_statement(
    act: Act, quiz: Quiz, *, right: int, asked: int, passed: bool, took: timedelta | None
) -> Statement:
    """The learner finished a quiz: ``passed`` or ``failed``, with the score."""
    result: dict[str, Any] = {
        "score": {"scaled": right / asked, "raw": right, "min": 0, "max": asked},
        "success": passed,
        "completion": True,
    }
    if took is not None:
        result["duration"] = format_duration(took)
    return _build_statement(
        act,
        VerbName.PASSED if passed else VerbName.FAILED,
        quiz.activity(act.programme),
        result=result,
        extensions=quiz.extensions,
    )


def _plan_activity(programme: ProgrammeRef, plan: uuid.UUID) -> dict[str, Any]:
    return build_activity(
        f"{BASE}plans/{plan}", ActivityKind.PLAN, f"{programme.title}: transfer plan"
    )


def _task_activity(programme: ProgrammeRef, key: str, title: str) -> dict[str, Any]:
    return build_activity(f"{programme.iri}/tasks/{key}", ActivityKind.TASK, title)


def committed_statement(
    act: Act, *, plan: uuid.UUID, task: str, task_title: str, due_at: datetime
) -> Statement:
    """The learner committed to a transfer plan. Its text stays in the tool: a record store
    holds no free text about work."""
    extensions = {ExtensionName.DUE_DATE: format_instant(due_at)}
    return _build_statement(
        act,
        VerbName.COMMITTED,
        _plan_activity(act.programme, plan),
        grouping=[_task_activity(act.programme, task, task_title)],
        extensions=extensions,
    )


def applied_statement(
    act: Act, *, plan: uuid.UUID, task: str, task_title: str, evidence_grade: int
) -> Statement:
    """The learner used the skill on the job; evidence grade 1 is the learner's own
    statement."""
    extensions = {ExtensionName.EVIDENCE_GRADE: evidence_grade}
    return _build_statement(
        act,
        VerbName.APPLIED,
        _task_activity(act.programme, task, task_title),
        parent=_plan_activity(act.programme, plan),
        extensions=extensions,
    )


def protocol_activity(
    programme: ProgrammeRef, episode: uuid.UUID | None, act: ActivityKind
) -> dict[str, Any]:
    """The activity of an act due besides the checks: plan, exercise, exercise review, case
    study, feedback, behaviour assessment, follow-up."""
    assert episode is not None
    if act == ActivityKind.PLAN:
        return _plan_activity(programme, plan_id(episode))
    kind = ActivityKind.REVIEW if act in _REVIEWED_ACT else act
    return build_activity(
        f"{BASE}episodes/{episode}/{act.replace(' ', '-')}", kind, f"{programme.title}: {act}"
    )


# What a review responds to: its parent in statements, which distinguishes the response to an
# exercise from feedback on a case study.
_REVIEWED_ACT = {
    ActivityKind.EXERCISE_REVIEW: ActivityKind.EXERCISE,
    ActivityKind.FEEDBACK: ActivityKind.CASE_STUDY,
}


def _reviewed_activity(act: Act, name: ActivityKind) -> dict[str, Any] | None:
    return (
        protocol_activity(act.programme, act.episode, _REVIEWED_ACT[name])
        if name in _REVIEWED_ACT
        else None
    )


def plan_id(episode: uuid.UUID) -> uuid.UUID:
    """The id of an episode's plan, which is known before the plan is written."""
    return uuid.uuid5(episode, "plan")


def act_scheduled_statement(act: Act, name: ActivityKind, *, due_at: datetime) -> Statement:
    """An act other than a check is due at ``due_at``."""
    obj = protocol_activity(act.programme, act.episode, name)
    return _build_statement(
        act,
        VerbName.SCHEDULED,
        obj,
        parent=_reviewed_activity(act, name),
        extensions={ExtensionName.DUE_DATE: format_instant(due_at)},
    )


def suspended_statement(act: Act, until: datetime | None) -> Statement:
    """A pause starts at ``act.at``: nothing is due while it lasts."""
    extensions = {ExtensionName.UNTIL: format_instant(until)} if until else None
    return _build_statement(
        act,
        VerbName.SUSPENDED,
        build_activity(act.programme.iri, ActivityKind.PROGRAMME, act.programme.title),
        extensions=extensions,
    )


def resumed_statement(act: Act) -> Statement:
    """A pause ends at ``act.at``."""
    return _build_statement(
        act,
        VerbName.RESUMED,
        build_activity(act.programme.iri, ActivityKind.PROGRAMME, act.programme.title),
    )


def unregistered_statement(act: Act) -> Statement:
    """The learner leaves the audience."""
    return _build_statement(
        act,
        VerbName.UNREGISTERED,
        build_activity(act.programme.iri, ActivityKind.PROGRAMME, act.programme.title),
    )


def task_mapped_statement(
    act: Act, *, task: str, task_title: str, competency: str, competency_title: str
) -> Statement:
    """The learner named a task of his or her own job for a competency."""
    named = build_activity(
        f"{act.programme.iri}/competencies/{competency}", ActivityKind.COMPETENCY, competency_title
    )
    return _build_statement(
        act, VerbName.MAPPED, _task_activity(act.programme, task, task_title), grouping=[named]
    )


def plan_revised_statement(
    act: Act, *, plan: uuid.UUID, task: str, task_title: str, due_at: datetime
) -> Statement:
    """The learner revised the plan."""
    extensions = {ExtensionName.DUE_DATE: format_instant(due_at)}
    return _build_statement(
        act,
        VerbName.UPDATED,
        _plan_activity(act.programme, plan),
        grouping=[_task_activity(act.programme, task, task_title)],
        extensions=extensions,
    )


def submitted_statement(act: Act, name: ActivityKind) -> Statement:
    """The learner submitted the exercise or the case study. Its text and files stay in the
    tool."""
    return _build_statement(
        act, VerbName.SUBMITTED, protocol_activity(act.programme, act.episode, name)
    )


def reviewed_statement(
    act: Act, name: ActivityKind, *, reviewer: uuid.UUID, relation: Relation
) -> Statement:
    """``reviewer`` reviewed a submission; ``name`` is exercise review or feedback."""
    obj = protocol_activity(act.programme, act.episode, name)
    by_whom = pseudonymous_agent(act.installation, reviewer)
    return _build_statement(
        act,
        VerbName.REVIEWED,
        obj,
        parent=_reviewed_activity(act, name),
        extensions={ExtensionName.RELATION: relation},
        instructor=by_whom,
    )


def confirmed_statement(
    act: Act,
    *,
    plan: uuid.UUID,
    task: str,
    task_title: str,
    evidence_grade: int,
    by: uuid.UUID,
    relation: Relation,
) -> Statement:
    """Somebody else confirms that the learner used the skill on the job."""
    extensions = {ExtensionName.EVIDENCE_GRADE: evidence_grade, ExtensionName.RELATION: relation}
    parent, by_whom = _plan_activity(act.programme, plan), pseudonymous_agent(act.installation, by)
    return _build_statement(
        act,
        VerbName.CONFIRMED,
        _task_activity(act.programme, task, task_title),
        parent=parent,
        extensions=extensions,
        instructor=by_whom,
    )


def no_opportunity_statement(act: Act) -> Statement:
    """The learner had no opportunity to use the skill."""
    assert act.episode is not None
    return _build_statement(
        act, VerbName.HAD_NO_OPPORTUNITY, _plan_activity(act.programme, plan_id(act.episode))
    )


def follow_up_statement(
    act: Act, *, still_used: bool, by: uuid.UUID, relation: Relation
) -> Statement:
    """The learner or the supervisor answered the follow-up."""
    obj = protocol_activity(act.programme, act.episode, ActivityKind.FOLLOW_UP)
    return _build_statement(
        act,
        VerbName.RESPONDED,
        obj,
        result={"success": still_used},
        extensions={ExtensionName.RELATION: relation},
        instructor=pseudonymous_agent(act.installation, by),
    )


@dataclass(frozen=True)
class RubricAssessment:
    """An assessment of somebody's work by a rubric with ``levels`` levels; ``scores`` holds
    (criterion, competency, level from 1 up) of the criteria that were observed.

    ``competent_level``: the lowest level that counts as competent.
    """

    levels: int
    scores: Sequence[tuple[str, str, int]]
    competent_level: int

    @property
    def result(self) -> dict[str, Any]:
        """A statement's result: the mean level, and the level of each criterion."""
        mean = sum(level for _, _, level in self.scores) / len(self.scores)
        scores = [
            {
                "criterion": criterion,
                "competency": competency,
                "level": level,
                "reached": level >= self.competent_level,
            }
            for criterion, competency, level in self.scores
        ]
        score = {
            "scaled": (mean - 1) / (self.levels - 1),
            "raw": mean,
            "min": 1,
            "max": self.levels,
        }
        return {
            "score": score,
            "success": all(item["reached"] for item in scores),
            "extensions": {EXTENSIONS[ExtensionName.RUBRIC_SCORES]: scores},
        }


def assessed_statement(
    act: Act,
    assessment: RubricAssessment,
    *,
    titles: Mapping[str, str],
    by: uuid.UUID,
    relation: Relation,
    method: str,
    planned: bool,
) -> Statement:
    """``by`` assessed the learner's work. ``titles`` names the competencies; ``method`` is
    empty where learners assess themselves.

    ``planned``: this is the scheduled assessment, and completes it; any other one has an
    activity of its own.
    """
    named = {competency for _, competency, _ in assessment.scores}
    grouping = [
        build_activity(
            f"{act.programme.iri}/competencies/{title}", ActivityKind.COMPETENCY, titles[title]
        )
        for title in titles
        if title in named
    ]
    extensions = {
        ExtensionName.RELATION: relation,
        **({ExtensionName.METHOD: method} if method else {}),
    }
    obj = protocol_activity(act.programme, act.episode, ActivityKind.BEHAVIOUR_ASSESSMENT)
    obj = obj if planned else {**obj, "id": f"{obj['id']}/on-request"}
    by_whom = pseudonymous_agent(act.installation, by)
    return _build_statement(
        act,
        VerbName.ASSESSED,
        obj,
        result=assessment.result,
        grouping=grouping,
        extensions=extensions,
        instructor=by_whom,
    )


def calibration_statement(
    act: Act, assessment: RubricAssessment, *, case: str, title: str
) -> Statement:
    """A rater assessed a described piece of work. ``act.learner`` is the rater, and the act
    belongs to no episode."""
    obj = build_activity(f"{act.programme.iri}/cases/{case}", ActivityKind.CALIBRATION_CASE, title)
    return _build_statement(
        act,
        VerbName.ASSESSED,
        obj,
        result=assessment.result,
        instructor=pseudonymous_agent(act.installation, act.learner),
    )


def _meeting_activity(act: Act, group: uuid.UUID, number: int) -> dict[str, Any]:
    return build_activity(
        f"{BASE}groups/{group}/meetings/{number}",
        ActivityKind.MEETING,
        f"{act.programme.title}: meeting {number}",
    )


def meeting_scheduled_statement(
    act: Act, *, group: uuid.UUID, number: int, at: datetime
) -> Statement:
    """A meeting of the learner's coaching group is planned for ``at``."""
    return _build_statement(
        act,
        VerbName.SCHEDULED,
        _meeting_activity(act, group, number),
        extensions={ExtensionName.DUE_DATE: format_instant(at)},
    )


def meeting_held_statement(act: Act, *, group: uuid.UUID, number: int) -> Statement:
    """The meeting took place; ``act`` belongs to the person who recorded it."""
    return _build_statement(act, VerbName.HELD, _meeting_activity(act, group, number))


def attended_statement(act: Act, *, group: uuid.UUID, number: int) -> Statement:
    """The learner attended the meeting."""
    return _build_statement(act, VerbName.ATTENDED, _meeting_activity(act, group, number))


def action_closed_statement(act: Act, *, action: uuid.UUID) -> Statement:
    """The learner completed an agreed action. Its text stays in the tool."""
    return _build_statement(
        act,
        VerbName.CLOSED,
        build_activity(
            f"{BASE}actions/{action}", ActivityKind.ACTION, f"{act.programme.title}: agreed action"
        ),
    )


def commented_statement(
    act: Act, *, item: str, stem: str, competency: str, competency_title: str
) -> Statement:
    """The learner reported a question as wrong or unclear. The text stays in the tool."""
    named = build_activity(
        f"{act.programme.iri}/competencies/{competency}", ActivityKind.COMPETENCY, competency_title
    )
    return _build_statement(
        act,
        VerbName.COMMENTED,
        build_activity(f"{act.programme.iri}/items/{item}", ActivityKind.ITEM, stem),
        grouping=[named],
    )


def logged_in_statement(act: Act) -> Statement:
    """Somebody opened the tool."""
    return _build_statement(
        act,
        VerbName.LOGGED_IN,
        build_activity(act.programme.iri, ActivityKind.PROGRAMME, act.programme.title),
    )


def report_viewed_statement(act: Act, report: str) -> Statement:
    """Somebody viewed a page of figures; ``report`` names it."""
    return _build_statement(
        act,
        VerbName.VIEWED,
        build_activity(
            f"{act.programme.iri}/reports/{report}",
            ActivityKind.REPORT,
            f"{act.programme.title}: {report}",
        ),
    )


def nudge_received_statement(act: Act, *, nudge: int, kind: str) -> Statement:
    """A reminder or a request was mailed. Its text stays in the tool."""
    return _nudge_statement(act, VerbName.RECEIVED, nudge, kind)


def nudge_opened_statement(act: Act, *, nudge: int, kind: str) -> Statement:
    """Somebody followed the mail's link. There is no tracking picture to count views: mail
    programs fetch pictures on their own."""
    return _nudge_statement(act, VerbName.OPENED, nudge, kind)


def _nudge_statement(act: Act, verb: VerbName, nudge: int, kind: str) -> Statement:
    iri = f"{BASE}installations/{act.installation}/nudges/{act.tenant}-{nudge}"
    return _build_statement(
        act,
        verb,
        build_activity(iri, ActivityKind.NUDGE, f"{act.programme.title}: {kind}"),
        extensions={ExtensionName.NUDGE: kind},
    )


def voiding_statement(act: Act, statement: uuid.UUID) -> Statement:
    """Withdraw a statement of ours that is no longer valid."""
    return _build_statement(
        act, VerbName.VOIDED, {"objectType": "StatementRef", "id": str(statement)}
    )
