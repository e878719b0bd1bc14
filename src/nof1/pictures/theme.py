"""One look for all charts: the house style as a Vega-Lite configuration.

Categories wear Okabe-Ito colours, which people with every kind of colour blindness can tell
apart; quantities wear one scale (viridis). Text and lines take the page's colour through CSS
classes, so dark mode and print need no second chart.

Reference: Okabe & Ito, Color Universal Design, https://jfly.uni-koeln.de/color/ (2008).
"""

from __future__ import annotations

from typing import Any

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, GREY = "#56B4E9", "#CC79A7", "#F0E442", "#767676"
CATEGORIES = [BLUE, ORANGE, GREEN, PURPLE, VERMILION, SKY, GREY]
SCALE = "viridis"
SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
INK, QUIET, LINE = "#1b1f23", "#57606a", "#d8dee4"
HEIGHT = 240


def config() -> dict[str, Any]:
    """The Vega-Lite ``config``: fonts, colours, thin grid, no frame."""
    words = {"labelFont": SANS, "titleFont": SANS, "labelColor": QUIET, "titleColor": QUIET}
    return {
        "background": "transparent",
        "font": SANS,
        "view": {"continuousHeight": 300, "continuousWidth": 300, "stroke": None},
        "range": {"category": CATEGORIES, "heatmap": {"scheme": SCALE}},
        "axis": {
            **words,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "labelPadding": 4,
            "gridColor": LINE,
            "domainColor": LINE,
            "tickColor": LINE,
            "tickSize": 4,
            "labelLimit": 220,
        },
        "legend": {**words, "labelFontSize": 12, "orient": "top", "title": None, "labelLimit": 220},
        "text": {"font": SANS, "fontSize": 12, "color": INK},
        "line": {"strokeWidth": 2},
        "rule": {"color": QUIET},
    }
