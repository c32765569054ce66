"""Published values under attack: random small worlds, whose every answer is kept and subtracted from
every other (docs/privacy.md). ``make soak`` has a thousand larger ones.

To repeat a world: ``pytest -k 'world-17'``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from analytics.store.published import PublishedValue
from carryover import composition
from carryover.composition import StoreAndAnalytics
from core import settings
from core.embedded import EmbeddedServers
from core.settings import Settings
from lrs import operator_api
from lrs.store import change_queue
from tests.conftest import Databases, environ_for
from tests.support.attacked_world import LARGE, SMALL, Access, Size, World
from tests.support.attacker import Attacker
from tests.support.publishing_truth import Truth
from tests.support.store import Caller

WORLDS, QUESTIONS = 50, 4
# Larger worlds in which answers told of fewer once. 190975-390: a packet without questions of its
# own shared a row with one that has some; the row over it alone came later.
FOUND = ("190975-390",)


@pytest.fixture(scope="module")
def store(
    servers: EmbeddedServers,
    databases: Databases,
    analytics_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Settings, StoreAndAnalytics, FlaskClient]]:
    """One database for all worlds: each is a tenant of it."""
    with databases.temporary(analytics_template) as name:
        read = settings.read_settings(environ_for(servers, name, tmp_path_factory.mktemp("home")))
        joined = composition.build_from_settings(read)
        yield read, joined, composition.create_store_app(joined).test_client()
        joined.close()


def enter(store: tuple[Settings, StoreAndAnalytics, FlaskClient], name: str) -> Access:
    """A tenant for a world."""
    read, joined, client = store
    wanted = [("all", ("all",)), ("attacker", ("metrics/read",))]
    owner, attacker = operator_api.create_tenant(read, name, wanted)
    return Access(
        joined.analytics,
        max(change_queue.list_tenant_ids(joined.analytics.engine)),
        Caller(client, *owner),
        Caller(client, *attacker),
    )


def attack(access: Access, seed: str, size: Size, questions: int) -> None:
    """Publish a world again and again; after each time the attacker asks, and the truth is looked
    at."""
    world = World(seed, size, access)
    attacker = Attacker(access, random.Random(f"questions {seed}"), questions)
    truth = Truth(access.tenant_id)
    try:
        for now in world.publications():
            with access.deps.unit_of_work(access.tenant_id) as connection:
                truth.check(connection, now)
                released = connection.execute(
                    text("SELECT * FROM analytics.published_value WHERE tenant_id = :tenant"),
                    {"tenant": access.tenant_id},
                ).all()
            columns = list(PublishedValue.__dataclass_fields__)
            values = [PublishedValue(*(getattr(row, name) for name in columns)) for row in released]
            attacker.ask(world, now, values)
            attacker.subtract()
    except AssertionError as error:
        story = "\n".join(world.happened)
        raise AssertionError(f"world {seed!r} ({size})\n{story}\n\n{error}") from error


@pytest.mark.parametrize("number", range(WORLDS), ids=lambda number: f"world-{number}")
def test_no_answers_tell_of_fewer_than_five(
    store: tuple[Settings, StoreAndAnalytics, FlaskClient], number: int
) -> None:
    attack(enter(store, f"world {number}"), f"{number}", SMALL, QUESTIONS)


@pytest.mark.parametrize("seed", FOUND)
def test_what_was_found_once_is_found_no_more(
    store: tuple[Settings, StoreAndAnalytics, FlaskClient], seed: str
) -> None:
    attack(enter(store, f"world {seed}"), seed, LARGE, QUESTIONS)
