"""Verbs of other sources that mean the same as one of ours: used when counting, never written
into a statement.

Each IRI was observed in the output of its source: Moodle's logstore plugin (Moodle), Open edX's
event routing (Open edX), cmi5 (ADL), Activity Streams 1.0 as used in practice (Streams). Only
verbs with a single meaning: an ambiguous one is left out.
"""

from __future__ import annotations

from lrs.vocabulary.kinds import VerbName

EARNED = "http://id.tincanapi.com/verb/earned"
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
# Moodle's plugin, for a badge or a certificate. Which certification it means is unknown until a
# person maps the activity.
ACHIEVED = "https://w3id.org/xapi/tla/verbs/achieved"

# IRI -> (our verb, which source uses it).
_ALIASES = {
    EARNED: (VerbName.CERTIFIED, "Open edX: a certificate was created"),
    COMPLETED: (VerbName.COMPLETED, "Moodle, Open edX, cmi5: an activity was finished"),
    "http://adlnet.gov/expapi/verbs/initialized": (
        VerbName.ATTEMPTED,
        "cmi5, Open edX: a session in an activity begins",
    ),
    "http://adlnet.gov/expapi/verbs/launched": (
        VerbName.ATTEMPTED,
        "Moodle: an activity was opened to be taken",
    ),
    "http://activitystrea.ms/schema/1.0/submit": (
        VerbName.SUBMITTED,
        "Streams: something was handed in",
    ),
    "http://activitystrea.ms/schema/1.0/update": (
        VerbName.UPDATED,
        "Streams: something was changed",
    ),
    "http://activitystrea.ms/schema/1.0/receive": (VerbName.RECEIVED, "Streams: a message arrived"),
    "http://activitystrea.ms/schema/1.0/open": (VerbName.OPENED, "Streams: a message was opened"),
    "https://w3id.org/xapi/acrossx/verbs/evaluated": (
        VerbName.ASSESSED,
        "ADL's crossed profile: a piece of work was judged",
    ),
    "https://brindlewaye.com/xAPITerms/verbs/loggedin": (
        VerbName.LOGGED_IN,
        "Moodle, before 2019: somebody signed in",
    ),
    "http://adlnet.gov/expapi/verbs/logged-in": (
        VerbName.LOGGED_IN,
        "ADL's older vocabulary: somebody signed in",
    ),
}

VERB_ALIASES = {iri: verb for iri, (verb, _) in _ALIASES.items()}
ALIAS_SOURCES = {iri: source for iri, (_, source) in _ALIASES.items()}
