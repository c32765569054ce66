"""A course after its launches: copies of it, its roster, its gradebook, reviews of what was handed
in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.lms.claims import CLAIM_PREFIX
from lti_tool.people import rosters
from lti_tool.programmes import certification, certification_sources
from lti_tool.programmes.certification_sources_store import CertifyingColumn
from tests.support.platforms import add_platform
from tests.support.quizzes import answer_check
from tests.support.tool import DEPLOYMENT_ID, Tool, capture

NOW = datetime.now(UTC)
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"


def activity(
    tool: Tool, context: str, link: str, title: str, history: str = "", **custom: str
) -> Any:
    """A teacher opens an activity of a course."""
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    return tool.launch(
        "launch-resource-teacher",
        **{
            f"{CLAIM_PREFIX}context": {"id": context, "title": f"Course {context}"},
            f"{CLAIM_PREFIX}resource_link": {"id": link, "title": title},
            f"{CLAIM_PREFIX}custom": {
                "context_history": history or "$Context.id.history",
                **custom,
            },
        },
    )


def placed(tool: Tool, link: str) -> tuple[str, str]:
    found = tool.sql(
        "SELECT programme, page FROM lti_tool.placement WHERE resource_link_id = :link", link=link
    )
    return (found[0].programme, found[0].page) if found else ("", "")


def another_programme(tool: Tool) -> None:
    tool.sql(
        "INSERT INTO lti_tool.programme_version (tenant_id, key, version, document)"
        " SELECT tenant_id, 'aaa-other', 1, jsonb_set(document, '{key}', '\"aaa-other\"') FROM "
        "lti_tool.programme_version"
    )


def test_a_copied_course_opens_what_the_old_one_opened(tool: Tool) -> None:
    another_programme(tool)
    activity(tool, "5", "10", "Check A", programme="phishing-response", page="check-1m")
    activity(tool, "5", "11", "Plan", programme="phishing-response", page="plan")
    activity(tool, "9", "20", "Check A", history="5")
    assert placed(tool, "20") == ("phishing-response", "check-1m"), "by its title"
    activity(tool, "9", "21", "Renamed", history="5")
    assert placed(tool, "21") == ("aaa-other", "today"), (
        "which of two it is a copy of, nobody can say"
    )
    activity(tool, "12", "30", "Check A", history="9,5")
    assert placed(tool, "30") == ("phishing-response", "check-1m"), "copies of copies"
    activity(tool, "13", "40", "Check A", history="5", programme="aaa-other")
    assert placed(tool, "40") == ("aaa-other", "today"), "what the activity itself says comes first"
    activity(tool, "14", "50", "Check A", history="999")
    assert placed(tool, "50") == ("aaa-other", "today")


def test_the_only_activity_of_the_old_course_is_the_one_that_was_copied(tool: Tool) -> None:
    another_programme(tool)
    activity(tool, "5", "10", "Old title", programme="phishing-response", page="check-3m")
    activity(tool, "9", "20", "New title", history="5")
    assert placed(tool, "20") == ("phishing-response", "check-3m")
    activity(tool, "9", "20", "New title", history="5")
    assert placed(tool, "20") == ("phishing-response", "check-3m"), "decided once"


def test_a_history_of_another_platform_leads_nowhere(tool: Tool) -> None:
    another_programme(tool)
    activity(tool, "5", "10", "Check A", programme="phishing-response", page="plan")
    tool.sql(
        "UPDATE lti_tool.course SET registration_id = :other WHERE context_id = '5'",
        other=add_platform(tool),
    )
    activity(tool, "9", "20", "Check A", history="5")
    assert placed(tool, "20") == ("aaa-other", "today")


def shown_figures(tool: Tool, **custom: str) -> tuple[str, Any]:
    """A teacher opens a copied course; its address, and the first page. What the custom parameters
    hold: of a recorded Moodle's variables (registration, CourseSection.timeFrame.begin), or of
    Canvas (instructure/canvas-lms, lib/lti/variable_expander.rb, Canvas.term.name)."""
    home = activity(tool, "9", "20", "Check A", history="5", **custom).location
    return home, tool.get(home)


@pytest.mark.parametrize(
    ("custom", "suggested"),
    [
        ({"term": "Autumn 2026"}, "Course 9, Autumn 2026"),
        ({"course_begin": "2026-09-01T00:00:00+00:00"}, "Course 9, 2026-09"),
        ({"course_begin": "$CourseSection.timeFrame.begin"}, "Course 9"),
        ({"course_begin": "", "term": "$Canvas.term.name"}, "Course 9"),
    ],
)
def test_a_copied_course_offers_to_begin_a_wave(
    tool: Tool, custom: dict[str, str], suggested: str
) -> None:
    home, page = shown_figures(tool, **custom)
    assert f"Start wave “{suggested}”" in page.text
    assert f'value="{suggested}"' in tool.get(f"{home}course/").text
    original = tool.get(activity(tool, "5", "10", "Check A").location)
    assert "Begin the wave" not in original.text, "not for the original"


def test_who_is_certified_in_a_course_belongs_to_its_wave(tool: Tool) -> None:
    title = {f"{CLAIM_PREFIX}context": {"id": "9", "title": "Course 9"}}
    tool.launch("launch-resource-student3-cjk", **title)
    home, page = shown_figures(tool, term="Autumn 2026")
    course = tool.get(f"{home}course/")
    for wrong in (" ", "x" * 301):
        assert tool.post(f"{home}course/wave", course, wave=wrong).status_code == 400
    begun = tool.post(f"{home}course/wave", course, wave=" Course 9,  Autumn 2026 ")
    assert "belong to the wave “Course 9, Autumn 2026”" in begun.text
    page = tool.get(home)
    assert "Begin the wave" not in page.text, "asked once"
    (waiting,) = tool.sql(
        "SELECT person_id FROM lti_tool.identity WHERE subject = :s",
        s=capture("launch-resource-student3-cjk")["claims"]["sub"],
    )
    tool.post(f"{home}certifications", page, person=waiting[0], certified_on=NOW.date().isoformat())
    waves = dict(tool.sql("SELECT person_id, wave FROM lti_tool.episode"))
    assert waves.pop(waiting[0]) == "Course 9, Autumn 2026"
    assert set(waves.values()) == {""}, "nobody who was certified before is moved"
    assert "set the wave of a course" in {
        row[0] for row in tool.sql("SELECT act FROM lti_tool.audit")
    }


def test_who_begins_by_a_course_s_column_belongs_to_its_wave(tool: Tool) -> None:
    home, _ = shown_figures(tool, term="Autumn 2026")
    tool.launch("launch-resource-student3-cjk")
    tool.post(f"{home}course/wave", tool.get(f"{home}course/"), wave="Second")
    course = tool.sql("SELECT id, registration_id FROM lti_tool.course WHERE context_id = '9'")[0]
    subject = capture("launch-resource-student3-cjk")["claims"]["sub"]
    column = CertifyingColumn(
        course.id, "phishing-response", course.registration_id, "", 0.8, 0, ""
    )
    begun = certification_sources.certify_by_grades(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        column=column,
        results=[(subject, 0.9)],
        now=NOW,
    )
    assert begun == 1
    assert "Second" in {row[0] for row in tool.sql("SELECT wave FROM lti_tool.episode")}


def test_a_wave_of_the_programme_is_meant_by_its_title(tool: Tool) -> None:
    tool.sql(
        "UPDATE lti_tool.programme_version SET document = document || jsonb_build_object('waves', "
        "jsonb_build_array(jsonb_build_object('key', 'autumn', 'title', 'Autumn', 'starts_on', "
        "'2026-09-01')))"
    )
    home, _ = shown_figures(tool)
    page = tool.post(f"{home}course/wave", tool.get(f"{home}course/"), wave="AUTUMN")
    assert "the wave “Autumn”" in page.text
    assert tool.sql("SELECT waves FROM lti_tool.course WHERE context_id = '9'")[0][0] == {
        "phishing-response": "autumn"
    }


def test_a_learner_s_launch_opens_no_wave(tool: Tool) -> None:
    custom = {f"{CLAIM_PREFIX}custom": {"context_history": "5"}}
    home = tool.launch(**custom).location
    assert "Begin the wave" not in tool.get(home).text
    assert tool.post(f"{home}course/wave", tool.get(home), wave="mine").status_code == 403


def finished(tool: Tool, **claims: Any) -> str:
    """A learner's finished check; gives the attempt's id."""
    endpoint = {
        "scope": [f"{SCOPE}score"],
        "lineitem": f"{tool.moodle.server.url}/lineitems/2/lineitem",
    }
    home = tool.launch(**{AGS: endpoint, **claims}).location
    path = answer_check(tool, home)
    return path.rpartition("/")[2]


def review(
    tool: Tool, subject: Any = "5", recorded: str = "launch-resource-teacher", /, **changes: Any
) -> Any:
    for_user = (
        {}
        if subject is ...
        else {f"{CLAIM_PREFIX}for_user": {"user_id": subject, "roles": [LEARNER]}}
    )
    endpoint = {"scope": [], "lineitem": f"{tool.moodle.server.url}/lineitems/2/lineitem"}
    answer = tool.launch(
        recorded,
        **{
            f"{CLAIM_PREFIX}message_type": "LtiSubmissionReviewRequest",
            AGS: endpoint,
            **for_user,
            **changes,
        },
    )
    return tool.get(answer.location) if answer.status_code == 303 else answer


def test_a_teacher_reviews_what_a_learner_handed_in(tool: Tool) -> None:
    assert review(tool).status_code == 404, "nothing was handed in yet"
    finished(tool)
    page = review(tool)
    assert page.status_code == 200
    assert "of 5 right" in page.text
    assert page.text.count("<li>") == 5
    elsewhere = {AGS: {"scope": [], "lineitem": f"{tool.moodle.server.url}/lineitems/3/lineitem"}}
    assert review(tool, **elsewhere).status_code == 404, "nothing was handed in for that column"
    assert review(tool, "nobody").status_code == 404


@pytest.mark.parametrize("subject", [..., "", 5.5, {"x": 1}])
def test_a_review_of_nobody_is_refused(tool: Tool, subject: Any) -> None:
    assert review(tool, subject).status_code == 400


def test_learners_review_their_own_and_nobody_elses(tool: Tool) -> None:
    finished(tool)
    assert review(tool, "5", "launch-resource-student1").status_code == 200
    assert review(tool, "5", "launch-resource-student3-cjk").status_code == 403


def test_a_review_shows_this_courses_checks_alone(tool: Tool) -> None:
    finished(tool, **{f"{CLAIM_PREFIX}context": {"id": "77", "title": "Another course"}})
    assert review(tool).status_code == 404
    assert (
        review(
            tool, **{f"{CLAIM_PREFIX}context": {"id": "77", "title": "Another course"}}
        ).status_code
        == 200
    )


def test_canvas_opens_a_submission_by_its_address(tool: Tool) -> None:
    attempt = finished(tool)
    target = f"http://127.0.0.1:8080/lti/launch?attempt={attempt}"

    def opened(recorded: str, url: str) -> Any:
        from urllib.parse import parse_qs

        asked = parse_qs(urlsplit(tool.login(target_link_uri=url).location).query)
        token = tool.moodle.sign(
            tool.claims(asked["nonce"][0], recorded, **{f"{CLAIM_PREFIX}target_link_uri": url})
        )
        return tool.get(tool.enter(asked["state"][0], token).location)

    assert "of 5 right" in opened("launch-resource-teacher", target).text
    assert opened("launch-resource-student3-cjk", target).status_code == 403
    assert (
        opened(
            "launch-resource-teacher",
            target.rpartition("=")[0] + "=00000000-0000-4000-8000-000000000000",
        ).status_code
        == 404
    )
    assert opened("launch-resource-student1", f"{target}x").status_code == 200, (
        "an address that is none opens the activity"
    )


def test_a_course_in_which_nothing_counts_yet_begins_with_who_waits(tool: Tool) -> None:
    """Four charts of nothing tell a teacher nothing; the certifications are what comes first."""
    texts = dict.fromkeys(("key", "label", "meaning", "not_meaning", "formula"), "retention")
    value = {"part_label": "1 week", "value": None, "suppressed": False}
    empty = {**texts, "svg": "<svg></svg>", "values": [value]}
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": [empty]}))
    tool.launch()
    page = tool.get(tool.launch("launch-resource-teacher").location).text
    assert "No figures yet" in page and "<svg" not in page
    assert page.count("Participants without a recorded certification") == 1
    assert page.index("Participants without a recorded certification") < page.index(
        "No figures yet"
    )


def test_a_roster_is_read_after_the_first_launch_and_on_demand(tool: Tool) -> None:
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    members = [
        {"user_id": "3", "roles": ["Instructor"]},
        {"user_id": "900", "roles": ["Learner"], "name": "From the roster"},
    ]
    server.says("/members", (200, "OK", {"members": members}))
    home = tool.launch(
        "launch-resource-teacher", **{NRPS: {"context_memberships_url": f"{server.url}/members"}}
    ).location
    first = tool.get(home)
    assert "The roster of this course is being read." in first.text
    assert "everybody known here is certified" not in first.text
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 1
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 0, (
        "then not again before tomorrow"
    )
    page = tool.get(home)
    assert "is being read" not in page.text
    assert "From the roster" in page.text, "who never opened the activity can be certified as well"
    course = tool.get(f"{home}course/")
    assert "From the roster" in course.text
    assert "2 people on 1 page, 1 new, 0 left" in course.text
    members.pop()
    server.says("/members", (200, "OK", {"members": members}))
    assert "being read" in tool.post(f"{home}course/roster", course).text
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 1
    assert "(left the course)" in tool.get(f"{home}course/").text
    assert "From the roster" not in tool.get(home).text


def test_a_roster_that_the_lms_does_not_give_says_why(tool: Tool) -> None:
    server = tool.moodle.server
    server.says("/token", (400, "Bad Request", {"error": "invalid_scope"}))
    server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    home = tool.launch(
        "launch-resource-teacher", **{NRPS: {"context_memberships_url": f"{server.url}/members"}}
    ).location
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 0
    assert "contextmembership" in tool.get(f"{home}course/").text
    page = tool.get(home)
    assert "The roster of this course was not read:" in page.text
    assert "contextmembership" in page.text and "It is read again on" in page.text
    assert "the turn of the administrator of your LMS" in page.text
    without = tool.launch(
        "launch-resource-teacher", **{f"{CLAIM_PREFIX}context": {"id": "66"}, NRPS: ...}
    ).location
    page = tool.get(f"{without}course/")
    assert "does not offer the roster" in page.text
    assert tool.post(f"{without}course/roster", page).status_code == 400


@pytest.mark.parametrize(
    ("answer", "turn"),
    [
        ((503, "Service Unavailable", ""), "You need not do anything."),
        ((403, "Forbidden", ""), "the turn of the administrator of your LMS"),
        ((200, "OK", {"members": "no list"}), "Whoever runs this tool"),
    ],
)
def test_after_a_first_roster_that_failed_the_page_says_whose_turn_it_is(
    tool: Tool, answer: Any, turn: str
) -> None:
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    server.says("/members", answer)
    home = tool.launch(
        "launch-resource-teacher", **{NRPS: {"context_memberships_url": f"{server.url}/members"}}
    ).location
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 0
    assert turn in tool.get(home).text
    assert turn in tool.get(f"{home}course/").text


def test_how_far_a_first_roster_has_come_is_shown(tool: Tool) -> None:
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    following = {"Link": f'<{server.url}/members?page=2>; rel="next"'}
    two = [{"user_id": str(number), "roles": ["Learner"]} for number in (900, 901)]
    server.says("/members", (200, "OK", {"members": two}, following), (503, "Busy", ""))
    home = tool.launch(
        "launch-resource-teacher", **{NRPS: {"context_memberships_url": f"{server.url}/members"}}
    ).location
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 0
    assert "was not read" in tool.get(home).text, "it says what happened"
    tool.sql("UPDATE lti_tool.roster_run SET reason = ''")
    assert "is being read: 2 people on 1 page so far." in tool.get(home).text


def test_a_teacher_makes_renames_and_removes_columns(tool: Tool) -> None:
    server, kept = tool.moodle.server, dict[str, dict[str, Any]]()
    server.says("/token", (200, "OK", {"access_token": "t"}))
    server.says("/api/v1/figures", (200, "OK", {"figures": []}))

    def items(asked: Any) -> Any:
        import json
        from urllib.parse import parse_qs

        method, url, _, body = asked
        if method == "GET":
            wanted = parse_qs(urlsplit(url).query)["resource_id"][0]
            return (200, "OK", [one for one in kept.values() if one["resourceId"] == wanted])
        made = {**json.loads(body), "id": f"{server.url}/items/{len(kept)}"}
        kept[made["id"]] = made
        server.says(urlsplit(made["id"]).path, item)
        return (201, "Created", made)

    def item(asked: Any) -> Any:
        import json

        address = f"{server.url}{asked[1]}"
        if asked[0] == "DELETE":
            return (204, "No Content", "") if kept.pop(address, None) else (404, "Not Found", "")
        if address not in kept:
            return (404, "Not Found", "")
        if asked[0] == "PUT":
            kept[address] = json.loads(asked[3])
        return (200, "OK", kept[address])

    server.says("/items", items)
    endpoint = {
        "scope": [f"{SCOPE}lineitem", f"{SCOPE}lineitem.readonly", f"{SCOPE}score"],
        "lineitems": f"{server.url}/items",
    }
    home = tool.launch("launch-resource-teacher", **{AGS: endpoint}).location
    page = tool.get(f"{home}course/")
    for _ in range(2):
        page = tool.post(f"{home}course/columns", page)
        assert "Every check has its column" in page.text
    assert len(kept) == 5, "made once, found again after that"
    place = tool.sql("SELECT place, url FROM lti_tool.line_item ORDER BY place LIMIT 1")[0]
    renamed = tool.post(
        f"{home}course/columns/rename", page, place=place.place, label="  A  better name "
    )
    assert "A better name" in renamed.text
    assert kept[place.url]["label"] == "A better name"
    assert kept[place.url]["resourceId"].startswith("phishing-response/")
    assert (
        tool.post(f"{home}course/columns/rename", page, place=place.place, label=" ").status_code
        == 400
    )
    assert (
        tool.post(f"{home}course/columns/rename", page, place="of nobody", label="x").status_code
        == 404
    )
    assert tool.post(f"{home}course/columns/remove", page, place=place.place).status_code == 400, (
        "not without being sure"
    )
    assert (
        "The column is removed"
        in tool.post(f"{home}course/columns/remove", page, place=place.place, sure="1").text
    )
    assert len(kept) == 4


def test_a_course_page_is_for_who_teaches(tool: Tool) -> None:
    home = tool.launch().location
    for path in ("course/", "pick", "admin/"):
        assert tool.get(home + path).status_code in (403, 404)
    for path in (
        "course/roster",
        "course/columns",
        "course/grades/1",
        "admin/invites",
        "admin/platforms/1/status",
        "certifications",
    ):
        assert tool.post(home + path, tool.get(home)).status_code in (403, 404), path


def test_courses_of_two_deployments_are_two(tool: Tool) -> None:
    tool.sql("UPDATE lti_tool.platform_registration SET approve_deployments = true")
    activity(tool, "5", "1", "x")
    tool.launch(
        "launch-resource-teacher",
        **{
            f"{CLAIM_PREFIX}deployment_id": "other",
            f"{CLAIM_PREFIX}context": {"id": "5", "title": "Same id"},
        },
    )
    assert {row.key for row in tool.sql("SELECT key FROM lti_tool.course")} == {
        f'["{DEPLOYMENT_ID}", "5"]',
        '["other", "5"]',
    }


# --- a teacher sees the own courses
# -------------------------------------------------------------------------------------------------


def test_a_teacher_sees_figures_of_the_own_courses_people_and_of_nobody_else(tool: Tool) -> None:
    """The whole programme's figures and names stood open to who teaches one course of it."""
    server = tool.moodle.server
    server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    server.says("/api/v1/reports", (200, "OK", {"reports": [], "dimensions": {}}))
    tool.launch()
    tool.launch(
        "launch-resource-student3-cjk",
        **{f"{CLAIM_PREFIX}context": {"id": "77", "title": "Another course"}},
    )
    mine, other = (
        tool.sql("SELECT person_id FROM lti_tool.identity WHERE subject = :s", s=s)[0][0]
        for s in ("5", capture("launch-resource-student3-cjk")["claims"]["sub"])
    )
    certification.certify_person(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        person_id=other,
        programme="phishing-response",
        certified_at=NOW,
        now=NOW,
    )
    episodes = dict(tool.sql("SELECT person_id, id FROM lti_tool.episode"))
    server.requests.clear()
    home = tool.launch("launch-resource-teacher").location
    page = tool.get(home)
    assert "For the people in your courses" in page.text
    assert server.bodies("/api/v1/figures") == [{"episodes": [str(episodes[mine])]}]
    assert server.count("/api/v1/alarms") == 0, "an alarm is of the whole programme"
    assert tool.get(f"{home}reports/roi").status_code == 403
    assert tool.get(f"{home}reports/roi.csv").status_code == 403
    assert "reports/roi" not in page.text and "reports/items" in page.text
    tool.get(f"{home}reports/items")
    assert server.bodies("/api/v1/reports") == [{"episodes": [str(episodes[mine])]}]
    tool.grant_to("3", "training manager")
    server.requests.clear()
    tool.get(f"{home}figures")
    assert [
        method for method, path, _, _ in server.requests if path.startswith("/api/v1/figures")
    ] == ["GET"], "who runs the programme sees all of it"
