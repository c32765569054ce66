"""How much is told by team: people of organisations of three sizes, put into packets by the rule,
and what of their checks is told of their team by the end.

``python -m bench.publishing_utility``
"""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product

from analytics.catalogue import METRICS_BY_KEY
from analytics.publishing.packets import NewPacket, Waiting, monday_of, replay_mondays
from analytics.publishing.rows import Ledger, PublishedRow, RowKey, add_rows
from bench.server import heading, keep

ORGANISATIONS = ((10_000, 200), (1_000, 40), (200, 12))  # people, teams
SIZES = (8, 5)  # people of a packet at least
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
YEAR = timedelta(days=364)
END = date(2027, 5, 3)  # who waited 13 weeks after the year is pooled by then
FORTNIGHT = timedelta(days=14)
COHORTS = 4  # a year, where people are certified in waves
RESPONSE = 0.7  # the share of checks that are answered
RATIO = 0.98  # of the sizes of two teams, of which one is the next larger
WANTED = 0.8  # of people, of the largest organisation
METRIC = "retention_observed"


@dataclass(frozen=True)
class Case:
    """One organisation: how people are certified, and what its waves are."""

    people: int
    teams: int
    in_cohorts: bool
    waves: bool
    size: int


def people_of(case: Case) -> list[Waiting]:
    """Everybody with team, wave, and when certified."""
    draw = random.Random(1)
    ratio = RATIO ** (200 / case.teams)  # as unequal in few teams as in many
    weights = [ratio**n for n in range(case.teams)]
    found = []
    for n in range(case.people):
        (team,) = draw.choices(range(case.teams), weights)
        if case.in_cohorts:
            cohort = draw.randrange(COHORTS)
            anchor = BEGIN + cohort * YEAR / COHORTS + FORTNIGHT * draw.random()
        else:
            anchor = BEGIN + YEAR * draw.random()
        quarter = f"Q{(anchor - BEGIN) // (YEAR / 4) + 1}" if case.waves else None
        found.append(Waiting(uuid.UUID(int=n), n, quarter, f"team {team}", anchor))
    return found


def told_by_team(case: Case) -> tuple[float, float, float]:
    """The shares of people in a packet of their team; of answers to checks that are told of a
    team; and of teams and intervals of which something is told."""
    packets, _ = replay_mondays(people_of(case), monday_of(END), case.size)
    own = [packet for packet in packets if not packet.pooled]
    people = sum(len(packet.members) for packet in own) / case.people
    answers, teams = _rows_told(own, case)
    return people, answers, teams


def _rows_told(packets: Sequence[NewPacket], case: Case) -> tuple[float, float]:
    draw, ledger = random.Random(2), Ledger()
    groups: dict[tuple[str | None, str | None], list[tuple[int, NewPacket]]] = defaultdict(list)
    for number, packet in enumerate(packets):
        groups[packet.wave, packet.value].append((number, packet))
    metric = METRICS_BY_KEY[METRIC]
    assert metric.published is not None
    told, teams = 0, set()
    for part, _ in metric.parts:
        (day,) = metric.published.days_of(part)
        key = RowKey(METRIC, part, day)
        for (_, team), members in groups.items():
            pending: list[PublishedRow] = []
            for number, packet in members:
                who = [item.learner for item in packet.members if draw.random() < RESPONSE]
                row = PublishedRow(key, metric.version, (number,), len(who), [], {part: who})
                together = add_rows([*pending, row])
                if ledger.add_if_safe(together):
                    told += together.people
                    teams.add((team, part))
                    pending = []
                else:
                    pending.append(row)
    parts = len(metric.parts)
    return told / (case.people * RESPONSE * parts), len(teams) / (case.teams * parts)


def main() -> None:
    """All cases, as a page."""
    lines = [
        *heading("What is told by team", "A simulation by the rule itself; no database."),
        f"People certified over a year, in teams of unequal size; {RESPONSE:.0%} of all checks are "
        "answered. Evenly: on any day; in cohorts: four times a year within two weeks. Waves: none, "
        f"or one a quarter. At least {WANTED:.0%} of 10,000 people in 200 teams are to be told of "
        "by team with the default of 8.",
        "",
        "| people, teams | certified | waves | packets of | people in a packet of their team | "
        "answers told by team | teams and intervals told of |",
        "|---|---|---|---|---|---|---|",
    ]
    figures = {}
    for (people, teams), in_cohorts, waves, size in product(
        ORGANISATIONS, (False, True), (False, True), SIZES
    ):
        found = told_by_team(Case(people, teams, in_cohorts, waves, size))
        shares = " | ".join(f"{share:.0%}" for share in found)
        lines.append(
            f"| {people:,} in {teams} | {'in cohorts' if in_cohorts else 'evenly'} | "
            f"{'4 a year' if waves else 'none'} | {size} | {shares} |"
        )
        if size == SIZES[0] and people == ORGANISATIONS[0][0]:
            figures[f"told by team, {in_cohorts=}, {waves=}"] = found[0]
    lines += ["", *ADVICE]
    keep("publishing_utility", lines, {"told_by_team_least": min(figures.values())})


ADVICE = (
    "Small organisations: declare no waves, or the site or role instead of the team, and certify in "
    "cohorts; only then lower k to 5, since more packets are told of and more of their answers wait. "
    "Whoever is in no packet of a team counts in the programme "
    "([docs/privacy.md](../../docs/privacy.md#small-organisations)).",
)


if __name__ == "__main__":
    main()
