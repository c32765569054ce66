"""Progress of individual people for their leader; of teams there is a report."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from core import clock
from lrs.vocabulary import MIN_GROUP_SIZE
from lti_tool.assessment import workshops
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import LEADING_ROLES, TEAM_FIGURE_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.home import teams
from lti_tool.programmes import product_use

ROUTES = Routes("teams", "/t/<uuid:launch_id>", open_page)


@ROUTES.get("/team", roles=LEADING_ROLES)
def show_own_team(page: PageContext) -> ResponseReturnValue:
    _record_view(page, product_use.TEAM)
    now = clock.now()
    people, titles = teams.list_led_people(page.work, session=page.who, now=now)
    return page.render(
        "team.html",
        people=people,
        titles=titles,
        offers=workshops.list_offers(page.work, session=page.who, now=now),
        workshops=workshops.list_results(page.work, session=page.who, now=now),
        least=MIN_GROUP_SIZE,
    )


@ROUTES.get("/teams", roles=TEAM_FIGURE_ROLES)
def show_all_teams(page: PageContext) -> ResponseReturnValue:
    return page.redirect("reports/teams")


def _record_view(page: PageContext, report: str) -> None:
    product_use.record_report_view(page.work, session=page.who, report=report, now=clock.now())
    page.request_jobs(SEND_STATEMENTS)
