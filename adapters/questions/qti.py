"""QTI 2.1 (1EdTech) packages: the reader tolerates the deviations of products (Canvas, Onyx,
QTI 2.2), the writer conforms strictly.

Canvas adds ``instructureMetadata`` to items and stores them in ``assessmentItems/``; its
Classic Quizzes export QTI 1.2, which is another format (:mod:`adapters.questions.qti12`).
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import unquote

from lxml import etree
from lxml import html as lxml_html

from adapters.csv_tables import FileRefused
from adapters.questions import metadata_tags, qti12, question_html
from adapters.questions.models import (
    AcceptedAnswer,
    Choice,
    ImportNote,
    KeyAllocator,
    Picture,
    QuestionItem,
    Reading,
    UnsupportedQuestion,
    assign_letter_keys,
    normalize_number,
    parse_decimal,
    require_valid_item,
    sort_by_key,
)
from adapters.questions.moodle_xml import (
    distinct_notes,
    extract_data_pictures,
    strip_illegal_chars,
)
from adapters.questions.pictures import PictureRefused, load_picture, picture_file_name
from adapters.questions.untrusted_files import (
    local_name,
    parse_untrusted_xml,
    read_archive,
    resolve_archive_path,
)
from core.messages import Message, Number, gettext_noop, lazy_gettext

FORMAT_NAME, FILE_EXTENSION = "QTI 2.1", "zip"
MAX_QUESTIONS = 3_000
_OWN_ID_PREFIX = "q_"
_QTI_NS = "http://www.imsglobal.org/xsd/imsqti_v2p1"
_PACKAGE_NS = "http://www.imsglobal.org/xsd/imscp_v1p1"
_METADATA_NS = "http://www.imsglobal.org/xsd/imsmd_v1p2"
_QTI_METADATA_NS = "http://www.imsglobal.org/xsd/imsqti_metadata_v2p1"
_SUPPORTED_INTERACTIONS = (
    "choiceInteraction",
    "orderInteraction",
    "matchInteraction",
    "associateInteraction",
    "textEntryInteraction",
    "extendedTextInteraction",
)
_BLANK = "_____"
# A fixed timestamp, the earliest that zip can represent, so that the same questions always give
# the same bytes.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass
class _ItemContext:
    """Context in which one item of the archive is read."""

    files: dict[str, bytes]
    place: str
    pictures: dict[str, Picture] = field(default_factory=dict)
    notes: list[str | Message] = field(default_factory=list)

    def import_picture(self, address: str) -> str:
        """Return ``file:<digest>`` for a picture in the archive; empty, with a note, if it is
        missing or not acceptable."""
        bare = unquote(address.split("?")[0].split("#")[0])
        result = next(
            (self.files[name] for name in self._candidate_paths(bare) if name in self.files), None
        )
        if result is None:
            self.notes.append(f"The picture {bare[:120]!r} is left out: it is not in the package.")
            return ""
        try:
            picture = load_picture(result)
        except PictureRefused as error:
            self.notes.append(f"The picture {bare[:120]!r} is left out: {error}.")
            return ""
        self.pictures[picture.digest] = picture
        return f"file:{picture.digest}"

    def _candidate_paths(self, address: str) -> Iterator[str]:
        rest = re.sub(r"^(\$|%24)IMS[-_]CC[-_]FILE_?BASE(\$|%24)/", "", address)
        yield resolve_archive_path(self.place, rest)
        yield posixpath.normpath(rest.lstrip("/"))
        yield posixpath.normpath(f"web_resources/{rest}")


@dataclass(frozen=True)
class _ResponseDeclaration:
    """A response declaration: correct values in their order, and mapped values (key, share,
    whether case matters)."""

    base: str
    correct: list[str]
    mapped: list[tuple[str, Decimal, bool]]


def read_qti(content: bytes) -> Reading:
    """Read the questions of a package, or of a single item's file; whatever is not supported is
    noted for each."""
    if not content.startswith(b"PK"):
        files, places = {"item.xml": content}, [("item.xml", list[str](), "")]
        if local_name(parse_untrusted_xml(content)) != "assessmentItem":
            raise FileRefused(
                "The file is neither a QTI package (a zip archive with imsmanifest.xml) nor a "
                "QTI 2.1 item."
            )
    else:
        files = read_archive(content)
        manifest = min(
            (name for name in files if posixpath.basename(name) == "imsmanifest.xml"),
            key=len,
            default=None,
        )
        if manifest is None:
            raise FileRefused("The archive holds no imsmanifest.xml: it is no QTI package.")
        root = parse_untrusted_xml(files[manifest])
        places = list(_list_item_files(root, manifest, files))
        if not places:
            old = qti12.read_qti12(root, manifest, files)
            if old is not None:
                return old
            raise FileRefused(
                "The package names no QTI 2.1 question (a resource of type imsqti_item_xmlv2p1)."
            )
    if len(places) > MAX_QUESTIONS:
        raise FileRefused(
            lazy_gettext(
                "The package holds %(count)s questions; %(most)s is the most. Split it.",
                count=Number(len(places)),
                most=Number(MAX_QUESTIONS),
            )
        )
    items: list[QuestionItem] = []
    notes: list[ImportNote] = []
    pictures: dict[str, Picture] = {}
    keys = KeyAllocator()
    for place, tags, kind in places:
        package = _ItemContext(files, place)
        try:
            if place not in files:
                raise UnsupportedQuestion("The package names this file, and does not hold it.")
            item = require_valid_item(
                _read_qti_item(parse_untrusted_xml(files[place]), package, tags, kind, keys)
            )
        except (UnsupportedQuestion, FileRefused) as error:
            notes.append(ImportNote(place, error.message, lost=True))
            continue
        keys.reserve_key(item.key)
        items.append(item)
        shown = {digest for text in item.texts() for digest in question_html.picture_digests(text)}
        pictures.update(
            {digest: item for digest, item in package.pictures.items() if digest in shown}
        )
        notes += [ImportNote(place, text) for text in distinct_notes(package.notes)]
    return Reading(items, pictures, notes, keys.stated)


def _list_item_files(
    root: etree._Element, manifest: str, files: dict[str, bytes]
) -> Iterator[tuple[str, list[str], str]]:
    """Yield (file, keywords, Canvas's own question type) for each question that the manifest,
    or a test in the package, refers to."""
    seen: set[str] = set()
    tests: list[str] = []
    for resource in (item for item in root.iter() if local_name(item) == "resource"):
        kind, href = resource.get("type", ""), unquote(resource.get("href", ""))
        place = resolve_archive_path(manifest, href)
        if re.match(r"imsqti_item_xmlv2p[0-9]", kind) and place and place not in seen:
            seen.add(place)
            keywords = [
                " ".join("".join(str(part) for part in item.itertext()).split())
                for item in resource.iter()
                if local_name(item) == "keyword"
            ]
            yield place, keywords, _canvas_question_type(resource)
        elif re.match(r"imsqti_(test|assessment)_xmlv2p[0-9]", kind) and place in files:
            tests.append(place)
    for test in tests:
        for reference in (
            item
            for item in parse_untrusted_xml(files[test]).iter()
            if local_name(item) == "assessmentItemRef"
        ):
            place = resolve_archive_path(test, unquote(reference.get("href", "")))
            if place and place not in seen:
                seen.add(place)
                yield place, [], ""


def _canvas_question_type(element: etree._Element) -> str:
    return next(
        (
            item.get("value", "")
            for item in element.iter()
            if local_name(item) == "instructureField" and item.get("name") == "question_type"
        ),
        "",
    )


def _children_named(element: etree._Element, name: str) -> list[etree._Element]:
    return [item for item in element if local_name(item) == name]


def _read_qti_item(
    root: etree._Element, package: _ItemContext, tags: list[str], kind: str, keys: KeyAllocator
) -> QuestionItem:
    if local_name(root) != "assessmentItem":
        raise UnsupportedQuestion(
            lazy_gettext(
                "It is no assessmentItem, but <%(element)s>.", element=local_name(root)[:60]
            )
        )
    bodies = _children_named(root, "itemBody")
    if not bodies:
        raise UnsupportedQuestion("It has no itemBody.")
    body, kind = bodies[0], _canvas_question_type(root) or kind
    named = {local_name(item) for item in body.iter() if local_name(item).endswith("Interaction")}
    interactions = [item for item in body.iter() if local_name(item) in _SUPPORTED_INTERACTIONS]
    others = sorted(named - set(_SUPPORTED_INTERACTIONS))
    if others or len(interactions) != 1:
        reason = (
            lazy_gettext("it uses %(elements)s", elements=", ".join(others))
            if others
            else lazy_gettext("the question asks nothing")
            if not interactions
            else lazy_gettext("it asks %(count)s things at once", count=len(interactions))
        )
        raise UnsupportedQuestion(
            lazy_gettext("It cannot be asked here: %(reason)s.", reason=reason)
        )
    interaction = interactions[0]
    _remove_hidden_elements(body, interaction, package)
    declared = _read_declaration(root, interaction.get("responseIdentifier", "RESPONSE"))
    prompt = "".join(_inner_html(item, package) for item in _children_named(interaction, "prompt"))
    stem = _read_stem(body, interaction, package)
    identifier = root.get("identifier", "")
    title = " ".join(root.get("title", "").split())[:255]
    ours = (
        identifier.removeprefix(_OWN_ID_PREFIX) if identifier.startswith(_OWN_ID_PREFIX) else ""
    )  # Other products use identifiers that are unique only within a file.
    fields: dict[str, Any] = {
        "key": keys.allocate_key(ours, title or identifier),
        "competency": "",
        "title": title,
        "stem": question_html.clean_imported_html(f"{stem}{prompt}"),
        **_read_overall_feedback(root, package),
        **metadata_tags.parse_tags(tags),
    }
    name = local_name(interaction)
    if name == "choiceInteraction":
        parts = _read_choice_interaction(root, interaction, declared, package, kind)
    elif name == "orderInteraction":
        parts = _read_order_interaction(interaction, declared, package)
    elif name in ("matchInteraction", "associateInteraction"):
        parts = _read_match_interaction(interaction, declared, package)
    else:
        parts = _read_text_interaction(root, interaction, declared, package, kind)
    return QuestionItem(**fields | parts)


_HIDDEN_ELEMENT_NOTES = {
    "rubricBlock": gettext_noop("What its rubric says to others than the learner is left out."),
    "feedbackBlock": gettext_noop("What is shown only after an answer is left out of its text."),
    "feedbackInline": gettext_noop("What is shown only after an answer is left out of its text."),
}


def _remove_hidden_elements(
    body: etree._Element, interaction: etree._Element, package: _ItemContext
) -> None:
    """Remove from the body what learners do not see before they answer (QTI 2.1, 4.3
    rubricBlock's view, 4.4 feedback elements)."""
    for element in list(body.iter()):
        name = local_name(element)
        if name in ("printedVariable", "templateBlock", "templateInline"):
            raise UnsupportedQuestion(
                "It shows values that are drawn anew each time, which is not asked here."
            )
        to_learners = name == "rubricBlock" and "candidate" in (element.get("view") or "").split()
        of_a_choice = local_name(interaction) == "choiceInteraction" and any(
            local_name(ancestor) == "simpleChoice" for ancestor in element.iterancestors()
        )
        if (
            name not in _HIDDEN_ELEMENT_NOTES
            or to_learners
            or (of_a_choice and name != "rubricBlock")
        ):
            continue
        if any(item is interaction for item in element.iter()):
            raise UnsupportedQuestion(
                "What it asks is shown only after another answer, which is not asked here."
            )
        parent = element.getparent()
        assert parent is not None
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + (element.tail or "")
        else:
            parent.text = (parent.text or "") + (element.tail or "")
        element.tail = None
        parent.remove(element)
        package.notes.append(_HIDDEN_ELEMENT_NOTES[name])


def _read_declaration(root: etree._Element, identifier: str) -> _ResponseDeclaration:
    for item in _children_named(root, "responseDeclaration"):
        if item.get("identifier") == identifier:
            correct = [
                (value.text or "").strip()
                for part in _children_named(item, "correctResponse")
                for value in _children_named(part, "value")
            ]
            mapped = [
                (
                    entry.get("mapKey", ""),
                    parse_decimal(entry.get("mappedValue", "0")) or Decimal(0),
                    entry.get("caseSensitive", "true") != "false",
                )
                for part in _children_named(item, "mapping")
                for entry in _children_named(part, "mapEntry")
            ]
            return _ResponseDeclaration(item.get("baseType", "identifier"), correct, mapped)
    raise UnsupportedQuestion("It does not declare its response.")


def _read_overall_feedback(root: etree._Element, package: _ItemContext) -> dict[str, str]:
    result: dict[str, str] = {}
    for item in _children_named(root, "modalFeedback"):
        identifier = item.get("identifier", "").lower()
        text = question_html.clean_imported_html(_inner_html(item, package))
        if re.match(r"(incorrect|wrong|general_incorrect)", identifier):
            result["when_wrong"] = text
        elif identifier.startswith(("correct", "right")):
            result["when_right"] = text
        elif identifier.startswith(("general", "explanation", "solution")):
            result["explanation"] = text
    return result


def _choice_feedback(root: etree._Element, identifier: str, package: _ItemContext) -> str:
    """The modal feedback for one choice."""
    names = (identifier, f"{identifier}_fb", f"feedback_{identifier}")
    return next(
        (
            question_html.clean_imported_html(_inner_html(item, package))
            for item in _children_named(root, "modalFeedback")
            if item.get("identifier") in names
        ),
        "",
    )


def _read_choice_interaction(
    root: etree._Element,
    interaction: etree._Element,
    declared: _ResponseDeclaration,
    package: _ItemContext,
    kind: str,
) -> dict[str, Any]:
    result = []
    for item in _children_named(interaction, "simpleChoice"):
        inline = [
            texts
            for texts in item.iter()
            if local_name(texts) in ("feedbackInline", "feedbackBlock")
        ]
        feedback = question_html.clean_imported_html(
            "".join(_inner_html(part, package) for part in inline)
        ) or _choice_feedback(root, item.get("identifier", ""), package)
        result.append(
            (
                item.get("identifier", ""),
                question_html.clean_imported_html(_inner_html(item, package, skip=inline)),
                feedback,
            )
        )
    right = declared.correct or [key for key, value, _ in declared.mapped if value > 0]
    if any(0 < value < 1 for _, value, _ in declared.mapped) and not declared.correct:
        package.notes.append(gettext_noop("Partial credit is left out: an answer is right or not."))
    by_text = {
        question_html.html_to_text(text).strip().lower(): (identifier, texts)
        for identifier, text, texts in result
    }
    if set(by_text) == {"true", "false"} and len(result) == 2:
        correct = [word for word, (identifier, _) in by_text.items() if identifier in right]
        choices = [
            Choice("true", "True", by_text["true"][1]),
            Choice("false", "False", by_text["false"][1]),
        ]
        return {"kind": "true_false", "choices": choices, "correct": correct}
    keys = assign_letter_keys(
        [text for _, text, _ in result], keep_order=interaction.get("shuffle") != "true"
    )
    single = interaction.get("maxChoices", "1") == "1" and kind != "multiple_answers_question"
    choices = sort_by_key(Choice(keys[text], text, texts) for _, text, texts in result)
    correct = sorted(
        (keys[text] for identifier, text, _ in result if identifier in right),
        key=lambda key: (len(key), key),
    )
    return {"kind": "single" if single else "multiple", "choices": choices, "correct": correct}


def _read_order_interaction(
    interaction: etree._Element, declared: _ResponseDeclaration, package: _ItemContext
) -> dict[str, Any]:
    texts = {
        item.get("identifier", ""): question_html.clean_imported_html(_inner_html(item, package))
        for item in _children_named(interaction, "simpleChoice")
    }
    keys = assign_letter_keys(list(texts.values()))
    if set(declared.correct) - set(texts):
        raise UnsupportedQuestion("Its right order names a line that it does not have.")
    choices = sort_by_key(Choice(key, text) for text, key in keys.items())
    return {
        "kind": "ordering",
        "choices": choices,
        "correct": [keys[texts[item]] for item in declared.correct],
    }


def _read_match_interaction(
    interaction: etree._Element, declared: _ResponseDeclaration, package: _ItemContext
) -> dict[str, Any]:
    sets = _children_named(interaction, "simpleMatchSet") or [interaction]
    texts = [
        {
            item.get("identifier", ""): question_html.clean_imported_html(
                _inner_html(item, package)
            )
            for item in _children_named(part, "simpleAssociableChoice")
        }
        for part in sets
    ]
    pairs = [
        item.split()
        for item in declared.correct or [key for key, value, _ in declared.mapped if value > 0]
    ]
    left, right = texts[0], texts[-1]
    if any(len(pair) != 2 or pair[0] not in left or pair[1] not in right for pair in pairs):
        raise UnsupportedQuestion("One of its right pairs names something that it does not have.")
    partner = dict(pairs)
    if len(partner) != len(pairs) or (len(sets) == 2 and set(partner) != set(left)):
        raise UnsupportedQuestion("One of its lines has several partners, or none.")
    lines = [
        (left[identifier], right[partner[identifier]])
        for identifier in left
        if identifier in partner
    ]
    keys = assign_letter_keys([line for line, _ in lines], keep_order=True)
    used = set(partner.values()) | (set(partner) if len(sets) == 1 else set())
    others = [text for identifier, text in right.items() if identifier not in used]
    return {
        "kind": "matching",
        "choices": [Choice(keys[line], line, match=match) for line, match in lines],
        "other_matches": others,
    }


def _read_text_interaction(
    root: etree._Element,
    interaction: etree._Element,
    declared: _ResponseDeclaration,
    package: _ItemContext,
    kind: str,
) -> dict[str, Any]:
    if declared.base in ("float", "integer") or kind == "numerical_question":
        return {"kind": "numeric", "accepted": _read_accepted_numbers(root, declared)}
    best = max((value for _, value, _ in declared.mapped), default=Decimal(0))
    best_keys = [key for key, value, _ in declared.mapped if value == best > 0]
    if any(0 < value < best for _, value, _ in declared.mapped):
        package.notes.append(gettext_noop("Partial credit is left out: an answer is right or not."))
    accepted = list(dict.fromkeys([*declared.correct, *best_keys]))
    if not accepted:
        raise UnsupportedQuestion(
            "It is an essay, which nobody but a person can judge; ask it in a rubric assessment "
            "instead."
        )
    sensitive = any(matters for key, _, matters in declared.mapped if key in accepted)
    if sensitive:
        # Files often list every upper- and lower-case spelling instead of declaring that case
        # does not matter.
        folded = {item.casefold() for item in accepted}
        if len(folded) < len(accepted):
            sensitive, accepted = (
                False,
                [item for item in accepted if item == item.lower()] or sorted(folded),
            )
    return {
        "kind": "short",
        "accepted": [AcceptedAnswer(item) for item in accepted],
        "case_sensitive": sensitive,
    }


def _read_accepted_numbers(
    root: etree._Element, declared: _ResponseDeclaration
) -> list[AcceptedAnswer]:
    """Numbers accepted by the response processing: ``equal`` with its tolerance, or a range
    between ``gte`` and ``lte``."""
    result: list[AcceptedAnswer] = []
    processing = [
        entry for part in _children_named(root, "responseProcessing") for entry in part.iter()
    ]
    for item in processing:
        if local_name(item) == "equal":
            bases = [
                parse_decimal((value.text or "").strip())
                for value in _children_named(item, "baseValue")
            ]
            values = [value for value in bases if value is not None] or [
                value
                for value in (parse_decimal(text) for text in declared.correct)
                if value is not None
            ]
            parts = (item.get("tolerance") or "0").split()
            around = (
                parse_decimal(parts[0])
                if item.get("toleranceMode") in ("absolute", "relative") and parts
                else Decimal(0)
            )
            for value in values:
                width = around or Decimal(0)
                if item.get("toleranceMode") == "relative":
                    width = abs(value) * width / 100
                result.append(
                    AcceptedAnswer(normalize_number(f"{value:f}"), normalize_number(f"{width:f}"))
                )
        elif local_name(item) == "and":
            bounds = {
                local_name(part): parse_decimal((value.text or "").strip())
                for part in item
                for value in _children_named(part, "baseValue")
                if local_name(part) in ("gte", "lte")
            }
            low, high = bounds.get("gte"), bounds.get("lte")
            if low is not None and high is not None:
                result.append(
                    AcceptedAnswer(
                        normalize_number(f"{(low + high) / 2:f}"),
                        normalize_number(f"{abs(high - low) / 2:f}"),
                    )
                )
    if not result:
        result = [AcceptedAnswer(normalize_number(text)) for text in declared.correct]
    return list({(entry.value, entry.tolerance): entry for entry in result}.values())


def _read_stem(body: etree._Element, interaction: etree._Element, package: _ItemContext) -> str:
    """The text around the interaction, with a blank in its place if the text continues around
    it."""
    parent = interaction.getparent()
    only_child = parent is body or (
        parent is not None
        and not "".join(str(part) for part in parent.itertext()).strip()
        and len(parent) == 1
    )
    if not only_child and local_name(interaction) == "textEntryInteraction":
        text = _inner_html(body, package, blank=interaction)
    else:
        removed = (
            parent if only_child and parent is not None and parent is not body else interaction
        )
        text = _inner_html(body, package, skip=[removed])
    inner = re.fullmatch(r"\s*<div>(.*)</div>\s*", text, re.DOTALL)
    return inner[1] if inner and "<div>" not in inner[1] else text


def _inner_html(
    element: etree._Element,
    package: _ItemContext,
    skip: list[etree._Element] | None = None,
    blank: etree._Element | None = None,
) -> str:
    """The content of an element as HTML without namespaces; pictures are referenced by their
    digests. The result is unsanitized: the caller has to clean it."""
    parts = [escape(element.text or "", quote=False)]
    for child in element:
        name = local_name(child)
        if child is blank:
            parts.append(_BLANK)
        elif child not in (skip or []) and name:
            parts.append(_outer_html(child, name, package, skip, blank))
        parts.append(escape(child.tail or "", quote=False))
    text = "".join(parts)
    if question_html.has_active_content(text):
        package.notes.append("Scripts, styles or frames were taken out of its text.")
    return (
        text.strip()
        if element.getparent() is None
        or local_name(element) in ("simpleChoice", "itemBody", "prompt")
        else text
    )


def _outer_html(
    element: etree._Element,
    name: str,
    package: _ItemContext,
    skip: list[etree._Element] | None,
    blank: etree._Element | None,
) -> str:
    address = (
        element.get("src") if name == "img" else element.get("data") if name == "object" else None
    )
    if address is not None:
        if address.lower().startswith("data:"):
            source = extract_data_pictures(address, package.pictures, package.notes)
        elif re.match(r"[a-z][a-z0-9+.-]*:", address, re.IGNORECASE):
            package.notes.append(
                f"The picture {address[:120]!r} is left out: it lies on another server, which "
                "would see who answers."
            )
            return ""
        else:
            source = package.import_picture(address)
        alt = escape(element.get("alt", ""))
        return f'<img src="{source}" alt="{alt}">' if source.startswith("file:") else ""
    inner = _inner_html(element, package, skip, blank)
    if name in ("br", "hr"):
        return f"<{name}>"
    return f"<{name}>{inner}</{name}>"


def write_qti(
    items: list[QuestionItem], pictures: dict[str, Picture], title: str
) -> tuple[bytes, list[ImportNote]]:
    """Write questions with their pictures as a package, with notes on what the format cannot
    represent."""
    notes: list[ImportNote] = []
    files: dict[str, bytes] = {}
    manifest = etree.Element(
        f"{{{_PACKAGE_NS}}}manifest",
        {"identifier": "carryover"},
        nsmap=_default_namespace(_PACKAGE_NS) | {"imsmd": _METADATA_NS, "imsqti": _QTI_METADATA_NS},
    )
    about = _add_element(manifest, _PACKAGE_NS, "metadata")
    _add_element(about, _PACKAGE_NS, "schema", "QTIv2.1 Package")
    _add_element(about, _PACKAGE_NS, "schemaversion", "1.0.0")
    _add_element(manifest, _PACKAGE_NS, "organizations")
    resources = _add_element(manifest, _PACKAGE_NS, "resources")
    test = _add_element(
        resources,
        _PACKAGE_NS,
        "resource",
        None,
        identifier="test",
        type="imsqti_test_xmlv2p1",
        href="assessmentTests/test.xml",
    )
    _add_element(test, _PACKAGE_NS, "file", None, href="assessmentTests/test.xml")
    root, section = _build_test_element(title)
    for item in items:
        identifier, place = (
            f"{_OWN_ID_PREFIX}{item.key}",
            f"assessmentItems/{_OWN_ID_PREFIX}{item.key}.xml",
        )
        _add_element(
            section, _QTI_NS, "assessmentItemRef", None, identifier=identifier, href=f"../{place}"
        )
        _add_element(test, _PACKAGE_NS, "dependency", None, identifierref=identifier)
        resource = _add_element(
            resources,
            _PACKAGE_NS,
            "resource",
            None,
            identifier=identifier,
            type="imsqti_item_xmlv2p1",
            href=place,
        )
        _write_metadata(resource, item)
        _add_element(resource, _PACKAGE_NS, "file", None, href=place)
        for digest in dict.fromkeys(
            digest for text in item.texts() for digest in question_html.picture_digests(text)
        ):
            if digest in pictures:
                name = _picture_path(pictures[digest])
                files[name] = pictures[digest].content
                _add_element(resource, _PACKAGE_NS, "file", None, href=name)
        files[place] = _serialize_xml(_build_item_element(item, pictures))
        notes += [ImportNote(item.key, text) for text in _list_export_losses(item)]
    files["assessmentTests/test.xml"] = _serialize_xml(root)
    files["imsmanifest.xml"] = _serialize_xml(manifest)
    return _zip_files(files), notes


def _build_test_element(title: str) -> tuple[etree._Element, etree._Element]:
    """The test's document, and its section, which refers to the items."""
    root = etree.Element(
        f"{{{_QTI_NS}}}assessmentTest",
        {"identifier": "test", "title": strip_illegal_chars(title)},
        nsmap=_default_namespace(_QTI_NS),
    )
    part = _add_element(
        root,
        _QTI_NS,
        "testPart",
        None,
        identifier="part",
        navigationMode="linear",
        submissionMode="individual",
    )
    section = _add_element(
        part, _QTI_NS, "assessmentSection", None, identifier="section", title=title, visible="false"
    )
    return root, section


def _write_metadata(resource: etree._Element, item: QuestionItem) -> None:
    about = _add_element(resource, _PACKAGE_NS, "metadata")
    general = _add_element(_add_element(about, _METADATA_NS, "lom"), _METADATA_NS, "general")
    for tag in metadata_tags.item_tags(item):
        _add_element(
            _add_element(general, _METADATA_NS, "keyword"), _METADATA_NS, "langstring", tag
        )
    _add_element(
        _add_element(about, _QTI_METADATA_NS, "qtiMetadata"),
        _QTI_METADATA_NS,
        "interactionType",
        _INTERACTION_BY_KIND[item.kind],
    )


def _zip_files(files: Mapping[str, bytes]) -> bytes:
    """The same files give the same bytes."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), files[name], zipfile.ZIP_DEFLATED)
    return body.getvalue()


_INTERACTION_BY_KIND = {
    "single": "choiceInteraction",
    "multiple": "choiceInteraction",
    "true_false": "choiceInteraction",
    "ordering": "orderInteraction",
    "matching": "matchInteraction",
    "numeric": "textEntryInteraction",
    "short": "textEntryInteraction",
}


def _list_export_losses(item: QuestionItem) -> Iterator[str]:
    if any(item.feedback for item in item.accepted):
        yield gettext_noop("What is said to one accepted answer has no room in QTI.")
    if item.kind == "short" and any("*" in item.value for item in item.accepted):
        yield gettext_noop(
            "QTI knows no * that stands for anything; other readers will take it as a star."
        )


def _picture_path(picture: Picture) -> str:
    return f"images/{picture_file_name(picture)}"


def _serialize_xml(root: etree._Element) -> bytes:
    body: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return body


def _default_namespace(default: str) -> dict[str, str]:
    return {None: default}  # type: ignore[dict-item]  # lxml's own way of naming the default namespace, which its stubs do not know


def _add_element(
    parent: etree._Element, namespace: str, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    element = etree.SubElement(
        parent,
        f"{{{namespace}}}{name}",
        {key: strip_illegal_chars(value) for key, value in attributes.items()},
    )
    element.text = strip_illegal_chars(text) if text else text
    return element


def _build_item_element(item: QuestionItem, pictures: dict[str, Picture]) -> etree._Element:
    about = {
        "identifier": f"{_OWN_ID_PREFIX}{item.key}",
        "title": strip_illegal_chars(item.title or item.key),
        "adaptive": "false",
        "timeDependent": "false",
    }
    root = etree.Element(f"{{{_QTI_NS}}}assessmentItem", about, nsmap=_default_namespace(_QTI_NS))
    _write_declarations(root, item)
    body = _add_element(root, _QTI_NS, "itemBody")
    _write_xhtml(_add_element(body, _QTI_NS, "div"), item.stem, pictures)
    _write_interaction(body, item, pictures)
    _write_response_processing(_add_element(root, _QTI_NS, "responseProcessing"), item)
    for identifier, text in (
        ("correct", item.when_right),
        ("incorrect", item.when_wrong),
        ("general", item.explanation),
    ):
        if text:
            _write_xhtml(
                _add_element(
                    root,
                    _QTI_NS,
                    "modalFeedback",
                    None,
                    outcomeIdentifier="OVERALL",
                    identifier=identifier,
                    showHide="show",
                ),
                text,
                pictures,
            )
    return root


# Kind -> (cardinality, base type) of the response.
_RESPONSE_TYPES = {
    "single": ("single", "identifier"),
    "true_false": ("single", "identifier"),
    "multiple": ("multiple", "identifier"),
    "ordering": ("ordered", "identifier"),
    "matching": ("multiple", "directedPair"),
    "numeric": ("single", "float"),
    "short": ("single", "string"),
}


def _write_declarations(root: etree._Element, item: QuestionItem) -> None:
    """The response with its right answer, and the outcomes."""
    cardinality, base = _RESPONSE_TYPES[item.kind]
    declaration = _add_element(
        root,
        _QTI_NS,
        "responseDeclaration",
        None,
        identifier="RESPONSE",
        cardinality=cardinality,
        baseType=base,
    )
    correct = _add_element(declaration, _QTI_NS, "correctResponse")
    for value in _correct_values(item):
        _add_element(correct, _QTI_NS, "value", value)
    if item.kind == "short":
        mapping = _add_element(
            declaration, _QTI_NS, "mapping", None, lowerBound="0", upperBound="1", defaultValue="0"
        )
        for entry in item.accepted:
            _add_element(
                mapping,
                _QTI_NS,
                "mapEntry",
                None,
                mapKey=entry.value,
                mappedValue="1",
                caseSensitive=str(item.case_sensitive).lower(),
            )
    outcomes = [("SCORE", "single", "float"), ("OVERALL", "multiple", "identifier")]
    if item.kind in ("single", "multiple", "true_false"):
        outcomes.append(("FEEDBACK", cardinality, "identifier"))
    for identifier, of, base in outcomes:
        _add_element(
            root,
            _QTI_NS,
            "outcomeDeclaration",
            None,
            identifier=identifier,
            cardinality=of,
            baseType=base,
        )


def _correct_values(item: QuestionItem) -> list[str]:
    if item.kind == "matching":
        matches = item.matches
        return [f"line_{choice.key} match_{matches.index(choice.match)}" for choice in item.choices]
    if item.accepted:
        return [accepted.value for accepted in item.accepted[:1]]
    return [f"choice_{key}" for key in item.correct]


def _write_interaction(
    body: etree._Element, item: QuestionItem, pictures: dict[str, Picture]
) -> None:
    name = _INTERACTION_BY_KIND[item.kind]
    if name == "textEntryInteraction":
        _add_element(
            _add_element(body, _QTI_NS, "p"),
            _QTI_NS,
            name,
            None,
            responseIdentifier="RESPONSE",
            expectedLength="40",
        )
        return
    interaction = _add_element(
        body, _QTI_NS, name, None, responseIdentifier="RESPONSE", shuffle="false"
    )
    if item.kind == "matching":
        _write_match_sets(interaction, item, pictures)
        return
    if name == "choiceInteraction":
        interaction.set("maxChoices", "0" if item.kind == "multiple" else "1")
    for entry in item.choices:
        choice = _add_element(
            interaction, _QTI_NS, "simpleChoice", None, identifier=f"choice_{entry.key}"
        )
        _write_xhtml(choice, entry.text, pictures)
        if entry.feedback:
            feedback = _add_element(
                choice,
                _QTI_NS,
                "feedbackInline",
                None,
                outcomeIdentifier="FEEDBACK",
                identifier=f"choice_{entry.key}",
                showHide="show",
            )
            _write_xhtml(feedback, entry.feedback, pictures)


def _write_match_sets(
    interaction: etree._Element, item: QuestionItem, pictures: dict[str, Picture]
) -> None:
    """The lines, each of which is matched once, and their partners."""
    most = str(len(item.choices))
    interaction.set("maxAssociations", most)
    lines = [(f"line_{entry.key}", entry.text, "1") for entry in item.choices]
    partners = [(f"match_{number}", text, most) for number, text in enumerate(item.matches)]
    for entries in (lines, partners):
        match_set = _add_element(interaction, _QTI_NS, "simpleMatchSet")
        for identifier, text, match_max in entries:
            choice = _add_element(
                match_set,
                _QTI_NS,
                "simpleAssociableChoice",
                None,
                identifier=identifier,
                matchMax=match_max,
            )
            _write_xhtml(choice, text, pictures)


def _write_response_processing(processing: etree._Element, item: QuestionItem) -> None:
    condition = _add_element(processing, _QTI_NS, "responseCondition")
    right = _add_element(condition, _QTI_NS, "responseIf")
    if item.kind == "numeric":
        either = _add_element(right, _QTI_NS, "or")
        for entry in item.accepted:
            value, around = (
                parse_decimal(entry.value) or Decimal(0),
                parse_decimal(entry.tolerance) or Decimal(0),
            )
            # Written as a range between two values: Canvas supports no other form of tolerance.
            both = _add_element(either, _QTI_NS, "and")
            for name, bound in (("gte", value - around), ("lte", value + around)):
                compare = _add_element(both, _QTI_NS, name)
                _add_element(compare, _QTI_NS, "variable", None, identifier="RESPONSE")
                _add_element(compare, _QTI_NS, "baseValue", f"{bound:f}", baseType="float")
    elif item.kind == "short":
        compare = _add_element(right, _QTI_NS, "gte")
        _add_element(compare, _QTI_NS, "mapResponse", None, identifier="RESPONSE")
        _add_element(compare, _QTI_NS, "baseValue", "1", baseType="float")
    else:
        same = _add_element(right, _QTI_NS, "match")
        _add_element(same, _QTI_NS, "variable", None, identifier="RESPONSE")
        _add_element(same, _QTI_NS, "correct", None, identifier="RESPONSE")
    for branch, score, word in (
        (right, "1", "correct"),
        (_add_element(condition, _QTI_NS, "responseElse"), "0", "incorrect"),
    ):
        _add_element(
            _add_element(branch, _QTI_NS, "setOutcomeValue", None, identifier="SCORE"),
            _QTI_NS,
            "baseValue",
            score,
            baseType="float",
        )
        both = _add_element(
            _add_element(branch, _QTI_NS, "setOutcomeValue", None, identifier="OVERALL"),
            _QTI_NS,
            "multiple",
        )
        for name in (word, "general"):
            _add_element(both, _QTI_NS, "baseValue", name, baseType="identifier")
    if item.kind in ("single", "multiple", "true_false"):
        _add_element(
            _add_element(processing, _QTI_NS, "setOutcomeValue", None, identifier="FEEDBACK"),
            _QTI_NS,
            "variable",
            None,
            identifier="RESPONSE",
        )


def _write_xhtml(parent: etree._Element, text: str, pictures: dict[str, Picture]) -> None:
    """Append sanitized HTML as XHTML to an element in QTI's namespace."""
    for digest in question_html.picture_digests(text):
        if digest in pictures:
            text = text.replace(f"file:{digest}", f"../{_picture_path(pictures[digest])}")
    _copy_into_namespace(
        lxml_html.fragment_fromstring(strip_illegal_chars(text), create_parent="div"), parent
    )


def _copy_into_namespace(source: etree._Element, target: etree._Element) -> None:
    target.text = (target.text or "") + (source.text or "") or None
    for child in source:
        if isinstance(child.tag, str):
            created = etree.SubElement(
                target,
                f"{{{_QTI_NS}}}{child.tag}",
                {str(name): str(value) for name, value in child.attrib.items()},
            )
            _copy_into_namespace(child, created)
            created.tail = child.tail
