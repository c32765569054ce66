"""Transfer of learning to work: the learner's page of the transfer protocol, and the inbox for
managers, mentors and peers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, RequestError
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.staff_context import allow_large_upload, form_text, parse_uuid
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.transfer import transfer_protocol, work_page

MAX_NAME_LENGTH = 200


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes below ``/t/<launch>``: work, inbox, documents."""
    pages = Blueprint("transfer", __name__, url_prefix="/t/<uuid:launch_id>")
    work = deps.unit_of_work

    def render_transfer(
        who: LaunchSession, template: str, status: int = 200, **values: Any
    ) -> ResponseReturnValue:
        return render_template(template, **template_values(deps, request, who), **values), status

    def render_work(who: LaunchSession, error: RequestError | None = None) -> ResponseReturnValue:
        view = work_page.load_work_page(work, session=who, now=clock.now())
        sent = request.form.to_dict() if error else {}
        status = error.status if error else 200
        return render_transfer(
            who,
            "work.html",
            status,
            view=view,
            sent=sent,
            error=error,
            field=str(error.where.get("field", "")) if error else "",
            form_id=uuid.uuid4(),
            how_often=transfer_protocol.USE_FREQUENCIES,
        )

    def run_act(
        launch_id: uuid.UUID, what: Callable[[LaunchSession], object], done: str
    ) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        try:
            what(who)
        except (BadInput, Conflict) as error:
            return render_work(who, error)
        deps.job_requests.request_job(SEND_STATEMENTS)
        deps.job_requests.request_job(SEND_MAILS)
        return redirect(f"/t/{launch_id}/work?done={done}", code=303)

    @pages.get("/work")
    def show_work(launch_id: uuid.UUID) -> ResponseReturnValue:
        return render_work(sessions.require_session(deps, request, launch_id))

    @pages.post("/tasks")
    def add_task(launch_id: uuid.UUID) -> ResponseReturnValue:
        key, title, competency = form_text("task"), form_text("title"), form_text("competency")
        return run_act(
            launch_id,
            lambda who: transfer_protocol.add_task(
                work,
                session=who,
                episode_id=None,
                key=key,
                title=title,
                competency=competency,
                now=clock.now(),
            ),
            "mapped",
        )

    @pages.post("/tasks/drop")
    def remove_task(launch_id: uuid.UUID) -> ResponseReturnValue:
        key = form_text("key")
        return run_act(
            launch_id,
            lambda who: transfer_protocol.remove_task(work, session=who, key=key),
            "dropped",
        )

    @pages.post("/hand-in/<kind>")
    def submit_work(launch_id: uuid.UUID, kind: str) -> ResponseReturnValue:
        allow_large_upload()
        name = kind.replace("-", " ")

        def save_submission(who: LaunchSession) -> None:
            file = request.files.get("file")
            uploaded = (
                (" ".join(file.filename.replace("\0", "").split())[-MAX_NAME_LENGTH:], file.read())
                if file and file.filename
                else None
            )
            transfer_protocol.hand_in_work(
                work,
                session=who,
                kind=name,
                task=form_text("task"),
                words=form_text("words"),
                file=uploaded,
                peer=form_text("peer"),
                now=clock.now(),
            )

        return run_act(launch_id, save_submission, "handed")

    @pages.post("/no-opportunity")
    def report_no_opportunity(launch_id: uuid.UUID) -> ResponseReturnValue:
        form_id, words = parse_uuid(form_text("form_id")), form_text("words")
        return run_act(
            launch_id,
            lambda who: transfer_protocol.report_no_opportunity(
                work, session=who, form_id=form_id, words=words, now=clock.now()
            ),
            "told",
        )

    @pages.post("/follow-up")
    def submit_follow_up(launch_id: uuid.UUID) -> ResponseReturnValue:
        return run_act(launch_id, lambda who: save_follow_up(deps, who, None), "followed")

    @pages.get("/documents/<uuid:document_id>")
    def download_document(launch_id: uuid.UUID, document_id: uuid.UUID) -> ResponseReturnValue:
        """A submitted file. It is only served as a download, never displayed inline, because
        its content is untrusted."""
        who = sessions.require_session(deps, request, launch_id)
        name, content = transfer_protocol.load_document(work, session=who, document_id=document_id)
        answer = Response(content, content_type="application/octet-stream")
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return answer

    return pages


def save_follow_up(deps: ToolDeps, who: LaunchSession, episode_id: uuid.UUID | None) -> None:
    """Save the answers of a follow-up form: the learner's own, or (``episode_id``) the
    supervisor's.
    """
    if form_text("still") not in ("yes", "no"):
        raise BadInput("Say whether it is still used.", field="still")
    still = form_text("still") == "yes"
    transfer_protocol.answer_follow_up(
        deps.unit_of_work,
        session=who,
        episode_id=episode_id,
        still_used=still,
        how_often=form_text("how_often"),
        now=clock.now(),
    )
