"""The tool's jobs under the names used in the queue: functions without parameters."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from functools import cache

from adapters.channels import mailer_of
from core import clock
from core.queue import Timed, TimeIsUp
from lti_tool import bootstrap
from lti_tool.actions import digests, nudging
from lti_tool.actions.record_store import record_store_of
from lti_tool.jobs import alarms, beginnings, grades, mails, posts, rosters, statements, upkeep
from lti_tool.jobs.alarms import POLL_ALARMS
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import courses, outbox, tenants
from lti_tool.store.beginnings import READ_BEGINNINGS
from lti_tool.store.channels import SEND_POSTS
from lti_tool.store.courses import SYNC_ROSTERS
from lti_tool.store.mails import SEND_MAILS
from lti_tool.store.outbox import SEND_GRADES, SEND_STATEMENTS

log = logging.getLogger(__name__)

TIDY, REMIND = "lti_tool.worker.tidy", "lti_tool.worker.remind"
TIMED = (
    Timed(SEND_STATEMENTS, 5),
    Timed(SEND_GRADES, 5),
    Timed(SEND_MAILS, 10),
    Timed(SEND_POSTS, 30),
    Timed(SYNC_ROSTERS, 60),
    Timed(READ_BEGINNINGS, 60),
    Timed(POLL_ALARMS, 600),
    Timed(TIDY, 300),
    Timed(REMIND, 600),
)


@cache
def _deps() -> ToolDeps:
    """Built inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build(os.environ)


def send_statements() -> None:
    """Send the statements that are due."""
    deps = _deps()
    deps.nudges.begin(SEND_STATEMENTS)

    def send(tenant_id: int) -> None:
        store, ours = record_store_of(deps.unit_of_work, deps.secrets, tenant_id=tenant_id, own_url=deps.settings.lrs_url)
        statements.send(deps.unit_of_work, tenant_id, store, deps.own_client if ours else deps.client)

    _for_each(outbox.tenants(deps.engine), send)


def send_grades() -> None:
    """Send the grades that are due."""
    deps = _deps()
    deps.nudges.begin(SEND_GRADES)
    _for_each(outbox.tenants(deps.engine), lambda tenant_id: grades.send(deps, tenant_id))


def remind() -> None:
    """Queue the reminders of this hour, and the digests of this week."""
    deps = _deps()
    deps.nudges.begin(REMIND)

    def queue(tenant_id: int) -> None:
        nudging.remind(deps.unit_of_work, tenant_id=tenant_id, now=clock.now())
        digests.queue(deps.unit_of_work, tenant_id=tenant_id, base_url=deps.settings.base_url, now=clock.now())

    _for_each(tenants.every(deps.engine), queue)


def read_beginnings() -> None:
    """Read the sources of automatic certifications."""
    deps = _deps()
    deps.nudges.begin(READ_BEGINNINGS)
    _for_each(tenants.every(deps.engine), lambda tenant_id: beginnings.read(deps, tenant_id))


def poll_alarms() -> None:
    """Poll the record store for alarms."""
    deps = _deps()
    deps.nudges.begin(POLL_ALARMS)
    _for_each(tenants.every(deps.engine), lambda tenant_id: alarms.poll(deps, tenant_id))


def send_posts() -> None:
    """Send the queued posts to channels."""
    deps = _deps()
    deps.nudges.begin(SEND_POSTS)
    _for_each(tenants.every(deps.engine), lambda tenant_id: posts.send(deps, tenant_id))


def send_mails() -> None:
    """Send the queued mails. Without a mail server they stay queued."""
    deps = _deps()
    deps.nudges.begin(SEND_MAILS)
    mailer = mailer_of(deps.settings.mail_url, deps.settings.mail_from)
    if mailer is not None:
        _for_each(tenants.every(deps.engine), lambda tenant_id: mails.send(deps, tenant_id, mailer))


def sync_rosters() -> None:
    """Read the rosters that are due."""
    deps = _deps()
    deps.nudges.begin(SYNC_ROSTERS)
    _for_each(courses.tenants_with_rosters(deps.engine), lambda tenant_id: rosters.sync(deps, tenant_id))


def tidy() -> None:
    """Discard expired data."""
    deps = _deps()
    deps.nudges.begin(TIDY)
    _for_each(tenants.every(deps.engine), lambda tenant_id: upkeep.tidy(deps, tenant_id))


def _for_each(tenant_ids: Iterable[int], work: Callable[[int], object]) -> None:
    """Run the work for each tenant; one tenant's error is logged and does not delay the others,
    and its rows stay and are retried."""
    for tenant_id in tenant_ids:
        try:
            work(tenant_id)
        except TimeIsUp:
            raise
        except Exception:
            log.exception("tenant %s: a job failed", tenant_id)
