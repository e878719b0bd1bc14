"""Reasons beside the outcomes: what is counted is what is there."""

import math

import numpy as np
import pytest

from nof1.academy.reasoning import _counted, _side, factor, reasons, source_events
from nof1.academy.situation import card, sound


@pytest.fixture(scope="module")
def cards(ward):
    made = ((sound(ward, one), card(ward, sound(ward, one), "case-x")) for one in ward.people[:30])
    return [(behind, found) for behind, found in made if found is not None]


def test_one_row_for_each_reason(ward, cards):
    for behind, found in cards:
        rows, odd = reasons(ward, behind, found)
        assert len(rows) == len(found.evidence)
        assert not odd
        for row, one in zip(rows, found.evidence, strict=True):
            assert row.startswith(one.text)
            assert ("raises" if one.contribution > 0 else "lowers") in row
            assert factor(one.contribution) in row


def test_shares_are_counted(ward, cards):
    """Age, by hand: people on this patient's side of the middle age."""
    ages = ward.column("age_years")
    middle, seen = np.median(ages), 0
    for behind, found in cards:
        rows, _ = reasons(ward, behind, found)
        row = next((one for one in rows if one.startswith("Age ")), None)
        if row is None:
            continue
        mine = ages[behind.person.row]
        like = ages >= middle if mine >= middle else ages < middle
        share = ward.again[like].mean() * 100
        assert f"outcome in {share:.0f} of 100 of the {like.sum():,} people" in row
        seen += 1
    assert seen


def test_sides_hold_everybody():
    values = np.array([0.0, 0.0, 1.0, 2.0])
    like, names = _side(values, 1.0, entries=True)
    assert like.tolist() == [False, False, True, True]
    assert names == ("with it", "without")
    like, names = _side(np.array([1.0, 1.0, 1.0, 2.0, 3.0]), 1.0, entries=True)
    assert like.tolist() == [True, True, True, False, False]
    assert names == ("with at most one", "with more than one")
    like, names = _side(np.arange(20.0), 3.0, entries=False)
    assert like.sum() == 10
    assert names[0].startswith("below")


def test_source_events_name_file_and_line(ward, cards):
    for behind, found in cards:
        for row, one in zip(source_events(ward, behind, found), found.evidence, strict=True):
            for event in one.events[:3]:
                assert f"({event.source_file}, line {event.source_row})" in row


def test_entries_before_and_after_the_start(ward):
    """Every stay for a stent comes just before the start; later stays come after it."""
    code = "ENCOUNTER//IMP"
    before, after = _counted(ward, code)
    slow = [0, 0]
    for person in ward.people:
        times = ward.events(person).filter(ward.events(person)["code"] == code)["time"].to_list()
        days = [(time - person.at).total_seconds() / 86_400 for time in times]
        slow[0] += sum(day <= 0 for day in days)
        slow[1] += sum(0 < day <= 365 for day in days)
    assert [before, after] == slow
    assert before >= len(ward.people)
    assert after > 50


def test_factor_reads_both_ways():
    assert factor(math.log(3)) == factor(-math.log(3)) == "3.0 times"
