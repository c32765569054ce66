"""Behaviour assessment in its users' words: asked for, filled by who watched, seen side by side;
raters practise on the same cases.
"""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from carryover.sample_programme import sample_document
from lrs.vocabulary import EXTENSIONS
from lti_tool.nudges import reminders
from lti_tool.programmes import programmes
from tests.support.assessments import LEVELS, NOW, WATCHED, assess, episode
from tests.support.listed_people import grant, person
from tests.support.tool import Tool
from tests.support.visits import home, said, send, visit

__all__ = ["home"]


def test_who_watched_says_what_was_seen_and_the_learner_reads_it(tool: Tool, home: str) -> None:
    inbox = visit(tool, "E8")
    page = tool.get(f"{inbox}inbox")
    form = tool.get(f"{inbox}assessments/form/{episode(tool, 'SIS-L')}")
    assert (
        f"assessments/form/{episode(tool, 'SIS-L')}" in page.text
        and "Looks at sender, link and request before doing anything" in form.text
    )
    sent = tool.post(form.request.path, form, form_id=str(uuid.uuid4()), **LEVELS, **WATCHED)
    assert "Your rating is saved." in sent.text
    mine = tool.get(f"{visit(tool, 'SIS-L')}assessments").text
    assert (
        "Calm and complete." in mine
        and "4 · Shows others" in mine
        and "2 · With help" in mine
        and "not seen" in mine
    )
    (one,) = said(tool, "assessed")
    told = {
        line["criterion"]: line["level"]
        for line in one["result"]["extensions"][EXTENSIONS["rubric_scores"]]
    }
    assert told == {"reads-before-acting": 3, "second-way": 4, "first-hour": 2}, (
        "what was not seen is not in it"
    )
    assert (
        one["context"]["extensions"][EXTENSIONS["relation"]] == "mentor"
        and one["result"]["success"] is False
    )
    assert "Calm" not in str(one), "no words of people in the record store"
    mails = tool.sql(
        "SELECT p.external_id, m.subject FROM lti_tool.mail m JOIN lti_tool.person p ON p.id = "
        "m.person_id WHERE m.key LIKE '%assessed%'"
    )
    assert mails == [("SIS-L", "Your work was assessed")]


def test_sent_twice_it_is_one_assessment(tool: Tool, home: str) -> None:
    form_id = str(uuid.uuid4())
    for _ in range(2):
        assert "Your rating is saved" in assess(tool, "E9", form_id=form_id).text
    assert tool.rows("assessment") == 1 and len(said(tool, "assessed")) == 1


def test_a_draft_that_came_back_after_it_arrived_is_not_lost(tool: Tool, home: str) -> None:
    """The connection broke after the form had arrived: what is changed then goes by a form of its
    own.
    """
    form_id = str(uuid.uuid4())
    assess(tool, "E9", form_id=form_id)
    changed = assess(tool, "E9", form_id=form_id, **{"level-reports": "4"})
    assert (
        changed.status_code == 409
        and "send it as a new one" in changed.text
        and tool.rows("assessment") == 1
    )
    fresh = re.search(r'name="form_id" value="([^"]+)"', changed.text)
    assert (
        fresh and fresh[1] != form_id and 'name="level-reports" value="4" checked' in changed.text
    )
    assert (
        "Your rating is saved"
        in assess(tool, "E9", form_id=fresh[1], **{"level-reports": "4"}).text
        and tool.rows("assessment") == 2
    )


def test_who_left_is_assessed_no_more(tool: Tool, home: str) -> None:
    send(
        tool,
        visit(tool, "SIS-L"),
        "assessments/wishes",
        form_id=str(uuid.uuid4()),
        rater=str(person(tool, "E9").id),
        words="",
    )
    tool.sql("UPDATE lti_tool.episode SET left_at = now()")
    assert assess(tool, "E9").status_code == 403 and tool.rows("assessment") == 0


def test_a_manager_who_was_asked_and_leads_no_more_is_no_peer(tool: Tool, home: str) -> None:
    send(
        tool,
        visit(tool, "SIS-L"),
        "assessments/wishes",
        form_id=str(uuid.uuid4()),
        rater=str(person(tool, "E9").id),
        words="",
    )
    tool.sql("UPDATE lti_tool.person SET manager_id = NULL")
    assess(tool, "E9")
    assert tool.sql("SELECT relation FROM lti_tool.assessment") == [("manager",)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"method": ""}, "Say how you saw it."),
        (dict.fromkeys(LEVELS, ""), "at least one criterion"),
        ({"level-reports": "5"}, "Choose a level for “Reports at once and completely”"),
        ({"words": "x" * 2_001}, "2000 characters"),
        ({"form_id": "none"}, "not complete"),
    ],
)
def test_what_cannot_be_taken_says_why_and_keeps_what_was_chosen(
    tool: Tool, home: str, fields: dict[str, str], words: str
) -> None:
    answer = assess(tool, "E8", **fields)
    assert answer.status_code == 400 and words in answer.text and tool.rows("assessment") == 0
    if not fields.keys() & LEVELS.keys():
        assert 'name="level-second-way" value="4" checked' in answer.text


def test_nobody_else_assesses_or_looks(tool: Tool, home: str) -> None:
    assert assess(tool, "E7").status_code == 403 and tool.rows("assessment") == 0
    other = visit(tool, "E7")
    assert tool.get(f"{other}assessments/of/{episode(tool, 'SIS-L')}").status_code == 403
    assert tool.get(f"{other}assessments").status_code == 404, (
        "no certification, no work to look at"
    )


def test_the_look_at_three_months_is_scheduled_and_a_mentor_closes_it(
    tool: Tool, home: str
) -> None:
    tool.sql(
        "DELETE FROM lti_tool.scheduled_act WHERE episode_id <> :mine", mine=episode(tool, "SIS-L")
    )
    due = tool.sql(
        "SELECT due_at, done_at FROM lti_tool.scheduled_act WHERE act = 'behaviour assessment'"
    )
    assert len(due) == 1 and 89 <= (due[0][0] - NOW).days <= 93 and due[0][1] is None
    of_mine = f"episodes/{episode(tool, 'SIS-L')}/behaviour-assessment"
    (scheduled,) = [one for one in said(tool, "scheduled") if one["object"]["id"].endswith(of_mine)]
    assess(tool, "E8")
    assert said(tool, "assessed")[0]["object"]["id"] == scheduled["object"]["id"] + "/on-request"
    assert tool.sql(
        "SELECT done_at FROM lti_tool.scheduled_act WHERE act = 'behaviour assessment'"
    ) == [(None,)], "two months early it is another one"
    tool.sql(
        "UPDATE lti_tool.scheduled_act SET due_at = now() + interval '10 days' WHERE act = "
        "'behaviour assessment'"
    )
    waiting = tool.get(f"{visit(tool, 'E9')}inbox").text
    assert "Three months after the certification" in waiting
    send(tool, visit(tool, "SIS-L"), "assessments/form", form_id=str(uuid.uuid4()), **LEVELS)
    assert tool.sql(
        "SELECT done_at FROM lti_tool.scheduled_act WHERE act = 'behaviour assessment'"
    ) == [(None,)], "the own view does not close it"
    assess(tool, "E9")
    assert tool.sql(
        "SELECT count(*) FROM lti_tool.scheduled_act WHERE act = 'behaviour assessment' AND "
        "done_at IS NOT NULL"
    ) == [(1,)]
    ids = [one["object"]["id"] for one in said(tool, "assessed")]
    assert ids.count(scheduled["object"]["id"]) == 1 == ids.index(scheduled["object"]["id"]) - 1, (
        "only what closes it is of the same thing"
    )
    assert "Three months after" not in tool.get(f"{visit(tool, 'E8')}inbox").text


def test_who_leads_is_reminded_of_the_look_at_three_months(tool: Tool, home: str) -> None:
    tool.sql(
        "UPDATE lti_tool.scheduled_act SET due_at = now() + interval '2 days' WHERE act = "
        "'behaviour assessment'"
    )
    tool.sql(
        "UPDATE lti_tool.scheduled_act SET done_at = now() WHERE act <> 'behaviour assessment'"
    )
    for hour in range(0, 120, 3):  # five days: a working hour is among them
        reminders.queue_reminders(
            tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=NOW + timedelta(hours=hour)
        )
    told = tool.sql(
        "SELECT p.external_id, m.path FROM lti_tool.mail m JOIN lti_tool.person p ON p.id = "
        "m.person_id WHERE m.kind = 'review'"
    )
    assert told == [("E9", "inbox")], "once, to who leads"


def ask(tool: Tool, rater: str, **fields: str) -> TestResponse:
    return send(
        tool,
        visit(tool, "SIS-L"),
        "assessments/wishes",
        form_id=str(uuid.uuid4()),
        rater=str(person(tool, rater).id),
        words="On Monday, at the inbox.",
        **fields,
    )


def test_peers_who_were_asked_are_shown_together_from_three_on(tool: Tool, group: str) -> None:
    assert assess(tool, "M1").status_code == 403, "a peer who was not asked sees nothing"
    for count in range(1, 4):
        asked = ask(tool, f"M{count}")
        assert (
            "The wish is on its way." in asked.text
            and f"Member {count} has been asked since" in asked.text
        )
        waiting = tool.get(f"{visit(tool, f'M{count}')}today")
        assert "/inbox" in waiting.text, "a page leads to what is asked"
        assert "On Monday, at the inbox." in tool.get(f"{visit(tool, f'M{count}')}inbox").text
        assert (
            "Your rating is saved"
            in assess(tool, f"M{count}", **{"level-second-way": str(count)}).text
        )
        mine = tool.get(f"{visit(tool, 'SIS-L')}assessments").text
        if count < 3:
            assert (
                f"{count} colleague" in mine
                and "shown from three on" in mine
                and "Not yet</td>" not in mine
            )
            assert 'class="dots' not in mine, "nothing of two is shown"
    assert "mean of 3" in mine and "2.0" in mine and "Calm and complete." not in mine
    assert [
        one["context"]["extensions"][EXTENSIONS["relation"]] for one in said(tool, "assessed")
    ] == ["peer"] * 3
    data = tool.get(f"{visit(tool, 'SIS-L')}me/data.json").json["tables"]
    assert "assessment" not in data and all(
        "done_at" not in row for row in data["assessment_request"]
    ), "the file tells no more than the page"
    ask(tool, "M4")
    assess(tool, "M4", **{"level-second-way": "4"})
    assert "2.0" in tool.get(f"{visit(tool, 'SIS-L')}assessments").text, (
        "a fourth alone would be known by the difference"
    )
    assert assess(tool, "M1").status_code == 403, "a wish is for one look"


def test_the_same_wish_is_said_once_and_only_to_people_around_the_learner(
    tool: Tool, group: str
) -> None:
    for _ in range(2):
        ask(tool, "E9")
    assert tool.rows("assessment_request") == 1
    assert tool.sql("SELECT count(*) FROM lti_tool.mail WHERE key LIKE 'review wish%'") == [(1,)]
    assert ask(tool, "E7").status_code == 400


def exercise(tool: Tool, group: str, **fields: str) -> TestResponse:
    page = tool.get(f"{group}work")
    return tool.post(
        f"{group}hand-in/exercise",
        page,
        **{"kind": "exercise", "task": "inbox", "words": "I looked at the domain first.", **fields},
    )


def test_a_peer_whom_the_learner_names_reads_and_answers_the_exercise(
    tool: Tool, group: str
) -> None:
    assert "Member 1" in tool.get(f"{group}work").text
    exercise(tool, group, peer=str(person(tool, "M1").id))
    assert "I looked at the domain first." not in tool.get(f"{visit(tool, 'M2')}inbox").text, (
        "nobody else of the group reads it"
    )
    peer = visit(tool, "M1")
    page = tool.get(f"{peer}inbox")
    assert "I looked at the domain first." in page.text
    target = page.text.split("/inbox/reviews/")[1].split('"')[0]
    assert (
        "Your answer is with the learner."
        in tool.post(
            f"{peer}inbox/reviews/{target}",
            page,
            good="Calm.",
            next_step="Report.",
            weak_content="",
        ).text
    )
    assert said(tool, "reviewed")[0]["context"]["extensions"][EXTENSIONS["relation"]] == "peer"
    assert "Calm." in tool.get(f"{visit(tool, 'SIS-L')}work").text
    assert exercise(tool, visit(tool, "SIS-L"), peer=str(person(tool, "E7").id)).status_code in (
        400,
        409,
    )


def use(tool: Tool, group: str, **fields: str) -> uuid.UUID:
    page = tool.get(f"{group}plan")
    plan = {
        "task": "inbox",
        "what": "Look first",
        "by_when": NOW.date().isoformat(),
        "with_whom": "",
        "evidence": "",
        "obstacle": "",
    }
    page = tool.post(f"{group}plan", page, act="commit", **plan)
    made = uuid.uuid4()
    tool.post(
        f"{group}uses",
        page,
        form_id=str(made),
        task="inbox",
        used_on=NOW.date().isoformat(),
        words="It was false.",
        **fields,
    )
    return made


def test_a_peer_who_saw_a_use_gives_it_grade_two_and_a_work_record_grade_four(
    tool: Tool, group: str
) -> None:
    made = use(tool, group, peer=str(person(tool, "M1").id))
    told = tool.sql(
        "SELECT p.external_id FROM lti_tool.mail m JOIN lti_tool.person p ON p.id = m.person_id "
        "WHERE m.key LIKE 'review uses%'"
    )
    assert {row[0] for row in told} == {"E8", "E9", "M1"}
    assert (
        send(tool, visit(tool, "M2"), f"inbox/uses/{made}", seen="yes", words="").status_code == 403
    )
    claimed = send(
        tool, visit(tool, "M1"), f"inbox/uses/{made}", seen="yes", words="", record="TICKET-1"
    )
    assert claimed.status_code == 400 and "vouched for by who leads or accompanies" in claimed.text
    send(tool, visit(tool, "M1"), f"inbox/uses/{made}", seen="yes", words="")
    assert tool.sql("SELECT grade FROM lti_tool.job_use") == [(2,)]
    assert "Where a record of the work shows it" in tool.get(f"{visit(tool, 'E9')}inbox").text
    send(tool, visit(tool, "E9"), f"inbox/uses/{made}", seen="yes", words="", record="TICKET-4711")
    assert tool.sql("SELECT grade FROM lti_tool.job_use") == [(4,)]
    assert "(on record in a work system)" in tool.get(f"{visit(tool, 'SIS-L')}plan").text
    assert not any("TICKET" in str(one) for one in said(tool, "confirmed")), (
        "numbers of work systems stay in the tool"
    )


def test_raters_practise_on_the_same_cases_and_see_the_agreed_levels_afterwards(
    tool: Tool, home: str
) -> None:
    rater = visit(tool, "E8")
    place = f"{rater}assessments/cases/phishing-response"
    page = tool.get(place)
    assert "A supplier&#39;s new account" in page.text and "did not wait" not in page.text, (
        "the reasons come afterwards"
    )
    rated = tool.post(
        place,
        page,
        case="supplier-call",
        **{"level-reads-before-acting": "3", "level-second-way": "3"},
    )
    assert (
        "you 3, agreed 2" in rated.text
        and "did not wait" in rated.text
        and "1 of 6 done" in rated.text
    )
    again = send(
        tool,
        rater,
        "assessments/cases/phishing-response",
        case="supplier-call",
        **{"level-reads-before-acting": "1", "level-second-way": "1"},
    )
    assert again.status_code == 200 and tool.sql(
        "SELECT levels->>'second-way' FROM lti_tool.calibration"
    ) == [("3",)]
    (one,) = said(tool, "assessed")
    assert (
        one["object"]["id"].endswith("/cases/supplier-call")
        and "registration" not in one["context"]
    )
    lacks = send(
        tool,
        rater,
        "assessments/cases/phishing-response",
        case="parcel-link",
        **{"level-reports": "2"},
    )
    assert lacks.status_code == 400 and "the case shows it" in lacks.text
    assert tool.get(f"{visit(tool, 'E7')}assessments/cases/phishing-response").status_code == 403


def test_a_case_that_was_rewritten_is_assessed_anew(tool: Tool, home: str) -> None:
    def rate() -> TestResponse:
        levels = {"level-reads-before-acting": "3", "level-second-way": "3"}
        return send(
            tool,
            visit(tool, "E8"),
            "assessments/cases/phishing-response",
            case="supplier-call",
            **levels,
        )

    assert "1 of 6 done" in rate().text
    made = sample_document() | {"version": 2}
    programmes.save_programme(tool.deps.unit_of_work, tenant_id=tool.tenant_id, document=made)
    assert "1 of 6 done" in rate().text and len(said(tool, "assessed")) == 1, (
        "the same case in a later version is done"
    )
    changed = [
        case | {"words": "Other words."} if case["key"] == "supplier-call" else case
        for case in made["rubric"]["cases"]
    ]
    programmes.save_programme(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        document=made | {"version": 3, "rubric": made["rubric"] | {"cases": changed}},
    )
    assert (
        "Other words." in tool.get(f"{visit(tool, 'E8')}assessments/cases/phishing-response").text
    )
    assert (
        "1 of 6 done" in rate().text
        and len(said(tool, "assessed")) == 2
        and tool.rows("calibration") == 1
    )


@pytest.fixture
def office(tool: Tool) -> str:
    """The rubric's page of a training manager, in a programme without one."""
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    home = tool.launch("launch-resource-teacher").location
    begun = tool.post(f"{home}programmes/", tool.get(f"{home}programmes/"), title="Welding")
    place = begun.request.path
    tool.post(
        f"{place}setup",
        begun,
        revision=revision(begun),
        **{"competencies.key": ["", ""], "competencies.title": ["Seam", "Safety"]},
    )
    return f"{place}rubric/"


def revision(page: TestResponse) -> str:
    found = re.search(r'name="revision" value="(\d+)"', page.text)
    assert found
    return found[1]


def test_a_training_manager_builds_a_rubric_with_cases(tool: Tool, office: str) -> None:
    page = tool.get(office)
    page = tool.post(
        f"{office}levels",
        page,
        revision=revision(page),
        levels="Not yet\nAlone\nShows others\n",
        competent_from="2",
    )
    assert "A new criterion" in page.text
    lines = {
        "key": ["", ""],
        "title": ["Keeps the seam even", ""],
        "competency": ["seam", "seam"],
        "anchor": ["Gaps", "Even", "Explains", "", "", ""],
    }
    page = tool.post(f"{office}criteria", page, revision=revision(page), **lines)
    assert "Keeps the seam even" in page.text and 'value="Explains"' in page.text
    case = {
        "case": "",
        "title": "A seam",
        "words": "An even seam.",
        "level-keeps-the-seam-even": "2",
        "why": "Even, and nobody was taught.",
    }
    page = tool.post(f"{office}cases", page, revision=revision(page), **case)
    assert "Practice cases (1)" in page.text
    page = tool.post(
        f"{office}levels",
        page,
        revision=revision(page),
        levels="Not yet\nAlone\nShows others\nLeads\n",
        competent_from="2",
    )
    console = tool.get(office.removesuffix("rubric/")).text
    assert (
        "The rubric says of “Keeps the seam even” at 1 of 4 levels not what somebody does."
        in console
    ), "what is missing is said"
    removed = tool.post(
        f"{office}cases", page, revision=revision(page), case="a-seam", act="remove"
    )
    assert "Practice cases (0)" in removed.text


@pytest.mark.parametrize(
    ("part", "fields", "words"),
    [
        ("levels", {"levels": "One", "competent_from": "1"}, "2 to 6 levels"),
        (
            "levels",
            {"levels": "One\nTwo", "competent_from": "3"},
            "from which somebody is competent",
        ),
        ("levels", {"levels": "One\nTwo", "competent_from": "x"}, "Choose a level."),
        (
            "criteria",
            {"key": [""], "title": ["T"], "competency": ["seam"], "anchor": ["a"]},
            "Begin with the levels.",
        ),
        ("cases", {"case": "", "title": "T", "words": "W"}, "Begin with the levels."),
    ],
)
def test_a_rubric_that_cannot_be_says_why(
    tool: Tool, office: str, part: str, fields: dict[str, Any], words: str
) -> None:
    page = tool.get(office)
    answer = tool.post(f"{office}{part}", page, revision=revision(page), **fields)
    assert answer.status_code == 400 and words in answer.text


def test_a_competency_that_goes_takes_its_criteria_along(tool: Tool, office: str) -> None:
    page = tool.get(office)
    page = tool.post(
        f"{office}levels", page, revision=revision(page), levels="No\nYes", competent_from="2"
    )
    lines = {
        "key": [""] * 2,
        "title": ["Even", "Gloves"],
        "competency": ["seam", "safety"],
        "anchor": ["a", "b", "c", "d"],
    }
    page = tool.post(f"{office}criteria", page, revision=revision(page), **lines)
    gone = {"competencies.key": ["seam", "safety"], "competencies.title": ["Seam", ""]}
    tool.post(f"{office.removesuffix('rubric/')}setup", page, revision=revision(page), **gone)
    left = tool.get(office).text
    assert 'value="Even"' in left and 'value="Gloves"' not in left


def test_a_programme_without_a_rubric_asks_for_none(tool: Tool, home: str) -> None:
    """Who began before there was one goes on as before."""
    tool.sql("UPDATE lti_tool.programme_version SET document = document - 'rubric'")
    mine = visit(tool, "SIS-L")
    assert "This programme has no rubric" in tool.get(f"{mine}assessments").text
    assert tool.get(f"{mine}assessments/form").status_code == 404
    assert "assessments/form" not in tool.get(f"{visit(tool, 'E8')}inbox").text
    assert sample_document()["rubric"], "the sample has one"
