"""How small a group may be and still be shown to whoever may not see single people (domain, G8)."""

from __future__ import annotations

FEWEST = 5  # people
FEWEST_RATERS = 3
