"""GET /statements: formats, references, voiding, groups, pages, plans (xAPI-Communication 2.1.3;
xAPI-Data 2.3.2).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from core.database import driver_cursor
from lrs.actions.deps import StoreDeps
from lrs.jobs import tenant_jobs
from lrs.store import change_queue
from lrs.store import statements as store
from lrs.xapi.index_keys import key_of
from lrs.xapi.statement_query import StatementQuery
from tests.support.store import Caller

Make = Callable[..., dict[str, Any]]
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}
A = {"mbox": "mailto:a@example.org"}
B = {"mbox": "mailto:b@example.org"}


def ids(answer: Any) -> list[str]:
    return [one["id"] for one in answer.json["statements"]]


def new() -> str:
    return str(uuid.uuid4())


def ref(target: str) -> dict[str, str]:
    return {"objectType": "StatementRef", "id": target}


def post(one: Caller, *sent: dict[str, Any]) -> list[str]:
    answer = one.post(list(sent))
    assert answer.status_code == 200, answer.text
    return [str(one_id) for one_id in answer.json]


def test_a_reference_is_found_by_what_its_target_is_found_by(one: Caller, statement: Make) -> None:
    registration = new()
    target, other = new(), new()
    post(
        one,
        statement(
            id=target,
            actor=A,
            verb={"id": "https://v.example/1"},
            object={"id": "https://o.example/1"},
            context={"registration": registration},
        ),
    )
    post(one, statement(id=other, actor=A))
    (pointing,) = post(
        one, statement(actor=B, verb={"id": "https://v.example/2"}, object=ref(target))
    )
    (again,) = post(
        one, statement(actor=B, verb={"id": "https://v.example/3"}, object=ref(pointing))
    )
    for query in (
        {"verb": "https://v.example/1"},
        {"activity": "https://o.example/1"},
        {"registration": registration},
        {"verb": "https://v.example/1", "agent": json.dumps(A)},
        {
            "activity": "https://o.example/1",
            "related_activities": "true",
            "registration": registration,
        },
    ):
        assert ids(one.get("/xapi/statements", **query)) == [again, pointing, target], query
    # Both filters must hold of one statement of the chain, not one here and one there.
    assert ids(one.get("/xapi/statements", agent=json.dumps(B), verb="https://v.example/1")) == []
    assert ids(one.get("/xapi/statements", agent=json.dumps(A))) == [again, pointing, other, target]


def test_a_target_that_comes_after_its_reference_is_found_through_it_once_the_job_has_run(
    one: Caller, deps: StoreDeps, statement: Make
) -> None:
    late = new()
    (first,) = post(one, statement(actor=B, object=ref(late)))
    (second,) = post(one, statement(actor=B, object=ref(first)))
    post(one, statement(id=late, verb={"id": "https://v.example/late"}))
    tenant_jobs.settle_references(deps)
    assert ids(one.get("/xapi/statements", verb="https://v.example/late")) == [late, second, first]


def test_references_in_a_circle_do_no_harm(one: Caller, deps: StoreDeps, statement: Make) -> None:
    x, y = new(), new()
    post(one, statement(id=x, object=ref(y)), statement(id=y, actor=B, object=ref(x)))
    tenant_jobs.settle_references(deps)
    assert ids(one.get("/xapi/statements", agent=json.dumps(B))) == [y, x]


def test_many_references_to_a_statement_with_many_people(one: Caller, statement: Make) -> None:
    """More rows than a statement of SQL has parameters for."""
    target = new()
    crowd = {
        "objectType": "Group",
        "member": [{"mbox": f"mailto:m{n}@example.org"} for n in range(150)],
    }
    post(one, statement(id=target, actor=crowd))
    assert len(post(one, *[statement(actor=B, object=ref(target)) for _ in range(200)])) == 200
    assert (
        len(
            ids(
                one.get(
                    "/xapi/statements",
                    agent=json.dumps({"mbox": "mailto:m7@example.org"}),
                    limit=100,
                )
            )
        )
        == 100
    )


def test_what_refers_to_a_voided_statement_is_still_found(one: Caller, statement: Make) -> None:
    target = new()
    post(one, statement(id=target, verb={"id": "https://v.example/1"}))
    (voider,) = post(one, statement(verb=VOIDED, object=ref(target)))
    assert ids(one.get("/xapi/statements", verb="https://v.example/1")) == [voider]


def test_a_voiding_statement_cannot_be_voided_whichever_came_first(
    one: Caller, statement: Make
) -> None:
    voider, target = new(), new()
    post(one, statement(verb=VOIDED, object=ref(voider)))
    post(one, statement(id=voider, verb=VOIDED, object=ref(target)))
    assert one.get("/xapi/statements", statementId=voider).status_code == 200
    assert one.get("/xapi/statements", voidedStatementId=voider).status_code == 404
    assert one.post(statement(verb=VOIDED, object=ref(voider))).status_code == 400


def test_groups_are_found_by_their_own_identity_and_by_their_members(
    one: Caller, statement: Make
) -> None:
    group = {
        "objectType": "Group",
        "account": {"homePage": "https://h.example", "name": "team"},
        "member": [A, B],
    }
    (by_group,) = post(one, statement(actor=group))
    (instructed,) = post(one, statement(context={"instructor": A}))
    bare = json.dumps({"objectType": "Group", "account": group["account"]})
    assert ids(one.get("/xapi/statements", agent=bare)) == [by_group]
    assert ids(one.get("/xapi/statements", agent=json.dumps(A))) == [by_group]
    assert ids(one.get("/xapi/statements", agent=json.dumps(A), related_agents="true")) == [
        instructed,
        by_group,
    ]


def test_context_agents_and_groups_are_related_agents(one: Caller, statement: Make) -> None:
    one.version = "2.0.0"
    context = {
        "contextAgents": [
            {"objectType": "contextAgent", "agent": A, "relevantTypes": ["https://t.example"]}
        ],
        "contextGroups": [
            {"objectType": "contextGroup", "group": {"objectType": "Group", "member": [B]}}
        ],
    }
    (made,) = post(one, statement(context=context))
    for agent in (A, B):
        assert ids(one.get("/xapi/statements", agent=json.dumps(agent), related_agents="true")) == [
            made
        ]
        assert ids(one.get("/xapi/statements", agent=json.dumps(agent))) == []
    one.version = "1.0.3"
    assert one.post(statement(context=context)).status_code == 400


def test_ids_gives_what_identifies_and_nothing_else(one: Caller, statement: Make) -> None:
    crowd = {"objectType": "Group", "name": "n", "member": [{"name": "N", **A}]}
    activity = {
        "objectType": "Activity",
        "id": "https://o.example/1",
        "definition": {"name": {"en": "one"}},
    }
    (made,) = post(
        one,
        statement(
            actor=crowd,
            object=activity,
            context={"contextActivities": {"parent": activity}, "instructor": {"name": "N", **B}},
        ),
    )
    found = one.get("/xapi/statements", statementId=made, format="ids").json
    assert found["actor"] == {"objectType": "Group", "member": [A]}
    assert found["object"] == {"id": "https://o.example/1"}
    assert found["context"] == {
        "contextActivities": {"parent": [{"id": "https://o.example/1"}]},
        "instructor": B,
    }


def test_canonical_gives_one_language_and_what_the_store_holds_of_an_activity(
    one: Caller, statement: Make
) -> None:
    def activity(**definition: Any) -> dict[str, Any]:
        return {"id": "https://o.example/1", "definition": definition}

    (made,) = post(
        one,
        statement(
            object=activity(name={"en": "one", "de": "eins"}),
            verb={"id": "https://v.example", "display": {"fr": "lu", "de": "gelesen"}},
        ),
    )
    post(
        one,
        statement(
            object=activity(
                description={"de-AT": "Beschreibung"},
                extensions={"https://e.example": 12345678901234567890123},
            )
        ),
    )
    asked = one.send(
        "GET",
        "/xapi/statements",
        {"statementId": made, "format": "canonical"},
        headers={"Accept-Language": "de;q=0.5, de-AT, en;q=0.1"},
    )
    assert asked.json["object"]["definition"] == {
        "name": {"de": "eins"},
        "description": {"de-AT": "Beschreibung"},
        "extensions": {"https://e.example": 12345678901234567890123},
    }
    assert asked.json["verb"]["display"] == {"de": "gelesen"}
    exact = one.get("/xapi/statements", statementId=made).json
    assert exact["object"]["definition"] == {"name": {"en": "one", "de": "eins"}}
    whole = one.send(
        "GET",
        "/xapi/activities",
        {"activityId": "https://o.example/1"},
        headers={"Accept-Language": "de"},
    ).json
    assert whole["definition"]["name"] == {"en": "one", "de": "eins"}


def test_a_single_context_activity_comes_back_in_a_list(one: Caller, statement: Make) -> None:
    inner = statement(
        objectType="SubStatement",
        context={"contextActivities": {"other": {"id": "https://o.example/2"}}},
    )
    sent = statement(
        object=inner,
        context={"contextActivities": {"parent": {"id": "https://o.example/1"}, "grouping": []}},
    )
    (made,) = post(one, sent)
    found = one.get("/xapi/statements", statementId=made).json
    assert found["context"]["contextActivities"] == {
        "parent": [{"id": "https://o.example/1"}],
        "grouping": [],
    }
    assert found["object"]["context"]["contextActivities"] == {
        "other": [{"id": "https://o.example/2"}]
    }
    assert one.put(made, sent).status_code == 204


def test_parameters_beside_more_change_nothing(one: Caller, statement: Make) -> None:
    """Ralph sends its filter again with each ``more`` (openfun/ralph, commit 62b15bf0d691,
    src/ralph/backends/data/async_lrs.py: ``query_params.update(parse_qs(...))``)."""
    post(one, *(statement(actor=A if n % 2 else B) for n in range(6)))
    first = one.get("/xapi/statements?" + urlencode({"agent": json.dumps(A), "limit": 2}))
    beside = f"{first.json['more']}&" + urlencode({"agent": json.dumps(B), "limit": 1})
    alone, both = one.get(first.json["more"]), one.get(beside)
    assert ids(alone) == ids(both) and len(ids(both)) == 1


def test_more_leads_through_everything_once_while_new_statements_come(
    one: Caller, statement: Make
) -> None:
    before = post(one, *[statement() for _ in range(25)])
    answer, seen = one.get("/xapi/statements", limit=4), list[str]()
    while True:
        seen += ids(answer)
        more = answer.json["more"]
        if not more:
            break
        assert more.startswith("/xapi/statements?more=")
        post(one, statement())
        answer = one.client.get(more, headers=one.headers())
    assert seen == before[::-1]


def test_a_person_has_every_name_that_statements_give(one: Caller, statement: Make) -> None:
    post(
        one,
        statement(actor={**A, "name": "First"}),
        statement(actor={**A, "name": "Second"}),
        statement(context={"instructor": {**A, "name": "Third"}}),
    )
    found = one.get("/xapi/agents", agent=json.dumps(A)).json
    assert found == {
        "objectType": "Person",
        "name": ["Third", "Second", "First"],
        "mbox": ["mailto:a@example.org"],
    }
    assert one.get("/xapi/agents", agent=json.dumps(B)).json == {
        "objectType": "Person",
        "mbox": ["mailto:b@example.org"],
    }


def test_an_unknown_activity_is_answered_with_its_id(one: Caller) -> None:
    assert one.get("/xapi/activities", activityId="https://o.example/none").json == {
        "objectType": "Activity",
        "id": "https://o.example/none",
    }


VOUCHING = "account https://h.example k"
QUERIES: list[dict[str, Any]] = [
    {},
    {"ascending": True},
    {"agent": "mbox mailto:a@example.org"},
    {"agent": "mbox mailto:a@example.org", "related_agents": True},
    {"verb": "https://v.example/3"},
    {"activity": "https://o.example/3"},
    {"activity": "https://o.example/3", "related_activities": True},
    {"registration": uuid.UUID(int=3)},
    {"verb": "https://v.example/3", "agent": "mbox mailto:a@example.org", "related_agents": True},
    {"verb": "https://v.example/3", "activity": "https://o.example/3", "ascending": True},
    {"after": 5 << 30},
    {"mine": VOUCHING},
    {"mine": VOUCHING, "activity": "https://o.example/3"},
    {"agent": VOUCHING, "related_agents": True},
]


def test_no_filter_reads_a_large_table_from_end_to_end(large: StoreDeps) -> None:
    tenant_id = change_queue.list_tenant_ids(large.engine)[0]
    for asked in QUERIES:
        query = StatementQuery(**asked)
        sql, parameters = store.build_statement_query(
            tenant_id, query, None, 101, False, {VOUCHING: 3}
        )
        with large.unit_of_work(tenant_id) as connection, driver_cursor(connection) as cursor:
            plan = "\n".join(row[0] for row in cursor.execute(b"EXPLAIN " + sql, parameters))
        assert not re.search(
            r"Seq Scan on (statement|statement_rel|voiding|payload_other)\b", plan
        ), (
            asked,
            plan,
        )


@pytest.fixture
def large(one: Caller, deps: StoreDeps) -> StoreDeps:
    """40,000 statements, in the shape that they have when they were posted."""
    from core.database import make_engine

    owner = make_engine(deps.settings.migration_url)
    keys = {
        kind: [key_of(kind, f"{name}/{n}") for n in range(50)]
        for kind, name in (("verb", "https://v.example"), ("activity", "https://o.example"))
    }
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO lrs.statement (tenant_id, ord, id, verb, registration, "
                "timestamp_given, authority) SELECT 1, n::bigint << 20, gen_random_uuid(), "
                "(CAST(:verbs AS bigint[]))[1 + n % 50],"
                " CASE WHEN n % 2 = 0 THEN gen_random_uuid() END, true, n % 50"
                " FROM generate_series(1, 40000) n"
            ),
            {"verbs": keys["verb"]},
        )
        connection.execute(
            text(
                "INSERT INTO lrs.statement_payload SELECT 1, n::bigint << 20, "
                "convert_to(repeat('x', 1000), 'UTF8') FROM generate_series(1, 40000) n"
            )
        )
        connection.execute(
            text(
                "INSERT INTO lrs.statement_rel (tenant_id, key, ord) SELECT 1, (CAST(:keys AS "
                "bigint[]))[1 + n % 50] + k, n::bigint << 20"
                " FROM generate_series(1, 40000) n, generate_series(0, 4) k"
            ),
            {"keys": keys["activity"]},
        )
        connection.execute(
            text(
                "INSERT INTO lrs.voiding SELECT 1, gen_random_uuid(), n FROM generate_series(1, "
                "5000) n"
            )
        )
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    owner.dispose()
    return deps


def test_a_page_holds_up_to_a_thousand_or_as_many_as_the_server_gives(
    one: Caller, statement: Make
) -> None:
    """Xerte asks for 1,000 (thexerteproject/xerteonlinetoolkits#1181)."""
    for _ in range(3):
        post(one, *(statement() for _ in range(350)))
    whole = one.get("/xapi/statements", limit=1000)
    assert len(whole.json["statements"]) == 1_000
    assert len(one.get(whole.json["more"]).json["statements"]) == 50
    assert len(one.get("/xapi/statements", limit=0).json["statements"]) == 1_000
    assert len(one.get("/xapi/statements", limit=5000).json["statements"]) == 1_000
    assert len(one.get("/xapi/statements", limit=250).json["statements"]) == 250
    assert len(one.get("/xapi/statements").json["statements"]) == 100, "without a limit"
    seen, answer = ids(whole), whole
    while answer.json["more"]:
        answer = one.get(answer.json["more"])
        seen += ids(answer)
    assert len(seen) == len(set(seen)) == 1_050


def test_a_page_of_large_statements_ends_early_and_none_is_lost(
    one: Caller, statement: Make
) -> None:
    large = "x" * 900_000
    for _ in range(4):
        post(one, *(statement(result={"response": large}) for _ in range(5)))
    answer = one.get("/xapi/statements", limit=1000)
    seen = ids(answer)
    assert len(answer.data) < 10_000_000
    while answer.json["more"]:
        answer = one.get(answer.json["more"])
        seen += ids(answer)
    assert len(seen) == len(set(seen)) == 20
