"""Reports of a programme: text, chart and table. The record store computes them and suppresses
small groups; these views only present them."""

from __future__ import annotations

import csv
import io
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from adapters import lrs_client, xapi_statements
from adapters.csv_tables import escape_cell
from adapters.lrs_client import ReportSet, VisibilityScope
from core import clock
from core.errors import Forbidden, NotFound
from core.http_client import OutsideCallFailed
from lrs.vocabulary.report_names import REPORT_GROUPS, REPORT_LABELS, SUBSET_REPORTS
from lti_tool.base import roles, sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.staff_context import download_response
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.base.statement_target import load_record_store
from lti_tool.business import business_figures
from lti_tool.home import read_models
from lti_tool.programmes import product_use

log = logging.getLogger(__name__)

_FILTERS = ("wave", "team", "site", "role", "experience", "programme_version")
_MAX_LENGTH = 200


def visible_reports(sight: VisibilityScope) -> Mapping[str, Mapping[str, str]]:
    """The reports that this person may see, grouped by the reader's question."""
    if sight.episodes is None:
        return REPORT_GROUPS
    result = {
        section: {key: label for key, label in reports.items() if key in SUBSET_REPORTS}
        for section, reports in REPORT_GROUPS.items()
    }
    return {section: reports for section, reports in result.items() if reports}


def blueprint(deps: ToolDeps) -> Blueprint:
    """``/t/<visit>/reports/<key>`` and its table as a file."""
    pages = Blueprint("reports", __name__, url_prefix="/t/<uuid:launch_id>/reports")

    def fetch_report(who: LaunchSession, key: str) -> tuple[str, dict[str, str], ReportSet, bool]:
        """(programme, filters, the record store's response, whether the store is our own)."""
        if key not in REPORT_LABELS:
            raise NotFound("There is no such report.")
        programme, sight = (
            _requested_programme(who),
            read_models.load_figure_scope(deps.unit_of_work, session=who),
        )
        if sight.episodes is not None and key not in SUBSET_REPORTS:
            raise Forbidden(
                "This report is of the whole programme. Who teaches sees the people of the own "
                "courses; ask your training manager."
            )
        by = {
            name: request.args[name][:_MAX_LENGTH].replace("\0", "")
            for name in _FILTERS
            if request.args.get(name)
        }
        store, ours = load_record_store(
            deps.unit_of_work, deps.secrets, tenant_id=who.tenant_id, own_url=deps.settings.lrs_url
        )
        result = lrs_client.fetch_reports(
            deps.own_client if ours else deps.client,
            store,
            xapi_statements.ProgrammeRef(programme, "", "").iri,
            sight=sight,
            keys=[key],
            by=by,
        )
        return programme, by, result, ours

    @pages.get("/behind/<metric>")
    def show_evidence(launch_id: uuid.UUID, metric: str) -> ResponseReturnValue:
        """The evidence of a figure: the statements behind it, by person."""
        who = sessions.require_session(deps, request, launch_id)
        product_use.record_report_view(
            deps.unit_of_work, session=who, report=product_use.FIGURES, now=clock.now()
        )
        programme = _requested_programme(who)
        by = {
            name: request.args[name][:_MAX_LENGTH].replace("\0", "")
            for name in _FILTERS
            if request.args.get(name)
        }
        store, ours = load_record_store(
            deps.unit_of_work, deps.secrets, tenant_id=who.tenant_id, own_url=deps.settings.lrs_url
        )
        client, after = (
            deps.own_client if ours else deps.client,
            request.args.get("after", "")[:_MAX_LENGTH],
        )
        try:
            result = lrs_client.fetch_evidence(
                client,
                store,
                xapi_statements.ProgrammeRef(programme, "", "").iri,
                metric[:_MAX_LENGTH],
                after=after,
                by=by,
            )
        except OutsideCallFailed as failed:
            raise NotFound(
                f"What is behind this figure cannot be shown just now: {failed.message}"
            ) from None
        names = read_models.learner_names(
            deps.unit_of_work,
            tenant_id=who.tenant_id,
            episodes=[episode["registration"] for episode in result.episodes],
        )
        return render_template(
            "behind.html",
            **template_values(deps, request, who),
            found=result,
            names=names,
            metric=metric,
            chosen=by,
            programme=programme if request.args.get("programme") else "",
        )

    @pages.get("/<key>")
    def show_report(launch_id: uuid.UUID, key: str) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        product_use.record_report_view(
            deps.unit_of_work, session=who, report=product_use.FIGURES, now=clock.now()
        )
        deps.job_requests.request_job(SEND_STATEMENTS)
        report: dict[str, Any] | None = None
        narrow: dict[str, list[str]] = {}
        programme = ""
        by: dict[str, str] = {}
        try:
            programme, by, result, ours = fetch_report(who, key)
            report, narrow = result.reports[0], result.dimensions
            # Charts are trusted as markup only from our own record store, which escapes them.
            report["svg"] = Markup(report["svg"]) if ours else ""  # noqa: S704
        except OutsideCallFailed as failed:
            log.warning("tenant %s: no report: %s", who.tenant_id, failed.message)
        return render_template(
            "report.html",
            **template_values(deps, request, who),
            report=report,
            key=key,
            label=REPORT_LABELS[key],
            narrow={name: values for name, values in narrow.items() if values},
            chosen=by,
            programme=programme if request.args.get("programme") else "",
            # The page where a training manager decides on what the report shows.
            desk=f"programmes/{programme}/business/"
            if programme and who.roles & roles.ROUTE_ROLES["business.save_new_level"]
            else "",
            decided=business_figures.find_last_decision(
                deps, who.tenant_id, programme, key, by.get("team", "")
            )
            if programme and by.keys() <= {"team"}
            else None,
            reports=visible_reports(read_models.load_figure_scope(deps.unit_of_work, session=who)),
        )

    @pages.get("/<key>.csv")
    def download_table(launch_id: uuid.UUID, key: str) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        try:
            _, _, result, _ = fetch_report(who, key)
        except OutsideCallFailed as failed:
            raise NotFound(f"The table cannot be made just now: {failed.message}") from None
        return download_response(
            f"{key}.csv", "text/csv; charset=utf-8", _to_csv(result.reports[0]).encode()
        )

    return pages


def _requested_programme(who: LaunchSession) -> str:
    """The launch's programme; a training manager may name another one in the query."""
    named = request.args.get("programme", "")
    if named and who.roles & roles.ROUTE_ROLES["programmes.list_programmes"]:
        return named[:_MAX_LENGTH]
    if not who.programme:
        raise NotFound("No programme is set up for this activity yet.")
    return who.programme


def _to_csv(report: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column["label"] for column in report["columns"]])
    for row in report["rows"]:
        values = [row.get(column["key"]) for column in report["columns"]]
        writer.writerow(
            [escape_cell(value) if isinstance(value, str) else value for value in values]
        )
    return out.getvalue()
