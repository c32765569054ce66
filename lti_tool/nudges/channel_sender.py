"""Send the queued posts to channels, one after the other."""

from __future__ import annotations

import logging
import time

from adapters.channels import DeliveryDeferred, chat
from core import clock
from lti_tool.base.backoff import MAX_TRIES, backoff_delay
from lti_tool.base.deps import ToolDeps
from lti_tool.nudges import channels_store
from lti_tool.nudges.digests import CHANNEL_URL_PURPOSE

log = logging.getLogger(__name__)

RUN_SECONDS = 20


def send_due_posts(deps: ToolDeps, tenant_id: int) -> int:
    """Send what is due for one tenant; returns how many were accepted. No transaction is open
    during the call to a channel."""
    sent, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            post = channels_store.lease_post(connection, tenant_id)
        if post is None:
            break
        outcome = chat.post_payload(
            deps.client, deps.secrets.unseal(CHANNEL_URL_PURPOSE, post.url_sealed), post.payload
        )
        with deps.unit_of_work(tenant_id) as connection:
            if outcome is None:
                channels_store.mark_post_sent(connection, tenant_id, post.id, clock.now())
                sent += 1
            elif isinstance(outcome, DeliveryDeferred) and post.tries < MAX_TRIES:
                log.warning("tenant %s: post %s waits", tenant_id, post.id)
                channels_store.reschedule_post(
                    connection, tenant_id, post.id, backoff_delay(post.tries)
                )
            else:
                log.warning("tenant %s: post %s is not taken", tenant_id, post.id)
                channels_store.mark_post_refused(connection, tenant_id, post.id, str(outcome))
    return sent
