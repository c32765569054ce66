"""HTML of questions: cleaned when it is written, so that showing it is safe. The one owner of nh3.

Pictures are named ``file:<sha256>`` and nothing else; whoever shows a text puts the address of the picture in its place.
"""

from __future__ import annotations

import html
import re

import nh3

from adapters.questions.shapes import require_no_formula

TAGS = frozenset(
    [
        "p",
        "br",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "s",
        "sub",
        "sup",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "span",
        "div",
        "img",
        "hr",
        "h3",
        "h4",
        "h5",
        "h6",
    ]
)
ATTRIBUTES = {"img": {"src", "alt"}, "th": {"scope", "colspan", "rowspan"}, "td": {"colspan", "rowspan"}}
PICTURE = re.compile(r"file:([0-9a-f]{64})\Z")
_PICTURES = re.compile(r'<img[^>]*?\bsrc="file:([0-9a-f]{64})"[^>]*>')
_SOURCES = re.compile(r'(<img[^>]*?\bsrc=")file:([0-9a-f]{64})(")')
# Block elements end a word: the text of "<p>one</p><p>two</p>" is "one two".
_BLOCKS = re.compile(r"</?(?:p|br|div|li|tr|td|th|h[3-6]|ul|ol|dl|dt|dd|table|hr|pre|blockquote)\b[^>]*>", re.IGNORECASE)
_REMOVED = re.compile(
    r"<\s*(script|style|iframe|object|embed|svg|form|input|video|audio|link|meta|math)\b|\bon[a-z]+\s*=|javascript:|\bstyle\s*=", re.IGNORECASE
)


def clean(text: str) -> str:
    """``text`` with the markup that questions may hold and no other; scripts and styles go with what is in them."""
    cleaned = nh3.clean(
        text.replace("\0", ""),
        tags=set(TAGS),
        clean_content_tags={"script", "style"},
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_attribute,
        url_schemes={"file"},
        link_rel=None,
        strip_comments=True,
    )
    # A picture without a source that we keep shows nothing.
    return re.sub(r"<img(?![^>]*\bsrc=)[^>]*>", "", cleaned).strip()


def taken(text: str) -> str:
    """A text of a question as it comes in, cleaned; Unfit where it holds what cannot be shown and would be missed (a formula)."""
    require_no_formula(text)
    return clean(text)


def _attribute(tag: str, name: str, value: str) -> str | None:
    if (tag, name) == ("img", "src"):
        return value if PICTURE.match(value) else None
    if name in ("colspan", "rowspan"):
        return value if value.isdecimal() and 1 <= int(value[:3]) <= 100 else None
    return value


def active_parts(text: str) -> bool:
    """Whether cleaning takes out something that acts (a script, a frame, a style), which its author should be told."""
    return bool(_REMOVED.search(text))


def escape(text: str) -> str:
    """Plain text as HTML; line breaks stay."""
    return html.escape(text, quote=False).replace("\n", "<br>")


def plain(text: str) -> str:
    """The words of an HTML text, for names, mails and statements; a picture is told by its alternative text."""
    told = re.sub(r'<img[^>]*?\balt="([^"]*)"[^>]*>', r" \1 ", text)
    bare = nh3.clean(_BLOCKS.sub(" ", told), tags=set(), attributes={})
    return " ".join(html.unescape(bare).split())


def as_typed(text: str) -> str:
    """A text for its author to change: plain, with its lines, where it holds no markup; else as it is."""
    bare = html.unescape(text.replace("<br>", "\n"))
    return bare if clean(escape(bare)) == text else text


def pictures_in(text: str) -> list[str]:
    """Digests of the pictures that a cleaned text shows."""
    return _PICTURES.findall(text)


def with_addresses(text: str, base: str) -> str:
    """A cleaned text with the addresses of its pictures: ``base`` and the digest."""
    return _SOURCES.sub(lambda found: f"{found[1]}{base}{found[2]}{found[3]}", text)
