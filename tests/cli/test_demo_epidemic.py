"""The demo's epidemic: every command answers as of the past, and the patients get their region."""

import json
import shutil
from datetime import datetime, timedelta

import polars as pl
import pytest

from nof1.advice.hospital import Hospital
from nof1.cli.demo_epidemic import PAGE, WEEKS_BEFORE, EpidemicRoom
from nof1.cli.demo_patient import Asked
from nof1.core.finding import Kind, Status
from nof1.core.workspace import open_workspace
from nof1.record.store import Record


@pytest.fixture(scope="module")
def room(small_hospital, tmp_path_factory):
    """A copy of the small hospital with an epidemic."""
    folder = tmp_path_factory.mktemp("epidemic")
    shutil.copytree(small_hospital.workspace.root, folder / "ws")
    return EpidemicRoom.open(open_workspace(folder / "ws"), folder / "hospital", seed=1)


def test_the_chain_answers_as_of_one_day_and_sees_the_planted_outbreak(room, tmp_path):
    said = []
    room.run(said.append)
    for command in ("nowcast", "transmission", "alarms", "activity"):
        assert command not in room.missing
        assert room.answers[command]["as_of"] == room.day.isoformat()
        assert room.answers[command]["synthetic"]
    assert len(said) >= 6
    page = room.page(tmp_path, {"Overview": "index.html"})
    assert page == tmp_path / PAGE
    text = page.read_text(encoding="utf-8")
    assert "SYNTHETIC DATA" in text
    assert "index.html" in text
    assert page.with_suffix(".csv").exists()
    step = room.step()
    figures = {one["label"]: one["value"] for one in step["figures"]}
    assert figures["last outbreak that was planted"].endswith(": alarm")
    assert all(f"No {name}" in step["text"] for name in room.missing)
    assert json.dumps(step)


def test_a_command_that_cannot_answer_is_told(room):
    assert room.ask("nowcast", "measles") is None
    assert "no signal" in room.missing.pop("nowcast")


def test_the_patient_is_asked_again_with_the_region(room):
    """The region's activity joins the advice, with nothing known later than the moment."""
    hospital = Hospital(room.workspace)
    patient = Record(room.workspace.record).subjects()["patient"].sort()[0]
    bedside = hospital.patient(patient)
    at = datetime(2021, 2, 17, 9)
    before = Asked(bedside, at, bedside.advise(at))
    after = room.told(before)
    (found,) = [one for one in after.findings if one.kind is Kind.OUTBREAK]
    assert found.status in (Status.FOUND, Status.NOT_CHECKED)
    assert len(after.findings) == len(before.findings) + 1
    rows = after.bedside.events.filter(pl.col("code").str.contains("influenza_activity"))
    assert rows.height == WEEKS_BEFORE + 1
    assert rows["recorded"].max() <= at
    assert rows["recorded"].max() > at - timedelta(days=2)
