"""Setting a programme up on its pages: from a title to a published version, with questions from a
file; versions never change.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import date
from html import unescape

import pytest
from werkzeug.test import TestResponse

from adapters import people_csv
from adapters.questions import QuestionItem, question_html
from carryover.sample_programme import sample_document
from lti_tool.programmes import authoring, programmes
from tests.support import question_samples
from tests.support.listed_people import grant
from tests.support.listed_people import take as take_people
from tests.support.quizzes import verbs
from tests.support.tool import Tool


@pytest.fixture
def office(tool: Tool) -> str:
    """The home of a visit by a training manager."""
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    return str(tool.launch("launch-resource-teacher").location)


def revision(page: TestResponse) -> str:
    return page.text.split('name="revision" value="')[1].split('"')[0]


def part(tool: Tool, place: str, name: str, **fields: object) -> TestResponse:
    page = tool.get(place)
    return tool.post(
        f"{place}setup",
        page,
        revision=revision(page),
        **{f"{name}.{field}": value for field, value in fields.items()},
    )


def begun(tool: Tool, office: str) -> str:
    """A draft with two competencies; its address."""
    page = tool.get(f"{office}programmes/")
    made = tool.post(f"{office}programmes/", page, title="Forklift safety")
    place = str(made.request.path)
    part(
        tool,
        place,
        "competencies",
        key=["", "", ""],
        title=["Look before you lift", "Drive slowly", ""],
    )
    return place


def bank_of(competencies: list[str], each: int) -> bytes:
    lines = ["question,answers,competency,critical"]
    lines += [
        f'"{name} {n}?","* right {n}\n- wrong {n}",{name},yes'
        for name in competencies
        for n in range(each)
    ]
    return "\n".join(lines).encode()


def test_from_a_title_to_people_in_a_published_version(tool: Tool, office: str) -> None:
    place = begun(tool, office)
    page = tool.get(place)
    assert (
        "It names no task" in page.text
        and "The bank holds 0 of the 25 items" in page.text
        and "Publish version" not in page.text
    )
    part(
        tool,
        place,
        "tasks",
        key=[""],
        title=["Loading the ramp"],
        competency=["look-before-you-lift"],
    )
    saved = part(
        tool,
        place,
        "blueprint",
        **{
            "critical-look-before-you-lift": "1",
            "other-look-before-you-lift": "0",
            "critical-drive-slowly": "1",
            "other-drive-slowly": "0",
        },
    )
    assert "The bank holds 0 of 5 critical questions for “Drive slowly”." in unescape(saved.text)

    bank = tool.get(f"{place}questions/")
    content = bank_of(["look-before-you-lift", "drive-slowly"], 5)
    look = tool.post(
        f"{place}questions/look",
        bank,
        file=(io.BytesIO(content), "bank.csv"),
        competency="drive-slowly",
        pool="check",
    )
    assert "10 new." in look.text
    kept = look.text.split('name="kept" value="')[1].split('"')[0]
    taken = tool.post(
        f"{place}questions/take",
        look,
        kept=kept,
        revision=revision(look),
        competency="drive-slowly",
        pool="check",
    )
    assert "The questions are in the draft." in taken.text and "10 questions" in taken.text

    page = tool.get(place)
    assert "Everything participants need is there." in page.text
    published = tool.post(f"{place}state/publish", page, revision=revision(page))
    assert (
        "Version 1 is published." in published.text
        and "What you see here is published." in published.text
    )
    certified = tool.post(
        f"{place}certifications/look",
        published,
        file=(io.BytesIO(b"email,certified_on\nnobody@example.org,2026-11-01\n"), "c.csv"),
    )
    assert "take over the list of people first" in certified.text


def test_what_people_did_stays_tied_to_the_version_they_saw(tool: Tool, office: str) -> None:
    place = f"{office}programmes/phishing-response/"
    page = tool.get(f"{place}questions/edit/recognise-sender")
    texts, said = (
        re.findall(r'name="text" value="([^"]*)"', page.text),
        re.findall(r'name="feedback" value="([^"]*)"', page.text),
    )
    fields = {
        "kind": "single",
        "key": "recognise-sender",
        "competency": "recognise",
        "pool": "check",
        "critical": "1",
        "stem": "Changed",
        "right": "0",
    }
    tool.post(
        f"{place}questions/save",
        page,
        revision=revision(page),
        text=[unescape(one) for one in texts],
        feedback=[unescape(one) for one in said],
        **fields,
    )
    page = tool.get(place)
    assert "Publish version 2" in page.text
    tool.post(f"{place}state/publish", page, revision=revision(page))
    rows = tool.sql("SELECT version, document FROM lti_tool.programme_version ORDER BY version")
    stems = [
        next(
            (item["stem"], item.get("version", 1))
            for item in row[1]["items"]
            if item["key"] == "recognise-sender"
        )
        for row in rows
    ]
    assert stems[0][0].startswith("A mail from") and stems[1] == ("Changed", 2)
    assert tool.sql("SELECT programme_version FROM lti_tool.episode") == [(1,)]


def test_a_question_that_is_saved_again_stays_as_it_is(tool: Tool, office: str) -> None:
    """What an author typed comes back as typed: no sign of it is escaped once more with every edit."""
    place, typed = f"{office}programmes/phishing-response/", 'Is 3 < 4 & "yes" fine?'
    for turn in range(3):
        page = tool.get(f"{place}questions/edit/recognise-sender")
        stem = (
            unescape(page.text.split('name="stem"')[1].split(">", 1)[1].split("</textarea>")[0])
            if turn
            else typed
        )
        texts = [unescape(one) for one in re.findall(r'name="text" value="([^"]*)"', page.text)]
        said = [unescape(one) for one in re.findall(r'name="feedback" value="([^"]*)"', page.text)]
        assert stem == typed
        fields = {
            "kind": "single",
            "key": "recognise-sender",
            "competency": "recognise",
            "pool": "check",
            "critical": "1",
            "right": "0",
        }
        saved = tool.post(
            f"{place}questions/save",
            page,
            revision=revision(page),
            stem=stem,
            text=texts,
            feedback=said,
            **fields,
        )
        assert saved.status_code == 200


@pytest.mark.parametrize(
    "query", ["time_zone=Berlin", "time_zone=..%2Fetc", "certified_on=9999-12-31"]
)
def test_a_look_at_who_receives_what_explains_what_cannot_be(
    tool: Tool, office: str, query: str
) -> None:
    answer = tool.get(f"{office}programmes/phishing-response/?{query}")
    assert answer.status_code == 400 and "Europe/Berlin" in answer.text


def test_two_editors_never_write_over_each_other(tool: Tool, office: str) -> None:
    place = begun(tool, office)
    page = tool.get(place)
    first = tool.post(
        f"{place}setup",
        page,
        revision=revision(page),
        **{"waves.key": [""], "waves.title": ["Autumn"], "waves.starts_on": ["2026-12-01"]},
    )
    second = tool.post(
        f"{place}setup",
        page,
        revision=revision(page),
        **{"waves.key": [""], "waves.title": ["Spring"], "waves.starts_on": ["2027-03-01"]},
    )
    assert first.status_code == 200 and second.status_code == 409 and "meanwhile" in second.text
    assert "Autumn" in second.text


def test_a_whole_programme_is_one_file_and_comes_back_equal(tool: Tool, office: str) -> None:
    place = f"{office}programmes/phishing-response/"
    bank = tool.get(f"{place}questions/")
    look = tool.post(
        f"{place}questions/look",
        bank,
        file=(io.BytesIO(question_samples.whole_moodle()), "m.xml"),
        competency="verify",
        pool="practice",
    )
    kept = look.text.split('name="kept" value="')[1].split('"')[0]
    tool.post(
        f"{place}questions/take",
        look,
        kept=kept,
        revision=revision(look),
        competency="verify",
        pool="practice",
    )
    exported = tool.get(f"{place}programme.zip").data
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        first = json.loads(archive.read("programme.json"))
        assert len([name for name in archive.namelist() if name.startswith("pictures/")]) == 2
    taken = tool.post(
        f"{office}programmes/take-in",
        tool.get(f"{office}programmes/"),
        file=(io.BytesIO(exported), "p.zip"),
    )
    assert "phishing-response-2" in taken.request.path
    with zipfile.ZipFile(
        io.BytesIO(tool.get(f"{taken.request.path}programme.zip").data)
    ) as archive:
        again = json.loads(archive.read("programme.json"))
    assert {**again, "key": "", "version": 0} == {**first, "key": "", "version": 0}
    for spoiled in (b"PK nonsense", b"", exported[:200]):
        answer = tool.post(
            f"{office}programmes/take-in",
            tool.get(f"{office}programmes/"),
            file=(io.BytesIO(spoiled), "p.zip"),
        )
        assert answer.status_code == 400


@pytest.mark.parametrize("form", ["gift", "moodle", "qti", "csv"])
def test_the_sample_bank_goes_out_and_comes_back(tool: Tool, office: str, form: str) -> None:
    place = f"{office}programmes/phishing-response/"
    exported = tool.get(f"{place}questions/export/{form}")
    name = exported.headers["Content-Disposition"].split("filename=")[1]
    look = tool.post(
        f"{place}questions/look",
        tool.get(f"{place}questions/"),
        file=(io.BytesIO(exported.data), name),
        competency="verify",
        pool="check",
    )
    assert (
        "0 new, 43 that are there already." in look.text and "Cannot be imported" not in look.text
    )


def test_a_programme_that_was_put_away_begins_for_nobody_new(tool: Tool, office: str) -> None:
    place = f"{office}programmes/phishing-response/"
    page = tool.get(place)
    assert "Archived" in tool.post(f"{place}state/archive", page).text
    tool.launch("launch-resource-student1", sub="90", name="Somebody new")
    figures = tool.get(f"{tool.launch('launch-resource-teacher').location}figures")
    person = tool.sql("SELECT person_id FROM lti_tool.identity WHERE subject = '90'")[0][0]
    home = figures.request.path.removesuffix("figures")
    answer = tool.post(
        f"{home}certifications", figures, person=str(person), certified_on="2026-11-20"
    )
    assert answer.status_code == 400 and "put away" in answer.text
    assert "Take it back" in tool.get(place).text


def test_a_picture_of_a_question_is_shown_to_learners_and_to_nobody_outside(
    tool: Tool, office: str
) -> None:
    place = begun(tool, office)
    page = tool.get(f"{place}questions/new?kind=short")
    fields = {
        "kind": "short",
        "key": "",
        "competency": "drive-slowly",
        "pool": "check",
        "stem": "What is it?",
        "value": ["forklift"],
        "alt": 'A "forklift"',
    }
    saved = tool.post(
        f"{place}questions/save",
        page,
        revision=revision(page),
        picture=(io.BytesIO(question_samples.png()), "f.png"),
        **fields,
    )
    assert "Saved." in saved.text
    form = tool.get(f"{place}questions/edit/what-is-it")
    address = form.text.split('<img src="')[1].split('"')[0]
    shown = tool.get(address)
    assert shown.data == question_samples.png() and shown.mimetype == "image/png"
    assert tool.stranger().get(address, base_url="https://127.0.0.1:8080").status_code == 401
    hostile = tool.post(
        f"{place}questions/save",
        form,
        revision=revision(form),
        picture=(io.BytesIO(b"<svg onload=alert(1)>"), "f.png"),
        **{**fields, "key": "what-is-it"},
    )
    assert hostile.status_code == 400 and "SVG is not taken" in hostile.text


def test_a_file_that_is_too_large_is_explained(tool: Tool, office: str) -> None:
    place = begun(tool, office)
    answer = tool.browser.post(
        f"{place}questions/look",
        data=b"x" * 33_000_000,
        content_type="multipart/form-data; boundary=x",
        base_url="https://127.0.0.1:8080",
    )
    assert answer.status_code == 413 and "32 MB" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "programmes/",
        "programmes/phishing-response/",
        "programmes/phishing-response/questions/",
        "programmes/phishing-response/programme.zip",
    ],
)
def test_questions_and_answers_are_for_those_who_set_programmes_up(tool: Tool, path: str) -> None:
    for recorded in ("launch-resource-student1", "launch-resource-teacher"):
        home = tool.launch(recorded).location
        assert tool.get(f"{home}{path}").status_code == 403


def test_the_sample_document_is_a_programme_that_can_be_edited(tool: Tool, office: str) -> None:
    page = tool.get(f"{office}programmes/phishing-response/")
    assert sample_document()["title"] in page.text and "Check after 6 months" in page.text


def test_somebody_is_put_on_hold_comes_back_and_leaves(tool: Tool, office: str) -> None:
    place = f"{office}programmes/phishing-response/people"
    page = tool.get(place)
    target = page.text.split("phishing-response/people/")[1].split(chr(34))[0]
    held = tool.post(f"{place}/{target}", page, act="hold", until="2099-01-01")
    assert "on hold" in held.text
    tool.post(f"{place}/{target}", held, act="hold", until="")
    assert tool.rows("hold") == 1
    back = tool.post(f"{place}/{target}", held, act="resume")
    assert "takes part" in back.text
    wrong = tool.post(f"{place}/{target}", back, act="hold", until="2001-01-01")
    assert wrong.status_code == 400 and "choose a later day" in wrong.text
    gone = tool.post(f"{place}/{target}", back, act="leave")
    assert "left on" in gone.text
    tool.post(f"{place}/{target}", page, act="leave")
    said = [verb for verb in verbs(tool) if verb in ("suspended", "resumed", "unregistered")]
    assert said == ["suspended", "resumed", "unregistered"]
    assert "You left this programme" in tool.get(tool.launch().location).text


def take_in(tool: Tool, place: str, content: bytes, name: str) -> TestResponse:
    """Look at a file of questions, then take it; gives the look."""
    look = tool.post(
        f"{place}questions/look",
        tool.get(f"{place}questions/"),
        file=(io.BytesIO(content), name),
        competency="verify",
        pool="check",
    )
    if 'name="kept"' in look.text:
        kept = look.text.split('name="kept" value="')[1].split('"')[0]
        taken = tool.post(
            f"{place}questions/take",
            look,
            kept=kept,
            revision=revision(look),
            competency="verify",
            pool="check",
        )
        assert "The questions are in the draft." in taken.text
    return look


def items_of(tool: Tool) -> dict[str, QuestionItem]:
    work = authoring.load_draft(
        tool.deps.unit_of_work, tenant_id=tool.tenant_id, key="phishing-response"
    )
    return {item.key: item for item in work.programme.items}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "::Question 1::How high may a ladder be?{=6 m ~9 m}",
            "::Question 1::What does acid do?{=burns ~cools}",
        ),
        (
            "::Лестница::Высота?{=6 ~9}\n\n::Кислота::Что?{=a ~b}",
            "::Пожар::Где?{=c ~d}\n\n::Шум::Как?{=e ~f}",
        ),
        ("::Вопрос 1::Высота?{=6 ~9}", "::Вопрос 1::Что?{=a ~b}"),
    ],
)
def test_an_author_keeps_the_first_file_when_a_second_one_comes(
    tool: Tool, office: str, first: str, second: str
) -> None:
    """Titles are no identifiers: "Question 1" wiped "Question 1", and one Cyrillic file another."""
    place = f"{office}programmes/phishing-response/"
    before = items_of(tool)
    for content in (first, second):
        look = take_in(tool, place, content.encode(), "bank.gift")
        assert "in the place of" not in look.text
    after = items_of(tool)
    asked = first.count("?") + second.count("?")
    assert len(after) == len(before) + asked and before.items() <= after.items()
    again = take_in(tool, place, first.encode(), "bank.gift")
    assert f"0 new, {first.count('?')} that" in again.text, "the very same question is there once"
    assert items_of(tool) == after


def test_a_file_that_states_an_identifier_replaces_that_question_and_what_it_does_not_say_stays(
    tool: Tool, office: str
) -> None:
    place = f"{office}programmes/phishing-response/"
    old = items_of(tool)["recognise-sender"]
    table = b'key,question,answers\nrecognise-sender,"Is it new?","* yes\n- no"\n'
    look = take_in(tool, place, table, "bank.csv")
    assert "0 new, 1 replacing the question whose identifier the file gives" in look.text
    assert "Is it new?" in look.text and question_html.html_to_text(old.stem)[:40] in unescape(
        look.text
    ), "old and new stand side by side"
    new = items_of(tool)["recognise-sender"]
    assert new.stem == "Is it new?"
    for name in (
        "critical",
        "competency",
        "pool",
        "title",
        "source",
        "review_on",
        "tags",
        "explanation",
        "when_right",
        "when_wrong",
    ):
        assert getattr(new, name) == getattr(old, name), name
    gift_file = f"// [id:recognise-sender]\n::{old.title or 'x'}::Is it newer?{{=yes ~no}}".encode()
    take_in(tool, place, gift_file, "bank.gift")
    newer = items_of(tool)["recognise-sender"]
    assert newer.stem == "Is it newer?" and (
        newer.critical,
        newer.competency,
        newer.explanation,
    ) == (old.critical, old.competency, old.explanation)
    emptied = (
        b'key,question,answers,critical,explanation\nrecognise-sender,"Is it new?","* yes\n- '
        b'no",no,\n'
    )
    take_in(tool, place, emptied, "bank.csv")
    last = items_of(tool)["recognise-sender"]
    assert (last.critical, last.explanation, last.competency) == (False, "", old.competency), (
        "a column that is there says what it says"
    )


def test_nothing_that_was_typed_on_the_programme_page_is_lost_by_saving_another_part(
    tool: Tool, office: str
) -> None:
    """Seven forms with seven Save buttons: saving one dropped what was typed in the others."""
    place = begun(tool, office)
    page = tool.get(place)
    forms = page.text.split("<form ")
    (setup,) = [
        form
        for form in forms
        if 'action="' + place.removeprefix("https://127.0.0.1:8080") + 'setup"' in form
        or "setup" in form.split(">")[0]
    ]
    fields = {
        "about.title",
        "about.goal",
        "competencies.title",
        "tasks.title",
        "kpi.name",
        "waves.title",
        "calendar.time_zone",
    }
    assert all(f'name="{name}"' in setup for name in fields), "one form holds all that can be typed"
    saved = tool.post(
        f"{place}setup",
        page,
        revision=revision(page),
        **{
            "about.title": "Forklift safety",
            "about.goal": "Fewer tipped loads",
            "about.pass_mark": "80",
            "about.rhythm": "weekly",
            "about.language": "en",
            "competencies.key": ["look-before-you-lift", "drive-slowly", ""],
            "competencies.title": ["Look before you lift", "Drive slowly", "Daten schützen"],
            "waves.key": [""],
            "waves.title": ["München"],
            "waves.starts_on": ["2026-12-01"],
        },
    )
    assert (
        "Saved." in saved.text
        and "Fewer tipped loads" in saved.text
        and 'value="Daten schützen"' in saved.text
    )
    assert 'value="muenchen"' in saved.text
    page = tool.get(place)
    wrong = tool.post(
        f"{place}setup",
        page,
        revision=revision(page),
        **{"about.goal": "No tipped loads", "about.pass_mark": "many", "about.rhythm": "weekly"},
    )
    assert (
        wrong.status_code == 400
        and "No tipped loads" in wrong.text
        and 'value="many"' in wrong.text
    ), "what was refused is shown again"
    late = tool.post(
        f"{place}setup",
        page,
        revision="0",
        **{
            "about.title": "T",
            "about.goal": "Typed too late",
            "about.pass_mark": "80",
            "about.rhythm": "weekly",
        },
    )
    assert (
        late.status_code == 409
        and "What you entered" in late.text
        and "Typed too late" in late.text
    )


def test_a_wave_and_a_competency_are_named_as_people_call_them(tool: Tool, office: str) -> None:
    """A wave "München" had the hidden key "m-nchen", and a table that said München was refused line
    by line.
    """
    waves = [
        programmes.Wave("m-nchen", "München", date(2026, 11, 1)),
        programmes.Wave("koeln", "Köln", date(2026, 11, 1)),
    ]
    assert [
        programmes.resolve_key(words, waves)
        for words in ("München", "MÜNCHEN ", "m-nchen", "Köln", "koeln", "Bonn")
    ] == ["m-nchen"] * 3 + ["koeln"] * 2 + [""]
    found, faults = people_csv.read_certifications(
        "id;certified_on;score:Daten schützen;score:b\nE1;2026-11-01;85 %;0,5\n".encode(),
        {"daten-sch-tzen": "Daten schützen", "b": "B"},
    )
    assert (found[0].exam, faults) == ({"daten-sch-tzen": 0.85, "b": 0.5}, [])
    place = f"{office}programmes/phishing-response/"
    page = tool.get(place)
    tool.post(
        f"{place}setup",
        page,
        revision=revision(page),
        **{"waves.key": [""], "waves.title": ["München"], "waves.starts_on": ["2026-11-01"]},
    )
    tool.post(f"{place}state/publish", tool.get(place), revision=revision(tool.get(place)))
    take_people(tool, b"id,name,email\nX1,One,x1@example.org\nX2,Two,x2@example.org\n")
    table = "id;certified_on;wave\nX1;2026-11-20;München\nX2;2026-11-20;muenchen\n".encode()
    look = tool.post(
        f"{place}certifications/look", tool.get(place), file=(io.BytesIO(table), "c.csv")
    )
    kept = look.text.split('name="kept" value="')[1].split('"')[0]
    tool.post(f"{place}certifications/take", look, kept=kept)
    waves_of = tool.sql(
        "SELECT DISTINCT e.wave FROM lti_tool.episode e JOIN lti_tool.person p ON p.id = "
        "e.person_id WHERE p.external_id IN ('X1', 'X2')"
    )
    assert [row.wave for row in waves_of] == ["muenchen"]
    wrong = tool.post(
        f"{place}certifications/look",
        tool.get(place),
        file=(io.BytesIO(table.replace("München".encode(), b"Bonn")), "c.csv"),
    )
    assert "its waves are München" in unescape(wrong.text) or "on record already" in wrong.text


def test_many_questions_get_a_competency_and_a_weight_at_once(tool: Tool, office: str) -> None:
    place = f"{office}programmes/phishing-response/"
    bank = tool.get(f"{place}questions/?pool=practice")
    found = re.findall(r'name="item" value="([^"]+)"', bank.text)
    sent = {"revision": revision(bank), "which": "ticked", "act": "change", "pool": "practice"}
    nothing = tool.post(f"{place}questions/change", bank, **sent, set_competency="contain")
    assert nothing.status_code == 400
    assert "Tick the questions that you mean." in nothing.text
    assert '<option value="contain" selected>' in nothing.text, "what was chosen stays"
    done = tool.post(
        f"{place}questions/change",
        bank,
        **sent,
        item=found[:2],
        set_competency="contain",
        weight="critical",
    )
    assert "2 questions changed." in done.text
    assert len(re.findall(r'name="item" value', done.text)) == len(found), (
        "still those for practice"
    )
    rows = tool.sql("SELECT document FROM lti_tool.programme_draft WHERE key = 'phishing-response'")
    items = {item["key"]: item for item in rows[0][0]["items"]}
    assert {items[key]["competency"] for key in found[:2]} == {"contain"}
    assert all(items[key].get("critical") for key in found[:2])


def test_all_that_a_search_finds_is_removed_only_when_somebody_is_sure(
    tool: Tool, office: str
) -> None:
    place = f"{office}programmes/phishing-response/"
    bank = tool.get(f"{place}questions/?pool=practice")
    sent = {"revision": revision(bank), "which": "found", "act": "remove", "pool": "practice"}
    asked = tool.post(f"{place}questions/change", bank, **sent)
    assert asked.status_code == 400
    assert "are to be removed" in asked.text
    assert "Remove them from the draft" in asked.text
    tool.post(f"{place}questions/change", asked, **sent, sure="1")
    assert "0 questions" in tool.get(f"{place}questions/?pool=practice").text
    assert "0 questions" not in tool.get(f"{place}questions/?pool=check").text


def test_each_site_keeps_the_public_holidays_of_its_region(tool: Tool, office: str) -> None:
    """München has Epiphany off, Köln has not."""
    place = f"{office}programmes/phishing-response/"
    page = tool.get(place)
    fields = {
        "revision": revision(page),
        "calendar.time_zone": "Europe/Berlin",
        "calendar.day": ["1", "2", "3", "4", "5"],
        "calendar.holidays": "",
        "calendar.site": ["München", ""],
        "calendar.country": ["DE", "DE"],
    }
    regions = {"calendar.region": ["Bavaristan", "NW"]}
    refused = tool.post(f"{place}setup", page, **fields, **regions)
    assert refused.status_code == 400
    assert "no region “Bavaristan”" in refused.text and "Bayern" in refused.text
    assert 'value="München"' in refused.text, "what was typed stays"
    saved = tool.post(f"{place}setup", page, **fields, **{"calendar.region": ["Bayern", "NW"]})
    assert 'value="Bayern"' in saved.text and 'value="Nordrhein-Westfalen"' in saved.text
    day = "certified_on=2026-12-30"  # a week before Epiphany
    munich = tool.get(f"{place}?{day}&site=M%C3%BCnchen").text.split('id="when"')[1]
    cologne = tool.get(f"{place}?{day}&site=K%C3%B6ln").text.split('id="when"')[1]
    assert "6 January" in cologne.split("</section>")[0]
    assert "6 January" not in munich.split("</section>")[0]
    assert "7 January" in munich.split("</section>")[0]
