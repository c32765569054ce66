"""Where the parts of the record store are joined, once per process."""

from __future__ import annotations

from collections.abc import Mapping

from lrs.ground import deps, settings
from lrs.ground.deps import Deps


def build(environ: Mapping[str, str]) -> Deps:
    """Deps from the environment."""
    return deps.build(settings.read(environ))
