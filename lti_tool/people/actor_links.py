"""Who the actors of other systems' statements are. An LMS's own plugin names a user by the LMS's
address and the user's number, which are the issuer and the subject of that user's launches; a work
system names an address. Where a launch, or a confirmed address, says who that is, the actor counts
as that person without anybody's hand; of others an administrator says it. A job says
it to the record store, again and again until it has answered.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters import lrs_client, xapi_statements
from adapters.lrs_client import RecordStore, UnknownActor
from core import clock
from core.errors import BadInput, NotFound
from core.http_client import GuardedClient, OutsideCallFailed, limit_total_time
from core.queue import Job
from lti_tool.base import journal_store, tenants_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.statement_target import open_record_store
from lti_tool.people import actor_links_store, directory_store
from lti_tool.people.actor_links_store import (
    BY_ADDRESS,
    BY_LAUNCH,
    BY_NAME,
    BY_NUMBER,
    ActorLink,
    NamingPlatform,
)
from lti_tool.people.people_store import BY_ADMINISTRATOR

JOIN_ACTORS = Job("lti_tool.worker.join_actors", interval_seconds=30)
LINKS_AT_ONCE, ACTORS_AT_ONCE, PAGES_AT_ONCE = 200, 500, 20
SHOWN_ACTORS, SHOWN_LINKS = 50, 200
RUN_SECONDS = 15  # for all calls of a run: counting waits meanwhile
_ACCOUNT, _MBOX = "account ", "mbox mailto:"


@dataclass(frozen=True)
class ActorOverview:
    """Links that hold, and actors of whom nobody knows who they are; ``more``: there are more of
    these than are shown. None: the record store is not ours (``ours``), or did not answer.
    ``platforms``: how the LMSs' statements name users.
    """

    ours: bool
    links: list[ActorLink]
    platforms: list[NamingPlatform]
    unknown: list[UnknownActor] | None
    more: bool


def join_actors(deps: ToolDeps, tenant_id: int) -> None:
    """Link what can be linked, and tell the record store what changed; what is left when the time
    is over, the next run does."""
    with limit_total_time(RUN_SECONDS):
        _join_actors(deps, tenant_id)


def _join_actors(deps: ToolDeps, tenant_id: int) -> None:
    client, store, ours = open_record_store(deps, tenant_id)
    if not ours:
        return  # merges are no part of xAPI: another store has none
    _tell_changes(deps, tenant_id, client, store)
    with deps.unit_of_work(tenant_id) as connection:
        after = tenants_store.get_actors_read(connection, tenant_id)
    for _ in range(PAGES_AT_ONCE):
        actors = lrs_client.fetch_unknown_actors(client, store, after, ACTORS_AT_ONCE)
        if actors and _link_actors(deps, tenant_id, actors):
            _tell_changes(deps, tenant_id, client, store)
        # Begun again after the last one; else the next run goes on here.
        after = actors[-1].key if len(actors) == ACTORS_AT_ONCE else None
        with deps.unit_of_work(tenant_id) as connection:
            tenants_store.save_actors_read(connection, tenant_id, after)
        if after is None:
            return


def _link_actors(deps: ToolDeps, tenant_id: int, actors: Sequence[UnknownActor]) -> int:
    """Link those of whom a launch or a confirmed address says who they are; return of how many the
    record store has to be told."""
    accounts = {actor.identity: user for actor in actors if (user := _user_of(actor.identity))}
    addresses = {
        actor.identity: actor.identity.removeprefix(_MBOX).lower()
        for actor in actors
        if actor.identity.startswith(_MBOX)
    }
    now = clock.now()
    with deps.unit_of_work(tenant_id) as connection:
        linked = actor_links_store.forget_lost_merges(
            connection, tenant_id, [actor.identity for actor in actors]
        )
        linked += _notice_names(connection, tenant_id, set(accounts.values()))
        users = actor_links_store.find_users(connection, tenant_id, set(accounts.values()))
        for identity, account in accounts.items():
            found = users.get(account, [])
            # Two registrations of one LMS that say two people: nobody knows which of them.
            if len({person_id for _, person_id in found}) == 1:
                registration_id, person_id = found[0]
                linked += actor_links_store.insert_actor_link(
                    connection,
                    tenant_id,
                    identity,
                    person_id,
                    by=BY_LAUNCH,
                    who="",
                    now=now,
                    user=(registration_id, account[1]),
                )
        confirmed = actor_links_store.find_confirmed_addresses(
            connection, tenant_id, set(addresses.values())
        )
        for identity, address in addresses.items():
            people = confirmed.get(address, [])
            if len(people) == 1:
                linked += actor_links_store.insert_actor_link(
                    connection,
                    tenant_id,
                    identity,
                    people[0],
                    by=BY_ADDRESS,
                    who="",
                    now=now,
                    user=(None, address),
                )
    return linked


def _notice_names(
    connection: Connection, tenant_id: int, accounts: Collection[tuple[str, str]]
) -> int:
    """Where an LMS numbers its users, and its statements name one otherwise, they name users by
    name: a name of digits would be somebody else's number. Return how many LMSs are found so."""
    named = {issuer for issuer, subject in accounts if not subject.isdecimal()}
    return sum(
        actor_links_store.set_account_names(connection, tenant_id, issuer, BY_NAME, presumed=True)
        for issuer in sorted(actor_links_store.list_numbering_issuers(connection, tenant_id, named))
    )


def _user_of(identity: str) -> tuple[str, str] | None:
    """(issuer, number of the user) that an account names."""
    if not identity.startswith(_ACCOUNT):
        return None
    issuer, _, subject = identity.removeprefix(_ACCOUNT).partition(" ")
    return issuer, subject


def _tell_changes(
    deps: ToolDeps, tenant_id: int, client: GuardedClient, store: RecordStore
) -> None:
    """Tell the record store of links that were made, changed or ended."""
    with deps.unit_of_work(tenant_id) as connection:
        actor_links_store.follow_identities(connection, tenant_id)
        installation = tenants_store.get_installation_id(connection)
    for link in _iter_untold(deps, tenant_id):
        refusal, merge_id, counts_as = "", None, None
        if link.merge_id is not None:
            lrs_client.delete_person_merge(client, store, link.merge_id)
        if link.person_id is not None:
            try:
                merge_id = lrs_client.post_person_merge(
                    client,
                    store,
                    lrs_client.as_agent(link.identity),
                    xapi_statements.pseudonymous_agent(installation, link.person_id),
                    f"joined in the tool by: {link.joined_by}",
                )
                counts_as = link.person_id
            except BadInput as error:
                refusal = str(error.message)
        with deps.unit_of_work(tenant_id) as connection:
            actor_links_store.save_merge(
                connection,
                tenant_id,
                link.identity,
                counts_as=counts_as,
                merge_id=merge_id,
                refusal=refusal,
                now=clock.now(),
            )


def _iter_untold(deps: ToolDeps, tenant_id: int) -> Iterator[ActorLink]:
    while True:
        with deps.unit_of_work(tenant_id) as connection:
            found = actor_links_store.list_untold_links(
                connection, tenant_id, LINKS_AT_ONCE, clock.now()
            )
        yield from found
        if len(found) < LINKS_AT_ONCE:
            return


def load_actor_overview(deps: ToolDeps, *, tenant_id: int, search: str) -> ActorOverview:
    """Load the links that hold, and the first actors whom nobody knows."""
    with deps.unit_of_work(tenant_id) as connection:
        links = actor_links_store.list_actor_links(connection, tenant_id, SHOWN_LINKS, search[:200])
        platforms = actor_links_store.list_naming_platforms(connection, tenant_id)
    client, store, ours = open_record_store(deps, tenant_id)
    if not ours:
        return ActorOverview(ours, links, platforms, None, False)
    try:
        unknown = lrs_client.fetch_unknown_actors(client, store, None, SHOWN_ACTORS + 1)
    except OutsideCallFailed:
        return ActorOverview(ours, links, platforms, None, False)
    return ActorOverview(
        ours, links, platforms, unknown[:SHOWN_ACTORS], len(unknown) > SHOWN_ACTORS
    )


def describe_actor(actor: str) -> str:
    """How a page names an actor."""
    user = _user_of(actor)
    return f"{user[1]} · {user[0]}" if user else actor.partition(" ")[2].removeprefix("mailto:")


def link_actor(
    deps: ToolDeps, *, tenant_id: int, actor: str, external_id: str, who: str, now: datetime
) -> None:
    """An administrator says who an actor is: the person of the list with an id or address."""
    with deps.unit_of_work(tenant_id) as connection:
        person_id = directory_store.find_listed_person(connection, tenant_id, external_id)
        if person_id is None:
            raise BadInput(
                "Nobody on the list has exactly this id or address.", field="external_id"
            )
        actor_links_store.insert_actor_link(
            connection, tenant_id, actor, person_id, by=BY_ADMINISTRATOR, who=who, now=now
        )
        _audit(connection, tenant_id, who, "said who an actor is", actor, person_id)
    deps.job_requests.request_job(JOIN_ACTORS)


def decide_account_names(
    deps: ToolDeps, *, tenant_id: int, issuer: str, account_names: str, who: str
) -> None:
    """An administrator says how the statements of an LMS name its users; joins follow."""
    if account_names not in (BY_NUMBER, BY_NAME):
        raise BadInput("Choose how its statements name people.", field="account_names")
    with deps.unit_of_work(tenant_id) as connection:
        if actor_links_store.set_account_names(
            connection, tenant_id, issuer, account_names, presumed=False
        ):
            journal_store.insert_audit_entry(
                connection,
                tenant_id,
                who,
                "said how an LMS's statements name people",
                {"issuer": issuer, "by": account_names},
            )
    deps.job_requests.request_job(JOIN_ACTORS)


def unlink_actor(deps: ToolDeps, *, tenant_id: int, actor: str, who: str, now: datetime) -> None:
    """Take a link back; figures follow."""
    with deps.unit_of_work(tenant_id) as connection:
        before = actor_links_store.undo_actor_link(connection, tenant_id, actor, who=who, now=now)
        if before is None:
            raise NotFound("There is no such join any more; load the page again.")
        _audit(connection, tenant_id, who, "took the join of an actor back", actor, before)
    deps.job_requests.request_job(JOIN_ACTORS)


def _audit(
    connection: Connection, tenant_id: int, who: str, act: str, actor: str, person_id: uuid.UUID
) -> None:
    journal_store.insert_audit_entry(
        connection, tenant_id, who, act, {"actor": actor, "person": str(person_id)}
    )
