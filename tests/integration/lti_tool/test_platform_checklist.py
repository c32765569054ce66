"""A platform as a checklist, and the live test: against what a real Moodle answered (recorded)."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from adapters.lms.standard import SCOPES
from lti_tool import operator_api
from tests.support.administration import Admin, by_link
from tests.support.platforms import add_platform
from tests.support.recorded import exchanges, replayed
from tests.support.tool import Reply, Tool

SERVICES = "/mod/lti/services.php"
NAMES_AND_ROLES = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
GRADES = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"


@pytest.fixture
def admin(tool: Tool) -> Admin:
    desk = operator_api.TenantOperator(
        tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "operator at a test"
    )
    return by_link(tool, desk)


def read(page: Any, heading: str = "steps") -> dict[str, str]:
    """Label → state and words, of the list below a heading."""
    listed = page.text.split(f'id="{heading}"')[1].split("</ul>")[0]
    rows = re.findall(r"<li>(.*?)</li>", listed, re.DOTALL)
    return {
        unescape(row.split("<strong>")[1].split("</strong>")[0]): " ".join(
            unescape(re.sub(r"<[^>]+>", " ", row.split("</strong>")[1])).split()
        )
        for row in rows
    }


def answer(name: str) -> Reply:
    response = exchanges("services")[name]["response"]
    return response["status"], response["reason"], response["body"] or ""


def launch_with_services(tool: Tool) -> None:
    url = f"{tool.moodle.server.url}{SERVICES}"
    members = f"{url}/CourseSection/2/bindings/2/memberships"
    endpoint = {"scope": list(SCOPES), "lineitems": f"{url}/2/lineitems?type_id=2"}
    tool.launch(
        **{
            NAMES_AND_ROLES: {"context_memberships_url": members, "service_versions": ["2.0"]},
            GRADES: endpoint,
        }
    )


def trial(admin: Admin) -> dict[str, str]:
    page = admin.post("platforms/1/trial")
    assert page.status_code == 200
    return read(page, "trial")


def test_a_new_platform_says_what_to_do_in_the_words_of_its_product(
    tool: Tool, admin: Admin
) -> None:
    number = add_platform(tool, family="moodle", name="Our Moodle")
    steps = read(admin.get(f"platforms/{number}"))
    assert steps["Registered"].startswith("done")
    assert steps["First launch"].startswith("not yet")
    assert "press Activate on the tool’s card" in steps["First launch"]
    assert "Show in activity chooser" in steps["In a course"]
    assert "Add an activity or resource" in steps["Choice of content"]
    assert "1 of 8 steps are done." in admin.get(f"platforms/{number}").text
    other = add_platform(tool, family="sakai", name="Our Sakai", client_id="sakai")
    assert "Press Save in Sakai" in read(admin.get(f"platforms/{other}"))["First launch"]


def test_launches_tick_what_they_show(tool: Tool, admin: Admin) -> None:
    launch_with_services(tool)
    steps = read(admin.get("platforms/1"))
    for label in ("First launch", "Keys", "Roster", "Grades", "In a course"):
        assert steps[label].startswith("done"), (label, steps[label])
    assert (
        "Of 1 person, it gives 1 name and 1 e-mail address."
        in (steps["Names and e-mail addresses"])
    )
    tool.launch("launch-deep-linking-teacher")
    assert read(admin.get("platforms/1"))["Choice of content"].startswith("done")


def test_an_lms_that_shares_no_names_says_where_it_is_allowed(tool: Tool, admin: Admin) -> None:
    tool.sql("UPDATE lti_tool.platform_registration SET family = 'moodle'")
    tool.launch(name=..., given_name=..., family_name=..., email=...)
    line = read(admin.get("platforms/1"))["Names and e-mail addresses"]
    assert line.startswith("not yet") and "share launcher’s name" in line


def test_the_live_test_asks_a_real_moodle_for_all_of_it(tool: Tool, admin: Admin) -> None:
    launch_with_services(tool)
    tool.moodle.server.says("/token", answer("token-all"))
    replayed(tool.moodle.server, "lineitems-list", "nrps-all")
    found = trial(admin)
    assert "The LMS answered with 1 key." in found["Keys"]
    assert "gave an access token" in found["Access for scores"]
    assert "The gradebook of a course answered with 1 column." in found["Gradebook columns"]
    members = exchanges("services")["nrps-all"]["response"]["body"]["members"]
    assert f"names {len(members)} people" in found["Roster"]
    assert all(words.startswith("works") for words in found.values()), found
    assert "All of it works." in admin.post("platforms/1/trial").text


def test_the_live_test_says_what_moodle_refuses_and_how_to_mend_it(
    tool: Tool, admin: Admin
) -> None:
    """The recorded Moodle refuses a scope that nobody allowed, and does not find a key."""
    tool.sql("UPDATE lti_tool.platform_registration SET family = 'moodle'")
    launch_with_services(tool)
    tool.moodle.server.says("/token", answer("token-scope-unknown"))
    found = trial(admin)
    assert found["Access to rosters"].startswith("does not work")
    assert "invalid_scope" in found["Access to rosters"]
    assert "IMS LTI Names and Role Provisioning" in found["Access to rosters"]
    assert "Accept grades from the tool" in found["Access for scores"]
    tool.moodle.server.says("/token", answer("token-unknown-kid"))
    assert "unable to lookup correct key" in trial(admin)["Access for scores"]


def test_the_live_test_of_an_lms_that_is_away(tool: Tool, admin: Admin) -> None:
    tool.moodle.server.says("/certs", (502, "Bad Gateway", "<html>"))
    found = trial(admin)
    assert found["Keys"].startswith("does not work")
    assert "The key set of the platform answered 502" in found["Keys"]
    assert "CARRYOVER_ALLOW_PRIVATE_PLATFORMS" in found["Keys"]
    assert found["Roster"].startswith("not tried")


def test_the_live_test_needs_its_page_and_an_administrator(tool: Tool, admin: Admin) -> None:
    home = tool.launch().location
    assert tool.browser.post(f"{home}admin/platforms/1/trial").status_code == 403
    assert admin.post("platforms/4711/trial").status_code == 404
