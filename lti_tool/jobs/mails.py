"""Sending mail: a round of letters over one connection, each settled by itself."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from adapters.channels import Letter, Mailer, NotNow, Undeliverable
from lrs.ground import clock
from lti_tool.actions import languages, nudging, presence, visiting
from lti_tool.actions.visiting import Link
from lti_tool.jobs.waiting import GIVE_UP_AFTER_TRIES, wait_after
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import mails
from lti_tool.store.mails import MailRow

log = logging.getLogger(__name__)

ROUND = 20
RUN_SECONDS = 20
STALE = timedelta(days=1)


def send(deps: ToolDeps, tenant_id: int, mailer: Mailer) -> int:
    """Send what is due of one tenant; gives how many were taken. Transactions are closed while the mail server is spoken to."""
    taken, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            mails.drop_stale(connection, tenant_id, nudging.OF_THEIR_DAY, clock.now() - STALE)
            rows = mails.lease(connection, tenant_id, ROUND)
            tags = {row.id: languages.choose([mails.language_of(connection, tenant_id, row.person_id)]) for row in rows}
        if not rows:
            break
        writable = [row for row in rows if row.email]
        outcomes = dict(
            zip((row.id for row in writable), mailer.send([_letter(deps, tenant_id, row, tags[row.id]) for row in writable]), strict=True)
        )
        for row in rows:
            outcome = outcomes.get(row.id) if row.email else Undeliverable("No address of this person is known.")
            taken += _settle(deps, tenant_id, row, outcome)
        if any(isinstance(outcome, NotNow) for outcome in outcomes.values()):
            break
    return taken


def _settle(deps: ToolDeps, tenant_id: int, row: MailRow, outcome: NotNow | Undeliverable | None) -> int:
    with deps.unit_of_work(tenant_id) as connection:
        if outcome is None:
            if mails.sent(connection, tenant_id, row.id, clock.now()) and row.kind in visiting.NUDGES:
                presence.received(connection, tenant_id, row.person_id, row.programme, row.id, row.kind, clock.now())
            return 1
        if isinstance(outcome, NotNow) and row.tries < GIVE_UP_AFTER_TRIES:
            # What a mail server says may name the person: it stays in the row, which goes with the person.
            log.warning("tenant %s: mail %s waits", tenant_id, row.id)
            mails.later(connection, tenant_id, row.id, wait_after(row.tries))
        else:
            log.warning("tenant %s: mail %s cannot be sent", tenant_id, row.id)
            mails.refuse(connection, tenant_id, row.id, str(outcome))
    return 0


def _letter(deps: ToolDeps, tenant_id: int, row: MailRow, tag: str) -> Letter:
    now, base = clock.now(), deps.settings.base_url
    link = visiting.make(deps.secrets, Link(tenant_id, row.person_id, row.programme, row.path, row.id, now))
    parts = [row.words, f"{base}/s/{link}"]
    headers = {}
    if row.kind in visiting.NUDGES:
        stop = f"{base}/stop/{visiting.stop_text(deps.secrets, tenant_id, row.person_id, row.kind)}"
        parts.append(languages.translated(tag, "No more mails of this kind: %(address)s", address=stop))
        # RFC 8058: mail programs show a button of their own.
        headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return Letter(f"carryover-{tenant_id}-{row.id}", row.email, row.name, row.subject, "\n\n".join(parts), now, headers)
