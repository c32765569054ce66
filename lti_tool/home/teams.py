"""Progress of people: managers and mentors see individuals; everybody else sees only teams of
five or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.database import UnitOfWork
from lrs.vocabulary import MIN_GROUP_SIZE
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.home import teams_store
from lti_tool.home.teams_store import LearnerProgress, ProgressCounts
from lti_tool.programmes import episodes_store, programmes
from lti_tool.transfer.transfer_protocol import VERIFIED_GRADE


@dataclass(frozen=True)
class TeamOverview:
    """Team lines that may be shown, and how many people are in none of them."""

    programme: str
    lines: list[ProgressCounts]
    hidden: int


def list_led_people(
    unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime
) -> tuple[list[LearnerProgress], dict[tuple[str, int], str]]:
    """List the people whom this person leads or mentors, and the titles of their programmes."""
    with unit_of_work(session.tenant_id) as connection:
        result = teams_store.list_led_progress(
            connection, session.tenant_id, session.person_id, now, VERIFIED_GRADE
        )
        versions = sorted({(item.programme, item.programme_version) for item in result})
        return result, {
            version: programmes.load_programme(connection, session.tenant_id, *version).title
            for version in versions
        }


def load_team_overview(
    unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, now: datetime
) -> TeamOverview:
    """Load the teams of a programme for a viewer without individual access."""
    with unit_of_work(tenant_id) as connection:
        team_counts = teams_store.list_team_progress(
            connection, tenant_id, programme, now, VERIFIED_GRADE
        )
        version = episodes_store.newest_programme_versions(connection, tenant_id).get(programme)
        title = (
            programmes.load_programme(connection, tenant_id, programme, version).title
            if version
            else programme
        )
    return TeamOverview(title, *suppress_small_teams(team_counts))


def suppress_small_teams(everything: Sequence[ProgressCounts]) -> tuple[list[ProgressCounts], int]:
    """Return (lines of five or more, how many people are in none). Smaller teams are merged
    into one line; if that has fewer than five, the smallest visible line is merged into it as
    well, so that nobody can be identified by subtracting lines from a total known elsewhere.
    """
    large = sorted(
        (item for item in everything if item.people >= MIN_GROUP_SIZE and item.name),
        key=lambda item: (item.people, item.name),
    )
    small = [item for item in everything if item.people < MIN_GROUP_SIZE or not item.name]
    if small and sum(item.people for item in small) < MIN_GROUP_SIZE and large:
        small.append(large.pop(0))
    together = _sum_standings(small)
    lines = sorted(large, key=lambda item: item.name)
    if together.people >= MIN_GROUP_SIZE:
        return [*lines, together], 0
    return lines, together.people


def _sum_standings(lines: Sequence[ProgressCounts]) -> ProgressCounts:
    total = ProgressCounts("", 0, 0, 0, 0, 0, 0, 0)
    for line in lines:
        total = replace(
            total,
            people=total.people + line.people,
            checks_due=total.checks_due + line.checks_due,
            checks_done=total.checks_done + line.checks_done,
            plans=total.plans + line.plans,
            handed_in=total.handed_in + line.handed_in,
            uses=total.uses + line.uses,
            verified=total.verified + line.verified,
        )
    return total
