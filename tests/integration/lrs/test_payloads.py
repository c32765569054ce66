"""Statements are packed where they lie and answered byte for byte."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from lrs.actions.deps import StoreDeps
from lrs.jobs import tenant_jobs
from lrs.store import payloads
from lrs.store.payloads import pack_payload, unpack_payload
from tests.support.store import Caller, body

Make = Callable[..., dict[str, Any]]


@given(st.binary(max_size=2_000).map(lambda inner: b"{" + inner))
def test_whatever_is_packed_is_unpacked_as_it_was(payload: bytes) -> None:
    packed = pack_payload(payload)
    assert unpack_payload(packed) == payload
    assert len(packed) <= len(payload)


def test_the_dictionary_never_changes() -> None:
    """What lies in databases was written with it: a better one gets the next number."""
    text_ = (Path(payloads.__file__).parent / "payload_dictionary_1.txt").read_bytes()
    assert hashlib.sha256(text_).hexdigest() == (
        "b2d4dc817f891fd6f6f43d543c68218ccb151cfa9823b8bcf61ce514bd8b10ac"
    )


def test_many_threads_pack_at_once() -> None:
    whole = [json.dumps({"n": n, "text": str(n) * 200}).encode() for n in range(500)]
    with ThreadPoolExecutor(8) as pool:
        packed = list(pool.map(pack_payload, whole))
        assert list(pool.map(unpack_payload, packed)) == whole


def test_what_a_version_before_stored_is_read_moved_and_erased(
    one: Caller, deps: StoreDeps, statement: Make
) -> None:
    """It lies beside its statement there, packed or as it was sent."""
    sent = [statement(id=str(uuid.uuid4()), result={"response": "x" * 900}) for _ in range(2)]
    one.post(sent)
    with deps.unit_of_work(1) as connection:
        rows = connection.execute(
            text("DELETE FROM lrs.statement_payload RETURNING ord, payload")
        ).all()
        packed = [bytes(row.payload) for row in sorted(rows)]
        assert all(len(payload) < 500 for payload in packed)
        for row, payload in zip(sorted(rows), (unpack_payload(packed[0]), packed[1]), strict=True):
            connection.execute(
                text("UPDATE lrs.statement SET payload = :old WHERE ord = :ord"),
                {"old": payload, "ord": row.ord},
            )

    with deps.unit_of_work(1) as connection:  # as the migration leaves it
        connection.execute(
            text("INSERT INTO lrs.job_cursor VALUES (1, 'payloads', -9223372036854775808)")
        )

    def require_both() -> None:
        found = body(one.get("/xapi/statements", ascending="true"))["statements"]
        assert [item["id"] for item in found] == [item["id"] for item in sent]
        assert found[0]["result"] == found[1]["result"] == sent[0]["result"]

    require_both()
    assert tenant_jobs.list_tenants_to_move(deps) == [1]
    tenant_jobs.move_tenants(deps)
    assert tenant_jobs.list_tenants_to_move(deps) == []
    require_both()
    assert body(one.post(sent)) == [item["id"] for item in sent], "sent again, it is the same"
    erased = one.send(
        "POST", "/api/v1/erasures", json={"agent": sent[0]["actor"], "dry_run": False}
    )
    assert erased.json["statements"] == 2
    with deps.unit_of_work(1) as connection:
        left = connection.execute(text("SELECT count(*) FROM lrs.statement_payload")).scalar()
    assert left == 0
