"""The administration pages: for holders of the admin role in any session, or through a one-time
link. The same pages are mounted at two URLs.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Sequence

from flask import render_template, request
from flask.typing import ResponseReturnValue

from adapters.lms import FAMILIES, Right, dialect_for
from core import clock, page_language
from core.errors import BadInput, Conflict, Forbidden, RequestError, Unauthorised
from core.http_client import OutsideCallFailed
from core.messages import Message, lazy_gettext
from lti_tool.admin import (
    health,
    organisation_look,
    platform_admin,
    platform_checklist,
    record_store_admin,
    sign_in_checklist,
)
from lti_tool.admin.organisation_look import Look
from lti_tool.admin.platform_checklist import TrialResult
from lti_tool.base import journal_store, page_responses, sessions, visit_context
from lti_tool.base.deps import ToolDeps
from lti_tool.base.forms import MAX_EMAIL_LENGTH, form_text, form_texts, form_uuid, optional_file
from lti_tool.base.page_context import load_surroundings, open_page, open_public_page
from lti_tool.base.platforms_store import APPROVED, DISABLED, NAMES_NOBODY, REMOVED, Platform
from lti_tool.base.roles import ADMIN, ADMINS
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import StaffContext, audit_name
from lti_tool.base.statement_outbox_store import SEND_GRADES
from lti_tool.base.tenants_store import Tenant
from lti_tool.base.token_hash import hash_token
from lti_tool.checks import attention
from lti_tool.launch import (
    manual_registration,
    platform_registration,
    registration_updates,
    sign_in,
)
from lti_tool.launch.manual_registration import ManualRegistration
from lti_tool.people import directory

_STATUS_BY_ACTION = {
    "approve": APPROVED,
    "disable": DISABLED,
    "enable": APPROVED,
    "remove": REMOVED,
}
_CHOOSE_PERSON = lazy_gettext("Choose a person.")
_LINK_IN_ADDRESS = "a one-time link is in the address"


def open_admin(deps: ToolDeps, allowed: frozenset[str], visit_id: uuid.UUID | None) -> StaffContext:
    """Open the context of an administration page in a session of a person with the admin role."""
    who = open_page(deps, allowed, visit_id).who
    return _admin_context(
        deps,
        who.id,
        who.tenant_id,
        audit_name(who),
        form_token=sessions.form_token(request, who.id),
        tenant=load_surroundings(deps, who).tenant,
        by_link=False,
    )


def open_staff_by_link(
    deps: ToolDeps, allowed: frozenset[str], visit_id: uuid.UUID | None
) -> StaffContext:
    """Open the context of a page in a session that an administrator's link began; no page may
    frame it.
    """
    assert visit_id is not None, "the address of such a page names the session"
    page_responses.forbid_frames()
    page_language.use_browser_language(request)
    found = journal_store.find_admin_session(deps.engine, visit_id)
    secret = sessions.read_admin_secret(request, visit_id)
    if found is None or not hmac.compare_digest(found[2], hash_token(secret)):
        raise Unauthorised(
            "This administration session has ended. carryover admin link makes a new link."
        )
    token = sessions.compute_form_token(visit_id, secret)
    if request.method == "POST":
        sessions.require_own_origin(deps, request)
        if not hmac.compare_digest(request.form.get("form_token", "").encode(), token.encode()):
            raise Forbidden("This form is out of date and was not taken. Load the page again.")
    return _admin_context(
        deps,
        visit_id,
        found[0],
        found[1],
        form_token=token,
        tenant=visit_context.load_tenant(deps.unit_of_work, tenant_id=found[0]),
        by_link=True,
    )


def _admin_context(
    deps: ToolDeps,
    visit_id: uuid.UUID,
    tenant_id: int,
    who: str,
    *,
    form_token: str,
    tenant: Tenant,
    by_link: bool,
) -> StaffContext:
    home = f"/admin/{visit_id}/" if by_link else f"/t/{visit_id}/admin/"
    common = {
        "who_administers": {"by_link": by_link},
        "form_token": form_token,
        "home": home,
        "practice": tenant.practice,
        "look": tenant.look,
        "facts": platform_registration.tool_facts(deps.settings.base_url),
    }
    return StaffContext(
        deps, visit_id, tenant_id, who, home, common, can_grant_roles=True, course_id=None
    )


# GET changes nothing, because mail scanners follow links; POST redeems the link.
ENTRANCE_ROUTES = Routes("admin_entrance", "/admin/enter", open_public_page)
ROUTES = Routes("admin_by_launch", "/t/<uuid:visit_id>/admin", open_admin)


@ENTRANCE_ROUTES.get("/<link_secret>", public=_LINK_IN_ADDRESS)
def show_entrance(deps: ToolDeps, link_secret: str) -> ResponseReturnValue:
    page_responses.forbid_frames()
    usable = platform_admin.is_admin_link_valid(deps, link_secret=link_secret)
    return render_template("admin_enter.html", usable=usable), 200 if usable else 404


@ENTRANCE_ROUTES.post("/<link_secret>", public=_LINK_IN_ADDRESS)
def redeem_link(deps: ToolDeps, link_secret: str) -> ResponseReturnValue:
    page_responses.forbid_frames()
    sessions.require_own_origin(deps, request)
    session_id, secret = platform_admin.redeem_admin_link(
        deps, link_secret=link_secret, now=clock.now()
    )
    response = page_responses.redirect_to(f"/admin/{session_id}/")
    sessions.set_admin_cookie(response, session_id, secret)
    return response


@ROUTES.post("/leave", by_link=True)
def sign_out(staff: StaffContext) -> ResponseReturnValue:
    platform_admin.close_admin_session(
        staff.work, tenant_id=staff.tenant_id, session_id=staff.visit_id
    )
    return page_responses.render_message(
        lazy_gettext("Signed out"),
        lazy_gettext("The administration is closed. carryover admin link opens it again."),
        200,
    )


@ROUTES.get("/", roles=ADMINS)
def show_health(staff: StaffContext) -> ResponseReturnValue:
    lines = health.load_health(staff.deps, tenant_id=staff.tenant_id, now=clock.now())
    return staff.render("admin_health.html", lines=lines)


@ROUTES.get("/platforms/", roles=ADMINS)
def show_platforms(staff: StaffContext) -> ResponseReturnValue:
    view = platform_admin.load_admin_overview(staff.work, tenant_id=staff.tenant_id)
    return staff.render("admin.html", view=view, products=FAMILIES, now=clock.now())


@ROUTES.post("/administrators", roles=ADMINS)
def grant_admin_role(staff: StaffContext) -> ResponseReturnValue:
    """Grant the admin role to an LMS administrator who has visited the tool."""
    directory.grant_role(
        staff.work,
        tenant_id=staff.tenant_id,
        person_id=form_uuid("person", _CHOOSE_PERSON),
        role=ADMIN,
        who=staff.who,
    )
    return staff.redirect("platforms/?done=granted")


@ROUTES.post("/invites", roles=ADMINS)
def issue_invite(staff: StaffContext) -> ResponseReturnValue:
    approves = form_text("approves") == "1"
    _, secret = platform_registration.create_invite(
        staff.work,
        tenant_id=staff.tenant_id,
        note=form_text("note"),
        who=staff.who,
        approves=approves,
        now=clock.now(),
    )
    address = platform_registration.invite_url(staff.deps.settings.base_url, secret)
    return staff.render("admin_invite.html", address=address, approves=approves, updates=None)


@ROUTES.post("/invites/<int:invite_id>/withdraw", roles=ADMINS)
def withdraw_invite(staff: StaffContext, invite_id: int) -> ResponseReturnValue:
    platform_admin.withdraw_invite(
        staff.work,
        tenant_id=staff.tenant_id,
        invite_id=invite_id,
        who=staff.who,
        now=clock.now(),
    )
    return staff.redirect("platforms/?done=withdrawn")


@ROUTES.get("/platforms/new", roles=ADMINS)
def show_new_platform_form(staff: StaffContext) -> ResponseReturnValue:
    return _render_platform_form(staff, None)


@ROUTES.post("/platforms/new", roles=ADMINS)
def add_platform(staff: StaffContext) -> ResponseReturnValue:
    try:
        created = manual_registration.register_manually(
            staff.work,
            tenant_id=staff.tenant_id,
            allow_private=staff.deps.settings.allow_private_platforms,
            typed=_registration_from_form(),
            status=APPROVED,
            who=staff.who,
        )
    except (BadInput, Conflict) as error:
        return _render_platform_form(staff, None, error)
    return staff.redirect(f"platforms/{created}?done=added")


@ROUTES.get("/platforms/<int:registration_id>", roles=ADMINS)
def show_platform(staff: StaffContext, registration_id: int) -> ResponseReturnValue:
    return _render_platform(staff, registration_id)


@ROUTES.get("/platforms/<int:registration_id>/change", roles=ADMINS)
def show_platform_form(staff: StaffContext, registration_id: int) -> ResponseReturnValue:
    return _render_platform_form(staff, _load_platform(staff, registration_id))


@ROUTES.post("/platforms/<int:registration_id>/change", roles=ADMINS)
def update_platform(staff: StaffContext, registration_id: int) -> ResponseReturnValue:
    try:
        values = manual_registration.validate_registration(
            staff.deps.settings.allow_private_platforms, _registration_from_form()
        )
        values["names_people"] = request.form.get("names_people", NAMES_NOBODY)
        values["wide_parameter"] = form_text("wide_parameter") == "1"
        platform_admin.update_platform(
            staff.work,
            tenant_id=staff.tenant_id,
            registration_id=registration_id,
            values=values,
            who=staff.who,
        )
    except (BadInput, Conflict) as error:
        return _render_platform_form(staff, _load_platform(staff, registration_id), error)
    return staff.redirect(f"platforms/{registration_id}?done=changed")


@ROUTES.post("/platforms/<int:registration_id>/status", roles=ADMINS)
def change_platform_status(staff: StaffContext, registration_id: int) -> ResponseReturnValue:
    act = form_text("act")
    if act not in _STATUS_BY_ACTION:
        raise BadInput("Press one of the buttons of the page.")
    if act == "remove" and form_text("sure") != "1":
        error = BadInput("Tick that this platform's launches are to end, then remove it.")
        return _render_platform(staff, registration_id, error)
    platform_admin.set_platform_status(
        staff.work,
        tenant_id=staff.tenant_id,
        registration_id=registration_id,
        status=_STATUS_BY_ACTION[act],
        who=staff.who,
    )
    return staff.redirect(
        "platforms/" if act == "remove" else f"platforms/{registration_id}?done={act}"
    )


@ROUTES.post("/platforms/<int:registration_id>/trial", roles=ADMINS)
def try_platform(staff: StaffContext, registration_id: int) -> ResponseReturnValue:
    """Ask the LMS now, and show what it answered."""
    platform = _load_platform(staff, registration_id)
    results = platform_checklist.try_platform(staff.deps, platform)
    return _render_platform(staff, registration_id, results=results)


@ROUTES.post("/platforms/<int:registration_id>/rights", roles=ADMINS)
def change_role_rights(staff: StaffContext, registration_id: int) -> ResponseReturnValue:
    """Decide what a role of this LMS gives."""
    try:
        platform_admin.set_role_right(
            staff.work,
            tenant_id=staff.tenant_id,
            registration_id=registration_id,
            role=form_text("role"),
            right=form_text("right"),
            who=staff.who,
        )
    except BadInput as error:
        return _render_platform(staff, registration_id, error)
    return staff.redirect(f"platforms/{registration_id}?done=rights#rights")


@ROUTES.post("/platforms/<int:registration_id>/deployments", roles=ADMINS)
def change_deployment(staff: StaffContext, registration_id: int) -> ResponseReturnValue:
    named, act = form_text("deployment_id"), form_text("act")
    try:
        if act == "add":
            platform_admin.add_deployment(
                staff.work,
                tenant_id=staff.tenant_id,
                registration_id=registration_id,
                deployment_id=named,
                who=staff.who,
            )
        elif act == "approve ticked":
            platform_admin.approve_deployments(
                staff.work,
                tenant_id=staff.tenant_id,
                registration_id=registration_id,
                named=form_texts("waiting"),
                who=staff.who,
            )
        else:
            platform_admin.decide_deployment(
                staff.work,
                tenant_id=staff.tenant_id,
                registration_id=registration_id,
                deployment_id=named,
                approve=act == "approve",
                who=staff.who,
            )
    except BadInput as error:
        return _render_platform(staff, registration_id, error)
    return staff.redirect(f"platforms/{registration_id}?done=deployment")


@ROUTES.post("/platforms/<int:registration_id>/deployment-rule", roles=ADMINS)
def change_deployment_rule(staff: StaffContext, registration_id: int) -> ResponseReturnValue:
    """Whether further deployments are approved with their first launch."""
    approve = form_text("approve_deployments") == "1"
    platform_admin.set_deployment_rule(
        staff.work,
        tenant_id=staff.tenant_id,
        registration_id=registration_id,
        approve=approve,
        who=staff.who,
    )
    return staff.redirect(f"platforms/{registration_id}?done=deployment#deployments")


@ROUTES.post("/platforms/<int:registration_id>/tool", roles=ADMINS)
def update_tool_in_lms(staff: StaffContext, registration_id: int) -> ResponseReturnValue:
    """Bring the tool up to date in the LMS, or make the address that lets the LMS do so."""
    if form_text("act") == "address":
        secret = registration_updates.create_update_address(
            staff.work,
            tenant_id=staff.tenant_id,
            registration_id=registration_id,
            who=staff.who,
            now=clock.now(),
        )
        address = platform_registration.invite_url(staff.deps.settings.base_url, secret)
        platform = _load_platform(staff, registration_id)
        return staff.render("admin_invite.html", address=address, approves=False, updates=platform)
    try:
        outcome = registration_updates.update_tool(
            staff.deps,
            tenant_id=staff.tenant_id,
            registration_id=registration_id,
            who=staff.who,
        )
    except (BadInput, Conflict) as error:
        return _render_platform(staff, registration_id, error)
    return staff.redirect(f"platforms/{registration_id}?done=tool-{outcome.value}")


@ROUTES.post("/platforms/<int:registration_id>/grades/<int:grade_id>", roles=ADMINS)
def resend_platform_grade(
    staff: StaffContext, registration_id: int, grade_id: int
) -> ResponseReturnValue:
    platform_admin.resend_grade(
        staff.work,
        tenant_id=staff.tenant_id,
        grade_id=grade_id,
        registration_id=registration_id,
        who=staff.who,
        now=clock.now(),
    )
    staff.request_jobs(SEND_GRADES)
    return staff.redirect(f"platforms/{registration_id}?done=resend")


@ROUTES.get("/store", roles=ADMINS)
def show_record_store(staff: StaffContext) -> ResponseReturnValue:
    return _render_record_store(staff)


@ROUTES.post("/store", roles=ADMINS)
def update_record_store(staff: StaffContext) -> ResponseReturnValue:
    act, key = form_text("act"), form_text("key")
    try:
        if act == "use":
            record_store_admin.switch_record_store(
                staff.deps,
                tenant_id=staff.tenant_id,
                url=form_text("url"),
                key=key,
                secret=request.form.get("secret", ""),
                who=staff.who,
            )
            return staff.redirect("store?done=used")
        if act == "revoke":
            record_store_admin.revoke_store_key(
                staff.deps, tenant_id=staff.tenant_id, key=key, who=staff.who
            )
            return staff.redirect("store?done=revoked")
        created = record_store_admin.create_store_key(
            staff.deps,
            tenant_id=staff.tenant_id,
            purpose=form_text("purpose"),
            note=form_text("note"),
            who=staff.who,
        )
    except (BadInput, OutsideCallFailed) as error:
        return _render_record_store(staff, error)
    return _render_record_store(staff, created=created)


@ROUTES.get("/sign-in", roles=ADMINS)
def show_sign_in_settings(staff: StaffContext) -> ResponseReturnValue:
    return _render_sign_in_settings(staff)


@ROUTES.post("/sign-in", roles=ADMINS)
def update_sign_in_settings(staff: StaffContext) -> ResponseReturnValue:
    if form_text("act") == "drop":
        sign_in.remove_provider(staff.work, tenant_id=staff.tenant_id, who=staff.who)
        return staff.redirect("sign-in?done=dropped")
    texts = {name: form_text(name) for name in ("name", "issuer", "client_id", "claim")}
    try:
        sign_in.configure_provider(
            staff.deps,
            tenant_id=staff.tenant_id,
            **texts,
            secret=request.form.get("secret", ""),
            who=staff.who,
        )
    except BadInput as error:
        return _render_sign_in_settings(staff, error)
    return staff.redirect("sign-in?done=used")


@ROUTES.post("/sign-in/mail", roles=ADMINS)
def send_test_mail(staff: StaffContext) -> ResponseReturnValue:
    """Send a mail to oneself, and show what the mail server answered."""
    try:
        refused = sign_in_checklist.send_test_mail(
            staff.deps,
            tenant_id=staff.tenant_id,
            address=form_text("address", MAX_EMAIL_LENGTH),
            session=staff.visit_id,
            who=staff.who,
        )
    except BadInput as error:
        return _render_sign_in_settings(staff, error)
    return _render_sign_in_settings(staff, tried=("mail", refused))


@ROUTES.post("/sign-in/address", roles=ADMINS)
def try_own_address(staff: StaffContext) -> ResponseReturnValue:
    """Look whether the tool's own address leads to it."""
    wrong = sign_in_checklist.check_own_address(staff.deps)
    return _render_sign_in_settings(staff, tried=("address", wrong))


@ROUTES.get("/attention", roles=ADMINS)
def show_attention(staff: StaffContext) -> ResponseReturnValue:
    """How much of a person's week all programmes together may ask for."""
    return _render_attention(staff)


@ROUTES.post("/attention", roles=ADMINS)
def update_attention(staff: StaffContext) -> ResponseReturnValue:
    try:
        attention.set_weekly_minutes(
            staff.work,
            tenant_id=staff.tenant_id,
            typed=form_text("weekly_minutes").strip(),
            who=staff.who,
        )
    except BadInput as error:
        return _render_attention(staff, error)
    return staff.redirect("attention?done=set")


def _render_attention(
    staff: StaffContext, error: RequestError | None = None
) -> ResponseReturnValue:
    minutes = attention.load_weekly_minutes(staff.work, tenant_id=staff.tenant_id)
    return staff.render(
        "admin_attention.html",
        error.status if error else 200,
        error=error,
        typed=form_text("weekly_minutes") if error else minutes,
        most=attention.MAX_WEEKLY_MINUTES,
    )


@ROUTES.get("/look", roles=ADMINS)
def show_look(staff: StaffContext) -> ResponseReturnValue:
    """The organisation's own colour and logo."""
    return _render_look(staff)


@ROUTES.post("/look", roles=ADMINS, upload=True)
def update_look(staff: StaffContext) -> ResponseReturnValue:
    typed = Look(form_text("colour"), optional_file("logo"), form_text("drop_logo") == "1")
    try:
        organisation_look.set_look(
            staff.work, tenant_id=staff.tenant_id, typed=typed, who=staff.who
        )
    except BadInput as error:
        return _render_look(staff, error)
    return staff.redirect("look?done=set")


def _render_look(staff: StaffContext, error: BadInput | None = None) -> ResponseReturnValue:
    own = staff.common["look"].accent or ""
    colour = organisation_look.offered_colour(form_text("colour")) if error else own
    return staff.render(
        "admin_look.html", error.status if error else 200, error=error, typed=colour
    )


@ROUTES.get("/audit", roles=ADMINS)
def show_audit_log(staff: StaffContext) -> ResponseReturnValue:
    entries = platform_admin.list_audit_entries(
        staff.work, tenant_id=staff.tenant_id, before=request.args.get("before", type=int)
    )
    return staff.render("admin_audit.html", entries=entries, page=platform_admin.ADMIN_LIST_LIMIT)


def _load_platform(staff: StaffContext, registration_id: int) -> Platform:
    return platform_admin.load_platform_details(
        staff.work, tenant_id=staff.tenant_id, registration_id=registration_id
    ).platform


def _render_platform(
    staff: StaffContext,
    registration_id: int,
    error: RequestError | None = None,
    results: Sequence[TrialResult] = (),
) -> ResponseReturnValue:
    view = platform_admin.load_platform_details(
        staff.work, tenant_id=staff.tenant_id, registration_id=registration_id
    )
    return staff.render(
        "admin_platform.html",
        error.status if error else 200,
        view=view,
        lms=dialect_for(view.platform.family),
        steps=platform_checklist.list_steps(view.platform, view.facts),
        results=results,
        roles=platform_admin.list_role_rights(view.platform),
        rights=Right,
        error=error.message if error else "",
    )


def _render_platform_form(
    staff: StaffContext, platform: Platform | None, error: RequestError | None = None
) -> ResponseReturnValue:
    return staff.render(
        "admin_form.html",
        error.status if error else 200,
        platform=platform,
        sent=request.form if error else {},
        error=error,
        families=FAMILIES,
    )


def _render_record_store(
    staff: StaffContext,
    error: RequestError | None = None,
    created: tuple[str, str] | None = None,
) -> ResponseReturnValue:
    return staff.render(
        "admin_store.html",
        error.status if error else 200,
        view=record_store_admin.load_store_view(staff.deps, tenant_id=staff.tenant_id),
        error=error,
        sent=request.form if error else {},
        made=created,
    )


def _render_sign_in_settings(
    staff: StaffContext,
    error: RequestError | None = None,
    tried: tuple[str, Message | None] | None = None,
) -> ResponseReturnValue:
    """``tried``: the mail or the address, and what did not work, or None."""
    return staff.render(
        "admin_sign_in.html",
        error.status if error else 200,
        provider=sign_in.find_provider(staff.work, tenant_id=staff.tenant_id),
        sent=request.form if error else {},
        error=error,
        base_url=staff.deps.settings.base_url,
        conditions=sign_in_checklist.list_conditions(
            staff.deps, tenant_id=staff.tenant_id, opened_at=request.url
        ),
        tried=tried,
    )


def _registration_from_form() -> ManualRegistration:
    family = form_text("family")
    return ManualRegistration(
        name=form_text("name"),
        issuer=form_text("issuer"),
        client_id=form_text("client_id"),
        auth_login_url=form_text("auth_login_url"),
        auth_token_url=form_text("auth_token_url"),
        key_set_url=form_text("key_set_url"),
        auth_audience=form_text("auth_audience"),
        family=family if family in FAMILIES else "",
        deployment_ids=_form_lines("deployment_ids"),
        frame_origins=_form_lines("frame_origins"),
    )


def _form_lines(name: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in form_text(name).splitlines() if line.strip())
