"""The vocabulary of statements: IRIs of verbs, activity types and extensions, intervals and
their windows.

Shared with the other packages. Constants only, and functions that look one up.
"""

from lrs.vocabulary.aliases import ACHIEVED, COMPLETED, EARNED, VERB_ALIASES, WHO_SAYS_SO
from lrs.vocabulary.groups import FEWEST, FEWEST_RATERS
from lrs.vocabulary.intervals import INTERVALS, Interval, interval_at
from lrs.vocabulary.iris import (
    ACTIVITY_TYPES,
    ANSWERED_BY,
    BASE,
    BASELINE,
    COUNTS_AS,
    EXTENSIONS,
    KINDS,
    LARGEST_GRADE,
    LONGEST_IRI,
    TASK,
    VERBS,
    Verb,
)
from lrs.vocabulary.scores import share_of

__all__ = [
    "ACHIEVED",
    "ACTIVITY_TYPES",
    "ANSWERED_BY",
    "BASE",
    "BASELINE",
    "COMPLETED",
    "COUNTS_AS",
    "EARNED",
    "EXTENSIONS",
    "FEWEST",
    "FEWEST_RATERS",
    "INTERVALS",
    "KINDS",
    "LARGEST_GRADE",
    "LONGEST_IRI",
    "TASK",
    "VERBS",
    "VERB_ALIASES",
    "WHO_SAYS_SO",
    "Interval",
    "Verb",
    "interval_at",
    "share_of",
]
