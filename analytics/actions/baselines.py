"""Deciding that a weekly figure has a new level: by a person, with the reason, and only if the
weeks support it."""

from __future__ import annotations

from datetime import date

import msgspec

from analytics.deps import AnalyticsDeps
from analytics.statistics import charts
from analytics.store import weekly_figures
from analytics.weekly_series import WEEKLY_SERIES
from core.errors import BadInput, Conflict
from lrs import feed

MAX_REASON_CHARS = 500
MAX_WEEKS = 1_000


class NewLevel(msgspec.Struct, forbid_unknown_fields=True):
    """The decision, as it is sent: since the week that begins on ``since``."""

    programme: str
    series: str
    since: date
    why: str
    team: str = ""


def decide_new_level(deps: AnalyticsDeps, *, tenant_id: int, new_level: NewLevel, who: str) -> int:
    """Exclude weeks before ``since`` from the baseline and end the open alarm on that figure.
    Returns the id of the decision.

    Raises BadInput for a figure or a week that does not exist; Conflict unless eight weeks or
    more, all weeks since then, lie on one side of the previous centre.
    """
    if new_level.series not in WEEKLY_SERIES:
        raise BadInput(f"series is one of {', '.join(WEEKLY_SERIES)}.", path="$.series")
    if not new_level.why.strip() or len(new_level.why) > MAX_REASON_CHARS or "\0" in new_level.why:
        raise BadInput(
            f"Say why the level has changed, in up to {MAX_REASON_CHARS} characters.", path="$.why"
        )
    if "\0" in new_level.programme + new_level.team:
        raise BadInput("programme and team hold no NUL.", path="$.programme")
    with deps.unit_of_work(tenant_id) as connection:
        rows = weekly_figures.list_week_figures(
            connection,
            tenant_id,
            new_level.programme,
            new_level.series,
            new_level.team,
            0,
            MAX_WEEKS,
            everything=False,
        )
        current = weekly_figures.find_current_baselines(
            connection, tenant_id, new_level.programme
        ).get((new_level.series, new_level.team))
        weeks = {
            row.week: (row.numerator, row.denominator)
            for row in rows
            if row.denominator and (current is None or row.week >= current.since)
        }
        if new_level.since not in weeks:
            raise BadInput(
                "No figure was published for a week that begins on this day; /api/v1/weeks lists "
                "them.",
                path="$.since",
            )
        counts = [weeks[week] for week in sorted(weeks)]
        centre, _, _ = charts.p_chart(counts)
        after = [weeks[week] for week in sorted(weeks) if week >= new_level.since]
        if (
            charts.trailing_run_length([k / n for k, n in after], centre) != len(after)
            or len(after) < charts.RUN_LENGTH
        ):
            raise Conflict(
                f"The level has not changed since then: it takes {charts.RUN_LENGTH} weeks or "
                f"more on one side of the usual {centre:.0%}, without one in between.",
                path="$.since",
            )
        created = weekly_figures.insert_baseline_decision(
            connection, tenant_id, {**msgspec.structs.asdict(new_level), "who": who}
        )
        details = {
            "baseline": created,
            "programme": new_level.programme,
            "series": new_level.series,
            "team": new_level.team,
        }
        feed.insert_audit_entry(connection, tenant_id, who, "decided on a new level", details)
    return created
