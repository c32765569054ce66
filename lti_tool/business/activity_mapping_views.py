"""Activities of other systems that count: quizzes and assignments of the LMS, courses, work
systems whose statements reach the record store.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import partial

from flask import request
from flask.typing import ResponseReturnValue

from adapters.lrs_client import REACH_CAP, MappingReach
from core.errors import BadInput, RequestError
from core.http_client import OutsideCallFailed
from core.messages import lazy_gettext
from lrs.vocabulary import MAPPABLE_KINDS, MAX_EVIDENCE_GRADE, TASK
from lti_tool.base.forms import form_text
from lti_tool.base.roles import STAFF_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import StaffContext, open_staff
from lti_tool.business.business_figures import ProgrammeBusiness
from lti_tool.business.business_views import STORE_UNAVAILABLE, changing_record_store, open_figures
from lti_tool.programmes import authoring
from lti_tool.programmes.programmes import Programme

log = logging.getLogger(__name__)

ROUTES = Routes("elsewhere", "/t/<uuid:visit_id>/programmes/<key>/elsewhere", open_staff)
_IRI_PATTERN = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:\S{1,1900}\Z"
)  # an IRI, checked only superficially


@ROUTES.get("/", roles=STAFF_ROLES)
def show_mappings(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _render_mappings(staff, key, open_figures(staff, key))


@ROUTES.post("/", roles=STAFF_ROLES)
def add_mapping(staff: StaffContext, key: str) -> ResponseReturnValue:
    # raises NotFound if there is no such programme
    programme = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key).programme
    return _run_change(staff, key, partial(_send_mapping, programme), "added")


@ROUTES.post("/undo", roles=STAFF_ROLES)
def remove_mapping(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _run_change(staff, key, _send_removal, "undone")


def _run_change(
    staff: StaffContext, key: str, change: Callable[[ProgrammeBusiness], object], done: str
) -> ResponseReturnValue:
    figures = open_figures(staff, key)
    try:
        with changing_record_store(staff):
            change(figures)
    except BadInput as error:
        return _render_mappings(staff, key, figures, error)
    return staff.redirect(f"programmes/{key}/elsewhere/?done={done}")


def _send_mapping(programme: Programme, figures: ProgrammeBusiness) -> None:
    kind, competency = form_text("counts_as"), form_text("competency")
    grade, activity = form_text("evidence_grade"), form_text("activity")
    if not _IRI_PATTERN.match(activity):
        raise BadInput(
            "Give the address as the other system shows it; it begins like https://.",
            field="activity",
        )
    if kind == TASK and grade not in map(str, range(1, MAX_EVIDENCE_GRADE + 1)):
        raise BadInput("Choose who vouches for it.", field="evidence_grade")
    if competency and competency not in {one.key for one in programme.competencies}:
        raise BadInput(
            lazy_gettext(
                "The programme has no competency %(competency)s; its competencies are "
                "%(competencies)s.",
                competency=repr(competency[:80]),
                competencies=", ".join(one.title for one in programme.competencies)
                or lazy_gettext("none"),
            ),
            field="competency",
        )
    stem = f"{figures.programme}/competencies/"
    of_check = (
        {
            "competency": f"{stem}{competency}",
            "competencies": [f"{stem}{one.key}" for one in programme.competencies],
        }
        if competency and kind == "check"
        else {"competency": None}
    )
    figures.map_activity(
        {
            "activity": activity,
            "counts_as": kind,
            **of_check,
            "evidence_grade": int(grade) if kind == TASK else None,
        }
    )


def _send_removal(figures: ProgrammeBusiness) -> None:
    number = form_text("mapping")
    if number not in {str(mapping["mapping_id"]) for mapping in figures.mappings()}:
        raise BadInput("It does not count here any more; somebody may have taken it back.")
    figures.unmap_activity(int(number))


def _render_mappings(
    staff: StaffContext, key: str, figures: ProgrammeBusiness, error: RequestError | None = None
) -> ResponseReturnValue:
    programme = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key).programme
    try:
        mappings, status = figures.mappings(), error.status if error else 200
    except OutsideCallFailed as failed:
        log.warning("tenant %s: no mappings: %s", staff.tenant_id, failed.message)
        mappings, status, error = None, 503, BadInput(STORE_UNAVAILABLE)
    return staff.render(
        "elsewhere.html",
        status,
        programme=programme,
        iri=figures.programme,
        mappings=mappings,
        reach=_load_reach(staff, figures) if mappings else {},
        reach_cap=REACH_CAP,
        decides_who_is_who=staff.can_grant_roles,
        error=error,
        kinds=MAPPABLE_KINDS,
        form=request.form,
    )


def _load_reach(staff: StaffContext, figures: ProgrammeBusiness) -> dict[int, MappingReach]:
    """What reached each mapping; without it the page still says what counts."""
    try:
        return figures.mapping_reach()
    except OutsideCallFailed as failed:
        log.warning("tenant %s: what reached mappings is not known: %s", staff.tenant_id, failed)
        return {}
