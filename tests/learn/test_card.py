"""The card: complete, loud about synthetic data and blanks, readable as plain text."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from nof1.core.errors import InputError
from nof1.learn.card import NOTICE, SCHEMA, Card
from nof1.learn.comparison import choose_learner
from nof1.learn.conformal import Conformal
from nof1.learn.discrimination import auroc
from nof1.learn.evaluate import evaluate
from nof1.learn.gate import gate
from nof1.learn.tripod import ITEMS, answered


@pytest.fixture(scope="module")
def card():
    rng = np.random.default_rng(0)
    decision = rng.normal(-1.4, 1.2, 3000)
    y = (rng.random(3000) < expit(decision)).astype(float)
    test = slice(1000, 3000)
    site = np.array(["north", "south", "a hospital with a name far too long for any table"])
    found = evaluate(
        y[test],
        expit(decision[test]),
        decision=decision[test],
        conformal=Conformal.fit(decision[:1000], y[:1000]),
        groups={"site": site[rng.integers(0, 3, 2000)], "ward": np.repeat(["x", "y"], [1995, 5])},
        resamples=50,
    )
    scores = {"glassbox": auroc(y[test], decision[test]), "logistic": auroc(y[test], y[test])}
    shown = {name: found.figures[name] for name in ("auroc", "brier", "ece_debiased")}
    return Card(
        name="Event within a year",
        version="3",
        content_hash="0f" * 32,
        created="2026-11-24",
        purpose="Says how likely the event is within a year.",
        intended_use="",
        outcome="First event within 365 days.",
        synthetic=True,
        data={"sources": "three sites", "period": "2010 to 2020", "split": "by patient"},
        population="Adults at their first visit.",
        attrition=[("Everybody", 5000), ("Adults", 3000)],
        features=[{"name": "age_years", "importance": 0.42, "missing": 0.01}, {"name": "sex"}],
        learners={"glassbox": shown, "logistic": shown},
        choice=choose_learner(scores),
        evaluation=found,
        gate=gate(found, leakage_passed=True),
        notes={"missing_data": "Missing is a level of its own."},
        limits=["One country only."],
        tripod={"18a": "Nobody paid."},
    )


def test_dictionary_is_strict_json_with_the_schema(card):
    data = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert data["schema"] == SCHEMA
    assert data["status"] == "speaks"
    assert data["missing_data"] == "Missing is a level of its own."
    assert data["choice"]["kept"] == "logistic"


def test_text_fits_eighty_columns(card):
    lines = card.to_markdown().splitlines()
    assert max(len(line) for line in lines) <= 80
    assert lines[0] == "# Event within a year"


def test_synthetic_data_and_the_notice_come_first(card):
    head = card.to_markdown().split("## ")[0]
    assert "SYNTHETIC DATA" in head
    assert NOTICE in head
    assert "no clinician has reviewed" in head
    assert "SYNTHETIC" not in replace(card, synthetic=False).to_markdown()


def test_every_check_and_figure_of_the_evaluation_is_in_the_text(card):
    text = " ".join(card.to_markdown().split())
    for check in card.gate.checks:
        assert f"[{'pass' if check.passed else 'FAIL'}] {check.name}" in text
    for name in ("auroc", "brier", "calibration_slope", "conformal_coverage"):
        assert str(card.evaluation.figures[name]) in text
    assert "Nobody paid." in text


def test_a_withheld_model_says_so_with_the_next_step(card):
    failed = gate(card.evaluation, leakage_passed=False)
    text = " ".join(replace(card, gate=failed).to_markdown().split())
    assert "WITHHELD; it may not speak" in text
    assert "Next: Run the audit" in text
    assert replace(card, gate=failed).to_dict()["status"] == "withheld"


def test_blank_items_are_shown_as_blank(card):
    tripod = card.to_dict()["tripod"]
    assert tripod["filled"] + len(tripod["blank"]) == len(ITEMS) == 52
    assert {"3b", "17", "19"} <= set(tripod["blank"])  # 3b: intended use was left empty
    assert "18a" not in tripod["blank"]
    text = " ".join(card.to_markdown().split())
    assert text.count("**blank**") == len(tripod["blank"])


def test_hidden_groups_show_no_number(card):
    text = card.to_markdown()
    assert "ward: y" in text
    assert "1,995" not in text
    assert "| ward" not in text


ZERO = {"value": None, "low": None, "high": None, "level": 0.95, "note": "no column"}
ABLATION = {
    "measure": "auroc",
    "learner": "glassbox",
    "horizon_days": 365.0,
    "rows": 2000,
    "columns": 343,
    "ungrouped": 2,
    "full": {"value": 0.753, "low": 0.732, "high": 0.773, "level": 0.95, "note": ""},
    "full_brier": {"value": 0.122, "low": 0.115, "high": 0.129, "level": 0.95, "note": ""},
    "groups": [
        {
            "group": "a group | with a long name",
            "columns": 341,
            "without": {"value": 0.74, "low": 0.72, "high": 0.76, "level": 0.95, "note": ""},
            "alone": {"value": 0.61, "low": 0.58, "high": 0.64, "level": 0.95, "note": ""},
            "difference": {"value": 0.013, "low": -0.002, "high": 0.028, "level": 0.95, "note": ""},
            "brier_difference": ZERO,
            "note": "",
        },
        dict.fromkeys(("without", "alone", "difference", "brier_difference"), ZERO)
        | {"group": "surroundings", "columns": 0, "note": "no column here"},
    ],
    "reading": "Association only.",
}


def test_what_groups_add_is_a_table_and_absent_groups_are_named(card):
    assert card.to_dict()["ablation"] is None
    assert "adds" not in card.to_markdown()
    shown = replace(card, ablation=ABLATION)
    assert json.loads(json.dumps(shown.to_dict(), allow_nan=False))["ablation"] == ABLATION
    lines = shown.to_markdown().splitlines()
    assert max(len(line) for line in lines) <= 80
    (row,) = [line for line in lines if line.startswith("| a group / with")]
    assert "| 0.610 |   0.740 | 0.013 (-0.002 to 0.028) |" in row
    assert "- surroundings: no column here" in lines
    text = " ".join(lines)
    assert "AUROC is 0.753 (0.732 to 0.773)" in text
    assert "Association only." in text
    assert "2 columns are in no group" in text


def test_nothing_alone_makes_no_column_of_dashes(card):
    groups = [{**one, "alone": ZERO} for one in ABLATION["groups"]]
    text = replace(card, ablation={**ABLATION, "groups": groups}).to_markdown()
    assert "Alone" not in text
    assert "Without" in text


def test_answers_must_name_a_real_item():
    with pytest.raises(InputError, match="Unknown"):
        answered({}, {"99z": "?"})
    with pytest.raises(InputError, match="Unknown"):
        answered({}, {"23": "?"})


def test_items_are_numbered_like_the_statement():
    numbers = [item.number for item in ITEMS]
    assert len(set(numbers)) == len(numbers)
    assert {int("".join(c for c in one if c.isdigit())) for one in numbers} == set(range(1, 28))
