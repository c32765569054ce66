"""The tool's health check."""

from __future__ import annotations

from core.health import Health, HealthCheck
from lti_tool.base import statement_outbox_store
from lti_tool.base.deps import ToolDeps


def outbox_check(deps: ToolDeps) -> HealthCheck:
    """Report the backlog of the outboxes; permanently refused rows degrade the component, since
    somebody has to investigate.
    """

    def inspect_outbox(health: Health) -> None:
        statements, grades, refused = statement_outbox_store.count_backlog(deps.engine)
        health.facts["outbox"] = {"statements": statements, "grades": grades, "refused": refused}
        if refused:
            health.degraded.append("outbox")

    return inspect_outbox
