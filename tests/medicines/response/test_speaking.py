from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from nof1.core import artefacts
from nof1.core.errors import ModelError, UsageError
from nof1.medicines.response.crossing import Plan
from nof1.medicines.response.joining import Joined
from nof1.medicines.response.model import ResponseModel
from nof1.medicines.response.speaking import Profile, answer
from nof1.medicines.response.training import train
from response_samples import MARKED, planted

COUNTS = {"pairs": 1, "lines": 96, "drugs": 12, "features": 20}


@cache
def trained(marker, trees=False):
    joined = Joined(planted(marker=marker), COUNTS, ())
    return train(joined, "made", ["cell-line"], Plan(folds=4, trees=trees), lambda text: None)


def profile(first=0.0, **changes):
    values = np.zeros(20)
    values[0] = first
    parts = {
        "name": "t",
        "features": planted().features,
        "values": values,
        "tissue": "lung",
    }
    return Profile(**(parts | changes))


def stored(done, tmp_path):
    artefacts.save(tmp_path, "made", done.files(), done.notes())
    return artefacts.load(tmp_path, "made")


def test_the_marker_moves_the_answer_and_only_its_drugs_are_ranked():
    model = trained(1.5).model
    low, high = answer(model, profile(-6.0)), answer(model, profile(6.0))
    assert low.status == high.status == "found"
    names = set(planted().drugs[:MARKED])
    assert {row.drug for row in low.ranked} == names
    assert {row.drug for row in low.silent} == set(planted().drugs) - names
    sensitive = {row.drug: row.predicted for row in low.ranked}
    for row in high.ranked:
        assert row.predicted > sensitive[row.drug] + 2  # true shift: 1.5 x 4 = 6
        assert row.low < row.predicted < row.high


def test_the_rank_is_by_sensitivity_and_silent_drugs_have_no_number_of_their_own():
    found = answer(trained(1.5).model, profile(-6.0))
    order = [row.sensitivity for row in found.ranked]
    assert order == sorted(order, reverse=True)
    assert all(row.predicted is None and row.sensitivity is None for row in found.silent)


def test_neighbours_and_voices_are_lines_of_the_training_that_look_alike():
    screen = planted(marker=1.5)
    found = answer(trained(1.5).model, profile(-6.0))
    first = dict(zip(screen.lines, screen.omics[:, 0], strict=True))
    assert np.mean([first[one.line] for one in found.neighbours]) < -1
    assert all(voice.line in first for row in found.ranked for voice in row.voices)
    assert "cell lines are not patients" in found.notice


def test_where_nothing_beats_the_tissue_nothing_is_ranked():
    done = trained(0.0)
    found = answer(done.model, profile())
    assert found.status == "withheld"
    assert found.ranked == ()
    assert "no better than the average of the tissue" in found.reason
    assert found.resolve
    assert done.card["status"] == "withheld"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tissue": "eye"}, "no cell line of this tissue"),
        ({"features": tuple(f"gene{k}" for k in range(5)) + ("odd",) * 15}, "only 5 of"),
        ({"values": np.full(20, 900.0)}, "another unit or platform"),
        ({"values": np.full(20, 2.2)}, "no cell line is near"),
    ],
)
def test_outside_the_domain_it_refuses_with_the_reason(change, reason):
    found = answer(trained(1.5).model, profile(**change))
    assert found.status == "withheld"
    assert reason in found.reason


@pytest.mark.parametrize(
    ("tissue", "start"), [("Lung", "Perhaps 'lung' is meant. "), ("eye", "The training knows ")]
)
def test_an_unknown_tissue_is_refused_with_the_way_out(tissue, start):
    resolve = answer(trained(1.5).model, profile(tissue=tissue)).resolve
    assert resolve.startswith(start)
    assert "blood, bowel, lung, skin" in resolve


def test_an_unknown_subtype_is_no_silent_default():
    with pytest.raises(UsageError, match="without subtypes"):
        answer(trained(1.5).model, profile(subtype="small cell"))
    screen = planted(marker=1.5)
    finer = replace(screen, subtypes=("a", "b", "a", "") * (len(screen.lines) // 4))
    done = train(Joined(finer, COUNTS, ()), "made", ["cell-line"], Plan(4), lambda text: None)
    with pytest.raises(UsageError, match="no subtype of this name") as caught:
        answer(done.model, profile(subtype="b"))  # of another tissue
    assert caught.value.allowed == ["a"]
    assert answer(done.model, profile(subtype="a")).status == "found"


def test_unknown_and_missing_features_are_counted():
    features = (*planted().features[:18], "x1", "x2")
    found = answer(trained(1.5).model, profile(features=features))
    assert found.counts == {"features_given": 18, "features_missing": 2, "features_unknown": 2}


@pytest.mark.parametrize("trees", [False, True])
def test_the_stored_model_says_the_same_and_holds_no_response(tmp_path, trees):
    done = trained(1.5, trees)
    artefact = stored(done, tmp_path)
    again = ResponseModel.read(artefact)
    one, two = (answer(model, profile(-3.0)) for model in (done.model, again))
    for a, b in zip(one.ranked, two.ranked, strict=True):
        assert a.drug == b.drug
        assert np.isclose(a.predicted, b.predicted)
        assert a.voices == b.voices
    assert one.neighbours == two.neighbours
    everything = b"".join(artefact.files.values())
    response = planted(marker=1.5).response
    for value in response[np.isfinite(response)][:200]:
        assert np.float64(value).tobytes() not in everything
        assert repr(float(value)).encode() not in everything


def test_another_model_is_refused(tmp_path):
    artefacts.save(tmp_path, "other", {"model.json": b'{"schema": "nof1/model/1"}'})
    with pytest.raises(ModelError, match="no response model"):
        ResponseModel.read(artefacts.load(tmp_path, "other"))


def test_the_split_that_decides_cannot_be_left_out():
    joined = Joined(planted(), COUNTS, ())
    for splits in (["pairs"], ["cell-line", "moon"]):
        with pytest.raises(UsageError):
            train(joined, "made", splits, Plan(), lambda text: None)
