"""Authoring programmes: mutable drafts, immutable versions, import and export of questions
and of whole programmes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from adapters.questions import FileRefused, ImportNote, Picture, QuestionItem, Reading, question_html
from adapters.questions.formats import FORMATS, detect_format
from adapters.questions.models import key_from_name
from adapters.questions.pictures import PictureRefused
from adapters.questions.pictures import load_picture as checked_picture
from adapters.questions.untrusted_files import read_archive
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, NotFound
from lrs.vocabulary import INTERVALS
from lti_tool.base import journal_store
from lti_tool.checks import item_remarks_store
from lti_tool.programmes import drafts_store, episodes_store, pictures_store, programmes, rubrics, working_time
from lti_tool.programmes.drafts_store import Draft, ProgrammeSummary
from lti_tool.programmes.programmes import Competency, Programme, resolve_key
from lti_tool.transfer import transfer_protocol, transfer_store
from lti_tool.transfer.transfer_store import ContentGap

PROGRAMME_FILENAME = "programme.json"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest timestamp of a zip archive: exporting the same programme gives the same bytes
_PROTOCOL_TEXTS = {
    "exercise": ("Exercise", "A first use on real data, handed in by this day."),
    "plan": ("Transfer plan", "One page, committed by this day."),
    "exercise review": ("Answer to the exercise", "By the mentor or the manager, who get a mail when it is handed in."),
    "case study": ("Case study", "One real use described, by this day."),
    "behaviour assessment": ("Behaviour assessment", "By the manager or the mentor, with the rubric."),
    "feedback": ("Feedback on the case study", "By the manager or the mentor."),
}


@dataclass(frozen=True)
class DraftDetails:
    """A draft with what its page shows: what is missing, and the newest published version (0: none)."""

    programme: Programme
    revision: int
    saved_at: datetime | None
    saved_by: str
    archived: bool
    missing: list[str]
    version: int
    changed: bool


@dataclass(frozen=True)
class ScheduledEvent:
    """One entry of the schedule preview: the day it is due for somebody certified on a given
    day, the days since then, its title and its text."""

    day: date
    days: int
    title: str
    text: str


@dataclass(frozen=True)
class QuestionImportDiff:
    """What importing a file of questions would change: new questions, replaced ones (before,
    after), unchanged ones, and notes."""

    new: list[QuestionItem]
    replaced: list[tuple[QuestionItem, QuestionItem]]
    same: list[tuple[QuestionItem, QuestionItem]]
    notes: list[ImportNote]
    format_name: str


def list_authored_programmes(unit_of_work: UnitOfWork, *, tenant_id: int) -> list[ProgrammeSummary]:
    """List all programmes."""
    with unit_of_work(tenant_id) as connection:
        return drafts_store.list_programme_summaries(connection, tenant_id)


def create_programme(unit_of_work: UnitOfWork, *, tenant_id: int, title: str, copy_of: str, who: str, now: datetime) -> str:
    """Create a programme, empty or as a copy of another's current draft; return its key."""
    words = " ".join(title.split())
    if not words or len(words) > programmes.LONGEST_LINE:
        raise BadInput("Give the programme a title.", field="title")
    with unit_of_work(tenant_id) as connection:
        key = key_from_name(words, {one.key for one in drafts_store.list_programme_summaries(connection, tenant_id)}, "programme")
        if copy_of:
            document = {**_ensure_draft(connection, tenant_id, copy_of).document, "key": key, "title": words, "version": 1}
        else:
            document = programmes.programme_to_document(Programme(key=key, version=1, title=words, pass_mark=0.8, competencies=[], tasks=[]))
        drafts_store.insert_draft(connection, tenant_id, key, document, now, who)
        journal_store.insert_audit_entry(connection, tenant_id, who, "began a programme", {"programme": key, "copy of": copy_of})
    return key


def load_draft(unit_of_work: UnitOfWork, *, tenant_id: int, key: str) -> DraftDetails:
    """Load a draft; for a programme that was published without one, its newest version."""
    with unit_of_work(tenant_id) as connection:
        draft = _ensure_draft(connection, tenant_id, key)
        version = episodes_store.newest_programme_versions(connection, tenant_id).get(key, 0)
        published = programmes.load_programme(connection, tenant_id, key, version) if version else None
    programme = msgspec.convert(draft.document, Programme)
    same = published is not None and msgspec.structs.replace(published, version=0) == msgspec.structs.replace(programme, version=0)
    return DraftDetails(
        programme,
        draft.revision,
        draft.saved_at,
        draft.saved_by,
        draft.archived_at is not None,
        programmes.list_programme_gaps(programme),
        version,
        not same,
    )


def _ensure_draft(connection: Connection, tenant_id: int, key: str) -> Draft:
    found = drafts_store.find_draft(connection, tenant_id, key)
    if found is None:
        version = episodes_store.newest_programme_versions(connection, tenant_id).get(key)
        if version is None:
            raise NotFound("There is no such programme here.")
        document = episodes_store.get_programme_document(connection, tenant_id, key, version)
        drafts_store.insert_draft(connection, tenant_id, key, document, datetime.fromtimestamp(0).astimezone(), "")
        found = drafts_store.find_draft(connection, tenant_id, key)
        assert found is not None
    return found


def update_draft(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    key: str,
    revision: int,
    make: Callable[[Programme], Programme],
    who: str,
    now: datetime,
    brought: Sequence[Picture] = (),
) -> None:
    """Update a draft; Conflict if somebody else changed it since ``revision``. Neither
    side's changes are lost."""
    with unit_of_work(tenant_id) as connection:
        draft = _ensure_draft(connection, tenant_id, key)
        changed = make(msgspec.convert(draft.document, Programme))
        document = programmes.programme_to_document(programmes.parse_programme(programmes.programme_to_document(changed)))
        pictures_store.insert_pictures(connection, tenant_id, brought)
        if draft.revision != revision or not drafts_store.update_draft(connection, tenant_id, key, document, revision, now, who):
            raise Conflict(f"{draft.saved_by or 'Somebody'} changed this programme meanwhile. Load the page again; then enter your change once more.")


def publish_programme(unit_of_work: UnitOfWork, *, tenant_id: int, key: str, revision: int, who: str, now: datetime) -> int:
    """Publish a draft as a new version; return its number. People already in the programme
    stay on the version in which they began."""
    with unit_of_work(tenant_id) as connection:
        draft = _ensure_draft(connection, tenant_id, key)
        if draft.revision != revision:
            raise Conflict("Somebody changed this programme meanwhile. Look at it again before you publish it.")
        version = episodes_store.newest_programme_versions(connection, tenant_id).get(key, 0)
        before = programmes.load_programme(connection, tenant_id, key, version).items if version else []
        draft_programme = msgspec.convert(draft.document, Programme)
        made = msgspec.structs.replace(draft_programme, version=version + 1, items=_assign_item_versions(draft_programme.items, before))
        made = programmes.parse_complete_programme(programmes.programme_to_document(made))
        episodes_store.insert_programme_version(connection, tenant_id, key, made.version, programmes.programme_to_document(made))
        if not drafts_store.update_draft(connection, tenant_id, key, programmes.programme_to_document(made), revision, now, who):
            raise Conflict("Somebody published this programme a moment ago.")
        journal_store.insert_audit_entry(connection, tenant_id, who, "published a programme", {"programme": key, "version": made.version})
    return made.version


def _assign_item_versions(items: list[QuestionItem], before: list[QuestionItem]) -> list[QuestionItem]:
    """Assign each question its version: one that changed since the last published version
    gets its next number."""
    known = {item.key: item for item in before}
    found = []
    for item in items:
        old = known.get(item.key)
        same = old is not None and msgspec.structs.replace(old, version=0) == msgspec.structs.replace(item, version=0)
        found.append(msgspec.structs.replace(item, version=(old.version if same else old.version + 1) if old else 1))
    return found


def set_archived(unit_of_work: UnitOfWork, *, tenant_id: int, key: str, put_away: bool, who: str, now: datetime) -> None:
    """Archive a programme: nobody new can begin it, people already in it continue. Or
    restore it."""
    with unit_of_work(tenant_id) as connection:
        _ensure_draft(connection, tenant_id, key)
        drafts_store.set_draft_archived(connection, tenant_id, key, now if put_away else None)
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "put a programme away" if put_away else "took a programme back", {"programme": key}
        )


def preview_schedule(programme: Programme, certified_on: date, time_zone: str, working_days: Sequence[int]) -> list[ScheduledEvent]:
    """Preview the schedule: everything that becomes due for somebody who is certified on
    this day."""
    when = working_time.resolve_working_time(time_zone, working_days, programme.calendar)
    certified_at = when.at(certified_on)
    events = [
        ScheduledEvent(when.day_of(transfer_protocol.act_due_at(certified_at, days, when)), days, title, text)
        for act, days in transfer_protocol.protocol_for(programme).items()
        for title, text in (_PROTOCOL_TEXTS[act],)
    ]
    if any(item.pool == "baseline" for item in programme.items):
        count = sum(item.pool == "baseline" for item in programme.items)
        events.append(ScheduledEvent(certified_on, 0, "What you know on day 0", f"{count} questions, once, before the first check."))
    for interval in INTERVALS:
        due = working_time.check_due_at(certified_at, interval, when)
        closes = when.day_of(working_time.check_window(certified_at, interval)[1])
        events.append(
            ScheduledEvent(
                when.day_of(due),
                interval.due_days,
                f"Check after {interval.label}",
                f"{programme.questions} questions; open until {closes:%d %B %Y}.",
            )
        )
    return sorted(events, key=lambda event: event.day)


def list_content_gaps(unit_of_work: UnitOfWork, *, tenant_id: int, key: str) -> list[ContentGap]:
    """List what reviewers said the training left open, and learners' remarks on its
    questions, most recent first. It points at the content and names nobody.
    """
    with unit_of_work(tenant_id) as connection:
        _ensure_draft(connection, tenant_id, key)
        said = [*transfer_store.list_content_gaps(connection, tenant_id, key), *item_remarks_store.list_programme_remarks(connection, tenant_id, key)]
    return sorted(said, key=lambda one: one.at, reverse=True)


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


def _load_pictures(connection: Connection, tenant_id: int, programme: Programme) -> dict[str, Picture]:
    digests = sorted({digest for item in programme.items for text in item.texts() for digest in question_html.picture_digests(text)})
    return pictures_store.pictures_by_digest(connection, tenant_id, digests)


def export_programme(unit_of_work: UnitOfWork, *, tenant_id: int, key: str) -> bytes:
    """Export a whole programme as one file: its document and its pictures in a zip archive."""
    with unit_of_work(tenant_id) as connection:
        document = _ensure_draft(connection, tenant_id, key).document
        shown = _load_pictures(connection, tenant_id, msgspec.convert(document, Programme))
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive_file:
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode()
        archive_file.writestr(zipfile.ZipInfo(PROGRAMME_FILENAME, _ZIP_EPOCH), text, zipfile.ZIP_DEFLATED)
        for digest, picture in sorted(shown.items()):
            archive_file.writestr(zipfile.ZipInfo(f"pictures/{digest}", _ZIP_EPOCH), picture.content)
    return body.getvalue()


def import_programme(unit_of_work: UnitOfWork, *, tenant_id: int, content: bytes, who: str, now: datetime) -> str:
    """Import a programme from such a file as a draft, with a new key if its own is in use;
    return the key."""
    document, shown = _unpack_archive(content)
    programme = programmes.parse_programme(document)
    with unit_of_work(tenant_id) as connection:
        key = key_from_name(programme.key, {one.key for one in drafts_store.list_programme_summaries(connection, tenant_id)}, "programme")
        pictures_store.insert_pictures(connection, tenant_id, shown)
        drafts_store.insert_draft(
            connection, tenant_id, key, programmes.programme_to_document(msgspec.structs.replace(programme, key=key, version=1)), now, who
        )
        journal_store.insert_audit_entry(connection, tenant_id, who, "took in a programme", {"programme": key})
    return key


def _unpack_archive(content: bytes) -> tuple[dict[str, Any], list[Picture]]:
    try:
        files = read_archive(content)
        document = json.loads(files[PROGRAMME_FILENAME])
        shown = [checked_picture(picture) for name, picture in files.items() if name.startswith("pictures/")]
    except FileRefused as error:
        raise BadInput(str(error), field="file") from None
    except PictureRefused as error:
        raise BadInput(f"A picture of the programme cannot be taken: {error}.", field="file") from None
    except (KeyError, ValueError, RecursionError):
        raise BadInput(f"The file is no programme: it holds no {PROGRAMME_FILENAME} that can be read.", field="file") from None
    if not isinstance(document, dict):
        raise BadInput(f"The file is no programme: its {PROGRAMME_FILENAME} is no object.", field="file")
    return document, shown


def assign_keys(titles: Sequence[tuple[str, str]], fallback: str) -> list[tuple[str, str]]:
    """(key, title) of the lines that a form sent: an existing key stays, a new line gets one
    derived from its title, empty lines are dropped."""
    taken = {key for key, title in titles if key and title.strip()}
    found = []
    for key, title in titles:
        words = " ".join(title.split())
        if words:
            chosen = key or key_from_name(words, taken, fallback)
            taken.add(chosen)
            found.append((chosen, words))
    return found


def retain_competencies(programme: Programme, keep: Sequence[Competency]) -> Programme:
    """The programme with only these competencies; BadInput if a question still belongs to
    one that is removed. Its tasks, blueprint cells and rubric criteria are removed with it."""
    kept = {one.key for one in keep}
    for gone in (one for one in programme.competencies if one.key not in kept):
        held = sum(item.competency == gone.key for item in programme.items)
        if held:
            raise BadInput(f"“{gone.title}” still has {held} questions; move or remove them first.", field="competencies")
    tasks = [task for task in programme.tasks if task.competency in kept]
    blueprint = [cell for cell in programme.blueprint if cell.competency in kept]
    rubric = rubrics.keep_competencies(programme.rubric, kept)
    return msgspec.structs.replace(programme, competencies=list(keep), tasks=tasks, blueprint=blueprint, rubric=rubric)
