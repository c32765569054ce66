"""Dependencies of the record store's actions in addition to the shared ones: built once per
process, with no connection opened yet.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from core.database import make_engine
from core.deps import Deps
from core.http import GuardedClient
from lrs.actions.access import Access
from lrs.actions.statements import Writer
from lrs.actions.tokens import Tokens
from lrs.store.blobs import Blobs
from lrs.xapi.reading import Reader


@dataclass(frozen=True)
class StoreDeps(Deps):
    """Settings, database, secrets and queue, plus the statement writer and readers, blob
    stores for attachments and exports, and the outbound HTTP client.
    """

    writer: Writer
    readers: dict[bool, Reader]  # keyed by whether the request is xAPI 2.0
    blobs: Blobs
    exports: Blobs
    outside: GuardedClient
    access: Access
    tokens: Tokens

    def close(self) -> None:
        """Close all connections."""
        self.writer.close()
        self.outside.close()
        self.engine.dispose()


def store_deps(deps: Deps) -> StoreDeps:
    """Build the store's dependencies from the shared ones."""
    outside = GuardedClient(deps.settings.allow_private_platforms)
    given = {field.name: getattr(deps, field.name) for field in fields(Deps)}
    return StoreDeps(
        **given,
        # No liveness check (pre-ping) before each write: a dead connection is noticed by the
        # write that uses it, and that write falls back to the slow path.
        writer=Writer(make_engine(deps.settings.database_url, quick=True), deps.unit_of_work),
        readers={family_2_0: Reader(family_2_0) for family_2_0 in (False, True)},
        blobs=Blobs(deps.settings.attachments_url),
        exports=Blobs(f"{deps.settings.attachments_url.rstrip('/')}/exports"),
        outside=outside,
        access=Access(deps.engine, deps.secrets),
        tokens=Tokens(deps.engine, outside),
    )
