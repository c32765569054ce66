"""The questions of a programme: into a draft from files, and out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from adapters.questions import FileRefused, ImportNote, QuestionItem, Reading
from adapters.questions.formats import FORMATS, detect_format
from adapters.questions.models import key_from_name
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from lti_tool.programmes.authoring import _ensure_draft, _load_pictures, update_draft
from lti_tool.programmes.programmes import Programme, resolve_key


@dataclass(frozen=True)
class QuestionImportDiff:
    """What importing a file of questions would change: new questions, replaced ones (before,
    after), unchanged ones, and notes."""

    new: list[QuestionItem]
    replaced: list[tuple[QuestionItem, QuestionItem]]
    same: list[tuple[QuestionItem, QuestionItem]]
    notes: list[ImportNote]
    format_name: str


def preview_question_import(
    unit_of_work: UnitOfWork, *, tenant_id: int, key: str, name: str, content: bytes, competency: str, pool: str
) -> QuestionImportDiff:
    """Preview what importing a file of questions would change in a programme."""
    with unit_of_work(tenant_id) as connection:
        programme = msgspec.convert(_ensure_draft(connection, tenant_id, key).document, Programme)
    return _diff_questions(programme, *_read_question_file(programme, name, content, competency, pool))


def _read_question_file(programme: Programme, name: str, content: bytes, competency: str, pool: str) -> tuple[Reading, str]:
    """Read the questions of a file and give each a competency and a pool of this programme."""
    known = {one.key for one in programme.competencies}
    if competency not in known:
        raise BadInput("Choose the competency of questions that name none.", field="competency")
    if pool not in ("check", "practice", "baseline"):
        raise BadInput("Choose what the questions are for.", field="pool")
    try:
        form = detect_format(content, name)
        reading = form.read(content)
    except FileRefused as error:
        raise BadInput(str(error), field="file") from None
    there = {item.key for item in programme.items} & reading.stated
    items, notes = [], list(reading.notes)
    for item in reading.items:
        named = resolve_key(item.competency, programme.competencies)
        if item.competency and not named:
            taken = "its own stays" if item.key in there else "the chosen one is taken"
            notes.append(ImportNote(item.key, f"The competency {item.competency[:80]!r} is none of this programme; {taken}."))
        if item.key in there:  # fields that the file does not state keep their values
            items.append(msgspec.structs.replace(item, competency=named))
            continue
        # A pool that the file states is kept; "check" is the default of a file that states
        # none.
        items.append(msgspec.structs.replace(item, competency=named or competency, pool=pool if item.pool == "check" else item.pool))
    return replace(reading, items=items, notes=notes), form.name


def _diff_questions(programme: Programme, reading: Reading, format_name: str) -> QuestionImportDiff:
    """Decide what happens to each question of a file. A question replaces an existing one
    only if the file states that one's identifier; otherwise it is new and gets a key of its
    own, unless an identical question exists."""
    bank = {item.key: item for item in programme.items}
    contents = {_question_content(item) for item in programme.items}
    taken = bank.keys() | {item.key for item in reading.items}
    found = QuestionImportDiff([], [], [], reading.notes, format_name)
    for item in reading.items:
        old = bank.get(item.key)
        if old is not None and item.key in reading.stated:
            made = _merge_question(old, item, reading)
            (found.same if made == old else found.replaced).append((old, made))
        elif _question_content(item) in contents:
            found.same.append((item, item))
        else:
            key = key_from_name(item.key, taken, "question") if old is not None else item.key
            taken |= {key}
            found.new.append(msgspec.structs.replace(item, key=key))
    return found


def _question_content(item: QuestionItem) -> tuple[Any, ...]:
    """What a question asks and what it accepts as correct."""
    return item.kind, item.stem, tuple(item.choices), tuple(item.correct), tuple(item.accepted), tuple(item.other_matches), item.case_sensitive


# Fields of a question that a file may leave out (by the name of the column, where it differs).
_OPTIONAL_FIELDS = (
    "pool",
    "critical",
    "title",
    "source",
    "review_on",
    "tags",
    "when_right",
    "when_wrong",
    "explanation",
    "case_sensitive",
    "other_matches",
)


_EMPTY_ITEM = QuestionItem("", "", "")


def _merge_question(old: QuestionItem, item: QuestionItem, reading: Reading) -> QuestionItem:
    """Merge a question with the one that its file identifies: fields that the file does not
    state keep their values."""
    columns = None if reading.missing_columns is None else reading.missing_columns[item.key]
    item = _keep_choice_keys(old, item)
    stays: dict[str, Any] = {
        name: getattr(old, name)
        for name in _OPTIONAL_FIELDS
        if (name in columns if columns is not None else getattr(item, name) == getattr(_EMPTY_ITEM, name))
        and not (name == "other_matches" and item.kind != old.kind)
    }
    if columns is not None and "feedback" in columns:
        said = {one.text: one.feedback for one in old.choices}
        stays["choices"] = [msgspec.structs.replace(one, feedback=said.get(one.text, "")) for one in item.choices]
    if not item.competency:
        stays["competency"] = old.competency
    if item.title == item.key:  # what our own export writes as the title of a question without one
        stays["title"] = old.title
    return msgspec.structs.replace(item, version=old.version, **stays)


def _keep_choice_keys(old: QuestionItem, item: QuestionItem) -> QuestionItem:
    """The question with its existing choice keys, if the choices are the same: some formats
    have no choice keys."""
    there, brought = {one.text: one for one in old.choices}, {one.text: one for one in item.choices}
    if item.kind != old.kind or not there or there.keys() != brought.keys():
        return item
    key_of = {one.key: there[text].key for text, one in brought.items()}
    correct = [key_of[key] for key in item.correct]
    if item.kind != "ordering":
        correct.sort(key=lambda key: (len(key), key))
    return msgspec.structs.replace(
        item, choices=[msgspec.structs.replace(brought[text], key=one.key) for text, one in there.items()], correct=correct
    )


def import_questions(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    key: str,
    revision: int,
    name: str,
    content: bytes,
    competency: str,
    pool: str,
    who: str,
    now: datetime,
) -> int:
    """Import the questions of a file into a draft, next to the existing ones; return how
    many were added or changed. Every question that could be read is imported, or none is."""
    with unit_of_work(tenant_id) as connection:
        programme = msgspec.convert(_ensure_draft(connection, tenant_id, key).document, Programme)
    reading, form_name = _read_question_file(programme, name, content, competency, pool)
    intake = _diff_questions(programme, reading, form_name)

    def merge_questions(now_there: Programme) -> Programme:
        found = _diff_questions(now_there, reading, form_name)
        over = {made.key: made for _, made in found.replaced}
        return msgspec.structs.replace(now_there, items=[*(over.get(item.key, item) for item in now_there.items), *found.new])

    pictures_brought = list(reading.pictures.values())
    update_draft(unit_of_work, tenant_id=tenant_id, key=key, revision=revision, make=merge_questions, who=who, now=now, brought=pictures_brought)
    return len(intake.new) + len(intake.replaced)


def export_questions(unit_of_work: UnitOfWork, *, tenant_id: int, key: str, form: str) -> tuple[str, str, bytes]:
    """Export a programme's questions in a format: (file name, media type, content)."""
    if form not in FORMATS:
        raise NotFound("There is no such format.")
    chosen = FORMATS[form]
    with unit_of_work(tenant_id) as connection:
        programme = msgspec.convert(_ensure_draft(connection, tenant_id, key).document, Programme)
        shown = _load_pictures(connection, tenant_id, programme)
    content, _ = chosen.write(programme.items, shown, programme.title)
    return f"{key}.{chosen.ending}", chosen.media_type, content
