"""Mails that ask somebody for an answer: to who leads and who accompanies a learner, and to the peer whom the learner asked.

They go to addresses of the list, never to one that was typed by a learner.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from lti_tool.actions import languages
from lti_tool.actions.acts import Stage
from lti_tool.store import directory, mails

KIND = "review"


def tell_reviewers(stage: Stage, key: str, subject: str, words: str, now: datetime, peer_id: uuid.UUID | None = None) -> None:
    """A mail to each of them; ``subject`` (which may hold the learner's name) and ``words`` are said in the language of each."""
    learner = directory.profile(stage.connection, stage.tenant_id, stage.episode.person_id)
    tell(stage, [learner.mentor_id, learner.manager_id, peer_id], key, subject, words, now)


def tell(stage: Stage, people: Iterable[uuid.UUID | None], key: str, subject: str, words: str, now: datetime, path: str = "inbox") -> None:
    """The same to these people. What ``key`` names is said to each of them once."""
    name = directory.profile(stage.connection, stage.tenant_id, stage.episode.person_id).name
    rows = []
    for person_id in dict.fromkeys(one for one in people if one is not None):
        if KIND in mails.stopped(stage.connection, stage.tenant_id, person_id):
            continue
        tag = languages.choose([directory.profile(stage.connection, stage.tenant_id, person_id).language])
        said = languages.translated
        rows.append(
            {
                "person_id": person_id,
                "kind": KIND,
                "key": key,
                "subject": said(tag, subject, name=name or said(tag, "A learner")),
                "words": said(tag, words),
                "programme": stage.programme.key,
                "path": path,
                "next_try_at": now,
            }
        )
    mails.queue(stage.connection, stage.tenant_id, rows)
