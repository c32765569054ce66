"""Where the parts of the tool are joined, once per process."""

from __future__ import annotations

from collections.abc import Mapping

from lrs.ground import deps, settings
from lrs.ground.http import GuardedClient
from lti_tool.lti.deps import ToolDeps
from lti_tool.lti.keys import PlatformKeys


def build(environ: Mapping[str, str]) -> ToolDeps:
    """ToolDeps from the environment."""
    common = deps.build(settings.read(environ))
    client = GuardedClient(common.settings.allow_private_platforms)
    # The operator names our own record store in CARRYOVER_LRS_URL; a tenant's own goes through the judging client.
    return ToolDeps(**vars(common), client=client, own_client=GuardedClient(allow_private=True), platform_keys=PlatformKeys(client))
