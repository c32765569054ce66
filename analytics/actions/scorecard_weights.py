"""Set the targets and weights of a scorecard: a new version, with who decided it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import IntegrityError

from analytics.deps import AnalyticsDeps
from analytics.store import computed_reports, scorecards
from core.errors import BadInput, Conflict
from lrs import feed

MAX_PROGRAMME_LENGTH = 2_000


def set_scorecard_weights(
    deps: AnalyticsDeps, *, tenant_id: int, programme: str, lines: list[dict[str, Any]], who: str
) -> int:
    """Store new weights and return the version. The lines have already been validated
    (analytics.scorecards).
    """
    if not programme or len(programme) > MAX_PROGRAMME_LENGTH or "\0" in programme:
        raise BadInput("Name the programme by its IRI.", path="$.programme")
    try:
        with deps.unit_of_work(tenant_id) as connection:
            version = scorecards.insert_scorecard(connection, tenant_id, programme, lines, who)
            computed_reports.invalidate_reports(connection, tenant_id, programme)
            feed.insert_audit_entry(
                connection,
                tenant_id,
                who,
                "decided what the scorecard weighs",
                {"programme": programme, "version": version},
            )
    except IntegrityError:
        raise Conflict(
            "Somebody else decided at the same moment; look at it and send yours again."
        ) from None
    return version
