"""Return on investment: business figures and their readings, costs, the value of a unit, and
the scorecard's weights.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from flask import request
from flask.typing import ResponseReturnValue

from adapters.csv_tables import CellRefused
from adapters.kpi import FIELDS, PERIODS, REQUIRED_FIELDS, SUBJECT_KINDS, parse_number
from core.errors import BadInput, RequestError
from core.http_client import OutsideCallFailed
from core.messages import Message, lazy_gettext
from lti_tool.base import uploads
from lti_tool.base.forms import form_text, form_texts, uploaded_file
from lti_tool.base.roles import STAFF_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import StaffContext, open_staff
from lti_tool.business.business_figures import (
    COST_CATEGORIES,
    MAX_SHOWN_FAULTS,
    READING_FREQUENCIES,
    ProgrammeBusiness,
    ReadingsPreview,
)
from lti_tool.programmes import authoring

log = logging.getLogger(__name__)

ROUTES = Routes("business", "/t/<uuid:visit_id>/programmes/<key>/business", open_staff)
STORE_UNAVAILABLE = lazy_gettext(
    "The record store does not answer just now. Nothing was changed; try again in a minute."
)
_SCORECARD_FIELDS = ("perspective", "metric", "part", "floor", "target", "weight")
_BOUNDS = ("low", "best", "high")
MAX_SCORECARD_LINES = 30
MAX_NUMBER_LENGTH = 40
_MAX_COST_DIGITS = 18  # a bigint of PostgreSQL holds every number of so many


def open_figures(staff: StaffContext, key: str) -> ProgrammeBusiness:
    """The programme's business figures in the record store, as edited by whoever acts here."""
    return ProgrammeBusiness(staff.deps, staff.tenant_id, key, staff.who)


@contextmanager
def changing_record_store(staff: StaffContext) -> Iterator[None]:
    """Around a change in the record store: BadInput if the store does not answer."""
    try:
        yield
    except OutsideCallFailed as failed:
        log.warning(
            "tenant %s: the record store took no change: %s", staff.tenant_id, failed.message
        )
        raise BadInput(STORE_UNAVAILABLE) from None


@ROUTES.get("/", roles=STAFF_ROLES)
def show_business(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _render_business(staff, key, open_figures(staff, key))


@ROUTES.post("/kpi", roles=STAFF_ROLES)
def save_kpi(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _run_change(staff, key, _send_kpi, f"programmes/{key}/business/?done=kpi")


@ROUTES.post("/worth", roles=STAFF_ROLES)
def save_valuation(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _run_change(staff, key, _send_valuation, f"programmes/{key}/business/?done=worth")


@ROUTES.post("/costs", roles=STAFF_ROLES)
def change_costs(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _run_change(staff, key, _send_cost, f"programmes/{key}/business/?done=cost")


@ROUTES.post("/scorecard", roles=STAFF_ROLES)
def save_scorecard(staff: StaffContext, key: str) -> ResponseReturnValue:
    return _run_change(staff, key, _send_scorecard, f"programmes/{key}/business/?done=scorecard")


@ROUTES.post("/levels", roles=STAFF_ROLES)
def save_new_level(staff: StaffContext, key: str) -> ResponseReturnValue:
    """Handle a report's form: declare a new level of a weekly figure."""
    decision = {name: form_text(name) for name in ("series", "team", "since", "why")}
    team = {"team": decision["team"]} if decision["team"] else {}
    narrowed = urlencode({"programme": key, **team, "done": "level"})
    return _run_change(
        staff,
        key,
        lambda figures: figures.declare_new_level(decision),
        f"reports/{quote(decision['series'], safe='')}?{narrowed}",
    )


@ROUTES.post("/readings", roles=STAFF_ROLES, upload=True)
def upload_readings(staff: StaffContext, key: str) -> ResponseReturnValue:
    """Receive a file of readings and ask for its column mapping."""
    figures = open_figures(staff, key)
    try:
        file_name, content = uploaded_file()
        preview = figures.preview_readings(content, form_text("kpi"), None, {})
        upload_id = uploads.store_upload(
            staff.work,
            tenant_id=staff.tenant_id,
            purpose=uploads.READINGS,
            name=file_name,
            content=content,
        )
    except BadInput as error:
        return _render_business(staff, key, figures, error)
    return _render_column_mapping(staff, key, preview, str(upload_id))


@ROUTES.post("/readings/look", roles=STAFF_ROLES)
def process_readings(staff: StaffContext, key: str) -> ResponseReturnValue:
    """With the columns mapped, preview the import, or on confirmation run it."""
    figures, upload_id, kpi = open_figures(staff, key), form_text("kept"), form_text("kpi")
    form = {name: form_text(name) for name in ("subject_kind", "period", "source", "reason")}
    columns = {field: form_text(f"column_{field}") for field in FIELDS}
    try:
        _, content = uploads.load_upload(
            staff.work, tenant_id=staff.tenant_id, purpose=uploads.READINGS, text=upload_id
        )
    except BadInput as error:
        return _render_business(staff, key, figures, error)
    try:
        with changing_record_store(staff):
            if form_text("act") != "take":
                preview = figures.preview_readings(content, kpi, columns, form)
                return _render_column_mapping(staff, key, preview, upload_id)
            figures.import_readings(content, kpi, columns, form)
    except BadInput as error:
        preview = figures.preview_readings(content, kpi, None, {})
        return _render_column_mapping(staff, key, preview, upload_id, error)
    uploads.discard_upload(staff.work, tenant_id=staff.tenant_id, text=upload_id)
    return staff.redirect(f"programmes/{key}/business/?done=readings")


def _run_change(
    staff: StaffContext, key: str, change: Callable[[ProgrammeBusiness], object], path: str
) -> ResponseReturnValue:
    """Make a change, and go on at ``path``."""
    figures = open_figures(staff, key)
    try:
        with changing_record_store(staff):
            change(figures)
    except BadInput as error:
        return _render_business(staff, key, figures, error)
    return staff.redirect(path)


def _send_kpi(figures: ProgrammeBusiness) -> None:
    label, named = form_text("label"), form_text("kpi")
    if not named:
        named = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
        if not named:
            raise BadInput("Give the figure a name with a letter or a digit.", field="label")
        if named in {item["kpi"] for item in figures.load_figures().kpis}:
            raise BadInput(
                "There is a figure of this name already; change that one, or choose another name.",
                field="label",
            )
    definition = {name: form_text(name) for name in ("label", "unit", "owner", "source")}
    numbers = {name: _number_field(name, optional=True) for name in ("baseline", "target")}
    figures.name_kpi(
        named,
        {
            **definition,
            "frequency": form_text("frequency"),
            **numbers,
            "more_is_better": form_text("better") == "more",
            "waves_randomised": form_text("waves_randomised") == "1",
        },
    )


def _send_valuation(figures: ProgrammeBusiness) -> None:
    unit_value = {bound: _number_field(f"unit_value_{bound}") for bound in _BOUNDS}
    forecast = {bound: _number_field(f"forecast_{bound}", optional=True) for bound in _BOUNDS}
    whole = None not in forecast.values()
    if not whole and any(value is not None for value in forecast.values()):
        raise BadInput(
            "Give the forecast with all three numbers, or none of them.", field="forecast_best"
        )
    valuation = {
        "unit_value": unit_value,
        "months": _number_field("months"),
        **{name: form_text(name) for name in ("source", "signed_off_by", "currency")},
        "forecast_effect": forecast if whole else None,
        "forecast_costs": _number_field("forecast_costs", optional=True),
    }
    figures.value_kpi(form_text("kpi"), valuation)


def _send_cost(figures: ProgrammeBusiness) -> None:
    """Add a cost, or withdraw the one that the form names in ``take_back``."""
    removed = form_text("take_back")
    if not removed:
        names = ("category", "currency", "incurred_on", "source", "signed_off_by")
        figures.add_cost(
            {
                **{name: form_text(name) for name in names},
                "amount": f"{_parse_number(form_text('amount'), 'amount'):.2f}",
                "hours": _number_field("hours", optional=True),
            }
        )
    elif removed.isascii() and removed.isdigit():
        figures.withdraw_cost(int(removed[:_MAX_COST_DIGITS]), form_text("why"))
    else:
        raise BadInput("The form is not complete; load the page again.")


def _send_scorecard(figures: ProgrammeBusiness) -> None:
    columns = [form_texts(name)[:MAX_SCORECARD_LINES] for name in _SCORECARD_FIELDS]
    if len({len(column) for column in columns}) != 1:
        raise BadInput("The form is not complete; load the page again.")
    rows = [
        dict(zip(_SCORECARD_FIELDS, cells, strict=True)) for cells in zip(*columns, strict=True)
    ]
    lines = [_scorecard_line(row) for row in rows]
    figures.set_scorecard_weights([line for line in lines if line["weight"]])


def _scorecard_line(row: dict[str, str]) -> dict[str, Any]:
    numbers = {
        name: _parse_number(
            row[name], lazy_gettext("%(field)s of %(metric)s", field=name, metric=row["metric"])
        )
        for name in ("floor", "target", "weight")
    }
    return {**row, **numbers, "weight": numbers["weight"] / 100}


def _number_field(name: str, optional: bool = False) -> float | None:
    text = form_text(name)
    return None if optional and not text else _parse_number(text, name.replace("_", " "))


def _parse_number(text: str, name: str | Message) -> float:
    try:
        if len(text) > MAX_NUMBER_LENGTH:
            raise CellRefused("it is too long")
        return parse_number(text)
    except CellRefused as error:
        raise BadInput(
            lazy_gettext("The %(name)s is no number: %(reason)s.", name=name, reason=error.message)
        ) from None


def _render_business(
    staff: StaffContext, key: str, figures: ProgrammeBusiness, error: RequestError | None = None
) -> ResponseReturnValue:
    programme = authoring.load_draft(staff.work, tenant_id=staff.tenant_id, key=key).programme
    try:
        view, status = figures.load_figures(), error.status if error else 200
    except OutsideCallFailed as failed:
        log.warning("tenant %s: no business figures: %s", staff.tenant_id, failed.message)
        view, status, error = None, 503, BadInput(STORE_UNAVAILABLE)
    return staff.render(
        "business.html",
        status,
        programme=programme,
        view=view,
        error=error,
        categories=COST_CATEGORIES,
        frequencies=READING_FREQUENCIES,
        form=request.form,
    )


def _render_column_mapping(
    staff: StaffContext,
    key: str,
    preview: ReadingsPreview,
    upload_id: str,
    error: RequestError | None = None,
) -> ResponseReturnValue:
    return staff.render(
        "readings.html",
        error.status if error else 200,
        key=key,
        looked=preview,
        kept=upload_id,
        kpi=form_text("kpi"),
        fields=FIELDS,
        required=REQUIRED_FIELDS,
        subjects=SUBJECT_KINDS,
        periods=PERIODS,
        form=request.form,
        error=error,
        shown=MAX_SHOWN_FAULTS,
    )
