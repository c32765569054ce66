"""Of which programme a page of figures is: that of the activity, or another one that the address
names, for whoever sees figures of every programme."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Forbidden, NotFound
from lti_tool.base.page_context import PageContext
from lti_tool.base.roles import TEAM_FIGURE_ROLES
from lti_tool.programmes import authoring
from lti_tool.programmes.drafts_store import ProgrammeSummary


@dataclass(frozen=True)
class ChosenProgramme:
    """``key`` and ``title`` of the programme; ``query``: what addresses of the same programme end
    with, empty for that of the activity. ``others``: the programmes among which one may choose,
    with this one; empty where there is nothing to choose."""

    key: str
    title: str
    query: str
    others: tuple[ProgrammeSummary, ...]

    @property
    def named(self) -> str:
        """The key if the address has to name it, otherwise empty."""
        return self.key if self.query else ""


def choose_programme(page: PageContext, named: str) -> ChosenProgramme:
    """The programme ``named`` in the address, or if it names none that of the activity. Forbidden
    to whoever sees figures of the own programme alone; NotFound if there is none of that key."""
    own, may_choose = page.who.programme, bool(page.who.roles & TEAM_FIGURE_ROLES)
    if named and named != own and not may_choose:
        raise Forbidden(
            "Your role here opens the figures of this activity’s programme alone. Your "
            "administrator grants roles."
        )
    programmes = list_open_programmes(page)
    key = named or own
    if not key:
        raise NotFound("No programme is set up for this activity yet.")
    found = next((item for item in programmes if item.key == key), None)
    if found is None:
        raise NotFound("There is no such programme.")
    others = tuple(
        item for item in programmes if may_choose and (item.key == key or not item.archived)
    )
    return ChosenProgramme(
        key,
        found.title,
        f"?programme={key}" if key != own else "",
        others if len(others) > 1 else (),
    )


def list_open_programmes(page: PageContext) -> list[ProgrammeSummary]:
    """The programmes that were published to learners, by title."""
    listed = authoring.list_authored_programmes(page.work, tenant_id=page.who.tenant_id)
    return sorted((item for item in listed if item.version), key=lambda item: item.title.casefold())
