"""Has the world moved since a shared model was trained: its drift baseline against all sites now.

Sites add up how many rows lie in each level of each feature; only they can read the totals. What
leaves are indices of all sites together and at how many sites a feature has moved much. Each site
keeps its own indices at home.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from nof1.core.errors import ModelError
from nof1.federation import own as homes
from nof1.federation import people as persons
from nof1.federation import stored, veil
from nof1.federation.algorithms import Algorithm, Asked, Result
from nof1.federation.answered import Answered
from nof1.federation.stored import ModelTask
from nof1.federation.tables import columns
from nof1.learn.drift import Drift, DriftRow
from nof1.learn.sums import FloatArray
from nof1.predict.cohort import Cohort, compile_cohort
from nof1.predict.dataset import on_columns
from nof1.predict.model import Model
from nof1.predict.task import Task
from nof1.record.store import Record

MOST = 40  # features that are told


def run(asked: Asked) -> Result:
    """Compare at all sites.

    Raises
    ------
    Refused : the site's cohort is too small, or nearly one that it has answered about.
    ModelError : not all sites have the model, or it has no baseline.
    """
    wanted = ModelTask.parse(asked.text)
    artefact = stored.shared_version(asked, wanted)
    model = Model.read(artefact)
    if model.drift is None:
        raise ModelError("The model has no drift baseline.", where=f"model {wanted.model}")
    now, subjects, patients = _counted(asked, model, model.drift, wanted)
    kept = Answered.of_workspace(asked.workspace.root)
    agreed = persons.agree(asked, f"drift {artefact.content_hash}")
    hashes = np.sort(kept.hashes(subjects))
    kept.cohort(hashes, agreed.k)
    mine = {row.name: row for row in model.drift.compare_counts(now)}
    moved = np.array([mine[name].drifted for name in model.drift.levels.names], dtype=np.float64)
    total = veil.opened(asked.link, agreed.digest)
    kept.keep(veil.name(total), asked.link.job, hashes)
    summed = total(np.concatenate([now.ravel(), moved, [float(patients)]]))
    everywhere = _without_small(summed[: now.size].reshape(now.shape), agreed.k)
    sites = dict(zip(model.drift.levels.names, np.rint(summed[now.size : -1]), strict=True))
    rows = model.drift.compare_counts(everywhere)
    homes.keep(asked.workspace, asked.link.job, "drift", {
        "model": artefact.name, "features": [_line(mine[row.name]) for row in rows[:MOST]],
    })  # fmt: skip
    figures = {
        "model": artefact.name,
        "model_hash": artefact.content_hash,
        "since": wanted.since.isoformat() if wanted.since else None,
        "synthetic": agreed.synthetic,
        "least_cell": agreed.k,
        "patients": round(summed[-1]),
        "sites": len(asked.link.roster.names),
        "drifted": sum(row.drifted for row in rows),
        "features": [_line(row) | {"sites_drifted": int(sites[row.name])} for row in rows[:MOST]],
    }
    return Result(artefact.name, str(artefact.version), "", figures)


def _counted(
    asked: Asked, model: Model, drift: Drift, wanted: ModelTask
) -> tuple[FloatArray, pl.Series, int]:
    """Rows by level (p + 1, levels), the subjects, and how many they are."""
    task, record = Task.parse(model.task_yaml), Record(asked.workspace.record)
    cohort = _since(compile_cohort(task, record, asked.engine), wanted)
    ever = cohort.frame.group_by("subject_id").agg((pl.col("cause") == 1).any())
    asked.policy.enough(ever.height, int(ever["cause"].sum()))
    data = on_columns(task, record, cohort, model.spec, model.columns, asked.engine)
    last = max(model.voices)
    risk = model.voices[last].interval.risk(model.pair.trained.decision(data.X, last))
    return drift.count(data.X, risk), ever["subject_id"], ever.height


def _since(cohort: Cohort, wanted: ModelTask) -> Cohort:
    if wanted.since is None:
        return cohort
    frame = cohort.frame.filter(pl.col("prediction_time") >= pl.lit(wanted.since).cast(pl.Datetime))
    return replace(cohort, frame=frame)


def _without_small(counts: FloatArray, k: int) -> FloatArray:
    """Counts of 1 to k - 1 rows of all sites become k / 2, as in the baseline."""
    return np.where((counts > 0) & (counts < k), k / 2, counts)


def _line(row: DriftRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "psi": round(row.psi, 3),
        "psi_by_chance": round(row.psi_by_chance, 3),
        "ks": round(row.ks, 3),
        "missing_before": round(row.missing_before, 3),
        "missing_now": round(row.missing_now, 3),
        "drifted": row.drifted,
    }


def words(figures: Mapping[str, Any]) -> list[str]:
    """The indices for people."""
    rows = [
        [f"{one['psi']:.3f}", f"{one['ks']:.3f}", f"{one['missing_before']:.1%}",
         f"{one['missing_now']:.1%}", one["sites_drifted"], one["name"]]
        for one in figures["features"][:15]
    ]  # fmt: skip
    head = ["PSI", "KS", "missing then", "now", "sites", "feature"]
    return [
        f"{figures['model']}, against its baseline",
        f"{figures['patients']:,} patients of {figures['sites']} sites"
        + (f" since {figures['since']}" if figures["since"] else ""),
        f"{figures['drifted']} features have moved much (PSI above 0.2, more than chance).",
        "",
        *columns([head, *rows], right=(0, 1, 2, 3, 4)),
        "",
        "«sites»: at how many sites the feature has moved much. Each site's own indices",
        "are in its workspace, below federation/own.",
    ]


DRIFT = Algorithm("drift", ("drift",), stored.read, run, words=words)
