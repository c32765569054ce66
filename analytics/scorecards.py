"""The lines of the scorecard: which metric, from which floor to which target, with which
weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from analytics.catalogue import METRICS_BY_KEY

PERSPECTIVES = (
    "adoption",
    "performance impact",
    "learning efficiency",
    "sustainability",
    "innovation",
)
# not in the catalogue: the effect on the business figure, as a share of the distance from baseline
# to target
IMPACT_METRIC = "impact"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: 0 at the floor, 100 at the target; a floor above the target means that less is \
better."""

    perspective: str
    metric: str
    part: str
    floor: float
    target: float
    weight: float


# Nobody has agreed to these values: they are defaults until a training manager decides.
DEFAULT_LINES = (
    Line("adoption", "adoption_due", "", 0.3, 0.8, 0.25),
    Line("performance impact", "transfer_rate", "", 0.1, 0.5, 0.25),
    Line("performance impact", IMPACT_METRIC, "", 0.0, 1.0, 0.1),
    Line("learning efficiency", "retention_observed", "3m", 0.4, 0.8, 0.15),
    Line("learning efficiency", "time_to_competency", "", 180.0, 60.0, 0.05),
    Line("sustainability", "sustainability", "all", 0.1, 0.5, 0.15),
    Line("innovation", "transfer_intensity", "", 0.0, 1.0, 0.05),
)


def describe_fault(lines: Sequence[Line]) -> str:
    """The first fault of a set of lines, as a sentence; empty if there is none."""
    if not lines or len(lines) > 30:
        return "A scorecard has 1 to 30 lines."
    for i, line in enumerate(lines):
        known = line.metric == IMPACT_METRIC or (
            line.metric in METRICS_BY_KEY and line.part in dict(METRICS_BY_KEY[line.metric].parts)
        )
        if not known:
            return (
                f"Line {i + 1}: there is no metric {line.metric!r} with the part {line.part!r}; "
                "GET /api/v1/metrics lists them."
            )
        if line.perspective not in PERSPECTIVES:
            return f"Line {i + 1}: the perspective is one of {', '.join(PERSPECTIVES)}."
        if line.floor == line.target:
            return f"Line {i + 1}: floor and target are the same."
        if not 0 <= line.weight <= 1 or not all(
            abs(value) < 1e9 for value in (line.floor, line.target)
        ):
            return (
                f"Line {i + 1}: the weight lies between 0 and 1, floor and target within a "
                "thousand million."
            )
    total = sum(line.weight for line in lines)
    return "" if abs(total - 1) < 1e-6 else f"The weights sum to {total:.3f}; make it 1."


def parse_lines(lines: Sequence[dict[str, Any]]) -> list[Line]:
    """Convert stored lines to ``Line``."""
    return [msgspec.convert(line, Line) for line in lines]
