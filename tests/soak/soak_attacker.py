"""The long form of the attacker: a thousand worlds, larger and longer, new ones each time."""

from __future__ import annotations

import os
import platform
import random
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from carryover import composition
from core import settings
from core.embedded import EmbeddedServers
from tests.conftest import SEED, Databases, environ_for
from tests.integration.analytics.conftest import analytics_template
from tests.integration.analytics.test_attacker import attack, enter
from tests.support.attacked_world import LARGE

__all__ = ["analytics_template"]

WORLDS, QUESTIONS, PROCESSES = 1_000, 12, 2
RESULTS = Path(__file__).parent / "results" / "attacker.md"


def attack_some(environ: dict[str, str], seeds: list[str]) -> list[str]:
    """What was found, a text for each world in which something was."""
    read = settings.read_settings(environ)
    joined = composition.build_from_settings(read)
    client = composition.create_store_app(joined).test_client()
    found = []
    for seed in seeds:
        try:
            attack(enter((read, joined, client), f"world {seed}"), seed, LARGE, QUESTIONS)
        except AssertionError as error:
            found.append(str(error))
    joined.close()
    return found


def test_a_thousand_worlds(
    servers: EmbeddedServers, databases: Databases, analytics_template: str, tmp_path: Path
) -> None:
    base = random.Random(os.environ[SEED]).randrange(10**6)
    seeds = [f"{base}-{number}" for number in range(WORLDS)]
    begun = time.monotonic()
    parts = [seeds[start::PROCESSES] for start in range(PROCESSES)]
    environs = [
        environ_for(servers, databases.make(analytics_template), tmp_path) for _ in range(PROCESSES)
    ]
    with ProcessPoolExecutor(PROCESSES) as pool:
        found = [text for some in pool.map(attack_some, environs, parts) for text in some]
    seconds = time.monotonic() - begun
    RESULTS.write_text(
        "# Published values under attack\n\n"
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}. `make soak`\n\n"
        f"{WORLDS:,} worlds (seeds {seeds[0]} to {seeds[-1]}) of {LARGE.people[0]} to "
        f"{LARGE.people[1]} people and {LARGE.publications[0] + 1} to "
        f"{LARGE.publications[1] + 1} publications in {seconds:.0f} s, "
        f"{WORLDS / seconds:.1f} a second: late and voided statements, erasures, merges and their "
        "undoing, moves, changed rules. After each publication every row was worked out again, and "
        f"every combination and difference looked at. Worlds with a fault: {len(found)}.\n"
    )
    assert not found, "\n\n".join(found[:5])
