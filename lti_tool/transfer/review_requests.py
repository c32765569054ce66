"""Mails that ask somebody to respond: a learner's manager and mentor, or the peer whom the
learner asked.

They go to addresses in the directory, never to one that a learner typed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from core import translations
from lti_tool.base import mail_outbox_store
from lti_tool.people import directory_store
from lti_tool.programmes.episode_context import EpisodeContext

REVIEW_MAIL_KIND = "review"


def mail_reviewers(
    stage: EpisodeContext,
    key: str,
    subject: str,
    words: str,
    now: datetime,
    peer_id: uuid.UUID | None = None,
) -> None:
    """Queue a mail to each reviewer; ``subject`` (which may hold the learner's name) and
    ``words`` are translated into the recipient's language."""
    learner = directory_store.get_profile(
        stage.connection, stage.tenant_id, stage.episode.person_id
    )
    mail_people(stage, [learner.mentor_id, learner.manager_id, peer_id], key, subject, words, now)


def mail_people(
    stage: EpisodeContext,
    people: Iterable[uuid.UUID | None],
    key: str,
    subject: str,
    words: str,
    now: datetime,
    path: str = "inbox",
) -> None:
    """Queue a mail to each of these people. Nobody gets more than one mail for the same
    ``key``."""
    name = directory_store.get_profile(
        stage.connection, stage.tenant_id, stage.episode.person_id
    ).name
    rows = []
    for person_id in dict.fromkeys(person for person in people if person is not None):
        if REVIEW_MAIL_KIND in mail_outbox_store.list_stopped_kinds(
            stage.connection, stage.tenant_id, person_id
        ):
            continue
        tag = translations.choose_language(
            [directory_store.get_profile(stage.connection, stage.tenant_id, person_id).language]
        )
        rows.append(
            {
                "person_id": person_id,
                "kind": REVIEW_MAIL_KIND,
                "key": key,
                "subject": translations.translate_text(
                    tag,
                    subject,
                    name=name or translations.translate_text(tag, "A participant"),
                ),
                "words": translations.translate_text(tag, words),
                "programme": stage.programme.key,
                "path": path,
                "next_try_at": now,
            }
        )
    mail_outbox_store.enqueue_mails(stage.connection, stage.tenant_id, rows)
