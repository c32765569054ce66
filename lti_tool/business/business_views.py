"""Return on investment: business figures and their readings, costs, the value of a unit, and
the scorecard's weights.
"""

from __future__ import annotations

import logging
import re
import uuid
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from adapters.kpi import FIELDS, PERIODS, REQUIRED_FIELDS, SUBJECT_KINDS, parse_number
from core.errors import BadInput, RequestError
from core.http_client import OutsideCallFailed
from lti_tool.base import uploads
from lti_tool.base.deps import ToolDeps
from lti_tool.base.staff_context import (
    ContextOpener,
    StaffContext,
    allow_large_upload,
    form_text,
    read_uploaded_file,
)
from lti_tool.business.business_figures import (
    COST_CATEGORIES,
    MAX_SHOWN_FAULTS,
    READING_FREQUENCIES,
    ProgrammeBusiness,
    ReadingsPreview,
)
from lti_tool.programmes import authoring

log = logging.getLogger(__name__)

_STORE_UNAVAILABLE = (
    "The record store does not answer just now. Nothing was changed; try again in a minute."
)
_SCORECARD_FIELDS = ("perspective", "metric", "part", "floor", "target", "weight")
MAX_SCORECARD_LINES = 30
MAX_NUMBER_LENGTH = 40


def blueprint(deps: ToolDeps, opening: ContextOpener) -> Blueprint:
    """The pages below ``/t/<visit>/programmes/<key>/business``."""
    pages = Blueprint(
        "business", __name__, url_prefix="/t/<uuid:visit_id>/programmes/<key>/business"
    )

    def open_figures(visit_id: uuid.UUID, key: str) -> tuple[StaffContext, ProgrammeBusiness]:
        staff = opening(visit_id)
        return staff, ProgrammeBusiness(deps, staff.tenant_id, key, staff.who)

    def render_business(
        staff: StaffContext, figures: ProgrammeBusiness, key: str, error: RequestError | None = None
    ) -> ResponseReturnValue:
        programme = authoring.load_draft(
            deps.unit_of_work, tenant_id=staff.tenant_id, key=key
        ).programme
        try:
            view, status = figures.load_figures(), error.status if error else 200
        except OutsideCallFailed as failed:
            log.warning("tenant %s: no business figures: %s", staff.tenant_id, failed.message)
            view, status, error = None, 503, BadInput(_STORE_UNAVAILABLE)
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

    def run_change(
        staff: StaffContext,
        figures: ProgrammeBusiness,
        key: str,
        act: Any,
        done: str,
        target_url: str = "",
    ) -> ResponseReturnValue:
        try:
            act()
        except BadInput as error:
            return render_business(staff, figures, key, error)
        except OutsideCallFailed as failed:
            log.warning(
                "tenant %s: a business figure was not changed: %s", staff.tenant_id, failed.message
            )
            return render_business(staff, figures, key, BadInput(_STORE_UNAVAILABLE))
        return redirect(
            target_url or f"{staff.home}programmes/{key}/business/?done={done}", code=303
        )

    @pages.get("/")
    def show_business(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff, figures = open_figures(visit_id, key)
        return render_business(staff, figures, key)

    @pages.post("/kpi")
    def save_kpi(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff, figures = open_figures(visit_id, key)

        def send_kpi() -> None:
            label, named = form_text("label"), form_text("kpi")
            if not named:
                named = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
                if not named:
                    raise BadInput(
                        "Give the figure a name with a letter or a digit.", field="label"
                    )
                if named in {item["kpi"] for item in figures.load_figures().kpis}:
                    raise BadInput(
                        "There is a figure of this name already; change that one, or choose "
                        "another name.",
                        field="label",
                    )
            definition = {
                name: form_text(name) for name in ("label", "unit", "owner", "source", "frequency")
            }
            numbers = {name: _number_field(name, optional=True) for name in ("baseline", "target")}
            flags = {
                "more_is_better": form_text("better") == "more",
                "waves_randomised": form_text("waves_randomised") == "1",
            }
            figures.name_kpi(named, {**definition, **numbers, **flags})

        return run_change(staff, figures, key, send_kpi, "kpi")

    @pages.post("/worth")
    def save_valuation(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff, figures = open_figures(visit_id, key)

        def send_valuation() -> None:
            between = {
                name: {bound: _number_field(f"{name}_{bound}") for bound in ("low", "best", "high")}
                for name in ("unit_value",)
            }
            forecast = {
                bound: _number_field(f"forecast_{bound}", optional=True)
                for bound in ("low", "best", "high")
            }
            whole = None not in forecast.values()
            if not whole and any(value is not None for value in forecast.values()):
                raise BadInput(
                    "Give the forecast with all three numbers, or none of them.",
                    field="forecast_best",
                )
            valuation = {
                **between,
                "months": _number_field("months"),
                **{name: form_text(name) for name in ("source", "signed_off_by", "currency")},
                "forecast_effect": forecast if whole else None,
                "forecast_costs": _number_field("forecast_costs", optional=True),
            }
            figures.value_kpi(form_text("kpi"), valuation)

        return run_change(staff, figures, key, send_valuation, "worth")

    @pages.post("/costs")
    def change_costs(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff, figures = open_figures(visit_id, key)

        def send_cost() -> None:
            removed = form_text("take_back")
            if removed:
                if not removed.isascii() or not removed.isdigit():
                    raise BadInput("The form is not complete; load the page again.")
                figures.withdraw_cost(int(removed[:18]), form_text("why"))
                return
            cost = {
                name: form_text(name)
                for name in ("category", "currency", "incurred_on", "source", "signed_off_by")
            }
            figures.add_cost(
                {
                    **cost,
                    "amount": f"{_parse_number(form_text('amount'), 'amount'):.2f}",
                    "hours": _number_field("hours", optional=True),
                }
            )

        return run_change(staff, figures, key, send_cost, "cost")

    @pages.post("/scorecard")
    def save_scorecard(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        staff, figures = open_figures(visit_id, key)

        def send_scorecard() -> None:
            columns = [
                request.form.getlist(name)[:MAX_SCORECARD_LINES] for name in _SCORECARD_FIELDS
            ]
            if len({len(column) for column in columns}) != 1:
                raise BadInput("The form is not complete; load the page again.")
            lines = []
            for cells in zip(*columns, strict=True):
                row = dict(zip(_SCORECARD_FIELDS, cells, strict=True))
                numbers = {
                    name: _parse_number(row[name], f"{name} of {row['metric']}")
                    for name in ("floor", "target")
                }
                weight = _parse_number(row["weight"], f"weight of {row['metric']}") / 100
                if weight:
                    lines.append(
                        {
                            **{name: row[name] for name in ("perspective", "metric", "part")},
                            **numbers,
                            "weight": weight,
                        }
                    )
            figures.set_scorecard_weights(lines)

        return run_change(staff, figures, key, send_scorecard, "scorecard")

    @pages.post("/levels")
    def save_new_level(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        """Handle a report's form: declare a new level of a weekly figure."""
        staff, figures = open_figures(visit_id, key)
        decision = {name: form_text(name) for name in ("series", "team", "since", "why")}
        narrowed = urlencode(
            {
                "programme": key,
                **({"team": decision["team"]} if decision["team"] else {}),
                "done": "level",
            }
        )
        series = quote(decision["series"], safe="")
        return run_change(
            staff,
            figures,
            key,
            lambda: figures.declare_new_level(decision),
            "level",
            f"{staff.home}reports/{series}?{narrowed}",
        )

    @pages.post("/readings")
    def upload_readings(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        """Receive a file of readings and ask for its column mapping."""
        allow_large_upload()
        staff, figures = open_figures(visit_id, key)
        try:
            file_name, content = read_uploaded_file()
            preview = figures.preview_readings(content, form_text("kpi"), None, {})
            upload_id = uploads.store_upload(
                deps.unit_of_work,
                tenant_id=staff.tenant_id,
                purpose=uploads.READINGS,
                name=file_name,
                content=content,
            )
        except BadInput as error:
            return render_business(staff, figures, key, error)
        return render_column_mapping(staff, key, preview, str(upload_id))

    def render_column_mapping(
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

    @pages.post("/readings/look")
    def process_readings(visit_id: uuid.UUID, key: str) -> ResponseReturnValue:
        """With the columns mapped, preview the import, or on confirmation run it."""
        staff, figures = open_figures(visit_id, key)
        upload_id, kpi, form = (
            form_text("kept"),
            form_text("kpi"),
            {name: form_text(name) for name in ("subject_kind", "period", "source", "reason")},
        )
        columns = {field: form_text(f"column_{field}") for field in FIELDS}
        try:
            _, content = uploads.load_upload(
                deps.unit_of_work,
                tenant_id=staff.tenant_id,
                purpose=uploads.READINGS,
                text=upload_id,
            )
        except BadInput as error:
            return render_business(staff, figures, key, error)
        try:
            if form_text("act") == "take":
                figures.import_readings(content, kpi, columns, form)
                uploads.discard_upload(deps.unit_of_work, tenant_id=staff.tenant_id, text=upload_id)
                return redirect(f"{staff.home}programmes/{key}/business/?done=readings", code=303)
            return render_column_mapping(
                staff, key, figures.preview_readings(content, kpi, columns, form), upload_id
            )
        except BadInput as error:
            return render_column_mapping(
                staff, key, figures.preview_readings(content, kpi, None, {}), upload_id, error
            )
        except OutsideCallFailed as failed:
            log.warning("tenant %s: readings were not taken: %s", staff.tenant_id, failed.message)
            return render_column_mapping(
                staff,
                key,
                figures.preview_readings(content, kpi, None, {}),
                upload_id,
                BadInput(_STORE_UNAVAILABLE),
            )

    return pages


def _number_field(name: str, optional: bool = False) -> float | None:
    text = form_text(name)
    return None if optional and not text else _parse_number(text, name.replace("_", " "))


def _parse_number(text: str, name: str) -> float:
    try:
        if len(text) > MAX_NUMBER_LENGTH:
            raise ValueError("it is too long")
        return parse_number(text)
    except ValueError as error:
        raise BadInput(f"The {name} is no number: {error}.") from None
