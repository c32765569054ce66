"""The rubric of a programme: its levels, its criteria with a description of each level, and the
cases for rater practice."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, RequestError
from lti_tool.base.forms import form_revision, form_text, form_texts
from lti_tool.base.roles import STAFF_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import StaffContext, open_staff
from lti_tool.programmes import authoring, rubrics
from lti_tool.programmes.programmes import Programme
from lti_tool.programmes.rubrics import Case, Criterion, Rubric

ROUTES = Routes("rubrics", "/t/<uuid:visit_id>/programmes/<key>/rubric", open_staff)
SPARE_CRITERIA = 2  # empty ones offered below the filled ones
_MAX_LEVEL_DIGITS = 2


@ROUTES.get("/", roles=STAFF_ROLES)
def show_rubric(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _render_rubric(staff, key)


@ROUTES.post("/levels", roles=STAFF_ROLES)
def save_levels(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _save_rubric(staff, key, _apply_levels)


@ROUTES.post("/criteria", roles=STAFF_ROLES)
def save_criteria(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _save_rubric(staff, key, _apply_criteria)


@ROUTES.post("/cases", roles=STAFF_ROLES)
def save_case(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _save_rubric(staff, key, _apply_case)


def _save_rubric(
    staff: StaffContext, key: str, make: Callable[[Programme], Programme]
) -> ResponseReturnValue:
    try:
        authoring.update_draft(
            staff.work,
            tenant_id=staff.tenant_id,
            key=key,
            revision=form_revision(),
            make=make,
            who=staff.who,
            now=clock.now(),
        )
    except (BadInput, Conflict) as error:
        return _render_rubric(staff, key, error)
    return staff.redirect(f"programmes/{key}/rubric/?done=saved")


def _render_rubric(
    staff: StaffContext, key: str, error: RequestError | None = None
) -> ResponseReturnValue:
    return staff.render(
        "rubric.html",
        error.status if error else 200,
        work=authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key),
        error=error,
        usual=rubrics.DEFAULT_LEVELS,
        spare=SPARE_CRITERIA,
    )


def _parse_level(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_LEVEL_DIGITS:
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
    keys, titles, competencies = (form_texts(name) for name in ("key", "title", "competency"))
    anchors = [" ".join(text.split()) for text in form_texts("anchor")]
    wide = len(rubric.levels)
    if not len(keys) == len(titles) == len(competencies) or len(anchors) != wide * len(keys):
        raise BadInput("The form is not complete; load the page again.")
    named = iter(authoring.assign_keys(list(zip(keys, titles, strict=True)), "criterion"))
    criteria = [
        Criterion(*next(named), competencies[line], anchors[line * wide : (line + 1) * wide])
        for line, title in enumerate(titles)
        if title
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
