"""The list of people: searching, importing a list, roles, and linking LMS users to people."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from adapters.people_csv import PEOPLE_COLUMNS
from core import clock
from core.errors import BadInput, Conflict, NotFound, RequestError
from core.messages import lazy_gettext
from lti_tool.base import uploads
from lti_tool.base.forms import (
    form_text,
    form_texts,
    form_uuid,
    parse_uuid,
    uploaded_file,
)
from lti_tool.base.roles import ADMINS, GRANTABLE_ROLES, ROLE_DESCRIPTIONS, STAFF_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import StaffContext, download_response, open_staff
from lti_tool.people import actor_links, directory, identity_links, people_import
from lti_tool.people.people_import import Report

ROUTES = Routes("people", "/t/<uuid:visit_id>/people", open_staff)
_CHOOSE_PERSON = lazy_gettext("Choose a person.")


@ROUTES.get("/", roles=STAFF_ROLES)
def list_people(staff: StaffContext) -> ResponseReturnValue:
    return _render_people(staff)


@ROUTES.get("/template.csv", roles=STAFF_ROLES)
def download_template(staff: StaffContext) -> ResponseReturnValue:
    header = ",".join(PEOPLE_COLUMNS) + "\r\n"
    return download_response("people.csv", "text/csv; charset=utf-8", header.encode())


@ROUTES.post("/import", roles=STAFF_ROLES, upload=True)
def preview_import(staff: StaffContext) -> ResponseReturnValue:
    """Preview what importing a file would do."""
    try:
        file_name, content = uploaded_file()
        upload_id = uploads.store_upload(
            staff.work,
            tenant_id=staff.tenant_id,
            purpose=uploads.PEOPLE,
            name=file_name,
            content=content,
        )
        report = _import_people(staff, content, apply=False)
    except BadInput as error:
        return _render_people(staff, error)
    return _render_report(staff, report, str(upload_id))


@ROUTES.post("/take", roles=STAFF_ROLES)
def apply_import(staff: StaffContext) -> ResponseReturnValue:
    text = form_text("kept")
    try:
        _, content = uploads.load_upload(
            staff.work, tenant_id=staff.tenant_id, purpose=uploads.PEOPLE, text=text
        )
        report = _import_people(staff, content, apply=True)
    except BadInput as error:
        return _render_people(staff, error)
    if not report.applied:
        return _render_report(staff, report, text)
    uploads.discard_upload(staff.work, tenant_id=staff.tenant_id, text=text)
    return staff.redirect("people/?done=taken")


@ROUTES.post("/roles", roles=ADMINS)
def change_role(staff: StaffContext) -> ResponseReturnValue:
    withdraw = form_text("act") == "withdraw"
    act = directory.withdraw_role if withdraw else directory.grant_role
    try:
        act(
            staff.work,
            tenant_id=staff.tenant_id,
            person_id=form_uuid("person", _CHOOSE_PERSON),
            role=form_text("role"),
            who=staff.who,
        )
    except BadInput as error:
        return _render_people(staff, error)
    return staff.redirect("people/?done=role")


@ROUTES.post("/join", roles=ADMINS)
def link_person(staff: StaffContext) -> ResponseReturnValue:
    try:
        directory.join_to_listed(
            staff.work,
            tenant_id=staff.tenant_id,
            met=form_uuid("met", _CHOOSE_PERSON),
            external_id=form_text("external_id"),
            who=staff.who,
            now=clock.now(),
        )
    except (BadInput, Conflict) as error:
        return _render_people(staff, error)
    return staff.redirect("people/?unmatched=1&done=joined")


@ROUTES.get("/joins", roles=ADMINS)
def show_identity_links(staff: StaffContext) -> ResponseReturnValue:
    """Which LMS users are linked to which people, and why."""
    return _render_identity_links(staff)


@ROUTES.post("/joins", roles=ADMINS)
def decide_identity_links(staff: StaffContext) -> ResponseReturnValue:
    undo, now = form_text("undo"), clock.now()
    try:
        if undo:
            [(registration_id, subject)] = identity_links.parse_join_users([undo])
            identity_links.undo_join(
                staff.work,
                tenant_id=staff.tenant_id,
                registration_id=registration_id,
                subject=subject,
                who=staff.who,
                now=now,
            )
            return staff.redirect("people/joins?done=undone")
        if form_text("act") == "agree":
            identity_links.confirm_joins(
                staff.work,
                tenant_id=staff.tenant_id,
                chosen=identity_links.parse_join_users(form_texts("user")),
                who=staff.who,
                now=now,
            )
            return staff.redirect("people/joins?done=agreed")
        pairs = [text.partition(":") for text in form_texts("pair")]
        done, left = identity_links.join_suggested(
            staff.work,
            tenant_id=staff.tenant_id,
            chosen=[
                (parse_uuid(met, _CHOOSE_PERSON), parse_uuid(listed, _CHOOSE_PERSON))
                for met, _, listed in pairs
            ],
            who=staff.who,
            now=now,
        )
    except (BadInput, NotFound) as error:
        return _render_identity_links(staff, error)
    if left:
        refusal = lazy_gettext(
            "%(done)s joined. %(left)s could not be: a certification is on record under both "
            "names, or the page was old.",
            done=done,
            left=left,
        )
        return _render_identity_links(staff, Conflict(refusal))
    return staff.redirect("people/joins?done=joined")


@ROUTES.post("/actors", roles=ADMINS)
def decide_actor(staff: StaffContext) -> ResponseReturnValue:
    """Say who an actor of another system is, or take that back."""
    undo, now = form_text("undo"), clock.now()
    try:
        if undo:
            actor_links.unlink_actor(
                staff.deps, tenant_id=staff.tenant_id, actor=undo, who=staff.who, now=now
            )
            return staff.redirect("people/joins?done=undone#elsewhere")
        actor_links.link_actor(
            staff.deps,
            tenant_id=staff.tenant_id,
            actor=form_text("actor"),
            external_id=form_text("external_id"),
            who=staff.who,
            now=now,
        )
    except (BadInput, NotFound) as error:
        return _render_identity_links(staff, error)
    return staff.redirect("people/joins?done=joined#elsewhere")


@ROUTES.post("/account-names", roles=ADMINS)
def decide_account_names(staff: StaffContext) -> ResponseReturnValue:
    """Say how the statements of an LMS name people."""
    try:
        actor_links.decide_account_names(
            staff.deps,
            tenant_id=staff.tenant_id,
            issuer=form_text("issuer"),
            account_names=form_text("account_names"),
            who=staff.who,
        )
    except BadInput as error:
        return _render_identity_links(staff, error)
    return staff.redirect("people/joins?done=decided#elsewhere")


def _import_people(staff: StaffContext, content: bytes, *, apply: bool) -> Report:
    return people_import.import_people(
        staff.work,
        tenant_id=staff.tenant_id,
        content=content,
        apply=apply,
        who=staff.who,
        now=clock.now(),
    )


def _render_people(staff: StaffContext, error: RequestError | None = None) -> ResponseReturnValue:
    view = directory.load_directory_page(
        staff.work,
        tenant_id=staff.tenant_id,
        search=request.args.get("search", ""),
        after=request.args.get("after", ""),
        unmatched=request.args.get("unmatched") == "1",
    )
    return staff.render(
        "people.html",
        error.status if error else 200,
        view=view,
        error=error,
        columns=PEOPLE_COLUMNS,
        roles=ROLE_DESCRIPTIONS,
        granted=GRANTABLE_ROLES,
        gives=staff.can_grant_roles,
    )


def _render_report(staff: StaffContext, report: Report, kept: str) -> ResponseReturnValue:
    return staff.render(
        "import_report.html",
        report=report,
        kept=kept,
        what="people",
        action=f"{staff.home}people/take",
        back=f"{staff.home}people/",
    )


def _render_identity_links(
    staff: StaffContext, error: RequestError | None = None
) -> ResponseReturnValue:
    view = identity_links.load_join_overview(
        staff.work, tenant_id=staff.tenant_id, search=request.args.get("search", "")
    )
    return staff.render(
        "joins.html",
        error.status if error else 200,
        view=view,
        actors=actor_links.load_actor_overview(
            staff.deps, tenant_id=staff.tenant_id, search=request.args.get("search", "")
        ),
        actor_name=actor_links.describe_actor,
        error=error,
        most=identity_links.JOIN_PAGE_LIMIT,
    )
