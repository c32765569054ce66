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
_FIGURE_ROLES = _TEACHING_ROLES | {MENTOR, EXECUTIVE}
_TEAM_FIGURE_ROLES = frozenset((EXECUTIVE, TRAINING_MANAGER, ADMIN))
_ERASURE_ROLES = frozenset((DATA_PROTECTION, ADMIN))
_ADMINS = frozenset((ADMIN,))

# Endpoint → roles that may call it in a session after a launch, an e-mailed link or a sign-in.
# Each action itself checks ownership of the record.
ROUTE_ROLES: Mapping[str, frozenset[str]] = {
    "home.home": ALL_ROLES,
    "home.today": ALL_ROLES,
    "home.figures": _FIGURE_ROLES,
    "home.certify": _TEACHING_ROLES,
    "reports.one": _FIGURE_ROLES,
    "reports.table": _FIGURE_ROLES,
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
    "transfer.to_work": ALL_ROLES,
    "transfer.add_task": ALL_ROLES,
    "transfer.drop_task": ALL_ROLES,
    "transfer.hand_in": ALL_ROLES,
    "transfer.no_opportunity": ALL_ROLES,
    "transfer.follow_up": ALL_ROLES,
    "transfer.document": ALL_ROLES,
    # Peers answer what they were asked: each action checks again that the request was addressed
    # to them.
    "transfer.inbox": ALL_ROLES,
    "transfer.review": ALL_ROLES,
    "transfer.confirm": ALL_ROLES,
    "transfer.supervisor_follow_up": LEADING_ROLES,
    "transfer.add_task_for": LEADING_ROLES,
    "assessments.mine": ALL_ROLES,
    "assessments.wish": ALL_ROLES,
    "assessments.form_mine": ALL_ROLES,
    "assessments.send_mine": ALL_ROLES,
    "assessments.form_of": ALL_ROLES,
    "assessments.send_of": ALL_ROLES,
    "assessments.cases": ALL_ROLES,
    "assessments.calibrate": ALL_ROLES,
    "assessments.of": LEADING_ROLES,
    "teams.mine": LEADING_ROLES,
    "teams.every": _TEAM_FIGURE_ROLES,
    "coaching.group": ALL_ROLES,
    "coaching.record": ALL_ROLES,
    "coaching.agree": ALL_ROLES,
    "coaching.close": ALL_ROLES,
    "me.stored": ALL_ROLES,
    "me.data": ALL_ROLES,
    "me.erase": ALL_ROLES,
    "joining.look": ALL_ROLES,
    "joining.act": ALL_ROLES,
    "me.wishes": _ERASURE_ROLES,
    "picker.pick": _TEACHING_ROLES,
    "picker.send": _TEACHING_ROLES,
    "course.course": _TEACHING_ROLES,
    "course.roster": _TEACHING_ROLES,
    "course.resend": _TEACHING_ROLES,
    "course.make": _TEACHING_ROLES,
    "course.rename": _TEACHING_ROLES,
    "course.remove": _TEACHING_ROLES,
    "course.certify": _TEACHING_ROLES,
    "programmes.every": _STAFF_ROLES,
    "programmes.begin": _STAFF_ROLES,
    "programmes.take_in": _STAFF_ROLES,
    "programmes.one": _STAFF_ROLES,
    "programmes.export": _STAFF_ROLES,
    "programmes.change": _STAFF_ROLES,
    "programmes.state": _STAFF_ROLES,
    "programmes.channels": _STAFF_ROLES,
    "programmes.sources": _STAFF_ROLES,
    "programmes.badges": _STAFF_ROLES,
    "programmes.groups": _STAFF_ROLES,
    "programmes.form_groups": _STAFF_ROLES,
    "programmes.left_open": _STAFF_ROLES,
    "programmes.participants": _STAFF_ROLES,
    "programmes.pause": _STAFF_ROLES,
    "programmes.look": _STAFF_ROLES,
    "programmes.take": _STAFF_ROLES,
    "questions.every": _STAFF_ROLES,
    "questions.export": _STAFF_ROLES,
    "questions.new": _STAFF_ROLES,
    "questions.edit": _STAFF_ROLES,
    "questions.save": _STAFF_ROLES,
    "questions.remove": _STAFF_ROLES,
    "questions.look": _STAFF_ROLES,
    "questions.take": _STAFF_ROLES,
    "rubrics.rubric": _STAFF_ROLES,
    "rubrics.levels": _STAFF_ROLES,
    "rubrics.criteria": _STAFF_ROLES,
    "rubrics.cases": _STAFF_ROLES,
    "business.every": _STAFF_ROLES,
    "business.name_kpi": _STAFF_ROLES,
    "business.worth": _STAFF_ROLES,
    "business.costs": _STAFF_ROLES,
    "business.weigh": _STAFF_ROLES,
    "business.level": _STAFF_ROLES,
    "business.look": _STAFF_ROLES,
    "business.mapped": _STAFF_ROLES,
    "elsewhere.every": _STAFF_ROLES,
    "elsewhere.add": _STAFF_ROLES,
    "elsewhere.undo": _STAFF_ROLES,
    "people.people": _STAFF_ROLES,
    "people.template": _STAFF_ROLES,
    "people.look": _STAFF_ROLES,
    "people.take": _STAFF_ROLES,
    "people.change_role": _ADMINS,
    "people.join": _ADMINS,
    "people.joins": _ADMINS,
    "people.decide_joins": _ADMINS,
    "admin_by_launch.overview": _ADMINS,
    "admin_by_launch.administrator": _ADMINS,
    "admin_by_launch.invite": _ADMINS,
    "admin_by_launch.withdraw": _ADMINS,
    "admin_by_launch.new": _ADMINS,
    "admin_by_launch.add": _ADMINS,
    "admin_by_launch.platform": _ADMINS,
    "admin_by_launch.change_form": _ADMINS,
    "admin_by_launch.change": _ADMINS,
    "admin_by_launch.status": _ADMINS,
    "admin_by_launch.deployment": _ADMINS,
    "admin_by_launch.resend": _ADMINS,
    "admin_by_launch.store": _ADMINS,
    "admin_by_launch.change_store": _ADMINS,
    "admin_by_launch.sign_in": _ADMINS,
    "admin_by_launch.change_sign_in": _ADMINS,
    "admin_by_launch.audit": _ADMINS,
}

# The same pages for a session opened by an administrator's one-time link, which may call
# nothing else.
ADMIN_LINK_ENDPOINTS = frozenset(
    [
        "admin_by_link.leave",
        *(name.replace("admin_by_launch.", "admin_by_link.") for name in ROUTE_ROLES if name.startswith("admin_by_launch.")),
        *(name.replace("people.", "admin_people.") for name in ROUTE_ROLES if name.startswith("people.")),
    ]
)

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
