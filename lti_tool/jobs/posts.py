"""Send the queued posts to channels, one after the other."""

from __future__ import annotations

import logging
import time

from adapters.channels import NotNow, chat
from core import clock
from lti_tool.actions.digests import PURPOSE
from lti_tool.jobs.waiting import GIVE_UP_AFTER_TRIES, wait_after
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import channels

log = logging.getLogger(__name__)

RUN_SECONDS = 20


def send(deps: ToolDeps, tenant_id: int) -> int:
    """Send what is due for one tenant; returns how many were accepted. No transaction is open
    during the call to a channel."""
    taken, end = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        with deps.unit_of_work(tenant_id) as connection:
            post = channels.lease(connection, tenant_id)
        if post is None:
            break
        outcome = chat.post(deps.client, deps.secrets.unseal(PURPOSE, post.url_sealed), post.payload)
        with deps.unit_of_work(tenant_id) as connection:
            if outcome is None:
                channels.sent(connection, tenant_id, post.id, clock.now())
                taken += 1
            elif isinstance(outcome, NotNow) and post.tries < GIVE_UP_AFTER_TRIES:
                log.warning("tenant %s: post %s waits", tenant_id, post.id)
                channels.later(connection, tenant_id, post.id, wait_after(post.tries))
            else:
                log.warning("tenant %s: post %s is not taken", tenant_id, post.id)
                channels.refuse(connection, tenant_id, post.id, str(outcome))
    return taken
