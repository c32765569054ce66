"""The context of a page in a person's session, and the template values shared by all of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from flask import Request, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import page_language
from core.database import UnitOfWork
from core.messages import gettext_noop
from core.queue import Job
from lti_tool.base import (
    form_drafts,
    page_responses,
    roles,
    routes,
    sessions,
    visit_context,
    ways_on,
)
from lti_tool.base.deps import ToolDeps
from lti_tool.base.form_drafts_store import FormDraft
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.visit_context import VisitContext

# (label, path below the session's URL, endpoint whose roles may open it).
LEARNER_PAGES = (
    (gettext_noop("Today"), "today", "home.show_today"),
    (gettext_noop("At work"), "work", "transfer.show_work"),
    (gettext_noop("Group"), "group", "coaching.show_group"),
)
INBOX_PAGES = ((gettext_noop("Waiting for you"), "inbox", "inbox.show_inbox"),)
STAFF_PAGES = (
    (gettext_noop("Your team"), "team", "teams.show_own_team"),
    (gettext_noop("Figures"), "figures", "home.show_figures"),
    (gettext_noop("Teams"), "teams", "teams.show_all_teams"),
    (gettext_noop("Programmes"), "programmes/", "programmes.list_programmes"),
    (gettext_noop("People"), "people/", "people.list_people"),
    (gettext_noop("Erasure requests"), "me/wishes", "erasures.show_erasures"),
)


@dataclass(frozen=True)
class RequestContext:
    """What the context of each page has."""

    deps: ToolDeps

    @property
    def work(self) -> UnitOfWork:
        """Opens transactions."""
        return self.deps.unit_of_work

    def request_jobs(self, *jobs: Job) -> None:
        """Ask for jobs soon."""
        for job in jobs:
            self.deps.job_requests.request_job(job)


@dataclass(frozen=True)
class PageContext(RequestContext):
    """A request in the session of a person: ``who``."""

    who: LaunchSession

    def render(self, template: str, status: int = 200, **values: Any) -> ResponseReturnValue:
        """Render a page."""
        common = template_values(self.deps, request, self.who)
        return render_template(template, **common, **values), status

    def redirect(self, path: str) -> ResponseReturnValue:
        """Go on at another page of the session, as GET."""
        form = request.form.get(form_drafts.FORM_FIELD, "") if request.method == "POST" else ""
        if form:
            form_drafts.forget_draft(
                self.work, tenant_id=self.who.tenant_id, person_id=self.who.person_id, form=form
            )
            path += f"{'&' if '?' in path else '?'}{urlencode({'sent': form})}"
        return redirect(f"/t/{self.who.id}/{path}", code=303)


class TypedForms:
    """What stands in forms that were not sent yet, for templates: what was sent with this request
    and refused, else what is kept.
    """

    def __init__(self, deps: ToolDeps, request: Request, who: LaunchSession) -> None:
        self._deps, self._request, self._who = deps, request, who

    @cached_property
    def _kept(self) -> dict[str, FormDraft]:
        return form_drafts.list_drafts(
            self._deps.unit_of_work, tenant_id=self._who.tenant_id, person_id=self._who.person_id
        )

    def _is_refused(self, form: str) -> bool:
        return self._request.form.get(form_drafts.FORM_FIELD) == form

    def is_kept(self, form: str) -> bool:
        """Whether the form shows what was typed before this page was opened."""
        return form in self._kept and not self._is_refused(form)

    def holds(self, form: str) -> bool:
        """Whether the form shows something that was typed and not sent."""
        return form in self._kept or self._is_refused(form)

    def of(self, form: str) -> Mapping[str, str]:
        """The fields of a form as they were typed; empty if nothing was."""
        if self._is_refused(form):
            return self._request.form.to_dict()
        return self._kept[form].fields if form in self._kept else {}


def open_page(deps: ToolDeps, allowed: frozenset[str], visit_id: uuid.UUID | None) -> PageContext:
    """Open the context of a page that ``allowed`` may call."""
    assert visit_id is not None, "the address of such a page names the visit"
    return PageContext(deps, sessions.require_session(deps, request, visit_id, allowed))


def open_public_page(
    deps: ToolDeps, allowed: frozenset[str], visit_id: uuid.UUID | None
) -> ToolDeps:
    """Open a page that everybody may call, in the browser's language."""
    page_language.use_browser_language(request)
    return deps


def open_unframed_page(
    deps: ToolDeps, allowed: frozenset[str], visit_id: uuid.UUID | None
) -> ToolDeps:
    """Open a page that everybody may call and nobody may frame."""
    page_responses.forbid_frames()
    return open_public_page(deps, allowed, visit_id)


def template_values(deps: ToolDeps, request: Request, who: LaunchSession) -> dict[str, Any]:
    """Return the session, its form token and the practice flag, and permit framing by the
    session's platform.
    """
    around = load_surroundings(deps, who)
    return {
        "who": who,
        "form_token": sessions.form_token(request, who.id),
        "practice": around.tenant.practice,
        "look": around.tenant.look,
        "home": f"/t/{who.id}/",
        "rooms": _navigation(who, around),
        # A top-level page needs a link back to the course; a framed one is surrounded by it.
        "typed": TypedForms(deps, request, who),
        "back_to_course": who.return_url if not ways_on.is_framed(request) else "",
    }


def load_surroundings(deps: ToolDeps, who: LaunchSession) -> VisitContext:
    """Load what surrounds the pages of a session, and permit framing by its platform."""
    around = visit_context.load_visit_context(deps.unit_of_work, session=who)
    if around.platform is None:
        page_responses.forbid_frames()
    else:
        page_responses.allow_platform_frames(around.platform)
    return around


def _navigation(who: LaunchSession, around: VisitContext) -> list[tuple[str, str]]:
    """Return (label, URL) of the pages that this person's roles may open; empty if there is
    only one.
    """
    home = f"/t/{who.id}/"
    inbox = INBOX_PAGES if around.asked or who.roles & roles.LEADING_ROLES else ()
    shown = (LEARNER_PAGES if around.takes_part else ()) + inbox + STAFF_PAGES
    result = [
        (label, home + path)
        for label, path, endpoint in shown
        if who.roles & routes.roles_of(endpoint)
    ]
    return result if len(result) > 1 else []
