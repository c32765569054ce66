"""Decision 5 as a state machine: whatever comes, in whatever order, the facts are those of a full
recount, row for row.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Table, func, select, text

from analytics.deps import AnalyticsDeps
from analytics.jobs import counting
from analytics.store import tables
from core.database import make_engine
from lrs.store import change_queue
from lrs.vocabulary import EXTENSIONS, VERBS
from tests.support.learners import PROGRAMME, Person
from tests.support.store import Caller

FACTS = [
    table
    for name, table in tables.metadata.tables.items()
    if ".fact_" in name or name.endswith((".uncountable", ".borrowed"))
]
QUIZ = "https://moodle.example/quiz"
WORKERS = 4
PEOPLE = 3
EXAMPLES, STEPS = 8, 14


def everything_about(n: int) -> Person:
    """An episode with something for every table of facts."""
    person = Person(name=f"person {n} {uuid.uuid4()}", team=f"team {n % 2}")
    person.check("1d", 1, [True, n % 2 == 0]).check("1w", 7, [False, True]).used(9, 1).used(
        12, 2 + n % 2, "u"
    )
    return (
        person.assessed(20, 3, "manager")
        .assessed(30, 2 + n % 2, "mentor")
        .add("unregistered", PROGRAMME, 150)
    )


def of_no_episode(person: Person) -> list[dict[str, Any]]:
    """A visit, an exercise of raters, and answers in another system: under no registration, and
    under one of its own.
    """
    visit = person.say("logged-in", PROGRAMME, 3, {"team": "team 0"}, "programme")
    scores = {
        "score": {"max": 4},
        "extensions": {EXTENSIONS["rubric_scores"]: [{"criterion": "x", "level": 2}]},
    }
    exercise = person.say(
        "assessed", f"{PROGRAMME}/cases/1", 4, None, "calibration case", result=scores
    )
    answers = [
        person.say(
            "answered",
            f"{QUIZ}/{n}",
            7 * n,
            None,
            "item",
            result={"success": n == 1},
            activities={"parent": [{"id": QUIZ}]},
        )
        for n in (1, 2)
    ]
    for one in (visit, exercise, answers[0]):
        del one["context"]["registration"]
    answers[1]["context"]["registration"] = str(uuid.uuid4())
    return [visit, exercise, *answers]


def map_quiz(caller: Caller) -> int | None:
    """Let the quiz count as a check; the number of that, or None where it counts already."""
    body = {"activity": QUIZ, "programme": PROGRAMME, "counts_as": "check"}
    answer = caller.send("POST", "/api/v1/activity-mappings", data=json.dumps(body))
    assert answer.status_code in (201, 409), answer.text
    return int(answer.json["mapping"]) if answer.status_code == 201 else None


class Machine(RuleBasedStateMachine):
    """Statements arrive, again and late, are voided, erased, their people merged, and what happened
    elsewhere mapped, while up to four workers count.
    """

    deps: AnalyticsDeps
    tenant: Callable[..., Caller]

    def __init__(self) -> None:
        super().__init__()
        self.caller = self.tenant(f"t{uuid.uuid4().hex[:12]}")
        self.people = [everything_about(n) for n in range(PEOPLE)]
        self.waiting = [
            one for person in self.people for one in person.said + of_no_episode(person)
        ]
        self.sent: list[dict[str, Any]] = []
        self.merged: dict[int, int] = {}
        self.mapping: int | None = None
        self.tenant_id = max(change_queue.list_tenant_ids(self.deps.engine))

    @initialize(data=st.data(), mapped=st.booleans())
    def shuffled(self, data: st.DataObject, mapped: bool) -> None:
        self.waiting = data.draw(st.permutations(self.waiting))
        if mapped:
            self.map_or_undo_it()
        self.arrive(len(self.waiting) // 2)  # so that what follows meets something

    @precondition(lambda self: self.waiting)
    @rule(size=st.integers(1, 40))
    def arrive(self, size: int) -> None:
        some, self.waiting = self.waiting[:size], self.waiting[size:]
        assert self.caller.post(some).status_code == 200
        self.sent += some

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def arrive_again(self, data: st.DataObject) -> None:
        some = data.draw(
            st.lists(
                st.sampled_from(self.sent), min_size=1, max_size=5, unique_by=lambda one: one["id"]
            )
        )
        assert self.caller.post(some).status_code == 200

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        target = data.draw(st.sampled_from(self.sent))
        self.sent.remove(target)
        voiding = {
            "actor": target["actor"],
            "verb": {"id": VERBS["voided"].id},
            "object": {"objectType": "StatementRef", "id": target["id"]},
        }
        assert self.caller.post(voiding).status_code == 200

    @rule(alias=st.integers(0, PEOPLE - 1), agent=st.integers(0, PEOPLE - 1))
    def merge(self, alias: int, agent: int) -> None:
        if alias != agent:
            body = {
                "alias": self.people[alias].agent,
                "agent": self.people[agent].agent,
                "reason": "one person",
            }
            answer = self.caller.send("POST", "/api/v1/person-merges", data=json.dumps(body))
            assert answer.status_code in (201, 400, 409), answer.text
            if answer.status_code == 201:
                self.merged[answer.json["merge"]] = alias

    @precondition(lambda self: self.merged)
    @rule(data=st.data())
    def take_a_merge_apart(self, data: st.DataObject) -> None:
        merge = data.draw(st.sampled_from(sorted(self.merged)))
        del self.merged[merge]
        assert self.caller.send("DELETE", f"/api/v1/person-merges/{merge}").status_code in (
            204,
            404,
        ), "404: erased with its person"

    @rule()
    def map_or_undo_it(self) -> None:
        if self.mapping is None:
            self.mapping = map_quiz(self.caller)
        else:
            assert (
                self.caller.send("DELETE", f"/api/v1/activity-mappings/{self.mapping}").status_code
                == 204
            )
            self.mapping = None

    @rule(who=st.integers(0, PEOPLE - 1))
    def erase(self, who: int) -> None:
        body = {"agent": self.people[who].agent, "dry_run": False}
        assert (
            self.caller.send("POST", "/api/v1/erasures", data=json.dumps(body)).status_code == 200
        )
        gone = [one["id"] for one in self.sent if one["actor"] == self.people[who].agent]
        self.sent = [one for one in self.sent if one["id"] not in gone]

    @rule(workers=st.integers(1, WORKERS))
    def count(self, workers: int) -> None:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda _: counting.count_all_tenants(self.deps), range(workers)))

    @rule()
    def equals_a_full_recount(self) -> None:
        self.count(WORKERS)
        bit_by_bit = self.facts()
        owner = make_engine(self.deps.settings.migration_url)
        with owner.begin() as connection:
            for table in FACTS:
                connection.execute(
                    text(f"DELETE FROM {table.fullname} WHERE tenant_id = {self.tenant_id}")  # noqa: S608 - our own names
                )
        owner.dispose()
        counting.reconcile_tenant(self.deps.unit_of_work, self.tenant_id)
        self.count(1)  # whose anchors were not there when they were counted
        full = self.facts()
        for table in FACTS:
            assert bit_by_bit[table.name] == full[table.name], table.name

    def facts(self) -> dict[str, list[Any]]:
        with self.deps.unit_of_work(self.tenant_id) as connection:

            def rows(table: Table) -> list[Any]:
                return [
                    tuple(row)
                    for row in connection.execute(
                        select(table).order_by(*table.primary_key.columns)
                    )
                ]

            return {table.name: rows(table) for table in FACTS}

    def teardown(self) -> None:
        self.equals_a_full_recount()


def test_incremental_equals_full_row_for_row(
    deps: AnalyticsDeps, tenant: Callable[..., Caller]
) -> None:
    Machine.deps, Machine.tenant = deps, staticmethod(tenant)
    limits = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(Machine, settings=limits)


def test_the_people_of_the_machine_fill_every_table_of_facts(
    deps: AnalyticsDeps, tenant: Callable[..., Caller]
) -> None:
    """Otherwise the equality above would say little."""
    caller, person = tenant("full"), everything_about(0)
    map_quiz(caller)
    caller.post(
        [
            *person.said,
            *of_no_episode(person),
            {**person.said[1], "id": str(uuid.uuid4()), "actor": {"mbox": "mailto:x@h.example"}},
        ]
    )
    counting.count_all_tenants(deps)
    with deps.unit_of_work(change_queue.list_tenant_ids(deps.engine)[0]) as connection:
        filled = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar()
            for table in FACTS
        }
    assert all(filled.values()), filled
