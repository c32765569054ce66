"""Rows in the order in which people read names (core.name_order)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, tuple_


def by_name(name: ColumnElement[str]) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """What to order by for the order of names, which is the same in every installation."""
    return func.lti_tool.sort_key(name).collate("C"), name.collate("C")


def names_after(
    name: ColumnElement[str], row_id: ColumnElement[Any], after: tuple[str, Any]
) -> ColumnElement[bool]:
    """The rows that follow the row with this (name, id) where they are ordered by name and id."""
    return tuple_(*by_name(name), row_id) > tuple_(
        func.lti_tool.sort_key(after[0]), after[0], after[1]
    )
