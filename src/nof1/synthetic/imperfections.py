"""Planted faults: everything that real records get wrong, in known numbers.

A quality check can be held against the counts in ``truth/truth.json``. Faults are planted after the
truth is drawn, so the causal model stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime

import numpy as np
import polars as pl

from nof1.synthetic.chart import Chart

IMPOSSIBLE_POTASSIUM = 55.0
YEARS_INTO_THE_FUTURE = 40


@dataclass(frozen=True)
class Imperfections:
    """How many faults of each kind are planted (never more than there are rows to spoil).

    Attributes
    ----------
    duplicates : observations written twice, under two ids.
    resent : observations written twice, under one id.
    entered_in_error : observations withdrawn by their site, with absurd values.
    refuted : heart attacks that were considered and refuted: no events at all.
    late : conditions recorded 30 to 120 days after they began.
    impossible : potassium of 55 mmol/L.
    missing_unit : glucose values without a unit.
    future : observations dated 40 years ahead.
    after_death : observations dated after the patient's death.
    drop : share of the observations of ``drop_month`` at ``drop_site`` that are lost.
    """

    duplicates: int = 60
    resent: int = 25
    entered_in_error: int = 40
    refuted: int = 40
    late: int = 80
    impossible: int = 12
    missing_unit: int = 30
    future: int = 8
    after_death: int = 10
    drop: float = 0.9
    drop_site: int = 2
    drop_month: int = 27

    @staticmethod
    def none() -> Imperfections:
        """Records without any planted fault."""
        return Imperfections(**{f.name: 0 for f in fields(Imperfections)})


def spoil(
    rng: np.random.Generator,
    clean: Chart,
    faults: Imperfections,
    site: pl.Series,
    death: pl.Series,
    month_starts: list[datetime],
) -> tuple[Chart, dict[str, int]]:
    """The chart with its faults, and how many of each kind were really planted.

    Parameters
    ----------
    site, death : of each patient: index of the site, and time of death or null.
    month_starts : first moment of each month of the records.
    """
    counts: dict[str, int] = {}
    table, counts["drop"] = _drop(rng, clean.observations, faults, site, month_starts)
    table, changed = _change(rng, table, faults, death)
    table, added = _add(rng, table, faults)
    conditions, diagnosed = _conditions(rng, clean, faults)
    return replace(clean, observations=table, conditions=conditions), (
        counts | changed | added | diagnosed
    )


def _drop(
    rng: np.random.Generator,
    table: pl.DataFrame,
    faults: Imperfections,
    site: pl.Series,
    month_starts: list[datetime],
) -> tuple[pl.DataFrame, int]:
    """One site loses most of one month's observations (an interface that stood still)."""
    if faults.drop == 0 or faults.drop_month + 1 >= len(month_starts):
        return table, 0
    first, last = month_starts[faults.drop_month], month_starts[faults.drop_month + 1]
    here = pl.Series(site.gather(table["patient"]) == faults.drop_site)
    lost = here & table["time"].is_between(first, last, closed="left")
    lost &= pl.Series(rng.random(len(table)) < faults.drop)
    return table.filter(~lost), int(lost.sum())


def _pick(rng: np.random.Generator, possible: pl.Series, wanted: int) -> np.ndarray:
    """Row numbers of up to ``wanted`` of the rows where ``possible`` holds."""
    rows = possible.arg_true().to_numpy()
    return np.sort(rng.choice(rows, min(wanted, len(rows)), replace=False))


def _change(
    rng: np.random.Generator, table: pl.DataFrame, faults: Imperfections, death: pl.Series
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Spoil existing observations; no row is spoiled twice."""
    died = death.gather(table["patient"])
    office = table["status"] == "final"
    numeric = table["value"].is_not_nan() & (table["test"] != "blood_pressure")
    kinds = {
        "impossible": table["test"] == "potassium",
        "missing_unit": table["test"] == "glucose",
        "entered_in_error": numeric,
        "future": office,
        "after_death": died.is_not_null(),
    }
    fault = np.full(len(table), "", dtype=object)
    counts = {}
    for kind, possible in kinds.items():
        rows = _pick(rng, possible & pl.Series(fault == ""), getattr(faults, kind))
        fault[rows] = kind
        counts[kind] = len(rows)
    is_ = {kind: pl.Series(fault == kind) for kind in kinds}
    table = table.with_columns(died=died)
    spoiled = table.with_columns(
        value=pl.when(is_["impossible"])
        .then(IMPOSSIBLE_POTASSIUM)
        .when(is_["entered_in_error"])
        .then(pl.col("value") * 10)
        .otherwise("value"),
        unit=pl.when(~is_["missing_unit"]).then("unit"),
        status=pl.when(is_["entered_in_error"])
        .then(pl.lit("entered-in-error"))
        .otherwise("status"),
        time=pl.when(is_["future"])
        .then(pl.col("time").dt.offset_by(f"{YEARS_INTO_THE_FUTURE}y"))
        .when(is_["after_death"])
        .then(pl.col("died") + pl.duration(days=30))
        .otherwise("time"),
    )
    return spoiled.drop("died"), counts


def _add(
    rng: np.random.Generator, table: pl.DataFrame, faults: Imperfections
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Write observations twice: under a new id, or again under the same one."""
    everything = pl.Series(np.ones(len(table), bool))
    twice = table[_pick(rng, everything, faults.duplicates)]
    again = table[_pick(rng, everything, faults.resent)]
    copies = twice.with_columns(id=pl.col("id") + "-copy")
    return pl.concat([table, copies, again]), {"duplicates": len(twice), "resent": len(again)}


def _conditions(
    rng: np.random.Generator, clean: Chart, faults: Imperfections
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Record some diagnoses late, and add heart attacks that were refuted."""
    table = clean.conditions
    late = np.zeros(len(table))
    rows = _pick(rng, pl.Series(late == 0), faults.late)
    late[rows] = rng.integers(30, 121, len(rows))
    delay = pl.Series("delay", late).cast(pl.Int64)
    table = table.with_columns(recorded=pl.col("recorded") + pl.duration(days=pl.lit(delay)))
    office = clean.encounters.filter(pl.col("reason") == "office")
    chosen = office[_pick(rng, pl.Series(np.ones(len(office), bool)), faults.refuted)]
    refuted = chosen.select(
        "patient",
        encounter="id",
        diagnosis=pl.lit("heart_attack"),
        onset="start",
        recorded="end",
        verification=pl.lit("refuted"),
        id=pl.col("id") + "-refuted",
    )
    return pl.concat([table, refuted.select(table.columns)]), {
        "late": len(rows),
        "refuted": len(refuted),
    }
