"""An organisation's own colour: every pair of the style sheet that follows from it can be read."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lti_tool.base import accent
from lti_tool.base.accent import DARK_GROUNDS, DARK_INKS, LIGHT_GROUNDS, LIGHT_INKS, contrast

SHEET = (Path(accent.__file__).parent / "static" / "tool.css").read_text()
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_that_of_the_guidelines() -> None:
    """WCAG 2.2, "contrast ratio": black on white is 21 to 1; #767676 on white is the best known
    grey that just passes 4.5."""
    assert contrast("#000000", "#ffffff") == 21
    assert 4.5 <= contrast("#767676", "#ffffff") < 4.55
    assert contrast("#777777", "#ffffff") < 4.5


@given(COLOURS)
def test_whatever_colour_somebody_chooses_can_be_read_once_it_is_taken(colour: str) -> None:
    taken = accent.nearest_accent(colour)
    assert accent.nearest_accent(taken) == taken
    themes = zip(
        accent.derive_colours(taken),
        ((LIGHT_GROUNDS, LIGHT_INKS), (DARK_GROUNDS, DARK_INKS)),
        strict=True,
    )
    for own, (grounds, inks) in themes:
        for ground in grounds.values():
            assert contrast(own["accent"], ground) >= 4.5
            assert contrast(own["accent-strong"], ground) >= 4.5
        for button in ("accent", "accent-strong"):
            assert contrast(own["on-accent"], own[button]) >= 4.5
            assert contrast(own[button], own["accent-soft"]) >= 4.5
        for ink in inks.values():
            assert contrast(ink, own["accent-soft"]) >= 4.5


def test_a_dark_colour_is_taken_as_it_is_and_a_pale_one_becomes_darker() -> None:
    assert accent.nearest_accent("#8a1538") == "#8a1538"
    nearest = accent.nearest_accent("#ffcc00")
    assert nearest != "#ffcc00"
    assert contrast(nearest, "#ffffff") < contrast("#000000", "#ffffff") / 2, (
        "no darker than needed"
    )


def test_the_colours_that_an_accent_must_fit_are_those_of_the_style_sheet() -> None:
    light, dark = SHEET.split("@media (prefers-color-scheme: dark)")[:2]
    for text, colours in (
        (light, LIGHT_GROUNDS | LIGHT_INKS),
        (dark, DARK_GROUNDS | DARK_INKS),
    ):
        for name, colour in colours.items():
            assert re.search(rf"--{name}: {colour};", text), name


def test_colours_are_read_as_people_type_them() -> None:
    assert accent.read_colour(" 1F4F99 ") == accent.read_colour("#1f4f99") == "#1f4f99"
    for wrong in ("blue", "#12345", "#1234567", "", "#gggggg"):
        assert accent.read_colour(wrong) is None
