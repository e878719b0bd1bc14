"""One warm decoding process for all tests of reading."""

import pytest

from nof1.imaging.reading.decoder import Decoder


@pytest.fixture(scope="session")
def decoder():
    with Decoder() as running:
        yield running
