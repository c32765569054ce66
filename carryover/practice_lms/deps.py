"""Dependencies shared by all parts of the practice LMS."""

from __future__ import annotations

from dataclasses import dataclass

from carryover.practice_lms.ledger import PracticeDatabase
from core.http_client import GuardedClient


@dataclass(frozen=True)
class PracticeDeps:
    """``lms_url`` is the platform's own base URL and its issuer; ``client`` calls the tools."""

    ledger: PracticeDatabase
    client: GuardedClient
    lms_url: str

    def at(self, path: str) -> str:
        """Return the full URL of a path below ``/practice``."""
        return f"{self.lms_url}/practice/{path}"
