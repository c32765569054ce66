"""A learner's remark on a question that was answered or is being asked: wrong, unclear, out of
date. It reaches the programme's owner anonymously.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from adapters import xapi_statements
from adapters.questions import question_html
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from core.messages import lazy_gettext
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import item_remarks_store, quiz_attempts
from lti_tool.programmes import episode_context

MAX_TEXT_LENGTH = 2_000


def save_remark(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    form_id: uuid.UUID,
    attempt_id: uuid.UUID,
    position: int,
    words: str,
    now: datetime,
) -> bool:
    """Store a remark on the question at a position of the learner's own attempt; return whether
    the question was already answered. ``form_id`` comes from the form and makes the request
    idempotent."""
    text = words.strip()
    if not text or len(text) > MAX_TEXT_LENGTH:
        raise BadInput(
            lazy_gettext(
                "Write what is wrong or unclear, in up to %(most)s characters.",
                most=MAX_TEXT_LENGTH,
            ),
            field="words",
        )
    progress = quiz_attempts.load_attempt_progress(
        unit_of_work, session=session, attempt_id=attempt_id
    )
    answered = 1 <= position <= len(progress.answers)
    if not answered and position != progress.position:
        raise NotFound("This question was not asked yet.")
    item = progress.item(position)
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        if not item_remarks_store.insert_remark(
            connection, session.tenant_id, form_id, context.episode.id, item.key, text, now
        ):
            return answered
        if progress.attempt.kind == "practice":
            return answered  # practice emits no statements, and neither do remarks on it
        title = context.programme.competency_title(item.competency)
        act = context.act(f"remark {form_id}", now)
        context.enqueue_statements(
            [
                xapi_statements.commented_statement(
                    act,
                    item=item.key,
                    stem=question_html.html_to_text(item.stem),
                    competency=item.competency,
                    competency_title=title,
                )
            ]
        )
    return answered
