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
from lti_tool.base.staff_context import ContextOpener, StaffContext, form_text
from lti_tool.business.business_figures import ProgrammeBusiness
from lti_tool.programmes import authoring

log = logging.getLogger(__name__)

_IRI_PATTERN = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:\S{1,1900}\Z"
)  # an IRI, checked only superficially
_STORE_UNAVAILABLE = (
    "The record store does not answer just now. Nothing was changed; try again in a minute."
)


def blueprint(deps: ToolDeps, opening: ContextOpener) -> Blueprint:
    """The page below ``/t/<visit>/programmes/<key>/elsewhere``."""
    pages = Blueprint(
        "elsewhere", __name__, url_prefix="/t/<uuid:visit_id>/programmes/<key>/elsewhere"
    )

    def open_figures(visit_id: uuid.UUID, key: str) -> tuple[StaffContext, ProgrammeBusiness]:
        staff = opening(visit_id)
        return staff, ProgrammeBusiness(deps, staff.tenant_id, key, staff.who)

    def render_mappings(
        staff: StaffContext, figures: ProgrammeBusiness, key: str, error: RequestError | None = None
    ) -> ResponseReturnValue:
        programme = authoring.load_draft(
            deps.unit_of_work, tenant_id=staff.tenant_id, key=key
        ).programme
        try:
            result, status = figures.mappings(), error.status if error else 200
        except OutsideCallFailed as failed:
            log.warning("tenant %s: no mappings: %s", staff.tenant_id, failed.message)
            result, status, error = None, 503, BadInput(_STORE_UNAVAILABLE)
        values = {
            "programme": programme,
            "iri": figures.programme,
            "mappings": result,
            "error": error,
            "kinds": MAPPABLE_KINDS,
            "form": request.form,
        }
        return staff.render("elsewhere.html", status, **values)

    def run_change(
        staff: StaffContext,
        figures: ProgrammeBusiness,
        key: str,
        act: Callable[[], None],
        done: str,
    ) -> ResponseReturnValue:
        try:
            act()
        except BadInput as error:
            return render_mappings(staff, figures, key, error)
        except OutsideCallFailed as failed:
            log.warning("tenant %s: a mapping was not changed: %s", staff.tenant_id, failed.message)
            return render_mappings(staff, figures, key, BadInput(_STORE_UNAVAILABLE))
        return redirect(f"{staff.home}programmes/{key}/elsewhere/?done={done}", code=303)

    @pages.get("/")
    def show_mappings(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff, figures = open_figures(visit_id, key)
        return render_mappings(staff, figures, key)

    @pages.post("/")
    def add_mapping(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff, figures = open_figures(visit_id, key)
        authoring.load_draft(
            deps.unit_of_work, tenant_id=staff.tenant_id, key=key
        )  # raises NotFound if there is no such programme

        def send_mapping() -> None:
            kind, competency, grade, activity = (
                form_text("counts_as"),
                form_text("competency"),
                form_text("evidence_grade"),
                form_text("activity"),
            )
            if not _IRI_PATTERN.match(activity):
                raise BadInput(
                    "Give the address as the other system shows it; it begins like https://.",
                    field="activity",
                )
            if kind == TASK and grade not in map(str, range(1, MAX_EVIDENCE_GRADE + 1)):
                raise BadInput("Choose who vouches for it.", field="evidence_grade")
            targets = {
                "competency": f"{figures.programme}/competencies/{competency}"
                if competency and kind == "check"
                else None
            }
            figures.map_activity(
                {
                    "activity": activity,
                    "counts_as": kind,
                    **targets,
                    "evidence_grade": int(grade) if kind == TASK else None,
                }
            )

        return run_change(staff, figures, key, send_mapping, "added")

    @pages.post("/undo")
    def remove_mapping(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff, figures = open_figures(visit_id, key)
        number = form_text("mapping")

        def send_removal() -> None:
            if number not in {str(mapping["mapping_id"]) for mapping in figures.mappings()}:
                raise BadInput("It does not count here any more; somebody may have taken it back.")
            figures.unmap_activity(int(number))

        return run_change(staff, figures, key, send_removal, "undone")

    return pages
