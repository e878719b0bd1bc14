"""Phantom films: determined by the seed, with opacities where the mask says, and a known trap."""

import numpy as np
import pytest

from nof1.core.errors import UsageError
from nof1.learn.discrimination import auroc
from nof1.synthetic.film_files import write_films
from nof1.synthetic.films import Person, Shortcut, draw_film, draw_films, film_set

PERSON = Person("SYN-0", 60.0, "F", "site-a")


def test_the_same_seed_gives_the_same_films():
    first, again, other = (film_set(6, seed=seed, size=64) for seed in (1, 1, 2))
    assert np.array_equal(first.images, again.images)
    assert first.truth.equals(again.truth)
    assert not np.array_equal(first.images, other.images)


def test_an_opacity_is_where_its_mask_says_and_nowhere_else():
    for seed in range(8):
        with_it = draw_film(np.random.default_rng(seed), PERSON, "PA", opacity=True)
        x, y, w, h = with_it.box
        assert with_it.mask[y : y + h, x : x + w].sum() == with_it.mask.sum() > 20
        around = with_it.pixels.copy()
        around[with_it.mask] = np.nan
        near = slice(max(y - h, 0), y + 2 * h), slice(max(x - w, 0), x + 2 * w)
        assert with_it.contrast > 0
        assert np.isfinite(np.nanmean(around[near]))


def test_an_opacity_makes_its_place_brighter_than_the_same_film_without():
    brighter = []
    films = film_set(200, seed=5, size=64)
    usual = np.median(films.images[films.truth["opacity"].to_numpy() == 0], axis=0)
    for image, mask in zip(films.images, films.masks, strict=True):
        if mask.any():
            brighter.append(float(image[mask].mean() - usual[mask].mean()))
    assert np.mean(brighter) > 15  # grey values of 255


def test_the_heart_is_on_the_left_of_the_patient_and_the_abdomen_is_bright():
    films = film_set(40, seed=2, size=64, share=0.0)
    mean = films.images.mean(axis=0)
    row = slice(36, 44)
    assert mean[row, 34:44].mean() > mean[row, 20:30].mean() + 20  # patient's left is on the right
    assert mean[56:].mean() > mean[24:40, 16:26].mean()  # abdomen against the right lung


def test_children_and_adults_differ_and_both_views_and_sexes_occur():
    adults, children = film_set(60, seed=1, size=64), film_set(60, seed=1, size=64, ages=(0, 5))
    assert set(adults.truth["view"]) == {"PA", "AP"}
    assert set(adults.truth["sex"]) == {"M", "F"}
    assert adults.truth["age_years"].min() >= 18 > 5 >= children.truth["age_years"].max()
    gap = adults.images.mean(axis=0) - children.images.mean(axis=0)
    assert np.abs(gap).max() > 10


def test_the_planted_shortcut_is_visible_outside_the_lungs_only_with_it():
    honest = film_set(200, seed=3, size=64)
    trapped = film_set(200, seed=3, size=64, shortcut=Shortcut())
    for films, low, high in ((honest, 0.3, 0.7), (trapped, 0.7, 1.0)):
        value = auroc(films.truth["opacity"], films.images[:, 3:5, 54:59].mean(axis=(1, 2))).value
        assert low < value < high


def test_films_of_one_person_share_id_age_and_sex():
    truth = film_set(12, seed=4, size=48, films_each=3).truth
    assert truth["patient"].n_unique() == 4
    assert truth.group_by("patient").n_unique()["age_years"].to_list() == [1, 1, 1, 1]


def test_impossible_wishes_are_refused():
    with pytest.raises(UsageError):
        list(draw_films(1, size=8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("films")
    films = list(draw_films(4, seed=9, size=96, ages=(1, 1.5)))
    return films, write_films(place, films), place


def test_dicom_files_say_synthetic_and_hold_12_bits(folder):
    pydicom = pytest.importorskip("pydicom")
    films, paths, place = folder
    for film, path in zip(films, paths, strict=True):
        dataset = pydicom.dcmread(path)
        for word in (dataset.PatientName, dataset.SeriesDescription, dataset.ImageComments):
            assert "SYNTHETIC" in str(word)
        assert (dataset.Modality, dataset.ViewPosition) == ("DX", film.view)
        assert (dataset.BitsAllocated, dataset.BitsStored) == (16, 12)
        assert dataset.PatientAge.endswith("M")
        stored = dataset.pixel_array.astype(float) / 4095
        if dataset.PhotometricInterpretation == "MONOCHROME1":
            stored = 1 - stored
        assert np.abs(stored - film.pixels).max() < 1 / 4000
    kinds = {pydicom.dcmread(path).PhotometricInterpretation for path in paths}
    assert kinds == {"MONOCHROME1", "MONOCHROME2"}
    assert (place / "truth" / "films.csv").read_text().count("\n") == 5


def test_written_masks_are_the_drawn_ones(folder):
    films, _, place = folder
    with np.load(place / "truth" / "masks.npz", allow_pickle=False) as stored:
        for number, film in enumerate(films):
            bits = np.unpackbits(stored[f"film-{number:05d}"])[: film.mask.size]
            assert np.array_equal(bits.reshape(film.mask.shape).astype(bool), film.mask)
