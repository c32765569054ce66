"""What the roles of a launch or a roster give: the standard's, each product's own, and those that
an administrator decided for a platform. No role of an LMS gives the administration of the
organisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from adapters.lms.models import Role

LIS = "http://purl.imsglobal.org/vocab/lis/v2/"
MEMBERSHIP, INSTITUTION, SYSTEM = (
    f"{LIS}membership#",
    f"{LIS}institution/person#",
    f"{LIS}system/person#",
)
TEACHING_ASSISTANT = f"{LIS}membership/Instructor#TeachingAssistant"


class Right(StrEnum):
    """What one role of an LMS gives in this tool."""

    LEARNER = "learner"
    TEACHER = "teacher"
    DESIGNER = "designer"  # builds the course, and takes no part in it
    MENTOR = "mentor"  # of the LMS, who watches somebody there: opens nothing here
    LMS_ADMINISTRATOR = "LMS administrator"  # who may be named as administrator, and no more
    NOTHING = "nothing"


_ROLES = {
    Right.LEARNER: Role.LEARNER,
    Right.TEACHER: Role.TEACHER,
    Right.DESIGNER: Role.DESIGNER,
    Right.MENTOR: Role.MENTOR,
}
# LTI 1.3 core, A.2: context, institution and system roles.
STANDARD_RIGHTS: Mapping[str, Right] = {
    f"{MEMBERSHIP}Learner": Right.LEARNER,
    f"{MEMBERSHIP}Instructor": Right.TEACHER,
    TEACHING_ASSISTANT: Right.TEACHER,
    f"{MEMBERSHIP}Administrator": Right.TEACHER,
    f"{MEMBERSHIP}ContentDeveloper": Right.DESIGNER,
    f"{MEMBERSHIP}Mentor": Right.MENTOR,
    f"{INSTITUTION}Administrator": Right.LMS_ADMINISTRATOR,
    f"{SYSTEM}Administrator": Right.LMS_ADMINISTRATOR,
    f"{SYSTEM}SysAdmin": Right.LMS_ADMINISTRATOR,
}
# A custom parameter may be written as a boolean or as a text.
_YES, _NO = (True, "true"), (False, "false")


@dataclass(frozen=True)
class RightsByRole:
    """Role (a URI) → right. ``confirmed_by``: the custom parameter without whose yes nobody is an
    administrator of the LMS by one of ``to_confirm``; ``variable``: what the LMS puts into it.
    """

    rights: Mapping[str, Right]
    confirmed_by: str = ""
    variable: str = ""
    to_confirm: frozenset[str] = frozenset()

    def with_changes(self, changes: Mapping[str, str]) -> RightsByRole:
        """The same, with what an administrator decided otherwise; what is no right is passed
        over."""
        known = {
            role: Right(right) for role, right in changes.items() if right in set(map(str, Right))
        }
        return replace(
            self, rights={**self.rights, **known}, to_confirm=self.to_confirm - known.keys()
        )

    def right_of(self, role: str) -> Right | None:
        """What one role gives; None for one that nobody knows. A role is found by its URI, by the
        short name of a roster, and else by the role whose sub-role it is.
        """
        for name in _names_of(role):
            if name in self.rights:
                return self.rights[name]
        return None

    def course_role(self, roles: Iterable[str]) -> Role:
        """The strongest role in the course. Whoever has none there is a learner, unless a role says
        otherwise: who runs the LMS, for instance, takes no part in each of its courses.
        """
        rights = [right for role in roles if (right := self.right_of(role)) is not None]
        given = [_ROLES[right] for right in rights if right in _ROLES]
        nothing = Role.VISITOR if rights else Role.LEARNER
        return min(given, key=lambda role: role.strength, default=nothing)

    def administers(self, roles: Iterable[str], custom: Mapping[str, object]) -> bool:
        """Whether somebody runs the LMS."""
        confirmed = custom.get(self.confirmed_by) in _YES
        return any(
            self.right_of(role) is Right.LMS_ADMINISTRATOR
            and (confirmed or role not in self.to_confirm)
            for role in roles
        )

    def missing_parameter(self, roles: Iterable[str], custom: Mapping[str, object]) -> str:
        """The custom parameter (name=variable) for want of which the LMS does not say whether
        somebody runs all of it; empty where it says yes or no, or where nothing has to be said.
        """
        listed = list(roles)
        if self.administers(listed, custom) or custom.get(self.confirmed_by) in _NO:
            return ""
        claims = any(
            role in self.to_confirm and self.right_of(role) is Right.LMS_ADMINISTRATOR
            for role in listed
        )
        return f"{self.confirmed_by}={self.variable}" if claims else ""


def role_uri(role: str) -> str:
    """The URI of a role: a short name, as rosters have it, is one of the course (LTI 1.3 core,
    A.2.2)."""
    return role if ":" in role else f"{MEMBERSHIP}{role}"


def _names_of(role: str) -> Iterable[str]:
    """The URIs by which a role may be known: its own; that of a short name; that of the role whose
    sub-role it is, in the standard's form (membership/Instructor#Grader) and in Sakai's
    (membership#Instructor#Grader)."""
    yield role
    role = role_uri(role)
    yield role
    place, hash_sign, rest = role.partition("#")
    principal = place.removeprefix(f"{LIS}membership").strip("/")
    if place.startswith(f"{LIS}membership") and hash_sign:
        yield f"{MEMBERSHIP}{principal or rest.partition('#')[0]}"


STANDARD = RightsByRole(STANDARD_RIGHTS)
