"""A page of figures as PDF, made from the page itself: what its reader sees, and nothing more.
Forms, buttons, links of their own and menus are left out; what is folded is printed open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape, unescape
from urllib.parse import urlencode

from flask import request
from flask.typing import ResponseReturnValue
from lxml import html
from lxml.html import HtmlElement

from adapters import printing
from adapters.printing import (
    Block,
    Bullets,
    Cell,
    Heading,
    Legend,
    LegendLine,
    Paragraph,
    Picture,
    PrintedPage,
    PrintedTable,
    Run,
    TableColumn,
)
from core import clock, page_language
from core.errors import NotFound, Unavailable
from core.messages import lazy_gettext
from lti_tool.base.page_context import PageContext
from lti_tool.base.staff_context import download_response

PDF = "application/pdf"
# Territories that print on letter paper (CLDR 46, supplemental data, paperSize).
_LETTER_TERRITORIES = frozenset(
    ("BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE")
)
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_MARK = "data-drawing"  # where a drawing stood: the HTML parser would lower the case of its names
_LEFT_OUT = frozenset(("nav", "form", "script", "style", "button", "select", "template", "input"))
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3}
# The light colours of tool.css, for samples and rows of dots.
_STYLE = (
    "<style>.c-dot{fill:#1f4f9e}.c-off{fill:#7c8291}.c-signal{fill:#b3261e}"
    ".c-track{stroke:#d9dbe1;stroke-width:2}"
    ".c-range{stroke:#1f4f9e;stroke-opacity:.4;stroke-width:8;stroke-linecap:round}"
    ".c-band{stroke:#1f4f9e;stroke-opacity:.2;stroke-width:12}"
    ".c-line{stroke:#1f4f9e;stroke-width:2;fill:none}"
    ".c-limit{stroke:#7c8291;stroke-width:2;stroke-dasharray:4 3}"
    ".c-aim{stroke:#1c1f26;stroke-width:2;stroke-dasharray:6 4}</style>"
)
_ROW_WIDTH, _ROW_HEIGHT, _LETTERS = 620, 46, 13  # pixels of a row of dots, and of its letters
_COORDINATE = re.compile(r'\b(x1|x2|cx)="([0-9.]+)%"')


def answer_pdf(
    page: PageContext, shown: ResponseReturnValue, name: str, programme: str = ""
) -> ResponseReturnValue:
    """The PDF of a page that was made for its reader just now; an answer that is no page, such as a
    redirect, as it is. ``programme``: the title of what it is about."""
    if not isinstance(shown, tuple) or not isinstance(shown[0], str):
        return shown
    return download_response(f"{name}.pdf", PDF, make_pdf(page, shown[0], programme))


def make_pdf(page: PageContext, shown: str, programme: str) -> bytes:
    """The PDF of a page of figures. Unavailable while its figures cannot be had, NotFound if it is
    too large to print."""
    try:
        return printing.render_pdf(read_page(page, shown, programme), clock.now())
    except printing.TooLarge:
        raise NotFound(
            lazy_gettext(
                "This page is too large for one PDF. Filter it, or take the table as a file (CSV)."
            )
        ) from None


def read_page(page: PageContext, shown: str, programme: str) -> PrintedPage:
    """What is printed of a page; Unavailable if it shows an error."""
    drawings: list[str] = []

    def keep(found: re.Match[str]) -> str:
        drawings.append(found[0])
        return f'<i {_MARK}="{len(drawings) - 1}"></i>'

    whole = html.document_fromstring(_DRAWING.sub(keep, shown))
    (main,) = whole.iter("main")
    if main.xpath('.//*[@role="alert"]'):
        raise Unavailable(
            lazy_gettext(
                "The PDF cannot be made just now, because its figures cannot be had. Nothing is "
                "lost; try again in a minute."
            )
        )
    blocks = list(_Reader(drawings).read_blocks(main))
    title = next((one.text for one in blocks if isinstance(one, Heading)), "Carryover")
    day = page_language.format_day(clock.now())
    name = " ".join(page.who.person_name.split())
    made = (
        lazy_gettext("Made by %(name)s on %(day)s with Carryover.", name=name, day=day)
        if name
        else lazy_gettext("Made on %(day)s with Carryover.", day=day)
    )
    first = [one for one in blocks[:1] if isinstance(one, Heading)]
    return PrintedPage(
        title=title,
        language=page_language.current_language(),
        paper=choose_paper(page.who.locale),
        foot=f"{title} · {day}",
        author="Carryover",
        blocks=[
            *first,
            *([Paragraph([Run(programme, bold=True)])] if programme not in title else []),
            Paragraph([Run(page_language.translate(made))], quiet=True),
            *blocks[len(first) :],
        ],
    )


def choose_paper(locale: str) -> str:
    """The paper of a reader's country, by the tag of the locale; A4 where it names none."""
    parts = locale.replace("_", "-").split("-")[1:]
    return "us-letter" if any(part.upper() in _LETTER_TERRITORIES for part in parts) else "a4"


def pdf_query() -> str:
    """The query of the page being shown, for the address of its PDF."""
    named = [(key, value) for key, value in request.args.items(multi=True) if key != "done"]
    query = urlencode(named)
    return f"?{query}" if query else ""


class _Reader:
    """Reads the elements of a page in their order."""

    def __init__(self, drawings: Sequence[str]) -> None:
        self._drawings = drawings
        self._level = 0  # of the heading under which a folded part stands

    def read_blocks(self, parent: HtmlElement) -> Iterator[Block]:
        for one in parent:
            if isinstance(one.tag, str) and not _is_left_out(one):
                yield from self._read_one(one)

    def _read_one(self, one: HtmlElement) -> Iterator[Block]:
        readers: dict[str, Callable[[HtmlElement], Iterator[Block]]] = {
            "ul": self._read_list,
            "ol": self._read_list,
            "dl": self._read_facts,
            "table": self._read_table,
            "details": self._read_folded,
            "p": self._read_paragraph,
        }
        if one.tag in _HEADINGS:
            self._level = _HEADINGS[one.tag]
            yield Heading(self._level, _text(one))
        elif one.get(_MARK) is not None:
            yield from self._read_picture(one)
        elif "scale" in _classes(one):
            return  # it stands in the picture of the rows
        elif one.tag in readers:
            yield from readers[one.tag](one)
        else:
            yield from self.read_blocks(one)

    def _read_paragraph(self, one: HtmlElement) -> Iterator[Block]:
        runs = _runs(one)
        if runs and not _is_of_links(one):
            yield Paragraph(runs, quiet="quiet" in _classes(one))

    def _read_list(self, one: HtmlElement) -> Iterator[Block]:
        classes, items = _classes(one), one.findall("li")
        if "dots" in classes:
            yield self._draw_rows(items)
        elif "legend" in classes:
            yield Legend([LegendLine(self._sample(item), _text(item)) for item in items])
        else:
            lines = [runs for item in items if (runs := _runs(item, links=False))]
            if lines:
                yield Bullets(lines)

    def _read_facts(self, one: HtmlElement) -> Iterator[Block]:
        for part in one:
            runs = _runs(part)
            if runs and part.tag == "dt":
                yield Paragraph([Run(" ".join(run.text for run in runs), bold=True)])
            elif runs:
                yield Paragraph(runs)

    def _read_folded(self, one: HtmlElement) -> Iterator[Block]:
        summary = one.find("summary")
        words = _text(summary) if summary is not None else ""
        if one.find(".//form") is not None:
            # A filter: it says which people these figures are of, where one was chosen.
            if one.get("open") is not None and words:
                yield Paragraph([Run(words, bold=True)])
            return
        if one.find(".//nav") is not None or "switch" in _classes(one):
            return
        inner = list(self.read_blocks(one))
        if inner:
            yield Heading(min(self._level + 1, 3), words)
            yield from inner

    def _read_table(self, one: HtmlElement) -> Iterator[Block]:
        head = one.findall(".//thead//th")
        rows = [
            [Cell(_text(cell), int(cell.get("colspan") or 1)) for cell in row]
            for row in one.findall(".//tbody/tr")
        ]
        columns = [
            TableColumn("number" in _classes(cell), wide=not place and len(head) < _MANY_COLUMNS)
            for place, cell in enumerate(head)
        ]
        if head and rows:
            yield PrintedTable(columns, [_text(cell) for cell in head], rows)

    def _read_picture(self, one: HtmlElement) -> Iterator[Block]:
        svg = self._drawings[int(one.get(_MARK) or 0)]
        width = printing.drawing_width(svg)
        if 'class="figure small"' not in svg[:200] and width:
            parts = [_tag_text(svg, "title"), _tag_text(svg, "desc")]
            yield Picture(svg, " ".join(part for part in parts if part), width)

    def _sample(self, item: HtmlElement) -> str:
        mark = item.find(f".//i[@{_MARK}]")
        if mark is None:
            return ""
        drawn = self._drawings[int(mark.get(_MARK) or 0)]
        inner = drawn.partition(">")[2]
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="32" height="16">{_STYLE}{inner}'

    def _draw_rows(self, items: Sequence[HtmlElement]) -> Picture:
        """Rows of dots as one drawing: what stands in them as text stands in it, too."""
        lines, texts = [], []
        for place, item in enumerate(items):
            label, value = item.findall("span")[:2]
            parts = " · ".join(_text(part) for part in value)
            texts.append(_text(item))
            mark = item.find(f".//i[@{_MARK}]")
            inner = self._drawings[int(mark.get(_MARK) or 0)] if mark is not None else "></svg>"
            inner = inner.partition(">")[2].removesuffix("</svg>")
            lines.append(
                f'<g transform="translate(0 {place * _ROW_HEIGHT})"><text x="0" y="14" '
                f'font-size="{_LETTERS}">{escape(_text(label))}</text><text x="{_ROW_WIDTH}" '
                f'y="14" text-anchor="end" font-size="{_LETTERS}">{escape(parts)}</text>'
                f'<g transform="translate(0 20)">{_COORDINATE.sub(_to_pixels, inner)}</g></g>'
            )
        height = _ROW_HEIGHT * len(items)
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_ROW_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_ROW_WIDTH} {height}" font-family="Noto Sans" fill="#1c1f26">'
            f"{_STYLE}{''.join(lines)}</svg>"
        )
        return Picture(svg, "; ".join(texts), _ROW_WIDTH)


_MANY_COLUMNS = 7  # from so many on, each column takes what it needs


def _to_pixels(found: re.Match[str]) -> str:
    inset = 6  # as in tool.css: a dot at the end of the scale is drawn whole
    place = inset + float(found[2]) / 100 * (_ROW_WIDTH - 2 * inset)
    return f'{found[1]}="{place:.1f}"'


def _tag_text(svg: str, tag: str) -> str:
    found = re.search(rf"<{tag}\b[^>]*>([^<]*)</{tag}>", svg)
    return unescape(found[1]) if found else ""


def _classes(one: HtmlElement) -> list[str]:
    return (one.get("class") or "").split()


def _is_left_out(one: HtmlElement) -> bool:
    return (
        one.tag in _LEFT_OUT
        or one.get("role") == "status"
        or one.get("data-printed") == "no"
        or bool({"actions", "unseen", "notice"} & set(_classes(one)))
        or (one.tag == "section" and one.find(".//form") is not None)
    )


def _is_of_links(one: HtmlElement) -> bool:
    """Whether there is nothing but links and what parts them."""
    links = one.findall(".//a")
    besides = len(_text(one)) - sum(len(_text(link)) for link in links)
    return bool(links) and besides <= len(links) * 3


def _text(one: HtmlElement) -> str:
    return " ".join("".join(str(part) for part in one.itertext()).split())


def _runs(one: HtmlElement, links: bool = True) -> list[Run]:
    """The text of an element by its weight; without ``links``, links are left out."""
    found: list[Run] = []

    def collect(part: HtmlElement, bold: bool) -> None:
        heavy = bold or part.tag in ("strong", "b")
        found.append(Run(part.text or "", heavy))
        for child in part:
            if isinstance(child.tag, str) and (links or child.tag != "a"):
                collect(child, heavy)
            found.append(Run(child.tail or "", heavy))

    collect(one, False)
    squeezed = [Run(re.sub(r"[ \t\n\r]+", " ", run.text), run.bold) for run in found]
    kept = [run for run in squeezed if run.text]
    if not "".join(run.text for run in kept).strip():
        return []
    kept[0] = Run(kept[0].text.lstrip(" "), kept[0].bold)
    kept[-1] = Run(kept[-1].text.rstrip(" "), kept[-1].bold)
    return [run for run in kept if run.text]
