"""Checks read the record and the model; sound or faulty, each shows the same kind of text."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from nof1.academy.cases import CHECKS
from nof1.academy.chart import LABS
from nof1.academy.checks import LOOKS, look
from nof1.academy.situation import card, sound


@pytest.fixture(scope="module")
def looked(ward):
    """(situation, card, checks) of some sound cards."""
    found = []
    for person in ward.people:
        behind = sound(ward, person)
        made = card(ward, behind, "case-x")
        if made is not None:
            found.append((behind, made, look(ward, behind, made, 0.2)))
        if len(found) == 40:
            return found
    raise AssertionError("too few cards")


def test_there_is_a_look_for_every_check():
    assert list(LOOKS) == list(CHECKS)


def test_sound_cards_seldom_look_odd(looked):
    """Nobody is perfect: a real value may double. But a check that cries often is no check."""
    for check in CHECKS:
        odd = sum(shown[check].odd for _, _, shown in looked)
        assert odd <= 6, check


def _first_line(case, check):
    """Without its numbers."""
    return re.sub("[0-9,]+", "#", case.evidence[check].splitlines()[0])


@pytest.mark.parametrize("check", CHECKS)
def test_no_first_line_tells_sound_from_faulty(bank, check):
    starts = [
        {_first_line(case, check) for case in bank if case.faulty == faulty}
        for faulty in (True, False)
    ]
    assert starts[0] == starts[1]
    assert len(starts[0]) == 1


def test_every_check_shows_rows(bank):
    for case in bank:
        for check in CHECKS:
            assert len(case.evidence[check].splitlines()) >= 2, check


def test_dates_are_those_of_the_record(ward, looked):
    for behind, _, shown in looked[:15]:
        text = shown["lab-dates"].text
        for test in LABS.values():
            rows = behind.results.get(test.code)
            if rows:
                assert f"dated {rows[-1].time:%Y-%m-%d}" in text
            else:
                assert f"{test.name}: never measured" in text


def test_calibration_is_counted_from_the_model_in_use(ward, looked):
    _, _, shown = looked[0]
    last = shown["calibration"].text.splitlines()[-1]
    assert f"{ward.told.sum():.0f} expected, {ward.again.sum():.0f} had the outcome" in last
    groups = shown["calibration"].text.splitlines()[1:-1]
    people = sum(int(row.split(": ")[1].split(" people")[0].replace(",", "")) for row in groups)
    assert people == len(ward.people)


def test_population_counts_the_people_of_the_ward(ward, looked):
    behind, _, shown = looked[0]
    here = sum(one.site == behind.person.site for one in ward.people)
    assert f"{here:,} of {len(ward.people):,} come from {behind.person.site}" in (
        shown["population"].text
    )


def test_a_late_value_and_a_jump_are_seen(ward, looked):
    """The rules themselves, on a record changed by hand."""
    seen = 0
    for behind, made, _ in looked:
        rows = behind.results.get(LABS["ldl"].code, [])
        if len(rows) < 2 or (rows[-1].time - rows[0].time).days < 60:
            continue
        row = pl.int_range(pl.len()) == rows[-1].row
        tripled = pl.when(row).then(pl.col("numeric_value") * 3).otherwise("numeric_value")
        jumped = replace(behind, events=behind.events.with_columns(numeric_value=tripled))
        assert LOOKS["units"](ward, jumped, made, 0.2).odd
        line = pl.when(row).then(pl.lit(rows[0].line)).otherwise("source_row")
        again = replace(behind, events=behind.events.with_columns(source_row=line))
        assert LOOKS["lab-dates"](ward, again, made, 0.2).odd
        seen += 1
    assert seen >= 5


def test_drift_is_seen_where_it_is(ward, looked):
    behind, made, _ = looked[0]
    place = ward.scorer.model.columns.index("LOINC//13457-7/365d/value_last")

    def higher(X):
        moved = X.copy()
        moved[:, place] *= 1.5
        return moved

    drifted = LOOKS["drift"](ward, replace(behind, arriving=higher), made, 0.2)
    calm = LOOKS["drift"](ward, behind, made, 0.2)
    changed = [row for row in drifted.text.splitlines() if row not in calm.text.splitlines()]
    assert drifted.odd
    assert [row.split(":")[0] for row in changed] == ["LDL cholesterol"]


def test_range_repeats_the_card_s_interval(looked):
    for _, made, shown in looked[:10]:
        words = f"{made.frequency.low:g} to {made.frequency.high:g} of {made.frequency.of}"
        assert words in shown["range"].text
        inside = made.value.interval.low < 0.2 <= made.value.interval.high
        assert ("lies inside" in shown["range"].text) == inside


def test_missing_inputs_are_openly_missing(ward, looked):
    told = 0
    for behind, _, shown in looked:
        never = not behind.seen["code"].str.starts_with("PGS//SYNTH1").any()
        assert ("Polygenic score: not measured" in shown["missing"].text) == never
        told += never
    assert 0 < told < len(looked)
    assert np.isnan(ward.column("static/PGS//SYNTH1/value")).any()
