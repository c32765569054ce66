"""The typed rows of facts are the tables' rows."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from sqlalchemy import Table

from analytics.store import fact_rows, tables
from analytics.store.fact_rows import FactRows
from analytics.store.facts import episode_tables, loose_tables

ROWS = {
    tables.fact_episode: fact_rows.EpisodeFact,
    tables.fact_recall: fact_rows.RecallFact,
    tables.fact_check: fact_rows.CheckFact,
    tables.fact_competency: fact_rows.CompetencyFact,
    tables.fact_use: fact_rows.UseFact,
    tables.fact_activity: fact_rows.ActivityFact,
    tables.fact_rating: fact_rows.RatingFact,
    tables.fact_presence: fact_rows.PresenceFact,
    tables.borrowed: fact_rows.BorrowedFact,
    tables.uncountable: fact_rows.UncountableFact,
}


def columns(table: Table) -> list[tuple[str, type, bool]]:
    return [
        (column.name, column.type.python_type, bool(column.nullable))
        for column in table.columns
        if column.name != "tenant_id"
    ]


def fields(row: type) -> list[tuple[str, type, bool]]:
    result = []
    for name, hint in get_type_hints(row).items():
        kinds = [
            kind
            for kind in (get_args(hint) if get_origin(hint) is UnionType else (hint,))
            if kind is not NoneType
        ]
        assert len(kinds) == 1
        # An enum of words is stored as its text.
        kind = str if issubclass(kinds[0], str) else kinds[0]
        result.append((name, kind, NoneType in get_args(hint)))
    return result


@pytest.mark.parametrize("table", ROWS, ids=lambda table: table.name)
def test_the_fields_of_a_fact_are_the_columns_of_its_table_in_their_order(table: Table) -> None:
    assert fields(ROWS[table]) == columns(table)


def test_every_kind_of_row_is_written_to_its_own_table() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = FactRows()
    for field, row in zip(dataclasses.fields(FactRows), _in_order(), strict=True):
        getattr(rows, field.name).append(row(*[at] * len(row._fields)))
    written = [*episode_tables(rows), *loose_tables(rows)]
    assert {table for table, _ in written} == set(ROWS)
    for table, created in written:
        assert [type(row) for row in created] == [ROWS[table]]


def test_two_bundles_of_rows_are_joined_kind_by_kind() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    one, two = FactRows(), FactRows()
    for field, row in zip(dataclasses.fields(FactRows), _in_order(), strict=True):
        getattr(two, field.name).append(row(*[at] * len(row._fields)))
    one.extend(two)
    one.extend(two)
    assert [len(getattr(one, field.name)) for field in dataclasses.fields(FactRows)] == [2] * 10


def _in_order() -> list[Any]:
    """The kinds of rows in the order of the bundle's fields."""
    hints = get_type_hints(FactRows)
    return [get_args(hints[field.name])[0] for field in dataclasses.fields(FactRows)]
