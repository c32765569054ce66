"""Authorization: one table of roles, one table of routes. A route that is in no table is
forbidden to everybody, and fails a test.

A launch determines only the role in a course; the organisation's people list determines
managers and mentors; all other roles are granted by an administrator. A person may hold several
roles at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapters.lms import Role as CourseRole
from core.errors import Forbidden

LEARNER, MENTOR, MANAGER, TEACHER = "learner", "mentor", "manager", "teacher"
TRAINING_MANAGER, EXECUTIVE, DATA_PROTECTION, ADMIN = "training manager", "executive", "data protection officer", "admin"

# Role → description shown to the administrator who grants it.
ROLE_DESCRIPTIONS: Mapping[str, str] = {
    LEARNER: "Takes part: checks, plan, uses on the job. Everybody is one.",
    MENTOR: "Accompanies people: the list of people names them so.",
    MANAGER: "Leads people: the list of people names them so.",
    TEACHER: "Teaches a course of the LMS: figures, certifications, gradebook.",
    TRAINING_MANAGER: "Sets up programmes and questions, takes over lists, sees everybody.",
    EXECUTIVE: "Sees figures of groups, never of a person.",
    DATA_PROTECTION: "Sees what is stored of a person, and erases it.",
    ADMIN: "Runs this tool for the organisation: platforms, people, roles.",
}
# Roles that an administrator grants; the others follow from courses and from the people list.
GRANTABLE_ROLES = (TRAINING_MANAGER, EXECUTIVE, DATA_PROTECTION, ADMIN)

# LMS roles that count as teaching a course. All other LMS roles are ignored here.
_TEACHING_COURSE_ROLES = frozenset((CourseRole.TEACHER, CourseRole.ADMIN))

ALL_ROLES = frozenset(ROLE_DESCRIPTIONS)
_TEACHING_ROLES = frozenset((TEACHER, ADMIN, TRAINING_MANAGER))
LEADING_ROLES = frozenset((MENTOR, MANAGER))
_STAFF_ROLES = frozenset((TRAINING_MANAGER, ADMIN))
# Roles that see figures of fewer than five people across the whole programme. For others the
# record store suppresses them; teachers see only people of their own courses.
INDIVIDUAL_ACCESS_ROLES = _STAFF_ROLES
_PEOPLE_VIEWS = ("people", "template", "look", "take")
_IDENTITY_VIEWS = ("change_role", "join", "joins", "decide_joins")

# Endpoint → roles that may call it in a session after a launch, an e-mailed link or a sign-in.
# Each action itself checks ownership of the record.
ROUTE_ROLES: Mapping[str, frozenset[str]] = {
    "home.home": ALL_ROLES,
    "home.today": ALL_ROLES,
    "home.figures": _TEACHING_ROLES | {MENTOR, EXECUTIVE},
    "home.certify": _TEACHING_ROLES,
    **{f"reports.{name}": _TEACHING_ROLES | {MENTOR, EXECUTIVE} for name in ("one", "table")},
    "reports.behind": _STAFF_ROLES,
    "learner.begin": ALL_ROLES,
    "learner.begin_other": ALL_ROLES,
    "learner.attempt": ALL_ROLES,
    "learner.answer": ALL_ROLES,
    "learner.feedback": ALL_ROLES,
    "learner.remark": ALL_ROLES,
    "learner.bring_badge": ALL_ROLES,
    "learner.picture": ALL_ROLES,
    "learner.plan": ALL_ROLES,
    "learner.save_plan": ALL_ROLES,
    "learner.report_use": ALL_ROLES,
    **{f"transfer.{name}": ALL_ROLES for name in ("to_work", "add_task", "drop_task", "hand_in", "no_opportunity", "follow_up", "document")},
    # Peers answer what they were asked: each action checks again that the request was addressed
    # to them.
    **{f"transfer.{name}": ALL_ROLES for name in ("inbox", "review", "confirm")},
    **{f"transfer.{name}": LEADING_ROLES for name in ("supervisor_follow_up", "add_task_for")},
    **{f"assessments.{name}": ALL_ROLES for name in ("mine", "wish", "form_mine", "send_mine", "form_of", "send_of", "cases", "calibrate")},
    "assessments.of": LEADING_ROLES,
    "teams.mine": LEADING_ROLES,
    "teams.every": frozenset((EXECUTIVE, TRAINING_MANAGER, ADMIN)),
    **{f"coaching.{name}": ALL_ROLES for name in ("group", "record", "agree", "close")},
    **{f"me.{name}": ALL_ROLES for name in ("stored", "data", "erase")},
    **{f"joining.{name}": ALL_ROLES for name in ("look", "act")},
    "me.wishes": frozenset((DATA_PROTECTION, ADMIN)),
    "picker.pick": _TEACHING_ROLES,
    "picker.send": _TEACHING_ROLES,
    "course.course": _TEACHING_ROLES,
    "course.roster": _TEACHING_ROLES,
    "course.resend": _TEACHING_ROLES,
    "course.make": _TEACHING_ROLES,
    "course.rename": _TEACHING_ROLES,
    "course.remove": _TEACHING_ROLES,
    "course.certify": _TEACHING_ROLES,
    **{f"programmes.{name}": _STAFF_ROLES for name in ("every", "begin", "take_in", "one", "export", "change", "state", "channels", "sources", "badges", "groups", "form_groups", "left_open", "participants", "pause", "look", "take")},
    **{f"questions.{name}": _STAFF_ROLES for name in ("every", "export", "new", "edit", "save", "remove", "look", "take")},
    **{f"rubrics.{name}": _STAFF_ROLES for name in ("rubric", "levels", "criteria", "cases")},
    **{f"business.{name}": _STAFF_ROLES for name in ("every", "name_kpi", "worth", "costs", "weigh", "level", "look", "mapped")},
    **{f"elsewhere.{name}": _STAFF_ROLES for name in ("every", "add", "undo")},
    **{f"people.{name}": _STAFF_ROLES for name in _PEOPLE_VIEWS},
    **{f"people.{name}": frozenset((ADMIN,)) for name in _IDENTITY_VIEWS},
    **{
        f"admin_by_launch.{name}": frozenset((ADMIN,))
        for name in (
            "overview", "administrator", "invite", "withdraw", "new", "add", "platform", "change_form", "change", "status", "deployment", "resend", "store",
            "change_store", "sign_in", "change_sign_in", "audit",
        )
    },
}  # fmt: skip

# The same pages for a session opened by an administrator's one-time link, which may call
# nothing else.
ADMIN_LINK_ENDPOINTS = frozenset(
    name.replace("admin_by_launch.", "admin_by_link.") for name in ROUTE_ROLES if name.startswith("admin_by_launch.")
) | {
    "admin_by_link.leave",
    *(f"admin_people.{name}" for name in (*_PEOPLE_VIEWS, *_IDENTITY_VIEWS)),
}

# Public endpoints, which need no session, and why.
PUBLIC_ENDPOINTS: Mapping[str, str] = {
    "static": "styles and scripts",
    "front": "says what this is",
    "launch.login": "an LMS begins a launch",
    "launch.launch": "an LMS sends a launch, which is checked there",
    "launch.confirm": "whoever began a launch says that it is theirs",
    "launch.window": "a launch goes on in a window of its own",
    "launch.jwks": "public keys",
    "launch.canvas": "what Canvas reads to install the tool",
    "register.look": "a one-time invite is in the address",
    "register.register": "a one-time invite is in the address",
    "visit.look": "a signed link is in the address",
    "visit.enter": "a signed link is in the address",
    "visit.again": "a signed link is in the address",
    "visit.sign_in": "asks for an address",
    "visit.leave": "goes to the organisation's own sign-in",
    "visit.come_back": "comes from there, with what only this browser holds",
    "visit.ask": "sends a link to an address of a list, and tells nobody whether it did",
    "visit.look_at_stop": "a signed link is in the address",
    "visit.stop": "a signed link is in the address",
    "visit.calendar": "a signed text in the address opens one person's due dates, nothing else",
    "admin_entrance.look": "a one-time link is in the address",
    "admin_entrance.enter": "a one-time link is in the address",
}


def roles_of_session(course_role: str, listed: Iterable[str]) -> frozenset[str]:
    """Return the person's roles in a session: from the launch's course, the people list and
    grants.
    """
    return frozenset({LEARNER, *listed, *((TEACHER,) if CourseRole(course_role) in _TEACHING_COURSE_ROLES else ())})


def sees_only_own_courses(roles: frozenset[str]) -> bool:
    """Whether figures and reports are limited to people of the teacher's own courses: for
    teachers without a role that sees more.
    """
    return TEACHER in roles and not roles & (_STAFF_ROLES | {EXECUTIVE})


def require_role(roles: frozenset[str], endpoint: str | None) -> None:
    """Raise Forbidden if none of these roles may call the endpoint."""
    if not roles & ROUTE_ROLES.get(endpoint or "", frozenset()):
        raise Forbidden("This page is for others: your role here does not open it. Your administrator grants roles.")
