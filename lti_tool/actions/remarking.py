"""What a learner says of a question that he or she has answered or is asked: wrong, unclear, out of date. It goes to the programme's owner, without a name."""

from __future__ import annotations

import uuid
from datetime import datetime

from adapters import xapi
from adapters.questions import html
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from lti_tool.actions import acts, checks
from lti_tool.store import remarks
from lti_tool.store.people import LaunchSession

LONGEST_WORDS = 2_000


def remark(
    unit_of_work: UnitOfWork, *, session: LaunchSession, form_id: uuid.UUID, attempt_id: uuid.UUID, position: int, words: str, now: datetime
) -> bool:
    """Say it of the question at a position of an own attempt; whether that one was answered already. ``form_id`` was given with the form: sending
    it twice says it once."""
    text = words.strip()
    if not text or len(text) > LONGEST_WORDS:
        raise BadInput(f"Write what is wrong or unclear, in up to {LONGEST_WORDS} characters.", field="words")
    progress = checks.progress(unit_of_work, session=session, attempt_id=attempt_id)
    answered = 1 <= position <= len(progress.answers)
    if not answered and position != progress.position:
        raise NotFound("This question was not asked yet.")
    item = progress.item(position)
    with unit_of_work(session.tenant_id) as connection:
        stage = acts.required_stage(connection, session)
        if not remarks.keep(connection, session.tenant_id, form_id, stage.episode.id, item.key, text, now):
            return answered
        if progress.attempt.kind == "practice":
            return answered  # practice leaves no statement, nor does what is said of it
        title = stage.programme.competency_title(item.competency)
        act = stage.act(f"remark {form_id}", now)
        stage.say([xapi.commented(act, item=item.key, stem=html.plain(item.stem), competency=item.competency, competency_title=title)])
    return answered
