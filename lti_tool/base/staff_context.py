"""Pages for training managers and administrators: the same in a visit (``/t/<visit>/…``) and in
a session opened by an administrator's link."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from lti_tool.base import roles
from lti_tool.base.actor_names import stored_name
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import RequestContext, open_page, template_values
from lti_tool.base.sessions_store import LaunchSession


@dataclass(frozen=True)
class StaffContext(RequestContext):
    """The context of a staff page: the session's id, the tenant, the name for the audit record, the
    base URL of the pages, the values that every template needs, and the course it was opened from
    (None: from no LMS)."""

    visit_id: uuid.UUID
    tenant_id: int
    who: str
    home: str
    common: dict[str, Any]
    can_grant_roles: bool
    course_id: uuid.UUID | None

    def render(self, template: str, status: int = 200, **values: Any) -> ResponseReturnValue:
        """Render a page."""
        return render_template(template, **self.common, **values), status

    def redirect(self, path: str) -> ResponseReturnValue:
        """Go on at another page of this session, as GET."""
        return redirect(f"{self.home}{path}", code=303)


def open_staff(deps: ToolDeps, allowed: frozenset[str], visit_id: uuid.UUID | None) -> StaffContext:
    """Open the context of a staff page that ``allowed`` may call in a visit."""
    page = open_page(deps, allowed, visit_id)
    common = template_values(deps, request, page.who)
    return StaffContext(
        deps,
        page.who.id,
        page.who.tenant_id,
        audit_name(page.who),
        common["home"],
        common,
        bool(page.who.roles & roles.ADMINS),
        page.who.course_id,
    )


def audit_name(who: LaunchSession) -> str:
    """Who acts, for the audit record."""
    return stored_name(who.person_name, who.person_id)


def download_response(name: str, media_type: str, content: bytes) -> Response:
    """A response that the browser saves as a file."""
    answer = Response(content, content_type=media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer
