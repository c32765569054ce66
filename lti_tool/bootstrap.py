"""Composition root of the tool, run once per process."""

from __future__ import annotations

from collections.abc import Mapping

from core import deps, settings
from core.deps import Deps
from core.http_client import GuardedClient
from core.rate_limiter import RateLimiter
from lti_tool.base.deps import ToolDeps
from lti_tool.base.platform_key_cache import PlatformKeyCache


def build(environ: Mapping[str, str]) -> ToolDeps:
    """Build ToolDeps from the environment."""
    return build_from_deps(deps.build_deps(settings.read_settings(environ)))


def build_from_deps(common: Deps) -> ToolDeps:
    """Build ToolDeps from the shared dependencies."""
    client = GuardedClient(common.settings.allow_private_platforms)
    return ToolDeps(
        **vars(common),
        client=client,
        # The operator sets our own record store in CARRYOVER_LRS_URL; a tenant's own store is
        # called through the client that checks addresses.
        own_client=GuardedClient(allow_private=True, plain_anywhere=True),
        platform_keys=PlatformKeyCache(client),
        limiter=RateLimiter(common.settings.redis_url),
    )
