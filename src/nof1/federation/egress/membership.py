"""The check of membership inference on a stored model; ``attack`` holds the attacks themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nof1.federation.egress import attack, effects
from nof1.federation.egress.attack import Attack, References
from nof1.federation.egress.subject import Subject, Table
from nof1.federation.egress.trainer import Target, Trainer
from nof1.federation.egress.verdict import Check, Found, Status, worst
from nof1.learn.discrimination import auroc_figure
from nof1.learn.domain import Domain, _with_missing_count
from nof1.learn.sums import FloatArray
from nof1.predict.dataset import Dataset

NAME, TITLE = "membership", "Can somebody tell who was among the training patients?"
DOMAIN = "cells of the domain check"
FEWEST = 100  # patients, below which no attack can be measured
BLIND = (
    "Only these attacks were played. A better one may exist: this is no bound, as differential "
    "privacy is.",
    "The models that are attacked were trained like the stored one on fewer patients of this site; "
    "fewer patients leak more, so the figures are on the careful side.",
)
Say = Callable[[str], None]


def check(subject: Subject, say: Say, seed: int, pairs: int = attack.PAIRS) -> Check:
    """Attack the recipe and the file."""
    if subject.effect is not None:
        return _effect(subject, say, seed, pairs)
    table, limit = subject.table, attack.WHY
    if table is None or subject.model is None:
        return Check(NAME, TITLE, "not_checked", subject.why, limit, blind=BLIND)
    people = len(np.unique(table.data.patients[table.rows]))
    if people < FEWEST:
        why = f"Only {people} patients trained it here; at least {FEWEST} are needed."
        return Check(NAME, TITLE, "not_checked", why, limit, blind=BLIND)
    chosen = _chosen(table, seed)
    made = _reference_models(subject.trainer(), table, chosen, say, seed, pairs)
    known, patients = table.target.known[chosen], table.data.patients[chosen]
    attacks = attack.by_recipe(made, known, patients)
    why_not = _not_on_file(subject, table)
    deciding = attacks
    if not why_not:
        deciding = _on_file(subject, table, chosen, made, say)
        attacks = attacks + deciding
    if subject.model.domain is not None and subject.claim is None:
        own = _on_domain(subject.model.domain, table)
        attacks, deciding = [*attacks, own], [*deciding, own]
    return _judged(attacks, deciding, why_not, chosen, len(made.scores), limit)


def _effect(subject: Subject, say: Say, seed: int, pairs: int) -> Check:
    """Attack each glass box of an effect that says a chance."""
    effect, table, limit = subject.effect, subject.table, attack.WHY
    blind = (*BLIND, effects.BLIND)
    assert effect is not None
    if table is None or effect.people is None:
        return Check(NAME, TITLE, "not_checked", subject.why, limit, blind=blind)
    data, folds, why_not = table.data, table.folds, _not_on_file(subject, table)
    attacks: list[Attack] = []
    deciding: list[Attack] = []
    rows = 0
    for part in effect.parts(subject.artefact.files):
        chosen = _some(data.patients, part.rows, seed)
        X, target, patients = data.X[chosen], part.target.at(chosen), data.patients[chosen]
        if len(np.unique(patients)) < FEWEST or not 0 < target.label.sum() < len(chosen):
            continue
        rows = max(rows, len(chosen))
        say(f"Training {2 * pairs} reference models for the membership attack on {part.name}")
        made = attack.references(part, X, target, patients, pairs=pairs, seed=seed)
        own = attack.by_recipe(made, target.known, patients)
        sure = own
        if not why_not:
            held = _without_folds(part, data, part.rows, folds, part.target, chosen)
            stored = attack.signed(part.stored, X, target.label)
            sure = attack.on_file(stored, held, attack.usual(made), target.known, patients)
            own = own + sure
        attacks += [replace(one, name=f"{part.name}: {one.name}") for one in own]
        deciding += [replace(one, name=f"{part.name}: {one.name}") for one in sure]
    if not attacks:
        why = f"Fewer than {FEWEST} people taught each of its glass boxes, or none says a chance."
        return Check(NAME, TITLE, "not_checked", why, limit, blind=blind)
    domain = effect.stored.domain
    if domain is not None and table.same:
        own_domain = _on_domain(domain, table)
        attacks, deciding = [*attacks, own_domain], [*deciding, own_domain]
    made_check = _judged(attacks, deciding, why_not, np.zeros(rows), 2 * pairs, limit)
    return replace(made_check, blind=blind)


def _judged(
    attacks: list[Attack],
    deciding: list[Attack],
    why_not: str,
    chosen: FloatArray,
    models: int,
    limit: str,
) -> Check:
    """The verdict of the attacks that decide: on the file itself, or on the recipe where the file
    cannot be attacked. The recipe's figure is then no figure of the file, and asks for a person."""
    found = [_finding(one, why_not) for one in deciding if one.verdict != "pass"]
    statuses: list[Status] = [one.status for one in found] or ["pass"]
    if why_not:
        found.append(Found("the stored file", f"not attacked itself: {why_not}", 1, "attention"))
        statuses.append("attention")
    status = worst(statuses)
    highest = max(deciding, key=lambda one: one.auc.value or 0.0)
    reason = f"The best deciding attack, {highest.name}, reached an AUC of {highest.auc}."
    if status == "pass":
        reason += f" All end at or below {attack.LIMIT:.2f}."
    elif why_not:
        reason += f" The file itself could not be attacked in full: {why_not}"
    elif status == "attention":
        reason += f" An interval holds {attack.LIMIT:.2f}: too few patients to say."
    figures: Mapping[str, Any] = {
        "limit": attack.LIMIT,
        "rows": len(chosen),
        "reference_models": models,
        "attacks": [{**one.to_dict(), "decides": one in deciding} for one in attacks],
    }
    return Check(NAME, TITLE, status, reason, limit, figures, found, BLIND)


def _finding(one: Attack, why_not: str) -> Found:
    on_file = not why_not or one.name == DOMAIN
    status: Status = "fail" if one.verdict == "fail" and on_file else "attention"
    return Found(f"attack: {one.name}", f"AUC {one.auc}", 1, status)


def _chosen(table: Table, seed: int) -> Any:
    """Rows of at most ``MOST_PATIENTS`` patients."""
    return _some(table.data.patients, table.rows, seed)


def _some(patients: Any, rows: Any, seed: int) -> Any:
    people = np.unique(patients[rows])
    if len(people) > attack.MOST_PATIENTS:
        rng = np.random.default_rng(seed)
        people = rng.choice(people, attack.MOST_PATIENTS, replace=False)
    return rows[np.isin(patients[rows], people)]


def _reference_models(
    trainer: Trainer, table: Table, rows: Any, say: Say, seed: int, pairs: int
) -> References:
    say(f"Training {2 * pairs} reference models for the membership attack")
    data = table.data
    return attack.references(
        trainer, data.X[rows], table.target.at(rows), data.patients[rows], pairs=pairs, seed=seed
    )


def _not_on_file(subject: Subject, table: Table) -> str:
    """Why the stored file cannot be compared with models that this site makes."""
    if subject.federated:
        return "several sites trained it, and this site cannot make such a model without them."
    if subject.claim is not None:
        return "it was made with noise that cannot be drawn again."
    if not table.same:
        return "the record is not the one it was trained on (other patients or rows)."
    return ""


def _on_file(
    subject: Subject, table: Table, chosen: Any, made: References, say: Say
) -> list[Attack]:
    """Models without one fold, and the file's own score of each patient."""
    assert subject.model is not None
    trainer, data, folds = subject.trainer(), table.data, table.folds
    X, label, stored = data.X[chosen], table.target.label[chosen], subject.model.pair.trained
    say(f"Training {len(np.unique(folds[table.rows]))} models that have not seen a fold")
    held = _without_folds(trainer, data, table.rows, folds, table.target, chosen)
    own = attack.signed(lambda rows: stored.decision(rows, table.horizon_days), X, label)
    return attack.on_file(
        own,
        held,
        attack.usual(made),
        table.target.known[chosen],
        data.patients[chosen],
    )


def _without_folds(
    trainer: Trainer, data: Dataset, taught: Any, folds: Any, target: Target, chosen: Any
) -> References:
    """Scores of the chosen rows by a model of the taught rows without each fold."""
    X, label = data.X[chosen], target.label[chosen]
    names = np.unique(folds[taught])
    scores = np.empty((len(names), len(chosen)))
    for number, fold in enumerate(names):
        rows = taught[folds[taught] != fold]
        scorer = trainer(data.X[rows], target.at(rows), data.patients[rows])
        scores[number] = attack.signed(scorer, X, label)
    return References(scores, folds[chosen] != names[:, None])


def _on_domain(domain: Domain, table: Table) -> Attack:
    """Who was among the calibration rows of the domain check: their cells are never empty.

    The tables count the calibration rows (fold 0) on fine grids, so a patient whose cell is empty
    was not among them.
    """
    rows = table.rows
    codes = _with_missing_count(domain.levels.codes(table.data.X[rows]))
    sums, largest = domain._cells(codes)
    ranks = domain._rank_cell(codes)
    filled = [t[c] for t, c in zip(domain.tables, (sums, largest, ranks), strict=True)]
    score = sum((one > 0).astype(np.float64) for one in filled)
    inside = (table.folds[rows] == 0).astype(np.float64)
    auc = auroc_figure(inside, score, patients=table.data.patients[rows])
    hits = attack._hits(np.asarray(score), inside == 1)
    return Attack(DOMAIN, auc, hits)
