"""Programmes: what a certification is followed up with. An immutable document per version.

The document is the author's file, checked as a whole before it is kept.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from sqlalchemy import Connection

from adapters import xapi
from lrs.ground.database import UnitOfWork
from lrs.ground.errors import BadInput
from lrs.vocabulary import INTERVALS
from lti_tool.store import learning

ITEMS_PER_CHECK = 5  # domain, C1: at most 5 questions, 5 minutes


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A choice with what is said to whoever takes it."""

    key: str
    text: str
    feedback: str


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario question with one right choice. ``pool``: checks measure, practice never does."""

    key: str
    competency: str
    pool: Literal["check", "practice"]
    critical: bool
    stem: str
    correct: str
    choices: list[Choice]


class Competency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something the certification certifies."""

    key: str
    title: str


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A task of the job on which a competency shows."""

    key: str
    title: str
    competency: str


class Programme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a programme."""

    key: str
    version: int
    title: str
    pass_mark: float
    competencies: list[Competency]
    tasks: list[Task]
    items: list[Item]

    def item(self, key: str) -> Item:
        """An item of this version."""
        return next(item for item in self.items if item.key == key)

    def competency_title(self, key: str) -> str:
        """The words for a competency."""
        return next(one.title for one in self.competencies if one.key == key)

    def task_title(self, key: str) -> str | None:
        """The words for a task, or None when it is none of this version's."""
        return next((task.title for task in self.tasks if task.key == key), None)

    def for_statements(self) -> xapi.Programme:
        """As statements name it."""
        return xapi.Programme(self.key, self.title, str(self.version))


def checked(document: dict[str, Any]) -> Programme:
    """The programme of a document; BadInput names what is wrong with it."""
    try:
        programme = msgspec.convert(document, Programme)
    except msgspec.ValidationError as error:
        raise BadInput(f"The programme's file is not as it should be: {error}") from None
    competencies = {one.key for one in programme.competencies}
    for task in programme.tasks:
        if task.competency not in competencies:
            raise BadInput(f"Task {task.key} belongs to the unknown competency {task.competency}.")
    keys = [item.key for item in programme.items]
    for item in programme.items:
        choices = [choice.key for choice in item.choices]
        if keys.count(item.key) > 1:
            raise BadInput(f"Two items have the key {item.key}.")
        if item.competency not in competencies:
            raise BadInput(f"Item {item.key} belongs to the unknown competency {item.competency}.")
        if item.correct not in choices or len(set(choices)) != len(choices) or len(choices) < 2:
            raise BadInput(f"Item {item.key} needs at least two choices with keys of their own, one of them the right one.")
    in_checks = sum(item.pool == "check" for item in programme.items)
    needed = ITEMS_PER_CHECK * len(INTERVALS)
    if in_checks < needed:
        raise BadInput(f"The bank holds {in_checks} of the {needed} items that the checks need.")
    return programme


def keep(unit_of_work: UnitOfWork, *, tenant_id: int, document: dict[str, Any]) -> Programme:
    """Keep a version of a programme for a tenant."""
    programme = checked(document)
    with unit_of_work(tenant_id) as connection:
        learning.keep_programme(connection, tenant_id, programme.key, programme.version, document)
    return programme


def load(connection: Connection, tenant_id: int, key: str, version: int) -> Programme:
    """A version that is known to exist."""
    return msgspec.convert(learning.programme_document(connection, tenant_id, key, version), Programme)
