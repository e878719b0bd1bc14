"""Members are taught once and found again, unless what they were taught has changed."""

from dataclasses import replace

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.surveillance.forecast import keeping, learned
from wave_samples import REFERENCE, changed, taught, waves


@pytest.fixture
def calls(monkeypatch):
    """How often members were taught; teaching gives the small ones."""
    made = []

    def learn(panel, related, before, steps):
        signals, _ = learned.taught(panel, related, before)
        made.append(steps)
        return replace(taught(), digest=learned.digest(signals, steps))

    monkeypatch.setattr(learned, "learn", learn)
    return made


def test_without_a_folder_they_are_taught_each_time(calls):
    for _ in range(2):
        keeping.found_or_learned(waves(), (), REFERENCE, 4, None)
    assert calls == [4, 4]


def test_with_a_folder_they_are_taught_once(calls, tmp_path):
    said = []
    one, other = (
        keeping.found_or_learned(waves(), (), REFERENCE, 4, tmp_path / "kept", said.append)
        for _ in range(2)
    )
    assert calls == [4]
    assert len(said) == 1
    assert one.digest == other.digest
    assert np.array_equal(one.table, other.table, equal_nan=True)


def test_a_revision_of_an_earlier_season_teaches_them_again(calls, tmp_path):
    revised = changed(waves(), 40, "06", 999.0)
    grown = changed(waves(), -1, "06", 999.0)
    for panel in (waves(), revised, grown):
        keeping.found_or_learned(panel, (), REFERENCE, 4, tmp_path)
    keeping.found_or_learned(waves(), (waves(),), REFERENCE, 4, tmp_path)
    assert calls == [4, 4, 4]  # the grown season is not taught, so it is the first again
    assert len(list(tmp_path.iterdir())) == 3


def test_damaged_members_are_refused_and_not_taught_over(calls, tmp_path):
    keeping.found_or_learned(waves(), (), REFERENCE, 4, tmp_path)
    (next(tmp_path.iterdir()) / "trees-0.txt").write_text("changed")
    with pytest.raises(ModelError, match="changed after training"):
        keeping.found_or_learned(waves(), (), REFERENCE, 4, tmp_path)
    assert calls == [4]
