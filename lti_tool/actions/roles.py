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
ROLES: Mapping[str, str] = {
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
GRANTED = (TRAINING_MANAGER, EXECUTIVE, DATA_PROTECTION, ADMIN)

# LMS roles that count as teaching a course. All other LMS roles are ignored here.
_TEACHES = frozenset((CourseRole.TEACHER, CourseRole.ADMIN))

EVERYBODY = frozenset(ROLES)
_TEACHING = frozenset((TEACHER, ADMIN, TRAINING_MANAGER))
LEADING = frozenset((MENTOR, MANAGER))
_OFFICE = frozenset((TRAINING_MANAGER, ADMIN))
# Roles that see figures of fewer than five people across the whole programme. For others the
# record store suppresses them; teachers see only people of their own courses.
INDIVIDUAL = _OFFICE
_PEOPLE_PAGES = ("people", "template", "look", "take")
_WHO_IS_WHO = ("change_role", "join", "joins", "decide_joins")

# Endpoint → roles that may call it in a session after a launch, an e-mailed link or a sign-in.
# Each action itself checks ownership of the record.
ROUTES: Mapping[str, frozenset[str]] = {
    "home.home": EVERYBODY,
    "home.today": EVERYBODY,
    "home.figures": _TEACHING | {MENTOR, EXECUTIVE},
    "home.certify": _TEACHING,
    **{f"reports.{name}": _TEACHING | {MENTOR, EXECUTIVE} for name in ("one", "table")},
    "reports.behind": _OFFICE,
    "learner.begin": EVERYBODY,
    "learner.begin_other": EVERYBODY,
    "learner.attempt": EVERYBODY,
    "learner.answer": EVERYBODY,
    "learner.feedback": EVERYBODY,
    "learner.remark": EVERYBODY,
    "learner.bring_badge": EVERYBODY,
    "learner.picture": EVERYBODY,
    "learner.plan": EVERYBODY,
    "learner.save_plan": EVERYBODY,
    "learner.report_use": EVERYBODY,
    **{f"transfer.{name}": EVERYBODY for name in ("to_work", "add_task", "drop_task", "hand_in", "no_opportunity", "follow_up", "document")},
    # Peers answer what they were asked: each action checks again that the request was addressed
    # to them.
    **{f"transfer.{name}": EVERYBODY for name in ("inbox", "review", "confirm")},
    **{f"transfer.{name}": LEADING for name in ("supervisor_follow_up", "add_task_for")},
    **{f"assessments.{name}": EVERYBODY for name in ("mine", "wish", "form_mine", "send_mine", "form_of", "send_of", "cases", "calibrate")},
    "assessments.of": LEADING,
    "teams.mine": LEADING,
    "teams.every": frozenset((EXECUTIVE, TRAINING_MANAGER, ADMIN)),
    **{f"coaching.{name}": EVERYBODY for name in ("group", "record", "agree", "close")},
    **{f"me.{name}": EVERYBODY for name in ("stored", "data", "erase")},
    **{f"joining.{name}": EVERYBODY for name in ("look", "act")},
    "me.wishes": frozenset((DATA_PROTECTION, ADMIN)),
    "picker.pick": _TEACHING,
    "picker.send": _TEACHING,
    "course.course": _TEACHING,
    "course.roster": _TEACHING,
    "course.resend": _TEACHING,
    "course.make": _TEACHING,
    "course.rename": _TEACHING,
    "course.remove": _TEACHING,
    "course.certify": _TEACHING,
    **{f"programmes.{name}": _OFFICE for name in ("every", "begin", "take_in", "one", "export", "change", "state", "channels", "sources", "badges", "groups", "form_groups", "left_open", "participants", "pause", "look", "take")},
    **{f"questions.{name}": _OFFICE for name in ("every", "export", "new", "edit", "save", "remove", "look", "take")},
    **{f"rubrics.{name}": _OFFICE for name in ("rubric", "levels", "criteria", "cases")},
    **{f"business.{name}": _OFFICE for name in ("every", "name_kpi", "worth", "costs", "weigh", "level", "look", "mapped")},
    **{f"elsewhere.{name}": _OFFICE for name in ("every", "add", "undo")},
    **{f"people.{name}": _OFFICE for name in _PEOPLE_PAGES},
    **{f"people.{name}": frozenset((ADMIN,)) for name in _WHO_IS_WHO},
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
ADMINISTRATION = frozenset(name.replace("admin_by_launch.", "admin_by_link.") for name in ROUTES if name.startswith("admin_by_launch.")) | {
    "admin_by_link.leave",
    *(f"admin_people.{name}" for name in (*_PEOPLE_PAGES, *_WHO_IS_WHO)),
}

# Public endpoints, which need no session, and why.
OPEN: Mapping[str, str] = {
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


def of_session(course_role: str, listed: Iterable[str]) -> frozenset[str]:
    """Return the person's roles in a session: from the launch's course, the people list and
    grants.
    """
    return frozenset({LEARNER, *listed, *((TEACHER,) if CourseRole(course_role) in _TEACHES else ())})


def sees_own_courses(roles: frozenset[str]) -> bool:
    """Whether figures and reports are limited to people of the teacher's own courses: for
    teachers without a role that sees more.
    """
    return TEACHER in roles and not roles & (_OFFICE | {EXECUTIVE})


def require(roles: frozenset[str], endpoint: str | None) -> None:
    """Raise Forbidden if none of these roles may call the endpoint."""
    if not roles & ROUTES.get(endpoint or "", frozenset()):
        raise Forbidden("This page is for others: your role here does not open it. Your administrator grants roles.")
