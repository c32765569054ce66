"""What is counted over: a tenant at an instant, optionally narrowed to one programme, version,
wave, team, site, role, experience or period."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, and_, any_, bindparam, func, literal

from analytics.store.tables import fact_episode

# Filters on an episode's own columns, named as in the API.
DIMENSIONS = ("programme", "programme_version", "wave", "team", "site", "role", "experience")


@dataclass(frozen=True)
class Scope:
    """``by``: dimension -> value. ``since`` and ``until``: certified in [since, until).
    ``split``: a dimension by whose values each part is counted separately; the value is
    appended to the part (``part_with_group``). ``episodes_of``: only these registrations; None for
    all."""

    tenant_id: int
    as_of: datetime
    by: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    split: str | None = None
    episodes_of: frozenset[uuid.UUID] | None = None

    @property
    def programme(self) -> str | None:
        """The programme, if the scope is limited to one."""
        return self.by.get("programme")

    def narrowed(self, **by: str) -> Scope:
        """A copy with more filters."""
        return replace(self, by={**self.by, **by})

    def widest(self) -> Scope:
        """A copy without any filter except the programme and ``episodes_of``."""
        return replace(
            self,
            by={key: value for key, value in self.by.items() if key == "programme"},
            since=None,
            until=None,
        )

    def parents(self) -> list[Scope]:
        """The scopes that are wider by one filter: subtracting this scope from one of them
        reveals the people in between."""
        wider = [
            replace(self, by={key: value for key, value in self.by.items() if key != left})
            for left in self.by
            if left != "programme"
        ]
        if self.since is not None or self.until is not None:
            wider.append(replace(self, since=None, until=None))
        return wider

    def episode_conditions(self) -> list[ColumnElement[bool]]:
        """Conditions on ``fact_episode``."""
        e = fact_episode.c
        result = [
            e.tenant_id == self.tenant_id,
            *(e[name] == value for name, value in self.by.items()),
        ]
        if self.since is not None:
            result.append(e.anchor >= self.since)
        if self.until is not None:
            result.append(e.anchor < self.until)
        if self.episodes_of is not None:
            result.append(
                e.registration
                == any_(bindparam(None, sorted(self.episodes_of), type_=ARRAY(Uuid), unique=True))
            )
        return result

    @property
    def is_whole_programme(self) -> bool:
        """Whether every fact of the programme belongs to the scope, whatever its episode
        says."""
        narrowed = (
            self.since is not None
            or self.until is not None
            or self.split is not None
            or self.episodes_of is not None
        )
        return set(self.by) == {"programme"} and not narrowed

    def select_from_facts(self, query: Select[Any], table: Any) -> Select[Any]:
        """``query`` over the facts of this scope, joined with their episodes only where the
        episodes decide which facts belong to it."""
        if self.is_whole_programme:
            return query.select_from(table).where(
                table.c.tenant_id == self.tenant_id, table.c.programme == self.programme
            )
        return query.select_from(table.join(fact_episode, self.join_on(table))).where(
            *self.episode_conditions()
        )

    def join_on(self, table: Any) -> ColumnElement[bool]:
        """The ON clause that joins a fact table with the episodes of this scope. The fact's own
        programme is compared as well, so that its index can be used."""
        same = and_(
            table.c.tenant_id == fact_episode.c.tenant_id,
            table.c.registration == fact_episode.c.registration,
        )
        return (
            and_(same, table.c.programme == self.programme) if self.programme is not None else same
        )


_SEPARATOR = "\x1f"  # the unit separator: no part contains it, and no value of a dimension should


def split_column(scope: Scope) -> ColumnElement[Any]:
    """The value of the dimension by which the scope is split; an empty string if it is not
    split."""
    return (
        literal("")
        if scope.split is None
        else func.coalesce(fact_episode.c[scope.split], literal(""))
    )


def part_with_group(
    part: ColumnElement[Any], group: ColumnElement[Any], scope: Scope
) -> ColumnElement[Any]:
    """The part, with the value by which the scope is split appended."""
    return part if scope.split is None else func.concat(part, literal(_SEPARATOR), group)


def parse_part(part: str) -> tuple[str, str]:
    """Parse a part into (part, value of the dimension; empty if it is not known)."""
    first, _, value = part.partition(_SEPARATOR)
    return first, value


CountQuery = Callable[[Scope], Select[Any]]
