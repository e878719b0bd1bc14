"""What is taught, and that saved members are the same members or refused."""

import json
import shutil
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.surveillance.forecast import learned, run
from nof1.surveillance.forecast.scaled import scaled
from nof1.surveillance.forecast.windows import examples
from wave_samples import REFERENCE, taught, waves


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return learned.save(taught(), tmp_path_factory.mktemp("members"))


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def test_everything_before_the_season_is_taught_and_nothing_of_it():
    assert taught().until == date(2023, 7, 29)
    cut = waves().until(date(2023, 7, 29))
    assert taught().examples == len(examples(scaled(cut), 4))
    signals, until = learned.taught(waves(), (waves(),), REFERENCE)
    assert [one.panel.dates[-1].item() for one in signals] == [until, until]


def test_saved_and_loaded_members_answer_the_same_by_a_bit(saved):
    again = learned.load(saved)
    one = run.forecast(waves(), taught(), REFERENCE, earlier=())
    other = run.forecast(waves(), again, REFERENCE, earlier=())
    assert np.array_equal(one.forecast.quantiles, other.forecast.quantiles)
    same = ("until", "examples", "digest", "steps")
    assert [getattr(again, name) for name in same] == [getattr(taught(), name) for name in same]


def test_members_are_saved_as_files_that_hold_no_code(saved):
    assert {path.suffix for path in saved.iterdir()} == {".json", ".onnx", ".txt"}
    card = json.loads((saved / learned.CARD).read_text())
    assert card["schema"] == "nof1/forecaster/1"
    assert len(card["files"]) == 10


@pytest.mark.parametrize("name", ["net-0.onnx", "trees-3.txt"])
def test_a_changed_file_is_refused(copy, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"changed after training .{name[:4]}") as told:
        learned.load(copy)
    assert "Remove it" in told.value.next_step


@pytest.mark.parametrize("name", ["net-0.onnx", "trees-3.txt", learned.CARD])
def test_a_missing_file_is_refused(copy, name):
    (copy / name).unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        learned.load(copy)


def edited(folder, **changes):
    card = json.loads((folder / learned.CARD).read_text())
    (folder / learned.CARD).write_text(json.dumps(card | changes))


@pytest.mark.parametrize("change", [{"steps": 3}, {"climatology": []}, {"until": "2030-01-01"}])
def test_a_changed_card_is_refused(copy, change):
    edited(copy, **change)
    with pytest.raises(ModelError, match=r"changed after training .forecaster"):
        learned.load(copy)


def test_another_version_and_no_json_are_refused(copy):
    edited(copy, schema="nof1/forecaster/0")
    with pytest.raises(ModelError, match="another version"):
        learned.load(copy)
    for text in ("{", "[]", '{"files": 3}'):
        (copy / learned.CARD).write_text(text)
        with pytest.raises(ModelError):
            learned.load(copy)


def test_a_name_in_the_card_cannot_lead_out_of_the_folder(copy):
    outside = copy.parent / "outside.onnx"
    outside.write_bytes(b"secret")
    edited(copy, files={"../outside.onnx": "0"})
    with pytest.raises(ModelError, match="cannot be read"):
        learned.load(copy)


def test_too_few_examples_leave_the_learned_members_silent():
    short = waves().until(date(2020, 12, 26))
    few = learned.learn(short, (), date(2021, 1, 2), 4)
    assert few.examples < learned.FEWEST
    assert (few.trees, few.nets) == (None, None)
    assert np.isfinite(few.table[20]).any()


def test_members_without_learners_are_saved_too(tmp_path):
    few = replace(taught(), trees=None, nets=None)
    again = learned.load(learned.save(few, tmp_path / "few"))
    assert (again.trees, again.nets) == (None, None)
    assert np.array_equal(again.table, few.table, equal_nan=True)


def test_the_digest_tells_what_was_taught():
    def code(panel, related=(), steps=4):
        return learned.digest(learned.taught(panel, related, REFERENCE)[0], steps)

    first = code(waves())
    assert first == code(waves()) == taught().digest
    week, cut = np.timedelta64(7, "D"), waves().until(taught().until)
    assert code(cut) == first
    values = waves().values.copy()
    values[30, 0] += 1
    others = [
        code(waves(), steps=5),
        code(waves(), (waves(),)),
        code(replace(waves(), values=values)),
        code(replace(cut, dates=cut.dates - week)),  # the same values a week earlier
        code(replace(waves(), population=2 * waves().population)),
    ]
    assert len({first, *others}) == 6
    values = waves().values.copy()
    values[-1] *= 3  # of the season: not taught
    assert code(replace(waves(), values=values)) == first
