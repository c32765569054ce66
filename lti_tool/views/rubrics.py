"""The rubric of a programme: its levels, its criteria with a description of each level, and the
cases for rater practice."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import msgspec
from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, Refused
from lti_tool.actions import authoring, rubrics
from lti_tool.actions.programmes import Programme
from lti_tool.actions.rubrics import Case, Criterion, Rubric
from lti_tool.lti.deps import ToolDeps
from lti_tool.views.office import Desk, Opening, revision_of, text_of

SPARE_CRITERIA = 2  # empty ones offered below the filled ones


def blueprint(deps: ToolDeps, opening: Opening) -> Blueprint:
    """The pages below ``/t/<visit>/programmes/<key>/rubric``."""
    pages = Blueprint("rubrics", __name__, url_prefix="/t/<uuid:given>/programmes/<key>/rubric")
    work = deps.unit_of_work

    def page(desk: Desk, key: str, error: Refused | None = None) -> ResponseReturnValue:
        found = authoring.work(work, tenant_id=desk.tenant_id, key=key)
        status = error.status if error else 200
        return desk.show("rubric.html", status, work=found, error=error, usual=rubrics.USUAL_LEVELS, spare=SPARE_CRITERIA)

    def change(given: uuid.UUID, key: str, make: Callable[[Programme], Programme]) -> ResponseReturnValue:
        desk = opening(given)
        try:
            authoring.change(work, tenant_id=desk.tenant_id, key=key, revision=revision_of(), make=make, who=desk.who, now=clock.now())
        except (BadInput, Conflict) as error:
            return page(desk, key, error)
        return redirect(f"{desk.home}programmes/{key}/rubric/?done=saved", code=303)

    @pages.get("/")
    def rubric(given: uuid.UUID, key: str) -> ResponseReturnValue:
        return page(opening(given), key)

    @pages.post("/levels")
    def levels(given: uuid.UUID, key: str) -> ResponseReturnValue:
        return change(given, key, _levels)

    @pages.post("/criteria")
    def criteria(given: uuid.UUID, key: str) -> ResponseReturnValue:
        return change(given, key, _criteria)

    @pages.post("/cases")
    def cases(given: uuid.UUID, key: str) -> ResponseReturnValue:
        return change(given, key, _cases)

    return pages


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 2:
        raise BadInput("Choose a level.", field="rubric")
    return int(text)


def _of(programme: Programme) -> Rubric:
    if programme.rubric is None:
        raise BadInput("Begin with the levels.", field="rubric")
    return programme.rubric


def _levels(programme: Programme) -> Programme:
    """Replace the levels; without any level the rubric is removed."""
    names = [" ".join(line.split()) for line in text_of("levels").splitlines() if line.strip()]
    if not names:
        return msgspec.structs.replace(programme, rubric=None)
    before = programme.rubric or Rubric([], 1, [])
    return msgspec.structs.replace(programme, rubric=rubrics.with_levels(before, names, _number(text_of("competent_from"))))


def _criteria(programme: Programme) -> Programme:
    """Replace the criteria. Each row of the form has a key, a title, a competency and one
    description per level. A row without a title is removed."""
    rubric = _of(programme)
    keys, titles, competencies = (request.form.getlist(name) for name in ("key", "title", "competency"))
    anchors = [" ".join(text.replace("\0", "").split()) for text in request.form.getlist("anchor")]
    wide = len(rubric.levels)
    if not len(keys) == len(titles) == len(competencies) or len(anchors) != wide * len(keys):
        raise BadInput("The form is not complete; load the page again.")
    named = iter(authoring.named(list(zip(keys, [text.replace("\0", "") for text in titles], strict=True)), "criterion"))
    kept = [
        Criterion(*next(named), competencies[line], anchors[line * wide : (line + 1) * wide]) for line, title in enumerate(titles) if title.strip()
    ]
    return msgspec.structs.replace(programme, rubric=rubrics.with_criteria(rubric, kept))


def _cases(programme: Programme) -> Programme:
    """Add a case, replace one, or (``remove``) delete one."""
    rubric = _of(programme)
    key = text_of("case")
    others = [case for case in rubric.cases if case.key != key]
    if text_of("act") == "remove":
        return msgspec.structs.replace(programme, rubric=msgspec.structs.replace(rubric, cases=others))
    if key and len(others) == len(rubric.cases):
        raise BadInput("There is no such case any more; load the page again.")
    named = authoring.named([*((case.key, case.title) for case in others), (key, text_of("title"))], "case")
    if len(named) == len(others):
        raise BadInput("Give the case a title.", field="title")
    levels = {one.key: _number(text) for one in rubric.criteria if (text := text_of(f"level-{one.key}"))}
    made = Case(*named[-1], text_of("words"), levels, text_of("why"))
    cases = [made if case.key == key else case for case in rubric.cases] if key else [*rubric.cases, made]
    return msgspec.structs.replace(programme, rubric=msgspec.structs.replace(rubric, cases=cases))
