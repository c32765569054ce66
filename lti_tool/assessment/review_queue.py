"""What waits for a reviewer: submissions, uses, assessments, follow-ups, most urgent first."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from core.name_order import sort_key
from lrs.vocabulary import REPLY_KINDS, ActivityKind
from lti_tool.assessment import assessments_store, behaviour_assessment
from lti_tool.assessment.assessments_store import Wish
from lti_tool.programmes import due_dates, episode_context, episodes_store, schedule_store
from lti_tool.programmes.due_dates import ASSESSMENT, FOLLOW_UP
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.schedule_store import ScheduledAct
from lti_tool.programmes.workload import ACT_MINUTES, USE_MINUTES
from lti_tool.transfer import reviewers, transfer_protocol, transfer_store
from lti_tool.transfer.task_titles import find_task_title
from lti_tool.transfer.transfer_store import LearnerEpisode, ReportedUse, Submission

# What is asked of a reviewer, in the order in which items without a due date come.
REVIEW, ASSESS, CONFIRM, ANSWER_FOLLOW_UP = ("review", "assess", "use", "follow-up")
_KINDS = (REVIEW, ASSESS, CONFIRM, ANSWER_FOLLOW_UP)


@dataclass(frozen=True)
class WaitingItem:
    """An item that waits for a reviewer, with its task's title and the due date of the answer.

    ``words``: what the learner wrote when requesting an assessment.
    """

    kind: str
    learner: LearnerEpisode
    relation: str
    programme: str
    title: str
    handed: Submission | None
    use: ReportedUse | None
    due_at: datetime | None
    words: str = ""

    @property
    def key(self) -> str:
        """Names it among the items of one reviewer."""
        about = self.handed or self.use
        return f"{self.kind}-{about.id if about else self.learner.episode_id}"

    @property
    def minutes(self) -> int:
        """About how long the answer takes."""
        if self.kind == CONFIRM:
            return USE_MINUTES
        if self.handed:
            return ACT_MINUTES[REPLY_KINDS[ActivityKind(self.handed.kind)]]
        return ACT_MINUTES[ASSESSMENT if self.kind == ASSESS else FOLLOW_UP]


def list_waiting(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, now: datetime
) -> list[WaitingItem]:
    """What waits for this person: what is due first, then the rest by kind and name."""
    led = transfer_store.list_led_episodes(connection, tenant_id, person_id)
    ids = [item.episode_id for item in led]
    given_in = transfer_store.list_unreviewed_submissions(connection, tenant_id, ids, person_id)
    claimed = transfer_store.list_unanswered_uses(connection, tenant_id, ids, person_id)
    wishes = assessments_store.list_requests_to_rater(connection, tenant_id, person_id)
    others = [
        *(item for item, _ in given_in),
        *(item.episode_id for item in claimed),
        *(wish.episode_id for wish in wishes),
    ]
    # Learners who have left the programme are in neither: nothing of theirs is pending any more.
    by_episode = {item.episode_id: item for item in led} | transfer_store.learners_by_episode(
        connection, tenant_id, others
    )
    dues = {
        act: schedule_store.acts_by_episode(connection, tenant_id, ids, act)
        for act in (*REPLY_KINDS.values(), FOLLOW_UP, ASSESSMENT)
    }
    waiting = _WaitingItems(connection, tenant_id, person_id, by_episode, dues, now)
    found = [
        *waiting.submissions(given_in),
        *waiting.assessments(wishes),
        *waiting.uses(claimed),
        *waiting.follow_ups(ids),
    ]
    return sorted(found, key=_urgency)


def _urgency(item: WaitingItem) -> tuple[bool, float, int, str]:
    due = item.due_at.timestamp() if item.due_at else 0.0
    return item.due_at is None, due, _KINDS.index(item.kind), sort_key(item.learner.name)


@dataclass(frozen=True)
class _WaitingItems:
    """Builds the items of one reviewer.

    ``by_episode``: the learners still in the programme; ``dues``: act → the due dates of the
    people whom the reviewer leads or mentors.
    """

    connection: Connection
    tenant_id: int
    person_id: uuid.UUID
    by_episode: Mapping[uuid.UUID, LearnerEpisode]
    dues: Mapping[ActivityKind, Mapping[uuid.UUID, ScheduledAct]]
    now: datetime
    contexts: dict[uuid.UUID, EpisodeContext] = field(default_factory=dict)

    def submissions(
        self, given_in: Sequence[tuple[uuid.UUID, Submission]]
    ) -> Iterator[WaitingItem]:
        """What was handed in and has no answer yet."""
        for episode_id, item in given_in:
            if episode_id in self.by_episode:
                kind = ActivityKind(item.kind)
                due = self.dues[REPLY_KINDS[kind]].get(episode_id)
                at = due_dates.review_due_at(kind, due.due_at, item.at) if due else None
                yield self._item(REVIEW, episode_id, item.task, handed=item, due_at=at)

    def uses(self, claimed: Sequence[ReportedUse]) -> Iterator[WaitingItem]:
        """The uses on the job whose evidence grade this reviewer could raise."""
        for item in claimed:
            learner = self.by_episode.get(item.episode_id)
            if learner and item.grade < self._evidence_grade(learner):
                yield self._item(CONFIRM, item.episode_id, item.task, use=item)

    def _evidence_grade(self, learner: LearnerEpisode) -> int:
        """The evidence grade that this person's confirmation would give: those who cannot raise a
        grade are not asked.
        """
        return transfer_protocol.EVIDENCE_GRADES[
            reviewers.relation_to_learner(self.person_id, learner)
        ]

    def assessments(self, wishes: Sequence[Wish]) -> Iterator[WaitingItem]:
        """The assessments that were asked for, then those that are due anyway."""
        for wish in wishes:
            if wish.episode_id in self.by_episode:
                yield self._item(ASSESS, wish.episode_id, words=wish.words)
        wished = {wish.episode_id for wish in wishes}
        for episode_id, due in self.dues[ASSESSMENT].items():
            opens_at = due.due_at - behaviour_assessment.OPENS_BEFORE_DUE
            if due.done_at is None and opens_at <= self.now and episode_id not in wished:
                yield self._item(ASSESS, episode_id, due_at=due.due_at)

    def follow_ups(self, episode_ids: Sequence[uuid.UUID]) -> Iterator[WaitingItem]:
        """The follow-ups that are asked of this person as the learner's manager."""
        answered = transfer_store.list_answered_follow_ups(
            self.connection, self.tenant_id, episode_ids
        )
        for episode_id, due in self.dues[FOLLOW_UP].items():
            if (
                due.due_at <= self.now
                and (episode_id, "supervisor") not in answered
                and self.by_episode[episode_id].manager_id == self.person_id
            ):
                yield self._item(ANSWER_FOLLOW_UP, episode_id, due_at=due.due_at)

    def _item(
        self,
        kind: str,
        episode_id: uuid.UUID,
        task: str = "",
        *,
        handed: Submission | None = None,
        use: ReportedUse | None = None,
        due_at: datetime | None = None,
        words: str = "",
    ) -> WaitingItem:
        context, learner = self._context(episode_id), self.by_episode[episode_id]
        return WaitingItem(
            kind,
            learner,
            reviewers.relation_to_learner(self.person_id, learner),
            context.programme.title,
            find_task_title(context, task) or task,
            handed,
            use,
            due_at,
            words,
        )

    def _context(self, episode_id: uuid.UUID) -> EpisodeContext:
        if episode_id not in self.contexts:
            self.contexts[episode_id] = episode_context.load_episode_context(
                self.connection,
                self.tenant_id,
                episodes_store.get_episode(self.connection, self.tenant_id, episode_id),
            )
        return self.contexts[episode_id]
