"""The offer of a supplemental workshop, for whoever leads a team."""

from __future__ import annotations

import uuid
from datetime import time

from flask import request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput
from lti_tool.assessment import workshops
from lti_tool.assessment.workshops import WorkshopOffer
from lti_tool.base.forms import DAY_FORMAT, form_day, form_text, form_texts, form_uuid, parse_uuid
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import LEADING_ROLES
from lti_tool.base.routes import Routes

ROUTES = Routes("workshops", "/t/<uuid:launch_id>/team/workshops", open_page)


@ROUTES.get("/offer/<programme>/<criterion>", roles=LEADING_ROLES)
def show_offer_form(page: PageContext, programme: str, criterion: str) -> ResponseReturnValue:
    return _render_offer(page, programme, criterion)


@ROUTES.post("/offer/<programme>/<criterion>", roles=LEADING_ROLES)
def offer_workshop(page: PageContext, programme: str, criterion: str) -> ResponseReturnValue:
    try:
        workshops.offer_workshop(
            page.work,
            session=page.who,
            offer=_read_offer(programme, criterion),
            now=clock.now(),
        )
    except BadInput as error:
        return _render_offer(page, programme, criterion, error)
    return page.redirect("team?done=offered")


@ROUTES.post("/<uuid:workshop_id>/cancel", roles=LEADING_ROLES)
def cancel_workshop(page: PageContext, workshop_id: uuid.UUID) -> ResponseReturnValue:
    workshops.cancel_workshop(page.work, session=page.who, workshop_id=workshop_id, now=clock.now())
    return page.redirect("team?done=cancelled")


def _read_offer(programme: str, criterion: str) -> WorkshopOffer:
    day = form_day("day")
    if day is None:
        raise BadInput(DAY_FORMAT, field="day")
    try:
        hour = time.fromisoformat(form_text("hour"))
    except ValueError:
        raise BadInput("Enter the hour, for example 10:00.", field="hour") from None
    episodes = [parse_uuid(text) for text in form_texts("person")]
    if form_text("who") not in ("team", "people"):
        raise BadInput("Choose for whom it is.", field="people")
    if form_text("who") == "people" and not episodes:
        raise BadInput("Tick the people for whom it is.", field="people")
    return WorkshopOffer(
        form_uuid("form_id"),
        programme,
        criterion,
        day,
        hour,
        form_text("place"),
        episodes if form_text("who") == "people" else [],
    )


def _render_offer(
    page: PageContext, programme: str, criterion: str, error: BadInput | None = None
) -> ResponseReturnValue:
    return page.render(
        "workshop.html",
        error.status if error else 200,
        view=workshops.load_offer_form(
            page.work,
            session=page.who,
            programme=programme,
            criterion=criterion,
            now=clock.now(),
        ),
        error=error,
        field=str(error.where.get("field", "")) if error else "",
        form_id=form_text("form_id") if error else str(uuid.uuid4()),
        sent=request.form,
        ticked=form_texts("person"),
        today=clock.now().date().isoformat(),
    )
