"""Our xAPI Profile (https://w3id.org/xapi/profiles, specification 1.0): concepts, statement
templates, patterns.

Our own concepts are defined here; those of others are referenced by their IRI. Templates describe
the contents of our statements in the terms of the specification; the job that checks statements
against them reads this same document.
"""

from __future__ import annotations

from typing import Any

from lrs.vocabulary.iris import (
    ACTIVITY_TYPES,
    BASE,
    EXTENSIONS,
    PROFILE_VERSION,
    VERBS,
)
from lrs.vocabulary.kinds import ActivityKind, AnswerKind, ExtensionName, VerbName

PROFILE = f"{BASE}profile"
CONTEXT = "https://w3id.org/xapi/profiles/context"
CONFORMS_TO = "https://w3id.org/xapi/profiles#1.0"
GENERATED_AT = (
    "2026-11-23T00:00:00Z"  # of this version; a new version gets a new IRI and a new time
)

_PERFORMED = "https://w3id.org/xapi/dod-isd/verbs/performed"
_PERFORMED_OFFLINE = "http://id.tincanapi.com/verb/performed-offline"
_PLANNED = "https://w3id.org/xapi/tla/verbs/planned"
_LEARNING_PLAN = "https://w3id.org/xapi/acrossx/activities/learning-plan"

_EXTENSION_TEXTS: dict[ExtensionName, tuple[str, str, dict[str, Any]]] = {
    ExtensionName.KIND: (
        "Kind of activity",
        "Whether an answer measures (check), is what is compared with "
        "(baseline), or only trains (reinforcement, remediation).",
        {"enum": list(AnswerKind)},
    ),
    ExtensionName.INTERVAL: (
        "Interval",
        "Which measurement after the certification this is: a key such as 1d, 1w, 1m, 3m or 6m.",
        {"type": "string"},
    ),
    ExtensionName.PROGRAMME_VERSION: (
        "Programme version",
        "The version of the programme under which this happened.",
        {"type": "string"},
    ),
    ExtensionName.EVIDENCE_GRADE: (
        "Evidence grade",
        "Who vouches for a use on the job: 1 self, 2 peer, 3 supervisor, 4 work record.",
        {"type": "integer", "minimum": 1, "maximum": 4},
    ),
    ExtensionName.WAVE: (
        "Wave",
        "The group of people who took the programme at the same time.",
        {"type": "string"},
    ),
    ExtensionName.TEAM: ("Team", "The team that the learner works in.", {"type": "string"}),
    ExtensionName.SITE: ("Site", "The place that the learner works at.", {"type": "string"}),
    ExtensionName.ROLE: ("Role", "The learner's role at work.", {"type": "string"}),
    ExtensionName.PLAN: ("Plan", "The transfer plan that this belongs to.", {"type": "string"}),
    ExtensionName.UNTIL: ("Until", "When a pause ends, where that is known.", {"type": "string"}),
    ExtensionName.RELATION: (
        "Relation",
        "What whoever answers is to the learner: peer, mentor, manager, or the learner.",
        {"type": "string"},
    ),
    ExtensionName.EXPERIENCE: (
        "Experience",
        "How experienced the learner is at this work, in the organisation's words.",
        {"type": "string"},
    ),
    ExtensionName.PRE_TEST: (
        "Test before the training",
        "What the test before the training showed: a share from 0 to 1.",
        {"type": "number", "minimum": 0, "maximum": 1},
    ),
    ExtensionName.EXAM_SCORES: (
        "Exam scores",
        "What the certification's exam showed: shares from 0 to 1 by the key of the competency.",
        {"type": "object"},
    ),
    ExtensionName.RAPID_GUESS: (
        "Rapid guess",
        "Whether the answer came faster than the question can be read.",
        {"type": "boolean"},
    ),
    ExtensionName.CONFIDENCE: (
        "Confidence",
        "How sure the learner was of an answer: 1 guessed, 2 fairly sure, 3 certain.",
        {"type": "integer", "minimum": 1, "maximum": 3},
    ),
    ExtensionName.NUDGE: (
        "Nudge",
        "What a mail is about: due, overdue, review, coaching, prompt.",
        {"type": "string"},
    ),
    ExtensionName.METHOD: (
        "Method",
        "How behaviour was assessed: watching, recording, simulation.",
        {"enum": ["watching", "recording", "simulation"]},
    ),
    ExtensionName.RUBRIC_SCORES: (
        "Rubric scores",
        "The levels of a rubric: one entry for each criterion "
        "that was seen, with its key, its competency, its level "
        "from 1 up, and whether that reaches the rubric's bar.",
        {"type": "array"},
    ),
}
# These stand in a statement's result; the others stand in its context.
_RESULT_EXTENSIONS = frozenset((ExtensionName.RUBRIC_SCORES,))


def _labels(label: str, definition: str) -> dict[str, Any]:
    return {"prefLabel": {"en": label}, "definition": {"en": definition}}


_VERB_TEXTS = (
    (
        VerbName.MAPPED,
        "The learner, or the manager, said on which task of this learner's own job a "
        "competency shows.",
    ),
    (VerbName.HELD, "A meeting of a coaching group took place."),
    (VerbName.CLOSED, "An action that was agreed in a coaching group is done."),
    (
        VerbName.CONFIRMED,
        "Somebody else confirmed that the learner used what was learnt in a real task.",
    ),
    (
        VerbName.HAD_NO_OPPORTUNITY,
        "There was no task on which the learner could have used what was learnt.",
    ),
)
_TYPE_TEXTS = (
    (ActivityKind.ACTION, "Action", "What somebody agreed to do in a coaching group."),
    (
        ActivityKind.EXERCISE,
        "Exercise",
        "A first use on real data, handed in a few days after the certification.",
    ),
    (
        ActivityKind.CASE_STUDY,
        "Case study",
        "One real use, described so that a senior colleague can answer.",
    ),
    (
        ActivityKind.REVIEW,
        "Review",
        "What a mentor, peer or manager says to something that was handed in.",
    ),
    (
        ActivityKind.BEHAVIOUR_ASSESSMENT,
        "Behaviour assessment",
        "Somebody's work held against a rubric, by watching, by a recording or in a simulation.",
    ),
    (
        ActivityKind.CALIBRATION_CASE,
        "Calibration case",
        "A described piece of work that all raters assess, so that their levels mean the same.",
    ),
    (ActivityKind.REPORT, "Report", "A page of figures."),
    (
        ActivityKind.FOLLOW_UP,
        "Follow-up",
        "Two questions some months after the first verified use.",
    ),
)


def _concepts() -> list[dict[str, Any]]:
    scheme = {"inScheme": PROFILE_VERSION}
    result: list[dict[str, Any]] = [
        {
            "id": VERBS[VerbName.COMMITTED].id,
            "type": "Verb",
            **scheme,
            **_labels("committed to", "The learner bound himself or herself to a transfer plan."),
            "broadMatch": [_PLANNED],
        },
        {
            "id": VERBS[VerbName.APPLIED].id,
            "type": "Verb",
            **scheme,
            **_labels(
                "applied on the job", "The learner used what was learnt in a real task at work."
            ),
            "broadMatch": [_PERFORMED],
            "relatedMatch": [_PERFORMED_OFFLINE],
        },
        {
            "id": ACTIVITY_TYPES[ActivityKind.PLAN],
            "type": "ActivityType",
            **scheme,
            **_labels(
                "Transfer plan", "One page that maps what was learnt to real tasks, with dates."
            ),
            "broadMatch": [_LEARNING_PLAN],
        },
        *(
            {"id": VERBS[name].id, "type": "Verb", **scheme, **_labels(VERBS[name].display, text)}
            for name, text in _VERB_TEXTS
        ),
        *(
            {"id": ACTIVITY_TYPES[name], "type": "ActivityType", **scheme, **_labels(label, text)}
            for name, label, text in _TYPE_TEXTS
        ),
    ]
    for name, (label, definition, schema) in _EXTENSION_TEXTS.items():
        concept = {
            "id": EXTENSIONS[name],
            "type": "ResultExtension" if name in _RESULT_EXTENSIONS else "ContextExtension",
            **scheme,
            **_labels(label, definition),
        }
        result.append({**concept, "inlineSchema": _inline_schema(schema)})
    return result


def _inline_schema(schema: dict[str, Any]) -> str:
    """The schema as text, as the specification requires."""
    parts = (f'"{name}":{_encode_json(value)}' for name, value in schema.items())
    return "{" + ",".join(parts) + "}"


def _encode_json(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ",".join(_encode_json(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _extension_path(name: ExtensionName) -> str:
    return f"$.context.extensions['{EXTENSIONS[name]}']"


def _included_rule(location: str, **more: Any) -> dict[str, Any]:
    return {"location": location, "presence": "included", **more}


_INTERVAL = {"location": _extension_path(ExtensionName.INTERVAL), "presence": "recommended"}
_KIND = _included_rule(_extension_path(ExtensionName.KIND), any=list(AnswerKind))
_RELATION = _included_rule(_extension_path(ExtensionName.RELATION))
_LEVELS = _included_rule(f"$.result.extensions['{EXTENSIONS[ExtensionName.RUBRIC_SCORES]}']")
_DUE = _included_rule(_extension_path(ExtensionName.DUE_DATE))
_PROGRAMME_GROUP = {"contextGroupingActivityType": [ACTIVITY_TYPES[ActivityKind.PROGRAMME]]}


def _template(
    name: str,
    definition: str,
    verb: VerbName,
    object_type: ActivityKind,
    *rules: dict[str, Any],
    episode: bool = True,
    grouped: bool = True,
    **more: Any,
) -> dict[str, Any]:
    registration = [
        _included_rule(
            "$.context.registration",
            scopeNote={"en": "The certification episode: one learner, one certification."},
        )
    ]
    return {
        "id": f"{BASE}templates/{name}",
        "type": "StatementTemplate",
        "inScheme": PROFILE_VERSION,
        **_labels(name.replace("-", " "), definition),
        "verb": VERBS[verb].id,
        "objectActivityType": ACTIVITY_TYPES[object_type],
        "rules": [*(registration if episode else []), _included_rule("$.timestamp"), *rules],
        **(_PROGRAMME_GROUP if grouped else {}),
        **more,
    }


_TEMPLATES = [
    _template(
        "suspended",
        "A pause begins: nothing is due in it.",
        VerbName.SUSPENDED,
        ActivityKind.PROGRAMME,
        grouped=False,
    ),
    _template("resumed", "A pause ends.", VerbName.RESUMED, ActivityKind.PROGRAMME, grouped=False),
    _template(
        "left",
        "A person leaves the audience.",
        VerbName.UNREGISTERED,
        ActivityKind.PROGRAMME,
        grouped=False,
    ),
    _template(
        "act-scheduled",
        "An act beside the checks is due at a date.",
        VerbName.SCHEDULED,
        ActivityKind.PLAN,
        _DUE,
    ),
    _template(
        "exercise-scheduled",
        "The exercise is due at a date.",
        VerbName.SCHEDULED,
        ActivityKind.EXERCISE,
        _DUE,
    ),
    _template(
        "case-scheduled",
        "The case study is due at a date.",
        VerbName.SCHEDULED,
        ActivityKind.CASE_STUDY,
        _DUE,
    ),
    _template(
        "review-scheduled",
        "A review is due at a date.",
        VerbName.SCHEDULED,
        ActivityKind.REVIEW,
        _DUE,
    ),
    _template(
        "follow-up-scheduled",
        "The follow-up is due at a date.",
        VerbName.SCHEDULED,
        ActivityKind.FOLLOW_UP,
        _DUE,
    ),
    _template(
        "meeting-scheduled",
        "A meeting of a coaching group is planned.",
        VerbName.SCHEDULED,
        ActivityKind.MEETING,
        _DUE,
    ),
    _template(
        "meeting-held",
        "A meeting of a coaching group took place.",
        VerbName.HELD,
        ActivityKind.MEETING,
    ),
    _template(
        "attended",
        "A person was at a meeting of the coaching group.",
        VerbName.ATTENDED,
        ActivityKind.MEETING,
    ),
    _template(
        "action-closed", "An action that was agreed is done.", VerbName.CLOSED, ActivityKind.ACTION
    ),
    _template(
        "mapped",
        "A task of the learner's own job is named for a competency.",
        VerbName.MAPPED,
        ActivityKind.TASK,
    ),
    _template(
        "revised", "A plan that was committed is revised.", VerbName.UPDATED, ActivityKind.PLAN
    ),
    _template(
        "exercise-handed-in",
        "The exercise is handed in.",
        VerbName.SUBMITTED,
        ActivityKind.EXERCISE,
    ),
    _template(
        "case-handed-in",
        "The case study is handed in.",
        VerbName.SUBMITTED,
        ActivityKind.CASE_STUDY,
    ),
    _template(
        "reviewed",
        "Something that was handed in is answered.",
        VerbName.REVIEWED,
        ActivityKind.REVIEW,
        _RELATION,
    ),
    _template(
        "confirmed",
        "A use on the job is confirmed by somebody else.",
        VerbName.CONFIRMED,
        ActivityKind.TASK,
        _included_rule(_extension_path(ExtensionName.EVIDENCE_GRADE), any=[2, 3, 4]),
        _RELATION,
    ),
    _template(
        "no-opportunity",
        "There was nothing to use it on.",
        VerbName.HAD_NO_OPPORTUNITY,
        ActivityKind.PLAN,
    ),
    _template(
        "followed-up",
        "The two questions of the follow-up are answered.",
        VerbName.RESPONDED,
        ActivityKind.FOLLOW_UP,
        _included_rule("$.result.success", any=[True, False]),
        _RELATION,
    ),
    _template(
        "assessment-scheduled",
        "A behaviour assessment is due at a date.",
        VerbName.SCHEDULED,
        ActivityKind.BEHAVIOUR_ASSESSMENT,
        _DUE,
    ),
    _template(
        "assessed",
        "A person's work is held against the rubric.",
        VerbName.ASSESSED,
        ActivityKind.BEHAVIOUR_ASSESSMENT,
        _LEVELS,
        _RELATION,
    ),
    _template(
        "calibrated",
        "A rater assesses a described piece of work, to see whether his "
        "or her levels mean what others mean.",
        VerbName.ASSESSED,
        ActivityKind.CALIBRATION_CASE,
        _LEVELS,
        episode=False,
    ),
    _template(
        "logged-in",
        "A person was here on this day.",
        VerbName.LOGGED_IN,
        ActivityKind.PROGRAMME,
        episode=False,
        grouped=False,
    ),
    _template(
        "report-viewed",
        "A person looked at a page of figures on this day.",
        VerbName.VIEWED,
        ActivityKind.REPORT,
        episode=False,
    ),
    _template(
        "nudge-received",
        "A mail that reminds or asks was handed to the person's mail server.",
        VerbName.RECEIVED,
        ActivityKind.NUDGE,
        _included_rule(_extension_path(ExtensionName.NUDGE)),
        episode=False,
    ),
    _template(
        "nudge-opened",
        "The person followed the link of such a mail; a look at the mail counts for nothing.",
        VerbName.OPENED,
        ActivityKind.NUDGE,
        _included_rule(_extension_path(ExtensionName.NUDGE)),
        episode=False,
    ),
    _template(
        "commented",
        "A person says that a question is wrong or unclear. The words "
        "stay with the programme's owner.",
        VerbName.COMMENTED,
        ActivityKind.ITEM,
    ),
    _template(
        "registered",
        "A person enters the audience of a programme.",
        VerbName.REGISTERED,
        ActivityKind.PROGRAMME,
        grouped=False,
    ),
    _template(
        "certified",
        "A person passed the certification: the anchor of all that follows.",
        VerbName.CERTIFIED,
        ActivityKind.CERTIFICATION,
    ),
    _template(
        "scheduled",
        "A check is due at a date.",
        VerbName.SCHEDULED,
        ActivityKind.CHECK,
        _DUE,
        _INTERVAL,
    ),
    _template(
        "attempted",
        "A person begins a check.",
        VerbName.ATTEMPTED,
        ActivityKind.CHECK,
        _INTERVAL,
        _KIND,
    ),
    _template(
        "answered",
        "A person answers a question.",
        VerbName.ANSWERED,
        ActivityKind.ITEM,
        _included_rule("$.result.success", any=[True, False]),
        _included_rule("$.result.response"),
        _INTERVAL,
        _KIND,
        contextParentActivityType=[ACTIVITY_TYPES[ActivityKind.CHECK]],
    ),
    _template(
        "passed",
        "A person finishes a check and reaches its pass mark.",
        VerbName.PASSED,
        ActivityKind.CHECK,
        _included_rule("$.result.score.scaled"),
        _INTERVAL,
        _KIND,
    ),
    _template(
        "failed",
        "A person finishes a check below its pass mark.",
        VerbName.FAILED,
        ActivityKind.CHECK,
        _included_rule("$.result.score.scaled"),
        _INTERVAL,
        _KIND,
    ),
    _template(
        "committed", "A person commits to a transfer plan.", VerbName.COMMITTED, ActivityKind.PLAN
    ),
    _template(
        "applied",
        "A person used what was learnt in a real task.",
        VerbName.APPLIED,
        ActivityKind.TASK,
        _included_rule(_extension_path(ExtensionName.EVIDENCE_GRADE), any=[1, 2, 3, 4]),
    ),
]

_TRANSFER_TEMPLATES = (
    "suspended",
    "resumed",
    "left",
    "act-scheduled",
    "exercise-scheduled",
    "case-scheduled",
    "review-scheduled",
    "follow-up-scheduled",
    "meeting-scheduled",
    "meeting-held",
    "attended",
    "action-closed",
    "mapped",
    "revised",
    "exercise-handed-in",
    "case-handed-in",
    "reviewed",
    "confirmed",
    "no-opportunity",
    "followed-up",
    "assessment-scheduled",
    "assessed",
    "commented",
)


def _patterns() -> list[dict[str, Any]]:
    def pattern(name: str, definition: str, primary: bool, **shape: Any) -> dict[str, Any]:
        created = {
            "id": f"{BASE}patterns/{name}",
            "type": "Pattern",
            "primary": primary,
            "inScheme": PROFILE_VERSION,
        }
        return {**created, **_labels(name.replace("-", " "), definition), **shape}

    def template_iri(name: str) -> str:
        return f"{BASE}templates/{name}"

    def pattern_iri(name: str) -> str:
        return f"{BASE}patterns/{name}"

    return [
        pattern(
            "finished",
            "A check ends as passed or as failed.",
            False,
            alternates=[template_iri("passed"), template_iri("failed")],
        ),
        pattern("answers", "Some answers.", False, zeroOrMore=template_iri("answered")),
        pattern(
            "check",
            "A check from its beginning to its end.",
            False,
            sequence=[template_iri("attempted"), pattern_iri("answers"), pattern_iri("finished")],
        ),
        pattern(
            "event",
            "What may happen after the certification.",
            False,
            alternates=[
                template_iri("scheduled"),
                pattern_iri("check"),
                template_iri("committed"),
                template_iri("applied"),
                *(template_iri(name) for name in _TRANSFER_TEMPLATES),
            ],
        ),
        pattern("events", "Any number of them.", False, zeroOrMore=pattern_iri("event")),
        pattern(
            "entry",
            "A person may have entered the audience before.",
            False,
            optional=template_iri("registered"),
        ),
        pattern(
            "episode",
            "A certification episode: all statements of one registration.",
            True,
            sequence=[pattern_iri("entry"), template_iri("certified"), pattern_iri("events")],
        ),
    ]


def build_profile() -> dict[str, Any]:
    """The profile as JSON-LD."""
    return {
        "@context": CONTEXT,
        "id": PROFILE,
        "type": "Profile",
        "conformsTo": CONFORMS_TO,
        **_labels(
            "Carryover",
            "What happens after a certificate: refresher checks, transfer plans, uses on the job.",
        ),
        "versions": [{"id": PROFILE_VERSION, "generatedAtTime": GENERATED_AT}],
        "author": {
            "type": "Organization",
            "name": "Carryover",
            "url": "https://w3id.org/carryover",
        },
        "concepts": _concepts(),
        "templates": _TEMPLATES,
        "patterns": _patterns(),
    }
