"""What is counted over: a tenant at a moment, and perhaps one programme, version, wave, team, site, role, experience or period."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, and_, any_, bindparam, func, literal

from lrs.store.tables import fact_episode

# Filters by an episode's own columns, in the words of the API.
DIMENSIONS = ("programme", "programme_version", "wave", "team", "site", "role", "experience")


@dataclass(frozen=True)
class Scope:
    """``by``: dimension -> value; ``since`` and ``until``: certified in [since, until). ``split``: a dimension by whose values each part is
    counted apart; its value stands behind the part (``split_part``). ``episodes_of``: of these registrations alone; None: of all."""

    tenant_id: int
    as_of: datetime
    by: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    split: str | None = None
    episodes_of: frozenset[uuid.UUID] | None = None

    @property
    def programme(self) -> str | None:
        """The one programme, where it is one."""
        return self.by.get("programme")

    def narrowed(self, **by: str) -> Scope:
        """The same with more filters."""
        return replace(self, by={**self.by, **by})

    def widest(self) -> Scope:
        """The whole programme, or all of these episodes."""
        return replace(self, by={key: value for key, value in self.by.items() if key == "programme"}, since=None, until=None)

    def parents(self) -> list[Scope]:
        """The scopes that are wider by one filter: from them and this one, the people in between can be told."""
        wider = [replace(self, by={key: value for key, value in self.by.items() if key != left}) for left in self.by if left != "programme"]
        if self.since is not None or self.until is not None:
            wider.append(replace(self, since=None, until=None))
        return wider

    def episodes(self) -> list[ColumnElement[bool]]:
        """Conditions on ``fact_episode``."""
        e = fact_episode.c
        found = [e.tenant_id == self.tenant_id, *(e[name] == value for name, value in self.by.items())]
        if self.since is not None:
            found.append(e.anchor >= self.since)
        if self.until is not None:
            found.append(e.anchor < self.until)
        if self.episodes_of is not None:
            found.append(e.registration == any_(bindparam(None, sorted(self.episodes_of), type_=ARRAY(Uuid), unique=True)))
        return found

    @property
    def is_whole_programme(self) -> bool:
        """Whether a fact of the programme is in it whatever its episode says."""
        narrowed = self.since is not None or self.until is not None or self.split is not None or self.episodes_of is not None
        return set(self.by) == {"programme"} and not narrowed

    def facts(self, query: Select[Any], table: Any) -> Select[Any]:
        """``query`` over the facts of this scope: joined with their episodes only where those decide which are in it."""
        if self.is_whole_programme:
            return query.select_from(table).where(table.c.tenant_id == self.tenant_id, table.c.programme == self.programme)
        return query.select_from(table.join(fact_episode, self.of(table))).where(*self.episodes())

    def of(self, table: Any) -> ColumnElement[bool]:
        """The join of a fact table with the episodes of this scope; the fact's own programme is said as well, for its index."""
        same = and_(table.c.tenant_id == fact_episode.c.tenant_id, table.c.registration == fact_episode.c.registration)
        return and_(same, table.c.programme == self.programme) if self.programme is not None else same


_BETWEEN = "\x1f"  # the unit separator: in no part, and no text of a dimension is meant to hold it


def group_of(scope: Scope) -> ColumnElement[Any]:
    """The value of the dimension that the scope is split by; an empty text where it is not."""
    return literal("") if scope.split is None else func.coalesce(fact_episode.c[scope.split], literal(""))


def labelled(part: ColumnElement[Any], group: ColumnElement[Any], scope: Scope) -> ColumnElement[Any]:
    """The part, with the group that the scope is split by."""
    return part if scope.split is None else func.concat(part, literal(_BETWEEN), group)


def split_part(part: str) -> tuple[str, str]:
    """(part, value of the dimension; empty where it is not known)."""
    first, _, value = part.partition(_BETWEEN)
    return first, value


Counting = Callable[[Scope], Select[Any]]
