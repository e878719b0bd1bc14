import hashlib
from pathlib import Path

import pytest

from nof1.core.errors import UsageError
from nof1.synthetic.hospital import Hospital, write


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_one_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, seed=5, patients=60)
    first, second = fingerprints(tmp_path / "one"), fingerprints(tmp_path / "two")
    assert first == second
    assert len(first) > 55


def test_another_seed_gives_other_people() -> None:
    one, two = (Hospital(seed=seed, patients=60).generate() for seed in (1, 2))
    assert not one.patients["birth"].equals(two.patients["birth"])
    assert one.patients["patient_id"].equals(two.patients["patient_id"])


def test_planted_faults_do_not_move_the_truth() -> None:
    from nof1.synthetic.imperfections import Imperfections

    spoiled = Hospital(seed=3, patients=80).generate()
    clean = Hospital(seed=3, patients=80, imperfections=Imperfections.none()).generate()
    assert clean.index_dates.equals(spoiled.index_dates)
    assert clean.course.diagnoses.equals(spoiled.course.diagnoses)
    assert not clean.chart.observations.equals(spoiled.chart.observations)
    assert set(clean.planted.values()) == {0}


def test_fewer_sites_and_more_years() -> None:
    truth = Hospital(seed=1, patients=40, sites=2, years=7).generate()
    assert truth.patients["site"].unique().sort().to_list() == ["site-a", "site-b"]
    assert truth.chart.encounters["start"].max().year >= 2025


@pytest.mark.parametrize(
    "wrong",
    [{"seed": -1}, {"patients": 3}, {"sites": 6}, {"sites": 0}, {"years": 2}, {"years": 31}],
)
def test_impossible_hospitals_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=r"out of range[\s\S]*Allowed"):
        Hospital(**({"seed": 1, "patients": 10} | wrong))
