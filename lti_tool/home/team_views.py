"""Progress: individual people for their leader, teams for everybody else."""

from __future__ import annotations

import uuid

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import template_values
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.home import teams
from lti_tool.programmes import product_use


def blueprint(deps: ToolDeps) -> Blueprint:
    """``/t/<visit>/team`` and ``/t/<visit>/teams``."""
    pages = Blueprint("teams", __name__, url_prefix="/t/<uuid:launch_id>")

    @pages.get("/team")
    def show_own_team(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        product_use.record_report_view(
            deps.unit_of_work, session=who, report=product_use.TEAM, now=clock.now()
        )
        deps.job_requests.request_job(SEND_STATEMENTS)
        people, titles = teams.list_led_people(deps.unit_of_work, session=who, now=clock.now())
        return render_template(
            "team.html", **template_values(deps, request, who), people=people, titles=titles
        )

    @pages.get("/teams")
    def show_all_teams(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        product_use.record_report_view(
            deps.unit_of_work, session=who, report=product_use.TEAMS, now=clock.now()
        )
        deps.job_requests.request_job(SEND_STATEMENTS)
        view = teams.load_team_overview(
            deps.unit_of_work, tenant_id=who.tenant_id, programme=who.programme, now=clock.now()
        )
        return render_template("teams.html", **template_values(deps, request, who), view=view)

    return pages
