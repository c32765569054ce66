"""What is counted over: a tenant at an instant, optionally narrowed to one programme, version,
wave, team, site, role, experience or period; or packets, each episode at the same time after its
certification."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    distinct,
    func,
    literal,
    true,
)

from analytics.store.tables import fact_episode, packet_member
from lrs.vocabulary import INTERVALS

# Filters on an episode's own columns, named as in the API.
DIMENSIONS = ("programme", "programme_version", "wave", "team", "site", "role", "experience")


@dataclass(frozen=True)
class Scope:
    """``by``: dimension -> value. ``since`` and ``until``: certified in [since, until).
    ``split``: a dimension by whose values each part is counted separately; the value is
    appended to the part (``part_with_group``). ``episodes_of``: only these registrations; None for
    all. ``packets``: only the members of these, split by packet; each is looked at ``within``
    seconds after its certification instead of ``as_of``, and ``before`` is where the look before
    ended: who had nothing due since then contributes nothing new."""

    tenant_id: int
    as_of: datetime
    by: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    split: str | None = None
    episodes_of: frozenset[uuid.UUID] | None = None
    packets: Sequence[int] | None = None
    within: int | None = None
    before: int = 0

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
        if self.packets is not None:
            m = packet_member.c
            chosen = bindparam(None, list(self.packets), type_=ARRAY(BigInteger), unique=True)
            result += [
                m.tenant_id == e.tenant_id,
                m.registration == e.registration,
                m.packet_id == any_(chosen),
            ]
        return result

    @property
    def moment(self) -> ColumnElement[datetime]:
        """The instant at which an episode is looked at."""
        if self.within is None:
            return cast(literal(self.as_of), fact_episode.c.anchor.type)
        return fact_episode.c.anchor + literal(timedelta(seconds=self.within))

    def has_happened(self, at: ColumnElement[datetime]) -> ColumnElement[bool]:
        """Whether something had been done by then; on live figures, whether it is done."""
        return at.is_not(None) if self.within is None else at <= self.moment

    def has_passed(self, seconds: ColumnElement[int]) -> ColumnElement[bool]:
        """The same of something that is given in seconds since the certification."""
        return seconds.is_not(None) if self.within is None else seconds <= self.within

    def closed_interval(self, interval: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether the window of a check was over by then; on live figures, always."""
        if self.within is None:
            return true()
        return interval.in_([item.key for item in INTERVALS if item.closes_seconds <= self.within])

    @property
    def is_whole_programme(self) -> bool:
        """Whether every fact of the programme belongs to the scope, whatever its episode
        says."""
        narrowed = (
            self.since is not None
            or self.until is not None
            or self.split is not None
            or self.episodes_of is not None
            or self.packets is not None
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
    """The value of the dimension by which the scope is split, or the number of the packet; an
    empty string if it is not split."""
    if scope.packets is not None:
        return cast(packet_member.c.packet_id, Text)
    return (
        literal("")
        if scope.split is None
        else func.coalesce(fact_episode.c[scope.split], literal(""))
    )


def part_with_group(
    part: ColumnElement[Any], group: ColumnElement[Any], scope: Scope
) -> ColumnElement[Any]:
    """The part, with the value by which the scope is split appended."""
    if scope.split is None and scope.packets is None:
        return part
    return func.concat(part, literal(_SEPARATOR), group)


def contributors(
    scope: Scope, learner: ColumnElement[int], name: str = "contributors"
) -> list[ColumnElement[Any]]:
    """A column with whose facts a row holds, if it is to be published; otherwise none."""
    if scope.packets is None:
        return []
    return [func.array_remove(func.array_agg(distinct(learner)), None).label(name)]


def parse_part(part: str) -> tuple[str, str]:
    """Parse a part into (part, value of the dimension; empty if it is not known)."""
    first, _, value = part.partition(_SEPARATOR)
    return first, value


CountQuery = Callable[[Scope], Select[Any]]
