"""The programme console: set up a programme, preview who receives what and when, publish it,
start it for people."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from adapters.questions.formats import FORMATS
from core import clock
from core.errors import BadInput, Conflict, RequestError
from lrs.vocabulary import INTERVALS
from lti_tool.base import uploads
from lti_tool.base.deps import ToolDeps
from lti_tool.base.staff_context import (
    ContextOpener,
    StaffContext,
    allow_large_upload,
    download_response,
    form_revision,
    form_text,
    read_uploaded_file,
)
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.people import people_import
from lti_tool.programmes import (
    authoring,
    badges,
    certification_import,
    certification_sources,
    participation,
    programme_archive,
    schedule_preview,
)
from lti_tool.programmes.certification_sources_store import READ_CERTIFICATIONS
from lti_tool.programmes.programmes import Calendar, Cell, Competency, Kpi, Programme, Task, Wave

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FormData = MultiDict[str, str]
SPARE_LINES = 3  # empty lines offered below the filled ones


@dataclass(frozen=True)
class ProgrammeConsole:
    """The page on which a programme is set up, for all who add a list to it. ``list_channels``: the
    channels that hear of a programme.
    """

    deps: ToolDeps
    opening: ContextOpener
    list_channels: Callable[..., Sequence[object]]

    def render(
        self,
        staff: StaffContext,
        key: str,
        error: RequestError | None = None,
        sent: FormData | None = None,
        lost: Sequence[str] = (),
    ) -> ResponseReturnValue:
        """Render the page; ``sent``: the rejected form input; ``lost``: input for a revision
        that somebody else changed meanwhile."""
        work = self.deps.unit_of_work
        result = authoring.load_draft(work, tenant_id=staff.tenant_id, key=key)
        day = _parse_optional_day(request.args.get("certified_on", "")) or clock.now().date()
        zone = request.args.get("time_zone", "")
        try:
            events = schedule_preview.preview_schedule(result.programme, day, zone, [])
        # An unknown time zone, or a date out of range.
        except (
            KeyError,
            ValueError,
            OSError,
            OverflowError,
        ):
            events, error = (
                [],
                error or BadInput("This is no time zone; one looks like Europe/Berlin."),
            )
        status = error.status if error else 200
        return staff.render(
            "programme.html",
            status,
            work=result,
            channels=self.list_channels(tenant_id=staff.tenant_id, programme=key),
            sources=certification_sources.list_statement_sources(
                work, tenant_id=staff.tenant_id, programme=key
            ),
            badges=badges.list_accepted_badges(work, tenant_id=staff.tenant_id, programme=key),
            error=error,
            events=events,
            day=day,
            zone=zone,
            intervals=INTERVALS,
            weekdays=WEEKDAYS,
            formats=FORMATS,
            rows=_form_rows(result.programme, sent),
            sent=sent,
            lost=lost,
            percent_of=format_percent,
        )

    def edit_list(
        self,
        visit_id: uuid.UUID,
        key: str,
        part: str,
        add: Callable[[StaffContext], object],
        remove: Callable[[StaffContext, str], object],
    ) -> ResponseReturnValue:
        """Add one line to a list on the page, or remove the one that the form names in
        ``remove``."""
        staff = self.opening(visit_id)
        removed = form_text("remove")
        try:
            if removed:
                remove(staff, removed)
            else:
                add(staff)
        except BadInput as error:
            return self.render(staff, key, error)
        return redirect(f"{staff.home}programmes/{key}/?done=moved#{part}", code=303)


def blueprint(console: ProgrammeConsole) -> Blueprint:
    """The pages below ``/t/<visit>/programmes``."""
    pages = Blueprint("programmes", __name__, url_prefix="/t/<uuid:visit_id>/programmes")
    deps, opening, work = console.deps, console.opening, console.deps.unit_of_work

    def render_programme_list(
        staff: StaffContext, error: RequestError | None = None
    ) -> ResponseReturnValue:
        result = authoring.list_authored_programmes(work, tenant_id=staff.tenant_id)
        return staff.render(
            "programmes.html", error.status if error else 200, shelf=result, error=error
        )

    @pages.get("/")
    def list_programmes(visit_id: uuid.UUID) -> ResponseReturnValue:
        return render_programme_list(opening(visit_id))

    @pages.post("/")
    def create_programme(visit_id: uuid.UUID) -> ResponseReturnValue:
        staff = opening(visit_id)
        try:
            title, copy_of = form_text("title"), form_text("copy_of")
            key = authoring.create_programme(
                work,
                tenant_id=staff.tenant_id,
                title=title,
                copy_of=copy_of,
                who=staff.who,
                now=clock.now(),
            )
        except BadInput as error:
            return render_programme_list(staff, error)
        return redirect(f"{staff.home}programmes/{key}/", code=303)

    @pages.post("/take-in")
    def import_programme(visit_id: uuid.UUID) -> ResponseReturnValue:
        """Import a whole programme from a file."""
        allow_large_upload()
        staff = opening(visit_id)
        try:
            key = programme_archive.import_programme(
                work,
                tenant_id=staff.tenant_id,
                content=read_uploaded_file()[1],
                who=staff.who,
                now=clock.now(),
            )
        except BadInput as error:
            return render_programme_list(staff, error)
        return redirect(f"{staff.home}programmes/{key}/?done=taken", code=303)

    @pages.get("/<key>/")
    def show_programme(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        return console.render(opening(visit_id), key)

    @pages.get("/<key>/programme.zip")
    def export_programme(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff = opening(visit_id)
        return download_response(
            f"{key}.zip",
            "application/zip",
            programme_archive.export_programme(work, tenant_id=staff.tenant_id, key=key),
        )

    @pages.post("/<key>/setup")
    def save_setup(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        """Save all parts of the page at once: everything typed anywhere on it is saved, or
        shown again."""
        staff = opening(visit_id)
        try:
            revision = form_revision()
            authoring.update_draft(
                work,
                tenant_id=staff.tenant_id,
                key=key,
                revision=revision,
                make=_setup_change(request.form),
                who=staff.who,
                now=clock.now(),
            )
        except BadInput as error:
            return console.render(staff, key, error, request.form)
        except Conflict as error:
            return console.render(staff, key, error, lost=_typed_texts(request.form))
        return redirect(
            f"{staff.home}programmes/{key}/?done=saved#{form_text('part')[:20] or 'about'}",
            code=303,
        )

    @pages.post("/<key>/state/<act>")
    def change_state(visit_id: uuid.UUID, key: str, act: str) -> ResponseReturnValue:
        """Publish, archive or restore a programme."""
        staff = opening(visit_id)
        try:
            if act == "publish":
                authoring.publish_programme(
                    work,
                    tenant_id=staff.tenant_id,
                    key=key,
                    revision=form_revision(),
                    who=staff.who,
                    now=clock.now(),
                )
            else:
                put_away = act == "archive"
                authoring.set_archived(
                    work,
                    tenant_id=staff.tenant_id,
                    key=key,
                    put_away=put_away,
                    who=staff.who,
                    now=clock.now(),
                )
        except (BadInput, Conflict) as error:
            return console.render(staff, key, error)
        return redirect(
            f"{staff.home}programmes/{key}/?done={'published' if act == 'publish' else 'moved'}",
            code=303,
        )

    @pages.post("/<key>/sources")
    def edit_sources(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        """Activities whose statements start the programme."""

        def add_activity(staff: StaffContext) -> None:
            named = {"activity": form_text("activity"), "home_page": form_text("home_page")}
            certification_sources.add_statement_source(
                work, tenant_id=staff.tenant_id, programme=key, **named, who=staff.who
            )
            deps.job_requests.request_job(READ_CERTIFICATIONS)

        return console.edit_list(
            visit_id,
            key,
            "certifications",
            add_activity,
            lambda staff, removed: certification_sources.remove_statement_source(
                work, tenant_id=staff.tenant_id, programme=key, activity=removed, who=staff.who
            ),
        )

    @pages.post("/<key>/badges")
    def edit_badges(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        """Badges whose holders may start the programme."""
        return console.edit_list(
            visit_id,
            key,
            "certifications",
            lambda staff: badges.accept_badge(
                work,
                tenant_id=staff.tenant_id,
                programme=key,
                badge=form_text("badge"),
                who=staff.who,
            ),
            lambda staff, removed: badges.stop_accepting_badge(
                work, tenant_id=staff.tenant_id, programme=key, badge=removed, who=staff.who
            ),
        )

    @pages.get("/<key>/people")
    def show_participants(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        return render_participants(opening(visit_id), key)

    def render_participants(
        staff: StaffContext, key: str, error: RequestError | None = None
    ) -> ResponseReturnValue:
        view = participation.list_participants(
            work,
            tenant_id=staff.tenant_id,
            programme=key,
            after=request.args.get("after", ""),
            now=clock.now(),
        )
        programme = authoring.load_draft(work, tenant_id=staff.tenant_id, key=key).programme
        waves = {wave.key: wave.title for wave in programme.waves}
        status = error.status if error else 200
        return staff.render(
            "participants.html",
            status,
            view=view,
            key=key,
            title=programme.title,
            waves=waves,
            error=error,
        )

    @pages.post("/<key>/people/<uuid:episode_id>")
    def change_participation(
        visit_id: uuid.UUID, key: str, episode_id: uuid.UUID
    ) -> ResponseReturnValue:
        """Put somebody on hold, end a hold, or remove somebody from the programme."""
        staff, act, now = opening(visit_id), form_text("act"), clock.now()
        try:
            if act == "hold":
                text = form_text("until")
                until = _parse_required_day(text, "Until") if text else None
                participation.pause_participation(
                    work,
                    tenant_id=staff.tenant_id,
                    episode_id=episode_id,
                    until=until,
                    who=staff.who,
                    now=now,
                )
            elif act == "resume":
                participation.resume_participation(
                    work, tenant_id=staff.tenant_id, episode_id=episode_id, who=staff.who, now=now
                )
            elif act == "leave":
                participation.end_participation(
                    work, tenant_id=staff.tenant_id, episode_id=episode_id, who=staff.who, now=now
                )
            else:
                raise BadInput("Choose what to do.")
        except BadInput as error:
            return render_participants(staff, key, error)
        deps.job_requests.request_job(SEND_STATEMENTS)
        return redirect(f"{staff.home}programmes/{key}/people?done={act}", code=303)

    @pages.post("/<key>/certifications/look")
    def preview_certifications(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        """Preview which episodes a list of certifications would start."""
        allow_large_upload()
        staff = opening(visit_id)
        try:
            name, content = read_uploaded_file()
            upload_id = uploads.store_upload(
                work,
                tenant_id=staff.tenant_id,
                purpose=uploads.CERTIFICATIONS,
                name=name,
                content=content,
            )
            report = run_import(staff, key, content, False)
        except BadInput as error:
            return console.render(staff, key, error)
        return render_import_report(staff, key, report, str(upload_id))

    @pages.post("/<key>/certifications/take")
    def apply_certifications(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff = opening(visit_id)
        text = request.form.get("kept", "")
        try:
            _, content = uploads.load_upload(
                work, tenant_id=staff.tenant_id, purpose=uploads.CERTIFICATIONS, text=text
            )
            report = run_import(staff, key, content, True)
        except BadInput as error:
            return console.render(staff, key, error)
        if not report.applied:
            return render_import_report(staff, key, report, text)
        uploads.discard_upload(work, tenant_id=staff.tenant_id, text=text)
        deps.job_requests.request_job(SEND_STATEMENTS)
        return redirect(f"{staff.home}programmes/{key}/?done=certified", code=303)

    def run_import(
        staff: StaffContext, key: str, content: bytes, apply: bool
    ) -> people_import.Report:
        return certification_import.import_certifications(
            work,
            tenant_id=staff.tenant_id,
            programme=key,
            content=content,
            apply=apply,
            who=staff.who,
            now=clock.now(),
        )

    def render_import_report(
        staff: StaffContext, key: str, report: people_import.Report, upload_id: str
    ) -> ResponseReturnValue:
        place = f"{staff.home}programmes/{key}/"
        return staff.render(
            "import_report.html",
            report=report,
            kept=upload_id,
            action=f"{place}certifications/take",
            back=place,
        )

    return pages


def _parse_optional_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _parse_required_day(text: str, what: str) -> date:
    result = _parse_optional_day(text)
    if result is None:
        raise BadInput(f"{what}: enter the day as year-month-day, for example 2026-12-31.")
    return result


class _FormPart:
    """The fields of one part of the page's form; each is named ``<part>.<name>``."""

    def __init__(self, form: FormData, name: str) -> None:
        self._form, self._name = form, name

    @property
    def is_present(self) -> bool:
        """Whether the form contains this part at all: a missing part is left unchanged."""
        return any(name.startswith(f"{self._name}.") for name in self._form)

    def text(self, name: str) -> str:
        """One text, with line endings normalized."""
        return (
            self._form.get(f"{self._name}.{name}", "")
            .replace("\0", "")
            .replace("\r\n", "\n")
            .strip()
        )

    def texts(self, name: str) -> list[str]:
        """All texts of a field."""
        return [
            value.replace("\0", "").strip() for value in self._form.getlist(f"{self._name}.{name}")
        ]

    def table_rows(self, *names: str) -> list[tuple[str, ...]]:
        """Rows of a table: the values of these fields, row by row."""
        return list(zip(*(self.texts(name) for name in names), strict=False))


def _setup_change(form: FormData) -> Callable[[Programme], Programme]:
    """The function that applies the page's form to a programme; competencies come first,
    because the other parts refer to them."""

    def apply_parts(programme: Programme) -> Programme:
        for name, change in _PART_HANDLERS.items():
            part = _FormPart(form, name)
            if part.is_present:
                programme = change(programme, part)
        return programme

    return apply_parts


def _form_rows(programme: Programme, form: FormData | None) -> dict[str, list[tuple[str, ...]]]:
    """The rows of the page's tables, as typed or as stored, followed by some empty ones."""
    stored: dict[str, list[tuple[str, ...]]] = {
        "competencies": [
            (competency.key, competency.title) for competency in programme.competencies
        ],
        "tasks": [(task.key, task.title, task.competency) for task in programme.tasks],
        "waves": [(wave.key, wave.title, wave.starts_on.isoformat()) for wave in programme.waves],
    }
    result = {}
    for name, columns in (
        ("competencies", ("key", "title")),
        ("tasks", ("key", "title", "competency")),
        ("waves", ("key", "title", "starts_on")),
    ):
        typed = (
            [row for row in _FormPart(form, name).table_rows(*columns) if any(row[1:2])]
            if form is not None
            else stored[name]
        )
        result[name] = [*typed, *[("",) * len(columns)] * SPARE_LINES]
    return result


def _typed_texts(form: FormData) -> list[str]:
    """The texts of a rejected form, so that whoever typed them can copy them."""
    names = [
        name
        for name in form
        if name.partition(".")[0] in _PART_HANDLERS and not name.endswith((".key", ".competency"))
    ]
    return [value for name in names for value in form.getlist(name) if len(value.strip()) > 1]


def _parse_pass_mark(text: str) -> float:
    try:
        return float(text.replace(",", ".").rstrip("% ")) / 100
    except ValueError:
        raise BadInput(
            "The pass mark is a percentage, for example 80.", field="pass_mark"
        ) from None


def _apply_about(programme: Programme, part: _FormPart) -> Programme:
    changes: dict[str, Any] = {
        name: part.text(name) for name in ("title", "certification", "goal", "audience", "language")
    }
    rhythm, percent = part.text("rhythm"), part.text("pass_mark")
    pass_mark = (
        programme.pass_mark
        if percent == format_percent(programme.pass_mark)
        else _parse_pass_mark(percent)
    )
    if rhythm not in ("weekly", "monthly", "none"):
        raise BadInput("Choose how often people refresh between the checks.", field="rhythm")
    return msgspec.structs.replace(
        programme,
        **changes,
        pass_mark=pass_mark,
        rhythm=rhythm,
        asks_confidence=part.text("asks_confidence") == "1",
    )


def format_percent(share: float) -> str:
    """Format a share as a percentage for its form field."""
    return f"{share * 100:g}"


def _apply_competencies(programme: Programme, part: _FormPart) -> Programme:
    competencies = [
        Competency(key, title)
        for key, title in authoring.assign_keys(
            [(key, title) for key, title in part.table_rows("key", "title")], "competency"
        )
    ]
    return authoring.retain_competencies(programme, competencies)


def _apply_tasks(programme: Programme, part: _FormPart) -> Programme:
    rows = [
        row for row in part.table_rows("key", "title", "competency") if " ".join(row[1].split())
    ]
    named = authoring.assign_keys([(key, title) for key, title, _ in rows], "task")
    known = {competency.key for competency in programme.competencies}
    # A task is dropped together with a competency that the same form removes.
    tasks = [
        Task(key, title, competency)
        for (key, title), (_, _, competency) in zip(named, rows, strict=True)
        if competency in known or not key
    ]
    return msgspec.structs.replace(programme, tasks=tasks)


def _apply_blueprint(programme: Programme, part: _FormPart) -> Programme:
    cells = []
    for competency in programme.competencies:
        for critical in (True, False):
            text = part.text(f"{'critical' if critical else 'other'}-{competency.key}") or "0"
            if not text.isascii() or not text.isdigit() or len(text) > 2:
                raise BadInput("The blueprint holds whole numbers of questions.", field="blueprint")
            if int(text):
                cells.append(Cell(competency.key, critical, int(text)))
    if not programme.blueprint and sorted(cells, key=repr) == sorted(programme.cells, key=repr):
        return programme  # the suggested blueprint is not a decision of the author
    return msgspec.structs.replace(programme, blueprint=cells)


def _apply_kpi(programme: Programme, part: _FormPart) -> Programme:
    fields = {
        name: part.text(name) for name in ("name", "unit", "baseline", "target", "source", "owner")
    }
    fields |= {name: fields[name].replace(",", ".") for name in ("baseline", "target")}
    return msgspec.structs.replace(programme, kpi=Kpi(**fields) if fields["name"] else None)


def _apply_waves(programme: Programme, part: _FormPart) -> Programme:
    rows = [row for row in part.table_rows("key", "title", "starts_on") if " ".join(row[1].split())]
    named = authoring.assign_keys([(key, title) for key, title, _ in rows], "wave")
    waves = [
        Wave(key, title, _parse_required_day(day, title))
        for (key, title), (_, _, day) in zip(named, rows, strict=True)
    ]
    return msgspec.structs.replace(programme, waves=waves)


def _apply_calendar(programme: Programme, part: _FormPart) -> Programme:
    days = sorted({int(day) for day in part.texts("day") if day in "1234567" and len(day) == 1})
    holidays = sorted(
        {
            _parse_required_day(day, "Days off")
            for day in part.text("holidays").replace(",", " ").split()
        }
    )
    return msgspec.structs.replace(
        programme, calendar=Calendar(part.text("time_zone") or "UTC", days, holidays)
    )


_PART_HANDLERS: dict[str, Callable[[Programme, _FormPart], Programme]] = {
    "competencies": _apply_competencies,
    "about": _apply_about,
    "tasks": _apply_tasks,
    "blueprint": _apply_blueprint,
    "kpi": _apply_kpi,
    "waves": _apply_waves,
    "calendar": _apply_calendar,
}
