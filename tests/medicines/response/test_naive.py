import numpy as np

from nof1.medicines.response.naive import SHRINKAGES, cells, fit_naive
from response_samples import TISSUES, planted


def test_the_means_are_the_means():
    screen = planted()
    made = fit_naive(screen).predict(screen)
    np.testing.assert_allclose(made["overall"], np.nanmean(screen.response))
    np.testing.assert_allclose(made["drug"][0], np.nanmean(screen.response, axis=0))


def test_a_cell_is_the_shrunk_mean_deviation_and_k_is_the_best_left_out():
    """The slow oracle: leave out one pair at a time."""
    screen = planted(lines=20, drugs=3)
    deviation = screen.response - np.nanmean(screen.response, axis=0)
    found = cells(deviation, screen.tissues)
    losses = []
    for k in SHRINKAGES:
        total = 0.0
        for i, j in np.argwhere(np.isfinite(deviation)):
            mates = [
                deviation[m, j]
                for m in range(20)
                if m != i and screen.tissues[m] == screen.tissues[i]
            ]
            mates = [x for x in mates if np.isfinite(x)]
            total += (deviation[i, j] - sum(mates) / (len(mates) + k)) ** 2
        losses.append(total)
    assert found.shrinkage == SHRINKAGES[int(np.argmin(losses))]
    lung = np.array(screen.tissues) == "lung"
    column = deviation[lung, 0]
    count = np.isfinite(column).sum()
    wanted = np.nansum(column) / (count + found.shrinkage)
    assert np.isclose(found.deviation[found.groups.index("lung"), 0], wanted)


def test_what_is_new_is_filled_from_the_level_above():
    screen = planted()
    seen = screen.part(np.arange(4, 96), np.arange(12))
    hidden = np.zeros_like(seen.measured)
    hidden[:, 0] = True
    naive = fit_naive(seen.masked(hidden))
    made = naive.predict(screen)
    assert np.allclose(made["drug"][:, 0], naive.overall)
    assert np.allclose(made["effects"][0], made["drug"][0])  # a new line has no effect
    assert not np.allclose(made["tissue_drug"][0, 1:], made["drug"][0, 1:])


def test_a_line_without_tissue_gets_the_mean_of_the_drug():
    screen = planted()
    naive = fit_naive(screen)
    bare = screen.part(np.arange(1), np.arange(12))
    bare = type(bare)(**{**vars(bare), "tissues": ("",)})
    made = naive.predict(bare)
    np.testing.assert_allclose(made["tissue_drug"], made["drug"])


def test_subtypes_are_a_naive_predictor_of_their_own():
    screen = planted()
    assert "subtype_drug" not in fit_naive(screen).names
    finer = type(screen)(**{**vars(screen), "subtypes": ("a", "b") * 48})
    assert "subtype_drug" in fit_naive(finer).names
    assert set(fit_naive(finer).tissue.groups) == set(TISSUES)


def test_a_new_drug_gets_the_mean_of_its_class_and_the_line_its_class_effect():
    screen = planted(lines=40, drugs=12)
    rows = np.arange(40)[:, None] % 2
    group = np.arange(12) % 3
    response = 5.0 * group + np.where(group == 1, 2.0 * rows - 1.0, 0.0)
    screen = type(screen)(**{**vars(screen), "response": response})
    hidden = np.zeros(response.shape, dtype=bool)
    hidden[:, 1] = True
    made = fit_naive(screen.masked(hidden)).predict(screen)
    error = {name: np.abs(values[:, 1] - response[:, 1]).mean() for name, values in made.items()}
    assert error["class_line"] < 0.6 * error["effects"]
    assert np.ptp(made["class_line"][:, 1]) > np.ptp(made["effects"][:, 1])
    bare = type(screen)(**{**vars(screen), "classes": ("",) * 12})
    assert "class_line" not in fit_naive(bare).names
