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

from core.errors import BadInput, Refused
from core.http import OutsideCallFailed
from lrs.vocabulary import COUNTS_AS, LARGEST_GRADE, TASK
from lti_tool.actions import authoring
from lti_tool.actions.weighing import Office
from lti_tool.lti.deps import ToolDeps
from lti_tool.views.office import Desk, Opening, text_of

log = logging.getLogger(__name__)

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S{1,1900}\Z")  # an IRI, checked only superficially
_AWAY = "The record store does not answer just now. Nothing was changed; try again in a minute."


def blueprint(deps: ToolDeps, opening: Opening) -> Blueprint:
    """The page below ``/t/<visit>/programmes/<key>/elsewhere``."""
    pages = Blueprint("elsewhere", __name__, url_prefix="/t/<uuid:given>/programmes/<key>/elsewhere")

    def at(given: uuid.UUID, key: str) -> tuple[Desk, Office]:
        desk = opening(given)
        return desk, Office(deps, desk.tenant_id, key, desk.who)

    def page(desk: Desk, office: Office, key: str, error: Refused | None = None) -> ResponseReturnValue:
        programme = authoring.work(deps.unit_of_work, tenant_id=desk.tenant_id, key=key).programme
        try:
            found, status = office.mappings(), error.status if error else 200
        except OutsideCallFailed as failed:
            log.warning("tenant %s: no mappings: %s", desk.tenant_id, failed.message)
            found, status, error = None, 503, BadInput(_AWAY)
        values = {"programme": programme, "iri": office.programme, "mappings": found, "error": error, "kinds": COUNTS_AS, "form": request.form}
        return desk.show("elsewhere.html", status, **values)

    def acted(desk: Desk, office: Office, key: str, act: Callable[[], None], done: str) -> ResponseReturnValue:
        try:
            act()
        except BadInput as error:
            return page(desk, office, key, error)
        except OutsideCallFailed as failed:
            log.warning("tenant %s: a mapping was not changed: %s", desk.tenant_id, failed.message)
            return page(desk, office, key, BadInput(_AWAY))
        return redirect(f"{desk.home}programmes/{key}/elsewhere/?done={done}", code=303)

    @pages.get("/")
    def every(given: uuid.UUID, key: str) -> ResponseReturnValue:
        desk, office = at(given, key)
        return page(desk, office, key)

    @pages.post("/")
    def add(given: uuid.UUID, key: str) -> ResponseReturnValue:
        desk, office = at(given, key)
        authoring.work(deps.unit_of_work, tenant_id=desk.tenant_id, key=key)  # raises NotFound if there is no such programme

        def act() -> None:
            kind, competency, grade, activity = text_of("counts_as"), text_of("competency"), text_of("evidence_grade"), text_of("activity")
            if not _ADDRESS.match(activity):
                raise BadInput("Give the address as the other system shows it; it begins like https://.", field="activity")
            if kind == TASK and grade not in map(str, range(1, LARGEST_GRADE + 1)):
                raise BadInput("Choose who vouches for it.", field="evidence_grade")
            told = {"competency": f"{office.programme}/competencies/{competency}" if competency and kind == "check" else None}
            office.map_activity({"activity": activity, "counts_as": kind, **told, "evidence_grade": int(grade) if kind == TASK else None})

        return acted(desk, office, key, act, "added")

    @pages.post("/undo")
    def undo(given: uuid.UUID, key: str) -> ResponseReturnValue:
        desk, office = at(given, key)
        number = text_of("mapping")

        def act() -> None:
            if number not in {str(one["mapping_id"]) for one in office.mappings()}:
                raise BadInput("It does not count here any more; somebody may have taken it back.")
            office.unmap_activity(int(number))

        return acted(desk, office, key, act, "undone")

    return pages
