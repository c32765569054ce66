"""The tool's jobs, as the queue names them: functions without parameters."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import cache

from adapters.lms.standard import SCORE_SCOPE
from lrs.ground.queue import Timed
from lti_tool import bootstrap
from lti_tool.actions.record_store import record_store_of
from lti_tool.jobs import grades, statements
from lti_tool.lti import tokens
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import outbox
from lti_tool.store.outbox import SEND_GRADES, SEND_STATEMENTS
from lti_tool.store.platforms import Platform

log = logging.getLogger(__name__)

TIMED = (Timed(SEND_STATEMENTS, 5), Timed(SEND_GRADES, 5))


@cache
def _deps() -> ToolDeps:
    """Made inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build(os.environ)


def send_statements() -> None:
    """Send the statements that wait."""
    deps = _deps()
    deps.nudges.begin(SEND_STATEMENTS)

    def send(tenant_id: int) -> None:
        store, ours = record_store_of(deps.unit_of_work, deps.secrets, tenant_id=tenant_id, own_url=deps.settings.lrs_url)
        statements.send(deps.unit_of_work, tenant_id, store, deps.own_client if ours else deps.client)

    _for_each_tenant(send)


def send_grades() -> None:
    """Send the grades that wait, with one access token for each platform."""
    deps = _deps()
    deps.nudges.begin(SEND_GRADES)
    found: dict[int, str] = {}

    def token_for(platform: Platform) -> str:
        if platform.id not in found:
            found[platform.id] = tokens.access_token(deps.engine, deps.secrets, deps.client, platform, SCORE_SCOPE)
        return found[platform.id]

    _for_each_tenant(lambda tenant_id: grades.send(deps.unit_of_work, tenant_id, deps.client, token_for))


def _for_each_tenant(send: Callable[[int], object]) -> None:
    """One tenant's trouble is logged and does not keep the others waiting; its rows stay and are tried again."""
    for tenant_id in outbox.tenants(_deps().engine):
        try:
            send(tenant_id)
        except Exception:
            log.exception("tenant %s: sending failed", tenant_id)
