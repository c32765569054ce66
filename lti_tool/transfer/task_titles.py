"""The titles of tasks: of a programme's list, or of a learner's own job."""

from __future__ import annotations

from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.transfer import transfer_store


def find_task_title(context: EpisodeContext, key: str) -> str | None:
    """The title of a task from the programme's list or from this learner's own tasks; None if it is
    in neither.
    """
    listed = context.programme.task_title(key)
    own = (
        transfer_store.list_mapped_tasks(context.connection, context.tenant_id, context.episode.id)
        if listed is None
        else []
    )
    return listed or next((item.title for item in own if item.key == key), None)


def statement_task_title(context: EpisodeContext, key: str) -> str:
    """The task's title for use in statements: the text of a learner's own task stays in the tool,
    since a record store holds no free text about work.
    """
    return context.programme.task_title(key) or "A task of the learner's own"
