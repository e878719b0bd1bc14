"""One patient, one comparison: an answer, or an open refusal with the way out."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from nof1.core.artefacts import load
from nof1.core.finding import Kind, Status, Subject
from nof1.learn.effect.regions import Region, Side
from nof1.learn.figures import Figure
from nof1.predict.effect.score import EffectScorer
from nof1.record.events import BIRTH, SCHEMA
from predict.effect.records import START, TASK, estimated

WHO = Subject(id="somebody", site="s")
BEFORE = START + timedelta(days=399)
GOOD = [(BIRTH, -22_000), ("S//1", 20), ("H//frail", 100), ("G//good", 200)]


def events(*rows):
    made = [
        (1, START + timedelta(days=day), code) for code, day in sorted(rows, key=lambda r: r[1])
    ]
    frame = pl.DataFrame(made, orient="row", schema=["subject_id", "time", "code"])
    more = [pl.lit(None).alias(n) for n in SCHEMA.names() if n not in frame.columns]
    return frame.with_columns(*more).select(SCHEMA.names()).cast(dict(SCHEMA))


def scorer_of(fixture):
    workspace, _, done = fixture
    return EffectScorer.load(load(workspace.effects, done.artefact.name))


@pytest.fixture(scope="session")
def scorer(differing):
    return scorer_of(differing)


def changed(scorer, **parts):
    return replace(scorer, stored=replace(scorer.stored, **parts))


def test_an_effect_with_its_interval_its_reasons_and_both_outcomes(scorer):
    found = scorer.finding(WHO, events(*GOOD), BEFORE)
    assert (found.status, found.kind) == (Status.FOUND, Kind.EFFECT)
    assert found.value.amount < -0.2
    assert found.value.interval.low < found.value.amount < found.value.interval.high < 0
    assert (found.value.unit, found.horizon_days) == ("1", 365)
    assert found.evidence
    assert any("G//good" in str(one) for one in found.evidence)
    assert found.basis.content_hash
    notes = " ".join(found.notes)
    assert "new is expected to be better" in notes
    assert "not from a randomised trial" in notes
    assert "average of all" not in notes
    assert found.synthetic


def test_what_is_known_later_changes_nothing(scorer):
    later = [("O//event", 405), ("D//new", 401), ("G//good", 500), ("H//cough", 410)]
    rows = [row for row in GOOD if row[0] != "H//frail"]
    for past in (GOOD, rows):
        assert scorer.finding(WHO, events(*past, *later), BEFORE) == scorer.finding(
            WHO, events(*past), BEFORE
        )


def test_the_same_model_read_again_says_the_same(differing, scorer):
    again = scorer_of(differing)
    memory = EffectScorer(differing[2].stored, scorer.question, scorer.basis)
    said = scorer.finding(WHO, events(*GOOD), BEFORE)
    assert again.finding(WHO, events(*GOOD), BEFORE) == said
    assert memory.finding(WHO, events(*GOOD), BEFORE) == said


@pytest.mark.parametrize("day", [60, 399])
def test_an_option_that_has_begun_is_not_asked_about(scorer, day):
    found = scorer.finding(WHO, events(*GOOD, ("D//old", day)), BEFORE)
    assert found.status is Status.NOT_CHECKED
    assert found.reason.startswith("old stands in the record since")
    assert "a moment before the start" in found.resolve
    assert found.value is None


def test_use_before_the_washout_does_not_matter(scorer):
    found = scorer.finding(WHO, events(*GOOD, ("D//old", 30)), BEFORE)
    assert found.status is Status.FOUND


def test_who_is_not_eligible_is_not_checked(scorer):
    found = scorer.finding(WHO, events(*GOOD, ("O//event", 300)), BEFORE)
    assert found.status is Status.NOT_CHECKED
    assert "without an earlier event" in found.reason


def test_a_patient_without_counterparts_is_refused(scorer):
    lonely = changed(scorer, overlap=replace(scorer.stored.overlap, least=0.499), domain=None)
    found = lonely.finding(WHO, events(*GOOD), BEFORE)
    assert (found.status, found.value) == (Status.WITHHELD, None)
    assert "Hardly anybody like this patient began" in found.reason


def test_a_patient_in_a_region_without_choice_is_told_why(scorer):
    place = scorer.stored.columns.index("age_years")
    for option, name in ((1, "new"), (0, "old")):
        region = Region((Side(place, "age_years", low=50.0),), option, 134.0, 0.03)
        found = changed(scorer, regions=(region,)).finding(WHO, events(*GOOD), BEFORE)
        assert (found.status, found.value) == (Status.WITHHELD, None)
        assert found.reason == (
            f"Hardly anybody like this patient began {name}: Age in years 50 or more (134 such "
            "people, at most 3 of 100 of them did), so the options cannot be compared."
        )
    elsewhere = Region((Side(place, "age_years", high=50.0),), 1, 134.0, 0.03)
    found = changed(scorer, regions=(elsewhere,)).finding(WHO, events(*GOOD), BEFORE)
    assert found.status is Status.FOUND


def test_the_rare_option_is_named(scorer):
    for raw, name in ((0.02, "new"), (0.97, "old")):
        box = replace(scorer.stored.option.shapes, intercept=np.log(raw / (1 - raw)), terms=())
        rare = changed(scorer, option=replace(scorer.stored.option, shapes=box), domain=None)
        found = rare.finding(WHO, events(*GOOD), BEFORE)
        assert found.status is Status.WITHHELD
        assert f"began {name} ({100 * min(raw, 1 - raw):.0f} of 100" in found.reason


def test_a_patient_unlike_all_others_is_refused(scorer):
    ancient = [(BIRTH, -110_000), *GOOD[1:]]
    found = scorer.finding(WHO, events(*ancient), BEFORE)
    assert found.status is Status.WITHHELD
    assert "Outside what the comparison has seen" in found.reason


def test_an_interval_with_benefit_and_harm_is_withheld(scorer):
    wide = changed(scorer, validated=False, average=Figure(0.01, -0.02, 0.04))
    found = wide.finding(WHO, events(*GOOD), BEFORE)
    assert (found.status, found.value) == (Status.WITHHELD, None)
    assert "Either option could be better on average" in found.reason
    assert "-2.0 points and +4.0 points" in found.reason
    doubt = replace(scorer.stored.calibrated, mean=0.0, slope=0.0, mean_error=0.1)
    found = changed(scorer, calibrated=doubt).finding(WHO, events(*GOOD), BEFORE)
    assert "Either option could be better for this patient" in found.reason


def test_an_effect_of_exactly_nothing_is_withheld_and_does_not_divide_by_it(scorer):
    nothing = changed(scorer, validated=False, average=Figure(0.0, 0.0, 0.0))
    assert nothing.finding(WHO, events(*GOOD), BEFORE).status is Status.WITHHELD


def test_without_validated_differences_the_average_is_shown_and_called_so(equal):
    scorer = scorer_of(equal)
    found = scorer.finding(WHO, events(*GOOD), BEFORE)
    other = scorer.finding(WHO, events((BIRTH, -21_000), ("S//1", 30)), BEFORE)
    assert found.value == other.value
    assert found.value.amount == equal[2].stored.average.value
    assert any("average of all people" in note for note in found.notes)
    assert found.evidence == ()
    assert not found.synthetic


def test_a_withheld_comparison_says_why_and_nothing_else(scorer):
    found = changed(scorer, withheld=("there is an effect on fall",)).finding(
        WHO, events(*GOOD), BEFORE
    )
    assert (found.status, found.value, found.evidence) == (Status.WITHHELD, None, ())
    assert "effect on fall" in found.reason


def test_with_an_index_the_time_to_begin_ends(tmp_path):
    text = TASK.replace("  comparator: {of: old}", "  comparator: {of: old}\n  grace_days: 300")
    text += "index: {event: first, of: {prefixes: [S//]}}\n"
    _, _, done = made = estimated(tmp_path, text, people=500, gain=True)
    scorer = scorer_of(made)
    assert done.trial.cohort.frame.height > 100
    early = scorer.finding(WHO, events(*GOOD), START + timedelta(days=320))
    assert early.status is not Status.NOT_CHECKED
    late = scorer.finding(WHO, events(*GOOD), START + timedelta(days=321))
    assert late.status is Status.NOT_CHECKED
    assert late.reason.startswith("The time to begin one of the options ended on")
    none = scorer.finding(WHO, events((BIRTH, -22_000), ("H//frail", 100)), BEFORE)
    assert none.status is Status.NOT_CHECKED


def test_days_free_of_the_outcome_are_told_in_days(tmp_path):
    text = TASK + "kind: survival\nestimand: {measure: restricted_mean}\n"
    made = estimated(tmp_path, text, people=700, gain=True)
    stored, card = made[2].stored, made[2].card.to_dict()
    assert stored.average.value > 10  # days
    assert card["effect"]["ratio"] is None
    scorer = scorer_of(made)
    found = scorer.finding(WHO, events(*GOOD), BEFORE)
    assert found.status is Status.FOUND
    assert (found.value.unit, found.horizon_days) == ("d", 365)
    assert 30 < found.value.amount < 200
    assert any(note.startswith("Days free of it within 365") for note in found.notes)
    assert any("new is expected to be better" in note for note in found.notes)
