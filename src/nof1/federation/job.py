"""A site's part in a training job, from its record to a stored model that all sites share.

In the clear go only names and dates: which features and codes a site has in enough patients, words
for codes, the day of its youngest event. All numbers go through the masked sum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import polars as pl

from nof1 import __version__
from nof1.core import artefacts, audit
from nof1.core.artefacts import Artefact, content_hash
from nof1.core.engine import Engine
from nof1.core.errors import InputError
from nof1.core.workspace import Workspace
from nof1.federation import columns, judged, offered
from nof1.federation.gain import Gain, compare, losing
from nof1.federation.judging import Groups
from nof1.federation.link import Link
from nof1.federation.policy import Policy
from nof1.federation.training import Agreement, Federated, SiteData, fit, prepare
from nof1.learn.card import Card
from nof1.learn.comparison import Choice
from nof1.learn.sums import FloatArray, SecureSum
from nof1.predict.attrition import Attrition
from nof1.predict.card import (
    INTENDED_USE,
    LIMITS,
    NOTES,
    SYNTHETIC,
    outcome_words,
    shown,
    silent_groups,
    withheld,
)
from nof1.predict.cohort import Cohort, compile_cohort
from nof1.predict.dataset import SEX, age_labels
from nof1.predict.fitting import GLASSBOX, Pair
from nof1.predict.model import Model
from nof1.predict.reasons import column_words
from nof1.predict.spec import FeatureSpec
from nof1.predict.task import Task
from nof1.record.store import Record

FEDERATED = (
    "It was judged by patients of the hospitals that trained it, out of fold, from summed counts; "
    "performance elsewhere is unknown."
)
ONLY = "One learner was asked for; no other was compared."
OWN = "own-site.json"


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site says in the clear before training: names, words and a day; no number."""

    spec: dict[str, Any]
    code_sets: list[list[str]]
    words: dict[str, str]
    sexes: list[str]
    data_date: str
    synthetic: bool


@dataclass(frozen=True)
class Trained:
    """What a job made at one site; the model is the same at every site.

    ``gain`` is the site's own and stays there; ``losing`` is the same at all sites.
    """

    artefact: Artefact
    model: Model
    card: Card
    federated: Federated
    gain: Gain
    losing: Mapping[str, Any]


def train(
    link: Link,
    workspace: Workspace,
    text: str,
    policy: Policy,
    engine: Engine | None = None,
    learner: str = GLASSBOX,
) -> Trained:
    """Take part in training the task ``text``; called at every site at the same time.

    Parameters
    ----------
    policy : the site's own rules; a cohort that is too small takes no part.
    learner : a name of ``learn.learners`` that can be trained by sums.

    Raises
    ------
    Refused : the site's cohort is too small.
    ModelError : nothing varies, the leakage audit failed here, or the outcome never happens.
    """
    task, record = Task.parse(text), Record(workspace.record)
    cohort = compile_cohort(task, record, engine)
    policy.enough(*_sizes(cohort))
    offers, specs = _exchanged(link, _offer(task, record, cohort, workspace, engine), task)
    spec = columns.united(specs)
    total = link.open(_digest(text, learner, offers))
    names = columns.agree(task, record, cohort, spec, total, engine)
    agreement = Agreement(task, spec, names, _groups(task, offers), learner)
    site = prepare(record, cohort, agreement, engine)
    federated = fit(site, agreement, total)
    gain = compare(site, agreement, federated.judged[-1])
    lost = losing(gain, total)
    model = _model(task, text, site, federated, offers, link)
    card = _card(task, model, site, federated, cohort, offers, workspace, link, total)
    card = replace(card, notes={**card.notes, "own_patients": gain.words()})
    notes = {
        "card.json": json.dumps(card.to_dict()).encode(),
        "card.md": card.to_markdown().encode(),
        OWN: json.dumps(gain.to_dict()).encode(),
    }
    artefact = artefacts.save(workspace.models, model.name, model.files(), notes)
    judged.save(workspace, artefact.content_hash, federated.judged)
    audit.append(
        workspace.audit, "federated training", job=link.job, sites=list(link.roster.names),
        model=f"{artefact.name}/{artefact.version}", rounds=federated.rounds,
    )  # fmt: skip
    return Trained(artefact, model, card, federated, gain, lost)


def _sizes(cohort: Cohort) -> tuple[int, int]:
    """Patients, and how many of them have the outcome."""
    ever = cohort.frame.group_by("subject_id").agg((pl.col("cause") == 1).any().alias("case"))
    return ever.height, int(ever["case"].sum())


def _offer(
    task: Task, record: Record, cohort: Cohort, workspace: Workspace, engine: Engine | None
) -> Offer:
    """Codes that enough patients have, and those that the task names itself: no rare code."""
    everybody = pl.Series(np.ones(cohort.frame.height, bool))
    spec = columns.offer(task, record, cohort, everybody, engine)
    codes = {*spec.codes, *spec.static_codes, *spec.static_values}
    known = record.codes().drop_nulls("description")
    words = {code: text for code, text in known.select("code", "description").iter_rows()}
    last = record.scan().select(pl.col("time").max()).collect().item()
    return Offer(
        spec=spec.to_dict(),
        code_sets=[
            [code for code in cohort.codes[each] if code in codes or code in each.codes]
            for each in task.code_sets()
        ],
        words={code: text for code, text in words.items() if code in codes},
        sexes=[code for code in spec.static_codes if f"static/{code}".startswith(SEX)],
        data_date=f"{last:%Y-%m-%d}" if last is not None else "undated",
        synthetic=workspace.synthetic,
    )


def _exchanged(link: Link, own: Offer, task: Task) -> tuple[list[Offer], list[FeatureSpec]]:
    """The offers of all sites and the features in them, by name of the site."""
    got = link.exchange(msgspec.json.encode(own))
    try:
        said = {name: msgspec.json.decode(got[name], type=Offer) for name in link.roster.names}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("A site's offer of features cannot be read.", where="federation") from None
    specs = [offered.spec(site, one.spec) for site, one in said.items()]
    for site, one in said.items():
        offered.sets(site, one.code_sets, len(task.code_sets()))
        offered.texts(site, one.sexes, "sexes", offered.GROUPS)
        offered.texts(site, one.words, "words")
        offered.day(site, one.data_date)
    return list(said.values()), specs


def _digest(text: str, learner: str, offers: list[Offer]) -> bytes:
    return hashlib.sha256(msgspec.json.encode([text, learner, __version__, offers])).digest()


def _groups(task: Task, offers: list[Offer]) -> tuple[Groups, ...]:
    """Groups that the card shows: sexes and bands of age. Sites are no group: a table of one site
    would show that site's counts."""
    found = []
    sexes = sorted({code.removeprefix("GENDER//") for one in offers for code in one.sexes})
    if task.groups.sex and sexes:
        found.append(Groups("sex", tuple(sexes)))
    if task.groups.age_years:
        found.append(Groups("age", age_labels(task.groups.age_years)))
    return tuple(found)


def _model(
    task: Task, text: str, site: SiteData, made: Federated, offers: list[Offer], link: Link
) -> Model:
    words = offered.words({k: said for one in reversed(offers) for k, said in one.words.items()})
    fields = [site.data.spec.field(column).code or "" for column in site.data.columns]
    used = {part for code in fields for part in (code, code.partition("//")[2])}
    return Model(
        name=task.name.lower(),
        task_yaml=text,
        code_sets=tuple(
            tuple(sorted({code for one in offers for code in one.code_sets[place]}))
            for place in range(len(task.code_sets()))
        ),
        pair=Pair(made.trained, made.glassbox),
        spec=site.data.spec,
        columns=site.data.columns,
        voices={verdict.horizon_days: verdict.voice for verdict in made.verdicts},
        domain=made.domain,
        drift=made.drift,
        withheld=withheld(made.verdicts),
        silent_groups=silent_groups(made.verdicts),
        level=task.interval_level,
        codes={code: words[code] for code in sorted(used & set(words))},
        data_date=min(one.data_date for one in offers),
        validated_in=(
            f"{made.patients:,} patients of {len(link.roster.names)} hospitals that showed each "
            f"other no row, {task.split.folds}-fold cross-validation by patient (internal)"
        ),
        synthetic=any(one.synthetic for one in offers),
    )


def _card(
    task: Task,
    model: Model,
    site: SiteData,
    made: Federated,
    cohort: Cohort,
    offers: list[Offer],
    workspace: Workspace,
    link: Link,
    total: SecureSum,
) -> Card:
    verdict = shown(made.verdicts)
    steps = _attrition(cohort.attrition, total)
    version = max(artefacts.versions(workspace.models, model.name), default=0) + 1
    return Card(
        name=model.name,
        version=str(version),
        content_hash=content_hash(model.files()),
        created=f"{datetime.now(UTC):%Y-%m-%d}",
        purpose=task.description or f"Risk of {task.outcome.codes.name}.",
        intended_use=INTENDED_USE,
        outcome=outcome_words(task, verdict.horizon_days),
        synthetic=model.synthetic,
        data={
            "period": "the dates of the sites' patients stayed at the sites",
            "data_date": model.data_date,
            "sites": len(link.roster.names),
            "patients": made.patients,
            "rows": made.rows,
            "events": made.events,
            "features": len(model.columns),
            "split": model.validated_in,
        },
        population=f"Validated in {model.validated_in}.",
        attrition=steps,
        features=_terms(site, made, model.codes, total),
        learners={made.trained.name: verdict.evaluation.figures},
        choice=Choice(made.trained.name, made.trained.name, {}, ONLY),
        evaluation=verdict.evaluation,
        gate=verdict.gate,
        notes={**NOTES, "federation": _how(made, link)},
        drift={
            "inputs": f"baseline of {len(model.columns)} features and of the risk is stored",
            "compare": "Drift.compare tells which features have moved, and how far",
        },
        limits=[*LIMITS, FEDERATED, *([SYNTHETIC] * model.synthetic), *cohort.notes],
    )


def _how(made: Federated, link: Link) -> str:
    return (
        f"Trained by {len(link.roster.names)} sites in {made.rounds:,} masked sums; each site sent "
        f"{made.bytes_sent / 1e6:.1f} MB. Sums carry no added noise: they hide rows and sites, "
        "but a model made from them is not differentially private."
    )


def _attrition(own: Attrition, total: SecureSum) -> list[tuple[str, int]]:
    """What each rule left, over all sites."""
    left = total(np.array([step.patients for step in own.steps], dtype=np.float64))
    return [(step.rule, round(count)) for step, count in zip(own.steps, left, strict=True)]


def _terms(
    site: SiteData, made: Federated, codes: Mapping[str, str], total: SecureSum
) -> list[dict[str, Any]]:
    """Each term in words and its mean absolute contribution over all sites, weightiest first."""
    parts: FloatArray = np.abs(made.trained.contributions(site.data.X[site.rows])).sum(axis=0)
    mean = total(parts) / made.rows
    found = []
    for place in np.argsort(-mean, kind="stable"):
        names = made.trained.term_columns()[place]
        if mean[place] > 0 and names:
            words = [column_words(site.data.spec.field(name), codes) for name in names]
            weight = round(float(mean[place]), 4)
            found.append(
                {"name": " with ".join(words), "columns": list(names), "importance": weight}
            )
    return found[:40]
