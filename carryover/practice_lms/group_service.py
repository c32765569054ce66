"""Course Groups Service 1.0, of the products that offer it: the groups of the course, all or those
of a person, in pages where ``limit`` asks for them; and their sets. Who is in a group says the
roster.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.dialects import Dialect, Groups, person_by_subject
from carryover.practice_lms.people import COURSE_GROUPS
from carryover.practice_lms.service_access import (
    ServiceError,
    media_type_response,
    require_service_token,
)
from carryover.practice_lms.vocabulary import GROUPS, GROUPS_SCOPE


def blueprint(deps: PracticeDeps) -> Blueprint:
    """``/groupservice`` as Sakai has it, ``/courses/…/groups`` and ``/groupsets`` as Blackboard."""
    pages = Blueprint("groups", __name__)

    @pages.get("/groupservice/<site>")
    @pages.get("/courses/<course>/groups")
    def get_groups(**place: str) -> ResponseReturnValue:
        require_service_token(deps, GROUPS_SCOPE, GROUPS)
        dialect, groups = deps.dialect, _offered(deps, "path")
        subject = request.args.get("user_id", "")
        person = person_by_subject(subject, deps.lms_url) if subject else None
        found = [
            name
            for name, keys in COURSE_GROUPS.items()
            if not subject or (person is not None and person.key in keys)
        ]
        start = max(request.args.get("start", 0, type=int), 0)
        limit = request.args.get("limit", -1, type=int)
        end = len(found) if limit < 0 else start + limit
        address = deps.at(groups.named_path or groups.path)
        body = {
            "id": address,
            **({"user_id": subject} if subject else {}),
            "groups": [_group(dialect, groups, name) for name in found[start:end]],
        }
        response = media_type_response(body, GROUPS)
        if end < len(found):
            query = urlencode({"start": end, **({"limit": limit} if limit > 0 else {})})
            response.headers["Link"] = f'<{address}?{query}>; rel="next"'
        return response

    @pages.get("/groupsservice/<site>")
    def get_named_address(site: str) -> ResponseReturnValue:
        # Sakai's own links lead here, where it serves nothing.
        raise ServiceError(400, "Unrecognized GET request")

    @pages.get("/courses/<course>/groupsets")
    def get_sets(course: str) -> ResponseReturnValue:
        require_service_token(deps, GROUPS_SCOPE, GROUPS)
        groups = _offered(deps, "sets_path")
        name = groups.set_name
        sets = [{"id": deps.dialect.group_id(name), "name": name}]
        return media_type_response({"id": deps.at(groups.sets_path), "sets": sets}, GROUPS)

    return pages


def _offered(deps: PracticeDeps, path: str) -> Groups:
    """The groups of the product that is played; NotFound if they are not at this address."""
    groups = deps.dialect.groups
    if groups is None or request.path != f"/practice/{getattr(groups, path)}":
        raise NotFound
    return groups


def _group(dialect: Dialect, groups: Groups, name: str) -> dict[str, Any]:
    return {
        "id": dialect.group_id(name),
        "name": name,
        **({"tag": groups.tag} if groups.tag else {}),
        **({"set_id": dialect.group_id(groups.set_name)} if groups.sets_path else {}),
    }
