"""Activities of other systems that count: quizzes and assignments of the LMS, courses, work
systems whose statements reach the record store.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from core.errors import BadInput, RequestError
from core.http_client import OutsideCallFailed
from lrs.vocabulary import MAPPABLE_KINDS, MAX_EVIDENCE_GRADE, TASK
from lti_tool.base.deps import ToolDeps
from lti_tool.base.manager_context import ContextOpener, StaffContext, form_text
from lti_tool.business.business_figures import ProgrammeBusiness
from lti_tool.programmes import authoring

log = logging.getLogger(__name__)

_IRI_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S{1,1900}\Z")  # an IRI, checked only superficially
_STORE_UNAVAILABLE = "The record store does not answer just now. Nothing was changed; try again in a minute."


def blueprint(deps: ToolDeps, opening: ContextOpener) -> Blueprint:
    """The page below ``/t/<visit>/programmes/<key>/elsewhere``."""
    pages = Blueprint("elsewhere", __name__, url_prefix="/t/<uuid:given>/programmes/<key>/elsewhere")

    def open_figures(given: uuid.UUID, key: str) -> tuple[StaffContext, ProgrammeBusiness]:
        desk = opening(given)
        return desk, ProgrammeBusiness(deps, desk.tenant_id, key, desk.who)

    def render_mappings(desk: StaffContext, office: ProgrammeBusiness, key: str, error: RequestError | None = None) -> ResponseReturnValue:
        programme = authoring.load_draft(deps.unit_of_work, tenant_id=desk.tenant_id, key=key).programme
        try:
            found, status = office.mappings(), error.status if error else 200
        except OutsideCallFailed as failed:
            log.warning("tenant %s: no mappings: %s", desk.tenant_id, failed.message)
            found, status, error = None, 503, BadInput(_STORE_UNAVAILABLE)
        values = {"programme": programme, "iri": office.programme, "mappings": found, "error": error, "kinds": MAPPABLE_KINDS, "form": request.form}
        return desk.render("elsewhere.html", status, **values)

    def run_change(desk: StaffContext, office: ProgrammeBusiness, key: str, act: Callable[[], None], done: str) -> ResponseReturnValue:
        try:
            act()
        except BadInput as error:
            return render_mappings(desk, office, key, error)
        except OutsideCallFailed as failed:
            log.warning("tenant %s: a mapping was not changed: %s", desk.tenant_id, failed.message)
            return render_mappings(desk, office, key, BadInput(_STORE_UNAVAILABLE))
        return redirect(f"{desk.home}programmes/{key}/elsewhere/?done={done}", code=303)

    @pages.get("/")
    def show_mappings(given: uuid.UUID, key: str) -> ResponseReturnValue:
        desk, office = open_figures(given, key)
        return render_mappings(desk, office, key)

    @pages.post("/")
    def add_mapping(given: uuid.UUID, key: str) -> ResponseReturnValue:
        desk, office = open_figures(given, key)
        authoring.load_draft(deps.unit_of_work, tenant_id=desk.tenant_id, key=key)  # raises NotFound if there is no such programme

        def send_mapping() -> None:
            kind, competency, grade, activity = form_text("counts_as"), form_text("competency"), form_text("evidence_grade"), form_text("activity")
            if not _IRI_PATTERN.match(activity):
                raise BadInput("Give the address as the other system shows it; it begins like https://.", field="activity")
            if kind == TASK and grade not in map(str, range(1, MAX_EVIDENCE_GRADE + 1)):
                raise BadInput("Choose who vouches for it.", field="evidence_grade")
            told = {"competency": f"{office.programme}/competencies/{competency}" if competency and kind == "check" else None}
            office.map_activity({"activity": activity, "counts_as": kind, **told, "evidence_grade": int(grade) if kind == TASK else None})

        return run_change(desk, office, key, send_mapping, "added")

    @pages.post("/undo")
    def remove_mapping(given: uuid.UUID, key: str) -> ResponseReturnValue:
        desk, office = open_figures(given, key)
        number = form_text("mapping")

        def send_removal() -> None:
            if number not in {str(one["mapping_id"]) for one in office.mappings()}:
                raise BadInput("It does not count here any more; somebody may have taken it back.")
            office.unmap_activity(int(number))

        return run_change(desk, office, key, send_removal, "undone")

    return pages
