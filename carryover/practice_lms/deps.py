"""What every part of the practice LMS works with."""

from __future__ import annotations

from dataclasses import dataclass

from carryover.practice_lms.ledger import Ledger
from core.http import GuardedClient


@dataclass(frozen=True)
class Deps:
    """``lms_url`` is the platform's own address and its issuer; ``client`` calls the tools."""

    ledger: Ledger
    client: GuardedClient
    lms_url: str

    def at(self, path: str) -> str:
        """The full address of a path below ``/practice``."""
        return f"{self.lms_url}/practice/{path}"
