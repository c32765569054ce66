"""Names and Role Provisioning Services 2.0 as implemented by Moodle: short role names, all
members unless ``limit`` requests pages.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.people import COURSE, PEOPLE
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
        tool = require_service_token(deps.ledger, MEMBERS_SCOPE, MEMBERS)
        role = request.args.get("role")
        result = [
            person
            for person in PEOPLE.values()
            if role is None or role in (*person.short_roles, *person.roles)
        ]
        limit, start = (
            request.args.get("limit", len(result), type=int),
            request.args.get("from", 0, type=int),
        )
        if limit < 0 or start < 0:
            raise ServiceError(400, "Bad Request: limit and from are not negative")
        limit = limit or len(result)
        members = [
            {
                "status": "Active",
                "user_id": person.subject,
                "lis_person_sourcedid": person.sourced_id,
                "roles": list(person.short_roles),
                **person.named_as(tool.claims),
            }
            for person in result[start : start + limit]
        ]
        response = media_type_response(
            {"id": deps.at("memberships"), "context": COURSE, "members": members}, MEMBERS
        )
        if start + limit < len(result):
            query = {**request.args.to_dict(), "limit": limit, "from": start + limit}
            response.headers["Link"] = f'<{deps.at("memberships")}?{urlencode(query)}>; rel="next"'
        return response

    return pages
