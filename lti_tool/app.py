"""The tool as a Flask application."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, render_template, request
from jinja2 import FileSystemLoader
from werkzeug.exceptions import NotFound
from werkzeug.middleware.proxy_fix import ProxyFix

from adapters.questions import question_html
from core import clock, page_language, translations
from core.redirects import make_redirects_relative
from lti_tool.admin import admin_views
from lti_tool.assessment import assessment_views, rubric_views, workshop_views
from lti_tool.base import accent, actor_names, page_responses, routes
from lti_tool.base.deps import ToolDeps
from lti_tool.base.routes import Routes
from lti_tool.business import activity_mapping_views, business_views, publishing_views
from lti_tool.checks import gradebook_views, quiz_views
from lti_tool.coaching import coaching_views, group_views
from lti_tool.home import form_draft_views, home_views, inbox_views, report_views, team_views
from lti_tool.launch import (
    deep_linking_views,
    identity_confirmation_views,
    launch_views,
    registration_views,
    visit_views,
)
from lti_tool.nudges import (
    calendar_views,
    channel_views,
    digests,
    mailed_question_views,
    mailed_review_views,
    reminder_times_views,
)
from lti_tool.people import people_views
from lti_tool.privacy import erasure_views, personal_data_views
from lti_tool.programmes import badge_views, programme_views
from lti_tool.questions import question_bank_views
from lti_tool.transfer import content_gap_views, plan_views, transfer_views

MAX_FORM_BYTES = 1024 * 1024  # an id_token with every claim is a few kB
# Cache lifetime of styles and scripts: pages need no revalidation, and an upgrade still takes
# effect soon.
STATIC_MAX_AGE_SECONDS = 300
_BASE_FOLDER = Path(__file__).parent / "base"
# Templates lie beside the views that render them; their names are unique.
_TEMPLATE_FOLDERS = sorted(Path(__file__).parent.glob("*/templates"))

PAGES: tuple[Routes[Any], ...] = (
    launch_views.ROUTES,
    registration_views.ROUTES,
    visit_views.ROUTES,
    home_views.ROUTES,
    form_draft_views.ROUTES,
    quiz_views.ROUTES,
    badge_views.ROUTES,
    plan_views.ROUTES,
    transfer_views.ROUTES,
    inbox_views.ROUTES,
    calendar_views.ROUTES,
    mailed_question_views.ROUTES,
    mailed_review_views.ROUTES,
    reminder_times_views.ROUTES,
    assessment_views.ROUTES,
    coaching_views.ROUTES,
    team_views.ROUTES,
    workshop_views.ROUTES,
    report_views.ROUTES,
    personal_data_views.ROUTES,
    erasure_views.ROUTES,
    identity_confirmation_views.ROUTES,
    deep_linking_views.ROUTES,
    gradebook_views.ROUTES,
    admin_views.ENTRANCE_ROUTES,
    admin_views.ROUTES,
    people_views.ROUTES,
    group_views.ROUTES,
    content_gap_views.ROUTES,
    business_views.ROUTES,
    activity_mapping_views.ROUTES,
    publishing_views.ROUTES,
    question_bank_views.ROUTES,
    rubric_views.ROUTES,
)
# Below a programme, with the folder there.
PROGRAMME_PAGES = (
    (group_views.ROUTES, ""),
    (content_gap_views.ROUTES, ""),
    (business_views.ROUTES, "/<key>/business"),
    (activity_mapping_views.ROUTES, "/<key>/elsewhere"),
    (publishing_views.ROUTES, "/<key>/publishing"),
    (question_bank_views.ROUTES, "/<key>/questions"),
    (rubric_views.ROUTES, "/<key>/rubric"),
)
# Their context carries what packages above them know of a programme.
CONSOLE_PAGES = (programme_views.ROUTES, channel_views.ROUTES)


def create_app(deps: ToolDeps) -> Flask:
    """Create the app: ``/lti``, the pages after a launch below ``/t``, and a front page that
    explains what this is."""
    app = Flask("lti_tool", root_path=str(_BASE_FOLDER))
    app.jinja_loader = FileSystemLoader(_TEMPLATE_FOLDERS)
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_MAX_AGE_SECONDS
    app.jinja_env.filters["day"] = page_language.format_day
    app.jinja_env.filters["moment"] = format_utc_moment
    app.jinja_env.filters["hour"] = format_local_moment
    app.jinja_env.filters["said"] = format_instant_text
    app.jinja_env.filters["actor"] = actor_names.actor_name
    app.jinja_env.filters["short_day"] = page_language.format_short_day
    app.jinja_env.filters["weekday"] = page_language.format_weekday
    app.jinja_env.filters["near_day"] = page_language.format_near_day
    app.jinja_env.filters["said_day"] = page_language.format_day_text
    app.jinja_env.filters["said_month"] = page_language.format_month_text
    app.jinja_env.filters["rich"] = page_responses.render_rich_text
    app.jinja_env.filters["words"] = question_html.html_to_text
    app.jinja_env.filters["as_typed"] = question_html.editable_text
    app.jinja_env.globals.update(
        _=page_language.translate,
        ngettext=page_language.translate_plural,
        language=page_language.current_language,
    )
    translations.load_catalogues()  # A broken catalogue fails at startup, not on a page.
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    routes.serve_with(app, deps)
    page_responses.install_page_handlers(app, deps.settings.base_url)
    make_redirects_relative(app)
    if deps.settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=deps.settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]  # Flask's documented place
    for part in PAGES:
        app.register_blueprint(part.blueprint())
    open_console = programme_views.console_opener(digests.list_channels)
    for console in CONSOLE_PAGES:
        app.register_blueprint(console.blueprint(opener=open_console))
    for page in _admin_link_pages():
        app.register_blueprint(page)
    routes.declare_public(app, "static", "styles and scripts")
    routes.declare_public(app, "front", "says what this is")

    routes.declare_public(app, "look", "colours, which name nobody")

    @app.get("/looks/<digits>.css")
    def look(digits: str) -> Response:
        colour = accent.read_colour(digits)
        if colour is None or accent.nearest_accent(colour) != colour:
            raise NotFound
        sheet = Response(accent.style_sheet(colour), content_type="text/css; charset=utf-8")
        sheet.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return sheet

    @app.get("/")
    def front() -> str:
        page_language.use_browser_language(request)
        return render_template("front.html", base_url=deps.settings.base_url)

    routes.access_table(app)  # A route that does not say who may call it fails at startup.
    return app


def _admin_link_pages() -> list[Blueprint]:
    """The pages that an administrator may open, in a session that an administrator's link began:
    the administration, the list of people, the programmes.
    """
    session, opener = "/admin/<uuid:visit_id>", admin_views.open_staff_by_link
    open_console = programme_views.console_opener(digests.list_channels, opener)
    return [
        admin_views.ROUTES.blueprint(
            name="admin_by_link", prefix=session, opener=opener, by_link=True
        ),
        people_views.ROUTES.blueprint(
            name="admin_people", prefix=f"{session}/people", opener=opener, by_link=True
        ),
        *(
            part.blueprint(
                name=f"admin_{part.name}",
                prefix=f"{session}/programmes{folder}",
                opener=opener,
                by_link=True,
            )
            for part, folder in PROGRAMME_PAGES
        ),
        *(
            part.blueprint(
                name=f"admin_{part.name}",
                prefix=f"{session}/programmes",
                opener=open_console,
                by_link=True,
            )
            for part in CONSOLE_PAGES
        ),
    ]


def format_utc_moment(instant: datetime) -> str:
    """23 November 2026, 14:05 UTC."""
    return (
        f"{page_language.format_day(instant.astimezone(UTC))}, {instant.astimezone(UTC):%H:%M} UTC"
    )


def format_instant_text(text: str) -> str:
    """Format the text of an instant, as the record store returns it, in the same way."""
    try:
        return format_utc_moment(clock.parse_instant(text))
    except ValueError:
        return text


def format_local_moment(instant: datetime, zone: ZoneInfo) -> str:
    """23 November 2026, 15:05 (Europe/Berlin)."""
    local = instant.astimezone(zone)
    return f"{page_language.format_day(local)}, {local:%H:%M} ({zone.key})"
