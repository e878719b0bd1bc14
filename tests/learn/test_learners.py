"""One test over every registered learner, for a yes/no outcome and for the time to an event."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from nof1.core.errors import InputError, ModelError, UsageError
from nof1.learn.learners import REGISTRY, learner
from planted import binary_table, hostile, survival_table

KINDS = ("binary", "survival")
CASES = [(name, kind) for name in REGISTRY for kind in KINDS]
HORIZON = 200.0


def make(name, kind):
    return getattr(REGISTRY[name], kind)()


def table(kind, n=1200, seed=0):
    return binary_table(n, seed) if kind == "binary" else survival_table(n, seed)


def risk(model, kind, X):
    return model.predict(X) if kind == "binary" else model.risk(X, HORIZON)


def take(y, rows):
    return y[rows] if not isinstance(y, tuple) else (y[0][rows], y[1][rows])


@pytest.fixture(scope="module")
def trained():
    done = {}
    for name, kind in CASES:
        X, y = table(kind)
        X = hostile(X)
        names = [f"feature {j}" for j in range(X.shape[1])]
        done[name, kind] = (make(name, kind).fit(X, y, names, seed=3), X, y)
    return done


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_finds_the_planted_signal(trained, name, kind):
    model, _, _ = trained[name, kind]
    X, y = table(kind, 2000, seed=9)
    found = risk(model, kind, hostile(X))
    assert np.all((found > 0) & (found < 1))
    if kind == "binary":
        assert roc_auc_score(y, found) > (0.6 if name == "linear" else 0.78)
    else:
        known = (y[0] > HORIZON) | (y[1] > 0)
        happened = (y[1] == 1) & (y[0] <= HORIZON)
        assert roc_auc_score(happened[known], found[known]) > 0.68


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_mean_risk_is_the_share_of_outcomes(trained, name, kind):
    model, X, y = trained[name, kind]
    if kind == "binary":
        assert risk(model, kind, X).mean() == pytest.approx(y.mean(), abs=0.015)
    else:
        from lifelines import AalenJohansenFitter

        aalen = AalenJohansenFitter(jitter_level=0, calculate_variance=False)
        aalen.fit(y[0], y[1], event_of_interest=1)
        seen = float(aalen.cumulative_density_.loc[:HORIZON].iloc[-1, 0])
        tolerance = 0.025 if name == "lightgbm" else 0.015
        assert risk(model, kind, X).mean() == pytest.approx(seen, abs=tolerance)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_empty_row_gets_a_risk_and_finite_contributions(trained, name, kind):
    model, X, _ = trained[name, kind]
    empty = np.full((1, X.shape[1]), np.nan)
    assert 0 < risk(model, kind, empty)[0] < 1
    parts = model.contributions(empty)
    assert parts.shape == (1, len(model.term_names))
    assert np.all(np.isfinite(parts))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_one_row_equals_the_batch_bit_for_bit(trained, name, kind):
    model, X, _ = trained[name, kind]
    batch = risk(model, kind, X[:40])
    assert [risk(model, kind, X[i : i + 1])[0] for i in range(40)] == batch.tolist()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_save_and_load_are_exact(trained, name, kind):
    model, X, _ = trained[name, kind]
    files = model.save()
    assert all(isinstance(body, bytes) for body in files.values())
    again = make(name, kind).load(files)
    assert again.names == model.names
    assert again.term_names == model.term_names
    assert np.array_equal(risk(again, kind, X), risk(model, kind, X))
    assert np.array_equal(again.contributions(X), model.contributions(X))
    assert again.save() == files


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_damaged_files_are_refused(trained, name, kind):
    files = trained[name, kind][0].save()
    with pytest.raises(ModelError):
        make(name, kind).load({})
    for key in [k for k in files if k.endswith(".json")]:
        with pytest.raises(ModelError):
            make(name, kind).load(files | {key: files[key][: len(files[key]) // 2]})
        other = json.dumps(json.loads(files[key]) | {"schema": "other/1"}).encode()
        with pytest.raises(ModelError):
            make(name, kind).load(files | {key: other})


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_no_row_in_the_saved_bytes(name, kind):
    X, y = table(kind, 400)
    canaries = [31415.92653125, -27182.81828125, 161803.398875]
    for row, canary in enumerate(canaries):
        X[row, row] = canary
    if kind == "survival":
        y[0][5] = 877.8153125
        canaries.append(877.8153125)
    text = b"".join(make(name, kind).fit(X, y).save().values()).decode()
    for canary in canaries:
        for form in (repr(canary), f"{canary:.9g}", f"{np.float32(canary)}", f"{abs(canary):.6g}"):
            assert form not in text


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_same_bits_when_trained_again(trained, name, kind):
    model, X, y = trained[name, kind]
    names = [f"feature {j}" for j in range(X.shape[1])]
    assert make(name, kind).fit(X, y, names, seed=3).save() == model.save()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_order_of_rows_does_not_matter(trained, name, kind):
    model, X, y = trained[name, kind]
    order = np.random.default_rng(1).permutation(len(X))
    names = [f"feature {j}" for j in range(X.shape[1])]
    shuffled = make(name, kind).fit(X[order], take(y, order), names, seed=3)
    np.testing.assert_allclose(risk(shuffled, kind, X), risk(model, kind, X), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_infinity_is_refused_and_the_column_named(name, kind):
    X, y = table(kind, 200)
    X[3, 2] = np.inf
    names = [f"lab {j}" for j in range(X.shape[1])]
    with pytest.raises(InputError) as caught:
        make(name, kind).fit(X, y, names)
    assert "lab 2" in str(caught.value)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_other_number_of_features_is_refused(trained, name, kind):
    model, X, _ = trained[name, kind]
    with pytest.raises(InputError, match="columns"):
        risk(model, kind, X[:, :-1])


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_outcome_that_never_happens_is_refused(name, kind):
    X, y = table(kind, 200)
    never = np.zeros(len(X), dtype=int)
    with pytest.raises(ModelError, match="never"):
        make(name, kind).fit(X, never if kind == "binary" else (y[0], never))


@pytest.mark.parametrize("name", REGISTRY)
def test_outcome_that_always_happens_is_refused(name):
    X, _ = binary_table(200)
    with pytest.raises(ModelError, match="always"):
        make(name, "binary").fit(X, np.ones(200, dtype=int))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_wrong_outcomes_are_refused(name, kind):
    X, y = table(kind, 200)
    wrong = np.where(np.arange(200) == 7, 0.5, 1.0)
    with pytest.raises(InputError):
        make(name, kind).fit(X, wrong if kind == "binary" else (y[0] * 0, y[1]))
    with pytest.raises(InputError):
        make(name, kind).fit(X, y[:-1] if kind == "binary" else (y[0][:-1], y[1]))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_extreme_but_finite_values_do_no_harm(name, kind):
    X, y = table(kind, 600)
    X[0, 0], X[1, 0], X[2, 1] = 1e300, -1e300, 1e30
    assert np.all(np.isfinite(risk(make(name, kind).fit(X, y), kind, X)))


@pytest.mark.parametrize("name", REGISTRY)
def test_survival_and_incidences_add_up_to_one(trained, name):
    model, X, _ = trained[name, "survival"]
    times = [0.0, 1.0, 37.5, 200.0, model.max_days]
    risks = model.predict_cumulative_incidence(X, times)
    assert risks.shape == (2, len(X), 5)
    assert np.all(risks[:, :, 0] == 0)
    assert np.all(np.diff(risks, axis=2) >= 0)
    np.testing.assert_allclose(risks.sum(axis=0) + model.predict_survival(X, times), 1, atol=1e-12)


@pytest.mark.parametrize("name", REGISTRY)
def test_time_beyond_follow_up_is_refused(trained, name):
    model, X, _ = trained[name, "survival"]
    with pytest.raises(UsageError, match="follow-up"):
        model.risk(X, model.max_days * 1.01)


def test_unknown_learner_names_the_known_ones():
    with pytest.raises(UsageError) as caught:
        learner("forest")
    assert "glassbox" in str(caught.value)
