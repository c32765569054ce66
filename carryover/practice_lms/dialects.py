"""The products that the practice LMS can play: what each sends and answers where they differ, as
docs/lms describes them with their sources. The views ask this table and know no product.

Where a source says nothing, a product answers as the practice LMS does by itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from carryover.practice_lms.people import (
    ADMINISTRATOR,
    COURSE_GROUPS,
    COURSE_ID,
    COURSE_LABEL,
    COURSE_TITLE,
    DESIGNER,
    EVERYBODY,
    LEARNER,
    MENTOR,
    NAME_CLAIMS,
    TEACHER,
    Person,
)

_LIS = "http://purl.imsglobal.org/vocab/lis/v2/"
_COURSE, _INSTITUTION, _SYSTEM = (
    f"{_LIS}membership#",
    f"{_LIS}institution/person#",
    f"{_LIS}system/person#",
)
_OFFERING = f"{_LIS}course#CourseOffering"
_TENANT = "5d6c7b8a-1122-4333-8444-955566667777"  # of the D2L that is played
_RECORD_ID = f"SIS-{COURSE_LABEL}"
Roles = Mapping[str, tuple[str, ...]]  # by what somebody does in the course


@dataclass(frozen=True)
class Answer:
    """What a service answers. ``$names`` in the text are filled in; a refusal without a text gets
    the body that this LMS gives to all refusals.
    """

    status: int
    text: str = ""
    reason: str = ""


@dataclass(frozen=True)
class RosterPage:
    """The people from ``start`` on, ``limit`` of ``total``."""

    start: int
    limit: int
    total: int

    @property
    def following(self) -> int | None:
        """Where the next page starts; None on the last one."""
        after = self.start + self.limit
        return after if after < self.total else None


def _next_while_there_is_one(page: RosterPage) -> dict[str, int]:
    return {} if page.following is None else {"next": page.following}


def _canvas_relations(page: RosterPage) -> dict[str, int]:
    last = (max(page.total, 1) - 1) // page.limit * page.limit
    return {"current": page.start, **_next_while_there_is_one(page), "first": 0, "last": last}


def _last_page_repeats_itself(page: RosterPage) -> dict[str, int]:
    return {"next": page.start if page.following is None else page.following}


def _next_is_the_first_page(page: RosterPage) -> dict[str, int]:
    return {} if page.following is None else {"next": 0}


@dataclass(frozen=True)
class Paging:
    """How a roster comes in pages: the query parameters, whether ``place`` counts pages (from 1)
    or people (from 0), the size of a page (0: everybody) and the relations of the Link header.
    """

    limit: str = "limit"
    place: str = "from"
    counts_pages: bool = False
    size: int = 0
    relations: Callable[[RosterPage], dict[str, int]] = _next_while_there_is_one


@dataclass(frozen=True)
class Groups:
    """How a product offers the groups of a course: their address below this LMS, the one that its
    Link header and the list's id name instead (by default the same), and that of their sets (empty:
    none); what a group's ``tag`` is; whether a roster tells who is in which group without being
    asked (``groups=true``), and whether it does so too of who is in none; whether the OpenID
    configuration names the scope.
    """

    path: str
    named_path: str = ""
    sets_path: str = ""
    tag: str = ""
    unasked: bool = False
    tells_none: bool = True
    set_name: str = "Practice groups"
    scope_is_named: bool = False


def _same_second_or_earlier(before: datetime, sent: datetime) -> bool:
    return int(sent.timestamp()) <= int(before.timestamp())


def _earlier(before: datetime, sent: datetime) -> bool:
    return sent < before


def _same_or_earlier(before: datetime, sent: datetime) -> bool:
    return sent <= before


@dataclass(frozen=True)
class Scores:
    """How scores are answered; ``not_newer`` None: a score that is not newer is accepted."""

    accepted: Answer = Answer(200)
    not_newer: Answer | None = Answer(
        409, reason="Refusing score with an earlier timestamp for item $item and user $user"
    )
    is_late: Callable[[datetime, datetime], bool] = _same_second_or_earlier


def _plain_number(number: str, server: str) -> str:
    return number


def _uuid_of(product: str, number: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"https://{product}.example/user/{number}")


def _own_record_id(person: Person) -> str:
    return person.sourced_id


def _login_name(person: Person) -> str:
    return person.key


def _no_variables(person: Person) -> Mapping[str, Any]:
    return {}


def _canvas_variables(person: Person) -> Mapping[str, Any]:
    """docs/lms/canvas.md: true or false, no text."""
    return {"$Canvas.user.isRootAccountAdmin": person.part == ADMINISTRATOR}


@dataclass(frozen=True)
class Dialect:
    """One product. ``subject`` makes a person's id from their number here and this LMS's address;
    ``sourced_id`` is their id in the claim ``lis`` (None: not sent), which is ``unfilled`` if they
    have none. Who has no launch role is not in the course, who has no member role not in the
    roster. ``variables`` are those that this product alone fills in.
    """

    key: str
    label: str
    product_family_code: str
    launch_roles: Roles
    member_roles: Roles
    platform_facts: Mapping[str, str] = field(default_factory=dict)
    subject: Callable[[str, str], str] = _plain_number
    context: Mapping[str, Any] = field(default_factory=dict)
    shared_claims: frozenset[str] = frozenset((*NAME_CLAIMS, "email"))
    sourced_id: Callable[[Person], str] | None = _own_record_id
    unfilled: str = ""
    course_in_lis: Mapping[str, str] = field(default_factory=dict)
    sends_data: bool = True
    return_has_query: bool = True
    accepts_multiple: bool = True
    id_token_seconds: int = 3_600
    scores: Scores = Scores()
    line_item_created: int = 201
    paging: Paging = Paging()
    groups: Groups | None = None
    token_refusal: Answer = Answer(401, reason="Unauthorized")
    variables: Callable[[Person], Mapping[str, Any]] = _no_variables

    @property
    def people(self) -> list[Person]:
        """Who is in the course."""
        return [person for person in EVERYBODY.values() if person.part in self.launch_roles]

    @property
    def members(self) -> list[Person]:
        """Who is in the roster."""
        return [person for person in self.people if person.part in self.member_roles]

    def group_id(self, name: str) -> str:
        """A group's id in this product."""
        return str(_uuid_of(f"{self.key}-group", name))

    def group_enrollments(self, person: Person, asked: bool) -> dict[str, list[dict[str, str]]]:
        """What the roster tells of the groups of a person; ``asked``: by groups=true."""
        if self.groups is None or not (asked or self.groups.unasked):
            return {}
        found = [
            {"group_id": self.group_id(name)}
            for name, keys in COURSE_GROUPS.items()
            if person.key in keys
        ]
        return {"group_enrollments": found} if found or self.groups.tells_none else {}

    def tool_platform(self) -> dict[str, str]:
        """The claim of this name; empty if the product says nothing of itself."""
        code = self.product_family_code
        return {**({"product_family_code": code} if code else {}), **self.platform_facts}

    def lis(self, person: Person) -> dict[str, str]:
        """The claim of this name; empty if the product does not send it."""
        own = (
            {"person_sourcedid": self.sourced_id(person) or self.unfilled}
            if self.sourced_id
            else {}
        )
        return {**own, **self.course_in_lis}

    def member_record(self, person: Person) -> dict[str, str]:
        """A person's id in the roster."""
        if self.sourced_id is None or (self.unfilled and not self.sourced_id(person)):
            return {}
        return {"lis_person_sourcedid": self.sourced_id(person)}


def _course(id_: str, *types: str, label: str | None = COURSE_LABEL) -> dict[str, Any]:
    labelled = {} if label is None else {"label": label}
    typed = {"type": list(types)} if types else {}
    return {"id": id_, **labelled, "title": COURSE_TITLE, **typed}


def _course_roles(**more: str) -> dict[str, tuple[str, ...]]:
    """The roles of the course alone, in full, as most products give them in rosters."""
    parts = {LEARNER: LEARNER, TEACHER: TEACHER, **more}
    return {part: (f"{_COURSE}{role}",) for part, role in parts.items()}


_MOODLE_ROLES: Roles = {
    **_course_roles(),
    ADMINISTRATOR: (
        f"{_INSTITUTION}Administrator",
        f"{_COURSE}Instructor",
        f"{_SYSTEM}Administrator",
    ),
}
_MOODLE_MEMBERS: Roles = {
    LEARNER: (LEARNER,),
    TEACHER: (TEACHER,),
    ADMINISTRATOR: (TEACHER, f"{_LIS}person#Administrator"),
}
_MOODLE_COURSE = _course(COURSE_ID, "CourseSection")

_DEFAULT = Dialect(
    key="practice",
    label="Practice LMS",
    product_family_code="carryover-practice",
    platform_facts={"version": "1", "guid": "practice-lms", "name": "Practice LMS"},
    launch_roles={**_MOODLE_ROLES, MENTOR: (f"{_COURSE}Mentor",)},
    member_roles={**_MOODLE_MEMBERS, MENTOR: (MENTOR,)},
    context=_MOODLE_COURSE,
    course_in_lis={"course_section_sourcedid": _RECORD_ID},
    id_token_seconds=60,
)
_MOODLE = Dialect(
    key="moodle",
    label="Moodle",
    product_family_code="moodle",
    platform_facts={"version": "2024100706", "guid": "practice-lms", "name": "practice"},
    launch_roles=_MOODLE_ROLES,
    member_roles=_MOODLE_MEMBERS,
    context=_MOODLE_COURSE,
    course_in_lis={"course_section_sourcedid": _RECORD_ID},
    sends_data=False,
    id_token_seconds=60,
)
_CANVAS = Dialect(
    key="canvas",
    label="Canvas",
    product_family_code="canvas",
    platform_facts={"guid": "practice:canvas-lms", "name": "Practice school", "version": "cloud"},
    launch_roles={
        LEARNER: (f"{_INSTITUTION}Student", f"{_COURSE}Learner", f"{_SYSTEM}User"),
        MENTOR: (f"{_COURSE}Mentor", f"{_SYSTEM}User"),
        TEACHER: (f"{_INSTITUTION}Instructor", f"{_COURSE}Instructor", f"{_SYSTEM}User"),
        DESIGNER: (f"{_INSTITUTION}Instructor", f"{_COURSE}ContentDeveloper", f"{_SYSTEM}User"),
        ADMINISTRATOR: (f"{_INSTITUTION}Administrator", f"{_SYSTEM}User"),
    },
    member_roles=_course_roles(Mentor=MENTOR, ContentDeveloper=DESIGNER),
    subject=lambda number, server: str(_uuid_of("canvas", number)),
    context=_course("d3a2504bba5184799a38f141e8df2335cfa8206d", _OFFERING),
    unfilled="$Person.sourcedId",
    course_in_lis={"course_offering_sourcedid": "$CourseSection.sourcedId"},
    sends_data=False,
    accepts_multiple=False,
    scores=Scores(
        accepted=Answer(
            200,
            '{"https://canvas.instructure.com/lti/submission": {"content_items": []}, '
            '"resultUrl": "$result"}',
        ),
        not_newer=Answer(
            400,
            '{"errors": {"type": "bad_request", "message": "Provided timestamp of $timestamp '
            'before last updated timestamp of $before"}}',
        ),
        is_late=_earlier,
    ),
    paging=Paging("per_page", "page", counts_pages=True, size=50, relations=_canvas_relations),
    token_refusal=Answer(
        401, '{"errors": {"type": "unauthorized", "message": "Access token expired"}}'
    ),
    variables=_canvas_variables,
)
_EDX_STAFF = (
    f"{_SYSTEM}Administrator",
    f"{_INSTITUTION}Administrator",
    f"{_INSTITUTION}Staff",
    f"{_INSTITUTION}Faculty",
    f"{_INSTITUTION}Instructor",
    f"{_COURSE}Administrator",
    f"{_COURSE}Instructor",
)
_EDX_COURSE = "course-v1:PracticeX+Demo101+2026_T1"
_OPEN_EDX = Dialect(
    key="openedx",
    label="Open edX",
    product_family_code="",
    platform_facts={"guid": "203aed66-0439-5121-905c-af3a948cc71d", "name": "Practice Open edX"},
    launch_roles={
        LEARNER: (f"{_SYSTEM}None", f"{_INSTITUTION}None", f"{_COURSE}Learner"),
        TEACHER: _EDX_STAFF,
        ADMINISTRATOR: _EDX_STAFF,
    },
    member_roles=_course_roles(),
    subject=lambda number, server: str(_uuid_of("openedx", number)),
    context=_course(_EDX_COURSE, _OFFERING, label=_EDX_COURSE),
    shared_claims=frozenset(),
    sourced_id=None,
    sends_data=False,
    return_has_query=False,
    scores=Scores(
        accepted=Answer(201, "$score"),
        not_newer=Answer(
            400, '{"timestamp": ["Score timestamp can only be updated to a later point in time"]}'
        ),
        is_late=_same_or_earlier,
    ),
    paging=Paging(place="page", counts_pages=True),
    token_refusal=Answer(403, '{"detail": "Invalid token signature."}'),
)
_SAKAI_SITE = "5c0e3c1a-7b52-4f0d-9a3e-2d1b6f7c8e90"
_SAKAI = Dialect(
    key="sakai",
    label="Sakai",
    product_family_code="sakai",
    platform_facts={"guid": "practice", "name": "Sakai", "version": "26-SNAPSHOT"},
    launch_roles={
        **_course_roles(Mentor=MENTOR, ContentDeveloper=DESIGNER),
        ADMINISTRATOR: (
            f"{_COURSE}Instructor",
            f"{_INSTITUTION}Administrator",
            f"{_SYSTEM}Administrator",
        ),
    },
    member_roles={
        part: (role, f"{_COURSE}{role}")
        for part, role in (
            (LEARNER, LEARNER),
            (MENTOR, MENTOR),
            (TEACHER, TEACHER),
            (DESIGNER, DESIGNER),
            (ADMINISTRATOR, TEACHER),
        )
    },
    subject=lambda number, server: f"{server}/user/{_uuid_of('sakai', number)}",
    context=_course(_SAKAI_SITE, _OFFERING, label=COURSE_TITLE),
    sourced_id=_login_name,
    course_in_lis={
        "course_offering_sourcedid": _SAKAI_SITE,
        "course_section_sourcedid": _SAKAI_SITE,
    },
    accepts_multiple=False,
    scores=Scores(not_newer=None),
    line_item_created=200,
    paging=Paging(place="start"),
    # LTI13Servlet handleGroupService: the address in links is not the one that is served.
    groups=Groups(
        f"groupservice/{_SAKAI_SITE}",
        named_path=f"groupsservice/{_SAKAI_SITE}",
        tag="whatever",
        unasked=True,
        tells_none=False,
    ),
    token_refusal=Answer(403, '{"error": "signature_error"}'),
)
_D2L = Dialect(
    key="d2l",
    label="Brightspace",
    product_family_code="desire2learn",
    platform_facts={"guid": _TENANT},
    launch_roles={
        LEARNER: (f"{_COURSE}Learner",),
        TEACHER: (f"{_COURSE}Instructor", f"{_INSTITUTION}Instructor"),
        ADMINISTRATOR: (
            f"{_COURSE}Instructor",
            f"{_COURSE}Administrator",
            f"{_INSTITUTION}Instructor",
            f"{_INSTITUTION}Administrator",
        ),
    },
    member_roles=_course_roles(Administrator=TEACHER),
    subject=lambda number, server: f"{_TENANT}_{200_000 + int(number)}",
    context=_course("104001", _OFFERING),
    sourced_id=None,
    course_in_lis={
        "course_offering_sourcedid": f"practice:{COURSE_LABEL}",
        "course_section_sourcedid": f"practice:{COURSE_LABEL}",
    },
    id_token_seconds=1_800,
)
_BLACKBOARD_ROLES: Roles = {
    LEARNER: (f"{_COURSE}Learner", f"{_INSTITUTION}Student"),
    TEACHER: (f"{_COURSE}Instructor",),
    DESIGNER: (f"{_COURSE}Instructor",),  # the usual mapping of a course builder
    ADMINISTRATOR: (
        f"{_COURSE}Instructor",
        f"{_SYSTEM}Administrator",
        f"{_COURSE}Administrator",
        f"{_INSTITUTION}Staff",
    ),
}
_BLACKBOARD = Dialect(
    key="blackboard",
    label="Blackboard",
    product_family_code="BlackboardLearn",
    platform_facts={
        "guid": "b1b2b3b4b5b6b7b8b9babbbcbdbebf01",
        "name": "LMS",
        "version": "3900.93.0-rel.59+7d3ba1c",
    },
    launch_roles=_BLACKBOARD_ROLES,
    member_roles=_BLACKBOARD_ROLES,
    subject=lambda number, server: _uuid_of("blackboard", number).hex,
    context=_course("c0ffee00c0ffee00c0ffee00c0ffee01", _OFFERING),
    sourced_id=_login_name,
    course_in_lis={"course_section_sourcedid": COURSE_LABEL},
    return_has_query=False,
    scores=Scores(accepted=Answer(204)),
    paging=Paging(size=1_000, relations=_last_page_repeats_itself),
    groups=Groups("courses/_4_1/groups", sets_path="courses/_4_1/groupsets", scope_is_named=True),
)
_SCHOOLOGY = Dialect(
    key="schoology",
    label="Schoology",
    product_family_code="",
    launch_roles={
        **_course_roles(),
        ADMINISTRATOR: (f"{_COURSE}Administrator", f"{_COURSE}Instructor"),
    },
    member_roles=_course_roles(),
    subject=lambda number, server: (
        f"{60_000_000 + int(number)}::{_uuid_of('schoology', number).hex}"
    ),
    context=_course("7000000001", label=None),
    sourced_id=None,
    id_token_seconds=600,
    scores=Scores(accepted=Answer(201)),
    paging=Paging(place="page", counts_pages=True, size=100, relations=_next_is_the_first_page),
)

DIALECTS: Mapping[str, Dialect] = {
    one.key: one
    for one in (
        _DEFAULT,
        _CANVAS,
        _MOODLE,
        _OPEN_EDX,
        _SAKAI,
        _D2L,
        _BLACKBOARD,
        _SCHOOLOGY,
    )
}
SETTING = "dialect"


def dialect_by_key(key: str) -> Dialect:
    """The product that was chosen; the practice LMS's own way if none was, or one that is not
    known any more.
    """
    return DIALECTS.get(key, _DEFAULT)


def person_by_subject(subject: str, server: str) -> Person | None:
    """Who this is in any product's form: a score of somebody who launched before another product
    was chosen still arrives.
    """
    return next(
        (
            person
            for dialect in DIALECTS.values()
            for person in EVERYBODY.values()
            if dialect.subject(person.subject, server) == subject
        ),
        None,
    )
