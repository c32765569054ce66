"""The tool's jobs, under the names used in the queue."""

from __future__ import annotations

from adapters.channels import create_mailer
from core import clock
from core.jobs import JobHandlers
from core.queue import LONG_QUEUE, for_each_tenant
from lti_tool import bootstrap
from lti_tool.base import statement_outbox_store, statement_sender, tenants_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.statement_outbox_store import SEND_GRADES, SEND_STATEMENTS
from lti_tool.base.statement_target import open_record_store
from lti_tool.checks import grade_lookup, grade_sender
from lti_tool.nudges import alarm_jobs, channel_sender, daily_tips, digests, mail_sender, reminders
from lti_tool.nudges.channels_store import SEND_POSTS
from lti_tool.people import actor_links, courses_store, rosters
from lti_tool.people.actor_links import JOIN_ACTORS
from lti_tool.people.courses_store import SYNC_ROSTERS
from lti_tool.privacy import confirmed_erasures, expiry
from lti_tool.privacy.erasure_decisions import ERASE_PEOPLE
from lti_tool.programmes import certification_sources_jobs
from lti_tool.programmes.certification_sources_store import READ_CERTIFICATIONS

jobs = JobHandlers(bootstrap.build_from_deps)


@jobs.handles(SEND_STATEMENTS)
def send_statements(deps: ToolDeps) -> None:
    """Send the statements that are due."""

    def send_for_tenant(tenant_id: int) -> None:
        client, store, _ = open_record_store(deps, tenant_id)
        statement_sender.send_due_statements(deps.unit_of_work, tenant_id, store, client)

    for_each_tenant(
        statement_outbox_store.list_tenants_with_outbox(deps.engine),
        "sending statements",
        send_for_tenant,
    )


@jobs.handles(SEND_GRADES)
def send_grades(deps: ToolDeps) -> None:
    """Send the grades that are due."""
    for_each_tenant(
        statement_outbox_store.list_tenants_with_outbox(deps.engine),
        "sending grades",
        lambda tenant_id: grade_sender.send_due_grades(deps, tenant_id),
    )


@jobs.job(interval_seconds=900, queue=LONG_QUEUE)
def look_up_grades(deps: ToolDeps) -> None:
    """Look whether grades that were sent are still in the gradebooks."""
    for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        "looking up grades",
        lambda tenant_id: grade_lookup.look_up_sent_grades(deps, tenant_id),
    )


@jobs.job(interval_seconds=600)
def remind(deps: ToolDeps) -> None:
    """Queue the reminders of this hour, the digests of this week, the tips of this day."""

    def queue_for_tenant(tenant_id: int) -> None:
        reminders.queue_reminders(deps.unit_of_work, tenant_id=tenant_id, now=clock.now())
        for queue_posts in (digests.queue_digests, daily_tips.queue_tips):
            queue_posts(
                deps.unit_of_work,
                tenant_id=tenant_id,
                base_url=deps.settings.base_url,
                now=clock.now(),
            )

    for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine), "queueing reminders", queue_for_tenant
    )


@jobs.handles(READ_CERTIFICATIONS, certification_sources_jobs.has_due_sources)
def read_beginnings(deps: ToolDeps) -> None:
    """Read the sources of automatic certifications."""
    for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        "reading certifications",
        lambda tenant_id: certification_sources_jobs.read_certification_sources(deps, tenant_id),
    )


@jobs.job(interval_seconds=600)
def poll_alarms(deps: ToolDeps) -> None:
    """Poll the record store for alarms."""
    for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        "polling alarms",
        lambda tenant_id: alarm_jobs.poll_tenant_alarms(deps, tenant_id),
    )


@jobs.handles(SEND_POSTS)
def send_posts(deps: ToolDeps) -> None:
    """Send the queued posts to channels."""
    for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        "sending posts",
        lambda tenant_id: channel_sender.send_due_posts(deps, tenant_id),
    )


@jobs.handles(SEND_MAILS)
def send_mails(deps: ToolDeps) -> None:
    """Send the queued mails. Without a mail server they stay queued."""
    mailer = create_mailer(deps.settings.mail_url, deps.settings.mail_from)
    if mailer is not None:
        for_each_tenant(
            tenants_store.list_tenant_ids(deps.engine),
            "sending mails",
            lambda tenant_id: mail_sender.send_due_mails(deps, tenant_id, mailer),
        )


@jobs.handles(SYNC_ROSTERS, lambda deps: courses_store.list_tenants_with_rosters(deps.engine))
def sync_rosters(deps: ToolDeps) -> None:
    """Read the rosters that are due."""
    for_each_tenant(
        courses_store.list_tenants_with_rosters(deps.engine),
        "reading rosters",
        lambda tenant_id: rosters.sync_due_rosters(deps, tenant_id),
    )


@jobs.handles(JOIN_ACTORS)
def join_actors(deps: ToolDeps) -> None:
    """Say who the actors of other systems' statements are, as far as launches say it."""
    for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        "joining actors",
        lambda tenant_id: actor_links.join_actors(deps, tenant_id),
    )


@jobs.handles(ERASE_PEOPLE)
def erase_people(deps: ToolDeps) -> None:
    """Carry out the erasures that were confirmed."""
    for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        "erasing people",
        lambda tenant_id: confirmed_erasures.carry_out_erasures(deps, tenant_id),
    )


@jobs.job(interval_seconds=300)
def tidy(deps: ToolDeps) -> None:
    """Discard expired data."""
    for_each_tenant(
        tenants_store.list_tenant_ids(deps.engine),
        "discarding what expired",
        lambda tenant_id: expiry.discard_expired_data(deps, tenant_id),
    )
