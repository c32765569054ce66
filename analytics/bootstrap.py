"""Composition root of analytics: its parts are wired together once per process."""

from __future__ import annotations

from collections.abc import Mapping

from analytics.deps import AnalyticsDeps, build_analytics_deps
from core import deps, settings


def build_from_environ(environ: Mapping[str, str]) -> AnalyticsDeps:
    """Build the dependencies from the environment."""
    return build_analytics_deps(deps.build_deps(settings.read_settings(environ)))
