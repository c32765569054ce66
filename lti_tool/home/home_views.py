"""The first page after a launch: today for a learner, figures for those who lead or teach."""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, date, datetime, time

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from adapters import lrs_client, xapi_statements
from adapters.lms import MessageType, Role
from core import clock
from core.errors import BadInput, NotFound
from core.http_client import OutsideCallFailed
from lti_tool.base import roles, sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.base.statement_target import load_record_store
from lti_tool.checks import submission_review
from lti_tool.checks.quiz_attempts import INTERVAL_LABELS
from lti_tool.home import read_models
from lti_tool.home.report_views import visible_reports
from lti_tool.nudges import calendar_feed
from lti_tool.programmes import activity_pages, certification, product_use
from lti_tool.programmes import badges as holding
from lti_tool.questions import item_responses

log = logging.getLogger(__name__)

# Metrics on the first page of figures; the rest is one click away.
HEADLINE_METRICS = ("retention_observed", "transfer_rate", "adoption_due", "sustainability")
_ATTEMPT_PREFIX = "attempt-"  # page prefix that reopens one submission


def blueprint(deps: ToolDeps) -> Blueprint:
    """The routes of the first page."""
    pages = Blueprint("home", __name__, url_prefix="/t/<uuid:launch_id>")

    @pages.get("/")
    def show_home(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        if who.message == MessageType.DEEP_LINK:
            return redirect(f"/t/{launch_id}/pick")
        if who.message == MessageType.REVIEW or who.page.startswith(_ATTEMPT_PREFIX):
            return render_review(who)
        takes_part = read_models.has_certification(deps.unit_of_work, session=who)
        if roles.ADMIN in who.roles and (
            who.page == activity_pages.ADMIN_PAGE or not who.programme
        ):
            return redirect(f"/t/{launch_id}/admin/")
        visits = Role(who.role) is Role.VISITOR and not takes_part and who.roles == {roles.LEARNER}
        if visits or (
            who.administers and (who.page == activity_pages.ADMIN_PAGE or not who.programme)
        ):
            return render_template("runs_the_lms.html", **template_values(deps, request, who))
        if takes_part and Role(who.role) is Role.LEARNER:
            return render_today(who)
        if who.roles & roles.ROUTE_ROLES["home.show_figures"]:
            return render_figures(who)
        if not takes_part and who.roles & roles.LEADING_ROLES:
            return redirect(f"/t/{launch_id}/inbox")
        return render_today(who)

    @pages.get("/figures")
    def show_figures(launch_id: uuid.UUID) -> ResponseReturnValue:
        return render_figures(sessions.require_session(deps, request, launch_id))

    @pages.get("/today")
    def show_today(launch_id: uuid.UUID) -> ResponseReturnValue:
        """Show what is due for this person, whatever other roles they hold."""
        return render_today(sessions.require_session(deps, request, launch_id))

    def render_today(who: LaunchSession) -> ResponseReturnValue:
        launch_id = who.id
        today = read_models.load_today(deps.unit_of_work, session=who, now=clock.now())
        if today is None:
            badges = bool(
                holding.list_accepted_badges(
                    deps.unit_of_work, tenant_id=who.tenant_id, programme=who.programme
                )
            )
            return render_template(
                "not_certified.html",
                **template_values(deps, request, who),
                badges=badges,
                error=None,
            )
        if who.page == activity_pages.PLAN:
            return redirect(f"/t/{launch_id}/plan")
        interval = activity_pages.interval_of_page(who.page)
        if interval and request.args.get("all") is None:
            check = next((check for check in today.checks if check.interval == interval), None)
            return render_template(
                "check.html",
                **template_values(deps, request, who),
                today=today,
                check=check,
                label=INTERVAL_LABELS[interval],
            )
        token = calendar_feed.sign_feed_token(deps.secrets, who.tenant_id, who.person_id)
        calendar = f"{deps.settings.base_url}/calendar/{token}.ics"
        return render_template(
            "today.html", **template_values(deps, request, who), today=today, calendar=calendar
        )

    def render_review(who: LaunchSession) -> ResponseReturnValue:
        attempt = (
            uuid.UUID(who.page.removeprefix(_ATTEMPT_PREFIX))
            if who.page.startswith(_ATTEMPT_PREFIX)
            else None
        )
        name, progress = submission_review.load_submission(deps, session=who, attempt_id=attempt)
        lines = [
            (
                answer,
                item,
                item_responses.render_response(item, answer.response),
                item_responses.render_correct_answer(item),
            )
            for answer, item in (
                (answer, progress.item(answer.position)) for answer in progress.answers
            )
        ]
        return render_template(
            "review.html",
            **template_values(deps, request, who),
            learner=name,
            progress=progress,
            lines=lines,
            label=progress.label,
        )

    def render_figures(
        who: LaunchSession, error: str = "", status: int = 200
    ) -> ResponseReturnValue:
        show_all = request.args.get("show") == "all"
        if not who.programme:
            if who.roles & roles.ROUTE_ROLES["programmes.list_programmes"]:
                return redirect(f"/t/{who.id}/programmes/")
            raise NotFound("No programme is set up yet. Ask your training manager to set one up.")
        product_use.record_report_view(deps.unit_of_work, session=who, now=clock.now())
        deps.job_requests.request_job(SEND_STATEMENTS)
        store, ours = load_record_store(
            deps.unit_of_work, deps.secrets, tenant_id=who.tenant_id, own_url=deps.settings.lrs_url
        )
        sight = read_models.load_figure_scope(deps.unit_of_work, session=who)
        title, waiting = read_models.load_uncertified_learners(deps.unit_of_work, session=who)
        try:
            # Called outside any transaction; charts are drawn by the record store's own
            # reports.
            client, iri = (
                deps.own_client if ours else deps.client,
                xapi_statements.ProgrammeRef(who.programme, "", "").iri,
            )
            shown = () if show_all else HEADLINE_METRICS
            figures = lrs_client.fetch_figures(client, store, iri, sight=sight, keys=shown)
            alarms = (
                []
                if sight.episodes is not None
                else lrs_client.fetch_open_alarms(client, store, iri)
            )
            away = False
        except OutsideCallFailed as failed:
            log.warning("tenant %s: no figures: %s", who.tenant_id, failed.message)
            figures, alarms, away = [], [], True
        for figure in figures:
            # Drawn and escaped by our own record store; charts of another store are not trusted
            # as markup.
            figure["svg"] = Markup(figure["svg"]) if ours else ""  # noqa: S704
        page = render_template(
            "figures.html",
            **template_values(deps, request, who),
            figures=figures,
            alarms=alarms,
            every=show_all,
            reports=visible_reports(sight),
            own_courses=sight.episodes is not None,
            away=away,
            programme_title=title,
            waiting=waiting,
            may_record=bool(who.roles & roles.ROUTE_ROLES["home.record_certification"])
            and who.course_id is not None,
            may_administer=roles.ADMIN in who.roles,
            may_look_behind=bool(who.roles & roles.ROUTE_ROLES["reports.show_evidence"]),
            today=clock.now().date().isoformat(),
            error=error,
        )
        return page, status

    @pages.post("/certifications")
    def record_certification(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        if not who.programme:
            raise NotFound("No programme is set up for this activity yet.")
        now = clock.now()
        try:
            person, at = (
                _parse_person_id(request.form.get("person", "")),
                _parse_certified_day(request.form.get("certified_on", ""), now),
            )
            if person not in {
                waiting[0]
                for waiting in read_models.load_uncertified_learners(
                    deps.unit_of_work, session=who
                )[1]
            }:
                raise BadInput("This learner is not waiting for a certification in this course.")
            certification.certify_person(
                deps.unit_of_work,
                tenant_id=who.tenant_id,
                person_id=person,
                programme=who.programme,
                certified_at=at,
                now=now,
                team=who.context_title,
            )
        except BadInput as error:
            return render_figures(who, str(error.message), error.status)
        deps.job_requests.request_job(SEND_STATEMENTS)
        return redirect(f"/t/{launch_id}/?done=certified", code=303)

    return pages


def _parse_person_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadInput("Choose a learner.") from None


def _parse_certified_day(text: str, now: datetime) -> datetime:
    """Return noon (UTC) of the entered day, or now if it is today."""
    try:
        day = datetime.combine(date.fromisoformat(text), time(12), UTC)
    except ValueError:
        raise BadInput("Enter the day as year-month-day, for example 2026-12-31.") from None
    return min(day, now) if day.date() == now.date() else day
