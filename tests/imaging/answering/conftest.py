"""The model that comes with nof1, and phantom films that it may read."""

import pytest

from film_samples import drawn
from nof1.imaging.answering import shelf
from nof1.imaging.answering.reader import Reader
from nof1.imaging.reading.decoder import Decoder
from nof1.imaging.reading.study import open_study
from nof1.synthetic.film_files import write_film


@pytest.fixture(scope="session")
def reader():
    return Reader.open(shelf.reference())


@pytest.fixture(scope="session")
def film_files(tmp_path_factory):
    """Twelve films with an opacity, and twelve without."""
    folder = tmp_path_factory.mktemp("films")
    for seed in range(24):
        name = f"film-{seed:02d}"
        write_film(folder / f"{name}.dcm", drawn(seed, opacity=seed < 12), name)
    return folder


@pytest.fixture(scope="session")
def films(film_files):
    with Decoder() as decoder:
        return [
            open_study(path, decoder=decoder).images[0] for path in sorted(film_files.iterdir())
        ]
