"""Alarms of the record store reach whoever can do something: by mail once for each level they come to, and to the programme's channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from adapters import xapi
from adapters.channels import chat
from adapters.channels.chat import Digest
from adapters.lrs_client import Alarm
from lrs.ground.database import UnitOfWork
from lti_tool.actions import digests, languages, programmes, roles
from lti_tool.actions.programmes import Programme
from lti_tool.store import channels, directory, drafts, learning, mails

KIND = "alarm"
# Level → who is told (metrics reference 4.4). What is the operator's is told to administrators.
_TOLD: Mapping[str, frozenset[str]] = {
    "owner": frozenset((roles.TRAINING_MANAGER,)),
    "sponsor": frozenset((roles.TRAINING_MANAGER, roles.EXECUTIVE)),
    "steering": frozenset((roles.TRAINING_MANAGER, roles.EXECUTIVE, roles.ADMIN)),
}
_OPERATOR = frozenset((roles.ADMIN,))
_WHAT_TO_DO = {
    "owner": "Look at what happened in that week before you change anything: one week can be an accident.",
    "sponsor": "Two of the last three weeks: agree with the people who lead these teams on one thing to change.",
    "steering": "Three weeks in a row: put it on the agenda, with an action, who does it, and until when.",
}


def deliver(unit_of_work: UnitOfWork, *, tenant_id: int, alarms: Sequence[Alarm], base_url: str, now: datetime) -> int:
    """Queue what was not told yet, in working hours of the programme; gives how many. Each level of an alarm is told once."""
    queued = 0
    with unit_of_work(tenant_id) as connection:
        put_away, newest = drafts.archived(connection, tenant_id), learning.newest_programmes(connection, tenant_id)
        by_iri = {xapi.Programme(key, "", "").iri: key for key in newest if key not in put_away}
        for one in alarms:
            key = by_iri.get(one.programme)
            if key is not None:
                found = programmes.load(connection, tenant_id, key, newest[key])
                if digests.is_hour_of(found, now):
                    queued += _mail(connection, tenant_id, one, found.title, key, _TOLD.get(one.level, _TOLD["owner"]), base_url, now)
                    queued += _post(connection, tenant_id, one, found, base_url)
            elif not one.programme:
                queued += _mail(connection, tenant_id, one, "Carryover", "", _OPERATOR, base_url, now)
    return queued


def _mail(connection: Connection, tenant_id: int, one: Alarm, title: str, programme: str, told: Iterable[str], base_url: str, now: datetime) -> int:
    people = {person_id for person_id, _, role, _ in directory.granted(connection, tenant_id) if role in told}
    what = _WHAT_TO_DO.get(one.level, "") if programme else ""
    where = f"Sign in at {base_url}/sign-in, or open it from your LMS: Figures, then Week by week." if programme else ""
    rows: list[dict[str, Any]] = [
        {
            "person_id": person_id,
            "kind": KIND,
            "key": f"{KIND} {one.alarm_id} {one.level}",
            "subject": f"Look at it: {title}",
            "words": "\n\n".join(part for part in (title, one.words, what, where) if part),
            "programme": programme,
            "path": "figures",
            "queued_at": now,
            "next_try_at": now,
        }
        for person_id in sorted(people)
    ]
    return mails.queue(connection, tenant_id, rows)


def _post(connection: Connection, tenant_id: int, one: Alarm, programme: Programme, base_url: str) -> int:
    """To channels without a team, a name or a number: who is in a channel is not ours to know."""
    tag = languages.choose([programme.language])
    line = languages.translated(tag, "A figure of this programme has fallen beyond ordinary variation. Its page says which, and what to do.")
    told = 0
    for channel in channels.every(connection, tenant_id, programme.key):
        digest = Digest(programme.title, [line], f"{base_url}/sign-in", languages.translated(tag, "Open my page"))
        told += channels.queue(connection, tenant_id, channel.id, f"{KIND} {one.alarm_id} {one.level}", chat.payload(channel.kind, digest))
    return told
