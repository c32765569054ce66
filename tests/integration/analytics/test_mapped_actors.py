"""Whose statements reach an activity that counts, and who of them is known. The statements are those
of a real Moodle (tests/captures/moodle-logstore-xapi-5.0.1).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import text

from analytics.actions import removals
from analytics.deps import AnalyticsDeps
from analytics.jobs import mapped_actors
from carryover.composition import StoreAndAnalytics
from core.database import make_engine
from lrs.actions import erasure
from lrs.store import retention
from tests.support.learners import PROGRAMME, Person, count, post
from tests.support.other_systems import QUIZ as MAPPED_QUIZ
from tests.support.other_systems import map_, moodle_answer
from tests.support.store import Caller

RECORDED = Path(__file__).parents[2] / "captures/moodle-logstore-xapi-5.0.1/statements.ndjson"
SITE = "http://127.0.0.1:8100"
QUIZ = f"{SITE}/mod/quiz/view.php?id=1"


def sent_by_moodle() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDED.read_text().splitlines()]


def user(number: str) -> dict[str, Any]:
    return {"account": {"homePage": SITE, "name": number}}


def reach(caller: Caller) -> dict[str, Any]:
    answer = caller.get("/api/v1/activity-mappings/reach", programme=PROGRAMME)
    (found,) = answer.json["mappings"]
    return dict(found)


def unknown(caller: Caller) -> list[str]:
    return [one["identity"] for one in caller.get("/api/v1/unknown-actors").json["actors"]]


def merge(caller: Caller, alias: dict[str, Any], agent: dict[str, Any]) -> int:
    body = {"alias": alias, "agent": agent, "reason": "the same"}
    answer = caller.send("POST", "/api/v1/person-merges", data=json.dumps(body))
    assert answer.status_code == 201, answer.text
    return int(answer.json["merge"])


def test_statements_of_a_quiz_are_known_by_who_sent_them_until_everybody_is_somebody(
    one: Caller, deps: AnalyticsDeps
) -> None:
    learner = Person()
    one.post(learner.said)
    one.post(sent_by_moodle())
    map_(one, QUIZ, "check")
    count(deps)
    assert reach(one)["complete"] is False, "nobody looked yet"
    mapped_actors.read_new_actors(deps, 1)
    mapped_actors.read_new_actors(deps, 1)
    found = reach(one)
    assert found["complete"] is True
    assert (found["counting"], found["uncertified"], found["unknown"]) == (0, 0, 2)
    assert found["statements"] == sum(
        f'"{QUIZ}"' in json.dumps(statement)
        and statement["verb"]["id"].rpartition("/")[2] in ("answered", "completed")
        for statement in sent_by_moodle()
    )
    assert sorted(unknown(one)) == [f"account {SITE} 4", f"account {SITE} 5"]

    first = merge(one, user("5"), learner.agent)
    assert merge(one, user("5"), learner.agent) == first, "said twice, it is the same"
    count(deps)
    assert unknown(one) == [f"account {SITE} 4"]
    assert (reach(one)["counting"], reach(one)["unknown"]) == (1, 1)
    other = {"account": {"homePage": "https://h.example", "name": "not certified"}}
    merge(one, user("4"), other)
    assert unknown(one) == []
    assert (reach(one)["counting"], reach(one)["uncertified"]) == (1, 1)
    assert one.send("DELETE", f"/api/v1/person-merges/{first}").status_code == 204
    assert unknown(one) == [f"account {SITE} 5"]


def test_who_comes_later_is_found_and_who_was_erased_is_not(
    one: Caller, deps: AnalyticsDeps, joined: StoreAndAnalytics
) -> None:
    map_(one, QUIZ, "check")
    mapped_actors.read_new_actors(deps, 1)
    assert unknown(one) == []
    one.post(sent_by_moodle())
    mapped_actors.read_new_actors(deps, 1)
    assert len(unknown(one)) == 2
    erasure.erase_agent(joined.store, tenant_id=1, agent=user("4"), who="test", dry_run=False)
    assert unknown(one) == [f"account {SITE} 5"]
    with deps.unit_of_work(1) as connection:
        kept = connection.execute(text("SELECT count(*) FROM analytics.mapped_actor")).scalar()
    assert kept == 1


def test_who_did_it_before_the_certification_is_told_apart_from_whom_it_counts_for(
    one: Caller, deps: AnalyticsDeps
) -> None:
    late, counted = Person(certified_days_ago=1), Person(certified_days_ago=10)
    post(one, late, counted)
    one.post([moodle_answer(late, 1, True, -3), moodle_answer(counted, 1, True, 7)])
    map_(one, MAPPED_QUIZ, "check")
    mapped_actors.read_new_actors(deps, 1)
    count(deps)
    found = reach(one)
    assert (found["counting"], found["idle"], found["uncertified"], found["unknown"]) == (
        *(1, 1),
        *(0, 0),
    )


def test_actors_go_with_the_mapping_and_with_the_last_statement_that_named_them(
    one: Caller, deps: AnalyticsDeps, joined: StoreAndAnalytics
) -> None:
    def kept() -> int:
        with deps.unit_of_work(1) as connection:
            return int(
                connection.execute(text("SELECT count(*) FROM analytics.mapped_actor")).scalar_one()
            )

    one.post(sent_by_moodle())
    mapping = map_(one, QUIZ, "check")
    mapped_actors.read_new_actors(deps, 1)
    assert kept() == 2
    assert one.send("DELETE", f"/api/v1/activity-mappings/{mapping}").status_code == 204
    assert kept() == 0, "the activity counts no longer"
    map_(one, QUIZ, "check")
    mapped_actors.read_new_actors(deps, 1)
    assert kept() == 2
    owner = make_engine(deps.settings.migration_url)
    with owner.begin() as connection:  # forty days pass
        for table in ("statement", "statement_payload", "statement_rel", "uncounted"):
            connection.execute(
                text(f"UPDATE lrs.{table} SET ord = ord - {40 * 86_400 * 1_000_000 << 10}")  # noqa: S608 - our own names
            )
    owner.dispose()
    with deps.unit_of_work(1) as connection:
        retention.insert_retention_rule(connection, 1, 30, None, None)
    assert erasure.apply_retention(joined.store, 1) == len(sent_by_moodle())
    removals.consume_removals(deps, tenant_id=1)
    assert kept() == 0, "nothing that is stored names them"
