"""Writes the message catalogues in ``core/locale`` again from the texts that the code and the
templates mark: ``make messages``.

A new text comes in without a translation, a text that nothing marks any more leaves, and every
other translation stays as it is: nothing is guessed. Entries are sorted and name their files
without lines, so that a diff shows only what changed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from analytics.catalogue import CATALOGUE
from core.translations import CATALOGUE_DIR

ROOT = Path(__file__).parents[1]
# Where texts for people are: folders, and single modules of layers that otherwise answer programs.
SOURCES = (
    "lti_tool",
    "adapters",
    "core/http_client.py",
    "lrs/vocabulary/intervals.py",
    "lrs/api/authentication.py",
    "lrs/api/statement_pages.py",
    "analytics/api/operator_pages.py",
    "analytics/actions/merge_suggestions.py",
    "analytics/facts",
    "analytics/store/unwanted.py",
)
TEMPLATES = ("lti_tool", "lrs", "analytics")
_METHODS = [("**/templates/**.html", "jinja2")]
_OPTIONS = {"**/templates/**.html": {"silent": "false"}}
# Errors whose first argument is a text for a person.
ERRORS = (
    "BadInput",
    "BadgeRefused",
    "BrowserNotVerified",
    "CellRefused",
    "Conflict",
    "FileRefused",
    "Forbidden",
    "LaunchInvalid",
    "LaunchRefused",
    "MessageError",
    "NobodyNamed",
    "NotFound",
    "OutsideCallFailed",
    "PageRefused",
    "PictureRefused",
    "RequestError",
    "TokenRefused",
    "TooLarge",
    "TooManyRequests",
    "Unauthorised",
    "Unavailable",
    "UnsupportedEncoding",
    "UnsupportedQuestion",
)
# Name of what marks a text: the place of the text among its arguments, or of its two forms.
KEYWORDS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(ERRORS, (1,)),
    "_": (1,),
    "gettext_noop": (1,),
    "lazy_gettext": (1,),
    "lazy_ngettext": (1, 2),
    "ngettext": (1, 2),
    "refuse": (2,),
    "translate": (1,),
    "translate_plural": (1, 2),
    "translate_text": (2,),
}


def extract_messages() -> Catalog:
    """Every text that is marked for translation, with the files that hold it."""
    result = Catalog(fuzzy=False)
    for source in SOURCES:
        path = ROOT / source
        for module in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for text in _texts_of_module(module):
                result.add(text, locations=[(str(module.relative_to(ROOT)), 0)])
    for metric in CATALOGUE:
        for title in (metric.label, *(label for _, label in metric.parts)):
            result.add(title, locations=[("analytics/catalogue.py", 0)])
    for package in TEMPLATES:
        for name, _, text, _, _ in extract_from_dir(ROOT / package, _METHODS, _OPTIONS, KEYWORDS):
            result.add(text, locations=[(f"{package}/{name}", 0)])
    return result


def _texts_of_module(path: Path) -> Iterator[str | tuple[str, ...]]:
    """The constant texts that a module marks. Babel's own reader takes a part of a longer
    expression, such as an f-string, for a text.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            places = KEYWORDS.get(ast.unparse(node.func).rpartition(".")[2], ())
            texts = [
                argument.value
                for place in places
                for argument in node.args[place - 1 : place]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
            if texts and len(texts) == len(places):
                yield texts[0] if len(texts) == 1 else tuple(texts)


def update_catalogue(path: Path, marked: Catalog) -> str:
    """The catalogue of one language, with exactly the texts that are marked."""
    header, _, _ = path.read_text().partition("\n\n")
    with path.open("rb") as lines:
        catalogue = read_po(lines, locale=path.stem)
    catalogue.update(marked, no_fuzzy_matching=True)
    body = BytesIO()
    write_po(
        body,
        catalogue,
        width=0,
        omit_header=True,
        sort_output=True,
        ignore_obsolete=True,
        include_lineno=False,
    )
    return f"{header}\n\n{body.getvalue().decode().strip()}\n"


def main() -> None:
    """Write the catalogues and print what each still lacks."""
    marked = extract_messages()
    for path in sorted(CATALOGUE_DIR.glob("*.po")):
        path.write_text(update_catalogue(path, marked))
        with path.open("rb") as lines:
            entries = [entry for entry in read_po(lines, locale=path.stem) if entry.id]
        missing = sum(not any(entry.string or ()) for entry in entries)
        click.echo(f"{path.stem}: {len(entries)} texts, {missing} without a translation")


if __name__ == "__main__":
    main()
