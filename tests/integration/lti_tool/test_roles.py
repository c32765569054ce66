"""Each route says who may call it where it is declared; one that does not is never served."""

from __future__ import annotations

import pytest
from flask import Flask

from lti_tool.base import roles, routes
from lti_tool.base.page_context import open_page
from lti_tool.base.routes import Routes
from tests.support.tool import Tool


def test_every_route_says_who_may_call_it(shared_tool: Tool) -> None:
    app = shared_tool.browser.application
    assert isinstance(app, Flask)
    access = routes.access_table(app)
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(access)
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/t/"):
            assert access[rule.endpoint].roles, f"{rule.rule} is open to everybody"


def test_a_route_that_does_not_say_who_may_call_it_stops_the_start() -> None:
    app = Flask("bare")
    routes.declare_public(app, "static", "styles and scripts")
    app.add_url_rule("/figures", "figures", lambda: "of everybody")
    with pytest.raises(RuntimeError, match="/figures does not say who may call it"):
        routes.access_table(app)


@pytest.mark.parametrize("said", [{}, {"roles": roles.ALL_ROLES, "public": "why not"}])
def test_a_page_is_for_some_roles_or_for_everybody(said: dict[str, object]) -> None:
    pages = Routes("some", "/t/<uuid:visit_id>", open_page)
    with pytest.raises(ValueError, match="say who may call it"):
        pages.get("/figures", **said)  # type: ignore[arg-type]  # what a caller might get wrong


def test_a_page_of_a_visit_cannot_be_declared_public() -> None:
    app = Flask("bare")
    routes.declare_public(app, "static", "styles and scripts")
    app.add_url_rule("/t/<visit>/figures", "figures", lambda visit: "of everybody")
    routes.declare_public(app, "figures", "a mistake")
    with pytest.raises(RuntimeError, match="/t/<visit>/figures"):
        routes.access_table(app)


def test_the_routes_know_only_roles_that_there_are(shared_tool: Tool) -> None:
    app = shared_tool.browser.application
    assert isinstance(app, Flask)
    named = set().union(*(access.roles for access in routes.access_table(app).values()))
    assert named <= set(roles.ROLE_DESCRIPTIONS)
    assert set(roles.GRANTABLE_ROLES) <= set(roles.ROLE_DESCRIPTIONS)
