"""Course pages: the activities, the frame, the gradebook; and the click that starts a
launch.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms import (
    activities,
    dialects,
    gradebook,
    languages,
    launches,
    sessions,
    tools,
)
from carryover.practice_lms.activities import Activity
from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.ledger import PracticeDatabase
from carryover.practice_lms.people import (
    BY_SUBJECT,
    CLIENT_ID,
    COURSE_TITLE,
    EVERYBODY,
    Person,
)
from carryover.practice_lms.tools import Tool

OWN_PAGES = "/practice/"


@dataclass(frozen=True)
class _LaunchTarget:
    """The resolved target of a URL below ``/launch`` or ``/start``."""

    person: Person
    message: str
    tool: Tool
    activity: Activity | None
    for_user: str

    @property
    def title(self) -> str:
        return self.activity.title if self.activity else "Choose content"


def blueprint(deps: PracticeDeps) -> Blueprint:
    """``/``, ``/dialect``, ``/language``, ``/launch/…``, ``/start/…`` and ``/gradebook``."""
    pages = Blueprint("course", __name__)
    own = _CoursePages(deps)
    pages.get("/")(own.course_page)
    pages.post("/dialect")(own.choose_dialect)
    pages.post("/language")(own.choose_language)
    pages.get("/launch/<who>")(own.activity_page)
    pages.get("/launch/<who>/<message>")(own.activity_page)
    pages.get("/start/<who>")(own.start_launch)
    pages.get("/start/<who>/<message>")(own.start_launch)
    pages.get("/gradebook")(own.gradebook_page)
    return pages


class _CoursePages:
    """What the course shows, from its ledger."""

    def __init__(self, deps: PracticeDeps) -> None:
        self._deps, self._ledger = deps, deps.ledger

    def course_page(self) -> str:
        result = [tool for tool in tools.list_all_tools(self._ledger) if tool.active]
        chosen = [
            activity for activity in activities.list_activities(self._ledger) if activity.chosen
        ]
        names = {tool.client_id: tool.name for tool in result}
        others = [tool for tool in result if tool.client_id != CLIENT_ID]
        offered = [activity for activity in chosen if activity.client_id in names]
        dialect = self._deps.dialect
        pickers = [
            (person, tool)
            for tool in result
            if tool.deep_linking
            for person in dialect.people
            if person.selects_content
        ]
        return render_template(
            "course.html",
            title=COURSE_TITLE,
            dialect=dialect,
            dialects=dialects.DIALECTS.values(),
            people=dialect.people,
            others=others,
            chosen=offered,
            names=names,
            pickers=pickers,
        )

    def choose_dialect(self) -> ResponseReturnValue:
        """Play another product from the next request on."""
        _require_own_page("The product is chosen on the course page alone.")
        key = request.form.get("dialect", "")
        if key not in dialects.DIALECTS:
            abort(400, "The practice LMS plays no such product.")
        self._ledger.save_setting(dialects.SETTING, key)
        return redirect("/practice/", code=303)

    def choose_language(self) -> ResponseReturnValue:
        """Name another language in launches from now on, and show the page again."""
        _require_own_page("The language is chosen on the pages of the practice LMS alone.")
        tag, back = request.form.get("language", ""), request.form.get("back", "")
        if tag not in languages.LANGUAGES:
            abort(400, "The practice LMS knows no such language.")
        self._ledger.save_setting(languages.SETTING, tag)
        return redirect(back if back.startswith(OWN_PAGES) else OWN_PAGES, code=303)

    def activity_page(self, who: str, message: str = launches.RESOURCE_LAUNCH) -> Response:
        """The activity page, with the tool in a frame; opening it signs the person in."""
        choice = _resolve_launch_target(self._deps, who, message)
        path = "" if message == launches.RESOURCE_LAUNCH else f"/{message}"
        query = (
            "?" + request.query_string.decode("utf-8", "replace") if request.query_string else ""
        )
        others = [
            person
            for person in self._deps.dialect.people
            if person != choice.person and _may_open(person, message)
        ]
        page = render_template(
            "activity.html",
            choice=choice,
            path=path,
            query=query,
            others=others,
            storage=request.args.get("storage") == "1",
        )
        response = make_response(page)
        sessions.set_session_cookie(
            response,
            sessions.sign_in(self._ledger, choice.person),
            request.args.get("cookie", "lax"),
        )
        return response

    def start_launch(self, who: str, message: str = launches.RESOURCE_LAUNCH) -> str:
        """Inside the frame: the browser posts the login request to the tool."""
        choice = _resolve_launch_target(self._deps, who, message)
        link = choice.activity.link_id if choice.activity else ""
        launch = launches.Launch(
            who,
            choice.tool.client_id,
            message,
            link,
            choice.for_user,
            request.args.get("storage") == "1",
        )
        fields = launches.login_parameters(
            self._ledger, self._deps.lms_url, choice.tool, choice.person, launch, choice.activity
        )
        return render_template("post.html", address=choice.tool.initiate_login_uri, fields=fields)

    def gradebook_page(self) -> str:
        columns = [
            (item, gradebook.scores_by_user(self._ledger, item))
            for item in gradebook.list_line_items(self._ledger)
        ]
        return render_template(
            "gradebook.html",
            people=self._deps.dialect.people,
            columns=columns,
            first=gradebook.DEMO_LINE_ITEM_ID,
        )


def _require_own_page(refusal: str) -> None:
    """As on the page Manage tools: nobody signs in here, so no other site may press a button."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403, refusal)


def _may_open(person: Person, message: str) -> bool:
    if message == launches.DEEP_LINK_LAUNCH:
        return person.selects_content
    return person.teaches or message == launches.RESOURCE_LAUNCH


def _resolve_launch_target(deps: PracticeDeps, who: str, message: str) -> _LaunchTarget:
    """Resolve the launch target: 404 if something is unknown, 403 if this person or tool is
    not allowed to do it.
    """
    ledger, person = deps.ledger, EVERYBODY.get(who)
    if person is None or person not in deps.dialect.people:
        abort(
            404,
            "The practice course has a learner, a mentor, a teacher and an administrator, and "
            "nobody else.",
        )
    if message not in (launches.RESOURCE_LAUNCH, launches.DEEP_LINK_LAUNCH, launches.REVIEW_LAUNCH):
        abort(404, "There is no such launch.")
    item = request.args.get("item")
    if not _may_open(person, message):
        abort(403, "Only teachers and administrators choose content and look at submissions.")
    chosen = activities.find_activity(ledger, item) if item else None
    if item and chosen is None:
        abort(404, "There is no such activity in this course.")
    tool = tools.tool_by_client_id(
        ledger, chosen.client_id if chosen else request.args.get("tool", CLIENT_ID)
    )
    if tool is None:
        abort(404, "There is no such tool in this course.")
    if not tool.active:
        abort(403, "This tool is not activated yet.")
    if message == launches.DEEP_LINK_LAUNCH:
        if not tool.deep_linking:
            abort(403, "This tool offers no content to choose from.")
        return _LaunchTarget(person, message, tool, None, "")
    activity = chosen or activities.standard_activity(ledger, tool)
    if activity is None:
        abort(404, "There is no such activity in this course.")
    return _LaunchTarget(
        person,
        message,
        tool,
        activity,
        _reviewed_learner(ledger, activity) if message == launches.REVIEW_LAUNCH else "",
    )


def _reviewed_learner(ledger: PracticeDatabase, activity: Activity) -> str:
    learner = BY_SUBJECT.get(request.args.get("for", ""))
    if learner is None or not learner.learns:
        abort(404, "A submission is one of a learner of this course.")
    if gradebook.coupled_line_item(ledger, activity.client_id, activity.link_id) is None:
        abort(404, "This activity has no line item, so that nothing was handed in.")
    return learner.subject
