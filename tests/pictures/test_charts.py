"""All charts: complete, valid, with a twin; and what each says."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from nof1.core.errors import UsageError
from nof1.pictures import model_charts, quality_charts, theme
from nof1.pictures.assets import json_text
from nof1.pictures.picture import Picture, Table

BINS = [
    {"predicted": 0.1, "observed": 0.12, "low": 0.08, "high": 0.17, "rows": 200},
    {"predicted": 0.4, "observed": 0.2, "low": 0.15, "high": 0.26, "rows": 1000},
]
CURVE = [
    {"threshold": 0.1, "model": 0.05, "low": 0.04, "high": 0.06, "treat_all": 0.02},
    {"threshold": 0.3, "model": 0.01, "low": 0.0, "high": 0.02, "treat_all": -0.2},
]
SHAPE = [
    {"low": 1.0, "high": 2.0, "effect": -0.5, "error": 0.1, "count": 30},
    {"low": 2.0, "high": 4.0, "effect": 0.3, "error": 0.2, "count": 70},
]
GROUP = [{"group": "F", "value": 0.71, "low": 0.65, "high": 0.77, "rows": 1200}]
ADDED = [
    {"group": "genes", "columns": 40, "value": 0.02, "low": 0.01, "high": 0.03},
    {"group": "lifestyle", "columns": 15, "value": 0.001, "low": -0.01, "high": 0.012},
]
MONTHS = [
    {"site": f"s{n}", "code": "x", "month": "2024-01", "events": 10 + n, "psi": 0.1}
    for n in range(9)
]
CHARTS: dict[str, Callable[[], Picture]] = {
    "calibration": lambda: model_charts.calibration(BINS),
    "decision curve": lambda: model_charts.decision_curve(CURVE),
    "roc": lambda: model_charts.roc(
        [{"false_positive_rate": 0.0, "sensitivity": 0.0, "threshold": 1.0}], "0.70"
    ),
    "shape": lambda: model_charts.shape(SHAPE, "Haemoglobin", "g/dL", missing=0.1),
    "edit": lambda: model_charts.edit(
        [{"low": 0, "high": 1, "before": 0.1, "after": 0.0, "count": 3}], "Haemoglobin"
    ),
    "forest": lambda: model_charts.forest(GROUP, "AUROC", 0.7),
    "ablation": lambda: model_charts.ablation(ADDED, "AUROC"),
    "attrition": lambda: model_charts.attrition([{"step": "All", "people": 20}]),
    "drift": lambda: model_charts.drift([{"feature": "a", "period": "2024-01", "psi": 0.3}]),
    "problems": lambda: quality_charts.problem_counts(
        [{"check": "no-sex", "severity": "info"}] * 3
    ),
    "volume": lambda: quality_charts.volume(MONTHS),
    "completeness": lambda: quality_charts.completeness(MONTHS),
    "people": lambda: quality_charts.people(
        [{"site": None, "patients": 10, "birth": 9, "sex": None, "event": 10}]
    ),
}


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_complete_valid_and_has_a_twin(name: str) -> None:
    picture = CHARTS[name]()
    picture.chart.to_dict()  # Altair checks it against the Vega-Lite schema
    spec = picture.spec()
    assert picture.title in spec["description"]
    assert picture.description in spec["description"]
    assert picture.table.rows
    assert all(len(row) == len(picture.table.columns) for row in picture.table.rows)
    assert spec["width"] == "container"
    assert "url" not in json.dumps(spec.get("data"))
    assert json.dumps(spec) == json.dumps(CHARTS[name]().spec())


@pytest.mark.parametrize("name", ["calibration", "forest", "ablation"])
def test_the_interval_is_drawn_before_the_point(name: str) -> None:
    marks = [layer["mark"]["type"] for layer in CHARTS[name]().spec()["layer"]]
    assert marks.index("point") == len(marks) - 1
    assert "rule" in marks[: marks.index("point")]


def test_what_the_charts_say() -> None:
    assert "In 1 of 2 groups" in CHARTS["calibration"]().description
    assert "1,200 people" in CHARTS["calibration"]().description
    assert "from 10% to 30%" in CHARTS["decision curve"]().description
    assert "1 to 2 g/dL: lowers the risk by 0.50" in CHARTS["shape"]().description
    assert "Not measured: +0.10" in CHARTS["shape"]().description
    assert "Interval above 0: genes." in CHARTS["ablation"]().description
    assert "No interval lies above 0." in model_charts.ablation(ADDED[1:], "AUROC").description
    assert "Moved: a." in CHARTS["drift"]().description


def test_many_sites_become_one_line_and_no_event_is_lost() -> None:
    rows = CHARTS["volume"]().table.rows
    assert len({site for site, *_ in rows}) == quality_charts.MOST_SITES
    assert sum(n for *_, n in rows) == sum(row["events"] for row in MONTHS)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(UsageError, match="'observed'"):
        model_charts.calibration([{"predicted": 0.1, "low": 0, "high": 1, "rows": 3}])


def test_a_picture_without_words_is_refused() -> None:
    with pytest.raises(UsageError, match="not complete"):
        Picture("Title", "", Table((), ()), svg="<svg/>")
    with pytest.raises(UsageError, match="not complete"):
        Picture("Title", "Words", Table((), ()))


def test_category_colours_differ_in_lightness_or_hue() -> None:
    assert len(set(theme.CATEGORIES)) == len(theme.CATEGORIES) == 7


def test_json_in_a_script_element_holds_no_markup() -> None:
    text = json_text({"a": "</script><!--&\u2028"})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"a": "</script><!--&\u2028"}
