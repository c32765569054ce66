"""Data types exchanged between an LMS and the tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.messages import Message, MessageError


class Role(StrEnum):
    """A person's role in this course, the strongest first (see :attr:`strength`)."""

    TEACHER = "teacher"
    MENTOR = "mentor"
    LEARNER = "learner"
    DESIGNER = "designer"  # Builds the course, and takes no part in it.
    # Administers the LMS, and has no role in the course; or teaches it and looks as a learner.
    VISITOR = "visitor"

    @property
    def strength(self) -> int:
        """0 is the strongest."""
        return list(Role).index(self)

    @property
    def takes_part(self) -> bool:
        """Whether it makes somebody one of the course's people."""
        return self not in (Role.DESIGNER, Role.VISITOR)

    @property
    def chooses_content(self) -> bool:
        """Whether somebody with it may choose content for the course."""
        return self in (Role.TEACHER, Role.DESIGNER)


class MessageType(StrEnum):
    """LTI 1.3 message types that the tool answers."""

    RESOURCE = "LtiResourceLinkRequest"
    DEEP_LINK = "LtiDeepLinkingRequest"
    REVIEW = "LtiSubmissionReviewRequest"


class LaunchRefused(MessageError):
    """The claims are not a launch that can be served; the message is for a teacher."""


class NobodyNamed(LaunchRefused):
    """The launch does not say who launches: whoever does may not have signed in."""


@dataclass(frozen=True)
class DeepLinkingSettings:
    """Deep linking settings: what a teacher may choose, and where the choice is returned.
    ``data_json`` is an opaque value as JSON, returned unchanged (Deep Linking 2.0, 4.4.1), or
    None."""

    return_url: str
    takes_links: bool
    several: bool
    takes_line_items: bool
    data_json: str | None


@dataclass(frozen=True)
class Launch:
    """A launch in our data model. Texts that the LMS left out are empty.

    ``sourced_id`` is the organisation's id of the person: from the claim lis, or
    (``sourced_id_from_custom``) from the custom parameter person_id, which may have been typed by
    whoever set up the activity.

    ``term``: the name of the course's term, or else the month in which it begins.

    ``role`` is the role in the course. ``administers`` says that the person administers the
    LMS; it does not make anybody a teacher. ``missing_parameter``: the custom parameter
    (name=variable) for want of which that is not said of an administrator of something in it.
    """

    message: MessageType
    subject: str
    role: Role
    administers: bool
    missing_parameter: str
    is_test_user: bool
    deployment_id: str
    target_link_uri: str
    resource_link_id: str
    resource_link_title: str
    context_id: str
    context_title: str
    context_history: tuple[str, ...]
    term: str
    name: str
    email: str
    sourced_id: str
    sourced_id_from_custom: bool
    locale: str
    return_url: str
    line_item_url: str
    line_items_url: str
    scopes: frozenset[str]
    memberships_url: str
    groups_url: str
    custom: Mapping[str, str]
    product_family: str
    deep_linking: DeepLinkingSettings | None
    review_of: str

    @property
    def may_administer(self) -> bool:
        """Whether the person administers the LMS, or something in it that the LMS does not tell."""
        return self.administers or bool(self.missing_parameter)


@dataclass(frozen=True)
class Grade:
    """A grade for the gradebook: 0 ≤ ``score`` ≤ ``maximum``; ``at`` increases with every grade
    of a person.

    ``first`` says that nothing was sent for this act before; ``submission_url`` opens the
    submission again for the grader.
    """

    subject: str
    score: float
    maximum: float
    at: datetime
    comment: str = ""
    first: bool = True
    submission_url: str = ""


@dataclass(frozen=True)
class GradebookResult:
    """A person's result in the gradebook; None where it holds no score."""

    score: float | None
    maximum: float | None


@dataclass(frozen=True)
class LineItem:
    """A gradebook column; ``url`` is empty until the LMS has created it. ``starts`` and ``ends``:
    times as the LMS writes them, empty where it names none."""

    label: str
    maximum: float
    resource_id: str
    tag: str
    url: str = ""
    resource_link_id: str = ""
    starts: str = ""
    ends: str = ""


@dataclass(frozen=True)
class RosterMember:
    """A person on a course's roster; ``group_ids``: the groups of the course that it says the
    person is in."""

    subject: str
    role: Role
    active: bool
    name: str
    email: str
    sourced_id: str = ""
    group_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class CourseGroup:
    """A group of a course, as the LMS lists it."""

    id: str
    name: str


@dataclass(frozen=True)
class LmsRequest:
    """A request to send to the LMS."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class ResponseVerdict(StrEnum):
    """How the sender of a request has to treat the response."""

    ACCEPTED = "taken"
    NOT_NEWER = "as new there"  # The gradebook holds a grade that is at least as new.
    RETRY_LATER = "later"
    REJECTED = "never"


@dataclass(frozen=True)
class ResponseOutcome:
    """A verdict, the LMS's reason with advice for a teacher, and how long the LMS asks us to
    wait (seconds, or None)."""

    verdict: ResponseVerdict
    words: Message
    wait_seconds: int | None = None


@dataclass(frozen=True)
class ContentItem:
    """A content item that a teacher chose for the course. Dates are instants; ``line_item``
    requests a gradebook column for it."""

    title: str
    text: str
    custom: Mapping[str, str]
    line_item: LineItem | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True)
class ToolFacts:
    """What an LMS needs to know about this tool. ``base_url`` is its public URL, without a
    trailing slash."""

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
        """A square icon of the tool."""
        return f"{self.base_url}/static/icon.svg"


@dataclass(frozen=True)
class RegistrationResponse:
    """The LMS's response to a registration. ``deployment_id`` is empty if it only arrives with
    the first launch. ``management_url``: where the tool may look at its registration and change it
    (registration_client_uri, RFC 7592, 3), ``management_token`` the token for it; empty where the
    LMS names none."""

    client_id: str
    deployment_id: str
    scopes: tuple[str, ...]
    management_url: str = ""
    management_token: str = ""
