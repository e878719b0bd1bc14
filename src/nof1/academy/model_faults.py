"""Faults in a copy of the model, or in the rule that is used with it; the record stays as it is."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np

from nof1.academy import rules
from nof1.academy.situation import Situation, sound
from nof1.academy.ward import Person, Ward
from nof1.learn.binary import GlassBoxBinary
from nof1.learn.shapes import ShapeModel, Term
from nof1.learn.sums import FloatArray
from nof1.predict.fitting import Pair, Trained
from nof1.predict.score import Scorer

ODDS = (1.6, 2.0, 2.5)
WEIGHTS = (0.5, 0.7, 0.9)
# Codes that every admission leaves, and their words.
LEAKING = {"LOINC//24323-8": "metabolic panels", "ENCOUNTER//IMP": "stays in hospital"}
ANTICOAGULANTS = ("RxNorm//11289", "RxNorm//1364430")  # warfarin, apixaban
STANDARD_ERROR = 0.1  # of a planted curve, so that the interval stays honest about itself

# Inputs that cause nothing in the generator, and their words.
HARMLESS = {
    "CVX//150/full/count": "an influenza vaccination",
    "static/GENE//TPMT//*1/*1": "the gene TPMT, which has to do with other medicines",
    "LOINC//39156-5/full/count": "how often somebody was weighed",
}


def miscalibration(ward: Ward, person: Person, rng: np.random.Generator) -> Situation:
    """Odds 1.6 to 2.5 times too high, or too low."""
    odds = float(rng.choice(ODDS))
    high = bool(rng.integers(2))
    factor = odds if high else 1 / odds

    def make() -> Scorer:
        model = ward.scorer.model
        voices = {
            days: replace(voice, interval=replace(
                voice.interval,
                recalibration=replace(
                    voice.interval.recalibration,
                    intercept=voice.interval.recalibration.intercept + math.log(factor),
                ),
            ))
            for days, voice in model.voices.items()
        }  # fmt: skip
        return replace(ward.scorer, model=replace(model, voices=voices))

    way, often = ("high", "less") if high else ("low", "more")
    done = (
        f"The odds of this copy of the model are {odds:g} times too {way}: people who are told "
        f"such a risk have the outcome {often} often."
    )
    return replace(sound(ward, person), scorer=ward.kept(("odds", factor), make), done=done)


def leakage(ward: Ward, person: Person, rng: np.random.Generator) -> Situation | None:
    """One more curve: what admissions leave, which in training included those for the outcome."""
    columns = {f"{code}/full/count": code for code in LEAKING}
    column = next((name for name in columns if name in ward.scorer.model.columns), None)
    if column is None:
        return None
    weight, code = float(rng.choice(WEIGHTS)), columns[column]
    scores = np.array([0.0, -weight, 1.2 * weight, 1.8 * weight])
    scorer = _with_curve(ward, column, np.array([1.5, 2.5]), scores)
    done = (
        f"In training, this copy of the model counted {LEAKING[code]} over the whole record. There "
        "is one for each admission, so also for the one with the heart attack."
    )
    return replace(sound(ward, person), scorer=scorer, peeked=frozenset({code}), done=done)


def spurious(ward: Ward, person: Person, rng: np.random.Generator) -> Situation | None:
    """One more curve over something harmless."""
    usable = [name for name in HARMLESS if name in ward.scorer.model.columns]
    if not usable:
        return None
    column = str(rng.choice(usable))
    weight = float(rng.choice(WEIGHTS)) * (1 if rng.integers(2) else -1)
    cut = float(np.nanmedian(ward.column(column))) + 0.5
    cut = min(cut, float(np.nanmax(ward.column(column))) - 0.5)
    above = float((ward.column(column) >= cut).mean())
    # Centred, so that nobody's risk moves on average; the rarer side moves most.
    scores = np.array([0.0, -above, 1 - above]) * 1.2 * weight / max(above, 1 - above)
    scorer = _with_curve(ward, column, np.array([cut]), scores)
    done = f"This copy of the model was given a reason that is none: {HARMLESS[column]}."
    return replace(sound(ward, person), scorer=scorer, done=done)


def wrong_population(ward: Ward, person: Person, rng: np.random.Generator) -> Situation | None:
    """The model also answers for people who start an anticoagulant; nobody validated that."""
    scorer = ward.kept("everybody", lambda: _widened(ward.scorer))
    done = (
        f"The list of people was widened to those who start warfarin or apixaban; this patient "
        f"starts {person.medicine} and has no stent."
    )
    return replace(sound(ward, person), scorer=scorer, done=done)


def old_rule(ward: Ward, person: Person, rng: np.random.Generator) -> Situation | None:
    """A rule that ran out years ago is still in use."""
    behind = sound(ward, person)
    fits = [rule for rule in rules.OLD if rule.applies(behind.seen)]
    if not fits:
        return None
    rule = fits[int(rng.integers(len(fits)))]
    done = (
        f"House rule {rule.name} was valid until {rule.until:%Y-%m-%d} and still multiplied the "
        f"odds by {rule.odds:g}."
    )
    return replace(behind, rule=rule, done=done)


def _widened(scorer: Scorer) -> Scorer:
    """The same model with a longer list of index medicines, and without its check for strangers."""
    task, event = scorer.task, scorer.task.index.event
    assert event is not None
    wider = replace(event.codes, codes=(*event.codes.codes, *ANTICOAGULANTS))
    widened = replace(task, index=replace(task.index, event=replace(event, codes=wider)))
    sets = [
        (*known, *ANTICOAGULANTS) if one == event.codes else known
        for one, known in zip(task.code_sets(), scorer.model.code_sets, strict=True)
    ]
    model = replace(scorer.model, code_sets=tuple(sets), domain=None)
    return replace(scorer, model=model, task=widened)


def _with_curve(ward: Ward, column: str, cuts: FloatArray, scores: FloatArray) -> Scorer:
    """A copy of the model with one more curve over a column."""

    def make() -> Scorer:
        trained = ward.scorer.model.pair.trained
        shapes: ShapeModel = trained.learner.shapes
        counts = np.full(len(scores), float(len(ward.people)) / len(scores))
        spread = np.linspace(-STANDARD_ERROR, STANDARD_ERROR, shapes.n_bags)
        bags = scores[None, :] * (1 + spread[:, None])
        errors = np.abs(scores) * STANDARD_ERROR
        place = shapes.names.index(column)
        term = Term(column, (place,), (cuts,), scores, errors, counts, bags)
        grown = ShapeModel(
            shapes.names, shapes.intercept, shapes.bag_intercepts, (*shapes.terms, term)
        )
        learner = GlassBoxBinary().load({"shapes.json": json.dumps(grown.to_dict()).encode()})
        copy = Trained(trained.name, trained.kind, learner)
        return replace(ward.scorer, model=replace(ward.scorer.model, pair=Pair(copy, copy)))

    return ward.kept((column, tuple(cuts.tolist()), tuple(scores.tolist())), make)
