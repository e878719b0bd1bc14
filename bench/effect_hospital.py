"""Effects of the synthetic hospital, whose individual effects are known.

Nobody's effect comes from a model that has seen that person. The true effect is the difference of
the exact one-year risks from ``truth/index_dates.csv``.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.measured import SCRATCH
from nof1.core.workspace import create
from nof1.learn.effect.analysis import Analysis, analyse
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.nuisance import fit_propensity
from nof1.learn.effect.one_armed import one_armed
from nof1.learn.effect.overlap import supported
from nof1.learn.effect.recipe import Recipe
from nof1.learn.effect.regions import lonely
from nof1.learn.sums import local_sum
from nof1.predict.effect.estimate import rows_of
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.table import learning_table
from nof1.predict.effect.trial import compile_trial
from nof1.record.ingest import ingest
from nof1.record.store import Record
from nof1.synthetic.hospital import Hospital
from nof1.synthetic.radiology import Imaging

FOLDER = SCRATCH / "effect"
COMPARISONS = {"ticagrelor": "antiplatelet", "apixaban": "anticoagulant"}
"""Task file (``NAME_effect.yaml``) -> group of the index dates in the truth."""
LEAST = 30
"""Patients that a code needs in the packaged task files; the default of task files is 10."""
LEVEL = 0.95
FIRM = (0.15, 0.85)
"""True propensities of people who surely have counterparts."""


@dataclass(frozen=True)
class Case:
    """One comparison in one hospital: rows, true effects (n,), true propensities (n,)."""

    name: str
    arms: Arms
    true: np.ndarray
    chance: np.ndarray


@dataclass(frozen=True)
class Told:
    """What a program says of each person (n,), with limits, and the CPU seconds it took."""

    effect: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cpu_s: float


def cases(seed: int, patients: int, least: int = LEAST) -> Iterator[Case]:
    """Both comparisons of a hospital; arrays are kept in ``.bench/effect``.

    Parameters
    ----------
    least : patients that a code needs to be a feature (``min_patients``).
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    more = "" if least == LEAST else f"-{least}"
    paths = {name: FOLDER / f"{name}@{seed}-{patients}{more}.npz" for name in COMPARISONS}
    if not all(path.exists() for path in paths.values()):
        _prepare(seed, patients, least, paths)
    for name, path in paths.items():
        kept = np.load(path, allow_pickle=False)
        arms = Arms.of(
            kept["X"], kept["treated"], kept["y"], names=[str(one) for one in kept["names"]],
            weight=kept["weight"], keys=kept["keys"],
            kin=[_code(str(one)) for one in kept["names"]],
        )  # fmt: skip
        yield Case(name, arms, kept["true"], kept["chance"])


def _code(column: str) -> str:
    """The code of a column: what ``nof1 effect`` takes from the specification of the features."""
    if column.startswith("static/"):
        return column.removeprefix("static/").removesuffix("/value")
    return column.rsplit("/", 2)[0]


def _prepare(seed: int, patients: int, least: int, paths: dict[str, Path]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plan = Hospital(seed=seed, patients=patients, imaging=Imaging.none())
        written = plan.write(root / "files")
        workspace = create(root / "workspace", shards=1, synthetic=True)
        for site, source in written.sites.items():
            ingest(workspace.record, [source], site=site, settings={"shards": 1})
        record = Record(workspace.record)
        answers = pl.read_csv(written.truth / "index_dates.csv", infer_schema_length=None)
        for name, path in paths.items():
            np.savez_compressed(path, **_rows(name, least, record, answers))


def _rows(name: str, least: int, record: Record, answers: pl.DataFrame) -> dict[str, Any]:
    """Arrays of one comparison, made by the code of ``nof1 effect``."""
    text = files("nof1.synthetic").joinpath("descriptions", f"{name}_effect.yaml").read_text()
    question = EffectTask.parse(text.replace(f"min_patients: {LEAST}", f"min_patients: {least}"))
    trial = compile_trial(question, record)
    data, _ = learning_table(question, record, trial)
    arms, _ = rows_of(question, data, trial)
    known = answers.filter(pl.col("group") == COMPARISONS[name]).select(
        "patient_id", pl.col("effect").cast(pl.Float64), pl.col("propensity").cast(pl.Float64)
    )
    people = record.subjects().select("subject_id", "patient")
    told = (
        trial.cohort.frame.select("subject_id")
        .join(people, on="subject_id", how="left", maintain_order="left")
        .join(known, left_on="patient", right_on="patient_id", how="left", maintain_order="left")
    )
    return {
        "X": arms.X, "treated": arms.treated, "y": arms.y, "names": np.array(arms.names),
        "weight": arms.weight, "keys": arms.keys, "true": told["effect"].to_numpy(),
        "chance": told["propensity"].to_numpy(),
    }  # fmt: skip


def ours(arms: Arms, recipe: Recipe) -> tuple[Analysis, Told]:
    """Out-of-fold effects with their limits, as the analysis makes them."""
    start = time.process_time()
    made = analyse(arms, recipe)
    cpu = time.process_time() - start
    found = made.crossed[made.chosen]
    low, high = made.calibrated.interval(found.raw, found.bags, LEVEL)
    return made, Told(made.calibrated.effect(found.raw), low, high, cpu)


def _line(who: str, told: Told, true: np.ndarray, rows: np.ndarray) -> str:
    off = (told.effect - true)[rows]
    inside = ((told.low <= true) & (true <= told.high))[rows]
    alike = np.corrcoef(told.effect[rows], true[rows])[0, 1] if told.effect[rows].std() else 0.0
    wide = (told.high - told.low)[rows].mean()
    return (
        f"  {who:<24} sqrt(PEHE) {np.sqrt(np.mean(off**2)):.4f}  r {alike:.2f}  "
        f"covers {inside.mean():.3f} (mean width {wide:.3f})  {told.cpu_s:.1f} CPU s"
    )


def refusals(seeds: list[int], patients: int, least: int) -> None:
    """Print who is refused, out of fold: by the propensity alone, and with the regions."""
    for seed in seeds:
        for case in cases(seed, patients, least):
            arms, recipe = case.arms, Recipe(folds=5, seed=1)
            folds = arms.folds(recipe.folds, recipe.seed)
            thin, alone = np.zeros(len(folds), bool), np.zeros(len(folds), bool)
            start = time.process_time()
            for fold in range(recipe.folds):
                used, here = (folds != fold).astype(float), folds == fold
                option = fit_propensity(arms, used, recipe)
                thin[here] = ~supported(option.mean(arms.X[here]), recipe.least_propensity)
                regions = one_armed(arms, used, option.shapes, recipe, local_sum)
                alone[here] = lonely(regions, arms.X[here])
            cpu = time.process_time() - start
            shape = " x ".join(f"{size:,}" for size in arms.X.shape)
            print(f"seed {seed} {case.name}: {shape}, codes of {least} patients; {cpu:.1f} CPU s")
            print(f"  by the propensity:{_refused(thin, case)}")
            print(f"  and by regions:   {_refused(thin | alone, case)}", flush=True)


def _refused(out: np.ndarray, case: Case) -> str:
    """People without a choice in the hospital, and people with a real one."""
    none = (case.chance <= 0) | (case.chance >= 1)
    firm = (case.chance >= FIRM[0]) & (case.chance <= FIRM[1])
    return (
        f" refused {out[none].mean():.3f} of {none.sum()} without a choice, "
        f"{out[firm].mean():.3f} of {firm.sum()} with a true propensity of {FIRM[0]} to {FIRM[1]}"
    )


def shown(seeds: list[int], patients: int) -> None:
    """Print one block for each seed and comparison."""
    for seed in seeds:
        for case in cases(seed, patients):
            _one(seed, case)


def _one(seed: int, case: Case) -> None:
    made, told = ours(case.arms, Recipe(folds=5, seed=1))
    rows = (made.rows > 0) & ~np.isnan(case.true)
    shape = " x ".join(f"{size:,}" for size in case.arms.X.shape)
    print(
        f"seed {seed} {case.name}: {shape}, {rows.sum():,} with counterparts; true effect "
        f"{case.true[rows].mean():+.3f} (sd {case.true[rows].std():.3f}), estimated {made.effect}; "
        f"learner {made.chosen}; validated {made.validated}"
    )
    print(_line("nof1", told, case.true, rows), flush=True)
    low, high = (np.full(len(rows), one) for one in (made.effect.low, made.effect.high))
    flat = Told(np.full(len(rows), made.effect.value), low, high, told.cpu_s)
    print(_line("the average for all", flat, case.true, rows), flush=True)
    print(f" {_refused(made.rows == 0, case)}", flush=True)
