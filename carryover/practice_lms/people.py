"""The people of the practice course, named by their role, and the course itself."""

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
NAME_CLAIMS = ("name", "given_name", "family_name")
# What somebody does in the course; how a product says it is in the table of dialects.
LEARNER, MENTOR, TEACHER = "Learner", "Mentor", "Instructor"
DESIGNER, ADMINISTRATOR = "ContentDeveloper", "Administrator"


@dataclass(frozen=True)
class Person:
    """A person in the course. ``subject`` is their number in this LMS; a dialect may send it in
    another form.
    """

    key: str
    subject: str
    name: str
    part: str
    sourced_id: str

    @property
    def email(self) -> str:
        """An e-mail address on a reserved domain that reaches nobody (RFC 2606)."""
        return f"{self.key}@example.org"

    @property
    def teaches(self) -> bool:
        """Whether this person may review submissions: as in Moodle, an administrator is an
        instructor in every course.
        """
        return self.part in (TEACHER, ADMINISTRATOR)

    @property
    def selects_content(self) -> bool:
        """Whether this person may select content."""
        return self.teaches or self.part == DESIGNER

    @property
    def learns(self) -> bool:
        """Whether this person can have a score."""
        return self.part == LEARNER

    @property
    def course_role(self) -> str:
        """The role that the gradebook shows."""
        return TEACHER if self.teaches else self.part

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


def _practice_person(key: str, subject: str, part: str) -> Person:
    return Person(key, subject, f"Practice {key}", part, f"SIS-{subject}")


PEOPLE = {
    person.key: person
    for person in (
        _practice_person("learner", "5", LEARNER),
        _practice_person("newcomer", "9", LEARNER),
        _practice_person("mentor", "7", MENTOR),
        _practice_person("teacher", "3", TEACHER),
        # Who has no id in the student records.
        Person("admin", "2", "Practice administrator", ADMINISTRATOR, ""),
    )
}
# A designer is in the course while it plays a product that has a role for them.
EVERYBODY = {**PEOPLE, "designer": _practice_person("designer", "4", DESIGNER)}
# The groups of the course, with who is in them.
COURSE_GROUPS = {
    "Group A": ("learner", "newcomer", "mentor"),
    "Group B": ("newcomer", "teacher"),
    "Group C": (),
}
BY_SUBJECT = {person.subject: person for person in EVERYBODY.values()}
