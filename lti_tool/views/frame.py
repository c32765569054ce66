"""What every page after a launch is given."""

from __future__ import annotations

from typing import Any

from flask import Request

from adapters.lms import Role
from lti_tool.actions import roles, viewing
from lti_tool.lti.deps import ToolDeps
from lti_tool.store.people import LaunchSession
from lti_tool.views import language, pages, session

# Label, address below the visit's, and the route whose roles open it.
LEARNERS = (("Today", "today", "home.today"), ("To work", "work", "transfer.to_work"), ("Group", "group", "coaching.group"))
ROOMS = (
    ("Waits for you", "inbox", "transfer.inbox"),
    ("Figures", "figures", "home.figures"),
    ("Programmes", "programmes/", "programmes.every"),
    ("People", "people/", "people.people"),
)


def framed(deps: ToolDeps, request: Request, who: LaunchSession) -> dict[str, Any]:
    """The session, its form token, the practice label; and the right to be framed by its platform."""
    platform, practice, takes_part = viewing.surroundings(deps.unit_of_work, session=who)
    if platform is None:
        pages.never_framed()
    else:
        pages.frame_for(platform)
    if Role(who.role) is Role.LEARNER:
        language.follow_launch(who.locale)
    alone = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return {
        "who": who,
        "form_token": session.form_token(request, who.id),
        "practice": practice,
        "home": f"/t/{who.id}/",
        "rooms": _rooms(who, takes_part),
        # In a window of its own a page needs a way back; in a frame the course is around it.
        "back_to_course": who.return_url if alone else "",
    }


def _rooms(who: LaunchSession, takes_part: bool) -> list[tuple[str, str]]:
    """(label, address) of the pages that this person's roles open, where there is more than one to choose from."""
    home = f"/t/{who.id}/"
    found = [(label, home + path) for label, path, endpoint in (LEARNERS if takes_part else ()) + ROOMS if who.roles & roles.ROUTES[endpoint]]
    return found if len(found) > 1 else []
