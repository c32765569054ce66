"""What the record store says of its own health."""

from __future__ import annotations

from sqlalchemy import text

from core.clock import now, text_of
from core.deps import Deps
from core.health import LARGEST_REQUEST, LATE, LEAST_FREE_BYTES, Check, Health, free_bytes
from lrs.store import work


def check(deps: Deps) -> Check:
    """Database (a real write that needs a page of the disk), queue and its workers, age of the oldest uncounted statement, room for attachments.

    Where nothing can be written, nothing can be taken: not ready. Where statements are taken and lie, the part that stands still is named.
    """

    def look(health: Health) -> None:
        depth = deps.nudges.depth()
        health.facts["queue"] = {"waiting": depth}
        if depth is None:
            health.degraded.append("queue")
        without = deps.nudges.without_worker()
        health.facts["queue"]["without_worker"] = without
        if without:
            health.degraded.append("worker")
        free = free_bytes(deps.settings.home)
        health.facts["disk"] = {"free_bytes": free}
        if free < LEAST_FREE_BYTES:
            health.degraded.append("disk")
        health.ready &= free >= LARGEST_REQUEST
        with deps.engine.begin() as connection:
            # A number of a sequence would do without the disk: thirty-two are logged ahead. A row of an emptied table needs a new page, and
            # where the database only reads, the table is refused.
            connection.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS needs_a_page (filler text) ON COMMIT DELETE ROWS"))
            connection.execute(text("INSERT INTO needs_a_page VALUES (repeat('x', 1000))"))
        waiting, oldest = work.backlog(deps.engine)
        health.facts["uncounted"] = {"waiting": waiting, "oldest": text_of(oldest) if oldest else None}
        if oldest is not None and now() - oldest > LATE:
            health.degraded.append("counting")

    return look
