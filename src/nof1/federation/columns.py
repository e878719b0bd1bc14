"""Which features a federated model may see: agreed on by all sites before training.

Each site offers the columns that enough of its own patients vary in: names, no counts. The union is
then counted by one masked sum, so that nobody learns which site had which code how often.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from nof1.core.engine import Engine
from nof1.core.errors import ModelError
from nof1.learn.sums import FloatArray, SecureSum
from nof1.predict import features
from nof1.predict.cohort import Cohort, Source
from nof1.predict.dataset import MOST_COLUMNS, varied, vocabulary_of
from nof1.predict.spec import FeatureSpec
from nof1.predict.task import Task


def offer(
    task: Task, record: Source, cohort: Cohort, known: pl.Series, engine: Engine | None = None
) -> FeatureSpec:
    """What a site has to offer: the features in which enough of its patients differ.

    Parameters
    ----------
    known : (n,) whether a row may be looked at (not the test rows).
    """
    return vocabulary_of(task, record, cohort.frame.filter(known), engine)


def united(offers: Iterable[FeatureSpec]) -> FeatureSpec:
    """Every site's features, by name; windows and aggregates are the task's own, equal everywhere.

    Raises
    ------
    ModelError : the sites' tasks differ.
    """
    found = list(offers)
    shapes = {(one.windows, one.aggregates, one.age) for one in found}
    if len(shapes) != 1:
        raise ModelError("The sites offered features of different tasks.", where="columns")
    (windows, aggregates, age) = shapes.pop()
    return FeatureSpec(
        codes=_together(one.codes for one in found),
        static_codes=_together(one.static_codes for one in found),
        static_values=_together(one.static_values for one in found),
        windows=windows,
        aggregates=aggregates,
        age=age,
    )


def agree(
    task: Task,
    record: Source,
    cohort: Cohort,
    spec: FeatureSpec,
    total: SecureSum,
    engine: Engine | None = None,
) -> tuple[str, ...]:
    """The columns in which enough patients of all sites together vary, in the order of ``spec``.

    Raises
    ------
    ModelError : no column varies enough.
    """
    matrix = features.build(record.shards(), cohort.frame, spec, engine)
    names = matrix.columns
    own: FloatArray = np.array(
        [varied(column) for start in range(0, len(names), CHUNK)
         for column in matrix.dense(names[start : start + CHUNK]).T],
        dtype=np.float64,
    )  # fmt: skip
    # A column of which one site has few cases tells nothing, but is no reason to name it.
    counts = total(own)
    enough = np.flatnonzero(counts >= task.features.min_patients)
    if not len(enough):
        raise ModelError(
            "No feature varies between enough patients of all sites.",
            where=f"task {task.name}, features",
            next_step="Widen the windows, or lower min_patients.",
        )
    most = enough[np.argsort(-counts[enough], kind="stable")][:MOST_COLUMNS]
    return tuple(names[place] for place in np.sort(most))


CHUNK = 500


def _together(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for part in parts for name in part}))
