"""What each product's roles give, in launches of exactly its shape. The shapes lie in
tests/support/dialects; each of them names the file and commit, or the document, it was read in
(docs/lms).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.lms import Right, Role, detect_family, dialect_for
from adapters.lms.claims import mend_shapes, read_launch
from adapters.lms.models import LaunchRefused

DIALECTS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[2] / "support" / "dialects").glob("*.json"))
}
INSTITUTION_ADMIN = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
# Whether somebody may teach, build, take part; whether as administrator of the LMS.
EXPECTED = {
    "learner": ((Role.LEARNER,), False),
    "teacher": ((Role.TEACHER,), False),
    "designer": ((Role.DESIGNER,), False),
    "lms_administrator": ((Role.TEACHER, Role.VISITOR), True),
    "none": ((Role.VISITOR, Role.MENTOR), False),
}


def launches() -> Iterator[Any]:
    for family, dialect in DIALECTS.items():
        for number, one in enumerate(dialect["launches"]):
            yield pytest.param(family, one, id=f"{family} {number}: {one['who'][:60]}")


@pytest.mark.parametrize(("family", "one"), list(launches()))
def test_a_launch_gives_what_the_role_is_there(family: str, one: dict[str, Any]) -> None:
    claims = mend_shapes(one["claims"])
    lms = dialect_for(family)
    if "sub" not in claims or f"{CLAIM}resource_link" not in claims:
        with pytest.raises(LaunchRefused):  # nobody is named, or nothing is opened
            read_launch(claims, lms.rights)
        return
    launch = read_launch(claims, lms.rights)
    roles, administers = EXPECTED[one["right"]]
    assert launch.role in roles
    assert launch.administers == administers


@pytest.mark.parametrize("family", DIALECTS)
def test_a_product_is_known_by_what_it_says_of_itself_or_by_its_addresses(family: str) -> None:
    said = DIALECTS[family]
    claims = said["launches"][0]["claims"]
    code = claims.get(f"{CLAIM}tool_platform", {}).get("product_family_code", "")
    addresses = said.get("endpoints", said.get("openid_configuration", {}).get("body", {}))
    login = next(
        (
            addresses[name]
            for name in ("authorization_endpoint", "authorization", "auth_login_url", "login")
            if isinstance(addresses.get(name), str)
        ),
        "https://lms.example/api/lti_consumer/v1/launch/" if family == "openedx" else "",
    )
    assert detect_family(code, claims["iss"], login) == family


@pytest.mark.parametrize("family", DIALECTS)
def test_a_page_of_a_roster_is_read_in_its_own_shape(family: str) -> None:
    lms = dialect_for(family)
    for page in DIALECTS[family].get("memberships", {}).get("pages", ()):
        members, skipped = lms.read_members(page["body"])
        assert not skipped
        assert [member.subject for member in members] == [
            entry["user_id"] for entry in page["body"]["members"]
        ]


def test_what_an_administrator_decides_of_a_role_stands_before_everything() -> None:
    observer, assistant = (
        "http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor",
        "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant",
    )
    lms = dialect_for("canvas", {assistant: "nothing", observer: "teacher", "x": "no right"})
    assert lms.rights.course_role([assistant]) is Role.VISITOR
    assert lms.rights.course_role([observer]) is Role.TEACHER
    assert lms.rights.right_of("x") is None
    assert dialect_for("canvas").rights.course_role([assistant]) is Role.TEACHER
    assert Right.NOTHING not in dialect_for("canvas").rights.rights.values()


ROOT_ADMIN_LINE = "root_account_admin=$Canvas.user.isRootAccountAdmin"


@pytest.mark.parametrize(
    ("custom", "administers", "missing"),
    [
        ({"root_account_admin": True}, True, ""),
        ({"root_account_admin": "true"}, True, ""),
        ({"root_account_admin": False}, False, ""),
        ({"root_account_admin": "false"}, False, ""),
        # A key from before the parameter was asked for, and one whose variable nobody fills.
        ({}, False, ROOT_ADMIN_LINE),
        ({"root_account_admin": "$Canvas.user.isRootAccountAdmin"}, False, ROOT_ADMIN_LINE),
    ],
)
def test_canvas_says_that_somebody_runs_all_of_it_or_not_or_says_nothing(
    custom: dict[str, Any], administers: bool, missing: str
) -> None:
    (recorded,) = (
        one["claims"]
        for one in DIALECTS["canvas"]["launches"]
        if one["who"] == "root account administrator with no course role, account navigation"
    )
    launch = read_launch(recorded | {f"{CLAIM}custom": custom}, dialect_for("canvas").rights)
    assert (launch.administers, launch.missing_parameter) == (administers, missing)
    assert launch.may_administer == (administers or bool(missing))
    assert launch.role is Role.VISITOR


def test_the_parameter_is_missing_of_nobody_else() -> None:
    for family in ("canvas", "moodle", "standard"):
        lms = dialect_for(family)
        for role in ("membership#Instructor", "system/person#SysAdmin"):
            uri = f"http://purl.imsglobal.org/vocab/lis/v2/{role}"
            assert lms.rights.missing_parameter([uri], {}) == ""
    decided = dialect_for("canvas", {INSTITUTION_ADMIN: "LMS administrator"}).rights
    assert decided.missing_parameter([INSTITUTION_ADMIN], {}) == "", "somebody decided it"
    assert decided.administers([INSTITUTION_ADMIN], {})
