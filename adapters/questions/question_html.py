"""HTML of questions: sanitized when it is written, so that it is safe to display. The only
module that uses nh3.

Pictures are referenced only as ``file:<sha256>``; the code that displays a text replaces this
with the picture's URL.
"""

from __future__ import annotations

import html
import re

import nh3

from adapters.questions.models import require_no_formula

ALLOWED_TAGS = frozenset(
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
ALLOWED_ATTRIBUTES = {
    "img": {"src", "alt"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
PICTURE_REFERENCE = re.compile(r"file:([0-9a-f]{64})\Z")
_PICTURE_TAG = re.compile(r'<img[^>]*?\bsrc="file:([0-9a-f]{64})"[^>]*>')
_PICTURE_SRC = re.compile(r'(<img[^>]*?\bsrc=")file:([0-9a-f]{64})(")')
# Block elements separate words: the text of "<p>one</p><p>two</p>" is "one two".
_BLOCK_TAG = re.compile(
    r"</?(?:p|br|div|li|tr|td|th|h[3-6]|ul|ol|dl|dt|dd|table|hr|pre|blockquote)\b[^>]*>",
    re.IGNORECASE,
)
_ACTIVE_CONTENT = re.compile(
    r"<\s*(script|style|iframe|object|embed|svg|form|input|video|audio|link|meta|math)\b|\bon[a-z]+\s*=|javascript:|\bstyle\s*=",
    re.IGNORECASE,
)


def clean_html(text: str) -> str:
    """Reduce ``text`` to the markup allowed in questions; scripts and styles are removed with
    their content."""
    cleaned = nh3.clean(
        text.replace("\0", ""),
        tags=set(ALLOWED_TAGS),
        clean_content_tags={"script", "style"},
        attributes={tag: set(names) for tag, names in ALLOWED_ATTRIBUTES.items()},
        attribute_filter=_filter_attribute,
        url_schemes={"file"},
        link_rel=None,
        strip_comments=True,
    )
    # A picture without an allowed source would show nothing.
    return re.sub(r"<img(?![^>]*\bsrc=)[^>]*>", "", cleaned).strip()


def clean_imported_html(text: str) -> str:
    """Sanitize an imported question text; Unfit if it contains something that cannot be shown
    and would be missed (a formula)."""
    require_no_formula(text)
    return clean_html(text)


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    if (tag, name) == ("img", "src"):
        return value if PICTURE_REFERENCE.match(value) else None
    if name in ("colspan", "rowspan"):
        return value if value.isdecimal() and 1 <= int(value[:3]) <= 100 else None
    return value


def has_active_content(text: str) -> bool:
    """Whether sanitizing removes active content (a script, a frame, a style), which the author
    should be told about."""
    return bool(_ACTIVE_CONTENT.search(text))


def text_to_html(text: str) -> str:
    """Convert plain text to HTML; line breaks are kept."""
    return html.escape(text, quote=False).replace("\n", "<br>")


def html_to_text(text: str) -> str:
    """Convert HTML to plain text, for names, mails and statements; a picture is replaced by its
    alternative text."""
    with_alt_texts = re.sub(r'<img[^>]*?\balt="([^"]*)"[^>]*>', r" \1 ", text)
    bare = nh3.clean(_BLOCK_TAG.sub(" ", with_alt_texts), tags=set(), attributes={})
    return " ".join(html.unescape(bare).split())


def editable_text(text: str) -> str:
    """Text for its author to edit: plain, with its line breaks, if it has no markup; otherwise
    unchanged."""
    bare = html.unescape(text.replace("<br>", "\n"))
    return bare if clean_html(text_to_html(bare)) == text else text


def picture_digests(text: str) -> list[str]:
    """Digests of the pictures in a sanitized text."""
    return _PICTURE_TAG.findall(text)


def add_picture_urls(text: str, base: str) -> str:
    """Insert the URLs of the pictures into a sanitized text: ``base`` followed by the
    digest."""
    return _PICTURE_SRC.sub(lambda result: f"{result[1]}{base}{result[2]}{result[3]}", text)
