"""Authorization: the roles, and the sets of them that pages are for. Who may call a route stands
on its decorator (``lti_tool.base.routes``).

A launch determines only the role in a course; the organisation's people list determines
managers and mentors; all other roles are granted by an administrator. A person may hold several
roles at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapters.lms import Role as CourseRole
from core.errors import Forbidden
from core.messages import gettext_noop

LEARNER, MENTOR, MANAGER, TEACHER = "learner", "mentor", "manager", "teacher"
DESIGNER = "designer"
TRAINING_MANAGER, EXECUTIVE, DATA_PROTECTION, ADMIN = (
    "training manager",
    "executive",
    "data protection officer",
    "admin",
)

# Role → description shown to the administrator who grants it.
ROLE_DESCRIPTIONS: Mapping[str, str] = {
    LEARNER: gettext_noop("Takes part: checks, plan, uses on the job. Everybody is one."),
    MENTOR: gettext_noop("Accompanies people: the list of people names them so."),
    MANAGER: gettext_noop("Leads people: the list of people names them so."),
    TEACHER: gettext_noop("Teaches a course of the LMS: figures, certifications, gradebook."),
    DESIGNER: gettext_noop("Builds a course of the LMS: chooses its activities, sees nobody."),
    TRAINING_MANAGER: gettext_noop(
        "Sets up programmes and questions, takes over lists, sees everybody."
    ),
    EXECUTIVE: gettext_noop("Sees figures of groups, never of a person."),
    DATA_PROTECTION: gettext_noop("Sees what is stored of a person, and erases it."),
    ADMIN: gettext_noop("Runs this tool for the organisation: platforms, people, roles."),
}
# Roles that an administrator grants; the others follow from courses and from the people list.
GRANTABLE_ROLES = (TRAINING_MANAGER, EXECUTIVE, DATA_PROTECTION, ADMIN)

ALL_ROLES = frozenset(ROLE_DESCRIPTIONS)
TEACHING_ROLES = frozenset((TEACHER, ADMIN, TRAINING_MANAGER))
CONTENT_ROLES = TEACHING_ROLES | {DESIGNER}
LEADING_ROLES = frozenset((MENTOR, MANAGER))
STAFF_ROLES = frozenset((TRAINING_MANAGER, ADMIN))
# Roles that see figures of fewer than five people across the whole programme. For others the
# record store suppresses them; teachers see only people of their own courses.
INDIVIDUAL_ACCESS_ROLES = STAFF_ROLES
FIGURE_ROLES = TEACHING_ROLES | {MENTOR, EXECUTIVE}
TEAM_FIGURE_ROLES = frozenset((EXECUTIVE, TRAINING_MANAGER, ADMIN))
ERASURE_ROLES = frozenset((DATA_PROTECTION, ADMIN))
ADMINS = frozenset((ADMIN,))


def roles_of_session(course_role: str, listed: Iterable[str]) -> frozenset[str]:
    """Return the person's roles in a session: from the launch's course, the people list and
    grants.
    """
    return frozenset(
        {
            LEARNER,
            *listed,
            *((TEACHER,) if CourseRole(course_role) is CourseRole.TEACHER else ()),
            *((DESIGNER,) if CourseRole(course_role) is CourseRole.DESIGNER else ()),
        }
    )


def sees_only_own_courses(roles: frozenset[str]) -> bool:
    """Whether figures and reports are limited to people of the teacher's own courses: for
    teachers without a role that sees more.
    """
    return TEACHER in roles and not roles & (STAFF_ROLES | {EXECUTIVE})


def require_role(roles: frozenset[str], allowed: frozenset[str]) -> None:
    """Raise Forbidden if none of these roles is allowed."""
    if not roles & allowed:
        raise Forbidden(
            "This page is for others: your role here does not open it. Your administrator grants "
            "roles."
        )
