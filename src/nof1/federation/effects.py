"""Who benefits, from the patients of several hospitals: the effect of one place, by masked sums.

The same analysis as ``nof1 effect``, from the same lines: folds, bins, boxes, scores, the line of
modifiers and the bootstrap are sums, so every site ends with the effect that one hospital with all
rows would have. In the clear go names and a day: which features and codes a site has in enough
patients, and words for codes.

EconML's forest needs all rows in one place and is no part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from textwrap import wrap
from typing import Any

import msgspec
import numpy as np
import polars as pl

from nof1 import __version__
from nof1.core import audit
from nof1.core.errors import InputError
from nof1.federation import columns, offered
from nof1.federation.algorithms import Algorithm, Asked, Result
from nof1.federation.link import Link
from nof1.learn.effect.analysis import Analysis, analyse
from nof1.learn.effect.recipe import Recipe
from nof1.learn.sums import CountedSum
from nof1.predict import leakage
from nof1.predict.dataset import Dataset, on_columns
from nof1.predict.effect.card import Counts
from nof1.predict.effect.controls import control
from nof1.predict.effect.estimate import (
    Said,
    code_sets,
    kept,
    last_day,
    rows_of,
    stored_effect,
)
from nof1.predict.effect.model import StoredEffect
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.table import refuse_colliders, without_options
from nof1.predict.effect.trial import Trial, compile_trial
from nof1.predict.spec import FeatureSpec
from nof1.predict.splits import Splits, folds_by_patient
from nof1.record.store import Record

OUTPUTS = ("effect", "vocabulary")


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site says in the clear before the analysis: names, words and a day; no number."""

    spec: dict[str, Any]
    code_sets: list[list[str]]
    arms: list[list[str]]
    words: dict[str, str]
    data_date: str
    synthetic: bool


def read(text: str) -> None:
    """Refuse a text that asks for no effect.

    Raises
    ------
    InputError : naming line and column.
    """
    EffectTask.parse(text)


def run(asked: Asked) -> Result:
    """Take part in an effect; called at every site at the same time.

    Raises
    ------
    Refused : too few people here began one of the options.
    ModelError : an arm is empty, hardly anybody has a counterpart, or the audit failed here.
    """
    question, record = EffectTask.parse(asked.text), Record(asked.workspace.record)
    trial = compile_trial(question, record, asked.engine)
    asked.policy.enough(*_sizes(trial))
    offers = _exchanged(asked.link, _offer(question, record, trial, asked))
    total = CountedSum(asked.link.open(_digest(asked.text, offers)))
    data = _table(question, record, trial, offers, asked, total)
    arms, known = rows_of(question, data, trial, total)
    plan = question.task.split
    recipe = Recipe(folds=plan.folds, seed=plan.seed, level=question.task.interval_level)
    # One function for all sums: bins are kept by the sum that agreed on them.
    analysis = analyse(arms, recipe, harm=question.estimand.harm, total=total)
    controls = tuple(
        control(one, question, trial, data, arms, analysis, record, asked.engine, total)
        for one in question.negative_controls
    )
    counts = Counts.of(trial, known, analysis, total)
    said = _said(offers, counts, len(asked.link.roster.names), recipe)
    folds = _folds(question, trial)
    stored = stored_effect(question, said, data, folds, arms, analysis, controls, total)
    artefact, _ = kept(asked.workspace, question, counts, data, analysis, controls, stored)
    audit.append(
        asked.workspace.audit, "federated effect", job=asked.link.job,
        sites=list(asked.link.roster.names), model=f"{artefact.name}/{artefact.version}",
        rounds=total.rounds,
    )  # fmt: skip
    figures = _figures(stored, analysis, counts, total)
    return Result(artefact.name, str(artefact.version), artefact.content_hash, figures)


def _sizes(trial: Trial) -> tuple[int, int]:
    """People of this site who began an option, and how many of them have the outcome."""
    ever = trial.cohort.frame.group_by("subject_id").agg((pl.col("cause") == 1).any().alias("case"))
    return ever.height, int(ever["case"].sum())


def _offer(question: EffectTask, record: Record, trial: Trial, asked: Asked) -> Offer:
    """Codes that enough people have, and those that the file names itself: no rare code."""
    frame = trial.cohort.frame
    everybody = pl.Series(np.ones(frame.height, bool))
    task = without_options(question, record, trial)
    spec = columns.offer(task, record, trial.cohort, everybody, asked.engine)
    treatment = question.treatment
    own = (treatment.comparator.codes, treatment.strategy.codes)
    common = {*spec.codes, *spec.static_codes, *spec.static_values}
    common |= _common(record, {*trial.arms[0], *trial.arms[1]}, question.task.features.min_patients)
    known = record.codes().drop_nulls("description")
    words = {code: text for code, text in known.select("code", "description").iter_rows()}
    sets = zip(question.task.code_sets(), code_sets(question, trial), strict=True)
    return Offer(
        spec=spec.to_dict(),
        code_sets=[[c for c in found if c in common or c in each.codes] for each, found in sets],
        arms=[
            [c for c in found if c in common or c in each.codes]
            for each, found in zip(own, trial.arms, strict=True)
        ],
        words={code: text for code, text in words.items() if code in common},
        data_date=last_day(record),
        synthetic=asked.workspace.synthetic,
    )


def _common(record: Record, codes: set[str], least: int) -> set[str]:
    """Those of the codes that enough patients have."""
    scans = [pl.scan_parquet(path) for path in record.shards()]
    counts = (
        pl.concat(scans, how="diagonal_relaxed")
        .filter(pl.col("code").is_in(sorted(codes)))
        .group_by("code")
        .agg(pl.col("subject_id").n_unique().alias("patients"))
        .filter(pl.col("patients") >= least)
        .collect()
    )
    return set(counts["code"].to_list())


def _exchanged(link: Link, own: Offer) -> list[Offer]:
    """The offers of all sites, by name of the site."""
    got = link.exchange(msgspec.json.encode(own))
    try:
        said = {name: msgspec.json.decode(got[name], type=Offer) for name in link.roster.names}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("A site's offer of features cannot be read.", where="federation") from None
    for site, one in said.items():
        offered.spec(site, one.spec)
        offered.sets(site, one.code_sets, len(own.code_sets))
        offered.sets(site, one.arms, len(own.arms))
        offered.texts(site, one.words, "words")
        offered.day(site, one.data_date)
    return list(said.values())


def _digest(text: str, offers: list[Offer]) -> bytes:
    return hashlib.sha256(msgspec.json.encode([text, "effect", __version__, offers])).digest()


def _folds(question: EffectTask, trial: Trial) -> Any:
    frame = trial.cohort.frame
    return folds_by_patient(frame, np.ones(frame.height, bool), question.task.split)


def _table(
    question: EffectTask, record: Record, trial: Trial, offers: list[Offer], asked: Asked,
    total: CountedSum,
) -> Dataset:  # fmt: skip
    """This site's learning table on the columns of all sites, audited here."""
    task = without_options(question, record, trial)
    spec = columns.united(FeatureSpec.from_dict(one.spec) for one in offers)
    banned = {code for one in offers for arm in one.arms for code in arm}
    spec = replace(spec, codes=tuple(code for code in spec.codes if code not in banned))
    names = columns.agree(task, record, trial.cohort, spec, total, asked.engine)
    made = on_columns(task, record, trial.cohort, spec, names, asked.engine)
    data = replace(made, task=question.task)
    refuse_colliders(question, record, data)
    none, folds = np.zeros(0, np.int64), question.task.split.folds
    splits = Splits(_folds(question, trial), none, none, f"{folds} folds by patient")
    leakage.audit(question.task, trial.cohort, data, splits, record.shards()).require()
    return data


def _said(offers: list[Offer], counts: Counts, sites: int, recipe: Recipe) -> Said:
    def joined(parts: list[list[str]]) -> tuple[str, ...]:
        return tuple(sorted({code for part in parts for code in part}))

    places = range(len(offers[0].code_sets))
    people = counts.people["treatment"] + counts.people["comparator"]
    return Said(
        code_sets=tuple(joined([one.code_sets[place] for one in offers]) for place in places),
        arms=(joined([one.arms[0] for one in offers]), joined([one.arms[1] for one in offers])),
        words=offered.words(
            {code: said for one in reversed(offers) for code, said in one.words.items()}
        ),
        data_date=min(one.data_date for one in offers),
        validated_in=f"{people:,} people who began one of the options, of {sites} hospitals that "
        f"showed each other no row, {recipe.folds}-fold cross-fitting by patient (observational, "
        "internal)",
        synthetic=any(one.synthetic for one in offers),
    )


def _figures(
    stored: StoredEffect, analysis: Analysis, counts: Counts, total: CountedSum
) -> dict[str, Any]:
    """What the coordinator is told: figures of all sites together."""
    return {
        "effect": stored.name,
        "measure": stored.measure,
        "people": dict(counts.people),
        "difference": analysis.effect.to_dict(),
        "validated": stored.validated,
        "learner": stored.learner,
        "rounds": total.rounds,
        "bytes_sent_by_each_site": total.bytes_sent,
        "withheld": list(stored.withheld),
        "synthetic": stored.synthetic,
    }


def words(figures: Mapping[str, Any]) -> list[str]:
    """What was found, for people."""
    people, found = figures["people"], figures["difference"]
    risk = figures["measure"] == "risk_difference"
    factor, unit = (100.0, "points") if risk else (1.0, "days")
    said = "not estimable"
    if found["value"] is not None:
        value, low, high = (factor * found[key] for key in ("value", "low", "high"))
        said = f"{value:+.1f} {unit} ({low:+.1f} to {high:+.1f})"
    personal = "validated" if figures["validated"] else "not validated: the average is what is said"
    return [
        f"{figures['effect']}: {'WITHHELD for single people' if figures['withheld'] else 'stored'}",
        "",
        f"{people['treatment']:,} people with the option, {people['comparator']:,} with the "
        "comparator",
        f"average effect: {said}",
        f"differences between people: {personal}",
        f"{figures['rounds']:,} masked sums; each site sent "
        f"{figures['bytes_sent_by_each_site'] / 1e6:.1f} MB.",
        *(part for why in figures["withheld"] for part in wrap(f"Withheld: {why}", 78)),
        "",
        f"Next step, at a site: nof1 card {figures['effect']} -w FOLDER",
    ]


EFFECT = Algorithm("effect", OUTPUTS, read, run, words=words)
