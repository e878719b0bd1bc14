"""A site's own side of a private job: its rows, one a patient, and what it finds out at home.

Nothing here may depend on one patient in a way that others can see: an empty cohort, an outcome
that never happens or a failed audit of leakage give zeros or a remark at home, never a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nof1.core.engine import Engine
from nof1.core.errors import Nof1Error
from nof1.federation.private.public import Public, lenient
from nof1.learn.rows import uniform
from nof1.learn.sums import FloatArray
from nof1.predict import leakage
from nof1.predict.cohort import Source, compile_cohort
from nof1.predict.dataset import on_columns
from nof1.predict.task import Task

JUDGES = 0.2
"""Share of the patients who judge and do not train."""
_DRAW, _HALF = 101, 102


@dataclass(frozen=True)
class SiteRows:
    """This site's patients; it never leaves the site.

    Attributes
    ----------
    X, y : (n, p) and (n,), one row a patient.
    judges : (n,) whether a patient judges. half : (n,) 0 or 1.
    leak : why the model must stay silent at this site; "" when its audit found nothing.
    """

    X: FloatArray
    y: FloatArray
    judges: NDArray[np.bool_]
    half: NDArray[np.int64]
    leak: str


def rows_of(
    task: Task, record: Source, public: Public, seed: int, engine: Engine | None = None
) -> SiteRows:
    """The first row of each patient of the cohort, with the public columns.

    Who trains and who judges is drawn from a hash of the identifier, so that no patient decides
    over another one.
    """
    cohort = compile_cohort(lenient(task), record, engine, usable=False)
    frame = cohort.frame.unique("subject_id", keep="first", maintain_order=True)
    if frame.is_empty():
        return divided(
            np.zeros((0, len(public.columns))), np.zeros(0), np.zeros(0, np.uint64), seed
        )
    cohort = replace(cohort, frame=frame)
    data = on_columns(task, record, cohort, public.spec, public.columns, engine)
    made = divided(data.X, data.outcome.label, data.patients.astype(np.uint64), seed)
    try:
        leakage.audit(task, cohort, data, None, record.shards()).require()
    except Nof1Error as error:
        return replace(made, leak=error.message)
    return made


def divided(X: FloatArray, y: FloatArray, keys: NDArray[np.uint64], seed: int) -> SiteRows:
    """Rows with their part in the job, by hash of the patient's key."""
    judges = uniform(keys, seed, _DRAW) < JUDGES
    half = (uniform(keys, seed, _HALF) < 0.5).astype(np.int64)
    return SiteRows(X, y, judges, half, "")
