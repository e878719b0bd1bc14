"""The register of pictures: whose, when, where; changed and moved files are told, never shown."""

import shutil
from datetime import UTC, datetime

import pytest

from film_samples import drawn
from nof1.core.errors import InputError
from nof1.imaging.answering import filing, register
from nof1.imaging.reading.decoder import Decoder
from nof1.imaging.reading.study import open_study
from nof1.synthetic.ct import draw_ct, write_series
from nof1.synthetic.film_files import write_film

TAKEN = datetime(2024, 5, 6, 7, 8, 9)


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as made:
        yield made


@pytest.fixture
def images(tmp_path):
    return tmp_path / "ws" / "images"


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "films" / "film.dcm"
    path.parent.mkdir()
    write_film(path, drawn(1), "film", taken=TAKEN)
    return path


def test_a_film_is_found_by_its_patient_with_the_hash_that_reading_gives(images, film, decoder):
    done = filing.add(images, film.parent, site="north", decoder=decoder)
    assert done.refused == ()
    (one,) = register.of(images, "SYN-9", "north")
    assert one == done.filed[0]
    assert one.picture == open_study(film, decoder=decoder).images[0].sha256
    assert one.taken == TAKEN.replace(tzinfo=UTC)
    assert (one.modality, one.view, one.shape, one.slices) == ("DX", "PA", (512, 512), 1)
    assert register.of(images, "SYN-9", "south") == []
    assert register.of(images, "nobody") == []


def test_filing_twice_leaves_one_line(images, film, decoder):
    for _ in range(2):
        filing.add(images, film, decoder=decoder)
    (shard,) = (images / register.FOLDER).iterdir()
    assert len(shard.read_bytes().splitlines()) == 1


def test_a_volume_is_one_picture_in_the_order_of_its_slices(images, tmp_path, decoder):
    phantom = draw_ct(1, shape=(16, 48, 48))
    write_series(tmp_path / "ct", phantom, taken=TAKEN)
    (one,) = filing.add(images, tmp_path / "ct", decoder=decoder).filed
    image = open_study(tmp_path / "ct", decoder=decoder).images[0]
    assert (one.picture, one.slices, one.unit) == (image.sha256, 16, "HU")
    assert register.of(images, phantom.patient) == [one]
    assert [register.place(images, each).name for each in one.files] == list(image.sources)


def test_the_workspace_may_move_with_the_films_beside_it(images, film, decoder, tmp_path):
    (one,) = filing.add(images, film, decoder=decoder).filed
    assert not one.files[0].path.startswith("/")
    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    shutil.move(tmp_path, moved)
    assert register.unchanged(moved / "ws" / "images", one.files[0])


def test_a_changed_or_missing_file_is_told(images, film, decoder):
    (one,) = filing.add(images, film, decoder=decoder).filed
    assert register.unchanged(images, one.files[0]) == film.read_bytes()
    film.write_bytes(film.read_bytes() + b"\0")
    with pytest.raises(InputError, match="changed since"):
        register.unchanged(images, one.files[0])
    film.unlink()
    with pytest.raises(InputError, match="not at its place"):
        register.unchanged(images, one.files[0])


def test_another_patients_film_is_refused_without_naming_either(images, film, decoder):
    done = filing.add(images, film, patient="p1", decoder=decoder)
    assert [one.reason for one in done.refused] == [filing.OTHER_PATIENT]
    assert "SYN-9" not in str(done.refused)
    done = filing.add(images, film, patient="p1", file_patient="SYN-9", decoder=decoder)
    assert [one.patient for one in done.filed] == ["p1"]


def test_a_picture_without_patient_or_date_is_refused(images, tmp_path, decoder):
    from PIL import Image

    Image.new("L", (64, 64)).save(tmp_path / "a.png")
    assert [one.reason for one in filing.add(images, tmp_path / "a.png", decoder=decoder).refused
            ] == [filing.NO_PATIENT]  # fmt: skip
    done = filing.add(images, tmp_path / "a.png", patient="p1", decoder=decoder)
    assert [one.reason for one in done.refused] == [filing.NO_TIME]
    with pytest.raises(InputError, match="no such file"):
        filing.add(images, tmp_path / "nothing", decoder=decoder)


def test_a_torn_line_is_left_out(images, film, decoder):
    filing.add(images, film, decoder=decoder)
    (shard,) = (images / register.FOLDER).iterdir()
    with shard.open("ab") as file:
        file.write(b'{"patient": "SYN-9", "pict')
    assert len(register.of(images, "SYN-9")) == 1
