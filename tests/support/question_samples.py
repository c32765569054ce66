"""Files as each product writes them, with a picture that is really one."""

from __future__ import annotations

import base64
import io
import zipfile
from functools import cache
from pathlib import Path

from PIL import Image

GIFT = (
    Path(__file__).parents[1] / "unit" / "adapters" / "questions" / "moodle.gift.txt"
).read_bytes()


@cache
def png(colour: str = "red", side: int = 8) -> bytes:
    """A PNG picture."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


def moodle_question(
    kind: str, body: str, name: str = "A question", text: str = "<p>Why?</p>", more: str = ""
) -> str:
    return f"""
  <question type="{kind}">
    <name><text>{name}</text></name>
    <questiontext format="html"><text><![CDATA[{text}]]></text>{more}</questiontext>
    <generalfeedback format="html"><text></text></generalfeedback>
    <defaultgrade>1.0000000</defaultgrade><penalty>0.3333333</penalty><hidden>0</hidden><idnumber></idnumber>
    {body}
  </question>"""


def answer(fraction: str, text: str, said: str = "", more: str = "") -> str:
    return (
        f'<answer fraction="{fraction}" format="html"><text><![CDATA[{text}]]></text>'
        f'<feedback format="html"><text><![CDATA[{said}]]></text></feedback>{more}</answer>'
    )


CF = "".join(
    f'<{name} format="html"><text>{text}</text></{name}>'
    for name, text in (
        ("correctfeedback", "Well done."),
        ("partiallycorrectfeedback", "Partly."),
        ("incorrectfeedback", "No."),
    )
)


def moodle(*questions: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>' + "".join(questions) + "\n</quiz>"
    ).encode()


def whole_moodle() -> bytes:
    """All that Moodle 4 has which is asked here, a picture in the text and one in an answer, and
    one of each that is not.
    """
    file = (
        '<file name="a mail.png" path="/" '
        f'encoding="base64">{base64.b64encode(png()).decode()}</file>'
    )
    other = (
        '<file name="b.png" path="/" '
        f'encoding="base64">{base64.b64encode(png("blue")).decode()}</file>'
    )
    pictured = (
        '<answer fraction="0" format="html"><text><![CDATA[<img src="@@PLUGINFILE@@/b.png" '
        f'alt="A bill">]]></text>{other}'
        '<feedback format="html"><text></text></feedback></answer>'
    )
    choice = (
        "<single>true</single><shuffleanswers>true</shuffleanswers><answernumbering>abc</answernumbering>"
        + CF
    )
    several = (
        "<single>false</single><shuffleanswers>true</shuffleanswers><answernumbering>abc</answernumbering>"
        + CF
    )
    tags = "<tags><tag><text>competency:recognise</text></tag><tag><text>critical</text></tag><tag><text>mail</text></tag></tags>"
    sub = (
        "<subquestion "
        'format="html"><text><![CDATA[{}]]></text><answer><text>{}</text></answer></subquestion>'
    )
    return moodle(
        "<question "
        'type="category"><category><text>$course$/top/Phishing</text></category></question>',
        moodle_question(
            "multichoice",
            choice
            + answer("100", "<p>The domain</p>", "<p>Yes.</p>")
            + answer("33.33333", "The name")
            + pictured
            + "<hint "
            'format="html"><text>Look right.</text></hint>' + tags,
            "Sender",
            '<p>Look: <img src="@@PLUGINFILE@@/a%20mail.png" alt="A mail" width="20"></p>',
            file,
        ),
        moodle_question(
            "multichoice",
            several + answer("50", "Time") + answer("50", "Money") + answer("-100", "Rain"),
            "Several",
        ),
        moodle_question(
            "truefalse",
            answer("0", "true", "No, late helps.") + answer("100", "false", "Right."),
            "Late",
        ),
        moodle_question(
            "shortanswer",
            "<usecase>1</usecase>"
            + answer("100", "Service*desk")
            + answer("50", "Manager")
            + answer("0", "*", "Look it up."),
            "Whom",
        ),
        moodle_question(
            "numerical",
            answer("100", "12.50", "About.", "<tolerance>0.5</tolerance>")
            + "<units><unit><multiplier>1</multiplier><unit_name>m</unit_name></unit></units>",
            "How many",
        ),
        moodle_question(
            "matching",
            "<shuffleanswers>true</shuffleanswers>"
            + CF
            + sub.format("<p>Security</p>", "removes &lt;b&gt;it&lt;/b&gt;")
            + sub.format("You", "report it")
            + sub.format("", "sleeps"),
            "Match",
        ),
        moodle_question(
            "ordering",
            "<layouttype>VERTICAL</layouttype><selecttype>ALL</selecttype><selectcount>0</selectcount><gradingtype>ABSOLUTE_POSITION</gradingtype><showgrading>SHOW</showgrading><numberingstyle>none</numberingstyle>"
            + CF
            + answer("1.0000000", "Disconnect")
            + answer("2.0000000", "Tell")
            + answer("3.0000000", "Change"),
            "Order",
        ),
        moodle_question("essay", "<responseformat>editor</responseformat>", "Tell us"),
        moodle_question("ddwtos", "", "Drag"),
        moodle_question("cloze", "", "Cloze"),
    )


QTI = 'xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1"'


def qti_item(
    identifier: str,
    declaration: str,
    body: str,
    processing: str = "",
    more: str = "",
    kind: str = "",
    title: str = "Title",
) -> str:
    canvas = (
        f'<instructureMetadata><instructureField name="question_type" value="{kind}"/><instructureField name="points_possible" value="1"/></instructureMetadata>'
        if kind
        else ""
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><assessmentItem {QTI} identifier="{identifier}" '
        f'title="{title}" adaptive="false" timeDependent="false">'
        f'{canvas}{declaration}<outcomeDeclaration identifier="SCORE" cardinality="single" '
        f'baseType="float"/><itemBody>{body}</itemBody>'
        f"<responseProcessing>{processing}</responseProcessing>{more}</assessmentItem>"
    )


def declared(cardinality: str, base: str, *values: str, mapping: str = "") -> str:
    correct = (
        "<correctResponse>"
        + "".join(f"<value>{one}</value>" for one in values)
        + "</correctResponse>"
        if values
        else ""
    )
    return (
        f'<responseDeclaration identifier="RESPONSE" cardinality="{cardinality}" '
        f'baseType="{base}">{correct}{mapping}</responseDeclaration>'
    )


def package(
    items: dict[str, str], files: dict[str, bytes] | None = None, kind: str = "imsqti_item_xmlv2p1"
) -> bytes:
    """A package in Canvas' layout: assessmentItems/, assessmentTests/, pictures beside."""
    resources = "".join(
        f'<resource identifier="{name}" type="{kind}" href="assessmentItems/{name}.xml"><file '
        f'href="assessmentItems/{name}.xml"/></resource>'
        for name in items
    )
    references = "".join(
        f'<assessmentItemRef identifier="{name}" href="../assessmentItems/{name}.xml"/>'
        for name in items
    )
    manifest = (
        '<?xml version="1.0"?><manifest identifier="M" '
        'xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" '
        'xmlns:imsqti="http://www.imsglobal.org/xsd/imsqti_v2p1">'
        '<organizations/><resources><resource identifier="T" type="imsqti_assessment_xmlv2p1" '
        f'href="assessmentTests/T.xml"/>{resources}</resources></manifest>'
    )
    test = (
        f'<assessmentTest {QTI} identifier="T" title="T"><testPart identifier="BaseTestPart" '
        'navigationMode="linear" submissionMode="individual"><assessmentSection identifier="S" '
        f'title="S" visible="true">{references}</assessmentSection></testPart></assessmentTest>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("imsmanifest.xml", manifest)
        archive.writestr("assessmentTests/T.xml", test)
        for name, text in items.items():
            archive.writestr(f"assessmentItems/{name}.xml", text)
        for name, content in (files or {}).items():
            archive.writestr(name, content)
    return out.getvalue()


def whole_qti() -> bytes:
    """Every kind, with Canvas' metadata, pictures, feedback in both places."""
    choice = '<simpleChoice identifier="{}">{}</simpleChoice>'
    said = (
        '<feedbackInline outcomeIdentifier="FEEDBACK" identifier="A" showHide="show">It is paid '
        "for.</feedbackInline>"
    )
    match_all = (
        '<responseCondition><responseIf><match><variable identifier="RESPONSE"/><correct '
        'identifier="RESPONSE"/></match></responseIf></responseCondition>'
    )
    equal = (
        '<responseCondition><responseIf><equal toleranceMode="absolute" tolerance="0.5 '
        '0.5"><variable identifier="RESPONSE"/><correct '
        'identifier="RESPONSE"/></equal></responseIf></responseCondition>'
    )
    bound = (
        '<responseCondition><responseIf><and><gte><variable identifier="RESPONSE"/><baseValue '
        'baseType="float">19.0</baseValue></gte><lte><variable identifier="RESPONSE"/><baseValue '
        'baseType="float">21.0</baseValue></lte></and></responseIf></responseCondition>'
    )
    associable = '<simpleAssociableChoice identifier="{}" matchMax="1">{}</simpleAssociableChoice>'
    mapping = (
        '<mapping defaultValue="0"><mapEntry mapKey="service desk" mappedValue="1"/><mapEntry '
        'mapKey="Service Desk" mappedValue="1"/><mapEntry mapKey="desk" '
        'mappedValue="0.5"/></mapping>'
    )
    return package(
        {
            "q1": qti_item(
                "q1",
                declared("single", "identifier", "A"),
                "<div><p>Who sent "
                '<em>it</em>?</p><img src="../images/mail.png" alt="A '
                'mail"/></div><choiceInteraction responseIdentifier="RESPONSE" shuffle="true" '
                'maxChoices="1"><prompt>Choose one.</prompt>'
                + choice.format("A", "The domain" + said)
                + choice.format("B", "The name")
                + "</choiceInteraction>",
                match_all,
                "<modalFeedback "
                'outcomeIdentifier="F" identifier="general_fb" showHide="show">Read from the '
                "right.</modalFeedback>",
                "multiple_choice_question",
            ),
            "q2": qti_item(
                "q2",
                declared("multiple", "identifier", "A", "B"),
                "<choiceInteraction "
                'responseIdentifier="RESPONSE" maxChoices="0"><prompt>Which?</prompt>'
                + choice.format("A", "Time")
                + choice.format("B", "Money")
                + choice.format("C", "Rain")
                + "</choiceInteraction>",
                kind="multiple_answers_question",
            ),
            "q3": qti_item(
                "q3",
                declared("single", "identifier", "x1"),
                "<p>Late is "
                'worthless.</p><choiceInteraction responseIdentifier="RESPONSE" maxChoices="1">'
                + choice.format("x0", "True")
                + choice.format("x1", "False")
                + "</choiceInteraction>",
                kind="true_false_question",
            ),
            "q4": qti_item(
                "q4",
                declared("ordered", "identifier", "c", "a", "b"),
                "<orderInteraction "
                'responseIdentifier="RESPONSE" shuffle="true"><prompt>Order</prompt>'
                + choice.format("a", "Tell")
                + choice.format("b", "Change")
                + choice.format("c", "Disconnect")
                + "</orderInteraction>",
            ),
            "q5": qti_item(
                "q5",
                declared("multiple", "directedPair", "l1 r2", "l2 r1"),
                "<matchInteraction "
                'responseIdentifier="RESPONSE" '
                'maxAssociations="2"><prompt>Match</prompt><simpleMatchSet>'
                + associable.format("l1", "Security")
                + associable.format("l2", "You")
                + "</simpleMatchSet><simpleMatchSet>"
                + associable.format("r1", "report")
                + associable.format("r2", "remove")
                + associable.format("r3", "sleep")
                + "</simpleMatchSet></matchInteraction>",
            ),
            "q6": qti_item(
                "q6",
                declared("single", "string", mapping=mapping),
                "<p>Call the "
                '<textEntryInteraction responseIdentifier="RESPONSE" expectedLength="10"/> '
                "first.</p>",
                kind="short_answer_question",
            ),
            "q7": qti_item(
                "q7",
                declared("single", "float", "12.50"),
                '<p>How many?</p><p><textEntryInteraction responseIdentifier="RESPONSE"/></p>',
                equal,
            ),
            "q8": qti_item(
                "q8",
                declared("single", "float"),
                '<p>How much?</p><extendedTextInteraction responseIdentifier="RESPONSE"/>',
                bound,
                kind="numerical_question",
            ),
            "q9": qti_item(
                "q9",
                declared("single", "string"),
                '<p>Tell us.</p><extendedTextInteraction responseIdentifier="RESPONSE"/>',
            ),
            "q10": qti_item(
                "q10",
                declared("single", "point"),
                '<hotspotInteraction responseIdentifier="RESPONSE"/>',
            ),
        },
        {"images/mail.png": png()},
    )


CSV = """question;answers;feedback;kind;competency;critical;tags
Who sent it?;"* The domain
- The name";"Yes.
Anybody types it.";;recognise;yes;mail, sender
Which press?;"* Time
* Money
- Rain";;multiple;recognise;;
How many?;12,5 ± 0.5;;numeric;verify;;
Whom?;"service desk
help*";;short;;;
Match;"Security -> remove
You -> report";;;;;
In order;"Disconnect
Tell
Change";;ordering;;;
""".encode()
