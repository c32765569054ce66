"""The administration pages: for holders of the admin role in any session, or through a one-time
link. The same pages are mounted at two URLs.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from adapters.lms import FAMILIES, dialect_for
from core import clock
from core.errors import BadInput, Conflict, Forbidden, RequestError, Unauthorised
from core.http_client import OutsideCallFailed
from lti_tool.admin import platform_admin, record_store_admin
from lti_tool.base import journal_store, roles, sessions, visit_context
from lti_tool.base import page_responses as page_rules
from lti_tool.base.deps import ToolDeps
from lti_tool.base.platforms_store import APPROVED, DISABLED, NAMES_NOBODY, REMOVED
from lti_tool.base.sessions import compute_form_token, read_admin_secret, require_own_origin
from lti_tool.base.staff_context import ContextOpener, StaffContext, audit_name
from lti_tool.base.statement_outbox_store import SEND_GRADES
from lti_tool.base.token_hash import hash_token
from lti_tool.launch import platform_registration, sign_in
from lti_tool.launch.platform_registration import ManualRegistration
from lti_tool.people import directory

_STATUS_BY_ACTION = {
    "approve": APPROVED,
    "disable": DISABLED,
    "enable": APPROVED,
    "remove": REMOVED,
}


@dataclass(frozen=True)
class AdminSession:
    """An administrator's session: the tenant, the name for the audit log, and whether it was
    opened by a one-time link.
    """

    tenant_id: int
    who: str
    by_link: bool
    base: str
    form_token: str
    practice: bool


def entrance_blueprint(deps: ToolDeps) -> Blueprint:
    """``/admin/enter/<link>``: GET changes nothing (mail scanners follow links), POST redeems
    the link.
    """
    pages = Blueprint("admin_entrance", __name__, url_prefix="/admin")

    @pages.get("/enter/<link_secret>")
    def show_entrance(link_secret: str) -> ResponseReturnValue:
        page_rules.forbid_frames()
        usable = platform_admin.is_admin_link_valid(deps, link_secret=link_secret)
        return render_template("admin_enter.html", usable=usable), 200 if usable else 404

    @pages.post("/enter/<link_secret>")
    def redeem_link(link_secret: str) -> ResponseReturnValue:
        page_rules.forbid_frames()
        require_own_origin(deps, request)
        session_id, secret = platform_admin.redeem_admin_link(
            deps, link_secret=link_secret, now=clock.now()
        )
        response = redirect(f"/admin/{session_id}/", code=303)
        assert isinstance(response, Response)
        sessions.set_admin_cookie(response, session_id, secret)
        return response

    return pages


def link_admin_loader(deps: ToolDeps) -> Callable[[uuid.UUID], AdminSession]:
    """Return a loader of sessions opened by a link; their pages may not be framed."""

    def load_admin(visit_id: uuid.UUID) -> AdminSession:
        page_rules.forbid_frames()
        result, secret = (
            journal_store.find_admin_session(deps.engine, visit_id),
            read_admin_secret(request, visit_id),
        )
        if result is None or not hmac.compare_digest(result[2], hash_token(secret)):
            raise Unauthorised(
                "This administration session has ended. carryover admin link makes a new link."
            )
        token = compute_form_token(visit_id, secret)
        if request.method == "POST":
            require_own_origin(deps, request)
            if not hmac.compare_digest(request.form.get("form_token", "").encode(), token.encode()):
                raise Forbidden("This form is out of date and was not taken. Load the page again.")
        practice = visit_context.is_practice_tenant(deps.unit_of_work, tenant_id=result[0])
        return AdminSession(result[0], result[1], True, f"/admin/{visit_id}/", token, practice)

    return load_admin


def staff_context_by_link(deps: ToolDeps) -> ContextOpener:
    """Return the opener of the staff pages' context for a session opened by a link."""
    admin = link_admin_loader(deps)

    def open_context(visit_id: uuid.UUID) -> StaffContext:
        who = admin(visit_id)
        common = {
            "who_administers": who,
            "form_token": who.form_token,
            "home": who.base,
            "practice": who.practice,
        }
        return StaffContext(deps, who.tenant_id, who.who, who.base, common, can_grant_roles=True)

    return open_context


def link_blueprint(deps: ToolDeps) -> Blueprint:
    """The administration pages for a session opened by a link."""
    admin = link_admin_loader(deps)
    pages = _admin_blueprint(deps, "admin_by_link", "/admin/<uuid:visit_id>", admin)

    @pages.post("/leave")
    def sign_out(visit_id: uuid.UUID) -> ResponseReturnValue:
        platform_admin.close_admin_session(
            deps.unit_of_work, tenant_id=admin(visit_id).tenant_id, session_id=visit_id
        )
        return page_rules.render_message(
            "Signed out", "The administration is closed. carryover admin link opens it again.", 200
        )

    return pages


def launch_blueprint(deps: ToolDeps) -> Blueprint:
    """The administration pages in a session of a person with the admin role."""

    def load_admin(visit_id: uuid.UUID) -> AdminSession:
        who = sessions.require_session(deps, request, visit_id)
        around = visit_context.load_visit_context(deps.unit_of_work, session=who)
        if around.platform is None:
            page_rules.forbid_frames()
        else:
            page_rules.allow_platform_frames(around.platform)
        return AdminSession(
            who.tenant_id,
            audit_name(who),
            False,
            f"/t/{visit_id}/admin/",
            sessions.form_token(request, visit_id),
            around.practice,
        )

    return _admin_blueprint(deps, "admin_by_launch", "/t/<uuid:visit_id>/admin", load_admin)


def _admin_blueprint(
    deps: ToolDeps, name: str, prefix: str, admin: Callable[[uuid.UUID], AdminSession]
) -> Blueprint:
    pages = Blueprint(name, __name__, url_prefix=prefix)
    work, base_url = deps.unit_of_work, deps.settings.base_url

    def render_admin(
        who: AdminSession, template: str, status: int = 200, **values: Any
    ) -> ResponseReturnValue:
        facts = platform_registration.tool_facts(base_url)
        common = {
            "who_administers": who,
            "form_token": who.form_token,
            "home": who.base,
            "practice": who.practice,
            "facts": facts,
        }
        return render_template(template, **common, **values), status

    @pages.get("/")
    def show_overview(visit_id: uuid.UUID) -> ResponseReturnValue:
        who = admin(visit_id)
        return render_admin(
            who,
            "admin.html",
            view=platform_admin.load_admin_overview(work, tenant_id=who.tenant_id),
            now=clock.now(),
        )

    @pages.post("/administrators")
    def grant_admin_role(visit_id: uuid.UUID) -> ResponseReturnValue:
        """Grant the admin role to an LMS administrator who has visited the tool."""
        who = admin(visit_id)
        try:
            person_id = uuid.UUID(request.form.get("person", ""))
        except ValueError:
            raise BadInput("Choose a person.") from None
        directory.grant_role(
            work, tenant_id=who.tenant_id, person_id=person_id, role=roles.ADMIN, who=who.who
        )
        return redirect(f"{who.base}?done=granted", code=303)

    @pages.post("/invites")
    def issue_invite(visit_id: uuid.UUID) -> ResponseReturnValue:
        who = admin(visit_id)
        note, approves = request.form.get("note", "").strip(), request.form.get("approves") == "1"
        _, secret = platform_registration.create_invite(
            work,
            tenant_id=who.tenant_id,
            note=note,
            who=who.who,
            approves=approves,
            now=clock.now(),
        )
        return render_admin(
            who,
            "admin_invite.html",
            address=platform_registration.invite_url(base_url, secret),
            approves=approves,
        )

    @pages.post("/invites/<int:invite_id>/withdraw")
    def withdraw_invite(visit_id: uuid.UUID, invite_id: int) -> ResponseReturnValue:
        who = admin(visit_id)
        platform_admin.withdraw_invite(
            work, tenant_id=who.tenant_id, invite_id=invite_id, who=who.who, now=clock.now()
        )
        return redirect(f"{who.base}?done=withdrawn", code=303)

    @pages.get("/platforms/new")
    def show_new_platform_form(visit_id: uuid.UUID) -> ResponseReturnValue:
        return render_admin(
            admin(visit_id),
            "admin_form.html",
            platform=None,
            sent={},
            error=None,
            families=FAMILIES,
        )

    @pages.post("/platforms/new")
    def add_platform(visit_id: uuid.UUID) -> ResponseReturnValue:
        who = admin(visit_id)
        try:
            created = platform_registration.register_manually(
                work,
                tenant_id=who.tenant_id,
                allow_private=deps.settings.allow_private_platforms,
                typed=_registration_from_form(request.form),
                status=APPROVED,
                who=who.who,
            )
        except (BadInput, Conflict) as error:
            return render_admin(
                who,
                "admin_form.html",
                error.status,
                platform=None,
                sent=request.form,
                error=error,
                families=FAMILIES,
            )
        return redirect(f"{who.base}platforms/{created}?done=added", code=303)

    def render_platform(
        who: AdminSession, registration_id: int, error: RequestError | None = None
    ) -> ResponseReturnValue:
        view = platform_admin.load_platform_details(
            work, tenant_id=who.tenant_id, registration_id=registration_id
        )
        status = error.status if error else 200
        return render_admin(
            who,
            "admin_platform.html",
            status,
            view=view,
            lms=dialect_for(view.platform.family),
            error=error.message if error else "",
        )

    @pages.get("/platforms/<int:registration_id>")
    def show_platform(visit_id: uuid.UUID, registration_id: int) -> ResponseReturnValue:
        return render_platform(admin(visit_id), registration_id)

    @pages.get("/platforms/<int:registration_id>/change")
    def show_platform_form(visit_id: uuid.UUID, registration_id: int) -> ResponseReturnValue:
        who = admin(visit_id)
        view = platform_admin.load_platform_details(
            work, tenant_id=who.tenant_id, registration_id=registration_id
        )
        return render_admin(
            who, "admin_form.html", platform=view.platform, sent={}, error=None, families=FAMILIES
        )

    @pages.post("/platforms/<int:registration_id>/change")
    def update_platform(visit_id: uuid.UUID, registration_id: int) -> ResponseReturnValue:
        who = admin(visit_id)
        try:
            values = platform_registration.validate_registration(
                deps.settings.allow_private_platforms, _registration_from_form(request.form)
            )
            values["approve_deployments"] = request.form.get("approve_deployments") == "1"
            values["names_people"] = request.form.get("names_people", NAMES_NOBODY)
            values["wide_parameter"] = request.form.get("wide_parameter") == "1"
            platform_admin.update_platform(
                work,
                tenant_id=who.tenant_id,
                registration_id=registration_id,
                values=values,
                who=who.who,
            )
        except (BadInput, Conflict) as error:
            view = platform_admin.load_platform_details(
                work, tenant_id=who.tenant_id, registration_id=registration_id
            )
            return render_admin(
                who,
                "admin_form.html",
                error.status,
                platform=view.platform,
                sent=request.form,
                error=error,
                families=FAMILIES,
            )
        return redirect(f"{who.base}platforms/{registration_id}?done=changed", code=303)

    @pages.post("/platforms/<int:registration_id>/status")
    def change_platform_status(visit_id: uuid.UUID, registration_id: int) -> ResponseReturnValue:
        who = admin(visit_id)
        act = request.form.get("act", "")
        if act not in _STATUS_BY_ACTION:
            raise BadInput("Press one of the buttons of the page.")
        if act == "remove" and request.form.get("sure") != "1":
            return render_platform(
                who,
                registration_id,
                BadInput("Tick that this platform's launches are to end, then remove it."),
            )
        platform_admin.set_platform_status(
            work,
            tenant_id=who.tenant_id,
            registration_id=registration_id,
            status=_STATUS_BY_ACTION[act],
            who=who.who,
        )
        return redirect(
            who.base if act == "remove" else f"{who.base}platforms/{registration_id}?done={act}",
            code=303,
        )

    @pages.post("/platforms/<int:registration_id>/deployments")
    def change_deployment(visit_id: uuid.UUID, registration_id: int) -> ResponseReturnValue:
        who = admin(visit_id)
        named, act = request.form.get("deployment_id", "").strip(), request.form.get("act", "")
        try:
            if act == "add":
                platform_admin.add_deployment(
                    work,
                    tenant_id=who.tenant_id,
                    registration_id=registration_id,
                    deployment_id=named,
                    who=who.who,
                )
            else:
                platform_admin.decide_deployment(
                    work,
                    tenant_id=who.tenant_id,
                    registration_id=registration_id,
                    deployment_id=named,
                    approve=act == "approve",
                    who=who.who,
                )
        except BadInput as error:
            return render_platform(who, registration_id, error)
        return redirect(f"{who.base}platforms/{registration_id}?done=deployment", code=303)

    @pages.post("/platforms/<int:registration_id>/grades/<int:grade_id>")
    def resend_platform_grade(
        visit_id: uuid.UUID, registration_id: int, grade_id: int
    ) -> ResponseReturnValue:
        who = admin(visit_id)
        platform_admin.resend_grade(
            work,
            tenant_id=who.tenant_id,
            grade_id=grade_id,
            registration_id=registration_id,
            who=who.who,
            now=clock.now(),
        )
        deps.job_requests.request_job(SEND_GRADES)
        return redirect(f"{who.base}platforms/{registration_id}?done=resend", code=303)

    @pages.get("/store")
    def show_record_store(visit_id: uuid.UUID) -> ResponseReturnValue:
        who = admin(visit_id)
        return render_admin(
            who,
            "admin_store.html",
            view=record_store_admin.load_store_view(deps, tenant_id=who.tenant_id),
            error=None,
            sent={},
            made=None,
        )

    @pages.post("/store")
    def update_record_store(visit_id: uuid.UUID) -> ResponseReturnValue:
        who = admin(visit_id)
        form, created, error = request.form, None, None
        try:
            if form.get("act") == "use":
                record_store_admin.switch_record_store(
                    deps,
                    tenant_id=who.tenant_id,
                    url=form.get("url", ""),
                    key=form.get("key", ""),
                    secret=form.get("secret", ""),
                    who=who.who,
                )
                return redirect(f"{who.base}store?done=used", code=303)
            if form.get("act") == "revoke":
                record_store_admin.revoke_store_key(
                    deps, tenant_id=who.tenant_id, key=form.get("key", ""), who=who.who
                )
                return redirect(f"{who.base}store?done=revoked", code=303)
            created = record_store_admin.create_store_key(
                deps,
                tenant_id=who.tenant_id,
                purpose=form.get("purpose", ""),
                note=form.get("note", ""),
                who=who.who,
            )
        except (BadInput, OutsideCallFailed) as refused:
            error = refused
        view = record_store_admin.load_store_view(deps, tenant_id=who.tenant_id)
        return render_admin(
            who,
            "admin_store.html",
            error.status if error else 200,
            view=view,
            error=error,
            sent=form if error else {},
            made=created,
        )

    @pages.get("/sign-in")
    def show_sign_in_settings(visit_id: uuid.UUID) -> ResponseReturnValue:
        return render_sign_in_settings(admin(visit_id))

    def render_sign_in_settings(
        who: AdminSession, error: RequestError | None = None
    ) -> ResponseReturnValue:
        result = sign_in.find_provider(work, tenant_id=who.tenant_id)
        status, sent = (error.status, request.form) if error else (200, {})
        return render_admin(
            who,
            "admin_sign_in.html",
            status,
            provider=result,
            sent=sent,
            error=error,
            base_url=base_url,
        )

    @pages.post("/sign-in")
    def update_sign_in_settings(visit_id: uuid.UUID) -> ResponseReturnValue:
        who = admin(visit_id)
        if request.form.get("act") == "drop":
            sign_in.remove_provider(work, tenant_id=who.tenant_id, who=who.who)
            return redirect(f"{who.base}sign-in?done=dropped", code=303)
        texts = {
            name: request.form.get(name, "").replace("\0", "")
            for name in ("name", "issuer", "client_id", "secret", "claim")
        }
        try:
            sign_in.configure_provider(deps, tenant_id=who.tenant_id, **texts, who=who.who)
        except BadInput as error:
            return render_sign_in_settings(who, error)
        return redirect(f"{who.base}sign-in?done=used", code=303)

    @pages.get("/audit")
    def show_audit_log(visit_id: uuid.UUID) -> ResponseReturnValue:
        who = admin(visit_id)
        before = request.args.get("before", type=int)
        return render_admin(
            who,
            "admin_audit.html",
            entries=platform_admin.list_audit_entries(work, tenant_id=who.tenant_id, before=before),
            page=platform_admin.ADMIN_LIST_LIMIT,
        )

    return pages


def _registration_from_form(form: Any) -> ManualRegistration:
    def split_lines(name: str) -> tuple[str, ...]:
        return tuple(line.strip() for line in form.get(name, "").splitlines() if line.strip())

    texts = {
        name: form.get(name, "")
        for name in (
            "name",
            "issuer",
            "client_id",
            "auth_login_url",
            "auth_token_url",
            "key_set_url",
            "auth_audience",
        )
    }
    family = form.get("family", "")
    return ManualRegistration(
        **texts,
        family=family if family in FAMILIES else "",
        deployment_ids=split_lines("deployment_ids"),
        frame_origins=split_lines("frame_origins"),
    )
