"""The flat baseline: its shape by hand, its score on FluSight 2023-24."""

from datetime import date, timedelta

import numpy as np
import pytest

from hub_samples import weekly
from nof1.core.errors import InputError
from nof1.surveillance import scores
from nof1.surveillance.hub import truth
from nof1.surveillance.hub.baseline import baseline
from nof1.surveillance.scores import LEVELS
from shared_data import needs


def test_the_median_is_the_last_value_and_the_spread_grows():
    rng = np.random.default_rng(1)
    panel = weekly(500 + rng.normal(0, 20, size=(60, 2)).cumsum(axis=0))
    made = baseline(panel)
    assert made.shape == (2, 4, 23)
    assert made[:, :, 11] == pytest.approx(np.repeat(panel.values[-1][:, None], 4, axis=1))
    assert np.all(np.diff(made, axis=2) >= 0)
    width = made[:, :, -1] - made[:, :, 0]
    assert np.all(np.diff(width, axis=1) > 0)
    # sums of h independent steps: the spread grows with the square root of h
    assert width[:, 3] / width[:, 0] == pytest.approx(2.0, rel=0.15)


def test_one_week_ahead_is_the_quantiles_of_the_symmetrised_steps():
    values = np.array([[10.0], [14.0], [11.0], [19.0], [20.0], [18.0], [25.0]])
    steps = np.diff(values[:, 0])
    both = np.concatenate([steps, -steps])
    wanted = np.clip(25 + np.quantile(both, LEVELS), 0, None)
    assert baseline(weekly(values), [0])[0, 0] == pytest.approx(wanted, abs=0.02)


def test_horizons_in_any_order_and_from_a_later_reference_date():
    panel = weekly(np.random.default_rng(2).poisson(90, size=(50, 2)))
    straight = baseline(panel, (0, 1, 2, 3))
    assert np.array_equal(baseline(panel, (3, 0)), straight[:, [3, 0]])
    late = panel.dates[-1].astype(date) + timedelta(days=14)
    assert np.array_equal(baseline(panel, (0, 1), reference_date=late), straight[:, 1:3])
    assert np.array_equal(baseline(panel, (-1,), reference_date=late), straight[:, :1])


def test_missing_weeks_start_from_the_last_known_one():
    values = np.random.default_rng(2).poisson(90, size=(50, 2)).astype(float)
    values[-1, 1] = np.nan
    made = baseline(weekly(values))
    assert made[1, 0, 11] == values[-2, 1]
    alone = baseline(weekly(values[:-1, 1:], last=date(2023, 12, 23)), (1, 2))
    assert made[1, :2] == pytest.approx(alone[0], rel=0.1)


def test_a_place_with_too_little_history_has_no_forecast():
    values = np.random.default_rng(2).poisson(90, size=(30, 2)).astype(float)
    values[:-3, 0] = np.nan
    made = baseline(weekly(values))
    assert np.isnan(made[0]).all()
    assert not np.isnan(made[1]).any()


def test_nothing_falls_below_zero_and_zeros_stay():
    assert np.all(baseline(weekly(np.zeros((20, 1)))) == 0)
    assert baseline(weekly(np.random.default_rng(3).poisson(1, size=(40, 3)))).min() == 0


def test_bad_panels_are_refused():
    panel = weekly(np.ones((20, 1)))
    with pytest.raises(InputError, match="whole weeks after the last date"):
        baseline(panel, [-1])
    with pytest.raises(InputError, match="whole weeks after the last date"):
        baseline(panel, [0], reference_date=date(2024, 1, 4))
    with pytest.raises(InputError, match="needs weekly counts"):
        baseline(weekly(np.ones((0, 1))), [0])


def test_flusight_2023_24_scores_as_the_hubs_own_baseline():
    """FluSight-baseline has a mean WIS of 85.105 there (6,354 forecasts, truth of July 2026,
    scored for ../shared/research/surveillance.md). Our truth ends with April 2024, so the quiet
    last weeks are missing (5,830 forecasts), and it was revised less.
    """
    files = sorted(needs("surveillance/flusight-asof").glob("*.csv.gz"))
    came = truth.read(files[-1])
    judged = []
    for path in files:
        reference = date.fromisoformat(path.name[:10])
        panel = truth.read(path, known_on=reference)
        made = baseline(panel, reference_date=reference, draws=2000)
        days = [reference + timedelta(days=7 * week) for week in range(4)]
        judged.append(scores.wis(truth.pick(came, panel.places, days), made).total)
    total = np.stack(judged)
    assert int((~np.isnan(total)).sum()) == 5830
    assert scores.mean(total) == pytest.approx(85.105, rel=0.04)


def test_one_week_ahead_equals_the_hubs_own_quantiles():
    """FluSight-baseline of 2023-12-30, horizon 0, as handed in: cdcepi/FluSight-forecast-hub,
    model-output/FluSight-baseline/2023-12-30-FluSight-baseline.csv (commit c26c6cb9).
    Levels 0.01, 0.025, 0.05, 0.25, 0.5, 0.9, 0.975 and 0.99.
    """
    hub = {
        "01": [152, 190.5, 233.95, 268, 275, 292, 359.5, 398],
        "02": [0, 0, 0, 0, 2, 7, 22.35, 26.07],
        "04": [667.16, 725.325, 839.45, 921, 932, 968.5, 1138.675, 1196.84],
        "06": [877.81, 1084.4, 1424.45, 1613.5, 1633, 1710.7, 2181.6, 2388.19],
        "12": [758.34, 775.125, 803.8, 929, 951, 1035, 1126.875, 1143.66],
    }
    reference = date(2023, 12, 30)
    path = needs("surveillance/flusight-asof/2023-12-30.csv.gz")
    panel = truth.read(path, known_on=reference).only(list(hub))
    made = baseline(panel, [0], reference_date=reference)[:, 0]
    assert made[:, [0, 1, 2, 6, 11, 19, 21, 22]] == pytest.approx(
        np.array(list(hub.values())), abs=0.01
    )
