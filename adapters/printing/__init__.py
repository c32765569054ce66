"""Printed pages: a tagged PDF (PDF/UA-1) and bitmaps of its pictures. The only module that uses
typst; what is printed comes to it as data and is never read as markup, and it reads no file but its
own two templates."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import fontpkg_noto_sans
import fontpkg_noto_sans_arabic
import msgspec
import noto_cjk_sans_jp_regular
import typst

log = logging.getLogger(__name__)

MAX_PDF_BYTES = 5_000_000  # of one page with its fonts: a report of 1,000 rows takes a tenth
PICTURE_PPI = 192  # two pixels of a bitmap for one of the drawing
_FOLDER = Path(__file__).parent
_LATIN = "Noto Sans"
_ARABIC, _CJK = f"{_LATIN} Arabic", f"{_LATIN} CJK JP"
# Runs of letters that the first font lacks; in a drawing each has to name its font.
_OTHER_LETTERS = re.compile(
    "([\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]"
    "[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff\\s]*)"
    "|([\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+)"
)
_FONT_NAME = re.compile(r'font-family="[^"]*"')
_VARIABLE = re.compile(r"var\(--[a-z-]+, (#[0-9a-f]{6})\)")
_TEXT = re.compile(r">([^<]+)</(text|tspan)>")
_VIEW_BOX_WIDTH = re.compile(r'viewBox="0 0 ([0-9.]+) ')


@dataclass(frozen=True)
class Run:
    """Text of one weight."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading, ``level`` from 1 to 3; it becomes a bookmark."""

    level: int
    text: str
    kind: str = field(default="heading", init=False)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``quiet``: in the softer of the two inks."""

    runs: Sequence[Run]
    quiet: bool = False
    kind: str = field(default="text", init=False)


@dataclass(frozen=True)
class Bullets:
    """A list, each item a line of runs."""

    items: Sequence[Sequence[Run]]
    kind: str = field(default="list", init=False)


@dataclass(frozen=True)
class TableColumn:
    """``number``: its cells end at one line; ``wide``: it takes the width that others leave."""

    number: bool
    wide: bool


@dataclass(frozen=True)
class Cell:
    """A cell over ``span`` columns."""

    text: str
    span: int = 1


@dataclass(frozen=True)
class PrintedTable:
    """A table, whose head is printed again on each page."""

    columns: Sequence[TableColumn]
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Picture:
    """A drawing (SVG) in literal colours or in variables that name one; ``alt`` says what it shows,
    ``width`` is in pixels of the drawing."""

    svg: str
    alt: str
    width: float
    kind: str = field(default="picture", init=False)


@dataclass(frozen=True)
class LegendLine:
    """A sample (SVG; empty for none) and what it stands for."""

    svg: str
    text: str


@dataclass(frozen=True)
class Legend:
    """What a picture draws, in words."""

    items: Sequence[LegendLine]
    kind: str = field(default="legend", init=False)


Block = Heading | Paragraph | Bullets | PrintedTable | Picture | Legend


@dataclass(frozen=True)
class PrintedPage:
    """What is printed. ``language``: the tag of its texts; ``paper``: a4 or us-letter; ``foot``
    stands on each sheet; ``author``: what made it."""

    title: str
    language: str
    paper: str
    foot: str
    author: str
    blocks: Sequence[Block]


class TooLarge(Exception):
    """The page does not fit into MAX_PDF_BYTES."""


def render_pdf(page: PrintedPage, at: datetime) -> bytes:
    """The page as a tagged PDF by PDF/UA-1; where a letter of it is in no font of ours or of this
    machine, which that standard refuses, tagged all the same."""
    values = {
        **asdict(page),
        "blocks": [_as_values(block) for block in page.blocks],
        "fonts": [_LATIN, _ARABIC, _CJK],
        "scale": 0.75,  # points for a pixel
    }
    second = at.replace(microsecond=0)  # a PDF's dates have no parts of a second
    try:
        result = _compile(
            "page.typ", values, format="pdf", pdf_standards=["ua-1"], timestamp=second
        )
    except typst.TypstError as refused:
        if "could not be displayed" not in str(refused):
            raise
        log.warning(
            "a printed page has letters that no font has; docs/running.md says how to add one"
        )
        result = _compile("page.typ", values, format="pdf", timestamp=second)
    if len(result) > MAX_PDF_BYTES:
        raise TooLarge
    return result


def render_png(picture: Picture) -> bytes:
    """A picture as a bitmap on white."""
    values = {"svg": _printable_svg(picture.svg), "width": picture.width, "fonts": [_LATIN]}
    return _compile("picture.typ", values, format="png", ppi=PICTURE_PPI * 0.75)


def drawing_width(svg: str) -> float:
    """The width of a drawing in pixels, by its view box; 0 without one."""
    found = _VIEW_BOX_WIDTH.search(svg)
    return float(found[1]) if found else 0.0


def _as_values(block: Block) -> dict[str, Any]:
    values = asdict(block)
    if isinstance(block, Picture):
        values["svg"] = _printable_svg(block.svg)
    if isinstance(block, Legend):
        values["items"] = [
            {"svg": _printable_svg(item.svg), "text": item.text} for item in block.items
        ]
    return values


def _compile(template: str, values: dict[str, Any], **options: Any) -> bytes:
    compiler = typst.Compiler(root=str(_FOLDER), font_paths=_load_fonts())
    result = compiler.compile(
        (_FOLDER / template).read_bytes(),
        sys_inputs={"page": msgspec.json.encode(values).decode()},
        **options,
    )
    assert isinstance(result, bytes), "one page of a picture, or one PDF"
    return result


@cache
def _load_fonts() -> typst.Fonts:
    """Noto Sans with Arabic, Chinese, Japanese and Korean letters; for others the machine's."""
    modules = (fontpkg_noto_sans, fontpkg_noto_sans_arabic, noto_cjk_sans_jp_regular)
    return typst.Fonts(font_paths=[str(Path(str(one.__file__)).parent) for one in modules])


def _printable_svg(svg: str) -> str:
    """The drawing in literal colours, its letters in fonts that have them."""
    plain = _VARIABLE.sub(r"\1", svg).replace(' display="none"', "")
    plain = _FONT_NAME.sub(f'font-family="{_LATIN}"', plain)
    return _TEXT.sub(_name_fonts, plain)


def _name_fonts(found: re.Match[str]) -> str:
    def name(run: re.Match[str]) -> str:
        font = _ARABIC if run[1] else _CJK
        return f'<tspan font-family="{font}">{run[0]}</tspan>'

    return f">{_OTHER_LETTERS.sub(name, found[1])}</{found[2]}>"
