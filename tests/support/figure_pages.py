"""Whoever reads figures in the tool, and the people whom they are of."""

from __future__ import annotations

from tests.support.learners import Person
from tests.support.listed_people import grant
from tests.support.tool import Tool

TEACHER = "launch-resource-teacher"


def answered(team: str, days_ago: float, right: bool = True, **audience: str) -> Person:
    """Somebody who answered the first two checks."""
    person = Person(team, certified_days_ago=days_ago, **audience)
    return person.check("1d", 1, [True, right]).check("1w", 7, [right])


def launched(tool: Tool, role: str) -> str:
    """The pages of somebody to whom this role was given."""
    tool.launch(TEACHER)
    grant(tool, role)
    return tool.launch(TEACHER).location
