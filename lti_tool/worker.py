"""The tool's jobs under the names used in the queue: functions without parameters."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from functools import cache

from adapters.channels import create_mailer
from core import clock
from core.queue import JobTimedOut, TimedJob
from lti_tool import bootstrap
from lti_tool.base import statement_outbox_store, statement_sender, tenants_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.statement_outbox_store import SEND_GRADES, SEND_STATEMENTS
from lti_tool.base.statement_target import load_record_store
from lti_tool.checks import grade_sender
from lti_tool.nudges import alarm_jobs, channel_sender, digests, mail_sender, reminders
from lti_tool.nudges.alarm_jobs import POLL_ALARMS
from lti_tool.nudges.channels_store import SEND_POSTS
from lti_tool.people import courses_store, rosters
from lti_tool.people.courses_store import SYNC_ROSTERS
from lti_tool.privacy import expiry
from lti_tool.programmes import certification_sources_jobs
from lti_tool.programmes.certification_sources_store import READ_CERTIFICATIONS

log = logging.getLogger(__name__)

DISCARD_EXPIRED, QUEUE_REMINDERS = "lti_tool.worker.tidy", "lti_tool.worker.remind"
TIMED_JOBS = (
    TimedJob(SEND_STATEMENTS, 5),
    TimedJob(SEND_GRADES, 5),
    TimedJob(SEND_MAILS, 10),
    TimedJob(SEND_POSTS, 30),
    TimedJob(SYNC_ROSTERS, 60),
    TimedJob(READ_CERTIFICATIONS, 60),
    TimedJob(POLL_ALARMS, 600),
    TimedJob(DISCARD_EXPIRED, 300),
    TimedJob(QUEUE_REMINDERS, 600),
)


@cache
def _deps() -> ToolDeps:
    """Built inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build(os.environ)


def send_statements() -> None:
    """Send the statements that are due."""
    deps = _deps()
    deps.job_requests.mark_job_started(SEND_STATEMENTS)

    def send_for_tenant(tenant_id: int) -> None:
        store, ours = load_record_store(
            deps.unit_of_work, deps.secrets, tenant_id=tenant_id, own_url=deps.settings.lrs_url
        )
        statement_sender.send_due_statements(
            deps.unit_of_work, tenant_id, store, deps.own_client if ours else deps.client
        )

    _for_each_tenant(statement_outbox_store.list_tenants_with_outbox(deps.engine), send_for_tenant)


def send_grades() -> None:
    """Send the grades that are due."""
    deps = _deps()
    deps.job_requests.mark_job_started(SEND_GRADES)
    _for_each_tenant(
        statement_outbox_store.list_tenants_with_outbox(deps.engine),
        lambda tenant_id: grade_sender.send_due_grades(deps, tenant_id),
    )


def remind() -> None:
    """Queue the reminders of this hour, and the digests of this week."""
    deps = _deps()
    deps.job_requests.mark_job_started(QUEUE_REMINDERS)

    def queue_for_tenant(tenant_id: int) -> None:
        reminders.queue_reminders(deps.unit_of_work, tenant_id=tenant_id, now=clock.now())
        digests.queue_digests(
            deps.unit_of_work, tenant_id=tenant_id, base_url=deps.settings.base_url, now=clock.now()
        )

    _for_each_tenant(tenants_store.list_tenant_ids(deps.engine), queue_for_tenant)


def read_beginnings() -> None:
    """Read the sources of automatic certifications."""
    deps = _deps()
    deps.job_requests.mark_job_started(READ_CERTIFICATIONS)
    _for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        lambda tenant_id: certification_sources_jobs.read_certification_sources(deps, tenant_id),
    )


def poll_alarms() -> None:
    """Poll the record store for alarms."""
    deps = _deps()
    deps.job_requests.mark_job_started(POLL_ALARMS)
    _for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        lambda tenant_id: alarm_jobs.poll_tenant_alarms(deps, tenant_id),
    )


def send_posts() -> None:
    """Send the queued posts to channels."""
    deps = _deps()
    deps.job_requests.mark_job_started(SEND_POSTS)
    _for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        lambda tenant_id: channel_sender.send_due_posts(deps, tenant_id),
    )


def send_mails() -> None:
    """Send the queued mails. Without a mail server they stay queued."""
    deps = _deps()
    deps.job_requests.mark_job_started(SEND_MAILS)
    mailer = create_mailer(deps.settings.mail_url, deps.settings.mail_from)
    if mailer is not None:
        _for_each_tenant(
            tenants_store.list_tenant_ids(deps.engine),
            lambda tenant_id: mail_sender.send_due_mails(deps, tenant_id, mailer),
        )


def sync_rosters() -> None:
    """Read the rosters that are due."""
    deps = _deps()
    deps.job_requests.mark_job_started(SYNC_ROSTERS)
    _for_each_tenant(
        courses_store.list_tenants_with_rosters(deps.engine),
        lambda tenant_id: rosters.sync_due_rosters(deps, tenant_id),
    )


def tidy() -> None:
    """Discard expired data."""
    deps = _deps()
    deps.job_requests.mark_job_started(DISCARD_EXPIRED)
    _for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        lambda tenant_id: expiry.discard_expired_data(deps, tenant_id),
    )


def _for_each_tenant(tenant_ids: Iterable[int], work: Callable[[int], object]) -> None:
    """Run the work for each tenant; one tenant's error is logged and does not delay the others,
    and its rows stay and are retried."""
    for tenant_id in tenant_ids:
        try:
            work(tenant_id)
        except JobTimedOut:
            raise
        except Exception:
            log.exception("tenant %s: a job failed", tenant_id)
