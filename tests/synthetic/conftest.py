"""Hospitals drawn once for all tests of the synthetic hospital."""

import pytest

from nof1.synthetic.hospital import Hospital
from nof1.synthetic.truth import Truth
from synthetic.small_hospital import Small


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """400 patients at five sites over five years, with faults."""
    hospital = Hospital(seed=7, patients=400)
    return Small(hospital.generate(), hospital.write(tmp_path_factory.mktemp("synthetic")))


@pytest.fixture(scope="session")
def large() -> Truth:
    """12,000 patients, only drawn, never written: enough to estimate effects from."""
    return Hospital(seed=11, patients=12_000).generate()
