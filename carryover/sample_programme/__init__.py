"""A sample programme written for Carryover, and a practice cohort that has completed it."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def sample_document() -> dict[str, Any]:
    """The phishing-response programme: 4 competencies, 6 tasks, 43 scenario questions, a rubric of
    4 criteria.
    """
    return tomllib.loads((files(__name__) / "phishing_response.toml").read_text(encoding="utf-8"))
