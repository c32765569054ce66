"""Health check of the record store."""

from __future__ import annotations

from sqlalchemy import text

from core.clock import format_instant, now
from core.health import (
    MAX_COUNTING_DELAY,
    MAX_REQUEST_BYTES,
    MIN_FREE_BYTES,
    Health,
    HealthCheck,
    measure_free_bytes,
)
from lrs.actions.deps import StoreDeps
from lrs.store import change_queue


def record_store_check(deps: StoreDeps) -> HealthCheck:
    """Check the database (with a real write that needs a disk page), the queue and its workers,
    the age of the oldest uncounted statement, and disk space for attachments.

    If nothing can be written, no statements can be accepted: not ready. If statements are
    accepted but not processed, the stalled component is named.
    """

    def add_facts(health: Health) -> None:
        depth = deps.job_requests.count_waiting_jobs()
        health.facts["queue"] = {"waiting": depth}
        if depth is None:
            health.degraded.append("queue")
        without = deps.job_requests.queues_without_worker()
        health.facts["queue"]["without_worker"] = without
        if without:
            health.degraded.append("worker")
        free = measure_free_bytes(deps.settings.home)
        health.facts["disk"] = {"free_bytes": free}
        if free < MIN_FREE_BYTES:
            health.degraded.append("disk")
        health.ready &= free >= MAX_REQUEST_BYTES
        with deps.engine.begin() as connection:
            # Advancing a sequence would work without the disk, since 32 values are logged
            # ahead. Inserting into an emptied table needs a new page, and a read-only database
            # refuses it.
            connection.execute(
                text(
                    "CREATE TEMPORARY TABLE IF NOT EXISTS needs_a_page (filler text) ON COMMIT "
                    "DELETE ROWS"
                )
            )
            connection.execute(text("INSERT INTO needs_a_page VALUES (repeat('x', 1000))"))
        if deps.listener is None:
            return
        waiting, oldest = change_queue.measure_backlog(deps.engine)
        health.facts["uncounted"] = {
            "waiting": waiting,
            "oldest": format_instant(oldest) if oldest else None,
        }
        if oldest is not None and now() - oldest > MAX_COUNTING_DELAY:
            health.degraded.append("counting")

    return add_facts
