"""The list of people: searching, importing a list, roles, and linking LMS users to people."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from adapters.people_csv import PEOPLE_COLUMNS
from core import clock
from core.errors import BadInput, Conflict, NotFound, RequestError
from lti_tool.base import roles, uploads
from lti_tool.base.deps import ToolDeps
from lti_tool.base.staff_context import (
    ContextOpener,
    StaffContext,
    allow_large_upload,
    read_uploaded_file,
)
from lti_tool.people import directory, identity_links, people_import


def blueprint(deps: ToolDeps, name: str, prefix: str, opening: ContextOpener) -> Blueprint:
    """The pages below ``<prefix>/people``."""
    pages = Blueprint(name, __name__, url_prefix=f"{prefix}/people")
    work = deps.unit_of_work

    def render_people(
        staff: StaffContext, error: RequestError | None = None
    ) -> ResponseReturnValue:
        view = directory.load_directory_page(
            work,
            tenant_id=staff.tenant_id,
            search=request.args.get("search", ""),
            after=request.args.get("after", ""),
            unmatched=request.args.get("unmatched") == "1",
        )
        status = error.status if error else 200
        return staff.render(
            "people.html",
            status,
            view=view,
            error=error,
            columns=PEOPLE_COLUMNS,
            roles=roles.ROLE_DESCRIPTIONS,
            granted=roles.GRANTABLE_ROLES,
            gives=staff.can_grant_roles,
        )

    @pages.get("/")
    def list_people(visit_id: uuid.UUID) -> ResponseReturnValue:
        return render_people(opening(visit_id))

    @pages.get("/template.csv")
    def download_template(visit_id: uuid.UUID) -> ResponseReturnValue:
        opening(visit_id)
        answer = Response(",".join(PEOPLE_COLUMNS) + "\r\n", mimetype="text/csv")
        answer.headers["Content-Disposition"] = "attachment; filename=people.csv"
        return answer

    @pages.post("/import")
    def preview_import(visit_id: uuid.UUID) -> ResponseReturnValue:
        """Preview what importing a file would do."""
        allow_large_upload()
        staff = opening(visit_id)
        try:
            file_name, content = read_uploaded_file()
            upload_id = uploads.store_upload(
                work,
                tenant_id=staff.tenant_id,
                purpose=uploads.PEOPLE,
                name=file_name,
                content=content,
            )
            report = people_import.import_people(
                work,
                tenant_id=staff.tenant_id,
                content=content,
                apply=False,
                who=staff.who,
                now=clock.now(),
            )
        except BadInput as error:
            return render_people(staff, error)
        return staff.render(
            "import_report.html",
            report=report,
            kept=upload_id,
            what="people",
            action=f"{staff.home}people/take",
            back=f"{staff.home}people/",
        )

    @pages.post("/take")
    def apply_import(visit_id: uuid.UUID) -> ResponseReturnValue:
        staff = opening(visit_id)
        text = request.form.get("kept", "")
        try:
            _, content = uploads.load_upload(
                work, tenant_id=staff.tenant_id, purpose=uploads.PEOPLE, text=text
            )
            report = people_import.import_people(
                work,
                tenant_id=staff.tenant_id,
                content=content,
                apply=True,
                who=staff.who,
                now=clock.now(),
            )
        except BadInput as error:
            return render_people(staff, error)
        if not report.applied:
            return staff.render(
                "import_report.html",
                report=report,
                kept=text,
                what="people",
                action=f"{staff.home}people/take",
                back=f"{staff.home}people/",
            )
        uploads.discard_upload(work, tenant_id=staff.tenant_id, text=text)
        return redirect(f"{staff.home}people/?done=taken", code=303)

    @pages.post("/roles")
    def change_role(visit_id: uuid.UUID) -> ResponseReturnValue:
        staff = opening(visit_id)
        act = (
            directory.withdraw_role
            if request.form.get("act") == "withdraw"
            else directory.grant_role
        )
        try:
            person_id = _parse_person_id(request.form.get("person", ""))
            act(
                work,
                tenant_id=staff.tenant_id,
                person_id=person_id,
                role=request.form.get("role", ""),
                who=staff.who,
            )
        except BadInput as error:
            return render_people(staff, error)
        return redirect(f"{staff.home}people/?done=role", code=303)

    @pages.post("/join")
    def link_person(visit_id: uuid.UUID) -> ResponseReturnValue:
        staff = opening(visit_id)
        try:
            met, external_id = (
                _parse_person_id(request.form.get("met", "")),
                request.form.get("external_id", "").replace("\0", "").strip(),
            )
            directory.join_to_listed(
                work,
                tenant_id=staff.tenant_id,
                met=met,
                external_id=external_id,
                who=staff.who,
                now=clock.now(),
            )
        except (BadInput, Conflict) as error:
            return render_people(staff, error)
        return redirect(f"{staff.home}people/?unmatched=1&done=joined", code=303)

    @pages.get("/joins")
    def show_identity_links(visit_id: uuid.UUID) -> ResponseReturnValue:
        """Which LMS users are linked to which people, and why."""
        return render_identity_links(opening(visit_id))

    def render_identity_links(
        staff: StaffContext, error: RequestError | None = None
    ) -> ResponseReturnValue:
        view = identity_links.load_join_overview(
            work, tenant_id=staff.tenant_id, search=request.args.get("search", "")
        )
        return staff.render(
            "joins.html",
            error.status if error else 200,
            view=view,
            error=error,
            most=identity_links.JOIN_PAGE_LIMIT,
        )

    @pages.post("/joins")
    def decide_identity_links(visit_id: uuid.UUID) -> ResponseReturnValue:
        staff = opening(visit_id)
        form, now = request.form, clock.now()
        try:
            if form.get("undo"):
                [(registration_id, subject)] = identity_links.parse_join_users([form["undo"]])
                identity_links.undo_join(
                    work,
                    tenant_id=staff.tenant_id,
                    registration_id=registration_id,
                    subject=subject,
                    who=staff.who,
                    now=now,
                )
                return redirect(f"{staff.home}people/joins?done=undone", code=303)
            if form.get("act") == "agree":
                identity_links.confirm_joins(
                    work,
                    tenant_id=staff.tenant_id,
                    chosen=identity_links.parse_join_users(form.getlist("user")),
                    who=staff.who,
                    now=now,
                )
                return redirect(f"{staff.home}people/joins?done=agreed", code=303)
            pairs = [text.partition(":") for text in form.getlist("pair")]
            chosen = [(_parse_person_id(met), _parse_person_id(listed)) for met, _, listed in pairs]
            done, left = identity_links.join_suggested(
                work, tenant_id=staff.tenant_id, chosen=chosen, who=staff.who, now=now
            )
        except (BadInput, NotFound) as error:
            return render_identity_links(staff, error)
        if left:
            words = (
                f"{done} joined. {left} could not be: a certification is on record under both "
                "names, or the page was old."
            )
            return render_identity_links(staff, Conflict(words))
        return redirect(f"{staff.home}people/joins?done=joined", code=303)

    return pages


def _parse_person_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadInput("Choose a person.", field="person") from None
