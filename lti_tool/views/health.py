"""What the tool says of its own health."""

from __future__ import annotations

from core.health import Check, Health
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import outbox


def check(deps: ToolDeps) -> Check:
    """What waits in the outboxes; rows refused for good degrade the part, for somebody has to look."""

    def look(health: Health) -> None:
        statements, grades, refused = outbox.backlog(deps.engine)
        health.facts["outbox"] = {"statements": statements, "grades": grades, "refused": refused}
        if refused:
            health.degraded.append("outbox")

    return look
