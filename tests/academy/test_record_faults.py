"""Faults in a record change what they say they change, in a copy."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from nof1.academy.chart import LABS
from nof1.academy.record_faults import OLD_DAYS, STALE_DAYS, drifted, imputed, stale, unit_slip
from nof1.academy.situation import DEFAULTS, sound

ALL = {"stale": stale, "unit slip": unit_slip, "drifted": drifted, "imputed": imputed}


def _injected(ward, inject, most=25):
    rng = np.random.default_rng(5)
    for person in ward.people:
        behind = inject(ward, person, rng)
        if behind is not None:
            yield person, behind
            most -= 1
        if not most:
            return


@pytest.mark.parametrize("name", ALL)
def test_the_record_itself_stays(ward, name):
    for person, behind in _injected(ward, ALL[name], 8):
        again = ward.record.patient_events(person.subject)
        assert ward.events(person).equals(again)
        assert not behind.events.equals(again)
        assert behind.events.schema == again.schema
        assert behind.events["subject_id"].n_unique() == 1
        assert behind.scorer is ward.scorer
        assert behind.done


@pytest.mark.parametrize("name", ["stale", "unit slip", "drifted"])
def test_days_and_codes_stay(ward, name):
    for person, behind in _injected(ward, ALL[name], 8):
        for column in ("time", "code", "unit", "recorded"):
            assert behind.events[column].equals(ward.events(person)[column])


def test_stale_results_are_the_oldest_ones(ward):
    for person, behind in _injected(ward, stale):
        before, after = sound(ward, person).results, behind.results
        changed = 0
        for test in LABS.values():
            rows = list(zip(before.get(test.code, []), after.get(test.code, []), strict=True))
            for old, new in rows:
                if old != new:
                    first = before[test.code][0]
                    assert new.value == first.value
                    assert (new.file, new.line) == (first.file, first.line)
                    assert new.time > person.at - timedelta(days=STALE_DAYS)
                    assert first.time < person.at - timedelta(days=OLD_DAYS)
                    changed += 1
        assert changed


def test_a_slip_changes_one_test_by_a_factor(ward):
    for person, behind in _injected(ward, unit_slip):
        pairs = [
            (code, old.value, new.value)
            for code, rows in sound(ward, person).results.items()
            for old, new in zip(rows, behind.results[code], strict=True)
            if old.value != new.value
        ]
        assert len({code for code, _, _ in pairs}) == 1
        for _, old, new in pairs:
            assert max(old / new, new / old) > 1.5


def test_drift_changes_everybody(ward):
    for person, behind in _injected(ward, drifted):
        X = ward.X[:60]
        moved = behind.arriving(X)
        changed = ~np.isclose(moved, X, equal_nan=True)
        columns = {
            ward.scorer.model.columns[place] for place in np.flatnonzero(changed.any(axis=0))
        }
        assert columns
        assert len({column.split("/30d/")[0].split("/365d/")[0] for column in columns}) == 1
        assert changed[:, changed.any(axis=0)].mean() > 0.3
        assert person.row >= 0


def test_what_is_filled_in_has_no_other_source(ward):
    for person, behind in _injected(ward, imputed):
        filled = behind.events.filter(pl.col("source_file") == DEFAULTS)
        assert 1 <= filled.height <= 2
        for code in filled["code"]:
            start = code.rsplit("//", 1)[0] + "//" if code.startswith("LIFESTYLE") else code
            others = behind.events.filter(pl.col("code").str.starts_with(start))
            assert set(others["source_file"]) == {DEFAULTS}
        assert ward.events(person).height >= behind.events.height
