"""A use at work or a work sample that is answered from its mail: what it shows, and the answer.

The link belongs to one reviewer and one thing to answer. The answer goes the way of every answer
(lti_tool.transfer.transfer_protocol), which asks again whether this person may give it; the first
one stands. A look at the link stores nothing, since mail scanners follow links.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from core.errors import BadInput, NotFound
from lti_tool.assessment import review_queue
from lti_tool.base import mail_links, mail_links_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_links_store import LinkedMail, LinkTarget, MailLink
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.launch.visits import LINK_DAYS
from lti_tool.nudges import link_sessions
from lti_tool.people import directory_store, people_store
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.transfer import reviewers, transfer_protocol, transfer_store
from lti_tool.transfer.task_titles import find_task_title
from lti_tool.transfer.transfer_store import ReportedUse, Submission


@dataclass(frozen=True)
class ReviewView:
    """What a mail asks to answer, as its page shows it: a use at work or a work sample.
    ``answered``: there is an answer that stands, ``seen`` says which one it is to a use;
    ``more``: the secret of a link to what waits next, empty for none."""

    mail: LinkedMail
    language: str
    programme_title: str
    name: str
    title: str
    use: ReportedUse | None
    handed: Submission | None
    answered: bool
    seen: bool | None = None
    more: str = ""


@dataclass(frozen=True)
class _Review:
    """A link with who reads it and what it is about."""

    link: MailLink
    session: LaunchSession
    view: ReviewView


def load_review(deps: ToolDeps, *, token: str, now: datetime) -> ReviewView:
    """Load what a link asks to answer. NotFound if there is none, BadInput if the link is too
    old, Forbidden if its reader may not answer any more."""
    return _load(deps, token, now).view


def answer_use(deps: ToolDeps, *, token: str, seen: str, now: datetime) -> ReviewView:
    """Confirm a use, or say that one could not see it (``seen``: yes, no), and return what the
    page then shows."""
    review = _load(deps, token, now)
    if review.view.use is None:
        raise NotFound("This link is of no use at work.")
    if seen not in ("yes", "no"):
        raise BadInput("Choose one of the answers.", field="seen")
    transfer_protocol.confirm_use(
        deps.unit_of_work,
        session=review.session,
        use_id=review.view.use.id,
        seen=seen == "yes",
        words="",
        now=now,
    )
    return _view_with_next(deps, review, token, now)


def answer_work(
    deps: ToolDeps, *, token: str, good: str, next_step: str, now: datetime
) -> ReviewView:
    """Answer a work sample, and return what the page then shows."""
    review = _load(deps, token, now)
    if review.view.handed is None:
        raise NotFound("This link is of no work sample.")
    transfer_protocol.review_work(
        deps.unit_of_work,
        session=review.session,
        handed_id=review.view.handed.id,
        good=good,
        next_step=next_step,
        weak_content="",
        now=now,
    )
    return _view_with_next(deps, review, token, now)


def load_work_document(deps: ToolDeps, *, token: str, now: datetime) -> tuple[str, bytes]:
    """(name, content) of the file of a work sample."""
    review = _load(deps, token, now)
    if review.view.handed is None or review.view.handed.document_id is None:
        raise NotFound("There is no such file.")
    return transfer_protocol.load_document(
        deps.unit_of_work, session=review.session, document_id=review.view.handed.document_id
    )


def _load(deps: ToolDeps, token: str, now: datetime) -> _Review:
    link = mail_links.find_link(deps.engine, token)
    if link is None or (link.use_id is None and link.handed_in_id is None):
        raise NotFound("This link asks for no answer here any more.")
    if now - link.created_at >= timedelta(days=LINK_DAYS):
        raise BadInput("This link is too old. What waits for you stands on your own page.")
    with deps.unit_of_work(link.tenant_id) as connection:
        mail = mail_links_store.get_linked_mail(connection, link.tenant_id, link.mail_id)
        language = directory_store.get_profile(connection, link.tenant_id, mail.person_id).language
        session = link_sessions.session_of_link(link, mail, language)
        return _Review(link, session, _build_view(connection, link, session, mail))


def _build_view(
    connection: Connection, link: MailLink, session: LaunchSession, mail: LinkedMail
) -> ReviewView:
    if link.use_id is not None:
        use = transfer_store.lock_use(connection, link.tenant_id, link.use_id)
        if use is None:
            raise NotFound("There is no such use on the job.")
        context, _ = reviewers.require_reviewable_episode(
            connection, session, use.episode_id, use.peer_id
        )
        seen = transfer_store.find_use_answer(connection, link.tenant_id, use.id, session.person_id)
        answered = seen is not None
        return _view(context, session, mail, use.task, use=use, answered=answered, seen=seen)
    assert link.handed_in_id is not None
    found = transfer_store.lock_submission(connection, link.tenant_id, link.handed_in_id)
    if found is None:
        raise NotFound("This was not handed in.")
    episode_id, handed = found
    context, _ = reviewers.require_reviewable_episode(
        connection, session, episode_id, handed.peer_id
    )
    given = transfer_store.reviews_by_submission(connection, link.tenant_id, [handed.id])
    return _view(context, session, mail, handed.task, handed=handed, answered=bool(given))


def _view(
    context: EpisodeContext,
    session: LaunchSession,
    mail: LinkedMail,
    task: str,
    *,
    answered: bool,
    use: ReportedUse | None = None,
    handed: Submission | None = None,
    seen: bool | None = None,
) -> ReviewView:
    return ReviewView(
        mail,
        session.locale,
        context.programme.title,
        people_store.get_person_name(
            context.connection, context.tenant_id, context.episode.person_id
        ),
        find_task_title(context, task) or task,
        use,
        handed,
        answered,
        seen,
    )


def _view_with_next(deps: ToolDeps, review: _Review, token: str, now: datetime) -> ReviewView:
    link, person_id = review.link, review.session.person_id
    view = load_review(deps, token=token, now=now)
    with deps.unit_of_work(link.tenant_id) as connection:
        link_sessions.record_opened(connection, link, view.mail, now)
        waiting = review_queue.list_waiting(connection, link.tenant_id, person_id, now)
        following = next((item for item in waiting if item.use or item.handed), None)
        if following is None:
            return view
        target = LinkTarget(
            use_id=following.use.id if following.use else None,
            handed_in_id=following.handed.id if following.handed else None,
        )
        more = mail_links.issue_link(connection, link.tenant_id, link.mail_id, target)
    return dataclasses.replace(view, more=more)
