"""The inbox of managers, mentors and peers: what waits for their answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, RequestError
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.staff_context import form_text
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.home import inbox
from lti_tool.transfer import transfer_protocol
from lti_tool.transfer.transfer_views import save_follow_up


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes below ``/t/<launch>/inbox``."""
    pages = Blueprint("inbox", __name__, url_prefix="/t/<uuid:launch_id>")
    work = deps.unit_of_work

    def run_act(
        launch_id: uuid.UUID, what: Callable[[LaunchSession], object], done: str
    ) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        try:
            what(who)
        except (BadInput, Conflict) as error:
            return render_inbox(who, error)
        deps.job_requests.request_job(SEND_STATEMENTS)
        deps.job_requests.request_job(SEND_MAILS)
        return redirect(f"/t/{launch_id}/inbox?done={done}", code=303)

    def render_inbox(who: LaunchSession, error: RequestError | None = None) -> ResponseReturnValue:
        view = inbox.load_inbox(work, session=who, now=clock.now())
        status = error.status if error else 200
        return render_template(
            "inbox.html",
            **template_values(deps, request, who),
            view=view,
            error=error,
            how_often=transfer_protocol.USE_FREQUENCIES,
        ), status

    @pages.get("/inbox")
    def show_inbox(launch_id: uuid.UUID) -> ResponseReturnValue:
        return render_inbox(sessions.require_session(deps, request, launch_id))

    @pages.post("/inbox/reviews/<uuid:handed_id>")
    def submit_review(launch_id: uuid.UUID, handed_id: uuid.UUID) -> ResponseReturnValue:
        good, next_step, weak = form_text("good"), form_text("next_step"), form_text("weak_content")
        return run_act(
            launch_id,
            lambda who: transfer_protocol.review_work(
                work,
                session=who,
                handed_id=handed_id,
                good=good,
                next_step=next_step,
                weak_content=weak,
                now=clock.now(),
            ),
            "reviewed",
        )

    @pages.post("/inbox/uses/<uuid:use_id>")
    def confirm_use(launch_id: uuid.UUID, use_id: uuid.UUID) -> ResponseReturnValue:
        seen, words, record = form_text("seen") == "yes", form_text("words"), form_text("record")
        return run_act(
            launch_id,
            lambda who: transfer_protocol.confirm_use(
                work,
                session=who,
                use_id=use_id,
                seen=seen,
                words=words,
                record=record,
                now=clock.now(),
            ),
            "confirmed" if seen else "unseen",
        )

    @pages.post("/inbox/follow-ups/<uuid:episode_id>")
    def answer_as_supervisor(launch_id: uuid.UUID, episode_id: uuid.UUID) -> ResponseReturnValue:
        return run_act(launch_id, lambda who: save_follow_up(deps, who, episode_id), "followed")

    @pages.post("/inbox/tasks/<uuid:episode_id>")
    def add_learner_task(launch_id: uuid.UUID, episode_id: uuid.UUID) -> ResponseReturnValue:
        key, title, competency = form_text("task"), form_text("title"), form_text("competency")
        return run_act(
            launch_id,
            lambda who: transfer_protocol.add_task(
                work,
                session=who,
                episode_id=episode_id,
                key=key,
                title=title,
                competency=competency,
                now=clock.now(),
            ),
            "mapped",
        )

    return pages
