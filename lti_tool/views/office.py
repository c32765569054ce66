"""Where training managers and administrators work: the same pages in a visit (``/t/<visit>/…``) and by an administrator's link."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from core.errors import BadInput
from lti_tool.actions import roles
from lti_tool.lti.deps import ToolDeps
from lti_tool.store.people import LaunchSession
from lti_tool.views import session
from lti_tool.views.frame import framed

LARGEST_UPLOAD = 32_000_000  # bytes of a request that brings a file: more than any file that is read, so that its reader says what is wrong


@dataclass(frozen=True)
class Desk:
    """Who works: the tenant, the name for the audit record, where the pages are, and what every template is given."""

    tenant_id: int
    who: str
    home: str
    common: dict[str, Any]
    gives_roles: bool

    def show(self, template: str, status: int = 200, **values: Any) -> ResponseReturnValue:
        """A page."""
        return render_template(template, **self.common, **values), status


Opening = Callable[[uuid.UUID], Desk]


def of_visit(deps: ToolDeps) -> Opening:
    """The desk of whoever this visit is."""

    def opened(visit_id: uuid.UUID) -> Desk:
        who = session.current(deps, request, visit_id)
        common = framed(deps, request, who)
        return Desk(who.tenant_id, named(who), common["home"], common, bool(who.roles & roles.ROUTES["people.change_role"]))

    return opened


def named(who: LaunchSession) -> str:
    """Who acts, for records: the name for people, the id so that it can be taken out when the person is erased."""
    return f"{who.person_name or 'Somebody without a name'} ({who.person_id})"


def takes_file() -> None:
    """This request may be as large as a file; said before anything of it is read."""
    request.max_content_length = LARGEST_UPLOAD


def file_of(name: str = "file") -> tuple[str, bytes]:
    """(name, content) of the file that a form brought."""
    found: FileStorage | None = request.files.get(name)
    if found is None or not found.filename:
        raise BadInput("Choose a file first.", field=name)
    return found.filename, found.read()


def download(name: str, media_type: str, content: bytes) -> Response:
    """An answer that is kept as a file."""
    answer = Response(content, content_type=media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


def text_of(name: str) -> str:
    """A text of a form, its line ends made one."""
    return request.form.get(name, "").replace("\0", "").replace("\r\n", "\n").strip()


def revision_of() -> int:
    """Which state of a draft a form was made from."""
    text = text_of("revision")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadInput("The form is not complete; load the page again.")
    return int(text)


def uuid_from(text: str) -> uuid.UUID:
    """An id that a form carries."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadInput("The form is not complete; open the page again.") from None
