"""The changed patient: exactly the model's own answer, or none."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from nof1.core.artefacts import load, save
from nof1.core.errors import UsageError
from nof1.core.finding import Status, Subject
from nof1.core.workspace import create
from nof1.predict import features
from nof1.predict.score import Scorer
from nof1.predict.what_if import ASSOCIATION, what_if
from nof1.record.store import Record

CLOPIDOGREL, TICAGRELOR = "medicine-RxNorm-32968", "medicine-RxNorm-1116632"


@pytest.fixture(scope="module")
def scorer(trained, tmp_path_factory):
    """The trained model, allowed to speak whatever the gate said of so small a hospital."""
    workspace = create(tmp_path_factory.mktemp("what-if") / "ws", synthetic=True)
    model = replace(trained.model, withheld=(), silent_groups={})
    save(workspace.models, model.name, model.files())
    return Scorer.load(load(workspace.models, model.name))


@pytest.fixture(scope="module")
def people(small_hospital, trained):
    """(subject, events, prediction time) of some rows of the cohort."""
    record = Record(small_hospital.workspace.record)
    known = {row[0]: row[1:] for row in record.subjects().iter_rows()}
    rows = trained.cohort.frame.select("subject_id", "prediction_time").head(40).iter_rows()
    return [
        (Subject(id=known[one][0], site=known[one][1]), record.patient_events(one), moment)
        for one, moment in rows
    ]


def asked(scorer, person, wanted, later=timedelta(days=2)):
    subject, events, moment = person
    return what_if(scorer, subject, events, moment + later, wanted)


@pytest.fixture(scope="module")
def person(scorer, people):
    """Somebody with an answer and an LDL that can be changed."""
    for one in people:
        made = asked(scorer, one, {})
        ldl = next((lever for lever in made.levers if lever.name == "ldl"), None)
        if made.moment and ldl and not ldl.why_not and 60 < float(ldl.now) < 200:
            return one
    raise AssertionError("nobody has an LDL")


def same(one):
    return (one.value, one.frequency, one.status)


def test_nothing_changed_is_exactly_the_same_answer(scorer, people):
    answered = 0
    for one in people:
        subject, events, moment = one
        plain = scorer.findings(subject, events, moment + timedelta(days=2))
        made = asked(scorer, one, {})
        assert list(made.now) == plain
        assert (made.then, made.changes, made.moved) == ((), (), ())
        answered += plain[0].status is Status.FOUND
    assert answered > 10


def test_a_change_that_is_taken_back_gives_bit_for_bit_the_same_risk(scorer, person):
    """The way through the changed events, with the recorded number, is the model's own way."""
    from nof1.predict import what_if as module

    _, events, moment = person
    now = asked(scorer, person, {})
    lever = next(one for one in now.levers if one.name == "ldl")
    visible = events.filter(pl.max_horizontal("time", "recorded").fill_null(moment) <= moment)
    exact = visible.filter(pl.col("code") == lever.codes[0])["numeric_value"].drop_nulls()[-1]
    change = module.Change(lever, repr(exact), "", "")
    again = module.changed(visible, (change,), moment)
    assert again.equals(visible)
    row = module._row(scorer, again, moment)
    assert same(module._scored(scorer, now.now[0], row, "")) == same(now.now[0])


def test_a_changed_number_reaches_the_model_as_the_kernel_would_count_it(scorer, person):
    made = asked(scorer, person, {"ldl": "55"})
    assert [(one.lever.name, one.becomes) for one in made.changes] == [("ldl", "55 mg/dL")]
    assert made.moved
    assert all("LDL" in one.feature for one in made.moved)
    assert any(one.becomes == 55 for one in made.moved if "latest" in one.feature)
    for now, then in zip(made.now, made.then, strict=True):
        assert then.horizon_days == now.horizon_days
        if then.status is Status.FOUND:
            assert then.value.interval.low <= then.value.amount <= then.value.interval.high
            assert then.notes == (ASSOCIATION,)
            assert then.evidence == ()


def test_the_changed_risk_is_that_of_a_record_with_this_value(scorer, person):
    subject, events, moment = person
    code = next(one for one in asked(scorer, person, {}).levers if one.name == "ldl").codes[0]
    mine = (pl.col("code") == code) & (pl.col("time") <= moment)
    last = events.filter(mine)["time"].max()
    other = pl.when(mine & (pl.col("time") == last)).then(pl.lit(80.0)).otherwise(
        pl.col("numeric_value")).cast(pl.Float32)  # fmt: skip
    told = scorer.findings(
        subject, events.with_columns(numeric_value=other), moment + timedelta(days=2)
    )
    made = asked(scorer, person, {"ldl": "80"})
    assert same(made.then[0]) == same(told[0])


def test_what_the_model_has_not_seen_is_withheld_with_words(scorer, person):
    made = asked(scorer, person, {"ldl": "399"})
    assert {one.status for one in made.then} == {Status.WITHHELD}
    assert "Outside what the model has seen" in made.then[0].reason
    assert made.then[0].value is None
    assert made.then[0].resolve


def test_a_model_that_cannot_know_strangers_does_not_score_changes(scorer, person):
    blind = replace(scorer, model=replace(scorer.model, domain=None))
    made = what_if(blind, person[0], person[1], person[2], {"ldl": "90"})
    assert {one.status for one in made.then} == {Status.WITHHELD}
    assert {one.status for one in made.now} == {Status.FOUND}


def test_the_changed_person_must_be_one_the_model_speaks_about(scorer, people):
    """The model is about people who begin one of two medicines."""
    for one in people:
        made = asked(scorer, one, {})
        undo = [
            lever.name
            for lever in made.levers
            if lever.name in (CLOPIDOGREL, TICAGRELOR) and "undone" in dict(lever.choices)
        ]
        if made.moment and len(undo) == 1:
            other = TICAGRELOR if undo[0] == CLOPIDOGREL else CLOPIDOGREL
            neither = asked(scorer, one, {undo[0]: "undone"})
            assert {then.status for then in neither.then} == {Status.WITHHELD}
            assert "not one of those" in neither.then[0].reason
            swapped = asked(scorer, one, {undo[0]: "undone", other: "added"})
            assert not any("not one of those" in (t.reason or "") for t in swapped.then)
            return
    raise AssertionError("nobody began one of the two")


def test_nothing_known_later_plays_a_part(scorer, person):
    subject, events, moment = person
    late = moment + timedelta(days=1)
    code = next(one for one in asked(scorer, person, {}).levers if one.name == "ldl").codes[0]
    row = events.filter(pl.col("code") == code).tail(1)
    later = pl.lit(late, pl.Datetime("us"))
    wild = pl.lit(777.0, pl.Float32)
    tomorrow = row.with_columns(time=later, recorded=later, numeric_value=wild)
    yesterday = pl.lit(moment - timedelta(days=1), pl.Datetime("us"))
    told_late = row.with_columns(time=yesterday, recorded=later, numeric_value=wild)
    more = pl.concat([events, tomorrow, told_late]).sort("time", nulls_last=False)
    wanted = {"ldl": "80"}
    plain = what_if(scorer, subject, events, moment, wanted)
    assert what_if(scorer, subject, more, moment, wanted) == plain
    assert np.isfinite(plain.moved[0].becomes)


def test_a_model_that_does_not_speak_cannot_be_asked(scorer, people):
    subject, events, moment = people[0]
    made = what_if(scorer, subject, events, moment - timedelta(days=3650), {"ldl": "80"})
    assert (made.moment, made.levers, made.then) == (None, (), ())
    assert made.now[0].status is Status.NOT_CHECKED


def test_impossible_values_are_refused(scorer, person):
    for wanted in ({"ldl": "-1"}, {"ldl": "x"}, {"birth": "2000"}):
        with pytest.raises(UsageError):
            asked(scorer, person, wanted)


def test_the_row_of_features_is_the_kernels(scorer, person):
    """``before`` in a what-if is the very row that the scorer takes."""
    from nof1.predict import what_if as module

    _, events, moment = person
    spec = scorer.model.spec
    whole = features.row(features.encode(events, spec), moment, spec)
    visible = events.filter(pl.max_horizontal("time", "recorded").fill_null(moment) <= moment)
    np.testing.assert_array_equal(module._row(scorer, visible, moment)[0], whole[scorer.places])
