"""A small random world for whoever attacks what is published: people, and what happens to their
statements between publications. All of a world follows from its seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from analytics.deps import AnalyticsDeps
from analytics.jobs import counting, publishing
from core import clock
from lrs.vocabulary import BASE, VERBS
from tests.support.lives import BEGIN, Habits, Life, live
from tests.support.store import Caller

_DAY = timedelta(days=1)
_STEPS = (7, 7, 7, 14, 28, 35, 63, 91)  # days between publications
# What happens between two publications, each with its chance.
_EVENTS = {
    "void": 0.5,
    "move": 0.4,
    "erase": 0.35,
    "merge": 0.25,
    "undo a merge": 0.3,
    "decide": 0.2,
}


@dataclass(frozen=True)
class Size:
    """How large worlds are: people, and publications after the first."""

    people: tuple[int, int]
    publications: tuple[int, int]


SMALL, LARGE = Size((10, 26), (3, 3)), Size((15, 60), (4, 9))


@dataclass
class Access:
    """A tenant of the world: who may do everything, and the attacker's key (metrics/read)."""

    deps: AnalyticsDeps
    tenant_id: int
    owner: Caller
    attacker: Caller


class World:
    """Yields the day of each publication, after it; ``happened`` says in words what came before."""

    def __init__(self, seed: str, size: Size, access: Access) -> None:
        self.seed, self.access = seed, access
        self.chance = random.Random(seed)
        self.happened: list[str] = []
        self.programmes = [f"{BASE}programmes/{n}" for n in range(self.chance.choice((1, 1, 2, 3)))]
        self.lives = self._draw_lives(self.chance.randint(*size.people))
        self._publications = self.chance.randint(*size.publications)
        self._waiting = sorted(
            (told for life in self.lives for told in life.told), key=lambda told: told[0]
        )
        self._sent: list[dict[str, Any]] = []
        self._gone: set[str] = set()  # names of erased people
        self._merges: list[int] = []

    def _draw_lives(self, people: int) -> list[Life]:
        """Programmes that grow by three a day, that certify by wave, or whenever somebody comes;
        some people are in several, and some twice in one."""
        chance, lives = self.chance, list[Life]()
        kinds = {
            name: chance.choice(("daily", "waves", "waves", "any")) for name in self.programmes
        }
        habits = {name: Habits.draw(chance) for name in self.programmes}
        begin = {name: chance.uniform(0, 120) for name in self.programmes}
        waves, teams = chance.randint(1, 3), chance.randint(1, 5) if people > 12 else 1
        for n in range(people):
            programme = chance.choice(self.programmes)
            wave = chance.randrange(waves)
            day = (
                begin[programme]
                + {
                    "daily": n / 3,
                    "waves": wave * 60 + chance.uniform(0, 6),
                    "any": chance.uniform(0, 300),
                }[kinds[programme]]
            )
            audience = {
                "wave": f"W{wave}",
                "team": f"team {chance.randrange(teams)}",
                "site": f"site {chance.randrange(2)}",
                "role": f"role {chance.randrange(2)}",
            }
            again = lives and chance.random() < 0.1
            name = chance.choice(lives).name if again else f"person {n} {self.seed}"
            lives.append(live(chance, name, programme, audience, day, habits[programme]))
        return lives

    def publications(self) -> Iterator[datetime]:
        """Publish again and again; yield when."""
        first = min(life.certified for life in self.lives)
        now = BEGIN + _DAY * int((first - BEGIN).days + self.chance.randint(14, 300))
        if self.chance.random() < 0.5:
            self._decide_rule()
        for n in range(self._publications + 1):
            if n:
                now += _DAY * self.chance.choice(_STEPS)
                self._let_things_happen(now)
            self._send(now)
            with self.at(now):
                counting.count_all_tenants(self.access.deps)
                deps, tenant_id = self.access.deps, self.access.tenant_id
                # Nothing is, as long as no packet was formed.
                publishing.publish_tenant(deps.long_unit_of_work, tenant_id)
            self.happened.append(f"published on {now:%Y-%m-%d}")
            yield now

    @contextmanager
    def at(self, now: datetime) -> Iterator[None]:
        """A moment of the world: everything that came is counted by then."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", lambda: now)
            patch.setattr(publishing, "counted_up_to", lambda *_: now)
            yield

    def _send(self, now: datetime) -> None:
        due = [statement for at, statement in self._waiting if at <= now]
        self._waiting = [told for told in self._waiting if told[0] > now]
        kept = [item for item in due if item["actor"]["account"]["name"] not in self._gone]
        for start in range(0, len(kept), 500):
            answer = self.access.owner.post(kept[start : start + 500])
            assert answer.status_code == 200, answer.text
        self._sent += kept

    def _let_things_happen(self, now: datetime) -> None:
        for what, probability in _EVENTS.items():
            if self.chance.random() < probability and self._sent:
                match what:
                    case "void":
                        self._void(self.chance.choice(self._sent))
                    case "move":
                        self._move(now)
                    case "erase":
                        self._erase()
                    case "merge":
                        self._merge()
                    case "undo a merge":
                        self._undo_merge()
                    case _:
                        self._decide_rule()

    def _void(self, statement: dict[str, Any]) -> None:
        self._sent.remove(statement)
        voiding = {
            "actor": statement["actor"],
            "verb": {"id": VERBS["voided"].id},
            "object": {"objectType": "StatementRef", "id": statement["id"]},
        }
        assert self.access.owner.post(voiding).status_code == 200
        verb, name = statement["verb"]["id"], statement["actor"]["account"]["name"]
        self.happened.append(f"voided {verb.rpartition('/')[2]} of {name}")

    def _living(self) -> list[Life]:
        return [life for life in self.lives if life.name not in self._gone]

    def _move(self, now: datetime) -> None:
        life = self.chance.choice(self._living())
        audience = {"team": "team 0", "wave": self.chance.choice(("W0", "W1"))}
        days = (now - life.certified) / _DAY - 1
        if days > 0:
            moved = life.say("registered", "", days, "programme", audience)
            assert self.access.owner.post([moved]).status_code == 200
            self.happened.append(f"moved {life.name}")

    def _erase(self) -> None:
        life = self.chance.choice(self._living())
        self._gone.add(life.name)
        self._sent = [item for item in self._sent if item["actor"] != life.agent]
        answer = self._send_json("POST", "erasures", {"agent": life.agent, "dry_run": False})
        assert answer.status_code == 200, answer.text
        self.happened.append(f"erased {life.name}")

    def _merge(self) -> None:
        alias, agent = self.chance.sample(self._living(), 2)
        wanted = {"alias": alias.agent, "agent": agent.agent, "reason": "one person"}
        answer = self._send_json("POST", "person-merges", wanted)
        assert answer.status_code in (201, 400, 409), answer.text
        if answer.status_code == 201:
            self._merges.append(answer.json["merge"])
            self.happened.append(f"merged {alias.name} into {agent.name}")

    def _undo_merge(self) -> None:
        if self._merges:
            merge = self._merges.pop(self.chance.randrange(len(self._merges)))
            answer = self._send_json("DELETE", f"person-merges/{merge}", None)
            assert answer.status_code in (204, 404), "404: erased with its person"
            self.happened.append(f"undid merge {merge}")

    def _decide_rule(self) -> None:
        programme = self.chance.choice(self.programmes)
        rule = {
            "programme": programme,
            "dimension": self.chance.choice(("team", "site", "role")),
            "size": self.chance.choice((5, 5, 6, 8)),
        }
        assert self._send_json("PUT", "publishing-rule", rule).status_code == 204
        self.happened.append(f"decided {rule}")

    def _send_json(self, method: str, path: str, body: Any) -> Any:
        return self.access.owner.send(
            method, f"/api/v1/{path}", data=json.dumps(body), content_type="application/json"
        )
