"""The question bank of a programme: browse it, write a question, import and export questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

import msgspec
from flask import request
from flask.typing import ResponseReturnValue

from adapters.questions import Choice, Picture, QuestionItem, question_html
from adapters.questions.formats import FORMATS
from adapters.questions.models import KINDS, MAX_CHOICES, find_item_faults
from core import clock
from core.errors import BadInput, Conflict, NotFound, RequestError
from core.messages import join_messages
from lti_tool.base import uploads
from lti_tool.base.forms import form_revision, form_text, form_texts, uploaded_file
from lti_tool.base.roles import STAFF_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import StaffContext, download_response, open_staff
from lti_tool.programmes import authoring
from lti_tool.questions import question_bank, question_form
from lti_tool.questions.question_bank import ItemChange

ROUTES = Routes("questions", "/t/<uuid:visit_id>/programmes/<key>/questions", open_staff)
PAGE_SIZE = 50
FILTERS = ("competency", "pool", "search")
SPARE_LINES = 2
_MAX_START_DIGITS = 5


@ROUTES.get("/", roles=STAFF_ROLES)
def list_questions(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _render_question_bank(staff, key)


@ROUTES.get("/export/<form_name>", roles=STAFF_ROLES)
def export_questions(staff: StaffContext, key: str, form_name: str) -> ResponseReturnValue:
    return download_response(
        *question_bank.export_questions(
            staff.work, tenant_id=staff.tenant_id, key=key, form=form_name
        )
    )


@ROUTES.get("/new", roles=STAFF_ROLES)
def new_question(staff: StaffContext, key: str) -> ResponseReturnValue:
    kind = request.args.get("kind", "single")
    if kind not in KINDS:
        raise BadInput("There is no such kind of question.")
    choices = [Choice("true", "True"), Choice("false", "False")] if kind == "true_false" else []
    item = QuestionItem("", "", "", kind=kind, choices=choices)
    return _render_question_form(staff, key, item, fresh=True)


@ROUTES.get("/edit/<item_key>", roles=STAFF_ROLES)
def edit_question(staff: StaffContext, key: str, item_key: str) -> ResponseReturnValue:
    programme = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key).programme
    item = next((item for item in programme.items if item.key == item_key), None)
    if item is None:
        raise NotFound("There is no such question in this programme.")
    return _render_question_form(staff, key, item, fresh=False)


@ROUTES.post("/save", roles=STAFF_ROLES, upload=True)
def save_question(staff: StaffContext, key: str) -> ResponseReturnValue:
    before, typed = form_text("key"), None
    try:
        programme = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key).programme
        question, uploaded = question_form.read_question(programme)
        typed = question
        faults = find_item_faults(question)
        if faults:
            raise BadInput(join_messages(faults))
        _update_items(
            staff,
            key,
            lambda items: (
                [question if item.key == question.key else item for item in items]
                if before
                else [*items, question]
            ),
            uploaded,
        )
    except (BadInput, Conflict) as error:
        if typed is None:
            return _render_question_bank(staff, key, error)
        return _render_question_form(staff, key, typed, fresh=not before, error=error)
    return staff.redirect(f"programmes/{key}/questions/?done=saved")


@ROUTES.post("/remove", roles=STAFF_ROLES)
def delete_question(staff: StaffContext, key: str) -> ResponseReturnValue:
    removed = form_text("key")
    try:
        _update_items(staff, key, lambda items: [item for item in items if item.key != removed])
    except (BadInput, Conflict) as error:
        return _render_question_bank(staff, key, error)
    return staff.redirect(f"programmes/{key}/questions/?done=removed")


@ROUTES.post("/change", roles=STAFF_ROLES)
def change_questions(staff: StaffContext, key: str) -> ResponseReturnValue:
    """Change several questions at once: those that are ticked, or all that the search finds."""
    chosen = {name: form_text(name) for name in FILTERS}
    kept = urlencode({name: value for name, value in chosen.items() if value})
    number = 0

    def apply(items: list[QuestionItem]) -> list[QuestionItem]:
        nonlocal number
        if form_text("which") == "found":
            keys = {item.key for item in items if _matches_filter(item, chosen)}
        else:
            keys = set(form_texts("item"))
        change = ItemChange(form_text("set_competency"), form_text("set_pool"), form_text("weight"))
        if form_text("act") == "remove":
            changed, number = question_bank.remove_items(items, keys, form_text("sure") == "1")
        else:
            changed, number = question_bank.change_items(items, keys, change)
        return changed

    try:
        _update_items(staff, key, apply)
    except (BadInput, Conflict) as error:
        return _render_question_bank(staff, key, error)
    act = "removed" if form_text("act") == "remove" else "changed"
    return staff.redirect(f"programmes/{key}/questions/?done={act}&count={number}&{kept}")


@ROUTES.post("/look", roles=STAFF_ROLES, upload=True)
def preview_questions(staff: StaffContext, key: str) -> ResponseReturnValue:
    """Preview what a file of questions would import."""
    competency, pool = form_text("competency"), form_text("pool")
    try:
        name, content = uploaded_file()
        intake = question_bank.preview_question_import(
            staff.work,
            tenant_id=staff.tenant_id,
            key=key,
            name=name,
            content=content,
            competency=competency,
            pool=pool,
        )
        upload_id = uploads.store_upload(
            staff.work,
            tenant_id=staff.tenant_id,
            purpose=uploads.QUESTIONS,
            name=name,
            content=content,
        )
    except BadInput as error:
        return _render_question_bank(staff, key, error)
    return staff.render(
        "intake.html",
        work=authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key),
        intake=intake,
        kept=upload_id,
        competency=competency,
        pool=pool,
    )


@ROUTES.post("/take", roles=STAFF_ROLES)
def import_questions(staff: StaffContext, key: str) -> ResponseReturnValue:
    text = form_text("kept")
    try:
        name, content = uploads.load_upload(
            staff.work, tenant_id=staff.tenant_id, purpose=uploads.QUESTIONS, text=text
        )
        question_bank.import_questions(
            staff.work,
            tenant_id=staff.tenant_id,
            key=key,
            revision=form_revision(),
            name=name,
            content=content,
            competency=form_text("competency"),
            pool=form_text("pool"),
            who=staff.who,
            now=clock.now(),
        )
    except (BadInput, Conflict) as error:
        return _render_question_bank(staff, key, error)
    uploads.discard_upload(staff.work, tenant_id=staff.tenant_id, text=text)
    return staff.redirect(f"programmes/{key}/questions/?done=taken")


def _update_items(
    staff: StaffContext,
    key: str,
    change: Callable[[list[QuestionItem]], list[QuestionItem]],
    uploaded: Sequence[Picture] = (),
) -> None:
    authoring.update_draft(
        staff.work,
        tenant_id=staff.tenant_id,
        key=key,
        revision=form_revision(),
        make=lambda programme: msgspec.structs.replace(programme, items=change(programme.items)),
        who=staff.who,
        now=clock.now(),
        uploaded=uploaded,
    )


def _render_question_bank(
    staff: StaffContext, key: str, error: RequestError | None = None
) -> ResponseReturnValue:
    draft = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key)
    sent = request.form if error and "which" in request.form else request.args
    chosen = {name: sent.get(name, "") for name in FILTERS}
    items = [item for item in draft.programme.items if _matches_filter(item, chosen)]
    text = request.args.get("from", "")
    start = int(text) if text.isdecimal() and len(text) <= _MAX_START_DIGITS else 0
    return staff.render(
        "questions.html",
        error.status if error else 200,
        work=draft,
        items=items[start : start + PAGE_SIZE],
        count=len(items),
        start=start,
        after=start + PAGE_SIZE if start + PAGE_SIZE < len(items) else None,
        number=request.args.get("count", 0, type=int),
        chosen=chosen,
        sent=sent,
        ticked=set(form_texts("item")) if error else set(),
        error=error,
        formats=FORMATS,
        today=clock.now().date(),
    )


def _matches_filter(item: QuestionItem, chosen: dict[str, str]) -> bool:
    search = chosen["search"].casefold()
    return (
        (not chosen["competency"] or item.competency == chosen["competency"])
        and (not chosen["pool"] or item.pool == chosen["pool"])
        and (
            not search
            or search
            in f"{item.key} {item.title} {question_html.html_to_text(item.stem)} "
            f"{' '.join(item.tags)}".casefold()
        )
    )


def _render_question_form(
    staff: StaffContext,
    key: str,
    item: QuestionItem,
    *,
    fresh: bool,
    error: RequestError | None = None,
) -> ResponseReturnValue:
    return staff.render(
        "question_form.html",
        error.status if error else 200,
        work=authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key),
        item=item,
        fresh=fresh,
        error=error,
        kinds=KINDS,
        spare=SPARE_LINES,
        most=MAX_CHOICES,
    )
