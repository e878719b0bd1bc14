"""One small teaching workspace, opened once, and one bank of cases, for all tests here."""

import pytest

from academy_samples import teaching_workspace
from nof1.academy import bank as banks
from nof1.academy.ward import Ward


@pytest.fixture(scope="session")
def teaching(small_hospital, trained, tmp_path_factory):
    """A synthetic workspace with a model that may speak, and its truth."""
    return teaching_workspace(tmp_path_factory.mktemp("academy"), small_hospital, trained)


@pytest.fixture(scope="session")
def ward(teaching) -> Ward:
    """The teaching workspace, opened."""
    return Ward.open(teaching)


@pytest.fixture(scope="session")
def bank(teaching):
    """72 cases of the teaching workspace."""
    return banks.build(teaching, 72, seed=2)
