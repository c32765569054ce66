"""The vocabulary of statements: IRIs of verbs, activity types and extensions, intervals and
their windows.

Shared with the other packages. Constants, closed lists of words, and functions that
look one up.
"""

from lrs.vocabulary.aliases import ACHIEVED, ALIAS_SOURCES, COMPLETED, EARNED, VERB_ALIASES
from lrs.vocabulary.intervals import BASELINE, INTERVALS, Interval, find_interval
from lrs.vocabulary.iris import (
    ACTIVITY_TYPES,
    BASE,
    EXTENSIONS,
    MAX_EVIDENCE_GRADE,
    MAX_IRI_BYTES,
    VERBS,
    Verb,
)
from lrs.vocabulary.kinds import (
    MAPPABLE_KINDS,
    REPLY_KINDS,
    TASK,
    ActivityKind,
    AnswerKind,
    ExtensionName,
    Relation,
    VerbName,
)
from lrs.vocabulary.scores import score_share
from lrs.vocabulary.suppression import MIN_GROUP_SIZE, MIN_RATERS

__all__ = [
    "ACHIEVED",
    "ACTIVITY_TYPES",
    "ALIAS_SOURCES",
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
    "ActivityKind",
    "AnswerKind",
    "ExtensionName",
    "Interval",
    "Relation",
    "Verb",
    "VerbName",
    "find_interval",
    "score_share",
]
