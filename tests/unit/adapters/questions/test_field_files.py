"""Files that people really have: what must not be lost, replaced, shown or turned round. The small
inputs are those of a stranger's trial (a list of GIFT, Moodle XML and QTI cases); where a file of a
product is played, its source is named.
"""

from __future__ import annotations

import pytest

from adapters.questions import gift, moodle_xml, qti, question_html, spreadsheet
from adapters.questions.models import QuestionItem, Reading, key_from_identifier
from adapters.questions.true_false_words import parse_truth_word


def only(reading: Reading) -> QuestionItem:
    assert len(reading.items) == 1, reading.notes
    return reading.items[0]


def lost(reading: Reading) -> str:
    assert reading.items == []
    return " ".join(str(note.text) for note in reading.notes if note.lost)


def moodle(inside: str, kind: str = "multichoice") -> bytes:
    return f'<?xml version="1.0"?><quiz><question type="{kind}"><name><text>Q</text></name>{inside}</question></quiz>'.encode()


def answers(*given: tuple[str, int]) -> str:
    return "".join(
        f'<answer fraction="{fraction}" format="html"><text><![CDATA[{text}]]></text></answer>'
        for text, fraction in given
    )


def item(body: str, more: str = "") -> bytes:
    declared = (
        '<responseDeclaration identifier="RESPONSE" cardinality="single" '
        'baseType="identifier"><correctResponse><value>B</value></correctResponse></responseDeclaration>'
    )
    head = (
        '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="r1" '
        'title="Rubric" adaptive="false" timeDependent="false">'
    )
    return f"{head}{declared}{more}<itemBody>{body}</itemBody></assessmentItem>".encode()


CHOICES = (
    '<choiceInteraction responseIdentifier="RESPONSE" maxChoices="1"><simpleChoice '
    'identifier="A">ice</simpleChoice><simpleChoice identifier="B">water<feedbackInline '
    'outcomeIdentifier="F" identifier="B" '
    'showHide="show">Yes.</feedbackInline></simpleChoice></choiceInteraction>'
)


def test_no_learner_reads_what_a_rubric_tells_the_scorer() -> None:
    """QTI 2.1, rubricBlock: its view says for whom it is; feedback elements are hidden until their
    outcome is set.
    """
    body = (
        '<rubricBlock view="scorer"><p>SCORER ONLY: the key is B.</p></rubricBlock><rubricBlock '
        'view="tutor proctor"><p>TUTOR</p></rubricBlock>'
        '<rubricBlock view="candidate scorer"><p>Read carefully.</p></rubricBlock><p>Which is '
        'denser? <feedbackInline outcomeIdentifier="F" identifier="x"'
        f' showHide="show">INLINE</feedbackInline> Say it.</p>{CHOICES}<feedbackBlock '
        'outcomeIdentifier="FB" identifier="sol" showHide="show"><p>SOLUTION: '
        "water.</p></feedbackBlock>"
    )
    reading = qti.read_qti(item(body))
    found = only(reading)
    assert (
        "Read carefully." in found.stem
        and "Which is denser?" in found.stem
        and "Say it." in found.stem
    )
    assert not any(word in found.stem for word in ("SCORER", "TUTOR", "SOLUTION", "INLINE"))
    assert found.choices[1].text == "water" and found.choices[1].feedback == "Yes.", (
        "what is said to a choice stays with it"
    )
    assert sum("left out" in str(note.text) for note in reading.notes) == 2


@pytest.mark.parametrize(
    "inside", ["<orderInteraction {}>{}</orderInteraction>", "<prompt>Which?{}</prompt>"]
)
def test_hidden_parts_stay_hidden_wherever_they_stand(inside: str) -> None:
    hidden = (
        '<feedbackInline outcomeIdentifier="F" identifier="x" '
        'showHide="show">SECRET</feedbackInline>'
    )
    if "order" in inside:
        lines = "".join(
            f'<simpleChoice identifier="{one}">{one}{hidden}</simpleChoice>' for one in "AB"
        )
        declared = (
            item("<p>Order</p>" + inside.format('responseIdentifier="RESPONSE"', lines))
            .decode()
            .replace('cardinality="single"', 'cardinality="ordered"')
        )
        found = only(
            qti.read_qti(
                declared.replace("<value>B</value>", "<value>A</value><value>B</value>").encode()
            )
        )
    else:
        found = only(
            qti.read_qti(
                item(
                    "<p>Go</p>"
                    + CHOICES.replace('maxChoices="1">', 'maxChoices="1">' + inside.format(hidden))
                )
            )
        )
    assert "SECRET" not in " ".join([found.stem, *(choice.text for choice in found.choices)])


def test_a_question_that_is_hidden_or_drawn_itself_is_refused() -> None:
    assert "after another answer" in lost(
        qti.read_qti(
            item(
                '<p>A</p><feedbackBlock outcomeIdentifier="F" identifier="x" '
                f'showHide="show">{CHOICES}</feedbackBlock>'
            )
        )
    )
    assert "drawn anew" in lost(
        qti.read_qti(item(f'<p>What is <printedVariable identifier="X"/>?</p>{CHOICES}'))
    )


# Learnosity's and r-exams' MathML, Canvas' equation_image (text2qti's sample), Moodle's TeX
# filters, Wiris, Word.
FORMULAS = [
    "How much is <math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>?",
    'How much is <m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:mn>1</m:mn></m:math>?',
    'What is the square root of <img class="equation_image" title="x" src="/equation_images/x" '
    'alt="LaTeX: x" data-equation-content="x"> for 4?',
    'What is <img src="@@PLUGINFILE@@/f.png" class="Wirisformula" data-mathml="«math»">?',
    r"What is $$\frac{1}{2}$$?",
    r"Solve \(x^2 = 4\)",
    r"Solve \[x^2\] now",
    "Solve [tex]x^2[/tex]",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_question_is_asked_without_its_formula(text: str) -> None:
    in_stem = moodle(
        f'<questiontext format="html"><text><![CDATA[<p>{text}</p>]]></text></questiontext>'
        + answers(("1", 100), ("2", 0))
    )
    in_choice = moodle(
        '<questiontext format="html"><text>Which?</text></questiontext>'
        + answers((text, 100), ("2", 0))
    )
    escaped = "".join(f"\\{char}" if char in "\\~=#{}:" else char for char in text)
    for reading in (
        moodle_xml.read_moodle_xml(in_stem),
        moodle_xml.read_moodle_xml(in_choice),
        gift.read_gift(f"::m::[html]{escaped}{{=1 ~2}}".encode()),
    ):
        assert "It holds a formula" in lost(reading)
    if "<" not in text:
        assert "It holds a formula" in lost(
            spreadsheet.read_question_csv(f'question,answers\n"{text}","* 1\n- 2"\n'.encode())
        )
    if "<m" in text:
        assert "It holds a formula" in lost(qti.read_qti(item(f"<p>{text}</p>{CHOICES}")))


def test_money_code_and_signs_are_no_formulas() -> None:
    assert question_html.clean_imported_html("It costs $5 or $6.") == "It costs $5 or $6."
    assert "<code>" in question_html.clean_imported_html(
        r"What does <code>\(a\)</code> match in <pre>$$x$$</pre>?"
    )
    assert question_html.clean_imported_html("x<sup>2</sup> + 1 = 5") == "x<sup>2</sup> + 1 = 5"


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("true", "false"),
        ("Wahr", "Falsch"),
        ("Vrai", "Faux"),
        ("Verdadero", "Falso"),
        ("Верно", "Неверно"),
        ("对", "错"),
        ("Igaz", "Hamis"),
    ],
)
def test_true_is_not_turned_into_false_in_any_language(true: str, false: str) -> None:
    """Moodle's question/format/xml writes the words of whoever exports; false first is as common as
    true first.
    """
    stem = '<questiontext format="html"><text>Sun rises east.</text></questiontext>'
    for given in (((true, 100), (false, 0)), ((false, 0), (true, 100))):
        assert only(
            moodle_xml.read_moodle_xml(moodle(stem + answers(*given), "truefalse"))
        ).correct == ["true"]
    for given in (((true, 0), (false, 100)), ((false, 100), (true, 0))):
        assert only(
            moodle_xml.read_moodle_xml(moodle(stem + answers(*given), "truefalse"))
        ).correct == ["false"]
    assert (parse_truth_word(true), parse_truth_word(f" {false.upper()} ")) == (True, False)


def test_true_and_false_in_words_that_nobody_here_knows_are_refused_by_name() -> None:
    stem = '<questiontext format="html"><text>Sun rises east.</text></questiontext>'
    assert "'Ehe', 'Aha'" in lost(
        moodle_xml.read_moodle_xml(moodle(stem + answers(("Ehe", 0), ("Aha", 100)), "truefalse"))
    ).replace(" and ", ", ")


@pytest.mark.parametrize(
    "title", ["Question 1", "Frage 1", "Лестница", "שאלה 1", "質問", "سؤال", "Q1", "Question"]
)
def test_keys_made_of_titles_state_no_question(title: str) -> None:
    reading = gift.read_gift(
        f"::{title}::How high?{{=6 ~9}}\n\n::{title}::How low?{{=1 ~2}}\n".encode()
    )
    assert len({one.key for one in reading.items}) == 2
    assert reading.stated == frozenset()


def test_identifiers_that_a_file_states_are_keys_and_no_two_are_one() -> None:
    reading = gift.read_gift(
        b"// [id:ladder-1]\n::L::How high?{=6 ~9}\n\n// [id:Q 1]\n::A::x?{=6 ~9}\n\n// "
        b"[id:q-1]\n::B::y?{=6 ~9}\n\n// [id:ladder-1]\n::C::z?{=6 ~9}\n"
    )
    keys = [one.key for one in reading.items]
    assert keys[0] == "ladder-1" and keys[2] == "q-1" and len(set(keys)) == 4
    assert reading.stated == {keys[0], keys[1], keys[2]}, (
        "the second of the same identifier states nothing"
    )
    assert key_from_identifier("Вопрос 1") != key_from_identifier("Вопрос 2")
    assert key_from_identifier("Q1") != key_from_identifier("q1") == "q1"


def test_only_our_own_qti_identifiers_state_a_question() -> None:
    assert qti.read_qti(item(f"<p>Go?</p>{CHOICES}")).stated == frozenset()
    assert qti.read_qti(item(f"<p>Go?</p>{CHOICES}").replace(b'"r1"', b'"q_ladder-1"')).stated == {
        "ladder-1"
    }
