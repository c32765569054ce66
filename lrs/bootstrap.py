"""Where the parts of the record store are joined, once per process."""

from __future__ import annotations

from collections.abc import Mapping

from lrs.actions.deps import StoreDeps, store_deps
from lrs.ground import deps, settings


def build(environ: Mapping[str, str]) -> StoreDeps:
    """Deps from the environment."""
    return store_deps(deps.build(settings.read(environ)))
