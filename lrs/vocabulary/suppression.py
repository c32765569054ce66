"""The smallest group that may be shown to someone who may not see individual people."""

from __future__ import annotations

MIN_GROUP_SIZE = 5  # people
MIN_RATERS = 3
