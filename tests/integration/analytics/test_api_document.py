"""``/api/v1`` as its OpenAPI document says: nothing undocumented, no failure of ours, whatever a
client sends.
"""

from __future__ import annotations

import json
import re
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from analytics.deps import AnalyticsDeps
from tests.support.learners import KPI, PROGRAMME, Person, count, post
from tests.support.store import Caller

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
EXAMPLES = 6  # of each operation; make soak takes 100
BELOW = "/api/v1"


def test_every_route_is_described_and_nothing_else(one: Caller) -> None:
    routes = {
        (
            re.sub(
                r"<(?:\w+:)?(?:cost_id|merge_id|mapping_id|export_id|(\w+))>",
                lambda found: "{" + (found[1] or "number") + "}",
                rule.rule,
            ),
            method.lower(),
        )
        for rule in one.client.application.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith(BELOW) and method not in ("HEAD", "OPTIONS")
    }
    told = {
        (re.sub(r"\{(cost|merge|mapping|export)\}", "{number}", path), method)
        for path, methods in one.get("/api/v1/openapi.json").json["paths"].items()
        if path.startswith(BELOW)
        for method in methods
    }
    assert told == routes


def test_schemathesis_finds_no_failure_and_no_undocumented_answer(
    one: Caller, deps: AnalyticsDeps
) -> None:
    post(one, *[Person(name=f"p{n}").check("1w", 7, [True, False]).used(9, 2) for n in range(6)])
    assert (
        one.send(
            "PUT", "/api/v1/kpis/clicks", {"programme": PROGRAMME}, data=json.dumps(KPI)
        ).status_code
        == 204
    )
    count(deps)
    config = SchemathesisConfig(
        projects=ProjectsConfig(default=ProjectConfig(generation=GenerationConfig(no_shrink=True)))
    )
    schema = schemathesis.openapi.from_dict(
        one.get("/api/v1/openapi.json").json or {}, config=config
    )
    schema.app = one.client.application
    answered: dict[int, int] = {}
    for result in schema.include(path_regex=f"^{BELOW}").get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
            | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
            known=st.booleans(),
        )
        def attack(case: Any, known: bool) -> None:
            """``known``: it names what there is, so that it is not always told that there is
            nothing.
            """
            if known:
                for place, name, value in (
                    ("query", "programme", PROGRAMME),
                    ("path_parameters", "key", "transfer_rate"),
                ):
                    held = getattr(case, place)
                    if isinstance(held, dict) and name in held:
                        held[name] = value
            case.headers = {
                **(case.headers or {}),
                "Authorization": one.headers()["Authorization"],
                "Accept-Encoding": "identity",  # the client within this process decompresses nothing
            }
            response = case.call()
            answered[response.status_code] = answered.get(response.status_code, 0) + 1
            case.validate_response(response, checks=CHECKS)

        attack()
    assert {200, 204, 400, 404} <= set(answered), answered
