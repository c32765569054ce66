"""Drawing a metric's values with their intervals: an SVG with title and description, sized by its frame.

Colours come from CSS variables of the page (``--ink``, ``--soft``, ``--accent``), so that light and dark both work; every mark
is also told in words, and the table beside the picture says the same.
"""

from __future__ import annotations

from html import escape

from lrs.metrics.catalogue import Metric
from lrs.reports.values import MetricValue

# Units of the view box: the picture scales with its frame.
WIDTH, LABEL, ROW, TOP, BOTTOM = 300, 66, 32, 8, 24
PLOT = WIDTH - LABEL - 50


def percent(value: float | None) -> str:
    """``83 %``, or an en dash where there is no value."""
    return "–" if value is None else f"{value * 100:.0f} %"


def sentence(value: MetricValue) -> str:
    """One value in words."""
    where = f"{value.part_label}: " if value.part else ""
    if value.value is None:
        return f"{where}nothing to count yet."
    return (
        f"{where}{percent(value.value)} ({value.numerator} of {value.denominator}; 95 % interval {percent(value.ci_low)} to"
        f" {percent(value.ci_high)}; {value.learners} {'person' if value.learners == 1 else 'people'})."
    )


def draw(metric: Metric, values: list[MetricValue]) -> str:
    """The picture: one row for each value, a dot on a scale from 0 to 100 % and a bar for its interval."""
    height = TOP + ROW * len(values) + BOTTOM
    base = TOP + ROW * len(values)
    name = f"picture-{metric.key}"
    parts = [
        f'<svg class="figure" role="img" viewBox="0 0 {WIDTH} {height}" aria-labelledby="{name}-title {name}-text" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{name}-title">{escape(metric.label)}</title>',
        f'<desc id="{name}-text">{escape(" ".join(sentence(value) for value in values))}</desc>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        x = LABEL + PLOT * share
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{base}" stroke="var(--soft, #888)" stroke-width="0.5"/>')
        parts.append(f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle" font-size="11" fill="var(--ink, #222)">{share * 100:.0f} %</text>')
    for row, value in enumerate(values):
        y = TOP + ROW * row + ROW / 2
        parts.append(f'<text x="0" y="{y + 4:.1f}" font-size="12" fill="var(--ink, #222)">{escape(value.part_label)}</text>')
        if value.value is None or value.ci_low is None or value.ci_high is None:
            parts.append(f'<text x="{LABEL + 4}" y="{y + 4:.1f}" font-size="12" fill="var(--ink, #222)">nothing to count yet</text>')
            continue
        low, high, x = (LABEL + PLOT * share for share in (value.ci_low, value.ci_high, value.value))
        parts.append(
            f'<line x1="{low:.1f}" y1="{y:.1f}" x2="{high:.1f}" y2="{y:.1f}" stroke="var(--accent, #1257a8)" stroke-width="5"'
            ' stroke-opacity="0.35" stroke-linecap="round"/>'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="var(--accent, #1257a8)"/>')
        parts.append(
            f'<text x="{WIDTH}" y="{y + 4:.1f}" text-anchor="end" font-size="13" font-weight="600" fill="var(--ink, #222)">'
            f"{percent(value.value)}</text>"
        )
    parts.append("</svg>")
    return "".join(parts)
