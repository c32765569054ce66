"""The practice LMS and the real tool beside each other on one server, as in the demo, but in this
process: a test acts between two requests, and no job runs by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from carryover.practice_lms import app as practice
from carryover.practice_lms.dialects import Dialect
from carryover.practice_lms.people import DEPLOYMENT_ID, PEOPLE
from carryover.sample_programme import sample_document
from carryover.wsgi import PathDispatcher
from core import settings as core_settings
from lti_tool import app, bootstrap, operator_api
from lti_tool.base.deps import ToolDeps
from tests.conftest import environ_for
from tests.support.counterpart import Served
from tests.support.demo import Browser
from tests.support.tool import FakeServer


@dataclass
class PracticeCourse:
    """The course while it plays one product, whose learner was certified a week ago."""

    deps: ToolDeps
    tenant_id: int
    lms: str
    browser: Browser

    def open(self, path: str) -> str:
        """Launch from the course; the tool's page."""
        return self.browser.launch(f"{self.lms}/practice/launch/{path}").text

    def sql(self, statement: str, **values: Any) -> Any:
        """Rows of a statement, seen as this tenant."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            return connection.execute(text(statement), values).all()


@contextmanager
def practice_course(
    servers: Any, database: str, home: Path, dialect: Dialect, family: str
) -> Iterator[PracticeCourse]:
    """Choose the product on the course's page; the tool takes the LMS for one of this family."""
    served, records, browser = Served(), FakeServer(), Browser()
    records.says("/api/v1/figures", (200, "OK", {"figures": []}))
    environ = {
        **environ_for(servers, database, home),
        "CARRYOVER_BASE_URL": served.url,
        "CARRYOVER_LRS_URL": records.url,
    }
    settings, deps = core_settings.read_settings(environ), bootstrap.build(environ)
    lms = practice.lms_base_url(served.url)
    served.app = PathDispatcher(
        {"practice": practice.create_app(home, served.url)}, app.create_app(deps)
    )
    tenant_id = operator_api.create_tenant(
        settings, name="one", lrs_url=None, lrs_key="key", lrs_secret="secret", practice=False
    )
    learner = PEOPLE["learner"]
    week_ago = datetime.now(UTC) - timedelta(days=7)
    operator_api.seed_tenant(
        settings,
        tenant_id=tenant_id,
        programme=sample_document(),
        platform=practice.platform_registration(lms),
        deployments=[DEPLOYMENT_ID],
        certified={dialect.subject(learner.subject, lms): (learner.name, week_ago)},
    )
    with deps.unit_of_work(tenant_id) as connection:
        connection.execute(
            text("UPDATE lti_tool.platform_registration SET family = :family"), {"family": family}
        )
    browser.get(f"{lms}/practice/")
    browser.submit("/practice/dialect", dialect=dialect.key)
    yield PracticeCourse(deps, tenant_id, lms, browser)
    browser.close()
    for server in (served, records):
        server.close()
    deps.engine.dispose()
    deps.client.close()
    deps.own_client.close()
