"""Each route says who may call it where it is declared; one that does not is never served."""

from __future__ import annotations

from flask import Flask

from lti_tool.base import roles, routes
from tests.support.tool import Tool


def test_every_route_says_who_may_call_it(shared_tool: Tool) -> None:
    app = shared_tool.browser.application
    assert isinstance(app, Flask)
    access = routes.access_table(app)
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(access)
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/t/"):
            assert access[rule.endpoint].roles, f"{rule.rule} is open to everybody"


def test_the_routes_know_only_roles_that_there_are(shared_tool: Tool) -> None:
    app = shared_tool.browser.application
    assert isinstance(app, Flask)
    named = set().union(*(access.roles for access in routes.access_table(app).values()))
    assert named <= set(roles.ROLE_DESCRIPTIONS)
    assert set(roles.GRANTABLE_ROLES) <= set(roles.ROLE_DESCRIPTIONS)
