"""The page of a property model: every answer in words, nothing withheld is drawn."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

import page_samples
from nof1.pictures import compound_charts, pages
from nof1.pictures.views.compounds import DRAWN, LISTED, class_words


def page(**changes: Any) -> str:
    return pages.render("compounds", {**page_samples.compounds("logS"), **changes})


def test_it_is_a_hypothesis_and_carries_no_script() -> None:
    text = page()
    assert "Hypothesis for the laboratory" in text
    assert "<script" not in text


def test_splits_and_coverage_stand_side_by_side_with_a_table() -> None:
    text = page()
    assert text.count('<svg viewBox="0 0 600') == 4  # two labels, two pictures each
    assert text.count(">random</text>") == 4
    assert text.count(">scaffold</text>") == 2  # the second label has no figure there
    assert "random (1 x 60)" in text
    assert "Numbers behind" in text
    assert "<strong>No figure for scaffold:</strong> logS." in text
    assert "not known" in text


def test_molecules_are_drawn_and_a_withheld_one_is_not() -> None:
    text = page()
    images = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", text)
    assert [base64.b64decode(one) for one in images] == [b"<svg><title>logS</title></svg>"] * 3
    assert text.count("withheld</strong>") == 2
    assert "outside the domain" in text
    assert "row 3: logS" in text


def test_what_is_left_out_is_counted() -> None:
    data = page_samples.compounds("logS")
    counts = data["asked"]["counts"]
    shown = counts["predicted"] + counts["withheld"] - len(data["asked"]["predictions"])
    text = page()
    assert f"{shown} more compounds are not on this page" in text
    assert f"and {counts['unusable'] - LISTED} more" in text
    many = {**data["asked"], "predictions": data["asked"]["predictions"][:1] * (DRAWN + 7)}
    many["counts"] = {**counts, "predicted": DRAWN + 7, "withheld": 0}
    assert "7 more compounds are not on this page" in page(asked=many)


def test_a_withheld_label_says_why_and_a_race_says_who_won_and_what_it_cost() -> None:
    text = page()
    assert re.search(r"may speak</span>.*withheld</span> logS<", text, re.S)
    for reading in ("challenger better", "challenger worse", "no clear difference"):
        assert f"{reading}</span>" in text
    assert '<td class="n">80.0</td>' in text
    quiet = page_samples.compounds("logS")["card"]
    assert "What the race cost" not in page(card={**quiet, "challenger": None})
    assert "What the race cost" not in page(card={k: quiet[k] for k in quiet if k != "challenger"})


def test_a_model_alone_has_no_compounds() -> None:
    text = page(asked=None)
    assert "Property model: logS" in text
    assert "Compounds asked about" not in text


def test_a_class_set_is_said_in_words() -> None:
    found = [class_words(one) for one in ([0], [1], [0, 1], [])]
    assert found == ["class 0", "class 1", "cannot tell", "unlike both classes"]


@pytest.mark.parametrize("value", [1e-7, 0.03, 0.9, 4.4, 73.0, 1e5])
def test_the_axis_ends_at_a_round_number_beyond_every_mark(value: float) -> None:
    split = page_samples.compounds()["card"]["labels"][0]["splits"]["random"]
    rmse = {"value": value, "low": value / 2, "high": value}
    one = {**split, "naive": value, "neighbour": value, "metrics": {"rmse": rmse}}
    made = compound_charts.quality({"name": "a", "kind": "regression", "splits": {"random": one}})
    ticks = [float(t) for t in re.findall(r'text-anchor="middle">([^<]*)<', made.svg or "")]
    assert 4 <= len(ticks) <= 6
    assert ticks[-2] < value <= ticks[-1]
