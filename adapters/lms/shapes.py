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
    VISITOR = "visitor"  # runs the LMS, and has no part in the course

    @property
    def strength(self) -> int:
        """0 is the strongest."""
        return list(Role).index(self)


class Message(StrEnum):
    """What an LMS asks for when it opens the tool: the messages of LTI 1.3 that we answer."""

    RESOURCE = "LtiResourceLinkRequest"
    DEEP_LINK = "LtiDeepLinkingRequest"
    REVIEW = "LtiSubmissionReviewRequest"


class LaunchRefused(Exception):
    """The claims are no launch that can be served; the text is for a teacher."""


@dataclass(frozen=True)
class DeepLinking:
    """What the LMS lets a teacher choose, and where the choice goes. ``data_json`` is an opaque value as JSON, given
    back as it came (Deep Linking 2.0, 4.4.1), or None."""

    return_url: str
    takes_links: bool
    several: bool
    takes_line_items: bool
    data_json: str | None


@dataclass(frozen=True)
class Launch:
    """A launch in our words. Texts that the LMS left out are empty.

    ``sourced_id`` is the organisation's id of the person: by the claim lis, or (``sourced_by_parameter``) by the custom parameter person_id,
    which whoever sets an activity up may have typed.

    ``role`` is the one in the course. ``administers`` says that the person runs the LMS; it makes nobody a teacher.
    """

    message: Message
    subject: str
    role: Role
    administers: bool
    is_test_user: bool
    deployment_id: str
    target_link_uri: str
    resource_link_id: str
    resource_link_title: str
    context_id: str
    context_title: str
    context_history: tuple[str, ...]
    name: str
    email: str
    sourced_id: str
    sourced_by_parameter: bool
    locale: str
    return_url: str
    line_item_url: str
    line_items_url: str
    scopes: frozenset[str]
    memberships_url: str
    custom: Mapping[str, str]
    product_family: str
    deep_linking: DeepLinking | None
    review_of: str


@dataclass(frozen=True)
class Grade:
    """A result for the gradebook: 0 ≤ ``score`` ≤ ``maximum``; ``at`` grows with every grade of a person.

    ``first`` says that nothing was sent for this act before; ``submission_url`` opens it again for who grades.
    """

    subject: str
    score: float
    maximum: float
    at: datetime
    comment: str = ""
    first: bool = True
    submission_url: str = ""


@dataclass(frozen=True)
class Result:
    """What the gradebook holds of a person: None where it holds no score."""

    score: float | None
    maximum: float | None


@dataclass(frozen=True)
class LineItem:
    """A column of the gradebook; ``url`` is empty while the LMS does not know it."""

    label: str
    maximum: float
    resource_id: str
    tag: str
    url: str = ""
    resource_link_id: str = ""


@dataclass(frozen=True)
class Member:
    """A person of a course's roster."""

    subject: str
    role: Role
    active: bool
    name: str
    email: str
    sourced_id: str = ""


@dataclass(frozen=True)
class Request:
    """What to send to the LMS."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Verdict(StrEnum):
    """What an answer to a request means for its sender."""

    TAKEN = "taken"
    AS_NEW_THERE = "as new there"  # the gradebook holds something that is not older
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True)
class Outcome:
    """A verdict, the LMS's reason with what a teacher can do, and how long the LMS wants to be left alone (seconds, or None)."""

    verdict: Verdict
    words: str
    wait_seconds: int | None = None


@dataclass(frozen=True)
class ContentItem:
    """One thing a teacher chose for the course. Dates are instants; ``line_item`` asks for a column of its own."""

    title: str
    text: str
    custom: Mapping[str, str]
    line_item: LineItem | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True)
class ToolFacts:
    """What an LMS has to know of this tool. ``base_url`` is its public address, without a slash at the end."""

    base_url: str
    name: str
    description: str

    @property
    def launch_url(self) -> str:
        """Tool URL, target link URI and redirect URI."""
        return f"{self.base_url}/lti/launch"

    @property
    def login_url(self) -> str:
        """Initiate login URL."""
        return f"{self.base_url}/lti/login"

    @property
    def key_set_url(self) -> str:
        """Public keyset URL."""
        return f"{self.base_url}/lti/jwks.json"

    @property
    def icon_url(self) -> str:
        """A square picture of the tool."""
        return f"{self.base_url}/static/icon.svg"


@dataclass(frozen=True)
class Registered:
    """What an LMS answered to a registration. ``deployment_id`` is empty where one appears only with the first launch."""

    client_id: str
    deployment_id: str
    scopes: tuple[str, ...]
