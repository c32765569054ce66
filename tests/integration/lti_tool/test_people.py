"""The list of people: a look first, then all or nothing; launches find who is on it; roles open
what they open.
"""

from __future__ import annotations

import io
import json
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest

from adapters.lms.claims import CLAIM_PREFIX
from lrs.vocabulary import EXTENSIONS, VERBS
from lti_tool.launch import visits
from lti_tool.people import directory as directing
from lti_tool.people import directory_store, people_import
from lti_tool.programmes import certification_import
from tests.support.listed_people import LIST, NOW, grant, person, take
from tests.support.tool import Tool


def test_a_look_changes_nothing_and_taking_it_over_does(tool: Tool) -> None:
    before = tool.rows("person")
    report = take(tool, LIST, apply=False)
    assert report.counts == {"new": 3} and not report.applied and tool.rows("person") == before
    assert take(tool, LIST).applied
    one, eight = person(tool, "E1"), person(tool, "E8")
    assert one.mentor_id == eight.id and one.working_days == [1, 2, 3, 4] and one.team == "North"
    assert take(tool, LIST).counts == {"same": 3}, "taken over again, nothing changes"
    moved = take(tool, LIST.replace(b"North,Berlin,clerk", b"South,Berlin,clerk"))
    assert [
        (line.outcome, str(line.text)) for line in moved.lines if line.who == "Learner one"
    ] == [("changed", "team")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            b"E2,Two,two@example.org,nobody@example.org,,,,,,\n",
            "neither in this file nor on the list",
        ),
        (b"E2,Two,two@example.org,E2,,,,,,\n", "own manager"),
        (b"E2,Two,one@example.org,,,,,,,\n", "stands in line 2"),
        (b"E2,Two,two@example.org,,,,,,Mars/Base,\n", "no time zone"),
    ],
)
def test_one_wrong_line_keeps_all_of_the_file_out(tool: Tool, line: bytes, words: str) -> None:
    before = tool.rows("person")
    report = take(tool, LIST + line)
    assert not report.applied and tool.rows("person") == before
    assert words in next(
        str(one.text) for one in report.lines if one.outcome == "wrong" and one.line == 5
    )


def test_two_lines_of_one_person_are_told(tool: Tool) -> None:
    take(tool, LIST)
    report = take(tool, b"id,name,email\nE1,Learner one,\n,Learner one,one@example.org\n")
    assert (
        "line 2" in next(str(one.text) for one in report.lines if one.outcome == "wrong")
        and not report.applied
    )


def test_a_list_of_two_thousand_people_is_taken_over(tool: Tool) -> None:
    content = "id,name,email\n" + "".join(
        f"N{n},Learner {n},n{n}@example.org\n" for n in range(2000)
    )
    assert take(tool, content.encode()).counts == {"new": 2000}
    assert take(tool, content.encode()).counts == {"same": 2000}


def test_an_address_of_somebody_else_on_the_list_is_not_taken(tool: Tool) -> None:
    take(tool, LIST)
    report = take(tool, b"id,email\nE7,one@example.org\n")
    assert "belongs to somebody else" in str(report.lines[0].text) and not report.applied


def lis(sourced_id: str) -> dict[str, Any]:
    return {f"{CLAIM_PREFIX}lis": {"person_sourcedid": sourced_id}}


def whose(tool: Tool, subject: str) -> uuid.UUID:
    found: uuid.UUID = tool.sql(
        "SELECT person_id FROM lti_tool.identity WHERE subject = :subject", subject=subject
    )[0][0]
    return found


def test_a_launch_finds_the_person_as_the_registration_lets_it(tool: Tool) -> None:
    """By id, by an address, by a parameter of the whole registration: each only where an
    administrator switched it on.
    """
    take(tool, LIST)
    take(
        tool, b"id,name,email\nE6,Learner six,six@example.org\nE7,Learner seven,seven@example.org\n"
    )
    tool.launch("launch-resource-student1", sub="80", email="x@example.org", **lis("E1"))
    tool.launch(
        "launch-resource-student1",
        sub="81",
        email="seven@example.org",
        **{f"{CLAIM_PREFIX}lis": ...},
    )
    assert (
        whose(tool, "80") != person(tool, "E1").id and whose(tool, "81") != person(tool, "E7").id
    ), "nobody, until it is switched on"
    tool.lets_say("id")
    tool.launch("launch-resource-student1", sub="90", email="x@example.org", **lis("E1"))
    assert whose(tool, "90") == person(tool, "E1").id
    tool.launch(
        "launch-resource-student1",
        sub="82",
        email="seven@example.org",
        **{f"{CLAIM_PREFIX}lis": ...},
    )
    assert whose(tool, "82") != person(tool, "E7").id, "not by an address"
    tool.launch(
        "launch-resource-student1",
        sub="83",
        email="y@example.org",
        **{f"{CLAIM_PREFIX}custom": {"person_id": "E6"}, f"{CLAIM_PREFIX}lis": ...},
    )
    assert whose(tool, "83") != person(tool, "E6").id, (
        "not by a parameter that a teacher may have typed"
    )
    tool.lets_say("id or address", wide_parameter=True)
    tool.launch(
        "launch-resource-student1",
        sub="83",
        email="y@example.org",
        **{f"{CLAIM_PREFIX}custom": {"person_id": "E6"}, f"{CLAIM_PREFIX}lis": ...},
    )
    assert (
        tool.sql("SELECT sourced_id FROM lti_tool.identity WHERE subject = '83'")[0][0] == "E6"
    ), "who was met before can be suggested now"
    tool.launch(
        "launch-resource-student1",
        sub="91",
        email="y@example.org",
        **{f"{CLAIM_PREFIX}custom": {"person_id": "E6"}, f"{CLAIM_PREFIX}lis": ...},
    )
    assert whose(tool, "91") == person(tool, "E6").id
    tool.launch(
        "launch-resource-student1",
        sub="92",
        email="SEVEN@example.org",
        **{f"{CLAIM_PREFIX}lis": ...},
    )
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        assert (
            directory_store.get_profile(connection, tool.tenant_id, whose(tool, "92")).name
            == "Learner seven"
        ), "the list's name stays"
    assert dict(
        tool.sql(
            "SELECT subject, joined_by FROM lti_tool.identity WHERE subject IN ('90', '91', '92')"
        )
    ) == {"90": "id", "91": "parameter", "92": "address"}


def test_a_parameter_typed_by_hand_does_not_make_a_class_one_person(tool: Tool) -> None:
    """A teacher who writes person_id=E1 into an activity would make everybody in it the same
    person.
    """
    take(tool, LIST)
    tool.lets_say("id", wide_parameter=True)
    for subject in ("90", "91"):
        tool.launch(
            "launch-resource-student1",
            sub=subject,
            email=f"{subject}@example.org",
            **{f"{CLAIM_PREFIX}custom": {"person_id": "E1"}, f"{CLAIM_PREFIX}lis": ...},
        )
    assert whose(tool, "90") != whose(tool, "91")


@pytest.mark.parametrize(
    "claims",
    [
        lis("E8"),
        {f"{CLAIM_PREFIX}custom": {"person_id": "E8"}, f"{CLAIM_PREFIX}lis": ...},
        {"email": "eight@example.org", f"{CLAIM_PREFIX}lis": ...},
    ],
)
def test_no_claim_makes_anybody_a_mentor(tool: Tool, claims: dict[str, Any]) -> None:
    """E8 is somebody's mentor: whoever says E8, in whichever way, does not read what that learner
    handed in.
    """
    take(tool, LIST)
    tool.lets_say("id or address", wide_parameter=True)
    tool.launch("launch-resource-student1", **{"sub": "91", "email": "y@example.org", **claims})
    assert whose(tool, "91") != person(tool, "E8").id


def test_whoever_becomes_a_leader_later_confirms_it_before_the_pages_of_leaders_open(
    tool: Tool,
) -> None:
    take(tool, LIST)
    tool.lets_say("id")
    home = tool.launch("launch-resource-student1", sub="90", **lis("E1")).location
    assert (
        whose(tool, "90") == person(tool, "E1").id and tool.get(f"{home}today").status_code == 200
    )
    take(tool, b"id,name,manager\nE5,Five,E1\n")
    for path in ("", "today", "inbox", "team"):
        page = tool.get(f"{home}{path}")
        assert (
            page.request.path.endswith("/confirm") and "Your course says who you are" in page.text
        ), path
    directing.grant_role(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        person_id=person(tool, "E1").id,
        role="training manager",
        who="test",
    )
    assert tool.get(f"{home}people/").request.path.endswith("/confirm"), (
        "a role that was given does not open by a claim either"
    )


def test_a_second_claimant_is_an_alert_and_changes_nothing_for_the_first(tool: Tool) -> None:
    take(tool, LIST)
    tool.lets_say("id")
    home = tool.launch("launch-resource-student1", sub="90", **lis("E1")).location
    tool.launch("launch-resource-student1", sub="666", **lis("E1"))
    assert (whose(tool, "90"), whose(tool, "666") == person(tool, "E1").id) == (
        person(tool, "E1").id,
        False,
    )
    assert tool.get(home).status_code == 200
    (told,) = tool.sql("SELECT act, details FROM lti_tool.audit WHERE act LIKE 'was asked for%'")
    assert (told.details["user"], told.details["person"]) == ("666", str(person(tool, "E1").id))
    tool.launch("launch-resource-student1", sub="666", **lis("E1"))
    assert len(tool.sql("SELECT 1 FROM lti_tool.audit WHERE act LIKE 'was asked for%'")) == 1, (
        "once, not with each launch"
    )
    assert "user 666" in tool.get(f"{administrator(tool)}people/joins").text, (
        "and administrators see it where they look after joins"
    )


def test_nobody_leads_because_an_lms_says_the_address_of_a_manager(tool: Tool) -> None:
    """A list names a manager by an address that is not on it: whoever says that address in an LMS
    is not meant.
    """
    tool.lets_say("id or address")
    home = tool.launch(
        "launch-resource-student1",
        sub="666",
        email="boss@example.org",
        **{f"{CLAIM_PREFIX}lis": ...},
    ).location
    report = take(tool, b"id,name,email,manager\nE1,Learner one,one@example.org,boss@example.org\n")
    assert not report.applied and "neither in this file nor on the list" in str(
        report.lines[0].text
    )
    assert tool.get(f"{home}team").status_code == 403


def test_a_second_claimant_does_not_stand_in_the_way_of_a_list_by_address(tool: Tool) -> None:
    take(tool, LIST)
    tool.lets_say("id or address")
    tool.launch(
        "launch-resource-student1", sub="90", email="one@example.org", **{f"{CLAIM_PREFIX}lis": ...}
    )
    tool.launch(
        "launch-resource-student1",
        sub="666",
        email="one@example.org",
        **{f"{CLAIM_PREFIX}lis": ...},
    )
    assert take(tool, b"name,email,team\nLearner one,one@example.org,South\n").applied
    assert person(tool, "E1").team == "South" and person(tool, "E1").id == whose(
        tool, "90"
    ) != whose(tool, "666")


def test_a_code_is_not_read_in_what_is_stored_about_a_person_whom_somebody_claims_to_be(
    tool: Tool,
) -> None:
    take(tool, LIST)
    tool.lets_say("id")
    home = tool.launch("launch-resource-student1", sub="666", **lis("E1")).location
    tool.post(f"{home}confirm", tool.get(f"{home}confirm"), act="mail", email="one@example.org")
    data = tool.get(f"{home}me/data.json").text
    assert code_for(tool, "one@example.org") not in data and "code_hash" not in data


def test_whoever_is_certified_already_goes_on_after_the_code(tool: Tool) -> None:
    take(tool, LIST)
    home = tool.launch(
        "launch-resource-student1", email="private@example.org", **{f"{CLAIM_PREFIX}lis": ...}
    ).location
    met = whose(tool, "5")
    tool.post(f"{home}confirm", tool.get(f"{home}confirm"), act="mail", email="one@example.org")
    done = tool.post(
        f"{home}confirm",
        tool.get(f"{home}confirm"),
        act="code",
        code=code_for(tool, "one@example.org"),
    )
    assert done.status_code == 200 and "Your checks" in done.text
    assert person(tool, "E1").id == met and tool.get(f"{home}today").status_code == 200


def test_one_decision_confirms_one_user_and_no_other(tool: Tool) -> None:
    take(tool, LIST)
    tool.lets_say("id")
    tool.launch("launch-resource-student1", sub="90", **lis("E1"))
    home = administrator(tool)
    tool.launch(
        "launch-resource-student1", sub="91", email="x@example.org", **{f"{CLAIM_PREFIX}lis": ...}
    )
    page = tool.get(f"{home}people/?unmatched=1")
    refused = tool.post(f"{home}people/join", page, met=str(whose(tool, "91")), external_id="E1")
    assert refused.status_code == 409 and "Take that join back first" in refused.text
    assert tool.sql("SELECT joined_by FROM lti_tool.identity WHERE subject = '90'")[0][0] == "id"
    nothing = tool.post(f"{home}people/joins", tool.get(f"{home}people/joins"), act="agree")
    assert nothing.status_code == 400 and "Tick the joins" in nothing.text


def code_for(tool: Tool, email: str) -> str:
    """The code of the newest mail to this address, as its reader sees it."""
    words = tool.sql(
        "SELECT m.words FROM lti_tool.mail m JOIN lti_tool.person p ON p.id = m.person_id WHERE "
        "p.email = :email ORDER BY m.id DESC LIMIT 1",
        email=email,
    )
    found = re.search(r"\b\d{8}\b", words[0][0])
    assert found
    return found[0]


def test_whom_a_launch_cannot_join_proves_it_by_a_mail_to_the_lists_address(tool: Tool) -> None:
    take(tool, LIST)
    home = tool.launch(
        "launch-resource-student1",
        sub="90",
        name="Somebody",
        email="private@example.org",
        **{f"{CLAIM_PREFIX}lis": ...},
    ).location
    page = tool.get(home)
    assert "Are you on your organisation" in page.text
    page = tool.get(f"{home}confirm")
    asked = tool.post(f"{home}confirm", page, act="mail", email="ONE@example.org")
    unknown = tool.post(f"{home}confirm", page, act="mail", email="nobody@example.org")
    told = re.compile(r'<p role="status">[^<]*</p>')
    assert told.findall(asked.text) == told.findall(unknown.text) != [], (
        "nothing tells who is on the list"
    )
    code = code_for(tool, "one@example.org")
    wrong = tool.post(f"{home}confirm", page, act="code", code="00000000")
    assert wrong.status_code == 400 and "This code is none" in wrong.text
    other = tool.stranger()
    done = tool.post(f"{home}confirm", page, act="code", code=f"{code[:4]} {code[4:]}")
    assert done.status_code == 200 and whose(tool, "90") == person(tool, "E1").id
    assert tool.sql("SELECT joined_by FROM lti_tool.identity WHERE subject = '90'")[0][0] == "mail"
    assert tool.rows("join_code") == 0, "each works once"
    assert other is not tool.browser


def test_a_code_that_was_mailed_for_one_user_joins_no_other(tool: Tool) -> None:
    take(tool, LIST)
    mine = tool.launch(
        "launch-resource-student1", sub="90", email="a@example.org", **{f"{CLAIM_PREFIX}lis": ...}
    ).location
    tool.post(f"{mine}confirm", tool.get(f"{mine}confirm"), act="mail", email="eight@example.org")
    code = code_for(tool, "eight@example.org")
    theirs = tool.launch(
        "launch-resource-student1", sub="91", email="b@example.org", **{f"{CLAIM_PREFIX}lis": ...}
    ).location
    page = tool.get(f"{theirs}confirm")
    assert tool.post(f"{theirs}confirm", page, act="code", code=code).status_code == 400
    assert (
        tool.post(f"{mine}confirm", tool.get(f"{mine}confirm"), act="code", code=code).status_code
        == 200
    )
    assert whose(tool, "90") == person(tool, "E8").id, "and a mentor who proved it is the mentor"
    assert tool.get(f"{mine}inbox").status_code == 200
    again = tool.launch(
        "launch-resource-student1", sub="92", email="c@example.org", **{f"{CLAIM_PREFIX}lis": ...}
    ).location
    tool.post(f"{again}confirm", tool.get(f"{again}confirm"), act="mail", email="eight@example.org")
    refused = tool.post(
        f"{again}confirm",
        tool.get(f"{again}confirm"),
        act="code",
        code=code_for(tool, "eight@example.org"),
    )
    assert refused.status_code == 409 and whose(tool, "90") == person(tool, "E8").id, (
        "the second changes nothing for the first"
    )


def test_codes_are_not_guessed(tool: Tool) -> None:
    take(tool, LIST)
    home = tool.launch(
        "launch-resource-student1",
        sub=f"g{uuid.uuid4()}",
        email="a@example.org",
        **{f"{CLAIM_PREFIX}lis": ...},
    ).location
    page = tool.get(f"{home}confirm")
    answers = [
        tool.post(f"{home}confirm", page, act="code", code=f"{n:08}").status_code for n in range(12)
    ]
    assert answers[:10] == [400] * 10 and answers[10:] == [429, 429]


def test_a_sign_in_at_the_organisations_provider_shows_a_code_for_the_course(tool: Tool) -> None:
    take(tool, LIST)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        visit, secret = visits.begin_visit(
            connection, tool.tenant_id, person(tool, "E8").id, "", signed_in=True, now=NOW
        )
        by_mail, mail_secret = visits.begin_visit(
            connection, tool.tenant_id, person(tool, "E8").id, "", signed_in=False, now=NOW
        )
    for one, its in ((visit, secret), (by_mail, mail_secret)):
        tool.browser.set_cookie(
            f"__Host-carryover-launch-{one.hex}", its, domain="127.0.0.1", secure=True, path="/"
        )
    shown = tool.post(f"/t/{visit}/confirm", tool.get(f"/t/{visit}/confirm"), act="show")
    found = re.search(r"\b\d{8}\b", shown.text.split('role="status"')[1])
    assert found
    home = tool.launch(
        "launch-resource-student1", sub="90", email="a@example.org", **{f"{CLAIM_PREFIX}lis": ...}
    ).location
    tool.post(f"{home}confirm", tool.get(f"{home}confirm"), act="code", code=found[0])
    assert whose(tool, "90") == person(tool, "E8").id
    page = tool.get(f"/t/{by_mail}/me")
    assert tool.post(f"/t/{by_mail}/confirm", page, act="show").status_code == 403, (
        "a link that lies in a mailbox shows none"
    )


def test_whom_an_lms_named_before_becomes_the_one_of_the_list_where_it_may_say_so(
    tool: Tool,
) -> None:
    tool.launch(
        "launch-resource-student1", sub="90", email="one@example.org", **{f"{CLAIM_PREFIX}lis": ...}
    )
    tool.launch("launch-resource-student1", sub="91", email="other@example.org", **lis("E8"))
    before = whose(tool, "90"), whose(tool, "91")
    assert take(tool, LIST, apply=False).counts == {"new": 3} and not tool.sql(
        "SELECT 1 FROM lti_tool.person WHERE imported_at IS NOT NULL"
    )
    tool.lets_say("id or address")
    assert take(tool, LIST).applied
    assert (person(tool, "E1").id, person(tool, "E8").id) == before, "what they did stays theirs"
    assert dict(
        tool.sql("SELECT subject, joined_by FROM lti_tool.identity WHERE subject IN ('90', '91')")
    ) == {"90": "address", "91": "id"}


def test_a_list_takes_nobody_over_on_an_lmss_word_that_is_not_believed(tool: Tool) -> None:
    home = tool.launch(
        "launch-resource-student1", sub="666", email="boss@example.org", **lis("E8")
    ).location
    assert take(tool, LIST).applied
    assert whose(tool, "666") not in {person(tool, "E8").id, person(tool, "E1").id}
    assert tool.get(f"{home}team").status_code == 403, "and leads nobody"


def administrator(tool: Tool) -> str:
    tool.launch("launch-resource-teacher")
    tool.grant_to("3", "admin")
    return str(tool.launch("launch-resource-teacher").location)


def test_where_the_record_store_is_somebody_elses_nobody_is_to_wait_for_it(tool: Tool) -> None:
    """A store of one's own keeps no merges of ours: it will never say whom nobody knows."""
    home, never = administrator(tool), "are in its own record store"
    assert never not in tool.get(f"{home}people/joins").text
    tool.sql("UPDATE lti_tool.tenant SET lrs_url = 'https://lrs.example'")
    page = tool.get(f"{home}people/joins").text
    assert never in page
    assert "does not say right now" not in page and "Nobody unknown in what counts" not in page


def test_matches_are_confirmed_in_bulk_and_joins_are_listed_and_taken_back(tool: Tool) -> None:
    take(tool, LIST)
    learner = tool.launch(
        "launch-resource-student1",
        sub="90",
        name="Somebody",
        email="one@example.org",
        **{f"{CLAIM_PREFIX}lis": ...},
    ).location
    tool.launch(
        "launch-resource-student1", sub="91", name="Another", email="x@example.org", **lis("E8")
    )
    home = administrator(tool)
    page = tool.get(f"{home}people/joins")
    pairs = re.findall(r'name="pair" value="([^"]+)"', page.text)
    assert len(pairs) == 2, page.text
    done = tool.post(f"{home}people/joins", page, act="join", pair=pairs)
    assert "They are one person now" in done.text and 'name="pair"' not in done.text
    assert (whose(tool, "90"), whose(tool, "91")) == (person(tool, "E1").id, person(tool, "E8").id)
    assert done.text.count("decided by an administrator") == 2
    (undo,) = re.findall(r'name="undo" value="(\d+:90)"', done.text)
    back = tool.post(f"{home}people/joins", done, undo=undo)
    assert "The link is undone" in back.text and whose(tool, "90") != person(tool, "E1").id
    assert tool.get(learner).status_code == 401, "the sessions of that user end"
    assert take(tool, LIST).counts == {"same": 3} and whose(tool, "90") != person(tool, "E1").id, (
        "and no list joins them again"
    )
    acts = [row[0] for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY audit_id")]
    assert acts.count("joined a person of an LMS to the list") == 2 and "took a join back" in acts


def test_a_claimed_join_is_looked_at_and_agreed_to(tool: Tool) -> None:
    take(tool, LIST)
    tool.lets_say("id")
    tool.launch("launch-resource-student1", sub="90", **lis("E1"))
    home = administrator(tool)
    page = tool.get(f"{home}people/joins")
    (user,) = re.findall(r'name="user" value="([^"]+)"', page.text)
    done = tool.post(f"{home}people/joins", page, act="agree", user=user)
    assert "decided by an administrator" in done.text and 'name="user"' not in done.text
    take(tool, b"id,name,manager\nE5,Five,E1\n")
    learner = tool.launch("launch-resource-student1", sub="90", **lis("E1")).location
    assert not tool.get(learner).request.path.endswith("/confirm"), (
        "what an administrator agreed to is no claim any more"
    )


def test_a_join_keeps_the_certification_whichever_name_it_is_under(tool: Tool) -> None:
    """The practice learner was certified under the LMS's name; the list came later, with the mentor
    of its line.
    """
    tool.launch("launch-resource-student1", email="one@example.org", **{f"{CLAIM_PREFIX}lis": ...})
    met = whose(tool, "5")
    take(tool, LIST)
    home = administrator(tool)
    page = tool.get(f"{home}people/joins")
    (pair,) = re.findall(rf'name="pair" value="({met}:[^"]+)"', page.text)
    assert tool.post(f"{home}people/joins", page, act="join", pair=pair).status_code == 200
    joined = person(tool, "E1")
    assert (
        joined.id == met
        and joined.mentor_id == person(tool, "E8").id
        and joined.name == "Learner one"
    ), "the list's facts, under the same id"
    assert (
        tool.sql("SELECT count(*) FROM lti_tool.episode WHERE person_id = :met", met=met)[0][0] == 1
    )


def test_who_is_not_matched_is_listed_and_joined_by_hand(tool: Tool) -> None:
    take(tool, LIST)
    home = tool.launch("launch-resource-teacher").location
    grant(tool, "admin")
    tool.launch(
        "launch-resource-student1",
        sub="90",
        name="Somebody",
        email="nobody@example.org",
        **{f"{CLAIM_PREFIX}lis": ...},
    )
    home = tool.launch("launch-resource-teacher").location
    page = tool.get(f"{home}people/?unmatched=1")
    assert "Somebody" in page.text and "Learner one" not in page.text
    met = whose(tool, "90")
    tool.post(f"{home}people/join", page, met=str(met), external_id="E1")
    assert whose(tool, "90") == person(tool, "E1").id
    assert tool.sql("SELECT count(*) FROM lti_tool.person WHERE id = :met", met=met)[0][0] == 0, (
        "and is nobody on its own any more"
    )


def test_a_training_manager_gives_no_roles(tool: Tool) -> None:
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    home = tool.launch("launch-resource-teacher").location
    page = tool.get(f"{home}people/")
    assert "Assign role" not in page.text
    assert tool.get(f"{home}people/joins").status_code == 403
    assert (
        tool.post(
            f"{home}people/join", page, met=str(whose(tool, "3")), external_id="E1"
        ).status_code
        == 403
    ), "nor says who is who"
    assert (
        tool.post(
            f"{home}people/roles", page, person=str(whose(tool, "3")), role="analyst", act="grant"
        ).status_code
        == 403
    )


def test_a_list_is_taken_over_on_its_page(tool: Tool) -> None:
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    home = tool.launch("launch-resource-teacher").location
    page = tool.get(f"{home}people/")
    look = tool.post(f"{home}people/import", page, file=(io.BytesIO(LIST), "people.csv"))
    assert (
        "3 new, 0 changed" in look.text
        and tool.sql("SELECT count(*) FROM lti_tool.person WHERE imported_at IS NOT NULL")[0][0]
        == 0
    )
    kept = look.text.split('name="kept" value="')[1].split('"')[0]
    done = tool.post(f"{home}people/take", look, kept=kept)
    assert "The list is imported." in done.text and "Learner one" in done.text
    assert tool.rows("upload") == 0
    wrong = tool.post(
        f"{home}people/import", done, file=(io.BytesIO(b"colour\nred\n"), "people.csv")
    )
    assert wrong.status_code == 400 and "colour is not known" in wrong.text


@pytest.mark.parametrize("path", ["people/", "people/template.csv"])
def test_a_learner_and_a_teacher_do_not_see_the_list(tool: Tool, path: str) -> None:
    for recorded in ("launch-resource-student1", "launch-resource-teacher"):
        home = tool.launch(recorded).location
        assert tool.get(f"{home}{path}").status_code == 403


def test_roles_are_granted_and_taken_away_with_a_line_in_the_audit_record(tool: Tool) -> None:
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    home = tool.launch("launch-resource-teacher").location
    assert tool.get(f"{home}people/").status_code == 200
    directing.withdraw_role(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        person_id=whose(tool, "3"),
        role="training manager",
        who="test",
    )
    assert tool.get(f"{home}people/").status_code == 403, "at once, in the running visit"
    acts = [row[0] for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY audit_id")]
    assert acts[-2:] == ["gave a role", "took a role away"]


def test_certifications_of_a_file_begin_episodes_once(tool: Tool) -> None:
    take(tool, LIST)
    day = (NOW - timedelta(days=2)).date().isoformat()
    content = f"id,certified_on,score,score:verify,score_before,hours\nE1,{day},0.9,0.5,0.3,7.5\nE8,{day},,,,\n".encode()

    def go(apply: bool) -> people_import.Report:
        return certification_import.import_certifications(
            tool.deps.unit_of_work,
            tenant_id=tool.tenant_id,
            programme="phishing-response",
            content=content,
            apply=apply,
            who="test",
            now=NOW,
        )

    before = tool.rows("episode")
    assert go(False).counts == {"new": 2} and tool.rows("episode") == before
    assert go(True).applied and tool.rows("episode") == before + 2
    assert go(True).counts == {"same": 2} and tool.rows("episode") == before + 2
    assert tool.sql("SELECT competency, share FROM lti_tool.exam_score ORDER BY competency") == [
        ("", 0.9),
        ("verify", 0.5),
    ]
    said = [
        json.loads(bytes(row.payload))
        for row in tool.sql("SELECT payload FROM lti_tool.statement_outbox ORDER BY id")
    ]
    (trained,) = [
        one for one in said if one["verb"]["id"] == VERBS["certified"].id and one.get("result")
    ]
    assert trained["result"] == {"score": {"scaled": 0.9}, "duration": "PT07H30M00S"}
    assert trained["context"]["extensions"][EXTENSIONS["pre_test"]] == 0.3
    due = tool.sql(
        "SELECT due_at FROM lti_tool.scheduled_check c JOIN lti_tool.episode e ON e.id = "
        "c.episode_id WHERE e.person_id = :id AND interval = '1w'",
        id=person(tool, "E1").id,
    )[0][0]
    assert due.isoweekday() in (1, 2, 3, 4), "on the person's own working days"
    bad = certification_import.import_certifications(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        programme="phishing-response",
        content=b"id,certified_on\nE1,2099-01-01\nE99,2026-01-01\n",
        apply=True,
        who="test",
        now=NOW,
    )
    assert [one.outcome for one in bad.lines] == ["same", "wrong"] and not bad.applied


def test_a_list_with_fewer_columns_empties_nobody(tool: Tool) -> None:
    """``id,email`` emptied team, site, role, manager and start of everybody on it."""
    full = b"id,name,email,manager,mentor,team,site,role,experience,start_date,time_zone,language,working_days,comparison\nE1,One,one@example.org,E8,E8,North,Berlin,clerk,new,2026-01-02,Europe/Berlin,de,Mon-Thu,yes\nE8,Eight,eight@example.org,,,,,,,,,,,\n"
    take(tool, full)
    before = person(tool, "E1")
    report = take(tool, b"id,email\nE1,one@example.org\nE8,eight@example.org\n")
    assert report.counts == {"same": 2}
    assert take(tool, b"id,email,team\nE1,one.new@example.org,South\n").counts == {"changed": 1}
    after = person(tool, "E1")
    assert (after.team, after.email) == ("South", "one.new@example.org")
    for name in (
        "site",
        "job_role",
        "manager_id",
        "mentor_id",
        "experience",
        "started_on",
        "time_zone",
        "language",
        "working_days",
        "comparison",
        "name",
    ):
        assert getattr(after, name) == getattr(before, name), name
    emptied = take(tool, b"id,site,manager\nE1,,\n")
    assert [str(line.text) for line in emptied.lines] == ["manager (emptied), site (emptied)"], (
        "a column that is there and empty says so, in the words of the file"
    )
    assert (person(tool, "E1").site, person(tool, "E1").manager_id) == ("", None)
