"""Figures: the interval counts patients, the curve keeps the surest."""

import numpy as np
import pytest

from nof1.imaging.training.calibrating import Calibration
from nof1.imaging.training.evaluating import answers, figures, patient_auroc
from nof1.imaging.training.selective import area_under_risk, selective_curve
from nof1.learn.discrimination import auroc


def drawn(count=400, seed=0, members=3, scale=1.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, count)
    common = rng.normal(size=count) * 1.2 + 1.5 * (2 * y - 1)
    logits = scale * (common + rng.normal(size=(members, count)) * 0.4)
    return y, logits[:, :, None]


def test_calibration_repairs_logits_that_are_too_extreme():
    y, logits = drawn(scale=4.0)
    fitted = Calibration.fit(logits, y[:, None], "findings")
    new, told = drawn(seed=1, scale=4.0)
    raw = 1 / (1 + np.exp(-told.mean(axis=0)[:, 0]))
    risk = fitted.risk(told)[:, 0]
    assert ((risk - new) ** 2).mean() < ((raw - new) ** 2).mean()
    low, high = fitted.interval(told)
    assert (low[:, 0] <= risk).all()
    assert (risk <= high[:, 0]).all()
    inside = fitted.sets(told, 0)
    assert 0.85 < np.where(new == 1, inside[:, 1], inside[:, 0]).mean() < 0.96


def test_calibration_survives_its_json_form():
    y, logits = drawn()
    fitted = Calibration.fit(logits, y[:, None], "findings")
    again = Calibration.from_dict(fitted.to_dict())
    assert (again.risk(logits) == fitted.risk(logits)).all()
    assert (again.sets(logits, 0) == fitted.sets(logits, 0)).all()
    kinds = np.concatenate([logits, -logits], axis=2)
    warm = Calibration.fit(kinds, np.column_stack([y, 1 - y]), "kinds")
    again = Calibration.from_dict(warm.to_dict())
    assert (again.risk(kinds) == warm.risk(kinds)).all()


def test_one_member_has_no_interval():
    y, logits = drawn(members=1)
    fitted = Calibration.fit(logits, y[:, None], "findings")
    assert fitted.interval(logits) is None
    assert Calibration.from_dict(fitted.to_dict()).risk(logits).shape == (400, 1)


def test_few_cases_get_no_prediction_set():
    y, logits = np.array([0] * 30 + [1] * 5), np.random.default_rng(0).normal(size=(2, 35, 1))
    assert Calibration.fit(logits, y[:, None], "findings").conformal == (None,)


def test_the_interval_of_the_auroc_counts_patients():
    y, logits = drawn(60)
    score = logits.mean(axis=0)[:, 0]
    once = patient_auroc(y, score, None)
    copies = np.tile(np.arange(60), 4)
    again = patient_auroc(np.tile(y, 4), np.tile(score, 4), copies)
    assert again.value == pytest.approx(once.value)
    assert again.high - again.low == pytest.approx(once.high - once.low, rel=0.25)
    naive = patient_auroc(np.tile(y, 4), np.tile(score, 4), None)
    assert naive.high - naive.low < 0.7 * (once.high - once.low)


def test_a_perfect_order_is_not_certainty():
    figure = patient_auroc([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], None)
    assert (figure.value, figure.high) == (1.0, 1.0)
    assert figure.low < 0.5


def test_figures_of_each_class_and_subgroup():
    y, logits = drawn()
    fitted = Calibration.fit(logits, y[:, None], "findings")
    new, told = drawn(seed=2)
    values = new[:, None].copy()
    values[:7] = -1
    found = answers(told, fitted, values, ("x",), np.arange(400) // 2)
    sex = np.where(np.arange(400) % 2, "F", "M")
    one = figures(found, fitted, {"sex": sex}, resamples=50)[0]
    assert one.evaluation.rows == 393
    assert len(one.members) == 3
    assert one.members[0] == auroc(new[7:], told[0, 7:, 0]).value
    assert {row.group for row in one.evaluation.subgroups} == {"F", "M"}
    assert one.evaluation.figures["conformal_coverage"].value > 0.8
    assert one.to_dict()["selective"][0]["kept"] == 1.0


def test_a_class_with_one_answer_has_no_figures():
    y, logits = drawn()
    fitted = Calibration.fit(logits, y[:, None], "findings")
    found = answers(logits, fitted, np.ones((400, 1)), ("x",))
    assert figures(found, fitted) == ()


def slow_selective(y, risk, kept):
    order = sorted(range(len(y)), key=lambda i: -abs(risk[i] - 0.5))
    rows = order[: round(kept * len(y))]
    return sum((risk[i] >= 0.5) == (y[i] == 1) for i in rows) / len(rows)


def test_the_selective_curve_against_a_slow_oracle():
    rng = np.random.default_rng(4)
    risk = rng.random(200)
    y = (rng.random(200) < risk).astype(int)
    for point in selective_curve(y, risk):
        assert point.accuracy == pytest.approx(slow_selective(y, risk, point.kept))
        assert point.low < point.accuracy < point.high
    assert selective_curve(y, risk)[-1].accuracy > selective_curve(y, risk)[0].accuracy
    assert area_under_risk(y, risk) < 1 - selective_curve(y, risk)[0].accuracy
    assert area_under_risk([0, 1, 1], [0.9, 0.6, 0.55]) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)


def test_no_probability_is_surer_than_the_cases_behind_it():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], 100)[:, None].astype(np.int8)
    members = (truth[:, 0] * 16.0 - 8 + rng.normal(0, 1, (2, 200)))[:, :, None]
    fitted = Calibration.fit(members, truth, "findings")
    sure = np.array([[[30.0], [-30.0]]] * 2)
    risk = fitted.risk(sure)[:, 0]
    low, high = fitted.interval(sure)
    assert risk.tolist() == pytest.approx([1 - 1 / 202, 1 / 202])
    assert low[0, 0] <= 1 - 3 / 200
    assert high[1, 0] >= 3 / 200
    assert low[0, 0] <= risk[0] <= high[0, 0]
    assert low[1, 0] <= risk[1] <= high[1, 0]
