"""The smallest group that may be shown to someone who may not see individual people."""

from __future__ import annotations

FEWEST = 5  # people
FEWEST_RATERS = 3
