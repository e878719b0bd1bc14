"""Three forms of a data set, read the same way; what cannot be used is counted by reason."""

import csv

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.gates.collection import open_collection, shrunk
from nof1.imaging.training.task import Table
from nof1.synthetic.film_files import write_films
from nof1.synthetic.films import draw_films, film_set

pytest.importorskip("pydicom")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    place = tmp_path_factory.mktemp("hospital")
    films = list(draw_films(6, seed=2, size=64, films_each=2))
    paths = write_films(place, films)
    (place / "films" / "notes.txt").write_text("not a picture")
    with (place / "table.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["File", "Finding", "Part"])
        for number, path in enumerate(paths):
            writer.writerow([f"films/{path.name}", number % 2, "train" if number < 4 else "test"])
        writer.writerow(["films/absent.dcm", 0, "test"])
    return films, place


def test_a_folder_of_dicom_gives_patients_without_their_ids(hospital):
    films, place = hospital
    found = open_collection(place / "films")
    assert len(found.images) == 6
    assert sorted(found.columns["patient"].tolist()) == ["0", "0", "1", "1", "2", "2"]
    assert set(found.columns["sex"]) == {film.person.sex for film in films}
    assert set(found.columns["site"]) == {f"SYNTHETIC {film.person.site}" for film in films}
    assert sum(found.aside.values()) == 1
    assert "SYN-2" not in str(found.columns)


def test_a_table_adds_labels_and_split_and_counts_absent_files(hospital):
    _, place = hospital
    found = open_collection(place / "table.csv")
    assert found.columns["label"].tolist() == ["0", "1"] * 3
    assert found.columns["split"].tolist() == ["train"] * 4 + ["test"] * 2
    assert found.aside == {"The table names a file that is not there.": 1}
    with pytest.raises(InputError):
        open_collection(place / "table.csv", {"label": "Diagnosis"})


def test_arrays_with_parts_are_put_behind_each_other(tmp_path):
    images = film_set(5, size=48).images
    np.savez(
        tmp_path / "set.npz",
        train_images=images[:3],
        train_labels=np.array([[0], [1], [1]]),
        val_images=images[3:],
        val_labels=np.array([[1], [0]]),
    )
    found = open_collection(tmp_path / "set.npz")
    assert found.columns["split"].tolist() == ["train"] * 3 + ["val"] * 2
    assert found.columns["label"].tolist() == ["0", "1", "1", "1", "0"]
    assert found.column("patient") is None


def test_a_table_is_joined_to_arrays_by_name(tmp_path):
    images = film_set(4, size=48).images
    images[3] = 7  # blank
    np.savez(tmp_path / "set.npz", images=images, name=np.array(["a", "b", "c", "d"]))
    (tmp_path / "more.csv").write_text("id,Age of patient\nc,30\na,50\n")
    table = Table(tmp_path / "more.csv", "id", "name")
    found = open_collection(tmp_path / "set.npz", {"age_years": "Age of patient"}, table=table)
    assert found.columns["age_years"].tolist() == ["50", "", "30"]
    assert sum(found.aside.values()) == 1
    assert found.known("age_years").tolist() == [True, False, True]


def test_a_pickle_or_nothing_is_refused(tmp_path):
    np.savez(tmp_path / "bad.npz", images=np.array([{"a": 1}], dtype=object))
    for name in ("bad.npz", "absent.npz", "film.txt"):
        with pytest.raises(InputError):
            open_collection(tmp_path / name)
    np.savez(tmp_path / "flat.npz", images=np.zeros(4))
    with pytest.raises(InputError):
        open_collection(tmp_path / "flat.npz")


def test_large_pictures_become_small_by_the_mean():
    film = np.arange(640 * 640, dtype=np.float32).reshape(640, 640)
    small = shrunk(film)
    assert small.shape == (160, 160)
    assert small[0, 0] == pytest.approx(film[:4, :4].mean())
    assert shrunk(film[:100, :100]).shape == (100, 100)
