"""The shared dependencies of an app: built once per process in its ``bootstrap``; nothing is
connected yet."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from core import queue
from core.blob_store import BlobStore
from core.database import UnitOfWork, make_engine, make_long_engine, make_unit_of_work
from core.queue import JobRequests
from core.secrets import Secrets
from core.settings import Settings


@dataclass(frozen=True)
class Deps:
    """Settings, database, blob store, secrets, queue. ``long_unit_of_work`` is for what reads for
    minutes: it writes no statement, and readers of the record store do not wait for it.
    """

    settings: Settings
    engine: Engine
    unit_of_work: UnitOfWork
    long_engine: Engine
    long_unit_of_work: UnitOfWork
    blobs: BlobStore
    secrets: Secrets
    job_requests: JobRequests

    def close(self) -> None:
        """Close all connections to the database."""
        self.engine.dispose()
        self.long_engine.dispose()


def build_deps(settings: Settings) -> Deps:
    """Build Deps from settings; FatalError if a required setting is missing."""
    settings.require("CARRYOVER_DATABASE_URL", "CARRYOVER_REDIS_URL", "CARRYOVER_SECRET_KEY")
    blobs = BlobStore(settings.attachments_url)
    engine = make_engine(settings.database_url, blobs=blobs)
    long_engine = make_long_engine(settings.database_url, blobs, engine)
    return Deps(
        settings=settings,
        engine=engine,
        unit_of_work=make_unit_of_work(engine),
        long_engine=long_engine,
        long_unit_of_work=make_unit_of_work(long_engine),
        blobs=blobs,
        secrets=Secrets(settings.secret_key, settings.secret_key_previous),
        job_requests=JobRequests(queue.connect_redis(settings.redis_url)),
    )
