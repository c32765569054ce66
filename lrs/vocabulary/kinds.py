"""The closed word lists of statements: each word is a member here, so that a misspelt one is an
error when the types are checked. Their values are what statements and tables hold.

What other systems send is read by look-up in these lists, and may be in none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class VerbName(StrEnum):
    """Our word for a verb; its IRI is in ``VERBS``."""

    REGISTERED = "registered"
    CERTIFIED = "certified"
    SCHEDULED = "scheduled"
    ATTEMPTED = "attempted"
    ANSWERED = "answered"
    PASSED = "passed"
    FAILED = "failed"
    # Of other systems: it finishes an activity, whatever the result.
    COMPLETED = "completed"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    UNREGISTERED = "unregistered"
    UPDATED = "updated"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    ASSESSED = "assessed"
    LOGGED_IN = "logged-in"
    VIEWED = "viewed"
    RECEIVED = "received"
    OPENED = "opened"
    COMMENTED = "commented"
    ATTENDED = "attended"
    RESPONDED = "responded"
    COMMITTED = "committed"
    APPLIED = "applied"
    MAPPED = "mapped"
    HELD = "held"
    CLOSED = "closed"
    CONFIRMED = "confirmed"
    HAD_NO_OPPORTUNITY = "had-no-opportunity"
    VOIDED = "voided"


class ActivityKind(StrEnum):
    """What an activity is; its type's IRI is in ``ACTIVITY_TYPES``.

    An exercise review and feedback are both of type ``review``: the parent of the activity, an
    exercise or a case study, tells which. ``OTHER`` is whatever has none of our types.
    """

    PROGRAMME = "programme"
    CERTIFICATION = "certification"
    CHECK = "check"
    ITEM = "item"
    COMPETENCY = "competency"
    TASK = "task"
    PLAN = "plan"
    MEETING = "meeting"
    ACTION = "action"
    EXERCISE = "exercise"
    EXERCISE_REVIEW = "exercise review"
    CASE_STUDY = "case study"
    FEEDBACK = "feedback"
    REVIEW = "review"
    FOLLOW_UP = "follow-up"
    BEHAVIOUR_ASSESSMENT = "behaviour assessment"
    CALIBRATION_CASE = "calibration case"
    REPORT = "report"
    NUDGE = "nudge"
    PROFILE = "profile"
    OTHER = "other"


class AnswerKind(StrEnum):
    """What an answer is for. Only those of a check measure retention; the baseline is what they
    are compared with; the others only train."""

    CHECK = "check"
    BASELINE = "baseline"
    REINFORCEMENT = "reinforcement"
    REMEDIATION = "remediation"


class Relation(StrEnum):
    """What whoever reviews, assesses or answers is to the learner."""

    LEARNER = "learner"
    PEER = "peer"
    MENTOR = "mentor"
    MANAGER = "manager"


class ExtensionName(StrEnum):
    """Our word for an extension; its IRI is in ``EXTENSIONS``."""

    DUE_DATE = "due_date"
    KIND = "kind"
    INTERVAL = "interval"
    PROGRAMME_VERSION = "programme_version"
    EVIDENCE_GRADE = "evidence_grade"
    WAVE = "wave"
    TEAM = "team"
    SITE = "site"
    ROLE = "role"
    PLAN = "plan"
    RAPID_GUESS = "rapid_guess"
    UNTIL = "until"
    RELATION = "relation"
    EXPERIENCE = "experience"
    PRE_TEST = "pre_test"
    EXAM_SCORES = "exam_scores"
    CONFIDENCE = "confidence"
    RUBRIC_SCORES = "rubric_scores"
    METHOD = "method"
    NUDGE = "nudge"


# What is handed in → the kind of the scheduled reply to it.
REPLY_KINDS: Mapping[ActivityKind, ActivityKind] = {
    ActivityKind.EXERCISE: ActivityKind.EXERCISE_REVIEW,
    ActivityKind.CASE_STUDY: ActivityKind.FEEDBACK,
}
# What an activity of another system may count as in a programme (analytics.facts.external).
MAPPABLE_KINDS = (
    ActivityKind.CHECK,
    ActivityKind.EXERCISE,
    ActivityKind.CASE_STUDY,
    ActivityKind.MEETING,
    ActivityKind.TASK,
)
TASK = ActivityKind.TASK  # what counts as a use on the job
