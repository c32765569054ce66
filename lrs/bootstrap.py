"""Composition root of the record store: its parts are wired together once per process."""

from __future__ import annotations

from collections.abc import Mapping

from core import deps, settings
from lrs.actions.deps import ChangeListener, StoreDeps, build_store_deps

__all__ = ["ChangeListener", "StoreDeps", "build_from_environ", "build_store_deps"]


def build_from_environ(environ: Mapping[str, str]) -> StoreDeps:
    """Build the dependencies from the environment."""
    return build_store_deps(deps.build_deps(settings.read_settings(environ)))
