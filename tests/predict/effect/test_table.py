"""The learning table of a trial holds nothing that tells the option, and no flagged collider."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.table import learning_table
from nof1.predict.effect.trial import compile_trial
from predict.effect.records import TASK, FakeRecord, chart

START = datetime(2020, 1, 1)


def record(folder, *, bare=False, twin=False):
    rng, events = np.random.default_rng(2), []
    for subject in range(1, 121):
        rows = chart(subject, rng, gain=True)
        option = next(code for code, _ in rows if code.startswith("D//"))
        rows = [row for row in rows if row[0][0] in "DO"] if bare else rows
        rows += [(f"END//{option}", 400)]
        rows += [("H//twin", 399)] if twin and option == "D//old" else []
        for code, day in [*rows, ("S//end", 900)]:
            events.append((subject, START + timedelta(days=day), None, code))
    return FakeRecord(folder, events)


def table(folder, more="", **how):
    asked, found = EffectTask.parse(TASK + more), record(folder, **how)
    return learning_table(asked, found, compile_trial(asked, found))


def test_the_options_own_codes_are_no_features(tmp_path):
    data, splits = table(tmp_path)
    codes = {data.spec.field(column).code for column in data.columns}
    assert not any("D//" in (code or "") for code in codes)
    assert {"G//good", "H//frail"} <= codes
    assert data.X.shape == (120, len(data.columns))
    assert set(splits.folds) == {0, 1, 2}


def test_a_flagged_collider_among_the_features_is_refused(tmp_path):
    with pytest.raises(ModelError, match="1 flagged colliders") as caught:
        table(tmp_path, "colliders: G//good\n")
    assert "G//good" in caught.value.next_step


def test_a_collider_that_is_left_out_or_not_in_the_record_is_fine(tmp_path):
    text = TASK.replace("min_patients: 10", "min_patients: 10, exclude: {codes: [G//good]}")
    asked, found = EffectTask.parse(text + "colliders: [G//good, X//no]\n"), record(tmp_path)
    data, _ = learning_table(asked, found, compile_trial(asked, found))
    assert "G//good/full/count" not in data.columns


def test_when_only_the_options_are_known_there_is_nothing_to_adjust_for(tmp_path):
    text = TASK.replace("min_patients: 10", "min_patients: 10, age: false, static: false")
    asked, found = EffectTask.parse(text), record(tmp_path, bare=True)
    with pytest.raises(ModelError, match="No feature varies"):
        learning_table(asked, found, compile_trial(asked, found))


def test_a_feature_that_equals_the_option_stays_when_the_option_goes(tmp_path):
    data, _ = table(tmp_path, twin=True)
    assert "H//twin/full/count" in data.columns
