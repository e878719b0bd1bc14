"""The check that nothing in the file rests on too few patients."""

from __future__ import annotations

import json
from collections.abc import Iterator

from nof1.federation.egress import cells, effects
from nof1.federation.egress.facts import Facts
from nof1.federation.egress.shapefiles import shape_models
from nof1.federation.egress.subject import Subject
from nof1.federation.egress.verdict import Check, Found, of_findings
from nof1.learn.challenger import tree_codes
from nof1.learn.sums import FloatArray
from nof1.predict.effect.question import EffectTask
from nof1.predict.task import Task

NAME, TITLE = "small_cells", "Does anything rest on too few patients?"
BLIND = (
    "Bins of a federated model are judged by the counts that it shows, because the other sites' "
    "patients cannot be counted here.",
    "A hidden cell that stands alone in its row and column of a plane: it cannot be told from a "
    "value of its own.",
    "The counts, bins and card of a private model: they carry noise, so a small one tells nobody.",
    "Two versions of a model laid side by side: their differences can be small cells.",
)


def check(subject: Subject, known: Facts | None, few: int) -> Check:
    """Look at every count, bin, leaf, code and group of model and card."""
    limit = f"No bin, leaf, code, category or group of 1 to {few - 1} patients."
    found = list(_found(subject, known, few))
    status = of_findings(found)
    bad = sum(one.count for one in found if one.status == "fail")
    look = sum(one.count for one in found if one.status == "attention")
    if bad:
        reason = f"{bad} cells rest on fewer than {few} patients."
    elif look:
        reason = f"No bin or group is too small; {look} derived counts or score cells are."
    else:
        reason = f"Everything that was looked at rests on {few} patients or more."
    if subject.claim is not None and not found:
        reason = "Its codes are of many; its counts and bins carry noise and were not looked at."
    if subject.effect is not None and subject.table is None:
        status = "fail" if bad else "attention"
        reason = f"Counts were looked at, bins were not. {subject.why}" if not bad else reason
    elif subject.model is None and subject.effect is None:
        status = "fail" if bad else "attention"
        reason = f"Only the card was looked at. {subject.why}" if not bad else reason
    figures = {"fewest_allowed": few, "too_small": bad, "to_look_at": look}
    return Check(NAME, TITLE, status, reason, limit, figures, found, BLIND)


def _found(subject: Subject, known: Facts | None, few: int) -> Iterator[Found]:
    if subject.effect is not None:
        yield from _effect(subject, few)
        if known is not None:
            yield from _codes(subject, known, few)
        return
    if subject.claim is None:  # the counts of a private model carry noise
        yield from cells.card(subject.card, few)
    if subject.model is None:
        return
    if subject.claim is None:
        yield from _bins(subject, few)
        yield from cells.model_tables(json.loads(subject.artefact.files["model.json"]), few)
    if known is not None:
        yield from _codes(subject, known, few)


def _effect(subject: Subject, few: int) -> Iterator[Found]:
    """Counts, and the bins of each glass box by the people who taught it."""
    assert subject.effect is not None
    yield from cells.effect_card(subject.card, few)
    people = subject.effect.people if subject.effect.same else None
    for place, model in shape_models(subject.artefact):
        rows = count = None
        if people is not None and model.names == subject.columns:
            taught = people.taught(effects.part_of(place))
            own = people.data.patients[taught]
            rows, count = (people.data.X[taught], own), len(set(own.tolist()))
        yield from cells.shapes(model, place, few, rows, count)
    about = json.loads(subject.artefact.files["effect_model.json"])
    for number, table in enumerate((about.get("domain") or {}).get("tables", [])):
        yield from cells.scores(f"effect_model.json, domain/tables/{number}", table, few)


def _bins(subject: Subject, few: int) -> Iterator[Found]:
    assert subject.model is not None
    table = subject.table if subject.table and subject.table.same else None
    rows, patients = None, None
    if table is not None:
        own = table.data.patients[table.rows]
        rows, patients = (table.data.X[table.rows], own), len(set(own.tolist()))
    for place, model in shape_models(subject.artefact):
        flat = model.names == subject.model.columns
        yield from cells.shapes(model, place, few, rows if flat else None, patients)
    for name, raw in subject.artefact.files.items():
        if not name.endswith(".lgb.txt"):
            continue
        yield from cells.trees(raw.decode(), name, few)
        cuts = _tree_cuts(subject, name)
        if rows is not None and cuts is not None:
            codes = tree_codes(rows[0], cuts)
            yield from cells.leaves(raw.decode(), codes, rows[1], name, few)


def _tree_cuts(subject: Subject, name: str) -> list[FloatArray] | None:
    import numpy as np

    assert subject.model is not None
    meta = json.loads(subject.artefact.files.get(name.replace(".lgb.txt", ".json"), b"{}"))
    cuts = meta.get("cuts") or []
    if len(cuts) != len(subject.model.columns):
        return None
    return [np.array(one, dtype=np.float64) for one in cuts]


def _codes(subject: Subject, known: Facts, few: int) -> Iterator[Found]:
    model = subject.effect.stored if subject.effect is not None else subject.model
    assert model is not None
    task = _task(subject)
    spec = {*model.spec.codes, *model.spec.static_codes, *model.spec.static_values}
    sets, file = task.code_sets(), "model.json" if subject.model else "effect_model.json"
    chosen = {code for one in sets for code in (*one.codes, *one.descendants_of)}
    named = {
        f"{file}, spec": spec,
        f"{file}, code_sets": {code for codes in model.code_sets for code in codes},
        f"{file}, codes": set(model.codes),
    }
    if subject.federated:  # this site may have few of what all sites together have often
        named = {}
    yield from cells.codes(named, known.codes, chosen, few)


def _task(subject: Subject) -> Task:
    """The task of a model, or that of an effect."""
    if subject.effect is not None:
        return EffectTask.parse(subject.task_yaml).task
    return Task.parse(subject.task_yaml)
