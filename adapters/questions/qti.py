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
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import unquote

from lxml import etree
from lxml import html as lxml_html

from adapters.questions import html, marks, qti12
from adapters.questions.files import archive_of, beside, local, xml_of
from adapters.questions.moodle_xml import embedded, storable
from adapters.questions.pictures import PictureRefused, checked, file_name
from adapters.questions.shapes import (
    Accepted,
    Choice,
    Item,
    Keys,
    Note,
    Picture,
    Reading,
    Unfit,
    by_key,
    decimal,
    lettered,
    require_sound,
    tidy,
)
from adapters.tables import FileRefused

NAME, ENDING = "QTI 2.1", "zip"
MOST_QUESTIONS = 3_000
_OURS = "q_"
_QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
_PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
_METADATA = "http://www.imsglobal.org/xsd/imsmd_v1p2"
_QTI_METADATA = "http://www.imsglobal.org/xsd/imsqti_metadata_v2p1"
_INTERACTIONS = (
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
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass
class _Package:
    """Context in which one item of the archive is read."""

    files: dict[str, bytes]
    place: str
    pictures: dict[str, Picture] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def picture(self, address: str) -> str:
        """Return ``file:<digest>`` for a picture in the archive; empty, with a note, if it is
        missing or not acceptable."""
        bare = unquote(address.split("?")[0].split("#")[0])
        found = next((self.files[name] for name in self._candidates(bare) if name in self.files), None)
        if found is None:
            self.notes.append(f"The picture {bare[:120]!r} is left out: it is not in the package.")
            return ""
        try:
            picture = checked(found)
        except PictureRefused as error:
            self.notes.append(f"The picture {bare[:120]!r} is left out: {error}.")
            return ""
        self.pictures[picture.digest] = picture
        return f"file:{picture.digest}"

    def _candidates(self, address: str) -> Iterator[str]:
        rest = re.sub(r"^(\$|%24)IMS[-_]CC[-_]FILE_?BASE(\$|%24)/", "", address)
        yield beside(self.place, rest)
        yield posixpath.normpath(rest.lstrip("/"))
        yield posixpath.normpath(f"web_resources/{rest}")


@dataclass(frozen=True)
class _Declared:
    """A response declaration: correct values in their order, and mapped values (key, share,
    whether case matters)."""

    base: str
    correct: list[str]
    mapped: list[tuple[str, Decimal, bool]]


def read(content: bytes) -> Reading:
    """Read the questions of a package, or of a single item's file; whatever is not supported is
    noted for each."""
    if not content.startswith(b"PK"):
        files, places = {"item.xml": content}, [("item.xml", list[str](), "")]
        if local(xml_of(content)) != "assessmentItem":
            raise FileRefused("The file is neither a QTI package (a zip archive with imsmanifest.xml) nor a QTI 2.1 item.")
    else:
        files = archive_of(content)
        manifest = min((name for name in files if posixpath.basename(name) == "imsmanifest.xml"), key=len, default=None)
        if manifest is None:
            raise FileRefused("The archive holds no imsmanifest.xml: it is no QTI package.")
        root = xml_of(files[manifest])
        places = list(_items(root, manifest, files))
        if not places:
            old = qti12.read(root, manifest, files)
            if old is not None:
                return old
            raise FileRefused("The package names no QTI 2.1 question (a resource of type imsqti_item_xmlv2p1).")
    if len(places) > MOST_QUESTIONS:
        raise FileRefused(f"The package holds {len(places):,} questions; {MOST_QUESTIONS:,} is the most. Split it.")
    items: list[Item] = []
    notes: list[Note] = []
    pictures: dict[str, Picture] = {}
    keys = Keys()
    for place, tags, kind in places:
        package = _Package(files, place)
        try:
            if place not in files:
                raise Unfit("The package names this file, and does not hold it.")
            item = require_sound(_item(xml_of(files[place]), package, tags, kind, keys))
        except (Unfit, FileRefused) as error:
            notes.append(Note(place, str(error), lost=True))
            continue
        keys.keep(item.key)
        items.append(item)
        shown = {digest for text in item.texts() for digest in html.pictures_in(text)}
        pictures.update({digest: one for digest, one in package.pictures.items() if digest in shown})
        notes += [Note(place, text) for text in dict.fromkeys(package.notes)]
    return Reading(items, pictures, notes, keys.stated)


def _items(root: etree._Element, manifest: str, files: dict[str, bytes]) -> Iterator[tuple[str, list[str], str]]:
    """Yield (file, keywords, Canvas's own question type) for each question that the manifest,
    or a test in the package, refers to."""
    seen: set[str] = set()
    tests: list[str] = []
    for resource in (one for one in root.iter() if local(one) == "resource"):
        kind, href = resource.get("type", ""), unquote(resource.get("href", ""))
        place = beside(manifest, href)
        if re.match(r"imsqti_item_xmlv2p[0-9]", kind) and place and place not in seen:
            seen.add(place)
            keywords = [" ".join("".join(str(part) for part in one.itertext()).split()) for one in resource.iter() if local(one) == "keyword"]
            yield place, keywords, _canvas_kind(resource)
        elif re.match(r"imsqti_(test|assessment)_xmlv2p[0-9]", kind) and place in files:
            tests.append(place)
    for test in tests:
        for reference in (one for one in xml_of(files[test]).iter() if local(one) == "assessmentItemRef"):
            place = beside(test, unquote(reference.get("href", "")))
            if place and place not in seen:
                seen.add(place)
                yield place, [], ""


def _canvas_kind(element: etree._Element) -> str:
    return next((one.get("value", "") for one in element.iter() if local(one) == "instructureField" and one.get("name") == "question_type"), "")


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [one for one in element if local(one) == name]


def _item(root: etree._Element, package: _Package, tags: list[str], kind: str, keys: Keys) -> Item:
    if local(root) != "assessmentItem":
        raise Unfit(f"It is no assessmentItem, but <{local(root)[:60]}>.")
    bodies = _children(root, "itemBody")
    if not bodies:
        raise Unfit("It has no itemBody.")
    body, kind = bodies[0], _canvas_kind(root) or kind
    named = {local(one) for one in body.iter() if local(one).endswith("Interaction")}
    interactions = [one for one in body.iter() if local(one) in _INTERACTIONS]
    others = sorted(named - set(_INTERACTIONS))
    if others or len(interactions) != 1:
        told = f"it uses {', '.join(others)}" if others else "it asks nothing" if not interactions else f"it asks {len(interactions)} things at once"
        raise Unfit(f"It cannot be asked here: {told}.")
    interaction = interactions[0]
    _hide(body, interaction, package)
    declared = _declared(root, interaction.get("responseIdentifier", "RESPONSE"))
    prompt = "".join(_inner(one, package) for one in _children(interaction, "prompt"))
    stem = _stem(body, interaction, package)
    identifier = root.get("identifier", "")
    title = " ".join(root.get("title", "").split())[:255]
    ours = (
        identifier.removeprefix(_OURS) if identifier.startswith(_OURS) else ""
    )  # Other products use identifiers that are unique only within a file.
    fields: dict[str, Any] = {
        "key": keys.of(ours, title or identifier),
        "competency": "",
        "title": title,
        "stem": html.taken(f"{stem}{prompt}"),
        **_overall(root, package),
        **marks.read(tags),
    }
    name = local(interaction)
    if name == "choiceInteraction":
        parts = _choices(root, interaction, declared, package, kind)
    elif name == "orderInteraction":
        parts = _ordering(interaction, declared, package)
    elif name in ("matchInteraction", "associateInteraction"):
        parts = _matching(interaction, declared, package)
    else:
        parts = _typed(root, interaction, declared, package, kind)
    return Item(**fields | parts)


_HIDDEN = {
    "rubricBlock": "What its rubric says to others than the learner is left out.",
    "feedbackBlock": "What is shown only after an answer is left out of its text.",
    "feedbackInline": "What is shown only after an answer is left out of its text.",
}


def _hide(body: etree._Element, interaction: etree._Element, package: _Package) -> None:
    """Remove from the body what learners do not see before they answer (QTI 2.1, 4.3
    rubricBlock's view, 4.4 feedback elements)."""
    for element in list(body.iter()):
        name = local(element)
        if name in ("printedVariable", "templateBlock", "templateInline"):
            raise Unfit("It shows values that are drawn anew each time, which is not asked here.")
        to_learners = name == "rubricBlock" and "candidate" in (element.get("view") or "").split()
        of_a_choice = local(interaction) == "choiceInteraction" and any(local(one) == "simpleChoice" for one in element.iterancestors())
        if name not in _HIDDEN or to_learners or (of_a_choice and name != "rubricBlock"):
            continue
        if any(one is interaction for one in element.iter()):
            raise Unfit("What it asks is shown only after another answer, which is not asked here.")
        parent = element.getparent()
        assert parent is not None
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + (element.tail or "")
        else:
            parent.text = (parent.text or "") + (element.tail or "")
        element.tail = None
        parent.remove(element)
        package.notes.append(_HIDDEN[name])


def _declared(root: etree._Element, identifier: str) -> _Declared:
    for one in _children(root, "responseDeclaration"):
        if one.get("identifier") == identifier:
            correct = [(value.text or "").strip() for part in _children(one, "correctResponse") for value in _children(part, "value")]
            mapped = [
                (entry.get("mapKey", ""), decimal(entry.get("mappedValue", "0")) or Decimal(0), entry.get("caseSensitive", "true") != "false")
                for part in _children(one, "mapping")
                for entry in _children(part, "mapEntry")
            ]
            return _Declared(one.get("baseType", "identifier"), correct, mapped)
    raise Unfit("It does not declare its response.")


def _overall(root: etree._Element, package: _Package) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in _children(root, "modalFeedback"):
        identifier = one.get("identifier", "").lower()
        text = html.taken(_inner(one, package))
        if re.match(r"(incorrect|wrong|general_incorrect)", identifier):
            found["when_wrong"] = text
        elif identifier.startswith(("correct", "right")):
            found["when_right"] = text
        elif identifier.startswith(("general", "explanation", "solution")):
            found["explanation"] = text
    return found


def _said_to(root: etree._Element, identifier: str, package: _Package) -> str:
    """The modal feedback for one choice."""
    names = (identifier, f"{identifier}_fb", f"feedback_{identifier}")
    return next((html.taken(_inner(one, package)) for one in _children(root, "modalFeedback") if one.get("identifier") in names), "")


def _choices(root: etree._Element, interaction: etree._Element, declared: _Declared, package: _Package, kind: str) -> dict[str, Any]:
    found = []
    for one in _children(interaction, "simpleChoice"):
        inline = [said for said in one.iter() if local(said) in ("feedbackInline", "feedbackBlock")]
        said = html.taken("".join(_inner(part, package) for part in inline)) or _said_to(root, one.get("identifier", ""), package)
        found.append((one.get("identifier", ""), html.taken(_inner(one, package, skip=inline)), said))
    right = declared.correct or [key for key, value, _ in declared.mapped if value > 0]
    if any(0 < value < 1 for _, value, _ in declared.mapped) and not declared.correct:
        package.notes.append("Partial credit is left out: an answer is right or not.")
    words = {html.plain(text).strip().lower(): (identifier, said) for identifier, text, said in found}
    if set(words) == {"true", "false"} and len(found) == 2:
        correct = [word for word, (identifier, _) in words.items() if identifier in right]
        choices = [Choice("true", "True", words["true"][1]), Choice("false", "False", words["false"][1])]
        return {"kind": "true_false", "choices": choices, "correct": correct}
    keys = lettered([text for _, text, _ in found], keep_order=interaction.get("shuffle") != "true")
    single = interaction.get("maxChoices", "1") == "1" and kind != "multiple_answers_question"
    choices = by_key(Choice(keys[text], text, said) for _, text, said in found)
    correct = sorted((keys[text] for identifier, text, _ in found if identifier in right), key=lambda key: (len(key), key))
    return {"kind": "single" if single else "multiple", "choices": choices, "correct": correct}


def _ordering(interaction: etree._Element, declared: _Declared, package: _Package) -> dict[str, Any]:
    texts = {one.get("identifier", ""): html.taken(_inner(one, package)) for one in _children(interaction, "simpleChoice")}
    keys = lettered(list(texts.values()))
    if set(declared.correct) - set(texts):
        raise Unfit("Its right order names a line that it does not have.")
    choices = by_key(Choice(key, text) for text, key in keys.items())
    return {"kind": "ordering", "choices": choices, "correct": [keys[texts[one]] for one in declared.correct]}


def _matching(interaction: etree._Element, declared: _Declared, package: _Package) -> dict[str, Any]:
    sets = _children(interaction, "simpleMatchSet") or [interaction]
    texts = [{one.get("identifier", ""): html.taken(_inner(one, package)) for one in _children(part, "simpleAssociableChoice")} for part in sets]
    pairs = [one.split() for one in declared.correct or [key for key, value, _ in declared.mapped if value > 0]]
    left, right = texts[0], texts[-1]
    if any(len(pair) != 2 or pair[0] not in left or pair[1] not in right for pair in pairs):
        raise Unfit("One of its right pairs names something that it does not have.")
    partner = dict(pairs)
    if len(partner) != len(pairs) or (len(sets) == 2 and set(partner) != set(left)):
        raise Unfit("One of its lines has several partners, or none.")
    lines = [(left[identifier], right[partner[identifier]]) for identifier in left if identifier in partner]
    keys = lettered([line for line, _ in lines], keep_order=True)
    used = set(partner.values()) | (set(partner) if len(sets) == 1 else set())
    others = [text for identifier, text in right.items() if identifier not in used]
    return {"kind": "matching", "choices": [Choice(keys[line], line, match=match) for line, match in lines], "other_matches": others}


def _typed(root: etree._Element, interaction: etree._Element, declared: _Declared, package: _Package, kind: str) -> dict[str, Any]:
    if declared.base in ("float", "integer") or kind == "numerical_question":
        return {"kind": "numeric", "accepted": _numbers(root, declared)}
    best = max((value for _, value, _ in declared.mapped), default=Decimal(0))
    words = [key for key, value, _ in declared.mapped if value == best > 0]
    if any(0 < value < best for _, value, _ in declared.mapped):
        package.notes.append("Partial credit is left out: an answer is right or not.")
    accepted = list(dict.fromkeys([*declared.correct, *words]))
    if not accepted:
        raise Unfit("It is an essay, which nobody but a person can judge; ask it in a rubric assessment instead.")
    sensitive = any(matters for key, _, matters in declared.mapped if key in accepted)
    if sensitive:
        # Files often list every upper- and lower-case spelling instead of declaring that case
        # does not matter.
        folded = {one.casefold() for one in accepted}
        if len(folded) < len(accepted):
            sensitive, accepted = False, [one for one in accepted if one == one.lower()] or sorted(folded)
    return {"kind": "short", "accepted": [Accepted(one) for one in accepted], "case_sensitive": sensitive}


def _numbers(root: etree._Element, declared: _Declared) -> list[Accepted]:
    """Numbers accepted by the response processing: ``equal`` with its tolerance, or a range
    between ``gte`` and ``lte``."""
    found: list[Accepted] = []
    processing = [one for part in _children(root, "responseProcessing") for one in part.iter()]
    for one in processing:
        if local(one) == "equal":
            bases = [decimal((value.text or "").strip()) for value in _children(one, "baseValue")]
            values = [value for value in bases if value is not None] or [
                value for value in (decimal(text) for text in declared.correct) if value is not None
            ]
            parts = (one.get("tolerance") or "0").split()
            around = decimal(parts[0]) if one.get("toleranceMode") in ("absolute", "relative") and parts else Decimal(0)
            for value in values:
                width = around or Decimal(0)
                if one.get("toleranceMode") == "relative":
                    width = abs(value) * width / 100
                found.append(Accepted(tidy(f"{value:f}"), tidy(f"{width:f}")))
        elif local(one) == "and":
            bounds = {
                local(part): decimal((value.text or "").strip())
                for part in one
                for value in _children(part, "baseValue")
                if local(part) in ("gte", "lte")
            }
            low, high = bounds.get("gte"), bounds.get("lte")
            if low is not None and high is not None:
                found.append(Accepted(tidy(f"{(low + high) / 2:f}"), tidy(f"{abs(high - low) / 2:f}")))
    if not found:
        found = [Accepted(tidy(text)) for text in declared.correct]
    return list({(one.value, one.tolerance): one for one in found}.values())


def _stem(body: etree._Element, interaction: etree._Element, package: _Package) -> str:
    """The text around the interaction, with a blank in its place if the text continues around
    it."""
    parent = interaction.getparent()
    alone = parent is body or (parent is not None and not "".join(str(part) for part in parent.itertext()).strip() and len(parent) == 1)
    if not alone and local(interaction) == "textEntryInteraction":
        text = _inner(body, package, blank=interaction)
    else:
        gone = parent if alone and parent is not None and parent is not body else interaction
        text = _inner(body, package, skip=[gone])
    inner = re.fullmatch(r"\s*<div>(.*)</div>\s*", text, re.DOTALL)
    return inner[1] if inner and "<div>" not in inner[1] else text


def _inner(element: etree._Element, package: _Package, skip: list[etree._Element] | None = None, blank: etree._Element | None = None) -> str:
    """The content of an element as HTML without namespaces; pictures are referenced by their
    digests. The result is unsanitized: the caller has to clean it."""
    parts = [escape(element.text or "", quote=False)]
    for child in element:
        name = local(child)
        if child is blank:
            parts.append(_BLANK)
        elif child not in (skip or []) and name:
            parts.append(_outer(child, name, package, skip, blank))
        parts.append(escape(child.tail or "", quote=False))
    text = "".join(parts)
    if html.active_parts(text):
        package.notes.append("Scripts, styles or frames were taken out of its text.")
    return text.strip() if element.getparent() is None or local(element) in ("simpleChoice", "itemBody", "prompt") else text


def _outer(element: etree._Element, name: str, package: _Package, skip: list[etree._Element] | None, blank: etree._Element | None) -> str:
    address = element.get("src") if name == "img" else element.get("data") if name == "object" else None
    if address is not None:
        if address.lower().startswith("data:"):
            source = embedded(address, package.pictures, package.notes)
        elif re.match(r"[a-z][a-z0-9+.-]*:", address, re.IGNORECASE):
            package.notes.append(f"The picture {address[:120]!r} is left out: it lies on another server, which would see who answers.")
            return ""
        else:
            source = package.picture(address)
        alt = escape(element.get("alt", ""))
        return f'<img src="{source}" alt="{alt}">' if source.startswith("file:") else ""
    inner = _inner(element, package, skip, blank)
    if name in ("br", "hr"):
        return f"<{name}>"
    return f"<{name}>{inner}</{name}>"


def write(items: list[Item], pictures: dict[str, Picture], title: str) -> tuple[bytes, list[Note]]:
    """Write questions with their pictures as a package, with notes on what the format cannot
    represent."""
    notes: list[Note] = []
    files: dict[str, bytes] = {}
    manifest = etree.Element(
        f"{{{_PACKAGE}}}manifest", {"identifier": "carryover"}, nsmap=_namespaces(_PACKAGE) | {"imsmd": _METADATA, "imsqti": _QTI_METADATA}
    )
    about = _add(manifest, _PACKAGE, "metadata")
    _add(about, _PACKAGE, "schema", "QTIv2.1 Package")
    _add(about, _PACKAGE, "schemaversion", "1.0.0")
    _add(manifest, _PACKAGE, "organizations")
    resources = _add(manifest, _PACKAGE, "resources")
    test = _add(resources, _PACKAGE, "resource", None, identifier="test", type="imsqti_test_xmlv2p1", href="assessmentTests/test.xml")
    _add(test, _PACKAGE, "file", None, href="assessmentTests/test.xml")
    root = etree.Element(f"{{{_QTI}}}assessmentTest", {"identifier": "test", "title": storable(title)}, nsmap=_namespaces(_QTI))
    part = _add(root, _QTI, "testPart", None, identifier="part", navigationMode="linear", submissionMode="individual")
    section = _add(part, _QTI, "assessmentSection", None, identifier="section", title=title, visible="false")
    for item in items:
        identifier, place = f"{_OURS}{item.key}", f"assessmentItems/{_OURS}{item.key}.xml"
        _add(section, _QTI, "assessmentItemRef", None, identifier=identifier, href=f"../{place}")
        _add(test, _PACKAGE, "dependency", None, identifierref=identifier)
        resource = _add(resources, _PACKAGE, "resource", None, identifier=identifier, type="imsqti_item_xmlv2p1", href=place)
        about = _add(resource, _PACKAGE, "metadata")
        general = _add(_add(about, _METADATA, "lom"), _METADATA, "general")
        for tag in marks.written(item):
            _add(_add(general, _METADATA, "keyword"), _METADATA, "langstring", tag)
        _add(_add(about, _QTI_METADATA, "qtiMetadata"), _QTI_METADATA, "interactionType", _INTERACTION[item.kind])
        _add(resource, _PACKAGE, "file", None, href=place)
        for digest in dict.fromkeys(digest for text in item.texts() for digest in html.pictures_in(text)):
            if digest in pictures:
                name = _picture_name(pictures[digest])
                files[name] = pictures[digest].content
                _add(resource, _PACKAGE, "file", None, href=name)
        files[place] = _xml(_written(item, pictures))
        notes += [Note(item.key, text) for text in _lost(item)]
    files["assessmentTests/test.xml"] = _xml(root)
    files["imsmanifest.xml"] = _xml(manifest)
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), files[name], zipfile.ZIP_DEFLATED)
    return body.getvalue(), notes


_INTERACTION = {
    "single": "choiceInteraction",
    "multiple": "choiceInteraction",
    "true_false": "choiceInteraction",
    "ordering": "orderInteraction",
    "matching": "matchInteraction",
    "numeric": "textEntryInteraction",
    "short": "textEntryInteraction",
}


def _lost(item: Item) -> Iterator[str]:
    if any(one.feedback for one in item.accepted):
        yield "What is said to one accepted answer has no room in QTI."
    if item.kind == "short" and any("*" in one.value for one in item.accepted):
        yield "QTI knows no * that stands for anything; other readers will take it as a star."


def _picture_name(picture: Picture) -> str:
    return f"images/{file_name(picture)}"


def _xml(root: etree._Element) -> bytes:
    body: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return body


def _namespaces(default: str) -> dict[str, str]:
    return {None: default}  # type: ignore[dict-item]  # lxml's own way of naming the default namespace, which its stubs do not know


def _add(parent: etree._Element, namespace: str, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{namespace}}}{name}", {key: storable(value) for key, value in attributes.items()})
    element.text = storable(text) if text else text
    return element


def _written(item: Item, pictures: dict[str, Picture]) -> etree._Element:
    about = {"identifier": f"{_OURS}{item.key}", "title": storable(item.title or item.key), "adaptive": "false", "timeDependent": "false"}
    root = etree.Element(f"{{{_QTI}}}assessmentItem", about, nsmap=_namespaces(_QTI))
    cardinality, base = {
        "single": ("single", "identifier"),
        "true_false": ("single", "identifier"),
        "multiple": ("multiple", "identifier"),
        "ordering": ("ordered", "identifier"),
        "matching": ("multiple", "directedPair"),
        "numeric": ("single", "float"),
        "short": ("single", "string"),
    }[item.kind]
    declaration = _add(root, _QTI, "responseDeclaration", None, identifier="RESPONSE", cardinality=cardinality, baseType=base)
    correct = _add(declaration, _QTI, "correctResponse")
    matches = item.matches
    if item.kind == "matching":
        values = [f"line_{one.key} match_{matches.index(one.match)}" for one in item.choices]
    else:
        values = [one.value for one in item.accepted[:1]] if item.accepted else [f"choice_{key}" for key in item.correct]
    for one_value in values:
        _add(correct, _QTI, "value", one_value)
    if item.kind == "short":
        mapping = _add(declaration, _QTI, "mapping", None, lowerBound="0", upperBound="1", defaultValue="0")
        for one in item.accepted:
            _add(mapping, _QTI, "mapEntry", None, mapKey=one.value, mappedValue="1", caseSensitive=str(item.case_sensitive).lower())
    _add(root, _QTI, "outcomeDeclaration", None, identifier="SCORE", cardinality="single", baseType="float")
    _add(root, _QTI, "outcomeDeclaration", None, identifier="OVERALL", cardinality="multiple", baseType="identifier")
    if item.kind in ("single", "multiple", "true_false"):
        _add(root, _QTI, "outcomeDeclaration", None, identifier="FEEDBACK", cardinality=cardinality, baseType="identifier")
    body = _add(root, _QTI, "itemBody")
    _rich(_add(body, _QTI, "div"), item.stem, pictures)
    _interaction(body, item, matches, pictures)
    _processing(_add(root, _QTI, "responseProcessing"), item)
    for identifier, text in (("correct", item.when_right), ("incorrect", item.when_wrong), ("general", item.explanation)):
        if text:
            _rich(_add(root, _QTI, "modalFeedback", None, outcomeIdentifier="OVERALL", identifier=identifier, showHide="show"), text, pictures)
    return root


def _interaction(body: etree._Element, item: Item, matches: list[str], pictures: dict[str, Picture]) -> None:
    name = _INTERACTION[item.kind]
    if name == "textEntryInteraction":
        _add(_add(body, _QTI, "p"), _QTI, name, None, responseIdentifier="RESPONSE", expectedLength="40")
        return
    interaction = _add(body, _QTI, name, None, responseIdentifier="RESPONSE", shuffle="false")
    if item.kind == "matching":
        interaction.set("maxAssociations", str(len(item.choices)))
        lines = _add(interaction, _QTI, "simpleMatchSet")
        for one in item.choices:
            _rich(_add(lines, _QTI, "simpleAssociableChoice", None, identifier=f"line_{one.key}", matchMax="1"), one.text, pictures)
        partners = _add(interaction, _QTI, "simpleMatchSet")
        for number, text in enumerate(matches):
            many = str(len(item.choices))
            _rich(_add(partners, _QTI, "simpleAssociableChoice", None, identifier=f"match_{number}", matchMax=many), text, pictures)
        return
    if name == "choiceInteraction":
        interaction.set("maxChoices", "0" if item.kind == "multiple" else "1")
    for one in item.choices:
        choice = _add(interaction, _QTI, "simpleChoice", None, identifier=f"choice_{one.key}")
        _rich(choice, one.text, pictures)
        if one.feedback:
            said = _add(choice, _QTI, "feedbackInline", None, outcomeIdentifier="FEEDBACK", identifier=f"choice_{one.key}", showHide="show")
            _rich(said, one.feedback, pictures)


def _processing(processing: etree._Element, item: Item) -> None:
    condition = _add(processing, _QTI, "responseCondition")
    right = _add(condition, _QTI, "responseIf")
    if item.kind == "numeric":
        either = _add(right, _QTI, "or")
        for one in item.accepted:
            value, around = decimal(one.value) or Decimal(0), decimal(one.tolerance) or Decimal(0)
            # Written as a range between two values: Canvas supports no other form of tolerance.
            both = _add(either, _QTI, "and")
            for name, bound in (("gte", value - around), ("lte", value + around)):
                compare = _add(both, _QTI, name)
                _add(compare, _QTI, "variable", None, identifier="RESPONSE")
                _add(compare, _QTI, "baseValue", f"{bound:f}", baseType="float")
    elif item.kind == "short":
        compare = _add(right, _QTI, "gte")
        _add(compare, _QTI, "mapResponse", None, identifier="RESPONSE")
        _add(compare, _QTI, "baseValue", "1", baseType="float")
    else:
        same = _add(right, _QTI, "match")
        _add(same, _QTI, "variable", None, identifier="RESPONSE")
        _add(same, _QTI, "correct", None, identifier="RESPONSE")
    for branch, score, word in ((right, "1", "correct"), (_add(condition, _QTI, "responseElse"), "0", "incorrect")):
        _add(_add(branch, _QTI, "setOutcomeValue", None, identifier="SCORE"), _QTI, "baseValue", score, baseType="float")
        both = _add(_add(branch, _QTI, "setOutcomeValue", None, identifier="OVERALL"), _QTI, "multiple")
        for name in (word, "general"):
            _add(both, _QTI, "baseValue", name, baseType="identifier")
    if item.kind in ("single", "multiple", "true_false"):
        _add(_add(processing, _QTI, "setOutcomeValue", None, identifier="FEEDBACK"), _QTI, "variable", None, identifier="RESPONSE")


def _rich(parent: etree._Element, text: str, pictures: dict[str, Picture]) -> None:
    """Append sanitized HTML as XHTML to an element in QTI's namespace."""
    for digest in html.pictures_in(text):
        if digest in pictures:
            text = text.replace(f"file:{digest}", f"../{_picture_name(pictures[digest])}")
    _copy(lxml_html.fragment_fromstring(storable(text), create_parent="div"), parent)


def _copy(source: etree._Element, target: etree._Element) -> None:
    target.text = (target.text or "") + (source.text or "") or None
    for child in source:
        if isinstance(child.tag, str):
            made = etree.SubElement(target, f"{{{_QTI}}}{child.tag}", {str(name): str(value) for name, value in child.attrib.items()})
            _copy(child, made)
            made.tail = child.tail
