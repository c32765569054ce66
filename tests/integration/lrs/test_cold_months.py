"""Old months of statements lie in files: everything is found as before, and what was erased goes
from them, too."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from sqlalchemy import text

from core import clock
from core.deps import build_deps
from lrs import app
from lrs.actions import cold_months
from lrs.actions.deps import StoreDeps, build_store_deps
from lrs.jobs import tenant_jobs
from lrs.store import cold_files, statements
from tests.support.store import Caller, body

Make = Callable[..., dict[str, Any]]
MONTH = timedelta(days=31)
SOMEBODY = {"mbox": "mailto:another@example.org"}


@pytest.fixture
def next_month() -> datetime:
    """The begin of the next month: all that was stored by now is older."""
    now = clock.now()
    return (datetime(now.year, now.month, 1, tzinfo=UTC) + MONTH + timedelta(days=1)).replace(day=1)


def all_of(one: Caller, **parameters: Any) -> list[dict[str, Any]]:
    """Every statement of a query, by ``more`` to its end."""
    page = body(one.get("/xapi/statements", ascending="true", limit=7, **parameters))
    found = list(page["statements"])
    while page["more"]:
        page = body(one.get(page["more"]))
        found += page["statements"]
    return found


def in_database(deps: StoreDeps) -> int:
    with deps.unit_of_work(1) as connection:
        count = connection.execute(text("SELECT count(*) FROM lrs.statement_payload")).scalar()
    assert isinstance(count, int)
    return count


def files(deps: StoreDeps) -> list[Any]:
    with deps.unit_of_work(1) as connection:
        return list(connection.execute(text("SELECT * FROM lrs.cold_file ORDER BY first_ord")))


def whole_text(deps: StoreDeps) -> str:
    """All statements of all files, as another reader of Parquet finds them."""
    return "\n".join(
        line
        for row in files(deps)
        for line in pyarrow.parquet.read_table(deps.blobs.address_of(1, row.sha2))
        .column("statement")
        .to_pylist()
    )


def test_statements_of_a_file_are_found_as_before(
    one: Caller, deps: StoreDeps, statement: Make, next_month: datetime
) -> None:
    sent = [statement(id=str(uuid.uuid4())) for _ in range(20)]
    sent[3]["actor"] = sent[11]["actor"] = SOMEBODY
    one.post(sent)
    voider = {
        "id": str(uuid.uuid4()),
        "actor": SOMEBODY,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
        "object": {"objectType": "StatementRef", "id": sent[5]["id"]},
    }
    one.post(voider)
    questions: tuple[dict[str, Any], ...] = (
        {},
        {"agent": '{"mbox": "mailto:another@example.org"}'},
        {"verb": sent[0]["verb"]["id"]},
        {"verb": voider["verb"]["id"]},
    )
    before = [all_of(one, **question) for question in questions]
    assert cold_months.archive_months(deps, 1, next_month) == 21
    assert in_database(deps) == 0
    (file,) = files(deps)
    assert (file.statements, file.stale) == (21, False)
    later = [statement(id=str(uuid.uuid4())) for _ in range(3)]
    one.post(later)
    assert in_database(deps) == 3
    for question, known in zip(questions, before, strict=True):
        found = all_of(one, **question)
        assert found[: len(known)] == known
    assert [item["id"] for item in all_of(one)][-3:] == [item["id"] for item in later]
    single = one.get("/xapi/statements", statementId=sent[3]["id"])
    assert body(single)["actor"]["mbox"] == SOMEBODY["mbox"]
    voided = one.get("/xapi/statements", voidedStatementId=sent[5]["id"])
    assert body(voided)["id"] == sent[5]["id"]
    assert body(one.post(sent)) == [item["id"] for item in sent], "sent again, it is the same"
    other = {**sent[0], "verb": {"id": "https://example.org/other"}}
    assert one.post(other).status_code == 409
    assert cold_months.archive_months(deps, 1, next_month) == 3, "the next file begins after it"
    assert [row.statements for row in files(deps)] == [21, 3]


def test_a_file_is_parquet_that_others_read(
    one: Caller, deps: StoreDeps, statement: Make, next_month: datetime
) -> None:
    for _ in range(3):
        one.post([statement(id=str(uuid.uuid4())) for _ in range(500)])
    cold_months.archive_months(deps, 1, next_month)
    (row,) = files(deps)
    file = pyarrow.parquet.ParquetFile(deps.blobs.address_of(1, row.sha2))
    assert file.schema_arrow.names == ["ord", "statement"]
    assert [file.metadata.row_group(n).num_rows for n in range(2)] == [1_000, 500]
    assert file.metadata.row_group(0).column(1).compression == "ZSTD"
    ords = file.read().column("ord").to_pylist()
    assert ords == sorted(ords) and (ords[0], ords[-1]) == (row.first_ord, row.last_ord)


def test_what_is_erased_is_not_found_at_once_and_leaves_the_file_by_night(
    one: Caller, deps: StoreDeps, statement: Make, next_month: datetime
) -> None:
    sent = [statement(id=str(uuid.uuid4())) for _ in range(10)]
    sent[2]["actor"] = SOMEBODY
    sent[7]["context"] = {"instructor": SOMEBODY}
    one.post(sent)
    cold_months.archive_months(deps, 1, next_month)
    (old,) = files(deps)
    erased = one.send("POST", "/api/v1/erasures", json={"agent": SOMEBODY, "dry_run": False})
    assert (erased.json["statements"], erased.json["mentions"]) == (1, 1)
    found = all_of(one)
    assert [item["id"] for item in found] == [
        item["id"] for item in sent if item["id"] != sent[2]["id"]
    ]
    assert SOMEBODY["mbox"] not in str(found)
    cold_months.archive_months(deps, 1, next_month)
    assert SOMEBODY["mbox"] not in whole_text(deps)
    assert not deps.blobs.exists(1, old.sha2)
    assert in_database(deps) == 0, "what covered the old text up lies in the file"
    assert all_of(one) == found
    (new,) = files(deps)
    assert (new.first_ord, new.last_ord, new.statements, new.stale) == (
        old.first_ord,
        old.last_ord,
        9,
        False,
    )


def test_a_file_of_which_nothing_is_left_goes(
    one: Caller, deps: StoreDeps, statement: Make, next_month: datetime
) -> None:
    one.post([statement(id=str(uuid.uuid4()), actor=SOMEBODY) for _ in range(3)])
    cold_months.archive_months(deps, 1, next_month)
    (old,) = files(deps)
    one.send("POST", "/api/v1/erasures", json={"agent": SOMEBODY, "dry_run": False})
    cold_months.archive_months(deps, 1, next_month)
    assert files(deps) == [] and not deps.blobs.exists(1, old.sha2)
    assert all_of(one) == []


def test_readers_follow_a_file_that_is_written_anew(
    one: Caller, deps: StoreDeps, statement: Make, next_month: datetime
) -> None:
    """While one page after another is read, somebody is erased and the file rewritten, again and
    again."""
    people = [{"mbox": f"mailto:p{n}@example.org"} for n in range(12)]
    sent = [statement(id=str(uuid.uuid4()), actor=people[n % 12]) for n in range(240)]
    one.post(sent)
    cold_months.archive_months(deps, 1, next_month)
    staying = {item["id"] for item in sent if item["actor"] in people[6:]}
    failures: list[str] = []
    ended = threading.Event()

    def read_on() -> None:
        while not ended.is_set():
            answer = one.get("/xapi/statements", limit=300)
            if answer.status_code != 200:
                failures.append(answer.get_data(as_text=True))
            elif not staying <= {item["id"] for item in body(answer)["statements"]}:
                failures.append("somebody who was not erased is missing")

    readers = [threading.Thread(target=read_on) for _ in range(3)]
    for reader in readers:
        reader.start()
    for person in people[:6]:
        one.send("POST", "/api/v1/erasures", json={"agent": person, "dry_run": False})
        cold_months.archive_months(deps, 1, next_month)
    ended.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert {item["id"] for item in all_of(one)} == staying


def test_an_old_month_is_given_back_and_the_next_ones_are_there(
    one: Caller, deps: StoreDeps, statement: Make, next_month: datetime
) -> None:
    one.post(statement())
    months = text(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'lrs.statement_payload'::regclass"
    )

    def names() -> set[str]:
        with deps.engine.connect() as connection:
            return set(connection.execute(months).scalars())

    this = f"payload_{clock.now():%Y_%m}"
    assert {this, f"payload_{next_month:%Y_%m}", "payload_other"} <= names()
    cold_months.drop_empty_months(deps, next_month)
    assert this in names(), "it holds a statement"
    cold_months.archive_months(deps, 1, next_month)
    cold_months.drop_empty_months(deps, next_month)
    assert this not in names()
    one.post(statement(id=str(uuid.uuid4())))
    assert len(all_of(one)) == 2, "a statement of a month that nobody made is stored all the same"
    tenant_jobs.archive_tenants(deps)
    assert len(all_of(one)) == 2


def test_the_months_that_stay_are_whole(deps: StoreDeps) -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert cold_months.begin_of_kept_months(0, now) == datetime(2026, 3, 1, tzinfo=UTC)
    assert cold_months.begin_of_kept_months(3, now) == datetime(2025, 12, 1, tzinfo=UTC)
    assert cold_months.begin_of_kept_months(12, now) == datetime(2025, 3, 1, tzinfo=UTC)


def test_whoever_reads_for_long_does_not_hold_the_high_water_mark_back(
    one: Caller,
    deps: StoreDeps,
    statement: Make,
    next_month: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Consistent-Through moves on while a file of old statements is written."""
    one.post(statement())
    begun, may_end = threading.Event(), threading.Event()
    write = cold_files.write_cold_file

    def write_slowly(*arguments: Any) -> Any:
        written = write(*arguments)
        begun.set()
        assert may_end.wait(30)
        return written

    monkeypatch.setattr(cold_files, "write_cold_file", write_slowly)
    archiver = threading.Thread(
        target=cold_months.archive_months, args=(deps, 1, next_month), daemon=True
    )
    archiver.start()
    assert begun.wait(30)
    started = clock.now()

    def through() -> datetime:
        answer = one.get("/xapi/statements")
        assert len(body(answer)["statements"]) == 1, "it is read from where it was until then"
        return clock.parse_instant(answer.headers["X-Experience-API-Consistent-Through"])

    while through() <= started:
        pass
    with deps.unit_of_work(1) as connection:  # what may write a statement does hold it back
        began = connection.execute(text("SELECT now()")).scalar()
        assert isinstance(began, datetime)
        assert through() < began
    may_end.set()
    archiver.join(30)
    assert in_database(deps) == 0 and len(all_of(one)) == 1


def test_files_may_lie_in_a_bucket(
    one: Caller,
    deps: StoreDeps,
    statement: Make,
    next_month: datetime,
    request: pytest.FixtureRequest,
) -> None:
    """fsspec's file system in memory stands for one."""
    settings = replace(deps.settings, attachments_url="memory://cold-months")
    in_bucket = build_store_deps(build_deps(settings))
    request.addfinalizer(in_bucket.close)
    bucket = in_bucket.blobs
    there = Caller(app.create_app(in_bucket).test_client(), one.key, one.secret)
    there.post([statement(id=str(uuid.uuid4())) for _ in range(5)])
    before = all_of(there)
    assert cold_months.archive_months(in_bucket, 1, next_month) == 5
    assert all_of(there) == before
    (row,) = files(in_bucket)
    assert bucket.address_of(1, row.sha2).startswith("memory://")
    erased = there.send(
        "POST", "/api/v1/erasures", json={"agent": before[0]["actor"], "dry_run": False}
    )
    cold_months.archive_months(in_bucket, 1, next_month)
    assert len(all_of(there)) == 5 - erased.json["statements"]


def test_a_file_that_is_lost_is_a_sentence_and_not_an_empty_answer(
    one: Caller, deps: StoreDeps, statement: Make, next_month: datetime
) -> None:
    one.post(statement())
    cold_months.archive_months(deps, 1, next_month)
    (row,) = files(deps)
    deps.blobs.remove(1, row.sha2)
    answer = one.get("/xapi/statements")
    assert answer.status_code == 503
    assert row.sha2 in answer.json["error"]["message"]
    assert "backup" in answer.json["error"]["message"]


def test_a_long_reader_is_told_the_same_mark_as_everybody(deps: StoreDeps) -> None:
    """PostgreSQL shows what a transaction does to its own role alone."""
    with deps.unit_of_work(1) as writing, deps.long_unit_of_work(1) as reading:
        began = writing.execute(text("SELECT now()")).scalar()
        assert isinstance(began, datetime)
        assert statements.high_water_mark(reading) < began


def stored_files(deps: StoreDeps) -> list[Path]:
    return [path for path in (deps.settings.home / "attachments").rglob("*") if path.is_file()]


def test_a_file_that_was_stored_and_not_recorded_goes(
    one: Caller,
    deps: StoreDeps,
    statement: Make,
    next_month: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed before the commit; somebody of it is erased before the next attempt."""
    one.post([statement(id=str(uuid.uuid4())), statement(id=str(uuid.uuid4()), actor=SOMEBODY)])

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(cold_files, "insert_cold_file", killed)
        with pytest.raises(KeyboardInterrupt):
            cold_months.archive_months(deps, 1, next_month)
    assert len(stored_files(deps)) == 1 and files(deps) == []
    one.send("POST", "/api/v1/erasures", json={"agent": SOMEBODY, "dry_run": False})
    assert cold_months.archive_months(deps, 1, next_month) == 1
    (row,) = files(deps)
    assert [path.name for path in stored_files(deps)] == [row.sha2]


def test_a_file_that_was_replaced_and_not_removed_goes(
    one: Caller,
    deps: StoreDeps,
    statement: Make,
    next_month: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one.post([statement(id=str(uuid.uuid4())), statement(id=str(uuid.uuid4()), actor=SOMEBODY)])
    cold_months.archive_months(deps, 1, next_month)
    one.send("POST", "/api/v1/erasures", json={"agent": SOMEBODY, "dry_run": False})

    def away(*_: Any) -> None:
        raise OSError("the bucket does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(deps.blobs, "remove", away)
        with pytest.raises(OSError, match="bucket"):
            cold_months.archive_months(deps, 1, next_month)
    assert len(stored_files(deps)) == 2
    cold_months.archive_months(deps, 1, next_month)
    (row,) = files(deps)
    assert [path.name for path in stored_files(deps)] == [row.sha2]
    with deps.unit_of_work(1) as connection:
        assert cold_files.list_trash(connection, 1) == {}


def test_erasing_while_a_file_is_rewritten_does_not_deadlock(
    one: Caller, deps: StoreDeps, statement: Make, next_month: datetime
) -> None:
    """Mentions of one person after another become anonymous in the same statements, while the job
    folds in what the last one changed."""
    people = [{"mbox": f"mailto:m{n}@example.org"} for n in range(8)]
    team = {"objectType": "Group", "name": "A team", "member": people}
    sent = [statement(id=str(uuid.uuid4()), context={"team": team}) for _ in range(20)]
    one.post(sent)
    cold_months.archive_months(deps, 1, next_month)
    ended, failures = threading.Event(), list[BaseException]()

    def rewrite() -> None:
        try:
            while not ended.is_set():
                cold_months.archive_months(deps, 1, next_month)
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    job = threading.Thread(target=rewrite)
    job.start()
    answers = [
        one.send("POST", "/api/v1/erasures", json={"agent": person, "dry_run": False}).status_code
        for person in people
    ]
    ended.set()
    job.join(60)
    assert (failures, set(answers)) == ([], {200})
    cold_months.archive_months(deps, 1, next_month)
    assert not any(person["mbox"] in whole_text(deps) for person in people)
