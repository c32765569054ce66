"""The first page after a launch: today for a learner, figures for those who lead or teach."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from adapters.lms import MessageType, Role
from adapters.lrs_client import PublishingState, VisibilityScope
from core import clock
from core.errors import BadInput, NotFound, RequestError
from core.messages import lazy_gettext
from lti_tool.base.forms import DAY_FORMAT, form_day, form_uuid
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import (
    ADMIN,
    ALL_ROLES,
    DESIGNER,
    FIGURE_ROLES,
    LEADING_ROLES,
    LEARNER,
    STAFF_ROLES,
    TEACHER,
    TEACHING_ROLES,
    TEAM_FIGURE_ROLES,
)
from lti_tool.base.routes import Routes
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.statement_outbox_store import SEND_STATEMENTS
from lti_tool.checks import submission_review
from lti_tool.checks.quiz_attempts import INTERVAL_LABELS
from lti_tool.home import figures_page, inbox, printed_page, read_models
from lti_tool.home.chosen_programme import (
    ChosenProgramme,
    choose_programme,
    list_open_programmes,
)
from lti_tool.home.report_views import visible_reports
from lti_tool.home.verdicts import first_to_act_on, say_step, summarise
from lti_tool.nudges import calendar_feed
from lti_tool.programmes import (
    activity_pages,
    badges,
    certification,
    schedule_preview,
)
from lti_tool.questions import item_responses

log = logging.getLogger(__name__)

ROUTES = Routes("home", "/t/<uuid:launch_id>", open_page)
# Metrics on the first page of figures; the rest is one click away.
HEADLINE_METRICS = ("retention_observed", "transfer_rate", "adoption_due", "sustainability")
PROGRAMMES_ON_A_PAGE = 20  # each of them is a question to the record store
_ATTEMPT_PREFIX = "attempt-"  # page prefix that reopens one submission
_CHOOSE_LEARNER = lazy_gettext("Choose a learner.")


@ROUTES.get("/", roles=ALL_ROLES)
def show_home(page: PageContext) -> ResponseReturnValue:
    who = page.who
    if who.message == MessageType.DEEP_LINK:
        return page.redirect("pick")
    if who.message == MessageType.REVIEW or who.page.startswith(_ATTEMPT_PREFIX):
        return _render_review(page)
    takes_part = read_models.has_certification(page.work, session=who)
    administration = who.page == activity_pages.ADMIN_PAGE or not who.programme
    if ADMIN in who.roles and administration:
        return page.redirect("admin/")
    no_part = "" if takes_part else _page_without_part(who)
    if not no_part and (who.administers or who.missing_parameter) and administration:
        no_part = "runs_the_lms.html"
    if no_part:
        return page.render(no_part)
    return _land(page, takes_part)


def _land(page: PageContext, takes_part: bool) -> ResponseReturnValue:
    """The first page, by one rule: what waits for whoever leads or accompanies people; else what
    is due for whoever takes part; else figures, else the team. Whoever opens a check or the plan
    by its own activity gets that, and whoever teaches the course its figures.
    """
    who = page.who
    leads = bool(who.roles & LEADING_ROLES)
    opens_first_page = who.page in ("", activity_pages.TODAY) and TEACHER not in who.roles
    if leads and opens_first_page and inbox.has_waiting(page.work, session=who, now=clock.now()):
        return page.redirect("inbox")
    if takes_part and Role(who.role) is Role.LEARNER:
        return _render_today(page)
    wants_figures = who.page == activity_pages.FIGURES and bool(who.roles & FIGURE_ROLES)
    if wants_figures or who.roles & (FIGURE_ROLES - LEADING_ROLES):
        return _render_figures(page)
    if leads and not takes_part:
        return page.redirect("team")
    return _render_today(page)


def _page_without_part(who: LaunchSession) -> str:
    """The template for somebody who is in the course and no learner of it, and has no role that
    opens more; empty for others.
    """
    if who.roles == {LEARNER, DESIGNER}:
        return "builds_the_course.html"
    pages = {Role.VISITOR: "runs_the_lms.html", Role.MENTOR: "watches.html"}
    return pages.get(Role(who.role), "") if who.roles == {LEARNER} else ""


@ROUTES.get("/figures", roles=FIGURE_ROLES)
def show_figures(page: PageContext) -> ResponseReturnValue:
    return _render_figures(page)


@ROUTES.get("/figures.pdf", roles=FIGURE_ROLES)
def download_figures(page: PageContext) -> ResponseReturnValue:
    """The page of figures as PDF."""
    return printed_page.answer_pdf(page, _render_figures(page), "figures")


@ROUTES.get("/today", roles=ALL_ROLES)
def show_today(page: PageContext) -> ResponseReturnValue:
    """Show what is due for this person, whatever other roles they hold."""
    return _render_today(page)


@ROUTES.post("/take-part", roles=ALL_ROLES)
def take_part(page: PageContext) -> ResponseReturnValue:
    """Be a learner of the course from now on, for somebody who taught it before."""
    read_models.take_part(page.work, session=page.who, now=clock.now())
    return page.redirect("")


@ROUTES.post("/certifications", roles=TEACHING_ROLES)
def record_certification(page: PageContext) -> ResponseReturnValue:
    who, now = page.who, clock.now()
    if not who.programme:
        raise NotFound("No programme is set up for this activity yet.")
    try:
        person = form_uuid("person", _CHOOSE_LEARNER)
        certified_at = _form_certified_day(now)
        _, waiting = read_models.load_uncertified_learners(page.work, session=who)
        if person not in {learner[0] for learner in waiting}:
            raise BadInput("This learner is not waiting for a certification in this course.")
        certification.certify_person(
            page.work,
            tenant_id=who.tenant_id,
            person_id=person,
            programme=who.programme,
            certified_at=certified_at,
            now=now,
            team=who.context_title,
            course_id=who.course_id,
        )
    except BadInput as error:
        return _render_figures(page, error)
    page.request_jobs(SEND_STATEMENTS)
    return page.redirect("?done=certified")


def _form_certified_day(now: datetime) -> datetime:
    """Noon (UTC) of the entered day, or now if it is today."""
    day = form_day("certified_on")
    if day is None:
        raise BadInput(DAY_FORMAT, field="certified_on")
    noon = datetime.combine(day, time(12), UTC)
    return min(noon, now) if day == now.date() else noon


def _render_today(page: PageContext) -> ResponseReturnValue:
    who = page.who
    today = read_models.load_today(page.work, session=who, now=clock.now())
    if today is None and read_models.looks_as_learner(page.work, session=who):
        programme = read_models.load_programme(page.work, session=who)
        return page.render(
            "learner_preview.html",
            programme=programme,
            checks=schedule_preview.preview_checks(programme, clock.now().date()),
            opens=activity_pages.interval_of_page(who.page),
        )
    if today is None:
        accepted = badges.list_accepted_badges(
            page.work, tenant_id=who.tenant_id, programme=who.programme
        )
        return page.render("not_certified.html", badges=bool(accepted), error=None)
    if who.page == activity_pages.PLAN:
        return page.redirect("plan")
    interval = activity_pages.interval_of_page(who.page)
    if interval and request.args.get("all") is None:
        check = next((check for check in today.checks if check.interval == interval), None)
        return page.render("check.html", today=today, check=check, label=INTERVAL_LABELS[interval])
    token = calendar_feed.sign_feed_token(page.deps.secrets, who.tenant_id, who.person_id)
    calendar = f"{page.deps.settings.base_url}/calendar/{token}.ics"
    return page.render("today.html", today=today, calendar=calendar)


def _render_review(page: PageContext) -> ResponseReturnValue:
    name = page.who.page
    attempt_id = (
        uuid.UUID(name.removeprefix(_ATTEMPT_PREFIX)) if name.startswith(_ATTEMPT_PREFIX) else None
    )
    learner, progress = submission_review.load_submission(
        page.deps, session=page.who, attempt_id=attempt_id
    )
    answered = [(answer, progress.item(answer.position)) for answer in progress.answers]
    lines = [
        (
            answer,
            item,
            item_responses.render_response(item, answer.response),
            item_responses.render_correct_answer(item),
        )
        for answer, item in answered
    ]
    return page.render(
        "review.html", learner=learner, progress=progress, lines=lines, label=progress.label
    )


def _render_figures(page: PageContext, error: RequestError | None = None) -> ResponseReturnValue:
    who, show_all = page.who, request.args.get("show") == "all"
    named = request.args.get("programme", "")
    if not who.programme and not named:
        if who.roles & STAFF_ROLES:
            return page.redirect("programmes/")
        raise NotFound("No programme is set up yet. Ask your training manager to set one up.")
    of = choose_programme(page, named)
    figures_page.record_view(page, of)
    page.request_jobs(SEND_STATEMENTS)
    sight = read_models.load_figure_scope(page.work, session=who)
    found = figures_page.fetch_headlines(page, of, sight, () if show_all else HEADLINE_METRICS)
    figures, alarms = found or ([], [])
    whole = sight.episodes is None
    publishing = figures_page.fetch_publishing(page, of) if found and whole else None
    return page.render(
        "figures.html",
        error.status if error else 200,
        figures=figures,
        alarms=alarms,
        publishing=publishing,
        join_parts=_join_parts,
        say_step=say_step,
        every=show_all,
        pdf_query=printed_page.pdf_query(),
        nothing_yet=not show_all and _is_empty(figures, publishing),
        reports=visible_reports(sight),
        own_courses=not whole,
        away=found is None,
        of=of,
        may_administer=ADMIN in who.roles,
        may_look_behind=bool(who.roles & STAFF_ROLES),
        today=clock.now().date().isoformat(),
        error=error.message if error else "",
        **_load_course_parts(page, of),
        **(_summary_parts(page, of, sight, figures) if not show_all else {}),
    )


def _summary_parts(
    page: PageContext,
    of: ChosenProgramme,
    sight: VisibilityScope,
    figures: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What the top of the page says: in short, what changed, and the next step."""
    judged = figures_page.judge_programme(page, of, sight, figures)
    with_groups = figures and sight.episodes is None
    return {
        "verdicts": judged,
        "summary": summarise(judged),
        "first": first_to_act_on(figures, judged),
        "changes": figures_page.fetch_changes(page, of) if with_groups else [],
    }


def _load_course_parts(page: PageContext, of: ChosenProgramme) -> dict[str, Any]:
    """What the page shows of the course around it: nothing on the page of another programme."""
    who = page.who
    if of.query:
        return {"waiting": [], "first_reading": None, "wave_open": "", "may_record": False}
    _, waiting = read_models.load_uncertified_learners(page.work, session=who)
    course, first_reading = read_models.load_course(page.work, session=who)
    open_wave = course is not None and course.copied and who.programme not in course.waves
    return {
        "waiting": waiting,
        "first_reading": first_reading,
        "wave_open": course.suggested_wave if course is not None and open_wave else "",
        "may_record": bool(who.roles & TEACHING_ROLES) and who.course_id is not None,
    }


@ROUTES.get("/figures/all", roles=TEAM_FIGURE_ROLES)
def show_all_programmes(page: PageContext) -> ResponseReturnValue:
    """Every programme, each with one sentence."""
    sight = read_models.load_figure_scope(page.work, session=page.who)
    begin = max(0, request.args.get("after", type=int, default=0))
    listed = [item for item in list_open_programmes(page) if not item.archived]
    end = begin + PROGRAMMES_ON_A_PAGE
    return page.render(
        "all_programmes.html",
        lines=[
            (item, figures_page.summarise_programme(page, item, sight))
            for item in listed[begin:end]
        ],
        live=sight.individual,
        following=end if end < len(listed) else None,
    )


def _is_empty(figures: Sequence[Mapping[str, Any]], publishing: PublishingState | None) -> bool:
    """Whether there are figures, and none of them has anything to show or to hold back."""
    values = [value for figure in figures for value in figure["values"]]
    nobody_waits = publishing is not None and not publishing.held_back
    return bool(values) and all(
        value.get("value") is None
        and (not value.get("suppressed") or (nobody_waits and _waits_for_nobody(value)))
        for value in values
    )


def _waits_for_nobody(value: Mapping[str, Any]) -> bool:
    """Whether a published value is of nobody yet: no day is known on which it can be told."""
    return value.get("status") == "waiting" and not value.get("waits_until")


def _join_parts(values: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The parts of a published figure, each with its value; those that are not shown for one reason
    together."""
    labels: dict[tuple[object, ...], list[str]] = {}
    first: dict[tuple[object, ...], Mapping[str, Any]] = {}
    for value in values:
        reason = (value.get("status"), value.get("waits_until"), value.get("reason"))
        key = reason if value.get("suppressed") else (value["part_label"],)
        labels.setdefault(key, []).append(value["part_label"])
        first.setdefault(key, value)
    return [(", ".join(labels[key]), value) for key, value in first.items()]
