"""The administration: who gets in, what they see and change, and what is written down about it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from adapters.lms.claims import CLAIM_PREFIX
from lti_tool import operator_api
from tests.support.administration import BASE, Admin, by_link
from tests.support.tool import TOOL, Tool, capture

LIS = "http://purl.imsglobal.org/vocab/lis/v2/"


@pytest.fixture
def desk(tool: Tool) -> operator_api.TenantOperator:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    return operator_api.TenantOperator(
        tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "operator at a test"
    )


def by_launch(tool: Tool, recorded: str = "launch-resource-admin") -> Admin:
    home = tool.launch(recorded).location.removeprefix(TOOL)
    return Admin(tool, tool.browser, f"{home}admin/")


SUBJECT_OF_ADMIN = capture("launch-resource-admin")["claims"]["sub"]


def test_a_link_opens_the_administration_once_and_nothing_frames_it(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    link = desk.create_admin_link().removeprefix(TOOL)
    first, second = tool.stranger(), tool.stranger()
    for _ in range(3):
        assert first.get(link, base_url=BASE).status_code == 200, "mail scanners look at links"
    opened = first.post(link, base_url=BASE)
    (cookie,) = opened.headers.getlist("Set-Cookie")
    for attribute in ("__Host-", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert attribute in cookie
    page = first.get(opened.location, base_url=BASE)
    assert "Platforms" in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert link.rpartition("/")[2] not in page.text
    assert second.post(link, base_url=BASE).status_code == 404
    assert second.get(link, base_url=BASE).status_code == 404
    assert second.get(opened.location, base_url=BASE).status_code == 401


def test_a_link_opens_the_programmes_which_an_administrator_may_set_up(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """The first administrator of an organisation has no LMS yet (field report of a real Moodle)."""
    tool.moodle.server.says(
        "/api/v1/activity-mappings", (200, "OK", {"mappings": [], "next": None})
    )
    admin = by_link(tool, desk)
    for page in (admin.get(), admin.get("people/"), admin.get("programmes/")):
        assert f'href="{admin.home}programmes/"' in page.text
    seen, waiting = {f"{admin.home}people/"}, [f"{admin.home}programmes/"]
    while waiting:
        address = waiting.pop()
        seen.add(address)
        page = admin.browser.get(address, base_url=BASE, follow_redirects=True)
        assert page.status_code in (200, 503), (address, page.status_code)
        if page.mimetype != "text/html":
            continue
        assert "/t/" not in page.text, address
        links = set(re.findall(r'href="([^"#?]+)', page.text))
        waiting += [
            link
            for link in sorted(links - seen - set(waiting))
            if link.startswith(f"{admin.home}programmes/")
        ]
        strange = {link for link in links if link.startswith(admin.home)} - seen - set(waiting)
        assert all(admin.browser.get(link, base_url=BASE).status_code == 200 for link in strange), (
            strange
        )
    assert len(seen) > 8, "questions, rubric, business, what counts, people, groups"
    made = admin.post("programmes/", title="Made by the link")
    assert made.status_code == 200 and "Made by the link" in made.text
    assert "frame-ancestors 'none'" in made.headers["Content-Security-Policy"]
    stranger = tool.stranger().get(f"{admin.home}programmes/", base_url=BASE)
    assert stranger.status_code == 401


def test_a_link_that_expired(tool: Tool, desk: operator_api.TenantOperator) -> None:
    link = desk.create_admin_link().removeprefix(TOOL)
    tool.sql("UPDATE lti_tool.admin_session SET expires_at = now()")
    assert tool.stranger().post(link, base_url=BASE).status_code == 404


def test_whoever_was_given_the_role_administers_from_inside_the_lms(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    by_launch(tool)
    tool.grant_to(SUBJECT_OF_ADMIN, "admin")
    admin = by_launch(tool)
    page = admin.get()
    assert "127.0.0.1:8100" in page.text
    assert set(
        page.headers["Content-Security-Policy"].partition("frame-ancestors ")[2].split()
    ) == {
        "'self'",
        "http://127.0.0.1:8100",
        tool.moodle.server.url,
    }
    assert 'href="/t/' in tool.get(admin.home.replace("admin/", "")).text


def test_running_the_lms_opens_nothing_until_the_role_is_given_by_the_one_time_link(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """Canvas says institution/person#Administrator of whoever helps in any sub-account
    (lib/lti/substitutions_helper.rb).
    """
    admin = by_launch(tool)
    for path in ("", "store", "audit", "sign-in", "platforms/1", "people/"):
        assert admin.get(path).status_code in (403, 404), path
    first = by_link(tool, desk)
    page = first.get()
    assert "Who runs an LMS" in page.text and "Give administration" in page.text
    person = tool.sql(
        "SELECT person_id FROM lti_tool.identity WHERE subject = :subject", subject=SUBJECT_OF_ADMIN
    )[0][0]
    assert "The role is assigned" in first.post("administrators", person=str(person)).text
    assert admin.get().status_code == 200, "at once, in the running visit"
    acts = [row.act for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY audit_id")]
    assert acts[-1] == "gave a role"


@pytest.mark.parametrize(
    "role",
    ["institution/person#Administrator", "system/person#Administrator", "system/person#SysAdmin"],
)
def test_who_runs_the_lms_and_has_no_role_in_the_course_sees_nobodys_figures(
    tool: Tool, desk: operator_api.TenantOperator, role: str
) -> None:
    home = tool.launch(
        "launch-resource-admin",
        **{f"{CLAIM_PREFIX}roles": [f"http://purl.imsglobal.org/vocab/lis/v2/{role}"]},
    ).location
    page = tool.get(home)
    assert "does the effect last?" not in page.text
    for path in ("figures", "course/", "people/", "programmes/", "admin/", "pick"):
        assert tool.get(f"{home}{path}").status_code == 403, path
    assert tool.rows("membership") == 0, "and is none of the course's people"


def opens_canvas(tool: Tool, who: str, **custom: Any) -> Admin:
    """An administrator of a Canvas, in the shape of its own code (tests/support/dialects)."""
    tool.sql("UPDATE lti_tool.platform_registration SET family = 'canvas'")
    roles = [f"{LIS}institution/person#Administrator", f"{LIS}system/person#User"]
    answer = tool.launch(
        sub=who,
        name=who,
        **{
            f"{CLAIM_PREFIX}roles": roles,
            f"{CLAIM_PREFIX}custom": {"page": "admin", **custom},
            f"{CLAIM_PREFIX}tool_platform": {"guid": "g", "product_family_code": "canvas"},
        },
    )
    assert answer.status_code == 303, answer.text
    home = answer.location.removeprefix(TOOL)
    return Admin(tool, tool.browser, f"{home}admin/")


def test_who_runs_a_canvas_that_does_not_say_so_reads_what_to_add_to_its_key(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """Keys from before root_account_admin was asked for do not send it."""
    admin = opens_canvas(tool, "u-untold")
    page = tool.get(admin.home.replace("admin/", ""))
    assert "<code>root_account_admin=$Canvas.user.isRootAccountAdmin</code>" in page.text
    assert "You have no part" not in page.text and "enrol" not in page.text
    assert admin.get().status_code == 403, "and administers nothing"
    opens_canvas(tool, "u-root", root_account_admin=True)
    opens_canvas(tool, "u-sub", root_account_admin=False)
    listed = by_link(tool, desk).get().text.split("Who runs an LMS")[1].split("</section>")[0]
    untold = "does not say whether all of it"
    assert "u-sub" not in listed, "Canvas says that this one runs a part of it"
    assert untold in listed.split("u-untold")[1].split("</li>")[0]
    assert untold not in listed.split("u-root")[1].split("</li>")[0]


def test_such_an_administrator_comes_in_where_there_is_no_programme(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    admin = opens_canvas(tool, "u-untold", programme="not made yet", page="today")
    page = tool.get(admin.home.replace("admin/", ""))
    assert "root_account_admin=" in page.text


def test_an_administrator_of_a_part_of_a_canvas_reads_that_nothing_is_there(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    admin = opens_canvas(tool, "u-sub", root_account_admin=False)
    page = tool.get(admin.home.replace("admin/", ""))
    assert "You have no part in this course" in page.text and "root_account_admin" not in page.text
    assert admin.get().status_code == 403


@pytest.mark.parametrize("recorded", ["launch-resource-teacher", "launch-resource-student1"])
def test_nobody_else_does(tool: Tool, desk: operator_api.TenantOperator, recorded: str) -> None:
    admin = by_launch(tool, recorded)
    for path in ("", "platforms/1", "platforms/new", "store", "audit"):
        assert admin.get(path).status_code == 403
    form = tool.get(admin.home.replace("admin/", "course/" if "teacher" in recorded else ""))
    for path in ("invites", "platforms/new", "platforms/1/status", "platforms/1/change", "store"):
        assert tool.post(admin.home + path, form).status_code == 403


def test_a_role_in_the_course_or_elsewhere_in_the_institution_administers_nothing(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    for role in (
        "membership#Administrator",
        "institution/person#Instructor",
        "institution/person#Staff",
    ):
        home = tool.launch(
            "launch-resource-teacher",
            **{f"{CLAIM_PREFIX}roles": [f"http://purl.imsglobal.org/vocab/lis/v2/{role}"]},
        ).location
        assert tool.get(f"{home}admin/").status_code == 403


def test_what_an_lms_may_say_about_people_is_switched_on_by_an_administrator_who_reads_why_it_matters(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    admin = by_link(tool, desk)
    (own,) = desk.platforms()
    assert (own.names_people, own.wide_parameter) == ("nobody", False)
    form = admin.get(f"platforms/{own.id}/change")
    assert "Lock value" in form.text and "not verified" in form.text
    changed = admin.post(
        f"platforms/{own.id}/change", **{**_typed(own), "names_people": "id", "name": "Mine"}
    )
    assert changed.status_code == 200
    (now,) = desk.platforms()
    assert (now.name, now.names_people, now.wide_parameter) == ("Mine", "id", False)
    assert (
        admin.post(
            f"platforms/{own.id}/change", **{**_typed(own), "names_people": "everybody"}
        ).status_code
        == 400
    )
    assert "names_people" in str(
        tool.sql("SELECT details FROM lti_tool.audit ORDER BY audit_id DESC LIMIT 1")[0][0]
    )


def _typed(platform: Any) -> dict[str, str]:
    names = (
        "name",
        "family",
        "issuer",
        "client_id",
        "auth_login_url",
        "auth_token_url",
        "key_set_url",
        "auth_audience",
    )
    return {name: getattr(platform, name) for name in names}


def test_platforms_are_registered_changed_switched_and_removed(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    admin = by_link(tool, desk)
    made = admin.post("invites", note="the school", approves="1")
    assert re.search(rf"{TOOL}/lti/register/[\w-]+", made.text)
    listed = admin.get()
    assert "the school" in listed.text
    assert "/lti/register/" not in listed.text, "shown once"
    newest = tool.sql("SELECT max(id) AS id FROM lti_tool.registration_invite")[0].id
    assert "no longer works" in admin.post(f"invites/{newest}/withdraw").text
    wrong = admin.post("platforms/new", issuer="nonsense", client_id="c", name="Kept")
    assert wrong.status_code == 400
    assert 'value="Kept"' in wrong.text, "nothing that was typed is lost"
    assert 'id="issuer" name="issuer" value="nonsense" aria-invalid="true"' in wrong.text
    new = {
        "name": "New <b>",
        "issuer": "http://new.example",
        "client_id": "c",
        "auth_login_url": "http://new.example/a",
        "auth_token_url": "http://new.example/t",
        "key_set_url": "http://new.example/k",
        "deployment_ids": "1\n2\n",
        "frame_origins": "https://learn.example.org",
    }
    page = admin.post("platforms/new", **new)
    assert "New &lt;b&gt;" in page.text
    assert "https://learn.example.org" in page.text
    again = admin.post("platforms/new", **new)
    assert again.status_code == 409
    platform = desk.platforms()[-1]
    assert [one.deployment_id for one in desk.deployments(platform.id)] == ["1", "2"] or len(
        desk.deployments(platform.id)
    ) == 2
    place = f"platforms/{platform.id}"
    assert "launches are refused now" in admin.post(f"{place}/status", act="disable").text
    assert "accepted again" in admin.post(f"{place}/status", act="enable").text
    assert admin.post(f"{place}/status", act="remove").status_code == 400, "not without being sure"
    assert admin.post(f"{place}/status", act="nonsense").status_code == 400
    assert "New &lt;b&gt;" not in admin.post(f"{place}/status", act="remove", sure="1").text
    assert admin.get(place).status_code == 404


def test_deployments_are_decided(tool: Tool, desk: operator_api.TenantOperator) -> None:
    tool.launch(**{f"{CLAIM_PREFIX}deployment_id": "waiting"})
    admin = by_link(tool, desk)
    assert "1 deployment waiting" in admin.get().text
    place = f"platforms/{desk.platforms()[0].id}/deployments"
    admin.post(place, deployment_id="waiting", act="approve")
    assert tool.launch(**{f"{CLAIM_PREFIX}deployment_id": "waiting"}).status_code == 303
    admin.post(place, deployment_id="waiting", act="refuse")
    assert tool.launch(**{f"{CLAIM_PREFIX}deployment_id": "waiting"}).status_code == 403
    assert admin.post(place, deployment_id="nobody's", act="approve").status_code == 404
    assert admin.post(place, deployment_id="", act="add").status_code == 400
    admin.post(place, deployment_id="named before", act="add")
    assert tool.launch(**{f"{CLAIM_PREFIX}deployment_id": "named before"}).status_code == 303


DEPLOYMENT = f"{CLAIM_PREFIX}deployment_id"
CONTEXT = f"{CLAIM_PREFIX}context"


def test_waiting_deployments_say_from_where_they_came_and_are_ticked_at_once(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    """A further sub-account of a Canvas is a further deployment (docs/lms/canvas.md)."""
    for number, course in enumerate(("Nursing <1>", "Law", "Arts"), 1):
        refused = tool.launch(
            **{DEPLOYMENT: f"{number}:d89e", CONTEXT: {"id": str(number), "title": course}}
        )
        assert refused.status_code == 403
        assert "waits for approval" in refused.text
        assert "It is the turn of whoever runs this tool" in refused.text
    admin = by_link(tool, desk)
    platform = desk.platforms()[0]
    page = admin.get(f"platforms/{platform.id}")
    assert "Nursing &lt;1&gt;" in page.text and "from 127.0.0.1" in page.text
    place = f"platforms/{platform.id}/deployments"
    assert admin.post(place, act="approve ticked").status_code == 400
    ticked: Any = ["1:d89e", "2:d89e", "nobody's"]
    admin.post(place, act="approve ticked", waiting=ticked)
    found = {one.deployment_id: one.status for one in desk.deployments(platform.id)}
    assert found == {
        "1:d89e": "approved",
        "2:d89e": "approved",
        "3:d89e": "pending",
        "2": "approved",
    }
    acts = tool.sql("SELECT details FROM lti_tool.audit WHERE act = 'approved a deployment'")
    assert [row.details["deployment"] for row in acts] == ["1:d89e", "2:d89e"]


def test_one_tick_approves_all_further_deployments_but_none_that_was_refused(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    for name in ("waits", "refused"):
        tool.launch(**{DEPLOYMENT: name})
    platform = desk.platforms()[0]
    assert not platform.approve_deployments, "off until it is ticked"
    desk.decide_deployment(platform.id, "refused", False)
    admin, rule = by_link(tool, desk), f"platforms/{platform.id}/deployment-rule"
    admin.post(rule, approve_deployments="1")
    assert tool.launch(**{DEPLOYMENT: "waits"}).status_code == 303
    assert tool.launch(**{DEPLOYMENT: "new"}).status_code == 303
    assert tool.launch(**{DEPLOYMENT: "refused"}).status_code == 403
    admin.post(f"platforms/{platform.id}/change", **_typed(platform))
    assert desk.platforms()[0].approve_deployments, "the form of the addresses leaves it alone"
    admin.post(rule)
    assert tool.launch(**{DEPLOYMENT: "newer"}).status_code == 403


def test_last_launches_show_the_reason_of_each_refusal(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    tool.launch()
    tool.launch(**{f"{CLAIM_PREFIX}roles": "none"})
    state, nonce = tool.begun()
    tool.stranger().post(
        "/lti/launch",
        data={"state": state, "id_token": tool.moodle.sign(tool.claims(nonce))},
        base_url=BASE,
    )
    page = by_link(tool, desk).get(f"platforms/{desk.platforms()[0].id}")
    assert "activity, learner" in page.text
    assert "claim roles is missing" in page.text
    assert "kept no cookie" in page.text


def test_the_audit_record_tells_who_did_what_and_can_be_changed_by_nobody(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    by_launch(tool)
    tool.grant_to(SUBJECT_OF_ADMIN, "admin")
    by_launch(tool).post(f"platforms/{desk.platforms()[0].id}/status", act="disable")
    desk.set_status(desk.platforms()[0].id, "enable")
    page = by_link(tool, desk).get("audit")
    assert "switched a platform off" in page.text
    assert "operator at a test" in page.text
    for statement in ("UPDATE lti_tool.audit SET who = 'nobody'", "DELETE FROM lti_tool.audit"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            tool.deps.unit_of_work(tool.tenant_id) as connection,
        ):
            connection.execute(text(statement))


def test_the_audit_record_is_paged(tool: Tool, desk: operator_api.TenantOperator) -> None:
    for number in range(60):
        desk.create_invite(f"number {number}", False)
    admin = by_link(tool, desk)
    first = admin.get("audit")
    older = re.search(r"audit\?before=\d+", first.text)
    assert older
    assert "number 0" not in first.text
    assert "number 0" in admin.get(older[0]).text


def test_one_tenants_administrators_see_nothing_of_another(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    other = operator_api.create_tenant(
        tool.deps.settings, name="two", lrs_url=None, lrs_key="k", lrs_secret="s", practice=False
    )
    theirs = by_link(
        tool, operator_api.TenantOperator(tool.deps.unit_of_work, tool.deps.settings, other, "them")
    )
    own = desk.platforms()[0]
    assert "127.0.0.1:8100" not in theirs.get().text
    assert theirs.get(f"platforms/{own.id}").status_code == 404
    for path, fields in (
        (f"platforms/{own.id}/status", {"act": "disable"}),
        (f"platforms/{own.id}/deployments", {"act": "approve", "deployment_id": "2"}),
    ):
        assert theirs.post(path, **fields).status_code == 404
    assert desk.platforms()[0].status == "approved"


def test_forms_are_taken_from_the_session_that_shows_them(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    admin = by_link(tool, desk)
    token = admin.get().text.split('name="form_token" value="')[1].split('"')[0]
    path = f"{admin.home}platforms/{desk.platforms()[0].id}/status"
    for fields, headers in (
        ({"act": "disable"}, {}),
        ({"act": "disable", "form_token": "x"}, {}),
        ({"act": "disable", "form_token": token}, {"Origin": "https://evil.example"}),
        ({"act": "disable", "form_token": token}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        assert (
            admin.browser.post(path, data=fields, headers=headers, base_url=BASE).status_code == 403
        )
    assert desk.platforms()[0].status == "approved"


# --- the record store
# ---------------------------------------------------------------------------------------------------------------


def test_keys_of_the_record_store(tool: Tool, desk: operator_api.TenantOperator) -> None:
    server = tool.moodle.server
    listed = [
        {
            "key": "key",
            "scopes": ["statements/write"],
            "note": "the tool",
            "created_at": "x",
            "ends_at": None,
        }
    ]

    def credentials(asked: Any) -> Any:
        if asked[0] == "POST":
            listed.append(
                {
                    "key": "made",
                    "scopes": ["metrics/read"],
                    "note": "Power BI",
                    "created_at": "x",
                    "ends_at": None,
                }
            )
            return (201, "Created", {"key": "made", "secret": "shown-once"})
        return (200, "OK", {"credentials": listed})

    server.says("/api/v1/credentials", credentials)
    server.says("/api/v1/credentials/made", (204, "No Content", ""))
    admin = by_link(tool, desk)
    made = admin.post("store", act="make", purpose="reporting", note="Power BI")
    assert "shown-once" in made.text
    assert "shown-once" not in admin.get("store").text
    assert {"scopes": ["metrics/read"], "note": "Power BI"} in server.bodies("/api/v1/credentials")
    assert "is revoked" in admin.post("store", act="revoke", key="made").text
    own = admin.post("store", act="revoke", key="key")
    assert own.status_code == 400
    assert "the tool itself works with" in own.text
    assert admin.post("store", act="make", purpose="everything").status_code == 400
    acts = [row.act for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY audit_id")]
    assert acts[-2:] == ["made a key of the record store", "ended a key of the record store"]


def test_a_record_store_that_does_not_answer_is_told(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    tool.moodle.server.says(
        "/api/v1/credentials",
        (
            403,
            "Forbidden",
            {"error": {"code": "forbidden", "message": "this call needs credentials."}},
        ),
    )
    page = by_link(tool, desk).get("store")
    assert page.status_code == 200
    assert "this call needs credentials" in page.text


def test_another_record_store_is_tried_before_it_is_used(
    tool: Tool, desk: operator_api.TenantOperator
) -> None:
    from lti_tool.base.statement_target import open_record_store

    server = tool.moodle.server
    admin = by_link(tool, desk)
    server.says("/data/xAPI/statements", (401, "Unauthorized", ""), (200, "OK", {"statements": []}))
    store = {
        "act": "use",
        "url": f"{server.url}/data/xAPI/",
        "key": "theirs",
        "secret": "secret-of-theirs",
    }
    refused = admin.post("store", **store)
    assert refused.status_code == 400
    assert "401" in refused.text
    assert "secret-of-theirs" not in refused.text
    assert "from now on" in admin.post("store", **store).text
    _, found, ours = open_record_store(tool.deps, tool.tenant_id)
    assert (found.xapi, found.key, found.secret, ours) == (
        f"{server.url}/data/xAPI",
        "theirs",
        "secret-of-theirs",
        False,
    )
    assert "secret-of-theirs" not in str(tool.sql("SELECT * FROM lti_tool.audit"))
