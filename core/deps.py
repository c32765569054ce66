"""The shared dependencies of an app: built once per process in its ``bootstrap``; nothing is
connected yet."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from core import queue
from core.database import UnitOfWork, make_engine, make_unit_of_work
from core.queue import JobRequests
from core.secrets import Secrets
from core.settings import Settings


@dataclass(frozen=True)
class Deps:
    """Settings, database, secrets, queue."""

    settings: Settings
    engine: Engine
    unit_of_work: UnitOfWork
    secrets: Secrets
    job_requests: JobRequests


def build_deps(settings: Settings) -> Deps:
    """Build Deps from settings; FatalError if a required setting is missing."""
    settings.require("CARRYOVER_DATABASE_URL", "CARRYOVER_REDIS_URL", "CARRYOVER_SECRET_KEY")
    engine = make_engine(settings.database_url)
    return Deps(
        settings=settings,
        engine=engine,
        unit_of_work=make_unit_of_work(engine),
        secrets=Secrets(settings.secret_key, settings.secret_key_previous),
        job_requests=JobRequests(queue.connect_redis(settings.redis_url)),
    )
