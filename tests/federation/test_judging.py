import numpy as np
import pytest

from nof1.federation.judging import Groups, pooled
from nof1.learn.conformal import Conformal
from nof1.learn.evaluate import evaluate
from nof1.learn.sums import federate, local_sum

AGREED = (Groups("sex", ("F", "M")),)


def rows(seed=0, n=3000):
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1, 1.2, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(float)
    conformal = Conformal.fit(odds, y)
    sex = rng.choice(["F", "M", ""], n, p=[0.5, 0.45, 0.05])
    return 1 / (1 + np.exp(-odds)), conformal.sets(odds), y, np.ones(n), sex, conformal


def judged(parts, total):
    risk, sets, y, weight, sex, conformal = parts
    return pooled(risk, sets, y, weight, {"sex": sex}, AGREED, conformal, total, 0)


def test_the_figures_are_those_of_the_rows_to_the_grid():
    parts = rows()
    risk, sets, y, weight, _, conformal = parts
    exact = evaluate(y, risk, weight=weight, sets=sets, conformal=conformal)
    found = judged(parts, local_sum)
    assert (found.rows, found.events) == (exact.rows, exact.events)
    for name in ("auroc", "brier", "calibration_slope", "prevalence"):
        assert found.figures[name].value == pytest.approx(exact.figures[name].value, abs=1e-3)
    precision = [one.figures["average_precision"].value for one in (found, exact)]
    assert precision[0] == pytest.approx(precision[1], abs=5e-3)  # ties within a cell cost most
    coverage = found.figures["conformal_coverage"]
    assert coverage.value == exact.figures["conformal_coverage"].value


def test_sites_together_are_one_table():
    parts = rows()
    conformal = parts[-1]
    cuts = [slice(0, 1000), slice(1000, 1500), slice(1500, 3000)]

    def site(cut):
        mine = (*(part[cut] for part in parts[:-1]), conformal)
        return lambda total: judged(mine, total)

    together = judged(parts, local_sum)
    for one in federate([site(cut) for cut in cuts], fixed_point=True):
        assert one.to_dict() == together.to_dict()


def test_groups_are_those_that_were_agreed_on():
    found = {row.group: row for row in judged(rows(), local_sum).subgroups}
    assert set(found) == {"F", "M", "other or unknown"}
    assert sum(row.rows for row in found.values()) == 3000


def test_a_site_without_an_attribute_counts_as_other():
    risk, sets, y, weight, _, conformal = rows()
    found = pooled(risk, sets, y, weight, {}, AGREED, conformal, local_sum, 0)
    assert {row.group for row in found.subgroups if row.rows} == {"other or unknown"}


def test_rows_whose_outcome_is_not_known_do_not_count():
    risk, sets, y, weight, sex, conformal = rows()
    weight[:500] = 0
    found = judged((risk, sets, y, weight, sex, conformal), local_sum)
    assert found.rows == 2500
