"""Deliver the record store's alarms to the people who can act on them: by mail, once for
each level that an alarm reaches, and to the programme's channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection

from adapters import xapi_statements
from adapters.channels import chat
from adapters.channels.chat import ChannelDigest
from adapters.lrs_client import Alarm
from core import translations
from core.database import UnitOfWork
from lti_tool.base import mail_outbox_store, roles
from lti_tool.nudges import channels_store, digests
from lti_tool.people import directory_store
from lti_tool.programmes import drafts_store, episodes_store, programmes
from lti_tool.programmes.programmes import Programme

ALARM_MAIL_KIND = "alarm"
MAX_ALARMS_PER_MAIL = 10  # alarms listed in one mail
# Level → roles that are notified. Alarms for the operator go to administrators.
_ROLES_BY_LEVEL: Mapping[str, frozenset[str]] = {
    "owner": frozenset((roles.TRAINING_MANAGER,)),
    "sponsor": frozenset((roles.TRAINING_MANAGER, roles.EXECUTIVE)),
    "steering": frozenset((roles.TRAINING_MANAGER, roles.EXECUTIVE, roles.ADMIN)),
}
_OPERATOR_ROLES = frozenset((roles.ADMIN,))
_ADVICE_BY_LEVEL = {
    "owner": "Look at what happened in that week before you change anything: one week can be an "
    "accident.",
    "sponsor": "Two of the last three weeks: agree with the people who lead these teams on one "
    "thing to change.",
    "steering": "Three weeks in a row: put it on the agenda, with an action, who does it, and "
    "until when.",
}


def queue_alarms(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    alarms: Sequence[Alarm],
    base_url: str,
    now: datetime,
) -> int:
    """Queue alarms that have not been delivered yet, during the programme's working hours;
    return how many messages were queued. A programme's alarms of one level share one mail
    and one post; they are delivered again only when a new alarm joins them."""
    queued = 0
    with unit_of_work(tenant_id) as connection:
        put_away, newest = (
            drafts_store.list_archived_keys(connection, tenant_id),
            episodes_store.newest_programme_versions(connection, tenant_id),
        )
        by_iri = {
            xapi_statements.ProgrammeRef(key, "", "").iri: key
            for key in newest
            if key not in put_away
        }
        together: dict[tuple[str, str], list[Alarm]] = defaultdict(list)
        for alarm in alarms:
            together[alarm.programme, alarm.level].append(alarm)
        for (iri, level), batch in together.items():
            key = by_iri.get(iri)
            if key is not None:
                result = programmes.load_programme(connection, tenant_id, key, newest[key])
                if digests.is_working_hour(result, now):
                    recipient_roles = _ROLES_BY_LEVEL.get(level, _ROLES_BY_LEVEL["owner"])
                    queued += _queue_alarm_mails(
                        connection,
                        tenant_id,
                        batch,
                        result.title,
                        key,
                        recipient_roles,
                        base_url,
                        now,
                    )
                    queued += _queue_alarm_posts(connection, tenant_id, batch, result, base_url)
            elif not iri:
                queued += _queue_alarm_mails(
                    connection, tenant_id, batch, "Carryover", "", _OPERATOR_ROLES, base_url, now
                )
    return queued


def _dedup_key(batch: Sequence[Alarm]) -> str:
    """The deduplication key: the level and the alarms that the message covers."""
    return (
        f"{ALARM_MAIL_KIND} {batch[0].level} "
        f"{','.join(str(number) for number in sorted(item.alarm_id for item in batch))}"
    )


def _has_new_alarm(batch: Sequence[Alarm], before: Iterable[str]) -> bool:
    """Whether at least one alarm has not been delivered at this level yet, judged by the
    keys of earlier messages."""
    delivered = {
        number
        for key in before
        if key.startswith(f"{ALARM_MAIL_KIND} {batch[0].level} ")
        for number in key.rpartition(" ")[2].split(",")
    }
    return any(str(item.alarm_id) not in delivered for item in batch)


def _queue_alarm_mails(
    connection: Connection,
    tenant_id: int,
    batch: Sequence[Alarm],
    title: str,
    programme: str,
    recipient_roles: Iterable[str],
    base_url: str,
    now: datetime,
) -> int:
    people = {
        person_id
        for person_id, _, role, _ in directory_store.list_role_grants(connection, tenant_id)
        if role in recipient_roles
    }
    what = _ADVICE_BY_LEVEL.get(batch[0].level, "") if programme else ""
    where = (
        f"Sign in at {base_url}/sign-in, or open it from your LMS: Figures, then week by week."
        if programme
        else ""
    )
    alarm_text = "\n".join(item.words for item in batch[:MAX_ALARMS_PER_MAIL])
    if len(batch) > MAX_ALARMS_PER_MAIL:
        alarm_text += f"\nAnd {len(batch) - MAX_ALARMS_PER_MAIL} more."
    rows: list[dict[str, Any]] = [
        {
            "person_id": person_id,
            "kind": ALARM_MAIL_KIND,
            "key": _dedup_key(batch),
            "subject": f"Look at it: {title}",
            "words": "\n\n".join(part for part in (alarm_text, what, where) if part),
            "programme": programme,
            "picture": urlencode(
                {"report": batch[0].series, **({"team": batch[0].team} if batch[0].team else {})}
            )
            if programme
            else "",
            "path": "today",  # figures open only after signing in, never through a mail's link
            "queued_at": now,
            "next_try_at": now,
        }
        for person_id in sorted(people)
        if ALARM_MAIL_KIND
        not in mail_outbox_store.list_stopped_kinds(connection, tenant_id, person_id)
        and _has_new_alarm(
            batch,
            mail_outbox_store.list_mail_keys(connection, tenant_id, person_id, ALARM_MAIL_KIND),
        )
    ]
    return mail_outbox_store.enqueue_mails(connection, tenant_id, rows)


def _queue_alarm_posts(
    connection: Connection,
    tenant_id: int,
    batch: Sequence[Alarm],
    programme: Programme,
    base_url: str,
) -> int:
    """Queue posts without a team, a name or a number: we cannot know who is in a channel."""
    tag = translations.choose_language([programme.language])
    line = translations.translate_text(
        tag,
        "A figure of this programme has fallen beyond ordinary variation. Its page says which, "
        "and what to do.",
    )
    queued = 0
    for channel in channels_store.list_channels(connection, tenant_id, programme.key):
        if not _has_new_alarm(
            batch, channels_store.list_post_keys(connection, tenant_id, channel.id)
        ):
            continue
        digest = ChannelDigest(
            programme.title,
            [line],
            f"{base_url}/sign-in",
            translations.translate_text(tag, "Open my page"),
        )
        queued += channels_store.enqueue_post(
            connection,
            tenant_id,
            channel.id,
            _dedup_key(batch),
            chat.build_payload(channel.kind, digest),
        )
    return queued
