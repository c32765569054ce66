"""Verbs of other sources that mean the same as one of ours: used when counting, never written
into a statement.

Each IRI was observed in the output of its source: Moodle's logstore plugin (Moodle), Open edX's
event routing (Open edX), cmi5 (ADL), Activity Streams 1.0 as used in practice (Streams). Only
verbs with a single meaning: an ambiguous one is left out.
"""

from __future__ import annotations

EARNED = "http://id.tincanapi.com/verb/earned"
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
# Moodle's plugin, for a badge or a certificate. Which certification it means is unknown until a
# person maps the activity.
ACHIEVED = "https://w3id.org/xapi/tla/verbs/achieved"

# IRI -> (our verb, which source uses it).
_ALIASES = {
    EARNED: ("certified", "Open edX: a certificate was created"),
    COMPLETED: ("completed", "Moodle, Open edX, cmi5: an activity was finished"),
    "http://adlnet.gov/expapi/verbs/initialized": (
        "attempted",
        "cmi5, Open edX: a session in an activity begins",
    ),
    "http://adlnet.gov/expapi/verbs/launched": (
        "attempted",
        "Moodle: an activity was opened to be taken",
    ),
    "http://activitystrea.ms/schema/1.0/submit": ("submitted", "Streams: something was handed in"),
    "http://activitystrea.ms/schema/1.0/update": ("updated", "Streams: something was changed"),
    "http://activitystrea.ms/schema/1.0/receive": ("received", "Streams: a message arrived"),
    "http://activitystrea.ms/schema/1.0/open": ("opened", "Streams: a message was opened"),
    "https://w3id.org/xapi/acrossx/verbs/evaluated": (
        "assessed",
        "ADL's crossed profile: a piece of work was judged",
    ),
    "https://brindlewaye.com/xAPITerms/verbs/loggedin": (
        "logged-in",
        "Moodle, before 2019: somebody signed in",
    ),
    "http://adlnet.gov/expapi/verbs/logged-in": (
        "logged-in",
        "ADL's older vocabulary: somebody signed in",
    ),
}

VERB_ALIASES = {iri: verb for iri, (verb, _) in _ALIASES.items()}
ALIAS_SOURCES = {iri: source for iri, (_, source) in _ALIASES.items()}
