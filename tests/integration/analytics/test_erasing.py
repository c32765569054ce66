"""Erasing a person, and keeping statements no longer than wanted: nothing of it is left, the rest
is untouched, figures move back.
"""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from analytics.actions import removals
from analytics.deps import AnalyticsDeps
from analytics.jobs import counting, export_files
from carryover.composition import StoreAndAnalytics
from core import clock
from core.database import make_engine
from lrs import feed
from lrs.actions import erasure
from lrs.store import change_queue, retention
from lrs.store.change_queue import Removal
from lrs.xapi.actors import identity_of
from tests.support.episodes import episode_of, figures
from tests.support.learners import PROGRAMME
from tests.support.multipart import described, mixed, part, send
from tests.support.store import Caller, body

Make = Callable[..., dict[str, Any]]
PERSON = {"mbox": "mailto:erased@example.org"}
OTHER = {"mbox": "mailto:other@example.org"}


def everything(deps: AnalyticsDeps) -> str:
    """All that the database holds, as text."""
    owner = make_engine(deps.settings.migration_url)
    with owner.connect() as connection:
        tables = (
            connection.execute(
                text(
                    "SELECT schemaname || '.' || tablename FROM pg_tables "
                    "WHERE schemaname IN ('lrs', 'analytics')"
                )
            )
            .scalars()
            .all()
        )
        rows = [
            str(connection.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608
            for table in tables
        ]
    owner.dispose()
    return "\n".join(rows)


def erase(one: Caller, agent: Any, dry_run: bool) -> Any:
    data = json.dumps({"agent": agent, "dry_run": dry_run})
    return body(one.send("POST", "/api/v1/erasures", data=data, content_type="application/json"))


def test_nothing_of_a_person_is_left_and_everything_of_others_is(
    one: Caller, deps: AnalyticsDeps, statement: Make
) -> None:
    theirs = [
        statement(actor=PERSON),
        statement(actor=OTHER, object={"objectType": "Agent", **PERSON}),
        statement(actor=OTHER, object=statement(objectType="SubStatement", actor=PERSON)),
        statement(actor={"objectType": "Group", "member": [PERSON]}),
    ]
    mentions = [
        statement(actor=OTHER, context={"instructor": {"name": "A Name", **PERSON}}),
        statement(actor={"objectType": "Group", "member": [OTHER, PERSON]}),
        statement(
            actor=OTHER,
            context={
                "extensions": {"https://e.example": {"who": PERSON}},
                "team": {"objectType": "Group", "member": [PERSON]},
            },
        ),
    ]
    sent = [statement(id=str(uuid.uuid4()), **value) for value in theirs + mentions]
    assert one.post(sent).status_code == 200
    (kept,) = body(
        one.post(statement(actor=OTHER, result={"score": {"raw": 12345678901234567890.5}}))
    )
    before = one.get("/xapi/statements", statementId=kept).text
    with_file = statement(
        id=str(uuid.uuid4()), actor=PERSON, attachments=[described(b"their file")]
    )
    send(one, mixed(with_file, part(b"their file")))
    owner = make_engine(deps.settings.migration_url)
    with owner.begin() as connection:
        # What came in the last minutes may be named by a statement that is on its way; the daily
        # sweep takes it.
        connection.execute(text("UPDATE lrs.attachment SET created_at = now() - interval '1 hour'"))
    owner.dispose()
    state = {"activityId": "https://o.example", "agent": json.dumps(PERSON), "stateId": "s"}
    one.send("PUT", "/xapi/activities/state", state, data="{}", content_type="application/json")

    counted = {"statements": 5, "mentions": 3, "documents": 1, "attachments": 0}
    assert erase(one, PERSON, dry_run=True) == {"dry_run": True, **counted}
    assert "erased@example.org" in everything(deps)
    assert erase(one, PERSON, dry_run=False) == {"dry_run": False, **counted, "attachments": 1}
    assert erase(one, PERSON, dry_run=False) == {
        "dry_run": False,
        "statements": 0,
        "mentions": 0,
        "documents": 0,
        "attachments": 0,
    }

    assert "erased@example.org" not in everything(deps)
    assert "A Name" not in everything(deps)
    assert not [path for path in (deps.settings.home / "attachments").rglob("*") if path.is_file()]
    assert one.get("/xapi/statements", statementId=kept).text == before
    found = [each["id"] for each in body(one.get("/xapi/statements"))["statements"]]
    assert set(found) == {kept, *(each["id"] for each in sent[4:])}
    assert found[0] in [
        each["id"]
        for each in body(
            one.get("/xapi/statements", agent=json.dumps(OTHER), related_agents="true")
        )["statements"]
    ]
    assert (
        body(one.get("/xapi/statements", agent=json.dumps(PERSON), related_agents="true"))[
            "statements"
        ]
        == []
    )
    assert "erased a person" in everything(deps)


def test_what_an_erased_person_had_voided_stays_voided(one: Caller, statement: Make) -> None:
    (target,) = body(one.post(statement(actor=OTHER)))
    one.post(
        statement(
            actor=PERSON,
            verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
            object={"objectType": "StatementRef", "id": target},
        )
    )
    group = {
        "objectType": "Group",
        "account": {"homePage": "https://h.example", "name": "team"},
        "member": [PERSON],
    }
    (by_group,) = body(one.post(statement(actor=group)))
    assert erase(one, PERSON, dry_run=False)["mentions"] == 2
    assert one.get("/xapi/statements", statementId=target).status_code == 404
    assert (
        body(one.get("/xapi/statements", statementId=by_group))["actor"]["account"]
        == group["account"]
    )


def test_erasing_needs_one_identifier_and_says_so(one: Caller) -> None:
    for wrong in (
        None,
        {},
        {"name": "A Name"},
        {"objectType": "Group", **PERSON},
        {**PERSON, "openid": "https://o.example"},
        "somebody",
        7,
    ):
        answer = one.send(
            "POST",
            "/api/v1/erasures",
            data=json.dumps({"agent": wrong}),
            content_type="application/json",
        )
        assert answer.status_code == 400, wrong
    assert (
        one.send(
            "POST",
            "/api/v1/erasures",
            data=json.dumps({"agent": PERSON, "dry": True}),
            content_type="application/json",
        ).status_code
        == 400
    )


def test_figures_move_back_when_a_learner_is_erased(one: Caller, deps: AnalyticsDeps) -> None:
    first, second = episode_of(1), episode_of(1)
    one.post(first + second)
    counting.count_all_tenants(deps)
    before = figures(one)
    erase(one, first[0]["actor"], dry_run=False)
    counting.count_all_tenants(deps)
    assert before == {
        key: (2 * numerator, 2 * denominator)
        for key, (numerator, denominator) in figures(one).items()
    }
    assert not counting.reconcile_tenant(deps.unit_of_work, 1)


def merge(one: Caller, alias: Any, agent: Any) -> None:
    data = json.dumps({"alias": alias, "agent": agent, "reason": "two accounts"})
    assert one.send("POST", "/api/v1/person-merges", data=data).status_code == 201


def merges(one: Caller) -> int:
    return len((one.get("/api/v1/person-merges").json or {})["merges"])


def test_an_erasure_is_answered_when_a_count_that_consumes_the_same_removal_has_ended(
    one: Caller, deps: AnalyticsDeps
) -> None:
    """The count has claimed the removal, and then fails: the erasure that waited for it finds the
    removal again, and deletes what was derived from the person itself.
    """
    merge(one, PERSON, OTHER)
    with deps.unit_of_work(1) as connection:
        change_queue.insert_removals(connection, 1, [Removal(None, identity_of(PERSON))])
    consumer = threading.Thread(
        target=removals.consume_removals, args=(deps,), kwargs={"tenant_id": 1}
    )
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    owner = make_engine(deps.settings.migration_url)
    with (
        owner.connect().execution_options(isolation_level="AUTOCOMMIT") as look,
        contextlib.suppress(InterruptedError),
        deps.unit_of_work(1) as connection,
    ):
        assert len(feed.claim_removals(connection, 1, 10)) == 1
        consumer.start()
        while consumer.is_alive() and not look.execute(waits).scalar():
            consumer.join(0.05)
        assert consumer.is_alive(), "it returned while the removal was still to be done"
        raise InterruptedError("the count ends here")
    consumer.join()
    owner.dispose()
    assert merges(one) == 0
    assert removals.consume_removals(deps, tenant_id=1) == 0


def test_a_file_that_cannot_be_deleted_keeps_an_erasure_open_and_counting_goes_on(
    one: Caller, deps: AnalyticsDeps
) -> None:
    first, second = episode_of(1), episode_of(1)
    one.post(first)
    counting.count_all_tenants(deps)
    export = one.send(
        "POST",
        "/api/v1/exports",
        data=json.dumps(
            {"programme": PROGRAMME, "format": "csv", "people": True, "purpose": "an audit"}
        ),
    )
    export_files.build_exports(deps, 1)
    (file,) = (
        path
        for path in Path(urlsplit(deps.settings.attachments_url).path).rglob("*")
        if path.is_file()
    )
    kept = file.read_bytes()
    file.unlink()
    (file / "in the way").mkdir(parents=True)
    one.post(second)
    told = one.send(
        "POST",
        "/api/v1/erasures",
        data=json.dumps({"agent": first[0]["actor"], "dry_run": False}),
        content_type="application/json",
    )
    assert told.status_code >= 500, "it is not done"
    with pytest.raises(OSError, match="directory"):
        counting.count_all_tenants(deps)
    assert figures(one), "the other person counts"
    (file / "in the way").rmdir()
    file.rmdir()
    file.write_bytes(kept)
    assert erase(one, first[0]["actor"], dry_run=False)["statements"] == 0, "they are gone already"
    assert not file.exists()
    assert one.get(f"/api/v1/exports/{(export.json or {})['export']}").json["status"] == "expired"
    counting.count_all_tenants(deps)


def test_a_store_from_which_nobody_counts_keeps_nothing_of_an_erased_person(
    one: Caller, joined: StoreAndAnalytics, deps: AnalyticsDeps, statement: Make
) -> None:
    body(one.post(statement(actor=PERSON)))
    erasure.erase_agent(
        replace(joined.store, listener=None), tenant_id=1, agent=PERSON, who="a test", dry_run=False
    )
    assert "erased@example.org" not in everything(deps)


def test_a_retention_rule_removes_what_is_old_and_nothing_else(
    one: Caller, deps: AnalyticsDeps, joined: StoreAndAnalytics, statement: Make
) -> None:
    old = body(one.post([statement(), statement(verb={"id": "https://v.example/kept"})]))
    owner = make_engine(deps.settings.migration_url)
    shift = (40 * 86_400 * 1_000_000) << 10
    with owner.begin() as connection:
        for table in ("statement", "statement_payload", "statement_rel", "uncounted"):
            connection.execute(text(f"UPDATE lrs.{table} SET ord = ord - {shift}"))  # noqa: S608 - our own names
    owner.dispose()
    (young,) = body(one.post(statement()))
    with deps.unit_of_work(1) as connection:
        retention.insert_retention_rule(
            connection, 1, 30, "http://adlnet.gov/expapi/verbs/answered", None
        )
    assert erasure.apply_retention(joined.store, 1) == 1
    assert erasure.apply_retention(joined.store, 1) == 0
    assert {each["id"] for each in body(one.get("/xapi/statements"))["statements"]} == {
        old[1],
        young,
    }
    assert "removed old statements" in everything(deps)
    assert clock.now() - timedelta(days=30) < clock.now()
