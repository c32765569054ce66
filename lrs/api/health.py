"""What the record store says of its own health."""

from __future__ import annotations

from sqlalchemy import text

from lrs.ground.clock import text_of
from lrs.ground.deps import Deps
from lrs.ground.health import Check, Health
from lrs.store import work


def check(deps: Deps) -> Check:
    """Database (a real write: a number drawn from a sequence), queue, age of the oldest uncounted statement."""

    def look(health: Health) -> None:
        depth = deps.nudges.depth()
        health.facts["queue"] = {"waiting": depth}
        if depth is None:
            health.degraded.append("queue")
        with deps.engine.begin() as connection:
            connection.execute(text("SELECT nextval('lrs.writer_number')"))
        waiting, oldest = work.backlog(deps.engine)
        health.facts["uncounted"] = {"waiting": waiting, "oldest": text_of(oldest) if oldest else None}

    return look
