"""Mails that ask somebody to respond: a learner's manager and mentor, or the peer whom the
learner asked.

They go to addresses in the directory, never to one that a learner typed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core import translations
from lti_tool.base import mail_outbox_store
from lti_tool.people import directory_store
from lti_tool.programmes.episode_context import EpisodeContext

REVIEW_MAIL_KIND = "review"
INBOX_ITEM_PATH = "inbox?item="  # the rest is the item's key (lti_tool.assessment.review_queue)


@dataclass(frozen=True)
class ReviewSubject:
    """What a mail asks to answer: a use at work, or a work sample."""

    use_id: uuid.UUID | None = None
    handed_in_id: uuid.UUID | None = None

    @property
    def path(self) -> str:
        """The page on which it is answered."""
        return INBOX_ITEM_PATH + (
            f"use-{self.use_id}" if self.use_id else f"review-{self.handed_in_id}"
        )

    @classmethod
    def of_path(cls, path: str) -> ReviewSubject | None:
        """What a mail asks to answer that opens this page; None if it asks for nothing of these."""
        kind, _, text = path.removeprefix(INBOX_ITEM_PATH).partition("-")
        if not path.startswith(INBOX_ITEM_PATH) or kind not in ("use", "review"):
            return None
        found = uuid.UUID(text)
        return cls(use_id=found) if kind == "use" else cls(handed_in_id=found)


def mail_reviewers(
    stage: EpisodeContext,
    key: str,
    subject: str,
    words: str,
    now: datetime,
    peer_id: uuid.UUID | None = None,
    *,
    about: ReviewSubject,
) -> None:
    """Queue a mail to each reviewer; ``subject`` (which may hold the learner's name) and
    ``words`` are translated into the recipient's language. It opens what it is about."""
    learner = directory_store.get_profile(
        stage.connection, stage.tenant_id, stage.episode.person_id
    )
    people = [learner.mentor_id, learner.manager_id, peer_id]
    mail_people(stage, people, key, subject, words, now, about.path)


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
