"""Pictures from one declarative grammar (Vega-Lite), rendered on the server: SVG for pages, PNG
for mails and files.

Every mark is also available as text: the description of a picture holds its sentences, and the
table beside it shows the same data. Colours are literal in the grammar and become CSS variables
of the page (``--ink``, ``--line-strong``, ``--accent``, ``--bad``), so that light mode, dark mode
and print work.
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

INK, SOFT, ACCENT, SIGNAL, BACKGROUND = "#222222", "#888888", "#1257a8", "#b3261e", "#ffffff"
_CSS_VARIABLES = {
    INK: "var(--ink, #222222)",
    SOFT: "var(--line-strong, #888888)",
    ACCENT: "var(--accent, #1257a8)",
    SIGNAL: "var(--bad, #b3261e)",
}
VEGA_LITE_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
CHART_WIDTH, ROW_HEIGHT, LABELLED_ROW_HEIGHT = 300, 30, 42  # pixels
MAX_LABEL_WIDTH, LETTER_WIDTH = (
    230,
    7.2,
)  # pixels: the longest label, and the width of a letter 12 pixels high
LABEL_ANGLE, COLUMN_WIDTH = (
    40,
    56,
)  # angle of a column's label in degrees, width of a column in pixels
MAX_CACHED_PICTURES = 500  # pictures cached in each process: a few kilobytes each
Spec = dict[str, Any]


def render_svg(spec: Spec, name: str, title: str, text: str) -> str:
    """The picture with its title and description, for embedding in a page; ``name`` must be
    unique on the page."""
    return _render_svg_cached(msgspec.json.encode(spec), name, title, text)


@lru_cache(MAX_CACHED_PICTURES)
def _render_svg_cached(spec: bytes, name: str, title: str, text: str) -> str:
    drawn = str(vl_convert.vegalite_to_svg(msgspec.json.decode(spec)))
    for colour, variable in _CSS_VARIABLES.items():
        drawn = drawn.replace(f'"{colour}"', f'"{variable}"')
    # Our own title and description cover the whole picture, so the ARIA attributes of single
    # marks are removed.
    drawn = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", drawn)
    drawn = drawn.replace(f'<rect width="100%" height="100%" fill="{BACKGROUND}"/>', "")
    drawn = re.sub(r'\bid="(clip\d+)"', rf'id="{name}-\1"', drawn)
    drawn = re.sub(r"url\(#(clip\d+)\)", rf"url(#{name}-\1)", drawn)
    sized = re.match(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', drawn)
    assert sized is not None
    head = (
        f'<svg class="figure" role="img" viewBox="{sized.group(1)}" '
        f'aria-labelledby="{name}-title {name}-text" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}-title">{escape(title)}</title><desc '
        f'id="{name}-text">{escape(text)}</desc>'
    )
    return head + drawn[sized.end() :]


def render_png(spec: Spec, scale: float = 2.0) -> bytes:
    """The picture as a bitmap on white."""
    return bytes(vl_convert.vegalite_to_png({**spec, "background": BACKGROUND}, scale=scale))


def svg_to_png(drawn: str, scale: float = 2.0) -> bytes:
    """A rendered picture as a bitmap on white, in the grammar's literal colours: for mails and
    files."""
    plain = re.sub(r"var\(--[a-z]+, (#[0-9a-f]{6})\)", r"\1", drawn)
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
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    return {
        "$schema": VEGA_LITE_SCHEMA,
        "width": width,
        "height": height,
        "background": None,
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
        **({"format": "%", "tickCount": 5} if unit == SHARE else {"tickCount": 5}),
    }


def _row_encoding(field: str, labels: Sequence[str]) -> Spec:
    """Named rows. The page's font is not known here and may be wider than the measured one, so
    the axis reserves space for it."""
    label_space = min(
        MAX_LABEL_WIDTH, round(max((len(label) for label in labels), default=0) * LETTER_WIDTH) + 8
    )
    axis = {
        "grid": False,
        "ticks": False,
        "domain": False,
        "labelPadding": 8,
        "labelLimit": MAX_LABEL_WIDTH,
        "minExtent": label_space,
    }
    return {"field": field, "type": "nominal", "sort": None, "title": None, "axis": axis}


def _scale_spec(unit: str) -> Spec:
    return {"domain": [0, 1]} if unit == SHARE else {"zero": True}


# A value in figures, at the right of its row.
_VALUE_MARK = {"type": "text", "align": "left", "color": INK, "fontSize": 12, "fontWeight": 600}


# The name of a row above it, where it takes no width: the picture of a phone's page, or of a third
# of a desk's, is hardly narrower than it is drawn, and its letters stay legible.
_LABEL_ABOVE = {
    "grid": False,
    "ticks": False,
    "domain": False,
    "labelAlign": "left",
    "labelPadding": 0,
    "labelOffset": -15,
    "labelLimit": CHART_WIDTH,
}


def interval_chart(metric: Metric, values: Sequence[MetricValue]) -> Spec:
    """One row for each part that has a value (or for all parts, if none has): a dot and the bar
    of its interval, on one scale. Of which part nothing is shown, the words beside it say."""
    values = [value for value in values if value.value is not None] or values
    rows = [
        {
            "part": value.part_label,
            "value": value.value,
            "low": value.ci_low if value.ci_low is not None else value.value,
            "high": value.ci_high if value.ci_high is not None else value.value,
            "text": format_value(value.value, value.unit) if not value.suppressed else "not shown",
        }
        for value in values
    ]
    y = {"field": "part", "type": "nominal", "sort": None, "title": None, "axis": _LABEL_ABOVE}
    x = {
        "field": "value",
        "type": "quantitative",
        "scale": _scale_spec(metric.unit),
        "axis": _axis_spec(metric.unit),
    }
    return {
        **_base_spec(
            {"step": LABELLED_ROW_HEIGHT},
            [
                {
                    "mark": {
                        "type": "bar",
                        "height": 8,
                        "cornerRadius": 4,
                        "color": ACCENT,
                        "opacity": 0.35,
                    },
                    "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
                },
                {
                    "mark": {
                        "type": "point",
                        "filled": True,
                        "size": 90,
                        "color": ACCENT,
                        "opacity": 1,
                    },
                    "encoding": {"y": y, "x": x},
                },
                {
                    "mark": _VALUE_MARK,
                    "encoding": {
                        "y": y,
                        "x": {"value": CHART_WIDTH + 10},
                        "text": {"field": "text"},
                    },
                },
            ],
        ),
        "data": {"values": rows},
    }


def draw_metric(metric: Metric, values: Sequence[MetricValue]) -> str:
    """A metric's picture."""
    return render_svg(
        interval_chart(metric, values),
        f"picture-{metric.key}",
        metric.label,
        " ".join(describe_value(value) for value in values),
    )


def curve_chart(
    points: Sequence[Mapping[str, float]], observed: Sequence[Mapping[str, float]], x_title: str
) -> Spec:
    """A curve with its band (x, value, low, high), and the observed points with their
    intervals; x on a log scale, shares on y."""
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False},
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
        ],
    )


def step_chart(points: Sequence[Mapping[str, float]], x_title: str) -> Spec:
    """A step curve with its band (x, value, low, high): the cumulative share by time."""
    x = {
        "field": "x",
        "type": "quantitative",
        "axis": {"title": x_title, "grid": False, "tickCount": 6},
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


def control_chart(points: Sequence[Mapping[str, Any]], unit: str) -> Spec:
    """Points in time (period, value, centre, low, high, signal) with their limits; signals are
    larger and have a different shape."""
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
        "axis": _axis_spec(unit),
    }
    return {
        **_base_spec(
            180,
            [
                *(
                    {
                        "mark": {
                            "type": "line",
                            "interpolate": "step",
                            "color": SOFT,
                            "strokeDash": [4, 3],
                        },
                        "encoding": {"x": x, "y": {**y, "field": name}},
                    }
                    for name in ("low", "high")
                ),
                {
                    "mark": {"type": "line", "color": SOFT},
                    "encoding": {"x": x, "y": {**y, "field": "centre"}},
                },
                {
                    "mark": {
                        "type": "line",
                        "color": ACCENT,
                        "point": {"color": ACCENT, "size": 30},
                    },
                    "encoding": {"x": x, "y": y},
                },
                {
                    "transform": [{"filter": "datum.signal"}],
                    "mark": {
                        "type": "point",
                        "shape": "diamond",
                        "filled": True,
                        "size": 140,
                        "color": SIGNAL,
                        "opacity": 1,
                    },
                    "encoding": {"x": x, "y": y},
                },
            ],
        ),
        "data": {"values": list(points)},
    }


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
    title_text = {"color": INK, "fontSize": 13, "anchor": "start"}
    return {
        "$schema": VEGA_LITE_SCHEMA,
        "background": None,
        "vconcat": parts,
        "config": {**shape["config"], "title": title_text},
    }


def heat_map_chart(cells: Sequence[Mapping[str, Any]]) -> Spec:
    """Cells (row, column, value, text): the deeper the colour, the higher the share. Each cell
    also shows the number, so that colour is never the only cue."""
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
    return {
        **_base_spec(
            {"step": 34},
            [
                {
                    "mark": {"type": "rect", "color": ACCENT, "stroke": SOFT, "strokeWidth": 0.5},
                    "encoding": {
                        "x": x,
                        "y": y,
                        "opacity": {
                            "field": "value",
                            "type": "quantitative",
                            "scale": {"domain": [0, 1], "range": [0, 0.55]},
                            "legend": None,
                        },
                    },
                },
                {
                    "mark": {"type": "text", "color": INK, "fontSize": 12},
                    "encoding": {"x": x, "y": y, "text": {"field": "text"}},
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
    """Estimates (label, value, low, high), one in each row, against a reference line."""
    y = _row_encoding("label", [str(row["label"]) for row in rows])
    x = {
        "field": "value",
        "type": "quantitative",
        "axis": _axis_spec(unit, x_title),
        **({"scale": _scale_spec(unit)} if unit == SHARE else {}),
    }
    line = {"field": "at", "type": "quantitative"}
    return {
        **_base_spec(
            {"step": ROW_HEIGHT},
            [
                {
                    "data": {"values": [{"at": reference}]},
                    "mark": {"type": "rule", "color": INK},
                    "encoding": {"x": line},
                },
                {
                    "mark": {"type": "rule", "color": ACCENT, "strokeWidth": 3},
                    "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
                },
                {
                    "mark": {
                        "type": "point",
                        "filled": True,
                        "size": 90,
                        "color": ACCENT,
                        "opacity": 1,
                    },
                    "encoding": {"y": y, "x": x},
                },
            ],
        ),
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
