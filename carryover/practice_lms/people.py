"""The five people of the practice course, named by their role, and the course itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CLIENT_ID = "practice-client"
DEPLOYMENT_ID = "1"
COURSE_ID, COURSE_LABEL, COURSE_TITLE = (
    "2",
    "PRACTICE",
    "Practice course: staying safe from phishing",
)
COURSE = {"id": COURSE_ID, "label": COURSE_LABEL, "title": COURSE_TITLE}
NAME_CLAIMS = ("name", "given_name", "family_name")
_LIS = "http://purl.imsglobal.org/vocab/lis/v2/"


@dataclass(frozen=True)
class Person:
    """A person in the course; ``roles`` as in a launch, ``short_roles`` as in the membership
    service.
    """

    key: str
    subject: str
    name: str
    roles: tuple[str, ...]
    short_roles: tuple[str, ...]
    sourced_id: str

    @property
    def email(self) -> str:
        """An e-mail address on a reserved domain that reaches nobody (RFC 2606)."""
        return f"{self.key}@example.org"

    @property
    def teaches(self) -> bool:
        """Whether this person may select content and review submissions."""
        return "Instructor" in self.short_roles

    @property
    def learns(self) -> bool:
        """Whether this person can have a score."""
        return "Learner" in self.short_roles

    def named_as(self, claims: Iterable[str]) -> dict[str, str]:
        """Return the personal claims shared with a tool. As in Moodle, the name is shared
        completely or not at all.
        """
        given, _, family = self.name.partition(" ")
        names = (
            {"name": self.name, "given_name": given, "family_name": family}
            if set(claims) & set(NAME_CLAIMS)
            else {}
        )
        return {**names, "email": self.email} if "email" in claims else names


def _practice_person(key: str, subject: str, role: str) -> Person:
    return Person(
        key, subject, f"Practice {key}", (f"{_LIS}membership#{role}",), (role,), f"SIS-{subject}"
    )


# A Moodle administrator is an instructor in every course, and has no id in the student records.
_ADMIN_ROLES = (
    f"{_LIS}institution/person#Administrator",
    f"{_LIS}membership#Instructor",
    f"{_LIS}system/person#Administrator",
)
_ADMIN_SHORT_ROLES = ("Instructor", f"{_LIS}person#Administrator")
PEOPLE = {
    person.key: person
    for person in (
        _practice_person("learner", "5", "Learner"),
        _practice_person("newcomer", "9", "Learner"),
        _practice_person("mentor", "7", "Mentor"),
        _practice_person("teacher", "3", "Instructor"),
        Person("admin", "2", "Practice administrator", _ADMIN_ROLES, _ADMIN_SHORT_ROLES, ""),
    )
}
BY_SUBJECT = {person.subject: person for person in PEOPLE.values()}
