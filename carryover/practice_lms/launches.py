"""A launch, from the click to the tool's authentication request: stored under a single-use
id.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict, dataclass

from carryover.practice_lms.activities import Activity
from carryover.practice_lms.ledger import PracticeDatabase
from carryover.practice_lms.people import Person
from carryover.practice_lms.tools import Tool

RESOURCE_LAUNCH, DEEP_LINK_LAUNCH, REVIEW_LAUNCH = "resource", "deep-link", "review"
STORAGE_TARGET = "_parent"


@dataclass(frozen=True)
class Launch:
    """What a person clicked on. ``for_user`` is the subject of the learner whose submission
    is reviewed.
    """

    person: str
    client_id: str
    message: str = RESOURCE_LAUNCH
    activity_id: str = ""
    for_user: str = ""
    storage: bool = False


def save_launch(ledger: PracticeDatabase, launch: Launch) -> str:
    """Store a launch and return its id."""
    id_ = f"ltilaunch{launch.activity_id}_{secrets.token_hex(8)}"
    with ledger.open() as db:
        db.execute(
            "INSERT INTO launch VALUES (?, ?, ?)", (id_, json.dumps(asdict(launch)), time.time())
        )
    return id_


def consume_launch(ledger: PracticeDatabase, id_: str) -> Launch | None:
    """Return and delete the launch with this id, so that it works only once."""
    with ledger.open() as db:
        row = db.execute("DELETE FROM launch WHERE id = ? RETURNING body", (id_,)).fetchone()
    return Launch(**json.loads(row[0])) if row else None


def launch_target_uri(tool: Tool, message: str, activity: Activity | None) -> str:
    """Return the target link URI of a message."""
    if message == DEEP_LINK_LAUNCH:
        return tool.deep_linking_uri or tool.target_link_uri
    if activity and message == REVIEW_LAUNCH and activity.review_url:
        return activity.review_url
    return (activity.url if activity else "") or tool.target_link_uri


def login_parameters(
    ledger: PracticeDatabase,
    lms_url: str,
    tool: Tool,
    person: Person,
    launch: Launch,
    activity: Activity | None,
) -> dict[str, str]:
    """Return the parameters of the login request that the browser takes to the tool (OpenID
    Connect third-party initiated login).
    """
    hint: dict[str, int | str] = {"launchid": save_launch(ledger, launch)}
    if activity:
        hint = {"cmid": activity.id, **hint}
    return {
        "iss": lms_url,
        "target_link_uri": launch_target_uri(tool, launch.message, activity),
        "login_hint": person.subject,
        "lti_message_hint": json.dumps(hint, separators=(",", ":")),
        "client_id": tool.client_id,
        "lti_deployment_id": tool.deployment_id,
        **({"lti_storage_target": STORAGE_TARGET} if launch.storage else {}),
    }
