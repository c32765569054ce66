"""Which reports of the record store can cover a subset of people, for the store and for its
clients."""

from __future__ import annotations

# Reports that count only the requested episodes and show nothing of the whole programme beside
# them: they can be restricted to chosen episodes.
SUBSET_REPORTS = ("first_use", "weak_domains", "items", "heat_map", "teams", "waves")
