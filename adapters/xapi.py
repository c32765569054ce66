"""Our acts as statements, built with tincan (xAPI 1.0.3) and given as final bytes.

An :class:`Act` names who did what, in which episode of which programme; the functions below know the shape of each verb.
The statement's id is UUIDv5 of (installation, tenant, act, revision, verb), so that sending it again is harmless.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import tincan

from lrs.ground.clock import text_of
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
    """What every statement shares. ``name`` is unique for the act within the tenant; ``revision`` counts corrections."""

    installation: uuid.UUID
    tenant: str
    name: str
    learner: uuid.UUID
    episode: uuid.UUID
    programme: Programme
    at: datetime
    audience: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1


@dataclass(frozen=True)
class Statement:
    """Final bytes and their id."""

    id: uuid.UUID
    payload: bytes


def statement_id(act: Act, verb: str) -> uuid.UUID:
    """The same act gives the same id, on every machine and at every try."""
    return uuid.uuid5(act.installation, "|".join((act.tenant, act.name, str(act.revision), verb)))


def account(installation: uuid.UUID, learner: uuid.UUID) -> dict[str, Any]:
    """A person as the record store knows them: a pseudonymous account."""
    return {"objectType": "Agent", "account": {"homePage": f"{BASE}installations/{installation}", "name": str(learner)}}


def activity(iri: str, kind: str, name: str, **definition: Any) -> dict[str, Any]:
    """An activity with its type and its name."""
    return {"objectType": "Activity", "id": iri, "definition": {"type": ACTIVITY_TYPES[kind], "name": {LANGUAGE: name}, **definition}}


def check_iri(programme: Programme, interval: str) -> str:
    """The check of an interval."""
    return f"{programme.iri}/checks/{interval}"


def duration_text(length: timedelta) -> str:
    """ISO 8601, to hundredths of a second (xAPI-Data 4.6)."""
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
            "registration": str(act.episode),
            "contextActivities": activities,
            "extensions": {EXTENSIONS[name]: given for name, given in named.items()},
        },
        "timestamp": text_of(act.at),
        "version": "1.0.3",
    }
    if result:
        value["result"] = result
    # tincan changes the dictionary it is given; this one is ours alone.
    return Statement(statement_id(act, verb), tincan.Statement(value).to_json(tincan.Version.latest).encode())


def registered(act: Act) -> Statement:
    """The learner enters the programme's audience."""
    return _statement(act, "registered", activity(act.programme.iri, "programme", act.programme.title))


def certified(act: Act) -> Statement:
    """The anchor of all that is measured: ``act.at`` is the moment of certification."""
    return _statement(act, "certified", activity(f"{act.programme.iri}/certification", "certification", act.programme.title))


def _check(programme: Programme, interval: str, label: str) -> dict[str, Any]:
    return activity(check_iri(programme, interval), "check", f"{programme.title}: check after {label}")


def scheduled(act: Act, *, interval: str, label: str, due_at: datetime) -> Statement:
    """A check is due at ``due_at``."""
    extensions = {"due_date": text_of(due_at), "interval": interval, "kind": "check"}
    return _statement(act, "scheduled", _check(act.programme, interval, label), extensions=extensions)


def attempted(act: Act, *, interval: str, label: str, kind: str) -> Statement:
    """A check was begun."""
    return _statement(act, "attempted", _check(act.programme, interval, label), extensions={"interval": interval, "kind": kind})


@dataclass(frozen=True)
class Item:
    """A question as statements name it."""

    key: str
    stem: str
    choices: Sequence[tuple[str, str]]
    correct: str
    competency: str
    competency_title: str


def answered(act: Act, *, interval: str, label: str, kind: str, item: Item, response: str, success: bool, took: timedelta | None) -> Statement:
    """One question of a check was answered."""
    competency = activity(f"{act.programme.iri}/competencies/{item.competency}", "competency", item.competency_title)
    obj = activity(
        f"{act.programme.iri}/items/{item.key}",
        "item",
        item.stem,
        interactionType="choice",
        correctResponsesPattern=[item.correct],
        choices=[{"id": key, "description": {LANGUAGE: words}} for key, words in item.choices],
    )
    result: dict[str, Any] = {"success": success, "response": response}
    if took is not None:
        result["duration"] = duration_text(took)
    extensions = {"interval": interval, "kind": kind}
    parent = _check(act.programme, interval, label)
    return _statement(act, "answered", obj, result=result, parent=parent, grouping=[competency], extensions=extensions)


def finished(act: Act, *, interval: str, label: str, kind: str, right: int, asked: int, passed: bool, took: timedelta | None) -> Statement:
    """A check was finished: ``passed`` or ``failed``, with its score."""
    result: dict[str, Any] = {
        "score": {"scaled": right / asked, "raw": right, "min": 0, "max": asked},
        "success": passed,
        "completion": True,
    }
    if took is not None:
        result["duration"] = duration_text(took)
    extensions = {"interval": interval, "kind": kind}
    return _statement(act, "passed" if passed else "failed", _check(act.programme, interval, label), result=result, extensions=extensions)


def _plan(programme: Programme, plan: uuid.UUID) -> dict[str, Any]:
    return activity(f"{BASE}plans/{plan}", "plan", f"{programme.title}: transfer plan")


def _task(programme: Programme, key: str, title: str) -> dict[str, Any]:
    return activity(f"{programme.iri}/tasks/{key}", "task", title)


def committed(act: Act, *, plan: uuid.UUID, task: str, task_title: str, due_at: datetime) -> Statement:
    """The learner committed to a transfer plan. Its words stay in the tool: a record store holds no free text about work."""
    extensions = {"due_date": text_of(due_at)}
    return _statement(act, "committed", _plan(act.programme, plan), grouping=[_task(act.programme, task, task_title)], extensions=extensions)


def applied(act: Act, *, plan: uuid.UUID, task: str, task_title: str, evidence_grade: int) -> Statement:
    """The learner used the skill on the job; grade 1 is the learner's own word."""
    extensions = {"evidence_grade": evidence_grade}
    return _statement(act, "applied", _task(act.programme, task, task_title), parent=_plan(act.programme, plan), extensions=extensions)
