"""Statements that move: sent on to another store, taken in from a file or another store, given out
without the people in them.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core import clock
from core.errors import BadInput, NotFound, RequestError
from lrs import operator_api
from lrs.actions import forwarding, importing, ndjson_export
from lrs.actions.deps import StoreDeps
from lrs.actions.importing import RemoteStore
from lrs.store import forwards
from lrs.store.statements import high_water_mark
from tests.support.multipart import described, mixed, part, send
from tests.support.store import Caller, Live, body

Make = Callable[..., dict[str, Any]]
ANSWERED = "http://adlnet.gov/expapi/verbs/answered"


class Moody:
    """A record store that answers as a test wants: a list of statuses, then 200; refuses some ids
    for good.
    """

    def __init__(self) -> None:
        self.moods: list[int] = []
        self.refused: set[str] = set()
        self.held: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str, list[str]]] = []
        moody = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                batch = sent if isinstance(sent, list) else [sent]
                ids = [each["id"] for each in batch]
                moody.requests.append(
                    (self.headers["Authorization"], self.headers["X-Experience-API-Version"], ids)
                )
                status = moody.moods.pop(0) if moody.moods else 200
                if status == 200 and moody.refused & set(ids):
                    status = 400
                if status == 200 and set(ids) & set(moody.held):
                    status = 409  # such stores exist: they refuse what they hold already
                if status == 200:
                    moody.held.update((each["id"], each) for each in batch)
                self.answer(status, b'["x"]' if status == 200 else b"no")

            def do_GET(self) -> None:
                wanted = self.path.rpartition("statementId=")[2]
                found = moody.held.get(wanted)
                self.answer(200 if found else 404, json.dumps(found).encode())

            def answer(self, status: int, said: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/xapi"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def target() -> Iterator[Moody]:
    made = Moody()
    yield made
    made.server.shutdown()
    made.server.server_close()


def add(
    deps: StoreDeps,
    target: Moody,
    map_: dict[str, Any] | None = None,
    from_start: bool = True,
    **filter_: str,
) -> int:
    return forwarding.add_forward(
        deps,
        tenant_id=1,
        url=target.address,
        key="k",
        secret="s",
        filter_=filter_,
        map_=map_ or {},
        from_start=from_start,
        who="test",
    )


def send_stored(deps: StoreDeps) -> int:
    """How many were sent once all that is stored may be: a run sends up to the high-water mark,
    and what was stored in this instant is sent by the next one, for which nobody waits here.
    """
    ended = clock.now()
    with deps.unit_of_work(1) as connection:
        while high_water_mark(connection) <= ended:
            pass
    return forwarding.send_forwards(deps, 1)


def due_again(deps: StoreDeps) -> None:
    with deps.unit_of_work(1) as connection:
        connection.execute(text("UPDATE lrs.forward SET next_at = now()"))


def state(deps: StoreDeps) -> forwards.Forward:
    with deps.unit_of_work(1) as connection:
        (found,) = forwards.list_forwards(connection, 1)
    return found


def test_everything_that_passes_the_filter_arrives_once_and_in_order(
    one: Caller, deps: StoreDeps, statement: Make, target: Moody
) -> None:
    sent = body(
        one.post(
            [statement(verb={"id": ANSWERED if n % 2 else "https://v.example"}) for n in range(260)]
        )
    )
    add(deps, target, verb=ANSWERED)
    assert send_stored(deps) == 130
    assert list(target.held) == sent[1::2]
    assert send_stored(deps) == 0
    (late,) = body(one.post(statement(verb={"id": ANSWERED})))
    (voider,) = body(
        one.post(
            statement(
                verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
                object={"objectType": "StatementRef", "id": sent[1]},
            )
        )
    )
    assert send_stored(deps) == 2
    assert list(target.held)[-2:] == [late, voider]
    assert {"stored", "authority"}.isdisjoint(target.held[late])
    assert all(authorization == "Basic azpz" for authorization, _, _ in target.requests)
    one.version = "2.0.0"
    body(one.post(statement(verb={"id": ANSWERED})))
    send_stored(deps)
    assert target.requests[-1][1] == "2.0.0"


def test_a_target_that_is_away_gets_everything_later_and_nothing_twice(
    one: Caller, deps: StoreDeps, statement: Make, target: Moody
) -> None:
    sent = body(one.post([statement() for _ in range(150)]))
    add(deps, target)
    target.moods = [503]
    assert send_stored(deps) == 0
    assert (state(deps).failures, state(deps).last_error) == (1, "503 Service Unavailable: no")
    assert send_stored(deps) == 0, "it waits before it asks again"
    due_again(deps)
    target.moods = [200, 401]
    assert send_stored(deps) == 100
    # The answer to the second batch was lost: it was stored there, and is sent again.
    target.held.update(
        (one_id, one.get("/xapi/statements", statementId=one_id).json or {})
        for one_id in sent[100:]
    )
    due_again(deps)
    assert send_stored(deps) == 50
    assert sorted(target.held) == sorted(sent)
    assert state(deps).last_error is None
    with deps.unit_of_work(1) as connection:
        assert forwards.list_dead_letters(connection, 1, state(deps).forward_id, 10) == []


def test_what_is_refused_for_good_becomes_a_dead_letter_and_holds_nothing_up(
    one: Caller, deps: StoreDeps, statement: Make, target: Moody, lrs_settings: Any
) -> None:
    sent = body(one.post([statement() for _ in range(20)]))
    target.refused = {sent[7]}
    forward_id = add(deps, target)
    assert send_stored(deps) == 19
    with operator_api.open_tenant(lrs_settings, "") as desk:
        assert desk.dead_letters(forward_id) == [(sent[7], "400: no")]
        (shown,) = one.get("/api/v1/forwards").json["forwards"]
        assert shown == {
            "to": target.address.removesuffix("/xapi"),
            "stopped": False,
            "failures": 0,
            "last_error": None,
            "dead_letters": 1,
        }
        assert desk.retry_forward(forward_id) == (0, 1)
        target.refused = set()
        assert desk.retry_forward(forward_id) == (1, 0)
        ((found, dead),) = desk.list_forwards()
        assert (found.url, dead) == (target.address, 0)
        desk.remove_forward(forward_id)
        assert desk.list_forwards() == []
    assert len(target.held) == 20


def test_a_target_that_takes_few_at_a_time_comes_to_the_end_although_one_statement_is_bad(
    one: Caller, deps: StoreDeps, statement: Make, target: Moody
) -> None:
    sent = body(one.post([statement() for _ in range(60)]))
    target.refused = {sent[40]}
    forward_id = add(deps, target)
    for _ in range(8):
        target.moods = [200] * 13 + [429]
        send_stored(deps)
        due_again(deps)
    assert sorted(target.held) == sorted(set(sent) - {sent[40]})
    with deps.unit_of_work(1) as connection:
        assert [
            str(letter.id)
            for letter, _ in forwards.list_dead_letters(connection, 1, forward_id, 10)
        ] == [sent[40]]


def test_an_attachment_whose_bytes_are_lost_is_a_dead_letter_and_stops_nothing(
    one: Caller, deps: StoreDeps, statement: Make, target: Moody, tmp_path: Path
) -> None:
    lost = statement(id=str(uuid.uuid4()), attachments=[described(b"lost")])
    send(one, mixed(lost, part(b"lost")))
    (after,) = body(one.post(statement()))
    deps.blobs.remove(1, described(b"lost")["sha2"])
    forward_id = add(deps, target)
    assert send_stored(deps) == 1
    assert list(target.held) == [after]
    with deps.unit_of_work(1) as connection:
        ((letter, reason),) = forwards.list_dead_letters(connection, 1, forward_id, 10)
    assert str(letter.id) == lost["id"]
    assert "not here any more" in reason


def test_a_forward_needs_an_address_and_a_filter_that_is_one(
    deps: StoreDeps, one: Caller, target: Moody
) -> None:
    with pytest.raises(BadInput, match="limit is no filter"):
        add(deps, target, limit="3")
    with pytest.raises(BadInput, match="verb"):
        add(deps, target, verb="no iri")
    with pytest.raises(BadInput, match="begins with https"):
        forwarding.add_forward(
            deps,
            tenant_id=1,
            url="ftp://x",
            key="k",
            secret="s",
            filter_={},
            map_={},
            from_start=True,
            who="test",
        )


def test_between_two_real_stores_attachments_go_along(
    one: Caller, live: Live, deps: StoreDeps, statement: Make
) -> None:
    sent = statement(id=str(uuid.uuid4()), attachments=[described(b"a file")])
    send(one, mixed(sent, part(b"a file")))
    body(one.post([statement() for _ in range(30)]))
    forwarding.add_forward(
        deps,
        tenant_id=1,
        url=f"{live.url}/xapi",
        key=live.key,
        secret=live.secret,
        filter_={},
        map_={},
        from_start=True,
        who="test",
    )
    assert send_stored(deps) == 31
    there = Caller(one.client, live.key, live.secret)
    assert len(body(there.get("/xapi/statements"))["statements"]) == 31
    assert (
        b"a file" in there.get("/xapi/statements", statementId=sent["id"], attachments="true").data
    )


def voider(statement: Make, target_id: str, **changes: Any) -> dict[str, Any]:
    return statement(
        id=str(uuid.uuid4()),
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": target_id},
        **changes,
    )


def test_a_voiding_statement_that_came_first_follows_what_it_voids(
    one: Caller, deps: StoreDeps, statement: Make, target: Moody
) -> None:
    add(deps, target, verb=ANSWERED)
    voided = statement(id=str(uuid.uuid4()), verb={"id": ANSWERED})
    voiding = voider(statement, voided["id"])
    body(one.post(voiding))
    assert send_stored(deps) == 0, "nobody knows yet what it voids"
    body(one.post(voided))
    assert send_stored(deps) == 2
    assert list(target.held) == [voided["id"], voiding["id"]]


def test_a_voiding_statement_from_before_the_forward_follows_what_it_voids(
    one: Caller, deps: StoreDeps, statement: Make, target: Moody
) -> None:
    voided = statement(id=str(uuid.uuid4()))
    voiding = voider(statement, voided["id"])
    body(one.post(voiding))
    add(deps, target, from_start=False)
    body(one.post(voided))
    assert send_stored(deps) == 2
    assert list(target.held) == [voided["id"], voiding["id"]]


def test_a_period_that_ends_between_a_statement_and_its_end_brings_both(
    one: Caller, deps: StoreDeps, statement: Make, target: Moody, lrs_settings: Any
) -> None:
    begun = datetime.now(UTC)
    voided = statement(id=str(uuid.uuid4()))
    body(one.post(voided))
    between = datetime.now(UTC)
    voiding = voider(statement, voided["id"])
    body(one.post(voiding))
    forward_id = add(deps, target, from_start=False)
    with operator_api.open_tenant(lrs_settings, "") as desk:
        desk.backfill_forward(forward_id, begun - timedelta(seconds=1), between)
        assert send_stored(deps) == 2
        assert list(target.held) == [voided["id"], voiding["id"]]
        with pytest.raises(NotFound):
            desk.dead_letters(forward_id + 1)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(("store", "void", "send")), st.integers(0, 3)),
        min_size=2,
        max_size=14,
    ),
    passing=st.lists(st.booleans(), min_size=4, max_size=4),
    whole=st.booleans(),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_whatever_order_things_arrive_what_is_voided_here_is_not_valid_there(
    one: Caller,
    live: Live,
    deps: StoreDeps,
    statement: Make,
    steps: list[tuple[str, int]],
    passing: list[bool],
    whole: bool,
) -> None:
    """Two stores of ours, of which the second gets what passes a filter (or all)."""
    with deps.unit_of_work(1) as connection:
        connection.execute(text("DELETE FROM lrs.forward"))
    forwarding.add_forward(
        deps,
        tenant_id=1,
        url=f"{live.url}/xapi",
        key=live.key,
        secret=live.secret,
        filter_={} if whole else {"verb": ANSWERED},
        map_={},
        from_start=False,
        who="test",
    )
    there = Caller(one.client, live.key, live.secret)
    told = [
        statement(
            id=str(uuid.uuid4()), verb={"id": ANSWERED if passes else "https://v.example/other"}
        )
        for passes in passing
    ]
    stored, voided = set[int](), set[int]()
    for step, number in steps:
        if step == "store":
            body(one.post(told[number]))
            stored.add(number)
        elif step == "void":
            body(one.post(voider(statement, told[number]["id"])))
            voided.add(number)
        else:
            forwarding.send_forwards(deps, 1)
    send_stored(deps)
    for number in stored:
        found = there.get("/xapi/statements", statementId=told[number]["id"])
        expected = number not in voided and (whole or passing[number])
        assert (found.status_code == 200) == expected, (number, found.text)


def test_a_period_is_sent_too_and_what_is_there_stays_as_it_is(
    one: Caller, deps: StoreDeps, statement: Make, target: Moody, lrs_settings: Any
) -> None:
    before = body(one.post([statement() for _ in range(120)]))
    now = datetime.now(UTC)
    with operator_api.open_tenant(lrs_settings, "") as desk:
        forward_id = add(deps, target, from_start=False)
        with pytest.raises(BadInput, match="ends before"):
            desk.backfill_forward(forward_id, now, now - timedelta(days=1))
        desk.backfill_forward(forward_id, now - timedelta(days=1), None)
        with pytest.raises(NotFound):
            desk.backfill_forward(forward_id, now - timedelta(days=1), None)
        ((shown, _),) = desk.list_forwards()
        assert shown.backfill is not None
        (after,) = body(one.post(statement()))
        target.moods = [200, 200, 503]
        assert send_stored(deps) == 101, "what is new, and a first part"
        due_again(deps)
        assert send_stored(deps) == 20
        assert sorted(target.held) == sorted([*before, after])
        assert state(deps).backfill is None
        desk.backfill_forward(forward_id, now - timedelta(days=1), None)
        due_again(deps)
        send_stored(deps)
        assert sorted(target.held) == sorted([*before, after]), "once more changes nothing"
        assert desk.list_forwards()[0][1] == 0, "no dead letter"


def test_a_map_changes_home_pages_and_leaves_out_names(
    one: Caller, deps: StoreDeps, statement: Make, target: Moody
) -> None:
    person = {
        "name": "x",
        "account": {"homePage": "https://intern.example", "name": "77"},
    }
    other = {**person, "account": {"homePage": "https://other.example", "name": "77"}}
    sent = statement(
        id=str(uuid.uuid4()),
        actor=person,
        context={"instructor": other, "team": {"objectType": "Group", "member": [person]}},
        object={
            "objectType": "SubStatement",
            "actor": person,
            "verb": {"id": ANSWERED},
            "object": {"objectType": "Agent", **person},
        },
    )
    body(one.post(sent))
    with pytest.raises(BadInput, match="home page"):
        add(deps, target, {"home_pages": {"https://intern.example": "nowhere"}})
    with pytest.raises(BadInput, match="can change"):
        add(deps, target, {"verbs": {}})
    pages = {"https://intern.example": "https://people.example"}
    add(deps, target, {"home_pages": pages, "without_names": True})
    assert send_stored(deps) == 1
    there = {"account": {"homePage": "https://people.example", "name": "77"}}
    arrived = target.held[sent["id"]]
    assert arrived["actor"] == there
    assert arrived["context"]["instructor"] == {"account": other["account"]}
    assert arrived["context"]["team"]["member"] == [there]
    assert arrived["object"]["actor"] == there
    assert arrived["object"]["object"] == {"objectType": "Agent", **there}
    due_again(deps)
    assert send_stored(deps) == 0


def take(deps: StoreDeps, path: Path, tenant_id: int = 1) -> tuple[Any, list[tuple[int, str, str]]]:
    told: list[tuple[int, str, str]] = []
    run = importing.import_file(
        deps,
        tenant_id=tenant_id,
        path=path,
        report=lambda *line: told.append(line),
        progress=lambda run, size: None,
        who="test",
    )
    return run, told


def test_a_file_is_taken_in_line_by_line_and_each_refusal_is_told(
    one: Caller, deps: StoreDeps, statement: Make, tmp_path: Path
) -> None:
    first = statement(id=str(uuid.uuid4()), timestamp="2020-01-01T00:00:00Z")
    lines = [
        json.dumps(first),
        "",
        "{not json",
        json.dumps(statement(actor={"mbox": "nobody"})),
        json.dumps(first),
        json.dumps({**first, "verb": {"id": "https://v.example/other"}}),
        json.dumps(statement(version="2.0.0", context={"contextAgents": []})),
        json.dumps([statement(), statement()]),
        json.dumps(
            {
                **statement(id=str(uuid.uuid4())),
                "authority": {"mbox": "mailto:their@store.example"},
                "stored": "2020-01-01T00:00:00Z",
            }
        ),
    ]
    path = tmp_path / "some.ndjson"
    path.write_text("\n".join(lines))
    run, told = take(deps, path)
    assert (run.stored, run.known, run.refused, run.lines) == (3, 1, 4, 9)
    assert [(line, place) for line, place, _ in sorted(told)] == [
        (3, "$"),
        (4, "$.actor.mbox"),
        (6, "$.verb.id"),
        (8, "$"),
    ]
    kept = one.get("/xapi/statements", statementId=json.loads(lines[8])["id"]).json
    assert kept["authority"] == {"mbox": "mailto:their@store.example"}
    assert not kept["stored"].startswith("2020")
    again, _ = take(deps, path)
    assert (again.stored, again.known) == (1, 3), "the line without an id is new each time"


def test_an_import_that_was_cut_goes_on_where_it_stopped(
    one: Caller, deps: StoreDeps, statement: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 10)
    path = tmp_path / "many.ndjson"
    path.write_text("".join(json.dumps(statement(id=str(uuid.uuid4()))) + "\n" for _ in range(45)))
    batches = []

    def stop_at_third(run: Any, size: int) -> None:
        batches.append(size)
        if len(batches) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.import_file(
            deps,
            tenant_id=1,
            path=path,
            report=lambda *line: None,
            progress=stop_at_third,
            who="test",
        )
    run, _ = take(deps, path)
    assert (run.stored, run.known, run.lines, run.finished) == (45, 0, 45, True)


def test_another_file_under_the_same_name_is_taken_from_its_beginning(
    one: Caller, deps: StoreDeps, statement: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 10)
    path = tmp_path / "same.ndjson"
    path.write_text("".join(json.dumps(statement(id=str(uuid.uuid4()))) + "\n" for _ in range(30)))

    def stop(run: Any, size: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.import_file(
            deps, tenant_id=1, path=path, report=lambda *line: None, progress=stop, who="test"
        )
    path.write_text("".join(json.dumps(statement(id=str(uuid.uuid4()))) + "\n" for _ in range(40)))
    run, _ = take(deps, path)
    assert (run.stored, run.lines) == (40, 40)


def test_everything_is_taken_over_from_another_store(
    one: Caller, live: Live, deps: StoreDeps, statement: Make
) -> None:
    there = Caller(one.client, live.key, live.secret)
    sent = body(there.post([statement(result={"score": {"raw": n}}) for n in range(230)]))
    source = RemoteStore(f"{live.url}/xapi", live.key, live.secret)
    read: list[int] = []
    run = importing.import_from_store(
        deps,
        tenant_id=1,
        source=source,
        report=lambda *line: None,
        progress=lambda run, size: read.append(run.lines),
        who="test",
    )
    assert (run.stored, run.refused, read) == (230, 0, [100, 200, 230])
    assert (
        body(one.get("/xapi/statements", limit=1, ascending="true"))["statements"][0]["id"]
        == sent[0]
    )
    with pytest.raises(RequestError, match="401"):
        importing.import_from_store(
            deps,
            tenant_id=1,
            source=RemoteStore(f"{live.url}/xapi", live.key, "wrong"),
            report=lambda *line: None,
            progress=lambda run, size: None,
            who="test",
        )


def test_an_export_holds_every_statement_and_nobody(
    one: Caller, deps: StoreDeps, statement: Make
) -> None:
    person = {"name": "A Name", "mbox": "mailto:somebody@example.org"}
    free = {
        "objectType": "Activity",
        "id": "https://o.example",
        "definition": {"interactionType": "long-fill-in"},
    }
    closed = {
        "objectType": "Activity",
        "id": "https://o.example",
        "definition": {"interactionType": "choice"},
    }
    named = {
        "id": "https://g.example",
        "definition": {
            "name": {"en": "Essay of A Name"},
            "extensions": {"https://e.example": "A Name"},
        },
    }
    context = {
        "platform": "A Name's laptop",
        "contextActivities": {"parent": [named]},
        "instructor": person,
        "extensions": {"https://e.example": "A Name"},
        "team": {"objectType": "Group", "member": [person]},
    }
    one.post(
        [
            statement(
                actor=person, object=free, result={"response": "I, A Name, think"}, context=context
            ),
            statement(
                actor=person,
                object=closed,
                result={"response": "b", "score": {"raw": 12345678901234567890.5}},
            ),
            statement(object={"objectType": "Agent", **person}),
            statement(object=statement(objectType="SubStatement", actor=person)),
            *[statement(actor=person) for _ in range(150)],
        ]
    )
    threading.Event().wait(0.01)
    lines = list(ndjson_export.export_lines(deps, tenant_id=1, identified=False))
    text_ = b"".join(lines).decode()
    assert len(lines) == 154
    for hidden in ("A Name", "somebody@example.org", one.key, "Name's laptop"):
        assert hidden not in text_
    values = [json.loads(line) for line in lines]
    assert len({value["actor"]["account"]["name"] for value in values}) == 1
    assert values[1]["result"]["response"] == "b"
    assert (
        "A Name"
        in b"".join(ndjson_export.export_lines(deps, tenant_id=1, identified=True)).decode()
    )
