"""Copies are found whatever was done to them; distinct films are not called copies."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.gates.leakage import _judged, exact_pairs, find_copies, leakage_report, pixel_hash
from nof1.synthetic.films import film_set
from shared_data import needs


@pytest.fixture(scope="module")
def films():
    return film_set(260, size=64, seed=3)


CHANGES = {
    "brightness": lambda f, rng: f * 0.7 + 30,
    "gamma": lambda f, rng: 255 * (f / 255) ** 0.75,
    "noise": lambda f, rng: f + rng.normal(0, 4, f.shape),
    "enlarged": lambda f, rng: np.kron(f, np.ones((2, 2))),
    "trimmed": lambda f, rng: f[2:-2, 2:-2],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(films, change):
    rng = np.random.default_rng(0)
    copies = [CHANGES[change](film.astype(np.float32), rng) for film in films.images[:20]]
    found = find_copies([*films.images, *copies])
    pairs = {tuple(pair) for pair in found.near.tolist()}
    expected = {(row, 260 + row) for row in range(20)}
    assert len(pairs & expected) >= 18
    assert not pairs - expected
    assert len(found.exact) == 0


def test_the_same_pixels_are_exact_copies_and_named_once(films):
    found = find_copies([*films.images[:50], films.images[7], films.images[7]])
    assert found.exact.tolist() == [[7, 50], [7, 51]]
    assert not {(7, 50), (7, 51)} & {tuple(pair) for pair in found.near.tolist()}


def test_a_hash_knows_shape_and_type():
    film = np.zeros((4, 6), dtype=np.uint8)
    assert pixel_hash(film) == pixel_hash(film.copy())
    assert pixel_hash(film) != pixel_hash(film.T)
    assert pixel_hash(film) != pixel_hash(film.astype(np.float32))
    assert exact_pairs(["a", "b", "a"]).tolist() == [[0, 2]]


def test_copies_patients_and_labels_across_the_split_are_counted(films):
    images = [*films.images[:30], films.images[0]]
    splits = ["train"] * 20 + ["test"] * 11
    patients = [f"p{n // 2}" for n in range(30)] + ["p99"]
    labels = [0] * 30 + [1]
    report = leakage_report(images, splits=splits, patients=patients, labels=labels)
    assert report.judgement == "failed"
    assert report.figures["exact_copies_across_parts"] == 1
    assert report.figures["exact_copies_with_another_patient"] == 1
    assert report.figures["exact_copies_with_another_label"] == 1
    assert report.figures["patients_across_parts"] == 0
    moved = leakage_report(images[:30], splits=splits[1:], patients=patients[:30])
    assert moved.figures["patients_across_parts"] == 1
    assert "1 patients" in moved.because
    assert "p1" not in str(moved.to_dict())


def test_what_cannot_be_checked_is_said(films):
    images = list(films.images[:10])
    assert "split" in leakage_report(images).because
    assert leakage_report(images, splits=["a"] * 10).judgement == "not checkable"
    clean = leakage_report(images, splits=["a"] * 5 + ["b"] * 5, patients=range(10))
    assert clean.judgement == "passed"
    with pytest.raises(InputError):
        leakage_report(images, splits=["a"])


def test_distinct_nih_films_are_not_called_copies():
    stored = np.load(needs("imaging/nih_films_160px.npz"), allow_pickle=False)
    found = find_copies(list(stored["images"]))
    assert len(found.exact) == len(found.near) == 0  # of 288,420 pairs


def test_the_known_leak_of_the_public_split_is_found():
    # 8 validation images are copies of training images (counted by hash in the research notes)
    stored = np.load(needs("imaging/pneumoniamnist_train_val.npz"), allow_pickle=False)
    images = [*stored["train_images"], *stored["val_images"]]
    report = leakage_report(images, splits=["train"] * 3882 + ["val"] * 524)
    assert report.figures["exact_copies_across_parts"] == 8
    assert report.judgement == "failed"


@pytest.mark.parametrize(
    ("exact", "near", "judgement"),
    [(0, 0, "passed"), (0, 5, "passed"), (0, 6, "failed"), (1, 0, "failed")],
)
def test_a_few_near_copies_may_be_chance_an_exact_one_is_not(exact, near, judgement):
    figures = {
        "exact_copies_across_parts": exact,
        "near_copies_across_parts": near,
        "patients_across_parts": 0,
        "parts": {"train": 1800, "test": 600},
    }
    report = _judged(figures, split=True, known=True)
    assert report.judgement == judgement
    assert (str(near) in report.because) == bool(near)
