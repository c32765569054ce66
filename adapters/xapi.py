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

from core.clock import text_of
from lrs.vocabulary import ACTIVITY_TYPES, BASE, EXTENSIONS, VERBS
from lrs.vocabulary.iris import PROFILE_VERSION

LANGUAGE = "en"


@dataclass(frozen=True)
class Programme:
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
    programme: Programme
    at: datetime
    audience: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1


@dataclass(frozen=True)
class Statement:
    """A serialized statement and its id."""

    id: uuid.UUID
    payload: bytes


def statement_id(act: Act, verb: str) -> uuid.UUID:
    """The same act always gets the same id, on every machine and at every attempt."""
    return uuid.uuid5(act.installation, "|".join((act.tenant, act.name, str(act.revision), verb)))


def home_of(installation: uuid.UUID) -> str:
    """The account homePage under which an installation identifies people."""
    return f"{BASE}installations/{installation}"


def account(installation: uuid.UUID, learner: uuid.UUID) -> dict[str, Any]:
    """A person as the record store knows them: a pseudonymous account."""
    return {"objectType": "Agent", "account": {"homePage": home_of(installation), "name": str(learner)}}


def named(installation: uuid.UUID, learner: uuid.UUID) -> str:
    """The same person in the record store's one-line notation for agents."""
    return f"account {home_of(installation)} {learner}"


def activity(iri: str, kind: str, name: str, **definition: Any) -> dict[str, Any]:
    """Build an activity with its type and its name."""
    return {"objectType": "Activity", "id": iri, "definition": {"type": ACTIVITY_TYPES[kind], "name": {LANGUAGE: name}, **definition}}


def check_iri(programme: Programme, interval: str) -> str:
    """The IRI of the check for an interval."""
    return f"{programme.iri}/checks/{interval}"


def duration_text(length: timedelta) -> str:
    """Format an ISO 8601 duration, to hundredths of a second (xAPI-Data 4.6)."""
    return f"PT{max(length.total_seconds(), 0):.2f}S"


def _statement(
    act: Act,
    verb: str,
    obj: dict[str, Any],
    *,
    result: dict[str, Any] | None = None,
    parent: dict[str, Any] | None = None,
    grouping: Sequence[dict[str, Any]] = (),
    extensions: Mapping[str, Any] | None = None,
    instructor: dict[str, Any] | None = None,
) -> Statement:
    activities: dict[str, Any] = {
        "grouping": [activity(act.programme.iri, "programme", act.programme.title), *grouping],
        "category": [{"objectType": "Activity", "id": PROFILE_VERSION, "definition": {"type": ACTIVITY_TYPES["profile"]}}],
    }
    if parent:
        activities["parent"] = [parent]
    named = {"programme_version": act.programme.version, **act.audience, **(extensions or {})}
    value: dict[str, Any] = {
        "id": str(statement_id(act, verb)),
        "actor": account(act.installation, act.learner),
        "verb": {"id": VERBS[verb].id, "display": {LANGUAGE: VERBS[verb].display}},
        "object": obj,
        "context": {
            **({"registration": str(act.episode)} if act.episode else {}),
            "contextActivities": activities,
            "extensions": {EXTENSIONS[name]: given for name, given in named.items()},
        },
        "timestamp": text_of(act.at),
        "version": "1.0.3",
    }
    if result:
        value["result"] = result
    if instructor:
        value["context"]["instructor"] = instructor
    # tincan modifies the dictionary it is passed; nothing else uses this one.
    return Statement(statement_id(act, verb), tincan.Statement(value).to_json(tincan.Version.latest).encode())


def registered(act: Act) -> Statement:
    """The learner enters the programme's audience."""
    return _statement(act, "registered", activity(act.programme.iri, "programme", act.programme.title))


@dataclass(frozen=True)
class Training:
    """What is known about the training before a certification: the share in the test before it,
    and its length in hours."""

    before: float | None = None
    hours: float | None = None


def certified(act: Act, exam: Mapping[str, float] | None = None, training: Training | None = None) -> Statement:
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
    extensions = {**({"exam_scores": known} if known else {}), **({} if training.before is None else {"pre_test": training.before})}
    obj = activity(f"{act.programme.iri}/certification", "certification", act.programme.title)
    return _statement(act, "certified", obj, result=result or None, extensions=extensions or None)


@dataclass(frozen=True)
class Quiz:
    """A short quiz: the check of an interval (with its ``label``), or one that is not measured.
    ``kind`` is one of lrs.vocabulary.KINDS."""

    kind: str
    interval: str = ""
    label: str = ""

    def activity(self, programme: Programme) -> dict[str, Any]:
        """This quiz as an activity."""
        if self.interval:
            return activity(check_iri(programme, self.interval), "check", f"{programme.title}: check after {self.label}")
        return activity(f"{programme.iri}/{self.kind}", "check", f"{programme.title}: {self.kind}")

    @property
    def extensions(self) -> dict[str, Any]:
        """The quiz's kind, and its interval if it has one."""
        return {"kind": self.kind, **({"interval": self.interval} if self.interval else {})}


def scheduled(act: Act, quiz: Quiz, *, due_at: datetime) -> Statement:
    """A check is due at ``due_at``."""
    return _statement(act, "scheduled", quiz.activity(act.programme), extensions={"due_date": text_of(due_at), **quiz.extensions})


def attempted(act: Act, quiz: Quiz) -> Statement:
    """The learner started a quiz."""
    return _statement(act, "attempted", quiz.activity(act.programme), extensions=quiz.extensions)


@dataclass(frozen=True)
class Item:
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
class Response:
    """A response: its text, whether it is correct, its duration, whether it was given faster
    than the question can be read, and the learner's confidence (1 to 3)."""

    text: str
    success: bool
    took: timedelta | None
    rapid: bool = False
    confidence: int | None = None


def answered(act: Act, quiz: Quiz, *, item: Item, response: Response) -> Statement:
    """The learner answered one question of a quiz."""
    competency = activity(f"{act.programme.iri}/competencies/{item.competency}", "competency", item.competency_title)
    obj = activity(
        f"{act.programme.iri}/items/{item.key}",
        "item",
        item.stem,
        interactionType=item.interaction,
        correctResponsesPattern=list(item.patterns),
        **{part: [{"id": key, "description": {LANGUAGE: words}} for key, words in lines] for part, lines in item.parts.items()},
    )
    result: dict[str, Any] = {"success": response.success, "response": response.text}
    if response.took is not None:
        result["duration"] = duration_text(response.took)
    extensions: dict[str, Any] = dict(quiz.extensions)
    if response.rapid:
        extensions["rapid_guess"] = True
    if response.confidence is not None:
        extensions["confidence"] = response.confidence
    return _statement(act, "answered", obj, result=result, parent=quiz.activity(act.programme), grouping=[competency], extensions=extensions)


def finished(act: Act, quiz: Quiz, *, right: int, asked: int, passed: bool, took: timedelta | None) -> Statement:
    """The learner finished a quiz: ``passed`` or ``failed``, with the score."""
    result: dict[str, Any] = {
        "score": {"scaled": right / asked, "raw": right, "min": 0, "max": asked},
        "success": passed,
        "completion": True,
    }
    if took is not None:
        result["duration"] = duration_text(took)
    return _statement(act, "passed" if passed else "failed", quiz.activity(act.programme), result=result, extensions=quiz.extensions)


def _plan(programme: Programme, plan: uuid.UUID) -> dict[str, Any]:
    return activity(f"{BASE}plans/{plan}", "plan", f"{programme.title}: transfer plan")


def _task(programme: Programme, key: str, title: str) -> dict[str, Any]:
    return activity(f"{programme.iri}/tasks/{key}", "task", title)


def committed(act: Act, *, plan: uuid.UUID, task: str, task_title: str, due_at: datetime) -> Statement:
    """The learner committed to a transfer plan. Its text stays in the tool: a record store
    holds no free text about work."""
    extensions = {"due_date": text_of(due_at)}
    return _statement(act, "committed", _plan(act.programme, plan), grouping=[_task(act.programme, task, task_title)], extensions=extensions)


def applied(act: Act, *, plan: uuid.UUID, task: str, task_title: str, evidence_grade: int) -> Statement:
    """The learner used the skill on the job; evidence grade 1 is the learner's own
    statement."""
    extensions = {"evidence_grade": evidence_grade}
    return _statement(act, "applied", _task(act.programme, task, task_title), parent=_plan(act.programme, plan), extensions=extensions)


def protocol_activity(programme: Programme, episode: uuid.UUID | None, act: str) -> dict[str, Any]:
    """The activity of an act due besides the checks: plan, exercise, exercise review, case
    study, feedback, behaviour assessment, follow-up."""
    assert episode is not None
    if act == "plan":
        return _plan(programme, plan_id(episode))
    kind = {"exercise review": "review", "feedback": "review"}.get(act, act)
    return activity(f"{BASE}episodes/{episode}/{act.replace(' ', '-')}", kind, f"{programme.title}: {act}")


# What a review responds to: its parent in statements, which distinguishes the response to an
# exercise from feedback on a case study.
_ANSWERED = {"exercise review": "exercise", "feedback": "case study"}


def _parent(act: Act, name: str) -> dict[str, Any] | None:
    return protocol_activity(act.programme, act.episode, _ANSWERED[name]) if name in _ANSWERED else None


def plan_id(episode: uuid.UUID) -> uuid.UUID:
    """The id of an episode's plan, which is known before the plan is written."""
    return uuid.uuid5(episode, "plan")


def act_scheduled(act: Act, name: str, *, due_at: datetime) -> Statement:
    """An act other than a check is due at ``due_at``."""
    obj = protocol_activity(act.programme, act.episode, name)
    return _statement(act, "scheduled", obj, parent=_parent(act, name), extensions={"due_date": text_of(due_at)})


def suspended(act: Act, until: datetime | None) -> Statement:
    """A pause starts at ``act.at``: nothing is due while it lasts."""
    extensions = {"until": text_of(until)} if until else None
    return _statement(act, "suspended", activity(act.programme.iri, "programme", act.programme.title), extensions=extensions)


def resumed(act: Act) -> Statement:
    """A pause ends at ``act.at``."""
    return _statement(act, "resumed", activity(act.programme.iri, "programme", act.programme.title))


def left(act: Act) -> Statement:
    """The learner leaves the audience."""
    return _statement(act, "unregistered", activity(act.programme.iri, "programme", act.programme.title))


def mapped(act: Act, *, task: str, task_title: str, competency: str, competency_title: str) -> Statement:
    """The learner named a task of his or her own job for a competency."""
    named = activity(f"{act.programme.iri}/competencies/{competency}", "competency", competency_title)
    return _statement(act, "mapped", _task(act.programme, task, task_title), grouping=[named])


def revised(act: Act, *, plan: uuid.UUID, task: str, task_title: str, due_at: datetime) -> Statement:
    """The learner revised the plan."""
    extensions = {"due_date": text_of(due_at)}
    return _statement(act, "updated", _plan(act.programme, plan), grouping=[_task(act.programme, task, task_title)], extensions=extensions)


def handed_in(act: Act, name: str) -> Statement:
    """The learner submitted the exercise or the case study. Its text and files stay in the
    tool."""
    return _statement(act, "submitted", protocol_activity(act.programme, act.episode, name))


def reviewed(act: Act, name: str, *, reviewer: uuid.UUID, relation: str) -> Statement:
    """``reviewer`` reviewed a submission; ``name`` is exercise review or feedback."""
    obj = protocol_activity(act.programme, act.episode, name)
    by_whom = account(act.installation, reviewer)
    return _statement(act, "reviewed", obj, parent=_parent(act, name), extensions={"relation": relation}, instructor=by_whom)


def confirmed(act: Act, *, plan: uuid.UUID, task: str, task_title: str, evidence_grade: int, by: uuid.UUID, relation: str) -> Statement:
    """Somebody else confirms that the learner used the skill on the job."""
    extensions = {"evidence_grade": evidence_grade, "relation": relation}
    parent, by_whom = _plan(act.programme, plan), account(act.installation, by)
    return _statement(act, "confirmed", _task(act.programme, task, task_title), parent=parent, extensions=extensions, instructor=by_whom)


def had_no_opportunity(act: Act) -> Statement:
    """The learner had no opportunity to use the skill."""
    assert act.episode is not None
    return _statement(act, "had-no-opportunity", _plan(act.programme, plan_id(act.episode)))


def followed_up(act: Act, *, still_used: bool, by: uuid.UUID, relation: str) -> Statement:
    """The learner or the supervisor answered the follow-up."""
    obj = protocol_activity(act.programme, act.episode, "follow-up")
    return _statement(
        act, "responded", obj, result={"success": still_used}, extensions={"relation": relation}, instructor=account(act.installation, by)
    )


@dataclass(frozen=True)
class Assessment:
    """An assessment of somebody's work by a rubric with ``levels`` levels; ``scores`` holds
    (criterion, competency, level from 1 up) of the criteria that were observed.

    ``bar``: the lowest level that counts as competent.
    """

    levels: int
    scores: Sequence[tuple[str, str, int]]
    bar: int

    @property
    def result(self) -> dict[str, Any]:
        """A statement's result: the mean level, and the level of each criterion."""
        mean = sum(level for _, _, level in self.scores) / len(self.scores)
        told = [
            {"criterion": criterion, "competency": competency, "level": level, "reached": level >= self.bar}
            for criterion, competency, level in self.scores
        ]
        score = {"scaled": (mean - 1) / (self.levels - 1), "raw": mean, "min": 1, "max": self.levels}
        return {"score": score, "success": all(one["reached"] for one in told), "extensions": {EXTENSIONS["rubric_scores"]: told}}


def assessed(act: Act, assessment: Assessment, *, titles: Mapping[str, str], by: uuid.UUID, relation: str, method: str, planned: bool) -> Statement:
    """``by`` assessed the learner's work. ``titles`` names the competencies; ``method`` is
    empty where learners assess themselves.

    ``planned``: this is the scheduled assessment, and completes it; any other one has an
    activity of its own.
    """
    named = {competency for _, competency, _ in assessment.scores}
    grouping = [activity(f"{act.programme.iri}/competencies/{one}", "competency", titles[one]) for one in titles if one in named]
    extensions = {"relation": relation, **({"method": method} if method else {})}
    obj = protocol_activity(act.programme, act.episode, "behaviour assessment")
    obj = obj if planned else {**obj, "id": f"{obj['id']}/on-request"}
    by_whom = account(act.installation, by)
    return _statement(act, "assessed", obj, result=assessment.result, grouping=grouping, extensions=extensions, instructor=by_whom)


def calibrated(act: Act, assessment: Assessment, *, case: str, title: str) -> Statement:
    """A rater assessed a described piece of work. ``act.learner`` is the rater, and the act
    belongs to no episode."""
    obj = activity(f"{act.programme.iri}/cases/{case}", "calibration case", title)
    return _statement(act, "assessed", obj, result=assessment.result, instructor=account(act.installation, act.learner))


def _meeting(act: Act, group: uuid.UUID, number: int) -> dict[str, Any]:
    return activity(f"{BASE}groups/{group}/meetings/{number}", "meeting", f"{act.programme.title}: meeting {number}")


def meeting_scheduled(act: Act, *, group: uuid.UUID, number: int, at: datetime) -> Statement:
    """A meeting of the learner's coaching group is planned for ``at``."""
    return _statement(act, "scheduled", _meeting(act, group, number), extensions={"due_date": text_of(at)})


def meeting_held(act: Act, *, group: uuid.UUID, number: int) -> Statement:
    """The meeting took place; ``act`` belongs to the person who recorded it."""
    return _statement(act, "held", _meeting(act, group, number))


def attended(act: Act, *, group: uuid.UUID, number: int) -> Statement:
    """The learner attended the meeting."""
    return _statement(act, "attended", _meeting(act, group, number))


def action_closed(act: Act, *, action: uuid.UUID) -> Statement:
    """The learner completed an agreed action. Its text stays in the tool."""
    return _statement(act, "closed", activity(f"{BASE}actions/{action}", "action", f"{act.programme.title}: agreed action"))


def commented(act: Act, *, item: str, stem: str, competency: str, competency_title: str) -> Statement:
    """The learner reported a question as wrong or unclear. The text stays in the tool."""
    named = activity(f"{act.programme.iri}/competencies/{competency}", "competency", competency_title)
    return _statement(act, "commented", activity(f"{act.programme.iri}/items/{item}", "item", stem), grouping=[named])


def logged_in(act: Act) -> Statement:
    """Somebody opened the tool."""
    return _statement(act, "logged-in", activity(act.programme.iri, "programme", act.programme.title))


def report_viewed(act: Act, report: str) -> Statement:
    """Somebody viewed a page of figures; ``report`` names it."""
    return _statement(act, "viewed", activity(f"{act.programme.iri}/reports/{report}", "report", f"{act.programme.title}: {report}"))


def nudge_received(act: Act, *, nudge: int, kind: str) -> Statement:
    """A reminder or a request was mailed. Its text stays in the tool."""
    return _nudge(act, "received", nudge, kind)


def nudge_opened(act: Act, *, nudge: int, kind: str) -> Statement:
    """Somebody followed the mail's link. There is no tracking picture to count views: mail
    programs fetch pictures on their own."""
    return _nudge(act, "opened", nudge, kind)


def _nudge(act: Act, verb: str, nudge: int, kind: str) -> Statement:
    iri = f"{BASE}installations/{act.installation}/nudges/{act.tenant}-{nudge}"
    return _statement(act, verb, activity(iri, "nudge", f"{act.programme.title}: {kind}"), extensions={"nudge": kind})


def voided(act: Act, statement: uuid.UUID) -> Statement:
    """Withdraw a statement of ours that is no longer valid."""
    return _statement(act, "voided", {"objectType": "StatementRef", "id": str(statement)})
