"""Progress: individual people for their leader, teams for everybody else."""

from __future__ import annotations

import uuid

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from lti_tool.actions import presence, teams
from lti_tool.lti.deps import ToolDeps
from lti_tool.store.outbox import SEND_STATEMENTS
from lti_tool.views import session
from lti_tool.views.frame import template_values


def blueprint(deps: ToolDeps) -> Blueprint:
    """``/t/<visit>/team`` and ``/t/<visit>/teams``."""
    pages = Blueprint("teams", __name__, url_prefix="/t/<uuid:launch_id>")

    @pages.get("/team")
    def show_own_team(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = session.require_session(deps, request, launch_id)
        presence.record_report_view(deps.unit_of_work, session=who, report=presence.TEAM, now=clock.now())
        deps.job_requests.request_job(SEND_STATEMENTS)
        people, titles = teams.list_led_people(deps.unit_of_work, session=who, now=clock.now())
        return render_template("team.html", **template_values(deps, request, who), people=people, titles=titles)

    @pages.get("/teams")
    def show_all_teams(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = session.require_session(deps, request, launch_id)
        presence.record_report_view(deps.unit_of_work, session=who, report=presence.TEAMS, now=clock.now())
        deps.job_requests.request_job(SEND_STATEMENTS)
        view = teams.load_team_overview(deps.unit_of_work, tenant_id=who.tenant_id, programme=who.programme, now=clock.now())
        return render_template("teams.html", **template_values(deps, request, who), view=view)

    return pages
