"""The question bank of a programme: browse it, write a question, import and export questions."""

from __future__ import annotations

import re
import uuid
from datetime import date
from typing import Any

import msgspec
from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from adapters.questions import AcceptedAnswer, Choice, Picture, QuestionItem, question_html
from adapters.questions.formats import FORMATS
from adapters.questions.models import (
    KINDS,
    MAX_CHOICES,
    UnsupportedQuestion,
    assign_letter_keys,
    find_item_faults,
    key_from_name,
    normalize_number,
    sort_by_key,
)
from adapters.questions.pictures import PictureRefused
from adapters.questions.pictures import load_picture as checked_picture
from core import clock
from core.errors import BadInput, Conflict, NotFound, RequestError
from lti_tool.base import uploads
from lti_tool.base.deps import ToolDeps
from lti_tool.base.staff_context import (
    ContextOpener,
    StaffContext,
    allow_large_upload,
    download_response,
    form_revision,
    form_text,
    read_uploaded_file,
)
from lti_tool.programmes import authoring
from lti_tool.programmes.programmes import Programme
from lti_tool.questions import question_bank

PAGE_SIZE = 50
SPARE_LINES = 2
_ALLOWED_TAG = re.compile(
    rf"</?(?:{'|'.join(sorted(question_html.ALLOWED_TAGS))})(?:\s[^<>]*)?/?>", re.IGNORECASE
)


def blueprint(deps: ToolDeps, opening: ContextOpener) -> Blueprint:
    """The pages below ``/t/<visit>/programmes/<key>/questions``."""
    pages = Blueprint(
        "questions", __name__, url_prefix="/t/<uuid:visit_id>/programmes/<key>/questions"
    )
    work = deps.unit_of_work

    def render_question_bank(
        staff: StaffContext, key: str, error: RequestError | None = None
    ) -> ResponseReturnValue:
        result = authoring.load_draft(work, tenant_id=staff.tenant_id, key=key)
        chosen = {name: request.args.get(name, "") for name in ("competency", "pool", "search")}
        items = [item for item in result.programme.items if _matches_filter(item, chosen)]
        start = (
            int(request.args["from"])
            if request.args.get("from", "").isdecimal() and len(request.args["from"]) < 6
            else 0
        )
        return staff.render(
            "questions.html",
            error.status if error else 200,
            work=result,
            items=items[start : start + PAGE_SIZE],
            count=len(items),
            start=start,
            after=start + PAGE_SIZE if start + PAGE_SIZE < len(items) else None,
            chosen=chosen,
            error=error,
            formats=FORMATS,
            today=clock.now().date(),
        )

    def render_question_form(
        staff: StaffContext,
        key: str,
        item: QuestionItem,
        fresh: bool,
        error: RequestError | None = None,
    ) -> ResponseReturnValue:
        result = authoring.load_draft(work, tenant_id=staff.tenant_id, key=key)
        status = error.status if error else 200
        return staff.render(
            "question_form.html",
            status,
            work=result,
            item=item,
            fresh=fresh,
            error=error,
            kinds=KINDS,
            spare=SPARE_LINES,
            most=MAX_CHOICES,
        )

    def get_item(staff: StaffContext, key: str, item_key: str) -> QuestionItem:
        programme = authoring.load_draft(work, tenant_id=staff.tenant_id, key=key).programme
        result = next((item for item in programme.items if item.key == item_key), None)
        if result is None:
            raise NotFound("There is no such question in this programme.")
        return result

    @pages.get("/")
    def list_questions(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        return render_question_bank(opening(visit_id), key)

    @pages.get("/export/<form_name>")
    def export_questions(visit_id: uuid.UUID, key: str, form_name: str) -> ResponseReturnValue:
        staff = opening(visit_id)
        return download_response(
            *question_bank.export_questions(
                work, tenant_id=staff.tenant_id, key=key, form=form_name
            )
        )

    @pages.get("/new")
    def new_question(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff = opening(visit_id)
        kind = request.args.get("kind", "single")
        if kind not in KINDS:
            raise BadInput("There is no such kind of question.")
        choices = [Choice("true", "True"), Choice("false", "False")] if kind == "true_false" else []
        return render_question_form(
            staff, key, QuestionItem("", "", "", kind=kind, choices=choices), True
        )

    @pages.get("/edit/<item_key>")
    def edit_question(visit_id: uuid.UUID, key: str, item_key: str) -> ResponseReturnValue:
        staff = opening(visit_id)
        return render_question_form(staff, key, get_item(staff, key, item_key), False)

    @pages.post("/save")
    def save_question(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        allow_large_upload()
        staff = opening(visit_id)
        before, typed = form_text("key"), None
        try:
            programme = authoring.load_draft(work, tenant_id=staff.tenant_id, key=key).programme
            typed, uploaded = _read_question(programme)
            faults = find_item_faults(typed)
            if faults:
                raise BadInput(" ".join(faults))
            question = typed

            def store_item(now_there: Programme) -> Programme:
                items = [question if item.key == question.key else item for item in now_there.items]
                return msgspec.structs.replace(
                    now_there, items=items if before else [*items, question]
                )

            revision = form_revision()
            authoring.update_draft(
                work,
                tenant_id=staff.tenant_id,
                key=key,
                revision=revision,
                make=store_item,
                who=staff.who,
                now=clock.now(),
                uploaded=uploaded,
            )
        except (BadInput, Conflict) as error:
            return (
                render_question_form(staff, key, typed, not before, error)
                if typed is not None
                else render_question_bank(staff, key, error)
            )
        return redirect(f"{staff.home}programmes/{key}/questions/?done=saved", code=303)

    @pages.post("/remove")
    def delete_question(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff = opening(visit_id)
        removed = form_text("key")

        def without_item(now_there: Programme) -> Programme:
            return msgspec.structs.replace(
                now_there, items=[item for item in now_there.items if item.key != removed]
            )

        try:
            authoring.update_draft(
                work,
                tenant_id=staff.tenant_id,
                key=key,
                revision=form_revision(),
                make=without_item,
                who=staff.who,
                now=clock.now(),
            )
        except (BadInput, Conflict) as error:
            return render_question_bank(staff, key, error)
        return redirect(f"{staff.home}programmes/{key}/questions/?done=removed", code=303)

    @pages.post("/look")
    def preview_questions(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        """Preview what a file of questions would import."""
        allow_large_upload()
        staff = opening(visit_id)
        try:
            name, content = read_uploaded_file()
            competency, pool = form_text("competency"), form_text("pool")
            intake = question_bank.preview_question_import(
                work,
                tenant_id=staff.tenant_id,
                key=key,
                name=name,
                content=content,
                competency=competency,
                pool=pool,
            )
            upload_id = uploads.store_upload(
                work,
                tenant_id=staff.tenant_id,
                purpose=uploads.QUESTIONS,
                name=name,
                content=content,
            )
        except BadInput as error:
            return render_question_bank(staff, key, error)
        result = authoring.load_draft(work, tenant_id=staff.tenant_id, key=key)
        return staff.render(
            "intake.html",
            work=result,
            intake=intake,
            kept=upload_id,
            competency=competency,
            pool=pool,
        )

    @pages.post("/take")
    def import_questions(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff = opening(visit_id)
        text = form_text("kept")
        try:
            name, content = uploads.load_upload(
                work, tenant_id=staff.tenant_id, purpose=uploads.QUESTIONS, text=text
            )
            question_bank.import_questions(
                work,
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
            return render_question_bank(staff, key, error)
        uploads.discard_upload(work, tenant_id=staff.tenant_id, text=text)
        return redirect(f"{staff.home}programmes/{key}/questions/?done=taken", code=303)

    return pages


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


def _read_question(programme: Programme) -> tuple[QuestionItem, list[Picture]]:
    """The question in the submitted form, with the picture uploaded with it."""
    kind = form_text("kind")
    if kind not in KINDS:
        raise BadInput("There is no such kind of question.")
    before = next((item for item in programme.items if item.key == form_text("key")), None)
    stem, uploaded = _form_markup("stem"), list[Picture]()
    name = form_text("title") or question_html.html_to_text(stem)[:60]
    if "picture" in request.files and request.files["picture"].filename:
        try:
            shown = checked_picture(request.files["picture"].read())
        except PictureRefused as error:
            raise BadInput(f"The picture was not taken: {error}.", field="picture") from None
        uploaded = [shown]
        alt = question_html.text_to_html(form_text("alt")).replace('"', "&quot;")
        stem = question_html.clean_html(f'{stem}<p><img src="file:{shown.digest}" alt="{alt}"></p>')
    review = form_text("review_on")
    try:
        review_on = date.fromisoformat(review) if review else None
    except ValueError:
        raise BadInput(
            "Enter the day of the next review as year-month-day.", field="review_on"
        ) from None
    pool = form_text("pool")
    if pool not in ("check", "practice", "baseline"):
        raise BadInput("Choose what the question is for.", field="pool")
    fields: dict[str, Any] = {
        "key": before.key
        if before
        else key_from_name(name, {item.key for item in programme.items}, "question"),
        "version": before.version if before else 1,
        "kind": kind,
        "competency": form_text("competency"),
        "pool": pool,
        "critical": form_text("critical") == "1",
        "title": form_text("title")[:255],
        "stem": stem,
        "when_right": _form_markup("when_right"),
        "when_wrong": _form_markup("when_wrong"),
        "explanation": _form_markup("explanation"),
        "source": form_text("source")[:300],
        "review_on": review_on,
        "tags": [part.strip()[:100] for part in form_text("tags").split(",") if part.strip()][:30],
    }
    return QuestionItem(**fields | _read_kind_fields(kind)), uploaded


def _form_markup(name: str) -> str:
    """A rich text field of the form: HTML if it was written as such, else plain text with its
    line breaks."""
    return _to_markup(form_text(name))


def _to_markup(text: str) -> str:
    """An author's input as markup: HTML if it contains a complete tag that is allowed in
    questions, else escaped plain text."""
    try:
        return question_html.clean_imported_html(
            text if _ALLOWED_TAG.search(text) else question_html.text_to_html(text)
        )
    except UnsupportedQuestion as wrong:
        raise BadInput(str(wrong)) from None


def _read_kind_fields(kind: str) -> dict[str, Any]:
    texts = [_to_markup(item.replace("\0", "").strip()) for item in request.form.getlist("text")]
    feedback = [
        _to_markup(item.replace("\0", "").strip()) for item in request.form.getlist("feedback")
    ] + [""] * len(texts)
    if kind == "true_false":
        return {
            "choices": [
                Choice("true", "True", feedback[0] if feedback else ""),
                Choice("false", "False", feedback[1] if len(feedback) > 1 else ""),
            ],
            "correct": request.form.getlist("right")[:1],
        }
    if kind in ("single", "multiple"):
        right = {
            int(item)
            for item in request.form.getlist("right")
            if item.isdecimal() and len(item) < 4
        }
        rows = [
            (text, words, number in right)
            for number, (text, words) in enumerate(zip(texts, feedback, strict=False))
            if text
        ]
        keys = _choice_keys([text for text, _, _ in rows], keep_order=True)
        choices = [Choice(keys[text], text, words) for text, words, _ in rows]
        return {
            "choices": choices,
            "correct": [keys[text] for text, _, matching in rows if matching],
        }
    if kind == "matching":
        matches = [
            _to_markup(item.replace("\0", "").strip()) for item in request.form.getlist("match")
        ]
        pairs = [
            (text, match) for text, match in zip(texts, matches, strict=False) if text or match
        ]
        keys = _choice_keys([text for text, _ in pairs if text], keep_order=True)
        choices = [Choice(keys[text], text, match=match) for text, match in pairs if text]
        return {"choices": choices, "other_matches": [match for text, match in pairs if not text]}
    if kind == "ordering":
        lines = [text for text in texts if text]
        keys = _choice_keys(lines, keep_order=False)
        return {
            "choices": sort_by_key(Choice(key, text) for text, key in keys.items()),
            "correct": [keys[text] for text in lines],
        }
    values = [item.replace("\0", "").strip() for item in request.form.getlist("value")]
    around = [item.replace("\0", "").strip() for item in request.form.getlist("tolerance")] + [
        ""
    ] * len(values)
    if kind == "numeric":
        pairs = [
            (
                normalize_number(value.replace(",", ".")),
                normalize_number((width or "0").replace(",", ".")),
            )
            for value, width in zip(values, around, strict=False)
            if value
        ]
        return {"accepted": [AcceptedAnswer(value, width) for value, width in pairs]}
    return {
        "accepted": [AcceptedAnswer(value) for value in values if value],
        "case_sensitive": form_text("case_sensitive") == "1",
    }


def _choice_keys(texts: list[str], keep_order: bool) -> dict[str, str]:
    if len(set(texts)) != len(texts):
        raise BadInput("Two of its choices or lines read the same.", field="text")
    return assign_letter_keys(texts, keep_order=keep_order)
