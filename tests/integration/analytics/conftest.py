"""A record store with analytics for each test: their dependencies, tenants, a client of their HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from analytics.deps import AnalyticsDeps
from analytics.jobs.publishing import publish_tenant
from carryover import composition
from carryover.composition import StoreAndAnalytics
from core import clock, settings
from core.embedded import EmbeddedServers
from core.settings import Settings
from lrs import operator_api
from tests.conftest import Databases, environ_for
from tests.support.learners import NOW, count
from tests.support.store import Caller


@pytest.fixture(scope="session")
def analytics_template(
    servers: EmbeddedServers,
    databases: Databases,
    lrs_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A database with the tables, and the views for reporting tools."""
    name = databases.make(lrs_template)
    composition.migrate_store(
        settings.read_settings(environ_for(servers, name, tmp_path_factory.mktemp("home")))
    )
    return name


@pytest.fixture
def lrs_settings(
    servers: EmbeddedServers,
    new_database: Callable[..., str],
    analytics_template: str,
    tmp_path: Path,
) -> Settings:
    """Settings for a fresh database."""
    return settings.read_settings(environ_for(servers, new_database(analytics_template), tmp_path))


@pytest.fixture
def joined(lrs_settings: Settings) -> Iterator[StoreAndAnalytics]:
    made = composition.build_from_settings(lrs_settings)
    yield made
    made.close()


@pytest.fixture
def deps(joined: StoreAndAnalytics) -> AnalyticsDeps:
    return joined.analytics


@pytest.fixture
def tenant(lrs_settings: Settings, joined: StoreAndAnalytics) -> Callable[..., Caller]:
    """Makes a tenant and gives its client."""
    client = composition.create_store_app(joined).test_client()

    def make(name: str = "one", scopes: tuple[str, ...] = ("all",)) -> Caller:
        ((key, secret),) = operator_api.create_tenant(
            lrs_settings, name, [("test", scopes)], again=True
        )
        return Caller(client, key, secret)

    return make


@pytest.fixture
def one(tenant: Callable[..., Caller]) -> Caller:
    return tenant()


@pytest.fixture
def publish(deps: AnalyticsDeps, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
    """Counts and publishes, some days later."""

    def run(days: float = 0) -> bool:
        count(deps)
        monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=days))
        return publish_tenant(deps.long_unit_of_work, 1)

    return run
