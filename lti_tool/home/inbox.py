"""What waits for a reviewer: submissions, uses, assessments, follow-ups."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from core.database import UnitOfWork
from core.name_order import sort_key
from lrs.vocabulary import REPLY_KINDS, ActivityKind
from lti_tool.assessment import assessments_store, behaviour_assessment
from lti_tool.assessment.assessments_store import Wish
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.programmes import (
    due_dates,
    episode_context,
    episodes_store,
    programmes,
    schedule_store,
)
from lti_tool.programmes.due_dates import ASSESSMENT, FOLLOW_UP
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.schedule_store import ScheduledAct
from lti_tool.transfer import reviewers, transfer_protocol, transfer_store
from lti_tool.transfer.task_titles import find_task_title
from lti_tool.transfer.transfer_store import LearnerEpisode, ReportedUse, Submission


@dataclass(frozen=True)
class InboxItem:
    """An item that waits for a reviewer, with its task's title and the due date of the answer.

    ``words``: what the learner wrote when requesting an assessment.
    """

    learner: LearnerEpisode
    relation: str
    programme: str
    title: str
    handed: Submission | None
    use: ReportedUse | None
    due_at: datetime | None
    words: str = ""


@dataclass(frozen=True)
class Inbox:
    """A reviewer's page: submissions, uses to confirm, assessments, follow-ups, and the people
    whom the reviewer leads or mentors.
    """

    handed: list[InboxItem]
    uses: list[InboxItem]
    assessments: list[InboxItem]
    follow_ups: list[InboxItem]
    people: list[LearnerEpisode]
    assessable: frozenset[uuid.UUID]
    exercises: dict[str, str]


def load_inbox(unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime) -> Inbox:
    """Load a reviewer's inbox, most urgent items first."""
    with unit_of_work(session.tenant_id) as connection:
        led = transfer_store.list_led_episodes(connection, session.tenant_id, session.person_id)
        ids = [item.episode_id for item in led]
        given_in = transfer_store.list_unreviewed_submissions(
            connection, session.tenant_id, ids, session.person_id
        )
        claimed = transfer_store.list_unanswered_uses(
            connection, session.tenant_id, ids, session.person_id
        )
        open_requests = assessments_store.list_requests_to_rater(
            connection, session.tenant_id, session.person_id
        )
        others = [
            *(item for item, _ in given_in),
            *(item.episode_id for item in claimed),
            *(open_request.episode_id for open_request in open_requests),
        ]
        # Learners who have left the programme are in neither: nothing of theirs is pending any
        # more.
        by_episode = {item.episode_id: item for item in led} | transfer_store.learners_by_episode(
            connection, session.tenant_id, others
        )
        dues = {
            act: schedule_store.acts_by_episode(connection, session.tenant_id, ids, act)
            for act in (*REPLY_KINDS.values(), FOLLOW_UP, ASSESSMENT)
        }
        waiting = _WaitingItems(connection, session, by_episode, dues, now)
        handed = waiting.submissions(given_in)
        uses = waiting.uses(claimed)
        to_assess = waiting.assessments(open_requests)
        follow_ups = waiting.follow_ups(ids)
        assessable, exercises = _programmes_with_rubric(connection, session.tenant_id, ids)
    handed.sort(key=lambda item: (item.due_at is None, item.due_at, sort_key(item.learner.name)))
    return Inbox(handed, uses, to_assess, follow_ups, led, assessable, exercises)


@dataclass(frozen=True)
class _WaitingItems:
    """Makes the items of one reviewer's inbox.

    ``by_episode``: the learners still in the programme; ``dues``: act → the due dates of the
    people whom the reviewer leads or mentors.
    """

    connection: Connection
    session: LaunchSession
    by_episode: Mapping[uuid.UUID, LearnerEpisode]
    dues: Mapping[ActivityKind, Mapping[uuid.UUID, ScheduledAct]]
    now: datetime
    contexts: dict[uuid.UUID, EpisodeContext] = field(default_factory=dict)

    def submissions(self, given_in: Sequence[tuple[uuid.UUID, Submission]]) -> list[InboxItem]:
        """What was handed in and has no answer yet."""
        return [
            self._item(
                episode_id,
                item.task,
                handed=item,
                due=_with_review_due(
                    self.dues[REPLY_KINDS[ActivityKind(item.kind)]].get(episode_id), item
                ),
            )
            for episode_id, item in given_in
            if episode_id in self.by_episode
        ]

    def uses(self, claimed: Sequence[ReportedUse]) -> list[InboxItem]:
        """The uses on the job whose evidence grade this reviewer could raise."""
        return [
            self._item(item.episode_id, item.task, use=item)
            for item in claimed
            if item.episode_id in self.by_episode
            and item.grade < _evidence_grade(self.by_episode[item.episode_id], self.session)
        ]

    def assessments(self, open_requests: Sequence[Wish]) -> list[InboxItem]:
        """The assessments that were asked for, then those that are due anyway."""
        requested = [
            self._item(open_request.episode_id, words=open_request.words)
            for open_request in open_requests
            if open_request.episode_id in self.by_episode
        ]
        requested_episodes = {open_request.episode_id for open_request in open_requests}
        return requested + [
            self._item(episode_id, due=due)
            for episode_id, due in self.dues[ASSESSMENT].items()
            if due.done_at is None
            and due.due_at - behaviour_assessment.OPENS_BEFORE_DUE <= self.now
            and episode_id not in requested_episodes
        ]

    def follow_ups(self, episode_ids: Sequence[uuid.UUID]) -> list[InboxItem]:
        """The follow-ups that are asked of this person as the learner's manager."""
        answered = transfer_store.list_answered_follow_ups(
            self.connection, self.session.tenant_id, episode_ids
        )
        return [
            self._item(episode_id, due=due)
            for episode_id, due in self.dues[FOLLOW_UP].items()
            if due.due_at <= self.now
            and (episode_id, "supervisor") not in answered
            and self.by_episode[episode_id].manager_id == self.session.person_id
        ]

    def _item(
        self,
        episode_id: uuid.UUID,
        task: str = "",
        *,
        handed: Submission | None = None,
        use: ReportedUse | None = None,
        due: ScheduledAct | None = None,
        words: str = "",
    ) -> InboxItem:
        context, learner = self._context(episode_id), self.by_episode[episode_id]
        return InboxItem(
            learner,
            reviewers.relation_to_learner(self.session.person_id, learner),
            context.programme.title,
            find_task_title(context, task) or task,
            handed,
            use,
            due.due_at if due else None,
            words,
        )

    def _context(self, episode_id: uuid.UUID) -> EpisodeContext:
        if episode_id not in self.contexts:
            self.contexts[episode_id] = episode_context.load_episode_context(
                self.connection,
                self.session.tenant_id,
                episodes_store.get_episode(self.connection, self.session.tenant_id, episode_id),
            )
        return self.contexts[episode_id]


def _with_review_due(due: ScheduledAct | None, handed: Submission) -> ScheduledAct | None:
    return (
        replace(
            due, due_at=due_dates.review_due_at(ActivityKind(handed.kind), due.due_at, handed.at)
        )
        if due
        else None
    )


def _programmes_with_rubric(
    connection: Connection, tenant_id: int, episode_ids: Sequence[uuid.UUID]
) -> tuple[frozenset[uuid.UUID], dict[str, str]]:
    """Return the episodes whose programme has a rubric, and the programmes (key → title) whose
    newest version has cases to practise on.
    """
    episodes = episodes_store.get_episodes(connection, tenant_id, episode_ids)
    versions = {(episode.programme, episode.programme_version) for episode in episodes}
    newest = episodes_store.newest_programme_versions(connection, tenant_id)
    wanted = versions | {(key, newest[key]) for key, _ in versions}
    loaded = {item: programmes.load_programme(connection, tenant_id, *item) for item in wanted}
    assessable = frozenset(
        episode.id
        for episode in episodes
        if loaded[episode.programme, episode.programme_version].rubric
    )
    exercises = {}
    for key in sorted({key for key, _ in versions}):
        result = loaded[key, newest[key]]
        if result.rubric and result.rubric.cases:
            exercises[key] = result.title
    return assessable, exercises


def _evidence_grade(learner: LearnerEpisode, session: LaunchSession) -> int:
    """Return the evidence grade that this person's confirmation would give: those who cannot
    raise a grade are not asked.
    """
    return transfer_protocol.EVIDENCE_GRADES[
        reviewers.relation_to_learner(session.person_id, learner)
    ]
