"""Splits: which rows a model is judged on, and which rows it may have seen before.

- ``patient``: folds over all patients, each in turn judged by a model of the others;
- ``site``: the same, each site a fold (leave one site out);
- ``time``: rows from a date on are the test set; the rows before it are folds for calibration.

Where a patient stands is decided by a hash of the patient alone, dealt out within strata of label
and site, so that folds are even and the order of rows plays no part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from nof1.core.errors import ModelError
from nof1.predict.modelling import SplitPlan

Rows = npt.NDArray[np.int64]
_EMPTY = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Splits:
    """Row numbers of a cohort.

    Attributes
    ----------
    folds : int64 (n_rows,), the fold 0 to k - 1 of a row of development, -1 for all others. All
        rows of a patient are in one fold.
    test : rows that are only judged; empty for a cross-validation.
    unused : rows in no part, with ``note`` saying why.
    """

    folds: Rows
    test: Rows
    unused: Rows
    note: str

    @property
    def train(self) -> Rows:
        """Rows of development, rising: they train and calibrate."""
        return np.flatnonzero(self.folds >= 0)

    def rounds(self) -> Iterator[tuple[Rows, Rows]]:
        """Rows to fit on and rows to judge on, for each round of the evaluation."""
        if len(self.test):
            yield self.train, self.test
            return
        for fold in np.unique(self.folds[self.train]):
            yield self.train[self.folds[self.train] != fold], np.flatnonzero(self.folds == fold)

    def to_dict(self) -> dict[str, Any]:
        """Sizes only; never who."""
        return {
            "train": len(self.train),
            "test": len(self.test),
            "unused": len(self.unused),
            "folds": int(self.folds.max(initial=-1)) + 1,
            "note": self.note,
        }


def split(frame: pl.DataFrame, plan: SplitPlan, *, end_days: float = 0.0) -> Splits:
    """Divide the rows of a cohort.

    Parameters
    ----------
    frame : the cohort's frame (see ``nof1.predict.cohort``).
    plan : the method. In a split by ``time``, a patient with a row from ``plan.at`` on has no
        other row in use.
    end_days : of the time at risk. In a split by time, what was not yet known at ``plan.at``
        may not train: rows whose time at risk ends later are left out. Infinite means no limit.

    Raises
    ------
    ModelError : a fold or the test set without any case, or (binary) without any person free of
        the outcome; fewer than two sites for a split by site.
    """
    everybody = np.ones(frame.height, bool)
    if plan.method == "patient":
        note = f"{plan.folds} folds by patient"
        found = Splits(folds_by_patient(frame, everybody, plan), _EMPTY, _EMPTY, note)
    elif plan.method == "site":
        found = _by_site(frame)
    else:
        found = _by_time(frame, plan, end_days)
    for number, (_, judged) in enumerate(found.rounds()):
        name = "test part" if len(found.test) else f"fold {number + 1}"
        _require_both(frame[judged], name, plan)
    return found


def _by_site(frame: pl.DataFrame) -> Splits:
    """A patient seen at two sites belongs to the first by name, with all rows."""
    sites = sorted(frame["site"].drop_nulls().unique())
    if len(sites) < 2:
        raise ModelError(
            "A split by site needs at least two sites.",
            where="split, method",
            next_step="Choose `method: patient` or `method: time`.",
        )
    own = frame.select(pl.col("site").min().over("subject_id")).to_series()
    folds = own.replace_strict(sites, range(len(sites)), default=-1, return_dtype=pl.Int64)
    numbers = folds.to_numpy()
    note = "each site in turn is judged by a model of the others"
    return Splits(numbers, _EMPTY, np.flatnonzero(numbers < 0), note)


def _by_time(frame: pl.DataFrame, plan: SplitPlan, end_days: float) -> Splits:
    if plan.at is None:
        raise ModelError("A split by time needs its date.", where="split, at")
    at = np.datetime64(datetime(plan.at.year, plan.at.month, plan.at.day), "us")
    time, subject = frame["prediction_time"].to_numpy(), frame["subject_id"].to_numpy()
    test = time >= at
    twice = ~test & np.isin(subject, subject[test])
    wait = np.timedelta64(int(end_days * 86_400e6) if np.isfinite(end_days) else 0, "us")
    open_ = ~test & ~twice & (time + wait > at)
    note = (
        f"by time at {plan.at}; left out: {int(twice.sum())} earlier rows of test patients, "
        f"{int(open_.sum())} rows whose time at risk ends after that date"
    )
    folds = folds_by_patient(frame, ~(test | twice | open_), plan)
    return Splits(folds, np.flatnonzero(test), np.flatnonzero(twice | open_), note)


def _draw(subject_id: pl.Series, seed: int) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each patient (SplitMix64), the same on every machine.

    Reference: Steele, Lea, Flood, Fast splittable pseudorandom number generators, 2014.
    """
    with np.errstate(over="ignore"):
        state = subject_id.cast(pl.Int64).to_numpy().astype(np.uint64)
        for salt in (np.uint64(seed), np.uint64(0x6E6F6631)):
            state = (state ^ salt) + np.uint64(0x9E3779B97F4A7C15)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state ^= state >> np.uint64(31)
    return (state >> np.uint64(11)).astype(np.float64) / 2.0**53


def folds_by_patient(frame: pl.DataFrame, train: npt.NDArray[np.bool_], plan: SplitPlan) -> Rows:
    """Patients of each stratum (ever a case, site), in the order of their draw, dealt in turn."""
    rows = frame.select("subject_id", "cause", "site").with_columns(
        pl.Series("draw", _draw(frame["subject_id"], plan.seed + 1)), pl.Series("train", train)
    )
    patients = (
        rows.filter("train")
        .group_by("subject_id")
        .agg(
            (pl.col("cause") == 1).any().alias("case"), pl.col("site").min(), pl.col("draw").first()
        )
    )
    # Cases are dealt from the front and others from behind, so that fold sizes stay even.
    turn = pl.int_range(pl.len()).over("case", "site", order_by=["draw", "subject_id"])
    dealt = patients.with_columns(turn.alias("turn")).select(
        "subject_id",
        pl.when("case")
        .then(pl.col("turn") % plan.folds)
        .otherwise(plan.folds - 1 - pl.col("turn") % plan.folds)
        .alias("fold"),
    )
    joined = rows.join(dealt, on="subject_id", how="left", maintain_order="left")
    found = pl.when("train").then("fold").otherwise(-1).fill_null(-1)
    return joined.select(found.cast(pl.Int64)).to_series().to_numpy()


def _require_both(rows: pl.DataFrame, name: str, plan: SplitPlan) -> None:
    cases = rows.filter(pl.col("cause") == 1).height
    others = rows.height - cases
    binary = rows["label"].null_count() == 0
    if cases == 0 or (binary and others == 0):
        raise ModelError(
            f"The {name} of the split has {cases} people with the outcome and {others} without.",
            where=f"split, method {plan.method}",
            allowed="some of both in every part",
            next_step="Choose fewer folds, another date or method, or a larger cohort.",
        )
