"""The reports of a programme: keys, labels, and which can cover a subset of people, for analytics
and for its clients."""

from __future__ import annotations

from collections.abc import Mapping

# The reader's question -> report key -> its label in the list of reports, in the order shown.
REPORT_GROUPS: Mapping[str, Mapping[str, str]] = {
    "What lasts": {
        "scorecard": "Scorecard",
        "forgetting": "How it fades",
        "first_use": "When the first use comes",
    },
    "Where to look": {
        "weak_domains": "What the training left open",
        "items": "Questions",
        "heat_map": "Teams and competencies",
        "checks_done": "Checks done, week by week",
        "answers_right": "Answers right, week by week",
        "used": "Use, week by week",
    },
    "Was it worth it": {
        "impact": "Business figures",
        "readings": "Business figures, period by period",
        "roi": "Return on investment",
    },
    "Side by side": {
        "teams": "Teams",
        "waves": "Waves",
        "innovation": "Programmes",
        "use": "Use of Carryover",
    },
    "Can it be trusted": {
        "checklist": "Five questions",
        "raters": "Do raters mean the same",
        "quality": "What makes it doubtful",
    },
}
REPORT_LABELS = {key: label for batch in REPORT_GROUPS.values() for key, label in batch.items()}

# Reports that count only the requested episodes and show nothing of the whole programme beside
# them: they can be restricted to chosen episodes.
SUBSET_REPORTS = ("first_use", "weak_domains", "items", "heat_map", "teams", "waves")
