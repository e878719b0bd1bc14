"""The peer of the federation race: interpret's EBM, pooled and merged from the sites' own models.

Curves only, no pairs, both pooled and merged; otherwise its defaults. ``interpret-core`` is a
package for tests; the race needs it only when the learner EBM is asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.federation_groups import FloatArray, IntArray, Table
from bench.federation_models import Risk
from nof1.learn.calibration import to_logit

OUTER_BAGS = 8  # as many as the glass box has


def peer(table: Table) -> dict[str, Risk]:
    """EBMs of all rows, of the largest and smallest site, and ``merge_ebms`` of all sites' own."""
    from interpret.glassbox import merge_ebms

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = [_fit(table, table.learn_rows(number)) for number in range(len(table.sites))]
        pooled = _fit(table, table.learn_rows())
        return {
            "pooled": _risk(pooled),
            "site models merged": _risk(merge_ebms(parts)),
            "largest site alone": _risk(parts[0]),
            "smallest site alone": _risk(parts[-1]),
        }


def _fit(table: Table, rows: IntArray) -> Any:
    from interpret.glassbox import ExplainableBoostingClassifier

    model = ExplainableBoostingClassifier(
        feature_names=list(table.names),
        feature_types=["continuous"] * len(table.names),
        outer_bags=OUTER_BAGS,
        interactions=0,
        n_jobs=1,
        random_state=0,
    )
    return model.fit(table.X[rows], table.y[rows].astype(np.int64))


def _risk(model: Any) -> Callable[[FloatArray], FloatArray]:
    def risk(X: FloatArray) -> FloatArray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return to_logit(model.predict_proba(X)[:, 1])

    return risk
