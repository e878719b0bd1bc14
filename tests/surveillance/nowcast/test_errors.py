"""What is learnt from past nowcasts: nothing later than now, wider where errors were larger."""

import numpy as np
import polars as pl
from tests.surveillance.reports_samples import counted, epidemic, last_day

from nof1.surveillance.nowcast.errors import LARGEST, SMALLEST, learn
from nof1.surveillance.nowcast.estimate import prepare


def learnt(reports, days=150, at=None):
    made = prepare(reports, last_day(days), max_delay=7)
    place = made.reporting.last if at is None else np.array([at])
    return learn(made.views, made.cumulative, place, made.begins)


def test_nothing_after_the_day_is_used():
    reports, _ = epidemic(150)
    now, later = learnt(reports, 140), learnt(reports, 150, at=139)
    # the later table looks back as far, but begins later: only what both remember is compared
    assert np.allclose(now.mean, later.mean, rtol=1e-9)
    assert np.allclose(now.spread, later.spread, rtol=1e-9)


def test_means_are_near_the_final_counts_and_never_below_the_reported():
    reports, finals = epidemic(150, level=500)
    found = learnt(reports)
    made = prepare(reports, last_day(150), max_delay=7)
    assert np.allclose(found.mean[0], finals[::-1][:8], rtol=0.25)
    assert (found.mean[0] >= made.views.reported[-1, 0] - 1e-9).all()


def test_the_correction_counts_more_the_more_is_in():
    share = learnt(epidemic(150)[0]).share[0]
    assert share[0] < share[5]
    assert ((share >= 0) & (share <= 1)).all()


def test_an_irregular_source_gets_wider_intervals():
    rng = np.random.default_rng(4)
    regular, irregular = [], []
    for _ in range(150):
        regular.append(rng.multinomial(300, [0.4, 0.3, 0.2, 0.1]))
        irregular.append(rng.multinomial(300, rng.dirichlet(4 * np.array([0.4, 0.3, 0.2, 0.1]))))
    narrow = learnt(counted(np.array(regular))).spread[0, :3]
    wide = learnt(counted(np.array(irregular))).spread[0, :3]
    assert (wide > 3 * narrow).all()
    assert wide.max() <= LARGEST
    assert narrow.min() >= SMALLEST


def test_weights_of_the_past_sum_to_one_or_are_none():
    total = learnt(epidemic(150)[0]).weight.sum(axis=0)
    assert (np.isclose(total, 1) | (total == 0)).all()
    assert np.isclose(total[0, 0], 1)


def test_the_chance_of_few_cases_is_not_taken_for_an_erratic_source():
    """One report more or less is a large error in a quiet place, and says nothing about a wave."""
    parts = []
    shares = [0.1, 0.15, 0.25, 0.2, 0.1, 0.1, 0.05, 0.05]
    for seed in range(24):
        rng = np.random.default_rng(seed)
        finals = rng.poisson(np.full(150, 0.1 if seed < 12 else 12.0))
        counts = np.array([rng.multinomial(one, shares) for one in finals])
        parts.append(counted(counts, place=f"p{seed:02}"))
    spread = learnt(pl.concat(parts)).spread[:, :4]
    assert spread[:12].max() < 2
    assert np.median(spread[:12]) < 0.2
