import numpy as np
import pandas as pd
import pytest
from lifelines.utils import concordance_index

from nof1.learn.additive import Recipe
from nof1.learn.hazards import TIME, GlassBoxHazards, HazardModel
from nof1.learn.sums import federate
from planted import survival_table
from shared_data import needs

SMALL = Recipe(n_bags=2, max_pairs=3)


def test_finds_the_true_risk_with_competing_causes():
    X, y = survival_table(4000, seed=1)
    model = GlassBoxHazards(Recipe(n_bags=4)).fit(np.nan_to_num(X), y)
    rng = np.random.default_rng(2)
    points = rng.normal(size=(300, 4))
    first = 0.004 * np.exp(0.9 * points[:, 0] + 0.6 * np.abs(points[:, 1]))
    other = 0.002 * np.exp(0.7 * points[:, 2])
    together = first + other
    wanted = first / together * (1 - np.exp(-together * 150))
    found = model.risk(points, 150)
    assert np.corrcoef(found, wanted)[0, 1] > 0.97
    assert np.abs(found - wanted).mean() < 0.05


def test_effect_that_changes_with_time_is_seen():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 4000)
    early = rng.exponential(1 / np.where(group == 1, 0.02, 0.004))
    late = 50 + rng.exponential(1 / np.where(group == 1, 0.002, 0.008))
    duration = np.minimum(np.where(early < 50, early, late), 400)
    cause = (duration < 400).astype(int)
    X = np.column_stack([group, rng.normal(size=4000)]).astype(float)
    model = GlassBoxHazards(Recipe(n_bags=4)).fit(X, (duration, cause))
    assert any(TIME in term.name for term in model.causes[0].shapes.terms)
    risks = model.cumulative_incidence([[0.0, 0.0], [1.0, 0.0]], [40, 300])[0]
    for k, value in enumerate((0, 1)):
        seen = [np.mean(duration[group == value] <= t) for t in (40, 300)]
        np.testing.assert_allclose(risks[k], seen, atol=0.04)


@pytest.mark.parametrize(("fixed_point", "allowed"), [(False, 1e-11), (True, 1e-6)])
def test_five_sites_get_the_model_of_one(fixed_point, allowed):
    X, (duration, cause) = survival_table(900, seed=3)
    keys = np.arange(900)
    pooled = GlassBoxHazards(SMALL).fit(X, (duration, cause), keys=keys)

    def train(rows):
        y = (duration[rows], cause[rows])
        return lambda add: GlassBoxHazards(SMALL).fit(X[rows], y, keys=keys[rows], secure_sum=add)

    models = federate([train(keys % 5 == k) for k in range(5)], fixed_point=fixed_point)
    assert all(m.to_dict() == models[0].to_dict() for m in models)
    times = np.linspace(0, pooled.timeline.edges_days[-1], 7)
    risks = [m.cumulative_incidence(X, times) for m in (pooled, models[0])]
    np.testing.assert_allclose(risks[0], risks[1], atol=allowed)


def test_bags_spread_around_the_mean_risk():
    X, y = survival_table(800)
    model = GlassBoxHazards(Recipe(n_bags=4, max_pairs=0)).fit(X, y)
    bags = model.bag_risks(X[:50], 200)
    assert bags.shape == (50, 4)
    np.testing.assert_allclose(bags.mean(axis=1), model.risk(X[:50], 200), atol=0.03)
    assert np.all(bags.std(axis=1) > 0)


def test_contributions_add_up_to_the_log_hazard_without_time():
    X, y = survival_table(800)
    model = GlassBoxHazards(Recipe(n_bags=2, max_pairs=0)).fit(X, y)
    shapes = model.causes[0].shapes
    table = model.causes[0].at_epoch(X, 0)
    np.testing.assert_allclose(
        model.contributions(X).sum(axis=1) + shapes.intercept, shapes.decision(table), atol=1e-12
    )


def test_json_round_trip_is_exact():
    X, y = survival_table(500)
    model = GlassBoxHazards(SMALL).fit(X, y)
    again = HazardModel.from_dict(model.to_dict())
    assert again.to_dict() == model.to_dict()
    assert np.array_equal(again.risk(X, 100), model.risk(X, 100))


LEAKS = [
    *("surv2m", "surv6m", "prg2m", "prg6m", "dnr", "dnrday", "aps", "sps", "hospdead", "charges"),
    *("totcst", "totmcst", "slos", "avtisst", "sfdm2"),
]


def test_support2_quality():
    frame = pd.read_csv(needs("records/support2.csv"))
    duration, event = frame["d.time"].to_numpy(float), frame["death"].to_numpy(int)
    X = pd.get_dummies(frame.drop(columns=[*LEAKS, "sno", "d.time", "death"]), dtype=float)
    learn = np.random.default_rng(0).random(len(X)) < 0.7
    table = X.to_numpy(float)
    model = GlassBoxHazards(Recipe(n_bags=4, max_pairs=40)).fit(
        table[learn], (duration[learn], event[learn]), names=list(X.columns)
    )
    risks = model.cumulative_incidence(table[~learn], [180, 365])[0]
    assert concordance_index(duration[~learn], -risks[:, 0], event[~learn]) > 0.70
    known = (duration[~learn] > 180) | (event[~learn] == 1)
    seen = ((duration[~learn] <= 180) & (event[~learn] == 1))[known]
    assert abs(risks[known, 0].mean() - seen.mean()) < 0.03
