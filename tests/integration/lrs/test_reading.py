"""Pages are read on connections that keep their tenant: nobody sees another's through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from core.database import make_engine
from lrs.actions.deps import StoreDeps
from tests.support.store import Caller, body

TENANTS = {1: 5, 2: 7}  # by number: its statements
SEEN = text("SELECT tenant_id, count(*) AS statements FROM lrs.statement GROUP BY tenant_id")


@pytest.fixture(autouse=True)
def _filled(tenant: Callable[..., Caller], statement: Callable[..., dict[str, Any]]) -> None:
    for number, count in TENANTS.items():
        body(tenant(f"tenant {number}").post([statement() for _ in range(count)]))


@pytest.fixture
def apart(deps: StoreDeps) -> Iterator[Engine]:
    engine = make_engine(deps.settings.database_url)
    yield engine
    engine.dispose()


def test_each_reader_sees_its_own_tenant_whoever_had_the_connection_before(
    deps: StoreDeps,
) -> None:
    def look(number: int) -> None:
        tenant_id = 1 + number % len(TENANTS)
        with deps.reading(tenant_id) as connection:
            seen = {row.tenant_id: row.statements for row in connection.execute(SEEN)}
        assert seen == {tenant_id: TENANTS[tenant_id]}

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(look, range(400)))


def test_nothing_is_written_through_it(deps: StoreDeps) -> None:
    with pytest.raises(DBAPIError, match="read-only"), deps.reading(1) as connection:
        connection.execute(text("DELETE FROM lrs.statement"))
    with deps.reading(1) as connection:
        assert connection.execute(SEEN).one().statements == TENANTS[1]


@pytest.mark.parametrize("way", ["reading", "unit_of_work"])
def test_connections_that_the_server_closed_are_replaced(
    deps: StoreDeps, apart: Engine, way: str
) -> None:
    """As after a restart of PostgreSQL, or an idle time of a pooler."""
    unit_of_work = getattr(deps, way)
    with unit_of_work(1), unit_of_work(2), unit_of_work(1):
        pass  # three connections wait in the pool
    with apart.begin() as connection:
        closed = connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE usename = current_user AND datname = current_database() "
                "AND pid <> pg_backend_pid()"
            )
        ).all()
    assert len(closed) >= 3
    for tenant_id in (2, 1, 2, 1):
        with unit_of_work(tenant_id) as connection:
            seen = {row.tenant_id: row.statements for row in connection.execute(SEEN)}
        assert seen == {tenant_id: TENANTS[tenant_id]}
