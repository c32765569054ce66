"""More platforms of a tool."""

from __future__ import annotations

from typing import Any

from lti_tool.base import platforms_store
from tests.support.tool import ISSUER, Tool

OTHER_CLIENT = "another-client"


def add_platform(tool: Tool, **changes: Any) -> int:
    """A second registration of the same issuer, as hosted Canvas has many."""
    values = {
        "name": "second",
        "family": "standard",
        "status": "approved",
        "issuer": ISSUER,
        "client_id": OTHER_CLIENT,
        "auth_login_url": f"{tool.moodle.server.url}/auth",
        "auth_token_url": f"{tool.moodle.server.url}/token",
        "auth_audience": "",
        "key_set_url": f"{tool.moodle.server.url}/certs",
        "approve_deployments": False,
        "frame_origins": [],
        **changes,
    }
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        made = platforms_store.insert_platform(connection, tool.tenant_id, values)
    assert made is not None
    return made
