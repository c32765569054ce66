"""Dynamic registration: what an LMS says of itself, and its way to our registration address."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from tests.support.tool import Tool


def configuration(tool: Tool, **changes: Any) -> dict[str, Any]:
    """What an LMS says of itself."""
    url = tool.moodle.server.url
    whole = {
        "issuer": url,
        "authorization_endpoint": f"{url}/auth",
        "token_endpoint": f"{url}/token",
        "jwks_uri": f"{url}/certs",
        "registration_endpoint": f"{url}/register",
        "scopes_supported": ["openid", "https://purl.imsglobal.org/spec/lti-ags/scope/score"],
        "https://purl.imsglobal.org/spec/lti-platform-configuration": {
            "product_family_code": "other",
            "version": "1",
        },
    }
    return {name: value for name, value in {**whole, **changes}.items() if value is not ...}


def open_address(tool: Tool, address: str, confirm: bool = True, **query: str) -> Any:
    """The address as an LMS opens it, then the button."""
    path = urlsplit(address).path
    asked = {
        "openid_configuration": f"{tool.moodle.server.url}/openid",
        "registration_token": "a.b.c",
        **query,
    }
    page = tool.browser.get(
        path,
        query_string={name: value for name, value in asked.items() if value},
        base_url="https://127.0.0.1:8080",
    )
    if page.status_code != 200 or not confirm:
        return page
    fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
    return tool.browser.post(path, data=fields, base_url="https://127.0.0.1:8080")


def lms(tool: Tool, answer: Any = None, **changes: Any) -> None:
    tool.moodle.server.says("/openid", (200, "OK", configuration(tool, **changes)))
    tool.moodle.server.says("/register", answer or (200, "OK", {"client_id": "new-client"}))
