"""The rubric of a programme: its levels, its criteria with a description of each level, and the
cases for rater practice."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import msgspec
from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, RequestError
from lti_tool.base.deps import ToolDeps
from lti_tool.base.staff_context import ContextOpener, StaffContext, form_revision, form_text
from lti_tool.programmes import authoring, rubrics
from lti_tool.programmes.programmes import Programme
from lti_tool.programmes.rubrics import Case, Criterion, Rubric

SPARE_CRITERIA = 2  # empty ones offered below the filled ones


def blueprint(deps: ToolDeps, opening: ContextOpener) -> Blueprint:
    """The pages below ``/t/<visit>/programmes/<key>/rubric``."""
    pages = Blueprint("rubrics", __name__, url_prefix="/t/<uuid:visit_id>/programmes/<key>/rubric")
    work = deps.unit_of_work

    def render_rubric(
        staff: StaffContext, key: str, error: RequestError | None = None
    ) -> ResponseReturnValue:
        result = authoring.load_draft(work, tenant_id=staff.tenant_id, key=key)
        status = error.status if error else 200
        return staff.render(
            "rubric.html",
            status,
            work=result,
            error=error,
            usual=rubrics.DEFAULT_LEVELS,
            spare=SPARE_CRITERIA,
        )

    def save_rubric(
        visit_id: uuid.UUID, key: str, make: Callable[[Programme], Programme]
    ) -> ResponseReturnValue:
        staff = opening(visit_id)
        try:
            authoring.update_draft(
                work,
                tenant_id=staff.tenant_id,
                key=key,
                revision=form_revision(),
                make=make,
                who=staff.who,
                now=clock.now(),
            )
        except (BadInput, Conflict) as error:
            return render_rubric(staff, key, error)
        return redirect(f"{staff.home}programmes/{key}/rubric/?done=saved", code=303)

    @pages.get("/")
    def show_rubric(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        return render_rubric(opening(visit_id), key)

    @pages.post("/levels")
    def save_levels(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        return save_rubric(visit_id, key, _apply_levels)

    @pages.post("/criteria")
    def save_criteria(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        return save_rubric(visit_id, key, _apply_criteria)

    @pages.post("/cases")
    def save_case(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        return save_rubric(visit_id, key, _apply_case)

    return pages


def _parse_level(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 2:
        raise BadInput("Choose a level.", field="rubric")
    return int(text)


def _require_rubric(programme: Programme) -> Rubric:
    if programme.rubric is None:
        raise BadInput("Begin with the levels.", field="rubric")
    return programme.rubric


def _apply_levels(programme: Programme) -> Programme:
    """Replace the levels; without any level the rubric is removed."""
    names = [" ".join(line.split()) for line in form_text("levels").splitlines() if line.strip()]
    if not names:
        return msgspec.structs.replace(programme, rubric=None)
    before = programme.rubric or Rubric([], 1, [])
    return msgspec.structs.replace(
        programme,
        rubric=rubrics.replace_levels(before, names, _parse_level(form_text("competent_from"))),
    )


def _apply_criteria(programme: Programme) -> Programme:
    """Replace the criteria. Each row of the form has a key, a title, a competency and one
    description per level. A row without a title is removed."""
    rubric = _require_rubric(programme)
    keys, titles, competencies = (
        request.form.getlist(name) for name in ("key", "title", "competency")
    )
    anchors = [" ".join(text.replace("\0", "").split()) for text in request.form.getlist("anchor")]
    wide = len(rubric.levels)
    if not len(keys) == len(titles) == len(competencies) or len(anchors) != wide * len(keys):
        raise BadInput("The form is not complete; load the page again.")
    named = iter(
        authoring.assign_keys(
            list(zip(keys, [text.replace("\0", "") for text in titles], strict=True)), "criterion"
        )
    )
    criteria = [
        Criterion(*next(named), competencies[line], anchors[line * wide : (line + 1) * wide])
        for line, title in enumerate(titles)
        if title.strip()
    ]
    return msgspec.structs.replace(programme, rubric=rubrics.replace_criteria(rubric, criteria))


def _apply_case(programme: Programme) -> Programme:
    """Add a case, replace one, or (``remove``) delete one."""
    rubric = _require_rubric(programme)
    key = form_text("case")
    others = [case for case in rubric.cases if case.key != key]
    if form_text("act") == "remove":
        return msgspec.structs.replace(
            programme, rubric=msgspec.structs.replace(rubric, cases=others)
        )
    if key and len(others) == len(rubric.cases):
        raise BadInput("There is no such case any more; load the page again.")
    named = authoring.assign_keys(
        [*((case.key, case.title) for case in others), (key, form_text("title"))], "case"
    )
    if len(named) == len(others):
        raise BadInput("Give the case a title.", field="title")
    levels = {
        item.key: _parse_level(text)
        for item in rubric.criteria
        if (text := form_text(f"level-{item.key}"))
    }
    created = Case(*named[-1], form_text("words"), levels, form_text("why"))
    cases = (
        [created if case.key == key else case for case in rubric.cases]
        if key
        else [*rubric.cases, created]
    )
    return msgspec.structs.replace(programme, rubric=msgspec.structs.replace(rubric, cases=cases))
