"""Reading what a page's form sends: text without what cannot be stored, ids, days, files."""

from __future__ import annotations

import uuid
from datetime import date

from flask import request
from werkzeug.datastructures import FileStorage

from core.errors import BadInput
from core.messages import Message, lazy_gettext

# bytes of a request with a file: more than any reader accepts, so that the reader reports what is
# wrong
MAX_UPLOAD_BYTES = 32_000_000
MAX_EMAIL_LENGTH = 320  # RFC 5321, 4.5.3.1: 64 of the mailbox, 255 of its domain
MAX_FILE_NAME_LENGTH = 200
_MAX_REVISION_DIGITS = 9
INCOMPLETE_FORM = lazy_gettext("The form is not complete; open the page again.")
DAY_FORMAT = lazy_gettext("Enter the day as year-month-day, for example 2026-12-31.")


def allow_large_upload() -> None:
    """Allow this request to be as large as a file; call it before any of the body is read."""
    request.max_content_length = MAX_UPLOAD_BYTES


def form_text(name: str, most: int | None = None) -> str:
    """A text field: no NUL, line endings normalized, no space around it, cut after ``most``."""
    return clean_text(request.form.get(name, ""))[:most]


def form_texts(name: str) -> list[str]:
    """All values of a field that may stand in the form several times."""
    return [clean_text(text) for text in request.form.getlist(name)]


def clean_text(text: str) -> str:
    """A text that can be stored: no NUL, line endings normalized, no space around it."""
    return text.replace("\0", "").replace("\r\n", "\n").strip()


def form_uuid(name: str, refusal: Message = INCOMPLETE_FORM) -> uuid.UUID:
    """An id; BadInput with ``refusal`` if there is none."""
    return parse_uuid(form_text(name), refusal, name)


def parse_uuid(text: str, refusal: Message = INCOMPLETE_FORM, field: str = "") -> uuid.UUID:
    """An id sent with a form; BadInput with ``refusal``, at ``field``, if it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadInput(refusal, **({"field": field} if field else {})) from None


def form_day(name: str, refusal: Message = DAY_FORMAT) -> date | None:
    """A day, or None where the field is empty; BadInput with ``refusal`` if it is none."""
    text = form_text(name)
    return parse_day(text, refusal, name) if text else None


def parse_day(text: str, refusal: Message = DAY_FORMAT, field: str = "") -> date:
    """A day sent with a form; BadInput with ``refusal``, at ``field``, if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(refusal, **({"field": field} if field else {})) from None


def form_revision() -> int:
    """The draft revision that the form was rendered from."""
    text = form_text("revision")
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_REVISION_DIGITS:
        raise BadInput("The form is not complete; load the page again.")
    return int(text)


def uploaded_file(name: str = "file") -> tuple[str, bytes]:
    """(name, content) of the file sent with a form; BadInput if none was chosen."""
    found = optional_file(name)
    if found is None:
        raise BadInput("Choose a file first.", field=name)
    return found


def optional_file(name: str = "file") -> tuple[str, bytes] | None:
    """(name, content) of the file sent with a form, or None."""
    file: FileStorage | None = request.files.get(name)
    if file is None or not file.filename:
        return None
    return " ".join(clean_text(file.filename).split())[-MAX_FILE_NAME_LENGTH:], file.read()
