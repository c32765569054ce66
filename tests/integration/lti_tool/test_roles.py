"""Each route stands in the table of roles, and the table is what decides."""

from __future__ import annotations

from flask import Flask

from lti_tool.base import roles
from tests.support.tool import Tool


def test_every_route_says_who_may_call_it(shared_tool: Tool) -> None:
    app = shared_tool.browser.application
    assert isinstance(app, Flask)
    known = set(roles.ROUTE_ROLES) | set(roles.PUBLIC_ENDPOINTS) | roles.ADMIN_LINK_ENDPOINTS
    there = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert there - known == set(), "a route that nobody may call: put it into the table of roles"
    assert known - there == set(), "the table names a route that is not there"


def test_a_route_below_a_visit_is_never_open(shared_tool: Tool) -> None:
    app = shared_tool.browser.application
    assert isinstance(app, Flask)
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/t/"):
            assert rule.endpoint in roles.ROUTE_ROLES, rule.rule


def test_the_table_knows_only_roles_that_there_are() -> None:
    assert set().union(*roles.ROUTE_ROLES.values()) <= set(roles.ROLE_DESCRIPTIONS)
    assert set(roles.GRANTABLE_ROLES) <= set(roles.ROLE_DESCRIPTIONS)
