"""Dependencies of the record store's actions in addition to the shared ones: built once per
process, with no connection opened yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from sqlalchemy import Engine

from core.database import UnitOfWork, Use, make_engine, make_reading
from core.deps import Deps
from core.http_client import GuardedClient
from lrs.actions.bearer_tokens import TokenVerifier
from lrs.actions.credential_cache import CredentialCache
from lrs.actions.statements import StatementWriter
from lrs.xapi.statement_parser import StatementParser, TolerantParser


@dataclass(frozen=True)
class ChangeListener:
    """Callbacks of the package that computes facts from statements. ``stored`` is called after
    statements were stored, so that counting begins soon; ``removed`` after a person of this tenant
    was erased, and returns when the facts about that person are deleted, too.
    """

    stored: Callable[[], None]
    removed: Callable[[int], None]


@dataclass(frozen=True)
class StoreDeps(Deps):
    """The shared dependencies, plus the statement writer and readers, the outbound HTTP client, and
    the listener to changes. ``reading`` is for what is asked for and changes nothing.
    """

    pages_engine: Engine
    reading: UnitOfWork
    writer: StatementWriter
    # keyed by whether the request is xAPI 2.0, and whether its credential is tolerant
    readers: dict[tuple[bool, bool], StatementParser]
    outbound_client: GuardedClient
    access: CredentialCache
    tokens: TokenVerifier
    listener: ChangeListener | None  # None: nobody computes facts from this store

    def notify_stored(self) -> None:
        """Have new statements counted soon, if anybody computes facts from this store."""
        if self.listener:
            self.listener.stored()

    def close(self) -> None:
        """Close all connections."""
        self.writer.close()
        self.outbound_client.close()
        self.pages_engine.dispose()
        super().close()


def build_store_deps(deps: Deps, listener: ChangeListener | None = None) -> StoreDeps:
    """Build the store's dependencies from the shared ones."""
    outside = GuardedClient(deps.settings.allow_private_platforms)
    base = {field.name: getattr(deps, field.name) for field in fields(Deps)}
    pages_engine = make_engine(deps.settings.database_url, Use.PAGES, deps.blobs)
    return StoreDeps(
        **base,
        pages_engine=pages_engine,
        reading=make_reading(pages_engine),
        writer=StatementWriter(
            make_engine(deps.settings.database_url, Use.INSERTS), deps.unit_of_work
        ),
        readers={
            (family_2_0, tolerant): parser(family_2_0)
            for family_2_0 in (False, True)
            for tolerant, parser in ((False, StatementParser), (True, TolerantParser))
        },
        outbound_client=outside,
        access=CredentialCache(deps.engine, deps.secrets),
        tokens=TokenVerifier(deps.engine, outside),
        listener=listener,
    )
