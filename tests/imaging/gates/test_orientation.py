"""Free labels, and a net that says what is wrong with a picture."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.gates.negatives import KINDS, negatives
from nof1.imaging.gates.turning import (
    CLASSES,
    examples,
    flipped,
    inverted,
    rotated_90,
    rotated_270,
    upside_down,
)
from nof1.synthetic.films import film_set

pytest.importorskip("torch")


def test_turns_are_what_they_say():
    square = np.arange(9, dtype=np.float32).reshape(1, 3, 3) / 9
    assert rotated_90(square)[0, 0, -1] == square[0, 0, 0]  # clockwise: first to the right
    assert rotated_270(square)[0, -1, 0] == square[0, 0, 0]
    assert np.array_equal(rotated_90(rotated_90(square)), upside_down(square))
    assert flipped(square)[0, -1, 0] == square[0, 0, 0]
    padded = np.zeros((1, 4, 4), dtype=np.float32)
    padded[0, 1:3] = 0.25
    assert inverted(padded)[0, 0, 0] == 1
    assert inverted(padded, keep_padding=True)[0, 0, 0] == 0
    assert inverted(padded, keep_padding=True)[0, 1, 0] == 0.75


def test_every_kind_of_negative_is_a_square_with_something_in_it():
    films = np.random.default_rng(0).random((5, 32, 32)).astype(np.float32)
    made = negatives(films, 3 * len(KINDS), seed=1)
    assert made.shape == (3 * len(KINDS), 32, 32)
    assert made.min() >= 0
    assert made.max() <= 1
    assert (made.std(axis=(1, 2)) > 0.01).all()
    assert np.array_equal(made, negatives(films, 3 * len(KINDS), seed=1))


def test_examples_keep_the_patient_of_each_film():
    films = np.random.default_rng(0).random((7, 32, 32)).astype(np.float32)
    images, labels, groups = examples(films, np.arange(7) // 2)
    assert images.dtype == np.uint8
    assert np.bincount(labels).tolist() == [7] * len(CLASSES)
    assert np.bincount(groups).tolist() == [12, 12, 12, 6]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from nof1.imaging.gates.orientation_training import COURSE, train_orientation

    films = film_set(290, size=48, seed=7)
    course = type(COURSE)(**{**vars(COURSE), "epochs": 5})
    net = train_orientation(
        tmp_path_factory.mktemp("net") / "orientation",
        list(films.images[:220]),
        patients=films.truth["patient"].to_numpy()[:220],
        course=course,
    )
    return net, films.images[220:].astype(np.float32)


WRONG = {
    "upside_down": lambda f: f[::-1, ::-1],
    "rotated_90": lambda f: np.rot90(f, -1),
    "rotated_270": np.rot90,
    "inverted": lambda f: 255 - f,
}


@pytest.mark.parametrize("code", WRONG)
def test_a_wrong_film_is_refused_with_the_right_reason(trained, code):
    net, films = trained
    verdicts = net.check_all([WRONG[code](film) for film in films])
    assert np.mean([one.code == code for one in verdicts]) >= 0.95
    assert all(one.reason and one.next_step for one in verdicts if one.status == "refused")


def test_upright_films_pass(trained):
    net, films = trained
    assert np.mean([one.passed for one in net.check_all(list(films))]) >= 0.93


def test_other_pictures_of_kinds_never_seen_are_refused(trained):
    from nof1.synthetic.ct import draw_ct

    net, _ = trained
    slices = draw_ct(1, shape=(16, 64, 64)).hu[4:12]
    checkers = np.indices((48, 48)).sum(axis=0) // 6 % 2 * 255.0
    verdicts = net.check_all([*slices, checkers])
    assert np.mean([one.code == "other" for one in verdicts]) >= 0.8
    assert all(one.status == "refused" for one in verdicts)


def test_too_few_films_are_refused(tmp_path):
    from nof1.imaging.gates.orientation_training import train_orientation

    with pytest.raises(InputError):
        train_orientation(tmp_path, [np.zeros((32, 32))] * 5)
