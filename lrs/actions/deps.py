"""What the record store's actions are given beside the ground's: made once per process, nothing connected yet."""

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
    """Settings, database, secrets, queue; the writer of statements, their readers, the attachments, the files for analysts, the way out."""

    writer: Writer
    readers: dict[bool, Reader]  # by whether the request is of the family 2.0
    blobs: Blobs
    exports: Blobs
    outside: GuardedClient
    access: Access
    tokens: Tokens

    def close(self) -> None:
        """Give all connections back."""
        self.writer.close()
        self.outside.close()
        self.engine.dispose()


def store_deps(deps: Deps) -> StoreDeps:
    """From the ground's deps."""
    outside = GuardedClient(deps.settings.allow_private_platforms)
    given = {field.name: getattr(deps, field.name) for field in fields(Deps)}
    return StoreDeps(
        **given,
        # A connection that died is noticed by the write that uses it, and the write goes the careful way: no question before each.
        writer=Writer(make_engine(deps.settings.database_url, quick=True), deps.unit_of_work),
        readers={family_2_0: Reader(family_2_0) for family_2_0 in (False, True)},
        blobs=Blobs(deps.settings.attachments_url),
        exports=Blobs(f"{deps.settings.attachments_url.rstrip('/')}/exports"),
        outside=outside,
        access=Access(deps.engine, deps.secrets),
        tokens=Tokens(deps.engine, outside),
    )
