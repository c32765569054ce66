"""The programme console: set up a programme, preview who receives what and when, publish it,
start it for people."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import msgspec
from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from adapters.questions.formats import FORMATS
from core import clock
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, RequestError
from core.messages import Message, lazy_gettext
from core.page_language import current_language
from lrs.vocabulary import INTERVALS
from lti_tool.base import uploads
from lti_tool.base.deps import ToolDeps
from lti_tool.base.forms import (
    clean_text,
    form_day,
    form_revision,
    form_text,
    parse_day,
    uploaded_file,
)
from lti_tool.base.roles import STAFF_ROLES
from lti_tool.base.routes import Opener, Routes
from lti_tool.base.staff_context import StaffContext, download_response, open_staff
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.people import people_import
from lti_tool.programmes import (
    authoring,
    badges,
    certification_import,
    certification_sources,
    participation,
    programme_archive,
    public_holidays,
    schedule_preview,
    workload,
)
from lti_tool.programmes.certification_sources_store import READ_CERTIFICATIONS
from lti_tool.programmes.programmes import (
    Calendar,
    Cell,
    Competency,
    Kpi,
    Programme,
    SiteHolidays,
    Task,
    Wave,
)

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FormData = MultiDict[str, str]
SPARE_LINES = 3  # empty lines offered below the filled ones


@dataclass(frozen=True)
class ProgrammeConsole(StaffContext):
    """The page on which a programme is set up, for all who add a list to it. ``list_channels``: the
    channels that hear of a programme.
    """

    list_channels: Callable[..., Sequence[object]]

    def render_programme(
        self,
        key: str,
        error: RequestError | None = None,
        sent: FormData | None = None,
        lost: Sequence[str] = (),
    ) -> ResponseReturnValue:
        """Render the page; ``sent``: the rejected form input; ``lost``: input for a revision
        that somebody else changed meanwhile."""
        draft = authoring.load_draft(self.work, tenant_id=self.tenant_id, key=key)
        day, zone = _previewed_day(), request.args.get("time_zone", "")
        site, tag, today = request.args.get("site", ""), current_language(), clock.now().date()
        try:
            events = schedule_preview.preview_schedule(draft.programme, day, zone, [], site)
        # An unknown time zone, or a date out of range.
        except (KeyError, ValueError, OSError, OverflowError):
            events = []
            error = error or BadInput("This is no time zone; one looks like Europe/Berlin.")
        return self.render(
            "programme.html",
            error.status if error else 200,
            work=draft,
            channels=self.list_channels(tenant_id=self.tenant_id, programme=key),
            sources=certification_sources.list_statement_sources(
                self.work, tenant_id=self.tenant_id, programme=key
            ),
            badges=badges.list_accepted_badges(self.work, tenant_id=self.tenant_id, programme=key),
            error=error,
            events=events,
            workload=workload.estimate_workload(draft.programme),
            day=day,
            zone=zone,
            site=site,
            countries=public_holidays.list_countries(tag),
            coming=[
                (line, public_holidays.next_holidays(line.country, line.region, today, tag))
                for line in draft.programme.calendar.public
            ],
            intervals=INTERVALS,
            weekdays=WEEKDAYS,
            formats=FORMATS,
            rows=_form_rows(draft.programme, sent),
            sent=sent,
            lost=lost,
            percent_of=format_percent,
        )

    def edit_list(
        self, key: str, part: str, add: Callable[[], object], remove: Callable[[str], object]
    ) -> ResponseReturnValue:
        """Add one line to a list on the page, or remove the one that the form names in
        ``remove``."""
        removed = form_text("remove")
        try:
            if removed:
                remove(removed)
            else:
                add()
        except BadInput as error:
            return self.render_programme(key, error)
        return self.redirect(f"programmes/{key}/?done=moved#{part}")


def console_opener(
    list_channels: Callable[..., Sequence[object]], open_page: Opener[StaffContext] = open_staff
) -> Opener[ProgrammeConsole]:
    """The opener of the routes of the console, for whoever mounts them; ``open_page`` opens a
    staff page there."""
    return partial(_open_console, list_channels, open_page)


def _open_console(
    list_channels: Callable[..., Sequence[object]],
    open_page: Opener[StaffContext],
    deps: ToolDeps,
    allowed: frozenset[str],
    visit_id: uuid.UUID | None,
) -> ProgrammeConsole:
    staff = open_page(deps, allowed, visit_id)
    return ProgrammeConsole(**vars(staff), list_channels=partial(list_channels, staff.work))


ROUTES: Routes[ProgrammeConsole] = Routes("programmes", "/t/<uuid:visit_id>/programmes")


@ROUTES.get("/", roles=STAFF_ROLES)
def list_programmes(console: ProgrammeConsole) -> ResponseReturnValue:
    return _render_programme_list(console)


@ROUTES.post("/", roles=STAFF_ROLES)
def create_programme(console: ProgrammeConsole) -> ResponseReturnValue:
    try:
        key = authoring.create_programme(
            console.work,
            tenant_id=console.tenant_id,
            title=form_text("title"),
            copy_of=form_text("copy_of"),
            who=console.who,
            now=clock.now(),
        )
    except BadInput as error:
        return _render_programme_list(console, error)
    return console.redirect(f"programmes/{key}/")


@ROUTES.post("/take-in", roles=STAFF_ROLES, upload=True)
def import_programme(console: ProgrammeConsole) -> ResponseReturnValue:
    """Import a whole programme from a file."""
    try:
        key = programme_archive.import_programme(
            console.work,
            tenant_id=console.tenant_id,
            content=uploaded_file()[1],
            who=console.who,
            now=clock.now(),
        )
    except BadInput as error:
        return _render_programme_list(console, error)
    return console.redirect(f"programmes/{key}/?done=taken")


@ROUTES.get("/<key>/", roles=STAFF_ROLES)
def show_programme(console: ProgrammeConsole, key: str) -> ResponseReturnValue:
    return console.render_programme(key)


@ROUTES.get("/<key>/programme.zip", roles=STAFF_ROLES)
def export_programme(console: ProgrammeConsole, key: str) -> ResponseReturnValue:
    return download_response(
        f"{key}.zip",
        "application/zip",
        programme_archive.export_programme(console.work, tenant_id=console.tenant_id, key=key),
    )


@ROUTES.post("/<key>/setup", roles=STAFF_ROLES)
def save_setup(console: ProgrammeConsole, key: str) -> ResponseReturnValue:
    """Save all parts of the page at once: everything typed anywhere on it is saved, or shown
    again."""
    try:
        authoring.update_draft(
            console.work,
            tenant_id=console.tenant_id,
            key=key,
            revision=form_revision(),
            make=partial(_apply_setup, request.form),
            who=console.who,
            now=clock.now(),
        )
    except BadInput as error:
        return console.render_programme(key, error, request.form)
    except Conflict as error:
        return console.render_programme(key, error, lost=_typed_texts(request.form))
    return console.redirect(f"programmes/{key}/?done=saved#{form_text('part', 20) or 'about'}")


@ROUTES.post("/<key>/state/<act>", roles=STAFF_ROLES)
def change_state(console: ProgrammeConsole, key: str, act: str) -> ResponseReturnValue:
    """Publish, archive or restore a programme."""
    try:
        if act == "publish":
            authoring.publish_programme(
                console.work,
                tenant_id=console.tenant_id,
                key=key,
                revision=form_revision(),
                who=console.who,
                now=clock.now(),
            )
        else:
            authoring.set_archived(
                console.work,
                tenant_id=console.tenant_id,
                key=key,
                put_away=act == "archive",
                who=console.who,
                now=clock.now(),
            )
    except (BadInput, Conflict) as error:
        return console.render_programme(key, error)
    return console.redirect(
        f"programmes/{key}/?done={'published' if act == 'publish' else 'moved'}"
    )


@ROUTES.post("/<key>/sources", roles=STAFF_ROLES)
def edit_sources(console: ProgrammeConsole, key: str) -> ResponseReturnValue:
    """Activities whose statements start the programme."""
    return console.edit_list(
        key,
        "certifications",
        lambda: _add_source(console, key),
        lambda removed: certification_sources.remove_statement_source(
            console.work,
            tenant_id=console.tenant_id,
            programme=key,
            activity=removed,
            who=console.who,
        ),
    )


def _add_source(console: ProgrammeConsole, key: str) -> None:
    certification_sources.add_statement_source(
        console.work,
        tenant_id=console.tenant_id,
        programme=key,
        activity=form_text("activity"),
        home_page=form_text("home_page"),
        who=console.who,
    )
    console.deps.job_requests.request_job(READ_CERTIFICATIONS)


@ROUTES.post("/<key>/badges", roles=STAFF_ROLES)
def edit_badges(console: ProgrammeConsole, key: str) -> ResponseReturnValue:
    """Badges whose holders may start the programme."""
    return console.edit_list(
        key,
        "certifications",
        lambda: badges.accept_badge(
            console.work,
            tenant_id=console.tenant_id,
            programme=key,
            badge=form_text("badge"),
            who=console.who,
        ),
        lambda removed: badges.stop_accepting_badge(
            console.work,
            tenant_id=console.tenant_id,
            programme=key,
            badge=removed,
            who=console.who,
        ),
    )


@ROUTES.get("/<key>/people", roles=STAFF_ROLES)
def show_participants(console: ProgrammeConsole, key: str) -> ResponseReturnValue:
    return _render_participants(console, key)


@ROUTES.post("/<key>/people/<uuid:episode_id>", roles=STAFF_ROLES)
def change_participation(
    console: ProgrammeConsole, key: str, episode_id: uuid.UUID
) -> ResponseReturnValue:
    """Put somebody on hold, end a hold, or remove somebody from the programme."""
    act = form_text("act")
    change = _PARTICIPATION_CHANGES.get(act)
    try:
        if change is None:
            raise BadInput("Choose what to do.")
        change(
            console.work,
            tenant_id=console.tenant_id,
            episode_id=episode_id,
            who=console.who,
            now=clock.now(),
        )
    except BadInput as error:
        return _render_participants(console, key, error)
    console.deps.job_requests.request_job(SEND_STATEMENTS)
    return console.redirect(f"programmes/{key}/people?done={act}")


def _pause_participation(work: UnitOfWork, **change: Any) -> None:
    until = form_day("until", _day_refusal(lazy_gettext("Until")))
    participation.pause_participation(work, until=until, **change)


_PARTICIPATION_CHANGES: dict[str, Callable[..., None]] = {
    "hold": _pause_participation,
    "resume": participation.resume_participation,
    "leave": participation.end_participation,
}


@ROUTES.post("/<key>/certifications/look", roles=STAFF_ROLES, upload=True)
def preview_certifications(console: ProgrammeConsole, key: str) -> ResponseReturnValue:
    """Preview which episodes a list of certifications would start."""
    try:
        name, content = uploaded_file()
        upload_id = uploads.store_upload(
            console.work,
            tenant_id=console.tenant_id,
            purpose=uploads.CERTIFICATIONS,
            name=name,
            content=content,
        )
        report = _run_import(console, key, content, apply=False)
    except BadInput as error:
        return console.render_programme(key, error)
    return _render_import_report(console, key, report, str(upload_id))


@ROUTES.post("/<key>/certifications/take", roles=STAFF_ROLES)
def apply_certifications(console: ProgrammeConsole, key: str) -> ResponseReturnValue:
    text = form_text("kept")
    try:
        _, content = uploads.load_upload(
            console.work, tenant_id=console.tenant_id, purpose=uploads.CERTIFICATIONS, text=text
        )
        report = _run_import(console, key, content, apply=True)
    except BadInput as error:
        return console.render_programme(key, error)
    if not report.applied:
        return _render_import_report(console, key, report, text)
    uploads.discard_upload(console.work, tenant_id=console.tenant_id, text=text)
    console.deps.job_requests.request_job(SEND_STATEMENTS)
    return console.redirect(f"programmes/{key}/?done=certified")


def _run_import(
    staff: StaffContext, key: str, content: bytes, *, apply: bool
) -> people_import.Report:
    return certification_import.import_certifications(
        staff.work,
        tenant_id=staff.tenant_id,
        programme=key,
        content=content,
        apply=apply,
        who=staff.who,
        now=clock.now(),
    )


def _render_programme_list(
    staff: StaffContext, error: RequestError | None = None
) -> ResponseReturnValue:
    return staff.render(
        "programmes.html",
        error.status if error else 200,
        shelf=authoring.list_authored_programmes(staff.work, tenant_id=staff.tenant_id),
        error=error,
    )


def _render_participants(
    staff: StaffContext, key: str, error: RequestError | None = None
) -> ResponseReturnValue:
    programme = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key).programme
    return staff.render(
        "participants.html",
        error.status if error else 200,
        view=participation.list_participants(
            staff.work,
            tenant_id=staff.tenant_id,
            programme=key,
            after=request.args.get("after", ""),
            now=clock.now(),
        ),
        key=key,
        title=programme.title,
        waves={wave.key: wave.title for wave in programme.waves},
        error=error,
    )


def _render_import_report(
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


def _previewed_day() -> date:
    """The day of certification that the address names, or today."""
    try:
        return parse_day(request.args.get("certified_on", ""))
    except BadInput:
        return clock.now().date()


def _day_refusal(what: str | Message) -> Message:
    return lazy_gettext(
        "%(what)s: enter the day as year-month-day, for example 2026-12-31.", what=what
    )


class _FormPart:
    """The fields of one part of the page's form; each is named ``<part>.<name>``."""

    def __init__(self, form: FormData, name: str) -> None:
        self._form, self._name = form, name

    @property
    def is_present(self) -> bool:
        """Whether the form contains this part at all: a missing part is left unchanged."""
        return any(name.startswith(f"{self._name}.") for name in self._form)

    def text(self, name: str) -> str:
        """One text."""
        return clean_text(self._form.get(f"{self._name}.{name}", ""))

    def texts(self, name: str) -> list[str]:
        """All texts of a field."""
        return [clean_text(value) for value in self._form.getlist(f"{self._name}.{name}")]

    def table_rows(self, *names: str) -> list[tuple[str, ...]]:
        """Rows of a table: the values of these fields, row by row."""
        return list(zip(*(self.texts(name) for name in names), strict=False))


def _apply_setup(form: FormData, programme: Programme) -> Programme:
    """Apply the page's form to a programme; competencies come first, because the other parts refer
    to them."""
    for name, change in _PART_HANDLERS.items():
        part = _FormPart(form, name)
        if part.is_present:
            programme = change(programme, part)
    return programme


def _form_rows(programme: Programme, form: FormData | None) -> dict[str, list[tuple[str, ...]]]:
    """The rows of the page's tables, as typed or as stored, followed by some empty ones."""
    stored: dict[str, list[tuple[str, ...]]] = {
        "competencies": [
            (competency.key, competency.title) for competency in programme.competencies
        ],
        "tasks": [(task.key, task.title, task.competency) for task in programme.tasks],
        "waves": [(wave.key, wave.title, wave.starts_on.isoformat()) for wave in programme.waves],
        "calendar": [
            (line.site, line.country, public_holidays.region_title(line.country, line.region))
            for line in programme.calendar.public
        ],
    }
    result = {}
    for name, columns in (
        ("competencies", ("key", "title")),
        ("tasks", ("key", "title", "competency")),
        ("waves", ("key", "title", "starts_on")),
        ("calendar", ("site", "country", "region")),
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
        Wave(key, title, parse_day(day, _day_refusal(title)))
        for (key, title), (_, _, day) in zip(named, rows, strict=True)
    ]
    return msgspec.structs.replace(programme, waves=waves)


def _apply_calendar(programme: Programme, part: _FormPart) -> Programme:
    days = sorted({int(day) for day in part.texts("day") if day in "1234567" and len(day) == 1})
    refusal = _day_refusal(lazy_gettext("Days off"))
    holidays = sorted(
        {parse_day(day, refusal) for day in part.text("holidays").replace(",", " ").split()}
    )
    public = [
        SiteHolidays(country, public_holidays.resolve_region(country, region), site)
        for site, country, region in part.table_rows("site", "country", "region")
        if country
    ]
    calendar = Calendar(part.text("time_zone") or "UTC", days, holidays, public)
    return msgspec.structs.replace(programme, calendar=calendar)


_PART_HANDLERS: dict[str, Callable[[Programme, _FormPart], Programme]] = {
    "competencies": _apply_competencies,
    "about": _apply_about,
    "tasks": _apply_tasks,
    "blueprint": _apply_blueprint,
    "kpi": _apply_kpi,
    "waves": _apply_waves,
    "calendar": _apply_calendar,
}
