"""A route says who may call it, where it is declared."""

from __future__ import annotations

import uuid
from typing import cast

import pytest
from flask import Flask
from flask.typing import ResponseReturnValue

from lti_tool.base import routes
from lti_tool.base.deps import ToolDeps
from lti_tool.base.roles import ADMINS, ALL_ROLES
from lti_tool.base.routes import RouteAccess, Routes

NO_DEPS = cast(ToolDeps, None)


def open_nothing(deps: ToolDeps, allowed: frozenset[str], visit_id: uuid.UUID | None) -> str:
    return ", ".join(sorted(allowed)) or "nobody by role"


def show_context(context: str, word: str = "") -> ResponseReturnValue:
    return f"{context}: {word}"


def app_of(*mounted: Routes[str], by_link: bool = False) -> Flask:
    app = Flask(__name__, static_folder=None)
    for made in mounted:
        app.register_blueprint(made.blueprint(by_link=by_link))
    routes.serve_with(app, NO_DEPS)
    return app


def test_a_route_that_does_not_say_who_may_call_it_cannot_be_declared() -> None:
    made = Routes("pages", "/t/<uuid:visit_id>", open_nothing)
    with pytest.raises(ValueError, match="who may call"):
        made.get("/page")
    with pytest.raises(ValueError, match="who may call"):
        made.post("/page", roles=ADMINS, public="both")


def test_a_route_that_the_app_adds_must_be_declared_too() -> None:
    app = app_of()
    app.add_url_rule("/", "front", lambda: "")
    with pytest.raises(RuntimeError, match="who may call"):
        routes.access_table(app)
    routes.declare_public(app, "front", "says what this is")
    assert routes.access_table(app)["front"].public


def test_a_route_below_a_visit_is_never_public() -> None:
    made = Routes("pages", "/t/<uuid:visit_id>", open_nothing)
    made.get("/page", public="a mistake")(show_context)
    with pytest.raises(RuntimeError, match="who may call"):
        routes.access_table(app_of(made))


def test_one_page_may_have_two_addresses_for_the_same_callers() -> None:
    made = Routes("pages", "", open_nothing)
    made.get("/page", roles=ADMINS)(made.get("/page/<word>", roles=ADMINS)(show_context))
    app = app_of(made)
    assert app.test_client().get("/page").text == "admin: "
    assert app.test_client().get("/page/here").text == "admin: here"
    made.post("/page", roles=ALL_ROLES)(show_context)
    with pytest.raises(ValueError, match="differ"):
        app_of(made)


def test_what_is_for_an_administrators_link_is_mounted_there_alone() -> None:
    made = Routes("pages", "", open_nothing)
    made.post("/leave", by_link=True)(show_context)
    assert app_of(made).test_client().post("/leave").status_code == 404
    app = app_of(made, by_link=True)
    assert app.test_client().post("/leave").status_code == 200
    assert routes.access_table(app) == {"pages.show_context": RouteAccess(by_link=True)}
