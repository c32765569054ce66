"""Send mail: one batch of messages per connection, each with its own outcome."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import parse_qsl

from adapters import lrs_client, xapi
from adapters.channels import Letter, Mailer, NotNow, Undeliverable
from core import clock
from core.http import OutsideCallFailed, within
from lti_tool.actions import languages, nudging, presence, visiting
from lti_tool.actions.record_store import record_store_of
from lti_tool.actions.visiting import Link
from lti_tool.jobs.waiting import GIVE_UP_AFTER_TRIES, wait_after
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import mails
from lti_tool.store.mails import MailRow

log = logging.getLogger(__name__)

ROUND = 20
RUN_SECONDS = 20
STALE = timedelta(days=1)
PICTURE_SECONDS = 30  # For all pictures of a batch, well within the lease of its messages.
LARGEST_PICTURE = 500_000  # In bytes; a picture takes about thirty thousand.


def send(deps: ToolDeps, tenant_id: int, mailer: Mailer) -> int:
    """Send what is due for one tenant; returns how many were accepted. No transaction is open
    during the exchange with the mail server."""
    taken, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            mails.drop_stale(connection, tenant_id, nudging.OF_THEIR_DAY, clock.now() - STALE)
            rows = mails.lease(connection, tenant_id, ROUND)
            tags = {row.id: languages.choose([mails.language_of(connection, tenant_id, row.person_id)]) for row in rows}
        if not rows:
            break
        writable = [row for row in rows if row.email]
        drawn = _pictures(deps, tenant_id, writable)
        letters = [_letter(deps, tenant_id, row, tags[row.id], drawn.get((row.programme, row.picture))) for row in writable]
        outcomes = dict(zip((row.id for row in writable), mailer.send(letters), strict=True))
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
            # The mail server's reply may name the person: it is stored only in the row, which
            # is erased with the person.
            log.warning("tenant %s: mail %s waits", tenant_id, row.id)
            mails.later(connection, tenant_id, row.id, wait_after(row.tries))
        else:
            log.warning("tenant %s: mail %s cannot be sent", tenant_id, row.id)
            mails.refuse(connection, tenant_id, row.id, str(outcome))
    return 0


def _pictures(deps: ToolDeps, tenant_id: int, rows: Sequence[MailRow]) -> dict[tuple[str, str], bytes]:
    """Fetch the pictures of mails, rendered by the record store now: (programme, query) → PNG.
    The text is complete without them: if one is missing, the mail is sent without it."""
    wanted = {(row.programme, row.picture) for row in rows if row.picture}
    found: dict[tuple[str, str], bytes] = {}
    if not wanted:
        return found
    store, ours = record_store_of(deps.unit_of_work, deps.secrets, tenant_id=tenant_id, own_url=deps.settings.lrs_url)
    end = time.monotonic() + PICTURE_SECONDS
    for programme, query in wanted:
        by = dict(parse_qsl(query))
        report = by.pop("report", "")
        try:
            with within(max(0.0, end - time.monotonic())):
                drawn = lrs_client.picture(deps.own_client if ours else deps.client, store, xapi.Programme(programme, "", "").iri, report, by)
        except OutsideCallFailed as failed:
            log.warning("tenant %s: mails go without their pictures: %s", tenant_id, failed.message)
            break
        if drawn is not None and len(drawn) <= LARGEST_PICTURE:
            found[programme, query] = drawn
    return found


def _letter(deps: ToolDeps, tenant_id: int, row: MailRow, tag: str, picture: bytes | None) -> Letter:
    now, base = clock.now(), deps.settings.base_url
    parts = [row.words]
    if row.kind != visiting.JOIN:  # A code is typed in where it was requested; a link would open more than that.
        parts.append(f"{base}/s/{visiting.make(deps.secrets, Link(tenant_id, row.person_id, row.programme, row.path, row.id, now))}")
    headers = {}
    if row.kind in visiting.NUDGES:
        stop = f"{base}/stop/{visiting.stop_text(deps.secrets, tenant_id, row.person_id, row.kind)}"
        parts.append(languages.translated(tag, "No more mails of this kind: %(address)s", address=stop))
        # RFC 8058: mail programs show their own unsubscribe button.
        headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return Letter(f"carryover-{tenant_id}-{row.id}", row.email, row.name, row.subject, "\n\n".join(parts), now, headers, picture)
