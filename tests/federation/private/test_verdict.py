import numpy as np
import pytest

from nof1.federation.private.verdict import judged, stretched
from nof1.learn.figures import Figure
from private_samples import GROUPS, table


def test_the_intervals_of_the_figures_hold_the_noise():
    quiet = judged(table(1500, 0.01), GROUPS, 30.0, 0).evaluation.figures["auroc"]
    loud = judged(table(1500, 10.0), GROUPS, 30.0, 0).evaluation.figures["auroc"]
    assert loud.high - loud.low > 1.4 * (quiet.high - quiet.low)
    assert "noise" in loud.note


def test_the_auroc_is_right_on_average():
    found = [judged(table(1500, 6.0, seed), GROUPS, 30.0, 0).evaluation.figures["auroc"]
             for seed in range(8)]  # fmt: skip
    true = judged(table(60_000, 0.01), GROUPS, 30.0, 0).evaluation.figures["auroc"].value
    assert np.mean([one.value for one in found]) == pytest.approx(true, abs=0.05)
    assert sum(one.contains(true) for one in found) >= 6


def test_a_good_model_with_enough_people_passes_and_a_wrong_one_does_not():
    assert judged(table(6000, 2.0), GROUPS, 30.0, 0).gate.passed
    worse = judged(table(40, 20.0), GROUPS, 30.0, 0).gate
    assert not worse.passed
    assert "enough outcomes" in worse.failed or "calibration slope" in worse.failed


def test_groups_are_told_where_people_outweigh_the_noise():
    rows = judged(table(20_000, 1.0), GROUPS, 30.0, 0).evaluation.subgroups
    shown = {row.group: row for row in rows if row.rows is not None}
    assert set(shown) == {"F", "M"}
    assert all(row.calibration.contains(0.0) for row in shown.values())
    hidden = judged(table(200, 50.0), GROUPS, 30.0, 0).evaluation.subgroups
    assert all(row.rows is None for row in hidden)


def test_figures_are_moved_back_and_widened():
    figure = Figure(0.70, 0.65, 0.75)
    found = stretched(figure, [0.66, 0.68, 0.67, 0.67], share=True)
    assert found.value == pytest.approx(0.73)
    assert found.low < 0.68
    assert found.high > 0.78
    assert stretched(Figure(0.98, 0.96, 1.0), [0.8, 0.9, 0.7], share=True).high == 1.0
    assert stretched(figure, [None, None, 0.7]).value is None
