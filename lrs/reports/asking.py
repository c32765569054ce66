"""What a report is asked for, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from core.clock import format_instant
from lrs.metrics.catalogue import Metric
from lrs.metrics.definitions import Scope, split_part
from lrs.metrics.statistics.estimates import Estimate
from lrs.reports.shape import Report
from lrs.reports.values import estimates_of
from lrs.store import computed, definitions


@dataclass(frozen=True)
class Asked:
    """What a report is made for; ``individual``: whoever asks may see single people."""

    connection: Connection
    scope: Scope
    individual: bool


Making = Callable[[Asked], Report]


def names_of(asked: Asked, iris: Sequence[str]) -> dict[str, str]:
    """What activities are called."""
    return definitions.find_activity_names(asked.connection, asked.scope.tenant_id, iris)


def split_values(asked: Asked, metric: Metric, dimension: str) -> dict[str, dict[str, Estimate]]:
    """Value of the dimension -> part -> estimate."""
    found: dict[str, dict[str, Estimate]] = {}
    for label, one in estimates_of(asked.connection, metric, replace(asked.scope, split=dimension)).items():
        part, value = split_part(label)
        found.setdefault(value, {})[part] = one
    return found


def computed_report(asked: Asked, name: str) -> tuple[dict[str, Any], str, str] | None:
    """(body, watermark, when) of what the job made of the programme; None where it has not made it yet, or no programme is asked for."""
    programme = asked.scope.programme
    if programme is None:
        return None
    found = computed.find_computed_report(asked.connection, asked.scope.tenant_id, programme, name)
    return (found[0], format_instant(found[1]), format_instant(found[2])) if found else None


WAITING = "It is being computed; look again in a minute."

_WHOLE = "This is of the whole programme: it is not narrowed with the rest of the page."


def of_the_whole(asked: Asked) -> tuple[str, ...]:
    """What to say of a report that a job makes for a programme, where a page is narrowed."""
    return () if asked.scope.is_whole_programme else (_WHOLE,)
