"""Questions in and out: each format in its own idiom, there and back again, and everything hostile
explained and harmless.
"""

from __future__ import annotations

import base64
import io
import stat
import zipfile
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.questions import (
    FileRefused,
    QuestionItem,
    Reading,
    gift,
    moodle_xml,
    qti,
    question_html,
    spreadsheet,
)
from adapters.questions.formats import FORMATS, detect_format
from adapters.questions.models import (
    AcceptedAnswer,
    Choice,
    UnsupportedQuestion,
    assign_letter_keys,
    find_item_faults,
    normalize_number,
    require_no_formula,
    sort_by_key,
)
from tests.support import question_samples

WHOLE = {
    "gift": question_samples.GIFT,
    "moodle": question_samples.whole_moodle(),
    "qti": question_samples.whole_qti(),
    "csv": question_samples.CSV,
}


def by_title(reading: Reading) -> dict[str, QuestionItem]:
    return {item.title: item for item in reading.items}


@pytest.mark.parametrize("name", FORMATS)
def test_import_export_import_is_equal(name: str) -> None:
    form = FORMATS[name]
    first = form.read(WHOLE[name])
    assert first.items and not any(find_item_faults(item) for item in first.items)
    content, _ = form.write(first.items, first.pictures, "A bank")
    again = form.read(content)
    assert again.items == first.items
    assert again.pictures == first.pictures
    assert not [note for note in again.notes if note.lost]
    assert detect_format(content, f"bank.{form.ending}") is form


def test_gift_in_its_own_idiom() -> None:
    reading = gift.read_gift(question_samples.GIFT)
    items = by_title(reading)
    sender = items["Who sent it?"]
    assert (sender.key, sender.competency, sender.critical, sender.tags) == (
        "who-sent-it",
        "recognise",
        True,
        ["mail"],
    )
    assert sender.stem == "<p>Which part of an address tells who sent a mail\\?</p>", (
        "\\? is no escape of GIFT"
    )
    assert [(one.text, one.feedback) for one in sender.choices if one.key in sender.correct] == [
        ("The domain", "<p>It is what its owner pays for.</p>")
    ]
    assert sender.explanation == "Read addresses from the right."
    assert (items["Two signs"].kind, len(items["Two signs"].correct)) == ("multiple", 2)
    late = items["Reported late"]
    assert (late.kind, late.correct) == ("true_false", ["false"])
    assert (
        late.choice("false").feedback == "Right: late is better than never."
        and late.choice("true").feedback == "It still stops the next ones."
    )
    assert [one.value for one in items["Team"].accepted] == ["The service desk", "service desk"]
    assert items["Team"].when_wrong == "Look at the back of your badge."
    assert (
        items["Minutes"].accepted == [AcceptedAnswer("15", "5", "On average.")]
        and items["Minutes"].when_wrong == "Look it up."
    )
    assert items["A range"].accepted == [AcceptedAnswer("2020", "1")]
    assert items["Plain number"].accepted == [AcceptedAnswer("1")]
    assert items["Who does what"].other_matches == ["deletes the internet"]
    assert (
        items["Missing word"].stem == "A false mail often presses for _____ and leaves one way out."
    )
    order = items["First hour"]
    assert [order.choice(key).text for key in order.correct] == [
        "Disconnect",
        "Tell security",
        "Change the password",
    ]
    assert items["Escapes"].stem == "What does {a=b} ~ c: mean?<br>Nothing."
    assert "It is text #1" in [one.text for one in items["Escapes"].choices]
    lost = {note.where: str(note.text) for note in reading.notes if note.lost}
    assert len(lost) == 4 and len(reading.items) == 11
    assert any("essay" in text for text in lost.values()) and any(
        "brace" in text for text in lost.values()
    )
    assert any("Partial credit" in str(note.text) for note in reading.notes)


def test_a_key_never_tells_which_one_is_right() -> None:
    """Authors write the right answer first; keys and their order follow the alphabet instead."""
    first = gift.read_gift(b"::a::Why? {=zebra ~ape ~bear}").items[0]
    last = gift.read_gift(b"::a::Why? {~bear ~ape =zebra}").items[0]
    assert first.choices == last.choices and first.correct == last.correct == ["c"]


def test_moodle_xml_in_its_own_idiom() -> None:
    reading = moodle_xml.read_moodle_xml(question_samples.whole_moodle())
    items = by_title(reading)
    sender = items["Sender"]
    digest = question_html.picture_digests(sender.stem)[0]
    assert (
        reading.pictures[digest].content == question_samples.png()
        and reading.pictures[digest].media_type == "image/png"
    )
    assert len(reading.pictures) == 2, "the picture in an answer came along"
    assert (sender.competency, sender.critical, sender.tags) == ("recognise", True, ["mail"])
    assert (sender.when_right, sender.when_wrong) == ("Well done.", "No.")
    assert "width" not in sender.stem
    assert (items["Several"].kind, len(items["Several"].correct)) == ("multiple", 2)
    assert (
        items["Late"].correct == ["false"]
        and items["Late"].choice("true").feedback == "No, late helps."
    )
    assert items["Whom"].case_sensitive and items["Whom"].accepted == [
        AcceptedAnswer("Service*desk")
    ]
    assert items["How many"].accepted == [AcceptedAnswer("12.5", "0.5", "About.")]
    assert [one.match for one in items["Match"].choices] == [
        "removes &lt;b&gt;it&lt;/b&gt;",
        "report it",
    ] and items["Match"].other_matches == ["sleeps"]
    assert [items["Order"].choice(key).text for key in items["Order"].correct] == [
        "Disconnect",
        "Tell",
        "Change",
    ]
    told = " ".join(str(note.text) for note in reading.notes)
    for words in (
        "essay",
        "drag-and-drop-into-text",
        "Cloze",
        "hints",
        "units",
        "Partial credit",
        "partly right",
    ):
        assert words in told
    assert all("line" in note.where for note in reading.notes)


def test_qti_as_canvas_lays_it_out() -> None:
    reading = qti.read_qti(question_samples.whole_qti())
    items = {item.key: item for item in reading.items}
    assert len(items) == 8
    one = reading.items[0]
    digest = question_html.picture_digests(one.stem)[0]
    assert reading.pictures[digest].content == question_samples.png()
    assert (
        one.stem == f'<p>Who sent <em>it</em>?</p><img src="file:{digest}" alt="A mail">Choose one.'
    )
    assert [(c.text, c.feedback) for c in one.choices if c.key in one.correct] == [
        ("The domain", "It is paid for.")
    ]
    assert one.explanation == "Read from the right."
    kinds = [item.kind for item in reading.items]
    assert kinds == [
        "single",
        "multiple",
        "true_false",
        "ordering",
        "matching",
        "short",
        "numeric",
        "numeric",
    ]
    assert [reading.items[3].choice(key).text for key in reading.items[3].correct] == [
        "Disconnect",
        "Tell",
        "Change",
    ]
    assert [(c.text, c.match) for c in reading.items[4].choices] == [
        ("Security", "remove"),
        ("You", "report"),
    ]
    assert reading.items[4].other_matches == ["sleep"]
    assert reading.items[5].stem == "<p>Call the _____ first.</p>"
    assert (
        reading.items[5].accepted == [AcceptedAnswer("service desk")]
        and not reading.items[5].case_sensitive
    )
    assert [item.accepted for item in reading.items[6:]] == [
        [AcceptedAnswer("12.5", "0.5")],
        [AcceptedAnswer("20", "1")],
    ]
    lost = {note.where: str(note.text) for note in reading.notes if note.lost}
    assert (
        "essay" in lost["assessmentItems/q9.xml"]
        and "hotspotInteraction" in lost["assessmentItems/q10.xml"]
    )


def test_a_table_in_the_idiom_of_a_spreadsheet() -> None:
    reading = spreadsheet.read_question_csv(question_samples.CSV)
    assert [item.kind for item in reading.items] == [
        "single",
        "multiple",
        "numeric",
        "short",
        "matching",
        "ordering",
    ]
    one = reading.items[0]
    assert (one.competency, one.critical, one.tags) == ("recognise", True, ["mail", "sender"])
    assert [(c.text, c.feedback) for c in one.choices] == [
        ("The domain", "Yes."),
        ("The name", "Anybody types it."),
    ]
    assert reading.notes == [] or all(note.lost for note in reading.notes)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"question\nx\n", "lacks answers"),
        (b"question,answers,colour\n", "colour is not known"),
        (b"question,answers,question\n", "twice"),
        (b"question,answers\na,b,c\n", "Line 2 has 3 cells"),
    ],
)
def test_a_table_that_is_not_understood_says_where(head: bytes, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        spreadsheet.read_question_csv(head)


def holds_no_formula(text: str) -> bool:
    """Formulas are refused with their reason (tests above)."""
    try:
        require_no_formula(text)
    except UnsupportedQuestion:
        return False
    return True


# What a format can hold of any question, for the round trip of all of them.
words = (
    st.text(
        st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30
    )
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
    .filter(holds_no_formula)
)
rich = st.one_of(
    words.map(lambda text: question_html.clean_html(question_html.text_to_html(text))),
    words.map(lambda text: question_html.clean_html(f"<p>{question_html.text_to_html(text)}</p>")),
    words.map(
        lambda text: question_html.clean_html(
            f"<strong>{question_html.text_to_html(text)}</strong> = 3~4 {{x}} #1: a"
        )
    ),
).filter(bool)
maybe = st.one_of(st.just(""), rich)


@st.composite
def items(draw: st.DrawFn) -> QuestionItem:
    kind = draw(
        st.sampled_from(
            ["single", "multiple", "true_false", "numeric", "short", "matching", "ordering"]
        )
    )
    fields: dict[str, Any] = {
        "kind": kind,
        "key": draw(st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,5})?", fullmatch=True)),
        "competency": "recognise",
        "stem": draw(rich),
        "title": draw(
            st.from_regex(
                r"[A-Z][a-z]{2,9}( "
                r"[a-z]{1,9})?",
                fullmatch=True,
            )
        ),
        "critical": draw(st.booleans()),
        "pool": draw(st.sampled_from(["check", "practice"])),
        "explanation": draw(maybe),
        "source": draw(st.sampled_from(["", "Handbook 3.2"])),
        "review_on": draw(st.sampled_from([None, date(2027, 3, 1)])),
        "tags": draw(st.sampled_from([[], ["mail", "first hour"]])),
    }
    texts = draw(st.lists(rich, min_size=2, max_size=6, unique=True))
    if kind in ("single", "multiple"):
        keys = assign_letter_keys(texts)
        choices = sort_by_key(Choice(key, text, draw(maybe)) for text, key in keys.items())
        count = 1 if kind == "single" else draw(st.integers(1, len(texts)))
        fields |= {"choices": choices, "correct": [one.key for one in choices][:count]}
    elif kind == "true_false":
        fields |= {
            "choices": [Choice("true", "True", draw(maybe)), Choice("false", "False", draw(maybe))],
            "correct": [draw(st.sampled_from(["true", "false"]))],
        }
    elif kind == "matching":
        keys = assign_letter_keys(texts, keep_order=True)
        fields |= {
            "choices": [
                Choice(
                    key,
                    text,
                    match=draw(
                        words.map(
                            lambda text: question_html.clean_html(question_html.text_to_html(text))
                        )
                    ),
                )
                for text, key in keys.items()
            ]
        }
    elif kind == "ordering":
        keys = assign_letter_keys(texts)
        fields |= {
            "choices": sort_by_key(Choice(key, text) for text, key in keys.items()),
            "correct": [keys[text] for text in texts],
        }
    elif kind == "numeric":
        numbers = st.decimals(-1000, 1000, places=3, allow_nan=False).map(
            lambda number: normalize_number(f"{number:f}")
        )
        fields |= {
            "accepted": [
                AcceptedAnswer(
                    draw(numbers), normalize_number(draw(st.sampled_from(["0", "0.5", "2"])))
                )
            ]
        }
    else:
        fields |= {
            "accepted": [
                AcceptedAnswer(draw(st.from_regex(r"[a-z]{1,8}( [a-z]{1,8})?", fullmatch=True)))
            ]
        }
    return QuestionItem(**fields)


@pytest.mark.parametrize("name", FORMATS)
def test_a_text_that_looks_like_a_marker_of_a_format_stays_text(name: str) -> None:
    choices = [Choice("a", "[html]", match="[plain] text"), Choice("b", "x", match="y")]
    bank = [
        QuestionItem(
            key="q",
            competency="recognise",
            stem="[markdown] is what?",
            kind="matching",
            choices=choices,
            title="Marks",
        )
    ]
    content, _ = FORMATS[name].write(bank, {}, "A bank")
    assert FORMATS[name].read(content).items == bank


@pytest.mark.parametrize("name", FORMATS)
@given(st.lists(items(), min_size=1, max_size=3, unique_by=lambda item: item.key))
def test_any_question_survives_the_way_there_and_back(name: str, bank: list[QuestionItem]) -> None:
    content, _ = FORMATS[name].write(bank, {}, "A bank")
    reading = FORMATS[name].read(content)
    assert reading.items == bank
    assert not reading.notes


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE quiz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b '
    b'"&a;&a;&a;&a;">]><quiz><question '
    b'type="essay"><name><text>&b;</text></name></question></quiz>'
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE quiz [<!ENTITY x SYSTEM '
    b'"file:///etc/passwd">]><quiz>&x;</quiz>'
)


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, "/etc/passwd")
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "content", "words"),
    [
        ("moodle", BOMB, "document type"),
        ("moodle", OUTSIDE, "document type"),
        ("moodle", b"<quiz><question>", "no XML that can be read"),
        ("moodle", b"<html></html>", "no Moodle XML"),
        ("moodle", b"<quiz>&nbsp;</quiz>", "no XML"),
        ("moodle", b"", "no XML"),
        ("qti", archive(**{"..__..__evil.xml": b"x"}), "outside itself"),
        ("qti", archive(__etc__passwd=b"x"), "outside itself"),
        ("qti", archive(**{"a\\..\\b": b"x"}), "outside itself"),
        ("qti", link(), "outside itself"),
        ("qti", archive(big=b"\0" * 61_000_000), "more than 60 MB"),
        ("qti", archive(a=b"x"), "no imsmanifest"),
        ("qti", b"PK\3\4 broken", "no zip archive"),
        ("qti", archive(**{"imsmanifest.xml": BOMB}), "document type"),
        ("qti", archive(**{"imsmanifest.xml": b"<manifest/>"}), "names no QTI 2.1 question"),
        ("gift", b"\xff\xfe\x00", "no UTF-8"),
        ("gift", b"\xff\xff", "no UTF-8"),
    ],
)
def test_a_hostile_file_is_refused_and_explained(form: str, content: bytes, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        FORMATS[form].read(content)


def picture_in_moodle(content: bytes) -> Reading:
    file = (
        f'<file name="a.png" path="/" encoding="base64">{base64.b64encode(content).decode()}</file>'
    )
    body = (
        "<single>true</single><shuffleanswers>1</shuffleanswers>"
        + question_samples.answer("100", "a")
        + question_samples.answer("0", "b")
    )
    return moodle_xml.read_moodle_xml(
        question_samples.moodle(
            question_samples.moodle_question(
                "multichoice",
                body,
                "P",
                '<p>Look <img src="@@PLUGINFILE@@/a.png" alt="x"></p>',
                file,
            )
        )
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "SVG is not taken"),
        (b"GIF89a<script>alert(1)</script>", "no PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 2_100_000, "MB is the most"),
        (question_samples.png("red", 6_100), "more than a page can show"),
    ],
)
def test_a_hostile_picture_is_left_out_and_its_question_is_kept(content: bytes, words: str) -> None:
    reading = picture_in_moodle(content)
    assert words in " ".join(str(note.text) for note in reading.notes)
    assert reading.items[0].stem == "<p>Look </p>" and not reading.pictures


def test_scripts_styles_and_foreign_pictures_are_taken_out_and_told() -> None:
    body = (
        "<single>true</single><shuffleanswers>1</shuffleanswers>"
        + question_samples.answer("100", "a<script>1</script>")
        + question_samples.answer("0", '<b style="x">b</b>')
    )
    text = (
        '<p onclick="x()">Look<img src="https://tracker.example/x.gif"><img '
        'src="data:image/svg+xml;base64,PHN2Zy8+"><img alt="in" '
        f'src="data:image/png;base64,{base64.b64encode(question_samples.png()).decode()}"></p>'
    )
    reading = moodle_xml.read_moodle_xml(
        question_samples.moodle(question_samples.moodle_question("multichoice", body, "P", text))
    )
    item = reading.items[0]
    digest = question_html.picture_digests(item.stem)[0]
    assert item.stem == f'<p>Look<img alt="in" src="file:{digest}"></p>' and list(
        reading.pictures
    ) == [digest]
    assert [one.text for one in item.choices] == ["<b>b</b>", "a"]
    told = " ".join(str(note.text) for note in reading.notes)
    assert "Scripts" in told and "another server" in told and "inside the text" in told


@given(st.binary(max_size=400), st.sampled_from(list(FORMATS)))
def test_no_bytes_do_more_than_be_refused(content: bytes, name: str) -> None:
    try:
        FORMATS[name].read(content)
        detect_format(content, "x")
    except FileRefused:
        pass


@given(st.text(st.sampled_from("{}=~#:%->\\[]TF1.*/ \nab$"), max_size=120))
def test_no_gift_does_more_than_be_noted(text: str) -> None:
    for item in gift.read_gift(text.encode()).items:
        assert not find_item_faults(item)


def test_classic_quizzes_of_canvas_come_along() -> None:
    def item(ident: str, kind: str, presentation: str, conditions: str, more: str = "") -> str:
        return (
            f'<item ident="{ident}" '
            f'title="{ident}"><itemmetadata><qtimetadata><qtimetadatafield><fieldlabel>question_type</fieldlabel><fieldentry>{kind}</fieldentry>'
            "</qtimetadatafield></qtimetadata></itemmetadata><presentation><material><mattext "
            f'texttype="text/html">&lt;p&gt;Why?&lt;/p&gt;</mattext></material>{presentation}</presentation>'
            f"<resprocessing>{conditions}</resprocessing>{more}</item>"
        )

    def label(ident: str, text: str) -> str:
        return (
            f'<response_label ident="{ident}"><material><mattext '
            f'texttype="text/plain">{text}</mattext></material></response_label>'
        )

    def choose(*labels: str) -> str:
        return (
            '<response_lid ident="response1" '
            f'rcardinality="Single"><render_choice>{"".join(labels)}</render_choice></response_lid>'
        )

    def when(what: str) -> str:
        return (
            f'<respcondition continue="No"><conditionvar>{what}</conditionvar><setvar '
            'action="Set" varname="SCORE">100</setvar></respcondition>'
        )

    equal = '<varequal respident="response1">{}</varequal>'
    lines = (
        '<response_lid ident="response_{0}"><material><mattext '
        'texttype="text/plain">{1}</mattext></material><render_choice>'
        + label("r1", "one")
        + label("r2", "two")
        + label("r3", "three")
        + "</render_choice></response_lid>"
    )
    said = (
        '<itemfeedback ident="7_fb"><flow_mat><material><mattext '
        'texttype="text/html">Yes.</mattext></material></flow_mat></itemfeedback>'
    )
    text = (
        '<questestinterop xmlns="http://www.imsglobal.org/xsd/ims_qtiasiv1p2"><assessment><section>'
        + "".join(
            [
                item(
                    "mc",
                    "multiple_choice_question",
                    choose(label("7", "a"), label("8", "b")),
                    when(equal.format("7")),
                    said,
                ),
                item(
                    "ma",
                    "multiple_answers_question",
                    choose(label("1", "a"), label("2", "b"), label("3", "c")),
                    when(
                        "<and>"
                        + equal.format("1")
                        + equal.format("2")
                        + "<not>"
                        + equal.format("3")
                        + "</not></and>"
                    ),
                ),
                item(
                    "tf",
                    "true_false_question",
                    choose(label("1", "True"), label("2", "False")),
                    when(equal.format("2")),
                ),
                item(
                    "sa",
                    "short_answer_question",
                    '<response_str ident="response1"/>',
                    when(equal.format("desk")),
                ),
                item(
                    "nu",
                    "numerical_question",
                    '<response_str ident="response1"/>',
                    when(
                        "<or>" + equal.format("12.0") + "<and><vargte "
                        'respident="response1">11.5</vargte><varlte '
                        'respident="response1">12.5</varlte></and></or>'
                    ),
                ),
                item(
                    "ma2",
                    "matching_question",
                    lines.format("1", "x") + lines.format("2", "y"),
                    "<respcondition><conditionvar><varequal "
                    'respident="response_1">r2</varequal></conditionvar><setvar '
                    'action="Add">50</setvar></respcondition><respcondition><conditionvar><varequal '
                    'respident="response_2">r1</varequal></conditionvar><setvar '
                    'action="Add">50</setvar></respcondition>',
                ),
                item("es", "essay_question", '<response_str ident="response1"/>', ""),
            ]
        )
        + "</section></assessment></questestinterop>"
    )
    manifest = (
        b"<manifest "
        b'xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"><resources><resource '
        b'identifier="g1" type="imsqti_xmlv1p2"><file '
        b'href="g1/g1.xml"/></resource></resources></manifest>'
    )
    reading = qti.read_qti(archive(**{"imsmanifest.xml": manifest, "g1/g1.xml": text.encode()}))
    items = {item.title: item for item in reading.items}
    assert (
        items["mc"].correct == ["a"]
        and items["mc"].choice("a").feedback == "Yes."
        and items["mc"].stem == "<p>Why?</p>"
    )
    assert items["ma"].correct == ["a", "b"] and items["ma"].kind == "multiple"
    assert items["tf"].correct == ["false"]
    assert items["sa"].accepted == [AcceptedAnswer("desk")]
    assert items["nu"].accepted == [AcceptedAnswer("12", "0.5")]
    assert [(c.text, c.match) for c in items["ma2"].choices] == [
        ("x", "two"),
        ("y", "one"),
    ] and items["ma2"].other_matches == ["three"]
    assert [note.lost for note in reading.notes] == [True]


def test_what_a_format_cannot_hold_is_told() -> None:
    item = QuestionItem(
        "k",
        "c",
        "Why?",
        choices=[Choice("a", "A"), Choice("b", "B")],
        correct=["a"],
        when_right="Well done.",
    )
    assert "no room in GIFT" in str(gift.write_gift([item])[1][0].text)
    pictured = msgspec.structs.replace(item, when_right="", stem=f'<img src="file:{"a" * 64}">')
    for write in (gift.write_gift, spreadsheet.write_question_csv):
        assert "pictures" in str(write([pictured])[1][0].text)


def test_a_table_holds_no_formula() -> None:
    item = QuestionItem("k", "c", "=HYPERLINK(1)", kind="short", accepted=[AcceptedAnswer("@x")])
    content, _ = spreadsheet.write_question_csv([item])
    assert b"'=HYPERLINK" in content and b"'@x" in content
    assert spreadsheet.read_question_csv(content).items[0].stem == "=HYPERLINK(1)"
