"""Names and Role Provisioning Services 2.0: the roles and pages of the product that is played; by
default as implemented by Moodle, with short role names and all members unless ``limit`` requests
pages.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.dialects import Paging, RosterPage
from carryover.practice_lms.service_access import (
    ServiceError,
    media_type_response,
    require_service_token,
)
from carryover.practice_lms.vocabulary import MEMBERS, MEMBERS_SCOPE


def blueprint(deps: PracticeDeps) -> Blueprint:
    """``/memberships``."""
    pages = Blueprint("members", __name__)

    @pages.get("/memberships")
    def get_memberships() -> ResponseReturnValue:
        tool = require_service_token(deps, MEMBERS_SCOPE, MEMBERS)
        dialect, role = deps.dialect, request.args.get("role")
        found = [
            person
            for person in dialect.members
            if role is None
            or role in (*dialect.member_roles[person.part], *dialect.launch_roles[person.part])
        ]
        page = _requested_page(dialect.paging, len(found))
        members = [
            {
                "status": "Active",
                "user_id": deps.subject_of(person),
                "roles": list(dialect.member_roles[person.part]),
                **dialect.member_record(person),
                **dialect.group_enrollments(person, request.args.get("groups") == "true"),
                **person.named_as(dialect.shared_claims.intersection(tool.claims)),
            }
            for person in found[page.start : page.start + page.limit]
        ]
        context = {name: value for name, value in dialect.context.items() if name != "type"}
        response = media_type_response(
            {"id": deps.at("memberships"), "context": context, "members": members}, MEMBERS
        )
        link = _link_header(dialect.paging, page, deps.at("memberships"))
        if link:
            response.headers["Link"] = link
        return response

    return pages


def _requested_page(paging: Paging, total: int) -> RosterPage:
    """Return the page that the query asks for; ``limit`` is understood by all."""
    size = request.args.get(
        paging.limit, request.args.get("limit", paging.size, type=int), type=int
    )
    place = request.args.get(paging.place, int(paging.counts_pages), type=int)
    if size < 0 or place < int(paging.counts_pages):
        raise ServiceError(400, "Bad Request: limit and from are not negative")
    size = min(size or total or 1, paging.size or total or 1)
    return RosterPage((place - 1) * size if paging.counts_pages else place, size, total)


def _link_header(paging: Paging, page: RosterPage, address: str) -> str:
    """Return the Link header; a relation to the page itself gives its address as requested."""
    links = []
    for relation, start in paging.relations(page).items():
        place = start // page.limit + 1 if paging.counts_pages else start
        moved = {} if start == page.start else {paging.limit: page.limit, paging.place: place}
        query = urlencode({**request.args.to_dict(), **moved})
        links.append(f'<{address}{"?" if query else ""}{query}>; rel="{relation}"')
    return ", ".join(links)
