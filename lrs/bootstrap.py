"""Composition root of the record store: its parts are wired together once per process."""

from __future__ import annotations

from collections.abc import Mapping

from core import deps, settings
from lrs.actions.deps import StoreDeps, store_deps


def build(environ: Mapping[str, str]) -> StoreDeps:
    """Build the dependencies from the environment."""
    return store_deps(deps.build(settings.read(environ)))
