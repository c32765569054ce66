"""The content picker for a course (deep linking), and the form that returns the choice to the
LMS."""

from __future__ import annotations

from datetime import UTC, datetime, time

from flask import request
from flask.typing import ResponseReturnValue

from core.errors import BadInput
from core.http_client import url_origin
from lti_tool.base import page_responses
from lti_tool.base.forms import form_day, form_text, form_texts
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import CONTENT_ROLES
from lti_tool.base.routes import Routes
from lti_tool.launch import deep_linking

ROUTES = Routes("picker", "/t/<uuid:launch_id>", open_page)


@ROUTES.get("/pick", roles=CONTENT_ROLES)
def show_picker(page: PageContext) -> ResponseReturnValue:
    return _render_picker(page)


@ROUTES.post("/pick", roles=CONTENT_ROLES)
def submit_picks(page: PageContext) -> ResponseReturnValue:
    nothing = form_text("act") == "cancel"
    try:
        url, token = deep_linking.build_deep_linking_response(
            page.deps,
            session=page.who,
            programme=form_text("programme"),
            pages=[] if nothing else form_texts("page") or [""],
            columns=form_text("columns") == "1",
            opens_at=_form_instant("opens_on", time(0)),
            closes_at=_form_instant("closes_on", time(23, 59, 59)),
        )
    except BadInput as error:
        return _render_picker(page, error)
    page_responses.allow_form_target(url)
    return page.render("send.html", url=url, token=token, nothing=nothing)


def _render_picker(page: PageContext, error: BadInput | None = None) -> ResponseReturnValue:
    view = deep_linking.load_picker(
        page.deps, session=page.who, programme=request.values.get("programme", "")
    )
    assert page.who.deep_linking is not None
    return page.render(
        "pick.html",
        error.status if error else 200,
        view=view,
        goes_to=url_origin(page.who.deep_linking["return_url"]),
        error=error,
        sent=request.form if error else {},
        chosen=form_texts("page") if error else ["today"],
    )


def _form_instant(name: str, at: time) -> datetime | None:
    """The given time (UTC) on the day that was entered; None if no day was entered."""
    day = form_day(name)
    return None if day is None else datetime.combine(day, at, UTC)
