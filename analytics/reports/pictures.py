"""Pictures from one declarative grammar (Vega-Lite), rendered on the server: SVG for pages, PNG
for mails and files.

Every mark is also available as text: the description of a picture holds its sentences, and the
table beside it shows the same data. Colours are literal in the grammar and become CSS variables
of the page (``--ink``, ``--line-strong``, ``--accent``, ``--bad``), so that light mode, dark mode
and print work; only those of a heat map stay as they are, so that pale means low in both.

A picture is drawn twice, for a desk and for a phone, and never scaled: its letters stay as high as
they are drawn, at least LETTER_HEIGHT. A page shows one of the two by its width (tool.css); where
nothing chooses, the second one is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from math import cos, radians, sin
from typing import Any

import msgspec
import vl_convert

from analytics.catalogue import SHARE, Metric
from analytics.reports.metric_values import MetricValue, describe_value, format_value
from lrs.vocabulary import MIN_GROUP_SIZE

INK, SOFT, ACCENT, SIGNAL, BACKGROUND = "#222222", "#888888", "#1257a8", "#b3261e", "#ffffff"
_CSS_VARIABLES = {
    INK: "var(--ink, #222222)",
    SOFT: "var(--line-strong, #888888)",
    ACCENT: "var(--accent, #1257a8)",
    SIGNAL: "var(--bad, #b3261e)",
}
VEGA_LITE_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
# Pixels over all: on a desk, and on a phone of 320 (its page less the padding of page and card).
WIDE, SMALL = 640, 250
CHART_WIDTH, LABELLED_ROW_HEIGHT, LETTER_HEIGHT = 300, 44, 13  # pixels
VALUE_WIDTH = 90  # pixels: the longest value with its number, to the right of its row's name
SCALE_WIDTH = 60  # pixels that the scale of a chart takes to the left of it
MAX_LABEL_WIDTH, LETTER_WIDTH = (
    230,
    7.2,
)  # pixels: the longest label, and the width of a letter
# The angle of a column's label in degrees; pixels of a column, and of a row of two lines.
LABEL_ANGLE, COLUMN_WIDTH, CELL_HEIGHT = 40, 60, 44
# Pale is low, in the dark as well: dark letters are legible on each of them.
HEAT_LOW, HEAT_HIGH, HEAT_INK = "#f7f1e3", "#8db4ec", "#1c1f26"
SHARE_STEPS = (0, 0.25, 0.5, 0.75, 1)  # what stands on a scale of shares: fits into SMALL
TIME_EXPONENT = 0.35  # of a time scale on which 1, 7, 30, 90, 180 days lie about evenly
HEAT_NONE = "#ffffff"  # a cell without a value
MAX_CACHED_PICTURES = 500  # pictures cached in each process: a few kilobytes each
Spec = dict[str, Any]


def render_svg(spec: Spec, name: str, title: str, text: str) -> str:
    """The picture with its title and description, for embedding in a page: its two drawings one
    after the other, or one where its columns have a width of their own; ``name`` must be unique on
    the page."""
    if isinstance(spec.get("width"), Mapping):
        return _draw(msgspec.json.encode(spec), name, title, text, "figure")
    wide = msgspec.json.encode(_fit(spec, WIDE))
    small = msgspec.json.encode(_fit(spec, SMALL))
    return _draw(wide, name, title, text, "figure wide") + _draw(
        small, f"{name}-small", title, text, "figure small"
    )


def _fit(spec: Spec, width: int) -> Spec:
    """The same picture, so wide with its scales and labels."""
    if "vconcat" in spec:
        parts = [{**part, "width": width - SCALE_WIDTH} for part in spec["vconcat"]]
        return {**spec, "vconcat": parts}
    return {**spec, "width": width, "autosize": {"type": "fit-x", "contains": "padding"}}


@lru_cache(MAX_CACHED_PICTURES)
def _draw(spec: bytes, name: str, title: str, text: str, css_class: str) -> str:
    drawn = str(vl_convert.vegalite_to_svg(msgspec.json.decode(spec)))
    for colour, variable in _CSS_VARIABLES.items():
        drawn = drawn.replace(f'"{colour}"', f'"{variable}"')
    # Our own title and description cover the whole picture, so the ARIA attributes of single
    # marks are removed.
    drawn = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", drawn)
    drawn = drawn.replace(f'<rect width="100%" height="100%" fill="{BACKGROUND}"/>', "")
    drawn = re.sub(r'\bid="(clip\d+)"', rf'id="{name}-\1"', drawn)
    drawn = re.sub(r"url\(#(clip\d+)\)", rf"url(#{name}-\1)", drawn)
    sized = re.match(r'<svg [^>]*?viewBox="0 0 ([0-9.]+) ([0-9.]+)"[^>]*>', drawn)
    assert sized is not None
    width, height = sized.groups()
    hidden = ' display="none"' if css_class.endswith("small") else ""
    head = (
        f'<svg class="{css_class}" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"{hidden} '
        f'aria-labelledby="{name}-title {name}-text" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}-title">{escape(title)}</title><desc '
        f'id="{name}-text">{escape(text)}</desc>'
    )
    return head + drawn[sized.end() :]


def svg_to_png(drawn: str, scale: float = 2.0) -> bytes:
    """A rendered picture, in the wider of its drawings, as a bitmap on white, in the grammar's
    literal colours: for mails and files."""
    first = drawn.partition("</svg>")[0] + "</svg>"
    plain = re.sub(r"var\(--[a-z-]+, (#[0-9a-f]{6})\)", r"\1", first)
    head = plain.index(">") + 1
    return bytes(
        vl_convert.svg_to_png(
            f'{plain[:head]}<rect width="100%" height="100%" fill="{BACKGROUND}"/>{plain[head:]}',
            scale=scale,
        )
    )


def _base_spec(
    height: int | Mapping[str, int], layers: Sequence[Spec], width: int = CHART_WIDTH
) -> Spec:
    text = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": LETTER_HEIGHT,
        "titleFontSize": LETTER_HEIGHT,
        "titleFontWeight": "normal",
    }
    return {
        "$schema": VEGA_LITE_SCHEMA,
        "width": width,
        "height": height,
        "background": None,
        "padding": {"left": 5, "right": 12, "top": LETTER_HEIGHT + 5, "bottom": 5},
        "layer": list(layers),
        "config": {
            "font": "system-ui, sans-serif",
            "view": {"stroke": None},
            "axis": {
                **text,
                "gridColor": SOFT,
                "gridOpacity": 0.35,
                "domainColor": SOFT,
                "tickColor": SOFT,
                "labelLimit": 190,
            },
            "legend": text,
        },
    }


def _axis_spec(unit: str, title: str | None = None) -> Spec:
    return {
        "title": title,
        **({"format": "%", "values": SHARE_STEPS} if unit == SHARE else {"tickCount": 5}),
    }


def _scale_spec(unit: str) -> Spec:
    return {"domain": [0, 1]} if unit == SHARE else {"zero": True}


# A value in figures with its people, to the right of its row's name.
_VALUE_MARK = {
    "type": "text",
    "align": "right",
    "baseline": "middle",
    "dy": -15,
    "color": INK,
    "fontSize": LETTER_HEIGHT,
    "fontWeight": 600,
}
_VALUE_PLACE = {"value": "width"}


# The name of a row above it, where it takes no width from the scale.
_LABEL_ABOVE = {
    "grid": False,
    "ticks": False,
    "domain": False,
    "labelAlign": "left",
    "labelPadding": 0,
    "labelOffset": -15,
    "labelLimit": {"expr": f"width - {VALUE_WIDTH}"},
}


def interval_chart(metric: Metric, values: Sequence[MetricValue]) -> Spec:
    """One row for each part that has a value of enough people: a dot and the bar of its interval,
    on one scale. Of which part nothing is drawn, the words beside it say."""
    rows = [
        {
            "part": value.part_label,
            "value": value.value,
            "low": value.ci_low if value.ci_low is not None else value.value,
            "high": value.ci_high if value.ci_high is not None else value.value,
            "text": f"{format_value(value.value, value.unit)} ({value.learners})",
        }
        for value in values
        if value.value is not None and is_drawn(value.learners)
    ]
    y = {"field": "part", "type": "nominal", "sort": None, "title": None, "axis": _LABEL_ABOVE}
    x = {
        "field": "value",
        "type": "quantitative",
        "scale": _scale_spec(metric.unit),
        "axis": _axis_spec(metric.unit),
    }
    return {
        **_base_spec({"step": LABELLED_ROW_HEIGHT}, _range_layers(x, y)),
        "data": {"values": rows},
    }


def _range_layers(x: Spec, y: Spec) -> list[Spec]:
    """In each row the bar of an interval, the dot of its value, and both in figures (text)."""
    bar = {"type": "bar", "height": 8, "cornerRadius": 4, "color": ACCENT, "opacity": 0.35}
    dot = {"type": "point", "filled": True, "size": 90, "color": ACCENT, "opacity": 1}
    return [
        {
            "mark": bar,
            "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {"mark": dot, "encoding": {"y": y, "x": x}},
        {
            "mark": _VALUE_MARK,
            "encoding": {"y": y, "x": _VALUE_PLACE, "text": {"field": "text", "type": "nominal"}},
        },
    ]


def is_drawn(people: int | None) -> bool:
    """Whether a value of so many people is drawn: a bar of fewer than five says more than they
    do."""
    return people is not None and people >= MIN_GROUP_SIZE


def draw_metric(metric: Metric, values: Sequence[MetricValue]) -> str:
    """A metric's picture; empty if there is none of enough people."""
    if not any(value.value is not None and is_drawn(value.learners) for value in values):
        return ""
    return render_svg(
        interval_chart(metric, values),
        f"picture-{metric.key}",
        metric.label,
        " ".join(describe_value(value) for value in values),
    )


_NUMBER = {"color": INK, "fontSize": LETTER_HEIGHT}


def curve_chart(
    points: Sequence[Mapping[str, float]], observed: Sequence[Mapping[str, float]], x_title: str
) -> Spec:
    """A curve with its band (x, value, low, high), and the observed points with their
    intervals, each with its value in 100 above it and its people (n) at the foot; days on x, shares
    on y."""
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"type": "pow", "exponent": TIME_EXPONENT, "domainMin": 0, "nice": False},
        "axis": {"title": x_title, "values": [1, 7, 30, 90, 180], "grid": False},
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": _axis_spec(SHARE),
    }
    band, line = {"values": list(points)}, {"values": list(observed)}
    return _base_spec(
        180,
        [
            {
                "data": band,
                "mark": {"type": "area", "color": ACCENT, "opacity": 0.2},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {"data": band, "mark": {"type": "line", "color": ACCENT}, "encoding": {"x": x, "y": y}},
            {
                "data": line,
                "mark": {"type": "rule", "color": INK},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": line,
                "mark": {"type": "point", "filled": True, "size": 50, "color": INK, "opacity": 1},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": line,
                "transform": [{"calculate": "format(100 * datum.value, '.0f')", "as": "shown"}],
                "mark": {"type": "text", "baseline": "bottom", "dy": -2, **_NUMBER},
                "encoding": {"x": x, "y": {**y, "field": "high"}, "text": {"field": "shown"}},
            },
            {
                "data": line,
                "mark": {"type": "text", "baseline": "bottom", **_NUMBER},
                "encoding": {"x": x, "y": {"value": "height"}, "text": {"field": "n"}},
            },
        ],
    )


def step_chart(points: Sequence[Mapping[str, float]], x_title: str) -> Spec:
    """A step curve with its band (x, value, low, high): the cumulative share by time."""
    x = {
        "field": "x",
        "type": "quantitative",
        "axis": {"title": x_title, "grid": False, "tickCount": 4},
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": _axis_spec(SHARE),
    }
    return {
        **_base_spec(
            180,
            [
                {
                    "mark": {
                        "type": "area",
                        "interpolate": "step-after",
                        "color": ACCENT,
                        "opacity": 0.2,
                    },
                    "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
                },
                {
                    "mark": {"type": "line", "interpolate": "step-after", "color": ACCENT},
                    "encoding": {"x": x, "y": y},
                },
            ],
        ),
        "data": {"values": list(points)},
    }


def control_chart(points: Sequence[Mapping[str, Any]], unit: str, judged: bool = True) -> Spec:
    """Points in time (period, value, centre, low, high, signal) with their limits; signals are
    larger and have a different shape. Not ``judged``: too few to say, so they are grey and have no
    limits."""
    colour = ACCENT if judged else SOFT
    x = {
        "field": "period",
        "type": "ordinal",
        "sort": None,
        "axis": {"title": None, "labelAngle": -60, "grid": False, "labelOverlap": True},
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": {"title": None, "tickCount": 5, **({"format": "%"} if unit == SHARE else {})},
    }
    line = {"type": "line", "color": colour, "point": {"color": colour, "size": 30}}
    diamond = {"type": "point", "shape": "diamond", "filled": True, "size": 140, "opacity": 1}
    layers: list[Spec] = [
        {"mark": line, "encoding": {"x": x, "y": y}},
        {
            "transform": [{"filter": "datum.signal"}],
            "mark": {**diamond, "color": SIGNAL},
            "encoding": {"x": x, "y": y},
        },
    ]
    if judged:
        layers = [*_usual_layers(x, y), *layers]
    return {**_base_spec(180, layers), "data": {"values": list(points)}}


def _usual_layers(x: Spec, y: Spec) -> list[Spec]:
    """What is usual (centre), and in dashes its limits (low, high)."""
    dashes = {"type": "line", "interpolate": "step", "color": SOFT, "strokeDash": [4, 3]}
    centre = {"type": "line", "color": SOFT}
    return [
        {"mark": mark, "encoding": {"x": x, "y": {**y, "field": name}}}
        for name, mark in (("low", dashes), ("high", dashes), ("centre", centre))
    ]


def stacked_control_charts(several: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> Spec:
    """One chart below the other, each with its title and its own scale; limits (None) are
    omitted if there are none."""
    parts = []
    for title, points in several:
        limited = [
            {name: value for name, value in point.items() if value is not None} for point in points
        ]
        item = control_chart(
            [{**point, "signal": bool(point.get("signal"))} for point in limited], ""
        )
        parts.append(
            {
                name: value
                for name, value in item.items()
                if name in ("width", "height", "layer", "data")
            }
            | {"title": title}
        )
    shape = _base_spec(180, [])
    title_text = {"color": INK, "fontSize": LETTER_HEIGHT, "anchor": "start"}
    return {
        "$schema": VEGA_LITE_SCHEMA,
        "background": None,
        "vconcat": parts,
        "config": {**shape["config"], "title": title_text},
    }


def heat_map_chart(cells: Sequence[Mapping[str, Any]]) -> Spec:
    """Cells (row, column, value or None, text): the deeper the colour, the higher the share, in
    light and in dark. Each cell also shows its text, so that colour is never the only cue."""
    # Column labels are slanted: the last one needs space to its right, all of them need space
    # above.
    longest = max((len(str(cell["column"])) for cell in cells), default=0) * LETTER_WIDTH
    axis = {
        "title": None,
        "labelAngle": -LABEL_ANGLE,
        "labelLimit": MAX_LABEL_WIDTH,
        "minExtent": longest * sin(radians(LABEL_ANGLE)) + 8,
    }
    x = {
        "field": "column",
        "type": "nominal",
        "sort": None,
        "axis": {**axis, "orient": "top", "grid": False, "domain": False},
    }
    y = {
        "field": "row",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "grid": False, "domain": False},
    }
    heat = {
        "condition": {"test": "datum.value === null", "value": HEAT_NONE},
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": [HEAT_LOW, HEAT_HIGH], "interpolate": "rgb"},
        "legend": None,
    }
    words = {"type": "text", "color": HEAT_INK, "fontSize": LETTER_HEIGHT, "lineBreak": "\n"}
    return {
        **_base_spec(
            {"step": CELL_HEIGHT},
            [
                {
                    "mark": {"type": "rect", "stroke": SOFT, "strokeWidth": 0.5},
                    "encoding": {"x": x, "y": y, "color": heat},
                },
                {
                    "mark": {**words, "dy": -LETTER_HEIGHT / 2},
                    "encoding": {"x": x, "y": y, "text": {"field": "text", "type": "nominal"}},
                },
            ],
        ),
        "width": {"step": COLUMN_WIDTH},
        "padding": {
            "left": 5,
            "top": 5,
            "bottom": 5,
            "right": max(5, longest * cos(radians(LABEL_ANGLE)) - COLUMN_WIDTH / 2),
        },
        "data": {"values": list(cells)},
    }


def forest_plot(
    rows: Sequence[Mapping[str, Any]], x_title: str, unit: str = "", reference: float = 0.0
) -> Spec:
    """Estimates (label, value, low, high, text), one in each row, against a reference line;
    ``text``: the value, and in brackets of how many it is."""
    y = {"field": "label", "type": "nominal", "sort": None, "title": None, "axis": _LABEL_ABOVE}
    x = {
        "field": "value",
        "type": "quantitative",
        "axis": _axis_spec(unit, x_title),
        **({"scale": _scale_spec(unit)} if unit == SHARE else {}),
    }
    line: Spec = {
        "data": {"values": [{"at": reference}]},
        "mark": {"type": "rule", "color": INK, "strokeDash": [6, 4]},
        "encoding": {"x": {"field": "at", "type": "quantitative"}},
    }
    return {
        **_base_spec({"step": LABELLED_ROW_HEIGHT}, [line, *_range_layers(x, y)]),
        "data": {"values": list(rows)},
    }


def event_study_chart(points: Sequence[Mapping[str, float]], x_title: str, y_title: str) -> Spec:
    """Effects by time since the start (x, value, low, high); before the start they should lie
    around 0."""
    x = {
        "field": "x",
        "type": "quantitative",
        "axis": {"title": x_title, "grid": False, "tickMinStep": 1},
    }
    y = {"field": "value", "type": "quantitative", "axis": {"title": y_title, "tickCount": 5}}
    return _base_spec(
        180,
        [
            {
                "data": {"values": [{"at": 0}]},
                "mark": {"type": "rule", "color": INK},
                "encoding": {"y": {"field": "at", "type": "quantitative"}},
            },
            {
                "data": {"values": [{"at": -0.5}]},
                "mark": {"type": "rule", "color": SOFT, "strokeDash": [4, 3]},
                "encoding": {"x": {"field": "at", "type": "quantitative"}},
            },
            {
                "data": {"values": list(points)},
                "mark": {"type": "rule", "color": ACCENT, "strokeWidth": 2},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": list(points)},
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 60,
                    "color": ACCENT,
                    "opacity": 1,
                },
                "encoding": {"x": x, "y": y},
            },
        ],
    )
