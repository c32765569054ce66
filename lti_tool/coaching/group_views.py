"""The coaching groups of a programme, as its manager forms them."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput
from lti_tool.base.forms import form_texts
from lti_tool.base.roles import STAFF_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import StaffContext, open_staff
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.coaching import coaching_groups, course_group_import
from lti_tool.programmes import authoring

ROUTES = Routes("groups", "/t/<uuid:visit_id>/programmes", open_staff)


@ROUTES.get("/<key>/groups", roles=STAFF_ROLES)
def show_groups(staff: StaffContext, key: str) -> ResponseReturnValue:
    programme = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key).programme
    return _render_groups(staff, key, programme.title)


@ROUTES.post("/<key>/groups", roles=STAFF_ROLES)
def form_groups(staff: StaffContext, key: str) -> ResponseReturnValue:
    created = coaching_groups.form_groups(
        staff.work, tenant_id=staff.tenant_id, programme=key, who=staff.who, now=clock.now()
    )
    staff.deps.job_requests.request_job(SEND_STATEMENTS)
    return staff.redirect(f"programmes/{key}/groups?formed={created}")


@ROUTES.post("/<key>/groups/of-course", roles=STAFF_ROLES)
def import_course_groups(staff: StaffContext, key: str) -> ResponseReturnValue:
    programme = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key).programme
    try:
        made, added = course_group_import.import_groups(
            staff.work,
            tenant_id=staff.tenant_id,
            course_id=staff.course_id,
            programme=key,
            keys=form_texts("group"),
            who=staff.who,
            now=clock.now(),
        )
    except BadInput as error:
        return _render_groups(staff, key, programme.title, error)
    staff.deps.job_requests.request_job(SEND_STATEMENTS)
    return staff.redirect(f"programmes/{key}/groups?made={made}&added={added}")


def _render_groups(
    staff: StaffContext, key: str, title: str, error: BadInput | None = None
) -> ResponseReturnValue:
    now = clock.now()
    return staff.render(
        "groups.html",
        error.status if error else 200,
        view=coaching_groups.load_coaching_overview(
            staff.work, tenant_id=staff.tenant_id, programme=key, now=now
        ),
        of_course=course_group_import.load_course_groups(
            staff.work,
            tenant_id=staff.tenant_id,
            course_id=staff.course_id,
            programme=key,
            now=now,
        ),
        error=error,
        key=key,
        title=title,
    )
