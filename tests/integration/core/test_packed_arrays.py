"""Arrays that are packed here arrive in the database as what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.embedded import EmbeddedServers
from core.packed_arrays import BigintArray, BooleanArray, BytesArray, IntegerArray, UuidArray

ELEMENTS: dict[type[Any], tuple[str, st.SearchStrategy[Any]]] = {
    IntegerArray: ("int[]", st.integers(-(2**31), 2**31 - 1)),
    BigintArray: ("bigint[]", st.integers(-(2**63), 2**63 - 1)),
    UuidArray: ("uuid[]", st.uuids() | st.none()),
    BooleanArray: ("bool[]", st.booleans()),
    BytesArray: ("bytea[]", st.binary(max_size=40)),
}


@pytest.mark.parametrize("kind", ELEMENTS, ids=lambda kind: kind.__name__)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_what_is_packed_is_read_as_the_same(
    servers: EmbeddedServers, kind: Callable[[Any], Any], data: st.DataObject
) -> None:
    type_, elements = ELEMENTS[kind]
    values = data.draw(st.lists(elements, max_size=30))
    with psycopg.connect(servers.migration_url) as connection:
        cursor = connection.execute(
            f"SELECT %b::{type_}, %b::{type_} = %b::{type_}", [kind(values), kind(values), values]
        )
        row = cursor.fetchone()
    assert row is not None
    found, same = row
    assert (found, same) == (values, True)
