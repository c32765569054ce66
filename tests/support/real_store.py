"""The record store itself behind the tool's address of it, in place of answers that a test set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adapters import xapi_statements
from analytics.jobs.publishing import publish_tenant
from carryover import composition
from carryover.composition import StoreAndAnalytics
from lrs import operator_api as store_operator
from lti_tool import operator_api as tool_operator
from tests.support import learners
from tests.support.learners import Person
from tests.support.store import Caller
from tests.support.tool import Asked, Reply, Tool

PROGRAMME = xapi_statements.ProgrammeRef("phishing-response", "", "").iri


@dataclass
class RealStore:
    """The record store of the tool's tenant."""

    joined: StoreAndAnalytics
    caller: Caller

    def post(self, *people: Person) -> None:
        """Statements about people of the tool's programme."""
        said = json.dumps([one for person in people for one in person.said])
        answer = self.caller.post(said.replace(learners.PROGRAMME, PROGRAMME))
        assert answer.status_code == 200, answer.text

    def publish(self) -> None:
        """Count what was said, and publish it."""
        learners.count(self.joined.analytics)
        publish_tenant(self.joined.analytics.long_unit_of_work, 1)


@contextmanager
def real_store(tool: Tool) -> Iterator[RealStore]:
    """The record store of the same database answers whatever the tool asks at its address."""
    settings = tool.deps.settings
    ((key, secret),) = store_operator.create_tenant(
        settings, "one", [("the tool", store_operator.TOOL_SCOPES)]
    )
    tool_operator.create_tenant(
        settings, name="one", lrs_url=None, lrs_key=key, lrs_secret=secret, practice=False
    )
    joined = composition.build_from_settings(settings)
    client = composition.create_store_app(joined).test_client()

    def forward(asked: Asked) -> Reply:
        method, path, headers, body = asked
        sent = {name: value for name, value in headers.items() if name != "Host"}
        answer = client.open(path, method=method, headers=sent, data=body)
        said = {"Content-Type": answer.headers.get("Content-Type", "")}
        return answer.status_code, answer.status.partition(" ")[2], answer.data, said

    server = tool.moodle.server
    server.answers.pop("/api/v1/alarms")
    server.otherwise = forward
    yield RealStore(joined, Caller(client, key, secret))
    joined.close()
