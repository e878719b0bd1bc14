import json

import numpy as np

from nof1.medicines.response.kernels import (
    Likeness,
    Things,
    fit_regression,
    from_dict,
    to_dict,
)


def things(seed=0, count=60):
    random = np.random.default_rng(seed)
    return Things(random.normal(size=(count, 5)), (tuple("ab" * (count // 2)),))


def targets(known, seed=1):
    random = np.random.default_rng(seed)
    signal = 2 * known.numbers[:, 0] + (np.array(known.labels[0]) == "a")
    return np.column_stack([signal + random.normal(0, 0.3, len(signal)), random.normal(size=60)])


def test_the_fit_equals_the_textbook_solution():
    """Oracle: kernel ridge on the centred kernel, solved directly."""
    known, new = things(), things(9, 8)
    found = fit_regression("lines", known, targets(known))
    for column in range(2):
        used = [k for k, c in enumerate(found.coefficient) if np.abs(c[:, column]).sum() > 0]
        assert len(used) == 1
        choice, h = found.choices[used[0]], found.share[column]
        likeness = Likeness.of("lines", known)
        kernel, cross = likeness.between(known, choice), likeness.between(new, choice)
        centre = np.eye(60) - 1 / 60
        centred = centre @ kernel @ centre
        size = np.trace(centred) / 60
        y = targets(known)[:, column]
        solved = np.linalg.solve(h * centred / size + (1 - h) * np.eye(60), y - y.mean())
        wanted = y.mean() + h * ((cross - kernel.mean(axis=0)) @ centre / size) @ solved
        np.testing.assert_allclose(found.predict(new)[:, column], wanted, atol=1e-8)


def test_a_signal_is_explained_and_noise_is_not():
    known = things()
    found = fit_regression("lines", known, targets(known))
    assert found.share[0] > 0.5
    assert found.share[1] < found.share[0] / 2


def test_the_voices_add_up_to_the_prediction():
    known, new = things(), things(9, 8)
    found = fit_regression("lines", known, targets(known))
    np.testing.assert_allclose(
        found.mean + found.voices(new).sum(axis=1), found.predict(new), atol=1e-10
    )


def test_it_comes_back_from_what_is_stored():
    known, new = things(), things(9, 8)
    found = fit_regression("lines", known, targets(known))
    plain, arrays = to_dict(found)
    again = from_dict(json.loads(json.dumps(plain)), arrays)
    np.testing.assert_array_equal(again.predict(new), found.predict(new))


def test_unknown_labels_are_like_nothing():
    known = Things(np.zeros((2, 1)), (("", "a"),))
    likeness = Likeness.of("lines", known)
    made = likeness.between(Things(np.zeros((1, 1)), (("",),)), ("none", 1.0))
    np.testing.assert_array_equal(made, [[0.0, 0.0]])
