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

from adapters.lms import FAMILIES, dialect
from core import clock
from core.errors import BadInput, Conflict, Forbidden, Refused, Unauthorised
from core.http import OutsideCallFailed
from lti_tool.actions import administering, directing, registering, roles, signing_in, stores, viewing
from lti_tool.actions.registering import ByHand
from lti_tool.actions.tokens import digest
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import journal
from lti_tool.store.outbox import SEND_GRADES
from lti_tool.store.platforms import APPROVED, DISABLED, NOBODY, REMOVED
from lti_tool.views import pages as page_rules
from lti_tool.views import session
from lti_tool.views.office import Desk, Opening, named
from lti_tool.views.session import admin_secret, form_token_of, own_origin

_STATUS = {"approve": APPROVED, "disable": DISABLED, "enable": APPROVED, "remove": REMOVED}


@dataclass(frozen=True)
class Admin:
    """An administrator's session: the tenant, the name for the audit log, and whether it was
    opened by a one-time link.
    """

    tenant_id: int
    who: str
    by_link: bool
    base: str
    form_token: str
    practice: bool


def entrance(deps: ToolDeps) -> Blueprint:
    """``/admin/enter/<link>``: GET changes nothing (mail scanners follow links), POST redeems
    the link.
    """
    pages = Blueprint("admin_entrance", __name__, url_prefix="/admin")

    @pages.get("/enter/<link_secret>")
    def look(link_secret: str) -> ResponseReturnValue:
        page_rules.never_framed()
        usable = administering.is_open(deps, link_secret=link_secret)
        return render_template("admin_enter.html", usable=usable), 200 if usable else 404

    @pages.post("/enter/<link_secret>")
    def enter(link_secret: str) -> ResponseReturnValue:
        page_rules.never_framed()
        own_origin(deps, request)
        session_id, secret = administering.enter(deps, link_secret=link_secret, now=clock.now())
        response = redirect(f"/admin/{session_id}/", code=303)
        assert isinstance(response, Response)
        session.open_admin(response, session_id, secret)
        return response

    return pages


def link_holder(deps: ToolDeps) -> Callable[[uuid.UUID], Admin]:
    """Return a loader of sessions opened by a link; their pages may not be framed."""

    def admin(given: uuid.UUID) -> Admin:
        page_rules.never_framed()
        found, secret = journal.find_admin(deps.engine, given), admin_secret(request, given)
        if found is None or not hmac.compare_digest(found[2], digest(secret)):
            raise Unauthorised("This administration session has ended. carryover admin link makes a new link.")
        token = form_token_of(given, secret)
        if request.method == "POST":
            own_origin(deps, request)
            if not hmac.compare_digest(request.form.get("form_token", "").encode(), token.encode()):
                raise Forbidden("This form is out of date and was not taken. Load the page again.")
        practice = viewing.is_practice(deps.unit_of_work, tenant_id=found[0])
        return Admin(found[0], found[1], True, f"/admin/{given}/", token, practice)

    return admin


def desk_by_link(deps: ToolDeps) -> Opening:
    """Return the opener of the staff pages' context for a session opened by a link."""
    admin = link_holder(deps)

    def opened(given: uuid.UUID) -> Desk:
        who = admin(given)
        common = {"who_administers": who, "form_token": who.form_token, "home": who.base, "practice": who.practice}
        return Desk(who.tenant_id, who.who, who.base, common, gives_roles=True)

    return opened


def by_link(deps: ToolDeps) -> Blueprint:
    """The administration pages for a session opened by a link."""
    admin = link_holder(deps)
    pages = _pages(deps, "admin_by_link", "/admin/<uuid:given>", admin)

    @pages.post("/leave")
    def leave(given: uuid.UUID) -> ResponseReturnValue:
        administering.leave(deps.unit_of_work, tenant_id=admin(given).tenant_id, session_id=given)
        return page_rules.message("Signed out", "The administration is closed. carryover admin link opens it again.", 200)

    return pages


def by_launch(deps: ToolDeps) -> Blueprint:
    """The administration pages in a session of a person with the admin role."""

    def admin(given: uuid.UUID) -> Admin:
        who = session.current(deps, request, given)
        around = viewing.surroundings(deps.unit_of_work, session=who)
        if around.platform is None:
            page_rules.never_framed()
        else:
            page_rules.frame_for(around.platform)
        return Admin(who.tenant_id, named(who), False, f"/t/{given}/admin/", session.form_token(request, given), around.practice)

    return _pages(deps, "admin_by_launch", "/t/<uuid:given>/admin", admin)


def _pages(deps: ToolDeps, name: str, prefix: str, admin: Callable[[uuid.UUID], Admin]) -> Blueprint:
    pages = Blueprint(name, __name__, url_prefix=prefix)
    work, base_url = deps.unit_of_work, deps.settings.base_url

    def show(who: Admin, template: str, status: int = 200, **values: Any) -> ResponseReturnValue:
        facts = registering.facts(base_url)
        common = {"who_administers": who, "form_token": who.form_token, "home": who.base, "practice": who.practice, "facts": facts}
        return render_template(template, **common, **values), status

    @pages.get("/")
    def overview(given: uuid.UUID) -> ResponseReturnValue:
        who = admin(given)
        return show(who, "admin.html", view=administering.overview(work, tenant_id=who.tenant_id), now=clock.now())

    @pages.post("/administrators")
    def administrator(given: uuid.UUID) -> ResponseReturnValue:
        """Grant the admin role to an LMS administrator who has visited the tool."""
        who = admin(given)
        try:
            person_id = uuid.UUID(request.form.get("person", ""))
        except ValueError:
            raise BadInput("Choose a person.") from None
        directing.grant(work, tenant_id=who.tenant_id, person_id=person_id, role=roles.ADMIN, who=who.who)
        return redirect(f"{who.base}?done=granted", code=303)

    @pages.post("/invites")
    def invite(given: uuid.UUID) -> ResponseReturnValue:
        who = admin(given)
        note, approves = request.form.get("note", "").strip(), request.form.get("approves") == "1"
        _, secret = registering.invite(work, tenant_id=who.tenant_id, note=note, who=who.who, approves=approves, now=clock.now())
        return show(who, "admin_invite.html", address=registering.address(base_url, secret), approves=approves)

    @pages.post("/invites/<int:invite_id>/withdraw")
    def withdraw(given: uuid.UUID, invite_id: int) -> ResponseReturnValue:
        who = admin(given)
        administering.withdraw_invite(work, tenant_id=who.tenant_id, invite_id=invite_id, who=who.who, now=clock.now())
        return redirect(f"{who.base}?done=withdrawn", code=303)

    @pages.get("/platforms/new")
    def new(given: uuid.UUID) -> ResponseReturnValue:
        return show(admin(given), "admin_form.html", platform=None, sent={}, error=None, families=FAMILIES)

    @pages.post("/platforms/new")
    def add(given: uuid.UUID) -> ResponseReturnValue:
        who = admin(given)
        try:
            made = registering.add_by_hand(
                work,
                tenant_id=who.tenant_id,
                allow_private=deps.settings.allow_private_platforms,
                typed=_typed(request.form),
                status=APPROVED,
                who=who.who,
            )
        except (BadInput, Conflict) as error:
            return show(who, "admin_form.html", error.status, platform=None, sent=request.form, error=error, families=FAMILIES)
        return redirect(f"{who.base}platforms/{made}?done=added", code=303)

    def platform_page(who: Admin, registration_id: int, error: Refused | None = None) -> ResponseReturnValue:
        view = administering.platform_view(work, tenant_id=who.tenant_id, registration_id=registration_id)
        status = error.status if error else 200
        return show(who, "admin_platform.html", status, view=view, lms=dialect(view.platform.family), error=error.message if error else "")

    @pages.get("/platforms/<int:registration_id>")
    def platform(given: uuid.UUID, registration_id: int) -> ResponseReturnValue:
        return platform_page(admin(given), registration_id)

    @pages.get("/platforms/<int:registration_id>/change")
    def change_form(given: uuid.UUID, registration_id: int) -> ResponseReturnValue:
        who = admin(given)
        view = administering.platform_view(work, tenant_id=who.tenant_id, registration_id=registration_id)
        return show(who, "admin_form.html", platform=view.platform, sent={}, error=None, families=FAMILIES)

    @pages.post("/platforms/<int:registration_id>/change")
    def change(given: uuid.UUID, registration_id: int) -> ResponseReturnValue:
        who = admin(given)
        try:
            values = registering.checked(deps.settings.allow_private_platforms, _typed(request.form))
            values["approve_deployments"] = request.form.get("approve_deployments") == "1"
            values["names_people"] = request.form.get("names_people", NOBODY)
            values["wide_parameter"] = request.form.get("wide_parameter") == "1"
            administering.change_platform(work, tenant_id=who.tenant_id, registration_id=registration_id, values=values, who=who.who)
        except (BadInput, Conflict) as error:
            view = administering.platform_view(work, tenant_id=who.tenant_id, registration_id=registration_id)
            return show(who, "admin_form.html", error.status, platform=view.platform, sent=request.form, error=error, families=FAMILIES)
        return redirect(f"{who.base}platforms/{registration_id}?done=changed", code=303)

    @pages.post("/platforms/<int:registration_id>/status")
    def status(given: uuid.UUID, registration_id: int) -> ResponseReturnValue:
        who = admin(given)
        act = request.form.get("act", "")
        if act not in _STATUS:
            raise BadInput("Press one of the buttons of the page.")
        if act == "remove" and request.form.get("sure") != "1":
            return platform_page(who, registration_id, BadInput("Tick that this platform's launches are to end, then remove it."))
        administering.set_status(work, tenant_id=who.tenant_id, registration_id=registration_id, status=_STATUS[act], who=who.who)
        return redirect(who.base if act == "remove" else f"{who.base}platforms/{registration_id}?done={act}", code=303)

    @pages.post("/platforms/<int:registration_id>/deployments")
    def deployment(given: uuid.UUID, registration_id: int) -> ResponseReturnValue:
        who = admin(given)
        named, act = request.form.get("deployment_id", "").strip(), request.form.get("act", "")
        try:
            if act == "add":
                administering.add_deployment(work, tenant_id=who.tenant_id, registration_id=registration_id, deployment_id=named, who=who.who)
            else:
                administering.decide_deployment(
                    work, tenant_id=who.tenant_id, registration_id=registration_id, deployment_id=named, approve=act == "approve", who=who.who
                )
        except BadInput as error:
            return platform_page(who, registration_id, error)
        return redirect(f"{who.base}platforms/{registration_id}?done=deployment", code=303)

    @pages.post("/platforms/<int:registration_id>/grades/<int:grade_id>")
    def resend(given: uuid.UUID, registration_id: int, grade_id: int) -> ResponseReturnValue:
        who = admin(given)
        administering.resend(work, tenant_id=who.tenant_id, grade_id=grade_id, registration_id=registration_id, who=who.who, now=clock.now())
        deps.nudges.nudge(SEND_GRADES)
        return redirect(f"{who.base}platforms/{registration_id}?done=resend", code=303)

    @pages.get("/store")
    def store(given: uuid.UUID) -> ResponseReturnValue:
        who = admin(given)
        return show(who, "admin_store.html", view=stores.view(deps, tenant_id=who.tenant_id), error=None, sent={}, made=None)

    @pages.post("/store")
    def change_store(given: uuid.UUID) -> ResponseReturnValue:
        who = admin(given)
        form, made, error = request.form, None, None
        try:
            if form.get("act") == "use":
                stores.use(
                    deps, tenant_id=who.tenant_id, url=form.get("url", ""), key=form.get("key", ""), secret=form.get("secret", ""), who=who.who
                )
                return redirect(f"{who.base}store?done=used", code=303)
            if form.get("act") == "revoke":
                stores.revoke(deps, tenant_id=who.tenant_id, key=form.get("key", ""), who=who.who)
                return redirect(f"{who.base}store?done=revoked", code=303)
            made = stores.make(deps, tenant_id=who.tenant_id, purpose=form.get("purpose", ""), note=form.get("note", ""), who=who.who)
        except (BadInput, OutsideCallFailed) as refused:
            error = refused
        view = stores.view(deps, tenant_id=who.tenant_id)
        return show(who, "admin_store.html", error.status if error else 200, view=view, error=error, sent=form if error else {}, made=made)

    @pages.get("/sign-in")
    def sign_in(given: uuid.UUID) -> ResponseReturnValue:
        return sign_in_page(admin(given))

    def sign_in_page(who: Admin, error: Refused | None = None) -> ResponseReturnValue:
        found = signing_in.provider(work, tenant_id=who.tenant_id)
        status, sent = (error.status, request.form) if error else (200, {})
        return show(who, "admin_sign_in.html", status, provider=found, sent=sent, error=error, base_url=base_url)

    @pages.post("/sign-in")
    def change_sign_in(given: uuid.UUID) -> ResponseReturnValue:
        who = admin(given)
        if request.form.get("act") == "drop":
            signing_in.drop(work, tenant_id=who.tenant_id, who=who.who)
            return redirect(f"{who.base}sign-in?done=dropped", code=303)
        texts = {name: request.form.get(name, "").replace("\0", "") for name in ("name", "issuer", "client_id", "secret", "claim")}
        try:
            signing_in.use(deps, tenant_id=who.tenant_id, **texts, who=who.who)
        except BadInput as error:
            return sign_in_page(who, error)
        return redirect(f"{who.base}sign-in?done=used", code=303)

    @pages.get("/audit")
    def audit(given: uuid.UUID) -> ResponseReturnValue:
        who = admin(given)
        before = request.args.get("before", type=int)
        return show(
            who, "admin_audit.html", entries=administering.audited(work, tenant_id=who.tenant_id, before=before), page=administering.LONGEST_LIST
        )

    return pages


def _typed(form: Any) -> ByHand:
    def lines(name: str) -> tuple[str, ...]:
        return tuple(line.strip() for line in form.get(name, "").splitlines() if line.strip())

    texts = {name: form.get(name, "") for name in ("name", "issuer", "client_id", "auth_login_url", "auth_token_url", "key_set_url", "auth_audience")}
    family = form.get("family", "")
    return ByHand(**texts, family=family if family in FAMILIES else "", deployment_ids=lines("deployment_ids"), frame_origins=lines("frame_origins"))
