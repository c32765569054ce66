"""How a programme's values are published: by which dimension, of how many people together, and
when."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import request
from flask.typing import ResponseReturnValue

from adapters.lrs_client import PublishingRule
from core.errors import BadInput, RequestError
from core.http_client import OutsideCallFailed
from core.messages import lazy_gettext
from lrs.vocabulary import MIN_GROUP_SIZE
from lti_tool.base.forms import form_text
from lti_tool.base.roles import STAFF_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import StaffContext, open_staff
from lti_tool.business.business_figures import ProgrammeBusiness
from lti_tool.business.business_views import STORE_UNAVAILABLE, changing_record_store, open_figures
from lti_tool.programmes import authoring

log = logging.getLogger(__name__)

ROUTES = Routes("publishing", "/t/<uuid:visit_id>/programmes/<key>/publishing", open_staff)
DIMENSIONS = ("team", "site", "role")
MAX_PACKET_SIZE = 100  # people; the record store takes no more


@ROUTES.get("/", roles=STAFF_ROLES)
def show_rule(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _render_rule(staff, key, open_figures(staff, key))


@ROUTES.post("/", roles=STAFF_ROLES)
def save_rule(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _change(staff, key, lambda figures: figures.decide_rule(_form_rule()), "rule")


@ROUTES.post("/now", roles=STAFF_ROLES)
def publish_now(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _change(staff, key, ProgrammeBusiness.publish_soon, "asked")


def _change(
    staff: StaffContext, key: str, change: Callable[[ProgrammeBusiness], None], done: str
) -> ResponseReturnValue:
    figures = open_figures(staff, key)
    try:
        with changing_record_store(staff):
            change(figures)
    except BadInput as error:
        return _render_rule(staff, key, figures, error)
    return staff.redirect(f"programmes/{key}/publishing/?done={done}")


def _form_rule() -> PublishingRule:
    dimension, size = form_text("dimension"), form_text("size")
    if dimension not in DIMENSIONS:
        raise BadInput("Choose team, site or role.", field="dimension")
    whole = size.isascii() and size.isdigit() and len(size) <= len(str(MAX_PACKET_SIZE))
    if not whole or not MIN_GROUP_SIZE <= int(size) <= MAX_PACKET_SIZE:
        raise BadInput(
            lazy_gettext(
                "How many people are published together is a whole number from %(fewest)s to "
                "%(most)s.",
                fewest=MIN_GROUP_SIZE,
                most=MAX_PACKET_SIZE,
            ),
            field="size",
        )
    return PublishingRule(dimension, int(size))


def _render_rule(
    staff: StaffContext, key: str, figures: ProgrammeBusiness, error: RequestError | None = None
) -> ResponseReturnValue:
    programme = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key).programme
    try:
        rule, last = figures.load_rule(), figures.load_publishing_state().last
        status = error.status if error else 200
    except OutsideCallFailed as failed:
        log.warning("tenant %s: no rule of publishing: %s", staff.tenant_id, failed.message)
        rule, last, status, error = None, None, 503, BadInput(STORE_UNAVAILABLE)
    return staff.render(
        "publishing.html",
        status,
        programme=programme,
        rule=rule,
        last=last,
        error=error,
        form=request.form,
        dimensions=DIMENSIONS,
        fewest=MIN_GROUP_SIZE,
        most=MAX_PACKET_SIZE,
    )
