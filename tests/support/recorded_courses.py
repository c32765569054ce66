"""Courses as a recorded Moodle showed them."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import jwt

from adapters.lms.claims import DEEP_LINKING_PREFIX
from tests.support.tool import CAPTURES, Tool


def course_with_roster(tool: Tool, path: str) -> None:
    tool.launch("launch-resource-teacher")
    tool.sql(
        "UPDATE lti_tool.course SET memberships_url = :url, roster_due_at = now() - interval '1 "
        "second'",
        url=f"{tool.moodle.server.url}{path}",
    )


def picked(
    tool: Tool, pages: list[str], columns: bool = True, /, **settings: Any
) -> tuple[Any, dict[str, Any]]:
    """The recorded request for content, answered by a teacher: our page that carries the answer,
    and its claims.
    """
    name = f"{DEEP_LINKING_PREFIX}deep_linking_settings"
    recorded = json.loads((CAPTURES / "launch-deep-linking-teacher.json").read_text())["claims"][
        name
    ]
    launched = tool.launch("launch-deep-linking-teacher", **{name: {**recorded, **settings}})
    page = tool.get(launched.location)
    fields = {
        "page": pages,
        **({"columns": "1"} if columns else {}),
        **({} if pages else {"act": "cancel"}),
    }
    answer = tool.post(
        f"{urlsplit(launched.location).path}pick", page, programme="phishing-response", **fields
    )
    found = re.search(r'name="JWT" value="([^"]*)"', answer.text)
    if found is None:
        return answer, {}
    (key,) = tool.get("/lti/jwks.json").json["keys"]
    claims = jwt.decode(
        found[1], jwt.PyJWK(key).key, algorithms=["RS256"], audience="http://127.0.0.1:8100"
    )
    return answer, claims
