"""Operator actions on analytics, called by the ``carryover`` command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from analytics.actions import person_merges
from analytics.deps import AnalyticsDeps
from analytics.jobs import counting, tenant_jobs
from analytics.reports.catalogue_views import catalogue_views
from analytics.store import facts, reporting_views
from analytics.store.reporting_views import ReportingUser
from core.database import make_engine, make_unit_of_work
from core.errors import FatalError
from core.settings import Settings
from lrs import feed


def update_reporting_views(settings: Settings) -> None:
    """Bring the views for reporting tools up to date, as the database's owner; after the
    migrations.
    """
    with _owner_engine(settings) as owner:
        reporting_views.rebuild_views(owner, catalogue_views())


@dataclass(frozen=True)
class AnalyticsAdmin:
    """Operator actions on one tenant's figures."""

    deps: AnalyticsDeps
    tenant_id: int
    who: str

    def create_reporting_user(self, name: str) -> str:
        """Create a login role for reporting tools with access to this tenant's views; return
        its password.
        """
        with _owner_engine(self.deps.settings) as owner:
            password = reporting_views.create_reporting_user(owner, self.tenant_id, name, self.who)
        self._audit("made a reporting user", {"role": name})
        return password

    def reporting_users(self) -> list[ReportingUser]:
        """Return the reporting users of this tenant."""
        with _owner_engine(self.deps.settings) as owner, owner.connect() as connection:
            return [
                user
                for user in reporting_views.list_reporting_users(connection)
                if user.tenant_id == self.tenant_id
            ]

    def drop_reporting_user(self, name: str) -> None:
        """Drop a reporting user."""
        with _owner_engine(self.deps.settings) as owner:
            reporting_views.drop_reporting_user(owner, self.tenant_id, name)
        self._audit("ended a reporting user", {"role": name})

    def rebuild_facts(self, progress: Callable[[int, int], None]) -> bool:
        """Recompute all facts from their statements; return whether one changed although
        nothing was pending.
        """
        counting.count_all_tenants(self.deps)
        changed = counting.reconcile_tenant(self.deps.unit_of_work, self.tenant_id, progress)
        tenant_jobs.restate_weeks(
            self.deps,
            self.tenant_id,
            self.who,
            "all facts were made anew (carryover metrics rebuild)",
        )
        self._audit("rebuilt all facts", {"changed": changed})
        return changed

    def other_identifiers(self, agent: dict[str, Any]) -> list[dict[str, Any]]:
        """The agents that count as this one now."""
        return person_merges.list_aliases(self.deps, tenant_id=self.tenant_id, agent=agent)

    def _audit(self, act: str, details: dict[str, object]) -> None:
        with self.deps.unit_of_work(self.tenant_id) as connection:
            feed.insert_audit_entry(connection, self.tenant_id, self.who, act, details)


def doctor_checks(settings: Settings) -> Mapping[str, Callable[[], str]]:
    """The checks of analytics for carryover doctor: each returns a sentence, or raises FatalError
    with what to do.
    """

    def check_figures() -> str:
        failures = Counter[str]()
        engine = make_engine(settings.database_url)
        unit_of_work = make_unit_of_work(engine)
        for tenant_id in feed.list_tenant_ids(engine):
            with unit_of_work(tenant_id) as connection:
                failures.update(facts.count_failures(connection, tenant_id))
        engine.dispose()
        if failures:
            kinds = ", ".join(f"{kind} {count}" for kind, count in failures.most_common())
            raise FatalError(
                f"{failures.total()} statements are set aside because counting them failed "
                f"({kinds}): a fault of Carryover rather than of the statements. The worker's log "
                "holds the traces; once it is mended, run carryover metrics rebuild."
            )
        return "no statement is set aside because of an error in counting"

    return {"figures": check_figures}


@contextmanager
def _owner_engine(settings: Settings) -> Iterator[Engine]:
    owner = make_engine(settings.migration_url)
    try:
        yield owner
    finally:
        owner.dispose()
