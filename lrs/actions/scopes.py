"""What a credential may do: the scopes of the standard (xAPI-Communication 4.2; IEEE
9274.1.1, 4.1.12) and our own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.errors import BadInput

# scope -> what it allows
SCOPES: dict[str, str] = {
    "all": "everything",
    "all/read": "reading everything",
    "statements/write": "storing statements",
    "statements/read": "reading every statement",
    "statements/read/mine": "reading the statements that the same credential stored",
    "define": "changing what the store holds of an activity by the definitions in statements",
    "state": "reading and writing state documents",
    "state/read": "reading state documents",
    "state/write": "writing state documents",
    "profile": "reading and writing profile documents of activities and agents",
    "profile/read": "reading profile documents",
    "profile/write": "writing profile documents",
    "activities_profile": "reading and writing profile documents of activities",
    "activities_profile/read": "reading profile documents of activities",
    "agents_profile": "reading and writing profile documents of agents",
    "agents_profile/read": "reading profile documents of agents",
    "metrics/read": "reading metrics of groups",
    "metrics/individual": "reading metrics of fewer than five people, and the statements behind "
    "a figure",
    "metrics/write": "writing KPI readings, costs and what decides a figure",
    "merges": "saying which identifiers are one person",
    "erase": "erasing a person for good",
    "credentials": "listing, making and ending credentials that may do less than everything",
    "launch-tokens": "making tokens for one launch of one person",
}
# Scopes that a credential with the scope ``credentials`` cannot grant to others.
NON_DELEGABLE = frozenset(("all", "erase", "merges", "credentials"))
# what a route may need -> the scopes that hold it, beside itself
SCOPE_IMPLICATIONS = {
    "statements/write": ("all",),
    "statements/read": ("all", "all/read"),
    "statements/read/mine": (),
    "define": ("all",),
    "state/read": ("all", "all/read", "state"),
    "state/write": ("all", "state"),
    "activities_profile/read": ("all", "all/read", "profile", "profile/read", "activities_profile"),
    "activities_profile/write": ("all", "profile", "profile/write", "activities_profile"),
    "agents_profile/read": ("all", "all/read", "profile", "profile/read", "agents_profile"),
    "agents_profile/write": ("all", "profile", "profile/write", "agents_profile"),
    "metrics/read": ("all", "all/read", "metrics/individual"),
    "metrics/individual": ("all", "all/read"),
    "metrics/write": ("all",),
    "merges": ("all", "erase"),
    "erase": ("all",),
    "credentials": ("all",),
    "launch-tokens": ("all", "credentials"),
}


def scope_satisfied(scopes: Collection[str], need: str) -> bool:
    """Whether a credential with ``scopes`` has the scope ``need``, directly or by a wider
    one.
    """
    return need in scopes or any(wider in scopes for wider in SCOPE_IMPLICATIONS[need])


def require_known_scopes(scopes: Sequence[str]) -> None:
    """Raise BadInput for an unknown scope."""
    for scope in scopes:
        if scope not in SCOPES:
            raise BadInput(f"{scope} is no scope; they are {', '.join(SCOPES)}.")
