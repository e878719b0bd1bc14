"""Two estimated effects: one that differs between people, one that is the same for everybody."""

import pytest

from predict.effect.records import TASK, estimated

CONTROL = "negative_controls: [{name: fall, of: fall}]\n"


@pytest.fixture(scope="session")
def differing(tmp_path_factory):
    """Workspace, charts and result; ``G//good`` gains much."""
    return estimated(tmp_path_factory.mktemp("differing"), TASK + CONTROL, gain=True)


@pytest.fixture(scope="session")
def equal(tmp_path_factory):
    """Workspace, charts and result; everybody gains alike."""
    root = tmp_path_factory.mktemp("equal")
    return estimated(root, gain=False, apart=0.25, synthetic=False)
