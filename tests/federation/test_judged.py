import stat

import numpy as np
import pytest

from nof1.core.errors import InputError, ModelError
from nof1.core.workspace import create
from nof1.federation import judged
from nof1.federation.judged import Judged


@pytest.fixture
def workspace(tmp_path):
    return create(tmp_path / "site", synthetic=True)


def rows(n=30, days=30.0):
    rng = np.random.default_rng(1)
    return Judged(days, rng.normal(size=n), rng.normal(size=(n, 4)), rng.random(n),
                  rng.integers(0, 2, n).astype(float), np.ones(n), np.arange(n) % 3,
                  np.arange(n))  # fmt: skip


def test_what_is_kept_is_read_back(workspace):
    before = [rows(), rows(days=365.0)]
    path = judged.save(workspace, "ab" * 32, before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for old, new in zip(before, judged.load(workspace, "ab" * 32), strict=True):
        assert new.days == old.days
        for name in ("decision", "bags", "risk", "y", "weight", "folds", "patients"):
            np.testing.assert_array_equal(getattr(new, name), getattr(old, name))


def test_a_model_that_was_not_trained_here_has_none(workspace):
    with pytest.raises(ModelError, match="no out-of-fold"):
        judged.load(workspace, "cd" * 32)


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"\x80\x04K\x01."])
def test_a_damaged_file_is_refused(workspace, raw):
    path = judged.save(workspace, "ab" * 32, [rows()])
    path.write_bytes(raw)
    with pytest.raises(ModelError, match="damaged"):
        judged.load(workspace, "ab" * 32)


def test_a_file_that_others_may_read_is_refused(workspace):
    judged.save(workspace, "ab" * 32, [rows()]).chmod(0o644)
    with pytest.raises(InputError, match="read by others"):
        judged.load(workspace, "ab" * 32)
