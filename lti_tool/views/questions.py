"""The question bank of a programme: browse it, write a question, import and export questions."""

from __future__ import annotations

import re
import uuid
from datetime import date
from typing import Any

import msgspec
from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from adapters.questions import Accepted, Choice, Item, Picture, html
from adapters.questions.formats import FORMATS
from adapters.questions.pictures import PictureRefused
from adapters.questions.pictures import checked as checked_picture
from adapters.questions.shapes import KINDS, MOST_CHOICES, Unfit, by_key, faults, key_from, lettered, tidy
from core import clock
from core.errors import BadInput, Conflict, NotFound, Refused
from lti_tool.actions import authoring, keeping
from lti_tool.actions.programmes import Programme
from lti_tool.lti.deps import ToolDeps
from lti_tool.views.office import Desk, Opening, download, file_of, revision_of, takes_file, text_of

PAGE = 50
SPARE_LINES = 2
_TAG = re.compile(rf"</?(?:{'|'.join(sorted(html.TAGS))})(?:\s[^<>]*)?/?>", re.IGNORECASE)


def blueprint(deps: ToolDeps, opening: Opening) -> Blueprint:
    """The pages below ``/t/<visit>/programmes/<key>/questions``."""
    pages = Blueprint("questions", __name__, url_prefix="/t/<uuid:given>/programmes/<key>/questions")
    work = deps.unit_of_work

    def bank(desk: Desk, key: str, error: Refused | None = None) -> ResponseReturnValue:
        found = authoring.work(work, tenant_id=desk.tenant_id, key=key)
        chosen = {name: request.args.get(name, "") for name in ("competency", "pool", "search")}
        items = [item for item in found.programme.items if _fits(item, chosen)]
        start = int(request.args["from"]) if request.args.get("from", "").isdecimal() and len(request.args["from"]) < 6 else 0
        return desk.show(
            "questions.html",
            error.status if error else 200,
            work=found,
            items=items[start : start + PAGE],
            count=len(items),
            start=start,
            after=start + PAGE if start + PAGE < len(items) else None,
            chosen=chosen,
            error=error,
            formats=FORMATS,
            today=clock.now().date(),
        )

    def form(desk: Desk, key: str, item: Item, fresh: bool, error: Refused | None = None) -> ResponseReturnValue:
        found = authoring.work(work, tenant_id=desk.tenant_id, key=key)
        status = error.status if error else 200
        return desk.show(
            "question_form.html", status, work=found, item=item, fresh=fresh, error=error, kinds=KINDS, spare=SPARE_LINES, most=MOST_CHOICES
        )

    def item_of(desk: Desk, key: str, item_key: str) -> Item:
        programme = authoring.work(work, tenant_id=desk.tenant_id, key=key).programme
        found = next((item for item in programme.items if item.key == item_key), None)
        if found is None:
            raise NotFound("There is no such question in this programme.")
        return found

    @pages.get("/")
    def every(given: uuid.UUID, key: str) -> ResponseReturnValue:
        return bank(opening(given), key)

    @pages.get("/export/<form_name>")
    def export(given: uuid.UUID, key: str, form_name: str) -> ResponseReturnValue:
        desk = opening(given)
        return download(*authoring.write_questions(work, tenant_id=desk.tenant_id, key=key, form=form_name))

    @pages.get("/new")
    def new(given: uuid.UUID, key: str) -> ResponseReturnValue:
        desk = opening(given)
        kind = request.args.get("kind", "single")
        if kind not in KINDS:
            raise BadInput("There is no such kind of question.")
        choices = [Choice("true", "True"), Choice("false", "False")] if kind == "true_false" else []
        return form(desk, key, Item("", "", "", kind=kind, choices=choices), True)

    @pages.get("/edit/<item_key>")
    def edit(given: uuid.UUID, key: str, item_key: str) -> ResponseReturnValue:
        desk = opening(given)
        return form(desk, key, item_of(desk, key, item_key), False)

    @pages.post("/save")
    def save(given: uuid.UUID, key: str) -> ResponseReturnValue:
        takes_file()
        desk = opening(given)
        before, typed = text_of("key"), None
        try:
            programme = authoring.work(work, tenant_id=desk.tenant_id, key=key).programme
            typed, brought = _typed(programme)
            wrong = faults(typed)
            if wrong:
                raise BadInput(" ".join(wrong))
            kept = typed

            def make(now_there: Programme) -> Programme:
                items = [kept if item.key == kept.key else item for item in now_there.items]
                return msgspec.structs.replace(now_there, items=items if before else [*items, kept])

            revision = revision_of()
            authoring.change(work, tenant_id=desk.tenant_id, key=key, revision=revision, make=make, who=desk.who, now=clock.now(), brought=brought)
        except (BadInput, Conflict) as error:
            return form(desk, key, typed, not before, error) if typed is not None else bank(desk, key, error)
        return redirect(f"{desk.home}programmes/{key}/questions/?done=saved", code=303)

    @pages.post("/remove")
    def remove(given: uuid.UUID, key: str) -> ResponseReturnValue:
        desk = opening(given)
        gone = text_of("key")

        def make(now_there: Programme) -> Programme:
            return msgspec.structs.replace(now_there, items=[item for item in now_there.items if item.key != gone])

        try:
            authoring.change(work, tenant_id=desk.tenant_id, key=key, revision=revision_of(), make=make, who=desk.who, now=clock.now())
        except (BadInput, Conflict) as error:
            return bank(desk, key, error)
        return redirect(f"{desk.home}programmes/{key}/questions/?done=removed", code=303)

    @pages.post("/look")
    def look(given: uuid.UUID, key: str) -> ResponseReturnValue:
        """Preview what a file of questions would import."""
        takes_file()
        desk = opening(given)
        try:
            name, content = file_of()
            competency, pool = text_of("competency"), text_of("pool")
            intake = authoring.read_questions(work, tenant_id=desk.tenant_id, key=key, name=name, content=content, competency=competency, pool=pool)
            kept = keeping.keep(work, tenant_id=desk.tenant_id, purpose=keeping.QUESTIONS, name=name, content=content)
        except BadInput as error:
            return bank(desk, key, error)
        found = authoring.work(work, tenant_id=desk.tenant_id, key=key)
        return desk.show("intake.html", work=found, intake=intake, kept=kept, competency=competency, pool=pool)

    @pages.post("/take")
    def take(given: uuid.UUID, key: str) -> ResponseReturnValue:
        desk = opening(given)
        text = text_of("kept")
        try:
            name, content = keeping.kept(work, tenant_id=desk.tenant_id, purpose=keeping.QUESTIONS, text=text)
            authoring.take_questions(
                work,
                tenant_id=desk.tenant_id,
                key=key,
                revision=revision_of(),
                name=name,
                content=content,
                competency=text_of("competency"),
                pool=text_of("pool"),
                who=desk.who,
                now=clock.now(),
            )
        except (BadInput, Conflict) as error:
            return bank(desk, key, error)
        keeping.done(work, tenant_id=desk.tenant_id, text=text)
        return redirect(f"{desk.home}programmes/{key}/questions/?done=taken", code=303)

    return pages


def _fits(item: Item, chosen: dict[str, str]) -> bool:
    words = chosen["search"].casefold()
    return (
        (not chosen["competency"] or item.competency == chosen["competency"])
        and (not chosen["pool"] or item.pool == chosen["pool"])
        and (not words or words in f"{item.key} {item.title} {html.plain(item.stem)} {' '.join(item.tags)}".casefold())
    )


def _typed(programme: Programme) -> tuple[Item, list[Picture]]:
    """The question in the submitted form, with the picture uploaded with it."""
    kind = text_of("kind")
    if kind not in KINDS:
        raise BadInput("There is no such kind of question.")
    before = next((item for item in programme.items if item.key == text_of("key")), None)
    stem, brought = _rich("stem"), list[Picture]()
    name = text_of("title") or html.plain(stem)[:60]
    if "picture" in request.files and request.files["picture"].filename:
        try:
            shown = checked_picture(request.files["picture"].read())
        except PictureRefused as error:
            raise BadInput(f"The picture was not taken: {error}.", field="picture") from None
        brought = [shown]
        alt = html.escape(text_of("alt")).replace('"', "&quot;")
        stem = html.clean(f'{stem}<p><img src="file:{shown.digest}" alt="{alt}"></p>')
    review = text_of("review_on")
    try:
        review_on = date.fromisoformat(review) if review else None
    except ValueError:
        raise BadInput("Enter the day of the next review as year-month-day.", field="review_on") from None
    pool = text_of("pool")
    if pool not in ("check", "practice", "baseline"):
        raise BadInput("Choose what the question is for.", field="pool")
    fields: dict[str, Any] = {
        "key": before.key if before else key_from(name, {item.key for item in programme.items}, "question"),
        "version": before.version if before else 1,
        "kind": kind,
        "competency": text_of("competency"),
        "pool": pool,
        "critical": text_of("critical") == "1",
        "title": text_of("title")[:255],
        "stem": stem,
        "when_right": _rich("when_right"),
        "when_wrong": _rich("when_wrong"),
        "explanation": _rich("explanation"),
        "source": text_of("source")[:300],
        "review_on": review_on,
        "tags": [part.strip()[:100] for part in text_of("tags").split(",") if part.strip()][:30],
    }
    return Item(**fields | _parts(kind)), brought


def _rich(name: str) -> str:
    """A rich text field of the form: HTML if it was written as such, else plain text with its
    line breaks."""
    return _html(text_of(name))


def _html(text: str) -> str:
    """An author's input as markup: HTML if it contains a complete tag that is allowed in
    questions, else escaped plain text."""
    try:
        return html.taken(text if _TAG.search(text) else html.escape(text))
    except Unfit as wrong:
        raise BadInput(str(wrong)) from None


def _parts(kind: str) -> dict[str, Any]:
    texts = [_html(one.replace("\0", "").strip()) for one in request.form.getlist("text")]
    said = [_html(one.replace("\0", "").strip()) for one in request.form.getlist("feedback")] + [""] * len(texts)
    if kind == "true_false":
        return {
            "choices": [Choice("true", "True", said[0] if said else ""), Choice("false", "False", said[1] if len(said) > 1 else "")],
            "correct": request.form.getlist("right")[:1],
        }
    if kind in ("single", "multiple"):
        right = {int(one) for one in request.form.getlist("right") if one.isdecimal() and len(one) < 4}
        rows = [(text, words, number in right) for number, (text, words) in enumerate(zip(texts, said, strict=False)) if text]
        keys = _keys([text for text, _, _ in rows], keep_order=True)
        choices = [Choice(keys[text], text, words) for text, words, _ in rows]
        return {"choices": choices, "correct": [keys[text] for text, _, fits in rows if fits]}
    if kind == "matching":
        matches = [_html(one.replace("\0", "").strip()) for one in request.form.getlist("match")]
        pairs = [(text, match) for text, match in zip(texts, matches, strict=False) if text or match]
        keys = _keys([text for text, _ in pairs if text], keep_order=True)
        choices = [Choice(keys[text], text, match=match) for text, match in pairs if text]
        return {"choices": choices, "other_matches": [match for text, match in pairs if not text]}
    if kind == "ordering":
        lines = [text for text in texts if text]
        keys = _keys(lines, keep_order=False)
        return {"choices": by_key(Choice(key, text) for text, key in keys.items()), "correct": [keys[text] for text in lines]}
    values = [one.replace("\0", "").strip() for one in request.form.getlist("value")]
    around = [one.replace("\0", "").strip() for one in request.form.getlist("tolerance")] + [""] * len(values)
    if kind == "numeric":
        pairs = [
            (tidy(value.replace(",", ".")), tidy((width or "0").replace(",", "."))) for value, width in zip(values, around, strict=False) if value
        ]
        return {"accepted": [Accepted(value, width) for value, width in pairs]}
    return {"accepted": [Accepted(value) for value in values if value], "case_sensitive": text_of("case_sensitive") == "1"}


def _keys(texts: list[str], keep_order: bool) -> dict[str, str]:
    if len(set(texts)) != len(texts):
        raise BadInput("Two of its choices or lines read the same.", field="text")
    return lettered(texts, keep_order=keep_order)
