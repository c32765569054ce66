"""A whole programme as one file."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

import msgspec

from adapters.questions import FileRefused, Picture
from adapters.questions.models import key_from_name
from adapters.questions.pictures import PictureRefused
from adapters.questions.pictures import load_picture as checked_picture
from adapters.questions.untrusted_files import read_archive
from core.database import UnitOfWork
from core.errors import BadInput
from core.messages import lazy_gettext
from lti_tool.base import journal_store
from lti_tool.programmes import drafts_store, pictures_store, programmes
from lti_tool.programmes.authoring import _ensure_draft, _load_pictures
from lti_tool.programmes.programmes import Programme

PROGRAMME_FILENAME = "programme.json"


_ZIP_EPOCH = (
    1980,
    1,
    1,
    0,
    0,
    0,
)  # the earliest timestamp of a zip archive: exporting the same programme gives the same bytes


def export_programme(unit_of_work: UnitOfWork, *, tenant_id: int, key: str) -> bytes:
    """Export a whole programme as one file: its document and its pictures in a zip archive."""
    with unit_of_work(tenant_id) as connection:
        document = _ensure_draft(connection, tenant_id, key).document
        shown = _load_pictures(connection, tenant_id, msgspec.convert(document, Programme))
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive_file:
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode()
        archive_file.writestr(
            zipfile.ZipInfo(PROGRAMME_FILENAME, _ZIP_EPOCH), text, zipfile.ZIP_DEFLATED
        )
        for digest, picture in sorted(shown.items()):
            archive_file.writestr(
                zipfile.ZipInfo(f"pictures/{digest}", _ZIP_EPOCH), picture.content
            )
    return body.getvalue()


def import_programme(
    unit_of_work: UnitOfWork, *, tenant_id: int, content: bytes, who: str, now: datetime
) -> str:
    """Import a programme from such a file as a draft, with a new key if its own is in use;
    return the key."""
    document, shown = _unpack_archive(content)
    programme = programmes.parse_programme(document)
    with unit_of_work(tenant_id) as connection:
        key = key_from_name(
            programme.key,
            {
                summary.key
                for summary in drafts_store.list_programme_summaries(connection, tenant_id)
            },
            "programme",
        )
        pictures_store.insert_pictures(connection, tenant_id, shown)
        drafts_store.insert_draft(
            connection,
            tenant_id,
            key,
            programmes.programme_to_document(
                msgspec.structs.replace(programme, key=key, version=1)
            ),
            now,
            who,
        )
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "took in a programme", {"programme": key}
        )
    return key


def _unpack_archive(content: bytes) -> tuple[dict[str, Any], list[Picture]]:
    try:
        files = read_archive(content)
        document = json.loads(files[PROGRAMME_FILENAME])
        shown = [
            checked_picture(picture)
            for name, picture in files.items()
            if name.startswith("pictures/")
        ]
    except FileRefused as error:
        raise BadInput(error.message, field="file") from None
    except PictureRefused as error:
        raise BadInput(
            lazy_gettext(
                "A picture of the programme cannot be taken: %(reason)s.", reason=error.message
            ),
            field="file",
        ) from None
    except (KeyError, ValueError, RecursionError):
        raise BadInput(
            lazy_gettext(
                "The file is no programme: it holds no %(file)s that can be read.",
                file=PROGRAMME_FILENAME,
            ),
            field="file",
        ) from None
    if not isinstance(document, dict):
        raise BadInput(
            lazy_gettext(
                "The file is no programme: its %(file)s is no object.", file=PROGRAMME_FILENAME
            ),
            field="file",
        )
    return document, shown
