"""The three people of the practice course. They are called by what they are."""

from __future__ import annotations

from dataclasses import dataclass

ISSUER = "https://w3id.org/carryover/practice-lms"
CLIENT_ID = "practice-client"
DEPLOYMENT_ID = "1"
COURSE_ID, COURSE_TITLE = "2", "Practice course: staying safe from phishing"
_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


@dataclass(frozen=True)
class Person:
    """Somebody in the course."""

    key: str
    subject: str
    name: str
    short_role: str

    @property
    def role(self) -> str:
        """The role as a launch names it."""
        return _MEMBERSHIP + self.short_role


PEOPLE = {
    person.key: person
    for person in (
        Person("learner", "5", "Practice learner", "Learner"),
        Person("mentor", "7", "Practice mentor", "Mentor"),
        Person("teacher", "3", "Practice teacher", "Instructor"),
    )
}
BY_SUBJECT = {person.subject: person for person in PEOPLE.values()}
