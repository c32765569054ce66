"""Pages for training managers and administrators: the same in a visit (``/t/<visit>/…``) and in
a session opened by an administrator's link."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from core.errors import BadInput
from lti_tool.base import roles, sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession

# bytes of a request with a file: more than any reader accepts, so that the reader reports what is
# wrong
MAX_UPLOAD_BYTES = 32_000_000


@dataclass(frozen=True)
class StaffContext:
    """The context of a staff page: the tenant, the name for the audit record, the base URL of
    the pages, and the values that every template needs."""

    tenant_id: int
    who: str
    home: str
    common: dict[str, Any]
    can_grant_roles: bool

    def render(self, template: str, status: int = 200, **values: Any) -> ResponseReturnValue:
        """Render a page."""
        return render_template(template, **self.common, **values), status


ContextOpener = Callable[[uuid.UUID], StaffContext]


def visit_context_opener(deps: ToolDeps) -> ContextOpener:
    """A function that opens the staff context of a visit."""

    def open_context(visit_id: uuid.UUID) -> StaffContext:
        who = sessions.require_session(deps, request, visit_id)
        common = template_values(deps, request, who)
        return StaffContext(
            who.tenant_id,
            audit_name(who),
            common["home"],
            common,
            bool(who.roles & roles.ROUTE_ROLES["people.change_role"]),
        )

    return open_context


def audit_name(who: LaunchSession) -> str:
    """Who acts, for the audit record: the name for readers, the id so that it can be removed
    when the person is erased."""
    return f"{who.person_name or 'Somebody without a name'} ({who.person_id})"


def allow_large_upload() -> None:
    """Allow this request to be as large as a file; call it before any of the body is read."""
    request.max_content_length = MAX_UPLOAD_BYTES


def read_uploaded_file(name: str = "file") -> tuple[str, bytes]:
    """(name, content) of the file uploaded with a form."""
    result: FileStorage | None = request.files.get(name)
    if result is None or not result.filename:
        raise BadInput("Choose a file first.", field=name)
    return result.filename, result.read()


def download_response(name: str, media_type: str, content: bytes) -> Response:
    """A response that the browser saves as a file."""
    answer = Response(content, content_type=media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


def form_text(name: str) -> str:
    """A text field of the form, with line endings normalized."""
    return request.form.get(name, "").replace("\0", "").replace("\r\n", "\n").strip()


def form_revision() -> int:
    """The draft revision that the form was rendered from."""
    text = form_text("revision")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadInput("The form is not complete; load the page again.")
    return int(text)


def parse_uuid(text: str) -> uuid.UUID:
    """Parse a UUID sent with a form."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadInput("The form is not complete; open the page again.") from None
