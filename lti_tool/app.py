"""The tool as a Flask application."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, render_template
from werkzeug.middleware.proxy_fix import ProxyFix

from adapters.questions import html
from core import clock
from core.redirects import keep_to_this_site
from lti_tool.actions import languages
from lti_tool.lti.deps import ToolDeps
from lti_tool.views import (
    admin,
    assessments,
    business,
    coaching,
    course,
    elsewhere,
    home,
    joining,
    language,
    launch,
    learner,
    me,
    office,
    pages,
    people,
    picker,
    programmes,
    questions,
    register,
    reports,
    rubrics,
    teams,
    transfer,
    visit,
)

LARGEST_FORM = 1024 * 1024  # an id_token with every claim is a few kB
STATIC_SECONDS = 300  # Cache lifetime of styles and scripts: pages need no revalidation, and an upgrade still takes effect soon.
_VIEWS = Path(__file__).parent / "views"


def create_app(deps: ToolDeps) -> Flask:
    """Create the app: ``/lti``, the pages after a launch below ``/t``, and a front page that
    explains what this is."""
    app = Flask("lti_tool", root_path=str(_VIEWS))
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_SECONDS
    app.jinja_env.filters["day"] = language.day
    app.jinja_env.filters["moment"] = moment
    app.jinja_env.filters["hour"] = hour
    app.jinja_env.filters["said"] = said
    app.jinja_env.filters["rich"] = pages.rich
    app.jinja_env.filters["words"] = html.plain
    app.jinja_env.filters["as_typed"] = html.as_typed
    app.jinja_env.globals.update(_=language.translated, ngettext=language.counted, language=language.current)
    languages.catalogues()  # A broken catalogue fails at startup, not on a page.
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    pages.finish(app, deps.settings.base_url)
    keep_to_this_site(app)
    if deps.settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=deps.settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]  # Flask's documented place
    for view in (launch, register, visit, home, learner, transfer, assessments, coaching, teams, reports, me, joining, picker, course):
        app.register_blueprint(view.blueprint(deps))
    for part in (admin.entrance, admin.by_link, admin.by_launch):
        app.register_blueprint(part(deps))
    app.register_blueprint(people.blueprint(deps, "people", "/t/<uuid:given>", office.of_visit(deps)))
    app.register_blueprint(programmes.blueprint(deps, office.of_visit(deps)))
    app.register_blueprint(business.blueprint(deps, office.of_visit(deps)))
    app.register_blueprint(elsewhere.blueprint(deps, office.of_visit(deps)))
    app.register_blueprint(questions.blueprint(deps, office.of_visit(deps)))
    app.register_blueprint(rubrics.blueprint(deps, office.of_visit(deps)))
    app.register_blueprint(people.blueprint(deps, "admin_people", "/admin/<uuid:given>", admin.desk_by_link(deps)))

    @app.get("/")
    def front() -> str:
        return render_template("front.html", base_url=deps.settings.base_url)

    return app


def moment(instant: datetime) -> str:
    """23 November 2026, 14:05 UTC."""
    return f"{language.day(instant.astimezone(UTC))}, {instant.astimezone(UTC):%H:%M} UTC"


def said(text: str) -> str:
    """Format the text of an instant, as the record store returns it, in the same way."""
    try:
        return moment(clock.parse(text))
    except ValueError:
        return text


def hour(instant: datetime, zone: ZoneInfo) -> str:
    """23 November 2026, 15:05 (Europe/Berlin)."""
    local = instant.astimezone(zone)
    return f"{language.day(local)}, {local:%H:%M} ({zone.key})"
