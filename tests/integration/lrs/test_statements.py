"""The statements resource on a real database: kept exactly, stored once, all or nothing, found
again.
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import clock
from core.deps import Deps
from lrs.actions import statements
from lrs.api.middleware import fast_post
from lrs.xapi.statement_parser import MAX_BATCH_SIZE, Authority, StatementParser
from lrs.xapi.statement_query import StatementQuery
from tests.support.store import Caller

Make = Callable[..., dict[str, Any]]
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}
AUTHORITY = b'{"account":{"homePage":"https://h.example","name":"k"}}'


def ids(answer: Any) -> list[str]:
    return [one["id"] for one in answer.json["statements"]]


def test_what_was_posted_is_given_back_byte_for_byte(one: Caller) -> None:
    sent = (
        '{ "actor":{"mbox":"mailto:a@example.org"}, "verb":{"id":"https://v.example"},\n '
        '"object":{"id":"https://o.example"},'
        ' "result":{"score":{"scaled":0.12345678901234567890},"response":"\\u00e9\\u0000\\n"} }'
    )
    (statement_id,) = one.post(sent).json or []
    answer = one.get("/xapi/statements", statementId=statement_id)
    assert answer.text.startswith(sent.rstrip("} ") + "}")
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"
    assert datetime.fromisoformat(answer.headers["X-Experience-API-Consistent-Through"])
    assert answer.headers["Last-Modified"].endswith("GMT")


def test_sending_again_is_harmless_and_another_statement_under_the_same_id_is_refused(
    one: Caller, statement: Make
) -> None:
    first = statement(id=str(uuid.uuid4()))
    assert one.post(first).status_code == 200
    assert one.post(first).status_code == 200
    assert one.put(first["id"], first).status_code == 204
    other = one.post(
        [statement(id=str(uuid.uuid4())), {**first, "verb": {"id": "https://other.example"}}]
    )
    assert other.status_code == 409
    assert other.json["error"]["where"] == {"index": 1, "path": "$.verb.id"}
    assert ids(one.get("/xapi/statements")) == [first["id"]]


def test_a_batch_of_old_ones_whose_course_was_renamed_brings_its_new_one(
    one: Caller, statement: Make
) -> None:
    """As event-routing-backends' transform_tracking_logs replays an Open edX course after it was
    renamed (https://github.com/openedx/event-routing-backends): the same ids, another definition.
    """

    def played(name: str) -> list[dict[str, Any]]:
        course = {"id": "https://openedx.example/course", "definition": {"name": {"en": name}}}
        return [
            statement(id=known, object=course, context={"contextActivities": {"parent": [course]}})
            for known in known_ids
        ]

    known_ids = [str(uuid.uuid4()) for _ in range(49)]
    assert one.post(played("Course")).status_code == 200
    new = statement(id=str(uuid.uuid4()))
    answer = one.post([*played("Renamed"), new])
    assert (answer.status_code, answer.json) == (200, [*known_ids, new["id"]])
    assert one.get("/xapi/statements", statementId=new["id"]).status_code == 200
    told = one.get("/xapi/activities", activityId="https://openedx.example/course").json
    assert told["definition"]["name"] == {"en": "Renamed"}


def test_of_a_batch_with_one_bad_statement_nothing_is_stored(one: Caller, statement: Make) -> None:
    answer = one.post([statement(), statement(), statement(actor={"mbox": "nobody"})])
    assert answer.status_code == 400
    assert answer.json["error"]["where"] == {"index": 2, "path": "$.actor.mbox"}
    assert "mailto" in answer.json["error"]["message"]
    assert ids(one.get("/xapi/statements")) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"X-Experience-API-Version": ""}, 400),
        ({"X-Experience-API-Version": "0.9"}, 400),
        ({"X-Experience-API-Version": "1.1.0"}, 400),
        ({"X-Experience-API-Version": "1.0"}, 200),
        ({"X-Experience-API-Version": "2.0.0"}, 200),
        ({"Authorization": ""}, 401),
        ({"Authorization": "Basic bm9ib2R5OnNlY3JldA=="}, 401),
        ({"Authorization": "Bearer x"}, 401),
    ],
)
def test_every_answer_names_a_version_and_a_horizon(
    one: Caller, change: dict[str, str], status: int
) -> None:
    headers = {name: value for name, value in {**one.headers(), **change}.items() if value}
    answer = one.client.get("/xapi/statements", headers=headers)
    assert answer.status_code == status
    assert answer.headers["X-Experience-API-Version"] == (
        "2.0.0" if change.get("X-Experience-API-Version") == "2.0.0" else "1.0.3"
    )
    assert "X-Experience-API-Consistent-Through" in answer.headers
    if status != 200:
        assert answer.json["error"]["message"].endswith(".")


def test_about_needs_neither_key_nor_version(one: Caller) -> None:
    assert one.client.get("/xapi/about").json["version"] == ["1.0.3", "2.0.0"]


def test_a_voided_statement_is_found_only_as_voided(one: Caller, statement: Make) -> None:
    (target,) = one.post(statement()).json or []
    (voider,) = (
        one.post(statement(verb=VOIDED, object={"objectType": "StatementRef", "id": target})).json
        or []
    )
    assert one.get("/xapi/statements", statementId=target).status_code == 404
    assert one.get("/xapi/statements", voidedStatementId=target).json["id"] == target
    assert one.get("/xapi/statements", voidedStatementId=voider).status_code == 404
    assert ids(one.get("/xapi/statements")) == [voider]
    again = one.post(statement(verb=VOIDED, object={"objectType": "StatementRef", "id": voider}))
    assert again.status_code == 400
    assert "cannot be voided" in again.json["error"]["message"]


def test_a_voiding_statement_may_come_before_its_target(one: Caller, statement: Make) -> None:
    target = str(uuid.uuid4())
    assert (
        one.post(
            statement(verb=VOIDED, object={"objectType": "StatementRef", "id": target})
        ).status_code
        == 200
    )
    one.post(statement(id=target))
    assert one.get("/xapi/statements", statementId=target).status_code == 404


def test_filters_find_what_they_name(one: Caller, statement: Make) -> None:
    registration, group = (
        str(uuid.uuid4()),
        {
            "objectType": "Group",
            "mbox": "mailto:team@example.org",
            "member": [{"mbox": "mailto:m@example.org"}],
        },
    )
    context = {
        "registration": registration,
        "team": group,
        "contextActivities": {"parent": [{"id": "https://parent.example"}]},
    }
    (plain, rich, about_agent) = one.post(
        [
            statement(),
            statement(verb={"id": "https://rich.example"}, context=context),
            statement(object={"objectType": "Agent", "mbox": "mailto:object@example.org"}),
        ]
    ).json or ["", "", ""]

    def found(**parameters: Any) -> list[str]:
        return ids(one.get("/xapi/statements", **parameters))

    member, team = '{"mbox":"mailto:m@example.org"}', '{"mbox":"mailto:team@example.org"}'
    assert found(verb="https://rich.example") == [rich]
    assert found(registration=registration) == [rich]
    assert found(activity="https://example.org/activities/1") == [rich, plain]
    assert found(activity="https://parent.example") == []
    assert found(activity="https://parent.example", related_activities="true") == [rich]
    assert found(agent='{"mbox":"mailto:object@example.org"}') == [about_agent]
    assert found(agent=team) == []
    assert found(agent=team, related_agents="true") == [rich]
    assert found(agent=member, related_agents="true") == [rich]
    assert found(agent='{"mbox":"mailto:somebody@example.org"}', ascending="true", limit="2") == [
        plain,
        rich,
    ]


def test_since_is_exclusive_and_until_inclusive(one: Caller, statement: Make) -> None:
    for _ in range(3):
        one.post(statement())
        threading.Event().wait(0.003)
    answer = one.get("/xapi/statements", ascending="true")
    first, second, third = answer.json["statements"]
    assert ids(one.get("/xapi/statements", since=second["stored"])) == [third["id"]]
    assert ids(one.get("/xapi/statements", until=second["stored"])) == [second["id"], first["id"]]


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "2026-11-23t10:00:00z",
        "2026-11-23T12:00:00+02",
    ],
)
def test_any_moment_of_the_calendar_may_be_asked_for(
    one: Caller, statement: Make, moment: str
) -> None:
    one.post(statement())
    for name in ("since", "until"):
        assert one.get("/xapi/statements", **{name: moment}).status_code == 200


def test_nul_in_a_key_is_nobody(one: Caller) -> None:
    token = base64.b64encode(b"a\0b:secret").decode()
    assert (
        one.client.get(
            "/xapi/statements", headers={**one.headers(), "Authorization": f"Basic {token}"}
        ).status_code
        == 401
    )


def test_following_more_gives_every_statement_once_while_others_write(
    one: Caller, statement: Make
) -> None:
    before = [str(uuid.uuid4()) for _ in range(25)]
    one.post([statement(id=one_id) for one_id in before])
    answer = one.get("/xapi/statements", limit="10")
    seen = ids(answer)
    while answer.json["more"]:
        one.post(statement())
        assert answer.json["more"].startswith("/xapi/statements?more=")
        answer = one.client.get(answer.json["more"], headers=one.headers())
        seen += ids(answer)
    assert seen == before[::-1]


def test_a_more_link_of_another_tenant_or_an_altered_one_is_refused(
    one: Caller, tenant: Callable[..., Caller], statement: Make
) -> None:
    one.post([statement() for _ in range(3)])
    more = one.get("/xapi/statements", limit="1").json["more"]
    assert one.client.get(more + "x", headers=one.headers()).status_code == 400
    assert one.client.get(more, headers=tenant("two").headers()).status_code == 400


def test_tenants_never_see_each_other(
    one: Caller, tenant: Callable[..., Caller], statement: Make
) -> None:
    mine = statement(id=str(uuid.uuid4()))
    two = tenant("two")
    one.post(mine)
    assert two.get("/xapi/statements", statementId=mine["id"]).status_code == 404
    assert ids(two.get("/xapi/statements")) == []
    assert two.post({**mine, "verb": {"id": "https://other.example"}}).status_code == 200


def test_without_a_tenant_the_database_refuses_every_query(
    deps: Deps, one: Caller, statement: Make
) -> None:
    one.post(statement())
    with deps.engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("SELECT count(*) FROM lrs.statement")).scalar()
    with deps.unit_of_work(999) as connection:
        assert connection.execute(text("SELECT count(*) FROM lrs.statement")).scalar() == 0
    with pytest.raises(DBAPIError), deps.unit_of_work(999) as connection:
        connection.execute(text("INSERT INTO lrs.uncounted VALUES (1, 1)"))


def test_one_statement_sent_by_many_at_once_is_stored_once(one: Caller, statement: Make) -> None:
    same = statement(id=str(uuid.uuid4()))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: one.post(same).status_code, range(32)))
    assert set(answers) == {200}
    assert ids(one.get("/xapi/statements")) == [same["id"]]


def test_batches_that_share_ids_in_any_order_never_deadlock(one: Caller, statement: Make) -> None:
    shared = [statement(id=str(uuid.uuid4())) for _ in range(60)]
    batches = [shared, shared[::-1], shared[20:] + shared[:20], shared[::2] + shared[1::2]] * 6
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda batch: one.post(batch).status_code, batches))
    assert set(answers) == {200}
    assert len(ids(one.get("/xapi/statements"))) == 60


def test_a_reader_that_follows_the_horizon_sees_every_statement_although_commits_come_out_of_order(
    deps: Deps, one: Caller, statement: Make
) -> None:
    """Decision 4: writers that keep transactions open; a reader that remembers only where it was."""
    from lrs.store import statements as store

    tenant_id = store_tenant(deps)
    writers, each = 6, 25
    done, wrote = threading.Event(), []

    def write(number: int) -> None:
        for count in range(each):
            incoming = StatementParser(family_2_0=False).statements(
                json.dumps(statement()).encode(), Authority.from_json(AUTHORITY)
            )
            with deps.unit_of_work(tenant_id) as connection:
                store.insert_new_statements(connection, tenant_id, incoming)
                threading.Event().wait(0.002 * ((number + count) % 4))
            wrote.append(incoming[0].id)

    seen: list[str] = []
    horizons: list[datetime] = []

    def read() -> None:
        after, last = None, False
        while not last:
            last = done.is_set()
            page = statements.statement_page(
                deps.unit_of_work,
                tenant_id=tenant_id,
                query=StatementQuery(ascending=True, after=after, limit=10),
            )
            assert page.horizon is not None
            horizons.append(page.horizon)
            if page.payloads:
                last = False
                seen.extend(json.loads(payload)["id"] for payload in page.payloads)
                after = store_ord(deps, tenant_id, seen[-1])

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    threading.Event().wait(0.01)
    done.set()
    reader.join(60)
    assert len(seen) == len(set(seen)) == writers * each
    assert set(seen) == {str(one_id) for one_id in wrote}


def store_tenant(deps: Deps) -> int:
    from lrs.store import change_queue

    return change_queue.list_tenant_ids(deps.engine)[0]


def store_ord(deps: Deps, tenant_id: int, statement_id: str) -> int:
    with deps.unit_of_work(tenant_id) as connection:
        found = connection.execute(
            text("SELECT ord FROM lrs.statement WHERE id = :id"), {"id": statement_id}
        ).scalar_one()
    return int(found)


def test_the_order_of_a_batch_is_the_senders(one: Caller, statement: Make) -> None:
    sent = [str(uuid.uuid4()) for _ in range(50)]
    one.post([statement(id=one_id) for one_id in sent])
    threading.Event().wait(0.01)
    assert ids(one.get("/xapi/statements", ascending="true")) == sent


def test_stored_is_the_databases_clock_in_utc_with_milliseconds(
    one: Caller, statement: Make
) -> None:
    before = clock.now()
    (statement_id,) = one.post(statement()).json or []
    stored = one.get("/xapi/statements", statementId=statement_id).json["stored"]
    assert stored.endswith("Z")
    assert len(stored) == len("2026-11-23T00:00:00.000Z")
    assert abs((datetime.fromisoformat(stored) - before).total_seconds()) < 5


@pytest.mark.parametrize("path", ["/xapi/nothing", "/api/v1/nothing", "/nothing"])
def test_what_does_not_exist_is_said_in_json(one: Caller, path: str) -> None:
    answer = one.get(path)
    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "not_found"


def test_what_is_no_json_or_too_much_is_refused(one: Caller, statement: Make) -> None:
    plain = one.client.post(
        "/xapi/statements",
        data=json.dumps(statement()),
        headers=one.headers(),
        content_type="text/plain",
    )
    assert (plain.status_code, plain.json["error"]["where"]["header"]) == (400, "Content-Type")
    assert one.post([statement() for _ in range(MAX_BATCH_SIZE + 1)]).status_code == 413
    assert one.post(b"[" + b" " * (33 * 1024 * 1024) + b"]").status_code == 413


def test_a_fault_of_the_fast_path_is_logged_and_counted_and_loses_nothing(
    one: Caller,
    statement: Make,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert one.post(statement()).status_code == 200, "from now on the caller is known"

    class Broken:
        @staticmethod
        def match_attachments(incoming: object, found: object) -> object:
            raise KeyError("a fault of ours")

    monkeypatch.setattr(fast_post, "attachments", Broken)
    for number in (1, 2):
        (kept,) = one.post(statement()).json or []
        assert one.get("/xapi/statements", statementId=kept).status_code == 200
        assert f"the fast path failed ({number} since" in caplog.text
    assert "a fault of ours" in caplog.text, "with its reason"


def test_a_refusal_is_no_fault_of_the_fast_path(
    one: Caller, statement: Make, caplog: pytest.LogCaptureFixture
) -> None:
    first = statement(id=str(uuid.uuid4()))
    assert one.post(first).status_code == 200
    other = {**first, "verb": {"id": "https://other.example"}}
    for refused, status in (
        (other, 409),
        ({**first, "actor": 5}, 400),
        ("{", 400),
        ("[" * 5_000, 400),
        (b"\xff", 400),
        ('{"actor":{"mbox":"mailto:\\ud800@example.org"}}', 400),
        (statement(result={"response": "\ud800"}), 400),
        ([], 200),
    ):
        assert one.post(refused).status_code == status, refused
    assert "fast path failed" not in caplog.text
