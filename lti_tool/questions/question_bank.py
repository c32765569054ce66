"""The questions of a programme: into a draft from files, and out of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from adapters.questions import FileRefused, ImportNote, QuestionItem, Reading
from adapters.questions.formats import FORMATS, detect_format
from adapters.questions.models import key_from_name
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from core.messages import lazy_ngettext
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


@dataclass(frozen=True)
class ItemChange:
    """What several questions get; empty: each keeps its own. ``weight``: critical, usual."""

    competency: str = ""
    pool: str = ""
    weight: str = ""

    def apply(self, item: QuestionItem) -> QuestionItem:
        """The question with this change."""
        changed: dict[str, Any] = {}
        if self.competency:
            changed["competency"] = self.competency
        if self.pool:
            changed["pool"] = self.pool
        if self.weight:
            changed["critical"] = self.weight == "critical"
        return msgspec.structs.replace(item, **changed)


def change_items(
    items: Sequence[QuestionItem], keys: Collection[str], change: ItemChange
) -> tuple[list[QuestionItem], int]:
    """The questions, of which those with these keys are changed, and how many became another.
    BadInput if none is chosen, or nothing to change."""
    _require_some(items, keys)
    if change == ItemChange():
        raise BadInput("Choose what the questions get: a competency, a use or a weight.")
    result = [change.apply(item) if item.key in keys else item for item in items]
    return result, sum(new != old for new, old in zip(result, items, strict=True))


def remove_items(
    items: Sequence[QuestionItem], keys: Collection[str], sure: bool
) -> tuple[list[QuestionItem], int]:
    """The questions without those with these keys, and how many those are."""
    number = _require_some(items, keys)
    if not sure:
        raise BadInput(
            lazy_ngettext(
                "Tick that %(num)s question is to be removed, then press the button again.",
                "Tick that %(num)s questions are to be removed, then press the button again.",
                number,
            )
        )
    return [item for item in items if item.key not in keys], number


def _require_some(items: Sequence[QuestionItem], keys: Collection[str]) -> int:
    number = sum(item.key in keys for item in items)
    if not number:
        raise BadInput("Tick the questions that you mean.")
    return number


def preview_question_import(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    key: str,
    name: str,
    content: bytes,
    competency: str,
    pool: str,
) -> QuestionImportDiff:
    """Preview what importing a file of questions would change in a programme."""
    with unit_of_work(tenant_id) as connection:
        programme = msgspec.convert(_ensure_draft(connection, tenant_id, key).document, Programme)
    return _diff_questions(
        programme, *_read_question_file(programme, name, content, competency, pool)
    )


def _read_question_file(
    programme: Programme, name: str, content: bytes, competency: str, pool: str
) -> tuple[Reading, str]:
    """Read the questions of a file and give each a competency and a pool of this programme."""
    known = {competency.key for competency in programme.competencies}
    if competency not in known:
        raise BadInput("Choose the competency of questions that name none.", field="competency")
    if pool not in ("check", "practice", "baseline"):
        raise BadInput("Choose what the questions are for.", field="pool")
    try:
        form = detect_format(content, name)
        reading = form.read(content)
    except FileRefused as error:
        raise BadInput(error.message, field="file") from None
    identified_keys = {item.key for item in programme.items} & reading.stated
    items, notes = [], list(reading.notes)
    for item in reading.items:
        named = resolve_key(item.competency, programme.competencies)
        if item.competency and not named:
            effect = "its own stays" if item.key in identified_keys else "the chosen one is taken"
            notes.append(
                ImportNote(
                    item.key,
                    f"The competency {item.competency[:80]!r} is none of this programme; {effect}.",
                )
            )
        if item.key in identified_keys:  # fields that the file does not state keep their values
            items.append(msgspec.structs.replace(item, competency=named))
            continue
        # A pool that the file states is kept; "check" is the default of a file that states
        # none.
        items.append(
            msgspec.structs.replace(
                item,
                competency=named or competency,
                pool=pool if item.pool == "check" else item.pool,
            )
        )
    return replace(reading, items=items, notes=notes), form.name


def _diff_questions(programme: Programme, reading: Reading, format_name: str) -> QuestionImportDiff:
    """Decide what happens to each question of a file. A question replaces an existing one
    only if the file states that one's identifier; otherwise it is new and gets a key of its
    own, unless an identical question exists."""
    bank = {item.key: item for item in programme.items}
    contents = {_question_content(item) for item in programme.items}
    used_keys = bank.keys() | {item.key for item in reading.items}
    result = QuestionImportDiff([], [], [], reading.notes, format_name)
    for item in reading.items:
        old = bank.get(item.key)
        if old is not None and item.key in reading.stated:
            created = _merge_question(old, item, reading)
            (result.same if created == old else result.replaced).append((old, created))
        elif _question_content(item) in contents:
            result.same.append((item, item))
        else:
            key = key_from_name(item.key, used_keys, "question") if old is not None else item.key
            used_keys |= {key}
            result.new.append(msgspec.structs.replace(item, key=key))
    return result


def _question_content(item: QuestionItem) -> tuple[Any, ...]:
    """What a question asks and what it accepts as correct."""
    return (
        item.kind,
        item.stem,
        tuple(item.choices),
        tuple(item.correct),
        tuple(item.accepted),
        tuple(item.other_matches),
        item.case_sensitive,
    )


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
        if (
            name in columns
            if columns is not None
            else getattr(item, name) == getattr(_EMPTY_ITEM, name)
        )
        and not (name == "other_matches" and item.kind != old.kind)
    }
    if columns is not None and "feedback" in columns:
        feedback_by_text = {choice.text: choice.feedback for choice in old.choices}
        stays["choices"] = [
            msgspec.structs.replace(choice, feedback=feedback_by_text.get(choice.text, ""))
            for choice in item.choices
        ]
    if not item.competency:
        stays["competency"] = old.competency
    if item.title == item.key:  # what our own export writes as the title of a question without one
        stays["title"] = old.title
    return msgspec.structs.replace(item, version=old.version, **stays)


def _keep_choice_keys(old: QuestionItem, item: QuestionItem) -> QuestionItem:
    """The question with its existing choice keys, if the choices are the same: some formats
    have no choice keys."""
    current, uploaded = (
        {choice.text: choice for choice in old.choices},
        {choice.text: choice for choice in item.choices},
    )
    if item.kind != old.kind or not current or current.keys() != uploaded.keys():
        return item
    key_of = {item.key: current[text].key for text, item in uploaded.items()}
    correct = [key_of[key] for key in item.correct]
    if item.kind != "ordering":
        correct.sort(key=lambda key: (len(key), key))
    return msgspec.structs.replace(
        item,
        choices=[
            msgspec.structs.replace(uploaded[text], key=item.key) for text, item in current.items()
        ],
        correct=correct,
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
        result = _diff_questions(now_there, reading, form_name)
        over = {created.key: created for _, created in result.replaced}
        return msgspec.structs.replace(
            now_there, items=[*(over.get(item.key, item) for item in now_there.items), *result.new]
        )

    pictures_brought = list(reading.pictures.values())
    update_draft(
        unit_of_work,
        tenant_id=tenant_id,
        key=key,
        revision=revision,
        make=merge_questions,
        who=who,
        now=now,
        uploaded=pictures_brought,
    )
    return len(intake.new) + len(intake.replaced)


def export_questions(
    unit_of_work: UnitOfWork, *, tenant_id: int, key: str, form: str
) -> tuple[str, str, bytes]:
    """Export a programme's questions in a format: (file name, media type, content)."""
    if form not in FORMATS:
        raise NotFound("There is no such format.")
    chosen = FORMATS[form]
    with unit_of_work(tenant_id) as connection:
        programme = msgspec.convert(_ensure_draft(connection, tenant_id, key).document, Programme)
        shown = _load_pictures(connection, tenant_id, programme)
    content, _ = chosen.write(programme.items, shown, programme.title)
    return f"{key}.{chosen.ending}", chosen.media_type, content
