"""What an LMS's own plugin sends about the people who launch from it counts without anybody joining
them by hand, and an administrator sees and undoes it.

The statements are those that a real Moodle 4.5.6 with logstore_xapi 5.0.1 sent
(tests/captures/moodle-logstore-xapi-5.0.1), with the address of the site, the number of the user
and the day put in.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.command_line import carryover
from tests.support.demo import Browser, Demo, http_post, wait_until

RECORDED = Path(__file__).parents[1] / "captures/moodle-logstore-xapi-5.0.1/statements.ndjson"
SITE, USER, QUIZ = "http://127.0.0.1:8100", "5", "/mod/quiz/view.php?id=1"
PROGRAMME = "https://w3id.org/carryover/xapi/programmes/phishing-response"


def recorded_answers(lms: str, learner: str) -> list[dict[str, object]]:
    """What one user answered in one quiz."""
    found = []
    for line in RECORDED.read_text().splitlines():
        statement = json.loads(line)
        if (
            statement["actor"].get("account", {}).get("name") == USER
            and statement["verb"]["id"].endswith("/answered")
            and "cmid=1&" in statement["object"]["id"]
        ):
            moved = json.loads(line.replace(SITE, lms))
            moved["actor"]["account"]["name"] = learner
            moved["timestamp"] = datetime.now(UTC).isoformat()
            moved["id"] = str(uuid.uuid4())
            found.append(moved)
    return found


def statements_to_erase(demo: Demo) -> int:
    """How many statements an erasure of the learner would remove."""
    environ = {**os.environ, "CARRYOVER_HOME": str(demo.home)}
    looked = carryover(environ, "erase", "learner@example.org").stdout
    found = re.search(r"(\d+) statements", looked)
    assert found, looked
    return int(found[1])


@pytest.fixture
def installed(home: Path) -> Iterator[Demo]:
    demo = Demo.start(home)
    demo.settled()
    yield demo
    demo.stop()


def test_a_quiz_of_the_lms_counts_for_whoever_launched_from_it(
    installed: Demo, browser: Browser
) -> None:
    demo = installed
    lms = demo.told["launch"]["learner"].partition("/practice")[0]
    before = demo.figure("retention_observed", "1w")
    browser.launch(demo.told["launch"]["learner"])
    demo.settled()
    erasable = statements_to_erase(demo)
    answers = recorded_answers(lms, "5")
    assert len(answers) == 5
    judged = sum("success" in answer.get("result", {}) for answer in answers)  # type: ignore[operator]  # JSON
    strangers = recorded_answers(lms, "4711")
    sent = demo.xapi("POST", json=[*answers, *strangers])
    assert sent.status_code == 200, sent.text
    xapi = demo.told["xapi"]
    mapped = http_post(
        f"{demo.base}/api/v1/activity-mappings",
        auth=(xapi["key"], xapi["secret"]),
        json={"activity": lms + QUIZ, "programme": PROGRAMME, "counts_as": "check"},
    )
    assert mapped.status_code == 201, mapped.text
    wait_until(lambda: demo.figure("retention_observed", "1w")[1] == before[1] + judged)

    assert statements_to_erase(demo) == erasable + len(answers), "one person, one erasure"

    administrator = str(browser.launch(demo.told["launch"]["admin"]).url)
    page = browser.get(f"{administrator}programmes/phishing-response/elsewhere/").text
    assert "10 statements" in page and "counts for 1 person" in page
    assert "Nobody knows who 1 is" in page
    page = browser.get(f"{administrator}people/joins").text
    assert f"4711 · {lms}" in page and f"5 · {lms}" in page and "this user’s launches" in page
    browser.submit("/people/actors", undo=f"account {lms} 5")
    wait_until(lambda: demo.figure("retention_observed", "1w") == before)
    page = browser.get(f"{administrator}people/joins").text
    assert "Unknown people" in page
