"""Splits: which rows train, which calibrate, which test.

Where a patient goes is decided by a hash of the patient alone. So a patient who once was in the
test set stays there when the record grows, and parts hold all strata in proportion. The folds for
cross-validation are dealt out within strata of label and site; they serve one run only.
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
_PARTS = ("train", "calibration", "test")


@dataclass(frozen=True)
class Splits:
    """Row numbers of a cohort.

    Attributes
    ----------
    train, calibration, test : int64, rising, without a row in common.
    folds : int64 (n_rows,), the fold 0 to k - 1 of a training row, -1 for all others. All rows of
        a patient are in one fold.
    unused : rows in no part, with ``note`` saying why.
    """

    train: Rows
    calibration: Rows
    test: Rows
    folds: Rows
    unused: Rows
    note: str

    def fold(self, number: int) -> tuple[Rows, Rows]:
        """Rows to fit and rows to check in one round of cross-validation."""
        return self.train[self.folds[self.train] != number], np.flatnonzero(self.folds == number)

    def to_dict(self) -> dict[str, Any]:
        """Sizes only; never who."""
        sizes = {name: len(getattr(self, name)) for name in (*_PARTS, "unused")}
        return {**sizes, "folds": int(self.folds.max(initial=-1)) + 1, "note": self.note}


def split(
    frame: pl.DataFrame, plan: SplitPlan, *, end_days: float = 0.0, site: str | None = None
) -> Splits:
    """Divide the rows of a cohort.

    Parameters
    ----------
    frame : the cohort's frame (see ``nof1.predict.cohort``).
    plan : the method. ``patient``: a share of patients tests. ``time``: rows from ``plan.at`` on
        test; a patient with such a row has no other row in use. ``site``: one site tests.
    end_days : of the time at risk. In a split by time, what was not yet known at ``plan.at``
        may not train: rows whose time at risk ends later are left out. Infinite means no limit.
    site : the site that tests; default: the one whose size is closest to the test fraction.

    Raises
    ------
    ModelError : a part without any case, or (binary) without any person free of the outcome.
    """
    draw = _draw(frame["subject_id"], plan.seed)
    test, unused, note = _test_rows(frame, plan, draw, end_days, site)
    rest = ~test & ~unused
    if plan.method == "patient":
        calibrates = rest & (draw < plan.test_fraction + plan.calibration_fraction)
    else:
        share = plan.calibration_fraction / (1 - plan.test_fraction)
        calibrates = rest & (draw < share)
    parts = {"train": rest & ~calibrates, "calibration": calibrates, "test": test}
    for name, rows in parts.items():
        _require_both(frame.filter(pl.Series(rows)), name, plan)
    folds = _folds(frame, parts["train"], plan)
    train, calibration, held_out = (np.flatnonzero(parts[name]) for name in _PARTS)
    return Splits(train, calibration, held_out, folds, np.flatnonzero(unused), note)


def leave_one_site_out(
    frame: pl.DataFrame, plan: SplitPlan, *, end_days: float = 0.0
) -> Iterator[tuple[str, Splits]]:
    """Each site in turn as the test set, in alphabetical order.

    Raises
    ------
    ModelError : fewer than two sites.
    """
    for site in _sites(frame):
        yield site, split(frame, plan, end_days=end_days, site=site)


def _test_rows(
    frame: pl.DataFrame,
    plan: SplitPlan,
    draw: npt.NDArray[np.float64],
    end_days: float,
    site: str | None,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], str]:
    nobody = np.zeros(frame.height, bool)
    if plan.method == "patient":
        return draw < plan.test_fraction, nobody, "by patient"
    if plan.method == "site":
        chosen = site if site is not None else _closest_site(frame, plan.test_fraction)
        here = frame.select((pl.col("site") == chosen).fill_null(False)).to_series().to_numpy()
        return here, nobody, f"site {chosen} tests"
    return _by_time(frame, plan, end_days)


def _by_time(
    frame: pl.DataFrame, plan: SplitPlan, end_days: float
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], str]:
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
    return test, twice | open_, note


def _sites(frame: pl.DataFrame) -> list[str]:
    sites = sorted(frame["site"].drop_nulls().unique())
    if len(sites) < 2:
        raise ModelError(
            "A split by site needs at least two sites.",
            where="split, method",
            next_step="Choose `method: patient` or `method: time`.",
        )
    return sites


def _closest_site(frame: pl.DataFrame, share: float) -> str:
    counts = {site: frame.filter(pl.col("site") == site).height for site in _sites(frame)}
    return min(counts, key=lambda site: (abs(counts[site] / frame.height - share), site))


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


def _folds(frame: pl.DataFrame, train: npt.NDArray[np.bool_], plan: SplitPlan) -> Rows:
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
            f"The {name} part of the split has {cases} people with the outcome and {others} "
            "without.",
            where=f"split, method {plan.method}",
            allowed="some of both in training, calibration and test",
            next_step="Choose larger fractions, another seed, date or site, or a larger cohort.",
        )
