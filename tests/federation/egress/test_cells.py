"""Cells of too few patients, on hand-made models and cards."""

import copy

import numpy as np
import pytest

import page_samples
from nof1.federation.egress import cells
from nof1.learn.shapes import ShapeModel, Term

FEW = 10
X = np.r_[np.linspace(0, 1, 200), 5.0, np.full(4, np.nan)][:, None]
X = np.column_stack([X, np.arange(205) * 37 % 205 / 205])
WHO = np.arange(205)


def model(*terms):
    return ShapeModel(("age", "dose"), -1.0, np.array([-1.0, -1.0]), terms)


def curve(cuts, scores, counts):
    scores = np.array(scores, dtype=float)
    return Term("age", (0,), (np.array(cuts),), scores, 0 * scores, np.array(counts, dtype=float),
                np.stack([scores, scores]))  # fmt: skip


def found(one, rows=(X, WHO), patients=205):
    return list(cells.shapes(model(one), "shapes.json", FEW, rows, patients))


CLEAN = curve([0.5], [0.0, -0.2, 0.3], [0, 100, 101])


def test_a_clean_curve_only_tells_of_hidden_patients_by_subtraction():
    (one,) = found(CLEAN)
    assert (one.status, "subtraction" in one.what) == ("attention", True)
    assert not found(CLEAN, patients=201)
    assert not found(CLEAN, rows=None)


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        (curve([0.5, 2.0], [0, -0.2, 0.1, 0.9], [0, 100, 100, 1]), "show a count"),
        (curve([0.5, 2.0], [0, -0.2, 0.1, 0.9], [0, 100, 100, 0]), "with a value"),
        (curve([0.5, 2.0], [0, -0.2, 0.1, 0.0], [0, 100, 100, 50]), "show more"),
        (curve([0.5], [0.7, -0.2, 0.3], [0, 100, 101]), "with a value"),
    ],
)
def test_a_bin_of_one_patient_is_found(planted, what):
    assert [one for one in found(planted) if one.status == "fail" and what in one.what]


def test_a_hidden_bin_with_a_value_is_found_without_this_sites_rows():
    planted = curve([0.5, 2.0], [0, -0.2, 0.1, 0.9], [0, 100, 100, 0])
    assert [one.status for one in found(planted, rows=None)] == ["fail"]


def plane(corner_a, corner_b):
    """Steps of one plane over 20 x 20 bins of age and dose, with one corner."""
    edges = np.linspace(0, 1, 21)[1:-1]
    scores = np.zeros((21, 21))
    scores[1:corner_a, 1:corner_b] = 0.4
    scores += np.linspace(0, 0.1, 21)[:, None] - np.linspace(0, 0.2, 21)[None, :]
    count = np.zeros((21, 21))
    return Term("age & dose", (0, 1), (edges, edges), scores, 0 * scores, count,
                np.stack([scores, scores]))  # fmt: skip


def test_a_corner_of_a_plane_with_few_patients_is_found():
    # age and dose have nothing to do with each other: 15 % of 15 % of 200 patients are few
    assert [one.status for one in found(plane(4, 4), patients=None)] == ["fail"]
    assert not [one for one in found(plane(11, 11), patients=None) if one.status == "fail"]
    assert [one.status for one in found(plane(4, 4), rows=None)] == []


def test_leaves_of_trees_are_counted_in_text():
    text = "Tree=0\nleaf_count=120 34 3\ninternal_count=157 37\n\nTree=1\nleaf_count=20 137\n"
    (one,) = cells.trees(text, "trees.lgb.txt", FEW)
    assert one.count == 1
    assert not list(cells.trees(text, "trees.lgb.txt", 3))


def test_leaves_of_trees_are_counted_again_by_patient():
    lightgbm = pytest.importorskip("lightgbm")
    codes = np.arange(300.0)[:, None]
    data = lightgbm.Dataset(codes, (codes[:, 0] > 150).astype(float))
    settings = {"objective": "binary", "min_data_in_leaf": 20, "num_leaves": 4, "verbosity": -1}
    text = lightgbm.train(settings, data, 2).model_to_string()
    alone, shared = np.arange(300), np.arange(300) // 30
    assert not list(cells.leaves(text, codes, alone, "trees.lgb.txt", FEW))
    (one,) = cells.leaves(text, codes, shared, "trees.lgb.txt", FEW)
    assert one.status == "fail"


def test_the_baseline_of_drift_may_blur_but_not_show():
    data = {"drift": {"counts": [[5.0, 0, 120], [10, 5, 115]]}, "voices": []}
    assert not list(cells.model_tables(data, FEW))
    data["drift"]["counts"][0][0] = 3.0
    (one,) = cells.model_tables(data, FEW)
    assert (one.status, one.count) == ("fail", 1)


def test_cells_of_a_score_need_a_person():
    voice = {"horizon_days": 365.0, "conformal": {"weights": [[1.0, 40.0], [12.0]]}}
    data = {"voices": [voice], "domain": {"tables": [[0, 1, 2, 30]]}}
    assert [(one.count, one.status) for one in cells.model_tables(data, FEW)] == [
        (1, "attention"),
        (2, "attention"),
    ]


def test_rare_codes_are_found_unless_the_author_named_them():
    named = {"model.json, codes": {"A", "B", "C"}}
    patients = {"A": 3, "B": 300, "C": 3}
    (one,) = cells.codes(named, patients, {"C"}, FEW)
    assert one.count == 1
    assert not list(cells.codes(named, patients, {"A", "C"}, FEW))


def card(**changes):
    data = copy.deepcopy(page_samples.card())
    data["evaluation"]["calibration"] = [{"rows": 100, "observed": 0.3}]
    data["evaluation"]["net_benefit"] = [{"flagged_share": 0.5}]
    data["data"] = {"events": 45}
    return {**data, **changes}


def test_a_card_of_large_groups_passes():
    assert not list(cells.card(card(), FEW))


@pytest.mark.parametrize(
    ("place", "status"),
    [("attrition", "fail"), ("lost", "attention"), ("group", "fail"), ("band", "attention"),
     ("events", "fail"), ("flagged", "attention"), ("people", "fail")],
)  # fmt: skip
def test_a_small_number_on_the_card_is_found(place, status):
    data = card()
    if place == "attrition":
        data["attrition"] = [{"step": "all", "people": 900}, {"step": "few", "people": 4}]
    elif place == "lost":
        data["attrition"] = [{"step": "all", "people": 900}, {"step": "few", "people": 896}]
    elif place == "group":
        data["evaluation"]["subgroups"][0] |= {"rows": 120, "events": 113}
    elif place == "band":
        data["evaluation"]["calibration"] = [{"rows": 100, "observed": 0.03}]
    elif place == "people":
        data["evaluation"]["calibration"] = [{"rows": 7, "observed": 0.0}]
    elif place == "flagged":
        data["evaluation"]["net_benefit"] = [{"flagged_share": 0.01}]
    else:
        data["data"]["events"] = 6
    assert status in {one.status for one in cells.card(data, FEW)}
