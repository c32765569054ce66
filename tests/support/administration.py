"""A browser in the administration."""

from __future__ import annotations

from typing import Any

from lti_tool import operator_api
from tests.support.tool import TOOL, Tool

BASE = "https://127.0.0.1:8080"


class Admin:
    """A browser in the administration."""

    def __init__(self, tool: Tool, browser: Any, home: str) -> None:
        self.tool, self.browser, self.home = tool, browser, home

    def get(self, path: str = "platforms/") -> Any:
        return self.browser.get(self.home + path, base_url=BASE, follow_redirects=True)

    def post(self, path: str, **fields: str) -> Any:
        token = self.get().text.split('name="form_token" value="')[1].split('"')[0]
        return self.browser.post(
            self.home + path,
            data={"form_token": token, **fields},
            base_url=BASE,
            follow_redirects=True,
        )


def by_link(tool: Tool, desk: operator_api.TenantOperator) -> Admin:
    browser, link = tool.stranger(), desk.create_admin_link().removeprefix(TOOL)
    assert browser.get(link, base_url=BASE).status_code == 200, "a look changes nothing"
    opened = browser.post(link, base_url=BASE)
    assert opened.status_code == 303
    return Admin(tool, browser, opened.location)
