"""The subgroup table finds a planted gap, stays quiet without one, and hides small groups."""

import numpy as np
import pytest
from scipy.special import expit

from nof1.core.errors import InputError
from nof1.learn.discrimination import auroc
from nof1.learn.subgroups import subgroup_table


def sample(rows, seed, shift=0.0):
    """Ten equal groups; in group g0 the true log odds are higher by ``shift``."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1.2, 1.2, rows)
    group = rng.integers(0, 10, rows)
    y = (rng.random(rows) < expit(logit + shift * (group == 0))).astype(float)
    return y, expit(logit), np.array([f"g{one}" for one in group])


def test_figures_are_those_of_the_rows_of_the_group():
    y, risk, group = sample(2000, 0)
    for row in subgroup_table(y, risk, {"group": group}):
        rows = group == row.group
        assert (row.rows, row.events) == (rows.sum(), y[rows].sum())
        assert row.auroc.value == pytest.approx(auroc(y[rows], risk[rows]).value)
        assert row.observed_expected.value == pytest.approx(y[rows].sum() / risk[rows].sum())


def test_a_planted_gap_is_first_and_flagged():
    table = subgroup_table(*sample(4000, 1, shift=0.9)[:2], {"group": sample(4000, 1, 0.9)[2]})
    assert table[0].group == "g0"
    assert table[0].flagged
    assert table[0].calibration.value > 0.5


def test_without_a_gap_hardly_any_table_flags():
    flagged = 0
    for seed in range(100):
        y, risk, group = sample(2000, seed)
        flagged += any(row.flagged for row in subgroup_table(y, risk, {"group": group}))
    assert flagged <= 12  # family-wise 5 of 100 expected


def test_low_coverage_is_a_gap():
    y, risk, group = sample(4000, 2)
    covered = np.where(group == "g7", np.arange(4000) % 4 > 0, np.arange(4000) % 10 > 0)
    table = subgroup_table(y, risk, {"group": group}, covered=covered)
    assert table[0].group == "g7"
    assert table[0].coverage.value == pytest.approx(0.75, abs=0.05)


def test_a_small_group_is_hidden_and_cannot_be_found_by_subtraction():
    rng = np.random.default_rng(3)
    group = np.repeat(["big", "middle", "tiny"], [600, 200, 12])
    y, risk = rng.integers(0, 2, 812).astype(float), rng.random(812)
    table = {row.group: row for row in subgroup_table(y, risk, {"group": group})}
    assert table["big"].rows == 600
    for name in ("tiny", "middle"):
        row = table[name].to_dict()
        assert (row["rows"], row["events"], row["gap"]) == (None, None, None)
        assert row["auroc"]["value"] is None
        assert "hides such a group" in row["note"]


def test_missing_labels_are_a_group_of_their_own():
    y, risk, _ = sample(300, 4)
    label = np.array([None, "", "F"] * 100, dtype=object)
    assert {row.group for row in subgroup_table(y, risk, {"sex": label})} == {"F", "unknown"}


def test_labels_must_fit_the_rows():
    with pytest.raises(InputError, match="labels for"):
        subgroup_table([0, 1], [0.1, 0.2], {"sex": ["F"]})
