"""Joining the record store and analytics: one application, one listener to changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from flask import Flask

from analytics import app as analytics_app
from analytics import operator_api as analytics_operator
from analytics.deps import AnalyticsDeps, build_analytics_deps
from analytics.operator_api import AnalyticsAdmin
from core import settings
from core.deps import build_deps
from core.settings import Settings
from lrs import app as lrs_app
from lrs import operator_api as lrs_operator
from lrs.bootstrap import ChangeListener, StoreDeps, build_store_deps
from lrs.operator_api import TenantAdmin


@dataclass(frozen=True)
class StoreAndAnalytics:
    """The dependencies of both, over the same database and queue."""

    store: StoreDeps
    analytics: AnalyticsDeps

    def close(self) -> None:
        """Close all connections."""
        self.store.close()


def build_from_settings(read: Settings) -> StoreAndAnalytics:
    """Build both; analytics listens to what the record store stores and removes."""
    common = build_deps(read)
    analytics = build_analytics_deps(common)
    return StoreAndAnalytics(build_store_deps(common, _listener(analytics)), analytics)


def _listener(analytics: AnalyticsDeps) -> ChangeListener:
    return ChangeListener(
        stored=partial(analytics_app.on_stored, analytics),
        removed=partial(analytics_app.on_removed, analytics),
    )


def build_from_environ(environ: Mapping[str, str]) -> StoreAndAnalytics:
    """Build both from the environment."""
    return build_from_settings(settings.read_settings(environ))


@contextmanager
def open_tenant(read: Settings, tenant: str) -> Iterator[TenantAdmin]:
    """Open a tenant of the record store for operator actions; an erasure there is complete here,
    too.
    """
    analytics = build_analytics_deps(build_deps(read))
    try:
        with lrs_operator.open_tenant(read, tenant, _listener(analytics)) as opened:
            yield opened
    finally:
        analytics.close()


@contextmanager
def open_analytics(read: Settings, tenant: str) -> Iterator[AnalyticsAdmin]:
    """Open the figures of a tenant for operator actions."""
    analytics = build_analytics_deps(build_deps(read))
    try:
        with lrs_operator.open_tenant(read, tenant) as opened:
            yield AnalyticsAdmin(analytics, opened.tenant_id, opened.who)
    finally:
        analytics.close()


def migrate_store(read: Settings) -> None:
    """Bring the tables and the views for reporting tools up to date, as the database's owner."""
    lrs_operator.migrate_store(read)
    analytics_operator.update_reporting_views(read)


def create_store_app(deps: StoreAndAnalytics) -> Flask:
    """Create the application that serves ``/xapi``, ``/api/v1`` and ``/browse``."""
    require_scope = lrs_app.scope_requirement(deps.store)
    return lrs_app.create_app(
        deps.store,
        [
            part(deps.analytics, require_scope)
            for part in (analytics_app.api_part, analytics_app.operator_part)
        ],
    )
