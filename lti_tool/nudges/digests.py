"""Weekly digests to channels: what is coming up in a programme, without names and without
numbers that point to an individual."""

from __future__ import annotations

import uuid
from datetime import datetime, time

from adapters.channels import chat
from adapters.channels.chat import ChannelDigest
from core import translations
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from core.messages import gettext_noop, lazy_gettext
from core.secrets import Secrets
from lrs.vocabulary import MIN_GROUP_SIZE
from lti_tool.base import journal_store
from lti_tool.nudges import channels_store
from lti_tool.nudges.channels_store import Channel, UpcomingCounts
from lti_tool.programmes import drafts_store, episodes_store, programmes, working_time
from lti_tool.programmes.programmes import Programme

CHANNEL_URL_PURPOSE = "channel address"
DIGEST_DAYS = 7
FIRST_POST_TIME, LAST_POST_TIME = (
    time(9),
    time(16),
)  # within the programme's working hours, so that the post is seen
MAX_CHANNEL_NAME_CHARS, MAX_CHANNEL_URL_CHARS, MAX_CHANNELS = 80, 2_000, 20


def list_channels(unit_of_work: UnitOfWork, *, tenant_id: int, programme: str) -> list[Channel]:
    """List the channels of a programme."""
    with unit_of_work(tenant_id) as connection:
        return channels_store.list_channels(connection, tenant_id, programme)


def add_channel(
    unit_of_work: UnitOfWork,
    secrets: Secrets,
    *,
    tenant_id: int,
    programme: str,
    name: str,
    url: str,
    base_url: str,
    who: str,
    now: datetime,
) -> None:
    """Add a channel that receives the digest from now on. A first post announces it, so that
    whoever added the channel sees at once whether posts arrive."""
    words, address = " ".join(name.split()), url.strip()
    if not words or len(words) > MAX_CHANNEL_NAME_CHARS:
        raise BadInput(
            lazy_gettext(
                "Name the channel in up to %(most)s characters.", most=MAX_CHANNEL_NAME_CHARS
            ),
            field="channel_name",
        )
    kind = _require_webhook(address)
    with unit_of_work(tenant_id) as connection:
        version = episodes_store.newest_programme_versions(connection, tenant_id).get(programme)
        if version is None:
            raise BadInput("Publish the programme first; then a channel can hear of it.")
        if len(channels_store.list_channels(connection, tenant_id, programme)) >= MAX_CHANNELS:
            raise BadInput(
                lazy_gettext("A programme has up to %(most)s channels.", most=MAX_CHANNELS)
            )
        result = programmes.load_programme(connection, tenant_id, programme, version)
        created = uuid.uuid4()
        values = {
            "id": created,
            "programme": programme,
            "name": words,
            "kind": kind,
            "url_sealed": secrets.seal(CHANNEL_URL_PURPOSE, address),
        }
        channels_store.insert_channel(connection, tenant_id, values)
        tag = translations.choose_language([result.language])
        first = translations.translate_text(
            tag, "Once a week this channel hears what is ahead, without names."
        )
        channels_store.enqueue_post(
            connection,
            tenant_id,
            created,
            "begun",
            chat.build_payload(kind, _build_digest(result, [first], base_url)),
        )
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "added a channel",
            {"programme": programme, "channel": words, "kind": kind},
        )


def _require_webhook(address: str) -> str:
    """The kind of the incoming webhook at this address."""
    kind = chat.detect_webhook_kind(address) if len(address) <= MAX_CHANNEL_URL_CHARS else ""
    if not kind:
        raise BadInput(
            "This is no address of an incoming webhook of Slack (hooks.slack.com) or of a Teams "
            "workflow (…logic.azure.com, …powerplatform.com)."
            " Copy it from the channel's settings.",
            field="channel_url",
        )
    return kind


def remove_channel(
    unit_of_work: UnitOfWork, *, tenant_id: int, programme: str, channel_id: uuid.UUID, who: str
) -> None:
    """Remove a channel; it receives no more digests."""
    with unit_of_work(tenant_id) as connection:
        name = channels_store.delete_channel(connection, tenant_id, programme, channel_id)
        if not name:
            raise NotFound("There is no such channel any more.")
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "removed a channel",
            {"programme": programme, "channel": name},
        )


def queue_digests(unit_of_work: UnitOfWork, *, tenant_id: int, base_url: str, now: datetime) -> int:
    """Queue this week's digests, on its first working day in the programme's calendar;
    return how many."""
    queued = 0
    with unit_of_work(tenant_id) as connection:
        put_away, newest = (
            drafts_store.list_archived_keys(connection, tenant_id),
            episodes_store.newest_programme_versions(connection, tenant_id),
        )
        for key in sorted(
            {item.programme for item in channels_store.list_channels(connection, tenant_id)}
        ):
            if key in put_away or key not in newest:
                continue
            result = programmes.load_programme(connection, tenant_id, key, newest[key])
            if not is_working_hour(result, now):
                continue
            local = now.astimezone(working_time.resolve_working_time("", [], result.calendar).zone)
            lines = digest_lines(
                result, channels_store.count_upcoming(connection, tenant_id, key, now, DIGEST_DAYS)
            )
            year, week, _ = local.isocalendar()
            for channel in (
                channels_store.list_channels(connection, tenant_id, key) if lines else []
            ):
                body = chat.build_payload(channel.kind, _build_digest(result, lines, base_url))
                queued += channels_store.enqueue_post(
                    connection, tenant_id, channel.id, f"week {year}-{week}", body
                )
    return queued


def is_working_hour(programme: Programme, now: datetime) -> bool:
    """Whether it is a working hour in the programme's calendar, so that messages are seen."""
    when = working_time.resolve_working_time("", [], programme.calendar)
    local = now.astimezone(when.zone)
    return when.works_on(local.date()) and FIRST_POST_TIME <= local.time() < LAST_POST_TIME


def digest_lines(programme: Programme, ahead: UpcomingCounts) -> list[str]:
    """The digest's lines, in the programme's language and without names; empty if nothing is
    coming up."""
    tag = translations.choose_language([programme.language])

    def count_line(text: str, count: int) -> list[str]:
        few = translations.translate_text(tag, "a few")
        return (
            [
                translations.translate_text(
                    tag, text, count=count if count >= MIN_GROUP_SIZE else few
                )
            ]
            if count
            else []
        )

    return [
        *count_line(
            gettext_noop("Checks that are open or due within a week: %(count)s"), ahead.checks
        ),
        *count_line(
            gettext_noop("Plans, exercises and case studies due within a week: %(count)s"),
            ahead.acts,
        ),
        *count_line(gettext_noop("Handed in and waiting for an answer: %(count)s"), ahead.answers),
        *count_line(
            gettext_noop("Coaching groups that meet within a week: %(count)s"), ahead.meetings
        ),
    ]


def _build_digest(programme: Programme, lines: list[str], base_url: str) -> ChannelDigest:
    tag = translations.choose_language([programme.language])
    return ChannelDigest(
        programme.title,
        lines,
        f"{base_url}/sign-in",
        translations.translate_text(tag, "Open my page"),
    )
