"""An organisation's own colour: whether text on it and beside it can be read, the nearest one where
not, and the colours of the style sheet that follow from it.

Contrast is that of WCAG 2.2 (1.4.3 and 1.4.11). Colours are ``#rrggbb``.
"""

from __future__ import annotations

import re

WHITE, BLACK = "#ffffff", "#000000"
# The grounds and inks of tool.css, which a colour must get along with.
LIGHT_GROUNDS = {"surface": "#ffffff", "ground": "#f6f5f1", "sunken": "#efede7"}
LIGHT_INKS = {"ink": "#1c1f26", "quiet": "#535a68"}
DARK_GROUNDS = {"surface": "#1b1e26", "ground": "#12141a", "sunken": "#242833"}
DARK_INKS = {"ink": "#eceef2", "quiet": "#b0b7c4"}
LEAST_RATIO = 4.5  # WCAG 2.2, 1.4.3
DARK_RATIO = 6.0  # more than the least, as light letters on dark look thinner
STEPS = 100  # of a mixture
STRONGER, SOFT, SOFT_DARK, PALER, DEEP = 0.27, 0.93, 0.8, 0.4, 0.75  # shares of what is mixed in
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6})")


def read_colour(typed: str) -> str | None:
    """A colour as somebody types it (with or without the sign); None if it is none."""
    found = _COLOUR.fullmatch(typed.strip())
    return f"#{found[1].lower()}" if found else None


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def _luminance(colour: str) -> float:
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of contrast of two colours, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(colour: str, other: str, share: float) -> str:
    """``colour`` with a ``share`` of another, from 0 to 1."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _until_legible(colour: str, towards: str, grounds: dict[str, str], ratio: float) -> str:
    for step in range(STEPS):
        tried = mix(colour, towards, step / STEPS)
        if min(contrast(tried, each) for each in grounds.values()) >= ratio:
            return tried
    return towards


def nearest_accent(colour: str) -> str:
    """The colour itself where letters in it can be read on every light ground and white ones on it,
    else the nearest darker one."""
    return _until_legible(colour, BLACK, LIGHT_GROUNDS, LEAST_RATIO)


def derive_colours(accent: str) -> tuple[dict[str, str], dict[str, str]]:
    """The colours of the style sheet for light and dark that follow from an accent which
    ``nearest_accent`` leaves as it is."""
    light = {
        "accent": accent,
        "accent-strong": mix(accent, BLACK, STRONGER),
        "accent-soft": mix(accent, WHITE, SOFT),
        "on-accent": WHITE,
    }
    bright = _until_legible(accent, WHITE, DARK_GROUNDS, DARK_RATIO)
    dark = {
        "accent": bright,
        "accent-strong": mix(bright, WHITE, PALER),
        "accent-soft": mix(accent, DARK_GROUNDS["ground"], SOFT_DARK),
        "on-accent": mix(accent, BLACK, DEEP),
    }
    return light, dark


def style_sheet(accent: str) -> str:
    """The rules that put an accent in the place of ours, which comes back where somebody asks their
    device for more contrast."""
    light, dark = (
        " ".join(f"--{name}: {colour};" for name, colour in colours.items())
        for colours in derive_colours(accent)
    )
    return (
        "@media not (prefers-contrast: more) {\n"
        f"  :root {{ {light} }}\n"
        f"  @media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        "}\n"
    )
