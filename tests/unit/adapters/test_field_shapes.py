"""What products write and take, as their public code and the reports of others have it. Each case
names its source; none of these products was tried.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.lms import (
    ContentItem,
    Grade,
    LineItem,
    ResponseVerdict,
    Role,
    ToolFacts,
    detect_family,
    dialect_for,
)
from adapters.lms import claims as claims_reader
from adapters.lms.canvas import hosted_endpoints
from adapters.lms.standard import SCORE_SCOPE
from core.http_client import OutsideResponse
from core.translations import choose_language

CLAIM = claims_reader.CLAIM_PREFIX
DEEP_LINKING = claims_reader.DEEP_LINKING_PREFIX
LIS = "http://purl.imsglobal.org/vocab/lis/v2/"
MEMBERSHIP = f"{LIS}membership#"
TOOL = ToolFacts("https://tool.example", "Carryover", "")
GRADE = Grade("5", 4, 5, datetime(2026, 11, 30, 10, 15, 30, 123_456, tzinfo=UTC))
standard = dialect_for("standard")

# --- Chamilo: chamilo/chamilo-lms, plugin/ims_lti; each test names file and commit
# ---------------------------------------------------------------------------------

CHAMILO = "https://campus.example/plugin/ims_lti"
CHAMILO_ITEMS = f"{CHAMILO}/ags2.php/7/lineitems?t=3"
CHAMILO_ITEM = f"{CHAMILO}/ags2.php/7/lineitems/2?t=3"
chamilo = dialect_for("chamilo")


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (chamilo.score(CHAMILO_ITEM, GRADE, "t"), "lis.v1.score"),
        (chamilo.create_line_item(CHAMILO_ITEMS, LineItem("x", 5, "r", "t"), "t"), "lineitem"),
        (
            chamilo.update_line_item(LineItem("x", 5, "r", "t", CHAMILO_ITEM), "t"),
            "lis.v2.lineitem",
        ),
        (chamilo.delete_line_item(CHAMILO_ITEM, "t"), "lis.v2.lineitem"),
    ],
    ids=["score", "new column", "changed column", "removed column"],
)
def test_chamilo_takes_no_request_without_its_media_type(request_: Any, kind: str) -> None:
    """src/Service/Resource/LtiScoresResource.php@68c3fce, LtiLineItemsResource.php@3846609 and
    LtiLineItemResource.php@3846609, validate(): any other Accept, and none, is answered with 415.
    """
    assert kind in request_.headers["Accept"]
    assert request_.headers["Accept"].count("/") == 1


def test_the_scores_of_a_chamilo_column_lie_before_its_query() -> None:
    """src/Service/LtiAssignmentGradesService.php@dd37754 getResource reads the path alone."""
    assert chamilo.score(CHAMILO_ITEM, GRADE, "t").url == (
        f"{CHAMILO}/ags2.php/7/lineitems/2/scores?t=3"
    )


def test_the_columns_of_chamilo_are_asked_for_without_a_filter_that_finds_none() -> None:
    """Entity/ImsLtiTool.php@1f8c92f getLineItems compares resource_id with the tool's number."""
    assert chamilo.find_line_items(CHAMILO_ITEMS, "t", resource_id="x/1w").url == CHAMILO_ITEMS


def test_two_things_chosen_for_chamilo_have_two_addresses() -> None:
    """ImsLtiPlugin.php@1f8c92f saveItemAsLtiLink: an item with the address of an earlier one of the
    course takes its place."""
    urls = {
        chamilo.content_item(ContentItem("x", "", {"programme": "p", "page": page}), TOOL)["url"]
        for page in ("today", "check-1w")
    }
    assert urls == {
        "https://tool.example/lti/launch?programme=p&page=today",
        "https://tool.example/lti/launch?programme=p&page=check-1w",
    }


def test_chamilo_is_known_by_its_address() -> None:
    """auth.php@dab2eaf names the product in another member (family_code)."""
    assert detect_family("", "https://campus.example", f"{CHAMILO}/auth.php") == "chamilo"


@pytest.mark.parametrize(
    ("roles", "expected", "administers"),
    [
        (["membership#Learner", "institution/person#Student"], Role.LEARNER, False),
        (["membership#Instructor", "institution/person#Instructor"], Role.TEACHER, False),
        (["membership#Mentor", "institution/person#Mentor"], Role.MENTOR, False),
        (
            [
                *("institution/person#Instructor", "membership#Instructor"),
                *("institution/person#Administrator", "system/person#SysAdmin"),
            ],
            Role.TEACHER,
            True,
        ),
    ],
)
def test_roles_of_chamilo(roles: list[str], expected: Role, administers: bool) -> None:
    """ImsLtiPlugin.php@1f8c92f getRoles; each with system/person#User before it."""
    sent = [f"{LIS}system/person#User", *(f"{LIS}{role}" for role in roles)]
    assert chamilo.rights.course_role(sent) is expected
    assert chamilo.rights.administers(sent, {}) is administers


def test_a_result_of_chamilo_names_the_person_by_number() -> None:
    """src/Service/Resource/LtiResultsResource.php@07c6f1a getGetData."""
    body = [{"userId": 5, "resultScore": 4.0, "resultMaximum": 5.0, "comment": None}]
    assert chamilo.read_result(body, "5").score == 4
    assert chamilo.read_results(body) == [("5", 0.8)]


# --- ILIAS, OpenOlat, Sakai, Blackboard
# ---------------------------------------------------------------------------------


def launched(**changes: Any) -> Any:
    base = {
        "sub": "5",
        f"{CLAIM}message_type": "LtiResourceLinkRequest",
        f"{CLAIM}version": "1.3.0",
        f"{CLAIM}deployment_id": "2",
        f"{CLAIM}target_link_uri": "https://tool.example/lti/launch",
        f"{CLAIM}roles": [f"{MEMBERSHIP}Learner"],
        f"{CLAIM}resource_link": {"id": "1"},
    }
    return claims_reader.read_launch({**base, **changes})


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"name": "-", "given_name": "-", "family_name": "-"}, ""),
        ({"name": "Ada", "given_name": "Ada", "family_name": "-"}, "Ada"),
        ({"name": "-", "given_name": "-", "family_name": "Dr. Lovelace"}, "Dr. Lovelace"),
        ({"name": "Ada Lovelace-King"}, "Ada Lovelace-King"),
        ({"family_name": "عبد الله"}, "عبد الله"),
        ({"name": None, "email": "ada@example.org"}, ""),
    ],
)
def test_a_name_that_ilias_does_not_share_is_none(named: dict[str, Any], expected: str) -> None:
    """ILIAS-eLearning/ILIAS components/ILIAS/LTIConsumer/classes/class.ilObjLTIConsumer.php@0b9f976
    buildLaunchParametersLTI13; an e-mail without a name: UM-USElab/gradecraft-development#2854."""
    assert launched(**named).name == expected
    (member,), _ = standard.read_members({"members": [{"user_id": "5", **named}]})
    assert member.name == expected


def test_ilias_asks_for_content_without_an_address_and_with_empty_sizes() -> None:
    """class.ilObjLTIConsumer.php@0b9f976 buildContentSelectionParameters and LTISignJWT: no
    target_link_uri, width and height are empty texts."""
    launch = launched(
        **{
            f"{CLAIM}message_type": "LtiDeepLinkingRequest",
            f"{CLAIM}roles": [f"{MEMBERSHIP}Instructor"],
            f"{CLAIM}launch_presentation": {"width": "", "height": "", "locale": "de"},
            f"{CLAIM}context": {"id": "82", "type": ["CourseSection"], "label": "x 82"},
            f"{DEEP_LINKING}deep_linking_settings": {
                "accept_types": ["ltiResourceLink"],
                "accept_presentation_document_targets": ["embed", "iframe", "window"],
                "accept_multiple": True,
                "deep_link_return_url": "https://ilias.example/ltidlreturn.php",
            },
        }
    )
    assert launch.deep_linking is not None and launch.deep_linking.several
    assert (launch.locale, launch.role) == ("de", Role.TEACHER)


def test_sakai_wrote_all_roles_of_a_member_as_one_text() -> None:
    """sakaiproject/sakai pull request 14555; LTI13Servlet.java@08ef594 handleNamesAndRoles."""
    for short, role in (("Instructor", Role.TEACHER), ("Learner", Role.LEARNER)):
        entry = {"user_id": "5", "roles": [f"{short},{MEMBERSHIP}{short}"]}
        (member,), _ = dialect_for("sakai").read_members({"members": [entry]})
        assert member.role is role


def test_openolat_writes_roles_of_a_roster_in_capitals() -> None:
    """OpenOLAT/OpenOLAT LTI13PlatformDispatcherDelegate.java@a56d7f2 handleNrps: learners alone, by
    the name of an enumeration's member."""
    entry = {"user_id": "131072", "status": "Active", "roles": ["LEARNER"], "name": "Ada"}
    (member,), _ = dialect_for("openolat").read_members({"members": [entry]})
    assert (member.role, member.active) == (Role.LEARNER, True)


def test_openolat_is_known_by_its_address() -> None:
    """LTI13Dispatcher.java@bfd4595; Canvas and Brightspace have longer ones."""
    assert detect_family("", "https://olat.example", "https://olat.example/lti/auth") == "openolat"
    for other in ("https://x.example/api/lti/authorize_redirect", "https://x.example/lti/authn"):
        assert detect_family("", "https://x.example", other) == "standard"


def test_blackboard_says_of_a_score_that_it_passes_over_that_it_has_no_content() -> None:
    """blackboard/BBDN-LTI-Tool-Provider-Node, pull request 162."""
    blackboard = dialect_for("blackboard")
    assert blackboard.outcome(204, "", {}, b"").verdict is ResponseVerdict.NOT_NEWER
    assert blackboard.outcome(200, "", {}, b"").verdict is ResponseVerdict.ACCEPTED
    assert standard.outcome(204, "", {}, b"").verdict is ResponseVerdict.ACCEPTED


def test_a_member_of_blackboard_with_a_message_that_is_no_list_is_read() -> None:
    """blackboard/BBDN-LTI-Tool-Provider-Node, pull request 141."""
    kind = {f"{CLAIM}message_type": "LtiResourceLinkRequest"}
    entry = {"user_id": "5", "roles": [f"{MEMBERSHIP}Learner"], "message": kind}
    members, skipped = standard.read_members({"members": [entry]})
    assert (len(members), skipped) == (1, 0)


# --- reports
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "why",
    [
        "dmitry-viskov/pylti1.3#14: Blackboard refuses a time without a zone",
        "packbackbooks/lti-1-3-php-library#104: Schoology refuses one without parts of a second",
        "ILIAS-eLearning/ILIAS#7044: ILIAS reads Y-m-d\\TH:i:s.vP alone: three digits",
        "1EdTech/lti-1-3-php-library#49: AGS asks for both",
    ],
)
def test_the_time_of_a_score_is_one_that_all_of_them_read(why: str) -> None:
    body = json.loads(standard.score("https://lms.example/1", GRADE, "t").body or b"")
    assert body["timestamp"] == "2026-11-30T10:15:30.123Z", why


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("de_DE", "de"),  # Sakai before sakaiproject/sakai#14712
        ("de-CH-x-lvariant-xx", "de"),  # Java's toLanguageTag, since that pull request
        ("fr-FR-u-ca-buddhist", "fr"),
        ("de_kids", "de"),  # packs of Moodle's languages
        ("es_mx_kids", "es"),
        ("de_kids_wp", "de"),
        ("de-at", "de"),  # lower case: Brightspace (docs/lms/d2l.md)
        ("en-US-x-private", "en"),
        ("zh-Hant-TW", "en"),
        ("", "en"),
    ],
)
def test_the_language_of_a_launch(locale: str, expected: str) -> None:
    """dodona-edu/dodona#2266 asks for the launch's language. Codes of Moodle: docs/lms/moodle.md;
    es_mx_kids stands in the header of a published language pack."""
    assert choose_language([locale]) == expected


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        # Blackboard's own words in dmitry-viskov/pylti1.3#14.
        (
            400,
            {"status": 400, "message": "JSON parse error: Invalid date string"},
            "Invalid date string",
        ),
        # openedx/xblock-lti-consumer plugin/views.py@e86791e: Django REST framework's own forms.
        (403, {"detail": "You do not have permission to perform this action."}, "permission"),
        (400, {"scoreMaximum": ["This field is required."]}, "scoreMaximum: This field is"),
        # The same, list of a context's memberships.
        (
            403,
            {"error": "above_response_limit", "explanation": "The number of retrieved users is"},
            "The number of retrieved users",
        ),
        # chamilo/chamilo-lms plugin/ims_lti/ags2.php@f87f5fe.
        (415, {"status": 415, "message": "Unsupported media type.", "request": {}}, "Unsupported"),
        # ILIAS-eLearning/ILIAS class.ilLTIConsumerGradeServiceLineItems.php@300f0b6: in the phrase.
        (404, None, "Context not found"),
    ],
)
def test_why_an_lms_refused_is_told_in_its_own_words(status: int, body: Any, said: str) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    words = str(standard.outcome(status, "Context not found", {}, content).words)
    assert said in words


def test_a_byte_order_mark_before_json_is_passed_over() -> None:
    """instructure/canvas-lms#2639: key sets that .NET writes begin with one, and nobody sees it."""
    answer = OutsideResponse(200, "OK", {}, b'\xef\xbb\xbf{"keys": []}')
    assert answer.json() == {"keys": []}


def test_the_canvas_for_tests_has_addresses_of_its_own() -> None:
    """Cvmcosta/ltijs#118, doldsimo/lti-1.3-canvas-lms#3: registered with those of production, or
    without its own issuer, nothing opens."""
    for issuer, host in (
        ("https://canvas.test.instructure.com", "https://sso.test.canvaslms.com"),
        ("https://canvas.beta.instructure.com", "https://sso.beta.canvaslms.com"),
    ):
        assert detect_family("", issuer, "") == "canvas"
        assert all(url.startswith(host) for url in hosted_endpoints(issuer).values())


def test_the_scores_that_chamilo_does_not_name_are_its_own_affair() -> None:
    """src/Service/LtiAssignmentGradesService.php@dd37754 getAllowedScopes; auth.php@dab2eaf."""
    assert chamilo.unnamed_scopes == {SCORE_SCOPE}
    assert not standard.unnamed_scopes
