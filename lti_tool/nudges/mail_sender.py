"""Send mail: one batch of messages per connection, each with its own outcome."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import parse_qsl

from adapters import lrs_client, xapi_statements
from adapters.channels import DeliveryDeferred, Mailer, MailMessage, Undeliverable
from core import clock, translations
from core.http_client import OutsideCallFailed, limit_total_time
from lti_tool.base import mail_outbox_store
from lti_tool.base.backoff import MAX_TRIES, backoff_delay
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_outbox_store import LeasedMail
from lti_tool.base.statement_target import open_record_store
from lti_tool.launch import visits
from lti_tool.nudges import letters, reminders
from lti_tool.nudges.letters import Letter
from lti_tool.programmes import product_use

log = logging.getLogger(__name__)

BATCH_SIZE = 20
RUN_SECONDS = 20
STALE_AFTER = timedelta(days=1)
PICTURE_SECONDS = 30  # For all pictures of a batch, well within the lease of its messages.
MAX_PICTURE_BYTES = 500_000  # In bytes; a picture takes about thirty thousand.


def send_due_mails(deps: ToolDeps, tenant_id: int, mailer: Mailer) -> int:
    """Send what is due for one tenant; returns how many were accepted. No transaction is open
    during the exchange with the mail server."""
    sent, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            mail_outbox_store.refuse_stale_mails(
                connection, tenant_id, reminders.SHORT_LIVED_KINDS, clock.now() - STALE_AFTER
            )
            rows = mail_outbox_store.lease_mails(connection, tenant_id, BATCH_SIZE)
            tags = {
                row.id: translations.choose_language(
                    [mail_outbox_store.get_person_language(connection, tenant_id, row.person_id)]
                )
                for row in rows
            }
        if not rows:
            break
        writable = [row for row in rows if row.email]
        drawn = _fetch_pictures(deps, tenant_id, writable)
        written = _write_letters(deps, tenant_id, writable, tags)
        messages = [
            _build_mail(
                tenant_id,
                row,
                written[row.id],
                tags[row.id],
                drawn.get((row.programme, row.picture)),
            )
            for row in writable
        ]
        outcomes = dict(zip((row.id for row in writable), mailer.send(messages), strict=True))
        for row in rows:
            outcome = (
                outcomes.get(row.id) if row.email else Undeliverable(mail_outbox_store.NO_ADDRESS)
            )
            sent += _settle_mail(deps, tenant_id, row, outcome)
        if any(isinstance(outcome, DeliveryDeferred) for outcome in outcomes.values()):
            break
    return sent


def _settle_mail(
    deps: ToolDeps,
    tenant_id: int,
    row: LeasedMail,
    outcome: DeliveryDeferred | Undeliverable | None,
) -> int:
    with deps.unit_of_work(tenant_id) as connection:
        if outcome is None:
            if (
                mail_outbox_store.mark_mail_sent(connection, tenant_id, row.id, clock.now())
                and row.kind in visits.NUDGE_KINDS
            ):
                product_use.record_nudge_sent(
                    connection,
                    tenant_id,
                    row.person_id,
                    row.programme,
                    row.id,
                    row.kind,
                    clock.now(),
                )
            return 1
        if isinstance(outcome, DeliveryDeferred) and row.tries < MAX_TRIES:
            # The mail server's reply may name the person: it is stored only in the row, which
            # is erased with the person.
            log.warning("tenant %s: mail %s waits", tenant_id, row.id)
            mail_outbox_store.reschedule_mail(
                connection, tenant_id, row.id, backoff_delay(row.tries)
            )
        else:
            log.warning("tenant %s: mail %s cannot be sent", tenant_id, row.id)
            mail_outbox_store.mark_mail_refused(connection, tenant_id, row.id, str(outcome))
    return 0


def _fetch_pictures(
    deps: ToolDeps, tenant_id: int, rows: Sequence[LeasedMail]
) -> dict[tuple[str, str], bytes]:
    """Fetch the pictures of mails, rendered by the record store now: (programme, query) → PNG.
    The text is complete without them: if one is missing, the mail is sent without it."""
    wanted = {(row.programme, row.picture) for row in rows if row.picture}
    result: dict[tuple[str, str], bytes] = {}
    if not wanted:
        return result
    client, store, _ = open_record_store(deps, tenant_id)
    end = time.monotonic() + PICTURE_SECONDS
    for programme, query in wanted:
        by = dict(parse_qsl(query))
        report = by.pop("report", "")
        try:
            with limit_total_time(max(0.0, end - time.monotonic())):
                drawn = lrs_client.fetch_report_picture(
                    client,
                    store,
                    xapi_statements.ProgrammeRef(programme, "", "").iri,
                    report,
                    by,
                )
        except OutsideCallFailed as failed:
            log.warning("tenant %s: mails go without their pictures: %s", tenant_id, failed.message)
            break
        if drawn is not None and len(drawn) <= MAX_PICTURE_BYTES:
            result[programme, query] = drawn
    return result


def _write_letters(
    deps: ToolDeps, tenant_id: int, rows: Sequence[LeasedMail], tags: Mapping[int, str]
) -> dict[int, Letter]:
    """Mail id → its letter. The secrets of its links exist in it alone."""
    with deps.unit_of_work(tenant_id) as connection:
        return {
            row.id: letters.write_letter(
                connection, tenant_id, row, tags[row.id], deps.settings.base_url
            )
            for row in rows
        }


def _build_mail(
    tenant_id: int, row: LeasedMail, letter: Letter, tag: str, picture: bytes | None
) -> MailMessage:
    # RFC 8058: mail programs show their own unsubscribe button.
    headers = (
        {
            "List-Unsubscribe": f"<{letter.stop_address}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        if letter.stop_address
        else {}
    )
    return MailMessage(
        f"carryover-{tenant_id}-{row.id}",
        row.email,
        row.name,
        row.subject,
        letters.render_plain(letter, tag),
        clock.now(),
        headers,
        picture,
        letters.render_html(letter, tag),
    )
