"""Dependencies of the tool's packages, in addition to those shared by all services."""

from __future__ import annotations

from dataclasses import dataclass

from core.deps import Deps
from core.http_client import GuardedClient
from core.rate_limiter import RateLimiter
from lti_tool.base.platform_key_cache import PlatformKeyCache


@dataclass(frozen=True)
class ToolDeps(Deps):
    """``client`` checks addresses before it calls them; ``own_client`` calls the record store
    that the operator configured."""

    client: GuardedClient
    own_client: GuardedClient
    platform_keys: PlatformKeyCache
    limiter: RateLimiter
