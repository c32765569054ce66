"""Weekly digests to channels: what is coming up in a programme, without names and without
numbers that point to an individual."""

from __future__ import annotations

import uuid
from datetime import datetime, time

from adapters.channels import chat
from adapters.channels.chat import Digest
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from core.secrets import Secrets
from lrs.vocabulary import FEWEST
from lti_tool.actions import languages, programmes, working_time
from lti_tool.actions.programmes import Programme
from lti_tool.store import channels, drafts, journal, learning
from lti_tool.store.channels import Channel, Counts

PURPOSE = "channel address"
DAYS = 7
FIRST_HOUR, LAST_HOUR = time(9), time(16)  # within the programme's working hours, so that the post is seen
LONGEST_NAME, LONGEST_URL, MOST_CHANNELS = 80, 2_000, 20


def every(unit_of_work: UnitOfWork, *, tenant_id: int, programme: str) -> list[Channel]:
    """List the channels of a programme."""
    with unit_of_work(tenant_id) as connection:
        return channels.every(connection, tenant_id, programme)


def add(
    unit_of_work: UnitOfWork, secrets: Secrets, *, tenant_id: int, programme: str, name: str, url: str, base_url: str, who: str, now: datetime
) -> None:
    """Add a channel that receives the digest from now on. A first post announces it, so that
    whoever added the channel sees at once whether posts arrive."""
    words, address = " ".join(name.split()), url.strip()
    kind = chat.kind_of(address) if len(address) <= LONGEST_URL else ""
    if not words or len(words) > LONGEST_NAME:
        raise BadInput(f"Name the channel in up to {LONGEST_NAME} characters.", field="channel_name")
    if not kind:
        raise BadInput(
            "This is no address of an incoming webhook of Slack (hooks.slack.com) or of a Teams workflow (…logic.azure.com, …powerplatform.com)."
            " Copy it from the channel's settings.",
            field="channel_url",
        )
    with unit_of_work(tenant_id) as connection:
        version = learning.newest_programmes(connection, tenant_id).get(programme)
        if version is None:
            raise BadInput("Publish the programme first; then a channel can hear of it.")
        if len(channels.every(connection, tenant_id, programme)) >= MOST_CHANNELS:
            raise BadInput(f"A programme has up to {MOST_CHANNELS} channels.")
        found = programmes.load(connection, tenant_id, programme, version)
        made = uuid.uuid4()
        values = {"id": made, "programme": programme, "name": words, "kind": kind, "url_sealed": secrets.seal(PURPOSE, address)}
        channels.keep(connection, tenant_id, values)
        tag = languages.choose([found.language])
        first = languages.translated(tag, "Once a week this channel hears what is ahead, without names.")
        channels.queue(connection, tenant_id, made, "begun", chat.payload(kind, _digest(found, [first], base_url)))
        journal.add_audit(connection, tenant_id, who, "added a channel", {"programme": programme, "channel": words, "kind": kind})


def remove(unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, channel_id: uuid.UUID, who: str) -> None:
    """Remove a channel; it receives no more digests."""
    with unit_of_work(tenant_id) as connection:
        name = channels.remove(connection, tenant_id, programme, channel_id)
        if not name:
            raise NotFound("There is no such channel any more.")
        journal.add_audit(connection, tenant_id, who, "removed a channel", {"programme": programme, "channel": name})


def queue(unit_of_work: UnitOfWork, *, tenant_id: int, base_url: str, now: datetime) -> int:
    """Queue this week's digests, on its first working day in the programme's calendar;
    return how many."""
    queued = 0
    with unit_of_work(tenant_id) as connection:
        put_away, newest = drafts.archived(connection, tenant_id), learning.newest_programmes(connection, tenant_id)
        for key in sorted({one.programme for one in channels.every(connection, tenant_id)}):
            if key in put_away or key not in newest:
                continue
            found = programmes.load(connection, tenant_id, key, newest[key])
            if not is_hour_of(found, now):
                continue
            local = now.astimezone(working_time.of("", [], found.calendar).zone)
            lines = told(found, channels.counts(connection, tenant_id, key, now, DAYS))
            year, week, _ = local.isocalendar()
            for one in channels.every(connection, tenant_id, key) if lines else []:
                body = chat.payload(one.kind, _digest(found, lines, base_url))
                queued += channels.queue(connection, tenant_id, one.id, f"week {year}-{week}", body)
    return queued


def is_hour_of(programme: Programme, now: datetime) -> bool:
    """Whether it is a working hour in the programme's calendar, so that messages are seen."""
    when = working_time.of("", [], programme.calendar)
    local = now.astimezone(when.zone)
    return when.works_on(local.date()) and FIRST_HOUR <= local.time() < LAST_HOUR


def told(programme: Programme, ahead: Counts) -> list[str]:
    """The digest's lines, in the programme's language and without names; empty if nothing is
    coming up."""
    tag = languages.choose([programme.language])

    def said(text: str, count: int) -> list[str]:
        few = languages.translated(tag, "a few")
        return [languages.translated(tag, text, count=count if count >= FEWEST else few)] if count else []

    return [
        *said("Checks that are open or due within a week: %(count)s", ahead.checks),
        *said("Plans, exercises and case studies due within a week: %(count)s", ahead.acts),
        *said("Handed in and waiting for an answer: %(count)s", ahead.answers),
        *said("Coaching groups that meet within a week: %(count)s", ahead.meetings),
    ]


def _digest(programme: Programme, lines: list[str], base_url: str) -> Digest:
    tag = languages.choose([programme.language])
    return Digest(programme.title, lines, f"{base_url}/sign-in", languages.translated(tag, "Open my page"))
