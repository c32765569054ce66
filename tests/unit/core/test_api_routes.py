"""A route says who may call it, what it takes and what it answers, or the application is not made."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from flask import Blueprint, Flask

from core.api_routes import Call, Parameter, Routes, require_declared_access
from core.errors import Forbidden, register_error_handlers
from core.openapi import api_paths

SCOPES = {"read": (), "write": ()}
NUMBER = Parameter[int]("number", {"type": "integer"}, int, missing="7")
NAMES = Parameter[list[str]]("name", {"type": "array"}, list, repeated=True)


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    """A body."""

    name: str


def app_of(routes: Routes[str, str], *holds: str) -> Flask:
    """An application of these routes; its caller holds these scopes."""

    def authenticate(*needs: str) -> str:
        if not set(needs) & set(holds):
            raise Forbidden("no")
        return "caller"

    app = Flask(__name__, static_folder=None)
    register_error_handlers(app)
    pages = Blueprint("things", __name__)
    routes.add_to(pages, "deps", authenticate)
    app.register_blueprint(pages)
    require_declared_access(app, SCOPES, {})
    return app


def handled(call: Call[str, str, Any], /, **url: int) -> dict[str, Any]:
    """Say what arrived.

    Not this.
    """
    body = call.body.name if call.body else None
    return {"deps": call.deps, "caller": call.caller, "body": body, "url": url}


def test_a_route_that_does_not_say_who_may_call_it_is_an_error() -> None:
    with pytest.raises(ValueError, match="GET /things declares no scope"):
        Routes[str, str](reads_query=True).route("GET", "/things")(handled)


def test_a_route_cannot_be_public_and_need_a_scope() -> None:
    with pytest.raises(ValueError, match="never both"):
        Routes[str, str](reads_query=True).route("GET", "/a", scope="read", public="why")(handled)


def test_a_scope_that_nobody_can_hold_is_an_error_when_the_application_is_made() -> None:
    routes = Routes[str, str](reads_query=True)
    routes.route("GET", "/things", scope="raed")(handled)
    with pytest.raises(ValueError, match="there is no scope raed"):
        app_of(routes)


def test_an_address_that_was_added_past_the_declarations_is_an_error() -> None:
    app = app_of(Routes[str, str](reads_query=True))
    app.add_url_rule("/hidden", "hidden", lambda: "")
    with pytest.raises(ValueError, match="/hidden"):
        require_declared_access(app, SCOPES, {})
    require_declared_access(app, SCOPES, {"hidden": "a reason"})


def test_the_caller_is_checked_before_anything_of_the_request_is_looked_at() -> None:
    routes = Routes[str, str](reads_query=True)
    routes.route("POST", "/things", scope=("read", "write"), body=Thing)(handled)
    wrong = {"query_string": {"unknown": "1"}, "data": b"no JSON"}
    assert app_of(routes).test_client().post("/things", **wrong).status_code == 403
    assert app_of(routes, "write").test_client().post("/things", **wrong).status_code == 400


def test_body_numbers_in_the_address_and_status_arrive_as_declared() -> None:
    routes = Routes[str, str](reads_query=True)
    routes.route("POST", "/things/<int:thing_id>", scope="read", body=Thing, status=201)(handled)
    client = app_of(routes, "read").test_client()
    answer = client.post(f"/things/{2**70}", json={"name": "one"})
    assert (answer.status_code, answer.json) == (
        201,
        {"deps": "deps", "caller": "caller", "body": "one", "url": {"thing_id": 2**63 - 1}},
    )
    refused = client.post("/things/1", json={"name": 1})
    assert refused.status_code == 400 and refused.json["error"]["where"] == {"path": "$.name"}


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 200), ("number=3&name=a&name=b", 200), ("number=1&number=2", 400), ("other=1", 400)],
)
def test_a_query_holds_what_the_route_declares_and_nothing_else(query: str, status: int) -> None:
    routes = Routes[str, str](reads_query=True)

    @routes.route("GET", "/things", public="a test", query=(NUMBER, NAMES))
    def read(call: Call[str, str, None]) -> dict[str, Any]:
        return {"number": call[NUMBER], "names": call[NAMES]}

    answer = app_of(routes).test_client().get(f"/things?{query}")
    assert answer.status_code == status
    if status == 200:
        assert answer.json == (
            {"number": 3, "names": ["a", "b"]} if query else {"number": 7, "names": []}
        )


def test_the_document_tells_what_the_route_declares() -> None:
    routes = Routes[str, str](reads_query=True)
    routes.route("PUT", "/things/<int:thing_id>", scope="write", query=(NUMBER,), body=Thing)(
        handled
    )
    ((path, methods),) = api_paths(routes).items()
    told = methods["put"]
    assert path == "/api/v1/things/{thing}" and told["summary"] == "Say what arrived"
    assert told["description"] == "Needs the scope write."
    assert [item["name"] for item in told["parameters"]] == ["thing", "number"]
    assert told["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Thing"
    }
    assert set(told["responses"]) == {"200", "400", "401", "403"}
