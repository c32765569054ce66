"""Functions that each database engine (PostgreSQL, ClickHouse) spells differently."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class seconds_between(FunctionElement[int]):  # noqa: N801 - an SQL function
    """Whole seconds from the first instant to the second, rounded down."""

    type = BigInteger()
    inherit_cache = True
    name = "seconds_between"

    def __init__(self, earlier: ColumnElement[Any], later: ColumnElement[Any]) -> None:
        super().__init__(earlier, later)


@compiles(seconds_between, "postgresql")
def _compile_postgresql(element: seconds_between, compiler: Any, **kw: Any) -> str:
    earlier, later = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"CAST(floor(extract(epoch FROM ({later} - {earlier}))) AS bigint)"


@compiles(seconds_between, "clickhousedb")
def _compile_clickhouse(element: seconds_between, compiler: Any, **kw: Any) -> str:
    earlier, later = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"dateDiff('second', {earlier}, {later})"
