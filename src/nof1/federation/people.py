"""The people of a cohort, one line each, and what sites agree on before they count them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1 import __version__
from nof1.core.errors import InputError
from nof1.federation.algorithms import Asked
from nof1.federation.judging import OTHER, Groups
from nof1.predict.cohort import Cohort
from nof1.predict.dataset import age_labels
from nof1.predict.task import Task
from nof1.record.events import BIRTH
from nof1.record.store import Record

SEX = "GENDER//"
DAYS_PER_YEAR = 365.25
EVERYBODY = "all"


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site says in the clear before a count: its rule, words, and names of the answers
    that it has given; no number of people."""

    least_cell: int
    sexes: list[str]
    answered: list[str]
    synthetic: bool


@dataclass(frozen=True)
class Agreed:
    """What holds for all sites: the strictest least cell, and the answers that all have given.
    ``digest`` binds the keys of the sums to it."""

    k: int
    sexes: tuple[str, ...]
    answered: frozenset[str]
    synthetic: bool
    digest: bytes


def agree(
    asked: Asked, algorithm: str, sexes: Sequence[str] = (), answered: Sequence[str] = ()
) -> Agreed:
    """Exchange terms: the strictest ``least_cell`` of all sites holds.

    Raises
    ------
    InputError : a site's terms cannot be read.
    """
    own = Terms(asked.policy.least_cell, list(sexes), list(answered), asked.workspace.synthetic)
    got = asked.link.exchange(msgspec.json.encode(own))
    try:
        terms = [
            msgspec.json.decode(got[name], type=Terms, strict=True)
            for name in asked.link.roster.names
        ]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("A site's terms cannot be read.", where="federation") from None
    said = msgspec.json.encode([algorithm, asked.text, __version__, terms])
    return Agreed(
        k=max(one.least_cell for one in terms),
        sexes=tuple(sorted({sex for one in terms for sex in one.sexes})),
        answered=frozenset.intersection(*(frozenset(one.answered) for one in terms)),
        synthetic=any(one.synthetic for one in terms),
        digest=hashlib.sha256(said).digest(),
    )


@dataclass(frozen=True)
class People:
    """Patients of a cohort, each at the first index event.

    Attributes
    ----------
    subjects : (n,) numbers of the record. sex : (n,) "" when not known.
    age : (n,) years at the prediction time, NaN when not known.
    days, cause : (n,) time observed; 0 nothing seen, 1 the outcome, 2.. a competing event.
    """

    subjects: pl.Series
    sex: NDArray[np.str_]
    age: NDArray[np.float64]
    days: NDArray[np.float64]
    cause: NDArray[np.int64]

    @classmethod
    def of(cls, record: Record, cohort: Cohort) -> People:
        """Those of a cohort; a person with two sexes or no birth counts as not known."""
        first = cohort.frame.sort("prediction_time").unique(
            "subject_id", keep="first", maintain_order=True
        )
        code = pl.col("code")
        lives = (
            record.scan()
            .filter(code.str.starts_with(SEX) | (code == BIRTH))
            .group_by("subject_id")
            .agg(
                code.filter(code.str.starts_with(SEX)).unique().alias("sexes"),
                pl.col("time").filter(code == BIRTH).min().alias("birth"),
            )
            .collect()
        )
        rows = first.join(lives, on="subject_id", how="left").sort("subject_id")
        one = pl.when(pl.col("sexes").list.len() == 1).then(pl.col("sexes").list.first())
        age = (pl.col("prediction_time") - pl.col("birth")).dt.total_microseconds()
        rows = rows.with_columns(
            one.str.strip_prefix(SEX).fill_null("").alias("sex"),
            (age / (86_400e6 * DAYS_PER_YEAR)).fill_null(float("nan")).alias("age"),
        )
        return cls(
            rows["subject_id"],
            rows["sex"].to_numpy().astype(str),
            rows["age"].to_numpy().astype(np.float64),
            rows["duration_days"].to_numpy().astype(np.float64),
            rows["cause"].to_numpy().astype(np.int64),
        )

    def sexes(self, least: int) -> list[str]:
        """Those that at least so many people here have: names, no counts."""
        names, counts = np.unique(self.sex[self.sex != ""], return_counts=True)
        return [str(name) for name, n in zip(names, counts, strict=True) if n >= least]


def groups(task: Task, agreed: Agreed) -> tuple[Groups, Groups]:
    """Sexes and bands of age that are counted by; one value for all where none is asked for."""
    sexes = agreed.sexes if task.groups.sex else ()
    ages = age_labels(task.groups.age_years) if task.groups.age_years else ()
    return Groups("sex", sexes), Groups("age", ages)


def places(task: Task, people: People, by: tuple[Groups, Groups]) -> tuple[NDArray[np.int64], ...]:
    """Place (n,) of each person among the sexes and among the bands."""
    edges = tuple(sorted(task.groups.age_years))
    band = np.searchsorted(edges, np.nan_to_num(people.age), side="right")
    names = np.array([*by[1].values, OTHER])
    label = np.where(np.isnan(people.age) | (not edges), OTHER, names[band if edges else 0])
    return by[0].places(people.sex), by[1].places(label)
