"""Published IRIs where they exist, our own where no published one fits.

Every IRI of our own starts with ``BASE``, never with a server's address, so that statements
outlive the server. Sources: ADL vocabulary, TLA profile 0.10, TinCan registry; the meaning of
each was checked before it was adopted.
"""

from __future__ import annotations

from dataclasses import dataclass

from lrs.vocabulary.kinds import ActivityKind, ExtensionName, VerbName

BASE = "https://w3id.org/carryover/xapi/"
PROFILE_VERSION = f"{BASE}profile/v0.1"

_ADL = "http://adlnet.gov/expapi/verbs/"
_TINCAN = "http://id.tincanapi.com/verb/"
_STREAMS = "http://activitystrea.ms/"
_TLA = "https://w3id.org/xapi/tla/"


@dataclass(frozen=True)
class Verb:
    """A verb's IRI and its display text."""

    id: str
    display: str


VERBS = {
    VerbName.REGISTERED: Verb(f"{_ADL}registered", "registered"),
    VerbName.CERTIFIED: Verb(f"{_TLA}verbs/certified", "certified"),
    VerbName.SCHEDULED: Verb(f"{_TLA}verbs/scheduled", "scheduled"),
    VerbName.ATTEMPTED: Verb(f"{_ADL}attempted", "attempted"),
    VerbName.ANSWERED: Verb(f"{_ADL}answered", "answered"),
    VerbName.PASSED: Verb(f"{_ADL}passed", "passed"),
    VerbName.FAILED: Verb(f"{_ADL}failed", "failed"),
    VerbName.SUSPENDED: Verb(f"{_ADL}suspended", "suspended"),
    VerbName.RESUMED: Verb(f"{_ADL}resumed", "resumed"),
    VerbName.UNREGISTERED: Verb(f"{_TINCAN}unregistered", "left"),
    VerbName.UPDATED: Verb(f"{_STREAMS}update", "revised"),
    VerbName.SUBMITTED: Verb(f"{_STREAMS}submit", "handed in"),
    VerbName.REVIEWED: Verb(f"{_TINCAN}reviewed", "had reviewed"),
    VerbName.ASSESSED: Verb(f"{_TLA}verbs/assessed", "was assessed on"),
    VerbName.LOGGED_IN: Verb("https://w3id.org/xapi/adl/verbs/logged-in", "logged in to"),
    VerbName.VIEWED: Verb(f"{_TINCAN}viewed", "viewed"),
    VerbName.RECEIVED: Verb(f"{_STREAMS}receive", "received"),
    VerbName.OPENED: Verb(f"{_STREAMS}open", "opened"),
    VerbName.COMMENTED: Verb(f"{_ADL}commented", "commented on"),
    VerbName.ATTENDED: Verb(f"{_ADL}attended", "attended"),
    VerbName.RESPONDED: Verb(f"{_ADL}responded", "responded to"),
    # No published verb means "committed to a plan" or "used the skill at work".
    VerbName.COMMITTED: Verb(f"{BASE}verbs/committed", "committed to"),
    VerbName.APPLIED: Verb(f"{BASE}verbs/applied", "applied on the job"),
    VerbName.MAPPED: Verb(f"{BASE}verbs/mapped", "mapped to the job"),
    VerbName.HELD: Verb(f"{BASE}verbs/held", "held"),
    VerbName.CLOSED: Verb(f"{BASE}verbs/closed", "closed"),
    VerbName.CONFIRMED: Verb(f"{BASE}verbs/confirmed", "had confirmed"),
    VerbName.HAD_NO_OPPORTUNITY: Verb(f"{BASE}verbs/had-no-opportunity", "had no opportunity for"),
    VerbName.VOIDED: Verb(f"{_ADL}voided", "voided"),
}


ACTIVITY_TYPES = {
    ActivityKind.PROGRAMME: "http://adlnet.gov/expapi/activities/course",
    ActivityKind.CERTIFICATION: f"{_TLA}activity-types/credential",
    ActivityKind.CHECK: "http://adlnet.gov/expapi/activities/assessment",
    ActivityKind.ITEM: "http://adlnet.gov/expapi/activities/cmi.interaction",
    ActivityKind.COMPETENCY: f"{_TLA}activity-types/competency",
    ActivityKind.TASK: "http://adlnet.gov/expapi/activities/performance",
    ActivityKind.PLAN: f"{BASE}activity-types/transfer-plan",
    ActivityKind.MEETING: "http://adlnet.gov/expapi/activities/meeting",
    ActivityKind.ACTION: f"{BASE}activity-types/action",
    ActivityKind.EXERCISE: f"{BASE}activity-types/exercise",
    ActivityKind.CASE_STUDY: f"{BASE}activity-types/case-study",
    ActivityKind.REVIEW: f"{BASE}activity-types/review",
    ActivityKind.FOLLOW_UP: f"{BASE}activity-types/follow-up",
    ActivityKind.BEHAVIOUR_ASSESSMENT: f"{BASE}activity-types/behaviour-assessment",
    ActivityKind.CALIBRATION_CASE: f"{BASE}activity-types/calibration-case",
    ActivityKind.REPORT: f"{BASE}activity-types/report",
    ActivityKind.NUDGE: f"{_STREAMS}alert",
    ActivityKind.PROFILE: "http://adlnet.gov/expapi/activities/profile",
}

EXTENSIONS = {
    ExtensionName.DUE_DATE: f"{_TLA}extensions/due_date",
    ExtensionName.KIND: f"{BASE}extensions/kind",
    ExtensionName.INTERVAL: f"{BASE}extensions/interval",
    ExtensionName.PROGRAMME_VERSION: f"{BASE}extensions/programme-version",
    ExtensionName.EVIDENCE_GRADE: f"{BASE}extensions/evidence-grade",
    ExtensionName.WAVE: f"{BASE}extensions/wave",
    ExtensionName.TEAM: f"{BASE}extensions/team",
    ExtensionName.SITE: f"{BASE}extensions/site",
    ExtensionName.ROLE: f"{BASE}extensions/role",
    ExtensionName.PLAN: f"{BASE}extensions/plan",
    ExtensionName.RAPID_GUESS: f"{BASE}extensions/rapid-guess",
    ExtensionName.UNTIL: f"{BASE}extensions/until",
    ExtensionName.RELATION: f"{BASE}extensions/relation",
    ExtensionName.EXPERIENCE: f"{BASE}extensions/experience",
    ExtensionName.PRE_TEST: f"{BASE}extensions/pre-test",
    ExtensionName.EXAM_SCORES: f"{BASE}extensions/exam-scores",
    ExtensionName.CONFIDENCE: f"{BASE}extensions/confidence",
    ExtensionName.RUBRIC_SCORES: f"{BASE}extensions/rubric-scores",
    ExtensionName.METHOD: f"{BASE}extensions/method",
    ExtensionName.NUDGE: f"{BASE}extensions/nudge",
}

MAX_EVIDENCE_GRADE = 4  # of evidence: 1 self, 2 peer, 3 supervisor, 4 work-system record
MAX_IRI_BYTES = 2_000  # bytes; a PostgreSQL index holds rows of up to 2,704
