"""Published IRIs where they exist, our own where no published one fits.

Every IRI of our own starts with ``BASE``, never with a server's address, so that statements
outlive the server. Sources: ADL vocabulary, TLA profile 0.10, TinCan registry; the meaning of
each was checked before it was adopted.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    "registered": Verb(f"{_ADL}registered", "registered"),
    "certified": Verb(f"{_TLA}verbs/certified", "certified"),
    "scheduled": Verb(f"{_TLA}verbs/scheduled", "scheduled"),
    "attempted": Verb(f"{_ADL}attempted", "attempted"),
    "answered": Verb(f"{_ADL}answered", "answered"),
    "passed": Verb(f"{_ADL}passed", "passed"),
    "failed": Verb(f"{_ADL}failed", "failed"),
    "suspended": Verb(f"{_ADL}suspended", "suspended"),
    "resumed": Verb(f"{_ADL}resumed", "resumed"),
    "unregistered": Verb(f"{_TINCAN}unregistered", "left"),
    "updated": Verb(f"{_STREAMS}update", "revised"),
    "submitted": Verb(f"{_STREAMS}submit", "handed in"),
    "reviewed": Verb(f"{_TINCAN}reviewed", "had reviewed"),
    "assessed": Verb(f"{_TLA}verbs/assessed", "was assessed on"),
    "logged-in": Verb("https://w3id.org/xapi/adl/verbs/logged-in", "logged in to"),
    "viewed": Verb(f"{_TINCAN}viewed", "viewed"),
    "received": Verb(f"{_STREAMS}receive", "received"),
    "opened": Verb(f"{_STREAMS}open", "opened"),
    "commented": Verb(f"{_ADL}commented", "commented on"),
    "attended": Verb(f"{_ADL}attended", "attended"),
    "responded": Verb(f"{_ADL}responded", "responded to"),
    # No published verb means "committed to a plan" or "used the skill at work".
    "committed": Verb(f"{BASE}verbs/committed", "committed to"),
    "applied": Verb(f"{BASE}verbs/applied", "applied on the job"),
    "mapped": Verb(f"{BASE}verbs/mapped", "mapped to the job"),
    "held": Verb(f"{BASE}verbs/held", "held"),
    "closed": Verb(f"{BASE}verbs/closed", "closed"),
    "confirmed": Verb(f"{BASE}verbs/confirmed", "had confirmed"),
    "had-no-opportunity": Verb(f"{BASE}verbs/had-no-opportunity", "had no opportunity for"),
    "voided": Verb(f"{_ADL}voided", "voided"),
}


ACTIVITY_TYPES = {
    "programme": "http://adlnet.gov/expapi/activities/course",
    "certification": f"{_TLA}activity-types/credential",
    "check": "http://adlnet.gov/expapi/activities/assessment",
    "item": "http://adlnet.gov/expapi/activities/cmi.interaction",
    "competency": f"{_TLA}activity-types/competency",
    "task": "http://adlnet.gov/expapi/activities/performance",
    "plan": f"{BASE}activity-types/transfer-plan",
    "meeting": "http://adlnet.gov/expapi/activities/meeting",
    "action": f"{BASE}activity-types/action",
    "exercise": f"{BASE}activity-types/exercise",
    "case study": f"{BASE}activity-types/case-study",
    "review": f"{BASE}activity-types/review",
    "follow-up": f"{BASE}activity-types/follow-up",
    "behaviour assessment": f"{BASE}activity-types/behaviour-assessment",
    "calibration case": f"{BASE}activity-types/calibration-case",
    "report": f"{BASE}activity-types/report",
    "nudge": f"{_STREAMS}alert",
    "profile": "http://adlnet.gov/expapi/activities/profile",
}

EXTENSIONS = {
    "due_date": f"{_TLA}extensions/due_date",
    "kind": f"{BASE}extensions/kind",
    "interval": f"{BASE}extensions/interval",
    "programme_version": f"{BASE}extensions/programme-version",
    "evidence_grade": f"{BASE}extensions/evidence-grade",
    "wave": f"{BASE}extensions/wave",
    "team": f"{BASE}extensions/team",
    "site": f"{BASE}extensions/site",
    "role": f"{BASE}extensions/role",
    "plan": f"{BASE}extensions/plan",
    "rapid_guess": f"{BASE}extensions/rapid-guess",
    "until": f"{BASE}extensions/until",
    "relation": f"{BASE}extensions/relation",
    "experience": f"{BASE}extensions/experience",
    "pre_test": f"{BASE}extensions/pre-test",
    "exam_scores": f"{BASE}extensions/exam-scores",
    "confidence": f"{BASE}extensions/confidence",
    "rubric_scores": f"{BASE}extensions/rubric-scores",
    "method": f"{BASE}extensions/method",
    "nudge": f"{BASE}extensions/nudge",
}

# Kinds of answers. Only those of a check measure retention; the baseline is what they are
# compared with.
BASELINE = "baseline"
# Kind of a submission → kind of the scheduled reply to it.
REPLY_KINDS = {"exercise": "exercise review", "case study": "feedback"}
ANSWER_KINDS = ("check", BASELINE, "reinforcement", "remediation")

# What an activity of another system may count as in a programme (analytics.facts.external).
TASK = "task"
MAPPABLE_KINDS = ("check", "exercise", "case study", "meeting", TASK)
MAX_EVIDENCE_GRADE = 4  # of evidence: 1 self, 2 peer, 3 supervisor, 4 work-system record
MAX_IRI_BYTES = 2_000  # bytes; a PostgreSQL index holds rows of up to 2,704
