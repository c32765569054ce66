"""The vocabulary of statements: IRIs of verbs, activity types and extensions, intervals and
their windows.

Shared with the other packages. Constants only, and functions that look one up.
"""

from lrs.vocabulary.aliases import ACHIEVED, ALIAS_SOURCES, COMPLETED, EARNED, VERB_ALIASES
from lrs.vocabulary.intervals import INTERVALS, Interval, find_interval
from lrs.vocabulary.iris import (
    ACTIVITY_TYPES,
    ANSWER_KINDS,
    BASE,
    BASELINE,
    EXTENSIONS,
    MAPPABLE_KINDS,
    MAX_EVIDENCE_GRADE,
    MAX_IRI_BYTES,
    REPLY_KINDS,
    TASK,
    VERBS,
    Verb,
)
from lrs.vocabulary.scores import score_share
from lrs.vocabulary.suppression import MIN_GROUP_SIZE, MIN_RATERS

__all__ = [
    "ACHIEVED",
    "ACTIVITY_TYPES",
    "ALIAS_SOURCES",
    "ANSWER_KINDS",
    "BASE",
    "BASELINE",
    "COMPLETED",
    "EARNED",
    "EXTENSIONS",
    "INTERVALS",
    "MAPPABLE_KINDS",
    "MAX_EVIDENCE_GRADE",
    "MAX_IRI_BYTES",
    "MIN_GROUP_SIZE",
    "MIN_RATERS",
    "REPLY_KINDS",
    "TASK",
    "VERBS",
    "VERB_ALIASES",
    "Interval",
    "Verb",
    "find_interval",
    "score_share",
]
