"""Authoring programmes: mutable drafts, immutable versions, import and export of questions
and of whole programmes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from adapters.questions import Picture, QuestionItem, question_html
from adapters.questions.models import key_from_name
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, NotFound
from core.messages import Message, lazy_gettext, lazy_ngettext
from lti_tool.base import journal_store
from lti_tool.base.actor_names import actor_name
from lti_tool.programmes import drafts_store, episodes_store, pictures_store, programmes, rubrics
from lti_tool.programmes.drafts_store import Draft, ProgrammeSummary
from lti_tool.programmes.programmes import Competency, Programme


@dataclass(frozen=True)
class DraftDetails:
    """A draft with what its page shows: what is missing, and the newest published version (0:
    none).
    """

    programme: Programme
    revision: int
    saved_at: datetime | None
    saved_by: str
    archived: bool
    missing: list[Message]
    version: int
    changed: bool


def list_authored_programmes(unit_of_work: UnitOfWork, *, tenant_id: int) -> list[ProgrammeSummary]:
    """List all programmes."""
    with unit_of_work(tenant_id) as connection:
        return drafts_store.list_programme_summaries(connection, tenant_id)


def create_programme(
    unit_of_work: UnitOfWork, *, tenant_id: int, title: str, copy_of: str, who: str, now: datetime
) -> str:
    """Create a programme, empty or as a copy of another's current draft; return its key."""
    clean_title = " ".join(title.split())
    if not clean_title or len(clean_title) > programmes.LONGEST_LINE:
        raise BadInput("Give the programme a title.", field="title")
    with unit_of_work(tenant_id) as connection:
        key = key_from_name(
            clean_title,
            {
                summary.key
                for summary in drafts_store.list_programme_summaries(connection, tenant_id)
            },
            "programme",
        )
        if copy_of:
            document = {
                **_ensure_draft(connection, tenant_id, copy_of).document,
                "key": key,
                "title": clean_title,
                "version": 1,
            }
        else:
            document = programmes.programme_to_document(
                Programme(
                    key=key, version=1, title=clean_title, pass_mark=0.8, competencies=[], tasks=[]
                )
            )
        drafts_store.insert_draft(connection, tenant_id, key, document, now, who)
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "began a programme", {"programme": key, "copy of": copy_of}
        )
    return key


def load_draft(unit_of_work: UnitOfWork, *, tenant_id: int, key: str) -> DraftDetails:
    """Load a draft; for a programme that was published without one, its newest version."""
    with unit_of_work(tenant_id) as connection:
        draft = _ensure_draft(connection, tenant_id, key)
        version = episodes_store.newest_programme_versions(connection, tenant_id).get(key, 0)
        published = (
            programmes.load_programme(connection, tenant_id, key, version) if version else None
        )
    programme = msgspec.convert(draft.document, Programme)
    same = published is not None and msgspec.structs.replace(
        published, version=0
    ) == msgspec.structs.replace(programme, version=0)
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
    result = drafts_store.find_draft(connection, tenant_id, key)
    if result is None:
        version = episodes_store.newest_programme_versions(connection, tenant_id).get(key)
        if version is None:
            raise NotFound("There is no such programme here.")
        document = episodes_store.get_programme_document(connection, tenant_id, key, version)
        drafts_store.insert_draft(
            connection, tenant_id, key, document, datetime.fromtimestamp(0).astimezone(), ""
        )
        result = drafts_store.find_draft(connection, tenant_id, key)
        assert result is not None
    return result


def update_draft(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    key: str,
    revision: int,
    make: Callable[[Programme], Programme],
    who: str,
    now: datetime,
    uploaded: Sequence[Picture] = (),
) -> None:
    """Update a draft; Conflict if somebody else changed it since ``revision``. Neither
    side's changes are lost."""
    with unit_of_work(tenant_id) as connection:
        draft = _ensure_draft(connection, tenant_id, key)
        changed = make(msgspec.convert(draft.document, Programme))
        document = programmes.programme_to_document(
            programmes.parse_programme(programmes.programme_to_document(changed))
        )
        pictures_store.insert_pictures(connection, tenant_id, uploaded)
        if draft.revision != revision or not drafts_store.update_draft(
            connection, tenant_id, key, document, revision, now, who
        ):
            raise Conflict(
                lazy_gettext(
                    "%(name)s changed this programme meanwhile. Load the page again; then enter "
                    "your change once more.",
                    name=actor_name(draft.saved_by) or lazy_gettext("Somebody"),
                )
            )


def publish_programme(
    unit_of_work: UnitOfWork, *, tenant_id: int, key: str, revision: int, who: str, now: datetime
) -> int:
    """Publish a draft as a new version; return its number. People already in the programme
    stay on the version in which they began."""
    with unit_of_work(tenant_id) as connection:
        draft = _ensure_draft(connection, tenant_id, key)
        if draft.revision != revision:
            raise Conflict(
                "Somebody changed this programme meanwhile. Look at it again before you publish it."
            )
        version = episodes_store.newest_programme_versions(connection, tenant_id).get(key, 0)
        before = (
            programmes.load_programme(connection, tenant_id, key, version).items if version else []
        )
        draft_programme = msgspec.convert(draft.document, Programme)
        created = msgspec.structs.replace(
            draft_programme,
            version=version + 1,
            items=_assign_item_versions(draft_programme.items, before),
        )
        created = programmes.parse_complete_programme(programmes.programme_to_document(created))
        episodes_store.insert_programme_version(
            connection, tenant_id, key, created.version, programmes.programme_to_document(created)
        )
        if not drafts_store.update_draft(
            connection,
            tenant_id,
            key,
            programmes.programme_to_document(created),
            revision,
            now,
            who,
        ):
            raise Conflict("Somebody published this programme a moment ago.")
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "published a programme",
            {"programme": key, "version": created.version},
        )
    return created.version


def _assign_item_versions(
    items: list[QuestionItem], before: list[QuestionItem]
) -> list[QuestionItem]:
    """Assign each question its version: one that changed since the last published version
    gets its next number."""
    known = {item.key: item for item in before}
    result = []
    for item in items:
        old = known.get(item.key)
        same = old is not None and msgspec.structs.replace(
            old, version=0
        ) == msgspec.structs.replace(item, version=0)
        result.append(
            msgspec.structs.replace(
                item, version=(old.version if same else old.version + 1) if old else 1
            )
        )
    return result


def set_archived(
    unit_of_work: UnitOfWork, *, tenant_id: int, key: str, put_away: bool, who: str, now: datetime
) -> None:
    """Archive a programme: nobody new can begin it, people already in it continue. Or
    restore it."""
    with unit_of_work(tenant_id) as connection:
        _ensure_draft(connection, tenant_id, key)
        drafts_store.set_draft_archived(connection, tenant_id, key, now if put_away else None)
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "put a programme away" if put_away else "took a programme back",
            {"programme": key},
        )


def _load_pictures(
    connection: Connection, tenant_id: int, programme: Programme
) -> dict[str, Picture]:
    digests = sorted(
        {
            digest
            for item in programme.items
            for text in item.texts()
            for digest in question_html.picture_digests(text)
        }
    )
    return pictures_store.pictures_by_digest(connection, tenant_id, digests)


def assign_keys(titles: Sequence[tuple[str, str]], fallback: str) -> list[tuple[str, str]]:
    """(key, title) of the lines that a form sent: an existing key stays, a new line gets one
    derived from its title, empty lines are dropped."""
    used_keys = {key for key, title in titles if key and title.strip()}
    result = []
    for key, title in titles:
        clean_title = " ".join(title.split())
        if clean_title:
            chosen = key or key_from_name(clean_title, used_keys, fallback)
            used_keys.add(chosen)
            result.append((chosen, clean_title))
    return result


def retain_competencies(programme: Programme, keep: Sequence[Competency]) -> Programme:
    """The programme with only these competencies; BadInput if a question still belongs to
    one that is removed. Its tasks, blueprint cells and rubric criteria are removed with it."""
    kept_keys = {item.key for item in keep}
    for removed in (
        competency for competency in programme.competencies if competency.key not in kept_keys
    ):
        questions = sum(item.competency == removed.key for item in programme.items)
        if questions:
            raise BadInput(
                lazy_ngettext(
                    "“%(competency)s” still has one question; move or remove it first.",
                    "“%(competency)s” still has %(num)s questions; move or remove them first.",
                    questions,
                    competency=removed.title,
                ),
                field="competencies",
            )
    tasks = [task for task in programme.tasks if task.competency in kept_keys]
    blueprint = [cell for cell in programme.blueprint if cell.competency in kept_keys]
    rubric = rubrics.keep_competencies(programme.rubric, kept_keys)
    return msgspec.structs.replace(
        programme, competencies=list(keep), tasks=tasks, blueprint=blueprint, rubric=rubric
    )
