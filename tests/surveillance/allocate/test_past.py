"""Past weeks for the regret."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from hub_samples import REFERENCE, forecast, weekly
from nof1.core.errors import InputError
from nof1.surveillance.allocate import past
from nof1.surveillance.allocate.tables import Places

CAME = weekly(np.arange(60.0).reshape(20, 3) + 1, ("01", "06", "US"), last=date(2024, 1, 20))


def test_the_sum_over_all_places_gets_no_share():
    names, quantiles, gone = past.parts(forecast(), 1)
    assert names == ("01", "06")
    assert quantiles.shape == (2, 23)
    assert gone == ()
    with pytest.raises(InputError, match="no horizon 9"):
        past.parts(forecast(), 9)


def test_places_without_forecast_are_named():
    one = forecast()
    values = one.quantiles.copy()
    values[2, 1] = np.nan
    names, _, gone = past.parts(replace(one, quantiles=values), 1)
    assert (names, gone) == (("01",), ("06",))


def test_a_week_holds_what_was_known_and_what_came():
    known = {REFERENCE: CAME.until(REFERENCE - timedelta(days=1))}
    (week,) = past.weeks(
        [forecast()],
        CAME,
        horizon=2,
        known=known.get,
        places=Places({}, {"01": 5.0, "06": 9.0}),
        factor=2.0,
    )
    assert week.day == REFERENCE
    assert week.came.tolist() == [2 * 58, 2 * 59]  # the week that ends on 2024-01-20
    assert week.last.tolist() == [49, 50]
    assert week.population.tolist() == [5, 9]
    assert week.quantiles[:, 11] == pytest.approx([400, 600])
    assert week.correlation.shape == (2, 2)


def test_without_history_and_truth():
    (week,) = past.weeks([forecast()], CAME)
    assert week.last is None
    assert week.correlation == 0.5
    assert past.weeks([forecast(reference=date(2024, 6, 1))], CAME) == []


def test_the_last_known_value_skips_gaps():
    panel = weekly([[1, 2], [3, np.nan], [np.nan, np.nan]])
    assert past.last_known(panel).tolist() == [3, 2]
    assert np.isnan(past.last_known(weekly([[np.nan]]))).all()
