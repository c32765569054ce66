"""Reports of a programme: text, chart and table. The record store computes them and suppresses
small groups; these views only present them."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Mapping
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from adapters import lrs_client, xapi_statements
from adapters.lrs_client import ReportSet, VisibilityScope
from core.csv_cells import escape_formula
from core.errors import BadInput, Forbidden, NotFound
from core.http_client import OutsideCallFailed
from core.messages import lazy_gettext
from lrs.vocabulary.report_names import REPORT_GROUPS, REPORT_LABELS, SUBSET_REPORTS
from lti_tool.base.forms import clean_text
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import FIGURE_ROLES, STAFF_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.staff_context import download_response
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.base.statement_target import open_record_store
from lti_tool.business import business_figures
from lti_tool.home import printed_page, read_models
from lti_tool.home.chosen_programme import choose_programme
from lti_tool.home.figures_page import record_view

log = logging.getLogger(__name__)

ROUTES = Routes("reports", "/t/<uuid:launch_id>/reports", open_page)
_FILTERS = ("wave", "team", "site", "role", "experience", "programme_version")
_PUBLISHED_FILTERS = ("wave", "team", "site", "role", "month")  # of groups, one at a time
_CHOICE = "by"  # the field of the one choice: a filter and its value, such as team:North
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


@ROUTES.get("/behind/<metric>", roles=STAFF_ROLES)
def show_evidence(page: PageContext, metric: str) -> ResponseReturnValue:
    """The evidence of a figure: the statements behind it, by person."""
    chosen, filters = choose_programme(page, request.args.get("programme", "")), _live_filters()
    record_view(page, chosen)
    client, store, _ = open_record_store(page.deps, page.who.tenant_id)
    try:
        found = lrs_client.fetch_evidence(
            client,
            store,
            xapi_statements.ProgrammeRef(chosen.key, "", "").iri,
            metric[:_MAX_LENGTH],
            after=request.args.get("after", "")[:_MAX_LENGTH],
            by=filters,
        )
    except OutsideCallFailed as failed:
        raise NotFound(
            lazy_gettext(
                "What is behind this figure cannot be shown just now: %(reason)s",
                reason=failed.message,
            )
        ) from None
    names = read_models.learner_names(
        page.work,
        tenant_id=page.who.tenant_id,
        episodes=[episode["registration"] for episode in found.episodes],
    )
    return page.render(
        "behind.html",
        found=found,
        names=names,
        metric=metric,
        chosen=filters,
        programme=chosen.named,
    )


@ROUTES.get("/<key>", roles=FIGURE_ROLES)
def show_report(page: PageContext, key: str) -> ResponseReturnValue:
    _require_report(key)
    sight = read_models.load_figure_scope(page.work, session=page.who)
    of, filters = choose_programme(page, request.args.get("programme", "")), _filters(sight)
    programme = of.key
    record_view(page, of)
    page.request_jobs(SEND_STATEMENTS)
    report: dict[str, Any] | None = None
    narrow: dict[str, list[str]] = {}
    try:
        result, ours = _fetch_report(page, sight, key, programme, filters)
        report, narrow = result.reports[0], result.dimensions
        # Charts are trusted as markup only from our own record store, which escapes them.
        report["svg"] = Markup(report["svg"]) if ours else ""  # noqa: S704
    except OutsideCallFailed as failed:
        log.warning("tenant %s: no report: %s", page.who.tenant_id, failed.message)
    decided = None
    if filters.keys() <= {"team"}:
        decided = business_figures.find_last_decision(
            page.deps, page.who.tenant_id, programme, key, filters.get("team", "")
        )
    return page.render(
        "report.html",
        report=report,
        pdf_query=printed_page.pdf_query(),
        key=key,
        label=REPORT_LABELS[key],
        narrow={name: values for name, values in narrow.items() if values},
        chosen=filters,
        one_choice=not sight.individual,
        programme=of.named,
        of=of,
        # The page where a training manager decides on what the report shows.
        desk=f"programmes/{programme}/business/" if page.who.roles & STAFF_ROLES else "",
        decided=decided,
        reports=visible_reports(sight),
    )


@ROUTES.get("/<key>.pdf", roles=FIGURE_ROLES)
def download_report(page: PageContext, key: str) -> ResponseReturnValue:
    """The page of a report as PDF."""
    programme = choose_programme(page, request.args.get("programme", "")).title
    return printed_page.answer_pdf(page, show_report(page, key), key, programme)


@ROUTES.get("/<key>.csv", roles=FIGURE_ROLES)
def download_table(page: PageContext, key: str) -> ResponseReturnValue:
    _require_report(key)
    sight = read_models.load_figure_scope(page.work, session=page.who)
    programme = choose_programme(page, request.args.get("programme", "")).key
    filters = _filters(sight)
    try:
        result, _ = _fetch_report(page, sight, key, programme, filters)
    except OutsideCallFailed as failed:
        raise NotFound(
            lazy_gettext("The table cannot be made just now: %(reason)s", reason=failed.message)
        ) from None
    return download_response(
        f"{key}.csv", "text/csv; charset=utf-8", _to_csv(result.reports[0]).encode()
    )


def _require_report(key: str) -> None:
    if key not in REPORT_LABELS:
        raise NotFound("There is no such report.")


def _fetch_report(
    page: PageContext, sight: VisibilityScope, key: str, programme: str, filters: dict[str, str]
) -> tuple[ReportSet, bool]:
    """(the record store's response, whether the store is our own)."""
    if sight.episodes is not None and key not in SUBSET_REPORTS:
        raise Forbidden(
            "This report is of the whole programme. Who teaches sees the people of the own "
            "courses; ask your training manager."
        )
    client, store, ours = open_record_store(page.deps, page.who.tenant_id)
    iri = xapi_statements.ProgrammeRef(programme, "", "").iri
    return (
        lrs_client.fetch_reports(client, store, iri, sight=sight, keys=[key], by=filters),
        ours,
    )


def _filters(sight: VisibilityScope) -> dict[str, str]:
    return _live_filters() if sight.individual else _published_filter()


def _live_filters() -> dict[str, str]:
    return {
        name: clean_text(request.args[name])[:_MAX_LENGTH]
        for name in _FILTERS
        if request.args.get(name)
    }


def _published_filter() -> dict[str, str]:
    """The one filter of published values, from the form's choice or from an address that names it;
    BadInput where there are several, or another one."""
    kind, _, value = clean_text(request.args.get(_CHOICE, "")).partition(":")
    names = dict.fromkeys((*_FILTERS, *_PUBLISHED_FILTERS))
    named = {name: clean_text(request.args[name]) for name in names if request.args.get(name)}
    if kind:
        named[kind] = value
    if len(named) > 1 or not set(named) <= set(_PUBLISHED_FILTERS):
        raise BadInput(
            "Of groups, figures are published for one wave, team, site, role or month of "
            "certification at a time. Choose one of them."
        )
    return {name: value[:_MAX_LENGTH] for name, value in named.items() if value}


def _to_csv(report: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column["label"] for column in report["columns"]])
    for row in report["rows"]:
        values = [row.get(column["key"]) for column in report["columns"]]
        writer.writerow([escape_formula(value) for value in values])
    return out.getvalue()
