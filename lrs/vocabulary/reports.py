"""What the record store's reports can be of, for the store and for whoever asks it."""

from __future__ import annotations

# Those that count what is asked for, and nothing of the whole programme beside it: they can be of chosen episodes.
OF_SOME_PEOPLE = ("first_use", "weak_domains", "items", "heat_map", "teams", "waves")
