"""The page on which people choose when they are reminded."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from core import page_language, translations
from core.errors import BadInput, RequestError
from lti_tool.base.forms import form_text, form_texts
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import ALL_ROLES
from lti_tool.base.routes import Routes
from lti_tool.nudges import reminder_times

ROUTES = Routes("reminder_times", "/t/<uuid:launch_id>", open_page)


@ROUTES.get("/times", roles=ALL_ROLES)
def show_times(page: PageContext) -> ResponseReturnValue:
    return _render_times(page)


@ROUTES.post("/times", roles=ALL_ROLES)
def save_times(page: PageContext) -> ResponseReturnValue:
    if form_text("act") == "working hours":
        reminder_times.use_working_hours(
            page.work, tenant_id=page.who.tenant_id, person_id=page.who.person_id
        )
        return page.redirect("times?done=reset")
    try:
        reminder_times.choose_times(
            page.work,
            session=page.who,
            days=form_texts("day"),
            begins=form_text("begins"),
            ends=form_text("ends"),
        )
    except BadInput as error:
        return _render_times(page, error)
    return page.redirect("times?done=saved")


def _render_times(page: PageContext, error: RequestError | None = None) -> ResponseReturnValue:
    return page.render(
        "times.html",
        error.status if error else 200,
        view=reminder_times.load_times(page.work, session=page.who),
        error=error,
        done=request.args.get("done", ""),
        days=translations.weekday_names(page_language.current_language()),
        hours=reminder_times.HOURS,
    )
