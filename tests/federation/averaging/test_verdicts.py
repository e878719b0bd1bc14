"""Calibration and figures from summed tables, beside those of all rows in one place."""

import numpy as np
import pytest

from nof1.federation.averaging.joint import Joint
from nof1.federation.averaging.verdicts import (
    MIDDLES,
    calibration,
    cells,
    figures,
    judged,
    place_of,
)
from nof1.federation.judging import Groups
from nof1.imaging.training.calibrating import Calibration
from nof1.imaging.training.evaluating import answers
from nof1.imaging.training.evaluating import figures as of_rows

CLASSES = ("square",)


@pytest.fixture(scope="module")
def logits(rows):
    rng = np.random.default_rng(5)
    lift = np.where(rows.values[:, 0] == 1, 1.2, -0.4)
    return (lift[None, :, None] + rng.normal(size=(3, 600, 1))).astype(np.float32)


def test_calibration_of_sites_is_that_of_all_rows(rows, logits, together):
    def one(joint, at):
        mine = rows.site == at
        return calibration(logits[:, mine], rows.values[mine], False, joint)

    made = together(one)["south"]
    known = Calibration.fit(logits, rows.values, "findings")
    risks = made.risk(logits) - known.risk(logits)
    assert np.abs(risks).max() < 1e-6
    assert made.rows == known.rows
    assert np.array_equal(made.conformal[0].tables, known.conformal[0].tables)
    # the factor on the width groups pictures by each site's own deciles
    assert made.maps[0].scale == pytest.approx(known.maps[0].scale, abs=0.5)


def test_one_member_gets_a_map_without_an_interval(rows, logits, together):
    def one(joint, at):
        mine = rows.site == at
        return calibration(logits[:1, mine], rows.values[mine], False, joint)

    made = together(one)["north"]
    assert made.interval(logits[:1]) is None
    assert made.risk(logits[:1]) == pytest.approx(
        Calibration.fit(logits[:1], rows.values, "findings").risk(logits[:1]), abs=1e-6
    )


def test_the_temperature_of_kinds_is_that_of_all_rows(rows, together):
    rng = np.random.default_rng(6)
    kind = rng.integers(0, 3, 600)
    values = np.eye(3, dtype=np.int8)[kind]
    logits = (3 * values + rng.normal(0, 3, (2, 600, 3))).astype(np.float32)

    def one(joint, at):
        return calibration(logits[:, rows.site == at], values[rows.site == at], True, joint)

    known = Calibration.fit(logits, values, "kinds")
    assert together(one)["west"].temperature == pytest.approx(known.temperature, rel=0.011)


def test_figures_of_sites_are_those_of_all_rows(rows, logits, together):
    known = Calibration.fit(logits, rows.values, "findings")
    sex = np.where(np.arange(600) % 3 == 0, "F", "M")
    groups = (Groups("sex", ("F", "M")),)

    def one(joint, at):
        mine = rows.site == at
        own = judged(logits[:, mine], rows.values[mine], known, CLASSES, {"sex": sex[mine]})
        return figures(own, known, CLASSES, groups, joint)[0]

    made = together(one)["north"]
    (whole,) = of_rows(answers(logits, known, rows.values, CLASSES), known, {"sex": sex})
    assert made.auroc.value == pytest.approx(whole.auroc.value, abs=0.003)
    assert made.members == pytest.approx(whole.members, abs=0.003)
    brier = made.evaluation.figures["brier"].value
    assert brier == pytest.approx(whole.evaluation.figures["brier"].value, abs=0.002)
    assert made.area_under_risk == pytest.approx(whole.area_under_risk, abs=0.01)
    assert {one.group for one in made.evaluation.subgroups} == {"F", "M"}


def test_a_class_with_one_answer_in_the_test_part_has_no_figures(rows, logits):
    known = Calibration.fit(logits, rows.values, "findings")
    one = rows.values[:, 0] == 1
    own = judged(logits[:, one], rows.values[one], known, CLASSES, {})
    assert figures(own, known, CLASSES, (), Joint(True)) == ()


def test_without_prediction_sets_no_coverage_is_told(rows, logits):
    few = np.flatnonzero(rows.values[:, 0] == 1)[:5].tolist()
    few += np.flatnonzero(rows.values[:, 0] == 0)[:40].tolist()
    made = calibration(logits[:, few], rows.values[few], False, Joint(True))
    assert made.conformal == (None,)
    own = judged(logits, rows.values, made, CLASSES, {})
    (one,) = figures(own, made, CLASSES, (Groups("sex", ("F",)),), Joint(True))
    assert not any("conformal" in name for name in one.evaluation.figures)
    assert one.evaluation.subgroups == ()


def test_a_cell_holds_its_risk_and_the_ends_hold_the_rest():
    risk = np.array([0.0, 1e-6, 0.2, 0.5, 0.999999, 1.0])
    (found,) = cells([risk], np.array([0, 0, 1.0, 0, 1, 1]), np.ones(6), Joint(True))
    y, back = found
    assert sorted(y.tolist()) == [0, 0, 0, 1, 1, 1]
    assert np.sort(back) == pytest.approx([1.2e-4, 1.2e-4, 0.2, 0.5, 0.99988, 0.99988], abs=0.01)
    assert len(MIDDLES) > place_of(risk).max()
