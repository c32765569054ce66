"""The organisation's list of people, and roles."""

from __future__ import annotations

from datetime import UTC, datetime

from lti_tool.people import directory as directing
from lti_tool.people import directory_store, people_import
from tests.support.tool import Tool

NOW = datetime.now(UTC)


LIST = b"""id,name,email,manager,mentor,team,site,role,time_zone,working_days
E1,Learner one,one@example.org,boss@example.org,E8,North,Berlin,clerk,Europe/Berlin,Mon-Thu
E8,Mentor eight,eight@example.org,,,North,Berlin,senior,,
,The boss,boss@example.org,,,Head,Berlin,lead,,
"""


def take(tool: Tool, content: bytes, apply: bool = True) -> people_import.Report:
    return people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=content,
        apply=apply,
        who="test",
        now=NOW,
    )


def person(tool: Tool, external_id: str) -> directory_store.Profile:
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        return directory_store.find_profiles(
            connection, tool.tenant_id, external_ids=[external_id]
        )[0]


def grant(tool: Tool, role: str, subject: str = "3") -> None:
    """Give a role to whom the LMS calls so."""
    found = tool.sql(
        "SELECT person_id FROM lti_tool.identity WHERE subject = :subject", subject=subject
    )
    directing.grant_role(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        person_id=found[0][0],
        role=role,
        who="test",
    )
