"""Gaps in the content of a training."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ContentGap:
    """A gap in the training that a reviewer reported: the kind of work and the task that it
    concerns."""

    kind: str
    task: str
    words: str
    at: datetime
