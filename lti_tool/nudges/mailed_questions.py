"""A question that comes by mail: what it asks, its answer, and what comes after it.

The link belongs to one learner and one question. Its answer goes the way of every answer
(lti_tool.checks.quiz_attempts): it begins the check or refresher, or goes on with it, and the
first answer stands. A look at the link stores nothing, since mail scanners follow links.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from adapters.questions import Picture, question_html
from adapters.questions.models import QuestionItem
from core.errors import BadInput, NotFound
from lti_tool.base import mail_links, mail_links_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_links_store import LinkedMail, LinkTarget, MailLink
from lti_tool.checks import attempts_store, item_remarks, quiz_attempts
from lti_tool.checks.attempts_store import Answer, Attempt
from lti_tool.checks.quiz_attempts import AttemptProgress
from lti_tool.nudges import link_sessions, mailed_questions_store
from lti_tool.nudges.mailed_questions_store import MailedQuestion
from lti_tool.people import directory_store
from lti_tool.people.directory_store import Profile
from lti_tool.programmes import (
    episode_context,
    episodes_store,
    pictures,
    working_time,
)
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.programmes import Programme
from lti_tool.programmes.workload import QUIET_PERIOD_BEFORE_CHECK
from lti_tool.questions import item_responses
from lti_tool.tables.checks import AttemptKind

QUESTION_DAYS = 14  # how long a refresher's question can be answered from its mail, at most
# After an answer the page offers one more question, for as long as a sitting lasts: later, the
# link shows the answer and nothing else.
SITTING = timedelta(minutes=10)
MAX_MAILED_CHOICES = 6  # more do not fit a mail on a phone; the question opens by a link
# Choices are called A, B, C … in the mail, and by these letters in the addresses.
CHOICE_LETTERS = "abcdefghijklmnopqrst"


@dataclass(frozen=True)
class QuestionView:
    """A mailed question as its page shows it. ``answered``: the answer that stands, with the
    progress of its quiz; ``more``: the secret of the next question's link, empty if none is
    offered."""

    question: MailedQuestion
    mail: LinkedMail
    language: str
    last_day: date
    programme_title: str
    item: QuestionItem
    asks_confidence: bool
    answered: tuple[AttemptProgress, Answer] | None = None
    more: str = ""

    @property
    def is_check(self) -> bool:
        """Whether it measures."""
        return self.question.kind == AttemptKind.CHECK


def has_mailed_choices(item: QuestionItem) -> bool:
    """Whether the choices of a question can be links of a mail: one of them is the answer, they
    fit, and there is no picture."""
    return (
        item.kind in ("single", "true_false")
        and len(item.choices) <= MAX_MAILED_CHOICES
        and not any(
            question_html.picture_digests(text)
            for text in (item.stem, *(choice.text for choice in item.choices))
        )
    )


def prepare_check_question(
    context: EpisodeContext, interval: str, closes_at: datetime, now: datetime
) -> uuid.UUID | None:
    """Store the next question of a check, to be mailed; return its id, None if all are
    answered."""
    item = quiz_attempts.next_check_item(context, interval)
    return _store_question(context, AttemptKind.CHECK, interval, item, closes_at, now)


def prepare_refresher_question(context: EpisodeContext, now: datetime) -> uuid.UUID | None:
    """Store the next question of the refresher that is open now, to be mailed; return its id,
    None if no refresher is open."""
    found = quiz_attempts.next_refresher_item(context, now)
    if found is None:
        return None
    kind, item = found
    return _store_question(context, kind, "", item, _refresher_closes_at(context, now), now)


def _refresher_closes_at(context: EpisodeContext, now: datetime) -> datetime:
    """Until when a refresher's question can be answered: nothing is trained just before it is
    measured."""
    quiet = [
        check.due_at - QUIET_PERIOD_BEFORE_CHECK
        for check in episodes_store.list_scheduled_checks(
            context.connection, context.tenant_id, context.episode.id
        )
    ]
    latest = now + timedelta(days=QUESTION_DAYS)
    return min((at for at in quiet if now < at < latest), default=latest)


def _store_question(
    context: EpisodeContext, kind: str, interval: str, item: str, closes_at: datetime, now: datetime
) -> uuid.UUID | None:
    if not item:
        return None
    created = MailedQuestion(uuid.uuid4(), context.episode.id, kind, interval, item, closes_at, now)
    mailed_questions_store.insert_question(context.connection, context.tenant_id, created)
    return created.id


def last_day(person: Profile, programme: Programme, question: MailedQuestion) -> date:
    """The last day on which a question can be answered, where its learner is."""
    when = working_time.resolve_working_time(
        person.time_zone, person.working_days, programme.calendar, person.site
    )
    return when.day_of(question.closes_at - timedelta(microseconds=1))


def load_question(deps: ToolDeps, *, token: str) -> QuestionView:
    """Load a mailed question by the secret of its link; NotFound if there is none."""
    link = _require_link(deps, token)
    with deps.unit_of_work(link.tenant_id) as connection:
        return _load_view(connection, link)


def answer_question(
    deps: ToolDeps, *, token: str, form: Mapping[str, Sequence[str]], now: datetime
) -> QuestionView:
    """Store the answer, unless there is one already, and return what the page then shows.
    BadInput if the question is closed, if the form holds no answer, or if the quiz asks
    something else now."""
    link = _require_link(deps, token)
    with deps.unit_of_work(link.tenant_id) as connection:
        view = _load_view(connection, link)
    if view.answered is None:
        if now >= view.question.closes_at:
            raise BadInput("This question is closed; your page shows what comes next.")
        item_responses.parse_response(view.item, form)  # Nothing begins without an answer.
        _submit(deps, link, view, form, now)
    with deps.unit_of_work(link.tenant_id) as connection:
        link_sessions.record_opened(connection, link, view.mail, now)
    return _view_with_next(deps, link, now)


def remark_on_question(
    deps: ToolDeps, *, token: str, form_id: uuid.UUID, words: str, now: datetime
) -> QuestionView:
    """Store what the learner says of the question itself, after the answer, and return what the
    page then shows."""
    link = _require_link(deps, token)
    with deps.unit_of_work(link.tenant_id) as connection:
        view = _load_view(connection, link)
    if view.answered is None:
        raise BadInput("Answer the question first; then say what is wrong with it.")
    progress, answer = view.answered
    item_remarks.save_remark(
        deps.unit_of_work,
        session=link_sessions.session_of_link(link, view.mail, view.language),
        form_id=form_id,
        attempt_id=progress.attempt.id,
        position=answer.position,
        words=words,
        now=now,
    )
    return _view_with_next(deps, link, now)


def _view_with_next(deps: ToolDeps, link: MailLink, now: datetime) -> QuestionView:
    with deps.unit_of_work(link.tenant_id) as connection:
        view = _load_view(connection, link)
        return dataclasses.replace(view, more=_offer_next(connection, link, view, now))


def find_question_picture(deps: ToolDeps, *, token: str, digest: str) -> Picture:
    """A picture of the question, and no other."""
    view = load_question(deps, token=token)
    shown = {name for text in view.item.texts() for name in question_html.picture_digests(text)}
    if digest not in shown:
        raise NotFound("There is no such picture.")
    link = _require_link(deps, token)
    return pictures.find_picture(deps.unit_of_work, tenant_id=link.tenant_id, digest=digest)


def _require_link(deps: ToolDeps, token: str) -> MailLink:
    link = mail_links.find_link(deps.engine, token)
    if link is None or link.question_id is None:
        raise NotFound("This link is of no question here any more.")
    return link


def _load_view(connection: Connection, link: MailLink) -> QuestionView:
    assert link.question_id is not None
    tenant_id = link.tenant_id
    question = mailed_questions_store.get_questions(connection, tenant_id, [link.question_id])[
        link.question_id
    ]
    episode = episodes_store.get_episode(connection, tenant_id, question.episode_id)
    context = episode_context.load_episode_context(connection, tenant_id, episode)
    person = directory_store.get_profile(connection, tenant_id, episode.person_id)
    return QuestionView(
        question,
        mail_links_store.get_linked_mail(connection, tenant_id, link.mail_id),
        person.language,
        last_day(person, context.programme, question),
        context.programme.title,
        context.programme.item(question.item),
        context.programme.asks_confidence,
        _find_answer(context, question),
    )


def _find_answer(
    context: EpisodeContext, question: MailedQuestion
) -> tuple[AttemptProgress, Answer] | None:
    """The answer that stands: a check asks each question once, refreshers ask one again, so that
    only an answer since the mail was written counts."""
    connection, tenant_id = context.connection, context.tenant_id
    for attempt in attempts_store.list_attempts(connection, tenant_id, context.episode.id):
        if not _may_hold_answer(attempt, question):
            continue
        answers = attempts_store.list_answers(connection, tenant_id, attempt.id)
        for answer in answers:
            fresh = question.kind == AttemptKind.CHECK or answer.answered_at >= question.created_at
            if answer.item == question.item and fresh:
                return AttemptProgress(attempt, context.programme, answers), answer
    return None


def _may_hold_answer(attempt: Attempt, question: MailedQuestion) -> bool:
    return (attempt.kind, attempt.interval) == (
        question.kind,
        question.interval,
    ) and question.item in attempt.items


def _submit(
    deps: ToolDeps,
    link: MailLink,
    view: QuestionView,
    form: Mapping[str, Sequence[str]],
    now: datetime,
) -> None:
    question, session = view.question, link_sessions.session_of_link(link, view.mail, view.language)
    if view.is_check:
        attempt_id = quiz_attempts.begin_check(
            deps.unit_of_work, session=session, interval=question.interval, now=now
        )
    else:
        attempt_id = quiz_attempts.begin_quiz(
            deps.unit_of_work, session=session, kind=question.kind, now=now, first=question.item
        )
    progress = quiz_attempts.load_attempt_progress(
        deps.unit_of_work, session=session, attempt_id=attempt_id
    )
    items = progress.attempt.items
    if question.item not in items:
        raise BadInput("Your refresher asks other questions now; your page shows them.")
    quiz_attempts.submit_answer(
        deps.unit_of_work,
        session=session,
        attempt_id=attempt_id,
        position=items.index(question.item) + 1,
        form=form,
        now=now,
        timed=False,
    )


def _offer_next(connection: Connection, link: MailLink, view: QuestionView, now: datetime) -> str:
    """The secret of a link to the quiz's next question; empty if it has none, or if the answer
    was given in an earlier sitting."""
    if view.answered is None:
        return ""
    progress, answer = view.answered
    if progress.position is None or now - answer.answered_at > SITTING:
        return ""
    following = dataclasses.replace(
        view.question,
        id=uuid.uuid4(),
        item=progress.attempt.items[progress.position - 1],
        created_at=now,
    )
    mailed_questions_store.insert_question(connection, link.tenant_id, following)
    return mail_links.issue_link(
        connection, link.tenant_id, link.mail_id, LinkTarget(question_id=following.id)
    )
