"""The shapes that cross from an LMS into the tool and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person is in this course. Strongest first in the order of :attr:`strength`."""

    ADMIN = "admin"
    TEACHER = "teacher"
    MENTOR = "mentor"
    LEARNER = "learner"

    @property
    def strength(self) -> int:
        """0 is the strongest."""
        return list(Role).index(self)


class LaunchRefused(Exception):
    """The claims are no launch that can be served; the text is for a teacher."""


@dataclass(frozen=True)
class Launch:
    """A launch in our words. Texts that the LMS left out are empty."""

    subject: str
    role: Role
    deployment_id: str
    target_link_uri: str
    resource_link_id: str
    resource_link_title: str
    context_id: str
    context_title: str
    name: str
    email: str
    locale: str
    return_url: str
    line_item_url: str
    can_send_scores: bool
    custom: Mapping[str, str]


@dataclass(frozen=True)
class Grade:
    """A result for the gradebook: 0 ≤ ``score`` ≤ ``maximum``; ``at`` grows with every grade of a person."""

    subject: str
    score: float
    maximum: float
    at: datetime
    comment: str = ""


@dataclass(frozen=True)
class GradeRequest:
    """What to send to the LMS."""

    url: str
    headers: Mapping[str, str]
    body: bytes
