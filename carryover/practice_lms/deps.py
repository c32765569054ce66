"""Dependencies shared by all parts of the practice LMS."""

from __future__ import annotations

from dataclasses import dataclass

from carryover.practice_lms import dialects, languages
from carryover.practice_lms.dialects import Dialect
from carryover.practice_lms.ledger import PracticeDatabase
from carryover.practice_lms.people import Person
from core.http_client import GuardedClient


@dataclass(frozen=True)
class PracticeDeps:
    """``lms_url`` is the platform's own base URL and its issuer; ``client`` calls the tools."""

    ledger: PracticeDatabase
    client: GuardedClient
    lms_url: str

    @property
    def dialect(self) -> Dialect:
        """The product that is played now."""
        return dialects.dialect_by_key(self.ledger.setting(dialects.SETTING))

    @property
    def language(self) -> str:
        """The tag of the language that launches name."""
        return self.ledger.setting(languages.SETTING) or languages.DEFAULT_LANGUAGE

    def subject_of(self, person: Person) -> str:
        """Return a person's id as that product sends it."""
        return self.dialect.subject(person.subject, self.lms_url)

    def at(self, path: str) -> str:
        """Return the full URL of a path below ``/practice``."""
        return f"{self.lms_url}/practice/{path}"
