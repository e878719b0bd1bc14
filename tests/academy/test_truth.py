"""What the generator knows is what it wrote; anything else is refused."""

import json
from datetime import timedelta
from shutil import copytree

import polars as pl
import pytest

from nof1.academy import truth
from nof1.core.errors import InputError
from nof1.core.workspace import create

TASK = "heart-attack-after-antiplatelet"


@pytest.fixture(scope="module")
def folder(teaching):
    return truth.find(teaching)


@pytest.fixture(scope="module")
def known(folder):
    return truth.known(folder, TASK)


def test_a_real_workspace_is_refused(tmp_path):
    workspace = create(tmp_path / "ws")
    with pytest.raises(InputError, match="invented patients only"):
        truth.refuse_unless_synthetic(workspace)


def test_risks_are_those_that_were_written(folder, known):
    written = pl.read_csv(folder / "index_dates.csv").filter(pl.col("group") == "antiplatelet")
    both = known.filter(pl.col("group") == "antiplatelet").join(
        written.select("patient_id", written="risk"), on="patient_id"
    )
    assert both.height == written.height > 500
    assert (both["risk"] - both["written"]).abs().max() < 1e-6


def test_the_other_group_s_risk_is_that_of_the_same_outcome(known):
    """No answer file has it, so it is held against how often the outcome was drawn."""
    other = known.filter(pl.col("group") == "anticoagulant", pl.col("followed"))
    expected, spread = other["risk"].sum(), (other["risk"] * (1 - other["risk"])).sum() ** 0.5
    assert abs(other["outcome"].sum() - expected) < 4 * spread
    assert other["risk"].mean() < known.filter(pl.col("group") == "antiplatelet")["risk"].mean() / 2


def test_outcomes_lie_within_the_year(folder, known):
    written = pl.read_csv(folder / "index_dates.csv", try_parse_dates=True)
    own = known.filter(pl.col("group") == "antiplatelet").join(
        written.filter(pl.col("group") == "antiplatelet").select("patient_id", "outcome_time"),
        on="patient_id",
    )
    within = (own["outcome_time"] - own["time"] <= timedelta(days=365)).fill_null(value=False)
    assert (own["outcome"] == within).all()


def test_another_hospital_s_truth_is_refused(folder, tmp_path):
    copy = tmp_path / "truth"
    copytree(folder, copy)
    told = json.loads((copy / "truth.json").read_text())
    told["hospital"]["seed"] += 1
    (copy / "truth.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match="another one"):
        truth.known(copy, TASK)


HUGE = '{"hospital": {"seed": 1, "patients": 9000000, "sites": 5, "years": 5}}'


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"hospital": {"seed": "x"}}', HUGE])
def test_a_damaged_truth_is_refused(folder, tmp_path, text):
    copy = tmp_path / "truth"
    copytree(folder, copy)
    (copy / "truth.json").write_text(text)
    with pytest.raises(InputError, match="cannot be used"):
        truth.known(copy, TASK)


def test_a_damaged_table_is_refused(folder, tmp_path):
    copy = tmp_path / "truth"
    copytree(folder, copy)
    (copy / "index_dates.csv").write_bytes(b"patient_id,group,risk\n\xff\xfe,,x\n")
    with pytest.raises(InputError, match="cannot be used"):
        truth.known(copy, TASK)


def test_no_truth_and_no_such_task(folder, tmp_path):
    with pytest.raises(InputError, match="not found"):
        truth.find(create(tmp_path / "ws", synthetic=True))
    with pytest.raises(InputError, match="no known truth"):
        truth.known(folder, "readmission")
