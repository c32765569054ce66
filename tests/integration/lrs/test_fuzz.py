"""Anything may come: no answer is a failure of ours, no broken statement is taken, the quick way
and the whole way agree.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig

from lrs import app
from lrs.actions.deps import StoreDeps
from lrs.xapi import json_codec
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.statement_parser import Authority, StatementParser
from tests.support.multipart import BOUNDARY, described, mixed, part, send
from tests.support.store import Caller, body

EXAMPLES = 15  # of each operation; make soak takes 100
Make = Callable[..., dict[str, Any]]
AUTHORITY = Authority.from_json(b'{"account":{"homePage":"https://h.example","name":"k"}}')

WHOLE: dict[str, Any] = {
    "id": "3f1c8a52-9d5e-4f3c-8a68-0f5e9ec1a001",
    "actor": {
        "objectType": "Group",
        "account": {"homePage": "https://h.example", "name": "team"},
        "member": [{"mbox": "mailto:a@example.org", "name": "A"}],
    },
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"en": "answered"}},
    "object": {
        "objectType": "Activity",
        "id": "https://o.example/1",
        "definition": {
            "name": {"en": "one"},
            "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
            "interactionType": "choice",
            "correctResponsesPattern": ["a[,]b"],
            "choices": [{"id": "a", "description": {"en": "A"}}, {"id": "b"}],
            "extensions": {"https://e.example": [1, {"x": None}]},
        },
    },
    "result": {
        "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10},
        "success": True,
        "completion": True,
        "response": "a[,]b",
        "duration": "PT1M30.5S",
        "extensions": {"https://e.example": 1},
    },
    "context": {
        "registration": "3f1c8a52-9d5e-4f3c-8a68-0f5e9ec1a002",
        "instructor": {"mbox_sha1sum": "a" * 40},
        "team": {"objectType": "Group", "member": [{"openid": "https://b.example"}]},
        "contextActivities": {
            "parent": [{"id": "https://p.example"}],
            "category": [{"id": "https://c.example"}],
        },
        "revision": "1",
        "platform": "p",
        "language": "en-GB",
        "statement": {"objectType": "StatementRef", "id": "3f1c8a52-9d5e-4f3c-8a68-0f5e9ec1a003"},
        "extensions": {"https://e.example": {"a": "b"}},
    },
    "timestamp": "2026-11-23T09:30:00.123Z",
    "version": "1.0.3",
}

ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.just(10**400),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.sampled_from(
        [
            "",
            "\u0000",
            "\ud800",
            "x" * 10_000,
            "2026-02-30T00:00:00Z",
            "2026-11-23T00:00:00-00:00",
            "P",
            "en_GB",
            "mailto:x",
            "http://x.org/%zz",
        ]
    ),
    st.sampled_from(
        [
            [],
            {},
            [[]],
            {"": ""},
            {"id": "https://x.example"},
            {"objectType": "Agent"},
            {"mbox": "mailto:z@example.org"},
        ]
    ),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    entries = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, inner in entries:
        found += places(inner, (*path, name))
    return found


PLACES = places(WHOLE)


@st.composite
def mutants(draw: Any) -> bytes:
    """A valid statement with one to three things changed: replaced, removed, added, renamed,
    doubled.
    """
    value = copy.deepcopy(WHOLE)
    raw_change: tuple[str, str] | None = None
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(PLACES))
        holder: Any = value
        try:
            for step in path[:-1]:
                holder = holder[step]
            how = draw(st.sampled_from(["replace", "remove", "add", "rename", "double", "move"]))
            if how == "replace":
                holder[path[-1]] = copy.deepcopy(draw(ODD))
            elif how == "remove":
                del holder[path[-1]]
            elif how == "add" and isinstance(holder, dict):
                # A copy: what is put in may be changed itself by the next change.
                holder[
                    draw(
                        st.sampled_from(
                            [
                                "actor",
                                "verb",
                                "object",
                                "objectType",
                                "member",
                                "id",
                                "x",
                                "statement",
                                "attachments",
                                "stored",
                                "Name",
                            ]
                        )
                    )
                ] = copy.deepcopy(draw(ODD))
            elif how == "rename" and isinstance(holder, dict):
                holder[str(path[-1]).swapcase()] = holder.pop(path[-1])
            elif how == "move" and isinstance(holder, dict):
                other = draw(st.sampled_from(PLACES))
                found: Any = WHOLE
                for step in other:
                    found = found[step]
                holder[path[-1]] = copy.deepcopy(found)
            elif how == "double" and isinstance(path[-1], str):
                raw_change = (f'"{path[-1]}": ', f'"{path[-1]}": 1, "{path[-1]}": ')
        except (KeyError, IndexError, TypeError):
            continue
    text = json.dumps(value)
    return (text.replace(*raw_change, 1) if raw_change else text).encode("utf-8", "surrogatepass")


def as_set(one: Any) -> Any:
    return (
        one.id,
        one.verb,
        one.registration,
        set(one.related),
        one.voids,
        one.refers,
        one.timestamp,
        set(one.definitions),
        one.attachments,
    )


@pytest.mark.parametrize("family_2_0", [False, True])
@settings(max_examples=600)
@given(raw=mutants())
def test_the_quick_way_takes_nothing_that_the_whole_way_refuses_and_reads_the_same(
    family_2_0: bool, raw: bytes
) -> None:
    reader = READERS[family_2_0]
    required = uuid.UUID(WHOLE["id"])
    quick = reader._parse_fast_path(raw, AUTHORITY, required)
    if quick is None:
        return
    whole = reader._parse_slow_path(raw, AUTHORITY, required)
    assert as_set(quick) == as_set(whole)
    assert json_codec.decode(quick.payload) == json_codec.decode(whole.payload)


READERS = {family: StatementParser(family) for family in (False, True)}


@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(raw=mutants())
def test_a_changed_statement_is_taken_or_refused_with_its_place(one: Caller, raw: bytes) -> None:
    answer = one.post(raw)
    if answer.status_code == 400:
        assert answer.json["error"]["message"]
        assert answer.json["error"]["where"]["path"].startswith("$")
        return
    assert answer.status_code in (200, 409)
    if answer.status_code == 200:
        # What was taken can be given back in every format, and is found again.
        (made,) = body(answer)
        for given_as in ("exact", "ids", "canonical"):
            assert one.get("/xapi/statements", statementId=made, format=given_as).status_code in (
                200,
                404,
            )


RAW: dict[str, str | bytes] = {
    "a string of 10 MB": json.dumps({**WHOLE, "result": {"response": "x" * 10_000_000}}),
    "400 digits": json.dumps(WHOLE)
    .replace('"raw": 5', f'"raw": {"9" * 400}')
    .replace('"max": 10', f'"max": {"9" * 401}'),
    "5000 digits": json.dumps(WHOLE).replace('"raw": 5', f'"raw": {"9" * 5_000}'),
    "an exponent of 20 digits": json.dumps(WHOLE).replace(
        '[1, {"x": null}]', "1e99999999999999999999"
    ),
    "deep": json.dumps(WHOLE).replace('[1, {"x": null}]', "[" * 50_000 + "]" * 50_000),
    "a little too deep": json.dumps(WHOLE).replace('[1, {"x": null}]', "[" * 99 + "]" * 99),
    "lone surrogate": json.dumps(WHOLE).replace('"one"', '"\\ud800"'),
    "lone surrogate in an iri": json.dumps(WHOLE).replace(
        "https://o.example/1", "https://o.example/\\udfff"
    ),
    "NUL": json.dumps(WHOLE).replace('"one"', '"\\u0000"').replace("mailto:a@", "mailto:\\u0000@"),
    "no utf-8": b'{"actor":"\xff\xfe"}',
    "utf-16": json.dumps(WHOLE).encode("utf-16"),
    "a mark of order": b"\xef\xbb\xbf" + json.dumps(WHOLE).encode(),
    "NaN": json.dumps(WHOLE).replace('"raw": 5', '"raw": NaN'),
    "two documents": json.dumps(WHOLE) * 2,
    "a list of nothing": "[null]",
    "words": "actor",
    "nothing": "",
    "a number": "7",
}


@pytest.mark.parametrize("name", RAW)
def test_extremes_are_taken_whole_or_refused(one: Caller, name: str) -> None:
    answer = one.post(RAW[name])
    assert answer.status_code in (200, 400), answer.text[:300]
    if answer.status_code == 200:
        sent = RAW[name]
        raw = sent if isinstance(sent, bytes) else sent.encode()
        found = one.get("/xapi/statements", statementId=WHOLE["id"])
        assert found.data.startswith(raw.rstrip()[:-1]), "digit for digit"
        assert one.get("/xapi/statements", format="canonical").status_code == 200


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(cut=st.integers(0, 900), noise=st.binary(max_size=20), at=st.integers(0, 900))
def test_multipart_that_was_cut_or_disturbed_is_refused_or_whole(
    one: Caller, cut: int, noise: bytes, at: int
) -> None:
    whole = mixed(
        {**WHOLE, "id": str(uuid.uuid4()), "attachments": [described(b"data")]}, part(b"data")
    )
    disturbed = whole[:at] + noise + whole[at:] if noise else whole[:-cut] if cut else whole
    answer = send(one, disturbed)
    assert answer.status_code in (200, 400)
    assert BOUNDARY


def test_schemathesis_finds_no_failure_of_ours_on_any_resource(
    one: Caller, deps: StoreDeps
) -> None:
    """A client that knows the OpenAPI document and means no good."""
    application = app.create_app(deps)
    config = SchemathesisConfig(
        projects=ProjectsConfig(default=ProjectConfig(generation=GenerationConfig(no_shrink=True)))
    )
    schema = schemathesis.openapi.from_dict(
        application.test_client().get("/api/v1/openapi.json").json or {}, config=config
    )
    schema.app = application
    answered = 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
            | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
        )
        def attack(case: Any) -> None:
            nonlocal answered
            case.headers = {
                **(case.headers or {}),
                **{name: value for name, value in one.headers().items() if name == "Authorization"},
            }
            response = case.call()
            answered += 1
            assert response.status_code < 500, response.text

        attack()
    assert answered > 150


def test_a_refusal_names_index_path_and_rule(one: Caller, statement: Make) -> None:
    answer = one.post(
        [
            statement(),
            statement(result={"score": {"scaled": 1.0000000000000000000001}}),
            statement(),
        ]
    )
    raw = json.dumps([statement(), statement()]).replace(
        "}}, {", '}, "result": {"score": {"scaled": 1.0000000000000000000001}}}, {', 1
    )
    answer = one.post(raw)
    assert answer.json["error"]["where"] == {"index": 0, "path": "$.result.score.scaled"}
    assert "between -1 and 1" in answer.json["error"]["message"]
    doubled = json.dumps([statement(), statement()]).replace(
        '"mbox"', '"mbox": "mailto:x@example.org", "mbox"', 1
    )
    assert one.post(doubled).json["error"]["where"] == {"index": 0, "path": "$.actor.mbox"}
    with pytest.raises(StatementInvalid):
        StatementParser(family_2_0=False).statements(b"[", AUTHORITY)
