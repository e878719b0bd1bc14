"""The document: rows, what the season said of the pool, null where nothing is known."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from nof1.surveillance import scores
from nof1.surveillance.forecast import answer, learned, run
from nof1.surveillance.hub.baseline import baseline
from wave_samples import NEWEST, REFERENCE, changed, earlier, taught, waves


@pytest.fixture(scope="module")
def made():
    return run.forecast(waves(), taught(), REFERENCE, (0, 2), earlier=earlier())


@pytest.fixture(scope="module")
def document(made):
    return answer.parts(made, waves(), taught(), earlier())


def test_the_document_is_json_without_nan(document):
    again = json.loads(json.dumps(document, allow_nan=False))
    assert again["reference_date"] == REFERENCE.isoformat()
    assert again["horizons"] == [0, 2]
    assert again["taught"]["until"] == "2023-07-29"


def test_a_row_for_each_place_and_horizon(made, document):
    assert len(document["rows"]) == 8
    row = document["rows"][-1]
    assert (row["place"], row["horizon"], row["target_end_date"]) == ("US", 2, "2024-01-27")
    assert list(row["quantiles"])[:3] == ["0.01", "0.025", "0.05"]
    assert list(row["quantiles"].values()) == pytest.approx(made.forecast.quantiles[3, 1], abs=1e-4)
    assert len(row["quantiles"]) == 23


def test_a_place_without_a_forecast_has_no_row(made):
    quantiles = made.forecast.quantiles.copy()
    quantiles[1] = np.nan
    less = replace(made, forecast=replace(made.forecast, quantiles=quantiles))
    assert {row["place"] for row in answer.rows(less)} == {"06", "48", "US"}


def test_weights_sum_to_one_and_every_member_is_judged(document):
    assert sum(one["weight"] for one in document["members"]) == pytest.approx(1.0)
    assert len({one["wis_with"] for one in document["members"]}) == 1
    assert len({one["wis_without"] for one in document["members"]}) == 5


def test_the_past_equals_a_slow_look_at_it(made, document):
    """Each earlier week's pool against the flat baseline of that week, one at a time."""
    ours, flat, inside = [], [], []
    for origin in earlier():
        then = waves().until(origin.last)
        row = len(then.dates)
        again = run.forecast(then, taught(), then.dates[-1].item(), (1, 2, 3, 4), earlier=())
        assert set(again.origin.answers) == set(origin.answers)
        counts = answer._quantiles([origin], waves(), made.mix)[0]
        base = baseline(then, range(4))
        for step in range(min(4, len(waves().values) - row)):
            came = waves().values[row + step]
            ours += scores.wis(came, counts[:, step]).total.tolist()
            flat += scores.wis(came, base[:, step]).total.tolist()
            inside += scores.covered(came, counts[:, step], 0.5).tolist()
    past = document["past"]
    assert past["weeks"] == 12
    assert past["relative_wis"] == pytest.approx(sum(ours) / sum(flat), rel=1e-6)
    assert past["coverage50"] == pytest.approx(np.mean(inside), abs=1e-4)
    assert document["members"][0]["wis_with"] == pytest.approx(np.mean(ours), abs=1e-4)


def test_the_pool_beats_the_flat_baseline_on_plain_waves(document):
    assert document["past"]["relative_wis"] < 0.9


def test_the_first_week_has_no_past(made):
    past, members = answer.hindsight(made, waves(), ())
    assert past is None
    assert {one["wis_with"] for one in members} == {None}


def test_a_week_with_a_late_place_is_looked_back_at(made):
    gap = changed(waves(), -4, "10", np.nan)
    back = run.retrospect(gap, taught(), ("trees", "climatology"))
    now = run.forecast(gap, taught(), REFERENCE, earlier=back)
    past, _ = answer.hindsight(now, gap, back)
    assert past["weeks"] == 12
    assert np.isfinite(past["relative_wis"])


def test_an_earlier_weeks_pool_is_the_forecast_of_that_week():
    """Also where a place was late then: carried on, and wider."""
    late = changed(waves(), -1, "10", np.nan)
    then = run.forecast(late, taught(), REFERENCE, earlier=())
    assert then.carried == {"10": 1}
    again = answer._quantiles([then.origin], late, then.mix)[0]
    assert np.array_equal(again, then.forecast.quantiles)


def test_a_short_past_whose_members_come_one_by_one():
    """Twelve weeks for the classic member, six for the SEIR: the first weeks have one of them."""
    short = replace(waves(), dates=waves().dates[-14:], values=waves().values[-14:])
    bare = learned.learn(short, (), REFERENCE, 4)
    back = run.retrospect(short, bare)
    assert {len(one.answers) for one in back} == {1, 2}
    now = run.forecast(short, bare, REFERENCE, earlier=back)
    document = answer.parts(now, short, bare, back)
    assert json.dumps(document, allow_nan=False)
    assert document["past"]["weeks"] == len(back)


def test_all_zeros_have_no_ratio():
    zero = replace(waves(), values=np.zeros_like(waves().values))
    back = run.retrospect(zero, taught(), ("climatology", "seir"))
    now = run.forecast(zero, taught(), REFERENCE, earlier=back)
    past, _ = answer.hindsight(now, zero, back)
    assert past["relative_wis"] is None


def test_observed_weeks_and_places():
    panel = changed(waves(), -1, "06", np.nan)
    shown = answer.observed(panel)
    assert len(shown) == 4 * answer.SHOWN_WEEKS
    assert shown[answer.SHOWN_WEEKS - 1] == {
        "place": "06", "date": NEWEST.isoformat(), "value": None,
    }  # fmt: skip
    assert len(answer.observed(panel.until(date(2019, 8, 10)))) == 8
    people = panel.population.copy()
    people[0] = np.nan
    told = answer.places(replace(panel, population=people, names=()))
    assert told[0] == {"id": "06", "name": "06", "population": None}
    assert told[1]["population"] == 600000
