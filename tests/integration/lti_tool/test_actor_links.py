"""Who the actors of other systems' statements are, where the record store is slow, refuses or
forgets, and where an LMS names its users otherwise than by number. What the store answers are
answers of ours (docs/api.md); the accounts are those that Moodle's plugin sends with and without
``send_username`` (docs/lms/moodle.md).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from adapters import lrs_client
from core import clock
from core.database import make_engine
from core.errors import Conflict
from core.http_client import OutsideCallFailed
from lti_tool.people import actor_links
from lti_tool.people.actor_links_store import REFUSED_AGAIN_AFTER
from lti_tool.people.people_store import BY_MAIL
from lti_tool.privacy import person_erasure
from lti_tool.programmes import certification_sources
from tests.support.platforms import add_platform
from tests.support.tool import ISSUER, Asked, Reply, Tool

MERGES, UNKNOWN = "/api/v1/person-merges", "/api/v1/unknown-actors"
LEARNER = f"account {ISSUER} 5"
AWAY: Reply = (503, "Service Unavailable", {"error": {"message": "The database is away."}})


@pytest.fixture
def owner(tool: Tool) -> Iterator[Engine]:
    """The database's owner, who alone may erase."""
    engine = make_engine(str(tool.deps.settings.migration_url))
    yield engine
    engine.dispose()


class Store:
    """The actors whom the record store does not know, and the merges it was told."""

    def __init__(self, tool: Tool, *unknown: str) -> None:
        self.unknown, self.merged, self.refuses = list(unknown), dict[int, str](), None
        self._numbers = itertools.count(1)
        self.server = tool.moodle.server
        self.server.says(UNKNOWN, self._list)
        self.server.says(MERGES, self._merge)

    refuses: Reply | None

    def _list(self, asked: Asked) -> Reply:
        actors = [
            {"agent": number, "identity": identity, "programmes": []}
            for number, identity in enumerate(self.unknown)
            if identity not in self.merged.values()
        ]
        return (200, "OK", {"actors": actors, "next": None})

    def _merge(self, asked: Asked) -> Reply:
        if self.refuses is not None:
            return self.refuses
        number, alias = next(self._numbers), json.loads(asked[3])["alias"]
        self.merged[number] = str(lrs_client.actor_identity(alias))
        self.server.says(f"{MERGES}/{number}", lambda _: self._undo(number))
        return (201, "Created", {"merge": number})

    def _undo(self, number: int) -> Reply:
        del self.merged[number]
        return (204, "No Content", "")

    def joined(self) -> list[str]:
        return sorted(self.merged.values())


def run(tool: Tool) -> None:
    actor_links.join_actors(tool.deps, tool.tenant_id)


def test_a_store_that_is_away_is_told_again_and_one_that_refuses_once_a_day(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tool, LEARNER)
    store.refuses = AWAY
    with pytest.raises(OutsideCallFailed):
        run(tool)
    store.refuses = (409, "Conflict", {"error": {"message": "Undo that merge first."}})
    run(tool)
    (link,) = tool.sql("SELECT refusal FROM lti_tool.actor_link")
    assert "Undo that merge first" in link.refusal
    store.refuses = None
    run(tool)
    assert store.joined() == [], "not every half minute"
    tool.sql(
        "UPDATE lti_tool.actor_link SET tried_at = tried_at - CAST(:day AS interval)",
        day=REFUSED_AGAIN_AFTER + timedelta(seconds=1),
    )
    run(tool)
    assert store.joined() == [LEARNER]
    (link,) = tool.sql("SELECT refusal FROM lti_tool.actor_link")
    assert link.refusal == ""


def test_a_merge_that_the_store_lost_is_told_again(tool: Tool) -> None:
    store = Store(tool, LEARNER)
    run(tool)
    assert store.joined() == [LEARNER]
    store.merged.clear()  # a backup of the record store was restored
    run(tool)
    assert store.joined() == [LEARNER]


def test_an_lms_whose_statements_name_users_by_name_joins_nobody_by_a_name_of_digits(
    tool: Tool,
) -> None:
    """Somebody's user name may be somebody else's number."""
    store = Store(tool, LEARNER)
    run(tool)
    assert store.joined() == [LEARNER]
    store.unknown += [f"account {ISSUER} some.user", f"account {ISSUER} 6"]
    run(tool)
    run(tool)
    assert store.joined() == [], "the join of before ends, too"
    tool.launch("launch-resource-teacher")
    tool.grant_to("3", "admin")
    people = f"{tool.launch('launch-resource-teacher').location}people/"
    page = tool.get(f"{people}joins")
    assert "name people by user name" in page.text
    kept = tool.post(f"{people}account-names", page, issuer=ISSUER, account_names="number")
    assert "links follow within a minute" in kept.text, kept.text
    run(tool)
    run(tool)
    assert store.joined() == [LEARNER], "an administrator knows better"


def test_a_registration_that_is_switched_off_says_nobody_s_name(tool: Tool) -> None:
    store = Store(tool, LEARNER)
    run(tool)
    tool.sql("UPDATE lti_tool.platform_registration SET status = 'disabled'")
    run(tool)
    assert store.joined() == []


def test_two_registrations_of_one_lms_that_say_two_people_join_nobody_in_either_order(
    tool: Tool,
) -> None:
    store = Store(tool, LEARNER)
    run(tool)
    assert store.joined() == [LEARNER]
    other = add_platform(tool)
    tool.sql(
        "INSERT INTO lti_tool.person (id, tenant_id, name, email) "
        "VALUES ('00000000-0000-4000-8000-000000000009', :t, 'x', '')",
        t=tool.tenant_id,
    )
    tool.sql(
        "INSERT INTO lti_tool.identity (tenant_id, registration_id, subject, person_id) "
        "VALUES (:t, :r, '5', '00000000-0000-4000-8000-000000000009')",
        t=tool.tenant_id,
        r=other,
    )
    tool.sql("UPDATE lti_tool.platform_registration SET issuer = :i", i=ISSUER)
    run(tool)
    assert store.joined() == []


def test_what_is_said_of_an_actor_goes_before_how_it_is_named(tool: Tool) -> None:
    Store(tool, LEARNER)
    run(tool)

    def match() -> Any:
        with tool.deps.unit_of_work(tool.tenant_id) as connection:
            installation = connection.execute(
                text("SELECT id FROM lti_tool.installation")
            ).scalar_one()
            return certification_sources._match_actor(
                connection,
                tool.tenant_id,
                installation,
                {"account": {"homePage": ISSUER, "name": "5"}},
                "",
            )

    (person,) = tool.sql("SELECT person_id FROM lti_tool.actor_link")
    assert match() == person.person_id
    actor_links.unlink_actor(
        tool.deps, tenant_id=tool.tenant_id, actor=LEARNER, who="test", now=clock.now()
    )
    assert match() is None


def test_nobody_is_erased_while_the_store_counts_somebody_else_as_that_person(
    tool: Tool, owner: Engine
) -> None:
    store = Store(tool, LEARNER)
    run(tool)
    (person,) = tool.sql("SELECT person_id FROM lti_tool.actor_link")
    actor_links.unlink_actor(
        tool.deps, tenant_id=tool.tenant_id, actor=LEARNER, who="test", now=clock.now()
    )

    def erase() -> None:
        person_erasure.erase_person(
            owner,
            tenant_id=tool.tenant_id,
            named=str(person.person_id),
            who="test",
            now=clock.now(),
        )

    with pytest.raises(Conflict, match="taken back"):
        erase()
    run(tool)
    assert store.joined() == []
    erase()


def test_an_address_that_ended_before_the_store_counted_it_joins_again(tool: Tool) -> None:
    mailbox = "mbox mailto:learner@example.org"
    store = Store(tool, mailbox)
    store.refuses = (409, "Conflict", {"error": {"message": "Undo that merge first."}})
    prove(tool, "learner@example.org")
    run(tool)
    assert tool.rows("actor_link") == 1 and store.joined() == []
    prove(tool, "other@example.org")  # the list says another address
    run(tool)
    assert tool.rows("actor_link") == 0
    store.refuses = None
    prove(tool, "learner@example.org")
    run(tool)
    assert store.joined() == [mailbox]


def prove(tool: Tool, address: str) -> None:
    """The learner is of the list with this address, and has proved it by a mailed code."""
    tool.sql(
        "UPDATE lti_tool.person SET email = :a, imported_at = now() WHERE id = "
        "(SELECT person_id FROM lti_tool.identity WHERE subject = '5')",
        a=address,
    )
    tool.sql("UPDATE lti_tool.identity SET joined_by = :by WHERE subject = '5'", by=BY_MAIL)
