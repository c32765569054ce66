"""Review a learner's submission from the gradebook: an LTI submission review launch, or
Canvas's SpeedGrader.
"""

from __future__ import annotations

import uuid

from adapters.lms import Role
from core.errors import Forbidden, NotFound
from lti_tool.base.deps import ToolDeps
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import attempts_store, grades_store
from lti_tool.checks.quiz_attempts import AttemptProgress
from lti_tool.people import people_store
from lti_tool.programmes import episode_context, episodes_store


def load_submission(
    deps: ToolDeps, *, session: LaunchSession, attempt_id: uuid.UUID | None
) -> tuple[str, AttemptProgress]:
    """Return (the learner's name, the finished check): the newest one of the learner whom the
    launch names, or the attempt that it names.

    Learners may review their own submissions; teachers may review learners of the same
    platform, but only checks of this course.
    """
    with deps.unit_of_work(session.tenant_id) as connection:
        person = (
            people_store.find_person_id(
                connection, session.tenant_id, session.require_platform(), session.review_of
            )
            if session.review_of
            else None
        )
        if attempt_id is not None:
            person = attempts_store.find_attempt_learner(
                connection, session.tenant_id, attempt_id, session.require_course()
            )
        if person is None:
            raise NotFound("Nothing was handed in by this person in this activity yet.")
        if person != session.person_id and Role(session.role) is not Role.TEACHER:
            raise Forbidden("Only who teaches this course looks at what others handed in.")
        result = [
            check
            for check in attempts_store.list_course_checks(
                connection, session.tenant_id, person, session.require_course()
            )
            if (attempt_id is None or check.id == attempt_id) and check.finished_at is not None
        ]
        if session.line_item_url and attempt_id is None:
            here = grades_store.attempts_sent_to_column(
                connection, session.tenant_id, [item.id for item in result], session.line_item_url
            )
            result = [item for item in result if item.id in here]
        if not result:
            raise NotFound("Nothing was handed in by this person in this activity yet.")
        attempt = max(result, key=lambda item: item.started_at)
        episode = episodes_store.get_episode(connection, session.tenant_id, attempt.episode_id)
        context = episode_context.load_episode_context(connection, session.tenant_id, episode)
        name = people_store.get_person_name(connection, session.tenant_id, person)
        return name, AttemptProgress(
            attempt,
            context.programme,
            attempts_store.list_answers(connection, session.tenant_id, attempt.id),
        )
