"""Files for analysts: asked for, followed while they are made, read by the tools that analysts use."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pyarrow import parquet
from sqlalchemy import text

from analytics.actions import exports as acting
from analytics.deps import AnalyticsDeps
from analytics.jobs import export_files as making
from core.queue import JobTimedOut
from lrs.store import change_queue
from tests.support.exports import ask, made
from tests.support.learners import PROGRAMME, Person, count, post
from tests.support.store import Caller


def people(n: int, team: str = "north") -> list[Person]:
    return [
        Person(team=team).check("1w", 7, [True, False]).used(9, 2).assessed(20, 3, "manager")
        for _ in range(n)
    ]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_file_holds_what_its_manifest_says(
    deps: AnalyticsDeps, one: Caller, file_format: str
) -> None:
    post(one, *people(6))
    count(deps)
    told, archive = made(deps, one, format=file_format, people=True, purpose="an audit")
    assert told["rows_done"] == told["rows_in_all"] > 0
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest == told["manifest"]
    assert set(archive.namelist()) == {
        "manifest.json",
        *(file["name"] for file in manifest["files"] + manifest["pictures"]),
    }
    assert "pictures/first_use.png" in archive.namelist(), "the same pictures as on the pages"
    for picture in manifest["pictures"]:
        content = archive.read(picture["name"])
        assert (
            content.startswith(b"\x89PNG")
            and hashlib.sha256(content).hexdigest() == picture["sha256"]
        )
    for file in manifest["files"]:
        content = archive.read(file["name"])
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            file["bytes"],
            file["sha256"],
        )
        names = [column["name"] for column in file["columns"]]
        if file_format == "csv":
            header, *rows = csv.reader(io.StringIO(content.decode()))
            assert (header, len(rows)) == (names, file["rows"])
        else:
            table = parquet.read_table(io.BytesIO(content))
            assert (table.schema.names, table.num_rows) == (names, file["rows"])
    held = {file["name"].partition(".")[0]: file["rows"] for file in manifest["files"]}
    assert (held["episodes"], held["answers"], held["uses"], held["ratings"]) == (6, 12, 6, 6)


def test_values_are_the_published_ones_unless_people_are_asked_for(
    deps: AnalyticsDeps, one: Caller, publish: Callable[..., bool]
) -> None:
    post(one, *people(8), *people(2, "=south"))
    assert publish()

    def shares(**wish: Any) -> dict[str, tuple[str, str]]:
        _, archive = made(deps, one, **wish)
        rows = csv.DictReader(io.StringIO(archive.read("values.csv").decode()))
        return {
            row["member"]: (row["value"], row["denominator"])
            for row in rows
            if row["metric"] == "transfer_rate"
            and not row["part"]
            and row["dimension"] in ("", "team")
        }

    assert shares(people=True, purpose="an audit") == {
        "": ("1.0", "10"),
        "north": ("1.0", "8"),
        "'=south": ("1.0", "2"),
    }, "no text runs as a formula"
    assert shares() == {"": ("1.0", "8"), "north": ("1.0", "8")}, (
        "two people wait for others: the whole less north tells of nobody"
    )
    assert "episodes.csv" not in made(deps, one)[1].namelist()


def test_whoever_sees_groups_alone_gets_no_rows_of_people(deps: AnalyticsDeps, one: Caller) -> None:
    post(one, *people(6))
    count(deps)
    told, _ = made(deps, one, people=True, purpose="an audit")
    key = one.send(
        "POST", "/api/v1/credentials", data=json.dumps({"scopes": ["metrics/read"]})
    ).json
    groups_alone = Caller(one.client, key["key"], key["secret"])
    wish = {"programme": PROGRAMME, "format": "csv", "people": True, "purpose": "an audit"}
    assert groups_alone.send("POST", "/api/v1/exports", data=json.dumps(wish)).status_code == 403
    assert groups_alone.get(f"/api/v1/exports/{told['export']}/file").status_code == 404
    assert groups_alone.get("/api/v1/exports").json["exports"] == []


def test_rows_of_people_are_asked_for_with_a_purpose_that_is_kept_on_record(
    deps: AnalyticsDeps, one: Caller
) -> None:
    wish = {"programme": PROGRAMME, "format": "csv", "people": True}
    refused = one.send("POST", "/api/v1/exports", data=json.dumps(wish))
    assert refused.status_code == 400 and "purpose" in refused.json["detail"]
    ask(one, people=True, purpose="an audit")
    with deps.unit_of_work(1) as connection:
        kept = connection.execute(
            text("SELECT details FROM lrs.audit WHERE act = 'asked for an export'")
        ).scalars()
    assert [row["purpose"] for row in kept] == ["an audit"]


def test_a_wish_sent_again_is_the_same_file_and_an_unmade_one_says_so(
    deps: AnalyticsDeps, one: Caller
) -> None:
    first, again = ask(one, key="monday"), ask(one, key="monday")
    assert first["export"] == again["export"]
    assert (
        one.send(
            "POST",
            "/api/v1/exports",
            data=json.dumps({"programme": PROGRAMME, "format": "parquet", "key": "monday"}),
        ).status_code
        == 409
    )
    waiting = one.get(f"/api/v1/exports/{first['export']}/file")
    assert waiting.status_code == 409
    assert "being made" in waiting.json["detail"]
    assert (
        one.send(
            "POST", "/api/v1/exports", data=json.dumps({"programme": PROGRAMME, "format": "xlsx"})
        ).status_code
        == 400
    )


def test_a_file_with_people_goes_when_one_of_them_is_erased_and_others_when_they_expire(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = people(6)
    post(one, *some)
    count(deps)
    whole, _ = made(deps, one, people=True, purpose="an audit")
    of_groups, _ = made(deps, one)
    assert (
        one.send(
            "POST", "/api/v1/erasures", data=json.dumps({"agent": some[0].agent, "dry_run": False})
        ).status_code
        == 200
    )
    assert one.get(f"/api/v1/exports/{whole['export']}/file").status_code == 404
    assert one.get(f"/api/v1/exports/{whole['export']}").json["status"] == "expired"
    assert one.get(f"/api/v1/exports/{of_groups['export']}/file").status_code == 200
    monkeypatch.setattr("core.clock.now", lambda: datetime(2100, 1, 1, tzinfo=UTC))
    assert acting.discard_exports(deps, tenant_id=change_queue.list_tenant_ids(deps.engine)[0]) == 1
    assert one.get(f"/api/v1/exports/{of_groups['export']}/file").status_code == 404


def test_a_file_that_cannot_be_made_says_so_and_keeps_no_other_waiting(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = ask(one, format="parquet"), ask(one)

    def fails(*given: Any) -> None:
        raise ValueError("no")

    monkeypatch.setitem(making._WRITERS, "parquet", fails)
    assert making.build_exports(deps, change_queue.list_tenant_ids(deps.engine)[0]) == 2
    assert one.get(f"/api/v1/exports/{broken['export']}").json["status"] == "failed"
    assert one.get(f"/api/v1/exports/{fine['export']}").json["status"] == "made"


def test_a_person_who_is_erased_while_a_file_is_made_is_not_in_it(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = people(6)
    post(one, *some)
    count(deps)
    export, kept = ask(one, people=True, purpose="an audit")["export"], making._store_archive

    def erased_meanwhile(*given: Any) -> dict[str, Any]:
        assert (
            one.send(
                "POST",
                "/api/v1/erasures",
                data=json.dumps({"agent": some[0].agent, "dry_run": False}),
            ).status_code
            == 200
        )
        return kept(*given)

    monkeypatch.setattr(making, "_store_archive", erased_meanwhile)
    assert making.build_exports(deps, change_queue.list_tenant_ids(deps.engine)[0]) == 0, (
        "made anew"
    )
    assert making.build_exports(deps, change_queue.list_tenant_ids(deps.engine)[0]) == 0, (
        "not while the removal is not counted"
    )
    monkeypatch.setattr(making, "_store_archive", kept)
    count(deps)
    assert making.build_exports(deps, change_queue.list_tenant_ids(deps.engine)[0]) == 1
    told = one.get(f"/api/v1/exports/{export}").json
    assert {file["name"]: file["rows"] for file in told["manifest"]["files"]}["episodes.csv"] == 5


def test_a_file_that_is_never_finished_is_given_up_and_one_that_failed_can_be_asked_for_again(
    deps: AnalyticsDeps, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(one, key="large")
    tenant_id, make = change_queue.list_tenant_ids(deps.engine)[0], making._write_archive

    def too_long(*given: Any) -> None:
        raise JobTimedOut

    monkeypatch.setattr(making, "_write_archive", too_long)
    for _ in range(making.MAX_ATTEMPTS):
        with pytest.raises(JobTimedOut):
            making.build_exports(deps, tenant_id)
    assert making.build_exports(deps, tenant_id) == 1
    assert "too long" in one.get("/api/v1/exports").json["exports"][0]["failed"]
    monkeypatch.setattr(making, "_write_archive", make)
    assert ask(one, key="large")["status"] == "waiting"
    assert making.build_exports(deps, tenant_id) == 1
    assert one.get("/api/v1/exports").json["exports"][0]["status"] == "made"


def test_more_wishes_than_can_be_made_are_refused(one: Caller) -> None:
    for n in range(20):
        ask(one, key=f"{n}")
    answer = one.send(
        "POST", "/api/v1/exports", data=json.dumps({"programme": PROGRAMME, "format": "csv"})
    )
    assert answer.status_code == 409
    assert "wait" in answer.json["detail"]


def test_of_three_waves_the_small_ones_are_told_of_together_in_the_whole(
    deps: AnalyticsDeps, one: Caller, publish: Callable[..., bool]
) -> None:
    post(
        one,
        *(Person(wave=wave) for wave, size in (("a", 10), ("b", 6), ("c", 4)) for _ in range(size)),
    )
    publish()
    _, archive = made(deps, one)
    rows = csv.DictReader(io.StringIO(archive.read("values.csv").decode()))
    shown = {
        (row["dimension"], row["member"]): row["denominator"]
        for row in rows
        if row["metric"] == "transfer_rate" and not row["part"] and row["dimension"] in ("", "wave")
    }
    assert shown == {("", ""): "20", ("wave", "a"): "10"}, (
        "b and c waited 13 weeks: the whole less a is of both, and neither is told of alone"
    )
