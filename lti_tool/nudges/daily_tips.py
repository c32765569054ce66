"""Daily tips in channels: one question on each working day, the answer on the next, without names.

Only questions that checks never ask are posted: those of the pool for practice, unless a check asks
the same text.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from adapters.channels import chat
from adapters.channels.chat import ChannelDigest
from adapters.questions import question_html
from adapters.questions.models import QuestionItem
from core import translations
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from core.translations import translate_text
from lti_tool.base import journal_store
from lti_tool.nudges import channels_store, digests
from lti_tool.nudges.mailed_questions import CHOICE_LETTERS, has_mailed_choices
from lti_tool.programmes import drafts_store, episodes_store, programmes, working_time
from lti_tool.programmes.programmes import Programme
from lti_tool.questions import item_responses

_TIP = "tip"  # how the keys of their posts begin: "tip 2026-11-23 item-key"


def switch_tips(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    programme: str,
    channel_id: uuid.UUID,
    on: bool,
    who: str,
) -> None:
    """Begin or end the daily tip of a channel. BadInput if the programme has no question for
    it."""
    with unit_of_work(tenant_id) as connection:
        version = episodes_store.newest_programme_versions(connection, tenant_id).get(programme)
        if version is None:
            raise NotFound("There is no such channel any more.")
        if on and not tip_items(
            programmes.load_programme(connection, tenant_id, programme, version)
        ):
            raise BadInput(
                "A daily tip needs published questions for practice with one right answer; "
                "those of checks are never posted."
            )
        name = channels_store.update_daily_tip(connection, tenant_id, programme, channel_id, on)
        if not name:
            raise NotFound("There is no such channel any more.")
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "began the daily tip" if on else "ended the daily tip",
            {"programme": programme, "channel": name},
        )


def tip_items(programme: Programme) -> list[QuestionItem]:
    """The questions that may be posted: for practice, with one right answer, and in no check."""
    asked_in_checks = {
        _plain(item.stem).casefold() for item in programme.items if item.pool == "check"
    }
    return [
        item
        for item in programme.items
        if item.pool == "practice"
        and has_mailed_choices(item)
        and _plain(item.stem).casefold() not in asked_in_checks
    ]


def queue_tips(unit_of_work: UnitOfWork, *, tenant_id: int, base_url: str, now: datetime) -> int:
    """Queue the tips of this working day in the programmes' calendars; return how many."""
    queued = 0
    with unit_of_work(tenant_id) as connection:
        put_away, newest = (
            drafts_store.list_archived_keys(connection, tenant_id),
            episodes_store.newest_programme_versions(connection, tenant_id),
        )
        for channel in channels_store.list_channels(connection, tenant_id):
            key = channel.programme
            if not channel.daily_tip or key in put_away or key not in newest:
                continue
            programme = programmes.load_programme(connection, tenant_id, key, newest[key])
            if not digests.is_working_hour(programme, now):
                continue
            zone = working_time.resolve_working_time("", [], programme.calendar).zone
            today = f"{now.astimezone(zone).date()}"
            posted = _posted_tips(channels_store.list_post_keys(connection, tenant_id, channel.id))
            if posted and posted[-1][0] >= today:
                continue
            item = _choose_item(tip_items(programme), posted, channel.id)
            lines = _tip_lines(programme, _last_item(programme, posted), item)
            if lines:
                post = ChannelDigest(
                    programme.title,
                    lines,
                    f"{base_url}/sign-in",
                    translate_text(_language(programme), "Open my page"),
                )
                queued += channels_store.enqueue_post(
                    connection,
                    tenant_id,
                    channel.id,
                    f"{_TIP} {today} {item.key if item else ''}",
                    chat.build_payload(channel.kind, post),
                )
    return queued


def _posted_tips(keys: Sequence[str]) -> list[tuple[str, str]]:
    """(day, key of the question) of the tips so far, the oldest first."""
    return sorted(
        (day, item)
        for prefix, day, item in (key.split(" ", 2) for key in keys if key.startswith(f"{_TIP} "))
    )


def _choose_item(
    items: Sequence[QuestionItem], posted: Sequence[tuple[str, str]], channel_id: uuid.UUID
) -> QuestionItem | None:
    """The question that this channel saw least often, in an order of its own; the same for who
    asks twice on one day."""
    seen = Counter(item for _, item in posted)
    chance = random.Random(f"{channel_id}")  # noqa: S311 - the order of questions, not a secret
    shuffled = sorted(items, key=lambda item: item.key)
    chance.shuffle(shuffled)
    return min(shuffled, key=lambda item: seen[item.key], default=None)


def _last_item(programme: Programme, posted: Sequence[tuple[str, str]]) -> QuestionItem | None:
    """The question of the last tip; None if there was none, or if this version has it no more."""
    return (
        next((item for item in programme.items if item.key == posted[-1][1]), None)
        if posted
        else None
    )


def _tip_lines(
    programme: Programme, last: QuestionItem | None, item: QuestionItem | None
) -> list[str]:
    """The answer to the last question, then today's; empty if there is neither."""
    tag = _language(programme)
    lines: list[str] = []
    if last is not None:
        right = ", ".join(_plain(text) for text in item_responses.render_correct_answer(last))
        lines += [
            translate_text(tag, "Last question: %(question)s", question=_plain(last.stem)),
            translate_text(tag, "Right was: %(answer)s", answer=right),
            *_reasons(last),
        ]
    if item is not None:
        lines += [
            translate_text(tag, "Today’s question: %(question)s", question=_plain(item.stem)),
            *(
                f"{letter.upper()}) {_plain(choice.text)}"
                for letter, choice in zip(CHOICE_LETTERS, item.choices, strict=False)
            ),
            translate_text(tag, "The answer follows on the next working day."),
        ]
    return lines


def _reasons(item: QuestionItem) -> list[str]:
    feedback = item_responses.select_feedback(item, item.correct[0])
    return [_plain(text) for text in (*feedback.to_answer, *feedback.to_all)]


def _plain(text: str) -> str:
    return " ".join(question_html.html_to_text(text).split())


def _language(programme: Programme) -> str:
    return translations.choose_language([programme.language])
