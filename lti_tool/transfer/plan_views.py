"""The learner's pages of the transfer plan and of uses on the job."""

from __future__ import annotations

import uuid

from flask import request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, RequestError
from core.messages import lazy_gettext
from lti_tool.base.forms import form_day, form_text, form_uuid
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import ALL_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.transfer import plan_page, transfer_plan

ROUTES = Routes("plan", "/t/<uuid:launch_id>", open_page)
_REOPEN_PLAN = lazy_gettext("The form is not complete; open your plan again.")


@ROUTES.get("/plan", roles=ALL_ROLES)
def show_plan(page: PageContext) -> ResponseReturnValue:
    return _render_plan(page)


@ROUTES.post("/plan", roles=ALL_ROLES)
def save_plan(page: PageContext) -> ResponseReturnValue:
    commit = request.form.get("act") == "commit"
    try:
        transfer_plan.submit_plan(
            page.work,
            session=page.who,
            task=form_text("task"),
            what=form_text("what"),
            by_when=form_day("by_when"),
            with_whom=form_text("with_whom"),
            evidence=form_text("evidence"),
            obstacle=form_text("obstacle"),
            commit=commit,
            now=clock.now(),
        )
    except BadInput as error:
        return _render_plan(page, error)
    page.request_jobs(SEND_STATEMENTS)
    return page.redirect(f"plan?done={'committed' if commit else 'saved'}")


@ROUTES.post("/uses", roles=ALL_ROLES)
def report_use(page: PageContext) -> ResponseReturnValue:
    try:
        transfer_plan.report_job_use(
            page.work,
            session=page.who,
            form_id=form_uuid("form_id", _REOPEN_PLAN),
            task=form_text("task"),
            used_on=form_day("used_on"),
            words=form_text("words"),
            peer=form_text("peer"),
            now=clock.now(),
        )
    except BadInput as error:
        return _render_plan(page, error)
    page.request_jobs(SEND_STATEMENTS, SEND_MAILS)
    return page.redirect("plan?done=reported")


def _render_plan(page: PageContext, error: RequestError | None = None) -> ResponseReturnValue:
    return page.render(
        "plan.html",
        error.status if error else 200,
        view=plan_page.load_plan(page.work, session=page.who),
        titles=plan_page.list_task_titles(page.work, session=page.who),
        revisions=plan_page.list_plan_revisions(page.work, session=page.who),
        error=error.message if error else "",
        field=str(error.where.get("field", "")) if error else "",
        form_id=uuid.uuid4(),
        today=clock.now().date().isoformat(),
    )
