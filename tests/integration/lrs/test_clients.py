"""Clients that know nothing of us, as others publish them: tincan (Python), tincanjs and @xapi/xapi
(npm), and Moodle's habit.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tincan

from core import settings
from core.embedded import EmbeddedServers
from core.settings import Settings
from lrs import operator_api
from tests.conftest import Databases, environ_for
from tests.integration.lrs.conftest import serve
from tests.support.store import Caller, Live

CLIENTS = Path(__file__).parents[2] / "clients"


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clients, installed from the lock outside the checkout; their own scripts are not run."""
    folder = tmp_path_factory.mktemp("clients")
    for name in ("package.json", "package-lock.json", "xapi.mjs", "tincan.cjs"):
        shutil.copy(CLIENTS / name, folder / name)
    npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    return folder


@pytest.fixture(scope="module")
def store(
    servers: EmbeddedServers,
    databases: Databases,
    lrs_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Settings, Live]]:
    """One for all clients."""
    home = tmp_path_factory.mktemp("home")
    with databases.temporary(lrs_template) as database:
        found = settings.read_settings(environ_for(servers, database, home))
        with serve(found, servers, home) as made:
            yield found, made


@pytest.fixture
def live(store: tuple[Settings, Live]) -> Live:
    """Each test's client comes to a tenant of its own."""
    found, made = store
    ((key, secret),) = operator_api.create_tenant(
        found, str(uuid.uuid4()), [("test", ("all",))], again=True
    )
    return replace(made, key=key, secret=secret)


def environ_of_node() -> dict[str, str]:
    """Node and npm come as wheels beside our own interpreter."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def npm(folder: Path, *arguments: str) -> None:
    ended = subprocess.run(
        ["npm", *arguments],
        cwd=folder,
        env=environ_of_node(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout[-2_000:] + ended.stderr[-2_000:]


def run(node_modules: Path, live: Live, script: str, version: str = "1.0.3") -> Any:
    environ = {
        **environ_of_node(),
        "LRS_ENDPOINT": f"{live.url}/xapi/",
        "LRS_KEY": live.key,
        "LRS_SECRET": live.secret,
        "XAPI_VERSION": version,
        "NO_PROXY": "127.0.0.1",
    }
    ended = subprocess.run(
        ["node", script],
        cwd=node_modules,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout[-2_000:] + ended.stderr[-2_000:]
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_xapi_js(live: Live, node_modules: Path, version: str) -> None:
    found = run(node_modules, live, "xapi.mjs", version)
    assert found == {
        "id": found["id"],
        "read": "https://example.org/xapi-js",
        "page": 2,
        "rest": 1,
        "voided": found["id"],
        "state": {"page": 1, "part": 2},
        "states": ["bookmark"],
        "profile": {"a": 2},
        "agentProfiles": ["p"],
        "person": ["Some Body"],
        "activity": {"en": "Thing"},
        "about": ["1.0.3", "2.0.0"],
    }


def test_tincanjs(live: Live, node_modules: Path) -> None:
    assert run(node_modules, live, "tincan.cjs") == {
        "read": "https://example.org/tincanjs",
        "page": 2,
        "rest": 1,
        "state": {"page": 2},
        "profile": {"a": 2},
        "activity": "Thing",
    }


def test_tincan(live: Live) -> None:
    lrs = tincan.RemoteLRS(
        version="1.0.3", endpoint=f"{live.url}/xapi/", username=live.key, password=live.secret
    )
    agent = tincan.Agent(mbox="mailto:tincan@example.org", name="Some Body")
    activity = tincan.Activity(
        id="https://example.org/tincan", definition=tincan.ActivityDefinition(name={"en": "Thing"})
    )
    verb = tincan.Verb(id="http://adlnet.gov/expapi/verbs/experienced")

    def statement() -> Any:
        return tincan.Statement(id=uuid.uuid4(), actor=agent, verb=verb, object=activity)

    one = statement()
    assert lrs.save_statement(one).success
    assert lrs.save_statement(one).success, "sent again by a client that saw no answer"
    assert lrs.save_statements([statement(), statement()]).success
    assert lrs.retrieve_statement(str(one.id)).content.object.id == activity.id
    page = lrs.query_statements({"agent": agent, "limit": 2})
    assert len(page.content.statements) == 2
    assert len(lrs.more_statements(page.content.more).content.statements) == 1
    state = tincan.StateDocument(
        id="s",
        agent=agent,
        activity=activity,
        content=bytearray(b'{"page":1}'),
        content_type="application/json",
    )
    assert lrs.save_state(state).success
    assert lrs.save_state(state).success, "content of 1.0.3 writes its state again without If-Match"
    assert lrs.retrieve_state(activity, agent, "s").content.content == bytearray(b'{"page":1}')
    assert lrs.retrieve_state_ids(activity, agent).content == ["s"]
    assert lrs.delete_state(state).success
    profile = tincan.ActivityProfileDocument(
        id="p", activity=activity, content=bytearray(b"{}"), content_type="application/json"
    )
    assert not lrs.save_activity_profile(profile).success, (
        "a profile needs a precondition, which tincan sends with an etag alone"
    )


def test_a_queue_that_sends_batches_again_as_moodles_does(live: Live) -> None:
    """A batch without ids, sent again in halves after a failure; and one with ids, of which some
    are known.
    """
    import contextlib

    def statement(n: int, **more: Any) -> dict[str, Any]:
        return {
            "actor": {
                "name": "Some Body",
                "account": {"homePage": "https://moodle.example", "name": str(n)},
            },
            "verb": {"id": "http://id.tincanapi.com/verb/viewed", "display": {"en": "viewed"}},
            "object": {
                "id": f"https://moodle.example/mod/page/view.php?id={n}",
                "definition": {"type": "http://adlnet.gov/expapi/activities/lesson"},
            },
            "timestamp": "2026-11-23T10:00:00+01:00",
            "context": {
                "platform": "Moodle",
                "language": "en",
                "extensions": {
                    "http://lrs.learninglocker.net/define/extensions/info": {
                        "event_name": "\\mod_page\\event\\course_module_viewed"
                    }
                },
                "contextActivities": {
                    "grouping": [
                        {"id": "https://moodle.example", "definition": {"name": {"en": "Moodle"}}}
                    ],
                    "category": [],
                },
            },
            **more,
        }

    with contextlib.closing(live.connection()) as connection:

        def post(batch: list[dict[str, Any]]) -> tuple[int, Any]:
            connection.request("POST", "/xapi/statements", json.dumps(batch), live.headers())
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

        batch = [statement(n) for n in range(150)]
        batch[70]["verb"] = {"id": "broken"}
        status, said = post(batch)
        assert (status, said["error"]["where"]) == (400, {"index": 70, "path": "$.verb.id"})
        assert post(batch[:70])[0] == post(batch[71:])[0] == 200
        named = [statement(n, id=str(uuid.uuid4())) for n in range(40)]
        assert post(named[:20])[0] == 200
        assert post(named) == (200, [one["id"] for one in named])
        connection.request(
            "GET", "/xapi/statements?limit=100&ascending=true", headers=live.headers()
        )
        assert json.loads(connection.getresponse().read())["more"]


def test_a_learner_who_used_tincan_for_python_can_ask_with_a_boolean(
    one: Caller, live: Live
) -> None:
    """TinCanPython 1.0.0 sends ascending=True."""
    lrs = tincan.RemoteLRS(
        version="1.0.3", endpoint=f"{live.url}/xapi/", username=live.key, password=live.secret
    )
    answer = lrs.query_statements(
        {
            "agent": tincan.Agent(mbox="mailto:p@example.org"),
            "ascending": True,
            "related_agents": True,
        }
    )
    assert answer.success, answer.data
    assert one.get("/xapi/statements", ascending="TRUE").status_code == 200
    assert one.get("/xapi/statements", ascending="yes").status_code == 400
